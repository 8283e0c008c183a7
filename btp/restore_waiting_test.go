package btp_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
)

// waiting are the ways in which faults let a step wait.
var waiting = map[string]btp.FaultAction{
	"held":                         {Kind: btp.FaultHold},
	"until an instant":             {Kind: btp.FaultDelay, Virtual: time.Hour},
	"for a while of the real time": {Kind: btp.FaultDelay, Real: 30 * time.Second},
}

// TestARequestThatWaitsEndsWithItsGeneration, and holds nobody up.
//
// Rule: snapshot-generations
func TestARequestThatWaitsEndsWithItsGeneration(t *testing.T) {
	for name, action := range waiting {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memory.New()
				onStore := func(c *btp.Config) { c.Store, c.RealNow = store, time.Now }
				r, other := open(t, onStore), open(t, onStore)
				_, tok := r.register("Web Shop", commerce)
				before := r.contents()
				for _, by := range []*registry{r, other} { // another process, too, is noticed
					if _, err := r.AddFault(t.Context(), btp.Fault{Point: btp.PointInfo, Action: action}); err != nil {
						t.Fatal(err)
					}
					ended := make(chan error, 1)
					go func() {
						_, err := r.OpenPairing(btp.WithExchange(t.Context(), &btp.Exchange{}), btp.Presentation{JWS: tok.JWS})
						ended <- err
					}()
					synctest.Wait()
					began := time.Now()
					by.replace(before)
					if by == r && time.Since(began) != 0 {
						t.Errorf("the request held the snapshot up for %s", time.Since(began))
					}
					if holds, err := by.Holds(t.Context()); err != nil || len(holds) > 0 {
						t.Errorf("held afterwards: %v, %v", holds, err)
					}
					if by == other {
						_, _ = r.ReadClock(t.Context()) // whatever comes next
					}
					wantCode(t, <-ended, btp.EnvironmentReplaced)
					if waited := time.Since(began); waited != 0 {
						t.Errorf("the request went on for %s", waited)
					}
					r.holds("what was restored", before)
					if err := r.RemoveFault(t.Context(), ""); err != nil {
						t.Fatal(err)
					}
				}
				r.pair(tok.JWS)
			})
		})
	}
}

// TestAHeldRequestOfAnIdleProcess: nothing but the request is there to notice what
// another process did.
func TestAHeldRequestOfAnIdleProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		onStore := func(c *btp.Config) { c.Store, c.RealNow = store, time.Now }
		r, other := open(t, onStore), open(t, onStore)
		_, tok := r.register("Web Shop", commerce)
		if _, err := r.AddFault(t.Context(), btp.Fault{Point: btp.PointInfo, Action: btp.FaultAction{Kind: btp.FaultHold}}); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := r.OpenPairing(t.Context(), btp.Presentation{JWS: tok.JWS})
			ended <- err
		}()
		synctest.Wait()
		other.replace(other.contents())
		wantCode(t, <-ended, btp.EnvironmentReplaced)
	})
}

// TestSuspendedWorkEndsBeforeTheNextGeneration: it holds no place, no claim and no
// advance of the clock, and does nothing any more.
func TestSuspendedWorkEndsBeforeTheNextGeneration(t *testing.T) {
	for name, action := range waiting {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				phone := &telephone{}
				var calls atomic.Int32
				phone.answers(func(context.Context, btp.Notice) error { calls.Add(1); return nil })
				r := open(t, edition("v2"), notifier(phone), func(c *btp.Config) { c.RealNow = time.Now })
				defer r.Close()
				s, _ := r.registered("Web Shop", commerce, "commerce")
				paired := r.contents()
				if _, err := r.AddFault(t.Context(), btp.Fault{Point: btp.PointDeregisterDone, Action: action}); err != nil {
					t.Fatal(err)
				}
				if _, err := r.Deregister(t.Context(), s.ID); err != nil {
					t.Fatal(err)
				}
				suspended := r.contents()
				if got := calls.Load(); got != 1 || r.status(s.ID) != btp.Deregistering {
					t.Fatalf("told %d times, status %s", got, r.status(s.ID))
				}
				began := time.Now()
				r.replace(paired)
				if waited := time.Since(began); waited != 0 {
					t.Errorf("the suspended work held the snapshot up for %s", waited)
				}
				r.holds("what was restored", paired)
				r.advance(24 * time.Hour)
				if got := r.status(s.ID); got != btp.Registered || calls.Load() != 1 {
					t.Errorf("a day later: %s, told %d times", got, calls.Load())
				}
				// In a snapshot, the work is there, and nobody is at it.
				if err := r.RemoveFault(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
				r.replace(suspended)
				r.holds("the suspended work, restored", suspended)
				r.advance(2 * time.Hour)
				if got := r.status(s.ID); got != btp.Pending || calls.Load() != 2 {
					t.Errorf("it goes on: %s, told %d times", got, calls.Load())
				}
			})
		})
	}
}

// TestWorkThatHeedsNobodyEndsWithItsGeneration: a call that goes on after its
// context has ended is waited for, and a later suspension of it is refused.
func TestWorkThatHeedsNobodyEndsWithItsGeneration(t *testing.T) {
	t.Parallel()
	r := open(t)
	before := r.contents()
	var ended atomic.Bool
	hold := btp.NewSuspension(time.Time{})
	r.schedule(time.Minute, "stubborn", func(ctx context.Context) error {
		err := r.Suspend(context.WithoutCancel(ctx), hold)
		ended.Store(true)
		return err
	})
	r.advance(time.Hour)
	r.replace(before)
	if !ended.Load() {
		t.Error("the work goes on in the next generation")
	}
	r.wantEnded()
	r.holds("what was restored", before)
}

// TestWhatIsHeldIsInTheSnapshot: with the hold's id, which releases it again.
//
// Rule: snapshot-restores-all
func TestWhatIsHeldIsInTheSnapshot(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]btp.TransitionPolicy{"held": {Held: true}, "reads": {Reads: 2}} {
		r := open(t, edition("v2"), policy(func(b *btp.Policy) {
			b.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionRemoving: p} //nolint:exhaustive // one tells as much as three
		}))
		s, _ := r.register("Web Shop", commerce)
		if _, err := r.Remove(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		before := r.contents()
		for range 2 {
			r.advance(100 * 24 * time.Hour)
			if got := r.status(s.ID); got != btp.Removing {
				t.Errorf("%s: the system is %s", name, got)
			}
			holds, err := r.Holds(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range holds {
				if err := r.Release(t.Context(), h.ID); err != nil {
					t.Fatal(err)
				}
			}
			for range p.Reads {
				_, _ = r.ReadSystem(t.Context(), s.ID)
			}
			r.gone(s.ID)
			r.replace(before)
			r.holds(name, before)
		}
	}
}

// Rule: snapshot-restores-all
func TestPoliciesOfTransitionsAreInTheSnapshot(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		r := open(t, edition(id), policy(func(p *btp.Policy) {
			p.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionSynchronizing: {After: time.Minute}} //nolint:exhaustive // the others end at once
		}))
		states := func() []btp.TransitionState {
			t.Helper()
			list, err := r.TransitionStates(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		set := func(name btp.Transition, p btp.TransitionPolicy) {
			t.Helper()
			if _, err := r.SetTransition(t.Context(), name, &p); err != nil {
				t.Fatal(err)
			}
		}
		declared := states()
		set(btp.TransitionDeregistering, btp.TransitionPolicy{Reads: 3})
		set(btp.TransitionSynchronizing, btp.TransitionPolicy{})
		before, prepared := r.contents(), states()
		set(btp.TransitionDeregistering, btp.TransitionPolicy{Held: true})
		r.replace(before)
		if diff := cmp.Diff(prepared, states()); diff != "" {
			t.Errorf("restored (-want +got):\n%s", diff)
		}
		if err := r.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(declared, states()); diff != "" {
			t.Errorf("reset (-want +got):\n%s", diff)
		}
	})
}

// TestResetSetsTheDeclaredFaults, as they were at the start: with their ids, and
// with nothing counted.
//
// Rule: reset-to-seed
func TestResetSetsTheDeclaredFaults(t *testing.T) {
	t.Parallel()
	r := open(t, func(c *btp.Config) {
		c.Landscape.Systems = []btp.DeclaredSystem{{GlobalAccount: "default", Name: "Web Shop", Type: commerce, Status: btp.Pending}}
		c.Faults = []btp.DeclaredFault{
			{Rule: btp.Fault{Point: btp.PointRegister, Schedule: btp.FaultSchedule{Limit: 1}, Action: btp.FaultAction{Kind: btp.FaultFail, Code: btp.NameTaken}}},
			{Rule: btp.Fault{Point: btp.PointCSR, Match: btp.FaultMatch{System: "Web Shop"}, Action: btp.FaultAction{Kind: btp.FaultDrop}}},
		}
	})
	declared := r.Faults()
	fails := func() {
		t.Helper()
		_, _, err := r.Register(t.Context(), "default", "Outlet", commerce, infoURL, "")
		wantCode(t, err, btp.NameTaken)
	}
	fails()
	if err := r.RemoveFault(t.Context(), declared[1].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.AddFault(t.Context(), btp.Fault{Point: btp.PointInfo, Action: btp.FaultAction{Kind: btp.FaultDrop}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(declared, r.Faults()); diff != "" {
		t.Errorf("faults after a reset (-want +got):\n%s", diff)
	}
	fails()
}

// TestWaitingThatCannotStand: what due work may wait for.
func TestWaitingThatCannotStand(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), policy(func(p *btp.Policy) {
		p.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionRemoving: {Held: true}} //nolint:exhaustive // one tells as much as three
	}))
	for _, name := range []string{"Web Shop", "Outlet"} {
		s, _ := r.register(name, commerce)
		if _, err := r.Remove(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
	}
	r.register("Staying", commerce)
	r.issue(r.contents().Systems[2].ID)
	if _, err := r.SetTransition(t.Context(), btp.TransitionRemoving, &btp.TransitionPolicy{Held: true}); err != nil {
		t.Fatal(err)
	}
	before := r.contents()
	held := slices.IndexFunc(before.Due, func(d btp.Due) bool { return d.Hold != "" })
	for name, test := range map[string]struct {
		change func(c *btp.Contents)
		field  string
	}{
		"a hold twice":                    {func(c *btp.Contents) { c.Due[held+1].Hold = c.Due[held].Hold }, ".hold"},
		"a hold that is no id":            {func(c *btp.Contents) { c.Due[held].Hold = "a b" }, ".hold"},
		"held and read":                   {func(c *btp.Contents) { c.Due[held].Reads = 1 }, ".hold"},
		"too many reads":                  {func(c *btp.Contents) { c.Due[held].Hold, c.Due[held].Reads = "", 10_001 }, ".reads"},
		"fewer reads than none":           {func(c *btp.Contents) { c.Due[held].Reads = -1 }, ".reads"},
		"too many tries":                  {func(c *btp.Contents) { c.Due[held].Tries = 6 }, ".tries"},
		"a token that waits for reads":    {func(c *btp.Contents) { c.Due[0].Reads = 1 }, ".kind"},
		"a tenant that is not there":      {func(c *btp.Contents) { c.Due[0].Kind, c.Due[0].Subject = btp.DueTenantWake, "x" }, ".subject"},
		"a policy of no transition":       {func(c *btp.Contents) { c.Transitions[0].Name = "pairing" }, "$.transitions[0].name"},
		"a policy twice":                  {func(c *btp.Contents) { c.Transitions = append(c.Transitions, c.Transitions[0]) }, "$.transitions[1].name"},
		"a policy of two kinds":           {func(c *btp.Contents) { c.Transitions[0].Policy.Reads = 1 }, "$.transitions[0]"},
		"a transition that lasts forever": {func(c *btp.Contents) { c.Transitions[0].Policy = btp.TransitionPolicy{After: 1 << 62} }, "$.transitions[0]"},
	} {
		c := r.contents()
		test.change(&c)
		refused := r.CheckContents(&c)
		wantCode(t, refused, btp.SnapshotInvalid)
		var told *btp.Error
		if !errors.As(refused, &told) || !slices.ContainsFunc(told.Findings, func(f btp.Finding) bool { return strings.HasSuffix(f.Path, test.field) }) {
			t.Errorf("%s: %v; want a finding at %s", name, refused, test.field)
		}
	}
	r.holds("contents after refusals", before)
}
