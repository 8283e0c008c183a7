package tokenservice

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var openAPIYAML []byte

// OpenAPI is the API's OpenAPI 3.1 document, as JSON.
var OpenAPI = sync.OnceValue(func() []byte {
	var doc map[string]any
	err := yaml.Unmarshal(openAPIYAML, &doc)
	if err == nil {
		var body []byte
		if body, err = json.Marshal(doc); err == nil {
			return body
		}
	}
	panic(fmt.Sprintf("openapi.yaml: %v", err)) // embedded: a test would have failed
})

func showOpenAPI(c *gin.Context) { c.Data(http.StatusOK, "application/json", OpenAPI()) }
