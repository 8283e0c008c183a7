package control

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/openapi"
	"github.com/pairsim/pairsim/internal/problem"
)

//go:embed openapi.yaml
var openAPIYAML []byte

// OpenAPI is the API's OpenAPI 3.1 document, as JSON: that of the server's own control.
var OpenAPI = sync.OnceValue(func() []byte { return openapi.Make(openAPIYAML, complete) })

// ofEnvironment is OpenAPI without the paths that are the server's alone.
var ofEnvironment = sync.OnceValue(func() []byte {
	return openapi.Make(openAPIYAML, func(doc map[string]any) {
		complete(doc)
		delete(openapi.Object(doc, "paths"), "/control/environments")
		delete(openapi.Object(doc, "paths"), "/control/environments/{name}")
	})
})

func (s *server) showOpenAPI(c *gin.Context) error {
	if _, err := httpapi.ReadQuery(c); err != nil {
		return err
	}
	doc := OpenAPI
	if s.Environments == nil {
		doc = ofEnvironment
	}
	openapi.Respond(c, doc())
	return nil
}

// Codes that any call may be refused with, and any that may have a body.
var (
	codesOfAll = []string{
		keyNeeded, originRefused, string(btp.InvalidRequest), string(btp.EnvironmentGone), string(btp.EnvironmentReplaced), string(btp.Internal),
	}
	codesOfBodies = []string{string(btp.BodyTooLarge), string(btp.UnsupportedMediaType)}
)

// complete writes into the document what holds for every operation (openapi.yaml
// says what), and the components that it takes over from the registry's.
func complete(doc map[string]any) {
	doc["security"] = []any{map[string]any{}, map[string]any{"controlKey": []any{}}} // none, unless --control-key
	openapi.Operations(doc, completeOperation)
	var registry map[string]any
	if err := json.Unmarshal(httpapi.OpenAPI(), &registry); err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // embedded: a test would have failed
	}
	borrow(doc, openapi.Object(doc, "components"), openapi.Object(registry, "components"))
}

func completeOperation(_, method string, op map[string]any) {
	for _, response := range openapi.Object(op, "responses") {
		if r, ok := response.(map[string]any); ok {
			openapi.Object(r, "headers")["Pairsim-Time"] = openapi.Reference("headers/Pairsim-Time")
		}
	}
	codes := append([]string{}, codesOfAll...)
	if method != "get" {
		codes = append(codes, codesOfBodies...)
	}
	var refusals []problem.Document
	for _, code := range append(codes, openapi.OwnProblems(op)...) {
		refusals = append(refusals, documented(code))
	}
	openapi.AddRefusals(op, refusals, "Pairsim-Time")
}

// documented is the problem document of a code, without a detail.
func documented(code string) problem.Document {
	if own, ok := ownProblems[code]; ok {
		return own
	}
	why := btp.Explain(btp.Code(code))
	return problem.Document{
		Type: problem.TypePrefix + code, Title: httpapi.TitleOf(btp.Code(code)), Status: httpapi.StatusOf(btp.Code(code)), Next: why.Next, Source: why.Source,
	}
}

// borrow copies to own the components of registry that v refers to and own has not.
func borrow(v any, own, registry map[string]any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			borrow(one, own, registry)
		}
	case map[string]any:
		ref, _ := v["$ref"].(string)
		if path, ok := strings.CutPrefix(ref, "#/components/"); ok {
			kind, name, _ := strings.Cut(path, "/")
			here, there := openapi.Object(own, kind), openapi.Object(registry, kind)
			if part, known := there[name]; known && here[name] == nil {
				here[name] = part
				borrow(part, own, registry)
			}
		}
		for _, one := range v {
			borrow(one, own, registry)
		}
	}
}
