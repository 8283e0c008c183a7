package gateway

import (
	"context"
	"net/http"

	"github.com/pairsim/pairsim/btp"
)

// authenticate puts the credentials of the target into a request to it, and what
// a CSRF token needs.
func (c *call) authenticate(ctx context.Context, r *http.Request) error {
	c.used = nil
	credentials := c.to.API.Credentials
	if c.accessToken != "" {
		r.Header.Set("Authorization", c.accessToken)
	} else if err := c.authorize(ctx, r, credentials); err != nil {
		return err
	}
	if credentials.CSRFTokenURL() == "" {
		return nil
	}
	token, err := c.csrfToken(ctx, r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	token.put(r)
	return nil
}

// authorize sets Authorization. A generated certificate is shown by the target's
// transport; without credentials the caller's own header stays.
func (c *call) authorize(ctx context.Context, r *http.Request, credentials *btp.Credentials) error {
	switch {
	case credentials == nil:
	case credentials.Basic != nil:
		r.SetBasicAuth(credentials.Basic.Username, credentials.Basic.Password)
	case credentials.OAuth != nil, credentials.OAuthWithCertificate != nil:
		token, err := c.accessTokenOf(ctx, credentials)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return nil
}
