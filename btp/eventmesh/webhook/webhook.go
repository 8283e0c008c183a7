// Package webhook calls the webhooks of event buses: it makes the handshake and
// pushes messages (service-apis §6). Where calls may go is its client's decision.
package webhook

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

// Client makes bounded calls. Its errors hold no credentials.
type Client interface {
	// Ask refuses every answer but a 2xx, and returns the header of one.
	Ask(context.Context, *http.Request) (http.Header, error)
	// Fetch returns the body of a 200, and refuses every other answer.
	Fetch(context.Context, *http.Request) (body []byte, contentType string, err error)
	// Permits says why no call goes to the host of a URL, as far as that is known
	// before the call.
	Permits(context.Context, *url.URL) error
}

// Origin is how the bus names itself in a handshake, unless Pusher.Origin says otherwise.
const Origin = "pairsim"

// The headers of a handshake (CloudEvents, HTTP 1.1 Web Hooks for Event Delivery 1.0).
const (
	requestOrigin = "WebHook-Request-Origin"
	allowedOrigin = "WebHook-Allowed-Origin"
)

// Pusher is eventmesh.Pusher over HTTP.
type Pusher struct {
	Client Client
	// Origin is what a webhook is asked to allow; "": the constant Origin.
	Origin string
}

var _ eventmesh.Pusher = Pusher{}

// CheckEndpoint refuses with btp.SinkForbidden.
func (p Pusher) CheckEndpoint(ctx context.Context, endpoint string) error {
	u, err := url.Parse(endpoint)
	if err == nil {
		err = p.Client.Permits(ctx, u)
	}
	if err != nil {
		return btp.Errorf(btp.SinkForbidden, "pushConfig: %w", err)
	}
	return nil
}

// Greet asks with OPTIONS. It refuses with btp.HandshakeRefused.
func (p Pusher) Greet(ctx context.Context, w eventmesh.Webhook) error {
	origin := cmp.Or(p.Origin, Origin)
	req, err := http.NewRequestWithContext(ctx, http.MethodOptions, w.Endpoint, http.NoBody)
	if err != nil {
		return btp.Errorf(btp.HandshakeRefused, "the webhook's URL is none")
	}
	req.Header.Set(requestOrigin, origin)
	if err := p.authorize(ctx, &w, req); err != nil {
		return describe(ctx, btp.HandshakeRefused, err)
	}
	header, err := p.Client.Ask(ctx, req)
	if err != nil {
		return describe(ctx, btp.HandshakeRefused, err)
	}
	allowed := strings.FieldsFunc(strings.Join(header.Values(allowedOrigin), ","), func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case len(allowed) == 0:
		return btp.Errorf(btp.HandshakeRefused, "the webhook answered OPTIONS without %s", allowedOrigin)
	case !slices.ContainsFunc(allowed, func(a string) bool { return a == "*" || strings.EqualFold(a, origin) }):
		return btp.Errorf(btp.HandshakeRefused, "the webhook's %s names neither %q nor *", allowedOrigin, origin)
	}
	return nil
}

// Push posts a message. It refuses with btp.EventNotDelivered.
func (p Pusher) Push(ctx context.Context, w eventmesh.Webhook, m eventmesh.Message) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Endpoint, bytes.NewReader(m.Body))
	if err != nil {
		return btp.Errorf(btp.EventNotDelivered, "the webhook's URL is none")
	}
	if contentType := cmp.Or(m.ContentType, w.DefaultContentType); contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if err := p.authorize(ctx, &w, req); err != nil {
		return describe(ctx, btp.EventNotDelivered, err)
	}
	if _, err := p.Client.Ask(ctx, req); err != nil {
		return describe(ctx, btp.EventNotDelivered, err)
	}
	return nil
}

// describe says why a call failed; the process that ends has failed nobody.
func describe(ctx context.Context, code btp.Code, err error) error {
	var answered interface{ HTTPStatus() string }
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case errors.As(err, new(tokenError)):
		return btp.Errorf(code, "no token for the webhook: %w", err)
	case errors.As(err, &answered):
		return btp.Errorf(code, "the webhook answered %s", answered.HTTPStatus())
	}
	return btp.Errorf(code, "the webhook could not be reached: %w", err)
}

// tokenError says why there is no token; it holds neither credentials nor what the
// token server said.
type tokenError string

func (e tokenError) Error() string { return string(e) }

// authorize adds the credentials that the webhook wants.
func (p Pusher) authorize(ctx context.Context, w *eventmesh.Webhook, req *http.Request) error {
	switch w.SecurityType {
	case eventmesh.BasicAuth:
		req.SetBasicAuth(w.Security.User, w.Security.Password)
	case eventmesh.OAuth2:
		token, err := p.token(ctx, &w.Security)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return nil
}

// token fetches an access token, for each call anew: calls are rare, and nothing is
// to be kept that outlives its end.
func (p Pusher) token(ctx context.Context, s *eventmesh.Security) (string, error) {
	form := url.Values{"grant_type": {s.GrantType}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", tokenError("tokenUrl is none")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(s.ClientSecret)) // RFC 6749 §2.3.1
	body, _, err := p.Client.Fetch(ctx, req)
	var answered interface{ HTTPStatus() string }
	switch {
	case errors.As(err, &answered):
		return "", tokenError("the token server answered " + answered.HTTPStatus())
	case err != nil:
		return "", tokenError("the token server could not be reached: " + err.Error())
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.AccessToken == "" || strings.ContainsAny(answer.AccessToken, "\r\n ") {
		return "", tokenError("the token server's answer has no access_token")
	}
	return answer.AccessToken, nil
}
