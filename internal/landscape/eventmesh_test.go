package landscape

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// busClient is an application that holds the credentials of a binding.
type busClient struct {
	t                     *testing.T
	token                 string
	messaging, management string
}

// bindBus makes an instance of SAP Event Mesh and binds it, as an operator does.
func bindBus(t *testing.T, l *Landscape, emname, namespace string, topics ...string) *busClient {
	t.Helper()
	api := l.HTTP + "/api/v1"
	made := call(t, "POST", api+"/subaccounts/dev/serviceInstances", map[string]any{
		"name": emname, "offering": "enterprise-messaging", "plan": "default",
		"parameters": map[string]any{
			"emname": emname, "namespace": namespace, "version": "1.1.0",
			"options": map[string]any{"management": true, "messagingrest": true},
			"rules":   map[string]any{"topicRules": map[string]any{"subscribeFilter": append([]string{}, topics...)}},
		},
	}, http.StatusCreated)
	bound := call(t, "POST", api+"/serviceInstances/"+made["id"].(string)+"/serviceBindings", map[string]any{"name": "app"}, http.StatusCreated)
	text, err := json.Marshal(bound["credentials"])
	if err != nil {
		t.Fatal(err)
	}
	type channel struct {
		OA2 struct{ ClientID, ClientSecret, TokenEndpoint string }
		URI string
	}
	var credentials struct{ Management, Messaging []channel }
	if err := json.Unmarshal(text, &credentials); err != nil || len(credentials.Management) != 1 || len(credentials.Messaging) != 3 {
		t.Fatalf("got %s, %v", text, err)
	}
	rest := credentials.Messaging[2]
	c := &busClient{t: t, messaging: rest.URI + "/messagingrest/v1", management: credentials.Management[0].URI + "/hub/rest/api/v1/management/messaging"}
	req, err := http.NewRequestWithContext(t.Context(), "POST", rest.OA2.TokenEndpoint, strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(rest.OA2.ClientID, rest.OA2.ClientSecret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, body := c.do(req, http.StatusOK)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &token); err != nil {
		t.Fatal(err)
	}
	c.token = token.AccessToken
	return c
}

func (c *busClient) do(req *http.Request, want int) (*http.Response, string) {
	c.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		c.t.Fatalf("%s %s: got %d %s, %v; want %d", req.Method, req.URL, res.StatusCode, body, err, want)
	}
	return res, string(body)
}

func (c *busClient) call(method, target, body string, want int, header ...string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return c.do(req, want)
}

// TestEventsReachAnApplication from one instance of SAP Event Mesh to another, with
// what their bindings say and nothing else: by consuming, and by a webhook.
//
// Rule: bus-queue-subscribes, bus-webhook
func TestEventsReachAnApplication(t *testing.T) {
	l := start(t)
	call(t, "POST", l.HTTP+"/api/v1/subaccounts/dev/entitlements", map[string]any{"service": "enterprise-messaging", "plan": "default", "quota": 2}, http.StatusCreated)
	from := bindBus(t, l, "s4hc", "sap/S4HANAOD/s4hc")
	to := bindBus(t, l, "ems-s4hc", "sap/S4HANAOD/ems-s4hc", "${namespace}/*", "sap/S4HANAOD/s4hc/*")

	const name = "sap/S4HANAOD/ems-s4hc/contacts"
	queue := to.management + "/queues/" + url.PathEscape(name)
	to.call("PUT", queue, "", http.StatusCreated)
	to.call("PUT", queue+"/subscriptions/"+url.PathEscape("sap/S4HANAOD/s4hc/*"), "", http.StatusCreated)
	const event = `{"specversion":"1.0","id":"1","source":"/default/sap.s4/marketing","type":"sap.s4.beh.businesspartner.v1.BusinessPartner.Changed.v1","data":{"BusinessPartner":"1"}}`
	publish := func() {
		t.Helper()
		topic := url.PathEscape("sap/S4HANAOD/s4hc/ce/sap/s4/beh/businesspartner/v1/BusinessPartner/Changed/v1")
		from.call("POST", from.messaging+"/topics/"+topic+"/messages", event, http.StatusNoContent, "Content-Type", "application/cloudevents+json", "x-qos", "1")
	}
	publish()
	messages := to.messaging + "/queues/" + url.PathEscape(name) + "/messages"
	got, body := to.call("POST", messages+"/consumption", "", http.StatusOK, "x-qos", "1")
	if body != event || got.Header.Get("Content-Type") != "application/cloudevents+json" {
		t.Errorf("consumed %s", body)
	}
	to.call("POST", messages+"/"+got.Header.Get("x-message-id")+"/acknowledgement", "", http.StatusNoContent)

	pushed := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			w.Header().Set("WebHook-Allowed-Origin", r.Header.Get("WebHook-Request-Origin"))
			return
		}
		body, _ := io.ReadAll(r.Body)
		pushed <- string(body)
	}))
	t.Cleanup(hook.Close)
	_, made := to.call("POST", to.messaging+"/subscriptions",
		`{"name":"h","address":"queue:`+name+`","qos":1,"pushConfig":{"type":"webhook","endpoint":"`+hook.URL+`","exemptHandshake":false}}`, http.StatusCreated)
	if !strings.Contains(made, `"handshake":"done"`) {
		t.Errorf("got %s", made)
	}
	publish()
	select {
	case body := <-pushed:
		if body != event {
			t.Errorf("pushed %s", body)
		}
	case <-waited(t).Done():
		t.Error("nothing was pushed")
	}

	bus := call(t, "GET", l.HTTP+"/api/v1/subaccounts/dev/eventBus", nil, http.StatusOK)
	if clients := bus["clients"].([]any); len(clients) != 2 {
		t.Errorf("got %v", bus)
	}
	from.token = "none"
	from.call("GET", from.management+"/queues", "", http.StatusUnauthorized)
}

// waited ends when a test waits for nothing any more.
func waited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
