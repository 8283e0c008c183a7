package httpapi_test

import (
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// Rule: system-merge
func TestMergeOverHTTP(t *testing.T) {
	a := newAPI(t, "v2")
	found, err := a.registry.Discover(t.Context(), btp.DiscoveredSystem{
		GlobalAccount: "default", Name: "shop-prd", Type: "SAP Commerce Cloud", Discovery: btp.Discovery{URL: "https://shop.test", SystemID: "SHOP-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := "/api/v1/systems/" + string(found.ID)
	shown := a.must(200, a.call("GET", path, ""))
	if d, _ := shown["discovery"].(map[string]any); d["mode"] != "auto" || d["label"] != "Auto-discovered" || d["systemId"] != "SHOP-1" || shown["mergeTargets"] != nil {
		t.Errorf("got %v", shown)
	}
	added := a.must(201, a.call("POST", "/api/v1/globalAccounts/default/systems", `{"name":"Shop","type":"SAP Commerce Cloud"}`))
	for body, want := range map[string]int{
		`{"target":"` + added["id"].(string) + `"}`: 409, `{"target":"none"}`: 404, `{}`: 404, `{"into":"x"}`: 400, ``: 400,
	} {
		if w := a.call("POST", path+"/merge", body); w.Code != want {
			t.Errorf("%s: got %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	if w := a.call("DELETE", path, ""); w.Code != 409 {
		t.Errorf("removing: got %d %s", w.Code, w.Body)
	}
}
