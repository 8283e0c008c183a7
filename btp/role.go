package btp

import (
	"slices"
	"strings"
)

// Permission is a kind of thing to do that roles allow. Without --auth nobody is
// asked for one.
type Permission string

// The permissions.
const (
	// LandscapeRead sees the objects of a global account, without secrets.
	LandscapeRead Permission = "landscapeRead"
	// LandscapeWrite registers, deregisters and removes systems, makes and shows
	// their tokens, and changes formations.
	LandscapeWrite Permission = "landscapeWrite"
	// EntitlementsWrite gives subaccounts entitlement configurations, and takes them.
	EntitlementsWrite Permission = "entitlementsWrite"
	// AccountsWrite adds and changes the subaccounts of a global account.
	AccountsWrite Permission = "accountsWrite"
	// AccountsCreate adds global accounts. No role has it: a role holds in one
	// account, and nobody in an account adds another.
	AccountsCreate Permission = "accountsCreate"
	// TenantWrite does what a tenant's administrator does, in one tenant.
	TenantWrite Permission = "tenantWrite"
)

// Permissions are all permissions.
var Permissions = []Permission{LandscapeRead, LandscapeWrite, EntitlementsWrite, AccountsWrite, AccountsCreate, TenantWrite}

// Role is a role of a person (sap-domain §1).
type Role struct {
	// ID stands in scopes, Name is what people call it.
	ID, Name string
	// OfTenant says that the role holds in one tenant; the others hold in one
	// global account.
	OfTenant    bool
	permissions []Permission
	// Source is the document that the row rests on.
	Source string
}

// Roles are all roles. A global account's administrator is none of a tenant, nor
// the reverse (design §9).
var Roles = []*Role{
	{
		ID: "globalAccountAdministrator", Name: "Global Account Administrator",
		permissions: []Permission{LandscapeRead, LandscapeWrite, EntitlementsWrite, AccountsWrite},
		Source:      "2ffdaff.md, 5ba357b.md",
	},
	{
		ID: "systemLandscapeAdministrator", Name: "System Landscape Administrator",
		permissions: []Permission{LandscapeRead, LandscapeWrite},
		Source:      "2ffdaff.md, 68b04fa.md, 0c6f498.md, 0039cf0.md",
	},
	{
		ID: "systemLandscapeViewer", Name: "System Landscape Viewer",
		permissions: []Permission{LandscapeRead},
		Source:      "0039cf0.md, a6a0072.md",
	},
	{
		ID: "tenantAdministrator", Name: "Tenant Administrator", OfTenant: true,
		permissions: []Permission{TenantWrite},
		Source:      "SEED-000, d7416c3.md",
	},
}

// RoleNamed finds a role by name or id, ignoring case.
func RoleNamed(text string) (*Role, error) {
	names := make([]string, 0, len(Roles))
	for _, r := range Roles {
		if strings.EqualFold(text, r.Name) || strings.EqualFold(text, r.ID) {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return nil, Errorf(InvalidRequest, "there is no role %q; roles are %s", clip(text), strings.Join(names, ", "))
}

// Permits says whether r allows what needs p.
func (r *Role) Permits(p Permission) bool { return slices.Contains(r.permissions, p) }

// RolesThatPermit are the names of the roles that allow what needs p.
func RolesThatPermit(p Permission) []string {
	var names []string
	for _, r := range Roles {
		if r.Permits(p) {
			names = append(names, r.Name)
		}
	}
	return names
}
