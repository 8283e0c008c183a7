package tenant

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/pattern"
	"github.com/pairsim/pairsim/internal/records"
)

var tenantIDPattern = pattern.New(`^[a-z0-9][a-z0-9-]*$`).AtMost(63)

// Config says what a tenant is and where its registry is. ID, RegistryURL and
// PublicURL are required, and Product, which the simulators fill in.
type Config struct {
	ID              string // lower-case letters, digits, hyphens; at most 63
	Product         Product
	RegistryURL     string         // base of the registry's HTTP listener
	RegistryMTLSURL string         // base of its TLS listener; empty: any https port of the same host
	RootCAs         *x509.CertPool // CA of the TLS listener; nil: the system's
	RegistryTimeout time.Duration  // of one call to it, in real time; 0: 30 seconds
	// PublicURL is the base under which others reach the simulator's HTTP server;
	// the tenant's own things stand below /tenants/{id} there.
	PublicURL string
	// RegistryFacingURL is the base under which the registry reaches it, for
	// callbacks and specifications; empty: PublicURL. Behind a port mapping the two
	// differ: a registry in the same container cannot use the public one.
	RegistryFacingURL string
	Store             Store // nil: memory
	// Snapshot is what the tenant keeps at its first start; nil: nothing. Its Check
	// has accepted it.
	Snapshot *Snapshot
	// Keys gives private keys for certificates, RSA or ECDSA; nil: new RSA-2048 ones.
	Keys   func(context.Context) (crypto.Signer, error)
	Logger *slog.Logger // one that names the tenant; nil: none
	// RenewsItself renews the client certificate when two thirds of its validity are
	// over: the registry, whose clock that is, wakes the tenant.
	RenewsItself bool
	// Replaced are APIs of the product that are elsewhere: the tenant announces them
	// with these targets, and does not answer them.
	Replaced []ReplacedAPI
	// Authorize asks the admin for an access token of the registry's token service.
	Authorize bool
	// Transport carries calls without client certificate; nil: an own one.
	// Tenants of one process may share it.
	Transport http.RoundTripper
	// WrapTransport is btpclient.Config's.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	DialContext   func(ctx context.Context, network, address string) (net.Conn, error)
	// Outbound makes the calls to extensions; nil: a new client, with loopback only.
	Outbound *outbound.Client
	// Communication is what a seed file declares, for the first start.
	Communication Declared
	// Now is asked while no registry has told the time; nil: real time.
	Now func() time.Time
	// Pause waits before try attempt+1 of management info; nil: 20 ms, doubled
	// each time, at most a second.
	Pause func(ctx context.Context, attempt int) error
}

// Tenant is one tenant of a product. It is safe for concurrent use.
type Tenant struct {
	cfg       Config
	base      string // where its own things are: PublicURL/tenants/{id}
	facing    string // the same, as the registry reaches it
	events    []EventType
	connector *btpclient.Connector
	life      context.Context // of background pairings; ended by Close
	stop      context.CancelFunc
	running   sync.WaitGroup
	clock     atomic.Pointer[reading] // of the registry's clock; nil: none

	amending   sync.Mutex // taken before saving
	describing sync.Mutex // taken before mu
	saving     sync.Mutex // taken before mu, and never the other way round
	mu         sync.Mutex // guards what follows; never held over a call or a save
	state      state
	busy       string // what the tenant is doing with a connection: one thing at a time
	engaged    *row   // the row that busy is about
	closed     bool
	outbox     []waiting // events to be sent
	sending    bool      // somebody sends them

	records *records.Store // the product's data
	apis    apis
	told    *time.Time               // when the registry is known to wake it, zero: never; nil: not known
	fresh   []delivery               // that are not kept yet
	lines   map[string]chan struct{} // of deliveries under way; closed at their end
	paused  bool                     // it is being restored
	epoch   int                      // counts what was restored: a notice of before says nothing about it
}

// New makes a tenant from cfg and what is stored of it; rows that a stopped
// process left in progress have failed. It makes no call.
func New(cfg Config) (*Tenant, error) {
	if !tenantIDPattern.MatchString(cfg.ID) {
		return nil, fmt.Errorf("tenant id %q: want lower-case letters, digits and hyphens, at most 63", cfg.ID)
	}
	if u, err := url.Parse(cfg.PublicURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("tenant %s: public URL %q: want http(s)://host[:port]", cfg.ID, cfg.PublicURL)
	}
	if err := cfg.Product.validate(); err != nil {
		return nil, fmt.Errorf("tenant %s: %w", cfg.ID, err)
	}
	if err := cfg.Product.replace(cfg.Replaced); err != nil {
		return nil, fmt.Errorf("tenant %s: %w", cfg.ID, err)
	}
	events, err := cfg.Product.Events.Types()
	if err != nil {
		return nil, fmt.Errorf("tenant %s: %w", cfg.ID, err)
	}
	connector, err := btpclient.New(btpclient.Config{
		RegistryURL: cfg.RegistryURL, RegistryMTLSURL: cfg.RegistryMTLSURL, RootCAs: cfg.RootCAs,
		Transport: cfg.Transport, WrapTransport: cfg.WrapTransport, DialContext: cfg.DialContext, Timeout: cfg.RegistryTimeout,
	})
	if err != nil {
		return nil, fmt.Errorf("tenant %s: %w", cfg.ID, err)
	}
	t := &Tenant{
		cfg: cfg.withDefaults(), base: at(cfg.PublicURL, cfg.ID), facing: at(cmp.Or(cfg.RegistryFacingURL, cfg.PublicURL), cfg.ID),
		events: events, connector: connector,
	}
	if err := t.load(context.Background()); err != nil {
		return nil, err
	}
	t.openAPIs()
	t.life, t.stop = context.WithCancel(context.Background())
	return t, nil
}

// at is where the things of a tenant are, below a base URL.
func at(base, id string) string { return strings.TrimRight(base, "/") + "/tenants/" + id }

func (cfg Config) withDefaults() Config {
	if cfg.Store == nil {
		cfg.Store = NewMemoryStore()
	}
	if cfg.Keys == nil {
		cfg.Keys = func(context.Context) (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Pause == nil {
		cfg.Pause = pause
	}
	if cfg.Outbound == nil {
		cfg.Outbound = outbound.New(outbound.Config{RootCAs: func() *x509.CertPool { return cfg.RootCAs }})
	}
	return cfg
}

func pause(ctx context.Context, attempt int) error {
	timer := time.NewTimer(min(20*time.Millisecond<<min(attempt-1, 6), time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ID is the tenant's id.
func (t *Tenant) ID() string { return t.cfg.ID }

// Product is the data of the tenant's product.
func (t *Tenant) Product() Product { return t.cfg.Product }

// Start enters tokenText, in any form, as the admin would, and returns the new
// row; the pairing goes on in the background. It is refused while the tenant is
// pairing or renewing, and where the product wants a failed row of the token's
// system deleted first. A bad token is no refusal: its row fails.
func (t *Tenant) Start(ctx context.Context, tokenText, description string) (Pairing, error) {
	now := t.now()
	r := &row{done: make(chan struct{}), Pairing: Pairing{
		Tenant: t.cfg.ID, Description: description, Status: t.status(InProgress), CreatedAt: now, UpdatedAt: now, Calls: []Call{},
	}}
	claimed := claimedSystem(tokenText)
	_, err := t.occupy(pairingWork, func() (*row, error) {
		if err := t.blockedByFailed(claimed); err != nil {
			return nil, err
		}
		t.state.LastID++
		r.ID = strconv.Itoa(t.state.LastID)
		t.addRow(r)
		return r, nil
	})
	if err != nil {
		return Pairing{}, err
	}
	if err := t.save(ctx); err != nil {
		t.cfg.Logger.Error("pairing not started", "error", err)
		t.mu.Lock()
		t.state.Rows = slices.DeleteFunc(t.state.Rows, func(other *row) bool { return other == r })
		t.mu.Unlock()
		close(r.done)
		t.release()
		return Pairing{}, err
	}
	t.mu.Lock()
	started := r.snapshot()
	t.mu.Unlock()
	go t.run(ctx, r, tokenText)
	return started, nil
}

// Pair is Start, and then Wait until the pairing has ended. The error of a
// pairing that failed is a *FailedError. When ctx ends first, the pairing goes on.
func (t *Tenant) Pair(ctx context.Context, tokenText, description string) (Pairing, error) {
	p, err := t.Start(ctx, tokenText, description)
	if err != nil {
		return p, err
	}
	if p, err = t.Wait(ctx, p.ID); err == nil && p.Status.Code == Failed {
		err = &FailedError{Pairing: p}
	}
	return p, err
}

// FailedError is a pairing that failed.
type FailedError struct{ Pairing Pairing }

func (e *FailedError) Error() string {
	return strings.TrimSpace("the pairing failed: " + e.Pairing.Cause + " " + e.Pairing.Next)
}

// Wait returns the pairing when it has ended, or as it is when ctx ends, with
// ctx's error.
func (t *Tenant) Wait(ctx context.Context, id string) (Pairing, error) {
	t.mu.Lock()
	r := t.row(id)
	t.mu.Unlock()
	if r == nil {
		return Pairing{}, t.noPairing(id)
	}
	var err error
	select {
	case <-r.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return r.snapshot(), err
}

// Pairing returns one row as it is.
func (t *Tenant) Pairing(id string) (Pairing, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.row(id); r != nil {
		return r.snapshot(), nil
	}
	return Pairing{}, t.noPairing(id)
}

func (t *Tenant) noPairing(id string) error {
	return refuse(pairingNotFound, "tenant %s has no pairing %q", t.cfg.ID, clip(id, 100))
}

// Pairings returns the rows, newest first.
func (t *Tenant) Pairings() []Pairing {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := make([]Pairing, 0, len(t.state.Rows))
	for _, r := range slices.Backward(t.state.Rows) {
		rows = append(rows, r.snapshot())
	}
	return rows
}

// Connection returns the newest registered row and, where there is none, the
// newest disabled one; ok is false for a tenant that is not paired.
func (t *Tenant) Connection() (p Pairing, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.shown(); r != nil {
		return r.snapshot(), true
	}
	return Pairing{}, false
}

// Close ends background pairings, whose rows fail as interrupted, and drops the
// connections. It waits for them until ctx ends. A closed tenant can be read only.
func (t *Tenant) Close(ctx context.Context) error {
	t.mu.Lock()
	t.closed = true
	stop := t.stop
	t.mu.Unlock()
	stop()
	ended := make(chan struct{})
	go func() {
		t.running.Wait()
		close(ended)
	}()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.connector.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.state.Rows {
		if r.session != nil {
			r.session.Close()
		}
	}
	return err
}

// row finds a row. The caller holds t.mu.
func (t *Tenant) row(id string) *row {
	for _, r := range t.state.Rows {
		if r.ID == id {
			return r
		}
	}
	return nil
}

const pairingWork = "pairing"

// occupy takes the tenant for one thing, until release. In the same step choose
// says which row that is about, or refuses.
func (t *Tenant) occupy(what string, choose func() (*row, error)) (*row, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return nil, refuse(tenantClosed, "tenant %s is being stopped", t.cfg.ID)
	case t.paused:
		return nil, refuse(tenantBusy, "tenant %s is being restored", t.cfg.ID)
	case t.busy == pairingWork:
		return nil, refuse(pairingInProgress, "tenant %s is pairing already", t.cfg.ID)
	case t.busy != "":
		return nil, refuse(tenantBusy, "tenant %s is busy with the %s", t.cfg.ID, t.busy)
	}
	r, err := choose()
	if err != nil {
		return nil, err
	}
	t.busy, t.engaged = what, r
	t.running.Add(1)
	return r, nil
}

func (t *Tenant) release() {
	t.mu.Lock()
	t.busy, t.engaged = "", nil
	t.mu.Unlock()
	t.running.Done()
}

// now is the registry's time as last told, and real time where it tells none.
func (t *Tenant) now() time.Time {
	if r := t.clock.Load(); r != nil && !r.told.IsZero() {
		return r.told
	}
	return t.cfg.Now().UTC()
}

// journal notes a call in r and takes the time from its answer.
func (t *Tenant) journal(r *row) func(btpclient.Call) {
	return func(c btpclient.Call) {
		t.readClock(c)
		t.mu.Lock()
		defer t.mu.Unlock()
		now := t.now()
		if len(r.Calls) == 0 {
			r.CreatedAt = now // until then nobody had told the time
		}
		r.UpdatedAt, r.settled = now, nil
		r.Calls = append(r.Calls, Call{Step: c.Step, Method: c.Method, Path: c.Path, Status: c.Status})
		if extra := len(r.Calls) - maxCalls; extra > 0 {
			r.Calls = append(r.Calls[:0], r.Calls[extra:]...)
		}
	}
}

// readClock takes the time from the answer to a call.
// Of calls side by side the one that began last counts: an answer that was long on
// its way must not set the clock back.
func (t *Tenant) readClock(c btpclient.Call) {
	if c.Status == 0 {
		return // no answer
	}
	now := &reading{c.Time.UTC(), c.Began}
	for {
		known := t.clock.Load()
		if known != nil && now.began.Before(known.began) || t.clock.CompareAndSwap(known, now) {
			return
		}
	}
}

// reading is what a registry's answer told of its clock; zero: it tells no time.
type reading struct {
	told time.Time
	// began is when the call began, in real time.
	began time.Time
}

func (t *Tenant) status(code string) Status { return Status{Code: code, Label: t.label(code)} }

func (t *Tenant) label(code string) string {
	labels := t.cfg.Product.Labels
	return map[string]string{
		InProgress: labels.InProgress, Registered: labels.Registered, Disabled: labels.Disabled, Deregistered: labels.Deregistered,
		Failed: labels.Failed,
	}[code]
}

// freshToken tells the admin how to come to a new token, in the words of the
// registry's edition (domain §7.1, §7.2).
func (t *Tenant) freshToken(edition string) string {
	how := map[string]string{"v1": "Display Token", "v2": "Get Token"}[edition]
	if how == "" {
		how = "Display Token or Get Token"
	}
	return fmt.Sprintf("Ask for a new integration token in the SAP BTP cockpit (System Landscape > Systems, %s) and enter it as %s in a new %s.",
		how, t.cfg.Product.Console.Field, t.cfg.Product.Console.Row)
}

// blockedByFailed refuses a token for a system that has a failed row, where the
// product wants that deleted first. The token is not verified yet: what it claims
// keeps nobody but its bearer from pairing. The caller holds t.mu.
func (t *Tenant) blockedByFailed(claimedSystem string) error {
	if !t.cfg.Product.FailedFirst || claimedSystem == "" {
		return nil
	}
	failed := t.newest(func(r *row) bool { return r.Status.Code == Failed && r.SystemID == claimedSystem })
	if failed == nil {
		return nil
	}
	return refuse(failedExtensionExists, "the %s %s of system %s is %s; a new token for this system helps only when it is deleted",
		t.cfg.Product.Console.Row, failed.ID, claimedSystem, failed.Status.Label)
}

// deleteFirst begins what the admin of a failed row does next. The caller holds t.mu
// or has r for itself.
func (t *Tenant) deleteFirst(r *row) string {
	if !t.cfg.Product.FailedFirst || r.SystemID == "" {
		return ""
	}
	return fmt.Sprintf("First delete this failed %s (%s). ", t.cfg.Product.Console.Row, t.cfg.Product.Console.Delete)
}

var errInterrupted = errors.New("the tenant was stopped while the pairing was in progress (interrupted)")
