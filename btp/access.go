package btp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"
)

// Principal is who sent an access token: a client of the token service, which
// stands for one person in one role.
type Principal struct {
	// Client is an OAuthClient's ID.
	Client        string
	Role          *Role
	GlobalAccount GlobalAccountID
	Tenant        string
}

// refused is why p may not do what needs a permission; nil when p may. The
// detail names the role that would do.
func (p Principal) refused(needed Permission) error {
	if p.Role.Permits(needed) {
		return nil
	}
	able := RolesThatPermit(needed)
	switch {
	case needed == AccountsCreate:
		return Errorf(Forbidden, "no role adds global accounts; declare it in the seed file, or make it on the control listener (POST /control/globalAccounts)")
	case len(able) == 0:
		return Errorf(Forbidden, "no role allows it")
	}
	return Errorf(Forbidden, "the role %s does not allow it; these do: %s", p.Role.Name, strings.Join(able, ", "))
}

// Grant is what an access token is made of.
type Grant struct {
	Principal
	// Zone is the subdomain of the global account, or the tenant's id.
	Zone string
	// At is the environment's now.
	At time.Time
}

// Authorize checks the credentials of a client that asks for an access token. It
// refuses with Unauthenticated, without saying which of the two is wrong.
func (r *Registry) Authorize(ctx context.Context, id, secret string) (Grant, error) {
	var about Reference
	var g Grant
	err := r.step(ctx, PointAccessToken, &about, func(ctx context.Context) error {
		return r.view(ctx, func(u *unit) (err error) {
			g, err = u.authorize(id, secret)
			return err
		})
	})
	return g, err
}

func (u *unit) authorize(id, secret string) (Grant, error) {
	c, _, err := u.OAuthClients().Find(id)
	if err != nil {
		return Grant{}, err
	}
	// An unknown client has a digest of zeros, which no secret has.
	given := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(given[:], c.Secret[:]) != 1 {
		return Grant{}, Errorf(Unauthenticated, "there is no OAuth client with this id and secret")
	}
	return u.grantOf(c)
}

func (u *unit) grantOf(c OAuthClient) (Grant, error) {
	role, err := RoleNamed(c.Role)
	if err != nil {
		return Grant{}, fmt.Errorf("OAuth client %s: %w", c.ID, err)
	}
	g := Grant{Principal: Principal{Client: c.ID, Role: role, GlobalAccount: c.GlobalAccount, Tenant: c.Tenant}, Zone: c.Tenant, At: u.now}
	if !role.OfTenant {
		a, err := u.Accounts().Global(string(c.GlobalAccount))
		if err != nil {
			return Grant{}, err
		}
		g.Zone = a.Subdomain
	}
	return g, nil
}

// Admit decides whether somebody may do what needs a permission. who reads the
// access token at the environment's now; it refuses with Unauthenticated. Admit
// refuses with Forbidden, and names the role that would do.
func (r *Registry) Admit(ctx context.Context, needed Permission, who func(now time.Time) (Principal, error)) (p Principal, err error) {
	var about Reference
	err = r.step(ctx, PointAccess, &about, func(ctx context.Context) error {
		state, err := r.ReadClock(ctx) // another process may have moved it
		if err != nil {
			return err
		}
		if p, err = who(state.Now); err != nil {
			return err
		}
		return p.refused(needed)
	})
	return p, err
}

// AccessTokenAuthority is the name under which the token service's key is stored.
const AccessTokenAuthority = "access-token"

// AccessTokenKey is the key that signs access tokens, PKCS#8 in PEM: a secret.
// The first to ask makes it; all processes on a store have the same.
func (r *Registry) AccessTokenKey(ctx context.Context, newKey func() ([]byte, error)) ([]byte, error) {
	var stored AuthorityMaterial
	find := func(u *unit) (known bool, err error) {
		stored, known, err = u.Authorities().Find(AccessTokenAuthority)
		return known, err
	}
	var known bool
	err := r.view(ctx, func(u *unit) (err error) {
		known, err = find(u)
		return err
	})
	if err != nil || known {
		return stored.IssuingKeyPEM, err
	}
	made, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("make the key of access tokens: %w", err)
	}
	err = r.update(ctx, func(u *unit) error {
		known, err := find(u)
		if err != nil || known { // another process was first
			return err
		}
		stored = AuthorityMaterial{IssuingKeyPEM: made}
		return u.Authorities().Put(AccessTokenAuthority, stored)
	})
	return stored.IssuingKeyPEM, err
}
