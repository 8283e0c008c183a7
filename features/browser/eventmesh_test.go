//go:build browser

package browser

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// messageClient makes a service instance of SAP Event Mesh in subaccount dev.
func messageClient(t *testing.T, env *testenv.Env, name string, management bool) btpclient.Instance {
	t.Helper()
	parameters, err := json.Marshal(map[string]any{
		"emname": name, "namespace": "sap/demo/" + name, "version": "1.1.0",
		"options": map[string]bool{"management": management, "messagingrest": management},
		"rules":   map[string]any{"topicRules": map[string]any{"subscribeFilter": []string{"${namespace}/*", "sap/S4HANAOD/s4hc/*"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	i, err := env.Operator().CreateInstance(t.Context(), "dev", btpclient.NewInstance{
		Name: name, Offering: "enterprise-messaging", Plan: "default", Parameters: parameters,
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func entitleEventMesh(t *testing.T, env *testenv.Env, quota int) {
	t.Helper()
	_, err := env.Operator().AssignEntitlement(t.Context(), "dev", btpclient.NewEntitlement{Service: "enterprise-messaging", Plan: "default", Quota: quota})
	if err != nil {
		t.Fatal(err)
	}
}

// saysWhy waits until a button cannot be used, and says why to whoever reaches it.
func (p *page) saysWhy(button, why string) {
	p.t.Helper()
	p.until(button+" does not say "+why, `(() => { const b = find("button", %s); return b.ariaDisabled === "true" && document.getElementById(b.getAttribute("aria-describedby")).textContent === %s })()`, button, why)
}

// e54e609.md: queues and what they subscribe to, tried out with a test message, in the
// dashboard's words.
//
// Rule: bus-queue-subscribes
func TestAQueueIsMadeAndAMessageGoesThroughIt(t *testing.T) {
	env := testenv.Start(t)
	p := open(t, env, 1280, "eventmesh")
	p.sees("No message clients")
	p.accessible()
	entitleEventMesh(t, env, 2)
	messageClient(t, env, "orders", true)
	p.sees("sap/demo/orders")
	p.accessible()
	p.click("orders")
	p.sees("Rules")
	p.accessible()

	p.click("Queues")
	p.sees("No queues")
	p.click("Create Queue")
	p.sees("It becomes sap/demo/orders/ and this name.")
	p.fill("Queue Name", "bad name")
	p.click("Create")
	p.sees("letters, digits")
	p.accessible()
	p.fill("Queue Name", "inbox")
	p.click("Create")
	p.sees("sap/demo/orders/inbox")
	p.clickIn("sap/demo/orders/inbox", "Actions of")
	p.click("Queue Subscriptions")
	p.sees("It subscribes to no topic")
	p.fill("Topic", "com/other/namespace/x")
	p.click("Add")
	p.sees("subscribeFilter")
	p.fill("Topic", "sap/demo/orders/*")
	p.click("Add")
	p.sees("sap/demo/orders/*")
	p.accessible()
	p.picture("eventmesh-subscriptions")
	p.click("Close")

	p.click("Test")
	p.fill("Topic", "sap/demo/orders/created")
	p.fill("Message Data", `{"orderCode": "4711 <img src=x onerror=alert(1)>"}`)
	p.click("Publish Message")
	p.sees("Every queue that subscribes to the topic has it.")
	p.accessible()
	p.click("Queues")
	p.clickIn("sap/demo/orders/inbox", "Actions of")
	p.click("View Messages")
	p.sees("sap/demo/orders/created")
	p.sees("waiting")
	p.seesNot("4711")
	p.accessible()
	p.click("Close")
	p.click("Test")
	p.click("Consume Message")
	p.sees("4711 <img src=x onerror=alert(1)>")
	p.accessible()
	p.picture("eventmesh-test")
	p.click("Acknowledge")
	p.sees("Acknowledged: it is gone.")
	p.click("Consume Message")
	p.sees("The queue has no message that nobody has.")
	p.click("Rules")
	p.sees("sap/S4HANAOD/s4hc/*")
	p.accessible()

	p.click("Queues")
	p.clickIn("sap/demo/orders/inbox", "Actions of")
	p.click("Delete")
	p.sees("its webhooks go too")
	p.click("Delete")
	p.sees("No queues")
}

// A webhook that does not want messages is asked again when it has thought better of it.
//
// Rule: bus-webhook
func TestAWebhookIsAskedAgain(t *testing.T) {
	var wants atomic.Bool
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions && wants.Load() {
			w.Header().Set("WebHook-Allowed-Origin", "*")
		}
	}))
	t.Cleanup(hook.Close)
	env := testenv.Start(t)
	entitleEventMesh(t, env, 1)
	i := messageClient(t, env, "orders", true)
	p := open(t, env, 1280, "eventmesh/"+i.ID+"?tab=webhooks")
	p.sees("No webhooks")
	p.saysWhy("Create Webhook", "There is no queue yet.")
	p.accessible()
	p.click("Queues")
	p.click("Create Queue")
	p.fill("Queue Name", "inbox")
	p.click("Create")
	p.sees("sap/demo/orders/inbox")
	p.click("Webhooks")
	p.click("Create Webhook")
	p.fill("Subscription Name", "to-the-shop")
	p.fill("Webhook URL", hook.URL+"/hook")
	p.accessible()
	p.click("Create")
	p.sees("refused")
	p.sees("Paused")
	p.accessible()
	p.clickIn("to-the-shop", "Actions of")
	p.click("Trigger Handshake")
	p.sees("Webhook does not want messages")
	wants.Store(true)
	p.clickIn("to-the-shop", "Actions of")
	p.click("Trigger Handshake")
	p.sees("to-the-shop wants messages.")
	p.sees("Active")
	p.accessible()
	p.picture("eventmesh-webhooks")
	p.clickIn("to-the-shop", "Actions of")
	p.click("Pause")
	p.sees("Paused")
	p.clickIn("to-the-shop", "Actions of")
	p.sees("It is paused.")
	p.click("Resume")
	p.sees("Active")
	p.clickIn("to-the-shop", "Actions of")
	p.click("Delete")
	p.click("Delete")
	p.sees("No webhooks")
}

// The dashboard manages what the instance's options let it; the others say why not.
//
// Rule: cockpit-disabled-says-why
func TestAMessageClientWithoutOptionsSaysWhy(t *testing.T) {
	env := testenv.Start(t)
	entitleEventMesh(t, env, 1)
	i := messageClient(t, env, "plain", false)
	p := open(t, env, 768, "eventmesh/"+i.ID+"?tab=queues")
	p.saysWhy("Create Queue", "The client does not have the option management: its service instance says so.")
	p.accessible()
	p.click("Test")
	p.saysWhy("Publish Message", "The client does not have the option messagingrest: its service instance says so.")
	p.accessible()
	p.goTo("eventmesh/nothing")
	p.sees("This message client is gone")
	p.accessible()
}
