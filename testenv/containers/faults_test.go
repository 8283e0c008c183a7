//go:build containers

package containers_test

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
	"github.com/pairsim/pairsim/testenv/containers"
)

// awaited bounds, in real time, what a test waits for.
const awaited = 2 * time.Minute

// await looks again until it is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	until := time.Now().Add(awaited)
	for !so() {
		if time.Now().After(until) {
			t.Fatalf("after %s still not: %s", awaited, what)
		}
		select { // a test does not sleep; the other process tells nobody when it is done
		case <-t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// started starts a pairing and does not wait for its end.
func started(t *testing.T, env *containers.Landscape, tenant, token string) btpclient.TenantPairing {
	t.Helper()
	row, err := env.TenantsAt(tenant).StartPairing(t.Context(), tenant, token, "")
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// TestNetworkFaults has one landscape for all, which start slowly; each leaves it whole.
//
// Rule: deregister-error-v2-retry
func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	env := containers.Start(t, impatient()...)
	for _, test := range []struct {
		name string
		hold func(*testing.T, *containers.Landscape)
	}{
		{"the registry stands still in the middle of a pairing", registryPaused},
		{"the registry is cut off in the middle of a pairing", registryCut},
		{"a tenant is cut off while it is deregistered", tenantCut},
		{"a tenant stands still while it is deregistered", tenantPaused},
	} {
		t.Run(test.name, func(t *testing.T) { test.hold(t, env) })
	}
}

// registryPaused: the tenant waits, and pairs when the registry goes on.
func registryPaused(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Paused Registry", testenv.CommerceCloud)
	token := env.IssueToken(t, shop.ID)
	env.BTP.Pause(t)
	row := started(t, env, "commerce", token.TokenURL)
	env.BTP.Resume(t)
	await(t, "the tenant's row has ended", func() bool {
		ended, err := env.TenantsAt("commerce").EndedPairing(t.Context(), "commerce", row.ID)
		return err == nil && !ended.Failed()
	})
	env.AwaitStatus(t, "Paused Registry", "Registered")
}

// registryCut: the pairing fails for a reason that the admin sees, the token is as good
// as before, and pairs when the registry is back.
func registryCut(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Cut Registry", testenv.FieldServiceManagement)
	token := env.IssueToken(t, shop.ID)
	env.Cut(t, env.BTP)
	row := failed(t, env, "fsm", token.TokenURL)
	env.ExpectStatus(t, "Cut Registry", "")
	env.Rejoin(t, env.BTP)
	forget(t, env, "fsm", row)
	env.Pair(t, "fsm", token.TokenURL)
	env.AwaitStatus(t, "Cut Registry", "Registered")
}

// tenantCut: the row stays, in the error status; deregistering again ends it when the
// tenant is back, which is told once.
func tenantCut(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Cut Tenant", testenv.CloudForCustomer)
	env.Pair(t, "c4c", env.IssueToken(t, shop.ID).TokenURL)
	env.AwaitStatus(t, "Cut Tenant", "Registered")
	env.Cut(t, env.CXSim)
	deregisteredInVain(t, env, shop, "c4c")
	env.Rejoin(t, env.CXSim)
	deregisteredAgain(t, env, shop, "c4c")
}

// tenantPaused: the call is not answered in time.
func tenantPaused(t *testing.T, env *containers.Landscape) {
	shop := env.RegisterSystem(t, "Paused Tenant", testenv.MarketingCloud)
	env.Pair(t, "marketing", env.IssueToken(t, shop.ID).TokenURL)
	env.AwaitStatus(t, "Paused Tenant", "Registered")
	env.MarketingSim.Pause(t)
	deregisteredInVain(t, env, shop, "marketing")
	env.MarketingSim.Resume(t)
	deregisteredAgain(t, env, shop, "marketing")
}

func deregisteredInVain(t *testing.T, env *containers.Landscape, s btpclient.System, tenant string) {
	t.Helper()
	if _, err := env.Operator().Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	env.AwaitStatus(t, s.Name, "Error while Deregistering")
	env.ExpectRequests(t, testenv.Match{Kind: "call", System: s.ID, Path: "/tenants/" + tenant + "/callback/deregistration"}, testenv.AtLeast(1))
}

func deregisteredAgain(t *testing.T, env *containers.Landscape, s btpclient.System, tenant string) {
	t.Helper()
	if _, err := env.Operator().Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	env.AwaitStatus(t, s.Name, "") // deregistered: as new
	shown, err := env.TenantsAt(tenant).Tenant(t.Context(), tenant)
	if err != nil || shown.Connection != nil {
		t.Errorf("the tenant has the connection %+v (%v), want none", shown.Connection, err)
	}
}
