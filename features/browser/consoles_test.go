//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// A tenant is watched while it pairs: what it has done, and what it waits for.
//
// Rule: tenant-shows-its-progress
func TestATenantIsWatchedAsItPairs(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.AddFault(t, btpclient.Fault{Point: "pairing.csr", Action: &btpclient.FaultAction{Kind: "hold"}})
	p := open(t, env, 1280, "tenants/commerce")
	p.click("New Destination Target")
	p.fill("Token URL", shop.IntegrationToken.Encoded) // any form
	p.fill("Description", "our shop")
	p.click("Register")
	p.sees("What our shop did")
	p.sees("Present the token: it is spent")
	p.sees("It waits for the registry.")
	p.sees("In Progress")
	p.accessible()
	p.picture("tenant-pairing")
	env.Release(t, "shop")
	p.sees("Say who it is: paired")
	p.sees("Registered")
	p.seesNot("It waits for the registry.")
	p.click("Its story")
	p.sees("Pending → Registered")
}

// A pairing that fails says where, why and what to do, on the product side too.
//
// Rule: recipe-cut-connection
func TestATenantSaysWhereItsPairingBroke(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Recipe(t, "cut-connection", btpclient.RecipeTarget{System: shop.ID})
	p := open(t, env, 768, "tenants/commerce")
	p.click("New Destination Target")
	p.fill("Token URL", shop.IntegrationToken.Token)
	p.click("Register")
	p.sees("Failed")
	p.sees("Send the certificate request")
	p.sees("Ask for a new integration token")
	if over := evaluate[int](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		t.Errorf("the console is %d pixels wider than the window", over)
	}
	p.accessible()
	p.click("Dark theme")
	p.accessible()
	p.picture("tenant-failed-dark")
}

// Rule: certificate-renewal, certificate-revocation
func TestACertificateIsRenewedAndRevokedInTheConsole(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	p := open(t, env, 1280, "tenants/commerce?tab=certificate")
	p.sees("Serial number")
	serial := func() string {
		tenant, err := env.Tenants().Tenant(t.Context(), "commerce")
		if err != nil || tenant.Connection == nil || tenant.Connection.Certificate == nil {
			t.Fatalf("got %+v, %v", tenant, err)
		}
		return tenant.Connection.Certificate.Serial
	}
	before := serial()
	p.sees(before)
	p.click("Renew")
	p.sees("The tenant has a new certificate.")
	p.seesNot(before)
	p.sees(serial())
	p.accessible()
	p.click("Revoke")
	p.sees("cannot be renewed any more")
	p.accessible()
	p.click("Revoke")
	p.sees("The tenant revoked its certificate")
	p.harmless = []string{"status of 502"} // the tenant's own answer when the registry refuses it
	p.click("Renew")
	p.until("nothing is refused", `document.querySelector("[role=alert]")`)
	p.accessible()
	p.picture("tenant-certificate")
}
