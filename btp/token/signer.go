package token

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Signer is btp.TokenSigner over this package. It remembers the keys that it has
// read, so that a stored key is parsed once.
type Signer struct {
	newRSA func() (*rsa.PrivateKey, error)
	read   sync.Map // key id → Key
}

var _ btp.TokenSigner = (*Signer)(nil)

// NewSigner makes a Signer; newRSA supplies keys for RS256 and may be nil.
func NewSigner(newRSA func() (*rsa.PrivateKey, error)) *Signer { return &Signer{newRSA: newRSA} }

// NewKey makes a key; "" means ES256.
func (s *Signer) NewKey(algorithm btp.KeyAlgorithm) (btp.SigningKey, error) {
	if algorithm == "" {
		algorithm = btp.KeyAlgorithm(ES256)
	}
	a, err := ParseAlgorithm(string(algorithm))
	if err != nil {
		return btp.SigningKey{}, err
	}
	key, err := NewKey(a, s.newRSA)
	if err != nil {
		return btp.SigningKey{}, err
	}
	der, err := key.MarshalPrivate()
	if err != nil {
		return btp.SigningKey{}, err
	}
	s.read.Store(key.ID, key)
	return btp.SigningKey{ID: key.ID, Algorithm: btp.KeyAlgorithm(a), Private: der}, nil
}

func (s *Signer) key(stored btp.SigningKey) (Key, error) {
	if key, ok := s.read.Load(stored.ID); ok {
		return key.(Key), nil
	}
	key, err := UnmarshalPrivate(stored.Private)
	if err == nil {
		s.read.Store(stored.ID, key)
	}
	return key, err
}

// Sign returns the compact form of the claims.
func (s *Signer) Sign(stored btp.SigningKey, c btp.Claims) (string, error) {
	key, err := s.key(stored)
	if err != nil {
		return "", err
	}
	return Sign(Claims{
		Issuer: c.Issuer, Audience: c.Audience, Subject: string(c.Subject), ID: string(c.ID),
		GlobalAccount: string(c.GlobalAccount), SystemType: c.SystemType, TokenURL: c.TokenURL, Edition: c.Edition, Tenant: c.Tenant,
		IssuedAt: c.IssuedAt, NotBefore: c.IssuedAt, ExpiresAt: c.ExpiresAt,
	}, key)
}

// Verify checks a compact token. Claims of a token whose signature holds are
// returned even with a refusal, so that the refusal can say what it is about.
func (s *Signer) Verify(raw, issuer string, keys []btp.SigningKey, now time.Time) (btp.Claims, error) {
	c, err := Verify(raw, Options{Issuer: issuer, Now: now, Keys: func(kid string) (PublicKey, bool) {
		for _, stored := range keys {
			if stored.ID == kid {
				key, err := s.key(stored)
				if err != nil {
					return PublicKey{}, false
				}
				return key.Public(), true
			}
		}
		return PublicKey{}, false
	}})
	return btp.Claims{
		Issuer: c.Issuer, Audience: c.Audience, Subject: btp.SystemID(c.Subject), ID: btp.TokenID(c.ID),
		IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt, GlobalAccount: btp.GlobalAccountID(c.GlobalAccount),
		SystemType: c.SystemType, TokenURL: c.TokenURL, Edition: c.Edition, Tenant: c.Tenant,
	}, err
}

// CheckKey implements btp.TokenSigner. The error quotes nothing of the key.
func (s *Signer) CheckKey(stored btp.SigningKey) error {
	key, err := UnmarshalPrivate(stored.Private)
	switch {
	case err != nil:
		return errors.New("it is no PKCS#8 private key that signs with ES256, RS256 or EdDSA")
	case key.Algorithm != Algorithm(stored.Algorithm):
		return fmt.Errorf("it is a key for %s", key.Algorithm)
	case key.ID != stored.ID:
		return fmt.Errorf("its id must be %s, the thumbprint of its public part", key.ID)
	}
	return nil
}

// JWKS renders the public keys as a JWK Set.
func (s *Signer) JWKS(stored []btp.SigningKey) ([]byte, error) {
	keys := make([]PublicKey, 0, len(stored))
	var errs error
	for _, k := range stored {
		key, err := s.key(k)
		errs = errors.Join(errs, err)
		if err == nil {
			keys = append(keys, key.Public())
		}
	}
	if errs != nil {
		return nil, errs
	}
	return JWKS(keys)
}
