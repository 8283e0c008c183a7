package testenv

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
	"github.com/pairsim/pairsim/internal/strict"
)

// The system types that pair by token.
const (
	CommerceCloud          = "SAP Commerce Cloud"
	FieldServiceManagement = "SAP Field Service Management"
	CloudForCustomer       = "SAP Cloud for Customer"
	MarketingCloud         = "SAP Marketing Cloud"
)

// Epoch is what a new environment's clock shows: it is frozen there.
var Epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// Env is a landscape that runs in the test's process, or an environment of one. It
// is safe for concurrent use.
type Env struct {
	*Session
	landscape *landscape.Landscape
	name      string // of an environment beside default
}

// Option changes what Start starts.
type Option func(*landscape.Config)

// WithEdition chooses the generation of documents: "v1" (the default) or "v2".
func WithEdition(edition string) Option {
	return func(c *landscape.Config) { c.Edition = edition }
}

// WithSeed makes ids and chaos repeatable.
func WithSeed(seed uint64) Option {
	return func(c *landscape.Config) { c.Seed = seed }
}

// WithClock freezes the clock at another instant than Epoch.
func WithClock(at time.Time) Option {
	return func(c *landscape.Config) { c.StartFrozen = at }
}

// WithRunningClock lets the clock run from real time, as a server's does.
func WithRunningClock() Option {
	return func(c *landscape.Config) { c.StartFrozen = time.Time{} }
}

// WithData keeps the registry in a SQLite file, and the tenants beside it; or in the
// PostgreSQL database at an address (postgres://…), and the tenants in memory. A later
// Start with the same data goes on where the first ended.
func WithData(data string) Option {
	return func(c *landscape.Config) { c.Data = data }
}

// WithKeyAlgorithm signs integration tokens with ES256 (the default), RS256 or EdDSA.
func WithKeyAlgorithm(algorithm string) Option {
	return func(c *landscape.Config) { c.KeyAlgorithm = algorithm }
}

// WithRSAKeys gives tenants RSA-2048 keys, as the products have; making one takes
// a tenth of a second. Without it they have ECDSA P-256 keys.
func WithRSAKeys() Option {
	return func(c *landscape.Config) { c.TenantKeys = nil }
}

// WithTokenValidity overrides how long tokens of a system type are valid.
func WithTokenValidity(systemType string, d time.Duration) Option {
	return func(c *landscape.Config) {
		if c.Policy.TokenValidity == nil {
			c.Policy.TokenValidity = map[string]time.Duration{}
		}
		c.Policy.TokenValidity[systemType] = d
	}
}

// WithGlobalAccount adds a global account beside "default".
func WithGlobalAccount(id string) Option {
	return func(c *landscape.Config) {
		c.Landscape.GlobalAccounts = append(c.Landscape.GlobalAccounts,
			btp.GlobalAccount{ID: btp.GlobalAccountID(id), DisplayName: id, Subdomain: id})
	}
}

// WithTenant adds a tenant beside the built-in ones; product is commerce, fsm,
// c4c or marketing.
func WithTenant(id, product string) Option {
	return func(c *landscape.Config) {
		c.Tenants = append(c.Tenants, landscape.Tenant{ID: id, Product: product})
	}
}

// WithReplacedAPI has an API of a tenant's product elsewhere: the tenant announces
// it at targetURL, with specification (OpenAPI in JSON, or EDMX) unless that is
// empty, and does not answer it.
func WithReplacedAPI(tenant, identifier, targetURL string, specification []byte) Option {
	return func(c *landscape.Config) {
		for i := range c.Tenants {
			if t := &c.Tenants[i]; t.ID == tenant {
				t.APIs = append(t.APIs, landscape.ReplacedAPI{Identifier: identifier, TargetURL: targetURL, Specification: specification})
			}
		}
	}
}

// WithBurntTokens ends a pairing with its first refused certificate request, as
// Compass does.
func WithBurntTokens() Option {
	return func(c *landscape.Config) { c.Policy.BurnOnRejectedCSR = true }
}

// WithCollisionsStopSync leaves a Kyma runtime as it is while two of its applications
// would have one name.
func WithCollisionsStopSync() Option {
	return func(c *landscape.Config) { c.Policy.CollisionsStopSync = true }
}

// WithAbandonedAsError moves a system to its error status when a pairing is abandoned.
func WithAbandonedAsError() Option {
	return func(c *landscape.Config) { c.Policy.AbandonedIsError = true }
}

// WithStrictRevocation refuses every call with a certificate that its client revoked.
func WithStrictRevocation() Option {
	return func(c *landscape.Config) { c.Policy.StrictRevocation = true }
}

// The transitions.
const (
	Deregistering = "deregistering"
	Removing      = "removing"
	Synchronizing = "synchronizing"
)

// WithDuration lets a transition take time on the environment's clock, so that a
// test sees its status; without it every transition ends at once.
func WithDuration(transition string, d time.Duration) Option {
	return WithTransition(transition, After(d))
}

// WithoutTenantRenewal lets the tenants' certificates end after 90 days. Without it
// they renew them by themselves, as the clock passes the 60th.
func WithoutTenantRenewal() Option {
	return func(c *landscape.Config) { c.NoTenantRenewal = true }
}

// WithCallbackTimeout bounds how long, in real time, a tenant may take to answer
// when it is told of its deregistration.
func WithCallbackTimeout(d time.Duration) Option {
	return func(c *landscape.Config) { c.CallbackTimeout = d }
}

// WithGatewayTimeout bounds how long, in real time, a call through the application
// gateway may take.
func WithGatewayTimeout(d time.Duration) Option {
	return func(c *landscape.Config) { c.GatewayTimeout = d }
}

// WithControlKey guards the control listener with a key of at least 16 characters,
// which Controls sends.
func WithControlKey(key string) Option {
	return func(c *landscape.Config) { c.ControlKey = key }
}

// WithStrict makes the registry's answers legal but unfriendly, drawn by seed, which
// is not 0 (docs/strictness.md). off names the rules that are switched off.
func WithStrict(seed uint64, off ...string) Option {
	return func(c *landscape.Config) { c.Strict = strict.Settings{Seed: seed, Off: off} }
}

// WithPublicHandler wraps what the public listeners serve, for checks of every answer.
func WithPublicHandler(wrap func(http.Handler) http.Handler) Option {
	return func(c *landscape.Config) { c.WrapPublic = wrap }
}

// WithControlHandler wraps what the control listener serves, the public API beside
// it included, for the same.
func WithControlHandler(wrap func(http.Handler) http.Handler) Option {
	return func(c *landscape.Config) { c.WrapControl = wrap }
}

// prepare makes a world fit for tests: its clock stands still at Epoch, and keys cost
// nothing, or little.
func prepare(w *landscape.World) {
	w.StartFrozen, w.RegistryKeys = Epoch, registryKeys.next
	w.TenantKeys = func(context.Context) (crypto.Signer, error) {
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
}

// New starts a landscape outside of a test; Close ends it.
func New(ctx context.Context, options ...Option) (*Env, error) {
	cfg := landscape.Default()
	cfg.ReadSeed = seed.Configure
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	prepare(&cfg.World)
	for _, option := range options {
		option(&cfg)
	}
	l, err := landscape.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return usable(ctx, l, "", Address{Auth: cfg.Auth, ControlKey: cfg.ControlKey}, nil)
}

// usable makes an Env of what has started; one that cannot be used is ended.
func usable(ctx context.Context, l *landscape.Landscape, name string, at Address, client *http.Client) (*Env, error) {
	at.HTTP, at.MTLS, at.Control = btpclient.InEnvironment(l.HTTP, name), btpclient.InEnvironment(l.MTLS, name), btpclient.InEnvironment(l.Control, name)
	at.CA = l.CAPEM
	session, err := connect(ctx, at, client)
	e := &Env{Session: session, landscape: l, name: name}
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Start starts a landscape and ends it with the test.
func Start(t testing.TB, options ...Option) *Env {
	t.Helper()
	e, err := New(t.Context(), options...)
	return e.endingWith(t, err)
}

func (e *Env) endingWith(t testing.TB, err error) *Env {
	t.Helper()
	if err != nil {
		t.Fatalf("start landscape: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("stop landscape: %v", err)
		}
	})
	return e
}

// answerTimeout bounds how long the first answer may take, closeTimeout how long open
// requests may still take, also on a machine that is busy.
const (
	answerTimeout = 10 * time.Second
	closeTimeout  = 10 * time.Second
)

// Close ends the landscape; an environment beside default is removed from it.
func (e *Env) Close() error {
	if e.name != "" {
		err := e.landscape.DropEnvironment(context.Background(), e.name)
		if btp.CodeOf(err) == btp.EnvironmentNotFound {
			return nil // the test has deleted it, or its landscape is closed
		}
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if e.Session != nil {
		e.client.CloseIdleConnections()
	}
	return e.landscape.Close(ctx)
}
