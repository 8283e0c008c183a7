package landscape

import (
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// TestRefusedAccessHasOneTitle: registry and tenants ask for access tokens in the
// same words.
func TestRefusedAccessHasOneTitle(t *testing.T) {
	l := start(t, func(c *Config) { c.Auth = true })
	for _, path := range []string{"/api/v1/systemTypes", "/tenants", "/tenants/commerce"} {
		got := refusal(t, http.MethodGet, l.HTTP+path, "", "")
		if got.Title != httpapi.TitleOf(btp.Unauthenticated) || got.Status != http.StatusUnauthorized || got.Source != btp.SourceOf(btp.Unauthenticated) {
			t.Errorf("%s: got %+v, want the title, status and source of unauthenticated", path, got)
		}
	}
	// The control listener serves the public API too, and asks as that does.
	if got := refusal(t, http.MethodGet, l.Control+"/api/v1/systemTypes", "", ""); got.Status != http.StatusUnauthorized {
		t.Errorf("on the control listener: got %+v, want 401", got)
	}
}

// TestWhatNeedsNoAccessToken: what has its own authentication, or is for all.
func TestWhatNeedsNoAccessToken(t *testing.T) {
	l := start(t, func(c *Config) { c.Auth = true })
	for path, want := range map[string]int{
		"/":                                  http.StatusOK,
		"/healthz":                           http.StatusOK,
		"/readyz":                            http.StatusOK,
		"/ca.pem":                            http.StatusOK,
		"/api/v1/openapi.json":               http.StatusOK,
		"/.well-known/jwks.json":             http.StatusOK,
		"/.well-known/pairsim-configuration": http.StatusOK,
		"/token_keys":                        http.StatusOK,
		"/oauth/token":                       http.StatusMethodNotAllowed, // POST alone
		"/tenants/commerce/specifications/x": http.StatusNotFound,
		"/v1/applications/management/info":   http.StatusForbidden, // a client certificate
		"/api/v1/nowhere":                    http.StatusNotFound,

		"/api/v1/globalAccounts":     http.StatusUnauthorized,
		"/tenants/commerce/pairings": http.StatusUnauthorized,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.HTTP+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("GET %s: got %d, want %d", path, resp.StatusCode, want)
		}
	}
	for _, path := range []string{"/api/v1/globalAccounts", "/tenants"} { // HEAD is routed beside groups
		if got := head(t, l.HTTP+path); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("HEAD %s: got %d, want 401", path, got.StatusCode)
		}
	}
}
