package testenv_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/strict"
	"github.com/pairsim/pairsim/testenv"
)

// TestOurTenantsAreHonest takes all four products through their lives under
// every rule of strictness: 2 seeds, with PAIRSIM_VOLUME=full 200.
//
// Rule: strict-own-tenants
func TestOurTenantsAreHonest(t *testing.T) {
	seeds := uint64(2)
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		seeds = 200
	}
	var exercised sync.Map // by rule
	t.Cleanup(func() {     // when all seeds have been tried
		for _, r := range strict.Rules {
			// Nobody is asked to wait while the clock stands still.
			if _, yes := exercised.Load(string(r.Number)); !yes && r.Number != strict.TooEarly {
				t.Errorf("%s %s had no hand in any answer", r.Number, r.Name)
			}
		}
	})
	for seed := uint64(1); seed <= seeds; seed++ {
		for _, edition := range []string{"v1", "v2"} {
			t.Run(fmt.Sprintf("seed %d %s", seed, edition), func(t *testing.T) {
				t.Parallel()
				env := testenv.Start(t, testenv.WithStrict(seed), testenv.WithEdition(edition))
				for _, p := range []struct{ tenant, kind, event string }{
					{"commerce", testenv.CommerceCloud, "order.created"},
					{"fsm", testenv.FieldServiceManagement, "servicecall.created"},
					{"c4c", testenv.CloudForCustomer, "Account.Root.Created"},
					{"marketing", testenv.MarketingCloud, "bo.interaction.created"},
				} {
					live(t, env, p.tenant, p.kind, p.event)
				}
				state, err := env.Controls().Strictness(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range state.Rules {
					if r.Exercised > 0 {
						exercised.Store(r.Number, true)
					}
					if !r.On || r.Tripped > 0 {
						t.Errorf("%s %s: on %t, tripped %d times; want on and never", r.Number, r.Name, r.On, r.Tripped)
					}
				}
			})
		}
	}
}

// live is the life of a tenant: pairing, renewal, an event, deregistration, and
// pairing again.
func live(t *testing.T, env *testenv.Env, tenant, kind, event string) {
	t.Helper()
	ctx, tenants := t.Context(), env.Tenants()
	name := "System of " + tenant
	s := env.RegisterSystem(t, name, kind)
	for round := range 2 {
		row := env.Pair(t, tenant, env.IssueToken(t, s.ID).TokenURL)
		env.ExpectStatus(t, name, "Registered")
		seen, err := env.Operator().System(ctx, s.ID)
		if err != nil || len(seen.Services) == 0 {
			t.Fatalf("%s: got services %v (%v), want some", tenant, seen.Services, err)
		}
		if _, err := tenants.Renew(ctx, tenant); err != nil {
			t.Fatalf("%s renews: %v", tenant, err)
		}
		if _, err := tenants.SendEvent(ctx, tenant, event, "v1", json.RawMessage(`{"id":"1"}`)); err != nil {
			t.Fatalf("%s sends an event: %v", tenant, err)
		}
		if _, err := env.Operator().Deregister(ctx, s.ID); err != nil {
			t.Fatalf("deregister %s: %v", name, err)
		}
		if err := tenants.Delete(ctx, tenant, row.ID); err != nil {
			t.Fatalf("%s deletes its row: %v", tenant, err)
		}
		if round == 0 {
			s = again(t, env, s, name, kind)
		}
	}
}

// again is the system to pair a second time: the record of v2 stays, that of v1 is gone.
func again(t *testing.T, env *testenv.Env, s btpclient.System, name, kind string) btpclient.System {
	t.Helper()
	if s.Edition == "v2" {
		return s
	}
	return env.RegisterSystem(t, name, kind)
}

// TestStrictnessAfterARestart: which URLs a pairing was handed is forgotten with the
// process; who was paired before goes on working, whether it was strict then or not.
//
// Rule: strict-promises-kept
func TestStrictnessAfterARestart(t *testing.T) {
	for name, before := range map[string][]testenv.Option{"strict before": {testenv.WithStrict(3)}, "friendly before": nil} {
		t.Run(name, func(t *testing.T) {
			data := testenv.WithData(filepath.Join(t.TempDir(), "pairsim.db"))
			first, err := testenv.New(t.Context(), append(before, data)...)
			if err != nil {
				t.Fatal(err)
			}
			s := first.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
			first.Pair(t, "commerce", s.IntegrationToken.TokenURL)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			again := testenv.Start(t, testenv.WithStrict(4), data)
			for range 3 {
				if _, err := again.Tenants().Renew(t.Context(), "commerce"); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := again.Tenants().SendEvent(t.Context(), "commerce", "order.created", "v1", json.RawMessage(`{"id":"1"}`)); err != nil {
				t.Fatal(err)
			}
		})
	}
}
