package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Rule: destination-client-credentials
func TestClientCredentials(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	p := clientCredentials("api", server.URL+"/oauth/token")
	p["scope"] = "read"
	w.put("subaccount", p)
	got := w.tokenEntry("api")
	want := map[string]any{"type": "Bearer", "value": "token-1", "expires_in": "3600", "scope": "API"}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	if h := got["http_header"].(map[string]any); h["key"] != "Authorization" || h["value"] != "Bearer token-1" {
		t.Errorf("got the header %v", h)
	}
	sent := server.last.Load()
	if id, secret, _ := sent.BasicAuth(); id != "client!b1" || secret != "Client-Secret" || sent.PostForm.Get("grant_type") != "client_credentials" || sent.PostForm.Get("scope") != "read" {
		t.Errorf("the token service was sent %s:%s and %v", id, secret, sent.PostForm)
	}

	// It is kept until it expires on the environment's clock.
	advance := func(d time.Duration) {
		if _, err := w.registry.ChangeClock(t.Context(), btp.ClockChange{Advance: d}); err != nil {
			t.Fatal(err)
		}
	}
	advance(time.Hour - time.Second)
	if got := w.tokenEntry("api"); got["value"] != "token-1" || got["expires_in"] != "1" {
		t.Errorf("in its last second: got %v", got)
	}
	advance(time.Second)
	if got := w.tokenEntry("api"); got["value"] != "token-2" || got["expires_in"] != "3600" {
		t.Errorf("after its end: got %v", got)
	}
	// Another secret is another token.
	p["clientSecret"] = "New-Secret"
	body, _ := json.Marshal(p)
	w.must(200, "PUT", "/subaccountDestinations", string(body))
	if got := w.tokenEntry("api"); got["value"] != "token-3" {
		t.Errorf("after a change: got %v", got)
	}
	if _, there := w.must(200, "GET", "/destinations/api?$skipTokenRetrieval=true", "")["authTokens"]; there || server.calls.Load() != 3 {
		t.Errorf("tokens were not skipped: %d calls", server.calls.Load())
	}
	entries, _ := w.registry.Journal().Read(btp.JournalFilter{})
	for _, e := range entries {
		text := fmt.Sprint(e)
		for _, secret := range []string{"Client-Secret", "New-Secret", "token-1", "token-2", "token-3"} {
			if strings.Contains(text, secret) || strings.Contains(w.log.String(), secret) {
				t.Fatalf("%s is in the journal or log: %s", secret, text)
			}
		}
	}
}

func TestTokenServiceUser(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	p := clientCredentials("api", server.URL)
	p["tokenServiceUser"], p["tokenServicePassword"] = "front", "Front-Secret"
	w.put("subaccount", p)
	w.tokenEntry("api")
	sent := server.last.Load()
	if id, secret, _ := sent.BasicAuth(); id != "front" || secret != "Front-Secret" || sent.PostForm.Get("client_id") != "client!b1" || sent.PostForm.Get("client_secret") != "Client-Secret" {
		t.Errorf("the token service was sent %s:%s and %v", id, secret, sent.PostForm)
	}
}

// TestCommonTokenService: a token service that all tenants share is asked as that of
// one of them.
func TestCommonTokenService(t *testing.T) {
	w := open(t)
	var path atomic.Pointer[string]
	server := serveTokens(t, func(n int, r *http.Request) (int, string) {
		path.Store(&r.URL.Path)
		return granting(n, r)
	})
	p := clientCredentials("api", server.URL+"/{tenant}/token")
	p["tokenServiceURLType"] = "Common"
	w.put("subaccount", p)
	w.tokenEntry("api")
	if got := *path.Load(); got != "/dev/token" {
		t.Errorf("without X-tenant it was asked at %s", got)
	}
	w.tokenEntry("api", "X-Tenant", "consumer")
	if got := *path.Load(); got != "/consumer/token" {
		t.Errorf("with X-tenant it was asked at %s", got)
	}
	if got := w.tokenEntry("api", "X-Tenant", "evil.example/"); !strings.Contains(got["error"].(string), "X-tenant") {
		t.Errorf("a tenant that is none: got %v", got)
	}
	host := clientCredentials("host", "http://nowhere.invalid/token")
	host["tokenServiceURLType"] = "Common"
	w.put("subaccount", host)
	if got := w.tokenEntry("host"); got["error"] == nil {
		t.Errorf("got %v", got)
	}
}

// Rule: destination-client-credentials
func TestTokenServiceFails(t *testing.T) {
	w := open(t)
	for about, c := range map[string]struct {
		status   int
		body     string
		contains string
	}{
		"it refuses":         {401, `{"error":"invalid_client","error_description":"Bad\ncredentials"}`, "status 401 invalid_client: Bad credentials"},
		"it breaks":          {500, `oops`, "status 500"},
		"it sends elsewhere": {302, ``, "status 302"},
		"it answers no JSON": {200, `<html>`, "not the JSON of a token"},
		"it answers nothing": {200, `{}`, "no access_token"},
		"a token with more":  {200, `{"access_token":"a\r\nEvil: 1"}`, "no access_token"},
		"it never ends":      {200, strings.Repeat(" ", 70000), "more than"},
		"a strange error":    {400, `{"error":"<b>"}`, "status 400"},
	} {
		t.Run(about, func(t *testing.T) {
			server := serveTokens(t, func(int, *http.Request) (int, string) { return c.status, c.body })
			name := strings.ReplaceAll(about, " ", "-")
			w.put("subaccount", clientCredentials(name, server.URL))
			rec := w.call("GET", "/destinations/"+name, "")
			if rec.Header().Get("Pairsim-Reason") != "destination-token-failed" {
				t.Errorf("got the reason %q", rec.Header().Get("Pairsim-Reason"))
			}
			got := w.tokenEntry(name)
			text, _ := got["error"].(string)
			if got["type"] != "" || got["value"] != "" || got["expires_in"] != "0" || got["http_header"] != nil || !strings.Contains(text, c.contains) {
				t.Errorf("got %v, want …%s…", got, c.contains)
			}
			if server.calls.Load() != 2 {
				t.Errorf("a failure is kept: %d calls", server.calls.Load())
			}
		})
	}
	for about, address := range map[string]string{"a foreign host": "http://192.0.2.1/token", "nobody": "http://127.0.0.1:1/token"} {
		name := strings.ReplaceAll(about, " ", "-")
		w.put("subaccount", clientCredentials(name, address))
		if got := w.tokenEntry(name); !strings.Contains(got["error"].(string), "not reached") {
			t.Errorf("%s: got %v", about, got)
		}
	}
}

// TestFaultsAtTheTokenService: a fault of the step is an entry, too.
//
// Rule: destination-client-credentials
func TestFaultsAtTheTokenService(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", clientCredentials("api", server.URL))
	if _, err := w.registry.AddFault(t.Context(), btp.Fault{Point: btp.PointDestinationToken, Action: btp.FaultAction{Kind: btp.FaultFail}}); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, base+"/destinations/api", nil)
	r.Header.Set("Authorization", "Bearer "+w.token)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `"error":"Retrieval of OAuthToken failed`) || server.calls.Load() != 0 {
		t.Errorf("got %d %s after %d calls", rec.Code, rec.Body, server.calls.Load())
	}
}
