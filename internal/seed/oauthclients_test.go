package seed_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/seed"
)

func TestOAuthClients(t *testing.T) {
	f, err := seed.Parse([]byte(`globalAccounts: [{id: acme}, {id: other}]
oauthClients:
  - {id: viewer, secret: viewer-secret, role: systemLandscapeViewer}
  - {id: admin, secret: admin-secret, role: Global Account Administrator, globalAccount: other}
  - {id: shop, secret: shop-secret, role: Tenant Administrator, tenant: commerce}
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Try(t.Context()); err != nil {
		t.Error(err)
	}
	cfg := landscape.Default()
	if err := f.Apply(&cfg); err != nil {
		t.Fatal(err)
	}
	want := []btp.DeclaredOAuthClient{
		{ID: "viewer", Secret: "viewer-secret", Role: "systemLandscapeViewer", GlobalAccount: "acme"},
		{ID: "admin", Secret: "admin-secret", Role: "Global Account Administrator", GlobalAccount: "other"},
		{ID: "shop", Secret: "shop-secret", Role: "Tenant Administrator", Tenant: "commerce"},
	}
	if diff := cmp.Diff(want, cfg.Landscape.OAuthClients); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestOAuthClientFindings(t *testing.T) {
	tests := []struct{ name, clients, want string }{
		{"no secret", `[{id: a, role: systemLandscapeViewer}]`, "1: oauthClients[0]: missing property 'secret'"},
		{"no such role", `[{id: a, secret: sesame-x, role: admin}]`, `1: oauthClients[0].role: there is no role "admin"`},
		{"id twice", `[{id: a, secret: sesame-x, role: systemLandscapeViewer}, {id: a, secret: sesame-x, role: systemLandscapeViewer}]`, `oauthClients[1].id: "a" is taken`},
		{"short secret", `[{id: a, secret: sesame, role: systemLandscapeViewer}]`, "1: oauthClients[0]: secret: 8 to 128"},
		{"tenant of a viewer", `[{id: a, secret: sesame-x, role: systemLandscapeViewer, tenant: commerce}]`, "1: oauthClients[0]: the role System Landscape Viewer holds in a global account"},
		{"tenant's administrator of nothing", `[{id: a, secret: sesame-x, role: tenantAdministrator}]`, "1: oauthClients[0]: the role Tenant Administrator holds in a tenant"},
		{"unknown account", `[{id: a, secret: sesame-x, role: systemLandscapeViewer, globalAccount: other}]`, "1: oauthClients[0]:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := seed.Parse([]byte("oauthClients: " + tt.clients + "\n"))
			if err == nil {
				err = f.Try(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "sesame") {
				t.Errorf("got %v, want %s and no secret", err, tt.want)
			}
		})
	}
}
