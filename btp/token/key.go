// Package token signs and checks integration tokens and reads the forms in
// which people copy them (docs/wire.md, "Integration token"). It knows what a
// token says, not whether it has been used or voided: that is the registry's.
package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btp"
)

// Algorithm is a JWS algorithm (RFC 7518) that integration tokens are signed with.
type Algorithm string

// The algorithms to choose from.
const (
	ES256 Algorithm = "ES256" // ECDSA P-256; the default
	RS256 Algorithm = "RS256" // RSA of 2048 to 4096 bits
	EdDSA Algorithm = "EdDSA" // Ed25519
)

var methods = map[Algorithm]jwt.SigningMethod{
	ES256: jwt.SigningMethodES256,
	RS256: jwt.SigningMethodRS256,
	EdDSA: jwt.SigningMethodEdDSA,
}

// ParseAlgorithm refuses all but the three with btp.KeyAlgorithmUnsupported.
func ParseAlgorithm(name string) (Algorithm, error) {
	if _, ok := methods[Algorithm(name)]; !ok {
		return "", btp.Errorf(btp.KeyAlgorithmUnsupported, "the algorithm is %.20q, but tokens are signed with ES256, RS256 or EdDSA", name)
	}
	return Algorithm(name), nil
}

// Key signs tokens. Its algorithm is pinned: it signs and verifies with no other.
type Key struct {
	ID        string // "kid": the JWK thumbprint of the public key (RFC 7638), base64url
	Algorithm Algorithm
	Private   crypto.Signer
}

// PublicKey verifies tokens, with its own algorithm only.
type PublicKey struct {
	ID        string
	Algorithm Algorithm
	Public    crypto.PublicKey
}

// Public returns the part of k that is published.
func (k Key) Public() PublicKey {
	return PublicKey{ID: k.ID, Algorithm: k.Algorithm, Public: k.Private.Public()}
}

// NewKey makes a key. newRSA, which may be nil, supplies the 2048-bit key of
// RS256, for example from a pool.
func NewKey(algorithm Algorithm, newRSA func() (*rsa.PrivateKey, error)) (Key, error) {
	var private crypto.Signer
	var err error
	switch algorithm {
	case ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RS256:
		if newRSA == nil {
			newRSA = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }
		}
		private, err = newRSA()
	case EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		_, err = ParseAlgorithm(string(algorithm))
		return Key{}, err
	}
	if err != nil {
		return Key{}, fmt.Errorf("make %s key: %w", algorithm, err)
	}
	return keyOf(private)
}

// MarshalPrivate returns the PKCS#8 DER of k: a secret.
func (k Key) MarshalPrivate() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Private)
	if err != nil {
		return nil, fmt.Errorf("marshal signing key %s: %w", k.ID, err)
	}
	return der, nil
}

// UnmarshalPrivate reads what MarshalPrivate gave. ID and algorithm follow from
// the key itself.
func UnmarshalPrivate(der []byte) (Key, error) {
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return Key{}, fmt.Errorf("read signing key: %w", err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return Key{}, fmt.Errorf("read signing key: %T cannot sign", private)
	}
	return keyOf(signer)
}

func keyOf(private crypto.Signer) (Key, error) {
	jwk, err := jwkOf(private.Public())
	if err != nil {
		return Key{}, err
	}
	return Key{ID: jwk.Kid, Algorithm: jwk.Alg, Private: private}, nil
}

// JWK is a published key (RFC 7517): of EC keys crv, x and y, of Ed25519 crv
// and x, of RSA n and e.
type JWK struct {
	Kty string    `json:"kty"`
	Kid string    `json:"kid"`
	Use string    `json:"use"`
	Alg Algorithm `json:"alg"`
	Crv string    `json:"crv,omitempty"`
	X   string    `json:"x,omitempty"`
	Y   string    `json:"y,omitempty"`
	N   string    `json:"n,omitempty"`
	E   string    `json:"e,omitempty"`
}

// JWK returns k as it is published.
func (k PublicKey) JWK() (JWK, error) {
	jwk, err := jwkOf(k.Public)
	if err == nil && (jwk.Alg != k.Algorithm || jwk.Kid != k.ID) {
		err = errors.New("its id or algorithm is another key's")
	}
	if err != nil {
		return JWK{}, fmt.Errorf("signing key %s: %w", k.ID, err)
	}
	return jwk, nil
}

// JWKS returns the JWK Set of keys, in their order.
func JWKS(keys []PublicKey) ([]byte, error) {
	set := struct {
		Keys []JWK `json:"keys"`
	}{Keys: make([]JWK, len(keys))}
	for i, key := range keys {
		var err error
		if set.Keys[i], err = key.JWK(); err != nil {
			return nil, err
		}
	}
	return json.Marshal(set)
}

func jwkOf(public crypto.PublicKey) (JWK, error) {
	base64url := base64.RawURLEncoding.EncodeToString
	var jwk JWK
	var members string // what RFC 7638 §3.2 puts under the digest: these, sorted, no blanks
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return JWK{}, btp.Errorf(btp.KeyAlgorithmUnsupported, "ES256 needs a key on P-256, not %s", key.Curve.Params().Name)
		}
		point, err := key.Bytes() // 4, x, y
		if err != nil {
			return JWK{}, fmt.Errorf("read public key: %w", err)
		}
		jwk = JWK{Kty: "EC", Alg: ES256, Crv: "P-256", X: base64url(point[1:33]), Y: base64url(point[33:])}
		members = `{"crv":"P-256","kty":"EC","x":"` + jwk.X + `","y":"` + jwk.Y + `"}`
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < 2048 || bits > 4096 {
			return JWK{}, btp.Errorf(btp.KeyAlgorithmUnsupported, "RS256 needs an RSA key of 2048 to 4096 bits, not %d", bits)
		}
		jwk = JWK{Kty: "RSA", Alg: RS256, N: base64url(key.N.Bytes()), E: base64url(big.NewInt(int64(key.E)).Bytes())}
		members = `{"e":"` + jwk.E + `","kty":"RSA","n":"` + jwk.N + `"}`
	case ed25519.PublicKey:
		jwk = JWK{Kty: "OKP", Alg: EdDSA, Crv: "Ed25519", X: base64url(key)}
		members = `{"crv":"Ed25519","kty":"OKP","x":"` + jwk.X + `"}`
	default:
		return JWK{}, btp.Errorf(btp.KeyAlgorithmUnsupported, "a %T signs no tokens", public)
	}
	digest := sha256.Sum256([]byte(members))
	jwk.Kid, jwk.Use = base64url(digest[:]), "sig"
	return jwk, nil
}
