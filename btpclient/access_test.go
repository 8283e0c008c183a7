package btpclient

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAccessToken(t *testing.T) {
	var status int
	var body, form string
	var id, secret string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ = r.BasicAuth()
		form = r.PostFormValue("grant_type")
		w.Header().Set("Pairsim-Reason", "unauthenticated")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	o := NewOperator(server.URL, server.Client()).WithToken("old")

	status, body = 200, `{"access_token":"eyJ","token_type":"bearer","expires_in":43200,"scope":"a b","jti":"7"}`
	got, err := o.AccessToken(t.Context(), "sb-x!t1", "s")
	if want := (AccessToken{"eyJ", "bearer", 43200, "a b", "7"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if id != "sb-x%21t1" || secret != "s" || form != "client_credentials" {
		t.Errorf("sent %s, %s, %s; want form-encoded Basic and the grant", id, secret, form)
	}
	status, body = 401, `{"error":"invalid_client","error_description":"Bad credentials"}`
	_, err = o.AccessToken(t.Context(), "a", "hunter2")
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Status != 401 || refused.Reason != "unauthenticated" || refused.Message != "invalid_client: Bad credentials" {
		t.Errorf("got %v, want the refusal", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the refusal quotes the secret: %v", err)
	}
	for _, other := range []string{`{}`, `oops`, `{"access_token":1}`} {
		status, body = 200, other
		if _, err = o.AccessToken(t.Context(), "a", "b"); err == nil || strings.Contains(err.Error(), other) {
			t.Errorf("%s: got %v, want an error that does not quote it", other, err)
		}
	}
}

func TestWithToken(t *testing.T) {
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`{"items":[]}`))
	}))
	defer server.Close()
	o, tenants, control := NewOperator(server.URL, nil), NewTenants(server.URL, nil), NewControl(server.URL, nil)
	for _, call := range []func() error{
		func() error { _, err := o.WithToken("a").GlobalAccounts(t.Context()); return err },
		func() error { _, err := o.GlobalAccounts(t.Context()); return err },
		func() error { _, err := tenants.WithToken("b").List(t.Context()); return err },
		func() error { _, err := tenants.WithToken("b").EndedPairing(t.Context(), "x", "1"); return err },
		func() error { _, err := control.WithToken("c").OAuthClients(t.Context()); return err },
	} {
		if err := call(); err != nil {
			t.Error(err)
		}
	}
	if got, want := strings.Join(sent, ","), "Bearer a,,Bearer b,Bearer b,Bearer c"; got != want {
		t.Errorf("got Authorization %s, want %s", got, want)
	}
}
