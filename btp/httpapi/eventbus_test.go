package httpapi_test

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

func TestEventBus(t *testing.T) {
	a := newAPI(t, "v1")
	const path = "/api/v1/subaccounts/dev/eventBus"
	if w := a.call("GET", path, ""); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"clients":[],"queues":[],"webhooks":[]}` {
		t.Errorf("an empty bus: got %d %s", w.Code, w.Body)
	}
	bus := &eventmesh.Bus{Registry: a.registry}
	var about btp.Reference
	err := a.registry.Change(t.Context(), btp.PointQueuePut, &about, func(s *btp.Step) error {
		return eventmesh.PutClient(s, eventmesh.Client{
			Subaccount: "dev", Instance: "i1", EmName: "one", Namespace: "a/b/c", SubscribeTopics: []string{"${namespace}/*"}, Units: 10,
			MessagingREST: true, Management: true,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	who := btp.ServicePrincipal{ServiceClient: btp.ServiceClient{Instance: "i1"}}
	if _, _, err := bus.PutQueue(t.Context(), who, "a/b/c/q", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.SubscribeQueue(t.Context(), who, "a/b/c/q", "a/b/c/*"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := bus.Publish(t.Context(), who, "a/b/c/x", eventmesh.Publication{ContentType: "text/plain", Body: []byte("Secret-1"), QoS: eventmesh.AtLeastOnce})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := bus.Consume(t.Context(), who, "a/b/c/q", eventmesh.AtLeastOnce); err != nil {
		t.Fatal(err)
	}
	_, err = bus.CreateWebhook(t.Context(), who, eventmesh.NewWebhook{
		Name: "h", Queue: "a/b/c/q", Endpoint: "https://hook.example", ExemptHandshake: true,
		SecurityType: eventmesh.BasicAuth, Security: eventmesh.Security{User: "u", Password: "Secret-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := a.call("GET", path, "")
	for _, want := range []string{`"emname":"one"`, `"topics":["a/b/c/*"]`, `"messages":2`, `"unacknowledged":1`, `"bytes":16`, `"state":"active"`, `"units":10`} {
		if text := w.Body.String(); w.Code != 200 || !strings.Contains(text, want) || strings.Contains(text, "Secret-1") {
			t.Errorf("got %d %s, want %s", w.Code, text, want)
		}
	}
	messages := path + "/messages?limit=1&queue=a%2Fb%2Fc%2Fq"
	first := a.must(200, a.call("GET", messages, ""))
	item := first["items"].([]any)[0].(map[string]any)
	if item["state"] != "taken" || item["bytes"] != 8.0 || item["topic"] != "a/b/c/x" {
		t.Errorf("got %v", first)
	}
	second := a.must(200, a.call("GET", messages+"&cursor="+first["nextCursor"].(string), ""))
	if item := second["items"].([]any)[0].(map[string]any); item["state"] != "waiting" || second["nextCursor"] != nil {
		t.Errorf("got %v", second)
	}
	for target, want := range map[string]int{
		path + "/messages": 400, path + "/messages?queue=a%2Fb": 404, "/api/v1/subaccounts/nowhere/eventBus": 404,
		"/api/v1/subaccounts/nowhere/eventBus/messages?queue=a": 404, path + "?x=1": 400,
	} {
		if w := a.call("GET", target, ""); w.Code != want {
			t.Errorf("%s: got %d %s, want %d", target, w.Code, w.Body, want)
		}
	}
}
