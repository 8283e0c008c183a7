package btp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// twice runs every change once in vain before it counts, as a store may that
// has to try again: rules must build their result from scratch.
type twice struct{ btp.Store }

func (s twice) Update(ctx context.Context, env btp.EnvironmentID, change func(btp.Tx) error) error {
	again := errors.New("once more")
	err := s.Store.Update(ctx, env, func(tx btp.Tx) error {
		_ = change(tx) // what it says counts the second time
		return again
	})
	if !errors.Is(err, again) {
		return err
	}
	return s.Store.Update(ctx, env, change)
}

// registry is a registry under test, with real tokens and certificates, in
// memory, with a frozen clock.
type registry struct {
	*btp.Registry
	t   *testing.T
	key *ecdsa.PrivateKey
}

func config(change ...func(*btp.Config)) btp.Config {
	cfg := btp.Config{
		Store: twice{memory.New()}, Environment: btp.DefaultEnvironment, Seed: 1,
		Tokens:        token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch },
		StartFrozen:   epoch,
		Policy:        btp.DefaultPolicy(),
		Landscape:     btp.DefaultLandscape(),
	}
	for _, c := range change {
		c(&cfg)
	}
	return cfg
}

func open(t *testing.T, change ...func(*btp.Config)) *registry {
	t.Helper()
	r, err := btp.Open(t.Context(), config(change...))
	if err != nil {
		t.Fatalf("open registry: %v", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &registry{Registry: r, t: t, key: key}
}

func edition(id string) func(*btp.Config) {
	return func(c *btp.Config) { c.Edition = id }
}

func policy(change func(*btp.Policy)) func(*btp.Config) {
	return func(c *btp.Config) { change(&c.Policy) }
}

const (
	commerce  = "SAP Commerce Cloud"
	c4c       = "SAP Cloud for Customer"
	marketing = "SAP Marketing Cloud"
	infoURL   = "https://pairsim.test/v1/applications/signingRequests/info"
)

func (r *registry) register(name, systemType string) (btp.System, *btp.IssuedToken) {
	r.t.Helper()
	s, tok, err := r.Register(r.t.Context(), "default", name, systemType, infoURL, "")
	if err != nil {
		r.t.Fatalf("register %q: %v", name, err)
	}
	return s, tok
}

func (r *registry) issue(id btp.SystemID) *btp.IssuedToken {
	r.t.Helper()
	tok, err := r.IssueToken(r.t.Context(), id, infoURL, "")
	if err != nil {
		r.t.Fatalf("issue token: %v", err)
	}
	return tok
}

func (r *registry) present(jws string) (btp.Opened, error) {
	return r.OpenPairing(r.t.Context(), btp.Presentation{JWS: jws})
}

func (r *registry) advance(d time.Duration) {
	r.t.Helper()
	if _, err := r.ChangeClock(r.t.Context(), btp.ClockChange{Advance: d}); err != nil {
		r.t.Fatalf("advance %s: %v", d, err)
	}
}

// csr makes a certificate request for the subject, as a client sends it.
func (r *registry) csr(s btp.Subject) string {
	r.t.Helper()
	return newCSR(r.t, s, r.key)
}

func newCSR(t *testing.T, s btp.Subject, key crypto.Signer) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{
		Organization: []string{s.Organization}, OrganizationalUnit: []string{s.OrganizationalUnit},
		Locality: []string{s.Locality}, Province: []string{s.Province}, Country: []string{s.Country}, CommonName: s.CommonName,
	}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func chain(t *testing.T, signed btp.SignedCertificate) []*x509.Certificate {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(signed.Crt)
	if err != nil {
		t.Fatal(err)
	}
	var all []*x509.Certificate
	for block, rest := pem.Decode(bytes.TrimSpace(text)); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// pair takes a token through the whole chain, as a client without descriptor.
func (r *registry) pair(jws string) []*x509.Certificate {
	r.t.Helper()
	opened, err := r.present(jws)
	if err != nil {
		r.t.Fatalf("info: %v", err)
	}
	signed, err := r.SignCSR(r.t.Context(), opened.FollowUp, r.csr(opened.Subject))
	if err != nil {
		r.t.Fatalf("sign: %v", err)
	}
	certificates := chain(r.t, signed)
	if _, err := r.Authenticate(r.t.Context(), certificates); err != nil {
		r.t.Fatalf("first call: %v", err)
	}
	return certificates
}

func (r *registry) status(id btp.SystemID) btp.Status {
	r.t.Helper()
	v, err := r.System(context.WithoutCancel(r.t.Context()), id)
	if err != nil {
		r.t.Fatalf("system: %v", err)
	}
	return v.Status
}

func wantCode(t *testing.T, err error, want btp.Code) {
	t.Helper()
	if got := btp.CodeOf(err); got != want {
		t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}
