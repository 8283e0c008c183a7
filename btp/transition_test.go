package btp_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
)

func transition(name btp.Transition, p btp.TransitionPolicy) func(*btp.Config) {
	return func(c *btp.Config) {
		if c.Policy.Transitions == nil {
			c.Policy.Transitions = map[btp.Transition]btp.TransitionPolicy{}
		}
		c.Policy.Transitions[name] = p
	}
}

// held fails the test unless exactly these are held, oldest first, and returns them.
func (r *registry) held(names ...string) []btp.Hold {
	r.t.Helper()
	holds, err := r.Holds(r.t.Context())
	if err != nil || len(holds) != len(names) {
		r.t.Fatalf("got holds %+v, %v; want those of %q", holds, err, names)
	}
	for i, h := range holds {
		if h.Subject.Name != names[i] {
			r.t.Errorf("hold %d is about %q, want %q", i, h.Subject.Name, names[i])
		}
	}
	return holds
}

func (r *registry) release(id btp.HoldID) {
	r.t.Helper()
	if err := r.Release(r.t.Context(), id); err != nil {
		r.t.Fatalf("release: %v", err)
	}
}

// Rule: transition-policies
func TestHeldTransitions(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), transition(btp.TransitionDeregistering, btp.TransitionPolicy{Held: true}), notifier(&telephone{}))
	shop, _ := r.registered("Web Shop", commerce, "commerce")
	r.held()
	if _, err := r.Deregister(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	r.advance(365 * 24 * time.Hour)
	if got := r.status(shop.ID); got != btp.Deregistering {
		t.Fatalf("after a year: %s, want it held", got)
	}
	h := r.held("Web Shop")[0]
	want := btp.Hold{
		ID: h.ID, Kind: btp.HoldTransition, Transition: btp.TransitionDeregistering,
		Subject: btp.Reference{System: shop.ID, Name: "Web Shop"}, Since: epoch,
	}
	if h.ID == "" || h != want {
		t.Errorf("got %+v, want %+v", h, want)
	}
	wantCode(t, r.Release(t.Context(), h.ID+"x"), btp.HoldNotFound)
	r.held("Web Shop")
	r.release(h.ID)
	if got := r.status(shop.ID); got != btp.Pending {
		t.Errorf("after the release: %s, want the empty status", got)
	}
	r.held()
	wantCode(t, r.Release(t.Context(), h.ID), btp.HoldNotFound)
}

// Rule: transition-policies
func TestHoldsOfFormations(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), transition(btp.TransitionSynchronizing, btp.TransitionPolicy{Held: true}))
	shop, _ := r.register("Web Shop", commerce)
	first := r.formation("first", shop.ID)
	r.formation("second", shop.ID)
	holds := r.held("first", "second")
	r.release(holds[0].ID)
	r.statusIs(first.ID, btp.StatusReady)
	r.held("second")
	if _, err := r.DeleteFormation(t.Context(), first.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	deletion := r.held("second", "first")[1]
	if deletion.Subject.Formation != first.ID || deletion.Transition != btp.TransitionSynchronizing {
		t.Errorf("got %+v, want the deletion of first", deletion)
	}
	r.release(deletion.ID)
	_, err := r.Formation(t.Context(), first.ID)
	wantCode(t, err, btp.FormationNotFound)
}

// TestTransitionsThatEndAfterReads: who polls sees the status so many times.
//
// Rule: transition-policies
func TestTransitionsThatEndAfterReads(t *testing.T) {
	t.Parallel()
	const reads = 3
	one := func(r *registry, id btp.SystemID) (btp.Status, error) {
		v, err := r.ReadSystem(r.t.Context(), id)
		return v.Status, err
	}
	list := func(r *registry, id btp.SystemID) (btp.Status, error) {
		page, _, err := r.ReadSystems(r.t.Context(), btp.SystemFilter{GlobalAccount: "default", Limit: 10})
		for _, s := range page {
			if s.ID == id {
				return s.Status, err
			}
		}
		return btp.Gone, err
	}
	for name, read := range map[string]func(*registry, btp.SystemID) (btp.Status, error){"alone": one, "in a list": list} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			phone := &telephone{}
			r := open(t, edition("v2"), transition(btp.TransitionDeregistering, btp.TransitionPolicy{Reads: reads}), notifier(phone))
			shop, _ := r.registered("Web Shop", commerce, "commerce")
			other, _ := r.registered("Other", commerce, "other")
			for _, id := range []btp.SystemID{shop.ID, other.ID} {
				if _, err := r.Deregister(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			r.held()
			for i := range reads {
				r.advance(time.Hour) // time has nothing to do with it
				if got := r.status(shop.ID); got != btp.Deregistering {
					t.Fatalf("looked at after %d reads: %s", i, got)
				}
				if got, err := read(r, shop.ID); err != nil || got != btp.Deregistering {
					t.Fatalf("read %d: %s, %v; want Deregistering", i+1, got, err)
				}
			}
			if got, err := read(r, shop.ID); err != nil || got != btp.Pending {
				t.Errorf("read %d: %s, %v; want it over", reads+1, got, err)
			}
			wantOther, told := btp.Deregistering, 1
			if name == "in a list" { // which shows both
				wantOther, told = btp.Pending, 2
			}
			if got := r.status(other.ID); got != wantOther || len(phone.told()) != told {
				t.Errorf("the other is %s, %d tenants were told; want %s, %d", got, len(phone.told()), wantOther, told)
			}
		})
	}
}

// Rule: transition-policies
func TestFormationsThatAreRead(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), transition(btp.TransitionSynchronizing, btp.TransitionPolicy{Reads: 2}))
	shop, _ := r.register("Web Shop", commerce)
	f := r.formation("f", shop.ID) // the answer of the change is no read
	for i, want := range []btp.FormationStatus{btp.StatusSynchronizing, btp.StatusSynchronizing, btp.StatusReady} {
		v, err := r.ReadFormation(t.Context(), f.ID)
		if err != nil || v.Status != want {
			t.Errorf("read %d: %s, %v; want %s", i+1, v.Status, err, want)
		}
	}
	if _, err := r.DeleteFormation(t.Context(), f.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 1, 0} {
		page, _, err := r.ReadFormations(t.Context(), btp.FormationFilter{GlobalAccount: "default", Limit: 10})
		if err != nil || len(page) != want {
			t.Errorf("list %d: %d formations, %v; want %d", i+1, len(page), err, want)
		}
	}
}

// TestReadsCostNothingElsewhere: only what waits for reads is more than a look.
func TestReadsCostNothingElsewhere(t *testing.T) {
	t.Parallel()
	counting := &updates{}
	r := open(t, edition("v2"), transition(btp.TransitionRemoving, btp.TransitionPolicy{Held: true}), func(c *btp.Config) {
		counting.Store = c.Store
		c.Store = counting
	})
	shop, _ := r.register("Web Shop", commerce)
	leaving, _ := r.register("Leaving", commerce)
	if _, err := r.Remove(t.Context(), leaving.ID); err != nil {
		t.Fatal(err)
	}
	r.formation("f", shop.ID)
	before := counting.n.Load()
	for range 3 {
		for _, id := range []btp.SystemID{shop.ID, leaving.ID} {
			if _, err := r.ReadSystem(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := r.ReadSystems(t.Context(), btp.SystemFilter{GlobalAccount: "default", Limit: 10}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.ReadFormations(t.Context(), btp.FormationFilter{GlobalAccount: "default", Limit: 10}); err != nil {
			t.Fatal(err)
		}
	}
	if got := counting.n.Load(); got != before {
		t.Errorf("reading made %d updates, want none", got-before)
	}
}

// updates counts the steps that may write.
type updates struct {
	btp.Store
	n atomic.Int64
}

func (u *updates) Update(ctx context.Context, env btp.EnvironmentID, change func(btp.Tx) error) error {
	u.n.Add(1)
	return u.Store.Update(ctx, env, change)
}

// Rule: transition-policies
func TestSetTransition(t *testing.T) {
	t.Parallel()
	store := twice{memory.New()}
	onStore := func(c *btp.Config) { c.Store = store }
	r := open(t, edition("v2"), onStore, transition(btp.TransitionRemoving, btp.TransitionPolicy{After: time.Minute}))
	var rest []btp.TransitionState
	states := func(when string, want ...btp.TransitionState) {
		t.Helper()
		want = append(want, rest...)
		got, err := r.TransitionStates(t.Context())
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: got %+v, %v; want %+v", when, got, err, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: got %+v, want %+v", when, got[i], want[i])
			}
		}
	}
	deregistering := btp.TransitionState{Name: btp.TransitionDeregistering}
	removing := btp.TransitionState{Name: btp.TransitionRemoving, Policy: btp.TransitionPolicy{After: time.Minute}}
	rest = []btp.TransitionState{{Name: btp.TransitionSynchronizing}, {Name: btp.TransitionProvisioning}, {Name: btp.TransitionDeprovisioning}}
	states("at first", deregistering, removing)

	first, _ := r.register("First", commerce)
	if _, err := r.Remove(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	set := func(name btp.Transition, p *btp.TransitionPolicy) btp.TransitionState {
		t.Helper()
		s, err := r.SetTransition(t.Context(), name, p)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	held := btp.TransitionState{Name: btp.TransitionRemoving, Policy: btp.TransitionPolicy{Held: true}, Set: true}
	if got := set(btp.TransitionRemoving, &held.Policy); got != held {
		t.Errorf("got %+v, want %+v", got, held)
	}
	states("set", deregistering, held)
	second, _ := r.register("Second", commerce)
	if _, err := r.Remove(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Minute)
	r.gone(first.ID) // it began before
	r.held("Second")
	for _, tt := range []struct {
		name btp.Transition
		p    btp.TransitionPolicy
	}{
		{"pairing", btp.TransitionPolicy{}},
		{"", btp.TransitionPolicy{}},
		{btp.TransitionRemoving, btp.TransitionPolicy{After: -1}},
		{btp.TransitionRemoving, btp.TransitionPolicy{After: btp.MaxTransitionTime + 1}},
		{btp.TransitionRemoving, btp.TransitionPolicy{Reads: -1}},
		{btp.TransitionRemoving, btp.TransitionPolicy{Reads: btp.MaxTransitionReads + 1}},
		{btp.TransitionRemoving, btp.TransitionPolicy{Reads: 1, Held: true}},
		{btp.TransitionRemoving, btp.TransitionPolicy{Reads: 1, After: 1}},
	} {
		_, err := r.SetTransition(t.Context(), tt.name, &tt.p)
		wantCode(t, err, btp.InvalidRequest)
	}
	states("after refusals", deregistering, held)

	again := open(t, edition("v2"), onStore)
	if got, err := again.TransitionStates(t.Context()); err != nil || got[1] != held {
		t.Errorf("another process: got %+v, %v; want %+v", got, err, held)
	}
	again.release(again.held("Second")[0].ID)
	r.gone(second.ID)
	if got := set(btp.TransitionRemoving, nil); got != removing {
		t.Errorf("reset: got %+v, want %+v", got, removing)
	}
	states("reset", deregistering, removing)

	old := open(t, edition("v1"))
	_, err := old.SetTransition(t.Context(), btp.TransitionRemoving, &held.Policy)
	wantCode(t, err, btp.OperationNotInEdition)
	if got, err := old.TransitionStates(t.Context()); err != nil || len(got) != len(btp.Transitions)-1 {
		t.Errorf("v1: got %+v, %v; want no removing", got, err)
	}
}

func TestOpenRefusesAPolicy(t *testing.T) {
	t.Parallel()
	cfg := config(transition(btp.TransitionRemoving, btp.TransitionPolicy{Reads: 1, Held: true}))
	_, err := btp.Open(t.Context(), cfg)
	wantCode(t, err, btp.InvalidRequest)
}
