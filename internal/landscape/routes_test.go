package landscape

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestUnknownRoutesAnswerInTheirOwnDialect: our own surfaces with a problem
// document, the vendor's with the vendor's body (pairing-protocols §1.1).
//
// Rule: pairing-unknown-route
func TestUnknownRoutesAnswerInTheirOwnDialect(t *testing.T) {
	l := start(t)
	const notFound, noMethod = `{"code":404,"error":"Requested resource could not be found."}`, `{"code":405,"error":"Method not allowed."}`
	tests := []struct {
		method, path string
		status       int
		vendor       string // the whole body; empty: a problem document
		reason       string
	}{
		{"GET", "/nowhere", 404, "", "route-not-found"},
		{"GET", "/api/v1/nowhere", 404, "", "route-not-found"},
		{"DELETE", "/api/v1/systemTypes", 405, "", "method-not-allowed"},
		{"GET", "/tenants/nobody", 404, "", "tenant-not-found"},
		{"DELETE", "/tenants/commerce", 405, "", "method-not-allowed"},
		{"GET", "/tenants/commerce/nowhere", 404, "", "route-not-found"},
		{"GET", "/v1/nowhere", 404, notFound, "route-not-found"},
		{"GET", "/v1/applications/nowhere", 404, notFound, "route-not-found"},
		{"GET", "/v1/applications/certificates", 405, noMethod, "method-not-allowed"},
		{"GET", "/mp-shop/v1/nowhere", 404, notFound, "route-not-found"},
		{"DELETE", "/mp-shop/v1/events", 405, noMethod, "method-not-allowed"},
		{"DELETE", "/mp-shop/v2/events", 405, noMethod, "method-not-allowed"},
		{"GET", "/mp-shop/events/nowhere", 404, notFound, "route-not-found"},
		{"GET", "/gateway/mp-shop", 400, `{"code":400,"error":"failed to extract API Identifier from path"}`, "gateway-path-incomplete"},
		{"MERGE", "/gateway-ucl/mp-shop/a/b/c", 404, `{"code":404,"error":"Application: mp-shop not found."}`, "application-not-found"},
		{"PROPFIND", "/gateway/mp-shop/a", 405, noMethod, "method-not-allowed"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), test.method, l.HTTP+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.status {
				t.Errorf("got status %d, want %d", resp.StatusCode, test.status)
			}
			if resp.Header.Get("Pairsim-Time") == "" {
				t.Error("the answer does not tell the time")
			}
			if test.vendor != "" {
				if got := strings.TrimSpace(string(body)); got != test.vendor {
					t.Errorf("got %s, want the vendor's %s", got, test.vendor)
				}
				if got := resp.Header.Get("Pairsim-Reason"); got != test.reason {
					t.Errorf("reason %q, want %s", got, test.reason)
				}
				return
			}
			var problem struct{ Type string }
			if err := json.Unmarshal(body, &problem); err != nil || problem.Type != "urn:pairsim:problem:"+test.reason {
				t.Errorf("got %s, want the problem %s", body, test.reason)
			}
		})
	}
}

// Rule: origin-checked
func TestPagesOfOtherOriginsChangeNothing(t *testing.T) {
	l := start(t)
	for _, test := range []struct {
		name   string
		header map[string]string
		status int
	}{
		{"a client that is no browser", nil, http.StatusCreated},
		{"a page of another origin", map[string]string{"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		{"a page of another origin in an old browser", map[string]string{"Origin": "https://evil.test"}, http.StatusForbidden},
		{"our own page", map[string]string{"Origin": l.HTTP, "Sec-Fetch-Site": "same-origin"}, http.StatusCreated},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := strings.NewReader(`{"name":"` + test.name + `","type":"SAP Commerce Cloud"}`)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.HTTP+"/api/v1/globalAccounts/default/systems", body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			for key, value := range test.header {
				req.Header.Set(key, value)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != test.status {
				t.Errorf("got %d, want %d", resp.StatusCode, test.status)
			}
		})
	}
}
