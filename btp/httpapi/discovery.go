package httpapi

import (
	_ "embed"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/openapi"
)

//go:embed openapi.yaml
var openAPIYAML []byte

// OpenAPI is the API's OpenAPI 3.1 document, as JSON.
var OpenAPI = sync.OnceValue(func() []byte { return openapi.Make(openAPIYAML, secure) })

func (s *server) showOpenAPI(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	openapi.Respond(c, OpenAPI())
	return nil
}

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
