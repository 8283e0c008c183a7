package btp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// TestRoles holds the table against sap-domain §1, written down once more.
//
// Rule: role-administrator, role-landscape-administrator, role-viewer
func TestRoles(t *testing.T) {
	const (
		account  = "Global Account Administrator"
		operator = "System Landscape Administrator"
		viewer   = "System Landscape Viewer"
		tenant   = "Tenant Administrator"
	)
	want := map[btp.Permission]string{
		btp.LandscapeRead:     account + "," + operator + "," + viewer,
		btp.LandscapeWrite:    account + "," + operator,
		btp.EntitlementsWrite: account,
		btp.AccountsWrite:     account,
		btp.AccountsCreate:    "",
		btp.TenantWrite:       tenant,
	}
	if len(want) != len(btp.Permissions) {
		t.Errorf("there are %d permissions, want %d", len(btp.Permissions), len(want))
	}
	names := strings.Split(account+","+operator+","+viewer+","+tenant, ",")
	for i, r := range btp.Roles {
		if r.Name != names[i] || r.Source == "" || r.OfTenant != (r.Name == tenant) {
			t.Errorf("got role %+v, want %s, with its document", *r, names[i])
		}
		for _, p := range btp.Permissions {
			if allowed := slices.Contains(strings.Split(want[p], ","), r.Name); r.Permits(p) != allowed {
				t.Errorf("%s, %s: got %t, want %t", r.Name, p, r.Permits(p), allowed)
			}
		}
	}
	for _, p := range btp.Permissions {
		if got := strings.Join(btp.RolesThatPermit(p), ","); got != want[p] {
			t.Errorf("%s: got roles %q, want %q", p, got, want[p])
		}
	}
}

func TestRoleNamed(t *testing.T) {
	for text, want := range map[string]string{
		"Global Account Administrator": "globalAccountAdministrator",
		"system landscape viewer":      "systemLandscapeViewer",
		"systemLandscapeViewer":        "systemLandscapeViewer",
		"TENANTADMINISTRATOR":          "tenantAdministrator",
	} {
		if r, err := btp.RoleNamed(text); err != nil || r.ID != want {
			t.Errorf("%s: got %v, %v; want %s", text, r, err, want)
		}
	}
	for _, text := range []string{"", "administrator", "System Landscape Viewer "} {
		_, err := btp.RoleNamed(text)
		wantCode(t, err, btp.InvalidRequest)
	}
}
