package control

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
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
		delete(object(doc, "paths"), "/control/environments")
		delete(object(doc, "paths"), "/control/environments/{name}")
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
	for _, item := range object(doc, "paths") {
		operations, _ := item.(map[string]any)
		for method, operation := range operations {
			if op, ok := operation.(map[string]any); ok {
				completeOperation(method, op)
			}
		}
	}
	var registry map[string]any
	if err := json.Unmarshal(httpapi.OpenAPI(), &registry); err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // embedded: a test would have failed
	}
	borrow(doc, object(doc, "components"), object(registry, "components"))
}

func completeOperation(method string, op map[string]any) {
	responses := object(op, "responses")
	for _, response := range responses {
		if r, ok := response.(map[string]any); ok {
			object(r, "headers")["Pairsim-Time"] = reference("headers/Pairsim-Time")
		}
	}
	codes := append([]string{}, codesOfAll...)
	if method != "get" {
		codes = append(codes, codesOfBodies...)
	}
	special, _ := op["x-pairsim-problems"].([]any)
	delete(op, "x-pairsim-problems")
	for _, code := range special {
		codes = append(codes, fmt.Sprint(code))
	}
	byStatus := map[int][]problem.Document{}
	for _, code := range codes {
		p := documented(code)
		byStatus[p.Status] = append(byStatus[p.Status], p)
	}
	for status, list := range byStatus {
		responses[strconv.Itoa(status)] = refusal(status, list)
	}
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

// refusal is the answer with one of the problems of a status.
func refusal(status int, list []problem.Document) map[string]any {
	var types, words []string
	examples := map[string]any{}
	for _, p := range list {
		code := strings.TrimPrefix(p.Type, problem.TypePrefix)
		types, words = append(types, p.Type), append(words, fmt.Sprintf("%s (%s)", p.Title, code))
		examples[code] = map[string]any{"value": p}
	}
	headers := map[string]any{"Pairsim-Time": reference("headers/Pairsim-Time")}
	if status == http.StatusUnauthorized {
		headers["WWW-Authenticate"] = reference("headers/WWW-Authenticate")
	}
	return map[string]any{
		"description": strings.Join(words, "; "),
		"headers":     headers,
		"content": map[string]any{problem.ContentType: map[string]any{
			"schema": map[string]any{
				"allOf":      []any{reference("schemas/Problem")},
				"properties": map[string]any{"type": map[string]any{"enum": types}},
			},
			"examples": examples,
		}},
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
			here, there := object(own, kind), object(registry, kind)
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

// object is the object under a key, made if there is none.
func object(in map[string]any, key string) map[string]any {
	there, ok := in[key].(map[string]any)
	if !ok {
		there = map[string]any{}
		in[key] = there
	}
	return there
}

func reference(component string) map[string]any {
	return map[string]any{"$ref": "#/components/" + component}
}
