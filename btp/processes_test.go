package btp_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/sqlite"
)

// TestTwoProcessesAgreeOnTransitions: policies, counts of reads and holds belong
// to the environment, and outlive a process.
//
// Rule: processes-agree
func TestTwoProcessesAgreeOnTransitions(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pairsim.db")
	process := func() *registry {
		store, err := sqlite.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return open(t, edition("v2"), notifier(&telephone{}), func(c *btp.Config) { c.Store = store })
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
