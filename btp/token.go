package btp

import "time"

// TokenID is a token's jti.
type TokenID string

// TokenState is what became of a token. Expired is set by due work, at the
// instant of expiry.
type TokenState string

// The states of a token.
const (
	TokenLive     TokenState = "live"
	TokenRedeemed TokenState = "used"
	TokenVoided   TokenState = "void"
	TokenRanOut   TokenState = "expired"
)

const (
	// TokenAudience is the aud claim of every integration token.
	TokenAudience = "pairsim:pairing"
	// TokenQuota is the most live, unused tokens of a type in a global account (2ffdaff.md).
	TokenQuota = 1000
)

// Token is the stored part of an integration token: its claims and its state.
// The compact form is not stored; showing a token signs its claims again.
type Token struct {
	ID            TokenID
	System        SystemID
	GlobalAccount GlobalAccountID
	Type          string
	KeyID         string
	State         TokenState
	// IssuedAt and ExpiresAt are whole seconds: that is what a JWT can say.
	IssuedAt, ExpiresAt time.Time
}

// IssuedToken is a token with its secret part, for the one answer that shows it.
type IssuedToken struct {
	Token
	// JWS is the compact form. It never reaches a log or the journal.
	JWS string
	// Remaining is the validity left when it was shown.
	Remaining time.Duration
	// Owner is the system that the token pairs.
	Owner System
}

// Claims are what an integration token says (design §4 token form).
type Claims struct {
	Issuer, Audience    string
	Subject             SystemID
	ID                  TokenID
	IssuedAt, ExpiresAt time.Time
	GlobalAccount       GlobalAccountID
	SystemType          string
	// TokenURL is the info URL without the token, as derived for the request that asked.
	TokenURL string
	Edition  string
	// Tenant is whom a notice is for; "" in an integration token.
	Tenant string
}

// redeemable tells why t cannot be accepted at now, nil if it can.
func (t *Token) redeemable(now time.Time) error {
	switch {
	case t.State == TokenRedeemed:
		return Errorf(TokenUsed, "the token has been used; a token pairs one system, once")
	case t.State == TokenVoided:
		return Errorf(TokenVoid, "a newer token has taken the place of this one")
	case t.State == TokenRanOut, !now.Before(t.ExpiresAt):
		return Errorf(TokenExpired, "the token expired at %s", t.ExpiresAt.Format(time.RFC3339))
	}
	return nil
}

// KeyAlgorithm is a JWS algorithm that pairsim signs with.
type KeyAlgorithm string

// SigningKey signs integration tokens. Private is PKCS#8 DER.
type SigningKey struct {
	ID        string
	Algorithm KeyAlgorithm
	Private   []byte
	CreatedAt time.Time
}

// TokenSigner signs and checks compact tokens; btp/token implements it.
type TokenSigner interface {
	// NewKey makes a key, or refuses with KeyAlgorithmUnsupported.
	NewKey(KeyAlgorithm) (SigningKey, error)
	Sign(SigningKey, Claims) (string, error)
	// Verify checks form, signature, issuer, audience and times, and refuses
	// with one of the Token codes. It knows nothing of a token's state.
	Verify(raw, issuer string, keys []SigningKey, now time.Time) (Claims, error)
	// CheckKey says why a stored key cannot sign under its id and algorithm.
	CheckKey(SigningKey) error
	// JWKS renders the public keys as a JWK Set (RFC 7517).
	JWKS(keys []SigningKey) ([]byte, error)
}
