package landscape

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// trusting is a transport that trusts the TLS listener.
func trusting(t *testing.T, l *Landscape) *http.Transport {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CAPEM)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// resolve is a Location as an absolute URL.
func resolve(l *Landscape, location string) string {
	switch {
	case !strings.HasPrefix(location, "/"):
		return location
	case strings.Contains(location, "/control/"):
		return l.Control + location
	}
	return l.HTTP + location
}

// decodedToken is the URL that a token, in any of its forms, names; "" for what is
// no token.
func decodedToken(text string) string {
	var named struct {
		ConnectorURL string `json:"connectorURL"`
		TokenURL     string `json:"token_url"`
	}
	if whole, err := base64.StdEncoding.DecodeString(text); err == nil && json.Unmarshal(whole, &named) == nil && named.ConnectorURL != "" {
		return named.ConnectorURL
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return ""
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(claims, &named) != nil {
		return ""
	}
	return named.TokenURL
}

// Tenants of another process join an environment by its base URL.
func TestTenantsOfAnotherProcessJoinAnEnvironment(t *testing.T) {
	l := start(t, func(c *Config) { c.Roles = []Role{RoleRegistry} })
	makeEnvironment(t, l, map[string]any{"name": "b"})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CAPEM)
	tenants := start(t, func(c *Config) {
		c.Roles = []Role{RoleCX}
		c.Registry = Registry{HTTP: l.HTTP + "/env/b", MTLS: l.MTLS + "/env/b", RootCAs: roots}
	})
	system := call(t, http.MethodPost, l.HTTP+"/env/b/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	token, _ := system["integrationToken"].(map[string]any)
	row := call(t, http.MethodPost, tenants.HTTP+"/tenants/commerce/pairings", map[string]any{"token": token["token"]}, http.StatusCreated)
	if status, _ := row["status"].(map[string]any); status["code"] != "registered" {
		t.Fatalf("the pairing is %v: %v", status, row["cause"])
	}
	call(t, http.MethodPost, tenants.HTTP+"/tenants/commerce/renewal", nil, http.StatusOK)
	call(t, http.MethodPost, l.HTTP+"/env/b/api/v1/systems/"+system["id"].(string)+"/deregistration", nil, http.StatusAccepted)
	if tenant := call(t, http.MethodGet, tenants.HTTP+"/tenants/commerce", nil, http.StatusOK); tenant["connection"] != nil {
		t.Errorf("the tenant was not told: %v", tenant)
	}
	if resp := send(t, http.MethodGet, tenants.HTTP+"/env/b/tenants", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a process without registry has the environment: %d", resp.StatusCode)
	}
}

// Two processes on one file: a name is taken in both, and what the other drops is gone.
//
// Rule: processes-agree
func TestTwoProcessesShareEnvironments(t *testing.T) {
	data := func(c *Config) { c.Data = filepath.Join(t.TempDir(), "pairsim.db") }
	var file string
	one := start(t, data, func(c *Config) { file = c.Data })
	makeEnvironment(t, one, map[string]any{"name": "b"})
	two := start(t, func(c *Config) { c.Data, c.Roles = file, []Role{RoleRegistry} })
	call(t, http.MethodPost, one.HTTP+"/env/b/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	if got := systemsIn(t, two.HTTP+"/env/b"); len(got) != 1 {
		t.Errorf("the other process sees %q", got)
	}
	makeEnvironment(t, one, map[string]any{"name": "c"})
	if resp := send(t, http.MethodPost, two.Control+"/control/environments", `{"name":"c"}`); codeIn(t, resp) != "name-taken" {
		t.Errorf("the other process makes it again: %d", resp.StatusCode)
	}
	if got := deleteEnvironment(t, one, "b"); got != http.StatusNoContent {
		t.Errorf("DELETE: got %d", got)
	}
	resp := send(t, http.MethodGet, two.HTTP+"/env/b/api/v1/globalAccounts/default/systems", "")
	if resp.StatusCode != http.StatusGone || codeIn(t, resp) != "environment-gone" {
		t.Errorf("the other process answers %d", resp.StatusCode)
	}
}
