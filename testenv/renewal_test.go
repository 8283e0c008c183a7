package testenv_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/testenv"
)

// TestTenantsRenewThemselves: whoever wakes a tenant, it does what the registry's
// clock says.
//
// Rule: tenant-renews-in-time, certificate-renewal
func TestTenantsRenewThemselves(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	serial := func() string {
		t.Helper()
		tenant, err := env.Tenants().Tenant(t.Context(), "commerce")
		if err != nil || tenant.Connection == nil {
			t.Fatalf("got %+v, %v; want a connection", tenant, err)
		}
		return tenant.Connection.Certificate.Serial
	}
	wake := func() {
		t.Helper()
		answer, err := env.Client().Post(env.HTTP()+"/tenants/commerce/callback/wake", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusNoContent {
			t.Errorf("waking it: got %s", answer.Status)
		}
	}
	const day = 24 * time.Hour
	first := serial()
	env.Advance(t, 60*day-time.Minute)
	wake()
	if serial() != first {
		t.Error("it renewed before its time, because somebody woke it")
	}
	env.Advance(t, 2*time.Minute)
	second := serial()
	if second == first {
		t.Error("it did not renew on the 60th day")
	}
	env.Advance(t, 60*day)
	third := serial()
	if third == second {
		t.Error("it did not renew a second time")
	}
	if _, err := env.Tenants().Revoke(t.Context(), "commerce"); err != nil {
		t.Fatal(err)
	}
	env.Advance(t, 70*day)
	wake()
	if serial() != third {
		t.Error("it renewed a certificate that it had revoked")
	}
}

func TestTenantsThatDoNotRenew(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithoutTenantRenewal())
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	before, err := env.Tenants().Tenant(t.Context(), "commerce")
	if err != nil {
		t.Fatal(err)
	}
	env.Advance(t, 80*24*time.Hour)
	after, err := env.Tenants().Tenant(t.Context(), "commerce")
	if err != nil || before.Connection.Certificate.Serial != after.Connection.Certificate.Serial {
		t.Errorf("got %+v, %v; want the certificate of before", after.Connection, err)
	}
}

// TestRestoredTenantsRenewThemselves, at the instant that was theirs before.
func TestRestoredTenantsRenewThemselves(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	env.Advance(t, 30*day)
	before := env.Snapshot(t)
	env.Advance(t, 40*day)
	env.Restore(t, before)
	for name, e := range map[string]*testenv.Env{
		"restored": env, "a landscape of its own": testenv.Start(t, testenv.WithSnapshot(before)), "an environment beside": env.NewEnvironment(t, testenv.WithSnapshot(before)),
	} {
		serial := func() string {
			t.Helper()
			tenant, err := e.Tenants().Tenant(t.Context(), "commerce")
			if err != nil || tenant.Connection == nil {
				t.Fatalf("%s: got %+v, %v; want a connection", name, tenant, err)
			}
			return tenant.Connection.Certificate.Serial
		}
		first := serial()
		e.Advance(t, 29*day)
		if serial() != first {
			t.Errorf("%s: it renewed before the 60th day", name)
		}
		e.Advance(t, 2*day)
		if serial() == first {
			t.Errorf("%s: it did not renew on the 60th day", name)
		}
	}
}
