package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// TestEveryRouteHasItsPermission: with --auth nobody may call a route of which
// the table says nothing.
//
// Rule: role-viewer, access-needs-token
func TestEveryRouteHasItsPermission(t *testing.T) {
	r := gin.New()
	Mount(r, Config{})
	routed := map[string]bool{}
	for _, route := range r.Routes() {
		routed[route.Method+" "+route.Path] = true
		needed, known := access[route.Method+" "+route.Path]
		if !known {
			t.Errorf("%s %s has no row in the table access", route.Method, route.Path)
		}
		if needed != anyone && !slices.Contains(btp.Permissions, needed) {
			t.Errorf("%s %s needs %q, which is no permission", route.Method, route.Path, needed)
		}
		if needed == btp.LandscapeRead && route.Method != http.MethodGet && route.Path != "/api/v1/tokens/inspection" {
			t.Errorf("%s %s is open to viewers, and changes something", route.Method, route.Path)
		}
	}
	for row := range access {
		if !routed[row] {
			t.Errorf("the table access has a row for %s, which is no route", row)
		}
	}
}

// TestSecretsAreNotForViewers: what is read with a secret in it needs the right to
// change something.
//
// Rule: role-viewer
func TestSecretsAreNotForViewers(t *testing.T) {
	for _, route := range []string{
		"GET /api/v1/systems/:id/token",
		"GET /api/v1/serviceBindings/:id",
		"GET /api/v1/subaccounts/:id/runtime/applications/:application/manifests",
		"POST /api/v1/subaccounts/:id/destinations/:destination/find",
	} {
		if needed := access[route]; needed != btp.LandscapeWrite {
			t.Errorf("%s: got %q, want %s: its answer holds a secret", route, needed, btp.LandscapeWrite)
		}
	}
}

// gate admits by a rule and notes what it was asked for.
type gate struct {
	err    error
	needed btp.Permission
	sent   []string
}

func (g *gate) Admit(_ context.Context, sent []string, needed btp.Permission) (btp.Principal, error) {
	g.needed, g.sent = needed, sent
	return btp.Principal{GlobalAccount: "acme"}, g.err
}

func TestAdmitted(t *testing.T) {
	tests := []struct {
		name, method, path string
		header             string
		err                error
		needed             btp.Permission
		status             int
		challenge          string
	}{
		{"admitted", "GET", "/api/v1/systems/7", "Bearer x", nil, btp.LandscapeRead, 204, ""},
		{"HEAD as GET", "HEAD", "/api/v1/systems/7", "Bearer x", nil, btp.LandscapeRead, 204, ""},
		{"HEAD refused", "HEAD", "/api/v1/systems/7", "", btp.Errorf(btp.Unauthenticated, "no"), btp.LandscapeRead, 401, `Bearer realm="pairsim"`},
		{"no token", "GET", "/api/v1/systems/7", "", btp.Errorf(btp.Unauthenticated, "no"), btp.LandscapeRead, 401, `Bearer realm="pairsim"`},
		{"bad token", "GET", "/api/v1/systems/7", "Bearer x", btp.Errorf(btp.Unauthenticated, "no"), btp.LandscapeRead, 401, `Bearer realm="pairsim", error="invalid_token"`},
		{"another role", "POST", "/api/v1/systems/:id/tokens", "Bearer x", btp.Errorf(btp.Forbidden, "no"), btp.LandscapeWrite, 403, `Bearer realm="pairsim", error="insufficient_scope"`},
		{"undecided route", "GET", "/api/v1/nobody/decided", "Bearer x", btp.Errorf(btp.Forbidden, "no"), "undecided", 403, `Bearer realm="pairsim", error="insufficient_scope"`},
		{"open route", "GET", "/api/v1/openapi.json", "", btp.Errorf(btp.Unauthenticated, "no"), "", 204, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := &gate{err: tt.err}
			s := &server{Config{Access: g}}
			var ran bool
			r := gin.New()
			handler := Handle(nil, s.admitted(func(c *gin.Context) error {
				if ran = true; g.needed != "" && c.Request.Context() == context.Background() {
					t.Error("the rules are not told the caller's account")
				}
				c.Status(http.StatusNoContent)
				return nil
			}))
			for _, path := range []string{"/api/v1/systems/:id", "/api/v1/systems/:id/tokens", "/api/v1/nobody/decided", "/api/v1/openapi.json"} {
				r.Handle(tt.method, path, handler)
			}
			req := httptest.NewRequest(tt.method, strings.Replace(tt.path, ":id", "7", 1), nil)
			if tt.header != "" {
				req.Header.Set("Authorization", tt.header)
			}
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			if w.Code != tt.status || g.needed != tt.needed || w.Header().Get("WWW-Authenticate") != tt.challenge || ran != (tt.status == 204) {
				t.Errorf("got %d, asked for %q, challenge %q; want %d, %q, %q", w.Code, g.needed, w.Header().Get("WWW-Authenticate"), tt.status, tt.needed, tt.challenge)
			}
		})
	}
}

// TestDocumentTellsTheRoles: the OpenAPI document says what the table says.
func TestDocumentTellsTheRoles(t *testing.T) {
	type operation struct {
		Security  []map[string][]string
		Roles     []string `json:"x-pairsim-roles"`
		Responses map[string]any
	}
	var doc struct {
		Paths map[string]struct{ Get, Post *operation }
	}
	if err := json.Unmarshal(OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	viewed, registered := doc.Paths["/api/v1/systems/{id}"].Get, doc.Paths["/api/v1/globalAccounts/{ga}/systems"].Post
	for name, tt := range map[string]struct {
		got   *operation
		roles int
	}{"show a system": {viewed, 3}, "register a system": {registered, 2}, "add an account": {doc.Paths["/api/v1/globalAccounts"].Post, 0}} {
		if len(tt.got.Roles) != tt.roles || len(tt.got.Security) != 2 || tt.got.Responses["401"] == nil || tt.got.Responses["403"] == nil {
			t.Errorf("%s: got %+v, want %d roles, security, 401 and 403", name, *tt.got, tt.roles)
		}
	}
	if open := doc.Paths["/api/v1/openapi.json"].Get; open.Security != nil || open.Responses["401"] != nil {
		t.Errorf("an open operation: got %+v, want no security", *open)
	}
}
