package landscape

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/callback"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/eventmesh/webhook"
	"github.com/pairsim/pairsim/btp/extensibility"
	"github.com/pairsim/pairsim/btp/offerings"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/internal/outbound"
)

// platform is what an environment's platform services are made of, beside its registry.
type platform struct {
	pusher    webhook.Pusher
	catalogue *services.Catalogue
	// shown is what the registry proves itself with to tenants over TLS.
	shown *shownCertificate
}

// newPlatform makes the services before the registry, which needs their workers.
func (e *environment) newPlatform() (*platform, error) {
	timeout := cmp.Or(e.world.CallbackTimeout, CallbackTimeout)
	client := e.observed(e.process.outboundClient(timeout))
	p := &platform{pusher: webhook.Pusher{Client: client}, shown: &shownCertificate{now: e.now}}
	calls := &tenantCalls{client: client, plain: client.Transport(nil)}
	e.atEnd = append(e.atEnd, calls.plain.CloseIdleConnections)
	var err error
	p.catalogue, err = services.NewCatalogue(append(offerings.All(),
		extensibility.Offering{
			Tenants:  callback.Arranger{Caller: calls, Certificate: p.shown.get, Timeout: timeout},
			BaseURLs: e.facingTenants,
		},
		eventmesh.Offering{},
	)...)
	return p, err
}

// workers do the due work of all platform services.
func (p *platform) workers() map[btp.DueKind]btp.Worker {
	all := p.catalogue.Workers()
	maps.Copy(all, eventmesh.Workers(p.pusher))
	return all
}

// facingTenants are the bases under which tenants reach this environment: within the
// process it is where the listeners are, and else what others are told.
func (e *environment) facingTenants() (plain, overTLS string) {
	l := e.process
	plain, overTLS = l.HTTP, l.MTLS
	if !l.plays(RoleCX) && !l.plays(RoleMarketing) {
		configured, configuredTLS := e.urls.Configured()
		plain, overTLS = cmp.Or(configured, plain), cmp.Or(configuredTLS, overTLS)
	}
	return plain + e.prefix, overTLS + e.prefix
}

// tenantCalls makes the registry's calls to tenants one by one.
type tenantCalls struct {
	client *outbound.Client
	plain  *outbound.Transport
}

// Call is callback.Caller.
func (c *tenantCalls) Call(req *http.Request, showing *tls.Certificate) (*http.Response, error) {
	if showing == nil {
		return c.plain.RoundTrip(req)
	}
	own := c.client.Transport(showing) // a certificate lasts for a few calls only
	res, err := own.RoundTrip(req)
	if err != nil {
		own.CloseIdleConnections()
		return nil, err
	}
	res.Body = closing{res.Body, own}
	return res, nil
}

// closing lets go of a connection when its answer has been read.
type closing struct {
	io.ReadCloser
	of *outbound.Transport
}

// Close is io.Closer.
func (c closing) Close() error {
	err := c.ReadCloser.Close()
	c.of.CloseIdleConnections()
	return err
}

// registryName is the common name of what the registry shows to tenants (docs/wire.md,
// Communication arrangements).
const registryName = "pairsim-registry"

// shownValidity is of the environment's clock: short, as it costs nothing to make another.
const shownValidity = 24 * time.Hour

// shownCertificate is the registry's client certificate, issued by the authority of its
// environment, in which every tenant trusts since its pairing.
type shownCertificate struct {
	now func() time.Time

	mu        sync.Mutex
	authority *pki.ClientCA // the present one: a snapshot brings its own
	made      *tls.Certificate
	until     time.Time
}

// trust makes the authority the one that issues.
func (s *shownCertificate) trust(by *pki.ClientCA) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.authority, s.made = by, nil
}

// get is the present certificate.
func (s *shownCertificate) get() (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.made != nil && now.Before(s.until) && !now.Before(s.until.Add(-shownValidity)) {
		return s.made, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: registryName}}, key)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	if s.authority == nil {
		return nil, fmt.Errorf("the registry has no authority yet")
	}
	signed, err := s.authority.Sign(csr, now, shownValidity)
	if err != nil {
		return nil, fmt.Errorf("the registry's own certificate: %w", err)
	}
	rest, err := base64.StdEncoding.DecodeString(signed.Crt) // the chain
	if err != nil {
		return nil, err
	}
	made := tls.Certificate{PrivateKey: key}
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		made.Certificate = append(made.Certificate, block.Bytes)
	}
	s.made, s.until = &made, now.Add(shownValidity/2)
	return s.made, nil
}
