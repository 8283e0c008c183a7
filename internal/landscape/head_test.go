package landscape

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// head asks for url and returns the answer, which must have no body.
func head(t *testing.T, url string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || len(body) > 0 {
		t.Errorf("HEAD %s: body %q (%v), want none", req.URL.Path, body, err)
	}
	return resp
}

func TestHeadAnswersAsGetOnOurOwnPaths(t *testing.T) {
	l := start(t)
	system := call(t, http.MethodPost, l.HTTP+"/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	for path, want := range map[string]int{
		"/":                       http.StatusOK,
		"/healthz":                http.StatusOK,
		"/readyz":                 http.StatusOK,
		"/metrics":                http.StatusOK,
		"/ca.pem":                 http.StatusOK,
		"/api/v1/openapi.json":    http.StatusOK,
		"/api/v1/systemTypes":     http.StatusOK,
		"/api/v1/globalAccounts":  http.StatusOK,
		"/api/v1/systems/nothing": http.StatusNotFound,
		"/api/v1/systems/" + system["id"].(string): http.StatusOK,
		"/api/v1/globalAccounts/default/systems":   http.StatusOK,
		"/.well-known/jwks.json":                   http.StatusOK,
		"/.well-known/pairsim-configuration":       http.StatusOK,
		"/tenants":                                 http.StatusOK,
		"/tenants/commerce":                        http.StatusOK,
		"/tenants/commerce/pairings":               http.StatusOK,
		"/tenants/nobody":                          http.StatusNotFound,
		"/nowhere":                                 http.StatusNotFound,
		"/api/v1/tokens/inspection":                http.StatusMethodNotAllowed, // POST alone
		"/tenants/commerce/renewal":                http.StatusMethodNotAllowed,
	} {
		t.Run(path, func(t *testing.T) {
			got := head(t, l.HTTP+path)
			if got.StatusCode != want {
				t.Errorf("HEAD: got %d, want %d", got.StatusCode, want)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.HTTP+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("GET: got %d, want %d as HEAD", resp.StatusCode, want)
			}
			if a, b := got.Header.Get("Content-Type"), resp.Header.Get("Content-Type"); a != b {
				t.Errorf("HEAD has content type %q, GET %q", a, b)
			}
		})
	}
}

func TestHeadDoesNotSpendAToken(t *testing.T) {
	l := start(t)
	system := call(t, http.MethodPost, l.HTTP+"/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	token := system["integrationToken"].(map[string]any)["tokenUrl"].(string)
	_, query, _ := strings.Cut(token, "?")
	for _, path := range []string{
		"/v1/applications/signingRequests/info?" + query,
		"/v1/applications/management/info",
		"/v1/applications/certificates?" + query,
		"/mp-shop/v1/metadata/services",
		"/mp-shop/v1/events/subscribed",
		"/mp-shop/v1/events",
		"/api/v1/metadata/services", // an application named api
	} {
		got := head(t, l.HTTP+path)
		if got.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("HEAD %.40s: got %d, want 405", path, got.StatusCode)
		}
		if allow := got.Header.Get("Allow"); allow == "" || strings.Contains(allow, http.MethodHead) {
			t.Errorf("HEAD %.40s: Allow is %q", path, allow)
		}
	}
	// The token pairs still.
	call(t, http.MethodPost, l.HTTP+"/tenants/commerce/pairings", map[string]any{"token": token}, http.StatusCreated)
}
