package btpclient

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"net/http"
)

const maxKeys = 100 // of one JWK Set

// Configuration is what a registry tells about itself (docs/wire.md, Discovery).
type Configuration struct {
	Environment string `json:"environment"`
	Issuer      string `json:"issuer"`
	Edition     string `json:"edition"`
	JWKSURI     string `json:"jwks_uri"`
}

// Configuration reads the configured registry's own description.
func (c *Connector) Configuration(ctx context.Context) (Configuration, error) {
	var conf Configuration
	err := c.do(ctx, c.client, request{
		step: "configuration", method: http.MethodGet, url: c.base.String() + "/.well-known/pairsim-configuration", want: http.StatusOK,
	}, &conf)
	if err == nil && (conf.Issuer == "" || conf.JWKSURI == "") {
		err = errors.New("the registry's configuration lacks issuer or jwks_uri")
	}
	return conf, err
}

// Key is a public key that signs integration tokens, with the one algorithm
// that it may sign with.
type Key struct {
	ID, Algorithm string
	Public        crypto.PublicKey
}

// JWKS reads the keys at conf's jwks_uri. Keys of kinds that no integration
// token is signed with are left out; one that claims to be of such a kind and
// is not is an error.
func (c *Connector) JWKS(ctx context.Context, conf Configuration) ([]Key, error) {
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := c.do(ctx, c.client, request{step: "keys", method: http.MethodGet, url: conf.JWKSURI, want: http.StatusOK}, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the registry publishes more than %d keys", maxKeys)
	}
	var keys []Key
	for _, k := range set.Keys {
		public, err := k.public()
		if err != nil {
			return nil, fmt.Errorf("the registry's key %q: %w", clean(k.Kid), err)
		}
		if public != nil {
			keys = append(keys, Key{ID: k.Kid, Algorithm: k.Alg, Public: public})
		}
	}
	return keys, nil
}

// jwk is a public key of RFC 7517 §4, parameters of RFC 7518 §6 and RFC 8037 §2.
type jwk struct{ Kty, Kid, Use, Alg, Crv, X, Y, N, E string }

func (k jwk) public() (crypto.PublicKey, error) {
	switch {
	case k.Kid == "" || k.Use != "" && k.Use != "sig":
		return nil, nil
	case k.Alg == "ES256" && k.Kty == "EC" && k.Crv == "P-256":
		return k.ec()
	case k.Alg == "RS256" && k.Kty == "RSA":
		return k.rsa()
	case k.Alg == "EdDSA" && k.Kty == "OKP" && k.Crv == "Ed25519":
		x, err := parameter(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errors.New("x is no Ed25519 key")
		}
		return ed25519.PublicKey(x), nil
	}
	return nil, nil
}

func (k jwk) ec() (crypto.PublicKey, error) {
	x, errX := parameter(k.X)
	y, errY := parameter(k.Y)
	if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return nil, errors.New("x or y is no P-256 coordinate")
	}
	point := append(append([]byte{4}, x...), y...)
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point) // checks that it is on the curve
}

func (k jwk) rsa() (crypto.PublicKey, error) {
	n, errN := parameter(k.N)
	e, errE := parameter(k.E)
	if errN != nil || errE != nil || len(n) < 256 || len(n) > 1024 || len(e) == 0 || len(e) > 4 {
		return nil, errors.New("n or e is outside what we accept (2048 to 8192 bits)")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
}

func parameter(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }
