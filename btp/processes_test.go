package btp_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/postgres"
	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
	"github.com/pairsim/pairsim/btp/store/sqlite"
)

// sharedStores are the stores that processes can share, by name: each makes a new one,
// which is opened again for every process.
var sharedStores = map[string]func(*testing.T) func(*testing.T) btp.Store{
	"sqlite": func(t *testing.T) func(*testing.T) btp.Store {
		file := filepath.Join(t.TempDir(), "pairsim.db")
		return func(t *testing.T) btp.Store {
			store, err := sqlite.Open(t.Context(), file)
			return closing(t, store, err)
		}
	},
	"postgres": func(t *testing.T) func(*testing.T) btp.Store {
		address := postgrestest.New(t)
		return func(t *testing.T) btp.Store {
			store, err := postgres.Open(t.Context(), address)
			return closing(t, store, err)
		}
	},
}

func closing(t *testing.T, s btp.Store, err error) btp.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// eachSharedStore runs a test of processes on each store that they can share.
func eachSharedStore(t *testing.T, test func(t *testing.T, process func(t *testing.T) btp.Store)) {
	t.Parallel()
	for name, place := range sharedStores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, place(t))
		})
	}
}

// TestTwoProcessesAgreeOnTransitions: policies, counts of reads and holds belong
// to the environment, and outlive a process.
//
// Rule: processes-agree
func TestTwoProcessesAgreeOnTransitions(t *testing.T) {
	eachSharedStore(t, testTwoProcessesAgreeOnTransitions)
}

func testTwoProcessesAgreeOnTransitions(t *testing.T, store func(*testing.T) btp.Store) {
	process := func() *registry {
		return open(t, edition("v2"), notifier(&telephone{}), func(c *btp.Config) { c.Store = store(t) })
	}
	one, other := process(), process()
	set := func(r *registry, name btp.Transition, p btp.TransitionPolicy) {
		t.Helper()
		if _, err := r.SetTransition(t.Context(), name, &p); err != nil {
			t.Fatal(err)
		}
	}
	read := func(r *registry, id btp.SystemID, want btp.Status) {
		t.Helper()
		if v, err := r.ReadSystem(t.Context(), id); err != nil || v.Status != want {
			t.Errorf("got %s, %v; want %s", v.Status, err, want)
		}
	}
	set(one, btp.TransitionDeregistering, btp.TransitionPolicy{Reads: 3})
	set(one, btp.TransitionRemoving, btp.TransitionPolicy{Held: true})
	shop, _ := other.registered("Web Shop", commerce, "tenant")
	if _, err := other.Deregister(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	read(one, shop.ID, btp.Deregistering)
	read(other, shop.ID, btp.Deregistering)
	one.Close()
	third := process()
	read(third, shop.ID, btp.Deregistering)
	read(other, shop.ID, btp.Pending)

	if _, err := third.Remove(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	other.advance(time.Hour)
	read(third, shop.ID, btp.Removing)
	hold := other.held("Web Shop")[0]
	if got := third.held("Web Shop")[0]; got != hold {
		t.Errorf("got %+v, want %+v", got, hold)
	}
	other.release(hold.ID)
	third.held()
	third.gone(shop.ID)
	if now, err := third.ReadClock(t.Context()); err != nil || !now.Now.Equal(epoch.Add(time.Hour)) {
		t.Errorf("the clock of the third shows %s, %v", now.Now, err)
	}
}

// TestTwoProcessesAreOne: processes on one store have the same keys and authority, give
// no id and no name twice, and do each work once.
//
// Rule: processes-agree
func TestTwoProcessesAreOne(t *testing.T) { eachSharedStore(t, testTwoProcessesAreOne) }

func testTwoProcessesAreOne(t *testing.T, store func(*testing.T) btp.Store) {
	phone := &telephone{}
	process := func() *registry {
		return open(t, edition("v1"), notifier(phone), transition(btp.TransitionDeregistering, btp.TransitionPolicy{After: time.Minute}),
			func(c *btp.Config) { c.Store = store(t) })
	}
	processes := []*registry{process(), process()}

	// A certificate of the one is known to the other.
	first, tok := processes[0].register("Shop 0", commerce)
	caller := processes[1].pairTenant(tok.JWS, "tenant-0")
	if caller.System.ID != first.ID || processes[0].status(first.ID) != btp.Registered {
		t.Errorf("the other process paired %s, want %s", caller.System.ID, first.ID)
	}

	const systems = 12
	ids := make(chan btp.SystemID, 2*systems)
	ids <- first.ID
	var group sync.WaitGroup
	for n := 1; n < systems; n++ {
		for _, p := range processes { // both want each name; one gets it
			group.Go(func() {
				s, issued, err := p.Register(t.Context(), "default", fmt.Sprint("Shop ", n), commerce, infoURL, "")
				switch {
				case err == nil:
					p.pairTenant(issued.JWS, fmt.Sprint("tenant-", n))
					ids <- s.ID
				case btp.CodeOf(err) != btp.NameTaken:
					t.Errorf("register: %v", err)
				}
			})
		}
	}
	group.Wait()
	close(ids)
	seen := map[btp.SystemID]bool{}
	for id := range ids {
		seen[id] = true
		if _, err := processes[len(seen)%2].Deregister(t.Context(), id); err != nil {
			t.Errorf("deregister: %v", err)
		}
	}
	if len(seen) != systems {
		t.Errorf("%d systems have ids of their own, want %d", len(seen), systems)
	}

	// Both processes look for due work at the same time.
	for _, p := range processes {
		group.Go(func() { p.advance(2 * time.Minute) })
	}
	group.Wait()
	told := map[btp.SystemID]int{}
	for _, n := range phone.told() {
		told[n.System]++
	}
	for id := range seen {
		if told[id] != 1 {
			t.Errorf("the tenant of %s was told %d times, want once", id, told[id])
		}
		processes[0].gone(id)
	}
}

// TestNameOfADeletedEnvironment: who knows an environment that another process has
// deleted does not take the next one of its name for it, whose keys are others.
//
// Rule: environments-apart
func TestNameOfADeletedEnvironment(t *testing.T) { eachSharedStore(t, testNameOfADeletedEnvironment) }

func testNameOfADeletedEnvironment(t *testing.T, store func(*testing.T) btp.Store) {
	shared := store(t)
	on := func(c *btp.Config) { c.Store = shared }
	knows := open(t, func(c *btp.Config) { c.Store = store(t) })
	open(t, on).register("Web Shop", commerce)
	if err := shared.Drop(t.Context(), btp.DefaultEnvironment); err != nil {
		t.Fatal(err)
	}
	again := open(t, on)
	again.register("Web Shop", commerce)
	if _, _, err := knows.Register(t.Context(), "default", "Other", commerce, infoURL, ""); btp.CodeOf(err) != btp.EnvironmentGone {
		t.Errorf("register in the one that was deleted: got %v, want %s", err, btp.EnvironmentGone)
	}
	again.register("Other", commerce)
}

// TestAdvanceOfYears: what falls due on the way is done in order, however far it is.
//
// Rule: clock-due-work-in-order
func TestAdvanceOfYears(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v1"), transition(btp.TransitionDeregistering, btp.TransitionPolicy{After: 30 * 24 * time.Hour}), notifier(&telephone{}))
	leaving, _ := r.registered("Leaving", commerce, "leaving")
	staying, caller := r.registered("Staying", commerce, "staying")
	r.register("Waiting", commerce)
	if _, err := r.Deregister(t.Context(), leaving.ID); err != nil {
		t.Fatal(err)
	}
	r.advance(5 * 365 * 24 * time.Hour)
	r.gone(leaving.ID)
	if got := r.status(staying.ID); got != btp.Registered {
		t.Errorf("the other is %s", got)
	}
	var last time.Time
	instants := map[btp.Point]time.Duration{}
	entries, _ := r.Journal().Read(btp.JournalFilter{})
	for _, e := range entries {
		if e.At.Before(last) {
			t.Errorf("%s at %s stands behind %s", e.Point, e.At, last)
		}
		last = e.At
		if e.Kind == btp.EntryDue || e.Point == btp.PointDeregisterDone {
			instants[e.Point] = e.At.Sub(epoch)
		}
	}
	for point, want := range map[btp.Point]time.Duration{ //nolint:exhaustive // what falls due
		btp.PointTokenExpiry: 10 * time.Minute, btp.PointDeregisterDone: 30 * 24 * time.Hour, btp.PointCertExpiry: caller.Certificate.NotAfter.Sub(epoch) + time.Second, // it is valid at notAfter
	} {
		if instants[point] != want {
			t.Errorf("%s happened after %s, want %s", point, instants[point], want)
		}
	}
}
