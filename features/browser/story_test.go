//go:build browser

package browser

import (
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/pairsim/pairsim/btpclient"
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
			p.sees("In the cockpit: Registered story-1")
			p.sees("On the product side: " + c.label + " " + c.tenant)
			p.sees("It waits for nobody.")
			p.accessible()
			p.click(c.tenant + " → SAP BTP: a tenant sends its certificate request")
			p.sees("pairing-protocols §1.5")
			p.sees("POST /v1/applications/certificates?token=***")
			p.sees("base64 of certificate request for CN=mp-story-1")
			p.sees("issued by CN=pairsim client Issuing CA")
			p.accessible()
			if c.tenant == "commerce" {
				p.do(`document.querySelector(".said").scrollIntoView({block: "end"})`)
				p.picture("story-details")
			}
			// Nobody's secret stands in it.
			if secret := regexp.MustCompile(`eyJ[\w-]{10,}|-----BEGIN`).FindString(p.text()); secret != "" {
				t.Errorf("the story shows %q", secret)
			}
		})
	}
}

func TestTheStoryWaitsForTheReader(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "story")
	p.fill("Tenant", "commerce")
	p.fill("Pace", "step")
	p.sees("20 seconds")
	p.click("Start a pairing")
	p.sees("It waits before pairing.info")
	p.sees("waits for you")
	env.ExpectStatus(t, "story-1", "Pending")
	p.seesNot("POST /v1/applications/certificates")
	p.click("Step")
	p.sees("It waits before pairing.csr")
	p.accessible()
	p.wholePicture("story-step")
	p.click("Play")
	p.sees("Pending → Registered")
	p.sees("It waits for nobody.")
	p.until("holds are left behind", `fetch("/control/faults").then((a) => a.json()).then((l) => window.left = l.items.length) && window.left === 0`)
}

// A story that is over is gone through again without anybody waiting for it.
func TestTheStoryIsToldAgain(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	p := open(t, env, 1280, "story") // the latest, without being asked
	p.sees("Pending → Registered")
	p.click("Tell it again")
	p.sees("1 of ")
	p.seesNot("a tenant presents the token")
	p.click("Step")
	p.sees("a tenant presents the token")
	p.seesNot("Pending → Registered")
	p.accessible()
	p.fill("Pace", "live")
	p.sees("Pending → Registered")
	env.ExpectStatus(t, "shop", "Registered")
}

func TestTheStoryFollowsAPairingThatBeginsElsewhere(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "story")
	p.sees("No story yet")
	p.sees("Live")
	crm := env.RegisterSystem(t, "crm", testenv.CloudForCustomer)
	p.sees("an operator registers a system")
	env.Pair(t, "c4c", crm.IntegrationToken.TokenURL)
	p.sees("Pending → Registered")
	p.goTo("story?system=" + crm.ID) // a link to this story
	p.sees("Pending → Registered")
	p.run(chromedp.Reload())
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
			p.sees("commerce gave the pairing up")
			p.sees("registration-error has struck")
			p.accessible()
			if edition == "v2" {
				p.wholePicture("story-fault-v2")
			}
			p.click("Remove registration-error")
			p.seesNot("registration-error has struck")
		})
	}
}

// What breaks a story in the middle: an answer that is lost, and the reader sees it.
func TestAFaultIsSetInTheMiddleOfAStory(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "story")
	p.fill("Tenant", "fsm")
	p.fill("Pace", "step")
	p.click("Start a pairing")
	p.sees("It waits before pairing.info")
	p.fill("What goes wrong", "lost-certificate-answer")
	p.click("Set lost-certificate-answer now")
	p.sees("lost-certificate-answer has not struck yet")
	p.click("Play")
	p.sees("no answer")
	p.sees("fsm gave the pairing up")
	p.accessible()
	p.click("Systems") // who leaves a story holds it up no longer
	p.sees("story-1")
	p.until("holds are left behind", `fetch("/control/faults").then((a) => a.json()).then((l) => window.left = l.items.length) && window.left === 1`)
	env.EveryFaultStruck(t)
}

func TestTheStoryFitsANarrowWindow(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Recipe(t, "cut-connection", btpclient.RecipeTarget{System: shop.ID})
	if row, err := env.Tenants().Pair(t.Context(), "commerce", shop.IntegrationToken.TokenURL, ""); err != nil || !row.Failed() {
		t.Fatalf("the connection was not cut: %+v, %v", row, err)
	}
	env.Pair(t, "commerce", env.IssueToken(t, shop.ID).TokenURL)
	env.Advance(t, 24*time.Hour)
	p := open(t, env, 768, "story")
	p.sees("Pending → Registered")
	if over := evaluate[int](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		t.Errorf("the story is %d pixels wider than the window", over)
	}
	p.accessible()
	p.click("Dark theme")
	p.accessible()
	p.picture("story-narrow")
	p.click("commerce → SAP BTP: a tenant sends its certificate request")
	p.sees("certificate request for CN=mp-shop")
	if over := evaluate[int](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
		t.Errorf("what was said is %d pixels wider than the window", over)
	}
	p.accessible()
}
