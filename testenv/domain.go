package testenv

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// Tenants is the administration of the simulated tenants. With WithAuth it needs
// the token of a tenant's administrator (btpclient.Tenants.WithToken, AccessToken).
func (e *Env) Tenants() *btpclient.Tenants { return btpclient.NewTenants(e.HTTP(), e.client) }

// Connector is the registry as a tenant without a product sees it; it trusts the
// TLS listener.
func (e *Env) Connector() (*btpclient.Connector, error) {
	return btpclient.New(btpclient.Config{
		RegistryURL: e.MTLS(), RegistryMTLSURL: e.MTLS(), RootCAs: e.TLS().RootCAs,
	})
}

// RegisterSystem registers a system in the global account "default". In edition
// v1 its integration token comes with it.
func (e *Env) RegisterSystem(t testing.TB, name, systemType string) btpclient.System {
	t.Helper()
	s, err := e.operator.Register(t.Context(), "default", name, systemType)
	if err != nil {
		t.Fatalf("register %q: %v", name, err)
	}
	return s
}

// IssueToken gives a system a new token.
func (e *Env) IssueToken(t testing.TB, systemID string) btpclient.IntegrationToken {
	t.Helper()
	token, err := e.operator.IssueToken(t.Context(), systemID)
	if err != nil {
		t.Fatalf("issue token: %v", err)
	}
	return token
}

// Pair enters a token, in any form, in a tenant and fails the test unless the
// pairing succeeds.
func (e *Env) Pair(t testing.TB, tenant, token string) btpclient.TenantPairing {
	t.Helper()
	tenants := e.Tenants()
	if e.auth {
		tenants = tenants.WithToken(e.AccessToken(t, TenantAdministrator, tenant))
	}
	row, err := tenants.Pair(t.Context(), tenant, token, "")
	if err != nil {
		t.Fatalf("pair tenant %s: %v", tenant, err)
	}
	if row.Failed() {
		t.Fatalf("tenant %s could not pair: %s", tenant, row.Cause)
	}
	return row
}

// Advance moves the clock forward; what is due on the way has happened when it returns.
func (e *Env) Advance(t testing.TB, d time.Duration) {
	t.Helper()
	if _, err := e.control.Advance(t.Context(), d); err != nil {
		t.Fatalf("advance by %s: %v", d, err)
	}
}

// System returns the system with this name in the global account "default".
func (e *Env) System(t testing.TB, name string) btpclient.System {
	t.Helper()
	s, err := e.operator.SystemNamed(t.Context(), "default", name)
	if err != nil {
		t.Fatalf("system %q: %v", name, err)
	}
	return s
}

// ExpectStatus fails the test unless the cockpit shows this label for the system.
func (e *Env) ExpectStatus(t testing.TB, name, label string) {
	t.Helper()
	if got := e.System(t, name).Status.Label; got != label {
		t.Errorf("system %q is shown as %q, want %q", name, got, label)
	}
}
