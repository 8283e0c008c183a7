package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/btp/offerings"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/btpclient"
)

// catalogue is what the tests' registries offer.
var catalogue = func() *services.Catalogue {
	c, err := services.NewCatalogue(append(offerings.All(), remote{})...)
	if err != nil {
		panic(err)
	}
	return c
}()

func engineOn(r httpapi.Registry) httpapi.Services {
	if s, is := r.(staged); is {
		return catalogue.On(s.Registry)
	}
	return catalogue.On(r.(*btp.Registry))
}

// remote stands for SAP S/4HANA Cloud Extensibility: it makes something on the tenant
// of a system. A system that is named so refuses.
type remote struct{}

func (remote) Description() services.Description {
	return services.Description{
		ID: "5a5e1f1e-0000-4000-8000-000000000001", Name: "s4-hana-cloud", DisplayName: "SAP S/4HANA Cloud Extensibility",
		Plans: []services.Plan{{
			ID: "5a5e1f1e-0000-4000-8000-000000000002", Name: "api-access", Asynchronous: true, NeedsSystem: true, NeedsEntitlement: true,
			CreateSchema: json.RawMessage(`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["systemName"],
				"properties":{"systemName":{"type":"string"},"fails":{"type":"boolean"}},"additionalProperties":false}`),
		}},
	}
}

func (remote) Admit(s *btp.Step, i *services.Instance) error {
	var p struct{ SystemName string }
	if err := json.Unmarshal(i.Parameters, &p); err != nil {
		return err
	}
	system, ok, err := s.Systems().FindByName(i.GlobalAccount, p.SystemName)
	if err == nil && !ok {
		err = services.InvalidParameters([]btp.Finding{{Path: "$.systemName", Problem: "there is no such system"}})
	}
	i.System = system.ID
	return err
}

func (remote) Create(_ context.Context, _ *btp.Registry, i services.Instance) (json.RawMessage, error) {
	if strings.Contains(string(i.Parameters), "fails") {
		return nil, btp.Errorf(btp.TenantNotTold, "the tenant does not answer")
	}
	return nil, nil
}
func (remote) Created(*btp.Step, *services.Instance, json.RawMessage) error   { return nil }
func (remote) Delete(context.Context, *btp.Registry, services.Instance) error { return nil }
func (remote) Deleted(*btp.Step, *services.Instance) error                    { return nil }
func (remote) Unbind(*btp.Step, services.Instance, services.Binding) error    { return nil }
func (remote) Bind(_ *btp.Step, _ services.Instance, b *services.Binding) error {
	b.Credentials = json.RawMessage(`{"URL":"http://tenant.test","Password":"s3cret"}`)
	return nil
}

const ofDev = "/api/v1/subaccounts/dev/serviceInstances"

// Rule: instance-no-update
func TestServiceInstances(t *testing.T) {
	a := livedAPI(t, "v1")
	if w := a.call("GET", "/api/v1/subaccounts/dev/serviceOfferings", ""); strings.Contains(w.Body.String(), "s4-hana-cloud") || !strings.Contains(w.Body.String(), "destination") {
		t.Errorf("nothing is entitled: got %s", w.Body)
	}
	a.entitle("api-access")
	offered := a.must(200, a.call("GET", "/api/v1/subaccounts/dev/serviceOfferings", ""))
	if text := fmt.Sprint(offered); !strings.Contains(text, "s4-hana-cloud") || !strings.Contains(text, "Web Shop") {
		t.Errorf("got %s", text)
	}
	w := a.call("POST", ofDev, `{"name":"contacts","offering":"s4-hana-cloud","plan":"api-access","parameters":{"systemName":"Web Shop"},"labels":{"a":["b"]}}`)
	made := a.must(201, w)
	path := w.Header().Get("Location")
	if path != fmt.Sprint("/api/v1/serviceInstances/", made["id"]) || fmt.Sprint(made["place"]) != "map[environment:cloudFoundry space:default]" {
		t.Errorf("got %v at %s", made, path)
	}
	if got := a.must(200, a.call("GET", path, "")); fmt.Sprint(got["system"]) != "map[id:shop name:Web Shop]" {
		t.Errorf("got %v", got)
	}
	w = a.call("POST", path+"/serviceBindings", `{"name":"app"}`)
	bound := a.must(201, w)
	if w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(fmt.Sprint(bound["credentials"]), "s3cret") {
		t.Errorf("got %v, %v", w.Header(), bound)
	}
	binding := w.Header().Get("Location")
	if w := a.call("GET", path+"/serviceBindings", ""); strings.Contains(w.Body.String(), "s3cret") || !strings.Contains(w.Body.String(), `"app"`) {
		t.Errorf("a list shows no credentials: got %s", w.Body)
	}
	if w := a.call("GET", binding, ""); w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Body.String(), "s3cret") {
		t.Errorf("got %v %s", w.Header(), w.Body)
	}
	for _, tt := range []struct {
		method, target, body string
		status               int
		code                 string
	}{
		{"DELETE", path, "", 409, "service-instance-has-bindings"},
		{"PATCH", path, `{"parameters":{}}`, 422, "service-instance-not-updatable"},
		{"PATCH", "/api/v1/serviceInstances/none", `{}`, 404, "service-instance-not-found"},
		{"GET", "/api/v1/serviceInstances/none", "", 404, "service-instance-not-found"},
		{"GET", "/api/v1/serviceInstances/none/serviceBindings", "", 404, "service-instance-not-found"},
		{"GET", "/api/v1/serviceBindings/none", "", 404, "service-binding-not-found"},
		{"DELETE", "/api/v1/serviceBindings/none", "", 404, "service-binding-not-found"},
		{"POST", path + "/serviceBindings", `{"name":"app"}`, 409, "name-taken"},
		{"POST", path + "/serviceBindings", `{"labels":{"a":"b"}}`, 400, "invalid-request"},
		{"POST", path + "/serviceBindings", `{"labels":{"a":null}}`, 400, "invalid-request"},
		{"POST", path + "/serviceBindings", `{"labels":{"a":["b"],"a":["c"]}}`, 400, "invalid-request"},
		{"POST", ofDev, `{"name":"contacts","offering":"s4-hana-cloud","plan":"api-access","parameters":{"systemName":"Web Shop"}}`, 409, "name-taken"},
		{"POST", ofDev, `{"name":"n","offering":"s4-hana-cloud","plan":"api-access","parameters":{"system":1}}`, 422, "parameters-invalid"},
		{"POST", ofDev, `{"name":"n","offering":"s4-hana-cloud","plan":"api-access","parameters":{"systemName":"Campaigns"}}`, 403, "not-entitled"},
		{"POST", ofDev, `{"name":"n","offering":"none","plan":"p"}`, 400, "service-offering-unknown"},
		{"POST", ofDev, `{"name":"n","offering":"destination","plan":"lite","place":{"environment":"abap"}}`, 400, "place-invalid"},
		{"POST", "/api/v1/subaccounts/bare/serviceInstances", `{"name":"n","offering":"destination","plan":"lite"}`, 409, "subaccount-without-environment"},
		{"DELETE", "/api/v1/subaccounts/dev/entitlements?system=shop&plan=api-access", "", 409, "entitlement-in-use"},
		{"POST", "/api/v1/systems/shop/deregistration", "", 409, "system-in-use"},
	} {
		w := a.call(tt.method, tt.target, tt.body)
		if code, _ := refusal(t, w); w.Code != tt.status || code != tt.code {
			t.Errorf("%s %s %s: got %d %s, want %d %s", tt.method, tt.target, tt.body, w.Code, w.Body, tt.status, tt.code)
		}
	}
	a.must204(a.call("DELETE", binding, ""))
	a.must204(a.call("DELETE", path, ""))
	if got := a.must(200, a.call("GET", ofDev+"?name=contacts&offering=s4-hana-cloud&plan=api-access&system=shop", "")); fmt.Sprint(got["items"]) != "[]" {
		t.Errorf("got %v", got)
	}
}

func (a *api) must204(w *httptest.ResponseRecorder) {
	a.t.Helper()
	if w.Code != 204 {
		a.t.Errorf("got %d %s, want 204", w.Code, w.Body)
	}
}

func TestInstanceThatFailsOrTakesTime(t *testing.T) {
	policy := btp.DefaultPolicy()
	policy.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionDeprovisioning: {After: time.Minute}} //nolint:exhaustive // the others end at once
	a := newAPIOf(t, "v2", lived(), policy)
	a.entitle("api-access")
	failed := a.must(202, a.call("POST", ofDev, `{"name":"f","offering":"s4-hana-cloud","plan":"api-access","parameters":{"systemName":"Web Shop","fails":true}}`))
	if op, _ := failed["operation"].(map[string]any); op["state"] != "failed" || op["code"] != "tenant-not-told" || op["description"] != "the tenant does not answer" {
		t.Errorf("got %v", failed)
	}
	w := a.call("POST", ofDev, `{"name":"s","offering":"s4-hana-cloud","plan":"api-access","parameters":{"systemName":"Web Shop"}}`)
	a.must(201, w)
	path := w.Header().Get("Location")
	if got := a.must(202, a.call("DELETE", path, "")); fmt.Sprint(got["usable"]) != "false" {
		t.Errorf("got %v", got)
	}
	if code, _ := refusal(t, a.call("DELETE", path, "")); code != "operation-in-progress" {
		t.Errorf("got %s", code)
	}
	a.advance(time.Minute)
	if w := a.call("GET", path, ""); w.Code != 404 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// TestSimpleOfferings: each gives an OAuth client, with addresses by which the caller came.
func TestSimpleOfferings(t *testing.T) {
	a := livedAPI(t, "v1")
	server := httptest.NewServer(a.handler)
	defer server.Close()
	o := btpclient.NewOperator(server.URL, server.Client())
	for _, tt := range []struct{ offering, plan, keys string }{
		{"destination", "lite", "clientid clientsecret credential-type identityzone instanceid subaccountid tenantid uaadomain uri url xsappname"},
		{"xsuaa", "application", "clientid clientsecret credential-type identityzone instanceid subaccountid tenantid uaadomain url xsappname"},
		{"service-manager", "subaccount-admin", "clientid clientsecret sm_url url xsappname"},
	} {
		i, err := o.CreateInstance(t.Context(), "dev", btpclient.NewInstance{Name: tt.offering, Offering: tt.offering, Plan: tt.plan})
		if err != nil || !i.Usable {
			t.Fatalf("%s: got %+v, %v", tt.offering, i, err)
		}
		b, err := o.Bind(t.Context(), i.ID, btpclient.NewBinding{})
		if err != nil {
			t.Fatal(err)
		}
		var c map[string]string
		if err := json.Unmarshal(b.Credentials, &c); err != nil {
			t.Fatal(err)
		}
		if got := sortedKeys(c); got != tt.keys {
			t.Errorf("%s: got keys %s, want %s", tt.offering, got, tt.keys)
		}
		if c["url"] != server.URL || !strings.HasPrefix(c["clientid"], "sb-") || strings.Contains(string(b.Credentials), "{{") {
			t.Errorf("%s: got %s", tt.offering, b.Credentials)
		}
		_, g, err := a.registry.AuthorizeClient(t.Context(), btp.TokenRequest{Client: c["clientid"], Secret: c["clientsecret"]})
		if err != nil || g == nil || g.Service != tt.offering || g.Subdomain != "dev" {
			t.Errorf("%s: got %+v, %v", tt.offering, g, err)
		}
		if err := o.Unbind(t.Context(), b.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.registry.AuthorizeClient(t.Context(), btp.TokenRequest{Client: c["clientid"], Secret: c["clientsecret"]}); btp.CodeOf(err) != btp.Unauthenticated {
			t.Errorf("%s: after unbinding: %v", tt.offering, err)
		}
	}
}

// Rule: entitlement-event-mesh
func TestEventMeshIsEntitledWithoutASystem(t *testing.T) {
	a := livedAPI(t, "v1")
	const path = "/api/v1/subaccounts/dev/entitlements"
	made := a.must(201, a.call("POST", path, `{"service":"SAP Event Mesh","plan":"default","quota":2}`))
	if made["system"] != nil || made["quota"] != 2.0 || made["service"] != "enterprise-messaging" {
		t.Errorf("got %v", made)
	}
	for body, want := range map[string]string{
		`{"service":"enterprise-messaging","plan":"default"}`:                 "entitlement-exists",
		`{"service":"enterprise-messaging","plan":"default","system":"shop"}`: "invalid-request",
		`{"plan":"api-access"}`:                               "system-not-found",
		`{"plan":"api-access","system":"shop","quota":0}`:     "invalid-request",
		`{"plan":"api-access","system":"shop","quota":10001}`: "invalid-request",
	} {
		if code, _ := refusal(t, a.call("POST", path, body)); code != want {
			t.Errorf("%s: got %s, want %s", body, code, want)
		}
	}
	a.must204(a.call("DELETE", path+"?plan=default", ""))
}

func sortedKeys(m map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}
