package httpapi_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// TestOperator drives the API with the client that the command line uses.
func TestOperator(t *testing.T) {
	a := newAPI(t, "v1")
	server := httptest.NewServer(a.handler)
	defer server.Close()
	o := btpclient.NewOperator(server.URL, server.Client())
	ctx := t.Context()

	account, err := o.CreateGlobalAccount(ctx, btpclient.GlobalAccount{DisplayName: "ACME", Subdomain: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := o.GlobalAccount(ctx, "acme"); err != nil || got != account {
		t.Errorf("got %+v, %v; want %+v", got, err, account)
	}
	if _, err := o.CreateSubaccount(ctx, "acme", btpclient.Subaccount{Subdomain: "test", Region: "eu10"}); err != nil {
		t.Error(err)
	}
	if subs, err := o.Subaccounts(ctx, "acme"); err != nil || len(subs) != 1 || subs[0].GlobalAccount != account.ID {
		t.Errorf("got %+v, %v; want one subaccount", subs, err)
	}
	if types, err := o.SystemTypes(ctx); err != nil || len(types) < 4 {
		t.Errorf("got %+v, %v; want at least four types", types, err)
	}
	if doc, err := o.OpenAPI(ctx); err != nil || !strings.Contains(string(doc), `"openapi":"3.1.0"`) {
		t.Errorf("got %.40s, %v", doc, err)
	}

	names := []string{"A", "B/?", "C"}
	for _, name := range names {
		s, err := o.Register(ctx, "acme", name, "SAP Marketing Cloud")
		if err != nil || s.IntegrationToken == nil || s.Status.Label != "Pending" {
			t.Fatalf("register %s: got %+v, %v", name, s, err)
		}
	}
	var listed []string
	for s, err := range o.Systems(ctx, "acme", btpclient.SystemFilter{Status: "pending", PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, s.Name)
	}
	if got, want := strings.Join(listed, " "), strings.Join(names, " "); got != want {
		t.Errorf("got systems %s, want %s", got, want)
	}
	s, err := o.SystemNamed(ctx, "acme", "A")
	if err != nil || s.Token == nil || s.Token.State != "live" {
		t.Fatalf("got %+v, %v; want A with a live token", s, err)
	}
	shown, err := o.ShowToken(ctx, s.ID)
	if err != nil || shown.RemainingSeconds != 7*24*3600 {
		t.Errorf("got %+v, %v; want the present token", shown, err)
	}
	fresh, err := o.IssueToken(ctx, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	in, err := o.InspectToken(ctx, shown.TokenURL)
	if err != nil || in.Accepted || in.Refusal.Code != "token-void" || in.System.Name != "A" {
		t.Errorf("old token: got %+v, %v; want token-void", in, err)
	}
	if in, err = o.InspectToken(ctx, fresh.Encoded); err != nil || !in.Accepted || !in.ExpiresAt.Equal(start.Add(7*24*time.Hour)) {
		t.Errorf("new token: got %+v, %v; want it accepted", in, err)
	}

	_, err = o.Register(ctx, "acme", "A", "SAP Marketing Cloud")
	var problem *btpclient.Problem
	if !errors.As(err, &problem) || problem.Code != "name-taken" || problem.Status != 409 || problem.Next == "" || problem.Source == "" {
		t.Errorf("name twice: got %+v", err)
	}
	if _, err := o.SystemNamed(ctx, "default", "A"); btpclient.CodeOf(err) != "system-not-found" {
		t.Errorf("system of another account: got %v, want system-not-found", err)
	}
}
