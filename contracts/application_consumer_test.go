//go:build pact

package contracts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/contracts/states"
)

const tenantURL = "http://tenant.example"

// program is the extension application of docs/examples, built.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "extension-go")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", path, "../docs/examples/extension-go")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the extension: %v\n%s", err, out)
	}
	return path
}

// tenantBehind is the API that a destination leads to: the extension reaches it as its
// HTTP proxy. It remembers how it was called.
func tenantBehind(t *testing.T, seen *string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*seen = r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"d":{"results":[{"ContactID":"eva@shop.test","FullName":"Eva Moser","CityName":"Ulm"}]}}`))
	}))
	t.Cleanup(s.Close)
	return s
}

// applications: an extension that is bound to services looks its destination up, and
// takes events out of its queue.
func applications(t *testing.T, c *contract) {
	binary := program(t)
	run := func(f *front, settings ...string) (out, authorization string, err error) {
		target := tenantBehind(t, &authorization)
		oa2 := map[string]any{"clientid": clientID, "clientsecret": clientSecret, "tokenendpoint": f.http.URL + "/oauth/token"}
		bound, err := json.Marshal(map[string]any{
			"destination": []any{map[string]any{"credentials": map[string]any{
				"clientid": clientID, "clientsecret": clientSecret, "url": f.http.URL, "uri": f.http.URL,
			}}},
			"enterprise-messaging": []any{map[string]any{"credentials": map[string]any{
				"namespace":  states.Namespace,
				"management": []any{map[string]any{"oa2": oa2, "uri": f.http.URL}},
				"messaging":  []any{map[string]any{"oa2": oa2, "protocol": []string{"httprest"}, "uri": f.http.URL}},
			}}},
		})
		if err != nil {
			return "", "", err
		}
		ctx, cancel := context.WithTimeout(t.Context(), programsWithin)
		defer cancel()
		x := exec.CommandContext(ctx, binary)
		x.Env = append([]string{"VCAP_SERVICES=" + string(bound), "HTTP_PROXY=" + target.URL}, settings...)
		text, err := x.CombinedOutput()
		target.Close()
		return string(text), authorization, err
	}
	// expectRun wants a run to end well or, when refusal is not "", with that status.
	expectRun := func(what, out string, err error, refusal, want string) {
		t.Helper()
		if (err == nil) != (refusal == "") || !strings.Contains(out, refusal) || !strings.Contains(out, want) {
			t.Errorf("%s: got %v\n%s\nwant %q, %q", what, err, out, refusal, want)
		}
	}
	t.Run("destination", func(t *testing.T) { lookUps(t, c, run, expectRun) })
	t.Run("queue", func(t *testing.T) { queues(t, c, run, expectRun) })
}

type (
	runs       = func(f *front, settings ...string) (out, authorization string, err error)
	expectsRun = func(what, out string, err error, refusal, want string)
)

// tokenFor is how the application gets a token; more is of the form.
func tokenFor(t *testing.T, what, state, grant string, params, more map[string]any) exchange {
	t.Helper()
	form := map[string]any{"grant_type": grant}
	for name, value := range more {
		form[name] = value
	}
	for name, example := range map[string]string{"client_id": clientID, "client_secret": clientSecret} {
		value := map[string]string{"client_id": "clientId", "client_secret": "clientSecret"}[name]
		form[name] = map[string]any{"pact:matcher:type": "type", "pact:generator:type": "ProviderState", "expression": "${" + value + "}", "value": example}
	}
	body, err := json.Marshal(form)
	if err != nil {
		t.Fatal(err)
	}
	return exchange{
		what: what, state: state, params: params, method: http.MethodPost, path: "/oauth/token", body: body,
		contentType: "application/x-www-form-urlencoded", status: 200, answer: map[string]any{"access_token": like(accessToken)},
	}
}

func lookUps(t *testing.T, c *contract, run runs, expectRun expectsRun) {
	const userToken = "pact-user-token"
	client := tokenFor(t, "a token for an application", states.Application, "client_credentials", nil, nil)
	user := tokenFor(t, "a token for a user of an application", states.Application, "password", nil,
		map[string]any{"username": states.UserName, "password": states.UserPassword})
	user.answer = map[string]any{"access_token": like(userToken)}

	// The mock tells tokens apart by what they are asked with, a registry by what it wrote.
	find := exchange{
		what: "a destination with user and password is looked up", state: states.Application, params: map[string]any{"destination": states.WithPassword},
		method: http.MethodGet, path: "/destination-configuration/v1/destinations/" + states.DestinationName,
		header: map[string]any{"Authorization": within("Bearer ", "accessToken", "", accessToken)}, status: 200,
		answer: map[string]any{"destinationConfiguration": map[string]any{
			"URL": re(tenantURL, `^https?://.+$`), "Authentication": "BasicAuthentication", "User": like("COMM_1"), "Password": like("Not-a-Secret"),
		}},
	}
	forUser := find
	forUser.what, forUser.params = "a destination is looked up for a user", map[string]any{"destination": states.WithAssertion}
	forUser.header = map[string]any{"Authorization": find.header["Authorization"], "X-User-Token": from("userToken", userToken)}
	forUser.answer = map[string]any{
		"destinationConfiguration": map[string]any{"URL": re(tenantURL, `^https?://.+$`), "Authentication": "OAuth2SAMLBearerAssertion"},
		"authTokens":               each(map[string]any{"http_header": map[string]any{"key": exactly("Authorization"), "value": re("Bearer "+accessToken, `^Bearer .+$`)}}),
	}
	forNobody := find
	forNobody.what, forNobody.params = "a destination is looked up that needs a user, for nobody", forUser.params
	forNobody.answer = map[string]any{
		"destinationConfiguration": map[string]any{"URL": re(tenantURL, `^https?://.+$`), "Authentication": "OAuth2SAMLBearerAssertion"},
		"authTokens":               each(map[string]any{"error": re("Retrieval of OAuthToken failed due to: there is no user", `^Retrieval of OAuthToken failed due to: .+$`)}),
	}
	refused := func(what string, status int, reason, text string, params map[string]any) exchange {
		e := find
		e.what, e.status, e.params = what, status, params
		e.answerHeader = map[string]any{"Pairsim-Reason": reason}
		e.answer = map[string]any{"ErrorMessage": like(text)}
		if status == http.StatusNotFound { // SAP's text, to the letter
			e.answer = map[string]any{"ErrorMessage": text}
		}
		return e
	}
	asUser := []string{"APP_USER=" + states.UserName, "APP_PASSWORD=" + states.UserPassword}
	for _, test := range []struct {
		what                   string
		settings               []string
		exchanges              []exchange
		refusal, wrote, called string
	}{
		{"password", nil, []exchange{client, find}, "", "contact eva@shop.test: ", "Basic Q09NTV8xOk5vdC1hLVNlY3JldA=="},
		{"assertion", asUser, []exchange{client, user, forUser}, "", "contact eva@shop.test: ", "Bearer " + accessToken},
		{"nobody", nil, []exchange{client, forNobody}, "Retrieval of OAuthToken failed", "with OAuth2SAMLBearerAssertion", ""},
		{
			"unknown", nil,
			[]exchange{client, refused("an unknown destination is looked up", 404, "destination-not-found", "Configuration with the specified name was not found", nil)},
			"404 Not Found", "Configuration with the specified name was not found", "",
		},
		{
			"another service", nil,
			[]exchange{client, refused("a destination is looked up with the token of another service", 401, "forbidden", "The token is of another service.",
				map[string]any{"destination": states.WithPassword, "service": states.AnotherService})},
			"401 Unauthorized", "", "",
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			c.meets(t, func(t *testing.T, f *front) {
				out, called, err := run(f, append(slices.Clone(test.settings), "DESTINATION="+states.DestinationName)...)
				expectRun(test.what, out, err, test.refusal, test.wrote)
				if called != test.called {
					t.Errorf("%s: the tenant was called with %q, want %q", test.what, called, test.called)
				}
			}, test.exchanges...)
		})
	}
}

func queues(t *testing.T, c *contract, run runs, expectRun expectsRun) {
	token := tokenFor(t, "a token for the event bus", states.Mesh, "client_credentials", nil, nil)
	bearer := within("Bearer ", "accessToken", "", accessToken)
	queue := url.PathEscape(states.Queue)
	at := "/hub/rest/api/v1/management/messaging/queues/" + queue
	make := exchange{
		what: "a queue is made", state: states.Mesh, method: http.MethodPut, path: at, header: map[string]any{"Authorization": bearer},
		body: map[string]any{}, status: 201,
	}
	subscribe := exchange{
		what: "a queue subscribes to topics", state: states.Mesh, params: map[string]any{"messages": states.Waiting}, method: http.MethodPut,
		path: at + "/subscriptions/" + url.PathEscape("sap/S4HANAOD/s4hc/ce/sap/s4/beh/contact/*"), header: map[string]any{"Authorization": bearer}, status: 201,
	}
	consume := exchange{
		what: "an event is taken out of a queue", state: states.Mesh, params: map[string]any{"messages": states.Waiting}, method: http.MethodPost,
		path: "/messagingrest/v1/queues/" + queue + "/messages/consumption", header: map[string]any{"Authorization": bearer, "X-Qos": "1"},
		status: 200, answerHeader: map[string]any{"X-Message-Id": re("5ub5c41b", `^[A-Za-z0-9_.:-]{4,}$`), "Content-Type": re("application/cloudevents+json", `^application/cloudevents\+json`)},
		answer: map[string]any{"type": exactly("sap.s4.beh.contact.v1.Contact.Changed.v1"), "data": like(map[string]any{"ContactID": "eva@shop.test"})},
	}
	acknowledge := exchange{
		what: "an event is acknowledged", state: states.Mesh, params: map[string]any{"messages": states.Taken}, method: http.MethodPost,
		path:   within("/messagingrest/v1/queues/"+queue+"/messages/", "messageId", "/acknowledgement", "5ub5c41b"),
		header: map[string]any{"Authorization": bearer}, status: 204,
	}
	nowhere := consume
	nowhere.what, nowhere.params, nowhere.status = "an event is taken out of a queue that is not there", nil, 404
	nowhere.answerHeader, nowhere.answer = map[string]any{"Pairsim-Reason": "queue-not-found"}, map[string]any{"message": like("There is no queue.")}
	for _, test := range []struct {
		what             string
		exchanges        []exchange
		settings         []string
		refusal, written string
	}{
		{"subscribes", []exchange{token, make, subscribe}, []string{"TOPIC_SPACE=sap/S4HANAOD/s4hc"}, "", ""},
		{"receives", []exchange{token, consume, acknowledge}, []string{"EVENTS=1"}, "", "event sap.s4.beh.contact.v1.Contact.Changed.v1: "},
		{"receives from nowhere", []exchange{token, nowhere}, []string{"EVENTS=1"}, "404 Not Found", ""},
	} {
		t.Run(test.what, func(t *testing.T) {
			c.meets(t, func(t *testing.T, f *front) {
				out, _, err := run(f, test.settings...)
				expectRun(test.what, out, err, test.refusal, test.written)
			}, test.exchanges...)
		})
	}
}

// instances: who develops an extension has service instances made and bound.
func instances(t *testing.T, c *contract) {
	const (
		list       = "/api/v1/subaccounts/dev/serviceInstances"
		id         = states.ContactsInstance
		parameters = `{"systemName":"Pact Shop","communicationArrangement":{"communicationArrangementName":"CONTACTS","scenarioId":"SAP_COM_0000","inboundAuthentication":"Basic"}}`
	)
	own := within("/api/v1/serviceInstances/", "instanceId", "", id)
	bindings := within("/api/v1/serviceInstances/", "instanceId", "/serviceBindings", id)
	binding := within("/api/v1/serviceBindings/", "bindingId", "", "b0b0b1c2-0000-4000-8000-000000000000")
	instance := func(service, plan string) map[string]any {
		return map[string]any{
			"id": like(id), "name": states.InstanceName, "subaccount": "dev", "offering": service, "plan": plan, "usable": true,
			"bindings": like(0), "operation": map[string]any{"type": "create", "state": "succeeded"}, "createdAt": instant("2030-01-01T10:00:00Z"),
		}
	}
	contacts := map[string]any{"service": states.Extensibility, "instance": states.Made}
	with := func(instance string) map[string]any { return map[string]any{"instance": instance} }
	wanted := btpclient.NewInstance{Name: states.InstanceName, Offering: "destination", Plan: "lite"}
	text := map[string]any{"name": states.InstanceName, "offering": "destination", "plan": "lite"}
	ofSystem := btpclient.NewInstance{Name: states.InstanceName, Offering: states.Extensibility, Plan: "api-access", Parameters: json.RawMessage(parameters)}
	messaging := btpclient.NewInstance{Name: states.InstanceName, Offering: states.Extensibility, Plan: "messaging", Parameters: json.RawMessage(`{"systemName":"Pact Shop","emClientId":"s4hc"}`)}
	asJSON := func(v any) (document any) {
		text, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(text, &document)
		}
		if err != nil {
			t.Fatal(err)
		}
		return document
	}
	shown := instance(states.Extensibility, "api-access")
	shown["system"] = map[string]any{"id": like(systemID), "name": states.SystemName}
	e := func(what string, params map[string]any, method string, path, body any, status int, answer any) exchange {
		return exchange{what: what, state: states.Services, params: params, method: method, path: path, body: body, status: status, answer: answer}
	}
	credentials := map[string]any{
		"id": like("b0b0b1c2-0000-4000-8000-000000000000"), "name": "app", "instance": like(id), "subaccount": "dev",
		"credentials": map[string]any{"URL": at("/tenants/marketing/api"), "Authentication": "BasicAuthentication", "User": like("COMM_1"), "Password": like("Not-a-Secret")},
	}
	boundContacts := map[string]any{"service": states.Extensibility, "instance": states.Bound}
	type operator = *btpclient.Operator
	for _, test := range []struct {
		exchange
		do   func(context.Context, operator) error
		code string
	}{
		{
			e("the services of a subaccount are listed", nil, "GET", "/api/v1/subaccounts/dev/serviceOfferings", nil, 200, map[string]any{"items": each(map[string]any{
				"name": like("destination"), "plans": each(map[string]any{"name": like("lite"), "asynchronous": like(false)}),
			})}),
			func(ctx context.Context, o operator) error { _, err := o.ServiceOfferings(ctx, "dev"); return err }, "",
		},
		{
			e("a service instance is made", nil, "POST", list, text, 201, instance("destination", "lite")),
			func(ctx context.Context, o operator) error {
				made, err := o.CreateInstance(ctx, "dev", wanted)
				return usable(made, err)
			}, "",
		},
		{
			e("a service instance is made whose name is taken", with(states.Made), "POST", list, text, 0, nil).problem(409, "name-taken"),
			func(ctx context.Context, o operator) error {
				_, err := o.CreateInstance(ctx, "dev", wanted)
				return err
			}, "name-taken",
		},
		{
			e("a service instance is made with wrong parameters", nil, "POST", list, asJSON(ofSystem), 0, nil).problem(422, "parameters-invalid"),
			func(ctx context.Context, o operator) error {
				_, err := o.CreateInstance(ctx, "dev", ofSystem)
				return err
			}, "parameters-invalid",
		},
		{
			e("a service instance is made of a plan that is not entitled", nil, "POST", list, asJSON(messaging), 0, nil).problem(403, "not-entitled"),
			func(ctx context.Context, o operator) error {
				_, err := o.CreateInstance(ctx, "dev", messaging)
				return err
			}, "not-entitled",
		},
		{
			e("the service instances of a subaccount are listed", with(states.Made), "GET", list, nil, 200, map[string]any{"items": each(map[string]any{"id": like(id), "name": like("contacts")})}),
			func(ctx context.Context, o operator) error {
				for _, err := range o.Instances(ctx, "dev", btpclient.InstanceFilter{}) {
					return err
				}
				return fmt.Errorf("there is none")
			}, "",
		},
		{
			e("a service instance for a system is shown", contacts, "GET", own, nil, 200, shown),
			func(ctx context.Context, o operator) error {
				made, err := o.Instance(ctx, id)
				if err == nil && (made.System == nil || made.System.Name != states.SystemName) {
					err = fmt.Errorf("got %+v", made)
				}
				return usable(made, err)
			}, "",
		},
		{
			e("an unknown service instance is shown", nil, "GET", "/api/v1/serviceInstances/"+id, nil, 0, nil).problem(404, "service-instance-not-found"),
			func(ctx context.Context, o operator) error { _, err := o.Instance(ctx, id); return err }, "service-instance-not-found",
		},
		{
			e("a service instance is bound", contacts, "POST", bindings, map[string]any{"name": "app"}, 201, credentials),
			func(ctx context.Context, o operator) error {
				b, err := o.Bind(ctx, id, btpclient.NewBinding{Name: "app"})
				return opens(b, err)
			}, "",
		},
		{
			e("the bindings of a service instance are listed", boundContacts, "GET", bindings, nil, 200, map[string]any{"items": each(map[string]any{"id": like("b0b0b1c2-0000-4000-8000-000000000000"), "name": like("app")})}),
			func(ctx context.Context, o operator) error { _, err := o.Bindings(ctx, id); return err }, "",
		},
		{
			e("a binding is shown", boundContacts, "GET", binding, nil, 200, credentials),
			func(ctx context.Context, o operator) error {
				b, err := o.Binding(ctx, "b0b0b1c2-0000-4000-8000-000000000000")
				return opens(b, err)
			}, "",
		},
		{
			e("a binding is deleted", boundContacts, "DELETE", binding, nil, 204, nil),
			func(ctx context.Context, o operator) error {
				return o.Unbind(ctx, "b0b0b1c2-0000-4000-8000-000000000000")
			}, "",
		},
		{
			e("a service instance is deleted that is bound", with(states.Bound), "DELETE", own, nil, 0, nil).problem(409, "service-instance-has-bindings"),
			func(ctx context.Context, o operator) error { _, err := o.DeleteInstance(ctx, id); return err }, "service-instance-has-bindings",
		},
		{
			e("a service instance is deleted", with(states.Made), "DELETE", own, nil, 204, nil),
			func(ctx context.Context, o operator) error { _, err := o.DeleteInstance(ctx, id); return err }, "",
		},
	} {
		c.meets(t, func(t *testing.T, f *front) {
			err := test.do(t.Context(), btpclient.NewOperator(f.http.URL, http.DefaultClient))
			if code := btpclient.CodeOf(err); code != test.code || (err == nil) != (test.code == "") {
				t.Errorf("%s: got %q (%v), want %q", test.what, code, err, test.code)
			}
		}, test.exchange)
	}
}

func usable(i btpclient.Instance, err error) error {
	if err == nil && (i.ID == "" || !i.Usable || i.Operation.State != "succeeded") {
		err = fmt.Errorf("got %+v", i)
	}
	return err
}

// opens reads what an application calls the system with.
func opens(b btpclient.Binding, err error) error {
	var c struct{ URL, User, Password string }
	if err == nil {
		err = json.Unmarshal(b.Credentials, &c)
	}
	if err == nil && (c.URL == "" || c.User == "" || c.Password == "") {
		err = fmt.Errorf("the credentials are not whole")
	}
	return err
}
