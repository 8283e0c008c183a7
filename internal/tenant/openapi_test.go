package tenant

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/openapi/conformance"
)

// document is the tenants' OpenAPI document, against which every answer in this
// package's tests is held.
var document = conformance.New("internal/tenant/openapi.yaml", OpenAPI, Documented)

// handlerOf is Handler, of whose answers none may go against the document.
func handlerOf(t testing.TB, tenants ...*Tenant) http.Handler {
	t.Helper()
	return document.Check(t, Handler(tenants...))
}

var holes = regexp.MustCompile(`:([a-z]+)`)

func TestEveryRouteIsDocumented(t *testing.T) {
	doc, err := document.Document()
	if err != nil {
		t.Fatal(err)
	}
	var documented, routed []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	router := gin.New()
	Register(router)
	for _, route := range router.Routes() {
		if !ofProduct(route.Path) {
			routed = append(routed, route.Method+" "+holes.ReplaceAllString(route.Path, "{$1}"))
		}
	}
	slices.Sort(documented)
	slices.Sort(routed)
	if !slices.Equal(documented, routed) {
		t.Errorf("documented are\n%s\nrouted are\n%s", strings.Join(documented, "\n"), strings.Join(routed, "\n"))
	}
}

// TestEveryProblemIsDocumented: no operation names a code that there is not, and each
// code is one of an operation.
func TestEveryProblemIsDocumented(t *testing.T) {
	var text map[string]any
	if err := json.Unmarshal(OpenAPI(), &text); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if kind, ok := v["type"].(string); ok && strings.HasPrefix(kind, "urn:pairsim:problem:") && v["title"] != nil {
				seen[strings.TrimPrefix(kind, "urn:pairsim:problem:")] = true
			}
			for _, one := range v {
				walk(one)
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(text)
	for code := range problems {
		// These two are about paths and methods that are not there.
		if code != routeNotFound && code != methodNotAllowed && !seen[string(code)] {
			t.Errorf("no operation has the problem %s", code)
		}
		delete(seen, string(code))
	}
	if len(seen) > 0 {
		t.Errorf("there are no problems %v", slices.Sorted(maps.Keys(seen)))
	}
}

func TestDocumentIsServed(t *testing.T) {
	_, h, _ := guarded(t) // the document needs no administrator
	if w := call(h, "GET", documentPath, ""); w.Code != http.StatusOK || !json.Valid(w.Body.Bytes()) {
		t.Errorf("got %d %.200s", w.Code, w.Body)
	}
	for path, want := range map[string]bool{
		"/tenants": true, documentPath: true, "/tenants/c4c": true, "/tenants/c4c/apis": true, "/tenants/api/x": true,
		"/tenants/c4c/api": false, "/tenants/c4c/api/sap": false, "/tenantsx": false, "/api/v1/systems": false,
	} {
		if got := Documented(path); got != want {
			t.Errorf("%s: got %t, want %t", path, got, want)
		}
	}
}
