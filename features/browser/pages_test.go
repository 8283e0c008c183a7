//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// furnish gives an environment systems of every type, in several statuses.
func furnish(t *testing.T, env *testenv.Env, edition string) {
	t.Helper()
	pair := func(name, systemType, tenant string) btpclient.System {
		s := env.RegisterSystem(t, name, systemType)
		token := ""
		if s.IntegrationToken != nil {
			token = s.IntegrationToken.TokenURL
		} else {
			token = env.IssueToken(t, s.ID).TokenURL
		}
		env.Pair(t, tenant, token)
		return s
	}
	shop := pair("web-shop-commerce-cloud", testenv.CommerceCloud, "commerce")
	pair("tickets-cloud-for-customer", testenv.CloudForCustomer, "c4c")
	campaigns := pair("campaigns-marketing-cloud", testenv.MarketingCloud, "marketing")
	if _, err := env.Operator().AssignEntitlement(t.Context(), "dev", btpclient.NewEntitlement{System: campaigns.ID, Plan: "api-access"}); err != nil {
		t.Fatal(err)
	}
	env.RegisterSystem(t, "field-service-pilot", testenv.FieldServiceManagement)
	formation := btpclient.NewFormation{Name: "extend-the-shop", Subaccount: "dev", Systems: []string{shop.ID}}
	if edition == "v2" {
		formation.Type = "Side-by-Side Extensibility with Kyma"
	}
	if _, err := env.Operator().CreateFormation(t.Context(), "default", formation); err != nil {
		t.Fatal(err)
	}
}

// pages are all that stand at an address of their own, with something that shows
// that what they read is there.
var pages = []struct{ path, name, shows string }{
	{"", "overview", "web-shop-commerce-cloud"},
	{"systems", "systems", "web-shop-commerce-cloud"},
	{"formations", "formations", "extend-the-shop"},
	{"entitlements", "entitlements", "api-access"},
	{"runtime", "runtime", "mp-web-shop-commerce-cloud"},
	{"instances", "instances-empty", "No service instances"},
	{"destinations", "destinations-empty", "No destinations"},
	{"tenants", "tenants", "mp-web-shop-commerce-cloud"},
	{"tenants/fsm", "tenant-fsm-empty", "Nothing here yet"},
	{"story", "story", "an operator registers a system"},
	{"documents", "documents", "register-an-sap-marketing-cloud-system"},
	{"documents?of=pairing-protocols%20%C2%A71.4", "document", "Connector Service: token"},
	{"nowhere", "nowhere", "There is no such page"},
}

// Rule: cockpit-accessible
func TestEveryPageIsAccessible(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			t.Parallel()
			env := testenv.Start(t, testenv.WithEdition(edition))
			furnish(t, env, edition)
			p := open(t, env, 1280, "")
			for _, one := range pages {
				p.goTo(one.path)
				p.sees(one.shows)
				p.sees("Live")
				p.accessible()
				name := one.name
				if edition != "v1" {
					name += "-" + edition
				}
				switch {
				case one.path == "":
					p.wholePicture(name)
				case edition == "v1" || one.path == "systems": // the others look alike in both
					p.picture(name)
				}
				p.click("Dark theme")
				p.accessible()
				if one.path == "" || one.path == "systems" {
					p.picture(name + "-dark")
				}
				p.click("Light theme")
			}
		})
	}
}
