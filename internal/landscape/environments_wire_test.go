package landscape

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
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
