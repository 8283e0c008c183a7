package coverage_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp/destination/rest"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/contracts/coverage"
	"github.com/pairsim/pairsim/contracts/pactfile"
)

// The committed pacts cover what they must; without one of them they do not.
func TestCommittedPacts(t *testing.T) {
	t.Parallel()
	files, err := pactfile.ReadDir("../pacts")
	if err != nil {
		t.Fatal(err)
	}
	if err := coverage.Of(files).Check(); err != nil {
		t.Error(err)
	}
	for i, f := range files {
		others := slices.Delete(slices.Clone(files), i, i+1)
		if err := coverage.Of(others).Check(); err == nil || !strings.Contains(err.Error(), " of "+f.Consumer+" has ") {
			t.Errorf("without %s: got %v", f.Path, err)
		}
	}
	var text strings.Builder
	if err := coverage.Of(files).Write(&text); err != nil || !strings.Contains(text.String(), "PUT /tenants/{id}/callback/communicationArrangements/{instance}") {
		t.Errorf("got %v\n%s", err, &text)
	}
}

// A refusal alone covers nothing.
func TestRefusalsAlone(t *testing.T) {
	t.Parallel()
	f := pactfile.File{Consumer: "extension", Provider: "btp", Interactions: []pactfile.Interaction{{
		Method: "GET", Path: "/destination-configuration/v1/destinations/orders", Status: 404,
	}}}
	const want = "no interaction of extension has GET /destination-configuration/v1/destinations/{name} of btp answered with success"
	if err := coverage.Of([]pactfile.File{f}).Check(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	f.Interactions[0].Status = 200
	if err := coverage.Of([]pactfile.File{f}).Check(); err == nil || strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

// What must be covered is served: it stands in the OpenAPI, or in the connector's routes.
func TestOperationsAreServed(t *testing.T) {
	t.Parallel()
	served := map[string]bool{}
	for _, text := range [][]byte{httpapi.OpenAPI(), rest.OpenAPI()} {
		var doc struct {
			Paths map[string]map[string]json.RawMessage
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		for path, operations := range doc.Paths {
			for method := range operations {
				served[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	routes, err := os.ReadFile("../../btp/connector/server.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`router\.([A-Z]+)\("([^"]+)"`).FindAllStringSubmatch(string(routes), -1) {
		served[m[1]+" "+regexp.MustCompile(`:(\w+)`).ReplaceAllString(m[2], "{$1}")] = true
	}
	for _, o := range coverage.Must() {
		if o.Provider != "btp" || strings.HasPrefix(o.Path, "/gateway/") || strings.HasPrefix(o.Path, "/oauth/") ||
			strings.HasPrefix(o.Path, "/messagingrest/") || strings.HasPrefix(o.Path, "/hub/") {
			continue // documents that are no functions
		}
		if !served[o.Method+" "+o.Path] {
			t.Errorf("%s %s is not served", o.Method, o.Path)
		}
	}
}
