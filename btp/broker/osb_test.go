package broker_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

const ids = `"service_id":"` + remoteService + `","plan_id":"` + remotePlan + `"`

// body is a request for an instance of the asynchronous plan.
func body(parameters string) string {
	return `{` + ids + `,"organization_guid":"o","space_guid":"s","parameters":` + parameters + `}`
}

const (
	instance = "/broker/v2/service_instances/11111111-0000-4000-8000-000000000001"
	binding  = instance + "/service_bindings/22222222-0000-4000-8000-000000000001"
	async    = "?accepts_incomplete=true"
	good     = `{"systemName":"CRM"}`
	named    = "service_id=" + remoteService + "&plan_id=" + remotePlan
)

// Rule: broker-catalog
func TestBrokerCatalogue(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	list := fmt.Sprint(d.want(200, d.ask("GET", "/broker/v2/catalog", "")))
	for _, want := range []string{"s4-hana-cloud", "api-access", "systemName", "destination", "service_binding"} {
		if !strings.Contains(list, want) {
			t.Errorf("got %s, want %s in it", list, want)
		}
	}
	w := d.ask("GET", "/broker/v2/catalog", "", "X-Broker-API-Request-Identity", "me")
	if w.Header().Get("X-Broker-API-Request-Identity") != "me" {
		t.Error("the request's identity is not given back")
	}
	for name, tt := range map[string]struct {
		header []string
		status int
	}{
		"no version":         {[]string{"X-Broker-API-Version", ""}, 412},
		"an old version":     {[]string{"X-Broker-API-Version", "2.13"}, 412},
		"another version":    {[]string{"X-Broker-API-Version", "3.0"}, 412},
		"the oldest version": {[]string{"X-Broker-API-Version", "2.14"}, 200},
		"nobody":             {[]string{"Authorization", ""}, 401},
		"a wrong password":   {[]string{"Authorization", "Basic YTpi"}, 401},
		"a bearer token":     {[]string{"Authorization", "Bearer x"}, 401},
	} {
		w := d.ask("GET", "/broker/v2/catalog", "", tt.header...)
		if w.Code != tt.status || tt.status == 401 && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s: got %d %s, want %d", name, w.Code, w.Body, tt.status)
		}
	}
	d.user, d.password = d.client("dev", "destination", "lite")
	d.want(401, d.ask("GET", "/broker/v2/catalog", ""))
	d.user, d.password = d.client("kyma", "service-manager", "subaccount-admin")
	if list := fmt.Sprint(d.want(200, d.ask("GET", "/broker/v2/catalog", ""))); strings.Contains(list, "s4-hana-cloud") {
		t.Errorf("another subaccount, which is not entitled: got %s", list)
	}
}

// TestBrokerCodes walks through the table of service-apis §4.
//
// Rule: broker-codes
func TestBrokerCodes(t *testing.T) {
	t.Parallel()
	d := open(t, map[btp.Transition]btp.TransitionPolicy{ //nolint:exhaustive // the others end at once
		btp.TransitionProvisioning: {After: time.Minute}, btp.TransitionDeprovisioning: {After: time.Minute},
	})
	operation := ""
	type ask struct {
		name, method, target, body string
		status                     int
		says                       string
	}
	walk := func(list []ask) {
		t.Helper()
		for _, tt := range list {
			w := d.ask(tt.method, strings.ReplaceAll(tt.target, "OPERATION", operation), tt.body)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%s: got %d %s, want %d %s", tt.name, w.Code, w.Body, tt.status, tt.says)
			}
			if w.Code == http.StatusAccepted {
				operation, _ = d.want(202, w)["operation"].(string)
			}
		}
	}
	walk([]ask{
		{"no service_id", "PUT", instance + async, strings.Replace(body(good), remoteService, "", 1), 400, "service_id"},
		{"an unknown plan", "PUT", instance + async, strings.Replace(body(good), remotePlan, "x", 1), 400, "catalogue"},
		{"no organization", "PUT", instance + async, `{` + ids + `,"space_guid":"s"}`, 400, "organization_guid"},
		{"no JSON", "PUT", instance + async, `{`, 400, "JSON"},
		{"a wrong type", "PUT", instance + async, `{"service_id":1}`, 400, "service_id"},
		{"no object", "PUT", instance + async, `[]`, 400, "object"},
		{"too much", "PUT", instance + async, `{"x":"` + strings.Repeat("x", 65<<10) + `"}`, 413, ""},
		{"neither true nor false", "PUT", instance + "?accepts_incomplete=yes", body(good), 400, "accepts_incomplete"},
		{"bad parameters", "PUT", instance + async, body(`{"system":1}`), 400, "$.system"},
		{"an unknown system", "PUT", instance + async, body(`{"systemName":"X"}`), 400, "$.systemName"},
		{"a bad context", "PUT", instance + async, `{` + ids + `,"organization_guid":"o","space_guid":"s","context":{"platform":1}}`, 400, "context"},
		{"synchronous", "PUT", instance, body(good), 422, "AsyncRequired"},
		{"synchronous, told", "PUT", instance + "?accepts_incomplete=false", body(good), 422, "AsyncRequired"},
		{"nothing yet", "GET", instance, "", 404, ""},
		{"no operation yet", "GET", instance + "/last_operation", "", 404, ""},
		{"created", "PUT", instance + async, body(good), 202, "create-"},
		{"the same, still running", "PUT", instance + async, body(good), 202, "create-"},
		{"other properties", "PUT", instance + async, body(`{"systemName":"CRM","fails":"x"}`), 409, ""},
		{"in progress", "GET", instance + "/last_operation?" + named + "&operation=OPERATION", "", 200, `"in progress"`},
		{"another plan's", "GET", instance + "/last_operation?plan_id=x", "", 400, ""},
		{"not there while provisioning", "GET", instance, "", 404, ""},
		{"delete while provisioning", "DELETE", instance + async + "&" + named, "", 422, "ConcurrencyError"},
		{"bind while provisioning", "PUT", binding, `{` + ids + `}`, 422, "ConcurrencyError"},
		{"update while provisioning", "PATCH", instance + async, `{` + ids + `,"parameters":{"a":1}}`, 422, "ConcurrencyError"},
	})
	d.advance(time.Minute)
	walk([]ask{
		{"succeeded", "GET", instance + "/last_operation", "", 200, `"succeeded"`},
		{"the same, finished", "PUT", instance + async, body(good), 200, ""},
		{"there", "GET", instance, "", 200, `"systemName":"CRM"`},
		{"there, as another", "GET", instance + "?service_id=x", "", 400, ""},
		{"an update", "PATCH", instance + async, `{` + ids + `,"parameters":{"a":1}}`, 422, "delete it"},
		{"an update to another plan", "PATCH", instance + async, `{"service_id":"` + remoteService + `","plan_id":"x"}`, 422, "delete it"},
		{"an update of nothing", "PATCH", instance + async, `{"service_id":"` + remoteService + `"}`, 200, "{}"},
		{"an update without service_id", "PATCH", instance + async, `{}`, 400, "service_id"},
		{"an update of another service", "PATCH", instance + async, `{"service_id":"x"}`, 400, ""},
		{"an update of nobody", "PATCH", instance + "x", `{` + ids + `}`, 404, ""},
		{"a binding without ids", "PUT", binding, `{}`, 400, ""},
		{"a binding of another plan", "PUT", binding, `{"service_id":"` + remoteService + `","plan_id":"x"}`, 400, ""},
		{"a binding with parameters", "PUT", binding, `{` + ids + `,"parameters":{"a":1}}`, 400, "$.a"},
		{"a binding of nobody", "PUT", instance + "x/service_bindings/b", `{` + ids + `}`, 404, ""},
		{"no binding yet", "GET", binding, "", 404, ""},
		{"no binding yet, asked for its operation", "GET", binding + "/last_operation", "", 404, ""},
		{"bound", "PUT", binding, `{` + ids + `,"bind_resource":{"app_guid":"a"}}`, 201, `"URL":"http://127.0.0.1:8080/x"`},
		{"bound again", "PUT", binding, `{` + ids + `}`, 200, "s3cret"},
		{"bound otherwise", "PUT", binding, `{` + ids + `,"context":{"a":1}}`, 409, ""},
		{"the binding", "GET", binding, "", 200, "s3cret"},
		{"its operation", "GET", binding + "/last_operation", "", 200, "succeeded"},
		{"not of another instance", "GET", strings.Replace(binding, "11111111", "33333333", 1), "", 404, ""},
		{"delete with bindings", "DELETE", instance + async + "&" + named, "", 422, "bindings"},
		{"unbind without ids", "DELETE", binding, "", 400, ""},
		{"unbind of another plan", "DELETE", binding + "?service_id=x&plan_id=y", "", 400, ""},
		{"unbound", "DELETE", binding + "?" + named, "", 200, "{}"},
		{"unbound already", "DELETE", binding + "?" + named, "", 410, ""},
		{"delete without ids", "DELETE", instance + async, "", 400, ""},
		{"delete of another plan", "DELETE", instance + async + "&service_id=x&plan_id=y", "", 400, ""},
		{"delete, synchronous", "DELETE", instance + "?" + named, "", 422, "AsyncRequired"},
		{"deleted", "DELETE", instance + async + "&" + named, "", 202, "delete-"},
		{"deleted again", "DELETE", instance + async + "&" + named, "", 202, "delete-"},
		{"there while it is deleted", "GET", instance, "", 422, "ConcurrencyError"},
		{"in progress", "GET", instance + "/last_operation?operation=OPERATION", "", 200, "in progress"},
	})
	d.advance(time.Minute)
	walk([]ask{
		{"gone, asked with the operation", "GET", instance + "/last_operation?operation=OPERATION", "", 200, "succeeded"},
		{"gone", "GET", instance + "/last_operation", "", 404, ""},
		{"deleted already", "DELETE", instance + async + "&" + named, "", 410, ""},
	})
}

func (d *door) advance(by time.Duration) {
	d.t.Helper()
	if _, err := d.registry.ChangeClock(d.t.Context(), btp.ClockChange{Advance: by}); err != nil {
		d.t.Fatal(err)
	}
}

// Rule: broker-codes
func TestBrokerFailures(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	d.want(202, d.ask("PUT", instance+async, body(`{"systemName":"CRM","fails":"create"}`)))
	w := d.ask("GET", instance+"/last_operation", "")
	if !strings.Contains(w.Body.String(), `"failed"`) || !strings.Contains(w.Body.String(), "the tenant does not answer") {
		t.Errorf("got %s", w.Body)
	}
	d.want(409, d.ask("PUT", instance+async, body(`{"systemName":"CRM","fails":"create"}`)))
	d.want(422, d.ask("PUT", binding, `{`+ids+`}`))
	d.want(200, d.ask("DELETE", instance+async+"&"+named, "")) // orphan mitigation
	d.want(201, d.ask("PUT", instance+async, body(`{"systemName":"CRM","fails":"delete"}`)))
	d.want(202, d.ask("DELETE", instance+async+"&"+named, ""))
	w = d.ask("GET", instance+"/last_operation", "")
	if !strings.Contains(w.Body.String(), `"failed"`) || !strings.Contains(w.Body.String(), `"instance_usable":true`) {
		t.Errorf("got %s", w.Body)
	}
}

func TestBrokerPlaces(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	lite := func(context string) string {
		return `{"service_id":"` + liteService + `","plan_id":"` + litePlan + `","organization_guid":"org","space_guid":"space","context":` + context + `}`
	}
	place := func(context string) string {
		t.Helper()
		d.want(201, d.ask("PUT", instance, lite(context)))
		v, err := d.engine.Instance(t.Context(), strings.TrimPrefix(instance, "/broker/v2/service_instances/"))
		if err != nil {
			t.Fatal(err)
		}
		d.want(200, d.ask("DELETE", instance+"?service_id="+liteService+"&plan_id="+litePlan, ""))
		return fmt.Sprint(v.Name, " ", v.Place)
	}
	for context, want := range map[string]string{
		`{"platform":"cloudfoundry","instance_name":"mine"}`: "mine {cloudFoundry org space}",
		`{"platform":"kubernetes","namespace":"apps"}`:       "11111111-0000-4000-8000-000000000001 {kyma  apps}",
		`{}`: "11111111-0000-4000-8000-000000000001 {cloudFoundry org space}",
	} {
		if got := place(context); got != want {
			t.Errorf("%s: got %s, want %s", context, got, want)
		}
	}
	// Another subaccount's platform does not see it, and cannot take its id.
	d.want(201, d.ask("PUT", instance, lite(`{}`)))
	d.user, d.password = d.client("kyma", "service-manager", "subaccount-admin")
	d.want(404, d.ask("GET", instance, ""))
	d.want(410, d.ask("DELETE", instance+"?service_id="+liteService+"&plan_id="+litePlan, ""))
	d.want(409, d.ask("PUT", instance, lite(`{}`)))
}

// TestBrokerKeepsCredentialsInTheirSubaccount: another subaccount's platform neither
// reads nor deletes a binding, although it knows both ids.
func TestBrokerKeepsCredentialsInTheirSubaccount(t *testing.T) {
	t.Parallel()
	d := open(t, nil)
	ids := "?service_id=" + liteService + "&plan_id=" + litePlan
	binding := instance + "/service_bindings/b1"
	d.want(201, d.ask("PUT", instance, `{"service_id":"`+liteService+`","plan_id":"`+litePlan+`","organization_guid":"org","space_guid":"space"}`))
	d.want(201, d.ask("PUT", binding, `{"service_id":"`+liteService+`","plan_id":"`+litePlan+`"}`))
	own, secret := d.user, d.password
	d.user, d.password = d.client("kyma", "service-manager", "subaccount-admin")
	d.want(404, d.ask("GET", binding, ""))
	d.want(404, d.ask("GET", binding+"/last_operation", ""))
	d.want(410, d.ask("DELETE", binding+ids, ""))
	d.user, d.password = own, secret
	if doc := d.want(200, d.ask("GET", binding, "")); doc["credentials"] == nil {
		t.Errorf("its own platform got %v", doc)
	}
}
