package btpclient

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
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

// JournalEntry is a line of the journal. Kind is request, decision, refusal,
// transition or due.
type JournalEntry struct {
	Seq     uint64         `json:"seq"`
	At      time.Time      `json:"at"`
	Kind    string         `json:"kind"`
	Point   string         `json:"point,omitempty"`
	Subject JournalSubject `json:"subject,omitzero"`
	Method  string         `json:"method,omitempty"`
	Path    string         `json:"path,omitempty"`
	Status  int            `json:"status,omitempty"`
	Rule    string         `json:"rule,omitempty"`
	Source  string         `json:"source,omitempty"`
	Detail  string         `json:"detail,omitempty"`
	// Faults are the ids of the rules that touched it.
	Faults []string `json:"faults,omitempty"`
}

// JournalSubject is whom an entry is about.
type JournalSubject struct {
	System    string `json:"system,omitempty"`
	Formation string `json:"formation,omitempty"`
	Name      string `json:"name,omitempty"`
	Tenant    string `json:"tenant,omitempty"`
}

// JournalFilter selects entries; empty fields select all.
type JournalFilter struct {
	// After is the Seq behind which to start.
	After uint64
	// Limit is the length of a page, 1 to 1000; 0: the server's default.
	Limit int
	// System is a system's id.
	Kind, System, Point string
}

func (f JournalFilter) query() url.Values {
	query := url.Values{}
	for name, value := range map[string]string{"kind": f.Kind, "system": f.System, "point": f.Point} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.After != 0 {
		query.Set("after", strconv.FormatUint(f.After, 10))
	}
	if f.Limit != 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	return query
}

// Journal reads a page of entries, oldest first, and the After of the next page.
func (c *Control) Journal(ctx context.Context, f JournalFilter) (entries []JournalEntry, nextAfter uint64, err error) {
	var answer struct {
		Items     []JournalEntry `json:"items"`
		NextAfter uint64         `json:"nextAfter"`
	}
	err = c.do(ctx, http.MethodGet, "/control/journal", f.query(), nil, &answer)
	return answer.Items, answer.NextAfter, err
}

// maxEvent bounds one line of a stream, in bytes.
const maxEvent = 1 << 20

// FollowJournal yields the entries behind f.After and then every further one
// until ctx ends, which is no error, or the connection does, which is one. A
// client with a timeout ends it too.
func (c *Control) FollowJournal(ctx context.Context, f JournalFilter) iter.Seq2[JournalEntry, error] {
	return func(yield func(JournalEntry, error) bool) {
		const path = "/control/journal"
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		res, err := c.send(ctx, http.MethodGet, path, f.query(), nil, "text/event-stream")
		if err != nil {
			if ctx.Err() == nil {
				yield(JournalEntry{}, err)
			}
			return
		}
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, maxEvent)
		for lines.Scan() {
			data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
			if !ok {
				continue
			}
			var entry JournalEntry
			if err := json.Unmarshal(data, &entry); err != nil {
				yield(JournalEntry{}, fmt.Errorf("GET %s sent an entry of another form: %w", path, err))
				return
			}
			if !yield(entry, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		if err = lines.Err(); err == nil {
			err = errors.New("the server ended the stream")
		}
		yield(JournalEntry{}, unreachable(Call{Method: http.MethodGet, Path: path}, err))
	}
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
