package btpclient

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestLifeCalls holds what each method sends.
func TestLifeCalls(t *testing.T) {
	name := "Dev"
	tests := []struct {
		name, want string // want: method, target, body
		call       func(o *Operator, c *Control) error
	}{
		{"deregister", "POST /api/v1/systems/a%2Fb/deregistration", func(o *Operator, _ *Control) error {
			_, err := o.Deregister(t.Context(), "a/b")
			return err
		}},
		{"remove", "DELETE /api/v1/systems/s", func(o *Operator, _ *Control) error { _, err := o.Remove(t.Context(), "s"); return err }},
		{"create a formation", `POST /api/v1/globalAccounts/ga/formations {"name":"n","subaccount":"dev","systems":["s"]}`, func(o *Operator, _ *Control) error {
			_, err := o.CreateFormation(t.Context(), "ga", NewFormation{Name: "n", Subaccount: "dev", Systems: []string{"s"}})
			return err
		}},
		{"formation", "GET /api/v1/formations/f", func(o *Operator, _ *Control) error { _, err := o.Formation(t.Context(), "f"); return err }},
		{"take the subaccount away", `PATCH /api/v1/formations/f {"subaccount":""}`, func(o *Operator, _ *Control) error {
			_, err := o.ChangeFormationSubaccount(t.Context(), "f", "")
			return err
		}},
		{"include", "PUT /api/v1/formations/f/systems/a%2Fb", func(o *Operator, _ *Control) error {
			_, err := o.IncludeSystem(t.Context(), "f", "a/b")
			return err
		}},
		{"exclude", "DELETE /api/v1/formations/f/systems/s", func(o *Operator, _ *Control) error {
			_, err := o.ExcludeSystem(t.Context(), "f", "s")
			return err
		}},
		{"reset", `POST /api/v1/formations/f/resynchronization {"reset":true}`, func(o *Operator, _ *Control) error {
			_, err := o.Resynchronize(t.Context(), "f", true)
			return err
		}},
		{"finalize", "POST /api/v1/formations/f/finalization", func(o *Operator, _ *Control) error {
			_, err := o.FinalizeFormation(t.Context(), "f")
			return err
		}},
		{"delete a formation", "DELETE /api/v1/formations/f", func(o *Operator, _ *Control) error {
			_, err := o.DeleteFormation(t.Context(), "f")
			return err
		}},
		{"formation types", "GET /api/v1/formationTypes", func(o *Operator, _ *Control) error { _, err := o.FormationTypes(t.Context()); return err }},
		{"subaccount", "GET /api/v1/subaccounts/dev", func(o *Operator, _ *Control) error { _, err := o.Subaccount(t.Context(), "dev"); return err }},
		{"rename a subaccount", `PATCH /api/v1/subaccounts/dev {"displayName":"Dev"}`, func(o *Operator, _ *Control) error {
			_, err := o.ChangeSubaccount(t.Context(), "dev", SubaccountChange{DisplayName: &name})
			return err
		}},
		{"disable all environments", `PATCH /api/v1/subaccounts/dev {"environments":[]}`, func(o *Operator, _ *Control) error {
			_, err := o.ChangeSubaccount(t.Context(), "dev", SubaccountChange{Environments: new([]string)})
			return err
		}},
		{"entitle", `POST /api/v1/subaccounts/dev/entitlements {"system":"s","plan":"messaging"}`, func(o *Operator, _ *Control) error {
			_, err := o.AssignEntitlement(t.Context(), "dev", NewEntitlement{System: "s", Plan: "messaging"})
			return err
		}},
		{"remove an entitlement", "DELETE /api/v1/subaccounts/dev/entitlements/e", func(o *Operator, _ *Control) error {
			return o.RemoveEntitlement(t.Context(), "dev", "e")
		}},
		{"remove what a system has", "DELETE /api/v1/subaccounts/dev/entitlements?plan=p&system=s", func(o *Operator, _ *Control) error {
			return o.RemoveEntitlementOf(t.Context(), "dev", "s", "p")
		}},
		{"service plans", "GET /api/v1/subaccounts/dev/servicePlans", func(o *Operator, _ *Control) error { _, err := o.ServicePlans(t.Context(), "dev"); return err }},
		{"applications", "GET /api/v1/subaccounts/dev/runtime/applications", func(o *Operator, _ *Control) error {
			_, err := o.RuntimeApplications(t.Context(), "dev")
			return err
		}},
		{"subscriptions", "GET /api/v1/subaccounts/dev/runtime/subscriptions", func(o *Operator, _ *Control) error {
			_, err := o.Subscriptions(t.Context(), "dev")
			return err
		}},
		{"subscribe", `POST /api/v1/subaccounts/dev/runtime/subscriptions {"source":"a","type":"t","sink":"http://s"}`, func(o *Operator, _ *Control) error {
			_, err := o.CreateSubscription(t.Context(), "dev", NewSubscription{Source: "a", Type: "t", Sink: "http://s"})
			return err
		}},
		{"unsubscribe", "DELETE /api/v1/subaccounts/dev/runtime/subscriptions/s", func(o *Operator, _ *Control) error {
			return o.DeleteSubscription(t.Context(), "dev", "s")
		}},
		{"service offerings", "GET /api/v1/subaccounts/dev/serviceOfferings", func(o *Operator, _ *Control) error {
			_, err := o.ServiceOfferings(t.Context(), "dev")
			return err
		}},
		{"create an instance", `POST /api/v1/subaccounts/dev/serviceInstances {"name":"n","offering":"o","plan":"p","place":{"space":"s"},"parameters":{"a":1}}`, func(o *Operator, _ *Control) error {
			_, err := o.CreateInstance(t.Context(), "dev", NewInstance{Name: "n", Offering: "o", Plan: "p", Place: &Place{Space: "s"}, Parameters: []byte(`{"a":1}`)})
			return err
		}},
		{"instances", "GET /api/v1/subaccounts/dev/serviceInstances?limit=2&name=n&offering=o&plan=p&system=s", func(o *Operator, _ *Control) (err error) {
			for _, err = range o.Instances(t.Context(), "dev", InstanceFilter{Name: "n", Offering: "o", Plan: "p", System: "s", PageSize: 2}) {
			}
			return err
		}},
		{"instance", "GET /api/v1/serviceInstances/i", func(o *Operator, _ *Control) error { _, err := o.Instance(t.Context(), "i"); return err }},
		{"delete an instance", "DELETE /api/v1/serviceInstances/i", func(o *Operator, _ *Control) error { _, err := o.DeleteInstance(t.Context(), "i"); return err }},
		{"bind", `POST /api/v1/serviceInstances/i/serviceBindings {"name":"b"}`, func(o *Operator, _ *Control) error {
			_, err := o.Bind(t.Context(), "i", NewBinding{Name: "b"})
			return err
		}},
		{"bindings", "GET /api/v1/serviceInstances/i/serviceBindings", func(o *Operator, _ *Control) error { _, err := o.Bindings(t.Context(), "i"); return err }},
		{"binding", "GET /api/v1/serviceBindings/b", func(o *Operator, _ *Control) error { _, err := o.Binding(t.Context(), "b"); return err }},
		{"unbind", "DELETE /api/v1/serviceBindings/b", func(o *Operator, _ *Control) error { return o.Unbind(t.Context(), "b") }},
		{"deliveries", "GET /api/v1/subaccounts/dev/runtime/deliveries?state=dead", func(o *Operator, _ *Control) (err error) {
			for _, err = range o.Deliveries(t.Context(), "dev", "dead") {
			}
			return err
		}},
		{"discover", `POST /control/discoveries {"globalAccount":"default","name":"n","type":"t","url":"https://u"}`, func(_ *Operator, c *Control) error {
			_, err := c.Discover(t.Context(), DiscoveredSystem{GlobalAccount: "default", Name: "n", Type: "t", URL: "https://u"})
			return err
		}},
		{"system types", "GET /api/v1/globalAccounts/ga/systemTypes", func(o *Operator, _ *Control) error {
			_, err := o.AccountSystemTypes(t.Context(), "ga")
			return err
		}},
		{"create a system type", `POST /api/v1/globalAccounts/ga/systemTypes {"name":"n","namespace":"customer.n","provider":"p"}`, func(o *Operator, _ *Control) error {
			_, err := o.CreateSystemType(t.Context(), "ga", "n", "customer.n", "p")
			return err
		}},
		{"merge", `POST /api/v1/systems/a/merge {"target":"b"}`, func(o *Operator, _ *Control) error { _, err := o.Merge(t.Context(), "a", "b"); return err }},
		{"event bus", "GET /api/v1/subaccounts/dev/eventBus", func(o *Operator, _ *Control) error { _, err := o.EventBus(t.Context(), "dev"); return err }},
		{"messages", "GET /api/v1/subaccounts/dev/eventBus/messages?queue=a%2Fb", func(o *Operator, _ *Control) (err error) {
			for _, err = range o.QueuedMessages(t.Context(), "dev", "a/b") {
			}
			return err
		}},
		{"incident", "GET /api/v1/incidents/i", func(o *Operator, _ *Control) error { _, err := o.Incident(t.Context(), "i"); return err }},
		{"resolve", `POST /control/incidents/i/resolution {"resolution":"done"}`, func(_ *Operator, c *Control) error {
			_, err := c.ResolveIncident(t.Context(), "i", "done")
			return err
		}},
		{"faults", "GET /control/faults", func(_ *Operator, c *Control) error { _, err := c.Faults(t.Context()); return err }},
		{"add a fault", `POST /control/faults {"cause":"","point":"deregistration.tell-tenant","subject":"s","times":2}`, func(_ *Operator, c *Control) error {
			_, err := c.AddFault(t.Context(), Fault{Point: "deregistration.tell-tenant", Subject: "s", Times: 2})
			return err
		}},
		{"remove a fault", "DELETE /control/faults/7", func(_ *Operator, c *Control) error { return c.RemoveFault(t.Context(), "7") }},
		{"clear faults", "DELETE /control/faults", func(_ *Operator, c *Control) error { return c.ClearFaults(t.Context()) }},
		{"report", `PUT /control/formations/f/assignments/a/status {"error":"e","state":"CREATE_ERROR"}`, func(_ *Operator, c *Control) error {
			_, err := c.ReportAssignment(t.Context(), "f", "a", "CREATE_ERROR", "e")
			return err
		}},
		{"all incidents", "GET /control/incidents?limit=2&open=true&subject=s", func(_ *Operator, c *Control) (err error) {
			for _, err = range c.Incidents(t.Context(), IncidentFilter{Subject: "s", OpenOnly: true, PageSize: 2}) {
			}
			return err
		}},
		{"an account's incidents", "GET /api/v1/globalAccounts/ga/incidents", func(o *Operator, _ *Control) (err error) {
			for _, err = range o.Incidents(t.Context(), "ga", IncidentFilter{}) {
			}
			return err
		}},
		{"formations", "GET /api/v1/globalAccounts/ga/formations?name=n&subaccount=dev&system=s", func(o *Operator, _ *Control) (err error) {
			for _, err = range o.Formations(t.Context(), "ga", FormationFilter{Name: "n", Subaccount: "dev", System: "s"}) {
			}
			return err
		}},
		{"entitlements", "GET /api/v1/subaccounts/dev/entitlements?plan=p&system=s", func(o *Operator, _ *Control) (err error) {
			for _, err = range o.Entitlements(t.Context(), "dev", EntitlementFilter{System: "s", Plan: "p"}) {
			}
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = strings.TrimSpace(r.Method + " " + r.URL.RequestURI() + " " + string(body))
				_, _ = io.WriteString(w, `{}`)
			}))
			defer server.Close()
			if err := tt.call(NewOperator(server.URL, nil), NewControl(server.URL, nil)); err != nil || got != tt.want {
				t.Errorf("got %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestNothingIsNamed(t *testing.T) {
	o := operatorOn(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s was sent", r.Method, r.URL.Path)
		}
		_, _ = io.WriteString(w, `{"items":[]}`)
	})
	c := &Control{o.api}
	if c.RemoveFault(t.Context(), "") == nil || o.RemoveEntitlement(t.Context(), "dev", "") == nil {
		t.Error("a removal without an id is accepted")
	}
	if _, err := o.FormationNamed(t.Context(), "default", "Shop"); CodeOf(err) != "formation-not-found" {
		t.Errorf("got %v, want formation-not-found", err)
	}
}

func TestCallOptions(t *testing.T) {
	var got http.Header
	o := operatorOn(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		w.Header().Set("ETag", `"4"`)
		_, _ = io.WriteString(w, `{"id":"f","subaccount":null}`)
	})
	f, err := o.CreateFormation(t.Context(), "default", NewFormation{Name: "n"}, IdempotencyKey("k"))
	if err != nil || f.ETag != `"4"` || got.Get("Idempotency-Key") != "k" || got["If-Match"] != nil {
		t.Errorf("got %+v, %v, sent %v", f, err, got)
	}
	if f, err = o.IncludeSystem(t.Context(), "f", "s", IfMatch(f.ETag)); err != nil || got.Get("If-Match") != `"4"` || got["Idempotency-Key"] != nil {
		t.Errorf("got %+v, %v, sent %v", f, err, got)
	}
	if _, err = o.ExcludeSystem(t.Context(), "f", "s", IfMatch(""), IdempotencyKey("")); err != nil || got["If-Match"] != nil || got["Idempotency-Key"] != nil {
		t.Errorf("empty options: %v, sent %v", err, got)
	}
	if s, err := o.Subaccount(t.Context(), "dev"); err != nil || s.ETag != `"4"` {
		t.Errorf("got %+v, %v; want the entity tag", s, err)
	}
}
