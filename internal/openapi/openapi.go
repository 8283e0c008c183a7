// Package openapi makes the OpenAPI documents that are served of their YAML, and
// answers with them.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.yaml.in/yaml/v3"

	"github.com/pairsim/pairsim/internal/publicurl"
)

// Make makes a document of its YAML, to which complete, if there is one, adds what
// holds for many operations.
func Make(text []byte, complete func(doc map[string]any)) []byte {
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err)) // embedded: a test would have failed
	}
	if complete != nil {
		complete(doc)
	}
	body, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Sprintf("openapi.yaml: %v", err))
	}
	return body
}

// Respond answers with a document that Make made; its server is the environment that
// the path names.
func Respond(c *gin.Context, doc []byte) {
	if prefix := publicurl.Prefix(c.Request); prefix != "" {
		doc = bytes.Replace(doc, []byte(ownServer), []byte(`"servers":[{"url":"`+prefix+`"}]`), 1)
	}
	c.Data(http.StatusOK, "application/json", doc)
}

// ownServer is the document's server where no environment stands before the path.
const ownServer = `"servers":[{"url":"/"}]`
