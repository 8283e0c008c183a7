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
var OpenAPI = sync.OnceValue(func() []byte { return MakeOpenAPI(openAPIYAML, secure) })

// MakeOpenAPI makes a document of its YAML, to which complete adds what holds for
// many operations.
func MakeOpenAPI(text []byte, complete func(doc map[string]any)) []byte {
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // embedded: a test would have failed
	}
	complete(doc)
	body, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err))
	}
	return body
}

func (s *server) showOpenAPI(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	RespondOpenAPI(c, OpenAPI())
	return nil
}

// RespondOpenAPI answers with a document that MakeOpenAPI made; its server is the
// environment that the path names.
func RespondOpenAPI(c *gin.Context, doc []byte) {
	if prefix := publicurl.Prefix(c.Request); prefix != "" {
		doc = bytes.Replace(doc, []byte(ownServer), []byte(`"servers":[{"url":"`+prefix+`"}]`), 1)
	}
	c.Data(http.StatusOK, "application/json", doc)
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
