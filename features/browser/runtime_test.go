//go:build browser

package browser

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// An event that nobody takes is given up after eight tries, and sent again by hand.
//
// Rule: event-retried
func TestAnEventIsSubscribedToAndSentAgain(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	if _, err := env.Operator().CreateFormation(t.Context(), "default", btpclient.NewFormation{Name: "extend", Subaccount: "dev", Systems: []string{shop.ID}}); err != nil {
		t.Fatal(err)
	}
	p := open(t, env, 1280, "runtime")
	p.click("View Manifests")
	p.sees("applicationconnector.kyma-project.io")
	p.accessible()
	p.click("Close")
	p.click("Events")
	p.fill("Search events", "order.created")
	p.accessible()
	p.picture("runtime-events")
	p.clickIn("order.created.v1", "Create Subscription")
	p.fill("Sink", "http://127.0.0.1:9/nobody-listens")
	p.accessible()
	p.click("Create Subscription")
	p.click("Subscriptions")
	p.sees("http://127.0.0.1:9/nobody-listens")
	p.accessible()

	p.click("Tenants")
	p.click("commerce")
	p.click("Events")
	p.fill("Event type", "order.created.v1")
	p.click("Send Event")
	p.sees("The registry took the event")
	p.click("Kyma runtime")
	p.click("Deliveries")
	p.sees("waiting")
	env.Advance(t, time.Hour)
	p.sees("dead")
	p.accessible()
	p.picture("runtime-deliveries")
	p.click("Send again")
	p.sees("waiting")
	p.click("Subscriptions")
	p.click("Delete")
	p.sees("no longer sent")
	p.click("Delete")
	p.sees("No subscriptions")
}
