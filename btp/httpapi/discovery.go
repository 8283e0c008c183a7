package httpapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"

	"github.com/pairsim/pairsim/internal/publicurl"
)

//go:embed openapi.yaml
var openAPIYAML []byte

// OpenAPI is the API's OpenAPI 3.1 document, as JSON.
var OpenAPI = sync.OnceValue(func() []byte {
	var doc map[string]any
	if err := yaml.Unmarshal(openAPIYAML, &doc); err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // embedded: a test would have failed
	}
	secure(doc)
	body, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err))
	}
	return body
})

func (s *server) showOpenAPI(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	doc := OpenAPI()
	if prefix := publicurl.Prefix(c.Request); prefix != "" {
		doc = bytes.Replace(doc, []byte(ownServer), []byte(`"servers":[{"url":"`+prefix+`"}]`), 1)
	}
	c.Data(http.StatusOK, "application/json", doc)
	return nil
}

// ownServer is the document's server where no environment stands before the path.
const ownServer = `"servers":[{"url":"/"}]`

func (s *server) showKeys(c *gin.Context) error {
	keys, err := s.Registry.JWKS(c.Request.Context())
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-cache") // a rotation is to be seen at once
	c.Data(http.StatusOK, "application/json", keys)
	return nil
}

type configuration struct {
	Environment string `json:"environment"`
	Issuer      string `json:"issuer"`
	Edition     string `json:"edition"`
	JWKSURI     string `json:"jwks_uri"`
}

// showConfiguration names the key set on the listener that was asked: a tenant
// may reach only one of the two.
func (s *server) showConfiguration(c *gin.Context) error {
	base := s.URLs.HTTP(c.Request)
	if c.Request.TLS != nil {
		base = s.URLs.MTLS(c.Request)
	}
	return Respond(c, http.StatusOK, configuration{
		string(s.Registry.ID()), s.Registry.Issuer(), s.Registry.Edition().ID, base + "/.well-known/jwks.json",
	})
}
