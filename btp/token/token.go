package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
)

const (
	// Audience of every integration token.
	Audience = "pairsim:pairing"
	// IssuerPrefix is followed by the environment's id in the issuer.
	IssuerPrefix = "urn:pairsim:"
	// MaxLength bounds a token, in bytes. One signed with RSA-4096 takes about 1,500.
	MaxLength = 8 << 10
)

// Claims is what an integration token says. Instants are whole seconds: Sign
// cuts what is below, so a caller that stores them should do the same.
type Claims struct {
	Issuer        string // IssuerPrefix and the environment's id
	Audience      string
	Subject       string // id of the system it pairs
	ID            string // of this token
	GlobalAccount string
	SystemType    string
	TokenURL      string // the info URL without the token; may be empty
	Edition       string
	Tenant        string // whom a notice is for; empty in a token that pairs
	IssuedAt      time.Time
	NotBefore     time.Time
	ExpiresAt     time.Time // valid strictly before it
}

// Header is the protected header of a token.
type Header struct {
	Algorithm string
	KeyID     string
	Type      string
}

type wireHeader struct {
	Alg  string          `json:"alg"`
	Kid  string          `json:"kid,omitempty"`
	Typ  string          `json:"typ,omitempty"`
	Crit json.RawMessage `json:"crit,omitempty"`
}

// wireClaims holds names and types of docs/wire.md. Pointers tell a missing
// instant from 1970.
type wireClaims struct {
	Iss           string `json:"iss"`
	Aud           string `json:"aud"`
	Sub           string `json:"sub"`
	Jti           string `json:"jti"`
	Iat           *int64 `json:"iat"`
	Nbf           *int64 `json:"nbf"`
	Exp           *int64 `json:"exp"`
	GlobalAccount string `json:"global_account"`
	SystemType    string `json:"system_type"`
	TokenURL      string `json:"token_url,omitempty"`
	Edition       string `json:"edition"`
	Tenant        string `json:"tenant,omitempty"`
}

// missing names the first claim that is absent, or an instant outside the years
// 1970 to 9999, or is "". The token URL may be absent: it is for people, and
// nobody calls it.
func (w *wireClaims) missing() string {
	const lastSecond = 253402300799 // of the year 9999
	for _, claim := range []struct{ name, value string }{
		{"iss", w.Iss},
		{"aud", w.Aud},
		{"sub", w.Sub},
		{"jti", w.Jti},
		{"global_account", w.GlobalAccount},
		{"system_type", w.SystemType},
		{"edition", w.Edition},
	} {
		if claim.value == "" {
			return claim.name
		}
	}
	for _, claim := range []struct {
		name  string
		value *int64
	}{{"iat", w.Iat}, {"nbf", w.Nbf}, {"exp", w.Exp}} {
		if claim.value == nil || *claim.value < 0 || *claim.value > lastSecond {
			return claim.name
		}
	}
	return ""
}

func (w *wireClaims) claims() Claims {
	return Claims{
		Issuer: w.Iss, Audience: w.Aud, Subject: w.Sub, ID: w.Jti,
		GlobalAccount: w.GlobalAccount, SystemType: w.SystemType, TokenURL: w.TokenURL, Edition: w.Edition, Tenant: w.Tenant,
		IssuedAt: instant(w.Iat), NotBefore: instant(w.Nbf), ExpiresAt: instant(w.Exp),
	}
}

func instant(seconds *int64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return time.Unix(*seconds, 0).UTC()
}

// Sign returns the compact JWS of claims. It signs only what Verify would read
// again; an error is the caller's mistake.
func Sign(claims Claims, key Key) (string, error) {
	method, ok := methods[key.Algorithm]
	if !ok {
		return "", fmt.Errorf("sign token: key %s has the algorithm %q", key.ID, key.Algorithm)
	}
	iat, nbf, exp := claims.IssuedAt.Unix(), claims.NotBefore.Unix(), claims.ExpiresAt.Unix()
	wire := wireClaims{
		Iss: claims.Issuer, Aud: claims.Audience, Sub: claims.Subject, Jti: claims.ID, Iat: &iat, Nbf: &nbf, Exp: &exp,
		GlobalAccount: claims.GlobalAccount, SystemType: claims.SystemType, TokenURL: claims.TokenURL, Edition: claims.Edition, Tenant: claims.Tenant,
	}
	if name := wire.missing(); name != "" {
		return "", fmt.Errorf("sign token: the claim %s is missing or out of range", name)
	}
	header, err := json.Marshal(wireHeader{Alg: string(key.Algorithm), Kid: key.ID, Typ: "JWT"})
	if err != nil {
		return "", fmt.Errorf("sign token: header: %w", err)
	}
	payload, err := json.Marshal(&wire)
	if err != nil {
		return "", fmt.Errorf("sign token: claims: %w", err)
	}
	text := base64.RawURLEncoding.AppendEncode(make([]byte, 0, 2*(len(header)+len(payload))+512), header)
	text = base64.RawURLEncoding.AppendEncode(append(text, '.'), payload)
	signature, err := method.Sign(string(text), key.Private)
	if err != nil {
		return "", fmt.Errorf("sign token with %s key %s: %w", key.Algorithm, key.ID, err)
	}
	text = base64.RawURLEncoding.AppendEncode(append(text, '.'), signature)
	if len(text) > MaxLength {
		return "", fmt.Errorf("sign token: it would have %d bytes, more than %d", len(text), MaxLength)
	}
	return string(text), nil
}

// Options is what a token is held against.
type Options struct {
	Issuer   string                             // expected "iss"
	Audience string                             // expected "aud"; Audience when empty
	Keys     func(kid string) (PublicKey, bool) // the environment's keys, retired ones too
	Now      time.Time                          // the environment's now; there is no leeway
}

// Verify returns the claims of raw if it is a token of the environment, meant
// for pairing and valid now. It refuses, first failure first, with
//   - btp.TokenMissing: raw is empty;
//   - btp.TokenMalformed: not a compact JWS, or one with critical extensions;
//   - btp.TokenForged: an algorithm, key or signature that does not hold;
//     where the key is unknown and the token names another environment as its
//     issuer, btp.TokenForeign, which helps who mixed up two environments;
//   - btp.TokenMalformed: claims that are missing or of the wrong type;
//   - btp.TokenForeign, btp.TokenWrongAudience;
//   - btp.TokenNotYetValid: before nbf or iat; btp.TokenExpired: at or after exp.
//
// No refusal quotes the token. Those after the signature and the form of the
// claims has been found right come with the claims, so that the refusal can be
// told to the system it is about; all others come with none.
func Verify(raw string, o Options) (Claims, error) {
	parsed, err := parse(raw)
	if err != nil {
		return Claims{}, err
	}
	if err := parsed.checkSignature(o); err != nil {
		return Claims{}, err
	}
	wire, err := parsed.wireClaims()
	if err != nil {
		return Claims{}, err
	}
	if name := wire.missing(); name != "" {
		return Claims{}, btp.Errorf(btp.TokenMalformed, "the claim %s is missing or out of range", name)
	}
	claims := wire.claims()
	return claims, o.check(claims)
}

func (o Options) check(claims Claims) error {
	audience := o.Audience
	if audience == "" {
		audience = Audience
	}
	switch {
	case claims.Issuer != o.Issuer:
		return foreign(claims.Issuer, o.Issuer)
	case claims.Audience != audience:
		return btp.Errorf(btp.TokenWrongAudience, "the token is meant for %.80q, not for %q", claims.Audience, audience)
	case o.Now.Before(claims.NotBefore):
		return btp.Errorf(btp.TokenNotYetValid, "the token is valid from %s, now it is %s", stamp(claims.NotBefore), stamp(o.Now))
	case o.Now.Before(claims.IssuedAt):
		return btp.Errorf(btp.TokenNotYetValid, "the token was issued at %s, now it is %s", stamp(claims.IssuedAt), stamp(o.Now))
	case !o.Now.Before(claims.ExpiresAt):
		return btp.Errorf(btp.TokenExpired, "the token expired at %s, now it is %s", stamp(claims.ExpiresAt), stamp(o.Now))
	}
	return nil
}

func foreign(issuer, want string) error {
	return btp.Errorf(btp.TokenForeign, "the token was issued by %.80q, this environment is %q", issuer, want)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Peek reads raw without verifying anything, to show it to people. Claims that
// are missing are zero; what is no JWS or has claims of the wrong type is
// refused with btp.TokenMalformed.
func Peek(raw string) (Claims, Header, error) {
	parsed, err := parse(raw)
	if err != nil {
		return Claims{}, Header{}, err
	}
	header := Header{Algorithm: parsed.header.Alg, KeyID: parsed.header.Kid, Type: parsed.header.Typ}
	wire, err := parsed.wireClaims()
	if err != nil {
		return Claims{}, header, err
	}
	return wire.claims(), header, nil
}

// jws is a token taken apart, nothing of it verified.
type jws struct {
	header    wireHeader
	payload   []byte
	signed    string // header and payload as transmitted
	signature []byte
}

func parse(raw string) (*jws, error) {
	switch {
	case raw == "":
		return nil, btp.Errorf(btp.TokenMissing, "there is no token")
	case len(raw) > MaxLength:
		return nil, btp.Errorf(btp.TokenMalformed, "the token has %d bytes, more than %d", len(raw), MaxLength)
	case !compact(raw):
		return nil, btp.Errorf(btp.TokenMalformed, "the token is not three base64url parts with dots between them")
	}
	head, rest, _ := strings.Cut(raw, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	token := &jws{signed: raw[:len(raw)-len(signature)-1]}
	header, err := decode(head)
	if err != nil {
		return nil, malformed("header", err)
	}
	if err := json.Unmarshal(header, &token.header); err != nil {
		return nil, malformed("header", err)
	}
	if token.header.Crit != nil {
		return nil, btp.Errorf(btp.TokenMalformed, `the token's header demands extensions ("crit"), of which pairsim knows none`)
	}
	if token.payload, err = decode(payload); err != nil {
		return nil, malformed("payload", err)
	}
	if token.signature, err = decode(signature); err != nil {
		return nil, malformed("signature", err)
	}
	return token, nil
}

// compact tells whether text has the outer form of a JWS. A signature may be
// empty here: a token with "alg":"none" is read, and refused as forged.
func compact(text string) bool {
	dots := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '.':
			dots++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default: // also line breaks, which the base64 decoder would skip
			return false
		}
	}
	return dots == 2 && text[0] != '.' && !strings.Contains(text, "..")
}

// decode is strict, so that no two texts are the same token.
func decode(part string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(part) }

func malformed(part string, err error) error {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return btp.Errorf(btp.TokenMalformed, "the token's %s has the wrong type for %q", part, wrongType.Field)
	}
	return btp.Errorf(btp.TokenMalformed, "the token's %s cannot be read: %w", part, err)
}

func (t *jws) wireClaims() (*wireClaims, error) {
	var wire wireClaims
	if err := json.Unmarshal(t.payload, &wire); err != nil {
		return nil, malformed("payload", err)
	}
	return &wire, nil
}

// checkSignature verifies with the one key that the header names and the one
// algorithm that belongs to that key. What else the header says (jwk, jku, x5c,
// …) is never read.
func (t *jws) checkSignature(o Options) error {
	method, ok := methods[Algorithm(t.header.Alg)]
	if !ok {
		return btp.Errorf(btp.TokenForged, "the token names the algorithm %.20q, which pairsim does not sign with", t.header.Alg)
	}
	key, ok := o.Keys(t.header.Kid)
	if !ok {
		if wire, err := t.wireClaims(); err == nil && wire.Iss != o.Issuer && strings.HasPrefix(wire.Iss, IssuerPrefix) {
			return foreign(wire.Iss, o.Issuer)
		}
		return btp.Errorf(btp.TokenForged, "the token names the key %.64q, which this environment does not have", t.header.Kid)
	}
	if string(key.Algorithm) != t.header.Alg {
		return btp.Errorf(btp.TokenForged, "the token names the algorithm %s, but its key %s is for %s only", t.header.Alg, key.ID, key.Algorithm)
	}
	if err := method.Verify(t.signed, t.signature, key.Public); err != nil {
		return btp.Errorf(btp.TokenForged, "the token's signature does not hold with key %s: %w", key.ID, err)
	}
	return nil
}
