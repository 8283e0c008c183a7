package btp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/pairsim/pairsim/internal/pattern"
)

// MaxOAuthClients bounds the clients of an environment.
const MaxOAuthClients = 1000

// Ids and secrets have no character that changes when it is form-encoded, as
// RFC 6749 §2.3.1 wants them in Basic and most clients do not; "!" and "|" stand
// in the ids of SAP's own clients.
var (
	oauthClientIDRule     = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._~!|-]{0,127}$`)
	oauthClientSecretRule = pattern.New(`^[A-Za-z0-9._~-]{8,128}$`)
	tenantIDRule          = pattern.New(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

// DeclaredOAuthClient is a client of the token service, as a seed file declares
// one or a test asks for one.
type DeclaredOAuthClient struct {
	// ID and Secret are drawn when they are "".
	ID, Secret string
	// Role is a Role's name or id. GlobalAccount (id or subdomain) or Tenant says
	// where it holds.
	Role          string
	GlobalAccount string
	Tenant        string
}

// CreateOAuthClient adds a client and returns its secret, which is shown this
// once. It refuses with InvalidRequest, GlobalAccountNotFound or NameTaken.
func (r *Registry) CreateOAuthClient(ctx context.Context, d DeclaredOAuthClient) (created OAuthClient, secret string, err error) {
	var about Reference
	err = r.step(ctx, PointOAuthClientCreate, &about, func(ctx context.Context) error {
		if d.Secret == "" {
			d.Secret = drawSecret()
		}
		return r.update(ctx, func(u *unit) (err error) {
			created, err = u.createOAuthClient(d)
			return err
		})
	})
	return created, d.Secret, err
}

// drawSecret makes 256 random bits of text.
func drawSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (u *unit) createOAuthClient(d DeclaredOAuthClient) (OAuthClient, error) {
	c, err := u.oauthClientOf(d)
	if err != nil {
		return OAuthClient{}, err
	}
	all, err := u.OAuthClients().List()
	if err != nil {
		return OAuthClient{}, err
	}
	if slices.ContainsFunc(all, func(other OAuthClient) bool { return other.ID == c.ID }) {
		return OAuthClient{}, Errorf(NameTaken, "there is an OAuth client %q already", c.ID)
	}
	if len(all) >= MaxOAuthClients {
		return OAuthClient{}, Errorf(InvalidRequest, "there are %d OAuth clients already; delete some first", len(all))
	}
	u.record(EntryDecision, PointOAuthClientCreate, nil, "", "sap-domain §1",
		fmt.Sprintf("OAuth client %s in the role %s of %s", c.ID, c.Role, c.scopedTo()))
	return c, u.OAuthClients().Put(c)
}

// scopedTo says where the client's role holds.
func (c *OAuthClient) scopedTo() string {
	if c.Tenant != "" {
		return "tenant " + c.Tenant
	}
	return "global account " + string(c.GlobalAccount)
}

// oauthClientOf checks what was declared.
func (u *unit) oauthClientOf(d DeclaredOAuthClient) (OAuthClient, error) {
	role, err := RoleNamed(d.Role)
	if err != nil {
		return OAuthClient{}, err
	}
	if d.ID == "" {
		d.ID = u.env.newID()
	}
	c := OAuthClient{ID: d.ID, Secret: sha256.Sum256([]byte(d.Secret)), Role: role.Name, CreatedAt: u.now}
	switch {
	case !oauthClientIDRule.MatchString(d.ID):
		return OAuthClient{}, Errorf(InvalidRequest, "id %q: 1 to 128 letters, digits and . _ ~ ! | -, a letter or digit first", clip(d.ID))
	case !oauthClientSecretRule.MatchString(d.Secret):
		return OAuthClient{}, Errorf(InvalidRequest, "secret: 8 to 128 letters, digits and . _ ~ -")
	case role.OfTenant:
		if d.GlobalAccount != "" || !tenantIDRule.MatchString(d.Tenant) {
			return OAuthClient{}, Errorf(InvalidRequest, "the role %s holds in a tenant: give the tenant's id, and no global account", role.Name)
		}
		c.Tenant = d.Tenant
		return c, nil
	case d.Tenant != "" || d.GlobalAccount == "":
		return OAuthClient{}, Errorf(InvalidRequest, "the role %s holds in a global account: give the account, and no tenant", role.Name)
	}
	a, err := u.Accounts().Global(d.GlobalAccount)
	c.GlobalAccount = a.ID
	return c, err
}

// OAuthClients lists the clients by id.
func (r *Registry) OAuthClients(ctx context.Context) (list []OAuthClient, err error) {
	err = r.view(ctx, func(u *unit) (err error) {
		list, err = u.OAuthClients().List()
		return err
	})
	return list, err
}

// DeleteOAuthClient deletes a client: it gets no more access tokens. Those that
// it has are good until they expire, as XSUAA's are.
func (r *Registry) DeleteOAuthClient(ctx context.Context, id string) error {
	var about Reference
	return r.step(ctx, PointOAuthClientDelete, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			_, known, err := u.OAuthClients().Find(id)
			if err != nil {
				return err
			}
			if !known {
				return Errorf(OAuthClientNotFound, "there is no OAuth client %q", clip(id))
			}
			u.record(EntryDecision, PointOAuthClientDelete, nil, "", "pairsim", "OAuth client "+id+" is deleted")
			return u.OAuthClients().Delete(id)
		})
	})
}
