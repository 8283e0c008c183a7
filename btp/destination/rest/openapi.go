package rest

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/openapi"
)

//go:embed openapi.yaml
var openAPIYAML []byte

// OpenAPI is the API's OpenAPI 3.1 document, as JSON.
var OpenAPI = sync.OnceValue(func() []byte { return openapi.Make(openAPIYAML, nameOperations) })

// nameOperations gives the operations on an instance's level, which are written once
// for both, names of their own.
func nameOperations(doc map[string]any) {
	paths, _ := doc["paths"].(map[string]any)
	for path, item := range paths {
		if !strings.HasPrefix(path, "/destination-configuration/v1/instance") {
			continue
		}
		own := map[string]any{}
		operations, _ := item.(map[string]any)
		for method, operation := range operations {
			own[method] = operation
			if o, ok := operation.(map[string]any); ok {
				renamed := map[string]any{}
				for key, value := range o {
					renamed[key] = value
				}
				id, _ := o["operationId"].(string)
				renamed["operationId"] = strings.Replace(id, "Subaccount", "Instance", 1)
				own[method] = renamed
			}
		}
		paths[path] = own
	}
}

func showOpenAPI(c *gin.Context) { openapi.Respond(c, OpenAPI()) }
