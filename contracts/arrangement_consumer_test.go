//go:build pact

package contracts_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/callback"
	"github.com/pairsim/pairsim/btp/extensibility"
	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/testenv"
)

// direct makes the Arranger's calls as they are.
type direct struct{}

func (direct) Call(req *http.Request, _ *tls.Certificate) (*http.Response, error) {
	return http.DefaultTransport.RoundTrip(req)
}

// authorityPEM is a certificate that a subaccount could sign assertions with.
func authorityPEM() string {
	text, err := base64.StdEncoding.DecodeString(authority)
	if block, _ := pem.Decode(text); err == nil && block != nil {
		return string(text)
	}
	panic("the fixture is no certificate")
}

// arrangementOf is what an instance of plan api-access orders.
func arrangementOf(scenario, inbound, outbound string) extensibility.Order {
	return extensibility.Order{System: systemID, InstanceName: "contacts", Arrangement: extensibility.Arrangement{
		Name: "CONTACTS", Scenario: scenario, Inbound: inbound, Outbound: outbound,
	}}
}

// eventing is what an instance of plan messaging orders.
func eventing(attributes ...extensibility.Attribute) extensibility.Order {
	o := arrangementOf(extensibility.EventingScenario, "", "")
	o.Arrangement.Attributes = append([]extensibility.Attribute{{Name: "CHANNEL NAME", Value: "S4HC"}, {Name: "TOPIC SPACE", Value: "sap/S4HANAOD/s4hc"}}, attributes...)
	o.EventBus = &extensibility.EventBus{
		TokenEndpoint: "https://registry.example/oauth/token", ClientID: "sb-bus", ClientSecret: "Not-a-Secret",
		URI: "https://registry.example/messagingrest/v1", Namespace: "sap/S4HANAOD/s4hc",
	}
	return o
}

// arrangements: the registry has a tenant make and end communication arrangements, and
// tells its operators why one is refused (docs/wire.md, Communication arrangements).
func (s *registrySuite) arrangements(t *testing.T) {
	const path = "/tenants/marketing/callback/communicationArrangements/" + states.ContactsInstance
	jwt := signed(claims("pairsim:communication", map[string]any{"tenant": "marketing"}))
	ask := func(what, method string, params map[string]any, body any) exchange {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		var document map[string]any
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		document["systemId"] = from("systemId", systemID)
		return exchange{
			what: what, state: states.Arrangement, params: params, method: method, path: path,
			header: map[string]any{"Authorization": within("Bearer ", "callToken", "", jwt)}, body: document,
		}
	}
	call := func(f *front) (callback.Arranger, extensibility.Call) {
		return callback.Arranger{Caller: direct{}, Timeout: time.Minute}, extensibility.Call{
			CallbackURL: f.http.URL + "/tenants/marketing/callback", JWT: jwt, Instance: states.ContactsInstance, System: systemID,
		}
	}
	user := map[string]any{"username": like("COMM_1"), "password": like("Not-a-Secret")}
	answer := func(more map[string]any) map[string]any {
		all := map[string]any{"arrangementId": like("1"), "url": at("/tenants/marketing/api"), "uiUrl": at("/tenants/marketing")}
		maps.Copy(all, more)
		return all
	}
	services := each(map[string]any{
		"id": exactly("SAP_COM_0207_0001"), "name": like("Interaction Contact"), "path": exactly("/sap/opu/odata/sap/API_MKT_CONTACT_SRV"),
	})
	basic := arrangementOf("SAP_COM_0207", extensibility.Basic, "")
	saml := arrangementOf("SAP_COM_0207", extensibility.SAMLBearer, "")
	saml.SAMLTrust = &extensibility.SAMLTrust{Issuer: "pairsim-dev", Certificate: authorityPEM()}
	for _, test := range []struct {
		what   string
		order  extensibility.Order
		params map[string]any
		status int
		answer map[string]any
	}{
		{"an arrangement with a password is made", basic, nil, 201, answer(map[string]any{"communicationUser": user, "inboundServices": services})},
		{
			"an arrangement is made a second time", basic,
			map[string]any{"arrangement": states.OfTheInstance},
			200,
			answer(map[string]any{"communicationUser": user, "inboundServices": services}),
		},
		{"an arrangement that trusts assertions is made", saml, nil, 201, answer(map[string]any{
			"communicationUser": user, "inboundServices": services, "tokenServiceUrl": at("/tenants/marketing/api/sap/bc/sec/oauth2/token"),
		})},
		{"an arrangement for events is made", eventing(), nil, 201, answer(nil)},
	} {
		e := ask(test.what, http.MethodPut, test.params, test.order)
		e.status, e.answer = test.status, test.answer
		s.meets(t, func(t *testing.T, f *front) {
			a, c := call(f)
			made, err := a.Arrange(t.Context(), c, test.order)
			if err != nil || made.Arrangement == "" || (made.User == nil) == (test.answer["communicationUser"] != nil) {
				t.Errorf("%s: got %+v, %v", test.what, made, err)
			}
		}, e)
	}

	unconfigured := arrangementOf("SAP_COM_0215", "", extensibility.NoAuthentication)
	unknown := unconfigured
	unknown.Arrangement.Services = []extensibility.OutboundService{{ID: "SAP_COM_0000_REST"}}
	beside := basic
	beside.EventBus = eventing().EventBus
	for _, test := range []struct {
		what   string
		order  extensibility.Order
		params map[string]any
		status int
		code   string
	}{
		{"an arrangement that somebody else asks for", basic, map[string]any{"call": states.NotSigned}, 401, "notice-invalid"},
		{"an arrangement for another system than is signed", basic, map[string]any{"call": states.ForAnotherSystem}, 403, "notice-mismatch"},
		{"an arrangement in a tenant that is not paired any more", basic, map[string]any{"row": states.Deleted}, 409, "tenant-not-paired"},
		{"an arrangement while the extension is disabled", basic, map[string]any{"row": states.Disabled}, 409, "extension-disabled"},
		{"an arrangement with an event bus that its scenario does not have", beside, nil, 400, "invalid-request"},
		{"an arrangement of a scenario that is not enabled", arrangementOf("SAP_COM_0008", extensibility.Basic, ""), nil, 422, "scenario-not-enabled"},
		{"an arrangement with an authentication that the scenario does not have", arrangementOf("SAP_COM_0213", extensibility.Basic, ""), nil, 422, "authentication-not-supported"},
		{"an arrangement whose services cannot be called", unconfigured, nil, 422, "outbound-services-not-configured"},
		{"an arrangement with an unknown service", unknown, nil, 422, "outbound-service-unknown"},
		{"an arrangement with a wrong attribute", eventing(extensibility.Attribute{Name: "MQTT_QOS", Value: "7"}), nil, 422, "attribute-invalid"},
		{"an arrangement whose name is taken", basic, map[string]any{"arrangement": states.OfTheName}, 409, "arrangement-exists"},
		{"an arrangement with other parameters than before", arrangementOf("SAP_COM_0206", extensibility.Basic, ""), map[string]any{"arrangement": states.OfTheInstance}, 409, "arrangement-exists"},
		{"an arrangement whose channel is taken", eventing(), map[string]any{"arrangement": states.OfTheChannel}, 409, "channel-taken"},
	} {
		e := ask(test.what, http.MethodPut, test.params, test.order).problem(test.status, test.code)
		s.meets(t, func(t *testing.T, f *front) {
			a, c := call(f)
			_, err := a.Arrange(t.Context(), c, test.order)
			if btp.CodeOf(err) != btp.ArrangementRefused || !strings.Contains(err.Error(), "("+test.code+")") ||
				errors.Is(err, extensibility.ErrArrangementExists) != (test.code == "arrangement-exists") {
				t.Errorf("%s: got %v, want a refusal because of %s", test.what, err, test.code)
			}
		}, e)
	}

	for _, test := range []struct {
		what   string
		params map[string]any
		code   string
	}{
		{"an arrangement is ended", map[string]any{"arrangement": states.OfTheInstance}, ""},
		{"an arrangement is ended that is not there", nil, ""},
		{"an arrangement that somebody else ends", map[string]any{"call": states.NotSigned}, "notice-invalid"},
	} {
		e := ask(test.what, http.MethodDelete, test.params, map[string]any{})
		e.status = 204
		if test.code != "" {
			e = e.problem(401, test.code)
		}
		s.meets(t, func(t *testing.T, f *front) {
			a, c := call(f)
			err := a.Disarrange(t.Context(), c)
			if (err == nil) != (test.code == "") || err != nil && !strings.Contains(err.Error(), "("+test.code+")") {
				t.Errorf("%s: got %v", test.what, err)
			}
		}, e)
	}
}

// problem makes the answer a problem document with this code.
func (e exchange) problem(status int, code string) exchange {
	e.status = status
	e.answerHeader = map[string]any{"Content-Type": re("application/problem+json", `^application/problem\+json`)}
	e.answer = map[string]any{"type": "urn:pairsim:problem:" + code, "title": like("Refused"), "detail": like("This is why.")}
	return e
}

// assertions: the registry gets a token for a user from the token service of a tenant,
// with the credentials of an arrangement.
func (s *registrySuite) assertions(t *testing.T) {
	const path = "/tenants/marketing/api/sap/bc/sec/oauth2/token"
	form := func(value, example string) map[string]any {
		return map[string]any{"pact:matcher:type": "type", "pact:generator:type": "ProviderState", "expression": "${" + value + "}", "value": example}
	}
	body, err := json.Marshal(map[string]any{
		"grant_type": "urn:ietf:params:oauth:grant-type:saml2-bearer", "client_id": form("clientId", clientID), "assertion": form("assertion", "PGE-PC9hPg"),
	})
	if err != nil {
		t.Fatal(err)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(clientID+":"+clientSecret))
	good := exchange{
		what: "a token for a user by an assertion", state: states.Assertion, method: http.MethodPost, path: path,
		header: map[string]any{"Authorization": from("basic", basic)}, body: body, contentType: "application/x-www-form-urlencoded",
		status: 200, answer: map[string]any{"access_token": like(accessToken), "token_type": "Bearer", "expires_in": like(3600)},
	}
	bad := good
	bad.what, bad.params, bad.status = "a token by what is no assertion", map[string]any{"assertion": states.NotAnAssertion}, 400
	bad.answer = map[string]any{"error": "invalid_grant", "error_description": like("This is why.")}
	for _, test := range []struct {
		exchange
		failure string
	}{{good, ""}, {bad, "invalid_grant"}} {
		s.meets(t, func(t *testing.T, f *front) {
			env := testenv.Start(t)
			const audience = "https://tenant.example"
			if _, err := env.Controls().CreateUser(t.Context(), evaOf("dev")); err != nil {
				t.Fatal(err)
			}
			err := env.Operator().PutDestination(t.Context(), "dev", "contacts", map[string]string{
				"Type": "HTTP", "ProxyType": "Internet", "URL": audience, "Authentication": "OAuth2SAMLBearerAssertion", "audience": audience,
				"clientKey": clientID, "tokenServiceUser": clientID, "tokenServicePassword": clientSecret, "tokenServiceURL": f.http.URL + path,
				"tokenServiceURLType": "Dedicated", "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
				"nameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "userIdSource": "email",
			})
			if err != nil {
				t.Fatal(err)
			}
			found, err := env.Operator().FindDestination(t.Context(), "dev", "contacts", states.UserName)
			if err != nil || len(found.Tokens) != 1 {
				t.Fatalf("%s: got %+v, %v", test.what, found, err)
			}
			if got := found.Tokens[0]; (got.Error == "") != (test.failure == "") || !strings.Contains(got.Error, test.failure) ||
				test.failure == "" && (got.Header == nil || got.Header.Value != "Bearer "+accessToken) {
				t.Errorf("%s: got %+v", test.what, got)
			}
		}, test.exchange)
	}
}
