package story

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

const (
	callTimeout = 40 * time.Second
	pairingWait = "wait=30" // RFC 7240: how long a row's end is waited for
	maxAnswer   = 4 << 20   // bytes
)

// calls are the people of the story at their clients: the operator in the
// cockpit, an administrator in each tenant, and whoever got hold of a token.
type calls struct {
	operator  *btpclient.Operator
	control   *btpclient.Control
	connector *btpclient.Connector
	tenants   string // base URL
	client    *http.Client
	last      btpclient.Call // the latest exchange, as it was on the wire
}

func newCalls(l Landscape) (*calls, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(l.CAPEM) {
		return nil, errors.New("the CA of the TLS listener is no PEM certificate")
	}
	c := &calls{tenants: l.HTTP}
	c.client = &http.Client{Transport: &recorder{next: &http.Transport{}, calls: c}, Timeout: callTimeout}
	c.operator = btpclient.NewOperator(l.HTTP, c.client)
	c.control = btpclient.NewControl(l.Control, c.client)
	// A token URL names the TLS listener.
	connector, err := btpclient.New(btpclient.Config{RegistryURL: l.MTLS, RegistryMTLSURL: l.MTLS, RootCAs: roots})
	if err != nil {
		return nil, err
	}
	c.connector = connector.Traced(func(call btpclient.Call) { c.last = call })
	return c, nil
}

func (c *calls) close() {
	c.client.CloseIdleConnections()
	c.connector.Close()
}

// recorder notes what was on the wire.
type recorder struct {
	next  *http.Transport
	calls *calls
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.calls.last = btpclient.Call{Method: req.Method, Path: req.URL.EscapedPath()}
	res, err := r.next.RoundTrip(req)
	if err == nil {
		r.calls.last.Status = res.StatusCode
	}
	return res, err
}

func (r *recorder) CloseIdleConnections() { r.next.CloseIdleConnections() }

// tenant is a tenant as its administrator sees it (docs/wire.md, Tenants).
type tenant struct {
	ID      string `json:"id"`
	Product string `json:"product"`
	Console struct {
		Path  string `json:"path"`
		Row   string `json:"row"`
		Field string `json:"field"`
	} `json:"console"`
}

// row is a pairing in the console of a tenant.
type row struct {
	ID     string `json:"id"`
	Status struct {
		Code  string `json:"code"`
		Label string `json:"label"`
	} `json:"status"`
	Cause           string `json:"cause"`
	Reason          string `json:"reason"`
	SystemID        string `json:"systemId"`
	ApplicationName string `json:"applicationName"`
	Calls           []struct {
		Step   string `json:"step"`
		Method string `json:"method"`
		Path   string `json:"path"`
		Status int    `json:"status"`
	} `json:"calls"`
}

const (
	rowInProgress = "inProgress"
	rowRegistered = "registered"
	rowFailed     = "failed"
)

func (c *calls) tenant(ctx context.Context, id string) (t tenant, err error) {
	err = c.askTenant(ctx, http.MethodGet, "/tenants/"+url.PathEscape(id), nil, &t)
	return t, err
}

func (c *calls) startPairing(ctx context.Context, tenant, token string) (r row, err error) {
	err = c.askTenant(ctx, http.MethodPost, "/tenants/"+url.PathEscape(tenant)+"/pairings", map[string]string{"token": token}, &r)
	return r, err
}

// endedPairing reads a row when it has ended, or after half a minute.
func (c *calls) endedPairing(ctx context.Context, tenant, id string) (r row, err error) {
	err = c.askTenant(ctx, http.MethodGet, "/tenants/"+url.PathEscape(tenant)+"/pairings/"+url.PathEscape(id), nil, &r)
	return r, err
}

// eventTypes counts the channels of the AsyncAPI document that a tenant publishes.
func (c *calls) eventTypes(ctx context.Context, tenant, service string) (int, error) {
	var doc struct {
		Channels map[string]json.RawMessage `json:"channels"`
	}
	err := c.askTenant(ctx, http.MethodGet, "/tenants/"+url.PathEscape(tenant)+"/specifications/"+url.PathEscape(service), nil, &doc)
	return len(doc.Channels), err
}

// askTenant makes one call; anything but success is an error with the answer's text.
func (c *calls) askTenant(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.tenants+path, content)
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	} else {
		req.Header.Set("Prefer", pairingWait)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("no answer from the tenant: %w", err) // its URL holds no token
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode/100 != 2 {
		var problem struct{ Title, Detail string }
		_ = json.Unmarshal(text, &problem) // the status says enough where it is none
		return fmt.Errorf("%s %s answered %d: %s: %s", method, path, res.StatusCode, problem.Title, problem.Detail)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s %s answered %d with JSON of another form", method, path, res.StatusCode)
	}
	return nil
}

// present shows a token to the connector and returns how it was refused; being
// accepted is an error.
func (c *calls) present(ctx context.Context, token, systemType string) (*btpclient.RefusedError, error) {
	_, err := c.connector.SigningRequestInfo(ctx, token, systemType, "")
	var refused *btpclient.RefusedError
	switch {
	case errors.As(err, &refused):
		return refused, nil
	case err != nil:
		return nil, err
	}
	return nil, errors.New("the connector accepted a token that it must refuse")
}

// expect fails unless an answer is what the documents promise.
func expect(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s: got %q, the documents say %q", what, got, want)
	}
	return nil
}
