package landscape

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/problem"
	"github.com/pairsim/pairsim/internal/tenant"
)

// TestOneTitlePerCode: a code that the registry and the tenants share has one
// title, whoever answers (docs/problems.md).
func TestOneTitlePerCode(t *testing.T) {
	l := start(t)
	const (
		systems  = "/api/v1/globalAccounts/default/systems"
		pairings = "/tenants/commerce/pairings"
		isJSON   = "application/json"
	)
	tooLarge := `{"token":"` + strings.Repeat("a", 70_000) + `"}`
	tests := []struct {
		code               string
		method, body, kind string
		registry, tenant   string
		status             int
	}{
		{"invalid-request", http.MethodPost, `{"nothing":"x"}`, isJSON, systems, pairings, http.StatusBadRequest},
		{"body-too-large", http.MethodPost, tooLarge, isJSON, systems, pairings, http.StatusRequestEntityTooLarge},
		{"unsupported-media-type", http.MethodPost, `{}`, "text/plain", systems, pairings, http.StatusUnsupportedMediaType},
		{"route-not-found", http.MethodGet, "", "", "/api/v1/nowhere", "/tenants/commerce/nowhere", http.StatusNotFound},
		{"method-not-allowed", http.MethodDelete, "", "", "/api/v1/systemTypes", "/tenants/commerce", http.StatusMethodNotAllowed},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			registry := refusal(t, tt.method, l.HTTP+tt.registry, tt.kind, tt.body)
			ofTenant := refusal(t, tt.method, l.HTTP+tt.tenant, tt.kind, tt.body)
			for path, got := range map[string]problem.Document{tt.registry: registry, tt.tenant: ofTenant} {
				if got.Type != problem.TypePrefix+tt.code || got.Status != tt.status || got.Source != "pairsim" || got.Next == "" {
					t.Errorf("%s: got %+v, want code %s, status %d, source pairsim, and what to do next", path, got, tt.code, tt.status)
				}
			}
			if registry.Title == "" || ofTenant.Title != registry.Title {
				t.Errorf("got title %q of the tenant, %q of the registry, want one", ofTenant.Title, registry.Title)
			}
		})
	}
}

// TestTenantsAloneHaveTheSameTitles: in a landscape the registry answers unknown
// paths for both; a tenant handler of its own must say the same.
func TestTenantsAloneHaveTheSameTitles(t *testing.T) {
	alone := httptest.NewServer(tenant.Handler())
	defer alone.Close()
	tests := []struct {
		code         btp.Code
		method, path string
	}{
		{btp.RouteNotFound, http.MethodGet, "/nowhere"},
		{btp.MethodNotAllowed, http.MethodDelete, "/tenants"},
	}
	for _, tt := range tests {
		got := refusal(t, tt.method, alone.URL+tt.path, "", "")
		if got.Type != problem.TypePrefix+string(tt.code) || got.Title != httpapi.TitleOf(tt.code) {
			t.Errorf("%s %s: got %+v, want code %s, title %q", tt.method, tt.path, got, tt.code, httpapi.TitleOf(tt.code))
		}
	}
}

// refusal is the problem document that a request is answered with.
func refusal(t *testing.T, method, url, kind, body string) problem.Document {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != problem.ContentType {
		t.Errorf("%s %s: got Content-Type %q, want %q", method, url, got, problem.ContentType)
	}
	var doc problem.Document
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return doc
}
