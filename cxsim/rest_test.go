package cxsim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/records"
	"github.com/pairsim/pairsim/internal/tenant"
)

// serve returns what answers an API of a product from the product's own data.
func serve(t testing.TB, p tenant.Product, identifier string) func(method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	store, err := records.Open(records.Config{Owner: p.ID, Seed: p.Seed, Now: func() time.Time { return seededAt.AddDate(1, 0, 0) }}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var responder tenant.Responder
	for _, a := range p.APIs {
		if a.Identifier == identifier {
			responder = a.Open(tenant.Backend{Store: store, Root: "http://tenant.test/api" + a.Path})
		}
	}
	return func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://tenant.test/", strings.NewReader(body))
		path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		responder.Serve(w, r, path)
		return w
	}
}

// Rule: product-data
func TestModels(t *testing.T) {
	for _, s := range []interface{ Validate() error }{&c4cService, &inboundProduct} {
		if err := s.Validate(); err != nil {
			t.Error(err)
		}
	}
	for _, p := range Products() {
		types, err := p.Events.Types()
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]bool{}
		for _, e := range types {
			known[e.String()] = true
		}
		for _, e := range p.Emissions {
			if !known[e.Type+"."+e.Version] {
				t.Errorf("%s: %s.%s is no event that it announces", p.ID, e.Type, e.Version)
			}
		}
	}
}

// The same tenant has the same data, another one other ids.
func TestSeedIsDeterministic(t *testing.T) {
	ids := func(owner string) string {
		s, err := records.Open(records.Config{Owner: owner, Seed: c4cSeed}, nil)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		if err := s.View(func(tx *records.Tx) error {
			for _, r := range tx.List("accounts") {
				text += r.ID + " " + r.Text("CreationOn") + " "
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return text
	}
	if a, b := ids("c4c"), ids("c4c"); a != b || a == "" {
		t.Errorf("got %q and %q", a, b)
	}
	if ids("c4c") == ids("other") {
		t.Error("two tenants have the same ids")
	}
}

// FuzzDataAPI: no query and no body is our fault, and what is refused changes nothing.
//
// Rule: product-data
func FuzzDataAPI(f *testing.F) {
	for _, seed := range []string{`code="SC-1001" and lastChanged>=5`, `{"subject":"x","startDateTime":"2030-01-01T10:00:00+02:00"}`, `{"subject":"x","priority":null}`, `{"responsibles":["a"],"subject":"y"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for identifier, dto := range map[string]string{"fsm-service": "ServiceCall.27", "fsm-activity": "Activity.43"} {
			do := serve(t, fieldService(), identifier)
			query := "?dtos=" + dto
			before := do("GET", query, "").Body.String()
			if w := do("GET", query+"&query="+url.QueryEscape(text), ""); w.Code != 200 && w.Code != 400 {
				t.Errorf("query %q: got %d %s", text, w.Code, w.Body)
			}
			w := do("POST", query, text)
			if w.Code != 201 && w.Code != 400 {
				t.Errorf("body %q: got %d %s", text, w.Code, w.Body)
			}
			if after := do("GET", query, "").Body.String(); (w.Code == 201) == (before == after) {
				t.Errorf("body %q: got %d, changed %t", text, w.Code, before != after)
			}
		}
	})
}

// FuzzCommerce: as FuzzDataAPI, for every operation of OCC that reads a body or a path.
//
// Rule: product-data
func FuzzCommerce(f *testing.F) {
	for _, seed := range []string{`{"uid":"a@b.test","firstName":"A","lastName":"B","password":"x"}`, `{"product":{"code":"23355"},"quantity":2}`, `{"quantity":0}`, `{"quantity":1e9}`, `jane@shop.test`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		do := serve(t, commerce(), "commerce-webservices")
		const jane = "/electronics/users/jane@shop.test"
		var cart struct{ Code string }
		if w := do("POST", jane+"/carts", ""); w.Code != 201 || json.Unmarshal(w.Body.Bytes(), &cart) != nil {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
		entries := jane + "/carts/" + cart.Code + "/entries"
		if w := do("POST", entries, `{"product":{"code":"1934793"}}`); w.Code != 200 {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
		for _, r := range [][3]string{
			{"POST", "/electronics/users", text},
			{"POST", entries, text},
			{"PATCH", entries + "/0", text},
			{"PUT", jane, text},
			{"GET", "/electronics/products/" + url.PathEscape(text), ""},
			{"GET", "/electronics/products/search?query=" + url.QueryEscape(text), ""},
			{"GET", "/electronics/users/" + url.PathEscape(text) + "/orders", ""},
			{"POST", jane + "/orders?cartId=" + cart.Code, ""},
		} {
			w := do(r[0], r[1], r[2])
			var errors struct {
				Errors []struct{ Type, Message string }
			}
			if w.Code >= 500 || w.Code >= 400 && (json.Unmarshal(w.Body.Bytes(), &errors) != nil || len(errors.Errors) != 1 || errors.Errors[0].Type == "") {
				t.Errorf("%s %s %q: got %d %s", r[0], r[1], r[2], w.Code, w.Body)
			}
		}
	})
}

func TestStrayPaths(t *testing.T) {
	do := serve(t, commerce(), "commerce-webservices")
	for path, want := range map[string]int{
		"": 404, "/": 404, "/electronics": 404, "/electronics/products/": 404, "/electronics//search": 404, "/electronics/products/%zz": 404,
		"/electronics/products/search/": 200, "/electronics/products/a%2Fb": 400,
	} {
		if w := do(http.MethodGet, path, ""); w.Code != want {
			t.Errorf("%q: got %d, want %d", path, w.Code, want)
		}
	}
}
