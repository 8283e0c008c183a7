package control_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
)

// environments is a server with the environment default.
type environments struct{}

func (environments) CreateEnvironment(_ context.Context, n control.NewEnvironment) (control.Environment, error) {
	return control.Environment{Name: n.Name, Edition: "v1", CreatedAt: start, Prefix: "/env/" + n.Name}, nil
}

func (environments) Environments() []control.Environment {
	return []control.Environment{{Name: "default", Edition: "v1"}}
}

func (e environments) Environment(name string) (control.Environment, error) {
	if name != "default" {
		return control.Environment{}, btp.Errorf(btp.EnvironmentNotFound, "there is no environment %q", name)
	}
	return e.Environments()[0], nil
}

func (e environments) DropEnvironment(_ context.Context, name string) error {
	if _, err := e.Environment(name); err != nil {
		return err
	}
	return btp.Errorf(btp.EnvironmentPermanent, "default stays")
}

// operations are the documented operations, by method and path.
func operations(t *testing.T) map[string]*openapi3.Operation {
	t.Helper()
	doc, err := openapitest.Control.Document()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all[method+" "+path] = op
		}
	}
	return all
}

func TestEveryRouteIsDocumented(t *testing.T) {
	h, _ := newControl(t)
	if !slices.ContainsFunc(h.routes, func(r gin.RouteInfo) bool { return r.Path == "/control/environments" }) {
		t.Fatal("this is not the server's own control")
	}
	var routed []string
	for _, route := range h.routes {
		routed = append(routed, route.Method+" "+parameter.ReplaceAllString(route.Path, "{$1}"))
	}
	documented := slices.Collect(maps.Keys(operations(t)))
	for _, d := range documented {
		if !slices.Contains(routed, d) {
			t.Errorf("%s is documented and not routed", d)
		}
	}
	for _, r := range routed {
		if !slices.Contains(documented, r) {
			t.Errorf("%s is routed and not documented", r)
		}
	}
}

func TestEveryOperationHasExamplesAndRefusals(t *testing.T) {
	for name, op := range operations(t) {
		for _, status := range []int{401, 403, 410, 500, 503} {
			if op.Responses.Status(status) == nil {
				t.Errorf("%s: the answer %d is not documented", name, status)
			}
		}
		for status, response := range op.Responses.Map() {
			if response.Value.Description == nil || *response.Value.Description == "" {
				t.Errorf("%s: answer %s has no description", name, status)
			}
			withExamples(t, name+" "+status, response.Value.Content)
		}
		if op.RequestBody != nil {
			withExamples(t, name, op.RequestBody.Value.Content)
		}
	}
}

func withExamples(t *testing.T, where string, content openapi3.Content) {
	t.Helper()
	for media, one := range content {
		if one.Example == nil && len(one.Examples) == 0 && !strings.HasPrefix(where, "GET /control/openapi.json 200") {
			t.Errorf("%s: %s has no example", where, media)
		}
	}
}

// TestRequestExamplesAreTaken sends every example of a request: what is refused is
// refused for what it names, not for how it looks.
func TestRequestExamplesAreTaken(t *testing.T) {
	for name, op := range operations(t) {
		if op.RequestBody == nil {
			continue
		}
		media := op.RequestBody.Value.Content["application/json"]
		examples := map[string]any{"": media.Example}
		for key, one := range media.Examples {
			delete(examples, "")
			examples[key] = one.Value.Value
		}
		for key, example := range examples {
			body, err := json.Marshal(example)
			if err != nil {
				t.Fatal(err)
			}
			h, _ := newControl(t)
			method, path, _ := strings.Cut(name, " ")
			path = strings.NewReplacer("{name}", "deregistering", "{id}", "1", "{assignment}", "1").Replace(path)
			if strings.Contains(path, "/recipes/") {
				path = "/control/faults/recipes/deregister-error"
			}
			w := call(h, method, path, string(body))
			if w.Code == http.StatusBadRequest && !slices.Contains(namesNobody, fmt.Sprint(name, key)) {
				t.Errorf("%s %s: got %d %s", name, key, w.Code, w.Body)
			}
		}
	}
}

// namesNobody are the examples that name a system or tenant that is not there.
var namesNobody = []string{"POST /control/faultsrule", "POST /control/faultsplain"}

// TestObjectsAreClosed: every object says which further members it may have.
func TestObjectsAreClosed(t *testing.T) {
	var doc map[string]any
	if err := json.Unmarshal(control.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	var walk func(where string, v any, open bool)
	walk = func(where string, v any, open bool) {
		switch v := v.(type) {
		case []any:
			for i, one := range v {
				walk(fmt.Sprintf("%s/%d", where, i), one, strings.HasSuffix(where, "/allOf"))
			}
		case map[string]any:
			_, additional := v["additionalProperties"]
			_, unevaluated := v["unevaluatedProperties"]
			if v["type"] == "object" && !additional && !unevaluated && !strings.HasSuffix(where, "Fields") && !open {
				t.Errorf("%s does not say whether it is closed", where)
			}
			for key, one := range v {
				if key != "example" && key != "examples" {
					walk(where+"/"+key, one, false)
				}
			}
		}
	}
	walk("#", doc, false)
}

// pathsOf are the paths of routes, each once.
func pathsOf(routes gin.RoutesInfo) map[string]bool {
	paths := map[string]bool{}
	for _, route := range routes {
		paths[parameter.ReplaceAllString(route.Path, "{$1}")] = true
	}
	return paths
}

func TestDocumentIsServed(t *testing.T) {
	h, registry := newControl(t)
	w := call(h, "GET", "/control/openapi.json", "")
	var doc struct {
		OpenAPI string
		Servers []struct{ URL string }
		Paths   map[string]any
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.OpenAPI != "3.1.0" || len(doc.Servers) != 1 || doc.Servers[0].URL != "/" {
		t.Errorf("got %d %+v, %v", w.Code, doc, err)
	}
	inEnvironment := gin.New()
	control.Mount(inEnvironment, control.Config{Registry: registry})
	w = call(openapitest.Control.Check(t, inEnvironment), "GET", "/control/openapi.json", "")
	doc.Paths = nil
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || len(doc.Paths) != len(pathsOf(inEnvironment.Routes())) {
		t.Errorf("in an environment: got %d %v, %v; want what is routed there", w.Code, doc.Paths, err)
	}
	if w := call(h, "GET", "/control/openapi.json?x=1", ""); codeOf(t, w) != "invalid-request" {
		t.Errorf("got %d %s, want invalid-request", w.Code, w.Body)
	}
}
