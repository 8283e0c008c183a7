package btp

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Policy are the decisions that can be switched (design §4, pairing-protocols §10.3).
type Policy struct {
	// AttemptDeadline is how long an accepted token waits for its pairing to
	// complete; the follow-up token lives as long.
	AttemptDeadline time.Duration
	// CertificateValidity counts from issuing.
	CertificateValidity time.Duration
	// RejectedCSRs is the number of refused certificate requests that fails a pairing.
	RejectedCSRs int
	// BurnOnRejectedCSR ends the attempt with the first refused CSR, as Compass does.
	BurnOnRejectedCSR bool
	// AbandonedIsError moves the system of an abandoned attempt to Error.
	AbandonedIsError bool
	// StrictRevocation refuses every call with a certificate that its client revoked.
	StrictRevocation bool
	// CollisionsStopSync leaves a Kyma runtime as it is while two of its applications
	// would have one name, as Kyma's runtime agent does (sap-domain §15.2).
	CollisionsStopSync bool
	// TokenValidity overrides a system type's validity.
	TokenValidity map[string]time.Duration
	// Transitions say when transitions end, unless that is set while the
	// environment runs; one that is missing ends at once (design §4 durations).
	Transitions map[Transition]TransitionPolicy
}

// DefaultPolicy is design §4 with every switch as documented.
func DefaultPolicy() Policy {
	return Policy{AttemptDeadline: 10 * time.Minute, CertificateValidity: 90 * 24 * time.Hour, RejectedCSRs: 5}
}

// Clone shares no memory with p.
func (p Policy) Clone() Policy {
	p.TokenValidity, p.Transitions = maps.Clone(p.TokenValidity), maps.Clone(p.Transitions)
	return p
}

// TokenValidity is how long a token of type t is valid in this environment.
func (r *Registry) TokenValidity(t *SystemType) time.Duration { return r.policy.tokenValidity(t) }

func (p Policy) tokenValidity(t *SystemType) time.Duration {
	if d, ok := p.TokenValidity[t.Name]; ok {
		return d
	}
	return t.TokenValidity
}

// Config is what a registry is made of.
type Config struct {
	Store       Store
	Environment EnvironmentID
	// Edition is the edition wanted; "" takes the stored one, v1 at first start.
	Edition string
	// Seed is used at first start; 0 draws one.
	Seed uint64
	// KeyAlgorithm signs tokens; used at first start.
	KeyAlgorithm KeyAlgorithm
	Tokens       TokenSigner
	// NewAuthority makes a certificate authority at first start, unless
	// Authority brings one; OpenAuthority makes it usable.
	NewAuthority  func() (AuthorityMaterial, error)
	Authority     *AuthorityMaterial
	OpenAuthority func(AuthorityMaterial) (CertificateAuthority, error)
	// RealNow is real time; the environment's clock is built on it.
	RealNow func() time.Time
	// StartFrozen freezes the clock at this instant, at first start only.
	StartFrozen time.Time
	Policy      Policy
	// Terms are stored at first start; nil: none.
	Terms *Terms
	// Notifier tells tenants of deregistrations; nil: no tenant can be told.
	Notifier Notifier
	// Deliverer sends events to subscribers; nil: none is sent.
	Deliverer Deliverer
	// Workers do the due work of platform services; a kind without one has nothing to do.
	Workers map[DueKind]Worker
	// DefaultUser gives each subaccount without users the one of DefaultUserName.
	DefaultUser bool
	// Declarers make the objects of platform services that a landscape declares.
	Declarers map[ObjectKind]Declarer
	// DeclareInstance creates a service instance of a landscape, in the step that
	// declares it; nil: a landscape has none.
	DeclareInstance func(*Step, DeclaredInstance) error
	// Tenants are the ids of the landscape's own tenants: faults can be meant for
	// them before they have paired.
	Tenants []string
	// CallbackTimeout is how long, in real time, the Notifier lets a tenant take; a
	// fault's delay is cut there. 0: as long as a call may take at all.
	CallbackTimeout time.Duration
	// Faults are set at every start, and again when the environment is reset.
	Faults []DeclaredFault
	// Landscape is declared at first start, and again when the environment is reset.
	Landscape Landscape
	// Contents, if not nil, are what the environment holds at first start, instead
	// of a landscape; they bring their own seed, keys, authority and clock.
	Contents *Contents
	Log      *slog.Logger
	// Trace is told of each step of a flow that begins, and by what it returns of its
	// end: what it was about, and why it failed. Nil: nobody is.
	Trace func(ctx context.Context, point Point) (within context.Context, ended func(about Reference, err error))
}

// Registry is one environment of the simulated SAP BTP registry: its use cases.
type Registry struct {
	id      EnvironmentID
	config  Config
	store   Store
	tokens  TokenSigner
	edition *Edition
	policy  Policy
	real    func() time.Time
	journal Journal
	log     *slog.Logger
	notify  Notifier
	faults  faults
	waits   waits
	jobs    jobs
	tally   tally
	// tenants are the ids of the landscape's own.
	tenants []string
	// callTime is how long, in real time, a tenant may take to answer.
	callTime time.Duration
	// sleepers wait for instants of the clock; moved tells when it was moved.
	sleepers sleepers
	moved    signal

	generation atomic.Pointer[generation]
	keys       atomic.Pointer[[]SigningKey]
	clock      atomic.Pointer[knownClock]
	// moving serialises changes of the clock within this process.
	moving sync.Mutex
	wake   chan struct{}
	// changes counts the steps of this process that were saved.
	changes atomic.Uint64
	// nextDue is the instant that FireDue said to wait for, in Unix nanoseconds:
	// only earlier work needs to wake it.
	nextDue atomic.Int64
	// spare is an RSA key that was made ahead of need.
	spare chan []byte
	// deleted is closed when another process is found to have deleted the environment.
	deleted     chan struct{}
	foundItGone sync.Once
}

// Open opens an environment, and makes it in one step if the store has none.
// It refuses with EditionMismatch when the stored edition is not the one wanted.
func Open(ctx context.Context, c Config) (*Registry, error) {
	r := &Registry{
		id: c.Environment, config: c, store: c.Store, tokens: c.Tokens, policy: c.Policy, real: c.RealNow, log: c.Log,
		notify: c.Notifier, wake: make(chan struct{}, 1), tenants: c.Tenants, spare: make(chan []byte, 1), deleted: make(chan struct{}),
		callTime: cmp.Or(c.CallbackTimeout, callLimit),
	}
	if err := c.Policy.checkTransitions(); err != nil {
		return nil, err
	}
	r.jobs.places = make(chan struct{}, maxJobs)
	// Not of ctx: who asks for an environment may be one that meets no faults.
	r.jobs.whole, r.jobs.end = context.WithCancel(context.Background())
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	known, err := r.load(ctx)
	if err != nil {
		return nil, err
	}
	if !known {
		if err := r.create(ctx, c); err != nil {
			return nil, fmt.Errorf("create environment %s: %w", c.Environment, err)
		}
		if known, err = r.load(ctx); err != nil || !known {
			return nil, fmt.Errorf("open environment %s after creating it: %w", c.Environment, err)
		}
	}
	if err := r.declareFaults(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Registry) declareFaults(ctx context.Context) error {
	for i, d := range r.config.Faults {
		if err := r.declareFault(ctx, d); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	return nil
}

// create stores a new environment with its clock, keys, authority and landscape
// in one step. Another process may win; then its environment is kept.
func (r *Registry) create(ctx context.Context, c Config) error {
	if c.Contents != nil {
		return r.createFrom(ctx, *c.Contents)
	}
	edition, err := EditionNamed(c.Edition)
	if err != nil {
		return err
	}
	if err := c.Landscape.checkSinks(ctx, c.Deliverer); err != nil {
		return err
	}
	material := c.Authority
	if material == nil {
		made, err := c.NewAuthority()
		if err != nil {
			return fmt.Errorf("make certificate authority: %w", err)
		}
		material = &made
	}
	key, err := c.Tokens.NewKey(c.KeyAlgorithm)
	if err != nil {
		return err
	}
	clock := c.firstClock(c.RealNow())
	key.CreatedAt = clock.At
	env := Environment{
		ID: c.Environment, UUID: uuid.NewString(), Edition: edition.ID, Seed: c.Seed,
		Clock: clock, ActiveKey: key.ID, KeyAlgorithm: key.Algorithm,
	}
	if env.Seed == 0 {
		env.Seed = drawSeed()
	}
	r.edition = edition
	return r.store.Update(ctx, r.id, func(tx Tx) error {
		if _, known, err := tx.Environment().Find(); err != nil || known {
			return err
		}
		u := &unit{Tx: tx, r: r, env: env, now: clock.At}
		if err := errors.Join(tx.Authorities().Put(ClientAuthority, *material), tx.Keys().Put(key)); err != nil {
			return err
		}
		if err := u.declare(c.Landscape); err != nil {
			return err
		}
		return errors.Join(c.putTerms(tx), tx.Environment().Put(u.env))
	})
}

func (c *Config) putTerms(tx Tx) error {
	if c.Terms == nil {
		return nil
	}
	return tx.Environment().PutTerms(*c.Terms)
}

func drawSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return binary.BigEndian.Uint64(b[:])>>1 | 1
}

// ID is the environment's name.
func (r *Registry) ID() EnvironmentID { return r.id }

// Edition is the environment's edition.
func (r *Registry) Edition() *Edition { return r.edition }

// Issuer is the iss claim of the environment's tokens.
func (r *Registry) Issuer() string { return r.generation.Load().issuer }

// Journal is the environment's journal.
func (r *Registry) Journal() *Journal { return &r.journal }

// Now is the environment's time, as this process knows it: another process on
// the same store may have moved the clock since the last step.
func (r *Registry) Now() time.Time { return r.clock.Load().Now(r.real()).UTC() }

// unit is one run of one atomic step.
type unit struct {
	Tx
	r  *Registry
	of *generation
	// scope is the only global account whose objects the caller sees; "" for all.
	scope GlobalAccountID
	env   Environment
	now   time.Time
	// real is the real time of now.
	real    time.Time
	entries []Entry
	// scheduled is the earliest instant for which due work was put.
	scheduled time.Time
	// clockMoved says that waiting for due work must be worked out again.
	clockMoved bool
	// completed counts the pairings that the step completes.
	completed uint64
	// events counts those that the step accepts and delivers.
	events eventTally
	// runtimes are the applications by subaccount before the first change of the
	// step that may alter them; nil: there was none, or nobody wants to know.
	runtimes map[SubaccountID][]SystemID
}

// update runs change as one atomic step. Journal entries are kept only if it is saved.
func (r *Registry) update(ctx context.Context, change func(*unit) error) error {
	var u *unit
	err := r.upToDate(ctx, func() error {
		return r.store.Update(ctx, r.id, func(tx Tx) error {
			env, g, err := r.environment(ctx, tx)
			if err != nil {
				return err
			}
			real := r.real()
			u = &unit{Tx: tx, r: r, of: g, scope: scopeOf(ctx), env: env, now: env.Clock.Now(real).UTC(), real: real}
			if err := change(u); err != nil {
				return err
			}
			if err := u.syncRuntimes(); err != nil {
				return err
			}
			if u.env == env {
				return nil
			}
			return tx.Environment().Put(u.env)
		})
	})
	if err != nil {
		return err
	}
	r.changes.Add(1)
	r.tally.add(u.completed, u.events)
	r.noticeClock(u.env)
	u.journal(ctx)
	if u.clockMoved || !u.scheduled.IsZero() && u.scheduled.UnixNano() < r.nextDue.Load() {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// view runs read over one consistent state.
func (r *Registry) view(ctx context.Context, read func(*unit) error) error {
	return r.upToDate(ctx, func() error {
		return r.store.View(ctx, r.id, func(tx Tx) error {
			env, g, err := r.environment(ctx, tx)
			if err != nil {
				return err
			}
			r.noticeClock(env)
			return read(&unit{Tx: tx, r: r, of: g, scope: scopeOf(ctx), env: env, now: env.Clock.Now(r.real()).UTC()})
		})
	})
}

// journal notes what the step decided, once it is saved.
func (u *unit) journal(ctx context.Context) {
	request := requestOf(ctx)
	for i := range u.entries {
		u.entries[i].Request = request
	}
	u.r.journal.Append(u.entries...)
}

// knownClock is the clock of a generation.
type knownClock struct {
	Clock
	generation uint64
}

// noticeClock keeps what the store says of the clock, unless something newer is
// known: a view may end after the change that it did not see. Only another
// generation sets the clock back.
func (r *Registry) noticeClock(env Environment) {
	c := knownClock{env.Clock, env.Generation}
	for {
		known := r.clock.Load()
		if known != nil && (*known == c || c.olderThan(known)) {
			return
		}
		newer := c // a clock that is known already, as in nearly every step, takes no memory
		if r.clock.CompareAndSwap(known, &newer) {
			r.moved.send()
			return
		}
	}
}

func (c *knownClock) olderThan(known *knownClock) bool {
	if c.generation != known.generation {
		return c.generation < known.generation
	}
	return c.Ref.Before(known.Ref) || c.Ref.Equal(known.Ref) && c.At.Before(known.At)
}

// step runs one step of a flow. It is the one place that journals a refusal,
// and where faults act. about may be filled in by fn.
func (r *Registry) step(ctx context.Context, point Point, about *Reference, fn func(context.Context) error) error {
	return r.stepOf(ctx, point, about, nil, fn)
}

// stepOf is step for one that finds out only in fn whom it is about: who tells it
// beforehand, when there is a fault that wants to know.
func (r *Registry) stepOf(
	ctx context.Context, point Point, about *Reference, who whoComes, fn func(context.Context) error,
) (err error) {
	if trace := r.config.Trace; trace != nil {
		within, ended := trace(ctx, point)
		ctx = within
		defer func() { ended(*about, err) }()
	}
	ctx = inOneGeneration(ctx)
	var struck []strike
	if r.FaultsSet() {
		var s subject
		if struck, s, err = r.struck(ctx, point, *about, who); len(struck) > 0 && about.Name == "" {
			*about = s.Reference
		}
	}
	switch {
	case err != nil:
	case len(struck) == 0:
		err = fn(within(ctx, point, about))
	default:
		err = r.suffer(ctx, point, about, struck, func(ctx context.Context) error { return fn(within(ctx, point, about)) })
	}
	ExchangeOf(ctx).Note(point, *about)
	if err == nil || ctx.Err() != nil && CodeOf(err) == Internal {
		return err // done, or the caller has gone: nobody was refused
	}
	var refused *Error
	if !errors.As(err, &refused) {
		r.log.ErrorContext(ctx, "step failed", "point", point, "system", about.System, "error", err)
		refused = &Error{Code: Internal, Detail: "internal error"}
	}
	r.journal.Append(Entry{
		At: r.Now(), Kind: EntryRefusal, Point: point, Request: requestOf(ctx), About: *about,
		Rule: string(refused.Code), Source: SourceOf(refused.Code), Detail: refused.Detail, Faults: rulesOf(struck),
	})
	return err
}

// look runs a read as a step.
func (r *Registry) look(ctx context.Context, point Point, about Reference, read func(*unit) error) error {
	return r.step(ctx, point, &about, func(ctx context.Context) error { return r.view(ctx, read) })
}

// change runs an atomic step as a step of a flow that is about no system.
func (r *Registry) change(ctx context.Context, point Point, change func(*unit) error) error {
	var about Reference
	return r.step(ctx, point, &about, func(ctx context.Context) error { return r.update(ctx, change) })
}

// record notes what a step decided; it is kept when the step is saved.
func (u *unit) record(kind EntryKind, point Point, s *System, rule, source, detail string) {
	e := Entry{At: u.now, Kind: kind, Point: point, Rule: rule, Source: source, Detail: detail}
	if s != nil {
		e.About = s.Reference()
	}
	u.entries = append(u.entries, e)
}

// move applies an event to s, saves it and notes the transition.
func (u *unit) move(point Point, s *System, on Event) error {
	from := s.Status
	m, err := s.apply(u.r.edition, on)
	if err != nil {
		return err
	}
	if err := u.changesRuntimes(); err != nil {
		return err
	}
	s.UpdatedAt = u.now
	if s.Status == Gone {
		if err := u.erase(s); err != nil {
			return err
		}
	} else if err := u.Systems().Put(*s); err != nil {
		return err
	}
	if from != s.Status {
		u.record(EntryTransition, point, s, string(on), m.Source,
			fmt.Sprintf("%s → %s", statusText(u.r.edition, from), statusText(u.r.edition, s.Status)))
	}
	return nil
}

func statusText(e *Edition, s Status) string {
	if s == Gone {
		return "gone"
	}
	if label := e.Label(s); label != "" {
		return label
	}
	return "(empty)"
}

// schedule stores due work.
func (u *unit) schedule(at time.Time, kind DueKind, subject string) error {
	return u.putDue(Due{At: at, Kind: kind, Subject: subject})
}

func (u *unit) putDue(d Due) error {
	if !d.waits() && (u.scheduled.IsZero() || d.At.Before(u.scheduled)) {
		u.scheduled = d.At
	}
	return u.Due().Put(d)
}
