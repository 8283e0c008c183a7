package control_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

// lived is a registry with two systems in an error status and one formation.
func lived(t testing.TB, edition string) (controlAPI, *btp.Registry) {
	t.Helper()
	l := btp.DefaultLandscape()
	l.GlobalAccounts = append(l.GlobalAccounts, btp.GlobalAccount{ID: "other", Subdomain: "other"})
	l.Systems = []btp.DeclaredSystem{
		{ID: "broken", GlobalAccount: "default", Name: "Broken", Type: "SAP Commerce Cloud", Status: btp.DeregisterError, Cause: "no answer"},
		{ID: "theirs", GlobalAccount: "other", Name: "Theirs", Type: "SAP Commerce Cloud", Status: btp.Failed},
		{ID: "shop", GlobalAccount: "default", Name: "Web Shop", Type: "SAP Commerce Cloud", Status: btp.Registered},
	}
	l.Formations = []btp.DeclaredFormation{{
		ID: "f", GlobalAccount: "default", Name: "extend-the-shop", Type: btp.SideBySideWithKyma, Subaccount: "dev", Systems: []btp.SystemID{"shop"},
	}}
	return newControlOf(t, edition, l)
}

// must decodes the JSON of an answer of this status.
func must(t *testing.T, want int, w *httptest.ResponseRecorder, into any) {
	t.Helper()
	if w.Code != want {
		t.Fatalf("got %d %s, want %d", w.Code, w.Body, want)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatalf("answer %s: %v", w.Body, err)
	}
}

type incidents struct {
	Items []struct {
		ID, Cause, Resolution string
		Open                  bool
		Subject               struct{ Kind, ID string }
	}
	NextCursor string
}

// Rule: incident-resolved-once
func TestIncidents(t *testing.T) {
	h, registry := lived(t, "v1")
	for query, want := range map[string]string{
		"":                       "broken theirs ",
		"?limit=1":               "broken ",
		"?open=true":             "broken theirs ",
		"?subject=theirs":        "theirs ",
		"?globalAccount=default": "broken ",
		"?globalAccount=other&open=true&limit=50": "theirs ",
	} {
		var page incidents
		must(t, 200, call(h, "GET", "/control/incidents"+query, ""), &page)
		got := ""
		for _, i := range page.Items {
			got += i.Subject.ID + " "
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	var first, second incidents
	must(t, 200, call(h, "GET", "/control/incidents?limit=1", ""), &first)
	must(t, 200, call(h, "GET", "/control/incidents?limit=1&cursor="+first.NextCursor, ""), &second)
	if len(second.Items) != 1 || second.Items[0].Subject.ID != "theirs" || second.NextCursor != "" {
		t.Errorf("second page: got %+v", second)
	}

	target := "/control/incidents/" + first.Items[0].ID + "/resolution"
	w := call(h, "POST", target, `{"resolution":"the record was deleted"}`)
	golden(t, "incident.json", indent(t, w.Body.Bytes()))
	if _, err := registry.System(t.Context(), "broken"); btp.CodeOf(err) != btp.SystemNotFound {
		t.Errorf("the deregistration is not completed: %v", err)
	}
	if w := call(h, "POST", target, ""); w.Code != 409 || codeOf(t, w) != "incident-is-resolved" {
		t.Errorf("again: got %d %s, want 409 incident-is-resolved", w.Code, w.Body)
	}
	must(t, 200, call(h, "POST", "/control/incidents/"+second.Items[0].ID+"/resolution", ""), &struct{}{})
	var left incidents
	must(t, 200, call(h, "GET", "/control/incidents?open=true", ""), &left)
	if len(left.Items) != 0 {
		t.Errorf("still open: %+v", left.Items)
	}
}

func TestFaults(t *testing.T) {
	h, registry := lived(t, "v2")
	w := call(h, "POST", "/control/faults", `{"point":"deregistration.complete","subject":"shop","cause":"disk full","times":1}`)
	golden(t, "fault.json", indent(t, w.Body.Bytes()))
	if w.Code != 201 || w.Header().Get("Location") != "/control/faults/1" {
		t.Errorf("got %d, Location %q", w.Code, w.Header().Get("Location"))
	}
	if _, err := registry.ExcludeSystem(t.Context(), "f", "shop", btp.Match{}); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.Deregister(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	if v, err := registry.System(t.Context(), "shop"); err != nil || v.Status != btp.DeregisterError || v.Failure.Cause != "disk full" {
		t.Errorf("got %+v, %v; want the deregistration failed by the fault", v.System, err)
	}
	var list struct {
		Items []struct {
			ID            string
			Times, Struck int
		}
	}
	must(t, 201, call(h, "POST", "/control/faults", `{"point":"removal.complete"}`), &struct{}{})
	must(t, 200, call(h, "GET", "/control/faults", ""), &list)
	if got := fmt.Sprint(list.Items); got != "[{1 1 1} {2 0 0}]" {
		t.Errorf("got faults %s", got)
	}
	for _, tt := range []struct {
		target string
		want   int
		left   int
	}{
		{"/control/faults/1", 204, 1},
		{"/control/faults/1", 404, 1},
		{"/control/faults", 204, 0},
		{"/control/faults", 204, 0},
	} {
		if w := call(h, "DELETE", tt.target, ""); w.Code != tt.want || w.Code == 204 && w.Body.Len() > 0 {
			t.Errorf("DELETE %s: got %d %s, want %d", tt.target, w.Code, w.Body, tt.want)
		}
		must(t, 200, call(h, "GET", "/control/faults", ""), &list)
		if len(list.Items) != tt.left {
			t.Errorf("after DELETE %s: got %+v, want %d", tt.target, list.Items, tt.left)
		}
	}
}

// Rule: formation-assignments
func TestAssignmentStatus(t *testing.T) {
	h, registry := lived(t, "v2")
	v, err := registry.Formation(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	target := "/control/formations/f/assignments/" + string(v.Assignments[1].ID) + "/status"
	var f struct {
		Status      struct{ Code string }
		Assignments []struct{ State, Error string }
	}
	for _, tt := range []struct{ body, state, cause, status string }{
		{`{"state":"CONFIG_PENDING"}`, "CONFIG_PENDING", "", "synchronizing"},
		{`{"state":"CREATE_ERROR","error":"no quota"}`, "CREATE_ERROR", "no quota", "error"},
		{`{"state":"READY"}`, "READY", "", "ready"},
	} {
		w := call(h, "PUT", target, tt.body)
		must(t, 200, w, &f)
		if got := f.Assignments[1]; got.State != tt.state || got.Error != tt.cause || f.Status.Code != tt.status {
			t.Errorf("%s: got %+v, formation %s; want %s %q, %s", tt.body, got, f.Status.Code, tt.state, tt.cause, tt.status)
		}
		if w.Header().Get("ETag") == "" {
			t.Errorf("%s: the answer has no ETag", tt.body)
		}
		f.Assignments = nil
	}
}

func TestRefusedOfLife(t *testing.T) {
	h, registry := lived(t, "v2")
	v, err := registry.Formation(t.Context(), "f")
	if err != nil {
		t.Fatal(err)
	}
	status := "/control/formations/f/assignments/" + string(v.Assignments[0].ID) + "/status"
	long := strings.Repeat("x", 501)
	for _, tt := range []struct {
		method, target, body, code string
		status                     int
	}{
		{"GET", "/control/incidents?open=yes", "", "invalid-request", 400},
		{"GET", "/control/incidents?status=x", "", "invalid-request", 400},
		{"GET", "/control/incidents?limit=201", "", "invalid-request", 400},
		{"GET", "/control/incidents?cursor=x", "", "invalid-cursor", 400},
		{"GET", "/control/incidents?globalAccount=unknown", "", "global-account-not-found", 404},
		{"POST", "/control/incidents/unknown/resolution", "", "incident-not-found", 404},
		{"POST", "/control/incidents/unknown/resolution?x=1", "", "invalid-request", 400},
		{"POST", "/control/incidents/unknown/resolution", `{"by":"me"}`, "invalid-request", 400},
		{"POST", "/control/incidents/unknown/resolution", `{"resolution":7}`, "invalid-request", 400},
		{"POST", "/control/incidents/unknown/resolution", `{"resolution":"` + long + `"}`, "invalid-request", 400},

		{"GET", "/control/faults?x=1", "", "invalid-request", 400},
		{"POST", "/control/faults", "", "invalid-request", 400},
		{"POST", "/control/faults", `{}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"clock.change"}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","times":-1}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","times":"1"}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","times":1.5}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","times":1e2}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","times":99999999999999999999}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","times":null}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","cause":"` + long + `"}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","subject":"` + long + `"}`, "invalid-request", 400},
		{"POST", "/control/faults", `{"point":"removal.complete","struck":1}`, "invalid-request", 400},
		{"DELETE", "/control/faults/7", "", "fault-not-found", 404},
		{"DELETE", "/control/faults?point=removal.complete", "", "invalid-request", 400},
		{"DELETE", "/control/faults", `{"point":"removal.complete"}`, "invalid-request", 400},
		{"PUT", "/control/faults/7", `{}`, "method-not-allowed", 405},

		{"PUT", "/control/formations/unknown/assignments/a/status", `{"state":"READY"}`, "formation-not-found", 404},
		{"PUT", "/control/formations/f/assignments/unknown/status", `{"state":"READY"}`, "assignment-not-found", 404},
		{"PUT", status, "", "invalid-request", 400},
		{"PUT", status, `{"state":"DONE"}`, "invalid-request", 400},
		{"PUT", status, `{"state":"INITIAL"}`, "invalid-request", 400},
		{"PUT", status, `{"state":"READY","error":"x"}`, "invalid-request", 400},
		{"PUT", status, `{"state":"CREATE_ERROR","error":"` + long + `"}`, "invalid-request", 400},
		{"PUT", status, `{"state":["READY"]}`, "invalid-request", 400},
		{"PUT", status, `{"configuration":"x"}`, "invalid-request", 400},
	} {
		t.Run(tt.method+" "+tt.target+" "+tt.body, func(t *testing.T) {
			w := call(h, tt.method, tt.target, tt.body)
			if code := codeOf(t, w); w.Code != tt.status || code != tt.code {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, tt.status, tt.code)
			}
		})
	}
}

// TestControlClientOfLife drives the API with the client that the command line uses.
func TestControlClientOfLife(t *testing.T) {
	h, registry := lived(t, "v2")
	server := httptest.NewServer(h)
	defer server.Close()
	c := btpclient.NewControl(server.URL, server.Client())
	ctx := t.Context()

	added, err := c.AddFault(ctx, btpclient.Fault{Point: "removal.complete", Subject: "shop", Times: 3})
	if err != nil || added.ID != "1" || added.Cause == "" || added.Times != 3 {
		t.Errorf("got %+v, %v", added, err)
	}
	if list, err := c.Faults(ctx); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], added) {
		t.Errorf("got %+v, %v; want %+v", list, err, added)
	}
	if err := c.RemoveFault(ctx, added.ID); err != nil {
		t.Error(err)
	}
	if err := c.RemoveFault(ctx, added.ID); btpclient.CodeOf(err) != "fault-not-found" {
		t.Errorf("again: got %v, want fault-not-found", err)
	}
	if err := c.ClearFaults(ctx); err != nil {
		t.Error(err)
	}

	resolved := 0
	for i, err := range c.Incidents(ctx, btpclient.IncidentFilter{OpenOnly: true, PageSize: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		done, err := c.ResolveIncident(ctx, i.ID, "")
		if err != nil || done.Open || !done.ResolvedAt.Equal(start) || done.Resolution == "" {
			t.Errorf("got %+v, %v; want it resolved", done, err)
		}
		resolved++
	}
	if resolved != 2 {
		t.Errorf("resolved %d incidents, want 2", resolved)
	}

	v, err := registry.Formation(ctx, "f")
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.ReportAssignment(ctx, "f", string(v.Assignments[0].ID), "CREATE_ERROR", "no quota")
	if err != nil || f.Status.Code != "error" || f.Assignments[0].Error != "no quota" || f.ETag == "" {
		t.Errorf("got %+v, %v", f, err)
	}
}
