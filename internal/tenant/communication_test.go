package tenant

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/internal/records"
)

const (
	wireA     = "/tenants/commerce/callback/communicationArrangements/"
	scenarios = "/tenants/commerce/communicationScenarios"
)

// Rule: arrangement-in-tenant
func TestAnArrangementIsMade(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	store := NewMemoryStore()
	tenant := paired(t, f, func(c *Config) { c.Store = store })
	h := handlerOf(t, tenant)
	made := arrange(t, tenant, f, "i-1", basicArrangement())
	want := madeArrangement{
		ID: "1", URL: "http://tenants.test:1/tenants/commerce/api", UIURL: "http://tenants.test:1/tenants/commerce", User: made.User,
		InboundServices: []inboundOfTenant{{"SAP_COM_0207_0001", "In", "/odata"}, {"SAP_COM_0207_0002", "Not simulated", ""}},
	}
	if diff := cmp.Diff(want, made); diff != "" || made.User == nil || made.User.Username == "" || len(made.User.Password) < 20 {
		t.Fatalf("(-want +got):\n%s %+v", diff, made.User)
	}

	// The same again: the same user with a new password, and the old one is of no use.
	w := call(h, "PUT", wireA+"i-1", jsonOf(basicArrangement()), f.signedCall(nil)...)
	var again madeArrangement
	if err := json.Unmarshal(w.Body.Bytes(), &again); err != nil || w.Code != http.StatusOK || again.ID != "1" ||
		again.User.Username != made.User.Username || again.User.Password == made.User.Password {
		t.Fatalf("got %d %s, want the arrangement with a new password", w.Code, w.Body)
	}
	if _, known := tenant.arranged(basicRequest(made.User), tenant.cfg.Product.APIs[1]); known {
		t.Error("the old password lets in")
	}
	for what, changed := range map[string]object{
		"another name":     with(basicArrangement(), object{"communicationArrangementName": "B"}),
		"another instance": {"systemId": "sys-1", "instanceName": "other", "communicationArrangement": basicArrangement()["communicationArrangement"]},
	} {
		wantProblem(t, call(h, "PUT", wireA+"i-1", jsonOf(changed), f.signedCall(nil)...), arrangementExists, what)
	}

	// It is kept without the password, and the console shows no secret.
	stored, _ := store.Load(t.Context(), "commerce")
	console := call(h, "GET", "/tenants/commerce/communicationArrangements", "").Body.String()
	for name, text := range map[string]string{"store": string(stored), "console": console} {
		if strings.Contains(text, again.User.Password) {
			t.Errorf("the %s holds the password", name)
		}
	}
	if !strings.Contains(console, `"id":"1","name":"A","instanceId":"i-1"`) || !strings.Contains(console, `"inUse":true`) {
		t.Errorf("the console shows %s", console)
	}
	restarted := newTenant(t, f, func(c *Config) { communicating(c); c.Store = store })
	if allowed, known := restarted.arranged(basicRequest(again.User), restarted.cfg.Product.APIs[1]); !allowed || !known {
		t.Error("after a restart the user is not let in")
	}

	// It ends, once and for all.
	for range 2 {
		if w := call(h, "DELETE", wireA+"i-1", `{"systemId":"sys-1"}`, f.signedCall(nil)...); w.Code != http.StatusNoContent {
			t.Errorf("got %d %s, want 204", w.Code, w.Body)
		}
	}
	if _, known := tenant.arranged(basicRequest(again.User), tenant.cfg.Product.APIs[1]); known || len(tenant.state.Communication.Arrangements) > 0 {
		t.Error("the user of an arrangement that has ended is let in")
	}
	if next := arrange(t, tenant, f, "i-1", basicArrangement()); next.ID != "2" {
		t.Errorf("got arrangement %s, want a new id", next.ID)
	}
}

// Rule: arrangement-name-unique, instance-scenario-enabled, arrangement-outbound-configured
func TestWhyThereIsNoArrangement(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	arrange(t, tenant, f, "i-0", with(basicArrangement(), object{"communicationArrangementName": "TAKEN"}))
	arrange(t, tenant, f, "m-0", messagingArrangement(f))
	before := tenant.Snapshot()
	basic, out := basicArrangement(), outboundArrangement("https.test:443", nil)
	user := object{"username": "u", "password": "p"}
	system := func(more object) object {
		s := object{"communicationSystemHostname": "ext.test"}
		for k, v := range more {
			s[k] = v
		}
		return s
	}
	trust := func(changes object) object {
		r := with(basic, object{"inboundAuthentication": "OAuth2SAMLBearerAssertion"})
		for k, v := range changes {
			r[k] = v
		}
		return r
	}
	messages := func(changes object) object {
		m := messagingArrangement(f, object{"CHANNEL NAME": "OTHER"}, changes)
		return with(m, object{"communicationArrangementName": "OTHER"})
	}
	tests := []struct {
		name    string
		request object
		code    Code
		detail  string
	}{
		{"a scenario that is not enabled", with(basic, object{"scenarioId": "SAP_COM_0009"}), scenarioNotEnabled, "SAP_COM_0009 (Basic only) is not enabled"},
		{"an unknown scenario", with(basic, object{"scenarioId": "YY1_NONE"}), scenarioNotEnabled, "has no communication scenario YY1_NONE"},
		{"an authentication of nobody", with(basic, object{"inboundAuthentication": "Kerberos"}), authenticationNotSupported, "it supports BasicAuthentication, OAuth2SAML"},
		{"outbound of an inbound scenario", with(basic, object{"outboundAuthentication": "BasicAuthentication"}), authenticationNotSupported, "SAP_COM_0207 does not support BasicAuthentication for outbound communication; it supports none"},
		{"no authentication", with(basic, object{"inboundAuthentication": nil}), invalidRequest, "inboundAuthentication or outboundAuthentication is required"},
		{"a name that is taken", with(basic, object{"communicationArrangementName": "TAKEN"}), arrangementExists, `of instance "contacts"`},
		{"a channel that is taken", with(messagingArrangement(f), object{"communicationArrangementName": "B"}), channelTaken, "SAP_CP_XF_S4HC"},
		{"services that are active", with(out, object{"outboundServices": nil, "communicationSystem": nil}), outboundServicesNotConfigured, "OUT_ORDERS, OUT_ALL"},
		{"one service that is active", with(out, object{"communicationSystem": nil}), outboundServicesNotConfigured, "(OUT_ORDERS) and cannot be called without communicationSystem"},
		{"outbound Basic without a user", with(out, object{"outboundAuthentication": "BasicAuthentication"}), outboundServicesNotConfigured, "outboundCommunicationUser"},
		{"OAuth without an endpoint", with(out, object{"outboundAuthentication": "OAuth2ClientCredentials", "communicationSystem": system(object{"outboundCommunicationUser": user})}), outboundServicesNotConfigured, "oAuthTokenEndpoint"},
		{"mTLS without a client", with(out, object{"outboundAuthentication": "OAuth2mTLS", "communicationSystem": system(object{"oAuthTokenEndpoint": "o.test/t"})}), outboundServicesNotConfigured, "client id"},
		{"an unknown service", with(out, object{"outboundServices": []object{{"id": "NONE"}}}), outboundServiceUnknown, "it has OUT_ORDERS, OUT_ALL"},
		{"an id that is wrong beside a good name", with(out, object{"outboundServices": []object{{"id": "NONE", "name": "All"}}}), outboundServiceUnknown, `"NONE"`},
		{"a service twice", with(out, object{"outboundServices": []object{{"id": "OUT_ALL"}, {"name": "All"}}}), invalidRequest, "is there twice"},
		{"a service without id and name", with(out, object{"outboundServices": []object{{"urlPath": "/"}}}), invalidRequest, "outboundServices[0]: id or name"},
		{"a path with a blank", with(out, object{"outboundServices": []object{{"id": "OUT_ALL", "urlPath": "/a b"}}}), invalidRequest, "urlPath"},
		{"an attribute twice", with(basic, object{"attributes": []object{{"name": "a", "value": "1"}, {"name": "a", "value": "2"}}}), attributeInvalid, "attributes[1]"},
		{"no name", with(basic, object{"communicationArrangementName": nil}), invalidRequest, "communicationArrangementName"},
		{"a name with a blank", with(basic, object{"communicationArrangementName": "a b"}), invalidRequest, "communicationArrangementName"},
		{"a scenario in small letters", with(basic, object{"scenarioId": "yy1"}), invalidRequest, "scenarioId"},
		{"a host with a scheme", with(out, object{"communicationSystem": system(object{"communicationSystemHostname": "https://a.test"})}), invalidRequest, "communicationSystemHostname"},
		{"port 0", with(out, object{"communicationSystem": system(object{"port": "0"})}), invalidRequest, "port"},
		{"port 65536", with(out, object{"communicationSystem": system(object{"port": "65536"})}), invalidRequest, "port"},
		{"port 080", with(out, object{"communicationSystem": system(object{"port": "080"})}), invalidRequest, "port"},
		{"http elsewhere", with(out, object{"communicationSystem": system(object{"oAuthTokenEndpoint": "http://a.test/t"})}), invalidRequest, "oAuthTokenEndpoint"},
		{"a user without a name", with(out, object{"communicationSystem": system(object{"outboundCommunicationUser": object{"username": ""}})}), invalidRequest, "outboundCommunicationUser"},
		{"an unknown key", with(basic, object{"nothing": 1}), invalidRequest, "nothing"},
		{"SAML without trust", trust(nil), invalidRequest, "samlTrust"},
		{"trust without SAML", func() object { r := with(basic, nil); r["samlTrust"] = object{}; return r }(), invalidRequest, "samlTrust"},
		{"trust without issuer", trust(object{"samlTrust": object{"certificate": newIdentity(t, start).pem}}), invalidRequest, "samlTrust.issuer"},
		{"trust that is no certificate", trust(object{"samlTrust": object{"issuer": "i", "certificate": "x"}}), invalidRequest, "samlTrust.certificate"},
		{"no client certificate", with(basic, object{"inboundAuthentication": "ClientCertificateAuthentication"}), invalidRequest, "clientCertificate"},
		{"messaging without a bus", func() object { r := messages(nil); delete(r, "eventBus"); return r }(), invalidRequest, "eventBus"},
		{"a bus without messaging", func() object { r := with(basic, nil); r["eventBus"] = messagingArrangement(f)["eventBus"]; return r }(), invalidRequest, "eventBus"},
		{"a channel in small letters", messages(object{"CHANNEL NAME": "a"}), attributeInvalid, "CHANNEL NAME"},
		{"a topic space of two segments", messages(object{"TOPIC SPACE": "sap/a"}), attributeInvalid, "TOPIC SPACE"},
		{"a topic space that is too long", messages(object{"TOPIC SPACE": "sap/S4HANAOD/aaaaaaaaaaaa"}), attributeInvalid, "at most 24"},
		{"a topic space beside the namespace", messages(object{"TOPIC SPACE": "sap/S4HANAOD/else"}), attributeInvalid, "namespace"},
		{"quality of service 2", messages(object{"MQTT_QOS": "2"}), attributeInvalid, "is 0 or 1"},
		{"attempts that are no number", messages(object{"RECONNECT ATTEMPTS": "x"}), attributeInvalid, "RECONNECT ATTEMPTS"},
		{"no wait", messages(object{"WAIT TIME": "0"}), attributeInvalid, "WAIT TIME"},
		{"a wait over half an hour", messages(object{"WAIT TIME": "1801"}), attributeInvalid, "WAIT TIME"},
		{"a description of 61 bytes", messages(object{"DESCRIPTION": strings.Repeat("d", 61)}), attributeInvalid, "DESCRIPTION"},
		{"an attribute that the channel does not have", messages(object{"QoS": "1"}), attributeInvalid, `no attribute "QoS"`},
		{"another system", object{"systemId": "sys-2", "instanceName": "i", "communicationArrangement": basic["communicationArrangement"]}, noticeMismatch, "sys-2"},
		{"no system", object{"instanceName": "i", "communicationArrangement": basic["communicationArrangement"]}, noticeMismatch, "systemId"},
	}
	for _, test := range tests {
		doc := wantProblem(t, call(h, "PUT", wireA+"i-1", jsonOf(test.request), f.signedCall(nil)...), test.code, test.name)
		if !strings.Contains(doc.Detail, test.detail) {
			t.Errorf("%s: got %q, want %q", test.name, doc.Detail, test.detail)
		}
	}
	if diff := cmp.Diff(before.Communication, tenant.Snapshot().Communication); diff != "" {
		t.Errorf("refusals changed something (-before +after):\n%s", diff)
	}
	wantProblem(t, call(h, "PUT", wireA+"i%20x", jsonOf(basic), f.signedCall(nil)...), invalidRequest, "an instance id with a blank")
}

// Rule: arrangement-outbound-configured
func TestServicesThatAreSwitchedOffNeedNothing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	off := outboundArrangement("x:1", object{"communicationSystem": nil, "outboundServices": []object{{"id": "OUT_ORDERS", "isServiceActive": false}, {"id": "OUT_ALL", "isServiceActive": false}}})
	made := arrange(t, tenant, f, "i-1", off)
	if made.User != nil || made.TokenServiceURL != "" || len(made.InboundServices) > 0 {
		t.Errorf("got %+v, want no user without inbound communication", made)
	}
}

func TestAProductWithoutArrangements(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	h := handlerOf(t, tenant)
	doc := wantProblem(t, call(h, "PUT", wireA+"i", jsonOf(basicArrangement()), f.signedCall(nil)...), arrangementsNotSupported, "arrangement")
	if !strings.Contains(doc.Detail, "SAP Commerce Cloud") {
		t.Errorf("got %q", doc.Detail)
	}
	wantProblem(t, call(h, "POST", scenarios, `{"id":"YY1_A","name":"a"}`), arrangementsNotSupported, "scenario")
	wantProblem(t, call(h, "POST", scenarios+"/X/enablement", ""), arrangementsNotSupported, "enablement")
	if got := call(h, "GET", scenarios, "").Body.String(); got != `{"items":[]}` {
		t.Errorf("got %s", got)
	}
}

// Rule: arrangement-registry-only
func TestWhoMayAskForArrangements(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	body := jsonOf(basicArrangement())
	for name, test := range map[string]struct {
		header []string
		code   Code
	}{
		"nobody":              {nil, noticeInvalid},
		"a deregistration":    {[]string{"Authorization", "Bearer " + f.notice(nil)}, noticeInvalid},
		"an old call":         {f.signedCall(map[string]any{"exp": start.Add(-time.Second).Unix()}), noticeInvalid},
		"another registry":    {f.signedCall(map[string]any{"iss": "urn:else"}), noticeInvalid},
		"for another system":  {f.signedCall(map[string]any{"sub": "sys-9"}), noticeMismatch},
		"for another tenant":  {f.signedCall(map[string]any{"tenant": "fsm"}), noticeMismatch},
		"a token of somebody": {[]string{"Authorization", "Bearer a.b.c"}, noticeInvalid},
	} {
		for _, method := range []string{"PUT", "DELETE"} {
			sent := body
			if method == "DELETE" {
				sent = `{"systemId":"sys-1"}`
			}
			w := call(h, method, wireA+"i-1", sent, test.header...)
			wantProblem(t, w, test.code, name+" "+method)
			if got := w.Header().Get("WWW-Authenticate"); test.code == noticeInvalid && !strings.HasPrefix(got, "Bearer") {
				t.Errorf("%s %s: challenge %q", name, method, got)
			}
		}
	}
	wantProblem(t, call(h, "DELETE", wireA+"i-1", `{}`, f.signedCall(nil)...), invalidRequest, "no system")
}

// Over TLS the registry also shows its certificate of the authority of the pairing.
//
// Rule: arrangement-registry-only
func TestTheRegistrysCertificate(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	server := httptest.NewUnstartedServer(handlerOf(t, tenant))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	issue := func(name string, ca crypto.Signer, issuer *x509.Certificate, from time.Time) *tls.Certificate {
		key := ecKey(t)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: from.AddDate(0, 0, 1),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), ca)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	other := ecKey(t)
	template := *f.caCert
	template.PublicKey = other.Public()
	for name, test := range map[string]struct {
		own  *tls.Certificate
		want int
	}{
		"the registry's":         {issue(registryName, f.ca, f.caCert, start.Add(-time.Hour)), http.StatusCreated},
		"none":                   {nil, http.StatusUnauthorized},
		"a system's":             {issue("shop", f.ca, f.caCert, start.Add(-time.Hour)), http.StatusUnauthorized},
		"of another authority":   {issue(registryName, other, &template, start.Add(-time.Hour)), http.StatusUnauthorized},
		"one that is not yet":    {issue(registryName, f.ca, f.caCert, start.Add(time.Hour)), http.StatusUnauthorized},
		"one that has been, too": {issue(registryName, f.ca, f.caCert, start.AddDate(-1, 0, 0)), http.StatusUnauthorized},
	} {
		transport := server.Client().Transport.(*http.Transport).Clone()
		if test.own != nil {
			transport.TLSClientConfig.Certificates = []tls.Certificate{*test.own}
			transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return test.own, nil }
		}
		req, _ := http.NewRequestWithContext(t.Context(), "PUT", server.URL+wireA+"i-1", strings.NewReader(jsonOf(basicArrangement())))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", f.signedCall(nil)[1])
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		transport.CloseIdleConnections()
		if res.StatusCode != test.want {
			t.Errorf("%s: got %d, want %d", name, res.StatusCode, test.want)
		}
	}
}

// Rule: arrangement-ends-with-pairing
func TestArrangementsEndWithTheirPairing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *Tenant, *fakeRegistry){
		"deleted": func(t *testing.T, tenant *Tenant, _ *fakeRegistry) {
			if err := tenant.Delete(t.Context(), "1"); err != nil {
				t.Fatal(err)
			}
		},
		"deregistered": func(t *testing.T, tenant *Tenant, f *fakeRegistry) {
			if err := tenant.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1"}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		f := newFake(t)
		store := NewMemoryStore()
		tenant := paired(t, f, func(c *Config) { c.Store = store })
		made := arrange(t, tenant, f, "i-1", basicArrangement())
		end(t, tenant, f)
		if _, known := tenant.arranged(basicRequest(made.User), tenant.cfg.Product.APIs[1]); known {
			t.Errorf("%s: the communication user is let in", name)
		}
		if stored, _ := store.Load(t.Context(), "commerce"); strings.Contains(string(stored), made.User.Username) {
			t.Errorf("%s: the arrangement is stored still", name)
		}
		wantProblem(t, call(handlerOf(t, tenant), "PUT", wireA+"i-2", jsonOf(basicArrangement()), f.signedCall(nil)...), tenantNotPaired, name)
		if w := call(handlerOf(t, tenant), "DELETE", wireA+"i-1", `{"systemId":"sys-1"}`, f.signedCall(nil)...); w.Code != http.StatusNoContent {
			t.Errorf("%s: got %d %s, want 204: there is nothing", name, w.Code, w.Body)
		}
	}
}

// Rule: arrangement-ends-with-pairing
func TestADisabledExtensionRests(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	made := arrange(t, tenant, f, "i-1", basicArrangement())
	api := tenant.cfg.Product.APIs[1]
	if _, err := tenant.Disable(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if _, known := tenant.arranged(basicRequest(made.User), api); known {
		t.Error("a user of a disabled extension is let in")
	}
	wantProblem(t, call(handlerOf(t, tenant), "PUT", wireA+"i-2", jsonOf(basicArrangement()), f.signedCall(nil)...), extensionDisabled, "disabled")
	if _, err := tenant.Enable(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if allowed, _ := tenant.arranged(basicRequest(made.User), api); !allowed {
		t.Error("enabled again, the user is not let in")
	}
}

func TestScenariosAreSwitchedAndMade(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	told := func() []string {
		f.mu.Lock()
		defer f.mu.Unlock()
		var d struct{ CommunicationScenarios []string }
		_ = json.Unmarshal(f.bodies["PUT /shop/v1/pairsim/tenant"], &d)
		return d.CommunicationScenarios
	}
	if got := told(); slices.Contains(got, "SAP_COM_0009") || !slices.Contains(got, "SAP_COM_0207") {
		t.Errorf("the registry was told %v", got)
	}
	if w := call(h, "POST", scenarios+"/SAP_COM_0009/enablement", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"enabled":true`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := told(); !slices.Contains(got, "SAP_COM_0009") {
		t.Errorf("the registry was told %v", got)
	}
	arrange(t, tenant, f, "i-1", with(basicArrangement(), object{"scenarioId": "SAP_COM_0009"}))
	if w := call(h, "POST", scenarios+"/SAP_COM_0009/disablement", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"enabled":false`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	wantProblem(t, call(h, "PUT", wireA+"i-2", jsonOf(with(basicArrangement(), object{"scenarioId": "SAP_COM_0009", "communicationArrangementName": "B"})), f.signedCall(nil)...), scenarioNotEnabled, "disabled")
	wantProblem(t, call(h, "POST", scenarios+"/NONE/enablement", ""), scenarioNotFound, "unknown")
	wantProblem(t, call(h, "GET", scenarios+"/NONE", ""), scenarioNotFound, "unknown")

	custom := `{"id":"YY1_ORDERS","name":"Orders","inboundAuthentication":["BasicAuthentication"],"outboundAuthentication":["NoAuthentication"],` +
		`"inboundServices":[{"id":"YY1_ORDERS_IN","name":"in","api":"odata"}],"outboundServices":[{"id":"YY1_ORDERS_OUT","name":"out","objects":["Order"]}]}`
	if w := call(h, "POST", scenarios, custom); w.Code != 201 || w.Header().Get("Location") != scenarios+"/YY1_ORDERS" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	wantProblem(t, call(h, "POST", scenarios, custom), scenarioExists, "twice")
	if got := told(); !slices.Contains(got, "YY1_ORDERS") {
		t.Errorf("the registry was told %v", got)
	}
	arrange(t, tenant, f, "i-3", with(basicArrangement(), object{
		"scenarioId": "YY1_ORDERS", "communicationArrangementName": "C", "outboundServices": []object{{"id": "YY1_ORDERS_OUT", "isServiceActive": false}},
	}))
	for name, body := range map[string]string{
		"no custom id":     `{"id":"SAP_COM_1","name":"a"}`,
		"no service":       `{"id":"YY1_A","name":"a"}`,
		"no such API":      `{"id":"YY1_A","name":"a","inboundAuthentication":["BasicAuthentication"],"inboundServices":[{"id":"a","name":"a","api":"x"}]}`,
		"no such object":   `{"id":"YY1_A","name":"a","outboundAuthentication":["NoAuthentication"],"outboundServices":[{"id":"a","name":"a","objects":["x"]}]}`,
		"a service twice":  `{"id":"YY1_A","name":"a","outboundAuthentication":["NoAuthentication"],"outboundServices":[{"id":"a","name":"a"},{"id":"a","name":"b"}]}`,
		"inbound outbound": `{"id":"YY1_A","name":"a","inboundAuthentication":["NoAuthentication"],"inboundServices":[{"id":"a","name":"a"}]}`,
		"no way in":        `{"id":"YY1_A","name":"a","inboundServices":[{"id":"a","name":"a"}]}`,
		"an unknown key":   `{"id":"YY1_A","name":"a","eventing":true}`,
	} {
		wantProblem(t, call(h, "POST", scenarios, body), invalidRequest, name)
	}
}

// What the registry asks for needs no administrator, where one is asked for.
func TestTheRegistryNeedsNoAdministrator(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, func(c *Config) { c.Authorize = true })
	arrange(t, tenant, f, "i-1", basicArrangement())
	wantProblem(t, call(handlerOf(t, tenant), "POST", scenarios, `{"id":"YY1_A","name":"a"}`), unauthenticated, "a scenario of nobody's")
}

func TestAnArrangementThatCannotBeKeptIsNone(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	store := &brokenStore{MemoryStore: NewMemoryStore()}
	tenant := paired(t, f, func(c *Config) { c.Store = store })
	store.fails = true
	if w := call(handlerOf(t, tenant), "PUT", wireA+"i-1", jsonOf(basicArrangement()), f.signedCall(nil)...); w.Code != http.StatusInternalServerError {
		t.Errorf("got %d %s, want 500", w.Code, w.Body)
	}
	store.fails = false
	if made := arrange(t, tenant, f, "i-1", basicArrangement()); made.ID != "1" {
		t.Errorf("got %s, want the first arrangement", made.ID)
	}
}

func TestADeliveryOfEveryRecord(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	arrange(t, tenant, f, "o-1", outboundArrangement("127.0.0.1:1", nil))
	list := make([]records.Change, 300)
	for i := range list {
		list[i] = records.Change{Collection: "orders", Operation: records.Created, After: records.Record{ID: fmt.Sprint(i)}}
	}
	tenant.mu.Lock()
	next := tenant.state.Communication
	next.add(tenant.deliveriesOf(list), start)
	tenant.mu.Unlock()
	if len(next.Pending) != maxLine || len(next.Log) != 300-maxLine || next.Log[0].Outcome != Lost {
		t.Errorf("got %d that wait and %d entries, want the bound kept and told", len(next.Pending), len(next.Log))
	}
}

// Rule: arrangement-in-tenant
func FuzzArrangement(fz *testing.F) {
	f := newFake(fz)
	tenant := paired(fz, f, nil)
	h := Handler(tenant)
	for _, seed := range []object{basicArrangement(), outboundArrangement("127.0.0.1:9", nil), messagingArrangement(f)} {
		fz.Add(jsonOf(seed))
	}
	fz.Add(`{"systemId":"sys-1","communicationArrangement":null}`)
	fz.Fuzz(func(t *testing.T, body string) {
		w := call(h, "PUT", wireA+"fuzz", body, f.signedCall(nil)...)
		if w.Code >= 500 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		checked(t, tenant.Snapshot())
		if w.Code < 300 {
			call(h, "GET", "/tenants/commerce/communicationArrangements", "")
			if w := call(h, "DELETE", wireA+"fuzz", `{"systemId":"sys-1"}`, f.signedCall(nil)...); w.Code != http.StatusNoContent {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		}
	})
}
