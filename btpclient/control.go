package btpclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Control is the management API of a pairsim server (docs/wire.md, Control). It
// is safe for concurrent use, and refuses like Operator.
type Control struct{ api }

// NewControl makes a client for the control listener at this base URL. It makes
// no call; client may be nil.
func NewControl(baseURL string, client *http.Client) *Control {
	return &Control{newAPI(baseURL, client)}
}

// Clock is what an environment's clock shows.
type Clock struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
}

// Clock reads the clock.
func (c *Control) Clock(ctx context.Context) (state Clock, err error) {
	err = c.do(ctx, http.MethodGet, "/control/clock", nil, nil, &state)
	return state, err
}

// Advance moves the clock forward. It returns when all work that is due by then is done.
func (c *Control) Advance(ctx context.Context, d time.Duration) (Clock, error) {
	return c.change(ctx, map[string]any{"advance": d.String()})
}

// Set moves the clock to an instant, which must not be past.
func (c *Control) Set(ctx context.Context, at time.Time) (Clock, error) {
	return c.change(ctx, map[string]any{"set": at.Format(time.RFC3339Nano)})
}

// Freeze stops the clock.
func (c *Control) Freeze(ctx context.Context) (Clock, error) {
	return c.change(ctx, map[string]any{"freeze": true})
}

// Resume lets the clock run again.
func (c *Control) Resume(ctx context.Context) (Clock, error) {
	return c.change(ctx, map[string]any{"resume": true})
}

func (c *Control) change(ctx context.Context, body any) (state Clock, err error) {
	err = c.do(ctx, http.MethodPost, "/control/clock", nil, body, &state)
	return state, err
}

// SigningKey is the public side of a key that signs integration tokens.
type SigningKey struct {
	ID        string    `json:"kid"`
	Algorithm string    `json:"algorithm"`
	CreatedAt time.Time `json:"createdAt"`
}

// RotateKey makes a new key sign from now on: ES256, RS256 or EdDSA.
func (c *Control) RotateKey(ctx context.Context, algorithm string) (key SigningKey, err error) {
	err = c.do(ctx, http.MethodPost, "/control/signingKeys/rotation", nil, map[string]string{"algorithm": algorithm}, &key)
	return key, err
}

// PublicURLs are the base URLs that the server hands out where a request's own
// host is not known; an empty one is derived from the request.
type PublicURLs struct {
	HTTP string `json:"http"`
	MTLS string `json:"mtls"`
}

// SetPublicURLs replaces both URLs.
func (c *Control) SetPublicURLs(ctx context.Context, urls PublicURLs) (PublicURLs, error) {
	var now PublicURLs
	err := c.do(ctx, http.MethodPut, "/control/publicUrls", nil, urls, &now)
	return now, err
}

// Authorities are the server's certificate authorities, as PEM: Server signs the
// TLS listener's certificate, Client the environment's client certificates.
type Authorities struct {
	Server string `json:"server"`
	Client string `json:"client"`
}

// Authorities reads the certificate authorities.
func (c *Control) Authorities(ctx context.Context) (a Authorities, err error) {
	err = c.do(ctx, http.MethodGet, "/control/authorities", nil, nil, &a)
	return a, err
}

// Incidents goes through the incidents of all global accounts, in the order of
// opening, fetching page by page. It ends with the first error.
func (c *Control) Incidents(ctx context.Context, f IncidentFilter) iter.Seq2[Incident, error] {
	return pages[Incident](ctx, c.api, "/control/incidents", f.query())
}

// ResolveIncident ends an incident as SAP's support would.
func (c *Control) ResolveIncident(ctx context.Context, id, resolution string) (i Incident, err error) {
	body := map[string]string{"resolution": resolution}
	err = c.do(ctx, http.MethodPost, "/control/incidents/"+url.PathEscape(id)+"/resolution", nil, body, &i)
	return i, err
}

// ReportAssignment speaks for a participant of a formation: an assignment's
// state is READY, CONFIG_PENDING, CREATE_ERROR or DELETE_ERROR, cause says why
// for an error.
func (c *Control) ReportAssignment(ctx context.Context, formation, assignment, state, cause string) (f Formation, err error) {
	path := "/control/formations/" + url.PathEscape(formation) + "/assignments/" + url.PathEscape(assignment) + "/status"
	err = c.do(ctx, http.MethodPut, path, nil, map[string]string{"state": state, "error": cause}, &f)
	return f, err
}
