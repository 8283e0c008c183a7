package broker_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

const (
	sm          = "/service-manager/v1"
	smInstances = sm + "/service_instances"
	smBindings  = sm + "/service_bindings"
)

func create(name, parameters string) string {
	return `{"name":"` + name + `","service_plan_id":"` + remotePlan + `","service_id":"ignored","parameters":` + parameters + `,"labels":{"_namespace":["apps"],"team":["a","b"]}}`
}

// Rule: manager-objects
func TestManagerFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	if info := d.want(200, d.ask("GET", sm+"/info", "", "Authorization", "")); info["token_issuer_url"] != "http://127.0.0.1:8080" {
		t.Errorf("got %v", info)
	}
	made := d.want(201, d.ask("POST", smInstances, create("contacts", good)))
	id, _ := made["id"].(string)
	labels := fmt.Sprint(made["labels"])
	if made["ready"] != true || made["usable"] != true || labels != "map[_namespace:[apps] subaccount_id:[dev] team:[a b]]" {
		t.Errorf("got %v", made)
	}
	if c, _ := made["context"].(map[string]any); c["platform"] != "sapbtp" || c["instance_name"] != "contacts" || c["subdomain"] != "dev" {
		t.Errorf("got %v", made["context"])
	}
	op, _ := made["last_operation"].(map[string]any)
	d.want(200, d.ask("GET", smInstances+"/"+id+"/operations/"+fmt.Sprint(op["id"]), ""))
	d.want(404, d.ask("GET", smInstances+"/"+id+"/operations/none", ""))
	if got := d.want(200, d.ask("GET", smInstances+"/"+id+"/parameters", "")); got["systemName"] != "CRM" {
		t.Errorf("got %v", got)
	}
	bound := d.want(201, d.ask("POST", smBindings, `{"name":"b","service_instance_id":"`+id+`"}`))
	if !strings.Contains(fmt.Sprint(bound["credentials"]), "http://127.0.0.1:8080/x") {
		t.Errorf("got %v", bound["credentials"])
	}
	bid, _ := bound["id"].(string)
	if got := d.want(200, d.ask("GET", smBindings+"/"+bid, "")); fmt.Sprint(got["credentials"]) != fmt.Sprint(bound["credentials"]) {
		t.Errorf("got %v, want what it was answered with", got)
	}
	if got := d.ask("GET", smBindings+"/"+bid+"/parameters", ""); got.Code != 200 || got.Body.String() != "{}" {
		t.Errorf("got %d %s", got.Code, got.Body)
	}
	if got := d.want(200, d.ask("GET", smBindings+"/"+bid+"/operations/"+bid, "")); got["state"] != "succeeded" || got["resource_type"] != "/v1/service_bindings" {
		t.Errorf("got %v", got)
	}
	d.want(404, d.ask("GET", smBindings+"/"+bid+"/operations/none", ""))
	for what, w := range map[string]*httptest.ResponseRecorder{
		"b": d.ask("GET", sm+"/service_bindings", ""), "s4-hana-cloud": d.ask("GET", sm+"/service_offerings", ""), "api-access": d.ask("GET", sm+"/service_plans", ""),
	} {
		if list := d.want(200, w); !strings.Contains(fmt.Sprint(list["items"]), "name:"+what+" ") {
			t.Errorf("got %v, want %s in the list", list, what)
		}
	}
	changed := d.want(200, d.ask("PATCH", smInstances+"/"+id, `{"name":"contacts","labels":[{"op":"remove","key":"team","values":["a"]},{"op":"add","key":"new","values":["x"]},{"op":"remove","key":"_namespace"}]}`))
	if got := fmt.Sprint(changed["labels"]); got != "map[new:[x] subaccount_id:[dev] team:[b]]" {
		t.Errorf("got %s", got)
	}
	for _, tt := range []struct {
		name, method, target, body string
		status                     int
		word                       string
	}{
		{"name taken", "POST", smInstances, create("contacts", good), 409, "Conflict"},
		{"bindings", "DELETE", smInstances + "/" + id, "", 409, "ExistingReferenceEntity"},
		{"rename", "PATCH", smInstances + "/" + id, `{"name":"x"}`, 400, "BadRequest"},
		{"new parameters", "PATCH", smInstances + "/" + id, `{"parameters":{}}`, 400, "BadRequest"},
		{"share", "PATCH", smInstances + "/" + id, `{"shared":true}`, 400, "BadRequest"},
		{"the label that stays", "PATCH", smInstances + "/" + id, `{"labels":[{"op":"remove","key":"subaccount_id"}]}`, 400, "BadRequest"},
		{"no name", "POST", smInstances, `{"service_plan_id":"` + remotePlan + `"}`, 400, "BadRequest"},
		{"no plan", "POST", smInstances, `{"name":"x"}`, 400, "BadRequest"},
		{"unknown plan", "POST", smInstances, `{"name":"x","service_plan_id":"x"}`, 404, "NotFound"},
		{"no binding's name", "POST", smBindings, `{"service_instance_id":"` + id + `"}`, 400, "BadRequest"},
		{"binding of nobody", "POST", smBindings, `{"name":"x","service_instance_id":"x"}`, 404, "NotFound"},
		{"binding's name taken", "POST", smBindings, `{"name":"b","service_instance_id":"` + id + `"}`, 409, "Conflict"},
		{"async is none", "DELETE", smInstances + "/" + id + "?async=maybe", "", 400, "BadRequest"},
		{"parameters", "POST", smInstances, create("x", `{}`), 502, "BrokerError"},
		{"no such instance", "GET", smInstances + "/x", "", 404, "could not find such /v1/service_instances"},
		{"no such binding", "GET", smBindings + "/x", "", 404, "could not find such /v1/service_bindings"},
		{"no such binding to delete", "DELETE", smBindings + "/x", "", 404, "NotFound"},
		{"no such offering", "GET", sm + "/service_offerings/x", "", 404, "NotFound"},
		{"no such plan", "GET", sm + "/service_plans/x", "", 404, "NotFound"},
	} {
		if w := d.ask(tt.method, tt.target, tt.body); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.word) {
			t.Errorf("%s: got %d %s, want %d %s", tt.name, w.Code, w.Body, tt.status, tt.word)
		}
	}
	if w := d.ask("POST", smInstances, create("x", good), "Content-Type", "text/plain"); w.Code != 415 {
		t.Errorf("got %d %s, want 415", w.Code, w.Body)
	}
	d.want(200, d.ask("DELETE", smBindings+"/"+bid, ""))
	d.want(200, d.ask("DELETE", smInstances+"/"+id, ""))
	d.want(404, d.ask("GET", smInstances+"/"+id, ""))
}

// Rule: manager-objects
func TestManagerAsynchronously(t *testing.T) {
	t.Parallel()
	d := open(t, map[btp.Transition]btp.TransitionPolicy{btp.TransitionDeprovisioning: {After: time.Minute}}) //nolint:exhaustive // the others end at once
	w := d.ask("POST", smInstances+"?async=true", create("contacts", good))
	d.want(202, w)
	location := w.Header().Get("Location")
	if !strings.HasPrefix(location, "/v1/service_instances/") || w.Body.Len() != 0 {
		t.Fatalf("got Location %s, body %s", location, w.Body)
	}
	operation := "/service-manager" + location
	if got := d.want(200, d.ask("GET", operation, "")); got["state"] != "succeeded" || got["resource_type"] != "/v1/service_instances" {
		t.Errorf("got %v", got)
	}
	path, _, _ := strings.Cut(operation, "/operations/")
	w = d.ask("DELETE", path, "") // it takes its time, so the server answers 202 by itself
	d.want(202, w)
	operation = "/service-manager" + w.Header().Get("Location")
	if got := d.want(200, d.ask("GET", operation, "")); got["state"] != "in progress" || got["type"] != "delete" {
		t.Errorf("got %v", got)
	}
	if w := d.ask("DELETE", path, ""); w.Code != 422 || !strings.Contains(w.Body.String(), "ConcurrentOperationInProgress") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	d.advance(time.Minute)
	d.want(404, d.ask("GET", operation, ""))

	w = d.ask("POST", smInstances+"?async=true", create("failed", `{"systemName":"CRM","fails":"create"}`))
	d.want(202, w)
	got := d.want(200, d.ask("GET", "/service-manager"+w.Header().Get("Location"), ""))
	text, _ := json.Marshal(got["errors"])
	if got["state"] != "failed" || !strings.Contains(string(text), `"Description":"the tenant does not answer"`) || !strings.Contains(string(text), `"error":"BrokerError"`) {
		t.Errorf("got %v", got)
	}
	// Who waits for the answer is told at once, and finds nothing left.
	if w := d.ask("POST", smInstances+"?async=false", create("again", `{"systemName":"CRM","fails":"create"}`)); w.Code != 502 || !strings.Contains(w.Body.String(), "BrokerError") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := d.want(200, d.ask("GET", smInstances+"?fieldQuery="+url.QueryEscape("name eq 'again'"), "")); got["num_items"] != 0.0 {
		t.Errorf("got %v", got)
	}
}

func TestManagerAccess(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	if w := d.ask("GET", smInstances, "", "Authorization", ""); w.Code != 401 || !strings.Contains(w.Body.String(), "Unauthorized") || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	id, _ := d.client("dev", "destination", "lite")
	if w := d.ask("GET", smInstances, "", "Authorization", "Bearer "+id); w.Code != 403 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	made := d.want(201, d.ask("POST", smInstances, create("contacts", good)))
	d.user, _ = d.client("kyma", "service-manager", "subaccount-admin")
	d.want(404, d.ask("GET", smInstances+"/"+fmt.Sprint(made["id"]), ""))
	d.want(404, d.ask("DELETE", smInstances+"/"+fmt.Sprint(made["id"]), ""))
}

// Rule: manager-queries
func TestManagerQueries(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	for _, name := range []string{"a", "it's", "c"} {
		d.want(201, d.ask("POST", smInstances, create(name, good)))
	}
	names := func(path, query string) string {
		t.Helper()
		list, _ := d.want(200, d.ask("GET", path+"?"+query, ""))["items"].([]any)
		var found []string
		for _, one := range list {
			object, _ := one.(map[string]any)
			found = append(found, fmt.Sprint(object["name"]))
		}
		return strings.Join(found, " ")
	}
	field := func(q string) string { return "fieldQuery=" + url.QueryEscape(q) }
	for _, tt := range []struct{ path, query, want string }{
		{smInstances, field("name eq 'a'"), "a"},
		{smInstances, field("name eq 'it''s'"), "it's"},
		{smInstances, field(`name eq 'it\'s'`), "it's"},
		{smInstances, field("name in ('a', 'c')"), "a c"},
		{smInstances, field("name notin ('a','c','client of service-manager')"), "it's"},
		{smInstances, field("name contains '''' and ready eq true"), "it's"},
		{smInstances, field("name gt 'c' and name ne 'client of service-manager'"), "it's"},
		{smInstances, field("created_at ge 2030-01-01T10:00:00Z and name le 'a'"), "a"},
		{smInstances, field("created_at lt 2030-01-01T10:00:00Z"), ""},
		{smInstances, "labelQuery=" + url.QueryEscape("team eq 'b' and subaccount_id eq 'dev'") + "&max_items=2", "a it's"},
		{smInstances, "labelQuery=" + url.QueryEscape("other eq 'b'"), ""},
		{sm + "/service_offerings", field("catalog_name eq 's4-hana-cloud' and data_center eq ''"), "s4-hana-cloud"},
		{sm + "/service_plans", field("catalog_name eq 'api-access' and service_offering_id in ('" + remoteService + "')"), "api-access"},
		{sm + "/service_plans", field("service_offering_id eq '" + remoteService + "'"), "api-access"},
		{smBindings, field("name eq 'x' and service_instance_id eq 'y'"), ""},
	} {
		if got := names(tt.path, tt.query); got != tt.want {
			t.Errorf("%s?%s: got %q, want %q", tt.path, tt.query, got, tt.want)
		}
	}
	for _, q := range []string{"name", "name eq", "name is 'a'", "name eq 'a", "nome eq 'a'", "name eq 'a' or name eq 'b'", "name eq 'a'  and name eq 'b'", "name in 'a'", "name in ('a'", "name eq a", "name eq 'a' and "} {
		if w := d.ask("GET", smInstances+"?"+field(q), ""); w.Code != 400 || !strings.Contains(w.Body.String(), "BadRequest") {
			t.Errorf("%s: got %d %s, want 400", q, w.Code, w.Body)
		}
	}
	count := d.want(200, d.ask("GET", smInstances+"?max_items=0", ""))
	if count["num_items"] != 4.0 || fmt.Sprint(count["items"]) != "[]" || count["token"] != nil {
		t.Errorf("got %v", count)
	}
	var all []string
	for token := ""; ; {
		page := d.want(200, d.ask("GET", smInstances+"?max_items=3&token="+token, ""))
		list, _ := page["items"].([]any)
		for _, one := range list {
			all = append(all, fmt.Sprint(one.(map[string]any)["name"]))
		}
		if token, _ = page["token"].(string); token == "" {
			break
		}
	}
	if got := strings.Join(all, ", "); got != "client of service-manager, a, it's, c" {
		t.Errorf("got %s", got)
	}
	for _, query := range []string{"max_items=x", "max_items=-1", "token=!!"} {
		if w := d.ask("GET", smInstances+"?"+query, ""); w.Code != 400 {
			t.Errorf("%s: got %d", query, w.Code)
		}
	}
}
