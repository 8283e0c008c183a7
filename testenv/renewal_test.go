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
