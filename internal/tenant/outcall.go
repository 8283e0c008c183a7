package tenant

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pairsim/pairsim/internal/records"
)

const maxTokenAnswer = 64 << 10 // bytes

// heldToken is an access token of an extension's or the bus's token endpoint, kept
// until it expires on the registry's clock.
type heldToken struct {
	value   string
	expires time.Time
}

// changeCall is the body of a call of an outbound service.
type changeCall struct {
	Tenant string         `json:"tenant"`
	Object string         `json:"object"`
	Change string         `json:"change"` // Created, Changed, Deleted
	Time   time.Time      `json:"time"`
	Key    map[string]any `json:"key"`
	Data   map[string]any `json:"data,omitempty"` // as it is now; none of what was deleted
}

func (t *Tenant) callBody(object BusinessObject, change string, r records.Record, gone bool) json.RawMessage {
	call := changeCall{Tenant: t.cfg.ID, Object: object.Name, Change: change, Time: t.now(), Key: object.key(r)}
	if !gone {
		call.Data = r.Fields
	}
	body, _ := json.Marshal(call) // of what JSON holds
	return body
}

func (o BusinessObject) key(r records.Record) map[string]any {
	key := map[string]any{}
	for _, field := range o.Keys {
		key[field] = r.Fields[field]
	}
	return key
}

// callExtension calls an outbound service of a at its extension. Whatever is no 2xx
// is tried again, as somebody may be repairing the extension, up to maxCallTries.
func (t *Tenant) callExtension(ctx context.Context, d *delivery, a *arrangement) tried {
	status, err := t.callOnce(ctx, d, a)
	if status == http.StatusUnauthorized && usesToken(a.Wanted.Arrangement.Outbound) { // the token may have been revoked
		t.forgetToken(a.ID)
		status, err = t.callOnce(ctx, d, a)
	}
	result := tried{status: status, again: pauseAfter(d.Tries+1, time.Second)}
	switch {
	case err != nil:
		result.detail = err.Error()
	case status/100 != 2:
		result.detail = statusText(status)
	default:
		result.final = Delivered
	}
	if result.final == "" && d.Tries+1 == maxCallTries {
		result.final = GivenUp
	}
	return result
}

func usesToken(a Authentication) bool { return a == OAuth2ClientCredentials || a == OAuth2MTLS }

// callOnce returns the status of the answer, or why there is none; no text holds
// credentials.
func (t *Tenant) callOnce(ctx context.Context, d *delivery, a *arrangement) (int, error) {
	spec := &a.Wanted.Arrangement
	t.mu.Lock()
	s, _ := t.scenario(spec.ScenarioID)
	t.mu.Unlock()
	target := spec.System.base(spec.Outbound)
	found := false
	for _, o := range spec.activeServices(s.Scenario) {
		if o.ID == d.Service {
			path, _ := url.Parse("/" + strings.TrimPrefix(o.path, "/")) // check has read it
			target.Path, target.RawPath, target.RawQuery = path.Path, path.RawPath, path.RawQuery
			found = true
		}
	}
	if !found {
		return 0, fmt.Errorf("scenario %s has no service %s any more", spec.ScenarioID, d.Service)
	}
	client, end, err := t.clientFor(a)
	if err != nil {
		return 0, err
	}
	defer end()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(string(d.Body)))
	if err != nil {
		return 0, fmt.Errorf("the extension's address cannot be called")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", fmt.Sprintf("%s-%s-%d", t.cfg.ID, a.ID, d.ID))
	switch user := spec.System.User; spec.Outbound {
	case BasicAuthentication:
		req.SetBasicAuth(user.Username, user.Password)
	case OAuth2ClientCredentials, OAuth2MTLS:
		token, err := t.extensionToken(ctx, client, a)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	case NoAuthentication, ClientCertificateAuthentication, OAuth2SAMLBearerAssertion:
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, bare(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing of it matters
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxTokenAnswer))
	return res.StatusCode, nil
}

// bare is an error of http.Client without the URL, which may hold what is secret.
func bare(err error) error {
	if u, ok := err.(*url.Error); ok { //nolint:errorlint // as Do returns it
		if u.Timeout() {
			return fmt.Errorf("there was no answer within %s", callTimeout)
		}
		return u.Err
	}
	return errNoAnswer
}

// clientFor carries a's calls, with the client certificate of the pairing where the
// authentication has one (SAP S/4HANA Cloud). end lets its connections go.
func (t *Tenant) clientFor(a *arrangement) (client *http.Client, end func(), err error) {
	var own *tls.Certificate
	if o := a.Wanted.Arrangement.Outbound; o == ClientCertificateAuthentication || o == OAuth2MTLS {
		t.mu.Lock()
		r := t.connectedTo(a.Wanted.SystemID)
		t.mu.Unlock()
		if r == nil {
			return nil, nil, fmt.Errorf("the tenant is not paired any more")
		}
		cert, err := r.Connection.tls()
		if err != nil {
			return nil, nil, err
		}
		own = &cert
	}
	transport := t.cfg.Outbound.Transport(own)
	return &http.Client{
		Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, transport.CloseIdleConnections, nil
}

// extensionToken asks the extension's token endpoint (RFC 6749 §4.4), or takes the
// token of before. With OAuth2mTLS the client proves itself by certificate (RFC 8705).
func (t *Tenant) extensionToken(ctx context.Context, client *http.Client, a *arrangement) (string, error) {
	if token := t.heldToken(a.ID); token != "" {
		return token, nil
	}
	system := a.Wanted.Arrangement.System
	target, err := endpoint(system.TokenEndpoint)
	if err != nil {
		return "", fmt.Errorf("the token endpoint %w", err)
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if a.Wanted.Arrangement.Outbound == OAuth2MTLS {
		form.Set("client_id", system.User.Username)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("the token endpoint cannot be called")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if a.Wanted.Arrangement.Outbound == OAuth2ClientCredentials {
		req.SetBasicAuth(url.QueryEscape(system.User.Username), url.QueryEscape(system.User.Password))
	}
	res, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("token endpoint: %w", bare(err))
	}
	defer res.Body.Close() //nolint:errcheck // it has been read
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("token endpoint: %s", statusText(res.StatusCode))
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxTokenAnswer)).Decode(&answer); err != nil || answer.AccessToken == "" ||
		strings.ContainsFunc(answer.AccessToken, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", fmt.Errorf("token endpoint: the answer holds no access_token that can be sent")
	}
	t.holdToken(a.ID, answer.AccessToken, answer.ExpiresIn)
	return answer.AccessToken, nil
}

func (t *Tenant) heldToken(arrangement string) string {
	t.apis.mu.Lock()
	defer t.apis.mu.Unlock()
	if held := t.apis.held[arrangement]; t.now().Before(held.expires) {
		return held.value
	}
	return ""
}

func (t *Tenant) holdToken(arrangement, value string, seconds int) {
	t.apis.mu.Lock()
	defer t.apis.mu.Unlock()
	if t.apis.held == nil || len(t.apis.held) > 2*maxArrangements { // of arrangements that have ended, too
		t.apis.held = map[string]heldToken{}
	}
	t.apis.held[arrangement] = heldToken{value, t.now().Add(time.Duration(min(max(seconds, 0), 86400)) * time.Second)}
}

func (t *Tenant) forgetToken(arrangement string) {
	t.apis.mu.Lock()
	defer t.apis.mu.Unlock()
	delete(t.apis.held, arrangement)
}
