package tenant

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btpclient"
)

const (
	maxToken = 16 << 10 // bytes, in any form
	audience = "pairsim:pairing"
)

// maxSystemID bounds what a row keeps of a system's id, in bytes.
const maxSystemID = 100

// ParseToken returns the compact JWS in what an admin pasted: a token URL, the
// bare token, or base64 of {"token","connectorURL"} (docs/wire.md, Integration
// token). The host that a form names is never used. The token is not verified.
func ParseToken(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", malformed("it is empty")
	}
	if len(text) > maxToken {
		return "", malformed("it is longer than %d bytes", maxToken)
	}
	if lower := strings.ToLower(text[:min(len(text), 8)]); strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
		return tokenOfURL(text)
	}
	if isJWS(text) {
		return text, nil
	}
	return tokenOfJSON(text)
}

func tokenOfURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", malformed("it is not a URL that can be read")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(query["token"]) != 1 || !isJWS(query.Get("token")) {
		return "", malformed("the URL has no single parameter token that is a signed token")
	}
	return query.Get("token"), nil
}

func tokenOfJSON(text string) (string, error) {
	joined := strings.Join(strings.Fields(text), "") // copying may have wrapped the lines
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(joined, "="))
	if err != nil {
		return "", malformed("it is neither a token URL, nor a signed token, nor base64")
	}
	var doc struct {
		Token        string `json:"token"`
		ConnectorURL string `json:"connectorURL"`
	}
	if json.Unmarshal(raw, &doc) != nil || !isJWS(doc.Token) {
		return "", malformed("the base64 holds no JSON with a signed token")
	}
	return doc.Token, nil
}

// isJWS tells whether text has the form of a compact JWS (RFC 7515 §7.1).
func isJWS(text string) bool {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return false
	}
	for _, part := range parts {
		if part == "" || strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// claims are what a tenant reads of an integration token.
type claims struct {
	jwt.RegisteredClaims
	SystemType string `json:"system_type"`
}

// verifyToken checks a token as the registry would before it accepts it: signed
// by one of keys with that key's algorithm, issued by issuer for pairing, for a
// system of systemType, valid strictly before exp at now. The refusals are
// *tokenError.
func verifyToken(jws string, keys []btpclient.Key, issuer, systemType string, now time.Time) (claims, error) {
	var c claims
	if err := verifySigned(jws, keys, issuer, audience, now, &c); err != nil {
		return claims{}, refuseToken(err, c.RegisteredClaims)
	}
	switch {
	case c.Subject == "" || c.ID == "":
		return claims{}, malformed("it names no system or has no id")
	case c.SystemType != systemType:
		return claims{}, &tokenError{
			reason: "token-wrong-type", cause: fmt.Sprintf("The integration token is for a system of type %q, this is a tenant of %s.", clip(c.SystemType, 100), systemType),
			next: "Enter it in a tenant of that product, or ask for a token of a system of this type.",
		}
	}
	return c, nil
}

// verifySigned reads into c what a registry signed: with one of keys and that
// key's algorithm, as issuer, for audience, valid strictly before exp at now. The
// errors are the library's; refuseToken explains them.
func verifySigned(jws string, keys []btpclient.Key, issuer, audience string, now time.Time, c jwt.Claims) error {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"ES256", "RS256", "EdDSA"}), jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithExpirationRequired(), jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithStrictDecoding(),
	)
	_, err := parser.ParseWithClaims(jws, c, func(t *jwt.Token) (any, error) { return signingKey(t, keys) })
	return err
}

// claimedSystem is the system that a token in any form says it is for, and ""
// when it cannot be read. Nothing about it is verified.
func claimedSystem(text string) string {
	jws, err := ParseToken(text)
	if err != nil {
		return ""
	}
	var c jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(jws, &c); err != nil {
		return ""
	}
	return clip(c.Subject, maxSystemID)
}

// signingKey pins the algorithm to the key: no confusion between kinds.
func signingKey(t *jwt.Token, keys []btpclient.Key) (any, error) {
	kid, _ := t.Header["kid"].(string)
	for _, k := range keys {
		if k.ID != kid || kid == "" {
			continue
		}
		if k.Algorithm != t.Method.Alg() {
			return nil, errors.New("the algorithm is not the key's")
		}
		return k.Public, nil
	}
	return nil, errors.New("no published key has its kid")
}

func refuseToken(err error, c jwt.RegisteredClaims) *tokenError {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return malformed("its parts are not those of a signed token")
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return &tokenError{reason: "token-forged", cause: "The integration token was not signed by this registry.", fresh: true}
	case errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return &tokenError{reason: "token-foreign", cause: "The integration token was issued by another environment than the configured registry's.", fresh: true}
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return &tokenError{reason: "token-wrong-audience", cause: "The token is not meant for pairing.", fresh: true}
	case errors.Is(err, jwt.ErrTokenExpired) && c.ExpiresAt != nil:
		return &tokenError{reason: "token-expired", cause: "The integration token expired at " + c.ExpiresAt.UTC().Format(time.RFC3339) + ".", fresh: true}
	case errors.Is(err, jwt.ErrTokenNotValidYet) && c.NotBefore != nil:
		return &tokenError{
			reason: "token-not-yet-valid", cause: "The integration token is valid from " + c.NotBefore.UTC().Format(time.RFC3339) + " only.",
			next: "Try again then.",
		}
	}
	return malformed("its claims are incomplete")
}

// tokenError is why a token was refused, for the row that the admin sees. fresh
// means that only a new token helps.
type tokenError struct {
	reason, cause, next string
	fresh               bool
}

func (e *tokenError) Error() string { return e.cause }

func malformed(format string, args ...any) *tokenError {
	return &tokenError{reason: "token-malformed", cause: "The text is not an integration token: " + fmt.Sprintf(format, args...) + ".", fresh: true}
}

// clip bounds a text from outside.
func clip(text string, limit int) string {
	text = strings.ToValidUTF8(text, "?")
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}
