// Package landscape assembles what runs: the registry, its listeners and the
// simulated tenants, in one process or each in its own. The binary and testenv
// start the same thing through it.
package landscape

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/internal/keypool"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/secret"
	"github.com/pairsim/pairsim/internal/snapshot"
	"github.com/pairsim/pairsim/internal/strict"
	"github.com/pairsim/pairsim/internal/telemetry"
)

// Role is a part that a process can play.
type Role string

// The roles.
const (
	RoleRegistry  Role = "btp"
	RoleCX        Role = "cxsim"
	RoleMarketing Role = "marketingsim"
)

// Off switches a listener off.
const Off = "off"

// Config says what to start. The zero value of every field but the addresses
// has a meaning; Default fills in the addresses.
type Config struct {
	Roles []Role
	// HTTP, MTLS and Control are addresses to listen on; Control may be Off.
	HTTP, MTLS, Control string
	// ControlKey is what callers of the management API must send; "" for none.
	ControlKey string
	// PublicURL and PublicMTLSURL are handed out where a request's own host is
	// not known.
	PublicURL, PublicMTLSURL string
	// TLSNames are further names in the TLS listener's certificate.
	TLSNames []string
	// AllowedHosts are hosts beyond loopback that outbound calls may go to, and
	// names under which browsers may reach the control listener.
	AllowedHosts []string
	// Auth asks for an access token, with a role, on the registry's own API and on
	// the tenants'.
	Auth bool
	// TrustedProxies end TLS before us: their X-Forwarded-Client-Cert is believed.
	TrustedProxies []netip.Prefix
	// Data is "memory", a file, or the address of a PostgreSQL database.
	Data string
	// LocalData is the folder for what is this process's own where Data is a database:
	// its tenants and its journal; "" keeps them in memory.
	LocalData string
	// SyncFull makes the store survive the loss of power too.
	SyncFull bool
	// ClientCA and ServerCA are folders with root.pem, issuing.pem (optional) and
	// issuing-key.pem; empty: made at first start.
	ClientCA, ServerCA string

	// World is what the environment default is made of.
	World

	// Registry is where tenants of a process without a registry find it.
	Registry Registry

	// ReadSeed writes what a seed document declares into a configuration's world.
	// edition is the one asked for; "" takes the document's or, without one, the
	// world's. Nil: no environment is made from a seed.
	ReadSeed func(document []byte, edition string, into *Config) error
	// Tracing makes OpenTelemetry spans; nil: none. Who gave it closes it.
	Tracing *telemetry.Tracing
	// SystemRoots are the authorities that calls trust beside our own, asked for when the
	// first call over TLS is made; nil: x509.SystemCertPool.
	SystemRoots func() (*x509.CertPool, error)
	// RealNow is real time; nil: time.Now.
	RealNow func() time.Time
	Log     *slog.Logger
}

// World is what an environment is made of.
type World struct {
	Edition      string
	Seed         uint64
	KeyAlgorithm string
	StartFrozen  time.Time
	Policy       btp.Policy
	Landscape    btp.Landscape
	Tenants      []Tenant
	// Snapshot is what the environment and its tenants hold at first start, instead
	// of Landscape; StartFrom sets it. nil: none.
	Snapshot *snapshot.Document
	// Faults are set at every start.
	Faults []btp.DeclaredFault
	// NoJournal: nothing is journalled. It is what a measurement compares with.
	NoJournal bool
	// NoMessages: what requests and calls say is not recorded. It is not either without
	// a control listener: nobody could ask for it.
	NoMessages bool
	// NoTenantRenewal: tenants let their certificates end unless somebody renews them.
	NoTenantRenewal bool
	// Strict makes the registry's answers legal but unfriendly.
	Strict strict.Settings

	// CallbackTimeout is how long, in real time, a tenant may take to answer a call
	// of the registry; 0: 5 seconds.
	CallbackTimeout time.Duration
	// TenantTimeout is how long, in real time, a tenant waits for an answer of the
	// registry; 0: 30 seconds.
	TenantTimeout time.Duration
	// GatewayTimeout bounds, in real time, a call through the application gateway; 0:
	// 10 seconds.
	GatewayTimeout time.Duration
	// TenantKeys gives tenants their private keys; nil: RSA 2048.
	TenantKeys func(context.Context) (crypto.Signer, error)
	// RegistryKeys gives the registry its RSA keys: the token service's, and those of
	// RS256; nil: keys that nobody else has.
	RegistryKeys func() (*rsa.PrivateKey, error)
	// WrapPublic wraps the public handler, for checks in tests.
	WrapPublic func(http.Handler) http.Handler
	// WrapControl wraps the handler of the control listener, for the same.
	WrapControl func(http.Handler) http.Handler
}

// Registry is a registry in another process.
type Registry struct {
	HTTP, MTLS string
	RootCAs    *x509.CertPool
}

// Tenant declares a tenant: its id and its product (commerce, fsm, c4c, marketing).
type Tenant = btp.DeclaredTenant

// ReplacedAPI is an API of a tenant's product that is elsewhere.
type ReplacedAPI = btp.ReplacedAPI

// Default is one process that plays all parts on the default addresses.
func Default() Config {
	return Config{
		Roles: []Role{RoleRegistry, RoleCX, RoleMarketing},
		HTTP:  "127.0.0.1:8080", MTLS: "127.0.0.1:8443", Control: "127.0.0.1:8081",
		Data:  "memory",
		World: World{Policy: btp.DefaultPolicy(), Landscape: btp.DefaultLandscape(), Tenants: DefaultTenants()},
	}
}

// DefaultTenants are one tenant of each product.
func DefaultTenants() []Tenant {
	return []Tenant{
		{ID: "commerce", Product: "commerce"}, {ID: "fsm", Product: "fsm"}, {ID: "c4c", Product: "c4c"}, {ID: "marketing", Product: "marketing"},
	}
}

// Landscape is what Start started.
type Landscape struct {
	// HTTP, MTLS and Control are base URLs; empty for a listener that is off.
	HTTP, MTLS, Control string
	// CAPEM is the CA of the TLS listener.
	CAPEM []byte
	// Edition is the environment's; nil without the registry.
	Edition *btp.Edition

	config       Config
	httpPort     string
	mtlsPort     string
	first        *environment // default
	environments environments // the others
	adopting     sync.Mutex   // of who looks for one that another process made
	store        btp.Store    // nil without the registry
	tls          *tls.Config
	servers      []*http.Server
	transport    *http.Transport // of all tenants' calls without client certificate
	fetch        *outbound.Client
	stop         context.CancelFunc
	running      sync.WaitGroup
	log          *slog.Logger
}

// keys is the process's pool of spare RSA keys, shared by all landscapes.
var keys = keypool.New(8)

// fillKeys starts to make spare keys for as long as the process lives, so slowly
// that nobody notices: a key takes a tenth of a second of a processor.
var fillKeys = sync.OnceFunc(func() {
	time.AfterFunc(fillPause, func() { _ = keys.Fill(context.Background(), fillPause) }) // ends with the process only
})

const fillPause = 10 * time.Second

// Start starts a landscape. When it returns, every listener answers.
func Start(ctx context.Context, cfg Config) (*Landscape, error) {
	if cfg.RealNow == nil {
		cfg.RealNow = time.Now
	}
	if cfg.SystemRoots == nil {
		cfg.SystemRoots = x509.SystemCertPool
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Log = slog.New(secret.LogHandler(cfg.Log.Handler()))
	if err := cfg.Strict.Check(); err != nil {
		return nil, err
	}
	if cfg.Seed == 0 {
		cfg.Seed = cfg.Strict.Seed // ids are what strictness draws by
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &Landscape{config: cfg, log: cfg.Log, stop: stop}
	if err := l.start(ctx, background); err != nil {
		return nil, errors.Join(err, l.Close(context.WithoutCancel(ctx)))
	}
	if cfg.TenantKeys == nil {
		fillKeys()
	}
	return l, nil
}

func (l *Landscape) start(ctx, background context.Context) error {
	cfg := l.config
	listeners, err := listen(cfg)
	if err != nil {
		return err
	}
	if err := l.open(ctx, listeners); err != nil {
		listeners.close()
		return err
	}
	if err := l.serve(background, listeners); err != nil {
		return err
	}
	if !l.plays(RoleRegistry) {
		l.running.Go(func() { l.first.announce(background) })
		return nil
	}
	for _, e := range append(l.environments.all(), l.first) {
		e.goLive(ctx)
	}
	return nil
}

// announceTimeout bounds what tenants tell their registry before an environment counts as started.
const announceTimeout = 5 * time.Second

// open makes everything that the listeners serve.
func (l *Landscape) open(ctx context.Context, on listeners) error {
	cfg := l.config
	l.HTTP, l.MTLS, l.Control = on.urls()
	l.httpPort, l.mtlsPort = port(on.http), port(on.mtls)
	first, err := l.newEnvironment(btp.DefaultEnvironment, cfg.World)
	if err != nil {
		return err
	}
	l.first = first
	if l.plays(RoleRegistry) {
		if err := l.openStore(ctx); err != nil {
			return err
		}
	}
	l.fetch = l.outboundClient(0)
	// Two authorities that know nothing of each other, each made or read.
	var both errgroup.Group
	if on.mtls != nil {
		both.Go(func() (err error) {
			l.tls, err = l.tlsConfig(ctx, beyondLoopback(on.mtls))
			return err
		})
	}
	if l.plays(RoleRegistry) {
		both.Go(func() error { return first.openRegistry(ctx) })
	}
	if err := both.Wait(); err != nil {
		return err
	}
	l.Edition = first.edition()
	l.transport = transportTo(l.registry(""))
	if err := first.openTenants(); err != nil {
		return err
	}
	first.begin()
	if !l.plays(RoleRegistry) {
		return nil
	}
	return l.reopenEnvironments(ctx)
}

// registry is where the tenants of an environment find theirs.
func (l *Landscape) registry(prefix string) Registry {
	if !l.plays(RoleRegistry) {
		return l.config.Registry
	}
	r := Registry{HTTP: l.HTTP + prefix, RootCAs: x509.NewCertPool()}
	if l.MTLS != "" {
		r.MTLS = l.MTLS + prefix
		r.HTTP = r.MTLS // as the products do: the token goes over TLS
	}
	r.RootCAs.AppendCertsFromPEM(l.CAPEM)
	return r
}

func (l *Landscape) plays(role Role) bool {
	for _, r := range l.config.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// serverAuthority is the process's CA for its TLS listener, kept with the data.
func (l *Landscape) serverAuthority(ctx context.Context) (*pki.Authority, error) {
	given, err := loadAuthority(l.config.ServerCA)
	if err != nil {
		return nil, fmt.Errorf("server CA: %w", err)
	}
	if given != nil {
		return pki.Unmarshal(pki.Material(*given))
	}
	if l.store == nil {
		return pki.NewAuthority("pairsim server", l.config.RealNow())
	}
	var stored btp.AuthorityMaterial
	find := func(tx btp.Tx) (found bool, err error) {
		stored, found, err = tx.Authorities().Find(btp.ServerAuthority)
		return found, err
	}
	known := false
	err = l.store.View(ctx, btp.DefaultEnvironment, func(tx btp.Tx) (err error) {
		known, err = find(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if known {
		return pki.Unmarshal(pki.Material(stored))
	}
	made, err := pki.NewAuthority("pairsim server", l.config.RealNow())
	if err != nil {
		return nil, err
	}
	material, err := made.Marshal()
	if err != nil {
		return nil, err
	}
	err = l.store.Update(ctx, btp.DefaultEnvironment, func(tx btp.Tx) (err error) {
		if known, err = find(tx); err != nil || known {
			return err
		}
		return tx.Authorities().Put(btp.ServerAuthority, btp.AuthorityMaterial(material))
	})
	if err != nil || !known {
		return made, err
	}
	return pki.Unmarshal(pki.Material(stored)) // another process was first
}

// loadAuthority reads a CA from a folder; nil for no folder.
func loadAuthority(dir string) (*btp.AuthorityMaterial, error) {
	if dir == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read from
	var m btp.AuthorityMaterial
	if m.RootPEM, err = root.ReadFile("root.pem"); err != nil {
		return nil, err
	}
	if m.IssuingPEM, err = root.ReadFile("issuing.pem"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if m.IssuingKeyPEM, err = root.ReadFile("issuing-key.pem"); err != nil {
		return nil, err
	}
	a, err := pki.Load(m.RootPEM, m.IssuingPEM, m.IssuingKeyPEM)
	if err != nil {
		return nil, err
	}
	whole, err := a.Marshal()
	m = btp.AuthorityMaterial(whole)
	return &m, err
}

// Close stops listening, lets requests end until ctx does, and releases the store.
func (l *Landscape) Close(ctx context.Context) error {
	l.stop()
	all := l.environments.close()
	if l.first != nil {
		all = append(all, l.first)
	}
	var errs []error
	for _, e := range all {
		errs = append(errs, e.closeTenants(ctx))
	}
	for _, s := range l.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, err, s.Close())
		}
	}
	l.running.Wait()
	for _, e := range all {
		errs = append(errs, e.stop())
	}
	if l.transport != nil {
		l.transport.CloseIdleConnections()
	}
	if l.store != nil {
		errs = append(errs, l.store.Close())
	}
	return errors.Join(errs...)
}

// Registry is the registry of the environment default; nil without that role.
func (l *Landscape) Registry() *btp.Registry { return l.first.registry }

// listeners are the bound sockets.
type listeners struct {
	http, mtls, control net.Listener
}

func listen(cfg Config) (l listeners, err error) {
	bind := func(flag, address string) net.Listener {
		if err != nil || address == Off || address == "" {
			return nil
		}
		var on net.Listener
		if on, err = net.Listen("tcp", address); err != nil {
			err = fmt.Errorf("--%s %s: %w", flag, address, err)
		}
		return on
	}
	l.http = bind("http", cfg.HTTP)
	l.mtls = bind("mtls", cfg.MTLS)
	l.control = bind("control", cfg.Control)
	if err != nil {
		l.close()
		return listeners{}, err
	}
	if l.http == nil {
		return listeners{}, errors.New("--http: an address is needed")
	}
	return l, nil
}

func (l listeners) close() {
	for _, on := range []net.Listener{l.http, l.mtls, l.control} {
		if on != nil {
			_ = on.Close() // nothing was served
		}
	}
}

func (l listeners) urls() (plain, mtls, control string) {
	base := func(scheme string, on net.Listener) string {
		if on == nil {
			return ""
		}
		host, port, _ := net.SplitHostPort(on.Addr().String()) // a bound address has both
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		return scheme + "://" + net.JoinHostPort(host, port)
	}
	return base("http", l.http), base("https", l.mtls), base("http", l.control)
}

func port(on net.Listener) string {
	if on == nil {
		return ""
	}
	_, p, _ := net.SplitHostPort(on.Addr().String()) // a bound address has both
	return p
}

// tlsConfig asks for a client certificate and verifies none: the rules do, per
// request, on the environment's clock. The server's own certificate lives in
// real time.
func (l *Landscape) tlsConfig(ctx context.Context, reachedFromOutside bool) (*tls.Config, error) {
	authority, err := l.serverAuthority(ctx)
	if err != nil {
		return nil, err
	}
	l.CAPEM = authority.RootPEM()
	shown := nameCertificates{authority: authority, known: []string{"localhost", "127.0.0.1", "::1"}, now: l.config.RealNow}
	if len(l.config.TLSNames) > 0 || l.config.ServerCA != "" { // what somebody gave is tried at once
		shown.known = append(shown.known, l.config.TLSNames...)
		if _, err := shown.own(); err != nil {
			return nil, err
		}
	}
	config := &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12, GetCertificate: shown.ofKnown}
	if reachedFromOutside && l.config.ServerCA == "" { // somebody's own authority signs what he has named only
		config.GetCertificate = shown.of
	}
	return config, nil
}

// CallbackTimeout is Config.CallbackTimeout unless that says something else.
const CallbackTimeout = 5 * time.Second

// outboundClient calls what callers name, within bounds; 0 is the default timeout.
func (l *Landscape) outboundClient(timeout time.Duration) *outbound.Client {
	cfg := outbound.Config{Timeout: timeout, AllowedHosts: l.config.AllowedHosts, RootCAs: func() *x509.CertPool {
		roots, err := l.config.SystemRoots()
		if err != nil {
			l.log.Warn("the system's CAs cannot be read; only our own is trusted", "error", err)
			roots = x509.NewCertPool()
		}
		roots.AppendCertsFromPEM(l.CAPEM)
		return roots
	}}
	for _, public := range []string{l.config.PublicURL, l.config.PublicMTLSURL} {
		if u, err := url.Parse(public); err == nil && u.Host != "" {
			cfg.OwnHosts = append(cfg.OwnHosts, u.Host)
			if u.Scheme == "http" {
				cfg.Listeners = map[string]string{net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")): strings.TrimPrefix(l.HTTP, "http://")}
			}
		}
	}
	if u, err := url.Parse(l.Control); err == nil {
		if port, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
			cfg.ForbiddenPorts = append(cfg.ForbiddenPorts, uint16(port))
		}
	}
	return outbound.New(cfg)
}
