package landscape

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

// TestAnArrangementOfAMarketingTenant: with the real registry's signature a tenant of
// SAP Marketing Cloud makes an arrangement; its user reads and changes contacts, and
// the extension is called, also after it was away for a while.
//
// Rule: arrangement-in-tenant, arrangement-own-scenario
func TestAnArrangementOfAMarketingTenant(t *testing.T) {
	l := start(t)
	ctx := t.Context()
	operator, tenants := btpclient.NewOperator(l.HTTP, nil), btpclient.NewTenants(l.HTTP, nil)
	control := btpclient.NewControl(l.Control, nil)
	if _, err := control.Freeze(ctx); err != nil {
		t.Fatal(err)
	}
	s, err := operator.Register(ctx, "default", "marketing", "SAP Marketing Cloud")
	if err != nil {
		t.Fatal(err)
	}
	token, err := operator.ShowToken(ctx, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if row, err := tenants.Pair(ctx, "marketing", token.Encoded, ""); err != nil || row.Failed() {
		t.Fatalf("%v %s", err, row.Cause)
	}
	if _, err := tenants.AddScenario(ctx, "marketing", btpclient.Scenario{
		ID: "YY1_CONTACTS", Name: "Contacts", InboundAuthentication: []string{"BasicAuthentication"}, OutboundAuthentication: []string{"NoAuthentication"},
		InboundServices:  []btpclient.InboundService{{ID: "YY1_IN", Name: "in", API: "marketing-contact"}},
		OutboundServices: []btpclient.OutboundService{{ID: "YY1_OUT", Name: "out", Objects: []string{"Contact"}}},
	}); err != nil {
		t.Fatal(err)
	}

	asked := make(chan string, 10)
	answers := make(chan int, 10)
	answers <- http.StatusServiceUnavailable
	extension := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		status := http.StatusNoContent
		select {
		case status = <-answers:
		default:
		}
		w.WriteHeader(status)
		asked <- r.URL.Path + " " + string(body)
	}))
	defer extension.Close()
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(extension.URL, "http://"))

	view, err := l.first.registry.System(ctx, btp.SystemID(s.ID))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := l.first.registry.SignForTenant(ctx, view.System, "pairsim:communication")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := json.Marshal(map[string]any{"systemId": s.ID, "instanceName": "contacts", "communicationArrangement": map[string]any{
		"communicationArrangementName": "CONTACTS", "scenarioId": "YY1_CONTACTS",
		"inboundAuthentication": "BasicAuthentication", "outboundAuthentication": "NoAuthentication",
		"communicationSystem": map[string]any{"communicationSystemHostname": host, "port": port},
		"outboundServices":    []map[string]any{{"id": "YY1_OUT", "urlPath": "/contacts"}},
	}})
	// Neither the product nor the scenario has client certificates (SEED-004).
	foreign := bytes.Replace(body, []byte(`"inboundAuthentication":"BasicAuthentication"`), []byte(`"inboundAuthentication":"ClientCertificateAuthentication"`), 1)
	refused := send(t, http.MethodPut, view.System.Tenant.CallbackURL+"/communicationArrangements/i-1", string(foreign), "Authorization", "Bearer "+jws, "Content-Type", "application/json")
	if got := codeIn(t, refused); got != "authentication-not-supported" || refused.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("got %d %s", refused.StatusCode, got)
	}
	resp := send(t, http.MethodPut, view.System.Tenant.CallbackURL+"/communicationArrangements/i-1", string(body), "Authorization", "Bearer "+jws, "Content-Type", "application/json")
	var made struct {
		URL               string
		CommunicationUser struct{ Username, Password string }
		InboundServices   []struct{ Path string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != http.StatusCreated || len(made.InboundServices) != 1 {
		t.Fatalf("got %d, %+v, %v", resp.StatusCode, made, err)
	}

	contacts := made.URL + made.InboundServices[0].Path + "/ContactOriginData"
	do := func(method, url, body string, header ...string) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(made.CommunicationUser.Username, made.CommunicationUser.Password)
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	read := do("GET", contacts+"?$format=json", "", "X-CSRF-Token", "Fetch")
	if text, _ := io.ReadAll(read.Body); read.StatusCode != 200 || !strings.Contains(string(text), "jane@alpine.test") {
		t.Fatalf("got %d %s, want the contacts", read.StatusCode, text)
	}
	if resp := do("GET", made.URL+"/sap/opu/odata/sap/API_MKT_CAMPAIGN_SRV/Campaigns", ""); resp.StatusCode != http.StatusForbidden {
		t.Errorf("an API that the scenario does not have: got %d, want 403", resp.StatusCode)
	}
	create := do("POST", contacts, `{"ContactID":"new@x.test","ContactOrigin":"EMAIL"}`, "Content-Type", "application/json",
		"X-CSRF-Token", read.Header.Get("X-CSRF-Token"), "Cookie", strings.Split(read.Header.Get("Set-Cookie"), ";")[0])
	if create.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(create.Body)
		t.Fatalf("got %d %s", create.StatusCode, text)
	}
	if first := <-asked; !strings.HasPrefix(first, "/contacts {") || !strings.Contains(first, `"object":"Contact","change":"Created"`) || !strings.Contains(first, `"ContactID":"new@x.test"`) {
		t.Errorf("the extension was told %s", first)
	}
	// It answered 503: a second later, on the environment's clock, it is called again.
	for {
		log, err := tenants.OutboundLog(ctx, "marketing")
		if err != nil {
			t.Fatal(err)
		}
		if len(log) == 1 && log[0].Outcome == "repeated" {
			break
		}
	}
	if _, err := control.Advance(ctx, time.Second); err != nil {
		t.Fatal(err)
	}
	<-asked
	for {
		log, err := tenants.OutboundLog(ctx, "marketing")
		if err != nil {
			t.Fatal(err)
		}
		if len(log) == 2 {
			if log[0].Outcome != "delivered" || log[0].At.Sub(log[1].At) != time.Second {
				t.Errorf("got %+v", log)
			}
			break
		}
	}
	if list, err := tenants.Arrangements(ctx, "marketing"); err != nil || len(list) != 1 || list[0].CommunicationUser != made.CommunicationUser.Username || list[0].Waiting != 0 {
		t.Errorf("got %+v, %v", list, err)
	}
}
