package states_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/testenv"
)

func start(t *testing.T) *states.States {
	t.Helper()
	s, err := states.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func call(s *states.States, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return w
}

// Every state can be made, with every value of its parameters, and gives what it says.
func TestStates(t *testing.T) {
	t.Parallel()
	s := start(t)
	certificate := []string{"baseUrl", "mtlsUrl", "clientCertificate", "clientKey", "csr", "tenantUrl", "specificationUrl", "systemId"}
	notice := []string{"baseUrl", "mtlsUrl", "systemId", "noticeToken", "releaseToken"}
	oauth := []string{"baseUrl", "mtlsUrl", "clientId", "clientSecret", "basic", "form", "accessToken"}
	arrangement := []string{"systemId", "callToken"}
	application := []string{"clientId", "clientSecret", "accessToken", "userToken"}
	for _, test := range []struct {
		state  string
		params map[string]string
		want   []string
	}{
		{states.Environment, nil, []string{"baseUrl", "mtlsUrl"}},
		{states.Token, map[string]string{"type": testenv.MarketingCloud, "tokenAge": "11m"}, []string{"token"}},
		{states.Token, map[string]string{"token": states.Used}, []string{"token"}},
		{states.Token, map[string]string{"token": states.Replaced}, []string{"token"}},
		{states.Token, map[string]string{"token": states.OfDeregistered}, []string{"token"}},
		{states.Pairing, map[string]string{"age": "1h"}, []string{"token", "csr"}},
		{states.Pairing, map[string]string{"certificateRequest": states.ForAnotherSubject}, []string{"token", "csr"}},
		{states.Pairing, map[string]string{"certificateRequest": states.NotARequest}, []string{"token", "csr"}},
		{states.Paired, nil, certificate},
		{states.Paired, map[string]string{"status": states.Pending, "service": "orders"}, append(slices.Clone(certificate), "serviceId")},
		{states.Paired, map[string]string{"status": states.Deregistered}, certificate},
		{states.Paired, map[string]string{"certificate": states.RenewalBlocked}, certificate},
		{states.Paired, map[string]string{"certificate": states.Expired}, certificate},
		{states.Paired, map[string]string{"certificate": states.Revoked}, certificate},
		{states.Paired, map[string]string{"certificate": states.Foreign}, certificate},
		{states.Paired, map[string]string{"certificate": states.None}, []string{"csr", "tenantUrl"}},
		{states.Paired, map[string]string{"formation": states.Yes, "eventType": "order.created"}, certificate},
		{states.Paired, map[string]string{"formation": states.Yes, "eventType": "order.created", "deliveries": states.Full}, certificate},
		{states.Paired, map[string]string{"type": testenv.MarketingCloud, "formation": states.Yes, "edition": "v2"}, certificate},
		{states.Gone, map[string]string{"type": testenv.MarketingCloud}, []string{"releaseToken"}},
		{states.Runtime, map[string]string{"target": states.Answers}, []string{"application"}},
		{states.Runtime, map[string]string{"target": states.Refuses}, []string{"application"}},
		{states.Runtime, map[string]string{"target": states.Unreachable}, []string{"application"}},
		{states.Tenant, map[string]string{"tenant": "marketing"}, notice},
		{states.Tenant, map[string]string{"notice": states.ForAnotherTenant}, notice},
		{states.Tenant, map[string]string{"notice": states.NotSigned}, notice},
		{states.Tenant, map[string]string{"busy": states.Yes}, notice},
		{states.API, map[string]string{"tenant": "commerce", "api": "commerce-webservices"}, oauth},
		{states.API, map[string]string{"tenant": "c4c", "api": "c4c-odata"}, []string{"username", "password", "basic", "csrfToken", "cookie"}},
		{states.Arrangement, nil, arrangement},
		{states.Arrangement, map[string]string{"call": states.NotSigned, "row": states.Disabled}, arrangement},
		{states.Arrangement, map[string]string{"call": states.ForAnotherSystem, "row": states.Deleted}, arrangement},
		{states.Arrangement, map[string]string{"arrangement": states.OfTheInstance}, arrangement},
		{states.Arrangement, map[string]string{"arrangement": states.OfTheName}, arrangement},
		{states.Arrangement, map[string]string{"arrangement": states.OfTheChannel}, arrangement},
		{states.Assertion, nil, []string{"assertion", "basic", "clientId", "form"}},
		{states.Assertion, map[string]string{"assertion": states.NotAnAssertion}, []string{"assertion", "basic", "clientId", "form"}},
		{states.Channel, map[string]string{"client": states.OfNoInstance}, []string{"basic", "accessToken"}},
		{states.Channel, map[string]string{"token": states.Aged}, []string{"basic", "accessToken"}},
		{states.Application, map[string]string{"destination": states.WithPassword}, application},
		{states.Application, map[string]string{"destination": states.WithAssertion}, application},
		{states.Application, map[string]string{"service": states.AnotherService}, application},
		{states.Mesh, map[string]string{"messages": states.Waiting}, application[:3]},
		{states.Mesh, map[string]string{"messages": states.Taken}, append(slices.Clone(application[:3]), "messageId")},
		{states.Services, nil, nil},
		{states.Services, map[string]string{"instance": states.Made}, []string{"instanceId"}},
		{states.Services, map[string]string{"instance": states.Bound, "service": states.Extensibility}, []string{"instanceId", "bindingId"}},
	} {
		body, err := json.Marshal(map[string]any{"action": "setup", "state": test.state, "params": test.params})
		if err != nil {
			t.Fatal(err)
		}
		w := call(s, "/states", string(body))
		var values map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &values); err != nil || w.Code != http.StatusOK {
			t.Errorf("%s: got %d %s", body, w.Code, w.Body)
			continue
		}
		for _, key := range test.want {
			if text, _ := values[key].(string); text == "" {
				t.Errorf("%s: no value %s among %v", body, key, slices.Sorted(maps.Keys(values)))
			}
		}
		for name := range test.params {
			if !slices.Contains(states.Parameters(test.state), name) {
				t.Errorf("%s has no parameter %s", test.state, name)
			}
		}
	}
	if w := call(s, "/states", `{"action":"teardown","state":"a registry"}`); w.Code != http.StatusOK {
		t.Errorf("teardown: got %d %s", w.Code, w.Body)
	}
	if w := call(s, "/messages", `{"description":"an event that the runtime delivers"}`); w.Code == http.StatusOK {
		t.Errorf("a message without a state: got %d %s", w.Code, w.Body)
	}
}

// What cannot be meant is refused in words, with the choices there are.
func TestRefusedStates(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, test := range []struct{ body, want string }{
		{`{"action":"setup","state":"a registry on the moon"}`, `there is no provider state "a registry on the moon"; there are: a channel of an event bus; a deregistered system`},
		{`{"action":"setup","state":"a registry","params":{"edition":"v3"}}`, `has no parameter "edition"`},
		{`{"action":"setup","state":"a paired tenant","params":{"tenant":7}}`, `has no parameter "tenant" with the value 7`},
		{`{"action":"setup","state":"a paired tenant","params":{"tenant":"sales"}}`, `"sales" is none of commerce`},
		{`{"action":"setup","state":"a system with an integration token","params":{"tokenAge":"old"}}`, `"old" is no duration`},
		{`{"action":"setup","state":"a system with an integration token","params":{"tokenAge":"-1m"}}`, `"-1m" is no duration`},
		{`{"action":"setup","state":"a system with an integration token","params":{"type":"SAP Toaster"}}`, `SAP Toaster`},
		{`{"action":"setup","state":"a system with a client certificate","params":{"certificate":"green"}}`, `"green" is none of valid`},
		{`{"action":"dance","state":"a registry"}`, `action "dance": want setup or teardown`},
		{`{`, "is not JSON"},
	} {
		if w := call(s, "/states", test.body); w.Code < 400 || !strings.Contains(w.Body.String(), test.want) {
			t.Errorf("%s: got %d %s, want a refusal that says %s", test.body, w.Code, w.Body, test.want)
		}
	}
	if w := call(s, "/states", `{"action":"setup","state":"a registry"}`); w.Code != http.StatusOK {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if w := call(s, "/messages", `{"description":"a rumour"}`); w.Code < 400 || !strings.Contains(w.Body.String(), `there is no message "a rumour"; there are: `) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
