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
	pair("campaigns-marketing-cloud", testenv.MarketingCloud, "marketing")
	env.RegisterSystem(t, "field-service-pilot", testenv.FieldServiceManagement)
	formation := btpclient.NewFormation{Name: "extend-the-shop", Subaccount: "dev", Systems: []string{shop.ID}}
	if edition == "v2" {
		formation.Type = "Side-by-Side Extensibility with Kyma"
	}
	if _, err := env.Operator().CreateFormation(t.Context(), "default", formation); err != nil {
		t.Fatal(err)
	}
}

func TestEveryPageIsAccessible(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			env := testenv.Start(t, testenv.WithEdition(edition))
			furnish(t, env, edition)
			p := open(t, env, 1280, "")
			for _, path := range []string{"", "systems", "formations", "entitlements", "runtime", "nowhere"} {
				p.goTo(path)
				p.sees("Live")
				p.accessible()
				name := path
				if path == "" {
					name = "overview"
				}
				p.picture(name + "-" + edition)
				p.click("Dark theme")
				p.accessible()
				p.picture(name + "-" + edition + "-dark")
				p.click("Light theme")
			}
		})
	}
}
