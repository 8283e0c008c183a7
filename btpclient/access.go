package btpclient

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// TokenKeys reads the keys that sign the access tokens of the registry's token
// service, and what the registry's clock shows; the zero time if it tells none.
func (c *Connector) TokenKeys(ctx context.Context) (keys []Key, now time.Time, err error) {
	hook := c.hook
	traced := c.Traced(func(call Call) {
		now = call.Time
		hook(call)
	})
	keys, err = traced.JWKS(ctx, Configuration{JWKSURI: c.base.String() + "/token_keys"})
	return keys, now, err
}

// WithToken returns the same client with an access token that every call sends
// (--auth); "" sends none.
func (o *Operator) WithToken(token string) *Operator { return &Operator{o.withToken(token)} }

// WithToken returns the same client with an access token that every call sends
// (--auth); "" sends none.
func (t *Tenants) WithToken(token string) *Tenants {
	return &Tenants{api: t.withToken(token), waiting: t.waiting.withToken(token)}
}

// WithToken returns the same client with an access token that every call sends.
// The control listener asks for none; a proxy before it may.
func (c *Control) WithToken(token string) *Control { return &Control{c.withToken(token)} }

func (a api) withToken(token string) api {
	a.token = token
	return a
}

// OAuthClient is a client of the token service: one person in one role. Secret
// is told when it is created only.
type OAuthClient struct {
	ID            string    `json:"client_id"`
	Secret        string    `json:"client_secret,omitempty"`
	Role          string    `json:"role"`
	GlobalAccount string    `json:"globalAccount,omitempty"`
	Tenant        string    `json:"tenant,omitempty"`
	CreatedAt     time.Time `json:"createdAt"`
}

// CreateOAuthClient adds a client; without an id it gets one. Secret and
// CreatedAt are not read.
func (c *Control) CreateOAuthClient(ctx context.Context, want OAuthClient) (created OAuthClient, err error) {
	body := map[string]string{"role": want.Role}
	for name, value := range map[string]string{"id": want.ID, "globalAccount": want.GlobalAccount, "tenant": want.Tenant} {
		if value != "" {
			body[name] = value
		}
	}
	err = c.do(ctx, http.MethodPost, "/control/oauthClients", nil, body, &created)
	return created, err
}

// OAuthClients lists the clients by id.
func (c *Control) OAuthClients(ctx context.Context) ([]OAuthClient, error) {
	var answer page[OAuthClient]
	err := c.do(ctx, http.MethodGet, "/control/oauthClients", nil, nil, &answer)
	return answer.Items, err
}

// DeleteOAuthClient deletes a client. Access tokens that it has are good until
// they expire.
func (c *Control) DeleteOAuthClient(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/control/oauthClients/"+url.PathEscape(id), nil, nil, nil)
}

// CreateGlobalAccount adds a global account, which with --auth no role may do.
func (c *Control) CreateGlobalAccount(ctx context.Context, a GlobalAccount) (created GlobalAccount, err error) {
	err = c.do(ctx, http.MethodPost, "/control/globalAccounts", nil, a, &created)
	return created, err
}

// AccessToken is an answer of the token service (service-apis §1): a secret.
type AccessToken struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
	JTI         string `json:"jti"`
}

// AccessToken asks the token service with the credentials of a client. A refusal
// is a *RefusedError.
func (o *Operator) AccessToken(ctx context.Context, clientID, clientSecret string) (t AccessToken, err error) {
	const path = "/oauth/token"
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return t, o.badBase()
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(clientSecret)) // RFC 6749 §2.3.1
	res, err := o.client.Do(req)
	call := Call{Method: http.MethodPost, Path: path}
	if err != nil {
		return t, unreachable(call, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return t, unreachable(call, err)
	}
	if call.Status = res.StatusCode; res.StatusCode != http.StatusOK {
		return t, refusedToken(call, res.Header, text)
	}
	if json.Unmarshal(text, &t) != nil || t.AccessToken == "" {
		return t, o.otherForm(call)
	}
	return t, nil
}

// refusedToken reads the error body of RFC 6749 §5.2.
func refusedToken(call Call, header http.Header, body []byte) error {
	var doc struct {
		Description string `json:"error_description"`
	}
	err := refused(call, header, body)
	var refusal *RefusedError
	if errors.As(err, &refusal) && json.Unmarshal(body, &doc) == nil && doc.Description != "" {
		refusal.Message += ": " + clean(doc.Description)
	}
	return err
}
