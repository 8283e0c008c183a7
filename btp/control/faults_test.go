package control_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// TestFaultsInFull: what is asked for is what is set, in every shape.
//
// Rule: fault-actions
func TestFaultsInFull(t *testing.T) {
	h, _ := lived(t, "v2")
	for _, text := range []string{
		`{"point":"pairing.csr","match":{"system":"shop"},"action":{"kind":"fail","code":"csr-malformed","cause":"no"},"schedule":{"first":2}}`,
		`{"point":"services.*","action":{"kind":"fail","answer":{"status":503,"headers":{"Retry-After":"5"},"body":"down"}},"schedule":{"probability":0.25}}`,
		`{"point":"*","action":{"kind":"fail","problem":{"status":418,"title":"Tea","detail":"short"}},"schedule":{"every":3,"limit":7}}`,
		`{"point":"pairing.csr","action":{"kind":"fail","cause":"broken","final":true}}`,
		`{"point":"formation.synchronize","match":{"formation":"f"},"action":{"kind":"delay","virtual":"10m0s"}}`,
		`{"point":"pairing.*","match":{"systemType":"SAP Commerce Cloud"},"action":{"kind":"delay","real":"1.5s"}}`,
		`{"point":"removal.complete","action":{"kind":"hold"}}`,
		`{"point":"pairing.info","action":{"kind":"drop","when":"after"}}`,
		`{"point":"pairing.info","action":{"kind":"drop","when":"before"}}`,
		`{"point":"pairing.info","action":{"kind":"truncate","bytes":7}}`,
		`{"point":"pairing.info","action":{"kind":"truncate","share":0.5}}`,
		`{"point":"pairing.csr","action":{"kind":"corrupt","part":"certificate"}}`,
		`{"point":"events.*","action":{"kind":"duplicate"}}`,
	} {
		w := call(h, "POST", "/control/faults", text)
		var asked, set map[string]any
		must(t, 201, w, &set)
		if err := json.Unmarshal([]byte(text), &asked); err != nil {
			t.Fatal(err)
		}
		for field, want := range asked {
			if !reflect.DeepEqual(set[field], want) {
				t.Errorf("%s: %s is %v, want %v", text, field, set[field], want)
			}
		}
	}
	var unfired struct{ Items []struct{ ID string } }
	must(t, 200, call(h, "GET", "/control/faults?unfired=true", ""), &unfired)
	if len(unfired.Items) != 13 {
		t.Errorf("%d of 13 have never struck", len(unfired.Items))
	}
}

// Rule: fault-impossible-refused
func TestRefusedFaults(t *testing.T) {
	h, _ := lived(t, "v1")
	for _, tt := range []struct {
		target, body, code string
		want               string // of the detail
	}{
		{"/control/faults", `{"point":"pairing.csr","action":{"kind":"hold"},"times":1}`, "invalid-request", "schedule.limit"},
		{"/control/faults", `{"point":"pairing.csr","schedule":{"limit":1}}`, "invalid-request", "go with an action"},
		{"/control/faults", `{"point":"pairing.csr","action":{"kind":"drop"}}`, "invalid-request", "when: before"},
		{"/control/faults", `{"point":"pairing.csr","action":{"kind":"hold","when":"after"}}`, "invalid-request", "of drop"},
		{"/control/faults", `{"point":"pairing.csr","action":{"kind":"delay","virtual":"soon"}}`, "invalid-request", "action.virtual"},
		{"/control/faults", `{"point":"pairing.csr","action":{"kind":"delay","real":"-1s"}}`, "invalid-request", "action.real"},
		{"/control/faults", `{"point":"pairing.csr","action":{"kind":"fail","answer":{"status":200,"headers":{"A":1}}}}`, "invalid-request", "must be a string"},
		{"/control/faults", `{"point":"pairing.csr","action":{"kind":"fail","answer":{"status":200,"headers":{"A":"b","A":"c"}}}}`, "invalid-request", "stands there twice"},
		{"/control/faults", `{"point":"pairing.csr","action":{"kind":"fail"},"schedule":{"probability":"0.5"}}`, "invalid-request", "must be a number"},
		{"/control/faults", `{"point":"pairing.csr","match":{"system":"nobody"},"action":{"kind":"hold"}}`, "system-not-found", "nobody"},
		{"/control/faults", `{"point":"formation.show","match":{"formation":"nothing"},"action":{"kind":"hold"}}`, "formation-not-found", "nothing"},
		{"/control/faults/recipes/tea", ``, "recipe-not-found", "tea"},
		{"/control/faults/recipes/remove-error", ``, "operation-not-in-edition", "edition v2"},
		{"/control/faults/recipes/tenant-down", `{"formation":"f"}`, "invalid-request", "it is for a system, a tenant, all"},
		{"/control/faults/recipes/tenant-down", `{"system":"shop","tenant":"commerce"}`, "invalid-request", "one system, one formation or one tenant"},
		{"/control/faults/recipes/tenant-down", `{"system":"nobody"}`, "system-not-found", "nobody"},
		{"/control/faults/recipes/tenant-down", `{"point":"x"}`, "invalid-request", "unknown field"},
	} {
		w := call(h, "POST", tt.target, tt.body)
		if code := codeOf(t, w); code != tt.code || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s %s: got %d %s, want %s with %q", tt.target, tt.body, w.Code, w.Body, tt.code, tt.want)
		}
	}
	var left struct{ Items []any }
	must(t, 200, call(h, "GET", "/control/faults", ""), &left)
	if len(left.Items) != 0 {
		t.Errorf("refused faults are set: %v", left.Items)
	}
}

func TestFaultPointsAndRecipes(t *testing.T) {
	h, _ := lived(t, "v1")
	var points struct {
		Items []struct {
			Point, Description, Flow, MetBy string
			Actions                         []string
		}
	}
	must(t, 200, call(h, "GET", "/control/faults/points", ""), &points)
	for _, p := range points.Items {
		if p.Description == "" || p.Flow == "" || p.MetBy == "" || len(p.Actions) == 0 {
			t.Errorf("got %+v", p)
		}
	}
	var recipes struct {
		Items []struct {
			Name, What, Do, Seen, Source string
			Rules                        []any
		}
	}
	must(t, 200, call(h, "GET", "/control/faults/recipes", ""), &recipes)
	for _, r := range recipes.Items {
		if r.What == "" || r.Do == "" || r.Seen == "" || r.Source == "" || len(r.Rules) == 0 {
			t.Errorf("got %+v", r)
		}
	}
	w := call(h, "POST", "/control/faults/recipes/error-while-deregistering", `{"system":"Web Shop"}`)
	golden(t, "recipe.json", indent(t, w.Body.Bytes()))
	if w.Code != 201 || w.Header().Get("Location") != "/control/faults/1" {
		t.Errorf("got %d, Location %q", w.Code, w.Header().Get("Location"))
	}
}

// FuzzFaultDocument: whatever is posted is set or refused with a problem.
//
// Rule: fault-impossible-refused
func FuzzFaultDocument(f *testing.F) {
	f.Add(`{"point":"pairing.csr","subject":"shop","cause":"c","times":1}`)
	f.Add(`{"point":"*","match":{"tenant":"commerce"},"action":{"kind":"fail","answer":{"status":503,"headers":{"A":"b"},"body":"c"}},"schedule":{"probability":1e-3}}`)
	f.Add(`{"point":"pairing.info","action":{"kind":"truncate","share":0.5,"bytes":null}}`)
	h, registry := lived(f, "v1")
	f.Fuzz(func(t *testing.T, body string) {
		if err := registry.RemoveFault(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		w := call(h, "POST", "/control/faults", body)
		switch w.Code {
		case 201:
			if len(registry.Faults()) != 1 {
				t.Errorf("%q: created, and not there", body)
			}
		case 400, 404, 413, 415:
			if codeOf(t, w) == "" || len(registry.Faults()) != 0 {
				t.Errorf("%q: got %s, and %d faults", body, w.Body, len(registry.Faults()))
			}
		default:
			t.Errorf("%q: got %d %s", body, w.Code, w.Body)
		}
	})
}
