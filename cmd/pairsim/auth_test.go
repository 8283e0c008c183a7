package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// as runs a client command with an access token.
func (s *serving) as(t *testing.T, token string, args ...string) result {
	t.Helper()
	return pairsim(t, []string{"PAIRSIM_URL=" + s.http, "PAIRSIM_CONTROL_URL=" + s.control, "PAIRSIM_TOKEN=" + token}, "", args...)
}

// TestRolesFromTheCommandLine is the story of docs/guides/roles.md.
//
// Rule: role-administrator, role-landscape-administrator, role-viewer
func TestRolesFromTheCommandLine(t *testing.T) {
	t.Parallel()
	s := serveFor(t, "--auth", "--control", "127.0.0.1:0")
	if text := strings.Join(s.announced, "\n"); !strings.Contains(text, "access tokens are asked for") {
		t.Errorf("got\n%s\nwant it to say that access tokens are asked for", text)
	}
	token := func(args ...string) string {
		t.Helper()
		return strings.TrimSpace(s.must(t, append([]string{"auth", "token", "--role"}, args...)...))
	}
	admin, viewer := token("systemLandscapeAdministrator"), token("System Landscape Viewer")
	shop, other := token("tenantAdministrator", "--tenant", "commerce"), token("tenantAdministrator", "--tenant", "fsm")

	refused := func(r result, what string) {
		t.Helper()
		if r.code != exitRefused || !strings.Contains(r.errors, what) || !strings.Contains(r.errors, "next: ") {
			t.Errorf("got %s, want it refused with %q and what to do next", r, what)
		}
	}
	done := func(r result) string {
		t.Helper()
		if r.code != exitDone {
			t.Fatalf("got %s, want exit code 0", r)
		}
		return r.out
	}
	register := []string{"systems", "register", "Web Shop", "--type", "SAP Commerce Cloud"}
	refused(s.run(t, register...), "Access token is missing or not valid")
	refused(s.as(t, viewer, register...), "these do: Global Account Administrator, System Landscape Administrator")
	done(s.as(t, admin, register...))
	done(s.as(t, viewer, "systems", "list"))
	url := strings.TrimSpace(done(s.as(t, admin, "systems", "token", "Web Shop", "-o", "url")))
	refused(s.as(t, admin, "tenants", "pair", "commerce", url), "only the tenant's own administrator")
	refused(s.as(t, other, "tenants", "pair", "commerce", url), "administrator of tenant fsm")
	refused(s.as(t, shop, "systems", "list"), "the role Tenant Administrator does not allow it")
	done(s.as(t, shop, "tenants", "pair", "commerce", url))
	if out := done(s.as(t, shop, "tenants", "list")); !strings.Contains(out, "commerce") || strings.Contains(out, "fsm") {
		t.Errorf("got tenants\n%s\nwant the own one", out)
	}
	done(s.as(t, viewer, "wait", "--system", "Web Shop", "--status", "Registered"))
	refused(s.as(t, "nonsense", "systems", "list"), "Access token is missing or not valid")

	if log := s.log.String(); strings.Contains(log, admin) || strings.Contains(log, shop) {
		t.Error("the log holds an access token")
	}
	if journal := s.must(t, "journal", "--format", "ndjson"); strings.Contains(journal, viewer) || !strings.Contains(journal, `"access.admit"`) {
		t.Error("the journal holds an access token, or no refusal")
	}
}

func TestAuthClients(t *testing.T) {
	t.Parallel()
	s := serveFor(t)
	if out := s.must(t, "auth", "client", "list", "-o", "json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("got %s, want no clients", out)
	}
	made := decode[btpclient.OAuthClient](t, s.must(t, "auth", "client", "create", "--role", "globalAccountAdministrator", "--id", "boss", "-o", "json"))
	if made.ID != "boss" || len(made.Secret) < 40 || made.GlobalAccount != "default" {
		t.Errorf("got %+v, want boss of default with a secret", made)
	}
	s.must(t, "auth", "token", "--role", "systemLandscapeViewer") // leaves no client behind
	if out := s.must(t, "auth", "client", "list"); !strings.Contains(out, "boss       Global Account Administrator  global account default") || strings.Count(out, "\n") != 2 {
		t.Errorf("got\n%s\nwant boss alone", out)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.http+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(made.ID, made.Secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("got %s, want the secret to be taken", response.Status)
	}
	s.must(t, "auth", "client", "delete", "boss")
	if r := s.run(t, "auth", "client", "delete", "boss"); r.code != exitRefused || !strings.Contains(r.errors, "No such OAuth client") {
		t.Errorf("got %s, want it refused", r)
	}
}

// TestAnInterruptedToken leaves no client behind, also when it is interrupted while the
// server makes one.
func TestAnInterruptedToken(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		if r.Method == http.MethodPost {
			interrupt()
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"client_id":"made","client_secret":"x"}`))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	k := &client{operator: btpclient.NewOperator(server.URL, nil), control: btpclient.NewControl(server.URL, nil)}
	if _, err := k.accessToken(ctx, btpclient.OAuthClient{Role: "viewer"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it interrupted", err)
	}
	server.Close() // all has been asked
	if want := []string{"POST /control/oauthClients", "DELETE /control/oauthClients/made"}; !slices.Equal(asked, want) {
		t.Errorf("it asked for %q, want %q", asked, want)
	}
}
