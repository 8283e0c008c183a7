package tenant

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btpclient"
)

// What an access token of the registry's token service says to a tenant
// (docs/wire.md, Access).
const (
	accessAudience     = "pairsim"
	administratorScope = "pairsim.tenantAdministrator"
	tenantScope        = "pairsim.tenant:"
	maxAccessToken     = 8 << 10 // bytes
)

// authorized is do for the tenant's own administrator, where the tenant asks for
// one (Config.Authorize).
func (t *Tenant) authorized(c *gin.Context, do func(*gin.Context, *Tenant) error) error {
	if t.cfg.Authorize && !openToAll(c.FullPath()) {
		own, err := t.administered(c)
		if err != nil {
			return err
		}
		if own != t.cfg.ID {
			return challenged(c, refuse(forbidden, "the access token is of the administrator of tenant %s", clip(own, 63)))
		}
	}
	return do(c, t)
}

// openToAll says which routes no administrator calls: the registry fetches
// specifications, and proves itself at callbacks by what it signed; the product's
// own APIs have their own credentials; the OpenAPI document is everybody's.
func openToAll(route string) bool {
	const base = "/tenants/:tenant/"
	return route == documentPath || strings.HasPrefix(route, base+"specifications/") || strings.HasPrefix(route, base+"callback/") || ofProduct(route)
}

// ofProduct tells whether a route is of the product's own APIs.
func ofProduct(route string) bool { return strings.HasPrefix(route, "/tenants/:tenant/api/") }

// listOwn lists the tenants that the caller administers: one, or all where
// nobody is asked.
func (s server) listOwn(c *gin.Context) {
	i := slices.IndexFunc(s.tenants, func(t *Tenant) bool { return t.cfg.Authorize })
	if i < 0 {
		s.list(c)
		return
	}
	own, err := s.tenants[i].administered(c) // all tenants of a process have one registry
	if err != nil {
		write(c, err)
		return
	}
	server{tenants: slices.DeleteFunc(slices.Clone(s.tenants), func(t *Tenant) bool { return t.cfg.ID != own })}.list(c)
}

// administered is the id of the tenant whose administrator sends the request.
// The keys are read from the registry with each request: so they are never
// stale, and neither is the time.
func (t *Tenant) administered(c *gin.Context) (string, error) {
	raw, err := accessToken(c.Request.Header.Values("Authorization"))
	if err != nil {
		return "", challenged(c, err)
	}
	keys, now, err := t.tokenKeys(c.Request.Context())
	if err != nil {
		return "", err
	}
	own, err := verifyAccess(raw, keys, now)
	return own, challenged(c, err)
}

func (t *Tenant) tokenKeys(ctx context.Context) ([]btpclient.Key, time.Time, error) {
	keys, now, err := t.connector.TokenKeys(ctx)
	if err != nil {
		r := refuse(registryUnreachable, "the registry's token keys cannot be read, so no access token can be checked")
		r.Cause = err
		return nil, now, r
	}
	if now.IsZero() {
		now = t.cfg.Now().UTC()
	}
	return keys, now, nil
}

// accessToken is the token of an Authorization header (RFC 6750 §2.1).
func accessToken(authorization []string) (string, error) {
	if len(authorization) == 0 {
		return "", refuse(unauthenticated, "the call needs an access token of the tenant's administrator, and has none")
	}
	scheme, raw, _ := strings.Cut(authorization[0], " ")
	raw = strings.Trim(raw, " ")
	if len(authorization) > 1 || !strings.EqualFold(scheme, "Bearer") || raw == "" || len(raw) > maxAccessToken {
		return "", refuse(unauthenticated, "the Authorization header is not Bearer with one access token")
	}
	return raw, nil
}

// accessClaims are what a tenant reads of an access token.
type accessClaims struct {
	jwt.RegisteredClaims
	Scope []string `json:"scope"`
}

// verifyAccess returns the id of the tenant whose administrator an access token
// stands for, if one of keys signed it and it is good at now.
func verifyAccess(raw string, keys []btpclient.Key, now time.Time) (string, error) {
	var said accessClaims
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}), jwt.WithStrictDecoding(), jwt.WithAudience(accessAudience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(func() time.Time { return now }),
	)
	_, err := parser.ParseWithClaims(raw, &said, func(token *jwt.Token) (any, error) {
		if token.Header["crit"] != nil {
			return nil, errors.New("an extension that nobody knows")
		}
		return signingKey(token, keys)
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && said.ExpiresAt != nil:
		return "", refuse(unauthenticated, "the access token expired at %s", said.ExpiresAt.UTC().Format(time.RFC3339))
	case err != nil:
		return "", refuse(unauthenticated, "the access token is none of the registry's token service")
	case !slices.Contains(said.Scope, administratorScope):
		return "", refuse(forbidden, "only the tenant's own administrator may do this; a role in a global account is none in a tenant")
	}
	for _, scope := range said.Scope {
		if id, ok := strings.CutPrefix(scope, tenantScope); ok && id != "" {
			return id, nil
		}
	}
	return "", refuse(unauthenticated, "the access token does not say of which tenant")
}

// challenged says how to come in (RFC 6750 §3), and returns err.
func challenged(c *gin.Context, err error) error {
	var r *Refusal
	if !errors.As(err, &r) {
		return err
	}
	switch sent := len(c.Request.Header.Values("Authorization")) > 0; {
	case r.Code == forbidden:
		c.Header("WWW-Authenticate", `Bearer realm="pairsim", error="insufficient_scope"`)
	case r.Code == unauthenticated && sent:
		c.Header("WWW-Authenticate", `Bearer realm="pairsim", error="invalid_token"`)
	case r.Code == unauthenticated:
		c.Header("WWW-Authenticate", `Bearer realm="pairsim"`)
	}
	return err
}
