package landscape

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp/pki"
)

// folder writes an authority the way --client-ca and --server-ca read one.
func folder(t *testing.T, name string) (string, pki.Material) {
	t.Helper()
	a, err := pki.NewAuthority(name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for file, content := range map[string][]byte{"root.pem": m.RootPEM, "issuing.pem": m.IssuingPEM, "issuing-key.pem": m.IssuingKeyPEM} {
		if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, m
}

func TestAuthoritiesFromFiles(t *testing.T) {
	clientDir, client := folder(t, "my clients")
	serverDir, server := folder(t, "my servers")
	l := start(t, func(c *Config) { c.ClientCA, c.ServerCA = clientDir, serverDir })

	authorities := call(t, http.MethodGet, l.Control+"/control/authorities", nil, http.StatusOK)
	if authorities["client"] != string(client.RootPEM) || authorities["server"] != string(server.RootPEM) {
		t.Error("the authorities are not those of the files")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.RootPEM)
	connection, err := tls.Dial("tcp", strings.TrimPrefix(l.MTLS, "https://"), &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatalf("a client that trusts the file's root: %v", err)
	}
	_ = connection.Close() // nothing was sent

	system := call(t, http.MethodPost, l.HTTP+"/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	row := call(t, http.MethodPost, l.HTTP+"/tenants/commerce/pairings",
		map[string]any{"token": system["integrationToken"].(map[string]any)["token"]}, http.StatusCreated)
	if code := row["status"].(map[string]any)["code"]; code != "registered" {
		t.Errorf("a tenant could not pair under loaded authorities: %v", row)
	}
}

// Rule: public-urls
func TestPublicURLsChangeWhatIsHandedOut(t *testing.T) {
	l := start(t)
	call(t, http.MethodPut, l.Control+"/control/publicUrls", map[string]string{"http": "http://front.test", "mtls": "https://front.test:9443"}, http.StatusOK)
	system := call(t, http.MethodPost, l.HTTP+"/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	tokenURL := system["integrationToken"].(map[string]any)["tokenUrl"].(string)
	if !strings.HasPrefix(tokenURL, "https://front.test:9443/v1/applications/signingRequests/info?token=") {
		t.Errorf("token URL %.60s… does not name the public TLS listener", tokenURL)
	}
}
