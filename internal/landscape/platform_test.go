package landscape

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
)

// TestWhatTheRegistryShows: the certificate that tenants see over TLS is issued by the
// environment's authority, lasts a while on the environment's clock, and changes with
// the authority.
func TestWhatTheRegistryShows(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)
	s := &shownCertificate{now: func() time.Time { return now }}
	if _, err := s.get(); err == nil {
		t.Error("a certificate without an authority")
	}
	trusted := func() *pki.ClientCA {
		ca, _, err := pki.NewClientCA(now)
		if err != nil {
			t.Fatal(err)
		}
		s.trust(ca)
		return ca
	}
	show := func(by *pki.ClientCA) *x509.Certificate {
		t.Helper()
		shown, err := s.get()
		if err != nil {
			t.Fatal(err)
		}
		var chain []*x509.Certificate
		for _, der := range shown.Certificate {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			chain = append(chain, c)
		}
		if _, err := by.Verify(chain, now); err != nil || chain[0].Subject.CommonName != "pairsim-registry" {
			t.Errorf("%s is shown: %v", chain[0].Subject, err)
		}
		return chain[0]
	}
	ca := trusted()
	first := show(ca)
	now = now.Add(time.Hour)
	if again := show(ca); !again.Equal(first) {
		t.Error("another certificate after an hour")
	}
	now = now.Add(shownValidity)
	second := show(ca)
	if second.Equal(first) {
		t.Error("the same certificate after it has ended")
	}
	now = now.Add(-48 * time.Hour) // a snapshot of an earlier time
	if show(ca).Equal(second) {
		t.Error("a certificate of the future")
	}
	other := trusted()
	if show(other).Equal(second) {
		t.Error("the certificate of an authority that is not the environment's any more")
	}
}

// TestSchemasOfOfferings reads the schemas that a process reads when parameters come.
func TestSchemasOfOfferings(t *testing.T) {
	t.Parallel()
	l := &Landscape{config: Default()}
	e, err := l.newEnvironment(btp.DefaultEnvironment, l.config.World)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.newPlatform()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.catalogue.Check(); err != nil {
		t.Error(err)
	}
}
