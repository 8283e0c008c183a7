package tenant

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	arrangements = "/tenants/commerce/communicationArrangements/"
	users        = "/tenants/commerce/users"
)

// Rule: arrangement-secrets-hidden
func TestAnArrangementIsShownAsItWasAskedFor(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	basic := arrange(t, tenant, f, "i-1", basicArrangement())
	saml := arrange(t, tenant, f, "i-2", with(samlArrangement(newIdentity(t, start)), object{"communicationArrangementName": "SAML"}))
	arrange(t, tenant, f, "i-3", outboundArrangement("ext.test:8443", object{
		"outboundAuthentication": "OAuth2ClientCredentials",
		"communicationSystem": object{
			"communicationSystemHostname": "ext.test", "port": "8443", "oAuthTokenEndpoint": "ext.test/token",
			"outboundCommunicationUser": object{"username": "tech", "password": "outbound-secret"},
		},
	}))
	arrange(t, tenant, f, "i-4", messagingArrangement(f))

	inbound := `"inboundServices":[{"id":"SAP_COM_0207_0001","name":"In","path":"/odata"},{"id":"SAP_COM_0207_0002","name":"Not simulated"}],"outboundServices":[],"attributes":[],"waiting":0}`
	for _, test := range []struct{ name, id, want string }{
		{"Basic", "1", `{"id":"1","name":"A","instanceId":"i-1","instanceName":"contacts","systemId":"sys-1","scenarioId":"SAP_COM_0207","createdAt":"2030-01-01T10:00:00Z",` +
			`"inUse":true,"inboundAuthentication":"BasicAuthentication","communicationUser":"` + basic.User.Username + `",` + inbound},
		{"SAML", "2", `{"id":"2","name":"SAML","instanceId":"i-2","instanceName":"contacts","systemId":"sys-1","scenarioId":"SAP_COM_0207","createdAt":"2030-01-01T10:00:00Z",` +
			`"inUse":true,"inboundAuthentication":"OAuth2SAMLBearerAssertion","communicationUser":"` + saml.User.Username + `",` + inbound},
		{"outbound", "3", `{"id":"3","name":"OUT","instanceId":"i-3","instanceName":"contacts","systemId":"sys-1","scenarioId":"SAP_COM_0008","createdAt":"2030-01-01T10:00:00Z",` +
			`"inUse":true,"outboundAuthentication":"OAuth2ClientCredentials",` +
			`"communicationSystem":{"url":"https://ext.test:8443","oAuthTokenEndpoint":"ext.test/token","outboundCommunicationUser":"tech"},"inboundServices":[],` +
			`"outboundServices":[{"id":"OUT_ORDERS","name":"Orders","isServiceActive":true,"urlPath":"/orders?x=1"},{"id":"OUT_ALL","name":"All","isServiceActive":false}],` +
			`"attributes":[],"waiting":0}`},
		{"messaging", "4", `{"id":"4","name":"SAP_CLOUD_PLATFORM_XF_s4hc","instanceId":"i-4","instanceName":"events","systemId":"sys-1","scenarioId":"SAP_COM_0092","createdAt":"2030-01-01T10:00:00Z",` +
			`"inUse":true,"inboundServices":[],"outboundServices":[],` +
			`"attributes":[{"name":"CHANNEL NAME","value":"SAP_CP_XF_S4HC"},{"name":"DESCRIPTION","value":"Integration with Enterprise Messaging for EM Client: s4hc"},` +
			`{"name":"MQTT_QOS","value":"1"},{"name":"RECONNECT ATTEMPTS","value":"0"},{"name":"TOPIC SPACE","value":"sap/S4HANAOD/s4hc"},{"name":"WAIT TIME","value":"10"}],"waiting":0}`},
	} {
		w := call(h, "GET", arrangements+test.id, "")
		var got, want map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
			t.Errorf("%s: got %d %s, %v", test.name, w.Code, w.Body, err)
		}
		if err := json.Unmarshal([]byte(test.want), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		for _, secret := range []string{basic.User.Password, saml.User.Password, "outbound-secret", "bus-secret"} {
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s: the console shows a secret", test.name)
			}
		}
	}

	if _, err := tenant.Disable(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if got := call(h, "GET", arrangements+"1", "").Body.String(); !strings.Contains(got, `"inUse":false`) {
		t.Errorf("disabled: got %s", got)
	}
	for name, path := range map[string]string{"no arrangement": arrangements + "9", "topics of none": arrangements + "9/topics"} {
		wantProblem(t, call(h, "GET", path, ""), arrangementNotFound, name)
	}
	long := wantProblem(t, call(h, "GET", arrangements+strings.Repeat("9", 5000), ""), arrangementNotFound, "an id of 5000 digits")
	if len(long.Detail) > 200 {
		t.Errorf("the detail has %d bytes", len(long.Detail))
	}
	wantProblem(t, call(h, "GET", "/tenants/none/communicationArrangements/1", ""), tenantNotFound, "no tenant")
}

// slow is who reads an answer slowly: reading it takes as long as during does.
type slow struct {
	*httptest.ResponseRecorder
	during func()
}

func (s slow) Write(p []byte) (int, error) {
	s.during()
	return s.ResponseRecorder.Write(p)
}

// The tenant's lock is not held while an answer is written: who reads slowly would hold
// up the tenant.
func TestWhoReadsSlowlyHoldsUpNobody(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := Handler(tenant)
	arrange(t, tenant, f, "m-1", messagingArrangement(f))
	for _, path := range []string{
		"/tenants", "/tenants/commerce", "/tenants/commerce/apis", "/tenants/commerce/pairings", "/tenants/commerce/pairings/1",
		"/tenants/commerce/communicationArrangements", arrangements + "1", arrangements + "1/topics", arrangements + "2",
		scenarios, scenarios + "/SAP_COM_0207", users, "/tenants/commerce/outboundLog",
	} {
		wrote := false
		h.ServeHTTP(slow{httptest.NewRecorder(), func() {
			wrote = true
			free := make(chan struct{})
			go func() { tenant.Scenarios(); close(free) }()
			select {
			case <-free:
			case <-time.After(10 * time.Second):
				t.Errorf("GET %s: the tenant is locked", path)
			}
		}}, httptest.NewRequest("GET", path, nil))
		if !wrote {
			t.Errorf("GET %s: nothing was answered", path)
		}
	}
}

// Rule: tenant-business-users
func TestBusinessUsers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	store := &brokenStore{MemoryStore: NewMemoryStore()}
	h := handlerOf(t, paired(t, f, func(c *Config) { c.Store = store }))
	shown := func() string { return call(h, "GET", "/tenants/commerce/users", "").Body.String() }
	if got := shown(); got != `{"items":[]}` {
		t.Errorf("got %s, want none at first", got)
	}
	const entered = `{"items":["ann@harbour.test","Omar@Harbour.test"]}`
	if w := call(h, "PUT", "/tenants/commerce/users", entered); w.Code != http.StatusOK || w.Body.String() != entered || shown() != entered {
		t.Fatalf("got %d %s, shown is %s", w.Code, w.Body, shown())
	}
	most := strings.TrimSuffix(strings.Repeat(`"a@b.test",`, maxUsers), ",")
	for _, test := range []struct {
		name, body string
		code       Code
		detail     string
	}{
		{"nothing", "", unsupportedMediaType, "Content-Type"},
		{"blanks", " ", invalidRequest, "the body is empty"},
		{"null", `null`, invalidRequest, "$ is null; it must be an object"},
		{"no list", `{}`, invalidRequest, "items: is required"},
		{"null for a list", `{"items":null}`, invalidRequest, "$.items is null; it must be a list"},
		{"an address for a list", `{"items":"ann@harbour.test"}`, invalidRequest, "$.items is a string; it must be a list"},
		{"a number in the list", `{"items":[7]}`, invalidRequest, "$.items[0] is a number; it must be a string"},
		{"null in the list", `{"items":[null]}`, invalidRequest, "$.items[0] is null; it must be a string"},
		{"half a list", `{"items":["ann@harbour.test"`, invalidRequest, "breaks off"},
		{"an unknown field", `{"users":[]}`, invalidRequest, `unknown field "users"`},
		{"a name", `{"items":["ann@harbour.test","omar"]}`, invalidRequest, "items[1]: is no e-mail address"},
		{"two at signs", `{"items":["a@b@c.test"]}`, invalidRequest, "items[0]"},
		{"a blank", `{"items":["ann @harbour.test"]}`, invalidRequest, "items[0]"},
		{"255 bytes", `{"items":["` + strings.Repeat("a", 246) + `@harb.com"]}`, invalidRequest, "items[0]"},
		{"one too many", `{"items":[` + most + `,"a@b.test"]}`, invalidRequest, "at most 1000"},
		{"64 KiB", `{"items":["` + strings.Repeat("a", maxBody) + `"]}`, bodyTooLarge, "65536 bytes"},
	} {
		doc := wantProblem(t, call(h, "PUT", "/tenants/commerce/users", test.body), test.code, test.name)
		if !strings.Contains(doc.Detail, test.detail) {
			t.Errorf("%s: got %q, want %q", test.name, doc.Detail, test.detail)
		}
	}
	store.fails = true
	wantProblemWithoutDetail(t, call(h, "PUT", "/tenants/commerce/users", `{"items":[]}`), internal)
	store.fails = false
	if got := shown(); got != entered {
		t.Errorf("refusals have changed the list to %s", got)
	}
	for _, body := range []string{`{"items":[` + most + `]}`, `{"items":[]}`} {
		if w := call(h, "PUT", "/tenants/commerce/users", body); w.Code != http.StatusOK || shown() != body {
			t.Errorf("got %d %.60s, shown is %.60s", w.Code, w.Body, shown())
		}
	}
	for _, method := range []string{"GET", "PUT"} {
		wantProblem(t, call(h, method, "/tenants/none/users", ""), tenantNotFound, method)
	}

	// A product that takes no assertions has no list for them.
	other := handlerOf(t, newTenant(t, f, nil))
	wantProblem(t, call(other, "PUT", "/tenants/commerce/users", entered), arrangementsNotSupported, "a product without arrangements")
	if got := call(other, "GET", "/tenants/commerce/users", "").Body.String(); got != `{"items":[]}` {
		t.Errorf("got %s", got)
	}
}

// wantProblemWithoutDetail is for what answers tell nothing of.
func wantProblemWithoutDetail(t *testing.T, w *httptest.ResponseRecorder, code Code) {
	t.Helper()
	if w.Code != problems[code].status || !strings.Contains(w.Body.String(), "urn:pairsim:problem:"+string(code)) || strings.Contains(w.Body.String(), `"detail"`) {
		t.Errorf("got %d %s, want the problem %s without a detail", w.Code, w.Body, code)
	}
}

// Rule: bus-topic-bound
func TestATopicIsUnboundByItsName(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	arrange(t, tenant, f, "m-1", messagingArrangement(f))
	arrange(t, tenant, f, "i-2", basicArrangement())
	const created, changed = "sap/s4/beh/order/v1/Order/Created/v1", "sap/s4/beh/order/v1/Order/Changed/v1"
	for _, topic := range []string{created, changed} {
		if _, err := tenant.BindTopic(t.Context(), "1", topic); err != nil {
			t.Fatal(err)
		}
	}
	both := jsonOf(object{"items": []string{created, changed}})
	unchecked := Handler(tenant) // not all of these go by the document
	for name, query := range map[string]string{
		"no topic": "", "an empty one": "?topic=", "one without a name": "?" + created, "a name in capitals": "?Topic=" + created,
		"two": "?topic=" + created + "&topic=" + changed, "one and more": "?topic=" + created + "&all=true", "a broken escape": "?topic=%zz",
	} {
		wantProblem(t, call(unchecked, "DELETE", "/tenants/commerce/communicationArrangements/1/topics"+query, ""), invalidRequest, name)
	}
	one := "?topic=" + url.QueryEscape(created)
	wantProblem(t, call(h, "GET", "/tenants/commerce/communicationArrangements/2/topics", ""), invalidRequest, "topics without a channel")
	wantProblem(t, call(h, "DELETE", "/tenants/commerce/communicationArrangements/2/topics"+one, ""), invalidRequest, "a topic without a channel")
	wantProblem(t, call(h, "DELETE", "/tenants/commerce/communicationArrangements/9/topics"+one, ""), arrangementNotFound, "a topic of no arrangement")
	wantProblem(t, call(h, "DELETE", "/tenants/none/communicationArrangements/1/topics"+one, ""), tenantNotFound, "a topic of no tenant")
	if w := call(h, "DELETE", "/tenants/commerce/communicationArrangements/1/topics?topic=sap/s4/beh/order/*", ""); w.Code != http.StatusOK || w.Body.String() != both {
		t.Errorf("one that is not bound: got %d %s, want %s", w.Code, w.Body, both)
	}
	for range 2 {
		if w := call(h, "DELETE", "/tenants/commerce/communicationArrangements/1/topics"+one, ""); w.Body.String() != jsonOf(object{"items": []string{changed}}) {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
	if got := call(h, "GET", "/tenants/commerce/communicationArrangements/1/topics", "").Body.String(); got != jsonOf(object{"items": []string{changed}}) {
		t.Errorf("shown is %s", got)
	}
}

func TestScenariosAreShown(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	h := handlerOf(t, paired(t, f, nil))
	const one = `{"id":"SAP_COM_0009","name":"Basic only","inboundAuthentication":["BasicAuthentication"],"outboundAuthentication":[],` +
		`"inboundServices":[{"id":"SAP_COM_0009_0001","name":"In","api":"odata"}],"outboundServices":[],"enabled":false,"custom":false}`
	if w := call(h, "GET", "/tenants/commerce/communicationScenarios/SAP_COM_0009", ""); w.Code != http.StatusOK || w.Body.String() != one {
		t.Errorf("got %d %s, want %s", w.Code, w.Body, one)
	}
	if w := call(h, "GET", "/tenants/commerce/communicationScenarios", ""); w.Code != http.StatusOK || !strings.HasSuffix(w.Body.String(), one+"]}") {
		t.Errorf("got %d %s, want %s at its end", w.Code, w.Body, one)
	}
	for _, id := range []string{"sap_com_0009", strings.Repeat("S", 5000)} {
		if doc := wantProblem(t, call(h, "GET", "/tenants/commerce/communicationScenarios/"+id, ""), scenarioNotFound, id); len(doc.Detail) > 200 {
			t.Errorf("the detail has %d bytes", len(doc.Detail))
		}
	}
	for _, path := range []string{"", "/SAP_COM_0009"} {
		wantProblem(t, call(h, "GET", "/tenants/none/communicationScenarios"+path, ""), tenantNotFound, path)
	}
}
