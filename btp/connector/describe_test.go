package connector_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
)

func TestAPISpec(t *testing.T) {
	a := newApplication(t)
	a.chain = nil // descriptions need no certificate
	tests := []struct{ name, path, location string }{
		{"should receive api spec", "/v1/api.yaml", ""},
		{"should receive 301 when accessing base path", "/v1", "/v1/api.yaml"},
		{"TestApiSpec: api spec", "/mp-web-shop/v1/metadata/api.yaml", ""},
		{"TestApiSpec: redirect", "/mp-web-shop/v1/metadata", "/mp-web-shop/v1/metadata/api.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := a.send(http.MethodGet, tt.path, "")
			if tt.location != "" {
				if got := w.Header().Get("Location"); w.Code != http.StatusMovedPermanently || got != tt.location {
					t.Errorf("got %d to %q, want 301 to %q", w.Code, got, tt.location)
				}
				return
			}
			if ct := w.Header().Get("Content-Type"); w.Code != http.StatusOK || ct != "application/yaml" {
				t.Fatalf("got %d of type %q, want 200 application/yaml", w.Code, ct)
			}
			if _, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes()); err != nil {
				t.Errorf("not an OpenAPI document: %v", err)
			}
		})
	}
	for _, path := range []string{"//v1/metadata", "/%2Fother.test/v1/metadata"} {
		if got := a.send(http.MethodGet, path, "").Header().Get("Location"); strings.HasPrefix(got, "//") {
			t.Errorf("%s: got a redirect to the host of %q", path, got)
		}
	}
}

func TestMetadataHealth(t *testing.T) {
	if w := newApplication(t).send(http.MethodGet, "/v1/health", ""); w.Code != http.StatusOK {
		t.Errorf("got %d, want 200", w.Code)
	}
}

// Every route is described, and every description has its route.
func TestDescriptionsAreComplete(t *testing.T) {
	a := newApplication(t)
	described := map[string]bool{}
	for _, path := range []string{"/v1/api.yaml", "/mp-web-shop/v1/metadata/api.yaml"} {
		doc, err := openapi3.NewLoader().LoadFromData(a.send(http.MethodGet, path, "").Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.Validate(t.Context()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for route, item := range doc.Paths.Map() {
			for method := range item.Operations() {
				described[method+" "+route] = true
			}
		}
	}
	parameter := regexp.MustCompile(`:(\w+)`)
	descriptions := regexp.MustCompile(`/v1$|/metadata$|/api\.yaml$`)
	for _, route := range a.handler.(*gin.Engine).Routes() {
		if descriptions.MatchString(route.Path) {
			continue
		}
		key := route.Method + " " + parameter.ReplaceAllString(route.Path, "{$1}")
		if !described[key] {
			t.Errorf("%s is not described", key)
		}
		delete(described, key)
	}
	for key := range described {
		t.Errorf("%s is described and has no route", key)
	}
}
