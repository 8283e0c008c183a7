package connector

import (
	_ "embed"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/publicurl"
)

// The descriptions are our own words about the vendor's interfaces.
var (
	//go:embed openapi/connector.yaml
	connectorAPI []byte
	//go:embed openapi/application.yaml
	applicationAPI []byte
)

// mountDescriptions adds what describes the wires; it needs neither token nor
// certificate (pairing-protocols §1.1, §3.1).
func mountDescriptions(router gin.IRouter) {
	router.GET("/v1", func(c *gin.Context) { redirect(c, "/v1/api.yaml") })
	router.GET("/v1/api.yaml", describe(connectorAPI))
	router.GET("/v1/health", func(c *gin.Context) { c.Status(http.StatusOK) })
	router.GET("/:app/v1/metadata", redirectToMetadata)
	router.GET("/:app/v1/metadata/api.yaml", describe(applicationAPI))
}

func describe(document []byte) gin.HandlerFunc {
	return func(c *gin.Context) { c.Data(http.StatusOK, "application/yaml", document) }
}

func redirectToMetadata(c *gin.Context) {
	app := c.Param("app")
	if app == "" { // "//v1/metadata" must not become a host named v1
		NotFound(c)
		return
	}
	redirect(c, "/"+url.PathEscape(app)+"/v1/metadata/api.yaml")
}

func redirect(c *gin.Context, path string) {
	c.Redirect(http.StatusMovedPermanently, publicurl.Path(c.Request, path))
}
