package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// terms has every field filled.
func terms() btp.Terms {
	p := btp.DefaultPolicy()
	p.BurnOnRejectedCSR, p.AbandonedIsError, p.StrictRevocation = true, true, true
	p.TokenValidity = map[string]time.Duration{commerce: time.Hour}
	p.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionRemoving: {After: time.Minute}} //nolint:exhaustive // one tells as much as three
	return btp.Terms{
		CreatedAt: start, ExpiresAt: start.Add(time.Hour), Policy: p,
		Tenants: []btp.DeclaredTenant{
			{ID: "shop", Product: "commerce"},
			{
				ID: "ads", Product: "marketing", APIs: []btp.ReplacedAPI{{Identifier: "a", TargetURL: "https://x.test", Specification: []byte("<x/>")}},
				Communication: []byte("{}"),
			},
		},
		StartFrozen: start,
		Landscape: btp.Landscape{
			GlobalAccounts: []btp.GlobalAccount{{ID: "ga", DisplayName: "GA", Subdomain: "sub"}},
			Systems: []btp.DeclaredSystem{{
				GlobalAccount: "ga", Name: "Web Shop", Type: commerce, Status: btp.Registered, TokenAge: -1, Tenant: &btp.Descriptor{TenantID: "shop"},
			}},
		},
	}
}

func environmentsOf(t *testing.T, s btp.Store) []btp.EnvironmentID {
	t.Helper()
	list, err := s.Environments(context.Background())
	if err != nil {
		t.Fatalf("Environments: %v", err)
	}
	return list
}

func drop(t *testing.T, s btp.Store, env btp.EnvironmentID) {
	t.Helper()
	if err := s.Drop(context.Background(), env); err != nil {
		t.Fatalf("Drop: %v", err)
	}
}

func testEnvironmentList(t *testing.T, s btp.Store) {
	same(t, "environments of an empty store", environmentsOf(t, s), []btp.EnvironmentID{})
	for _, id := range []btp.EnvironmentID{"c", "a", "b"} {
		update(t, s, id, func(tx btp.Tx) error { return tx.Environment().Put(environment(id)) })
	}
	view(t, s, "only looked at", func(tx btp.Tx) error { _, _, err := tx.Environment().Find(); return err })
	err := s.Update(context.Background(), "refused", func(tx btp.Tx) error {
		return all(tx.Environment().Put(environment("refused")), errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Errorf("Update: got %v, want the refusal", err)
	}
	update(t, s, "without record", func(tx btp.Tx) error { return tx.Systems().Put(system(1)) })
	same(t, "environments", environmentsOf(t, s), []btp.EnvironmentID{"a", "b", "c"})
	drop(t, s, "b")
	drop(t, s, "never there")
	same(t, "environments after one was dropped", environmentsOf(t, s), []btp.EnvironmentID{"a", "c"})
}

func testDrop(t *testing.T, s btp.Store) {
	update(t, s, env, populate)
	update(t, s, other, populate)
	before := get(t, s, everything)
	drop(t, s, other)
	same(t, "after another environment was dropped", get(t, s, everything), before)
	view(t, s, other, func(tx btp.Tx) error {
		found, err := everything(tx)
		for name, got := range found {
			if got != nil {
				t.Errorf("a dropped environment still has %s: %v", name, got)
			}
		}
		return err
	})
	update(t, s, other, populate) // it can be made again
	var again map[string]any
	view(t, s, other, func(tx btp.Tx) (err error) { again, err = everything(tx); return err })
	same(t, "an environment made again", again["systems"], before["systems"])
}

// A change that runs is not cut short; what comes after finds nothing.
func testDropWaits(t *testing.T, s btp.Store) {
	update(t, s, env, populate)
	entered, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.Update(context.Background(), env, func(tx btp.Tx) error {
			close(entered)
			<-leave
			_, known, err := tx.Environment().Find()
			if !known {
				t.Error("the environment was dropped under a change")
			}
			return err
		})
		if err != nil {
			t.Errorf("Update: %v", err)
		}
	})
	<-entered
	for range 4 {
		wg.Go(func() {
			if err := s.Drop(context.Background(), env); err != nil {
				t.Errorf("Drop: %v", err)
			}
		})
	}
	pause()
	close(leave)
	wg.Wait()
	_, known := find(t, s, func(tx btp.Tx) (btp.Environment, bool, error) { return tx.Environment().Find() })
	if known {
		t.Error("the environment is still there")
	}
	same(t, "environments", environmentsOf(t, s), []btp.EnvironmentID{})
}

func testTerms(t *testing.T, s btp.Store) {
	stored := func() (btp.Terms, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Terms, bool, error) { return tx.Environment().FindTerms() })
	}
	if _, ok := stored(); ok {
		t.Error("an environment has terms that nobody gave it")
	}
	given := terms()
	update(t, s, env, func(tx btp.Tx) error { return tx.Environment().PutTerms(given) })
	given.Tenants[0].ID, given.Policy.TokenValidity[commerce] = "changed", 0
	got, _ := stored()
	same(t, "terms", got, terms())
	if got.Policy.TokenValidity == nil || len(got.Tenants) == 0 {
		t.Fatal("the terms were not kept")
	}
	got.Tenants[0].ID, got.Policy.Transitions[btp.TransitionRemoving] = "changed", btp.TransitionPolicy{}
	got, _ = stored()
	same(t, "terms after the caller changed its own", got, terms())
	update(t, s, env, func(tx btp.Tx) error { return tx.Environment().PutTerms(btp.Terms{CreatedAt: start}) })
	got, _ = stored()
	same(t, "terms put again", got, btp.Terms{CreatedAt: start})
}
