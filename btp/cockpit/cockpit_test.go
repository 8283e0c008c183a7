package cockpit_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/cockpit"
)

// The story explains each step of a flow, and knows who comes to it.
func TestEveryPointIsExplained(t *testing.T) {
	var got map[btp.Point]struct{ Text, Source, MetBy string }
	if err := json.Unmarshal([]byte(body(t, get(t, "GET", "/cockpit/points.json"))), &got); err != nil {
		t.Fatal(err)
	}
	for name, p := range btp.Points {
		if got[name].Text != p.Text || got[name].Source != p.Source || p.Text == "" {
			t.Errorf("%s: got %+v", name, got[name])
		}
	}
	if len(got) != len(btp.Points) || got[btp.PointCSR].MetBy != string(btp.MetByTenant) || got[btp.PointRegister].MetBy != string(btp.MetByOperator) || got[btp.PointClock].MetBy != "" {
		t.Errorf("got %d points, met by %q, %q and %q", len(got), got[btp.PointCSR].MetBy, got[btp.PointRegister].MetBy, got[btp.PointClock].MetBy)
	}
}

// A reference is explained with the sections that it names.
func TestAReferenceIsExplained(t *testing.T) {
	var all, got struct {
		Items []struct {
			Name, Title, Where string
			Sections           []struct{ Number int }
		}
	}
	for path, into := range map[string]any{"": &all, "?of=pairing-protocols+%C2%A71.4,+e9d975a.md": &got} {
		if err := json.Unmarshal([]byte(body(t, get(t, "GET", "/cockpit/documents.json"+path))), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(got.Items) != 2 || got.Items[0].Name != "e9d975a.md" || got.Items[1].Name != "pairing-protocols" || len(got.Items[1].Sections) != 1 || got.Items[1].Where == "" {
		t.Errorf("got %+v", got.Items)
	}
	if len(all.Items) < 40 || all.Items[0].Name != "SEED-000" {
		t.Errorf("got %d documents", len(all.Items))
	}
}

type registry struct{ edition *btp.Edition }

func (r registry) Edition() *btp.Edition { return r.edition }
func (r registry) Journal() *btp.Journal { return &btp.Journal{} }

// served is the cockpit as the control listener has it, with something else beside it.
func served(edition *btp.Edition) http.Handler {
	gin.SetMode(gin.TestMode)
	router := gin.New()
	cockpit.Mount(router, cockpit.Config{Registry: registry{edition}, Environment: "default"})
	router.NoRoute(func(c *gin.Context) {
		if !cockpit.Page(c) {
			c.String(http.StatusTeapot, "something else")
		}
	})
	return router
}

// Where access tokens are asked for, the pages are told which tenants there are.
func TestTenantsAreNamedWhereNobodyCanListThem(t *testing.T) {
	for _, protected := range []bool{false, true} {
		router := gin.New()
		cockpit.Mount(router, cockpit.Config{
			Registry: registry{btp.V1}, Environment: "default", Protected: protected, Tenants: []cockpit.Tenant{{ID: "commerce", Product: "SAP Commerce Cloud"}},
		})
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest("GET", "/cockpit/words.json", nil))
		if named := strings.Contains(w.Body.String(), `"tenants":[{"id":"commerce","product":"SAP Commerce Cloud"}]`); named != protected {
			t.Errorf("protected %t: got %s", protected, w.Body)
		}
	}
}

func get(t *testing.T, method, path string, headers ...string) *http.Response {
	t.Helper()
	req := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	served(btp.V1).ServeHTTP(w, req)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryPageHasAnAddress(t *testing.T) {
	tests := []struct {
		method, path, accept string
		status               int
		location             string
	}{
		{"GET", "/cockpit/", "", 200, ""},
		{"GET", "/cockpit/systems", "", 200, ""},
		{"GET", "/cockpit/systems/0b9c0d34?tab=history", "", 200, ""},
		{"HEAD", "/cockpit/systems", "", 200, ""},
		{"GET", "/cockpit", "", 302, "/cockpit/"},
		{"GET", "/", "text/html,application/xhtml+xml", 302, "/cockpit/"},
		{"GET", "/", "application/json", 418, ""},
		{"GET", "/", "", 418, ""},
		{"POST", "/cockpit/systems", "text/html", 418, ""},
		{"GET", "/cockpit/nothing.js", "", 418, ""},
		{"GET", "/cockpits", "text/html", 418, ""},
		{"GET", "/api/v1/systems", "text/html", 418, ""},
		{"GET", "/cockpit/assets/nothing.js", "", 404, ""},
		{"GET", "/cockpit/assets/index.html", "", 404, ""},
		{"GET", "/cockpit/assets/..%2fcockpit.go", "", 418, ""},
	}
	for _, test := range tests {
		res := get(t, test.method, test.path, "Accept", test.accept)
		if res.StatusCode != test.status || res.Header.Get("Location") != test.location {
			t.Errorf("%s %s (%s): got %d %q, want %d %q", test.method, test.path, test.accept, res.StatusCode, res.Header.Get("Location"), test.status, test.location)
		}
	}
}

// assets are the files that the page names, with their addresses.
func assets(t *testing.T) []string {
	t.Helper()
	page := body(t, get(t, "GET", "/cockpit/"))
	found := regexp.MustCompile(`/cockpit/assets/[^"]+`).FindAllString(page, -1)
	if len(found) < 3 {
		t.Fatalf("the page names %v; it should name a script, a style sheet and an icon:\n%s", found, page)
	}
	return found
}

// Rule: cockpit-own-sources-only
func TestThePageRunsOnlyWhatComesFromHere(t *testing.T) {
	res := get(t, "GET", "/cockpit/")
	policy := res.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %q: %s", want, policy)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy allows what is unsafe: %s", policy)
	}
	page := body(t, res)
	if regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(page) || strings.Contains(page, "<style") || strings.Contains(page, "http:") || strings.Contains(page, "https:") {
		t.Errorf("the page has a script or a style in itself, or names another server:\n%s", page)
	}
	for _, header := range []string{"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"} {
		if res.Header.Get(header) == "" {
			t.Errorf("%s is missing", header)
		}
	}
}

func TestAssetsAreCachedForEverAndThePageIsNot(t *testing.T) {
	if got := get(t, "GET", "/cockpit/systems").Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("the page: got Cache-Control %q", got)
	}
	for _, address := range assets(t) {
		got := get(t, "GET", address).Header.Get("Cache-Control")
		hashed := regexp.MustCompile(`-[0-9A-Z]{8}\.`).MatchString(address)
		if strings.Contains(got, "immutable") != hashed {
			t.Errorf("%s: got Cache-Control %q", address, got)
		}
	}
}

func TestCompressionLosesNothing(t *testing.T) {
	for _, address := range append(assets(t), "/cockpit/") {
		plain := body(t, get(t, "GET", address))
		res := get(t, "GET", address, "Accept-Encoding", "gzip")
		whole := body(t, res)
		if strings.HasSuffix(address, ".woff2") {
			if res.Header.Get("Content-Encoding") != "" || whole != plain {
				t.Errorf("%s is compressed twice", address)
			}
			continue
		}
		r, err := gzip.NewReader(bytes.NewBufferString(whole))
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		unpacked, err := io.ReadAll(r)
		if err != nil || string(unpacked) != plain || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: another text under gzip, or no Vary: %v", address, err)
		}
		if again := body(t, get(t, "GET", address, "Accept-Encoding", "gzip")); again != whole {
			t.Errorf("%s: another answer the second time", address)
		}
	}
}

// The first view is what a browser loads before it shows anything (design of the
// cockpit: 300 KB at most).
func TestTheFirstViewIsSmall(t *testing.T) {
	size, seen := 0, map[string]bool{}
	var load func(address string)
	load = func(address string) {
		if seen[address] {
			return
		}
		seen[address] = true
		size += len(body(t, get(t, "GET", address, "Accept-Encoding", "gzip")))
		if !strings.HasSuffix(address, ".js") {
			return
		}
		code := body(t, get(t, "GET", address))
		for _, m := range regexp.MustCompile(`(?:from|import)\s*\(?"\./([^"]+)"`).FindAllStringSubmatch(code, -1) {
			if name := m[1]; strings.HasPrefix(name, "chunk-") || strings.HasPrefix(name, "overview-") {
				load("/cockpit/assets/" + name)
			}
		}
	}
	for _, address := range append(assets(t), "/cockpit/") {
		load(address)
	}
	t.Logf("the first view takes %d bytes in %d answers", size, len(seen))
	if size > 150_000 {
		t.Errorf("the first view takes %d bytes; it was about 94,000 once", size)
	}
}

// Rule: cockpit-edition-words
func TestWordsAreThoseOfTheEdition(t *testing.T) {
	for _, e := range btp.Editions {
		w := httptest.NewRecorder()
		served(e).ServeHTTP(w, httptest.NewRequest("GET", "/cockpit/words.json", nil))
		var got struct {
			Environment string
			Edition     struct {
				ID, RegisterVerb, RemoveVerb, TokenName string
				Statuses, FormationStatuses             []struct{ Code, Label string }
				Moves                                   []struct {
					On, From string
					Types    []string
				}
				PairFirst []string
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Environment != "default" || got.Edition.ID != e.ID || got.Edition.RegisterVerb != e.RegisterVerb || got.Edition.RemoveVerb != e.RemoveVerb || got.Edition.TokenName != e.TokenName {
			t.Errorf("%s: got %+v", e.ID, got)
		}
		if len(got.Edition.Statuses) != len(e.Labels) || len(got.Edition.FormationStatuses) != len(e.FormationLabels) {
			t.Errorf("%s: got %d and %d statuses, want %d and %d", e.ID, len(got.Edition.Statuses), len(got.Edition.FormationStatuses), len(e.Labels), len(e.FormationLabels))
		}
		if !slices.Equal(got.Edition.PairFirst, []string{"SAP Marketing Cloud", "SAP S/4HANA Cloud"}) {
			t.Errorf("%s: got %v to be paired first", e.ID, got.Edition.PairFirst)
		}
		for _, m := range got.Edition.Moves {
			if _, known := e.Move(btp.Status(m.From), btp.Event(m.On)); !known {
				t.Errorf("%s: no move %+v", e.ID, m)
			}
			// What needs a property of the type names the types (e9d975a.md@v1).
			if m.On == string(btp.TokenRequested) && m.From == string(btp.Failed) && !slices.Equal(m.Types, []string{"SAP Marketing Cloud", "SAP S/4HANA Cloud"}) {
				t.Errorf("%s: got types %v for a token after an error", e.ID, m.Types)
			}
		}
	}
}
