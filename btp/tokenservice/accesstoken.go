package tokenservice

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/token"
)

const (
	// Audience is in the aud of every access token. As XSUAA's, it is what stands
	// before the last dot of a scope.
	Audience = "pairsim"
	// Validity of an access token: XSUAA's default.
	Validity = 12 * time.Hour

	scopePrefix  = Audience + "."
	accountScope = scopePrefix + "globalAccount:"
	tenantScope  = scopePrefix + "tenant:"
	tokenPath    = "/oauth/token"
	keysPath     = "/token_keys"
	// discoveryPath is that of OpenID Connect Discovery 1.0, 4.
	discoveryPath = "/.well-known/openid-configuration"
	maxToken      = 8 << 10 // bytes
)

// claims are what an access token says (service-apis §1).
type claims struct {
	Issuer      string           `json:"iss"`
	Audience    jwt.ClaimStrings `json:"aud"`
	Subject     string           `json:"sub"`
	ID          string           `json:"jti"`
	IssuedAt    *jwt.NumericDate `json:"iat"`
	ExpiresAt   *jwt.NumericDate `json:"exp"`
	ClientID    string           `json:"client_id"`
	CID         string           `json:"cid"`
	AZP         string           `json:"azp"`
	GrantType   string           `json:"grant_type"`
	Scope       []string         `json:"scope"`
	Authorities []string         `json:"authorities,omitempty"`
	// Zone is the global account, or the tenant, in which the role holds; of a client
	// of a platform service, the subaccount.
	Zone       string     `json:"zid"`
	Attributes attributes `json:"ext_attr"`
	UserID     string     `json:"user_id,omitempty"`
	UserName   string     `json:"user_name,omitempty"`
	Email      string     `json:"email,omitempty"`
	Origin     string     `json:"origin,omitempty"`
}

type attributes struct {
	Enhancer   string `json:"enhancer"`
	Subaccount string `json:"subaccountid,omitempty"`
	Zone       string `json:"zdn"`
	Instance   string `json:"serviceinstanceid,omitempty"`
}

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.ExpiresAt, nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return c.IssuedAt, nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (c *claims) GetIssuer() (string, error)                   { return c.Issuer, nil }
func (c *claims) GetSubject() (string, error)                  { return c.Subject, nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return c.Audience, nil }

// scopesOf says role and place in the words of OAuth.
func scopesOf(p btp.Principal) []string {
	scopes := []string{scopePrefix + p.Role.ID}
	if p.Role.OfTenant {
		return append(scopes, tenantScope+p.Tenant)
	}
	return append(scopes, accountScope+string(p.GlobalAccount))
}

// claimsOf are the claims of a token for g with these of its scopes; base is the
// URL under which the client reached the service.
func claimsOf(g btp.Grant, scopes []string, base string) *claims {
	zone := g.Tenant
	if !g.Role.OfTenant {
		zone = string(g.GlobalAccount)
	}
	issued := g.At.Truncate(time.Second)
	return &claims{
		Issuer: base + tokenPath, Audience: jwt.ClaimStrings{Audience, g.Client}, Subject: g.Client, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(issued), ExpiresAt: jwt.NewNumericDate(issued.Add(Validity)),
		ClientID: g.Client, CID: g.Client, AZP: g.Client, GrantType: clientCredentials, Scope: scopes, Authorities: scopes,
		Zone: zone, Attributes: attributes{Enhancer: "XSUAA", Zone: g.Zone},
	}
}

// serviceScopes are what a client of a platform service may do; without authorities
// of its own, it has the scope that each of UAA's clients has.
func serviceScopes(g *btp.ServiceGrant) []string {
	switch {
	case len(g.Authorities) > 0:
		return slices.Clone(g.Authorities)
	case g.User != nil:
		return []string{"openid"}
	}
	return []string{"uaa.resource"}
}

// serviceClaims are claimsOf for a client of a platform service, or for its user.
func serviceClaims(g *btp.ServiceGrant, grantType string, scopes []string, base string) *claims {
	issued := g.At.Truncate(time.Second)
	c := &claims{
		Issuer: base + tokenPath, Audience: jwt.ClaimStrings{g.ID}, Subject: g.ID, ID: uuid.NewString(),
		IssuedAt: jwt.NewNumericDate(issued), ExpiresAt: jwt.NewNumericDate(issued.Add(Validity)),
		ClientID: g.ID, CID: g.ID, AZP: g.ID, GrantType: grantType, Scope: scopes, Authorities: scopes,
		Zone:       string(g.Subaccount),
		Attributes: attributes{Enhancer: "XSUAA", Subaccount: string(g.Subaccount), Zone: g.Subdomain, Instance: g.Instance},
	}
	if g.XSAppName != "" && g.XSAppName != g.ID {
		c.Audience = append(c.Audience, g.XSAppName)
	}
	if u := g.User; u != nil {
		c.Subject, c.Authorities = u.ID, nil
		c.UserID, c.UserName, c.Email, c.Origin = u.ID, u.Name, u.Email, u.Origin
	}
	return c
}

// userOf is whom a token tells of; nil for a client.
func (c *claims) userOf() *btp.User {
	if c.UserName == "" {
		return nil
	}
	return &btp.User{ID: c.UserID, Name: c.UserName, Email: c.Email, Origin: c.Origin}
}

// sign returns the compact form. base is where the key set is.
func sign(c *claims, key *token.Key, base string) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	t.Header["kid"] = key.ID
	t.Header["jku"] = base + keysPath
	return t.SignedString(key.Private)
}

// verify reads an access token for a role, that key signed and that is good at now.
// Every refusal is Unauthenticated; none quotes the token.
func verify(raw string, key *token.Key, now time.Time) (*claims, error) {
	return read(raw, key, now, jwt.WithAudience(Audience))
}

// verifyService is verify for a token of a platform service's client, whose audience
// is the client itself.
func verifyService(raw string, key *token.Key, now time.Time) (*claims, error) {
	c, err := read(raw, key, now)
	if err == nil && (c.ClientID == "" || c.Zone == "" || !slices.Contains(c.Audience, c.ClientID) || slices.Contains(c.Audience, Audience)) {
		return nil, btp.Errorf(btp.Unauthenticated, "the access token is not of a client of a platform service")
	}
	return c, err
}

func read(raw string, key *token.Key, now time.Time, more ...jwt.ParserOption) (*claims, error) {
	if len(raw) > maxToken {
		return nil, btp.Errorf(btp.Unauthenticated, "the access token has %d bytes, more than %d", len(raw), maxToken)
	}
	if integration, _, err := token.Peek(raw); err == nil && integration.Audience == token.Audience {
		return nil, btp.Errorf(btp.Unauthenticated, "this is an integration token: it pairs a system and is no access token")
	}
	parser := jwt.NewParser(append(more,
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithStrictDecoding(),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithTimeFunc(func() time.Time { return now }),
	)...)
	var c claims
	_, err := parser.ParseWithClaims(raw, &c, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != key.ID || t.Header["crit"] != nil { // a critical extension that nobody knows (RFC 7515 §4.1.11)
			return nil, errors.New("another key, or an extension")
		}
		return key.Public().Public, nil
	})
	if err != nil {
		return nil, explain(err, &c)
	}
	return &c, nil
}

func explain(err error, c *claims) error {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return btp.Errorf(btp.Unauthenticated, "the access token is not a signed JSON Web Token")
	case errors.Is(err, jwt.ErrTokenUnverifiable), errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return btp.Errorf(btp.Unauthenticated, "the access token was not issued by this registry's token service")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return btp.Errorf(btp.Unauthenticated, "the access token is not meant for pairsim")
	case errors.Is(err, jwt.ErrTokenExpired) && c.ExpiresAt != nil:
		return btp.Errorf(btp.Unauthenticated, "the access token expired at %s", c.ExpiresAt.UTC().Format(time.RFC3339))
	}
	return btp.Errorf(btp.Unauthenticated, "the access token's claims are incomplete, or it is not valid yet")
}

// principalOf reads who a token stands for from its scopes.
func principalOf(c *claims) (btp.Principal, error) {
	p := btp.Principal{Client: c.ClientID}
	for _, scope := range c.Scope {
		if id, ok := strings.CutPrefix(scope, accountScope); ok {
			p.GlobalAccount = btp.GlobalAccountID(id)
		} else if id, ok := strings.CutPrefix(scope, tenantScope); ok {
			p.Tenant = id
		} else if i := slices.IndexFunc(btp.Roles, func(r *btp.Role) bool { return scopePrefix+r.ID == scope }); i >= 0 {
			p.Role = btp.Roles[i]
		}
	}
	if p.Role == nil || p.Role.OfTenant != (p.Tenant != "") || p.Role.OfTenant == (p.GlobalAccount != "") {
		return btp.Principal{}, btp.Errorf(btp.Unauthenticated, "the access token's scopes name no role, or not where it holds")
	}
	return p, nil
}
