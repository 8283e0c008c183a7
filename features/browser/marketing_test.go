//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/testenv"
)

// SEED-004, all of it by hand: register, integrate in the tenant, entitle the
// subaccount, create an instance of api-access, and find the destination that it made.
//
// Rule: instance-makes-destination, entitlement-per-system-and-plan
func TestMarketingCloudIsExtended(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			t.Parallel()
			env := testenv.Start(t, testenv.WithEdition(edition))
			p := open(t, env, 1280, "systems")
			if edition == "v1" {
				register(p, "campaigns", testenv.MarketingCloud)
			} else {
				p.click("Add System")
				p.fill("Type", testenv.MarketingCloud)
				p.fill("Name", "campaigns")
				p.click("Add")
			}
			p.sees("7 d 0:00:00 left")
			p.click("marketing")
			p.click("New")
			p.click("Paste the token of campaigns")
			p.click("Save")
			p.sees("Enabled")

			p.click("Entitlements")
			p.sees("No entitlement configurations")
			p.click("Add Service Plan")
			p.sees("Configure Entitlements")
			p.fill("Plan", "api-access")
			p.accessible()
			p.click("Add Service Plan")
			p.sees("SAP S/4HANA Cloud Extensibility")

			p.click("Service Instances")
			p.sees("No service instances")
			p.click("Create Instance")
			p.fill("Service", "s4-hana-cloud")
			p.fill("Plan", "api-access")
			p.fill("System Name", "campaigns")
			p.fill("Instance Name", "contacts")
			p.click("Next")
			p.sees("Parameters (JSON)")
			p.accessible()
			p.picture("create-instance")
			p.click("Next")
			p.sees("SAP_COM_0207")
			p.accessible()
			p.click("Create")
			p.sees("No bindings")
			p.sees("created")
			p.accessible()
			p.picture("instance")

			p.click("Destinations")
			p.sees("BasicAuthentication")
			p.accessible()
			p.picture("destinations")
			p.click("contacts")
			p.sees("a service instance")
			p.click("Overview")
			p.sees("campaigns")
			p.click("Systems")
			p.click("campaigns")
			p.sees("api-access")
			p.until("the button does not say what holds the system", `document.getElementById(find("button", "Deregister System").getAttribute("aria-describedby"))?.textContent.startsWith("Held by entitlement api-access")`)
		})
	}
}
