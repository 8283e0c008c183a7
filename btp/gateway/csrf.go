package gateway

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/tokencache"
)

const csrfHeader = "X-Csrf-Token"

// csrfToken fetches a CSRF token from the target with the same credentials. It
// is kept until the target answers 401 or 403, as the vendor does.
func (c *call) csrfToken(ctx context.Context, authorization string) (token, error) {
	endpoint := c.to.API.Credentials.CSRFTokenURL()
	key := tokencache.KeyOf("csrf", string(c.to.System), string(c.to.Service), endpoint, authorization)
	c.used = append(c.used, key)
	if token, known := c.tokens.Find(key, c.Registry.Now()); known {
		return token, nil
	}
	var fetched token
	err := c.Registry.GatewayStep(c.client, btp.PointGatewayCSRF, c.to.GatewayTarget, func(step context.Context) (_ string, err error) {
		fetched, err = c.fetchCSRFToken(btp.WithinStepOf(ctx, step), endpoint, authorization)
		return "a CSRF token was fetched", err
	})
	if err != nil {
		return token{}, err
	}
	c.tokens.Keep(key, fetched, fetched.until, c.Registry.Now())
	return fetched, nil
}

func (c *call) fetchCSRFToken(ctx context.Context, endpoint, authorization string) (token, error) {
	refuse := func(text string) error {
		return btp.Errorf(btp.CSRFCallFailed, "the CSRF token call failed: %s", text).WithVendor("failed to get CSRF token: " + text)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return token{}, refuse("its address is not a URL")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	req.Header.Set(csrfHeader, "fetch")
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Cache-Control", "no-cache")
	res, _, err := c.ask(req, c.to.transport, nil)
	switch {
	case c.client.Err() != nil:
		return token{}, c.client.Err()
	case err != nil:
		return token{}, refuse(err.Error())
	case res.StatusCode != http.StatusOK:
		return token{}, refuse(fmt.Sprintf("incorrect response code '%d' while getting token", res.StatusCode))
	}
	return token{text: res.Header.Get(csrfHeader), cookies: res.Cookies(), until: c.Registry.Now().Add(noEnd)}, nil
}

// noEnd is how long a token is kept that says nothing of its end.
const noEnd = maxExpiresIn * time.Second

// put sends a CSRF token with r, and the cookies that came with it: these take
// the place of the caller's of the same name.
func (t *token) put(r *http.Request) {
	r.Header.Set(csrfHeader, t.text)
	callers := r.Cookies()
	r.Header.Del("Cookie")
	for _, cookie := range t.cookies {
		r.AddCookie(cookie)
	}
	for _, cookie := range callers {
		if !slices.ContainsFunc(t.cookies, func(own *http.Cookie) bool { return own.Name == cookie.Name }) {
			r.AddCookie(cookie)
		}
	}
}
