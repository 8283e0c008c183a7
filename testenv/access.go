package testenv

import (
	"context"
	"fmt"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/landscape"
)

// The roles of AccessToken.
const (
	GlobalAccountAdministrator   = "Global Account Administrator"
	SystemLandscapeAdministrator = "System Landscape Administrator"
	SystemLandscapeViewer        = "System Landscape Viewer"
	TenantAdministrator          = "Tenant Administrator"
)

// WithAuth makes registry and tenants ask for access tokens. What Env itself does
// it does in the roles that it takes: as Global Account Administrator of
// "default", and as a tenant's own administrator. An access token is good for 12
// hours of the environment's clock.
func WithAuth() Option {
	return func(c *landscape.Config) { c.Auth = true }
}

// AccessToken gets an access token for a role in a global account, or of a
// tenant's administrator in that tenant.
func (e *Session) AccessToken(t testing.TB, role, where string) string {
	t.Helper()
	token, err := e.accessToken(t.Context(), role, where)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (e *Session) accessToken(ctx context.Context, role, where string) (string, error) {
	want := btpclient.OAuthClient{Role: role, GlobalAccount: where}
	if role == TenantAdministrator {
		want = btpclient.OAuthClient{Role: role, Tenant: where}
	}
	client, err := e.control.CreateOAuthClient(ctx, want)
	if err != nil {
		return "", fmt.Errorf("create an OAuth client for a %s of %s: %w", role, where, err)
	}
	token, err := e.operator.AccessToken(ctx, client.ID, client.Secret)
	return token.AccessToken, err
}
