package testenv_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// readable are the APIs of the tenants, and something that each has.
var readable = []struct{ tenant, systemType, api, path, has string }{
	{"commerce", testenv.CommerceCloud, "commerce-webservices", "electronics/products/search?query=camera", "300938"},
	{"commerce", testenv.CommerceCloud, "commerce-inbound-product", "Products?$format=json", "300938"},
	{"c4c", testenv.CloudForCustomer, "c4c-odata", "CorporateAccountCollection?$format=json", "AccountID"},
	{"fsm", testenv.FieldServiceManagement, "fsm-service", "?dtos=ServiceCall.27", "serviceCall"},
	{"fsm", testenv.FieldServiceManagement, "fsm-activity", "?dtos=Activity.43", "activity"},
	{"marketing", testenv.MarketingCloud, "marketing-contact", "ContactOriginData?$format=json", "ContactOrigin"},
	{"marketing", testenv.MarketingCloud, "marketing-interaction", "Interactions?$format=json", "InteractionType"},
	{"marketing", testenv.MarketingCloud, "marketing-campaign", "Campaigns?$format=json", "CampaignID"},
}

// A workload has no credentials, and gets of every API of every tenant what a
// client with the tenant's own credentials gets.
//
// Rule: gateway-tenant-data, gateway-credentials
func TestWorkloadsReachTheTenantsOwnAPIs(t *testing.T) {
	t.Parallel()
	server := testenv.Start(t, testenv.WithEdition("v2"))
	for name, env := range map[string]*testenv.Env{"default": server, "beside default": server.NewEnvironment(t, testenv.WithEdition("v2"))} {
		t.Run(name, func(t *testing.T) {
			applications := pairAll(t, env)
			for _, one := range readable {
				client := apiOf(t, env, one.tenant, one.api)
				if client.api.OAuth != nil {
					client.signIn()
				}
				below := "/" + one.path
				if strings.HasPrefix(one.path, "?") {
					below = one.path
				}
				want := client.must(200, "GET", below, "", "Accept", "*/*").body
				to := btpclient.GatewayAPI{Application: applications[one.systemType], Service: client.api.Name}
				got, err := btpclient.NewWorkload(env.HTTP(), env.Client()).Read(t.Context(), to, one.path)
				if err != nil || string(got) != want || !strings.Contains(want, one.has) {
					t.Errorf("%s: the workload got %q (%v), the client %q", one.api, got, err, want)
				}
			}
			expectNoCredentials(t, env)
		})
	}
}

// pairAll pairs one system of every type with its tenant, and puts all into a
// formation; it returns the names of their applications.
func pairAll(t *testing.T, env *testenv.Env) map[string]string {
	t.Helper()
	applications := map[string]string{}
	formation := btpclient.NewFormation{Name: "extensions", Type: "Side-by-Side Extensibility with Kyma", Subaccount: "dev"}
	for _, one := range readable {
		if applications[one.systemType] != "" {
			continue
		}
		s := env.RegisterSystem(t, "My "+one.tenant, one.systemType)
		env.Pair(t, one.tenant, env.IssueToken(t, s.ID).TokenURL)
		applications[one.systemType] = s.ApplicationName
		formation.Systems = append(formation.Systems, s.ID)
	}
	if _, err := env.Operator().CreateFormation(t.Context(), "default", formation); err != nil {
		t.Fatal(err)
	}
	return applications
}

// expectNoCredentials looks for the tenants' credentials in the journal.
func expectNoCredentials(t *testing.T, env *testenv.Env) {
	t.Helper()
	entries, _, err := env.Controls().Journal(t.Context(), btpclient.JournalFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range readable {
		secret := ""
		switch a := apiOf(t, env, one.tenant, one.api).api; {
		case a.Basic != nil:
			secret = a.Basic.Password
		case a.OAuth != nil:
			secret = a.OAuth.ClientSecret
		}
		if len(secret) < 16 || strings.Contains(string(text), secret) {
			t.Errorf("the journal holds the secret of %s, %q", one.api, secret)
		}
	}
}

// A change needs a CSRF token, which the gateway fetches and keeps: another one
// when the tenant does not take it any more. The change has its event.
//
// Rule: gateway-credentials, gateway-tenant-data
func TestWorkloadsChangeATenantsData(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	s := env.RegisterSystem(t, "My CRM", testenv.CloudForCustomer)
	env.Pair(t, "c4c", s.IntegrationToken.TokenURL)
	if _, err := env.Operator().CreateFormation(t.Context(), "default", btpclient.NewFormation{Name: "extensions", Subaccount: "dev", Systems: []string{s.ID}}); err != nil {
		t.Fatal(err)
	}
	workload, to := btpclient.NewWorkload(env.HTTP(), env.Client()), btpclient.GatewayAPI{Application: s.ApplicationName, Service: "SAP Cloud for Customer - OData API"}
	csrf := testenv.Match{Kind: "decision", Point: "gateway.csrf"}
	made := func(account string) string {
		t.Helper()
		_, at, err := workload.Write(t.Context(), "POST", to, "CorporateAccountCollection", json.RawMessage(`{"Name":"`+account+`"}`))
		if err != nil || !strings.HasPrefix(at, "/CorporateAccountCollection('") {
			t.Fatalf("%s is at %q (%v)", account, at, err)
		}
		return at
	}
	at := made("Acme")
	made("Bell")
	env.ExpectRequests(t, csrf, testenv.Exactly(1))
	env.Advance(t, 30*time.Minute) // the tenant takes the token no more, and the gateway does not know
	made("Cole")
	env.ExpectRequests(t, csrf, testenv.Exactly(2))

	if _, _, err := workload.Write(t.Context(), "PATCH", to, at, json.RawMessage(`{"City":"Bonn"}`)); err != nil {
		t.Fatal(err)
	}
	own := apiOf(t, env, "c4c", "c4c-odata")
	if got := own.must(200, "GET", at, "").body; !strings.Contains(got, `"Acme"`) || !strings.Contains(got, `"Bonn"`) {
		t.Errorf("the tenant has %s", got)
	}
	sent := 0
	expectEvents(t, env, &sent, 4)

	// What the tenant refuses is the tenant's refusal, and told as such.
	_, _, err := workload.Write(t.Context(), "PATCH", to, at, json.RawMessage(`{"Nothing":"there"}`))
	var refused *btpclient.RefusedError
	if !errors.As(err, &refused) || refused.Status != 400 || refused.Reason != "" {
		t.Errorf("got %v, want the tenant's own refusal", err)
	}
}

// A landscape that is started again on other ports is still one: workloads reach
// the tenants where they are now.
func TestWorkloadsAfterARestart(t *testing.T) {
	t.Parallel()
	options := []testenv.Option{testenv.WithEdition("v2"), testenv.WithData(filepath.Join(t.TempDir(), "pairsim.db"))}
	first, err := testenv.New(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	applications := pairAll(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := testenv.Start(t, options...)
	for _, one := range readable {
		to := btpclient.GatewayAPI{Application: applications[one.systemType], Service: apiOf(t, second, one.tenant, one.api).api.Name}
		if got, err := btpclient.NewWorkload(second.HTTP(), second.Client()).Read(t.Context(), to, one.path); err != nil || !strings.Contains(string(got), one.has) {
			t.Errorf("%s: got %q (%v)", one.api, got, err)
		}
	}
}

// What goes wrong at the gateway can be made to: each step of a call by itself.
//
// Rule: gateway-errors, fault-actions
func TestFaultsOfTheGateway(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	shop, crm := env.RegisterSystem(t, "My Shop", testenv.CommerceCloud), env.RegisterSystem(t, "My CRM", testenv.CloudForCustomer)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	env.Pair(t, "c4c", crm.IntegrationToken.TokenURL)
	if _, err := env.Operator().CreateFormation(t.Context(), "default", btpclient.NewFormation{Name: "extensions", Subaccount: "dev", Systems: []string{shop.ID, crm.ID}}); err != nil {
		t.Fatal(err)
	}
	workload := btpclient.NewWorkload(env.HTTP(), env.Client())
	read := func(s btpclient.System, api, path string) error {
		_, err := workload.Read(t.Context(), btpclient.GatewayAPI{Application: s.ApplicationName, Service: api}, path)
		return err
	}
	accounts := func() error {
		return read(crm, "SAP Cloud for Customer - OData API", "CorporateAccountCollection?$format=json")
	}
	for _, tt := range []struct {
		fault  btpclient.Fault
		call   func() error
		status int
		reason string
	}{
		{btpclient.Fault{Point: "gateway.token", Action: &btpclient.FaultAction{Kind: "fail", Code: "token-call-failed"}}, func() error {
			return read(shop, "SAP Commerce Cloud - Commerce Webservices", "electronics/products/search")
		}, 502, "token-call-failed"},
		{btpclient.Fault{Point: "gateway.csrf", Match: btpclient.FaultMatch{System: crm.ID}, Action: &btpclient.FaultAction{Kind: "fail", Code: "csrf-call-failed"}}, accounts, 502, "csrf-call-failed"},
		{btpclient.Fault{Point: "gateway.call", Match: btpclient.FaultMatch{SystemType: testenv.CloudForCustomer}, Action: &btpclient.FaultAction{Kind: "fail", Code: "target-timeout"}}, accounts, 504, "target-timeout"},
		{btpclient.Fault{Point: "gateway.call", Action: &btpclient.FaultAction{Kind: "fail", Answer: &btpclient.FaultAnswer{Status: 418, Body: "tea"}}}, accounts, 418, ""},
	} {
		tt.fault.Schedule = &btpclient.FaultSchedule{Limit: 1}
		env.AddFault(t, tt.fault)
		err := tt.call()
		var refused *btpclient.RefusedError
		if !errors.As(err, &refused) || refused.Status != tt.status || refused.Reason != tt.reason {
			t.Errorf("%s: got %v, want %d %s", tt.fault.Point, err, tt.status, tt.reason)
		}
		if err := tt.call(); err != nil { // it struck once
			t.Errorf("%s: after the fault got %v", tt.fault.Point, err)
		}
	}
	env.EveryFaultStruck(t)
}
