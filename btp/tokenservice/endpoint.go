package tokenservice

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/token"
)

const (
	clientCredentials = "client_credentials"
	passwordGrant     = "password"
	jwtBearer         = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	zoneHeader        = "X-Zid"
	maxForm           = 64 << 10 // bytes
	reasonHeader      = "Pairsim-Reason"
)

// refusal is an error answer of RFC 6749 §5.2.
type refusal struct {
	status            int
	code, description string
	reason            btp.Code
}

func (r *refusal) Error() string { return r.code + ": " + r.description }

func badRequest(code, description string) error {
	return &refusal{http.StatusBadRequest, code, description, btp.InvalidRequest}
}

func unauthorized(description string) error {
	return &refusal{http.StatusUnauthorized, "invalid_client", description, btp.Unauthenticated}
}

// accessToken is the answer of RFC 6749 §5.1, with XSUAA's jti.
type accessToken struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope"`
	JTI         string `json:"jti"`
}

func (s *Service) issue(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("Pragma", "no-cache")
	answer, err := s.grant(c)
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.JSON(http.StatusOK, answer)
}

func (s *Service) grant(c *gin.Context) (answer accessToken, err error) {
	ctx := c.Request.Context()
	form, err := readForm(c)
	if err != nil {
		return answer, err
	}
	grantType := form.Get("grant_type")
	q := btp.TokenRequest{Zone: c.Param("zone")}
	if grantType == passwordGrant {
		q.Password = &btp.UserPassword{Name: form.Get("username"), Password: form.Get("password")}
	}
	if q.Client, q.Secret, err = credentials(c.Request, form); err != nil {
		return answer, err
	}
	if zid := c.GetHeader(zoneHeader); zid != "" {
		q.Zone = zid
	}
	role, service, err := s.Registry.AuthorizeClient(ctx, q)
	if err != nil {
		return answer, err
	}
	key, err := s.key(ctx)
	if err != nil {
		return answer, err
	}
	if err := checkGrant(grantType, role != nil); err != nil {
		return answer, err
	}
	base := s.base(c)
	var said *claims
	if role != nil {
		scopes, err := narrowed(scopesOf(role.Principal), form.Get("scope"))
		if err != nil {
			return answer, err
		}
		said = claimsOf(*role, scopes, base)
	} else {
		if grantType == jwtBearer {
			if service.User, err = userOfAssertion(form.Get("assertion"), key, service); err != nil {
				return answer, err
			}
		}
		scopes, err := narrowed(serviceScopes(service), form.Get("scope"))
		if err != nil {
			return answer, err
		}
		said = serviceClaims(service, grantType, scopes, base)
	}
	text, err := sign(said, key, base)
	return accessToken{text, "bearer", int64(Validity / time.Second), strings.Join(said.Scope, " "), said.ID}, err
}

// checkGrant refuses a grant that the client cannot have: one in a role stands for
// one person already.
func checkGrant(grantType string, inRole bool) error {
	switch {
	case grantType == "":
		return badRequest("invalid_request", "grant_type is missing")
	case grantType == clientCredentials:
	case inRole:
		return badRequest("unsupported_grant_type", "grant_type must be "+clientCredentials+" for a client in a role")
	case grantType != passwordGrant && grantType != jwtBearer:
		return badRequest("unsupported_grant_type", "grant_type must be "+clientCredentials+", "+passwordGrant+" or "+jwtBearer)
	}
	return nil
}

// userOfAssertion is whom the user token of a JWT bearer grant is of (RFC 7523): one
// that this service issued in the client's own zone.
func userOfAssertion(raw string, key *token.Key, g *btp.ServiceGrant) (*btp.User, error) {
	if raw == "" {
		return nil, badRequest("invalid_request", "assertion is missing: the user's token")
	}
	c, err := verifyService(raw, key, g.At)
	var refused *btp.Error
	switch {
	case errors.As(err, &refused):
		return nil, badRequest("invalid_grant", "assertion: "+refused.Detail)
	case err != nil:
		return nil, err
	case c.Zone != string(g.Subaccount):
		return nil, badRequest("invalid_grant", "assertion: the token is of another zone")
	case c.userOf() == nil:
		return nil, badRequest("invalid_grant", "assertion: the token tells of no user")
	}
	return c.userOf(), nil
}

// base is the URL of the service as it was asked: of the listener, and of the zone.
func (s *Service) base(c *gin.Context) string {
	base := s.URLs.HTTP(c.Request)
	if c.Request.TLS != nil {
		base = s.URLs.MTLS(c.Request)
	}
	if zone := c.Param("zone"); zone != "" {
		base += "/uaa/" + url.PathEscape(zone)
	}
	return base
}

// singles are the parameters that stand in a request once.
var singles = []string{"grant_type", "client_id", "client_secret", "scope", "assertion", "username", "password"}

// inQuery are those that some clients put into the query (service-apis §6); secrets
// have no business there.
var inQuery = []string{"grant_type", "client_id", "scope", "response_type", "token_format"}

// readForm reads the parameters, which stand in the body, and those that are no
// secrets maybe in the query.
func readForm(c *gin.Context) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxForm))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, &refusal{http.StatusRequestEntityTooLarge, "invalid_request", "the body is too large", btp.BodyTooLarge}
	case err != nil:
		return nil, badRequest("invalid_request", "the body broke off")
	}
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, badRequest("invalid_request", "the query is not well escaped")
	}
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if (err != nil || kind != "application/x-www-form-urlencoded") && (len(body) > 0 || !query.Has("grant_type")) {
		return nil, badRequest("invalid_request", "the body must be application/x-www-form-urlencoded")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badRequest("invalid_request", "the body is not well escaped")
	}
	for name, values := range query {
		switch {
		case slices.Contains(inQuery, name):
			form[name] = append(form[name], values...)
		case slices.Contains(singles, name):
			return nil, badRequest("invalid_request", name+" stands in the query, where secrets are written down; send it in the body")
		}
	}
	for name, values := range form {
		if len(values) > 1 && slices.Contains(singles, name) {
			return nil, badRequest("invalid_request", name+" stands there more than once")
		}
	}
	return form, nil
}

// credentials are the client's, by Basic or in the form.
func credentials(r *http.Request, form url.Values) (id, secret string, err error) {
	given := r.Header.Values("Authorization")
	if len(given) == 0 {
		id, secret = form.Get("client_id"), form.Get("client_secret")
		if id == "" || secret == "" && id != btp.PlatformClient {
			return "", "", unauthorized("client_id and client_secret are missing: send them by Basic, or in the form")
		}
		return id, secret, nil
	}
	id, secret, ok := r.BasicAuth()
	if !ok || len(given) > 1 {
		return "", "", unauthorized("the Authorization header is not Basic with client_id and client_secret")
	}
	// Some clients form-encode the two, as RFC 6749 §2.3.1 wants, and most do not:
	// neither holds a character that would tell.
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	switch {
	case errID != nil || errSecret != nil:
		return "", "", unauthorized("Bad credentials")
	case form.Has("client_secret"), form.Has("client_id") && form.Get("client_id") != id:
		return "", "", badRequest("invalid_request", "the client authenticates twice: by Basic and in the form")
	}
	return id, secret, nil
}

// narrowed are those of a client's scopes that it asks for, unless all.
func narrowed(scopes []string, asked string) ([]string, error) {
	wanted := strings.Fields(asked)
	if len(wanted) == 0 {
		return scopes, nil
	}
	for _, scope := range wanted {
		if !slices.Contains(scopes, scope) {
			return nil, badRequest("invalid_scope", "the client has these scopes only: "+strings.Join(scopes, " "))
		}
	}
	return slices.DeleteFunc(scopes, func(scope string) bool { return !slices.Contains(wanted, scope) }), nil
}

// refuse answers as the token service does, with our code beside it.
func (s *Service) refuse(c *gin.Context, err error) {
	var r *refusal
	switch {
	case errors.As(err, &r):
	case btp.CodeOf(err) == btp.Unauthenticated:
		r = &refusal{http.StatusUnauthorized, "invalid_client", "Bad credentials", btp.Unauthenticated}
	case btp.CodeOf(err) == btp.InvalidRequest:
		var refused *btp.Error
		_ = errors.As(err, &refused) // it has a code
		r = &refusal{http.StatusBadRequest, "invalid_request", refused.Detail, btp.InvalidRequest}
	default:
		s.Log.ErrorContext(c.Request.Context(), "no access token", "error", err)
		r = &refusal{http.StatusInternalServerError, "server_error", "Internal error", btp.Internal}
	}
	if r.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", `Basic realm="pairsim"`)
	}
	c.Header(reasonHeader, string(r.reason))
	c.JSON(r.status, gin.H{"error": r.code, "error_description": r.description})
}

// publicKey is a JWK with UAA's value, the key as PEM.
type publicKey struct {
	token.JWK
	Value string `json:"value"`
}

func (s *Service) showKeys(c *gin.Context) {
	key, err := s.publicKey(c)
	if err != nil {
		s.refuse(c, err)
		return
	}
	c.JSON(http.StatusOK, gin.H{"keys": []publicKey{key}})
}

func (s *Service) publicKey(c *gin.Context) (publicKey, error) {
	key, err := s.key(c.Request.Context())
	if err != nil {
		return publicKey{}, err
	}
	jwk, err := key.Public().JWK()
	if err != nil {
		return publicKey{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public().Public)
	if err != nil {
		return publicKey{}, err
	}
	return publicKey{jwk, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}, nil
}

// showConfiguration is OpenID Connect Discovery as far as clients of this service
// read it (service-apis §1). Nobody logs in with a browser here.
func (s *Service) showConfiguration(c *gin.Context) {
	base := s.base(c)
	c.JSON(http.StatusOK, gin.H{
		"issuer": base + tokenPath, "token_endpoint": base + tokenPath, "authorization_endpoint": base + "/oauth/authorize",
		"jwks_uri": base + keysPath, "response_types_supported": []string{"token"}, "subject_types_supported": []string{"public"},
		"grant_types_supported":                 []string{clientCredentials, jwtBearer, passwordGrant},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
}
