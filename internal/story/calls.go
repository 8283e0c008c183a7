package story

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

const callTimeout = 40 * time.Second

// calls are the people of the story at their clients: the operator in the
// cockpit, an administrator in each tenant, a program in the Kyma runtime, and
// whoever got hold of a token.
type calls struct {
	operator  *btpclient.Operator
	control   *btpclient.Control
	connector *btpclient.Connector
	tenants   *btpclient.Tenants
	program   *btpclient.Workload
	client    *http.Client
	last      btpclient.Call // the latest exchange, as it was on the wire
}

func newCalls(l Landscape) (*calls, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(l.CAPEM) {
		return nil, errors.New("the CA of the TLS listener is no PEM certificate")
	}
	c := &calls{}
	c.client = &http.Client{Transport: &recorder{next: &http.Transport{}, calls: c}, Timeout: callTimeout}
	c.operator = btpclient.NewOperator(l.HTTP, c.client)
	c.control = btpclient.NewControl(l.Control, c.client)
	c.tenants = btpclient.NewTenants(l.HTTP, c.client)
	c.program = btpclient.NewWorkload(l.HTTP, c.client)
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

// eventTypes counts the channels of the AsyncAPI document that a tenant publishes.
func (c *calls) eventTypes(ctx context.Context, tenant, service string) (int, error) {
	text, err := c.tenants.Specification(ctx, tenant, service)
	if err != nil {
		return 0, err
	}
	var doc struct {
		Channels map[string]json.RawMessage `json:"channels"`
	}
	err = json.Unmarshal(text, &doc)
	return len(doc.Channels), err
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
