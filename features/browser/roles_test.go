//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// oauthClient makes a client of the token service for a role.
func oauthClient(t *testing.T, env *testenv.Env, want btpclient.OAuthClient) btpclient.OAuthClient {
	t.Helper()
	made, err := env.Controls().CreateOAuthClient(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (p *page) signIn(as btpclient.OAuthClient) {
	p.t.Helper()
	p.fill("Client ID", as.ID)
	p.fill("Client secret", as.Secret)
	p.click("Sign in")
}

// Rule: role-viewer
func TestRolesAreKept(t *testing.T) {
	env := testenv.Start(t, testenv.WithAuth())
	env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	viewer := oauthClient(t, env, btpclient.OAuthClient{Role: testenv.SystemLandscapeViewer, GlobalAccount: "default"})
	p := open(t, env, 1280, "systems")
	p.sees("Sign in")
	p.accessible()
	p.picture("sign-in")
	p.signIn(btpclient.OAuthClient{ID: viewer.ID, Secret: "wrong"})
	p.sees("Not signed in")
	p.signIn(viewer)
	p.sees("Pending")
	p.seesNot("Client secret")
	p.clickIn("shop", "Actions of shop")
	p.click("Display token")
	p.sees("Role does not allow it")
	p.accessible()
	p.press(escape)
	p.click("Sign out")
	p.sees("Client secret")
	p.seesNot("Pending")
}

// A role in the global account is none in a tenant: its console asks for its own
// administrator, and everything works when both have signed in.
//
// Rule: role-tenant-administrator
func TestATenantAsksForItsOwnAdministrator(t *testing.T) {
	env := testenv.Start(t, testenv.WithAuth())
	operator := oauthClient(t, env, btpclient.OAuthClient{Role: testenv.GlobalAccountAdministrator, GlobalAccount: "default"})
	own := oauthClient(t, env, btpclient.OAuthClient{Role: testenv.TenantAdministrator, Tenant: "commerce"})
	other := oauthClient(t, env, btpclient.OAuthClient{Role: testenv.TenantAdministrator, Tenant: "fsm"})
	p := open(t, env, 1280, "tenants")
	p.sees("Sign in")
	p.signIn(operator)
	p.sees("SAP Commerce Cloud")
	p.sees("Not signed in")
	p.accessible()

	p.goTo("story")
	p.fill("Tenant", "commerce")
	p.sees("Sign in to commerce first")
	p.accessible()
	p.click("Sign in to commerce")
	p.sees("has an administrator of its own")
	p.accessible()
	p.picture("tenant-sign-in")
	p.signIn(operator)
	p.sees("a role in a global account is none in a tenant")
	p.signIn(other)
	p.sees("of the administrator of tenant fsm")
	p.accessible()
	p.signIn(own)
	p.sees("Destination Targets")
	p.seesNot("Client secret")
	p.accessible()

	p.goTo("story")
	p.fill("Tenant", "commerce")
	p.fill("Pace", "live")
	p.seesNot("Sign in to commerce first")
	p.click("Start a pairing")
	p.sees("Pending → Registered")
	p.sees("On the product side: Registered")
	p.goTo("tenants")
	p.clickIn("SAP Commerce Cloud", "commerce")
	p.sees("mp-story-1")
	p.click("Sign out of commerce")
	p.sees("Sign in to commerce")
	p.click("Systems") // the registry's own is another door
	p.sees("story-1")
}
