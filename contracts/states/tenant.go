package states

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// validityStep is the least step of certificates (RFC 5280 has whole seconds).
const validityStep = time.Second

// products are the tenants of testenv with what their systems are.
var products = map[string]string{
	"commerce": testenv.CommerceCloud, "fsm": testenv.FieldServiceManagement,
	"c4c": testenv.CloudForCustomer, "marketing": testenv.MarketingCloud,
}

// paired pairs a tenant of the environment with a system of its product.
func (w *world) paired(ctx context.Context, p params) (tenant string, s btpclient.System, err error) {
	tenant = p.or("tenant", "commerce")
	kind := products[tenant]
	if kind == "" {
		return "", s, fmt.Errorf("tenant: %q is none of commerce, fsm, c4c, marketing", tenant)
	}
	if s, err = w.register(ctx, params{"type": kind}); err != nil {
		return "", s, err
	}
	row, err := w.env.Tenants().Pair(ctx, tenant, s.IntegrationToken.Token, "")
	if err == nil && row.Failed() {
		err = errors.New(row.Cause)
	}
	return tenant, s, err
}

func makeTenant(ctx context.Context, w *world, p params) (map[string]any, error) {
	what, err := p.choice("notice", Good, ForAnotherTenant, NotSigned)
	if err != nil {
		return nil, err
	}
	tenant, s, err := w.paired(ctx, p)
	if err != nil {
		return nil, err
	}
	told := s
	if what == ForAnotherTenant { // the notice of one is sent to the other
		for other := range products {
			if other == tenant {
				continue
			}
			other, otherErr := w.env.Operator().Register(ctx, "default", "Other", products[other])
			if otherErr != nil {
				return nil, otherErr
			}
			told = other
			row, pairErr := w.env.Tenants().Pair(ctx, tenantOf(other.Type), other.IntegrationToken.Token, "")
			if pairErr != nil || row.Failed() {
				return nil, fmt.Errorf("pair the other tenant: %w %s", pairErr, row.Cause)
			}
			break
		}
	}
	w.keepNotices.Store(true)
	if _, err := w.env.Operator().Deregister(ctx, told.ID); err != nil {
		return nil, err
	}
	n, err := take(ctx, "notice of the deregistration", w.notices)
	if err != nil {
		return nil, err
	}
	w.keepNotices.Store(false)
	values := map[string]any{"systemId": told.ID, "releaseToken": n.body.ReleaseToken, "noticeToken": n.jwt}
	if what == NotSigned {
		values["noticeToken"] = unsigned(n.jwt)
	}
	if p.or("busy", No) == Yes {
		err = w.holdRenewal(ctx, tenant)
	}
	return values, err
}

// unsigned is a token with a signature that nobody made.
func unsigned(jwt string) string {
	return jwt[:strings.LastIndexByte(jwt, '.')+1] + base64.RawURLEncoding.EncodeToString(make([]byte, 64))
}

func tenantOf(systemType string) string {
	for tenant, kind := range products {
		if kind == systemType {
			return tenant
		}
	}
	return ""
}

// holdRenewal lets a tenant renew its certificate, and the registry wait with it.
func (w *world) holdRenewal(ctx context.Context, tenant string) error {
	fault, err := w.env.Controls().AddFault(ctx, btpclient.Fault{Point: "certificate.renew", Action: &btpclient.FaultAction{Kind: "hold"}})
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = w.env.Tenants().Renew(w.ctx, tenant)
	}()
	w.closing = append(w.closing, func() error { <-ended; return nil })
	deadline, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	for deadline.Err() == nil {
		holds, err := w.env.Controls().Holds(deadline)
		if err != nil {
			return err
		}
		if len(holds) > 0 {
			return nil
		}
	}
	return fmt.Errorf("the renewal was not held by fault %s", fault.ID)
}

func makeAPI(ctx context.Context, w *world, p params) (map[string]any, error) {
	tenant, _, err := w.paired(ctx, p)
	if err != nil {
		return nil, err
	}
	api, err := w.api(ctx, tenant, p.or("api", ""))
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	switch {
	case api.Basic != nil:
		values["username"], values["password"] = api.Basic.Username, api.Basic.Password
		values["basic"] = basic(api.Basic.Username, api.Basic.Password)
	case api.OAuth != nil:
		values["clientId"], values["clientSecret"] = api.OAuth.ClientID, api.OAuth.ClientSecret
		values["basic"] = basic(api.OAuth.ClientID, api.OAuth.ClientSecret)
		values["form"] = url.Values{
			"client_id": {api.OAuth.ClientID}, "client_secret": {api.OAuth.ClientSecret}, "grant_type": {"client_credentials"},
		}.Encode()
	}
	c := &apiClient{w: w, api: api}
	if err := c.signIn(ctx); err != nil {
		return nil, err
	}
	values["accessToken"], values["csrfToken"], values["cookie"] = c.token, c.csrf, c.cookie
	return values, nil
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func (w *world) api(ctx context.Context, tenant, identifier string) (btpclient.TenantAPI, error) {
	apis, err := w.env.Tenants().APIs(ctx, tenant)
	if err != nil {
		return btpclient.TenantAPI{}, err
	}
	for _, a := range apis {
		if a.Identifier == identifier {
			return a, nil
		}
	}
	return btpclient.TenantAPI{}, fmt.Errorf("api: the tenant %s has no %q", tenant, identifier)
}

// apiClient calls a product's API as its clients do.
type apiClient struct {
	w                   *world
	api                 btpclient.TenantAPI
	token, csrf, cookie string
}

// signIn gets the tokens that the API's calls need.
func (c *apiClient) signIn(ctx context.Context) error {
	if o := c.api.OAuth; o != nil {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {o.ClientID}, "client_secret": {o.ClientSecret}}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.TokenURL, strings.NewReader(form.Encode()))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		body, _, err := c.do(req)
		if err != nil {
			return err
		}
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		err = json.Unmarshal(body, &answer)
		c.token = answer.AccessToken
		return err
	}
	if !c.api.CSRF {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api.TargetURL+"/", nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(c.api.Basic.Username, c.api.Basic.Password)
	req.Header.Set("X-CSRF-Token", "Fetch")
	_, header, err := c.do(req)
	if err != nil {
		return err
	}
	c.csrf = header.Get("X-CSRF-Token")
	c.cookie, _, _ = strings.Cut(header.Get("Set-Cookie"), ";")
	return nil
}

func (c *apiClient) do(req *http.Request) ([]byte, http.Header, error) {
	res, err := c.w.env.Client().Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s answered %d: %.200s", req.Method, req.URL.Path, res.StatusCode, body)
	}
	return body, res.Header, err
}

// post makes something by JSON.
func (c *apiClient) post(ctx context.Context, path, body string) error {
	if err := c.signIn(ctx); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.api.TargetURL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	} else {
		req.SetBasicAuth(c.api.Basic.Username, c.api.Basic.Password)
		req.Header.Set("X-CSRF-Token", c.csrf)
		req.Header.Set("Cookie", c.cookie)
	}
	_, _, err = c.do(req)
	return err
}
