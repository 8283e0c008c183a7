package btp_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// alarm is a telephone that also wakes.
type alarm struct {
	telephone
	mu    sync.Mutex
	woken []string
	wake  func(context.Context) error
}

func (a *alarm) WakeTenant(ctx context.Context, url string) error {
	a.mu.Lock()
	a.woken = append(a.woken, url)
	wake := a.wake
	a.mu.Unlock()
	if wake == nil {
		return nil
	}
	return wake(ctx)
}

func (a *alarm) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.woken)
}

// busy is what the callback of a tenant that is at something else comes to.
func busy() error {
	err := btp.Errorf(btp.TenantNotTold, "the tenant's callback answered 409 Conflict")
	err.Cause = btp.ErrTenantBusy
	return err
}

// Rule: tenant-renews-in-time
func TestTenantsAreWoken(t *testing.T) {
	t.Parallel()
	clock := &alarm{}
	r := open(t, edition("v2"), func(c *btp.Config) { c.Notifier = clock })
	shop, caller := r.registered("Web Shop", commerce, "tenant")
	describe := func(url string, at time.Time) error {
		return r.SetDescriptor(t.Context(), caller, btp.Descriptor{TenantID: "tenant", URL: "http://t.test", CallbackURL: url, WakeAt: at})
	}
	set := func(url string, after time.Duration) {
		t.Helper()
		var at time.Time
		if after != 0 {
			at = r.Now().Add(after)
		}
		if err := describe(url, at); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(when string, want int) {
		t.Helper()
		if got := clock.times(); got != want {
			t.Fatalf("%s: woken %d times, want %d", when, got, want)
		}
	}
	const url = "http://t.test/callback"
	wantCode(t, describe(url, time.Date(2099, time.January, 1, 0, 0, 0, 0, time.UTC)), btp.DescriptorInvalid)
	set(url, time.Hour)
	r.advance(time.Hour - 1)
	expect("too early", 0)
	r.advance(1)
	expect("at the instant", 1)
	r.advance(24 * time.Hour)
	expect("once", 1)
	set(url, time.Hour)
	set(url, 0) // it has nothing to do any more
	r.advance(2 * time.Hour)
	expect("taken back", 1)
	set("", time.Hour)
	r.advance(2 * time.Hour)
	expect("without a callback", 1)
	set(url, -time.Hour)
	r.advance(1)
	expect("an instant that is past", 2)

	// Whoever is woken names the next instant at once.
	clock.wake = func(context.Context) error { return describe(url, r.Now().Add(time.Hour)) }
	set(url, time.Hour)
	r.advance(5 * time.Hour)
	expect("again and again", 7)
	clock.wake = func(context.Context) error { return busy() }
	r.advance(10 * time.Hour)
	expect("busy: once, and five times more", 13)
	clock.wake = func(context.Context) error { return errors.New("down") }
	set(url, time.Hour)
	r.advance(10 * time.Hour)
	expect("down: once", 14)

	set(url, time.Hour)
	if _, err := r.Deregister(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	r.advance(10 * time.Hour)
	expect("after the deregistration", 14)
}

// TestBusyTenantIsToldAgain, on the environment's clock, before it is an error.
func TestBusyTenantIsToldAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		busyFor time.Duration
		want    btp.Status
		told    []time.Duration
	}{
		"for a moment": {5 * time.Second, btp.Pending, []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}},
		"for too long": {time.Hour, btp.DeregisterError, []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second}},
		"for a second": {time.Second, btp.Pending, []time.Duration{0, time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			phone := &telephone{}
			r := open(t, edition("v2"), notifier(phone))
			var told []time.Duration
			phone.answers(func(context.Context, btp.Notice) error {
				after := r.Now().Sub(epoch)
				told = append(told, after) // one after the other
				if after < tt.busyFor {
					return busy()
				}
				return nil
			})
			shop, _ := r.registered("Web Shop", commerce, "tenant")
			if _, err := r.Deregister(t.Context(), shop.ID); err != nil {
				t.Fatal(err)
			}
			if got := r.status(shop.ID); got != btp.Deregistering {
				t.Errorf("at first: %s, want it to go on", got)
			}
			r.advance(time.Minute)
			if got := r.status(shop.ID); got != tt.want || !slices.Equal(told, tt.told) {
				t.Errorf("got %s, told after %v; want %s, %v", got, told, tt.want, tt.told)
			}
		})
	}
}
