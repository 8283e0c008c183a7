package landscape

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// TestDestinationServiceOfAnEnvironment: a client of a binding gets its token on
// either listener, and finds what its own environment has.
func TestDestinationServiceOfAnEnvironment(t *testing.T) {
	l := start(t)
	makeEnvironment(t, l, map[string]any{"name": "a"})
	var secret string
	err := l.environments.find("a").registry.Amend(t.Context(), func(s *btp.Step) (err error) {
		secret, err = s.PutServiceClient(btp.ServiceClient{ID: "sb-x!b1", Subaccount: "dev", Service: "destination", XSAppName: "x!b1", Instance: "i"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, http.MethodPut, l.HTTP+"/env/a/api/v1/subaccounts/dev/destinations/orders",
		`{"properties":{"Type":"HTTP","URL":"https://api.example","Authentication":"OAuth2ClientCredentials","clientId":"sb-x!b1","clientSecret":"`+secret+
			`","tokenServiceURL":"`+l.MTLS+`/env/a/oauth/token"}}`); got.StatusCode != http.StatusNoContent {
		t.Fatalf("got %d", got.StatusCode)
	}
	client := &http.Client{Transport: trusting(t, l)}
	for _, base := range []string{l.HTTP, l.MTLS} {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"sb-x!b1"}, "client_secret": {secret}}
		resp, err := client.PostForm(base+"/env/a/oauth/token", form)
		if err != nil {
			t.Fatal(err)
		}
		var token struct {
			AccessToken string `json:"access_token"`
		}
		err = json.NewDecoder(resp.Body).Decode(&token)
		resp.Body.Close()
		if err != nil || token.AccessToken == "" {
			t.Fatalf("%s: got %d, %v", base, resp.StatusCode, err)
		}
		find := func(prefix string) (int, string) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+prefix+"/destination-configuration/v1/destinations/orders", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token.AccessToken)
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return resp.StatusCode, string(text)
		}
		if status, text := find("/env/a"); status != http.StatusOK || !strings.Contains(text, `"http_header":{"key":"Authorization","value":"Bearer ey`) {
			t.Errorf("%s: got %d %s", base, status, text)
		}
		if status, text := find(""); status != http.StatusUnauthorized {
			t.Errorf("%s: in another environment: got %d %s", base, status, text)
		}
	}
	entries, _ := l.environments.find("a").registry.Journal().Read(btp.JournalFilter{})
	text, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) || strings.Contains(string(text), "eyJ") {
		t.Error("a secret or a token is in the journal")
	}
	if !strings.Contains(string(text), `destination.find`) {
		t.Error("the journal tells of no look-up")
	}
}

// TestNobodyIsLoggedInUnasked: the default user is there without --auth only.
func TestNobodyIsLoggedInUnasked(t *testing.T) {
	for auth, want := range map[bool]int{false: http.StatusOK, true: http.StatusUnauthorized} {
		l := start(t, func(c *Config) { c.Auth = auth })
		resp, err := http.PostForm(l.HTTP+"/oauth/token", url.Values{
			"grant_type": {"password"}, "client_id": {"cf"}, "username": {btp.DefaultUserName}, "password": {btp.DefaultUserPassword},
		})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("auth %v: got %d, want %d", auth, resp.StatusCode, want)
		}
	}
}
