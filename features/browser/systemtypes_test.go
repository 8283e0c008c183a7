//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/testenv"
)

// sap-domain §3: what can be registered, and what each type needs.
//
// Rule: cockpit-disabled-says-why
func TestTheSystemTypesAreListed(t *testing.T) {
	env := testenv.Start(t)
	env.RegisterSystem(t, "web-shop", testenv.CommerceCloud)
	p := open(t, env, 1280, "systemtypes")
	p.sees("SAP Marketing Cloud")
	p.sees("Cloud Foundry, Kyma")
	p.sees("yes, valid for 7 days")
	p.sees("yes, valid for 10 minutes")
	p.accessible()
	p.saysWhy("Create System Type", "The cockpit of this edition knows SAP's system types only.")
	p.fill("Search system types", "nothing of the kind")
	p.sees("Nothing matches")
	p.accessible()
	p.goTo("systemtypes?search=commerce")
	p.sees("SAP Commerce Cloud")
	p.seesNot("SAP Marketing Cloud")
	p.clickIn("SAP Commerce Cloud", "1")
	p.sees("web-shop")
}

// 5481d59.md: Create System Type, then Add System of it: without a token, and without
// a status.
//
// Rule: system-type-own
func TestASystemTypeOfAThirdPartyIsCreated(t *testing.T) {
	env := testenv.Start(t, testenv.WithEdition("v2"))
	p := open(t, env, 1280, "systemtypes")
	p.click("Create System Type")
	p.fill("Name", "Warehouse")
	p.fill("Namespace", "sap.s4")
	p.fill("Provider", "Acme")
	p.click("Create")
	p.sees("namespace: it is customer.")
	p.accessible()
	p.fill("Namespace", "customer.acme")
	p.click("Create")
	p.sees("customer.acme")
	p.accessible()
	p.picture("system-types")
	p.click("Create System Type")
	p.fill("Name", "<img src=x onerror=alert(1)>")
	p.fill("Namespace", "customer.acme")
	p.fill("Provider", "<b>Acme</b>")
	p.click("Create")
	p.sees("<img src=x onerror=alert(1)>")
	p.sees("<b>Acme</b>")
	p.clickIn("Warehouse", "Actions of")
	p.click("Add System")
	p.sees("Systems of this type need no token")
	p.fill("Name", "north")
	p.accessible()
	p.click("Add")
	p.sees("(no status)")
	p.sees("Warehouse")
	p.saysWhy("Get Token", "A system of this type needs no token.")
	p.accessible()
	p.click("Remove System")
	p.sees("is deleted with all")
	p.click("Remove System")
	p.sees("This system is gone")
}
