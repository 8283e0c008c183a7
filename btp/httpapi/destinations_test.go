package httpapi_test

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

const orders = `{"properties":{"Type":"HTTP","URL":"https://my300117-api.example","ProxyType":"Internet","Authentication":"BasicAuthentication","User":"EXT","Password":"Secret-1"}}`

func TestDestinations(t *testing.T) {
	a := newAPI(t, "v1")
	const path = "/api/v1/subaccounts/dev/destinations"
	if w := a.call("PUT", path+"/orders", orders); w.Code != 204 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	for _, at := range []string{path, path + "/orders"} {
		w := a.call("GET", at, "")
		if text := w.Body.String(); w.Code != 200 || strings.Contains(text, "Secret-1") || !strings.Contains(text, `"hidden":["Password"]`) || !strings.Contains(text, `"User":"EXT"`) {
			t.Errorf("%s: got %d %s", at, w.Code, text)
		}
	}
	found := a.must(200, a.call("POST", path+"/orders/find", ""))
	if said := found["destinationConfiguration"].(map[string]any); said["Password"] != "Secret-1" || said["Name"] != "orders" {
		t.Errorf("got %v", found)
	}
	if w := a.call("POST", path+"/orders/find", `{"user":"nobody"}`); w.Code != 404 || !strings.Contains(w.Body.String(), "user-not-found") {
		t.Errorf("nobody: got %d %s", w.Code, w.Body)
	}
	if w := a.call("PUT", path+"/bad", `{"properties":{"Type":"HTTP"}}`); w.Code != 422 || !strings.Contains(w.Body.String(), `"findings":[{"path":"$.URL","problem":"is required"}]`) {
		t.Errorf("without URL: got %d %s", w.Code, w.Body)
	}
	for _, missing := range []string{path + "/nothing", "/api/v1/subaccounts/nowhere/destinations", "/api/v1/subaccounts/nowhere/destinations/orders", "/api/v1/subaccounts/nowhere/trust"} {
		if w := a.call("GET", missing, ""); w.Code != 404 {
			t.Errorf("%s: got %d %s", missing, w.Code, w.Body)
		}
	}
	for _, want := range []int{204, 404} {
		if w := a.call("DELETE", path+"/orders", ""); w.Code != want {
			t.Errorf("deleting: got %d %s, want %d", w.Code, w.Body, want)
		}
	}
}

func TestTrust(t *testing.T) {
	a := newAPI(t, "v1")
	first := a.must(200, a.call("GET", "/api/v1/subaccounts/dev/trust", ""))
	if first["notAfter"] != "2032-01-01T10:00:00Z" || !strings.HasPrefix(first["certificate"].(string), "-----BEGIN CERTIFICATE-----") {
		t.Errorf("got %v", first)
	}
	if again := a.must(200, a.call("GET", "/api/v1/subaccounts/dev/trust", "")); again["certificate"] != first["certificate"] {
		t.Error("asked twice, it is another certificate")
	}
	if _, err := a.registry.ChangeClock(t.Context(), btp.ClockChange{Advance: 731 * 24 * 3600e9}); err != nil {
		t.Fatal(err)
	}
	if later := a.must(200, a.call("GET", "/api/v1/subaccounts/dev/trust", "")); later["certificate"] == first["certificate"] {
		t.Error("after its end it is the same certificate")
	}
}
