package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// Rule: event-delivered
func TestEventsOfARuntime(t *testing.T) {
	l := lived()
	for i := range l.Systems {
		if l.Systems[i].ID == "shop" {
			l.Systems[i].Services = []btp.Service{{
				Provider: "test", Name: "Orders", Description: "Orders", Events: &btp.ServiceEvents{Spec: json.RawMessage(`{"asyncapi":"2.0.0","channels":{"order.created.v1":{}}}`)},
			}}
		}
	}
	a := newAPIOf(t, "v1", l, btp.DefaultPolicy())
	if got := a.call("GET", "/api/v1/subaccounts/dev/runtime/events", "").Body.String(); !strings.Contains(got, `"items":[]`) {
		t.Errorf("without a formation: got %s", got)
	}
	a.formation("shops")
	listened := func(want string) {
		t.Helper()
		if got := a.call("GET", "/api/v1/subaccounts/dev/runtime/events", "").Body.String(); !strings.Contains(got, want) || !strings.Contains(got, `"type":"order.created","version":"v1"`) {
			t.Errorf("got %s, want order.created v1 with %s", got, want)
		}
	}
	listened(`"subscriptions":0`)
	made := a.must(201, a.call("POST", "/api/v1/subaccounts/dev/runtime/subscriptions",
		`{"source":"mp-web-shop","type":"order.created","version":"v1","sink":"http://127.0.0.1:9/"}`))
	listened(`"subscriptions":1`)
	all, _ := a.must(200, a.call("GET", "/api/v1/subaccounts/dev/runtime/subscriptions", ""))["items"].([]any)
	if len(all) != 1 || all[0].(map[string]any)["id"] != made["id"] {
		t.Errorf("got %v, want %v alone", all, made)
	}
	for _, want := range []int{204, 404} {
		if w := a.call("DELETE", "/api/v1/subaccounts/dev/runtime/subscriptions/"+made["id"].(string), ""); w.Code != want {
			t.Errorf("deleting: got %d %s, want %d", w.Code, w.Body, want)
		}
	}
	listened(`"subscriptions":0`)
	for _, list := range []string{"events", "subscriptions"} {
		if w := a.call("GET", "/api/v1/subaccounts/nowhere/runtime/"+list, ""); w.Code != 404 {
			t.Errorf("%s of a subaccount that is not there: got %d %s", list, w.Code, w.Body)
		}
	}
}
