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
	form, err := readForm(c)
	if err != nil {
		return answer, err
	}
	id, secret, err := credentials(c.Request, form)
	if err != nil {
		return answer, err
	}
	grant, err := s.Registry.Authorize(c.Request.Context(), id, secret)
	if err != nil {
		return answer, err
	}
	switch form.Get("grant_type") {
	case clientCredentials:
	case "":
		return answer, badRequest("invalid_request", "grant_type is missing")
	default:
		return answer, badRequest("unsupported_grant_type", "grant_type must be "+clientCredentials)
	}
	scopes, err := narrowed(scopesOf(grant.Principal), form.Get("scope"))
	if err != nil {
		return answer, err
	}
	key, err := s.key(c.Request.Context())
	if err != nil {
		return answer, err
	}
	base := s.base(c.Request)
	said := claimsOf(grant, scopes, base)
	text, err := sign(said, key, base)
	return accessToken{text, "bearer", int64(Validity / time.Second), strings.Join(scopes, " "), said.ID}, err
}

// base is the URL of the listener that was asked.
func (s *Service) base(r *http.Request) string {
	if r.TLS != nil {
		return s.URLs.MTLS(r)
	}
	return s.URLs.HTTP(r)
}

// readForm reads the parameters, which stand in the body alone.
func readForm(c *gin.Context) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, badRequest("invalid_request", "the body must be application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxForm))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, &refusal{http.StatusRequestEntityTooLarge, "invalid_request", "the body is too large", btp.BodyTooLarge}
	case err != nil:
		return nil, badRequest("invalid_request", "the body broke off")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, badRequest("invalid_request", "the body is not well escaped")
	}
	for name, values := range form {
		if len(values) > 1 && slices.Contains([]string{"grant_type", "client_id", "client_secret", "scope"}, name) {
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
		if id == "" || secret == "" {
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
