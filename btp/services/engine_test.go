package services_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
)

// Rule: offering-needs-entitlement
func TestAnOfferingIsVisibleWhenEntitled(t *testing.T) {
	t.Parallel()
	d := open(t)
	names := func(sub btp.SubaccountID) string {
		t.Helper()
		list, err := d.Offerings(t.Context(), sub)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, o := range list {
			names = append(names, o.Name)
		}
		return strings.Join(names, " ")
	}
	if got := names("dev"); got != "destination" {
		t.Errorf("nothing is entitled: got %q", got)
	}
	d.entitle("dev", "crm", 0)
	if got := names("dev"); got != "s4-hana-cloud destination" {
		t.Errorf("entitled: got %q", got)
	}
	if got := names("cf"); got != "destination" {
		t.Errorf("another subaccount: got %q", got)
	}
	_, err := d.Offerings(t.Context(), "nowhere")
	d.refused(err, btp.SubaccountNotFound)
	// No operator gets there, but a snapshot may: what is entitled for a system that is
	// not registered (any more) is as good as none.
	err = d.registry.Amend(t.Context(), func(s *btp.Step) error {
		system, err := s.Systems().Get("crm")
		if err != nil {
			return err
		}
		system.Status = btp.Pending
		return s.Systems().Put(system)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := names("dev"); got != "destination" {
		t.Errorf("entitled for a system that is not registered: got %q", got)
	}
}

// Rule: instance-binding-blocks-deletion
func TestInstanceFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.entitle("dev", "crm", 0)
	i := d.create("contacts")
	if i.System != "crm" || string(i.State) != `{"user":"u"}` || i.Place != (services.Place{Environment: btp.Kyma, Space: "default"}) {
		t.Errorf("got %+v", i)
	}
	if bytes.Contains(i.Parameters, []byte("s3cret")) || !bytes.Contains(i.Secret, []byte("s3cret")) {
		t.Errorf("got parameters %s, secret %s", i.Parameters, i.Secret)
	}
	b, err := d.Bind(t.Context(), i.ID, services.NewBinding{Name: "app"}, "")
	if err != nil || b.Name != "app" || !bytes.Contains(b.Credentials, []byte(`"url":"{{http}}"`)) {
		t.Fatalf("got %+v, %v", b, err)
	}
	if v := d.see(i.ID); v.Bindings != 1 || v.SystemName != "CRM" {
		t.Errorf("got %+v", v)
	}
	_, err = d.DeleteInstance(t.Context(), i.ID)
	d.refused(err, btp.InstanceHasBindings)
	if !strings.Contains(err.Error(), `"app" (`+b.ID+")") {
		t.Errorf("got %v, want the binding named", err)
	}
	if err := d.Unbind(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if n := d.count(btp.KindServiceClient); n != 0 {
		t.Errorf("%d clients are left of the binding", n)
	}
	_, _, err = d.Binding(t.Context(), b.ID)
	d.refused(err, btp.ServiceBindingNotFound)
	d.refused(d.UpdateInstance(t.Context(), i.ID), btp.InstanceNotUpdatable)
	over, err := d.DeleteInstance(t.Context(), i.ID)
	if err != nil || !over.Gone() || d.offered.left() != 0 || d.count(btp.KindDestination) != 0 {
		t.Errorf("got %+v, %v; on the tenant %d", over.Operation, err, d.offered.left())
	}
	d.gone(i.ID)
}

func TestSynchronousPlan(t *testing.T) {
	t.Parallel()
	d := open(t)
	i, err := d.CreateInstance(t.Context(), "cf", services.NewInstance{Name: "d", Offering: "destination", Plan: "lite", Parameters: json.RawMessage(" null ")}, "")
	if err != nil || !i.Usable() || string(i.Parameters) != "{}" || i.Place.Environment != btp.CloudFoundry {
		t.Fatalf("got %+v, %v", i, err)
	}
	over, err := d.DeleteInstance(t.Context(), i.ID)
	if err != nil || !over.Gone() {
		t.Errorf("got %+v, %v", over, err)
	}
	d.gone(i.ID)
}

// Rule: offering-needs-entitlement, instance-names-unique
func TestCreationIsRefused(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.entitle("dev", "crm", 0)
	d.create("taken")
	with := func(change func(*services.NewInstance)) services.NewInstance {
		n := d.ask("new")
		change(&n)
		return n
	}
	parameters := func(text string) services.NewInstance {
		return with(func(n *services.NewInstance) { n.Parameters = json.RawMessage(text) })
	}
	before := d.count(btp.KindServiceInstance)
	for _, tt := range []struct {
		name string
		sub  btp.SubaccountID
		ask  services.NewInstance
		want btp.Code
		says string
	}{
		{"unknown subaccount", "nowhere", d.ask("new"), btp.SubaccountNotFound, ""},
		{"unknown service", "dev", with(func(n *services.NewInstance) { n.Offering = "hana" }), btp.ServiceOfferingUnknown, ""},
		{"unknown plan", "dev", with(func(n *services.NewInstance) { n.Plan = "lite" }), btp.ServiceOfferingUnknown, ""},
		{"not entitled at all", "cf", d.ask("new"), btp.NotEntitled, ""},
		{"another account", "foreign", d.ask("new"), btp.NotEntitled, ""},
		{"not entitled for this system", "dev", parameters(`{"systemName":"Second"}`), btp.NotEntitled, "Second"},
		{"no environment", "bare", services.NewInstance{Name: "n", Offering: "destination", Plan: "lite"}, btp.SubaccountWithoutEnvironment, ""},
		{"environment that is off", "cf", services.NewInstance{Name: "n", Offering: "destination", Plan: "lite", Place: services.Place{Environment: btp.Kyma}}, btp.PlaceInvalid, ""},
		{"no namespace", "dev", with(func(n *services.NewInstance) { n.Place.Space = "Not_A_Label" }), btp.PlaceInvalid, ""},
		{"namespace in an organization", "dev", with(func(n *services.NewInstance) { n.Place.Organization = "o" }), btp.PlaceInvalid, ""},
		{"no name", "dev", with(func(n *services.NewInstance) { n.Name = "" }), btp.NameInvalid, ""},
		{"long name", "dev", with(func(n *services.NewInstance) { n.Name = strings.Repeat("n", 256) }), btp.NameInvalid, ""},
		{"name is taken", "dev", d.ask("taken"), btp.NameTaken, `subaccount "dev" has a service instance "taken" already`},
		{"id is none", "dev", with(func(n *services.NewInstance) { n.ID = "a b" }), btp.InvalidRequest, ""},
		{"no object", "dev", parameters(`[]`), btp.ParametersInvalid, ""},
		{"no JSON", "dev", parameters(`{`), btp.ParametersInvalid, ""},
		{"too much", "dev", parameters(`{"systemName":"` + strings.Repeat("x", services.MaxParameters) + `"}`), btp.ParametersInvalid, "at most 32768"},
		{
			"unlike the schema", "dev", parameters(`{"systemName":1,"list":[{"name":1},{}],"more":true}`), btp.ParametersInvalid,
			"$.list[1]: missing property 'name'; $.more: there is no such key; $.systemName: got number, want string",
		},
		{"against the offering's rule", "dev", parameters(`{"systemName":"Nobody"}`), btp.ParametersInvalid, "$.systemName"},
		{"labels", "dev", with(func(n *services.NewInstance) { n.Labels = map[string][]string{"": nil} }), btp.InvalidRequest, ""},
		{"context", "dev", with(func(n *services.NewInstance) { n.Context = json.RawMessage(`1`) }), btp.InvalidRequest, ""},
	} {
		_, err := d.CreateInstance(t.Context(), tt.sub, tt.ask, "")
		if got := btp.CodeOf(err); got != tt.want || !strings.Contains(fmt.Sprint(err), tt.says) {
			t.Errorf("%s: got %v, want %s %s", tt.name, err, tt.want, tt.says)
		}
	}
	if n := d.count(btp.KindServiceInstance); n != before || d.count(btp.KindDestination) != before || d.offered.creates != 1 {
		t.Errorf("refusals left something: %d instances, %d destinations", n, d.count(btp.KindDestination))
	}
}

// Rule: entitlement-quota, entitlement-in-use
func TestQuotaAndEntitlementInUse(t *testing.T) {
	t.Parallel()
	d := open(t)
	e := d.entitle("dev", "crm", 2)
	d.create("one")
	two := d.create("two")
	_, err := d.CreateInstance(t.Context(), "dev", d.ask("three"), "")
	d.refused(err, btp.QuotaExhausted)
	err = d.registry.RemoveEntitlement(t.Context(), "dev", e.ID)
	d.refused(err, btp.EntitlementInUse)
	if !strings.Contains(err.Error(), `"one"`) || !strings.Contains(err.Error(), `"two" (`+two.ID+")") {
		t.Errorf("got %v, want the instances named", err)
	}
	_, err = d.registry.Deregister(t.Context(), "crm")
	d.refused(err, btp.SystemInUse)
	if _, err := d.DeleteInstance(t.Context(), two.ID); err != nil {
		t.Fatal(err)
	}
	// A creation that failed does not count.
	d.offered.answers(func(context.Context, string) error { return btp.Errorf(btp.TenantNotTold, "refused") }, nil)
	failed, err := d.CreateInstance(t.Context(), "dev", d.ask("two"), "")
	if err != nil || !failed.Failed() {
		t.Fatalf("got %+v, %v", failed, err)
	}
	d.offered.answers(nil, nil)
	d.create("three")
	if list, _, err := d.registry.SubaccountEntitlements(t.Context(), btp.EntitlementFilter{Subaccount: "dev"}); err != nil || list[0].Used != 2 || list[0].Quota != 2 {
		t.Errorf("got %+v, %v", list, err)
	}
}

// Rule: instance-failure-leaves-nothing
func TestAFailedCreationLeavesNothing(t *testing.T) {
	t.Parallel()
	no := func(context.Context, string) error { return btp.Errorf(btp.TenantNotTold, "the tenant says no") }
	for _, tt := range []struct {
		name    string
		prepare func(*desk)
		says    string
	}{
		{"on the tenant", func(d *desk) { d.offered.answers(no, nil) }, "the tenant says no"},
		{"when it is stored", func(d *desk) { d.offered.created = btp.Errorf(btp.NameTaken, "a destination has the name") }, "a destination has the name"},
		{"before the call", func(d *desk) { d.fault(btp.PointInstanceProvision) }, "cause"},
		{"behind the call", func(d *desk) { d.fault(btp.PointInstanceProvisioned) }, "cause"},
	} {
		d := open(t)
		e := d.entitle("dev", "crm", 0)
		tt.prepare(d)
		i, err := d.CreateInstance(t.Context(), "dev", d.ask("contacts"), "")
		if err != nil || !i.Failed() || i.Undo || !strings.Contains(i.Operation.Description, tt.says) {
			t.Errorf("%s: got %+v, %v", tt.name, i, err)
		}
		if d.offered.left() != 0 || d.count(btp.KindDestination) != 0 {
			t.Errorf("%s: %d left on the tenant, %d destinations", tt.name, d.offered.left(), d.count(btp.KindDestination))
		}
		_, err = d.Bind(t.Context(), i.ID, services.NewBinding{}, "")
		d.refused(err, btp.InstanceNotUsable)
		if err := d.registry.RemoveEntitlement(t.Context(), "dev", e.ID); err != nil {
			t.Errorf("%s: it still holds the entitlement: %v", tt.name, err)
		}
		if over, err := d.DeleteInstance(t.Context(), i.ID); err != nil || !over.Gone() {
			t.Errorf("%s: got %+v, %v", tt.name, over, err)
		}
		d.gone(i.ID)
	}
}

func (d *desk) fault(p btp.Point) {
	d.t.Helper()
	_, err := d.registry.AddFault(d.t.Context(), btp.Fault{Point: p, Action: btp.FaultAction{Kind: btp.FaultFail, Cause: "cause"}})
	if err != nil {
		d.t.Fatal(err)
	}
}

// Rule: instance-failure-leaves-nothing
func TestATenantThatDiesIsTidiedUpLater(t *testing.T) {
	t.Parallel()
	d := open(t)
	e := d.entitle("dev", "crm", 0)
	dead := func(context.Context, string) error { return btp.Errorf(btp.TenantNotTold, "not reached") }
	d.offered.answers(dead, dead)
	i, err := d.CreateInstance(t.Context(), "dev", d.ask("contacts"), "")
	if err != nil || !i.Failed() || !i.Undo || i.Operation.Description != "not reached" {
		t.Fatalf("got %+v, %v", i, err)
	}
	d.refused(d.registry.RemoveEntitlement(t.Context(), "dev", e.ID), btp.EntitlementInUse)
	d.advance(time.Minute)
	if d.offered.left() != 1 {
		t.Error("a dead tenant was tidied up")
	}
	d.offered.answers(nil, nil)
	d.advance(3 * time.Minute)
	if v := d.see(i.ID); d.offered.left() != 0 || v.Undo || !v.Failed() || d.count(btp.KindDestination) != 0 {
		t.Errorf("got %+v, %d on the tenant", v, d.offered.left())
	}
	if err := d.registry.RemoveEntitlement(t.Context(), "dev", e.ID); err != nil {
		t.Error(err)
	}
}

func TestAFailedDeletionCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.entitle("dev", "crm", 0)
	i := d.create("contacts")
	d.offered.answers(nil, func(context.Context, string) error { return btp.Errorf(btp.TenantNotTold, "not reached") })
	for range 2 {
		over, err := d.DeleteInstance(t.Context(), i.ID)
		if err != nil || over.Gone() || over.Operation.State != services.Failed || over.Operation.Description != "not reached" {
			t.Fatalf("got %+v, %v", over.Operation, err)
		}
	}
	if _, err := d.Bind(t.Context(), i.ID, services.NewBinding{Name: "b"}, ""); err != nil {
		t.Errorf("it stays as it was: %v", err)
	}
	list, err := d.Bindings(t.Context(), i.ID)
	if err != nil || len(list) != 1 {
		t.Fatalf("got %+v, %v", list, err)
	}
	if err := d.Unbind(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	d.offered.answers(nil, nil)
	if over, err := d.DeleteInstance(t.Context(), i.ID); err != nil || !over.Gone() || d.offered.left() != 0 {
		t.Errorf("got %+v, %v", over.Operation, err)
	}
}

// Rule: instance-one-operation
func TestOneOperationAtATime(t *testing.T) {
	t.Parallel()
	d := open(t, func(c *btp.Config) {
		c.Policy.Transitions = map[btp.Transition]btp.TransitionPolicy{ //nolint:exhaustive // the others end at once
			btp.TransitionProvisioning: {After: time.Minute}, btp.TransitionDeprovisioning: {Reads: 2},
		}
	})
	d.entitle("dev", "crm", 0)
	i, err := d.CreateInstance(t.Context(), "dev", d.ask("contacts"), "")
	if err != nil || i.Operation.State != services.InProgress || i.Usable() {
		t.Fatalf("got %+v, %v", i.Operation, err)
	}
	busy := func() {
		t.Helper()
		_, err := d.DeleteInstance(t.Context(), i.ID)
		d.refused(err, btp.OperationInProgress)
		_, err = d.Bind(t.Context(), i.ID, services.NewBinding{}, "")
		d.refused(err, btp.OperationInProgress)
		d.refused(d.UpdateInstance(t.Context(), i.ID), btp.OperationInProgress)
	}
	busy()
	d.advance(time.Minute)
	if v := d.see(i.ID); !v.Usable() {
		t.Fatalf("got %+v", v.Operation)
	}
	if over, err := d.DeleteInstance(t.Context(), i.ID); err != nil || over.Operation.State != services.InProgress {
		t.Fatalf("got %+v, %v", over.Operation, err)
	}
	busy()
	if list, _, err := d.Instances(t.Context(), services.InstanceFilter{Subaccount: "dev"}); err != nil || len(list) != 1 {
		t.Fatalf("the first read: got %+v, %v", list, err)
	}
	if v := d.see(i.ID); v.Operation.State != services.InProgress {
		t.Errorf("the second read still shows it: got %+v", v.Operation)
	}
	d.gone(i.ID)
}

func TestAHeldCreation(t *testing.T) {
	t.Parallel()
	d := open(t, func(c *btp.Config) {
		c.Policy.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionProvisioning: {Held: true}} //nolint:exhaustive // the others end at once
	})
	d.entitle("dev", "crm", 0)
	i, err := d.CreateInstance(t.Context(), "dev", d.ask("contacts"), "")
	if err != nil {
		t.Fatal(err)
	}
	holds, err := d.registry.Holds(t.Context())
	if err != nil || len(holds) != 1 || holds[0].Subject != (btp.Reference{Instance: i.ID, Name: "contacts"}) {
		t.Fatalf("got %+v, %v", holds, err)
	}
	if err := d.registry.Release(t.Context(), holds[0].ID); err != nil {
		t.Fatal(err)
	}
	if v := d.see(i.ID); !v.Usable() {
		t.Errorf("got %+v", v.Operation)
	}
}

// Rule: instance-one-operation, instance-names-unique
func TestConcurrentCreationsOfOneName(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.entitle("dev", "crm", 1)
	const n = 8
	codes := make([]btp.Code, n)
	var all sync.WaitGroup
	for k := range n {
		all.Go(func() {
			_, err := d.CreateInstance(t.Context(), "dev", d.ask("contacts"), "")
			codes[k] = btp.CodeOf(err)
		})
	}
	all.Wait()
	won := 0
	for _, c := range codes {
		switch c {
		case "":
			won++
		case btp.NameTaken:
		default:
			t.Errorf("got %q, want %q", c, btp.NameTaken)
		}
	}
	if won != 1 || d.count(btp.KindServiceInstance) != 1 || d.offered.left() != 1 {
		t.Errorf("%d won, %d instances", won, d.count(btp.KindServiceInstance))
	}
}

// Rule: create-idempotency-key
func TestARepeatedCreateMakesNothingMore(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.entitle("dev", "crm", 0)
	first, err := d.CreateInstance(t.Context(), "dev", d.ask("contacts"), "key")
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.CreateInstance(t.Context(), "dev", d.ask("contacts"), "key")
	if err != nil || again.ID != first.ID || d.offered.creates != 1 {
		t.Errorf("got %s, %v; want %s", again.ID, err, first.ID)
	}
	_, err = d.CreateInstance(t.Context(), "dev", d.ask("others"), "key")
	d.refused(err, btp.IdempotencyKeyReused)
	// A platform chooses ids: the same id with the same request is the same instance.
	n := d.ask("mine")
	n.ID = "11111111-2222-4333-8444-555555555555"
	i, err := d.CreateInstance(t.Context(), "dev", n, "")
	if err != nil || i.ID != n.ID || !n.Same(i.Instance) {
		t.Fatalf("got %+v, %v", i, err)
	}
	_, err = d.CreateInstance(t.Context(), "dev", n, "")
	d.refused(err, btp.InstanceExists)
	n.Parameters = json.RawMessage(`{"password":"other","systemName":"CRM"}`)
	if n.Same(i.Instance) {
		t.Error("another password is another request")
	}
	b, err := d.Bind(t.Context(), i.ID, services.NewBinding{Name: "b"}, "key")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Bind(t.Context(), i.ID, services.NewBinding{Name: "b"}, "key"); err != nil || again.ID != b.ID || !bytes.Equal(again.Credentials, b.Credentials) {
		t.Errorf("got %+v, %v", again, err)
	}
	_, err = d.Bind(t.Context(), i.ID, services.NewBinding{Name: "b"}, "")
	d.refused(err, btp.NameTaken)
	_, err = d.Bind(t.Context(), i.ID, services.NewBinding{ID: b.ID, Name: "c"}, "")
	d.refused(err, btp.BindingExists)
	_, err = d.Bind(t.Context(), i.ID, services.NewBinding{Name: "p", Parameters: json.RawMessage(`{"x":1}`)}, "")
	d.refused(err, btp.ParametersInvalid)
}

// Rule: account-boundary
func TestAnotherAccountsInstancesAreNotFound(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.entitle("dev", "crm", 0)
	i := d.create("contacts")
	b, err := d.Bind(t.Context(), i.ID, services.NewBinding{}, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx := btp.InAccount(t.Context(), "other")
	_, err = d.Instance(ctx, i.ID)
	d.refused(err, btp.ServiceInstanceNotFound)
	_, err = d.DeleteInstance(ctx, i.ID)
	d.refused(err, btp.ServiceInstanceNotFound)
	_, err = d.Bind(ctx, i.ID, services.NewBinding{}, "")
	d.refused(err, btp.ServiceInstanceNotFound)
	_, _, err = d.Binding(ctx, b.ID)
	d.refused(err, btp.ServiceBindingNotFound)
	d.refused(d.Unbind(ctx, b.ID), btp.ServiceBindingNotFound)
	_, _, err = d.Instances(ctx, services.InstanceFilter{Subaccount: "dev"})
	d.refused(err, btp.SubaccountNotFound)
	_, err = d.SubaccountBindings(ctx, "dev")
	d.refused(err, btp.SubaccountNotFound)
	if list, err := d.SubaccountBindings(t.Context(), "dev"); err != nil || len(list) != 1 || list[0].ID != b.ID {
		t.Errorf("got %+v, %v", list, err)
	}
}

// Rule: list-pages
func TestInstancesPageByPage(t *testing.T) {
	t.Parallel()
	d := open(t)
	for k := range 5 {
		if _, err := d.CreateInstance(t.Context(), "cf", services.NewInstance{Name: fmt.Sprint("i", k), Offering: "destination", Plan: "lite"}, ""); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	f := services.InstanceFilter{Subaccount: "cf", Offering: "destination", Limit: 2}
	for more := true; more; {
		var page []services.InstanceView
		var err error
		if page, more, err = d.Instances(t.Context(), f); err != nil || len(page) == 0 {
			t.Fatalf("got %+v, %v", page, err)
		}
		for _, v := range page {
			names = append(names, v.Name)
		}
		f.After = page[len(page)-1].Sequence
	}
	if got := strings.Join(names, " "); got != "i0 i1 i2 i3 i4" {
		t.Errorf("got %s", got)
	}
	if page, more, err := d.Instances(t.Context(), services.InstanceFilter{Subaccount: "cf", Name: "i3"}); err != nil || more || len(page) != 1 {
		t.Errorf("got %+v, %v, %v", page, more, err)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	c := services.Credentials(`{"url":"{{http}}/oauth","sm_url":"{{mtls}}/x","uaadomain":"{{mtlsHost}}"}`)
	got := string(c.Resolve("http://registry.test:8080/env/a", "https://registry.test:8443/env/a"))
	want := `{"url":"http://registry.test:8080/env/a/oauth","sm_url":"https://registry.test:8443/env/a/x","uaadomain":"registry.test:8443/env/a"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// declares lets the landscape declare service instances, with the offerings of the tests.
func declares(list ...btp.DeclaredInstance) func(*btp.Config) {
	return func(c *btp.Config) {
		catalogue, err := services.NewCatalogue(&offering{}, plain{})
		if err != nil {
			panic(err)
		}
		c.DeclareInstance = catalogue.Declare
		c.Landscape.Entitlements = []btp.DeclaredEntitlement{{Subaccount: "dev", System: "crm", Plan: "api-access", Quota: 1}}
		c.Landscape.Instances = list
	}
}

func TestALandscapeDeclaresInstances(t *testing.T) {
	t.Parallel()
	d := open(t, declares(
		btp.DeclaredInstance{
			ID: "one", Name: "contacts", Subaccount: "dev", Offering: "s4-hana-cloud", Plan: "api-access", Parameters: json.RawMessage(`{"systemName":"CRM"}`),
			Environment: btp.Kyma, Space: "apps", Bindings: []btp.DeclaredBinding{{ID: "bound", Name: "app"}},
		},
		btp.DeclaredInstance{Name: "d", Subaccount: "cf", Offering: "destination", Plan: "lite", Bindings: []btp.DeclaredBinding{{Name: "app"}}},
	))
	if v := d.see("one"); v.Usable() || v.Operation.State != services.InProgress {
		t.Errorf("made before anything runs: got %+v", v.Operation)
	}
	d.advance(0)
	v := d.see("one")
	if !v.Usable() || v.Bindings != 1 || v.Place != (services.Place{Environment: btp.Kyma, Space: "apps"}) || len(v.Declared) != 0 {
		t.Errorf("got %+v", v)
	}
	if b, _, err := d.Binding(t.Context(), "bound"); err != nil || b.Name != "app" || len(b.Credentials) == 0 {
		t.Errorf("got %+v, %v", b, err)
	}
	if list, err := d.SubaccountBindings(t.Context(), "cf"); err != nil || len(list) != 1 {
		t.Errorf("got %+v, %v", list, err)
	}
	if err := d.registry.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v := d.see("one"); v.Usable() {
		t.Errorf("after a reset: got %+v", v.Operation)
	}
}
