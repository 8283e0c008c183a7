package btpclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultEnvironment is the environment that a server has without asking.
const DefaultEnvironment = "default"

// InEnvironment is a base URL of a server (of any of its listeners) as an
// environment of it is reached.
func InEnvironment(baseURL, name string) string {
	baseURL = strings.TrimRight(baseURL, "/")
	if name == "" || name == DefaultEnvironment {
		return baseURL
	}
	return baseURL + "/env/" + url.PathEscape(name)
}

// Environment is an isolated world of a server. Times are real; CreatedAt is zero
// for default, ExpiresAt for one that lasts.
type Environment struct {
	Name      string          `json:"name"`
	Edition   string          `json:"edition"`
	URLs      EnvironmentURLs `json:"urls"`
	CreatedAt time.Time       `json:"createdAt,omitzero"`
	ExpiresAt time.Time       `json:"expiresAt,omitzero"`
}

// EnvironmentURLs are the base URLs of an environment; MTLS is empty where that
// listener is off.
type EnvironmentURLs struct {
	HTTP    string `json:"http"`
	MTLS    string `json:"mtls,omitempty"`
	Control string `json:"control"`
}

// NewEnvironment says which environment to make.
type NewEnvironment struct {
	Name string `json:"name"`
	// Edition is v1 or v2; "" takes that of the seed or snapshot or, without one, the
	// server's.
	Edition string `json:"edition,omitempty"`
	// Seed is a seed document, a JSON object; nil: the built-in landscape.
	Seed json.RawMessage `json:"seed,omitempty"`
	// Snapshot is what it begins as, instead of a seed: with the tenants, issuer and
	// keys of the environment that was written down (Control.Snapshot).
	Snapshot json.RawMessage `json:"snapshot,omitempty"`
	// TTL is how long, in real time, it lasts; 0: until it is deleted.
	TTL time.Duration `json:"-"`
	// Policy are decisions that are to be others than the server's; nil: none.
	Policy *EnvironmentPolicy `json:"policy,omitempty"`
}

// EnvironmentPolicy are decisions of an environment (docs/configuration.md); what is
// nil or "" is the server's. Durations are texts such as 10m.
type EnvironmentPolicy struct {
	AttemptDeadline     string `json:"attemptDeadline,omitempty"`
	CertificateValidity string `json:"certificateValidity,omitempty"`
	RejectedCSRs        int    `json:"rejectedCsrs,omitempty"`
	BurnOnRejectedCSR   *bool  `json:"burnOnRejectedCsr,omitempty"`
	Abandoned           string `json:"abandoned,omitempty"`  // pending or error
	Revocation          string `json:"revocation,omitempty"` // renewal or strict
}

// Environments lists the server's environments: default, then the others by name.
// c must be the server's own control, not an environment's.
func (c *Control) Environments(ctx context.Context) ([]Environment, error) {
	var answer page[Environment]
	err := c.do(ctx, http.MethodGet, "/control/environments", nil, nil, &answer)
	return answer.Items, err
}

// Environment finds an environment of the server.
func (c *Control) Environment(ctx context.Context, name string) (e Environment, err error) {
	err = c.do(ctx, http.MethodGet, environmentPath(name), nil, nil, &e)
	return e, err
}

// CreateEnvironment makes an environment. It is ready when this returns.
func (c *Control) CreateEnvironment(ctx context.Context, n NewEnvironment) (e Environment, err error) {
	body := struct {
		NewEnvironment
		TTL string `json:"ttl,omitempty"`
	}{NewEnvironment: n}
	if n.TTL != 0 {
		body.TTL = n.TTL.String()
	}
	if n.Snapshot != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, snapshotTimeout)
		defer cancel()
	}
	err = c.do(ctx, http.MethodPost, "/control/environments", nil, body, &e)
	return e, err
}

// DeleteEnvironment removes an environment with everything in it.
func (c *Control) DeleteEnvironment(ctx context.Context, name string) error {
	if name == "" {
		return errors.New("an environment is named") // its path would be that of all
	}
	return c.do(ctx, http.MethodDelete, environmentPath(name), nil, nil, nil)
}

func environmentPath(name string) string { return "/control/environments/" + url.PathEscape(name) }
