package tenant

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"testing"
)

// BenchmarkPair is a whole pairing with a key made beforehand (design §8).
func BenchmarkPair(b *testing.B) {
	f := newFake(b)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	token := f.token(nil)
	for b.Loop() {
		tenant := newTenant(b, f, func(c *Config) {
			c.Keys = func(context.Context) (crypto.Signer, error) { return key, nil }
		})
		if _, err := tenant.Pair(b.Context(), token, ""); err != nil {
			b.Fatal(err)
		}
	}
}
