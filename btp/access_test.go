package btp_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
)

const (
	viewerRole = "System Landscape Viewer"
	tenantRole = "Tenant Administrator"
)

func TestCreateOAuthClient(t *testing.T) {
	r := open(t)
	c, secret, err := r.CreateOAuthClient(t.Context(), btp.DeclaredOAuthClient{Role: "systemLandscapeViewer", GlobalAccount: "default"})
	if err != nil {
		t.Fatal(err)
	}
	if c.ID == "" || c.Role != viewerRole || c.GlobalAccount != "default" || !c.CreatedAt.Equal(epoch) || len(secret) != 43 {
		t.Errorf("got %+v and a secret of %d characters, want a viewer of default with a secret of 43", c, len(secret))
	}
	other, otherSecret, err := r.CreateOAuthClient(t.Context(), btp.DeclaredOAuthClient{ID: "sb-x!t1", Role: tenantRole, Tenant: "commerce"})
	if err != nil || other.ID != "sb-x!t1" || other.Tenant != "commerce" || otherSecret == secret {
		t.Errorf("got %+v, %v; want sb-x!t1 with a secret of its own", other, err)
	}
	if list, err := r.OAuthClients(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("got %+v, %v; want two clients", list, err)
	}
	entries, _ := r.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Point: string(btp.PointOAuthClientCreate)}})
	if len(entries) != 2 || strings.Contains(entries[0].Detail, secret) {
		t.Errorf("got entries %+v, want two without a secret", entries)
	}
}

func TestCreateOAuthClientRefuses(t *testing.T) {
	r := open(t)
	valid := btp.DeclaredOAuthClient{ID: "taken", Role: viewerRole, GlobalAccount: "default"}
	if _, _, err := r.CreateOAuthClient(t.Context(), valid); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*btp.DeclaredOAuthClient)
		want   btp.Code
	}{
		{"id taken", func(*btp.DeclaredOAuthClient) {}, btp.NameTaken},
		{"id with a colon", func(d *btp.DeclaredOAuthClient) { d.ID = "a:b" }, btp.InvalidRequest},
		{"id with a percent sign", func(d *btp.DeclaredOAuthClient) { d.ID = "a%62" }, btp.InvalidRequest},
		{"long id", func(d *btp.DeclaredOAuthClient) { d.ID = strings.Repeat("a", 129) }, btp.InvalidRequest},
		{"short secret", func(d *btp.DeclaredOAuthClient) { d.ID, d.Secret = "b", "1234567" }, btp.InvalidRequest},
		{"secret with a plus sign", func(d *btp.DeclaredOAuthClient) { d.ID, d.Secret = "b", "12345678+" }, btp.InvalidRequest},
		{"unknown role", func(d *btp.DeclaredOAuthClient) { d.Role = "admin" }, btp.InvalidRequest},
		{"no account", func(d *btp.DeclaredOAuthClient) { d.GlobalAccount = "" }, btp.InvalidRequest},
		{"unknown account", func(d *btp.DeclaredOAuthClient) { d.ID, d.GlobalAccount = "b", "other" }, btp.GlobalAccountNotFound},
		{"account and tenant", func(d *btp.DeclaredOAuthClient) { d.Tenant = "commerce" }, btp.InvalidRequest},
		{"tenant role in an account", func(d *btp.DeclaredOAuthClient) { d.Role = tenantRole }, btp.InvalidRequest},
		{"tenant role in a bad tenant", func(d *btp.DeclaredOAuthClient) { d.Role, d.GlobalAccount, d.Tenant = tenantRole, "", "A b" }, btp.InvalidRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := valid
			tt.change(&d)
			_, _, err := r.CreateOAuthClient(t.Context(), d)
			wantCode(t, err, tt.want)
			if d.Secret != "" && strings.Contains(err.Error(), d.Secret) {
				t.Errorf("the refusal quotes the secret: %v", err)
			}
		})
	}
}

// Rule: access-needs-token
func TestAuthorize(t *testing.T) {
	r := open(t, func(c *btp.Config) {
		c.Landscape.GlobalAccounts = append(c.Landscape.GlobalAccounts, btp.GlobalAccount{ID: "acme", Subdomain: "acme-sub"})
		c.Landscape.OAuthClients = []btp.DeclaredOAuthClient{
			{ID: "viewer", Secret: "viewer-secret", Role: viewerRole, GlobalAccount: "acme-sub"},
			{ID: "shop", Secret: "shop-secret", Role: tenantRole, Tenant: "commerce"},
		}
	})
	g, err := r.Authorize(t.Context(), "viewer", "viewer-secret")
	if err != nil || g.Client != "viewer" || g.Role.Name != viewerRole || g.GlobalAccount != "acme" || g.Zone != "acme-sub" || !g.At.Equal(epoch) {
		t.Errorf("got %+v, %v; want the viewer of acme", g, err)
	}
	if g, err = r.Authorize(t.Context(), "shop", "shop-secret"); err != nil || g.Tenant != "commerce" || g.Zone != "commerce" {
		t.Errorf("got %+v, %v; want the administrator of commerce", g, err)
	}
	for _, wrong := range [][2]string{{"viewer", "shop-secret"}, {"viewer", ""}, {"nobody", ""}, {"", ""}, {"Viewer", "viewer-secret"}} {
		_, err := r.Authorize(t.Context(), wrong[0], wrong[1])
		wantCode(t, err, btp.Unauthenticated)
	}
	if err := r.DeleteOAuthClient(t.Context(), "viewer"); err != nil {
		t.Fatal(err)
	}
	_, err = r.Authorize(t.Context(), "viewer", "viewer-secret")
	wantCode(t, err, btp.Unauthenticated)
	wantCode(t, r.DeleteOAuthClient(t.Context(), "viewer"), btp.OAuthClientNotFound)
}

func TestDeclaredOAuthClientNeedsASecret(t *testing.T) {
	_, err := btp.Open(t.Context(), config(func(c *btp.Config) {
		c.Landscape.OAuthClients = []btp.DeclaredOAuthClient{{ID: "viewer", Role: viewerRole, GlobalAccount: "default"}}
	}))
	wantCode(t, err, btp.InvalidRequest)
}

// Rule: access-needs-token, role-landscape-administrator, role-viewer
func TestAdmit(t *testing.T) {
	r := open(t)
	viewer, err := btp.RoleNamed(viewerRole)
	if err != nil {
		t.Fatal(err)
	}
	as := func(p btp.Principal, err error) func(time.Time) (btp.Principal, error) {
		return func(now time.Time) (btp.Principal, error) {
			if !now.Equal(epoch) {
				t.Errorf("the token is read at %s, want the environment's now", now)
			}
			return p, err
		}
	}
	who := btp.Principal{Client: "v", Role: viewer, GlobalAccount: "default"}
	if got, err := r.Admit(t.Context(), btp.LandscapeRead, as(who, nil)); err != nil || got != who {
		t.Errorf("got %+v, %v; want the viewer admitted", got, err)
	}
	tests := []struct {
		needed btp.Permission
		names  string // in the refusal
	}{
		{btp.LandscapeWrite, "System Landscape Administrator"},
		{btp.EntitlementsWrite, "Global Account Administrator"},
		{btp.TenantWrite, tenantRole},
		{btp.AccountsCreate, "/control/globalAccounts"},
		{"undecided", "no role"},
	}
	for _, tt := range tests {
		_, err := r.Admit(t.Context(), tt.needed, as(who, nil))
		wantCode(t, err, btp.Forbidden)
		if !strings.Contains(err.Error(), tt.names) {
			t.Errorf("%s: got %v, want it to name %s", tt.needed, err, tt.names)
		}
	}
	_, err = r.Admit(t.Context(), btp.LandscapeRead, as(btp.Principal{}, btp.Errorf(btp.Unauthenticated, "no")))
	wantCode(t, err, btp.Unauthenticated)
	if entries, _ := r.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Point: string(btp.PointAccess), Kind: btp.EntryRefusal}}); len(entries) != len(tests)+1 {
		t.Errorf("the journal has %d refusals, want %d", len(entries), len(tests)+1)
	}
}

func TestAccessTokenKeyIsMadeOnce(t *testing.T) {
	store := memory.New()
	onStore := func(c *btp.Config) { c.Store = twice{store} }
	first, second := open(t, onStore), open(t, onStore)
	_, err := first.AccessTokenKey(t.Context(), func() ([]byte, error) { return nil, errors.New("no entropy") })
	wantCode(t, err, btp.Internal)

	// The second process makes its key while the first one's is being made.
	racing := func() ([]byte, error) {
		key, err := second.AccessTokenKey(t.Context(), func() ([]byte, error) { return []byte("second"), nil })
		if err != nil || string(key) != "second" {
			t.Errorf("got %s, %v; want second", key, err)
		}
		return []byte("first"), nil
	}
	for range 2 {
		key, err := first.AccessTokenKey(t.Context(), racing)
		if err != nil || !bytes.Equal(key, []byte("second")) {
			t.Errorf("got %s, %v; want the key of who was first", key, err)
		}
	}
}
