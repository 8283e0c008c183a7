package tokenservice

import (
	_ "embed"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/openapi"
)

//go:embed openapi.yaml
var openAPIYAML []byte

// OpenAPI is the API's OpenAPI 3.1 document, as JSON.
var OpenAPI = sync.OnceValue(func() []byte { return openapi.Make(openAPIYAML, nil) })

func showOpenAPI(c *gin.Context) { openapi.Respond(c, OpenAPI()) }
