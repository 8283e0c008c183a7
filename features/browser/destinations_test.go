//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/testenv"
)

// sap-domain §14: a destination made by hand, found as an application finds it.
//
// Rule: destination-find
func TestADestinationIsMadeAndFound(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "destinations")
	p.sees("No destinations")
	p.accessible()
	p.click("New Destination")
	p.fill("Name", "orders api")
	p.fill("URL", "https://orders.example/api")
	p.fill("Authentication", "BasicAuthentication")
	p.fill("User", "EXT")
	p.fill("Password", "not-a-real-secret")
	p.fill("Further properties", "sap-client=100")
	p.accessible()
	p.click("Save")
	p.sees("https://orders.example/api")
	p.click("orders api")
	p.sees("hidden")
	p.sees("sap-client")
	p.seesNot("not-a-real-secret")
	p.accessible()
	p.picture("destination")
	p.click("Find Destination")
	p.sees("not-a-real-secret")
	p.accessible()
	p.click("Close")
	p.click("Delete")
	p.sees("Applications do not find it any more")
	p.click("Delete")
	p.sees("No destinations")
}
