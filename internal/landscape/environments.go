package landscape

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/control"
	"github.com/pairsim/pairsim/internal/snapshot"
)

const (
	// maxEnvironments are beside default.
	maxEnvironments = 1000
	// dropPatience is how long, in real time, a drop waits for requests and tenants
	// that it has told to end.
	dropPatience = 100 * time.Millisecond
)

// environments are those beside the first, by name; nil stands for one that is
// being made or dropped.
type environments struct {
	mu     sync.RWMutex
	open   map[btp.EnvironmentID]*environment
	closed bool
	busy   sync.WaitGroup // makes and drops under way
}

var errClosing = errors.New("the server is stopping")

// reserve takes a free name for one that is about to be made: put or release ends it.
func (s *environments) reserve(id btp.EnvironmentID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, taken := s.open[id]
	switch {
	case s.closed:
		return errClosing
	case taken || id == btp.DefaultEnvironment:
		return btp.Errorf(btp.NameTaken, "there is an environment %q already", id)
	case len(s.open) >= maxEnvironments:
		return btp.Errorf(btp.EnvironmentLimit, "there are %d environments, as many as a server has", len(s.open))
	}
	if s.open == nil {
		s.open = map[btp.EnvironmentID]*environment{}
	}
	s.open[id] = nil
	s.busy.Add(1)
	return nil
}

// put makes a reserved name an environment's. Its time, which may be up already, runs
// from here on: whoever is told of its end finds it.
func (s *environments) put(e *environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[e.id] = e
	e.expire()
	s.busy.Done()
}

// release gives a reserved or taken name back.
func (s *environments) release(id btp.EnvironmentID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
	s.busy.Done()
}

func (s *environments) find(id btp.EnvironmentID) *environment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.open[id]
}

// take keeps the name of an environment that is about to be dropped until
// release. With only, it takes no other of that name.
func (s *environments) take(id btp.EnvironmentID, only *environment) *environment {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.open[id]
	if s.closed || e == nil || only != nil && e != only {
		return nil
	}
	s.open[id] = nil
	s.busy.Add(1)
	return e
}

// all are the environments by name.
func (s *environments) all() []*environment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var list []*environment
	for _, id := range slices.Sorted(maps.Keys(s.open)) {
		if e := s.open[id]; e != nil {
			list = append(list, e)
		}
	}
	return list
}

// close lets nothing more be made or dropped, and waits for what is under way.
func (s *environments) close() []*environment {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.busy.Wait()
	return s.all()
}

// EnvironmentOptions say which environment to make.
type EnvironmentOptions struct {
	Name string
	// World is made from Landscape.World.
	World
	// SeedDocument is applied to World, for Edition if that is not empty; nil: none.
	SeedDocument json.RawMessage
	// TTL is how long, in real time, it lasts; 0: until it is dropped.
	TTL time.Duration
}

// World is what a new environment of l is made of unless something else is said:
// the built-in landscape under the switches of l. Without an edition it gets that
// of its seed or, for want of one, of default.
func (l *Landscape) World() World {
	w := l.config.World
	w.Seed, w.StartFrozen, w.Policy = 0, time.Time{}, w.Policy.Clone()
	w.Edition, w.Landscape, w.Tenants, w.Faults, w.Snapshot = "", btp.DefaultLandscape(), DefaultTenants(), nil, nil
	return w
}

// MakeEnvironment makes an environment, which is served when it returns. It
// refuses with NameInvalid, NameTaken or EnvironmentLimit, with InvalidRequest
// what its seed declares; then nothing of it is left.
func (l *Landscape) MakeEnvironment(ctx context.Context, o EnvironmentOptions) error {
	_, err := l.makeEnvironment(ctx, o)
	return err
}

func (l *Landscape) makeEnvironment(ctx context.Context, o EnvironmentOptions) (*environment, error) {
	if err := btp.CheckEnvironmentName(o.Name); err != nil {
		return nil, err
	}
	if !l.plays(RoleRegistry) {
		return nil, btp.Errorf(btp.InvalidRequest, "this process has no registry (--roles)")
	}
	if err := l.applySeed(&o); err != nil {
		return nil, err
	}
	if _, err := btp.EditionNamed(o.Edition); err != nil {
		return nil, err
	}
	id := btp.EnvironmentID(o.Name)
	if err := l.environments.reserve(id); err != nil {
		return nil, err
	}
	e, err := l.storeEnvironment(ctx, id, o)
	if err != nil {
		l.environments.release(id)
		var refused *btp.Error
		if o.SeedDocument != nil && errors.As(err, &refused) && refused.Code != btp.NameTaken {
			return nil, btp.Errorf(btp.InvalidRequest, "seed: %w", err)
		}
		return nil, err
	}
	l.environments.put(e)
	e.goLive(context.WithoutCancel(ctx))
	return e, nil
}

// applySeed writes what the seed document declares into o.World, and finds the edition.
func (l *Landscape) applySeed(o *EnvironmentOptions) error {
	asked := o.Edition
	if asked == "" {
		o.Edition = l.Edition.ID
	}
	if o.SeedDocument == nil {
		return nil
	}
	if l.config.ReadSeed == nil {
		return btp.Errorf(btp.InvalidRequest, "this server makes no environments from seeds")
	}
	cfg := l.config
	cfg.World = o.World
	if err := l.config.ReadSeed(o.SeedDocument, asked, &cfg); err != nil {
		return btp.Errorf(btp.InvalidRequest, "seed: %w", err)
	}
	o.World = cfg.World
	return nil
}

// storeEnvironment makes an environment, and takes everything of it back when
// that fails.
func (l *Landscape) storeEnvironment(ctx context.Context, id btp.EnvironmentID, o EnvironmentOptions) (*environment, error) {
	// Another process on the same store may have one of this name.
	known, err := l.store.Environments(ctx)
	if err != nil {
		return nil, err
	}
	if slices.Contains(known, id) {
		return nil, btp.Errorf(btp.NameTaken, "there is an environment %q already, made by another process on the same data", id)
	}
	now := l.config.RealNow().UTC()
	expires := time.Time{}
	if o.TTL > 0 {
		expires = now.Add(o.TTL)
	}
	// A process that died while it dropped one of this name has left its journal.
	if err := l.forgetJournal(id); err != nil {
		return nil, err
	}
	e, err := l.openEnvironment(ctx, id, o.World, now, expires)
	if err != nil {
		ctx = context.WithoutCancel(ctx)
		return nil, errors.Join(err, l.store.Drop(ctx, id), l.forget(id))
	}
	return e, nil
}

// openEnvironment opens a stored environment, or makes it, and starts it.
func (l *Landscape) openEnvironment(ctx context.Context, id btp.EnvironmentID, w World, created, expires time.Time) (*environment, error) {
	e, err := l.newEnvironment(id, w)
	if err != nil {
		return nil, err
	}
	if err := e.urls.Set(l.first.urls.Configured()); err != nil { // as it is known now
		return nil, err
	}
	e.createdAt, e.expiresAt = created, expires
	if err = e.openRegistry(ctx); err == nil {
		err = e.openTenants()
	}
	if err != nil {
		return nil, errors.Join(err, e.closeTenants(ctx), e.stop())
	}
	e.begin()
	return e, nil
}

// expire drops the environment when its time is up.
func (e *environment) expire() {
	if e.expiresAt.IsZero() {
		return
	}
	e.expiry = time.AfterFunc(e.expiresAt.Sub(e.process.config.RealNow()), func() { e.process.expired(e) })
}

func (l *Landscape) expired(e *environment) {
	if _, err := e.registry.ReadClock(e.life); btp.CodeOf(err) == btp.EnvironmentGone {
		return // one that another process has made under this name may have more time
	}
	if l.environments.take(e.id, e) == nil {
		return
	}
	e.log.Info("the environment's time is up")
	if err := l.drop(e, "its time was up"); err != nil {
		e.log.Error("the environment was not removed", "error", err)
	}
}

// letGo ends here an environment that another process has deleted. Its name may be
// another's by now, which is served when somebody asks for it.
func (l *Landscape) letGo(e *environment) {
	if e.id == btp.DefaultEnvironment || l.environments.take(e.id, e) == nil {
		return
	}
	defer l.environments.release(e.id)
	e.log.Info("another process has deleted the environment")
	if err := errors.Join(l.end(e, "another process deleted it"), l.forget(e.id)); err != nil {
		e.log.Error("what this process had of an environment was not removed", "error", err)
	}
}

// reopenEnvironments opens the stored environments, and drops what has expired.
func (l *Landscape) reopenEnvironments(ctx context.Context) error {
	folders, err := l.tenantFolders() // before the environments: a folder comes after its environment
	if err != nil {
		return err
	}
	stored, err := l.store.Environments(ctx)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if id := btp.EnvironmentID(folder); !slices.Contains(stored, id) {
			if err := l.forgetTenants(id); err != nil {
				return err
			}
		}
	}
	for _, id := range stored {
		if id == btp.DefaultEnvironment {
			continue
		}
		if err := l.reopenEnvironment(ctx, id); err != nil {
			return fmt.Errorf("environment %s: %w", id, err)
		}
	}
	return nil
}

func (l *Landscape) reopenEnvironment(ctx context.Context, id btp.EnvironmentID) error {
	var terms btp.Terms
	err := l.store.View(ctx, id, func(tx btp.Tx) (err error) {
		terms, _, err = tx.Environment().FindTerms()
		return err
	})
	if err != nil {
		return err
	}
	if !terms.ExpiresAt.IsZero() && !l.config.RealNow().Before(terms.ExpiresAt) {
		return errors.Join(l.store.Drop(ctx, id), l.forget(id))
	}
	w := l.World()
	w.Policy, w.Tenants, w.Landscape, w.StartFrozen = terms.Policy, terms.Tenants, terms.Landscape, terms.StartFrozen
	if err := l.environments.reserve(id); err != nil {
		return err
	}
	e, err := l.openEnvironment(ctx, id, w, terms.CreatedAt, terms.ExpiresAt)
	if err != nil {
		l.environments.release(id)
		return err
	}
	l.environments.put(e)
	return nil
}

// tenantFolders are the names of the folders that tenants of environments beside
// the first have.
func (l *Landscape) tenantFolders() ([]string, error) {
	folder := l.tenantsFolder()
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() && btp.CheckEnvironmentName(entry.Name()) == nil {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// DropEnvironment removes an environment. Requests under way are told to end and
// waited for a moment; the others do not notice. It refuses with
// EnvironmentNotFound or EnvironmentPermanent.
func (l *Landscape) DropEnvironment(_ context.Context, name string) error {
	if name == string(btp.DefaultEnvironment) {
		return btp.Errorf(btp.EnvironmentPermanent, "the environment default is not deleted")
	}
	l.find(context.Background(), btp.EnvironmentID(name))
	e := l.environments.take(btp.EnvironmentID(name), nil)
	if e == nil {
		return notThere(name)
	}
	return l.drop(e, "it was deleted")
}

// drop removes an environment that was taken. Nobody's leaving ends it half way.
func (l *Landscape) drop(e *environment, why string) error {
	defer l.environments.release(e.id)
	return errors.Join(l.end(e, why), l.store.Drop(context.Background(), e.id), l.forget(e.id))
}

// end ends what this process does for an environment.
func (l *Landscape) end(e *environment, why string) error {
	e.end(btp.Errorf(btp.EnvironmentGone, "environment %s is gone: %s while this request was under way", e.id, why))
	e.registry.Interrupt() // requests may wait for its calls
	e.endWaits()
	ctx, cancel := context.WithTimeout(context.Background(), dropPatience)
	defer cancel()
	select {
	case <-e.requests.close():
	case <-ctx.Done(): // whoever is still there finds nothing any more
	}
	if err := e.closeTenants(ctx); err != nil {
		e.log.Warn("a tenant did not end in time", "error", err)
	}
	return e.stop()
}

// forget removes the files of an environment that is dropped.
func (l *Landscape) forget(id btp.EnvironmentID) error {
	return errors.Join(l.forgetTenants(id), l.forgetJournal(id))
}

func notThere(name string) error {
	return btp.Errorf(btp.EnvironmentNotFound, "there is no environment %.64q", name)
}

// CreateEnvironment, Environments and Environment are what the server's control
// API offers.
var _ control.Environments = (*Landscape)(nil)

// CreateEnvironment makes an environment as control asks.
func (l *Landscape) CreateEnvironment(ctx context.Context, n control.NewEnvironment) (control.Environment, error) {
	o := EnvironmentOptions{Name: n.Name, World: l.World(), SeedDocument: n.Seed, TTL: n.TTL}
	if n.Edition != "" {
		o.Edition = n.Edition
	}
	if n.Policy != nil {
		n.Policy(&o.Policy)
	}
	if n.Snapshot != nil {
		d, err := snapshot.Read(n.Snapshot)
		if err == nil {
			err = o.StartFrom(d)
		}
		if err != nil {
			return control.Environment{}, err
		}
	}
	e, err := l.makeEnvironment(ctx, o)
	if err != nil {
		return control.Environment{}, err
	}
	return e.shown(), nil
}

// Environments lists the environments: default, then the others by name.
func (l *Landscape) Environments() []control.Environment {
	l.adoptAll(context.Background())
	list := []control.Environment{l.first.shown()}
	for _, e := range l.environments.all() {
		list = append(list, e.shown())
	}
	return list
}

// Environment finds an environment.
func (l *Landscape) Environment(name string) (control.Environment, error) {
	e := l.find(context.Background(), btp.EnvironmentID(name))
	if name == string(btp.DefaultEnvironment) {
		e = l.first
	}
	if e == nil {
		return control.Environment{}, notThere(name)
	}
	return e.shown(), nil
}

func (e *environment) shown() control.Environment {
	return control.Environment{
		Name: string(e.id), Edition: e.registry.Edition().ID, CreatedAt: e.createdAt, ExpiresAt: e.expiresAt, Prefix: e.prefix,
	}
}
