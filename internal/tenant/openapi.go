package tenant

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/openapi"
	"github.com/pairsim/pairsim/internal/problem"
)

// documentPath is where OpenAPI is served: no tenant has such an id.
const documentPath = "/tenants/openapi.json"

//go:embed openapi.yaml
var openAPIYAML []byte

// OpenAPI is the OpenAPI 3.1 document of all that tenants answer but their products' own
// APIs, as JSON.
var OpenAPI = sync.OnceValue(func() []byte {
	return openapi.Make(openAPIYAML, func(doc map[string]any) { openapi.Operations(doc, completeOperation) })
})

// Documented tells whether a path belongs to OpenAPI; it is one within an environment.
func Documented(path string) bool {
	below, ok := strings.CutPrefix(path, "/tenants")
	if !ok || below != "" && below[0] != '/' {
		return false
	}
	parts := strings.Split(below, "/") // "", tenant, "api", …
	return len(parts) < 3 || parts[2] != "api"
}

func showOpenAPI(c *gin.Context) { openapi.Respond(c, OpenAPI()) }

// completeOperation writes into an operation what holds for all, or for all like it.
func completeOperation(path, _ string, op map[string]any) {
	codes := []Code{internal}
	if path != documentPath && path != "/tenants" {
		codes = append(codes, tenantNotFound)
	}
	if op["requestBody"] != nil {
		codes = append(codes, invalidRequest, bodyTooLarge, unsupportedMediaType)
	}
	if !openToAll(strings.ReplaceAll(path, "{tenant}", ":tenant")) {
		op["security"] = []any{map[string]any{}, map[string]any{"accessToken": []any{}}} // none, unless --auth
		codes = append(codes, unauthenticated, forbidden, registryUnreachable)
	}
	for _, code := range openapi.OwnProblems(op) {
		codes = append(codes, Code(code))
	}
	slices.Sort(codes)
	var refusals []problem.Document
	for _, code := range slices.Compact(codes) {
		refusals = append(refusals, documentOf(code))
	}
	openapi.AddRefusals(op, refusals)
}
