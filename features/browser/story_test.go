//go:build browser

package browser

import (
	"testing"

	"github.com/pairsim/pairsim/testenv"
)

func TestTheStoryOfAPairingIsTold(t *testing.T) {
	for _, c := range consoles {
		t.Run(c.tenant, func(t *testing.T) {
			t.Parallel()
			env := testenv.Start(t)
			p := open(t, env, 1280, "story")
			p.sees("No story yet")
			p.accessible()
			p.fill("Tenant", c.tenant)
			p.fill("Pace", "fast")
			p.click("Start a pairing")
			p.sees("/v1/applications/signingRequests/info")
			p.sees("Pending → Registered")
			p.sees("Tenant " + c.tenant)
			p.sees("It waits for nobody.")
			p.accessible()
			p.click("Tenant " + c.tenant + " → Registry asks: POST /v1/applications/certificates")
			p.sees("pairing-protocols §1.5")
			p.accessible()
			if c.tenant == "commerce" {
				p.picture("story-commerce")
			}
		})
	}
}

func TestTheStoryWaitsForTheReader(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "story")
	p.fill("Tenant", "commerce")
	p.fill("Pace", "step")
	p.click("Start a pairing")
	p.sees("It waits before pairing.info")
	env.ExpectStatus(t, "story-1", "Pending")
	p.seesNot("POST /v1/applications/certificates")
	p.click("Step")
	p.sees("It waits before pairing.csr")
	p.accessible()
	p.picture("story-step")
	p.click("Play")
	p.sees("Pending → Registered")
}

func TestTheStoryShowsWhereItBreaks(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			env := testenv.Start(t, testenv.WithEdition(edition))
			p := open(t, env, 1280, "story")
			p.fill("Tenant", "commerce")
			p.fill("What goes wrong", "registration-error")
			p.sees("You will see")
			p.fill("Pace", "live")
			p.click("Start a pairing")
			p.sees("the automation of the registration failed")
			p.sees(map[string]string{"v1": "Error", "v2": "Error while Registering"}[edition])
			p.accessible()
			p.picture("story-fault-" + edition)
		})
	}
}
