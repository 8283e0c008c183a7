// Package landscapetest holds what a test may expect of a landscape wherever it runs:
// one table for the test's process, a process of its own, and containers.
package landscapetest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// Run holds a landscape to the table. It must have started just now, with its clock
// frozen at testenv.Epoch and the built-in tenants.
func Run(t *testing.T, env testenv.Landscape) {
	t.Helper()
	for _, test := range table {
		t.Run(test.name, func(t *testing.T) { test.hold(t, env) })
	}
}

// The order is part of it: the clock only moves on.
var table = []struct {
	name string
	hold func(*testing.T, testenv.Landscape)
}{
	{"its clock stands still at the epoch", clock},
	{"every product pairs, and its APIs are known", products},
	{"the addresses that it hands out are reached from here", addresses},
	{"a tenant is told of its deregistration", deregistration},
	{"an answer that is lost costs the token only", fault},
	{"tokens expire as the clock moves", expiry},
	{"tenants renew as the clock moves", renewal},
}

func clock(t *testing.T, env testenv.Landscape) {
	state, err := env.Controls().Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !state.Frozen || !state.Now.Equal(testenv.Epoch) || !env.Now(t).Equal(testenv.Epoch) {
		t.Errorf("the clock shows %s (frozen: %t), want %s", state.Now, state.Frozen, testenv.Epoch)
	}
}

func products(t *testing.T, env testenv.Landscape) {
	for tenant, systemType := range map[string]string{
		"commerce": testenv.CommerceCloud, "fsm": testenv.FieldServiceManagement,
		"c4c": testenv.CloudForCustomer, "marketing": testenv.MarketingCloud,
	} {
		system := env.RegisterSystem(t, "my "+tenant, systemType)
		env.Pair(t, tenant, env.IssueToken(t, system.ID).TokenURL)
		env.ExpectStatus(t, "my "+tenant, "Registered")
		env.ExpectRequests(t, testenv.Match{System: system.ID, Point: "pairing.csr", Status: "201"}, testenv.Exactly(1))
		if len(env.System(t, "my "+tenant).Services) == 0 {
			t.Errorf("%s exposes nothing", tenant)
		}
	}
}

// addresses goes by what the registry hands out, as a connector of somebody's own does.
func addresses(t *testing.T, env testenv.Landscape) {
	shop := env.RegisterSystem(t, "By Hand", testenv.CommerceCloud)
	token := env.IssueToken(t, shop.ID)
	if !strings.HasPrefix(token.TokenURL, env.MTLS()+"/") {
		t.Errorf("the token URL is at %.40s…, want it at %s", token.TokenURL, env.MTLS())
	}
	answer, err := env.Client().Get(token.TokenURL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the token URL answers %s, want 200", answer.Status)
	}
	apis, err := env.TenantsAt("commerce").APIs(t.Context(), "commerce")
	if err != nil || len(apis) == 0 {
		t.Fatalf("the tenant has %d APIs (%v), want some", len(apis), err)
	}
	for _, api := range apis {
		if at, err := url.Parse(api.TargetURL); err != nil || at.Hostname() == "" || at.Hostname() == "::" || at.Hostname() == "0.0.0.0" {
			t.Errorf("the API %s is at %q (%v), want an address that can be called", api.Identifier, api.TargetURL, err)
		}
	}
}

func deregistration(t *testing.T, env testenv.Landscape) {
	shop := env.System(t, "my commerce")
	if _, err := env.Operator().Deregister(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := env.Operator().System(t.Context(), shop.ID); btpclient.CodeOf(err) != "system-not-found" {
		t.Errorf("after deregistering: %v, want the row gone", err)
	}
	env.ExpectRequests(t, testenv.Match{Kind: "call", System: shop.ID, Path: "/tenants/commerce/callback/deregistration", Status: "204"}, testenv.Exactly(1))
	tenant, err := env.TenantsAt("commerce").Tenant(t.Context(), "commerce")
	if err != nil || tenant.Connection != nil {
		t.Errorf("the tenant has the connection %+v (%v), want none", tenant.Connection, err)
	}
}

func fault(t *testing.T, env testenv.Landscape) {
	shop := env.RegisterSystem(t, "Unlucky", testenv.CommerceCloud)
	env.AddFault(t, btpclient.Fault{
		Point: "pairing.csr", Match: btpclient.FaultMatch{System: shop.ID},
		Action: &btpclient.FaultAction{Kind: "drop", When: "after"}, Schedule: &btpclient.FaultSchedule{Limit: 1},
	})
	row, err := env.TenantsAt("commerce").Pair(t.Context(), "commerce", env.IssueToken(t, shop.ID).TokenURL, "")
	if err != nil || !row.Failed() {
		t.Errorf("without the answer the tenant's row is %+v (%v), want it failed", row.Status, err)
	}
	env.EveryFaultStruck(t)
	env.ClearFaults(t)
	if err := env.TenantsAt("commerce").Delete(t.Context(), "commerce", row.ID); err != nil {
		t.Fatal(err)
	}
	env.Pair(t, "commerce", env.IssueToken(t, shop.ID).TokenURL)
	env.AwaitStatus(t, "Unlucky", "Registered")
}

func expiry(t *testing.T, env testenv.Landscape) {
	late := env.RegisterSystem(t, "Late", testenv.CloudForCustomer)
	token := env.IssueToken(t, late.ID)
	mark := env.JournalMark(t)
	env.Advance(t, 10*time.Minute)
	if state := env.System(t, "Late").Token.State; state != "expired" {
		t.Errorf("after ten minutes the token is %s, want expired", state)
	}
	env.ExpectInOrder(t, testenv.Match{Kind: "due", Point: "due.token-expiry", System: late.ID})
	env.ExpectRequests(t, testenv.Match{Kind: "due", System: late.ID}, testenv.Exactly(1), testenv.Since(mark))
	answer, err := env.Client().Get(token.TokenURL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("the expired token is answered %s, want 403", answer.Status)
	}
}

func renewal(t *testing.T, env testenv.Landscape) {
	mark := env.JournalMark(t)
	env.Advance(t, 61*24*time.Hour)
	env.ExpectRequests(t, testenv.Match{Method: "POST", Path: "/v1/applications/certificates/renewals", Status: "201"}, testenv.AtLeast(1), testenv.Since(mark))
	env.ExpectStatus(t, "my marketing", "Registered")
}
