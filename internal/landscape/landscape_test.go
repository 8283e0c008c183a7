package landscape

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"
)

func start(t *testing.T, change ...func(*Config)) *Landscape {
	t.Helper()
	cfg := Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	for _, c := range change {
		c(&cfg)
	}
	l, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

func call(t *testing.T, method, url string, body any, want int) map[string]any {
	t.Helper()
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		payload = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, payload)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Prefer", "wait=30")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want {
		t.Fatalf("%s %s: got %d %s, want %d", method, url, resp.StatusCode, text, want)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s %s: %v in %s", method, url, err, text)
	}
	return answer
}

func TestOneProcessPairsAllProducts(t *testing.T) {
	l := start(t)
	for _, test := range []struct{ tenant, systemType string }{
		{"commerce", "SAP Commerce Cloud"},
		{"fsm", "SAP Field Service Management"},
		{"c4c", "SAP Cloud for Customer"},
		{"marketing", "SAP Marketing Cloud"},
	} {
		system := call(t, http.MethodPost, l.HTTP+"/api/v1/globalAccounts/default/systems",
			map[string]string{"name": "my " + test.tenant, "type": test.systemType}, http.StatusCreated)
		token := system["integrationToken"].(map[string]any)["tokenUrl"]
		row := call(t, http.MethodPost, l.HTTP+"/tenants/"+test.tenant+"/pairings", map[string]any{"token": token}, http.StatusCreated)
		if code := row["status"].(map[string]any)["code"]; code != "registered" {
			t.Errorf("%s: the tenant's row is %v", test.tenant, row)
		}
		system = call(t, http.MethodGet, l.HTTP+"/api/v1/systems/"+system["id"].(string), nil, http.StatusOK)
		if label := system["status"].(map[string]any)["label"]; label != "Registered" {
			t.Errorf("%s: the system is %v", test.tenant, system)
		}
	}
}

// Behind a port mapping the public URL leads nowhere from inside: the registry
// still fetches its tenants' specifications and tells them of deregistrations, and
// the gateway calls their APIs at the public URL that they have announced.
func TestTenantsAreReachedFromInside(t *testing.T) {
	t.Parallel()
	l := start(t, func(c *Config) { c.PublicURL = "http://localhost:1" })
	system := call(t, "POST", l.HTTP+"/api/v1/globalAccounts/default/systems", map[string]string{"name": "Accounts", "type": "SAP Cloud for Customer"}, 201)
	token, _ := system["integrationToken"].(map[string]any)["token"].(string)
	row := call(t, "POST", l.HTTP+"/tenants/c4c/pairings", map[string]string{"token": token}, 201)
	if status, _ := row["status"].(map[string]any); status["code"] != "registered" {
		t.Fatalf("the pairing is %v: %v", status, row["cause"])
	}
	id, _ := system["id"].(string)
	formation := call(t, "POST", l.HTTP+"/api/v1/globalAccounts/default/formations", map[string]any{"name": "extensions", "subaccount": "dev", "systems": []string{id}}, 201)
	call(t, "GET", l.HTTP+"/gateway/mp-accounts/sap-cloud-for-customer---odata-api/CorporateAccountCollection?$format=json", nil, 200)
	call(t, "DELETE", l.HTTP+"/api/v1/formations/"+formation["id"].(string)+"/systems/"+id, nil, 200)
	call(t, "POST", l.HTTP+"/api/v1/systems/"+id+"/deregistration", nil, 202)
	call(t, "GET", l.HTTP+"/api/v1/systems/"+id, nil, 404)
}
