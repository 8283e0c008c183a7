package testenv_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// prepared is a landscape with a bit of everything: paired tenants, a formation, a
// token that waits, an ended deregistration.
func prepared(t *testing.T, options ...testenv.Option) (*testenv.Env, btpclient.Snapshot) {
	t.Helper()
	e := testenv.Start(t, options...)
	shop := e.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	e.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	if _, err := e.Operator().CreateFormation(t.Context(), "default", btpclient.NewFormation{
		Name: "orders", Subaccount: "dev", Systems: []string{shop.ID},
	}); err != nil {
		t.Fatal(err)
	}
	campaigns := e.RegisterSystem(t, "Campaigns", testenv.MarketingCloud)
	e.Pair(t, "marketing", campaigns.IntegrationToken.TokenURL)
	if _, err := e.Operator().Deregister(t.Context(), campaigns.ID); err != nil {
		t.Fatal(err)
	}
	e.RegisterSystem(t, "Field", testenv.FieldServiceManagement)
	e.Advance(t, time.Minute)
	return e, e.Snapshot(t)
}

func sameSnapshot(t *testing.T, what string, got, want btpclient.Snapshot) {
	t.Helper()
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// leave takes the system Web Shop out of everything and deregisters it.
func leave(t *testing.T, e *testenv.Env) {
	t.Helper()
	shop := e.System(t, "Web Shop")
	for _, f := range shop.Formations {
		if _, err := e.Operator().ExcludeSystem(t.Context(), f.ID, shop.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Operator().Deregister(t.Context(), shop.ID); err != nil {
		t.Errorf("deregister: %v", err)
	}
	rows, err := e.Tenants().Pairings(t.Context(), "commerce")
	if err != nil || len(rows) == 0 || rows[0].Status.Code != "deregistered" {
		t.Errorf("the tenant was not told of its deregistration: %+v, %v", rows, err)
	}
}

// works lets the tenants of a prepared landscape do what they can do there.
func works(t *testing.T, e *testenv.Env) {
	t.Helper()
	if _, err := e.Tenants().SendEvent(t.Context(), "commerce", "order.created", "v1", json.RawMessage(`{"orderCode":"1"}`)); err != nil {
		t.Errorf("an event: %v", err)
	}
	if _, err := e.Tenants().Renew(t.Context(), "commerce"); err != nil {
		t.Errorf("renewal: %v", err)
	}
	leave(t, e)
	// The name of a deregistered Marketing Cloud system is kept until its tenant,
	// with the release token, says that the extension is deleted.
	if _, err := e.Operator().Register(t.Context(), "default", "Campaigns", testenv.MarketingCloud); btpclient.CodeOf(err) != "name-taken" {
		t.Errorf("the kept name: got %v, want name-taken", err)
	}
	rows, err := e.Tenants().Pairings(t.Context(), "marketing")
	if err != nil || len(rows) != 1 {
		t.Fatalf("pairings of the Marketing Cloud tenant: %+v, %v", rows, err)
	}
	if err := e.Tenants().Delete(t.Context(), "marketing", rows[0].ID); err != nil {
		t.Errorf("delete the extension: %v", err)
	}
	if _, err := e.Operator().Register(t.Context(), "default", "Campaigns", testenv.MarketingCloud); err != nil {
		t.Errorf("the name is free now: %v", err)
	}
}

// Rule: snapshot-restores-all
func TestARestoredLandscapeIsTheOneThatWasWrittenDown(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]testenv.Option{
		"in memory": testenv.WithSeed(7), "in a file": testenv.WithData(filepath.Join(t.TempDir(), "pairsim.db")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, before := prepared(t, option)
			sameSnapshot(t, "a second snapshot", e.Snapshot(t), before)
			works(t, e)
			e.Advance(t, 100*24*time.Hour)
			e.Restore(t, before)
			sameSnapshot(t, "the restored landscape", e.Snapshot(t), before)
			works(t, e)
			// The token that waited has nine minutes left, as it had then.
			e.Restore(t, before)
			e.Advance(t, 9*time.Minute-time.Second)
			if got := e.System(t, "Field").Token.State; got != "live" {
				t.Errorf("a second before its end the token is %s", got)
			}
			e.Advance(t, time.Second)
			if got := e.System(t, "Field").Token.State; got != "expired" {
				t.Errorf("at its end the token is %s", got)
			}
		})
	}
}

// TestATokenOfBeforeStillPairs: the compact form, which no store keeps, holds.
func TestATokenOfBeforeStillPairs(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t)
	token := e.RegisterSystem(t, "Web Shop", testenv.CommerceCloud).IntegrationToken.TokenURL
	before := e.Snapshot(t)
	e.Pair(t, "commerce", token)
	e.Advance(t, time.Hour)
	e.Restore(t, before)
	e.ExpectStatus(t, "Web Shop", "Pending")
	e.Pair(t, "commerce", token)
	e.ExpectStatus(t, "Web Shop", "Registered")
}

func TestALandscapeStartsFromASnapshot(t *testing.T) {
	t.Parallel()
	prototype, before := prepared(t, testenv.WithTenant("second", "commerce"), testenv.WithData(filepath.Join(t.TempDir(), "pairsim.db")))
	next := prototype.RegisterSystem(t, "Next", testenv.CloudForCustomer).ID
	file := filepath.Join(t.TempDir(), "other.db")
	for _, options := range [][]testenv.Option{
		{testenv.WithSnapshot(before)},
		{testenv.WithSnapshot(before), testenv.WithData(file)},
		{testenv.WithData(file)}, // what is stored by now counts
	} {
		e := testenv.Start(t, options...)
		if got := e.System(t, "Web Shop").Status.Code; got != "registered" {
			t.Errorf("the system is %s", got)
		}
		if len(options) > 1 || options == nil {
			continue
		}
		if got := e.RegisterSystem(t, "Next", testenv.CloudForCustomer).ID; got != next {
			t.Errorf("the next id is %s, want %s", got, next)
		}
		works(t, e)
	}
}

// Rule: reset-to-seed
func TestReset(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t, testenv.WithSeed(7))
	fresh := e.Snapshot(t)
	first := e.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	e.Pair(t, "commerce", first.IntegrationToken.TokenURL)
	e.Advance(t, 48*time.Hour)
	if _, err := e.Controls().AddFault(t.Context(), btpclient.Fault{Point: "services.create"}); err != nil {
		t.Fatal(err)
	}
	e.Reset(t)
	sameSnapshot(t, "the landscape after a reset", e.Snapshot(t), fresh)
	if faults, err := e.Controls().Faults(t.Context()); err != nil || len(faults) > 0 {
		t.Errorf("faults after a reset: %v, %v", faults, err)
	}
	again := e.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	if again.ID != first.ID {
		t.Errorf("the first id is %s, want %s again", again.ID, first.ID)
	}
	e.Pair(t, "commerce", again.IntegrationToken.TokenURL)
}

// secretValue is what stands in the object that marks a secret.
var secretValue = regexp.MustCompile(`"secret": "([^"]+)"`)

// Rule: snapshot-without-secrets
func TestASnapshotWithoutSecretsHasNone(t *testing.T) {
	t.Parallel()
	e, whole := prepared(t)
	shared, err := e.Controls().Snapshot(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	secrets := secretValue.FindAllSubmatch(whole, -1)
	if len(secrets) < 10 {
		t.Fatalf("the snapshot marks %d secrets", len(secrets))
	}
	for _, s := range secrets {
		if bytes.Contains(shared, s[1]) {
			t.Errorf("a secret is in the snapshot without secrets")
		}
	}
	if bytes.Contains(shared, []byte("PRIVATE KEY")) || len(shared) == 0 {
		t.Error("a private key is in the snapshot without secrets")
	}
	err = e.Controls().Restore(t.Context(), shared)
	if btpclient.CodeOf(err) != "snapshot-invalid" || !strings.Contains(err.Error(), "without its") {
		t.Errorf("restoring it: %v", err)
	}
	sameSnapshot(t, "the landscape after that", e.Snapshot(t), whole)
}

// TestSecretsAreMarkedEverywhere: every secret that the landscape has given out or
// keeps stands in the snapshot as one that is marked, or not at all.
//
// Rule: snapshot-without-secrets
func TestSecretsAreMarkedEverywhere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pairsim.db")
	_, whole := prepared(t, testenv.WithData(file))
	marked := secretValue.ReplaceAll(whole, []byte(`"secret": "-"`))
	for _, id := range []string{"commerce", "fsm", "c4c", "marketing"} {
		state, err := os.ReadFile(filepath.Join(file+".tenants", id+".json"))
		if err != nil {
			continue // a tenant that was never paired
		}
		for _, m := range regexp.MustCompile(`"(?:secret|key|releaseToken)":"([^"]{8,})"`).FindAllSubmatch(state, -1) {
			if bytes.Contains(marked, m[1]) {
				t.Errorf("tenant %s: a secret stands there without a mark", id)
			}
			if !bytes.Contains(whole, m[1]) {
				t.Errorf("tenant %s: a secret is missing", id)
			}
		}
	}
}

// TestATenantOfAnotherAuthorityIsRefused: its certificate would be turned away.
func TestATenantOfAnotherAuthorityIsRefused(t *testing.T) {
	t.Parallel()
	e, own := prepared(t)
	_, foreign := prepared(t)
	var document, other map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(own, &document), json.Unmarshal(foreign, &other)); err != nil {
		t.Fatal(err)
	}
	document["tenants"] = other["tenants"]
	mixed, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	err = e.Controls().Restore(t.Context(), mixed)
	var refused *btpclient.Problem
	if !errors.As(err, &refused) || len(refused.Findings) != 1 || refused.Findings[0].Path != "$.tenants[0].pairings[0].connection.chain" {
		t.Errorf("got %v, want the foreign certificate refused", err)
	}
	sameSnapshot(t, "the landscape after that", e.Snapshot(t), own)
}

// TestRolesOutliveARestore: with --auth, clients and the key of access tokens are
// part of it.
func TestRolesOutliveARestore(t *testing.T) {
	t.Parallel()
	e := testenv.Start(t, testenv.WithAuth())
	before := e.Snapshot(t)
	token := e.AccessToken(t, testenv.SystemLandscapeViewer, "default")
	other := testenv.Start(t, testenv.WithAuth())
	look := func(e *testenv.Env) error {
		_, err := btpclient.NewOperator(e.HTTP(), e.Client()).WithToken(token).SystemTypes(t.Context())
		return err
	}
	if err := look(other); btpclient.CodeOf(err) != "unauthenticated" {
		t.Errorf("another landscape's token: got %v", err)
	}
	other.Restore(t, before)
	for what, env := range map[string]*testenv.Env{"a landscape that holds the same": other, "the landscape itself": e} {
		env.Restore(t, before)
		if err := look(env); err != nil {
			t.Errorf("in %s: %v", what, err)
		}
	}
}

// TestBusinessDataAreRestored: what a product's API serves is a part of the snapshot,
// and as seeded after a reset.
func TestBusinessDataAreRestored(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]testenv.Option{
		"in memory": testenv.WithSeed(7), "in a file": testenv.WithData(filepath.Join(t.TempDir(), "pairsim.db")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := testenv.Start(t, option)
			names := func() string {
				return apiOf(t, e, "c4c", "c4c-odata").must(200, "GET", "/CorporateAccountCollection?$select=Name&$format=json", "").body
			}
			add := func(name string) {
				c := apiOf(t, e, "c4c", "c4c-odata")
				c.fetchCSRF()
				c.must(201, "POST", "/CorporateAccountCollection", `{"Name":"`+name+`"}`)
			}
			seeded := names()
			add("Acme")
			before, withAcme := e.Snapshot(t), names()
			add("Globex")
			e.Restore(t, before)
			if got := names(); got != withAcme || !strings.Contains(got, "Acme") || strings.Contains(got, "Globex") {
				t.Errorf("restored: got %s", got)
			}
			sameSnapshot(t, "the restored landscape", e.Snapshot(t), before)
			e.Reset(t)
			if got := names(); got != seeded {
				t.Errorf("after a reset: got %s, want %s", got, seeded)
			}
		})
	}
}
