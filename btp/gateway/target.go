package gateway

import (
	"context"
	"crypto/tls"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/outbound"
)

// targetLife is how long a resolved target is kept, on the environment's clock:
// what its registration says anew counts from then on (pairing-protocols §5.2).
const targetLife = 120 * time.Second

// maxTargets is the most resolved targets that are kept.
const maxTargets = 1000

// target is an API with what is needed to call it.
type target struct {
	btp.GatewayTarget
	url       *url.URL
	transport *outbound.Transport
	until     time.Time
	checked   atomic.Pointer[btp.GatewayCheck]
}

// stillThere says whether the address a still leads to the target.
func (t *target) stillThere(ctx context.Context, r Registry, a btp.GatewayAddress) bool {
	last := t.checked.Load()
	now, err := r.CheckGatewayTarget(ctx, a, t.GatewayTarget, *last)
	if err == nil && now != *last {
		t.checked.Store(&now)
	}
	return err == nil
}

// targets are the resolved targets by address.
type targets struct {
	mu   sync.Mutex
	kept map[btp.GatewayAddress]*target
}

// target finds the API that an address leads to. Whether it is still there is
// asked every time, what it is only when it is not known any more.
func (s *server) target(ctx context.Context, a btp.GatewayAddress) (*target, error) {
	now := s.Registry.Now()
	if known := s.targets.find(a, now); known != nil && known.stillThere(ctx, s.Registry, a) {
		return known, nil
	}
	found, err := s.Registry.GatewayTarget(ctx, a)
	if err != nil {
		s.targets.forget(a)
		return nil, err
	}
	t := &target{GatewayTarget: found, transport: s.transport, until: now.Add(targetLife)}
	t.checked.Store(&btp.GatewayCheck{})
	if t.url, err = url.Parse(found.API.TargetURL); err != nil {
		return nil, s.refuse(ctx, found, btp.Errorf(btp.TargetUnreachable, "the target's address is not a URL"))
	}
	if g := generatedCertificate(found.API.Credentials); g != nil {
		own, err := keyPair(g.CertificatePEM, g.PrivateKeyPEM)
		if err != nil {
			return nil, s.refuse(ctx, found, err)
		}
		t.transport = s.Outbound.Transport(own)
	}
	s.targets.keep(a, t, now)
	return t, nil
}

func generatedCertificate(c *btp.Credentials) *btp.CertificateCredentials {
	if c == nil {
		return nil
	}
	return c.CertificateGen
}

// keyPair reads a certificate and its key.
func keyPair(certificate, key []byte) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil { // whose text may tell of the key
		return nil, btp.Errorf(btp.CredentialsUnusable, "certificate and private key cannot be used together").
			WithVendor("Failed to prepare certificate")
	}
	return &pair, nil
}

// find returns what is kept of an address, nil for nothing.
func (k *targets) find(a btp.GatewayAddress, now time.Time) *target {
	k.mu.Lock()
	defer k.mu.Unlock()
	if t := k.kept[a]; t != nil && now.Before(t.until) {
		return t
	}
	return nil
}

func (k *targets) keep(a btp.GatewayAddress, t *target, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) >= maxTargets {
		for other, old := range k.kept {
			if !now.Before(old.until) {
				k.drop(other)
			}
		}
	}
	if len(k.kept) >= maxTargets {
		for other := range k.kept { // any: it is found again when it is asked for
			k.drop(other)
			break
		}
	}
	if k.kept == nil {
		k.kept = map[btp.GatewayAddress]*target{}
	}
	k.drop(a)
	k.kept[a] = t
}

func (k *targets) forget(a btp.GatewayAddress) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(a)
}

func (k *targets) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for a := range k.kept {
		k.drop(a)
	}
}

// drop lets go of what is kept of an address, and of connections that nobody
// else can use.
func (k *targets) drop(a btp.GatewayAddress) {
	if t := k.kept[a]; t != nil && generatedCertificate(t.API.Credentials) != nil {
		t.transport.CloseIdleConnections()
	}
	delete(k.kept, a)
}
