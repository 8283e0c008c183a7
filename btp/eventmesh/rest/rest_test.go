package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/eventmesh/rest"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// access knows a client by its instance as bearer token.
type access struct{}

func (access) AdmitService(_ context.Context, authorization []string, service string) (p btp.ServicePrincipal, err error) {
	switch {
	case service != eventmesh.Service, len(authorization) != 1, authorization[0] == "Bearer expired":
		return p, btp.Errorf(btp.Unauthenticated, "no token")
	case authorization[0] == "Bearer foreign":
		return p, btp.Errorf(btp.Forbidden, "a token of another service")
	}
	p.Instance = strings.TrimPrefix(authorization[0], "Bearer ")
	return p, nil
}

// webhook is a webhook as the bus sees it.
type webhook struct {
	mu     sync.Mutex
	answer error
	pushed []string
}

func (*webhook) CheckEndpoint(_ context.Context, endpoint string) error {
	if strings.Contains(endpoint, "forbidden") {
		return btp.Errorf(btp.SinkForbidden, "not there")
	}
	return nil
}

func (w *webhook) Greet(context.Context, eventmesh.Webhook) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.answer
}

func (w *webhook) Push(_ context.Context, _ eventmesh.Webhook, m eventmesh.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pushed = append(w.pushed, string(m.Body))
	return w.answer
}

type wire struct {
	t        testing.TB
	handler  http.Handler
	registry *btp.Registry
	webhook  *webhook
}

var (
	material = sync.OnceValues(func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err })
	document = sync.OnceValues(func() (*openapi3.T, error) {
		doc, err := openapi3.NewLoader().LoadFromData(rest.OpenAPI)
		if err != nil {
			return nil, err
		}
		return doc, doc.Validate(context.Background())
	})
)

// open is the wire in front of a bus with two clients: "all" with all channels,
// "none" with those that are open unless something is said.
func open(t testing.TB) *wire {
	t.Helper()
	authority, err := material()
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, webhook: &webhook{}}
	w.registry, err = btp.Open(context.Background(), btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Seed: 1, Tokens: token.NewSigner(nil), Authority: &authority,
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch }, StartFrozen: epoch, Policy: btp.DefaultPolicy(), Landscape: btp.DefaultLandscape(),
		Workers: eventmesh.Workers(w.webhook),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.registry.Close)
	var about btp.Reference
	err = w.registry.Change(context.Background(), btp.PointQueuePut, &about, func(s *btp.Step) error {
		all := eventmesh.Client{Subaccount: "dev", Instance: "all", EmName: "all", Namespace: "a/b/c", MessagingREST: true, Management: true}
		if err := eventmesh.PutClient(s, all); err != nil {
			return err
		}
		return eventmesh.PutClient(s, eventmesh.Client{Subaccount: "dev", Instance: "none", EmName: "none", Namespace: "a/b/d", Messaging: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	rest.Mount(router, rest.Config{Bus: &eventmesh.Bus{Registry: w.registry, Pusher: w.webhook}, Access: access{}})
	w.handler = router
	return w
}

// call makes a call as the client "all", unless a header says otherwise, and holds
// the answer against the OpenAPI document.
func (w *wire) call(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer all")
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	got := httptest.NewRecorder()
	w.handler.ServeHTTP(got, req)
	w.check(req, got)
	return got
}

// check holds an answer against the document. What is no operation is refused.
func (w *wire) check(req *http.Request, got *httptest.ResponseRecorder) {
	w.t.Helper()
	doc, err := document()
	if err != nil {
		w.t.Fatal(err)
	}
	reason := got.Header().Get("Pairsim-Reason")
	if got.Code >= 400 && reason == "" {
		w.t.Errorf("%s %s: refused with %d and no code", req.Method, req.URL, got.Code)
	}
	route := find(doc, req)
	if route == nil {
		if reason != string(btp.RouteNotFound) && reason != string(btp.MethodNotAllowed) {
			w.t.Errorf("%s %s: no operation of the document, and answered %d %s", req.Method, req.URL, got.Code, reason)
		}
		return
	}
	if got.Code < 400 && route.Operation.Responses.Status(got.Code) == nil {
		w.t.Errorf("%s %s: the document does not know the answer %d", req.Method, req.URL, got.Code)
	}
	if isOpaque := strings.HasSuffix(route.Path, "/consumption") && got.Code == http.StatusOK; isOpaque {
		return // a message is of any kind; the tests look at it
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, Route: route},
		Status:                 got.Code, Header: got.Header(), Body: io.NopCloser(bytes.NewReader(got.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		w.t.Errorf("%s %s: %v", req.Method, req.URL, err)
	}
}

// find is the operation of a request; names are one segment.
func find(doc *openapi3.T, req *http.Request) *routers.Route {
	have := strings.Split(req.URL.EscapedPath(), "/")
	for template, item := range doc.Paths.Map() {
		want := strings.Split(template, "/")
		fits := len(want) == len(have)
		for i := 0; fits && i < len(want); i++ {
			fits = want[i] == have[i] || strings.HasPrefix(want[i], "{") && have[i] != ""
		}
		if op := item.GetOperation(req.Method); fits && op != nil {
			return &routers.Route{Spec: doc, Path: template, PathItem: item, Method: req.Method, Operation: op}
		}
	}
	return nil
}

// want holds an answer against what it should be; body "*" is any.
func (w *wire) want(what string, got *httptest.ResponseRecorder, status int, reason btp.Code, body string) {
	w.t.Helper()
	if got.Code != status || got.Header().Get("Pairsim-Reason") != string(reason) || body != "*" && strings.TrimSpace(got.Body.String()) != body {
		w.t.Errorf("%s: got %d %q %s, want %d %q %s", what, got.Code, got.Header().Get("Pairsim-Reason"), got.Body, status, reason, body)
	}
}

const (
	messaging  = rest.MessagingPath
	management = rest.ManagementPath
	inbox      = "a%2Fb%2Fc%2Finbox"
)

func withInbox(t testing.TB) *wire {
	w := open(t)
	w.want("queue", w.call("PUT", management+"/queues/"+inbox, ""), 201, "", "*")
	w.want("topics", w.call("PUT", management+"/queues/"+inbox+"/subscriptions/a%2Fb%2Fc%2F%2A", ""), 201, "", `{"topicPattern":"a/b/c/*"}`)
	return w
}

func TestManagement(t *testing.T) {
	w := open(t)
	w.want("ready", w.call("GET", management+"/readinessCheck", ""), 200, "", "")
	w.want("no queues", w.call("GET", management+"/queues", ""), 200, "", "[]")
	queue := `{"accessType":"NON_EXCLUSIVE","maxQueueMessageCount":10000,"maxQueueSizeInBytes":16777216,"messageCount":0,"name":"a/b/c/inbox","queueSizeInBytes":0,"unacknowledgedMessageCount":0}`
	w.want("made", w.call("PUT", management+"/queues/"+inbox, `{"accessType":"NON_EXCLUSIVE","name":"other"}`), 201, "", queue)
	w.want("changed", w.call("PUT", management+"/queues/"+inbox, ""), 200, "", queue)
	w.want("shown", w.call("GET", management+"/queues/"+inbox, ""), 200, "", queue)
	w.want("statistics", w.call("GET", management+"/queues/"+inbox+"/statistics", ""), 200, "", queue)
	w.want("listed", w.call("GET", management+"/queues", ""), 200, "", "["+queue+"]")
	topic := management + "/queues/" + inbox + "/subscriptions/a%2Fb%2Fc%2F%23"
	w.want("subscribed", w.call("PUT", topic, ""), 201, "", `{"topicPattern":"a/b/c/#"}`)
	w.want("again", w.call("PUT", topic, ""), 200, "", `{"topicPattern":"a/b/c/#"}`)
	w.want("topics", w.call("GET", management+"/queues/"+inbox+"/subscriptions", ""), 200, "", `[{"topicPattern":"a/b/c/#"}]`)
	for range 2 {
		w.want("unsubscribed", w.call("DELETE", topic, ""), 204, "", "")
	}
	w.want("deleted", w.call("DELETE", management+"/queues/"+inbox, ""), 204, "", "")
	const none = `{"message":"Queue does not exist"}`
	for _, path := range []string{"", "/statistics", "/subscriptions"} {
		w.want("unknown"+path, w.call("GET", management+"/queues/"+inbox+path, ""), 404, btp.QueueNotFound, none)
	}
	w.want("unknown", w.call("DELETE", management+"/queues/"+inbox, ""), 404, btp.QueueNotFound, none)
	w.want("unknown", w.call("PUT", topic, ""), 404, btp.QueueNotFound, none)
	w.want("another namespace", w.call("PUT", management+"/queues/a%2Fb%2Fd%2Fq", ""), 403, btp.OutsideNamespace, "")
	w.want("no name", w.call("PUT", management+"/queues/a%20b", ""), 400, btp.NameInvalid, "*")
	w.want("no pattern", w.call("PUT", management+"/queues/"+inbox+"/subscriptions/a%2F%2Fb", ""), 400, btp.TopicInvalid, "*")
	for _, body := range []string{"[]", "null", "{", `{"a":{}}`, `{"a":null}`} {
		w.want("settings "+body, w.call("PUT", management+"/queues/"+inbox, body), 400, btp.InvalidRequest, "*")
	}
	w.want("too much", w.call("PUT", management+"/queues/"+inbox, strings.Repeat(" ", 5000)), 413, btp.BodyTooLarge, "*")
	w.want("nothing is made", w.call("GET", management+"/queues", ""), 200, "", "[]")
}

func TestWhoMayCall(t *testing.T) {
	w := open(t)
	for path, bare := range map[string]bool{management + "/queues": true, messaging + "/subscriptions": false} {
		for token, want := range map[string]struct {
			status int
			reason btp.Code
		}{
			"": {401, btp.Unauthenticated}, "Bearer expired": {401, btp.Unauthenticated}, "Bearer foreign": {403, btp.Forbidden},
			"Bearer none": {403, btp.ChannelNotEnabled}, "Bearer gone": {403, btp.Forbidden},
		} {
			got := w.call("GET", path, "", "Authorization", token)
			body := "*"
			if bare {
				body = ""
			}
			w.want(path+" "+token, got, want.status, want.reason, body)
			if got.Code == 401 && got.Header().Get("WWW-Authenticate") == "" {
				t.Error("a 401 does not say how to come in")
			}
		}
	}
}

// Rule: bus-acknowledgement
func TestMessages(t *testing.T) {
	w := withInbox(t)
	event := `{"specversion":"1.0","id":"1","source":"/default/sap.s4/marketing","type":"sap.s4.beh.businesspartner.v1.BusinessPartner.Changed.v1","data":{"BusinessPartner":"1"}}`
	publish := messaging + "/topics/a%2Fb%2Fc%2Fx/messages"
	send := messaging + "/queues/" + inbox + "/messages"
	consume := send + "/consumption"
	w.want("an event", w.call("POST", publish, event, "Content-Type", "application/cloudevents+json; charset=utf-8", "x-qos", "1"), 204, "", "")
	w.want("bytes", w.call("POST", send, "\xff\x00", "Content-Type", "application/octet-stream", "x-qos", "0", "x-message-expiration", "2592000000"), 204, "", "")
	got := w.call("POST", consume, "", "x-qos", "1")
	w.want("consumed", got, 200, "", event)
	if kind := got.Header().Get("Content-Type"); kind != "application/cloudevents+json; charset=utf-8" {
		t.Errorf("got content type %q", kind)
	}
	acknowledge := send + "/" + got.Header().Get("x-message-id") + "/acknowledgement"
	w.want("acknowledged", w.call("POST", acknowledge, ""), 204, "", "")
	w.want("twice", w.call("POST", acknowledge, ""), 404, btp.MessageNotFound, "*")
	if got := w.call("POST", consume, "", "x-qos", "0"); got.Body.String() != "\xff\x00" || got.Header().Get("x-message-id") == "" {
		t.Errorf("got %q", got.Body)
	}
	w.want("empty", w.call("POST", consume, "", "x-qos", "0"), 204, "", "")

	const noQoS = `{"message":"x-qos is invalid"}`
	for _, qos := range []string{"", "2", "01", "-1", "a"} {
		w.want("publish with qos "+qos, w.call("POST", publish, "a", "Content-Type", "text/plain", "x-qos", qos), 400, btp.MessageInvalid, noQoS)
		w.want("consume with qos "+qos, w.call("POST", consume, "", "x-qos", qos), 400, btp.MessageInvalid, noQoS)
	}
	w.want("no body", w.call("POST", publish, "", "Content-Type", "text/plain", "x-qos", "0"), 400, btp.MessageInvalid, `{"message":"message is null or empty"}`)
	w.want("no type", w.call("POST", publish, "a", "x-qos", "0"), 400, btp.MessageInvalid, "*")
	w.want("a bad type", w.call("POST", publish, "a", "Content-Type", "text", "x-qos", "0", "Content-Type", ";;"), 400, btp.MessageInvalid, "*")
	w.want("compressed", w.call("POST", publish, "a", "Content-Type", "text/plain", "Content-Encoding", "gzip", "x-qos", "0"), 415, btp.UnsupportedMediaType, "*")
	for _, expiry := range []string{"0", "-1", "2592000001", "a", "1.5", "99999999999999999999"} {
		w.want("expiry "+expiry, w.call("POST", publish, "a", "Content-Type", "text/plain", "x-qos", "0", "x-message-expiration", expiry), 400,
			btp.MessageInvalid, `{"message":"x-message-expiration is invalid"}`)
	}
	large := strings.Repeat("a", eventmesh.MaxMessage)
	w.want("the largest", w.call("POST", send, large, "Content-Type", "text/plain", "x-qos", "1"), 204, "", "")
	w.want("too large", w.call("POST", send, large+"a", "Content-Type", "text/plain", "x-qos", "1"), 413, btp.MessageTooLarge, "*")
	for what, body := range map[string]string{
		"no JSON": "a", "no id": `{"specversion":"1.0","source":"s","type":"t"}`, "another version": `{"specversion":"0.3","id":"1","source":"s","type":"t"}`,
		"a list": "[]", "no type": `{"specversion":"1.0","id":"1","source":"s"}`,
		"data_base64 that is no string": `{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":7}`,
	} {
		w.want(what, w.call("POST", publish, body, "Content-Type", "application/cloudevents+json", "x-qos", "1"), 400, btp.MessageInvalid, "*")
	}
	w.want("no event", w.call("POST", publish, "a", "Content-Type", "application/json", "x-qos", "1"), 204, "", "")
	plain := []string{"Content-Type", "text/plain", "x-qos", "1"}
	w.want("an unknown queue", w.call("POST", messaging+"/queues/a%2Fb%2Fc%2Fnone/messages", "a", plain...), 404, btp.QueueNotFound, `{"message":"Queue does not exist"}`)
	w.want("another namespace", w.call("POST", messaging+"/topics/a%2Fb%2Fd%2Fx/messages", "a", plain...), 403, btp.OutsideNamespace, "*")
	w.want("a pattern", w.call("POST", messaging+"/topics/a%2Fb%2Fc%2F%2A/messages", "a", plain...), 400, btp.TopicInvalid, "*")
	w.want("consume an unknown queue", w.call("POST", messaging+"/queues/a%2Fb%2Fc%2Fnone/messages/consumption", "", "x-qos", "0"), 404,
		btp.QueueNotFound, `{"message":"Queue does not exist"}`)
}

func TestPaths(t *testing.T) {
	w := withInbox(t)
	for _, path := range []string{
		messaging + "/", messaging + "/queues", messaging + "/topics/a/b/c/x/messages", management + "/", management + "/queues/a/b/c/inbox",
		messaging + "/topics/../topics/a/messages", messaging + "//topics/a/messages", management + "/queues/",
	} {
		w.want(path, w.call("POST", path, ""), 404, btp.RouteNotFound, "*")
	}
	got := w.call("PATCH", management+"/queues/"+inbox, "")
	w.want("method", got, 405, btp.MethodNotAllowed, "*")
	if allow := got.Header().Get("Allow"); !strings.Contains(allow, "PUT") || !strings.Contains(allow, "DELETE") {
		t.Errorf("got Allow %q", allow)
	}
}

// Rule: bus-webhook
func TestPushSubscriptions(t *testing.T) {
	w := withInbox(t)
	const path = messaging + "/subscriptions"
	body := func(name, more string) string {
		return fmt.Sprintf(`{"name":%q,"address":"queue:a/b/c/inbox","qos":1,"unknown":{},"pushConfig":{"type":"webhook","endpoint":"https://hook.example/in"%s}}`, name, more)
	}
	w.want("none", w.call("GET", path, ""), 200, "", "[]")
	w.want("made", w.call("POST", path, body("h", "")), 201, "",
		`{"name":"h","address":"queue:a/b/c/inbox","qos":1,"pushConfig":{"type":"webhook","endpoint":"https://hook.example/in","exemptHandshake":false},"handshake":"done","state":"active"}`)
	got := w.call("POST", path, body("h", ""))
	w.want("twice", got, 409, btp.NameTaken, "*")
	var conflict struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(got.Body.Bytes(), &conflict); err != nil || conflict.Error.Code != "CONFLICT" {
		t.Errorf("got %s", got.Body)
	}
	secured := w.call("POST", path, body("s", `,"exemptHandshake":true,"securitySchema":{"type":"oauth2","grantType":"client_credentials","clientId":"c","clientSecret":"very secret","tokenUrl":"https://tokens.example"}`))
	w.want("secured", secured, 201, "", "*")
	if strings.Contains(secured.Body.String(), "very secret") || !strings.Contains(secured.Body.String(), `"clientId":"c"`) {
		t.Errorf("got %s", secured.Body)
	}
	w.want("paused", w.call("PUT", path+"/h/state", `{"action":"pause"}`), 200, "", "*")
	if got := w.call("GET", path+"/h", ""); !strings.Contains(got.Body.String(), `"state":"paused"`) {
		t.Errorf("got %s", got.Body)
	}
	w.want("resumed", w.call("PUT", path+"/h/state", `{"action":"resume"}`), 200, "", "*")
	for _, body := range []string{"", "{}", `{"action":"stop"}`} {
		if got := w.call("PUT", path+"/h/state", body); got.Code != 400 {
			t.Errorf("state %s: got %d", body, got.Code)
		}
	}
	w.webhook.mu.Lock()
	w.webhook.answer = btp.Errorf(btp.HandshakeRefused, "the webhook answered 404 Not Found")
	w.webhook.mu.Unlock()
	w.want("asked again", w.call("POST", path+"/h/handshake", ""), 409, btp.HandshakeRefused, "*")
	w.want("nobody to ask", w.call("POST", path+"/none/handshake", ""), 404, btp.WebhookNotFound, "*")
	w.want("exempt", w.call("POST", path+"/s/handshake", ""), 200, "", "*")
	for range 2 {
		w.want("deleted", w.call("DELETE", path+"/h", ""), 204, "", "")
	}
	w.want("gone", w.call("GET", path+"/h", ""), 404, btp.WebhookNotFound, "*")
	for what, test := range map[string]struct {
		body   string
		reason btp.Code
	}{
		"no JSON":         {"{", btp.InvalidRequest},
		"another type":    {`{"name":1}`, btp.InvalidRequest},
		"qos a text":      {`{"name":"a","qos":"1"}`, btp.InvalidRequest},
		"no pushConfig":   {`{"name":"a","address":"queue:a/b/c/inbox","qos":1}`, btp.WebhookInvalid},
		"no address":      {`{"name":"a","qos":1,"pushConfig":{"type":"webhook","endpoint":"https://hook.example"}}`, btp.WebhookInvalid},
		"no webhook":      {body("a", `,"type":"mail"`), btp.WebhookInvalid},
		"no security":     {body("a", `,"securitySchema":{}`), btp.WebhookInvalid},
		"a forbidden one": {body("a", `,"endpoint":"https://forbidden.example"`), btp.SinkForbidden},
	} {
		w.want(what, w.call("POST", path, test.body), 400, test.reason, "*")
	}
	w.want("too much", w.call("POST", path, body(strings.Repeat("a", 70_000), "")), 413, btp.BodyTooLarge, "*")
}

func TestEveryRouteIsDocumented(t *testing.T) {
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	w := withInbox(t)
	for template, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			path := strings.NewReplacer("{queue}", inbox, "{topic}", "a", "{message}", "m", "{name}", "n", "{topicPattern}", "a").Replace(template)
			if reason := w.call(method, path, "").Header().Get("Pairsim-Reason"); reason == string(btp.RouteNotFound) || reason == string(btp.MethodNotAllowed) {
				t.Errorf("%s %s is documented, and there is no such route", method, template)
			}
		}
	}
}

// FuzzMessages: whatever is published comes out again as it went in, or is refused
// with a 4xx.
//
// Rule: bus-acknowledgement
func FuzzMessages(f *testing.F) {
	f.Add("a/b/c/x", "text/plain", "a", "1", "")
	f.Add("a/b/c/x", "application/cloudevents+json", `{"specversion":"1.0","id":"1","source":"s","type":"t","data":1}`, "0", "1")
	f.Add("a/b/c/../x", "application/cloudevents+json", `{"specversion":"1.0","id":1,"data_base64":"?"}`, "1", "-0")
	f.Add("#%00\r\n", "a/b;c=\"", "\x00", "１", " 1")
	w := withInbox(f)
	f.Fuzz(func(t *testing.T, topic, contentType, body, qos, expiry string) {
		req := httptest.NewRequest("POST", messaging+"/topics/"+url.PathEscape(topic)+"/messages", strings.NewReader(body))
		for name, value := range map[string]string{"Authorization": "Bearer all", "Content-Type": contentType, "X-Qos": qos, "X-Message-Expiration": expiry} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		got := httptest.NewRecorder()
		w.handler.ServeHTTP(got, req)
		if got.Code != 204 && (got.Code < 400 || got.Code > 499) {
			t.Fatalf("published: got %d %s", got.Code, got.Body)
		}
		out := httptest.NewRequest("POST", messaging+"/queues/"+inbox+"/messages/consumption", http.NoBody)
		out.Header.Set("Authorization", "Bearer all")
		out.Header.Set("X-Qos", "0")
		consumed := httptest.NewRecorder()
		w.handler.ServeHTTP(consumed, out)
		if got.Code == 204 && (consumed.Code != 200 || consumed.Body.String() != body) || got.Code != 204 && consumed.Code != 204 {
			t.Errorf("published with %d, and consumed %d %q", got.Code, consumed.Code, consumed.Body)
		}
	})
}
