package testenv_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// TestOurTenantsAreHonest takes all four products through their lives under
// every rule of strictness: 2 seeds, with PAIRSIM_VOLUME=full 200.
func TestOurTenantsAreHonest(t *testing.T) {
	seeds := uint64(2)
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		seeds = 200
	}
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
