package btp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
)

// schedule lets a call happen as due work.
func (r *registry) schedule(after time.Duration, name string, call func(context.Context) error) {
	r.t.Helper()
	if err := r.ScheduleCall(r.t.Context(), epoch.Add(after), strings.ToLower(r.t.Name())+"/"+name, call); err != nil {
		r.t.Fatal(err)
	}
}

func atOnce(context.Context) error { return nil }

// suspended is a call that waits first.
func (r *registry) suspended(s *btp.Suspension) func(context.Context) error {
	return func(ctx context.Context) error { return r.Suspend(ctx, s) }
}

// wantEnded tells which scheduled calls are over, as the journal has them.
func (r *registry) wantEnded(want ...string) {
	r.t.Helper()
	var got []string
	entries, _ := r.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Kind: btp.EntryDue}})
	for _, e := range entries {
		if e.Source == "test" {
			got = append(got, fmt.Sprintf("%s %s at %s", strings.TrimPrefix(e.About.Name, strings.ToLower(r.t.Name())+"/"), e.Detail, e.At.Sub(epoch)))
		}
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("ended: got %q, want %q", got, want)
	}
}

// TestSuspendedUntilAnInstant: an advance goes on to what is due in between, and
// comes back to the job at its instant.
func TestSuspendedUntilAnInstant(t *testing.T) {
	t.Parallel()
	r := open(t)
	later := func(ctx context.Context) error {
		if err := r.Suspend(ctx, btp.NewSuspension(epoch.Add(30*time.Minute))); err != nil {
			return err
		}
		return r.Suspend(ctx, btp.NewSuspension(epoch.Add(50*time.Minute)))
	}
	r.schedule(10*time.Minute, "first", later)
	r.schedule(20*time.Minute, "second", atOnce)
	r.schedule(40*time.Minute, "third", r.suspended(btp.NewSuspension(epoch.Add(time.Minute)))) // past by then
	r.advance(45 * time.Minute)
	r.wantEnded("second done at 20m0s", "third done at 40m0s")
	r.advance(time.Hour)
	r.wantEnded("second done at 20m0s", "third done at 40m0s", "first done at 50m0s")
}

// Rule: transition-policies
func TestSuspendedUntilReleased(t *testing.T) {
	t.Parallel()
	r := open(t)
	hold, timed := btp.NewSuspension(time.Time{}), btp.NewSuspension(epoch.Add(24*time.Hour))
	r.schedule(10*time.Minute, "held", r.suspended(hold))
	r.schedule(15*time.Minute, "held for a day", r.suspended(timed))
	r.schedule(20*time.Minute, "second", atOnce)
	r.advance(time.Hour)
	r.wantEnded("second done at 20m0s")
	r.advance(time.Hour)
	timed.Release(t.Context())
	r.wantEnded("second done at 20m0s", "held for a day done at 2h0m0s")
	hold.Release(t.Context())
	r.wantEnded("second done at 20m0s", "held for a day done at 2h0m0s", "held done at 2h0m0s")
	hold.Release(t.Context()) // once more
}

// TestRequestThatCausesSuspendedWork is answered at once.
func TestRequestThatCausesSuspendedWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone, hold := &telephone{}, btp.NewSuspension(time.Time{})
		r := open(t, edition("v2"), notifier(phone), func(c *btp.Config) { c.RealNow = time.Now })
		defer r.Close()
		phone.answers(func(ctx context.Context, _ btp.Notice) error { return r.Suspend(context.WithoutCancel(ctx), hold) })
		shop, _ := r.registered("Web Shop", commerce, "commerce")
		began := time.Now()
		if _, err := r.Deregister(t.Context(), shop.ID); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the request waited %s for what is held", waited)
		}
		if got := r.status(shop.ID); got != btp.Deregistering {
			t.Errorf("held: %s", got)
		}
		hold.Release(t.Context())
		if got := r.status(shop.ID); got != btp.Pending || len(phone.told()) != 1 {
			t.Errorf("released: %s, told %d times; want the empty status, told once", got, len(phone.told()))
		}
	})
}

// TestClaimOfSuspendedWork: another process leaves it alone for as long as this
// one lives, and does it again afterwards.
func TestClaimOfSuspendedWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		onStore := func(c *btp.Config) { c.Store, c.RealNow = store, time.Now }
		one := open(t, onStore)
		other := open(t, onStore)
		defer other.Close()
		var calls atomic.Int32
		hold := btp.NewSuspension(time.Time{})
		one.schedule(time.Minute, "held", func(ctx context.Context) error {
			if calls.Add(1) > 1 {
				return nil
			}
			return one.Suspend(ctx, hold)
		})
		one.advance(time.Hour)
		for range 30 {
			time.Sleep(btp.ClaimLease / 3) //nolint:forbidigo // the bubble's time
			if _, _, err := other.FireDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			other.advance(time.Second)
		}
		synctest.Wait()
		if d, ok, err := one.DueCall(t.Context(), strings.ToLower(t.Name())+"/held"); err != nil || !ok || !d.Parked || !d.ClaimedUntil.After(time.Now()) {
			t.Errorf("got row %+v, %v, %v; want it parked and claimed", d, ok, err)
		}
		if calls.Load() != 1 {
			t.Fatalf("called %d times while it was held", calls.Load())
		}
		one.Close()
		other.advance(time.Second)
		if calls.Load() != 2 {
			t.Errorf("called %d times after the process ended, want once more, at once", calls.Load())
		}
		other.wantEnded("held done at 1h0m30s")
	})
}

// TestSuspendedWorkLeavesItsPlace: any number may be held, the others go on.
func TestSuspendedWorkLeavesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := open(t, func(c *btp.Config) { c.RealNow, c.StartFrozen = time.Now, time.Time{} })
		defer r.Close()
		const held = btp.MaxJobs + 5
		holds := make([]*btp.Suspension, held)
		start := time.Now()
		call := func(name string, do func(context.Context) error) {
			if err := r.ScheduleCall(t.Context(), start, strings.ToLower(t.Name())+"/"+name, do); err != nil {
				t.Fatal(err)
			}
		}
		var running, most, over atomic.Int32
		for i := range holds {
			holds[i] = btp.NewSuspension(time.Time{})
			call(fmt.Sprint(i), func(ctx context.Context) error {
				if err := r.Suspend(ctx, holds[i]); err != nil {
					return err
				}
				n := running.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				time.Sleep(time.Second) //nolint:forbidigo // the bubble's time
				running.Add(-1)
				over.Add(1)
				return nil
			})
		}
		if _, _, err := r.FireDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		call("another", func(context.Context) error { over.Add(1); return nil })
		if _, _, err := r.FireDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if over.Load() != 1 {
			t.Errorf("%d calls are over while %d are held, want the other one", over.Load(), held)
		}
		for _, hold := range holds {
			go hold.Release(t.Context())
		}
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's time
		if over.Load() != held+1 || most.Load() != btp.MaxJobs {
			t.Errorf("%d calls are over, %d went on at a time; want %d and %d", over.Load(), most.Load(), held+1, btp.MaxJobs)
		}
	})
}

// TestRequestThatWaitsForAnInstant goes on at it, in the middle of an advance.
func TestRequestThatWaitsForAnInstant(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.schedule(3*time.Minute, "before", atOnce)
	r.schedule(7*time.Minute, "after", atOnce)
	asleep := make(chan struct{})
	woken := make(chan string, 1)
	go func() {
		ctx, done := context.WithCancel(t.Context())
		defer done() // as a server does when the request is answered
		s := btp.NewSuspension(epoch.Add(5 * time.Minute))
		r.WhenAsleep(s, func() { close(asleep) })
		err := r.Suspend(ctx, s)
		woken <- fmt.Sprint(r.Now().Sub(epoch), err)
	}()
	<-asleep
	r.advance(time.Hour)
	if got := <-woken; got != "5m0s <nil>" {
		t.Errorf("the request went on at %s, want 5m0s", got)
	}
	r.wantEnded("before done at 3m0s", "after done at 7m0s")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Suspend(ctx, btp.NewSuspension(time.Time{})); err == nil {
		t.Error("a request whose caller has gone waits on")
	}
}

// TestAnotherProcessMovesTheClock: the suspended job of this one goes on, and the
// other waits for it.
//
// Rule: processes-agree
func TestAnotherProcessMovesTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		onStore := func(c *btp.Config) { c.Store, c.RealNow = store, time.Now }
		one, other := open(t, onStore), open(t, onStore)
		defer one.Close()
		defer other.Close()
		one.schedule(10*time.Minute, "first", one.suspended(btp.NewSuspension(epoch.Add(30*time.Minute))))
		one.advance(15 * time.Minute)
		other.schedule(40*time.Minute, "second", atOnce)
		other.advance(time.Hour)
		one.wantEnded("first done at 30m0s")
		other.wantEnded("second done at 40m0s")
	})
}

// TestSuspendedWhileTheClockRuns: no one moves it.
func TestSuspendedWhileTheClockRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := open(t, func(c *btp.Config) { c.RealNow, c.StartFrozen = time.Now, time.Time{} })
		defer r.Close()
		at := make(chan time.Duration, 1)
		err := r.ScheduleCall(t.Context(), start, strings.ToLower(t.Name()), func(ctx context.Context) error {
			err := r.Suspend(ctx, btp.NewSuspension(start.Add(time.Hour)))
			at <- r.Now().Sub(start)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.FireDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour) //nolint:forbidigo // the bubble's time
		if got := <-at; got != time.Hour {
			t.Errorf("it went on after %s, want an hour", got)
		}
	})
}
