//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// 5592d86.md: an auto-discovered duplicate is merged into the registered system; what
// is not possible says why.
//
// Rule: system-merge, cockpit-disabled-says-why
func TestADuplicateIsMerged(t *testing.T) {
	env := testenv.Start(t, testenv.WithEdition("v2"))
	ctx := t.Context()
	shop := env.RegisterSystem(t, "web-shop", testenv.CommerceCloud)
	token, err := env.Operator().IssueToken(ctx, shop.ID)
	if err != nil {
		t.Fatal(err)
	}
	env.Pair(t, "commerce", token.TokenURL)
	if shop, err = env.Operator().System(ctx, shop.ID); err != nil {
		t.Fatal(err)
	}
	discover := func(name, url string) {
		_, err := env.Controls().Discover(ctx, btpclient.DiscoveredSystem{
			GlobalAccount: "default", Name: name, Type: shop.Type, URL: url, SystemID: "SHOP-PRD-1", BusinessType: "Production", CorrelationIDs: []string{"sap.commerce:1"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	discover("shop-prd", shop.Tenant.URL)
	discover("elsewhere", "https://elsewhere.example")

	p := open(t, env, 1280, "systems")
	p.sees("Auto-discovered")
	p.sees("Manually added")
	p.clickIn("web-shop", "Actions of")
	p.sees("It was added manually: only an auto-discovered system is merged into another.")
	p.goTo("systems")
	p.clickIn("shop-prd", "Actions of")
	p.sees("It is auto-discovered: only a system that was added manually can be removed.")
	p.click("Merge System")
	p.sees("Target System")
	p.sees("is a duplicate of a registered system of the same type and URL")
	p.accessible()
	p.picture("merge-system")
	p.click("Merge")
	p.sees("SHOP-PRD-1")
	p.sees("web-shop")
	p.sees("Production")
	p.accessible()
	p.click("Systems")
	p.seesNot("shop-prd")

	p.click("elsewhere")
	p.sees("https://elsewhere.example")
	p.click("Merge System")
	p.sees("No registered system of its type has this URL.")
	p.accessible()
}
