package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

const (
	commerce   = "SAP Commerce Cloud"
	marketing  = "SAP Marketing Cloud"
	kymaType   = btp.SideBySideWithKyma
	formations = "/api/v1/globalAccounts/default/formations"
)

// lived is a landscape in which everything has begun: paired systems, a system
// in an error status, a subaccount without environments and one in a region
// without the system landscape, and another global account.
func lived() btp.Landscape {
	l := btp.DefaultLandscape()
	l.GlobalAccounts = append(l.GlobalAccounts, btp.GlobalAccount{ID: "other", DisplayName: "Other", Subdomain: "other"})
	l.Subaccounts = append(l.Subaccounts,
		btp.Subaccount{ID: "bare", GlobalAccount: "default", Subdomain: "bare-sub", Region: "eu10"},
		btp.Subaccount{ID: "china", GlobalAccount: "default", Subdomain: "china", Region: "cn40", Environments: []btp.RuntimeEnvironment{btp.Kyma}},
		btp.Subaccount{ID: "theirs", GlobalAccount: "other", Subdomain: "theirs", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma}},
	)
	system := func(id, ga, name, systemType string, status btp.Status) {
		l.Systems = append(l.Systems, btp.DeclaredSystem{
			ID: btp.SystemID(id), GlobalAccount: btp.GlobalAccountID(ga), Name: name, Type: systemType, Status: status,
		})
	}
	system("shop", "default", "Web Shop", commerce, btp.Registered)
	system("campaigns", "default", "Campaigns", marketing, btp.Registered)
	system("soon", "default", "Soon", commerce, btp.Pending)
	system("soon-too", "default", "Soon Too", marketing, btp.Pending)
	system("broken", "default", "Broken", commerce, btp.DeregisterError)
	system("foreign", "other", "Foreign", commerce, btp.Registered)
	return l
}

func livedAPI(t *testing.T, edition string) *api {
	t.Helper()
	return newAPIOf(t, edition, lived(), btp.DefaultPolicy())
}

// formation creates one that holds the shop in subaccount dev, and returns its path.
func (a *api) formation(name string) string {
	a.t.Helper()
	w := a.call("POST", formations, `{"name":"`+name+`","type":"`+kymaType+`","subaccount":"dev","systems":["shop"]}`)
	a.must(201, w)
	return w.Header().Get("Location")
}

func (a *api) entitle(plan string) string {
	a.t.Helper()
	id, _ := a.must(201, a.call("POST", "/api/v1/subaccounts/dev/entitlements", `{"system":"shop","plan":"`+plan+`"}`))["id"].(string)
	return id
}

func TestGoldenLife(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			a := livedAPI(t, edition)
			save := func(name string, status int, w *httptest.ResponseRecorder) {
				t.Helper()
				if w.Code != status {
					t.Fatalf("%s: got %d %s, want %d", name, w.Code, w.Body, status)
				}
				golden(t, name+"_"+edition, w.Body.Bytes())
			}
			path := a.formation("extend-the-shop")
			save("formation", 200, a.call("GET", path, ""))
			save("formations", 200, a.call("GET", formations, ""))
			save("entitlement", 201, a.call("POST", "/api/v1/subaccounts/dev/entitlements", `{"system":"shop","plan":"messaging"}`))
			save("entitlements", 200, a.call("GET", "/api/v1/subaccounts/dev/entitlements", ""))
			save("heldSystem", 200, a.call("GET", "/api/v1/systems/shop", ""))
			save("inUse", 409, a.call("POST", "/api/v1/systems/shop/deregistration", ""))
			save("applications", 200, a.call("GET", "/api/v1/subaccounts/dev/runtime/applications", ""))
			save("incidents", 200, a.call("GET", "/api/v1/globalAccounts/default/incidents", ""))
			save("brokenSystem", 200, a.call("GET", "/api/v1/systems/broken", ""))
		})
	}
	a := livedAPI(t, "v1")
	golden(t, "formationTypes", a.call("GET", "/api/v1/formationTypes", "").Body.Bytes())
	golden(t, "servicePlans", a.call("GET", "/api/v1/subaccounts/dev/servicePlans", "").Body.Bytes())
	golden(t, "subaccount", a.call("GET", "/api/v1/subaccounts/dev", "").Body.Bytes())
	golden(t, "notEmpty", a.call("DELETE", a.formation("full"), "").Body.Bytes())
	a = livedAPI(t, "v2")
	golden(t, "formationDeletion", a.call("DELETE", a.formation("full"), "").Body.Bytes())
}

// Rule: deregister-v2-row-stays, remove-unregistered
func TestDeregistrationAndRemoval(t *testing.T) {
	a := livedAPI(t, "v1")
	w := a.call("POST", "/api/v1/systems/shop/deregistration", "{}")
	if got := a.must(202, w)["status"]; fmt.Sprint(got) != "map[code:deregistering label:Deregistering]" || w.Header().Get("Location") != "/api/v1/systems/shop" {
		t.Errorf("v1: got status %v, Location %q", got, w.Header().Get("Location"))
	}
	if w := a.call("GET", "/api/v1/systems/shop", ""); w.Code != 404 {
		t.Errorf("v1: the row is still there: %d %s", w.Code, w.Body)
	}
	if code, _ := refusal(t, a.call("DELETE", "/api/v1/systems/campaigns", "")); code != "operation-not-in-edition" {
		t.Errorf("v1: removal is answered with %s", code)
	}

	a = livedAPI(t, "v2")
	if code, _ := refusal(t, a.call("DELETE", "/api/v1/systems/shop", "")); code != "status-forbids" {
		t.Errorf("v2: removal of a registered system is answered with %s", code)
	}
	a.must(202, a.call("POST", "/api/v1/systems/shop/deregistration", ""))
	if got := a.must(200, a.call("GET", "/api/v1/systems/shop", ""))["status"]; fmt.Sprint(got) != "map[code:pending label:]" {
		t.Errorf("v2: got status %v after deregistration, want the empty one", got)
	}
	if got := a.must(202, a.call("DELETE", "/api/v1/systems/shop", ""))["status"]; fmt.Sprint(got) != "map[code:removing label:Removing]" {
		t.Errorf("v2: got status %v, want Removing", got)
	}
	if w := a.call("GET", "/api/v1/systems/shop", ""); w.Code != 404 {
		t.Errorf("v2: the record is still there: %d %s", w.Code, w.Body)
	}
}

// TestBlockers holds what a refusal names against what the system names.
//
// Rule: deregister-names-blockers
func TestBlockers(t *testing.T) {
	a := livedAPI(t, "v1")
	path := a.formation("extend-the-shop")
	entitlement := a.entitle("api-access")
	w := a.call("POST", "/api/v1/systems/shop/deregistration", "")
	var refused struct {
		Blockers []struct{ Kind, ID, Name string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &refused); err != nil || w.Code != 409 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	got := ""
	for _, b := range refused.Blockers {
		got += b.Kind + " " + b.ID + ", "
	}
	want := "formation " + strings.TrimPrefix(path, "/api/v1/formations/") + ", entitlement " + entitlement + ", "
	if got != want {
		t.Errorf("got blockers %s, want %s", got, want)
	}
	a.must(200, a.call("DELETE", path+"/systems/shop", ""))
	if w := a.call("POST", "/api/v1/systems/shop/deregistration", ""); w.Code != 409 {
		t.Errorf("the entitlement alone does not block: %d", w.Code)
	}
	if w := a.call("DELETE", "/api/v1/subaccounts/dev/entitlements/"+entitlement, ""); w.Code != 204 || w.Body.Len() > 0 {
		t.Errorf("got %d %s, want 204", w.Code, w.Body)
	}
	a.must(202, a.call("POST", "/api/v1/systems/shop/deregistration", ""))
}

func TestFormationLife(t *testing.T) {
	a := livedAPI(t, "v2")
	w := a.call("POST", formations, `{"name":"Extend the shop","type":"`+kymaType+`","subaccount":null,"draft":true}`)
	f := a.must(201, w)
	path := "/api/v1/formations/" + f["id"].(string)
	if w.Header().Get("Location") != path || w.Header().Get("ETag") == "" || f["state"] != "DRAFT" || f["subaccount"] != nil {
		t.Errorf("got Location %s, ETag %s, %s", w.Header().Get("Location"), w.Header().Get("ETag"), w.Body)
	}
	if code, _ := refusal(t, a.call("POST", path+"/finalization", "")); code != "formation-incomplete" {
		t.Errorf("finalizing without systems is answered with %s", code)
	}
	tag := w.Header().Get("ETag")
	steps := []struct{ method, target, body, status string }{
		{"PUT", path + "/systems/shop", "", "draft"},
		{"POST", path + "/finalization", "{}", "actionRequired"},
		{"PUT", path + "/systems/campaigns", "{}", "actionRequired"},
		{"DELETE", path + "/systems/shop", "", "actionRequired"},
	}
	for _, step := range steps {
		w := a.call(step.method, step.target, step.body, "If-Match", tag)
		got := a.must(200, w)["status"].(map[string]any)["code"]
		if got != step.status {
			t.Errorf("%s %s: got status %v, want %s", step.method, step.target, got, step.status)
		}
		if w.Header().Get("ETag") == tag {
			t.Errorf("%s %s: the entity tag stays %s", step.method, step.target, tag)
		}
		if stale := a.call(step.method, step.target, step.body, "If-Match", tag); stale.Code != 412 {
			t.Errorf("%s %s again with the old tag: got %d, want 412", step.method, step.target, stale.Code)
		}
		tag = w.Header().Get("ETag")
	}
	if code, _ := refusal(t, a.call("POST", path+"/resynchronization", "", "If-Match", tag)); code != "formation-status-forbids" {
		t.Errorf("resynchronizing what has not failed is answered with %s", code)
	}
	var deleted struct {
		Done  bool
		Steps []struct{ Step, System, Name string }
	}
	if err := json.Unmarshal(a.call("DELETE", path, "", "If-Match", tag).Body.Bytes(), &deleted); err != nil || !deleted.Done {
		t.Errorf("got %+v, %v; want it done", deleted, err)
	}
	if want := (struct{ Step, System, Name string }{"system excluded", "campaigns", "Campaigns"}); len(deleted.Steps) != 2 || deleted.Steps[0] != want {
		t.Errorf("got steps %+v", deleted.Steps)
	}

	ready := a.formation("Ready")
	if got := a.must(200, a.call("POST", ready+"/resynchronization", `{"reset":true}`))["status"].(map[string]any)["code"]; got != "ready" {
		t.Errorf("after a reset: got status %v, want ready", got)
	}
}

func TestFormationSubaccount(t *testing.T) {
	a := livedAPI(t, "v1")
	path := a.formation("extend-the-shop")
	for _, tt := range []struct{ body, want string }{
		{`{"subaccount":null}`, "null"},
		{`{"subaccount":"dev"}`, `"dev"`},
		{`{"subaccount":""}`, "null"},
	} {
		var got struct{ Subaccount *struct{ ID string } }
		w := a.call("PATCH", path, tt.body)
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
			t.Fatalf("%s: got %d %s", tt.body, w.Code, w.Body)
		}
		text := "null"
		if got.Subaccount != nil {
			text = `"` + got.Subaccount.ID + `"`
		}
		if text != tt.want {
			t.Errorf("%s: got subaccount %s, want %s", tt.body, text, tt.want)
		}
	}
}

// TestDeletionThatTakesTime is answered before it ends.
func TestDeletionThatTakesTime(t *testing.T) {
	policy := btp.DefaultPolicy()
	policy.Transitions = map[btp.Transition]btp.TransitionPolicy{ //nolint:exhaustive // the others end at once
		btp.TransitionSynchronizing: {After: time.Minute}, btp.TransitionDeregistering: {After: time.Minute}, btp.TransitionRemoving: {After: time.Minute},
	}
	a := newAPIOf(t, "v2", lived(), policy)
	path := a.formation("Slow")
	a.advance(time.Minute)
	if d := a.must(202, a.call("DELETE", path, "")); d["done"] != false {
		t.Errorf("got %v, want it not done", d)
	}
	if f := a.must(200, a.call("GET", path, "")); f["state"] != "DELETING" {
		t.Errorf("got state %v, want DELETING", f["state"])
	}
	a.advance(time.Minute)
	if w := a.call("GET", path, ""); w.Code != 404 {
		t.Errorf("got %d, want 404", w.Code)
	}
	a.must(202, a.call("POST", "/api/v1/systems/shop/deregistration", ""))
	if s := a.must(200, a.call("GET", "/api/v1/systems/shop", "")); fmt.Sprint(s["status"]) != "map[code:deregistering label:Deregistering]" {
		t.Errorf("got status %v, want Deregistering", s["status"])
	}
}

func TestListsOfLife(t *testing.T) {
	a := livedAPI(t, "v1")
	for _, name := range []string{"a", "b", "c"} {
		a.formation(name)
	}
	a.must(201, a.call("POST", formations, `{"name":"d","subaccount":"dev"}`))
	a.entitle("api-access")
	a.entitle("messaging")
	const entitlements, incidents = "/api/v1/subaccounts/dev/entitlements?", "/api/v1/globalAccounts/default/incidents?"
	for _, tt := range []struct {
		target, key, want string
	}{
		{formations + "?", "name", "a b c d "},
		{formations + "?name=b", "name", "b "},
		{formations + "?name=z", "name", ""},
		{formations + "?subaccount=dev", "name", "a b c d "},
		{formations + "?subaccount=bare-sub", "name", ""},
		{formations + "?system=shop", "name", "a b c "},
		{"/api/v1/globalAccounts/other/formations?", "name", ""},
		{entitlements, "plan", "api-access messaging "},
		{entitlements + "system=shop", "plan", "api-access messaging "},
		{entitlements + "plan=messaging", "plan", "messaging "},
		{entitlements + "system=campaigns", "plan", ""},
		{incidents, "component", "BC-CP-MP "},
		{incidents + "open=true&subject=broken", "component", "BC-CP-MP "},
		{incidents + "subject=shop", "component", ""},
		{"/api/v1/globalAccounts/other/incidents?", "component", ""},
	} {
		for _, limit := range []int{1, 2, 200} {
			got, cursor := "", ""
			for pages := 0; pages == 0 || cursor != "" && pages < 9; pages++ {
				page := a.must(200, a.call("GET", fmt.Sprintf("%s&limit=%d&cursor=%s", tt.target, limit, cursor), ""))
				for _, item := range page["items"].([]any) {
					got += fmt.Sprint(item.(map[string]any)[tt.key], " ")
				}
				cursor, _ = page["nextCursor"].(string)
			}
			if got != tt.want {
				t.Errorf("%s, limit %d: got %s, want %s", tt.target, limit, got, tt.want)
			}
		}
	}
	cursor := a.must(200, a.call("GET", formations+"?limit=1", ""))["nextCursor"].(string)
	for _, target := range []string{
		entitlements + "cursor=" + cursor, incidents + "cursor=" + cursor, formations + "?name=a&cursor=" + cursor,
		formations + "?system=shop&cursor=" + cursor, "/api/v1/globalAccounts/other/formations?cursor=" + cursor,
	} {
		if code, _ := refusal(t, a.call("GET", target, "")); code != "invalid-cursor" {
			t.Errorf("%s: got %s, want invalid-cursor", target, code)
		}
	}
}

func TestEntitlementNamedByWhatItIs(t *testing.T) {
	a := livedAPI(t, "v2")
	a.entitle("api-access")
	a.entitle("messaging")
	const target = "/api/v1/subaccounts/dev/entitlements?system=shop&plan=messaging"
	if w := a.call("DELETE", target, ""); w.Code != 204 {
		t.Errorf("got %d %s, want 204", w.Code, w.Body)
	}
	if code, _ := refusal(t, a.call("DELETE", target, "")); code != "entitlement-not-found" {
		t.Errorf("again: got %s, want entitlement-not-found", code)
	}
	if items := a.must(200, a.call("GET", "/api/v1/subaccounts/dev/entitlements", ""))["items"].([]any); len(items) != 1 {
		t.Errorf("got %v, want the other entitlement", items)
	}
}

func TestSubaccountChanges(t *testing.T) {
	a := livedAPI(t, "v2")
	path := a.formation("Extend the shop")
	status := func() any { return a.must(200, a.call("GET", path, ""))["status"].(map[string]any)["code"] }
	w := a.call("PATCH", "/api/v1/subaccounts/dev", `{"environments":[]}`, "If-Match", `"0"`)
	if got := a.must(200, w)["environments"]; fmt.Sprint(got) != "[]" || w.Header().Get("ETag") != `"1"` {
		t.Errorf("got environments %v, ETag %s; want none, \"1\"", got, w.Header().Get("ETag"))
	}
	if got := status(); got != "actionRequired" {
		t.Errorf("without Kyma: got status %v, want actionRequired", got)
	}
	w = a.call("PATCH", "/api/v1/subaccounts/dev", `{"displayName":"Dev","environments":["kyma"]}`, "If-Match", `"1"`)
	if got := a.must(200, w); got["displayName"] != "Dev" {
		t.Errorf("got %v", got)
	}
	if got := status(); got != "ready" {
		t.Errorf("with Kyma: got status %v, want ready", got)
	}
	w = a.call("POST", "/api/v1/globalAccounts/default/subaccounts", `{"id":"new","subdomain":"new","region":"eu10"}`)
	a.must(201, w)
	if w.Header().Get("Location") != "/api/v1/subaccounts/new" || w.Header().Get("ETag") != `"0"` {
		t.Errorf("got Location %s, ETag %s", w.Header().Get("Location"), w.Header().Get("ETag"))
	}
	a.must(200, a.call("GET", w.Header().Get("Location"), ""))
}

// Rule: input-refused-precisely
func TestBadInputOfLife(t *testing.T) {
	a := livedAPI(t, "v1")
	f := a.formation("extend-the-shop")
	e := "/api/v1/subaccounts/dev/entitlements/" + a.entitle("messaging")
	inc := a.must(200, a.call("GET", "/api/v1/globalAccounts/default/incidents", ""))["items"].([]any)[0].(map[string]any)["id"].(string)
	const entitlements, unknown = "/api/v1/subaccounts/dev/entitlements", "/api/v1/formations/unknown"
	many, _ := json.Marshal(map[string]any{"name": "many", "subaccount": "dev", "systems": []string{"shop", "shop"}})
	tests := []struct {
		name, method, target, body string
		status                     int
		code, detail               string // detail: a part of it
	}{
		{"deregistration of an unknown system", "POST", "/api/v1/systems/unknown/deregistration", "", 404, "system-not-found", "unknown"},
		{"deregistration with a field", "POST", "/api/v1/systems/shop/deregistration", `{"force":true}`, 400, "invalid-request", `"force"`},
		{"deregistration with a query", "POST", "/api/v1/systems/shop/deregistration?force=true", "", 400, "invalid-request", `"force"`},
		{"deregistration of a system in use", "POST", "/api/v1/systems/shop/deregistration", "", 409, "system-in-use", "extend-the-shop"},
		{"deregistration in an error status", "POST", "/api/v1/systems/broken/deregistration", "", 409, "status-forbids", "Deregister Error"},
		{"removal of an unknown system", "DELETE", "/api/v1/systems/unknown", "", 404, "system-not-found", "unknown"},
		{"removal in v1", "DELETE", "/api/v1/systems/soon", "", 409, "operation-not-in-edition", "v1"},
		{"removal with a body", "DELETE", "/api/v1/systems/soon", `{"x":1}`, 400, "invalid-request", `"x"`},

		{"formation without a body", "POST", formations, "", 400, "invalid-request", "empty"},
		{"formation with an unknown field", "POST", formations, `{"nme":"x"}`, 400, "invalid-request", "name, type, subaccount, systems, draft"},
		{"formation with a number for a name", "POST", formations, `{"name":7}`, 400, "invalid-request", "$.name is a number"},
		{"formation with a string for systems", "POST", formations, `{"systems":"shop"}`, 400, "invalid-request", "$.systems is a string"},
		{"formation with a number in systems", "POST", formations, `{"systems":["shop",7]}`, 400, "invalid-request", "$.systems[1] is a number"},
		{"formation with a list for a subaccount", "POST", formations, `{"subaccount":["dev"]}`, 400, "invalid-request", "$.subaccount is a list; it must be a string or null"},
		{"formation with a string for draft", "POST", formations, `{"draft":"yes"}`, 400, "invalid-request", "$.draft is a string"},
		{"formation with null for a type", "POST", formations, `{"type":null}`, 400, "invalid-request", "$.type is null"},
		{"formation without a name", "POST", formations, `{"subaccount":"dev"}`, 400, "name-invalid", "needs a name"},
		{"formation name of v2", "POST", formations, `{"name":"My Formation","subaccount":"dev"}`, 400, "name-invalid", "lower-case"},
		{"formation name too long", "POST", formations, `{"name":"` + strings.Repeat("x", 129) + `","subaccount":"dev"}`, 400, "name-invalid", "128"},
		{"formation name taken", "POST", formations, `{"name":"extend-the-shop","subaccount":"dev"}`, 409, "name-taken", "extend-the-shop"},
		{"formation of an unknown type", "POST", formations, `{"name":"x","type":"Side by Side","subaccount":"dev"}`, 400, "formation-type-unknown", kymaType},
		{"formation without a subaccount", "POST", formations, `{"name":"x"}`, 400, "invalid-request", "subaccount"},
		{"formation in an unknown subaccount", "POST", formations, `{"name":"x","subaccount":"unknown"}`, 404, "subaccount-not-found", "unknown"},
		{"formation in another account's subaccount", "POST", formations, `{"name":"x","subaccount":"theirs"}`, 404, "subaccount-not-found", "theirs"},
		{"formation in a bare subaccount", "POST", formations, `{"name":"x","subaccount":"bare-sub"}`, 409, "subaccount-without-environment", "bare"},
		{"formation in a region without landscape", "POST", formations, `{"name":"x","subaccount":"china"}`, 409, "region-unavailable", "cn40"},
		{"formation with an unknown system", "POST", formations, `{"name":"x","subaccount":"dev","systems":["unknown"]}`, 404, "system-not-found", "unknown"},
		{"formation with another account's system", "POST", formations, `{"name":"x","subaccount":"dev","systems":["foreign"]}`, 404, "system-not-found", "foreign"},
		{"formation with a system twice", "POST", formations, string(many), 400, "invalid-request", "twice"},
		{"formation with a system in error", "POST", formations, `{"name":"x","subaccount":"dev","systems":["broken"]}`, 409, "system-not-registered", "Deregister Error"},
		{"draft in v1", "POST", formations, `{"name":"x","subaccount":"dev","draft":true}`, 409, "operation-not-in-edition", "draft"},
		{"formation of an unknown account", "POST", "/api/v1/globalAccounts/unknown/formations", `{"name":"x"}`, 404, "global-account-not-found", "unknown"},
		{"formations of an unknown account", "GET", "/api/v1/globalAccounts/unknown/formations", "", 404, "global-account-not-found", "unknown"},
		{"formations of an unknown subaccount", "GET", formations + "?subaccount=unknown", "", 404, "subaccount-not-found", "unknown"},
		{"formations of another account's subaccount", "GET", formations + "?subaccount=theirs", "", 404, "subaccount-not-found", "theirs"},
		{"formations by an unknown filter", "GET", formations + "?status=ready", "", 400, "invalid-request", "name, subaccount, system"},
		{"formations with limit 0", "GET", formations + "?limit=0", "", 400, "invalid-request", "1 to 200"},
		{"formations with a bad cursor", "GET", formations + "?cursor=x", "", 400, "invalid-cursor", ""},

		{"unknown formation", "GET", unknown, "", 404, "formation-not-found", "unknown"},
		{"formation with a query", "GET", f + "?x=1", "", 400, "invalid-request", `"x"`},
		{"change of an unknown formation", "PATCH", unknown, `{"subaccount":"dev"}`, 404, "formation-not-found", ""},
		{"change of nothing", "PATCH", f, `{}`, 400, "invalid-request", "changes nothing"},
		{"change of the name", "PATCH", f, `{"name":"y"}`, 400, "invalid-request", `"name"`},
		{"change to a number", "PATCH", f, `{"subaccount":1}`, 400, "invalid-request", "a string or null"},
		{"change to an unknown subaccount", "PATCH", f, `{"subaccount":"unknown"}`, 404, "subaccount-not-found", "unknown"},
		{"change to another account's subaccount", "PATCH", f, `{"subaccount":"theirs"}`, 404, "subaccount-not-found", "theirs"},
		{"deletion of an unknown formation", "DELETE", unknown, "", 404, "formation-not-found", ""},
		{"deletion of a full formation", "DELETE", f, "", 409, "formation-not-empty", "Web Shop"},
		{"deletion with a field", "DELETE", f, `{"force":true}`, 400, "invalid-request", `"force"`},

		{"inclusion in an unknown formation", "PUT", unknown + "/systems/shop", "", 404, "formation-not-found", ""},
		{"inclusion of an unknown system", "PUT", f + "/systems/unknown", "", 404, "system-not-found", "unknown"},
		{"inclusion of another account's system", "PUT", f + "/systems/foreign", "", 404, "system-not-found", "foreign"},
		{"inclusion of an unpaired Marketing system", "PUT", f + "/systems/soon-too", "", 409, "system-not-registered", "Soon Too"},
		{"inclusion with a field", "PUT", f + "/systems/soon", `{"x":1}`, 400, "invalid-request", `"x"`},
		{"exclusion of an unknown system", "DELETE", f + "/systems/unknown", "", 404, "system-not-in-formation", "unknown"},
		{"exclusion of a system that is not in it", "DELETE", f + "/systems/soon", "", 404, "system-not-in-formation", "soon"},
		{"exclusion of another account's system", "DELETE", f + "/systems/foreign", "", 404, "system-not-in-formation", "foreign"},
		{"resynchronization in v1", "POST", f + "/resynchronization", "", 409, "operation-not-in-edition", "v1"},
		{"resynchronization with a string", "POST", f + "/resynchronization", `{"reset":"yes"}`, 400, "invalid-request", "$.reset is a string"},
		{"resynchronization of an unknown formation", "POST", unknown + "/resynchronization", "", 404, "formation-not-found", ""},
		{"finalization in v1", "POST", f + "/finalization", "", 409, "operation-not-in-edition", "v1"},
		{"finalization of an unknown formation", "POST", unknown + "/finalization", "", 404, "formation-not-found", ""},
		{"finalization with a field", "POST", f + "/finalization", `{"x":1}`, 400, "invalid-request", `"x"`},
		{"types with a query", "GET", "/api/v1/formationTypes?x=1", "", 400, "invalid-request", "has none"},

		{"unknown subaccount", "GET", "/api/v1/subaccounts/unknown", "", 404, "subaccount-not-found", "unknown"},
		{"change of an unknown subaccount", "PATCH", "/api/v1/subaccounts/unknown", `{"displayName":"x"}`, 404, "subaccount-not-found", "unknown"},
		{"change of nothing in a subaccount", "PATCH", "/api/v1/subaccounts/dev", `{}`, 400, "invalid-request", "changes nothing"},
		{"change of a region", "PATCH", "/api/v1/subaccounts/dev", `{"region":"us10"}`, 400, "invalid-request", `"region"`},
		{"change to an unknown environment", "PATCH", "/api/v1/subaccounts/dev", `{"environments":["neo"]}`, 400, "invalid-request", "neo"},
		{"change to an environment twice", "PATCH", "/api/v1/subaccounts/dev", `{"environments":["kyma","kyma"]}`, 400, "invalid-request", "twice"},
		{"change to a long name", "PATCH", "/api/v1/subaccounts/dev", `{"displayName":"` + strings.Repeat("x", 256) + `"}`, 400, "invalid-request", "255"},

		{"entitlement without a plan", "POST", entitlements, `{"system":"shop"}`, 400, "plan-unknown", "api-access"},
		{"entitlement for an unknown service", "POST", entitlements, `{"system":"shop","service":"x","plan":"messaging"}`, 400, "plan-unknown", "s4-hana-cloud"},
		{"entitlement with an unknown field", "POST", entitlements, `{"sytem":"shop"}`, 400, "invalid-request", "system, service, plan"},
		{"entitlement with a list", "POST", entitlements, `{"system":["shop"]}`, 400, "invalid-request", "$.system is a list"},
		{"entitlement for an unknown system", "POST", entitlements, `{"system":"unknown","plan":"messaging"}`, 404, "system-not-found", "unknown"},
		{"entitlement for another account's system", "POST", entitlements, `{"system":"foreign","plan":"messaging"}`, 404, "system-not-found", "foreign"},
		{"entitlement for a pending system", "POST", entitlements, `{"system":"soon","plan":"messaging"}`, 409, "system-not-registered", "Soon"},
		{"entitlement twice", "POST", entitlements, `{"system":"shop","plan":"messaging"}`, 409, "entitlement-exists", "messaging"},
		{"entitlement of an unknown subaccount", "POST", "/api/v1/subaccounts/unknown/entitlements", `{"system":"shop","plan":"messaging"}`, 404, "subaccount-not-found", ""},
		{"entitlement of a bare subaccount", "POST", "/api/v1/subaccounts/bare/entitlements", `{"system":"shop","plan":"messaging"}`, 409, "subaccount-without-environment", ""},
		{"entitlement in a region without landscape", "POST", "/api/v1/subaccounts/china/entitlements", `{"system":"shop","plan":"messaging"}`, 409, "region-unavailable", ""},
		{"entitlements of an unknown subaccount", "GET", "/api/v1/subaccounts/unknown/entitlements", "", 404, "subaccount-not-found", ""},
		{"entitlements of an unknown plan", "GET", entitlements + "?plan=x", "", 400, "plan-unknown", "messaging"},
		{"entitlements by service", "GET", entitlements + "?service=x", "", 400, "invalid-request", "system, plan"},
		{"removal of an unknown entitlement", "DELETE", entitlements + "/unknown", "", 404, "entitlement-not-found", "unknown"},
		{"removal of another subaccount's entitlement", "DELETE", strings.Replace(e, "/dev/", "/bare/", 1), "", 404, "entitlement-not-found", ""},
		{"removal of an entitlement with a field", "DELETE", e, `{"x":1}`, 400, "invalid-request", `"x"`},
		{"removal of all entitlements", "DELETE", entitlements, "", 400, "invalid-request", "system and plan"},
		{"removal of a system's entitlements", "DELETE", entitlements + "?system=shop", "", 400, "invalid-request", "system and plan"},
		{"removal of an unknown plan", "DELETE", entitlements + "?system=shop&plan=x", "", 400, "plan-unknown", ""},
		{"removal of an entitlement that is not there", "DELETE", entitlements + "?system=campaigns&plan=messaging", "", 404, "entitlement-not-found", "campaigns"},
		{"removal in an unknown subaccount", "DELETE", "/api/v1/subaccounts/unknown/entitlements?system=shop&plan=messaging", "", 404, "subaccount-not-found", ""},
		{"service plans of an unknown subaccount", "GET", "/api/v1/subaccounts/unknown/servicePlans", "", 404, "subaccount-not-found", ""},
		{"service plans in a region without landscape", "GET", "/api/v1/subaccounts/china/servicePlans", "", 409, "region-unavailable", ""},
		{"applications of an unknown subaccount", "GET", "/api/v1/subaccounts/unknown/runtime/applications", "", 404, "subaccount-not-found", ""},

		{"incidents of an unknown account", "GET", "/api/v1/globalAccounts/unknown/incidents", "", 404, "global-account-not-found", ""},
		{"incidents that are not open", "GET", "/api/v1/globalAccounts/default/incidents?open=false", "", 400, "invalid-request", "true, or left out"},
		{"incidents by component", "GET", "/api/v1/globalAccounts/default/incidents?component=x", "", 400, "invalid-request", "open, subject"},
		{"unknown incident", "GET", "/api/v1/incidents/unknown", "", 404, "incident-not-found", "unknown"},
		{"resolution by an operator", "POST", "/api/v1/incidents/" + inc + "/resolution", "", 404, "route-not-found", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := a.call(tt.method, tt.target, tt.body)
			code, detail := refusal(t, w)
			if w.Code != tt.status || code != tt.code || !strings.Contains(detail, tt.detail) {
				t.Errorf("got %d %s %q, want %d %s …%q…", w.Code, code, detail, tt.status, tt.code, tt.detail)
			}
		})
	}
	stale := []string{"If-Match", `"999"`}
	for _, tt := range []struct{ method, target, body string }{
		{"PATCH", f, `{"subaccount":"dev"}`},
		{"DELETE", f, ""},
		{"PUT", f + "/systems/shop", ""},
		{"DELETE", f + "/systems/shop", ""},
		{"POST", f + "/resynchronization", ""},
		{"POST", f + "/finalization", ""},
		{"PATCH", "/api/v1/subaccounts/dev", `{"displayName":"x"}`},
	} {
		w := a.call(tt.method, tt.target, tt.body, stale...)
		if code, _ := refusal(t, w); w.Code != 412 || code != "precondition-failed" {
			t.Errorf("%s %s with a stale tag: got %d %s, want 412 precondition-failed", tt.method, tt.target, w.Code, code)
		}
		w = a.call(tt.method, tt.target, tt.body, "If-Match", "1")
		if code, _ := refusal(t, w); w.Code != 400 || code != "invalid-request" {
			t.Errorf("%s %s with a tag without quotes: got %d %s, want 400 invalid-request", tt.method, tt.target, w.Code, code)
		}
	}
}

func TestNothingToEntitle(t *testing.T) {
	a := newAPI(t, "v1")
	if w := a.call("GET", "/api/v1/subaccounts/dev/servicePlans", ""); bytes.Contains(w.Body.Bytes(), []byte("s4-hana-cloud")) {
		t.Errorf("without a registered system: got %s, want nothing for systems", w.Body)
	}
}
