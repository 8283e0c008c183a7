package odata_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/odata/odatatest"
	"github.com/pairsim/pairsim/internal/records"
)

// library has books and their copies.
var library = odata.Service{Namespace: "lib", Sets: []odata.Set{
	{
		Name: "Books", Type: "Book", Keys: []string{"ISBN"}, Collection: "books", Concurrency: "Changed",
		Properties: []odata.Property{
			{Name: "ISBN", Type: odata.String},
			{Name: "Title", Type: odata.String, Required: true},
			{Name: "Pages", Type: odata.Int32},
			{Name: "Weight", Type: odata.Double},
			{Name: "Price", Type: odata.Decimal, Scale: 2},
			{Name: "Sold", Type: odata.Int64},
			{Name: "Lent", Type: odata.Boolean},
			{Name: "UUID", Type: odata.GUID, Fixed: true},
			{Name: "Printed", Type: odata.DateTime},
			{Name: "Changed", Type: odata.DateTimeOffset, Computed: true},
		},
		Navigations: []odata.Navigation{{Name: "Copies", Target: "Copies", Many: true, Here: []string{"ISBN"}, There: []string{"Of"}}},
		Prepare: func(tx *records.Tx, e, _ map[string]any) error {
			e["Changed"] = odata.Time(tx.Stamp())
			return nil
		},
		Remove: func(tx *records.Tx, e map[string]any) error {
			for _, c := range tx.List("copies") {
				if c.Fields["Of"] == e["ISBN"] {
					return odata.Refuse("InUse", "there are copies of it")
				}
			}
			return nil
		},
	},
	{
		Name: "Copies", Type: "Copy", Keys: []string{"Number"}, Collection: "copies",
		Properties:  []odata.Property{{Name: "Number", Type: odata.Int32}, {Name: "Of", Type: odata.String}},
		Navigations: []odata.Navigation{{Name: "Book", Target: "Books", Here: []string{"Of"}, There: []string{"ISBN"}}},
		Prepare:     func(*records.Tx, map[string]any, map[string]any) error { return nil },
	},
}}

const root = "http://lib.test/odata"

func open(t testing.TB) func(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	now := time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)
	store, err := records.Open(records.Config{Now: func() time.Time { return now }, Seed: func(tx *records.Tx) error {
		return odata.Seed(tx, &library, now, []odata.Row{
			{Set: "Books", Values: map[string]any{"ISBN": "1", "Title": "Emma & Co <2>", "Pages": nil, "Price": "9.90"}},
			{Set: "Books", Values: map[string]any{"ISBN": "2", "Title": "Ulysses", "Lent": true}},
		})
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server := odata.Server{Service: &library, Store: store, Root: root}
	return func(method, path, body string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://lib.test/", strings.NewReader(body))
		path, r.URL.RawQuery, _ = strings.Cut(strings.ReplaceAll(path, " ", "%20"), "?")
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		r.Body = http.MaxBytesReader(w, r.Body, 4096)
		server.Serve(w, r, path)
		return w
	}
}

func metadata(t testing.TB) *odatatest.Metadata {
	t.Helper()
	m, err := odatatest.Read(library.EDMX())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPagesAndCounts(t *testing.T) {
	do := open(t)
	m := metadata(t)
	for i, number := range []string{"1", "2", "3", "4"} {
		if w := do("POST", "/Copies", `{"Number":`+number+`,"Of":"`+[]string{"2", "1"}[i%2]+`"}`); w.Code != 201 {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
	}
	for path, want := range map[string]string{
		"/Copies?$orderby=Number desc&$top=2":              "4 3",
		"/Copies?$orderby=Of,Number desc":                  "4 2 3 1",
		"/Copies?$skip=3":                                  "4",
		"/Copies?$skip=9":                                  "",
		"/Copies?$top=0":                                   "",
		"/Books('2')/Copies":                               "1 3",
		"/Books('2')/Copies(3)":                            "3",
		"/Copies?$filter=Of eq '1'&$inlinecount=allpages":  "2 4",
		"/Copies?$filter=Of eq '1'&$top=1&$select=Number":  "2",
		"/Copies(1)?$expand=Book/Copies":                   "1",
		"/Copies?$expand=Book&$select=Number,Book&$skip=2": "3 4",
	} {
		w := do("GET", path+"", "", "Accept", "application/json")
		all, err := m.Check("Copies", w.Body.Bytes(), !strings.Contains(path, "$select"))
		if err != nil {
			t.Errorf("%s: %d %s: %v", path, w.Code, w.Body, err)
		}
		var got []string
		for _, e := range all {
			got = append(got, e["Number"].(interface{ String() string }).String())
			if book, expanded := e["Book"].(map[string]any); strings.Contains(path, "$expand") && (!expanded || book["Title"] == nil) {
				t.Errorf("%s: got book %v", path, e["Book"])
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"/Copies/$count": "4", "/Copies/$count?$filter=Number gt 1": "3", "/Books('2')/Copies/$count": "2",
		"/Books('1')/Price/$value": "9.90", "/Books('1')/Title/$value": "Emma & Co <2>",
	} {
		if w := do("GET", path, ""); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: got %d %s, want %s", path, w.Code, w.Body, want)
		}
	}
	if w := do("GET", "/Books?$inlinecount=allpages&$top=1", "", "Accept", "application/json"); !strings.Contains(w.Body.String(), `"__count":"2"`) {
		t.Errorf("got %s, want the count of all pages", w.Body)
	}
	if w := do("DELETE", "/Books('2')", ""); w.Code != 400 || !strings.Contains(w.Body.String(), "copies") {
		t.Errorf("a product's own rule: got %d %s", w.Code, w.Body)
	}
}

func TestAtom(t *testing.T) {
	do := open(t)
	do("POST", "/Copies", `{"Number":1,"Of":"2"}`)
	for _, path := range []string{"/", "/$metadata", "/Books", "/Books?$expand=Copies&$inlinecount=allpages", "/Books('1')", "/Books('2')?$expand=Copies/Book", "/Books('1')/Title", "/Books('1')/Printed", "/Nothing"} {
		w := do("GET", path, "", "Accept", "application/atom+xml, application/xml;q=0.5")
		dec := xml.NewDecoder(w.Body)
		for {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
		if kind := w.Header().Get("Content-Type"); !strings.Contains(kind, "xml") {
			t.Errorf("%s: got Content-Type %s", path, kind)
		}
	}
	if w := do("GET", "/Books('2')?$expand=Copies", ""); !strings.Contains(w.Body.String(), "<m:inline><feed>") || !strings.Contains(w.Body.String(), `<d:Lent m:type="Edm.Boolean">true</d:Lent>`) {
		t.Errorf("got %s", w.Body)
	}
	if w := do("GET", "/Books", "", "Accept", "image/png"); w.Code != 406 {
		t.Errorf("got %d, want it not acceptable", w.Code)
	}
}

// An entity sent back as it was read is one that can be stored.
func TestRoundTrip(t *testing.T) {
	do := open(t)
	const full = `{"ISBN":"3","Title":"T","Pages":5,"Weight":0.5,"Price":"1.20","Sold":"7","Lent":false,"UUID":"253f842d-d739-41b8-ac8c-139ac7a9dd14","Printed":"/Date(1893456000000)/"}`
	w := do("POST", "/Books", full, "Accept", "application/json")
	if w.Code != 201 || w.Header().Get("Location") != root+"/Books('3')" || w.Header().Get("ETag") == "" {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	created := w.Body.String()
	if w := do("PUT", "/Books('3')", created, "If-Match", w.Header().Get("ETag")); w.Code != 204 {
		t.Errorf("PUT what was read: got %d %s", w.Code, w.Body)
	}
	if w := do("POST", "/Books", full); w.Code != 400 {
		t.Errorf("the same again: got %d", w.Code)
	}
	if w := do("PUT", "/Books('3')", `{"Pages":5}`); w.Code != 400 || !strings.Contains(w.Body.String(), "Title") {
		t.Errorf("PUT without what is required: got %d %s", w.Code, w.Body)
	}
	if w := do("MERGE", "/Books('3')", `{"UUID":"253f842d-d739-41b8-ac8c-139ac7a9dd15"}`); w.Code != 400 {
		t.Errorf("MERGE of what is fixed: got %d", w.Code)
	}
	if w := do("PATCH", "/Books('3')?$select=Title", `{}`); w.Code != 400 {
		t.Errorf("PATCH with an option for reading: got %d", w.Code)
	}
}

// FuzzBody: no body is our fault, and what was taken is as the metadata says.
//
// Rule: product-data
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"ISBN":"3","Title":"x"}`, `{"d":{"ISBN":"4","Title":"y","Price":1.5,"Printed":"2030-01-01T00:00:00"}}`, `{"Title":null}`, `[]`, `{"ISBN":"5","Title":"z","Sold":9223372036854775807,"Weight":1e300}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		do, m := open(t), metadata(t)
		for _, w := range []*httptest.ResponseRecorder{
			do("POST", "/Books", body), do("PUT", "/Books('1')", body), do("MERGE", "/Books('2')", body),
		} {
			if w.Code >= 500 {
				t.Errorf("%q: got %d %s", body, w.Code, w.Body)
			}
		}
		w := do("GET", "/Books?$format=json", "")
		if _, err := m.Check("Books", w.Body.Bytes(), true); err != nil {
			t.Errorf("%q: %v in %s", body, err, w.Body)
		}
		if w := do("GET", "/Books", ""); xml.Unmarshal(w.Body.Bytes(), new(struct{ XMLName xml.Name })) != nil {
			t.Errorf("%q: the feed is no XML: %s", body, w.Body)
		}
	})
}
