//go:build browser

package browser

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/testenv"
)

// SEED-000, steps 1 to 9, with the formation before the product side as it recommends.
//
// Rule: cockpit-register-system, cockpit-edition-words
func TestRegisterASystemInV1(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "systems")
	p.sees("No systems yet")
	p.accessible()
	p.click("Register System")
	p.fill("Name", "web-shop-commerce-cloud")
	p.accessible()
	p.picture("register-system")
	p.click("Register")
	p.sees("10:00 left")
	p.accessible()
	p.picture("token")
	token := p.value("Token URL")
	p.click("Close")
	p.sees("Pending")

	p.click("Formations")
	p.click("Create Formation")
	p.fill("Name", "extend-the-shop")
	p.click("Next")
	p.click("web-shop-commerce-cloud")
	p.accessible()
	p.picture("create-formation")
	p.click("Next")
	p.accessible()
	p.click("Create")
	p.sees("extend-the-shop")
	p.sees("Development")

	env.Pair(t, "commerce", token)
	p.sees("ready") // without a reload
	p.accessible()
	p.picture("formation")
	p.click("web-shop-commerce-cloud")
	p.sees("Discovery")
	p.sees("Registered")
	p.picture("system")
	for _, tab := range []string{"APIs and Events", "Certificates", "History", "Incidents"} {
		p.click(tab)
		p.accessible()
	}
	p.click("Kyma runtime")
	p.sees("mp-web-shop-commerce-cloud")
	p.accessible()
}

// Rule: token-validity-cx
func TestATokenExpiresOnTheEnvironmentsClock(t *testing.T) {
	env := testenv.Start(t)
	env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	p := open(t, env, 1280, "systems")
	p.clickIn("shop", "Actions of shop")
	p.click("Display token")
	p.sees("10:00 left")
	env.Advance(t, 9*time.Minute+59*time.Second)
	p.sees("0:01 left")
	env.Advance(t, time.Second)
	p.sees("Expired at 2030-01-01 10:10:00")
	p.accessible()
	p.click("New token")
	p.sees("10:00 left, until 2030-01-01 10:20:00")
}
