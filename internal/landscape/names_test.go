package landscape

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"testing"
)

// TestCertificateOfTheNameItIsCalledBy: only where others reach the listener, only by
// our own authority, and not without end.
func TestCertificateOfTheNameItIsCalledBy(t *testing.T) {
	mine, _ := folder(t, "my servers")
	for name, test := range map[string]struct {
		configure func(*Config)
		called    string
		want      bool
	}{
		"by a container's name":            {func(c *Config) { c.MTLS = "0.0.0.0:0" }, "pairsim", true},
		"in capitals":                      {func(c *Config) { c.MTLS = "0.0.0.0:0" }, "PairSim.Test", true},
		"by a name that was known":         {func(c *Config) { c.MTLS = "0.0.0.0:0" }, "localhost", true},
		"by what is no name":               {func(c *Config) { c.MTLS = "0.0.0.0:0" }, "pair sim", false},
		"on loopback":                      {func(*Config) {}, "pairsim", false},
		"with an authority of somebody's ": {func(c *Config) { c.MTLS, c.ServerCA = "0.0.0.0:0", mine }, "pairsim", false},
	} {
		t.Run(name, func(t *testing.T) {
			l := start(t, test.configure)
			if err := dial(l, test.called); (err == nil) != test.want {
				t.Errorf("called by %q: %v; want it believed: %t", test.called, err, test.want)
			}
		})
	}
}

func TestCertificatesOfNamesAreBounded(t *testing.T) {
	l := start(t, func(c *Config) { c.MTLS = "0.0.0.0:0" })
	for i := range maxNames {
		if err := dial(l, fmt.Sprintf("name-%d.test", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := dial(l, "one-more.test"); err == nil {
		t.Errorf("it has a certificate for more than %d names", maxNames)
	}
	for _, known := range []string{"name-0.test", "localhost"} {
		if err := dial(l, known); err != nil {
			t.Errorf("a name that it was called by before: %v", err)
		}
	}
}

// dial makes a connection to the TLS listener by a name.
func dial(l *Landscape, name string) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.CAPEM)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(l.MTLS, "https://"))
	if err != nil {
		return err
	}
	connection, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", port), &tls.Config{RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS12})
	if err != nil {
		return err
	}
	return connection.Close()
}
