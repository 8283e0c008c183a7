// Package memory keeps a registry's objects in the memory of the process. What
// it holds dies with it: it is the store of tests and of landscapes on trial.
//
// Every environment has one lock: changes run alone, reads side by side. A change
// works on the state itself and leaves the inverse of each step in an undo log,
// which is played back when the change is refused or panics. Records are never
// modified once stored, only replaced by new ones, so an inverse is the same
// replacement with both sides swapped.
package memory

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"
	"golang.org/x/sync/semaphore"

	"github.com/pairsim/pairsim/btp"
)

var (
	errReadOnly = errors.New("memory store: a view cannot write")
	errClosed   = errors.New("memory store: closed")
)

// Store is a btp.Store in memory.
type Store struct {
	closed atomic.Bool
	mu     sync.Mutex
	envs   map[btp.EnvironmentID]*state
}

var _ btp.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store { return &Store{envs: map[btp.EnvironmentID]*state{}} }

// Update runs change alone in env and undoes it if it fails or panics.
func (s *Store) Update(ctx context.Context, env btp.EnvironmentID, change func(btp.Tx) error) error {
	st, err := s.open(ctx, env, allReaders)
	if err != nil {
		return err
	}
	saved := false
	defer func() {
		st.finish(saved)
		if st.saved = st.saved || saved; !st.saved {
			s.remove(env, st) // nothing is left of an environment that nobody has changed
		}
		st.lock.Release(allReaders)
	}()
	if err := change(&tx{state: st, writable: true}); err != nil {
		return err
	}
	saved = true
	return nil
}

// View runs read beside other reads; no change happens meanwhile.
func (s *Store) View(ctx context.Context, env btp.EnvironmentID, read func(btp.Tx) error) error {
	st, err := s.open(ctx, env, 1)
	if err != nil {
		return err
	}
	defer st.lock.Release(1)
	return read(&tx{state: st})
}

// Close makes the store refuse everything.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

// Environments lists the environments that have a record.
func (s *Store) Environments(ctx context.Context) ([]btp.EnvironmentID, error) {
	s.mu.Lock()
	ids := slices.Sorted(maps.Keys(s.envs))
	s.mu.Unlock()
	known := ids[:0]
	for _, id := range ids {
		err := s.View(ctx, id, func(t btp.Tx) error {
			_, there, err := t.Environment().Find()
			if there {
				known = append(known, id)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return known, nil
}

// Drop removes an environment when nobody is at it.
func (s *Store) Drop(ctx context.Context, env btp.EnvironmentID) error {
	st, err := s.open(ctx, env, allReaders)
	if err != nil {
		return err
	}
	s.remove(env, st)
	st.lock.Release(allReaders)
	return nil
}

// remove takes st, whose lock the caller holds alone, from its environment.
func (s *Store) remove(env btp.EnvironmentID, st *state) {
	st.dropped = true
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.envs, env)
}

// open returns the state of env, locked with weight.
func (s *Store) open(ctx context.Context, env btp.EnvironmentID, weight int64) (*state, error) {
	for {
		if s.closed.Load() {
			return nil, errClosed
		}
		s.mu.Lock()
		st, ok := s.envs[env]
		if !ok {
			st = newState() // who only reads leaves nothing behind
			if weight == allReaders {
				s.envs[env] = st
			}
		}
		s.mu.Unlock()
		if err := st.lock.Acquire(ctx, weight); err != nil {
			return nil, err
		}
		if !st.dropped {
			return st, nil
		}
		st.lock.Release(weight) // it was dropped while we waited
	}
}

// allReaders is the weight of a change; a read weighs 1.
const allReaders = 1 << 30

// state is one environment.
type state struct {
	// lock is a read-write lock whose waiting ends with the context. It is
	// first come, first served: neither side starves.
	lock *semaphore.Weighted
	undo []func()
	// numbers orders what was put when.
	numbers uint64
	// dropped says that the state is no longer the environment's; saved, that it
	// has ever been changed. Both belong to who holds the lock.
	dropped, saved bool
	records
}

// records are what an environment holds, with its indexes.
type records struct {
	known        bool
	terms        *btp.Terms
	environment  btp.Environment
	keys         []btp.SigningKey
	authorities  map[string]btp.AuthorityMaterial
	globals      btree.Map[btp.GlobalAccountID, *btp.GlobalAccount]
	subdomains   map[string]*btp.GlobalAccount
	subs         btree.Map[btp.SubaccountID, *btp.Subaccount]
	rows         map[btp.SystemID]*row
	names        map[nameKey]*row
	applications map[string]*row
	lists        ordered[list, *row]
	words        map[string]string
	tokens       map[btp.TokenID]*token
	live         map[liveKey]map[btp.TokenID]*token
	attempts     map[btp.AttemptID]*btp.Attempt
	followUps    map[btp.Digest]*btp.Attempt
	certificates map[btp.Serial]*btp.Certificate
	due          map[dueKey]*due
	agenda       *btree.BTreeG[*due] // what waits for its instant only
	held         *btree.BTreeG[*due]
	holds        map[btp.HoldID]*due
	policies     map[btp.Transition]*btp.TransitionPolicy

	formations       map[btp.FormationID]*btp.Formation
	formationNames   map[nameKey]*btp.Formation
	formationLists   ordered[formationList, *btp.Formation]
	boards           map[btp.FormationID]*board
	entitlements     map[btp.EntitlementID]*btp.Entitlement
	entitlementLists ordered[entitlementList, *btp.Entitlement]
	incidents        map[btp.IncidentID]*btp.Incident
	incidentLists    ordered[incidentList, *btp.Incident]
	reserved         map[nameKey]*btp.Reservation
	releases         map[btp.Digest]*btp.Reservation
	replays          map[string]*btp.Replay
	clients          btree.Map[string, *btp.OAuthClient]

	subscriptions     map[btp.SubscriptionID]*btp.Subscription
	subscriptionLists ordered[btp.SubaccountID, *btp.Subscription] // "": all
	deliveryLists     ordered[deliveryList, *btp.Delivery]

	objects     map[objectKey]*btp.Object
	objectNames map[objectName]*btp.Object
	objectLists ordered[objectList, *btp.Object]
}

func newState() *state {
	return &state{lock: semaphore.NewWeighted(allReaders), records: noRecords()}
}

func noRecords() records {
	return records{
		authorities:  map[string]btp.AuthorityMaterial{},
		subdomains:   map[string]*btp.GlobalAccount{},
		rows:         map[btp.SystemID]*row{},
		names:        map[nameKey]*row{},
		applications: map[string]*row{},
		lists:        ordered[list, *row]{},
		words:        map[string]string{},
		tokens:       map[btp.TokenID]*token{},
		live:         map[liveKey]map[btp.TokenID]*token{},
		attempts:     map[btp.AttemptID]*btp.Attempt{},
		followUps:    map[btp.Digest]*btp.Attempt{},
		certificates: map[btp.Serial]*btp.Certificate{},
		due:          map[dueKey]*due{},
		agenda:       btree.NewBTreeGOptions((*due).before, btree.Options{NoLocks: true}),
		held:         btree.NewBTreeGOptions((*due).before, btree.Options{NoLocks: true}),
		holds:        map[btp.HoldID]*due{},
		policies:     map[btp.Transition]*btp.TransitionPolicy{},

		formations:       map[btp.FormationID]*btp.Formation{},
		formationNames:   map[nameKey]*btp.Formation{},
		formationLists:   ordered[formationList, *btp.Formation]{},
		boards:           map[btp.FormationID]*board{},
		entitlements:     map[btp.EntitlementID]*btp.Entitlement{},
		entitlementLists: ordered[entitlementList, *btp.Entitlement]{},
		incidents:        map[btp.IncidentID]*btp.Incident{},
		incidentLists:    ordered[incidentList, *btp.Incident]{},
		reserved:         map[nameKey]*btp.Reservation{},
		releases:         map[btp.Digest]*btp.Reservation{},
		replays:          map[string]*btp.Replay{},

		subscriptions:     map[btp.SubscriptionID]*btp.Subscription{},
		subscriptionLists: ordered[btp.SubaccountID, *btp.Subscription]{},
		deliveryLists:     ordered[deliveryList, *btp.Delivery]{},

		objects:     map[objectKey]*btp.Object{},
		objectNames: map[objectName]*btp.Object{},
		objectLists: ordered[objectList, *btp.Object]{},
	}
}

// finish ends a change: its inverses are played back, last first, unless it is saved.
func (s *state) finish(saved bool) {
	for i := len(s.undo) - 1; i >= 0 && !saved; i-- {
		s.undo[i]()
	}
	const keep = 256 // what a large change needed is given back
	if cap(s.undo) > keep {
		s.undo = nil
		return
	}
	clear(s.undo)
	s.undo = s.undo[:0]
}

func (s *state) number() uint64 {
	s.numbers++
	return s.numbers
}

// row holds together what belongs to a system, so that no index by system is
// needed beside it.
type row struct {
	system       *btp.System // nil: only the others are there
	tokens       []*token    // by number
	attempt      *btp.Attempt
	certificates []*btp.Certificate // by NotBefore, then serial
	services     []*btp.Service     // by Sequence
}

func (s *state) row(id btp.SystemID) *row {
	r, ok := s.rows[id]
	if !ok {
		r = &row{}
		s.rows[id] = r
	}
	return r
}

// settle drops a row that holds nothing any more.
func (s *state) settle(id btp.SystemID, r *row) {
	if r.system == nil && len(r.tokens) == 0 && r.attempt == nil && len(r.certificates) == 0 && len(r.services) == 0 {
		delete(s.rows, id)
	}
}

// tx is one run of a change or read.
type tx struct {
	*state
	writable bool
}

func (t *tx) Environment() btp.EnvironmentStore    { return environments{t} }
func (t *tx) Accounts() btp.AccountStore           { return accounts{t} }
func (t *tx) Systems() btp.SystemStore             { return systems{t} }
func (t *tx) Tokens() btp.TokenStore               { return tokens{t} }
func (t *tx) Keys() btp.KeyStore                   { return keys{t} }
func (t *tx) Attempts() btp.AttemptStore           { return attempts{t} }
func (t *tx) Certificates() btp.CertificateStore   { return certificates{t} }
func (t *tx) Services() btp.ServiceStore           { return services{t} }
func (t *tx) Due() btp.DueStore                    { return dues{t} }
func (t *tx) Authorities() btp.AuthorityStore      { return authorities{t} }
func (t *tx) Formations() btp.FormationStore       { return formations{t} }
func (t *tx) Assignments() btp.AssignmentStore     { return assignments{t} }
func (t *tx) Entitlements() btp.EntitlementStore   { return entitlements{t} }
func (t *tx) Incidents() btp.IncidentStore         { return incidents{t} }
func (t *tx) Reservations() btp.ReservationStore   { return reservations{t} }
func (t *tx) Replays() btp.ReplayStore             { return replays{t} }
func (t *tx) OAuthClients() btp.OAuthClientStore   { return oauthClients{t} }
func (t *tx) Transitions() btp.TransitionStore     { return transitions{t} }
func (t *tx) Subscriptions() btp.SubscriptionStore { return subscriptions{t} }
func (t *tx) Deliveries() btp.DeliveryStore        { return deliveries{t} }
func (t *tx) Objects() btp.ObjectStore             { return objects{t} }
func (t *tx) Contents() btp.ContentsStore          { return contents{t} }

// swap replaces old with now, of which nil means absent, and notes the inverse.
func swap[T any](t *tx, replace func(s *state, old, now *T), old, now *T) error {
	if !t.writable {
		return errReadOnly
	}
	if old == nil && now == nil {
		return nil
	}
	s := t.state
	replace(s, old, now)
	s.undo = append(s.undo, func() { replace(s, now, old) })
	return nil
}

// assign sets a value of the state and notes the inverse.
func assign[T any](t *tx, place *T, value T) error {
	if !t.writable {
		return errReadOnly
	}
	old := *place
	*place = value
	t.undo = append(t.undo, func() { *place = old })
	return nil
}
