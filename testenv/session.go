package testenv

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// Landscape is a landscape as a test uses it, wherever it runs: in the test's own
// process (Env), in a process (Process), in containers (package containers) or
// started by somebody else (Connect). What fails ends the test.
type Landscape interface {
	// HTTP, MTLS and Control are the base URLs of the listeners.
	HTTP() string
	MTLS() string
	Control() string
	// CA is the PEM of the TLS listener's CA; TLS and Client trust it.
	CA() []byte
	TLS(certificates ...tls.Certificate) *tls.Config
	Client() *http.Client

	// Operator, Controls and TenantsAt are the APIs: of the registry, of what only
	// tests may do, and of the administration of a tenant.
	Operator() *btpclient.Operator
	Controls() *btpclient.Control
	TenantsAt(tenant string) *btpclient.Tenants

	RegisterSystem(t testing.TB, name, systemType string) btpclient.System
	IssueToken(t testing.TB, systemID string) btpclient.IntegrationToken
	Pair(t testing.TB, tenant, token string) btpclient.TenantPairing
	System(t testing.TB, name string) btpclient.System
	ExpectStatus(t testing.TB, name, label string)
	AwaitStatus(t testing.TB, name, label string)

	Now(t testing.TB) time.Time
	Advance(t testing.TB, d time.Duration)

	AddFault(t testing.TB, f btpclient.Fault) btpclient.Fault
	ClearFaults(t testing.TB)
	EveryFaultStruck(t testing.TB)

	JournalMark(t testing.TB) uint64
	ExpectRequests(t testing.TB, match Match, count ...Count)
	ExpectInOrder(t testing.TB, matches ...Match)
}

var _ Landscape = (*Session)(nil)

// Address is where a landscape is reached.
type Address struct {
	// HTTP, MTLS and Control are base URLs.
	HTTP, MTLS, Control string
	// ControlKey is what the control listener asks for; "" for nothing.
	ControlKey string
	// CA is the PEM of the TLS listener's CA; nil: it is asked for at HTTP.
	CA []byte
	// Tenants are the base URLs of tenants that another process plays, by id.
	Tenants map[string]string
	// Auth says that access tokens are asked for.
	Auth bool
}

// Session uses a landscape that runs somewhere. It is safe for concurrent use.
type Session struct {
	address  Address
	roots    *x509.CertPool
	client   *http.Client
	operator *btpclient.Operator
	control  *btpclient.Control
}

// Connect uses a landscape that somebody else has started and will end.
func Connect(ctx context.Context, at Address) (*Session, error) {
	if at.CA == nil && at.MTLS != "" {
		var err error
		if at.CA, err = caOf(ctx, at.HTTP); err != nil {
			return nil, fmt.Errorf("%s is not reached, or no pairsim; it was asked for the CA of its TLS listener: %w", at.HTTP, err)
		}
	}
	return connect(ctx, at, nil)
}

// connect makes a session; nil for client makes one that trusts the landscape.
func connect(ctx context.Context, at Address, client *http.Client) (*Session, error) {
	at.Tenants = maps.Clone(at.Tenants)
	e := &Session{address: at, client: client, roots: x509.NewCertPool()}
	if !e.roots.AppendCertsFromPEM(at.CA) && at.MTLS != "" {
		return nil, fmt.Errorf("%s is no pairsim, or the CA that was given is none: it is no PEM certificate", at.HTTP)
	}
	if client == nil {
		e.client = &http.Client{Transport: &http.Transport{TLSClientConfig: e.TLS(), MaxIdleConnsPerHost: 64}}
	}
	e.operator = btpclient.NewOperator(e.HTTP(), e.client)
	e.control = btpclient.NewControl(e.Control(), e.client).WithToken(at.ControlKey)
	if !at.Auth {
		return e, nil
	}
	// What it does it does as administrator of the global account.
	token, err := e.accessToken(ctx, GlobalAccountAdministrator, "default")
	if err != nil {
		return nil, err
	}
	e.operator = e.operator.WithToken(token)
	return e, nil
}

const maxCA = 1 << 20 // bytes

// caOf asks a plain listener for the CA of the other one.
func caOf(ctx context.Context, base string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/ca.pem", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // it is only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer has status %s", answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, maxCA))
}

// HTTP is the base URL of the environment on the plain listener.
func (e *Session) HTTP() string { return e.address.HTTP }

// MTLS is its base URL on the TLS listener.
func (e *Session) MTLS() string { return e.address.MTLS }

// Control is its base URL on the control listener.
func (e *Session) Control() string { return e.address.Control }

// ControlKey is what the control listener asks for; "" for nothing.
func (e *Session) ControlKey() string { return e.address.ControlKey }

// CA is the PEM of the TLS listener's CA.
func (e *Session) CA() []byte { return e.address.CA }

// TLS is a client configuration that trusts the TLS listener and presents the
// given certificates.
func (e *Session) TLS(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: e.roots, Certificates: certificates, MinVersion: tls.VersionTLS12}
}

// Client is an HTTP client that trusts the TLS listener.
func (e *Session) Client() *http.Client { return e.client }

// Operator is the registry's API as an administrator of the global account uses it.
func (e *Session) Operator() *btpclient.Operator { return e.operator }

// Controls is the management API: clock, journal, keys.
func (e *Session) Controls() *btpclient.Control { return e.control }

// Tenants is the administration of the simulated tenants that the registry's own
// process plays. With WithAuth it needs the token of a tenant's administrator
// (btpclient.Tenants.WithToken, AccessToken).
func (e *Session) Tenants() *btpclient.Tenants { return btpclient.NewTenants(e.HTTP(), e.client) }

// TenantsAt is the administration at the process that plays a tenant.
func (e *Session) TenantsAt(tenant string) *btpclient.Tenants {
	return btpclient.NewTenants(cmp.Or(e.address.Tenants[tenant], e.HTTP()), e.client)
}
