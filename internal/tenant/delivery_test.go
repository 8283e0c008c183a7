package tenant

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/records"
)

// extension is an application that a tenant calls.
type extension struct {
	*httptest.Server
	mu       sync.Mutex
	calls    []*http.Request
	bodies   []string
	statuses []int // of the next answers; then 204
}

func newExtension(t testing.TB, overTLS bool) *extension {
	t.Helper()
	e := &extension{}
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(e.serve))
	if overTLS {
		e.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		e.StartTLS()
	} else {
		e.Start()
	}
	t.Cleanup(e.Close)
	return e
}

func (e *extension) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls, e.bodies = append(e.calls, r), append(e.bodies, string(body))
	if r.URL.Path == "/oauth/token" {
		reply(w, 200, map[string]any{"access_token": "token-" + string(rune('0'+e.tokens())), "expires_in": 600})
		return
	}
	status := http.StatusNoContent
	if len(e.statuses) > 0 {
		status, e.statuses = e.statuses[0], e.statuses[1:]
	}
	w.WriteHeader(status)
}

func (e *extension) tokens() int {
	n := 0
	for _, c := range e.calls {
		if c.URL.Path == "/oauth/token" {
			n++
		}
	}
	return n
}

func (e *extension) got() []*http.Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

func (e *extension) answers(statuses ...int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.statuses = statuses
}

// outcomes are those of the log, oldest first.
func outcomes(tenant *Tenant) []string {
	list := []string{}
	for _, e := range slices.Backward(tenant.OutboundLog()) {
		list = append(list, e.Outcome)
	}
	return list
}

func told(f *fakeRegistry) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	var d struct{ WakeAt time.Time }
	_ = json.Unmarshal(f.bodies["PUT /shop/v1/pairsim/tenant"], &d)
	return d.WakeAt
}

// wakeUp lets the registry's clock come to an instant and wake the tenant.
func wakeUp(t *testing.T, tenant *Tenant, f *fakeRegistry, at time.Time) {
	t.Helper()
	f.set(func() { f.now = at })
	if w := call(handlerOf(t, tenant), "POST", "/tenants/commerce/callback/wake", "{}"); w.Code != http.StatusNoContent {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
}

// Rule: outbound-delivery
func TestAnExtensionIsCalledWhenAnObjectChanges(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	e := newExtension(t, false)
	arrange(t, tenant, f, "o-1", outboundArrangement(e.URL, nil))
	order(t, tenant, "7")
	waitFor(t, func() bool { return len(outcomes(tenant)) == 1 })
	calls := e.got()
	if len(calls) != 1 || calls[0].Method != "POST" || calls[0].URL.String() != "/orders?x=1" || calls[0].Header.Get("Content-Type") != "application/json" ||
		calls[0].Header.Get("Idempotency-Key") != "commerce-1-1" || calls[0].Header.Get("Authorization") != "" {
		t.Fatalf("got %+v", calls)
	}
	if want := `{"tenant":"commerce","object":"Order","change":"Created","time":"2030-01-01T10:00:00Z","key":{"code":null}}`; e.bodies[0] != want {
		t.Errorf("got %s, want %s", e.bodies[0], want)
	}
	if diff := cmp.Diff([]LogEntry{{Delivery: 1, At: start, Arrangement: "1", Service: "OUT_ORDERS", Try: 1, Outcome: Delivered, Status: 204}}, tenant.OutboundLog()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	// Changed and deleted, and nothing of an object that the service is not about.
	change := func(do func(*records.Tx) error) {
		if err := tenant.records.Update(t.Context(), do); err != nil {
			t.Fatal(err)
		}
	}
	change(func(tx *records.Tx) error {
		return tx.Replace("orders", records.Record{ID: "7", Fields: map[string]any{"code": "seven"}})
	})
	change(func(tx *records.Tx) error { return tx.Create("carts", records.Record{ID: "1"}) })
	change(func(tx *records.Tx) error { return tx.Delete("orders", "7") })
	waitFor(t, func() bool { return len(outcomes(tenant)) == 3 })
	if got := e.bodies[1]; !strings.Contains(got, `"change":"Changed"`) || !strings.Contains(got, `"data":{"code":"seven"}`) {
		t.Errorf("changed: got %s", got)
	}
	if got := e.bodies[2]; !strings.Contains(got, `"change":"Deleted"`) || !strings.Contains(got, `"key":{"code":"seven"}`) || strings.Contains(got, "data") {
		t.Errorf("deleted: got %s", got)
	}
}

// What fails is sent again on the registry's clock, in its order.
//
// Rule: outbound-delivery
func TestACallIsRepeatedOnTheRegistrysClock(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	store := NewMemoryStore()
	tenant := paired(t, f, func(c *Config) { c.Store = store })
	e := newExtension(t, false)
	arrange(t, tenant, f, "o-1", outboundArrangement(e.URL, nil))
	e.answers(503, 404)
	order(t, tenant, "1")
	waitFor(t, func() bool { return told(f).Equal(start.Add(time.Second)) })
	order(t, tenant, "2")
	order(t, tenant, "3")
	waitFor(t, func() bool { return len(tenant.Snapshot().Communication.Pending) == 3 })
	if n := len(e.got()); n != 1 {
		t.Errorf("%d calls, want the others to wait", n)
	}
	wakeUp(t, tenant, f, start.Add(999*time.Millisecond))
	if n := len(e.got()); n != 1 {
		t.Errorf("%d calls before its time", n)
	}
	wakeUp(t, tenant, f, start.Add(time.Second))
	if n := len(e.got()); n != 2 || !told(f).Equal(start.Add(3*time.Second)) {
		t.Errorf("%d calls, the registry wakes at %s; want 2, and a pause of two seconds", n, told(f))
	}
	// A process that ends meanwhile goes on in the next one.
	if err := tenant.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := newTenant(t, f, func(c *Config) { communicating(c); c.Store = store })
	f.set(func() { f.now = start.Add(3 * time.Second) })
	again.askTime(t.Context())
	if err := again.Announce(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(outcomes(again)) == 5 })
	if got, want := strings.Join(outcomes(again), " "), "repeated repeated delivered delivered delivered"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for i, at := range []string{"commerce-1-1", "commerce-1-1", "commerce-1-1", "commerce-1-2", "commerce-1-3"} {
		if got := e.got()[i].Header.Get("Idempotency-Key"); got != at {
			t.Errorf("call %d: got %s, want %s", i, got, at)
		}
	}
	log := tenant.OutboundLog()
	if d := log[len(log)-1]; d.Status != 503 || d.Detail != "the answer was 503 Service Unavailable" || !d.Again.Equal(start.Add(time.Second)) {
		t.Errorf("got %+v", d)
	}
}

func TestACallIsGivenUp(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	e := newExtension(t, false)
	arrange(t, tenant, f, "o-1", outboundArrangement(e.URL, nil))
	e.answers(slices.Repeat([]int{500}, maxCallTries)...)
	order(t, tenant, "1")
	for try := range maxCallTries - 1 {
		waitFor(t, func() bool { return len(outcomes(tenant)) == try+1 && told(f).After(tenant.now()) })
		wakeUp(t, tenant, f, told(f))
	}
	if got := outcomes(tenant); len(got) != maxCallTries || got[maxCallTries-1] != GivenUp || tenant.Snapshot().Communication.Pending != nil {
		t.Errorf("got %v", got)
	}
	if waited := tenant.now().Sub(start); waited != (1<<(maxCallTries-1)-1)*time.Second {
		t.Errorf("it took %s, want pauses that double", waited)
	}
	if !told(f).IsZero() {
		t.Errorf("the registry wakes at %s, and there is nothing to do", told(f))
	}
}

// Rule: outbound-delivery
func TestHowAnExtensionIsCalled(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tls     bool
		outward string
		system  object
		want    func(*testing.T, *extension, *Tenant)
	}{
		"Basic": {outward: "BasicAuthentication", system: object{"outboundCommunicationUser": object{"username": "u", "password": "p"}}, want: func(t *testing.T, e *extension, _ *Tenant) {
			if u, p, _ := e.got()[0].BasicAuth(); u != "u" || p != "p" {
				t.Errorf("got %s %s", u, p)
			}
		}},
		"client credentials": {outward: "OAuth2ClientCredentials", system: object{"outboundCommunicationUser": object{"username": "c/1", "password": "p"}}, want: func(t *testing.T, e *extension, _ *Tenant) {
			calls := e.got()
			if u, p, _ := calls[0].BasicAuth(); u != "c%2F1" || p != "p" || e.bodies[0] != "grant_type=client_credentials" {
				t.Errorf("token: got %s %s %s", u, p, e.bodies[0])
			}
			if got := calls[1].Header.Get("Authorization"); got != "Bearer token-1" {
				t.Errorf("got %s", got)
			}
		}},
		"a client certificate": {tls: true, outward: "ClientCertificateAuthentication", want: func(t *testing.T, e *extension, tenant *Tenant) {
			shown := e.got()[0].TLS.PeerCertificates
			own, _ := x509.ParseCertificate(tenant.connected().Connection.Chain[0])
			if len(shown) == 0 || !shown[0].Equal(own) {
				t.Error("the tenant does not show the certificate of its pairing")
			}
		}},
		"mutual TLS": {tls: true, outward: "OAuth2mTLS", system: object{"outboundCommunicationUser": object{"username": "c-1"}}, want: func(t *testing.T, e *extension, _ *Tenant) {
			calls := e.got()
			if len(calls[0].TLS.PeerCertificates) == 0 || e.bodies[0] != "client_id=c-1&grant_type=client_credentials" || calls[1].Header.Get("Authorization") != "Bearer token-1" {
				t.Errorf("got %s, %v", e.bodies[0], calls[1].Header)
			}
		}},
	} {
		f := newFake(t)
		e := newExtension(t, test.tls)
		tenant := paired(t, f, func(c *Config) {
			c.Outbound = outbound.New(outbound.Config{RootCAs: func() *x509.CertPool {
				roots := x509.NewCertPool()
				if test.tls {
					roots.AddCert(e.Certificate())
				}
				return roots
			}})
		})
		host := strings.TrimPrefix(strings.TrimPrefix(e.URL, "https://"), "http://")
		request := outboundArrangement("http://"+host, object{"outboundAuthentication": test.outward})
		system := request["communicationArrangement"].(object)["communicationSystem"].(object)
		for k, v := range test.system {
			system[k] = v
		}
		if test.outward == "OAuth2ClientCredentials" || test.outward == "OAuth2mTLS" {
			system["oAuthTokenEndpoint"] = e.URL + "/oauth/token"
		}
		arrange(t, tenant, f, "o-1", request)
		order(t, tenant, "1")
		waitFor(t, func() bool { return len(outcomes(tenant)) == 1 })
		if got := tenant.OutboundLog()[0]; got.Outcome != Delivered {
			t.Errorf("%s: got %+v", name, got)
			continue
		}
		test.want(t, e, tenant)
	}
}

func TestATokenIsKeptUntilItEnds(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	e := newExtension(t, false)
	request := outboundArrangement(e.URL, object{"outboundAuthentication": "OAuth2ClientCredentials"})
	system := request["communicationArrangement"].(object)["communicationSystem"].(object)
	system["outboundCommunicationUser"] = object{"username": "c", "password": "p"}
	system["oAuthTokenEndpoint"] = strings.TrimPrefix(e.URL, "http://") + "/oauth/token"
	arrange(t, tenant, f, "o-1", request)
	send := func(code string, want int) {
		t.Helper()
		before := len(outcomes(tenant))
		order(t, tenant, code)
		waitFor(t, func() bool { return len(outcomes(tenant)) > before })
		e.mu.Lock()
		defer e.mu.Unlock()
		if got := e.tokens(); got != want {
			t.Errorf("order %s: %d tokens, want %d", code, got, want)
		}
	}
	send("1", 1)
	send("2", 1)
	e.answers(401) // revoked: a new one is asked for, and that counts
	send("3", 2)
	f.set(func() { f.now = start.Add(10 * time.Minute) })
	tenant.askTime(t.Context())
	send("4", 3)
	if got := strings.Join(outcomes(tenant), " "); got != "delivered delivered delivered delivered" {
		t.Errorf("got %s", got)
	}
}

// Rule: outbound-bounded
func TestWhereNoCallGoes(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	arrange(t, tenant, f, "o-1", outboundArrangement("192.0.2.1:80", nil))
	order(t, tenant, "1")
	waitFor(t, func() bool { return len(outcomes(tenant)) == 1 })
	if got := tenant.OutboundLog()[0]; got.Outcome != Repeated || !strings.Contains(got.Detail, "neither loopback nor") {
		t.Errorf("got %+v, want the host refused", got)
	}
}

func TestBaseOfAnExtension(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ host, port, want string }{
		{"ext.example.com", "", "https://ext.example.com"},
		{"ext.example.com", "443", "https://ext.example.com"},
		{"ext.example.com", "8443", "https://ext.example.com:8443"},
		{"localhost", "", "https://localhost"},
		{"localhost", "3000", "http://localhost:3000"},
		{"127.0.0.1", "3000", "http://127.0.0.1:3000"},
		{"[::1]", "3000", "http://[::1]:3000"},
		{"10.0.0.1", "3000", "https://10.0.0.1:3000"},
	} {
		s := communicationSystem{Hostname: test.host, Port: test.port}
		if err := s.check(); err != nil || s.base(BasicAuthentication).String() != test.want {
			t.Errorf("%s %s: got %s, %v, want %s", test.host, test.port, s.base(BasicAuthentication), err, test.want)
		}
	}
	if got := (&communicationSystem{Hostname: "localhost", Port: "3000"}).base(ClientCertificateAuthentication).Scheme; got != "https" {
		t.Errorf("with a client certificate: got %s", got)
	}
	for text, want := range map[string]string{
		"oauth.com/oauth/token": "https://oauth.com/oauth/token", "localhost:80/t": "http://localhost:80/t",
		"https://a.test/t": "https://a.test/t", "http://127.0.0.1/t": "http://127.0.0.1/t",
	} {
		if u, err := endpoint(text); err != nil || u.String() != want {
			t.Errorf("%s: got %s, %v, want %s", text, u, err, want)
		}
	}
	for _, text := range []string{"", "/path", "ftp://a.test", "http://a.test", "https://u:p@a.test", "u@a.test/x"} {
		if u, err := endpoint(text); err == nil {
			t.Errorf("%q is taken, as %s", text, u)
		}
	}
}

const publishPath = "POST /messagingrest/v1/topics/sap/S4HANAOD/s4hc/ce/sap/s4/beh/order/v1/Order/Created/v1/messages"

// bus lets the fake registry answer as an event bus: statuses of the next messages,
// then 204.
func bus(f *fakeRegistry, statuses ...int) {
	f.set(func() {
		token := func(w http.ResponseWriter) {
			reply(w, 200, map[string]any{"access_token": "bus-token", "expires_in": 600})
		}
		f.answers["POST /oauth/token"] = slices.Repeat([]func(http.ResponseWriter){token}, 50)
		f.answers[publishPath] = nil
		for _, status := range append(statuses, slices.Repeat([]int{204}, 50)...) {
			f.answers[publishPath] = append(f.answers[publishPath], func(w http.ResponseWriter) { w.WriteHeader(status) })
		}
	})
}

// Rule: bus-topic-bound
func TestEventsGoToTheBus(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	bus(f)
	arrange(t, tenant, f, "m-1", messagingArrangement(f))
	const topics = "/tenants/commerce/communicationArrangements/1/topics"
	if got := call(h, "GET", topics, "").Body.String(); got != `{"items":[]}` {
		t.Errorf("got %s, want no topic bound at first", got)
	}
	order(t, tenant, "0")
	arrange(t, tenant, f, "i-2", basicArrangement())
	wantProblem(t, call(h, "POST", topics, `{"topic":"sap/s4/beh/nothing/v1/Nothing/Changed/v1"}`), eventUnknown, "no such event")
	wantProblem(t, call(h, "POST", topics, `{"topic":"*"}`), eventUnknown, "everything of everybody")
	wantProblem(t, call(h, "POST", "/tenants/commerce/communicationArrangements/2/topics", `{"topic":"sap/s4/beh/order/*"}`), invalidRequest, "no channel")
	wantProblem(t, call(h, "POST", "/tenants/commerce/communicationArrangements/9/topics", `{"topic":"sap/s4/beh/order/*"}`), arrangementNotFound, "no arrangement")
	for range 2 {
		if w := call(h, "POST", topics, `{"topic":"sap/s4/beh/order/v1/Order/Created/v1"}`); w.Body.String() != `{"items":["sap/s4/beh/order/v1/Order/Created/v1"]}` {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
	order(t, tenant, "1")
	waitFor(t, func() bool { return len(outcomes(tenant)) == 1 })
	f.mu.Lock()
	body := f.bodies[publishPath]
	f.mu.Unlock()
	var e event.Event
	if err := json.Unmarshal(body, &e); err != nil || e.Validate() != nil {
		t.Fatalf("%s is no CloudEvent: %v, %v", body, err, e.Validate())
	}
	if e.Type() != "sap.s4.beh.order.v1.Order.Created.v1" || e.Source() != "/default/sap.s4.beh/commerce" || !e.Time().Equal(start) || string(e.Data()) != `{"code":null}` {
		t.Errorf("got %s", body)
	}
	if got := tenant.OutboundLog()[0]; got.Topic != "sap/S4HANAOD/s4hc/ce/sap/s4/beh/order/v1/Order/Created/v1" || got.Outcome != Delivered {
		t.Errorf("got %+v", got)
	}
	if w := call(h, "DELETE", topics+"?topic=sap/s4/beh/order/v1/Order/Created/v1", ""); w.Body.String() != `{"items":[]}` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	order(t, tenant, "2")
	if _, err := tenant.BindTopic(t.Context(), "1", "sap/s4/beh/order/*"); err != nil {
		t.Fatal(err)
	}
	order(t, tenant, "3")
	waitFor(t, func() bool { return len(outcomes(tenant)) == 2 })
	if n := f.count(publishPath); n != 2 {
		t.Errorf("%d events, want those of bound topics", n)
	}
	if n := f.count("POST /oauth/token"); n != 1 {
		t.Errorf("%d tokens, want one that is kept", n)
	}
}

// The registry asks again after a lost answer, with a new secret of the bus's client.
func TestAMessagingArrangementAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	arrange(t, tenant, f, "m-1", messagingArrangement(f))
	again := messagingArrangement(f)
	again["eventBus"].(object)["clientSecret"] = "newer"
	if w := call(handlerOf(t, tenant), "PUT", wireA+"m-1", jsonOf(again), f.signedCall(nil)...); w.Code != 200 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := tenant.state.Communication.Arrangements[0].Wanted.EventBus.ClientSecret; got != "newer" {
		t.Errorf("got secret %s", got)
	}
	again["eventBus"].(object)["clientId"] = "else"
	wantProblem(t, call(handlerOf(t, tenant), "PUT", wireA+"m-1", jsonOf(again), f.signedCall(nil)...), arrangementExists, "another client")
}

func TestAChannelReconnects(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		attributes object
		statuses   []int
		want       string
		again      []time.Duration
	}{
		{
			"for ever, with a wait that grows",
			object{"WAIT TIME": "1000"},
			[]int{503, 503, 503, 503},
			"repeated repeated repeated repeated delivered",
			[]time.Duration{1000 * time.Second, 1800 * time.Second, 1800 * time.Second, 1800 * time.Second},
		},
		{"two attempts", object{"RECONNECT ATTEMPTS": "2"}, []int{503, 503, 503}, "repeated repeated givenUp", []time.Duration{10 * time.Second, 20 * time.Second}},
		{"at most once", object{"MQTT_QOS": "0"}, []int{503}, "lost", nil},
		{"a message that is not wanted", nil, []int{403}, "givenUp", nil},
		{"a token that was revoked", nil, []int{401}, "delivered", nil},
		{"a client that is gone", nil, []int{401, 401}, "repeated delivered", []time.Duration{10 * time.Second}},
	} {
		f := newFake(t)
		tenant := paired(t, f, nil)
		bus(f, test.statuses...)
		arrange(t, tenant, f, "m-1", messagingArrangement(f, test.attributes))
		if _, err := tenant.BindTopic(t.Context(), "1", "sap/s4/beh/*"); err != nil {
			t.Fatal(err)
		}
		order(t, tenant, "1")
		now := start
		for i, pause := range test.again {
			now = now.Add(pause)
			waitFor(t, func() bool { return len(outcomes(tenant)) == i+1 && !told(f).IsZero() })
			if got := tenant.OutboundLog()[0].Again; !got.Equal(now) || !told(f).Equal(now) {
				t.Errorf("%s: again at %s, told %s, want %s", test.name, got, told(f), now)
			}
			wakeUp(t, tenant, f, now)
		}
		waitFor(t, func() bool { return len(outcomes(tenant)) == len(strings.Fields(test.want)) })
		if got := strings.Join(outcomes(tenant), " "); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestWhatADisabledExtensionHasToSendWaits(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	e := newExtension(t, false)
	arrange(t, tenant, f, "o-1", outboundArrangement(e.URL, nil))
	e.answers(503)
	order(t, tenant, "1")
	waitFor(t, func() bool { return len(outcomes(tenant)) == 1 })
	if _, err := tenant.Disable(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	order(t, tenant, "2") // nobody is told of what happens meanwhile
	wakeUp(t, tenant, f, start.Add(time.Minute))
	if n := len(e.got()); n != 1 {
		t.Errorf("%d calls of a disabled extension", n)
	}
	if _, err := tenant.Enable(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(outcomes(tenant)) == 2 })
	if n := len(e.got()); n != 2 || len(tenant.Snapshot().Communication.Pending) > 0 {
		t.Errorf("%d calls, want the one that waited", n)
	}
}
