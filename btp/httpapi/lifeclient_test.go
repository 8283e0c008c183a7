package httpapi_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// TestOperatorOfLife drives the API with the client that the command line uses.
func TestOperatorOfLife(t *testing.T) {
	a := livedAPI(t, "v2")
	server := httptest.NewServer(a.handler)
	defer server.Close()
	o := btpclient.NewOperator(server.URL, server.Client())
	ctx := t.Context()

	asked := btpclient.NewFormation{Name: "Extend the shop", Type: kymaType, Subaccount: "dev", Systems: []string{"shop"}}
	f, err := o.CreateFormation(ctx, "default", asked, btpclient.IdempotencyKey("k"))
	if err != nil || f.Status.Code != "ready" || f.Subaccount.ID != "dev" || f.Systems[0].Name != "Web Shop" || f.ETag == "" {
		t.Fatalf("got %+v, %v", f, err)
	}
	if again, err := o.CreateFormation(ctx, "default", asked, btpclient.IdempotencyKey("k")); err != nil || again.ID != f.ID {
		t.Errorf("repeated: got %+v, %v; want formation %s", again, err, f.ID)
	}
	changed, err := o.IncludeSystem(ctx, f.ID, "campaigns", btpclient.IfMatch(f.ETag))
	if err != nil || len(changed.Systems) != 2 || changed.ETag == f.ETag {
		t.Errorf("got %+v, %v; want two systems and another tag", changed, err)
	}
	if _, err := o.ExcludeSystem(ctx, f.ID, "shop", btpclient.IfMatch(f.ETag)); btpclient.CodeOf(err) != "precondition-failed" {
		t.Errorf("with the old tag: got %v, want precondition-failed", err)
	}
	e, err := o.AssignEntitlement(ctx, "dev", btpclient.NewEntitlement{System: "shop", Plan: "messaging"})
	if err != nil || e.System.Name != "Web Shop" || e.Service != "s4-hana-cloud" {
		t.Errorf("got %+v, %v", e, err)
	}
	apps, err := o.RuntimeApplications(ctx, "dev")
	if err != nil || len(apps) != 2 || apps[0].Name != "mp-web-shop" || apps[0].Formations[0] != f.ID {
		t.Errorf("got applications %+v, %v", apps, err)
	}
	wanted := btpclient.NewSubscription{Source: "mp-web-shop", Type: "order.created", Version: "v1", Sink: "http://127.0.0.1:9/events"}
	listens, err := o.CreateSubscription(ctx, "dev", wanted, btpclient.IdempotencyKey("s"))
	if err != nil || listens.Mode != "structured" || listens.Subaccount != "dev" || listens.Sink != wanted.Sink {
		t.Errorf("got subscription %+v, %v", listens, err)
	}
	if again, err := o.CreateSubscription(ctx, "dev", wanted, btpclient.IdempotencyKey("s")); err != nil || again != listens {
		t.Errorf("repeated: got %+v, %v; want %+v", again, err, listens)
	}
	if list, err := o.Subscriptions(ctx, "dev"); err != nil || len(list) != 1 || list[0] != listens {
		t.Errorf("got subscriptions %+v, %v", list, err)
	}
	for d, err := range o.Deliveries(ctx, "dev", "waiting") {
		t.Errorf("got delivery %+v, %v; want none", d, err)
	}
	for _, err := range o.Deliveries(ctx, "dev", "lost") {
		if btpclient.CodeOf(err) != "invalid-request" {
			t.Errorf("of a state that is none: got %v", err)
		}
	}
	if v, err := o.Runtime(ctx, "dev"); err != nil || v.Applications != 2 || v.Subscriptions != 1 || v.Synchronization.State != "synchronized" {
		t.Errorf("got the runtime %+v, %v", v, err)
	}
	if events, err := o.RuntimeEvents(ctx, "dev"); err != nil {
		t.Errorf("got events %+v, %v", events, err)
	}
	if list, err := o.RuntimeManifests(ctx, "dev", "mp-web-shop"); err != nil || !strings.Contains(string(list), `"kind":"Application"`) {
		t.Errorf("got manifests %s, %v", list, err)
	}
	if _, err := o.RuntimeManifests(ctx, "dev", "mp-nobody"); btpclient.CodeOf(err) != "application-not-found" {
		t.Errorf("of nobody: got %v", err)
	}
	if _, err := o.Redeliver(ctx, "dev", 1); btpclient.CodeOf(err) != "delivery-not-found" {
		t.Errorf("of nothing: got %v", err)
	}
	if err := o.DeleteSubscription(ctx, "dev", listens.ID); err != nil {
		t.Error(err)
	}
	if err := o.DeleteSubscription(ctx, "dev", listens.ID); btpclient.CodeOf(err) != "subscription-not-found" {
		t.Errorf("deleted twice: got %v", err)
	}

	_, err = o.Deregister(ctx, "shop")
	var refused *btpclient.Problem
	if !errors.As(err, &refused) || refused.Code != "system-in-use" || len(refused.Blockers) != 2 || refused.Blockers[0].ID != f.ID {
		t.Errorf("got %+v, want system-in-use with two blockers", err)
	}
	held, err := o.System(ctx, "shop")
	if err != nil || held.Formations[0].ID != f.ID || held.Entitlements[0].ID != e.ID {
		t.Errorf("got %+v, %v; want what holds it", held, err)
	}
	if err := o.RemoveEntitlementOf(ctx, "dev", "shop", "messaging"); err != nil {
		t.Error(err)
	}
	if d, err := o.DeleteFormation(ctx, f.ID); err != nil || !d.Done || len(d.Steps) != 4 {
		t.Errorf("got %+v, %v; want it deleted in four steps", d, err)
	}
	if s, err := o.Deregister(ctx, "shop"); err != nil || s.Status.Code != "deregistering" {
		t.Errorf("got %+v, %v", s, err)
	}
	if s, err := o.Remove(ctx, "shop"); err != nil || s.Status.Code != "removing" {
		t.Errorf("got %+v, %v", s, err)
	}
	for i, err := range o.Incidents(ctx, "default", btpclient.IncidentFilter{OpenOnly: true}) {
		if got, err2 := o.Incident(ctx, i.ID); err != nil || err2 != nil || got != i || i.Subject.ID != "broken" {
			t.Errorf("got incident %+v, then %+v, %v, %v", i, got, err, err2)
		}
	}
}
