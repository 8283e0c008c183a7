package httpapi_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

const busPath = "/api/v1/subaccounts/dev/eventBus/clients/i1"

// newBusClient is an API whose subaccount dev has the message client i1; with its
// option management, or without it.
func newBusClient(t *testing.T, management bool) *api {
	t.Helper()
	a := newAPI(t, "v1")
	var about btp.Reference
	err := a.registry.Change(t.Context(), btp.PointQueuePut, &about, func(s *btp.Step) error {
		return eventmesh.PutClient(s, eventmesh.Client{
			Subaccount: "dev", Instance: "i1", EmName: "one", Namespace: "a/b/c", Units: 10, MessagingREST: true, Management: management,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnOperatorActsAsAMessageClient(t *testing.T) {
	a := newBusClient(t, true)
	queue := a.must(201, a.call("POST", busPath+"/queues", `{"name":"a/b/c/q"}`))
	if queue["instance"] != "i1" || queue["messages"] != 0.0 {
		t.Errorf("got %v", queue)
	}
	a.must(200, a.call("POST", busPath+"/queues", `{"name":"a/b/c/q"}`))
	a.must(201, a.call("POST", busPath+"/queueSubscriptions", `{"queue":"a/b/c/q","topic":"a/b/c/x/*"}`))
	a.must(200, a.call("POST", busPath+"/queueSubscriptions", `{"queue":"a/b/c/q","topic":"a/b/c/x/*"}`))
	for _, body := range []string{
		`{"topic":"a/b/c/x/1","body":"{\"n\":1}"}`, `{"queue":"a/b/c/q","contentType":"text/plain","body":"two","qos":0}`, `{"topic":"a/b/c/y","body":"nobody has it"}`,
	} {
		if w := a.call("POST", busPath+"/publications", body); w.Code != 204 {
			t.Fatalf("%s: got %d %s", body, w.Code, w.Body)
		}
	}

	first := a.must(200, a.call("POST", busPath+"/consumptions", `{"queue":"a/b/c/q"}`))
	if first["body"] != `{"n":1}` || first["contentType"] != "application/json" || first["topic"] != "a/b/c/x/1" {
		t.Errorf("got %v", first)
	}
	second := a.must(200, a.call("POST", busPath+"/consumptions", `{"queue":"a/b/c/q","qos":0}`))
	if second["body"] != "two" || second["topic"] != nil {
		t.Errorf("got %v", second)
	}
	if w := a.call("POST", busPath+"/consumptions", `{"queue":"a/b/c/q"}`); w.Code != 204 {
		t.Errorf("an empty queue: got %d %s", w.Code, w.Body)
	}
	acknowledge := `{"queue":"a/b/c/q","message":"` + first["id"].(string) + `"}`
	for _, want := range []int{204, 404} {
		if w := a.call("POST", busPath+"/acknowledgements", acknowledge); w.Code != want {
			t.Errorf("acknowledge: got %d %s, want %d", w.Code, w.Body, want)
		}
	}
}

// Rule: bus-webhook
func TestAnOperatorManagesWebhooks(t *testing.T) {
	a := newBusClient(t, true)
	a.must(201, a.call("POST", busPath+"/queues", `{"name":"a/b/c/q"}`))
	hook := a.must(201, a.call("POST", busPath+"/webhooks", `{"name":"h","queue":"a/b/c/q","endpoint":"https://hook.example","exemptHandshake":true}`))
	if hook["state"] != "active" || hook["handshake"] != "exempt" || hook["qos"] != 1.0 {
		t.Errorf("got %v", hook)
	}
	for action, want := range map[string]string{"pause": "paused", "resume": "active"} {
		if hook := a.must(200, a.call("PUT", busPath+"/webhooks/state", `{"webhook":"h","action":"`+action+`"}`)); hook["state"] != want {
			t.Errorf("%s: got %v", action, hook)
		}
	}
	a.must(200, a.call("POST", busPath+"/webhooks/handshake", `{"webhook":"h"}`))
	const queued = "queue=a%2Fb%2Fc%2Fq"
	for what, w := range map[string]*httptest.ResponseRecorder{
		"the webhook":      a.call("DELETE", busPath+"/webhooks?webhook=h", ""),
		"the subscription": a.call("DELETE", busPath+"/queueSubscriptions?"+queued+"&topic=a%2Fb%2Fc%2Fx", ""),
		"the queue":        a.call("DELETE", busPath+"/queues?"+queued, ""),
	} {
		if w.Code != 204 {
			t.Errorf("%s: got %d %s", what, w.Code, w.Body)
		}
	}
	if text := a.call("GET", "/api/v1/subaccounts/dev/eventBus", "").Body.String(); !strings.Contains(text, `"queues":[],"webhooks":[]`) {
		t.Errorf("got %s", text)
	}
}

// A client's options and rules hold for an operator too.
//
// Rule: bus-own-namespace
func TestWhatAMessageClientMayNotDo(t *testing.T) {
	a, unmanaged := newBusClient(t, true), newBusClient(t, false)
	a.must(201, a.call("POST", busPath+"/queues", `{"name":"a/b/c/q"}`))
	for _, c := range []struct {
		api                  *api
		method, target, body string
		status               int
		reason               btp.Code
	}{
		{unmanaged, "POST", "/queues", `{"name":"a/b/c/q"}`, 403, btp.ChannelNotEnabled},
		{a, "POST", "/queues", `{"name":"x/y/z/q"}`, 403, btp.OutsideNamespace},
		{a, "POST", "/queues", `{"name":""}`, 400, btp.NameInvalid},
		{a, "POST", "/queueSubscriptions", `{"queue":"a/b/c/q","topic":"x/y/z/*"}`, 403, btp.OutsideNamespace},
		{a, "POST", "/publications", `{"topic":"x/y/z/t","body":"{}"}`, 403, btp.OutsideNamespace},
		{a, "POST", "/publications", `{"topic":"a/b/c/t","queue":"a/b/c/q","body":"{}"}`, 400, btp.InvalidRequest},
		{a, "POST", "/publications", `{"body":"{}"}`, 400, btp.InvalidRequest},
		{a, "POST", "/publications", `{"topic":"a/b/c/t","body":""}`, 400, btp.MessageInvalid},
		{a, "POST", "/publications", `{"topic":"a/b/c/t","body":"{}","contentType":"no type"}`, 400, btp.MessageInvalid},
		{a, "POST", "/publications", `{"topic":"a/b/c/t","body":"{}","qos":2}`, 400, btp.InvalidRequest},
		{a, "POST", "/consumptions", `{"queue":"a/b/c/none"}`, 404, btp.QueueNotFound},
		{a, "POST", "/consumptions", `{"queue":"a/b/c/q","qos":null}`, 400, btp.InvalidRequest},
		{a, "PUT", "/webhooks/state", `{"webhook":"h","action":"stop"}`, 400, btp.InvalidRequest},
		{a, "PUT", "/webhooks/state", `{"webhook":"h","action":"pause"}`, 404, btp.WebhookNotFound},
		{a, "POST", "/webhooks", `{"name":"h","queue":"a/b/c/q","endpoint":"ftp://x"}`, 400, btp.WebhookInvalid},
		{a, "DELETE", "/queues", "", 400, btp.InvalidRequest},
		{a, "DELETE", "/queues?queue=a%2Fb%2Fc%2Fnone", "", 404, btp.QueueNotFound},
	} {
		w := c.api.call(c.method, busPath+c.target, c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), "problem:"+string(c.reason)+`"`) {
			t.Errorf("%s %s %s: got %d %s, want %d %s", c.method, c.target, c.body, w.Code, w.Body, c.status, c.reason)
		}
	}
	for _, other := range []string{"/api/v1/subaccounts/dev/eventBus/clients/none", "/api/v1/subaccounts/nowhere/eventBus/clients/i1"} {
		if w := a.call("POST", other+"/queues", `{"name":"a/b/c/q"}`); w.Code != 404 {
			t.Errorf("%s: got %d %s", other, w.Code, w.Body)
		}
	}
}
