package landscape

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/callback"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/eventsink"
	"github.com/pairsim/pairsim/btp/faultwire"
	"github.com/pairsim/pairsim/btp/journal"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/recording"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/btp/tokenservice"
	"github.com/pairsim/pairsim/internal/meter"
	"github.com/pairsim/pairsim/internal/publicurl"
	"github.com/pairsim/pairsim/internal/snapshot"
	"github.com/pairsim/pairsim/internal/strict"
	"github.com/pairsim/pairsim/internal/tenant"
)

// environment is one isolated world of the process: nothing that belongs to it is
// seen in another. The process lends it listeners, store and transports.
type environment struct {
	process *Landscape
	id      btp.EnvironmentID
	prefix  string // of its paths: "" for the first
	world   World
	// createdAt and expiresAt are real; zero for the first.
	createdAt, expiresAt time.Time
	expiry               *time.Timer // nil: it lasts

	registry *btp.Registry         // nil without the registry
	tokens   *tokenservice.Service // likewise
	services *services.Engine      // likewise
	bus      *eventmesh.Bus        // likewise
	urls     *publicurl.Book
	platform *platform           // nil without the registry
	strict   *strict.Layer       // nil: friendly
	journal  *journal.Files      // nil: it is in memory alone
	messages *recording.Recorder // nil: nothing is recorded
	tenants  []*tenant.Tenant
	meter    *meter.Meter
	// snapshots is registry and tenants as one thing; nil without the registry.
	snapshots *snapshot.Environment

	public, serverControl http.Handler
	// friendly is public without strictness, for the control listener.
	friendly http.Handler
	routed   sync.Once           // both are made when one is first asked, or nobody can ask any more
	control  func() http.Handler // made when it is first asked
	atEnd    []func()            // what lets go of connections when no request comes any more

	// announced is closed when tenants have told where they are reached: due work
	// would call them where they were.
	announced chan struct{}
	// life ends with the environment; its cause is what requests are answered then.
	life     context.Context //nolint:containedctx // of its loop and of requests under way
	end      context.CancelCauseFunc
	running  sync.WaitGroup
	requests gate
	log      *slog.Logger
}

// newEnvironment makes one that has neither registry nor tenants yet.
func (l *Landscape) newEnvironment(id btp.EnvironmentID, w World) (*environment, error) {
	urls, err := publicurl.New(l.httpPort, l.mtlsPort, l.config.PublicURL, l.config.PublicMTLSURL, l.config.TLSNames...)
	if err != nil {
		return nil, err
	}
	e := &environment{process: l, id: id, world: w, urls: urls, log: l.log, announced: make(chan struct{})}
	if id != btp.DefaultEnvironment {
		e.prefix, e.log = prefixOf(id), l.log.With("environment", string(id))
	}
	if l.Control != "" && !w.NoJournal && !w.NoMessages {
		e.messages = &recording.Recorder{}
	}
	e.life, e.end = context.WithCancelCause(context.Background())
	return e, nil
}

// openRegistry opens the stored environment, or makes it.
func (e *environment) openRegistry(ctx context.Context) error {
	l, w := e.process, e.world
	var given *btp.AuthorityMaterial
	var terms *btp.Terms
	if e.id != btp.DefaultEnvironment {
		terms = &btp.Terms{CreatedAt: e.createdAt, ExpiresAt: e.expiresAt, Policy: w.Policy, Tenants: w.Tenants, Landscape: w.Landscape, StartFrozen: w.StartFrozen}
	} else {
		var err error
		if given, err = loadAuthority(l.config.ClientCA); err != nil {
			return fmt.Errorf("client CA: %w", err)
		}
	}
	policy := w.Policy
	policy.AttemptDeadline = w.Strict.AttemptDeadline(policy.AttemptDeadline)
	var contents *btp.Contents
	if w.Snapshot != nil {
		c := w.Snapshot.Contents()
		contents = &c
	}
	var err error
	if e.platform, err = e.newPlatform(); err != nil {
		return err
	}
	var made *pki.ClientCA // usable at once, unless another process was first
	e.registry, err = btp.Open(ctx, btp.Config{
		Store: l.store, Environment: e.id, Edition: w.Edition, Seed: w.Seed,
		KeyAlgorithm: btp.KeyAlgorithm(w.KeyAlgorithm), Tokens: token.NewSigner(e.newRSA),
		NewAuthority: func() (m btp.AuthorityMaterial, err error) {
			made, m, err = pki.NewClientCA(l.config.RealNow())
			return m, err
		},
		Authority: given,
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) {
			if made != nil && made.Is(m) {
				e.platform.shown.trust(made)
				return made, nil
			}
			opened, err := pki.OpenClientCA(m)
			if err != nil {
				return nil, err
			}
			e.platform.shown.trust(opened)
			return opened, nil
		},
		Workers: e.platform.workers(),
		RealNow: l.config.RealNow, StartFrozen: w.StartFrozen, Policy: policy, Landscape: w.Landscape, Contents: contents,
		Terms: terms, Log: e.log, Trace: l.traceSteps(),
		// Nobody logs in unasked where roles are asked for.
		DefaultUser:     !l.config.Auth,
		DeclareInstance: e.platform.catalogue.Declare,
		Declarers:       map[btp.ObjectKind]btp.Declarer{btp.KindUser: btp.DeclareUser, btp.KindDestination: destination.Declare}, //nolint:exhaustive // no others are declared
		Tenants:         e.tenantIDs(), Faults: w.Faults, CallbackTimeout: cmp.Or(w.CallbackTimeout, CallbackTimeout),
		Deliverer: eventsink.Deliverer{Client: e.observed(l.outboundClient(cmp.Or(w.CallbackTimeout, CallbackTimeout)))},
		Notifier:  callback.Notifier{Client: e.observed(l.outboundClient(cmp.Or(w.CallbackTimeout, CallbackTimeout)))},
	})
	if err != nil {
		return err
	}
	e.services = e.platform.catalogue.On(e.registry)
	e.bus = &eventmesh.Bus{Registry: e.registry, Pusher: e.platform.pusher}
	e.strict = strict.New(strict.Config{
		Settings: w.Strict, Registry: e.registry, RealNow: l.config.RealNow, Root: e.registry.AuthorityPEM,
		AttemptDeadline: w.Policy.AttemptDeadline,
	})
	if w.NoJournal {
		e.registry.Journal().Discard()
	} else if err := e.keepJournal(); err != nil {
		return err
	}
	e.tokens = tokenservice.New(tokenservice.Config{Registry: e.registry, URLs: e.urls, NewRSA: e.newRSA, Log: e.log})
	return nil
}

func (e *environment) newRSA() (*rsa.PrivateKey, error) {
	if source := e.world.RegistryKeys; source != nil {
		return source()
	}
	return keys.Take(context.Background())
}

// begin makes ready to be served, and to do what is due once it goes live.
func (e *environment) begin() {
	releaseMode()
	e.meter = e.newMeter()
	if e.registry != nil {
		e.snapshots = &snapshot.Environment{Registry: e.registry, Tenants: e.tenants, Replaced: e.replaced}
	}
	e.control = sync.OnceValue(func() http.Handler { return e.controls(nil) })
	if e.id == btp.DefaultEnvironment {
		e.serverControl = e.controls(e.process)
	}
	if e.registry != nil {
		e.running.Go(e.fireDue)
		e.running.Go(e.noticeDeletion)
	}
}

// noticeDeletion lets the environment go when another process has deleted it.
func (e *environment) noticeDeletion() {
	select {
	case <-e.life.Done():
	case <-e.registry.Deleted():
		go e.process.letGo(e) // which waits for this to end
	}
}

// controls is controlRouter, in which tests have their part.
func (e *environment) controls(environments control.Environments) http.Handler {
	router := e.messages.Wrap(e.controlRouter(environments)) // what it passes on, too
	if e.world.WrapControl != nil {
		router = e.world.WrapControl(router)
	}
	return router
}

// route makes what the public listeners serve, and the same for the control listener.
func (e *environment) route() {
	e.friendly = e.publicRouter()
	if e.registry != nil {
		e.friendly = faultwire.Handler(e.registry, e.friendly)
	}
	// Outside of the faults, which look for what they garble where it stands in a
	// friendly answer.
	e.public = e.strict.Wrap(e.friendly)
	e.public = e.messages.Wrap(e.public)
	if wrap := e.world.WrapPublic; wrap != nil {
		e.friendly, e.public = wrap(e.friendly), wrap(e.public)
	}
}

// publicHandler serves the public listeners; it is the same whether or not the
// environment is named in the path.
func (e *environment) publicHandler(bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.routed.Do(e.route)
		e.public.ServeHTTP(w, r)
	})
}

// friendlyHandler is publicHandler without strictness.
func (e *environment) friendlyHandler(w http.ResponseWriter, r *http.Request) {
	e.routed.Do(e.route)
	e.friendly.ServeHTTP(w, r)
}

// unrouted is what nobody can ask any more.
func (e *environment) unrouted() {
	ended := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	e.friendly, e.public = ended, ended
}

// controlHandler serves the control listener. What is about the server stands
// where no environment is named.
func (e *environment) controlHandler(named bool) http.Handler {
	if !named && e.serverControl != nil {
		return e.serverControl
	}
	return e.control()
}

// edition is nil without the registry.
func (e *environment) edition() *btp.Edition {
	if e.registry == nil {
		return nil
	}
	return e.registry.Edition()
}

// goLive lets tenants tell the registry where they are reached, and then what is due
// happen. Requests are answered by now.
func (e *environment) goLive(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	e.announce(bounded)
	close(e.announced)
}

// announce lets tenants tell the registry where they are reached now.
func (e *environment) announce(ctx context.Context) {
	for _, t := range e.tenants {
		if err := t.Announce(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("the registry was not told where a tenant is reached", "tenant", t.ID(), "error", err)
		}
	}
}

// replaced begins anew after a reset or the import of a snapshot: what was said before
// belongs to what is gone.
func (e *environment) replaced(ctx context.Context) {
	e.messages.Clear()
	e.announce(ctx)
}

// fireDue carries out due work as its instants come, until the environment ends.
func (e *environment) fireDue() {
	// Another process on the same store may have put work there.
	const most = 30 * time.Second
	select {
	case <-e.announced:
	case <-e.life.Done():
		return
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	for {
		wait, waiting, err := e.registry.FireDue(e.life)
		if btp.CodeOf(err) == btp.EnvironmentGone {
			return
		}
		if err != nil && e.life.Err() == nil {
			e.log.ErrorContext(e.life, "due work failed; it is tried again", "error", err)
		}
		if !waiting || wait > most {
			wait = most
		}
		timer.Reset(wait)
		select {
		case <-e.life.Done():
			return
		case <-timer.C:
		case <-e.registry.Wake():
		}
	}
}

func (e *environment) closeTenants(ctx context.Context) error {
	var errs []error
	for _, t := range e.tenants {
		errs = append(errs, t.Close(ctx))
	}
	return errors.Join(errs...)
}

// endWaits lets every request go that a fault keeps waiting.
func (e *environment) endWaits() {
	if e.registry != nil {
		e.registry.EndWaits()
	}
}

// stop ends what the environment does by itself.
func (e *environment) stop() error {
	if e.expiry != nil {
		e.expiry.Stop()
	}
	e.end(nil)
	e.running.Wait()
	e.routed.Do(e.unrouted)
	for _, release := range e.atEnd {
		release()
	}
	if e.registry != nil {
		e.registry.Close()
	}
	if e.journal != nil {
		return e.journal.Close()
	}
	return nil
}

// gate counts requests under way until it is closed.
type gate struct {
	mu     sync.Mutex
	open   int
	closed bool
	empty  chan struct{} // made by close
}

// enter counts a request in, unless the gate is closed.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.open++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open--; g.open == 0 && g.closed {
		close(g.empty)
	}
}

// close lets nobody in any more; the channel is closed when the last has left.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.closed, g.empty = true, make(chan struct{})
		if g.open == 0 {
			close(g.empty)
		}
	}
	return g.empty
}
