//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/testenv"
)

// consoles are the tenants as their products' documents show them (sap-domain §7.3, §9).
var consoles = []struct{ tenant, systemType, page, add, field, save, label string }{
	{"commerce", testenv.CommerceCloud, "Destination Targets", "New Destination Target", "Token URL", "Register", "Registered"},
	{"c4c", testenv.CloudForCustomer, "Event Notification", "Add Consumer", "Remote Environment URL", "Save", "Active"},
	{"fsm", testenv.FieldServiceManagement, "SAP BTP Extensions", "Add Extension", "Key", "Save", "Connected"},
	{"marketing", testenv.MarketingCloud, "Maintain Extensions on SAP BTP", "New", "Integration Token", "Save", "Enabled"},
}

// The whole way of a token, by hand: from the cockpit to the product side, and back
// to the list that shows Registered.
//
// Rule: cockpit-status-visible, tenant-shows-its-progress
func TestATokenIsUsedOnTheProductSide(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		for _, c := range consoles {
			t.Run(edition+" "+c.tenant, func(t *testing.T) {
				t.Parallel()
				env := testenv.Start(t, testenv.WithEdition(edition))
				p := open(t, env, 1280, "systems")
				if edition == "v1" {
					register(p, "mine", c.systemType)
				} else {
					p.click("Add System")
					p.fill("Type", c.systemType)
					p.fill("Name", "mine")
					p.click("Add")
				}
				p.sees("left, until")
				p.click(c.tenant) // the link to its console
				p.sees(c.page)
				p.accessible()
				p.click(c.add)
				p.click("Paste the token of mine")
				p.accessible()
				if edition == "v1" && c.tenant == "marketing" {
					p.picture("tenant-marketing-pair")
				}
				if p.value(c.field) == "" {
					t.Error("the token was not pasted")
				}
				p.click(c.save)
				p.sees("Present the token: it is spent")
				p.sees("Say who it is: paired")
				p.sees(c.label)
				p.sees("mp-mine")
				p.accessible()
				if edition == "v1" {
					p.picture("tenant-" + c.tenant)
				}
				p.click("mp-mine")
				p.sees("Registered")
			})
		}
	}
}

func TestATenantSendsAnEventAndShowsItsData(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	p := open(t, env, 1280, "tenants")
	p.sees("Registered")
	p.accessible()
	p.picture("tenants")
	p.click("commerce")
	p.click("Events")
	p.fill("Event type", "order.created.v1")
	p.sees("Send Event")
	p.click("Send Event")
	p.sees("The registry took the event")
	p.accessible()
	p.picture("tenant-event")
	p.click("Data")
	p.fill("Collection", "products")
	p.sees("1934793")
	p.accessible()
	p.picture("tenant-data")
	for _, other := range []struct{ tenant, api, shows string }{
		{"commerce", "commerce-inbound-product", "1934793"},
		{"c4c", "c4c-odata", "Alpine Sports AG"},
		{"fsm", "fsm-activity", "A-1001"},
		{"marketing", "marketing-contact", "ContactOrigin"},
	} {
		p.goTo("tenants/" + other.tenant + "?tab=data")
		p.fill("API", other.api)
		p.sees(other.shows)
	}
}

// Rule: tenant-extension-actions
func TestARowIsDisabledEnabledAndDeletedInItsProductsWords(t *testing.T) {
	env := testenv.Start(t)
	crm := env.RegisterSystem(t, "crm", testenv.CloudForCustomer)
	env.Pair(t, "c4c", crm.IntegrationToken.TokenURL)
	p := open(t, env, 1280, "tenants/c4c")
	p.sees("Active")
	act := func(verb string) {
		t.Helper()
		p.clickIn("mp-crm", "Actions of")
		p.click(verb)
	}
	act("Deactivate")
	p.sees("Inactive")
	p.click("Events")
	p.click("Send Event")
	p.sees("The extension is disabled")
	p.click("All consumers")
	act("Activate")
	p.seesNot("Inactive")
	act("Delete")
	p.sees("may object")
	p.click("Delete")
	p.sees("Nothing here yet")
}

// Rule: token-refusal-says-why
func TestARefusedTokenSaysWhy(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	p := open(t, env, 1280, "tenants/c4c")
	p.click("Add Consumer")
	p.fill("Remote Environment URL", shop.IntegrationToken.TokenURL)
	p.click("Save")
	p.sees(`The integration token is for a system of type "SAP Commerce Cloud"`)
	p.accessible()
	p.picture("tenant-refusal")
}
