package testenv

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// Connector is the registry as a tenant without a product sees it; it trusts the
// TLS listener.
func (e *Session) Connector() (*btpclient.Connector, error) {
	return btpclient.New(btpclient.Config{
		RegistryURL: e.MTLS(), RegistryMTLSURL: e.MTLS(), RootCAs: e.TLS().RootCAs,
	})
}

// RegisterSystem registers a system in the global account "default". In edition
// v1 its integration token comes with it.
func (e *Session) RegisterSystem(t testing.TB, name, systemType string) btpclient.System {
	t.Helper()
	s, err := e.operator.Register(t.Context(), "default", name, systemType)
	if err != nil {
		t.Fatalf("register %q: %v", name, err)
	}
	return s
}

// IssueToken gives a system a new token.
func (e *Session) IssueToken(t testing.TB, systemID string) btpclient.IntegrationToken {
	t.Helper()
	token, err := e.operator.IssueToken(t.Context(), systemID)
	if err != nil {
		t.Fatalf("issue token: %v", err)
	}
	return token
}

// Pair enters a token, in any form, in a tenant and fails the test unless the
// pairing succeeds.
func (e *Session) Pair(t testing.TB, tenant, token string) btpclient.TenantPairing {
	t.Helper()
	tenants := e.TenantsAt(tenant)
	if e.address.Auth {
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
func (e *Session) Advance(t testing.TB, d time.Duration) {
	t.Helper()
	if _, err := e.control.Advance(t.Context(), d); err != nil {
		t.Fatalf("advance by %s: %v", d, err)
	}
}

// Now is the time of the clock: what expires is judged by it.
func (e *Session) Now(t testing.TB) time.Time {
	t.Helper()
	clock, err := e.control.Clock(t.Context())
	if err != nil {
		t.Fatalf("read the clock: %v", err)
	}
	return clock.Now
}

// System returns the system with this name in the global account "default".
func (e *Session) System(t testing.TB, name string) btpclient.System {
	t.Helper()
	s, err := e.operator.SystemNamed(t.Context(), "default", name)
	if err != nil {
		t.Fatalf("system %q: %v", name, err)
	}
	return s
}

// ExpectStatus fails the test unless the cockpit shows this label for the system.
func (e *Session) ExpectStatus(t testing.TB, name, label string) {
	t.Helper()
	if got := e.System(t, name).Status.Label; got != label {
		t.Errorf("system %q is shown as %q, want %q", name, got, label)
	}
}

// awaited bounds, in real time, what AwaitStatus waits for.
const awaited = 30 * time.Second

// AwaitStatus waits, in real time, until the cockpit shows this label for the system:
// what happens in another process has an end that nobody is told of.
func (e *Session) AwaitStatus(t testing.TB, name, label string) {
	t.Helper()
	until := time.Now().Add(awaited)
	for pause := time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		got := e.System(t, name).Status.Label
		switch {
		case got == label:
			return
		case time.Now().After(until):
			t.Fatalf("system %q is shown as %q after %s, want %q", name, got, awaited, label)
		}
		time.Sleep(pause)
	}
}
