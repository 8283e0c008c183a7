package token

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
)

var sample = Claims{
	Issuer: issuer, Audience: Audience, Subject: "system-1", ID: "token-1", GlobalAccount: "default",
	SystemType: "SAP Commerce Cloud", TokenURL: "https://localhost:8443/v1/applications/signingRequests/info?a=1&b=<2>", Edition: "v1",
	IssuedAt: noon, NotBefore: noon, ExpiresAt: noon.Add(10 * time.Minute),
}

func optionsFor(keys ...Key) Options {
	return Options{Issuer: issuer, Now: noon, Keys: func(kid string) (PublicKey, bool) {
		for _, key := range keys {
			if key.ID == kid {
				return key.Public(), true
			}
		}
		return PublicKey{}, false
	}}
}

func TestSignAndVerify(t *testing.T) {
	for _, algorithm := range []Algorithm{ES256, RS256, EdDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			key, err := NewKey(algorithm, nil)
			if err != nil {
				t.Fatal(err)
			}
			der, err := key.MarshalPrivate()
			if err != nil {
				t.Fatal(err)
			}
			stored, err := UnmarshalPrivate(der)
			if err != nil || stored.ID != key.ID || stored.Algorithm != algorithm {
				t.Fatalf("stored key: got %s %s, %v; want %s %s", stored.Algorithm, stored.ID, err, algorithm, key.ID)
			}
			raw, err := Sign(sample, stored)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Verify(raw, optionsFor(key))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
			peeked, header, err := Peek(raw)
			if err != nil || peeked != got || header != (Header{string(algorithm), key.ID, "JWT"}) {
				t.Errorf("peek: got %+v %+v, %v", header, peeked, err)
			}
		})
	}
}

func TestSignCutsSeconds(t *testing.T) {
	key := fixedKey(t, "eddsa")
	claims := sample
	claims.IssuedAt, claims.ExpiresAt = noon.Add(900*time.Millisecond), noon.Add(10*time.Minute+900*time.Millisecond)
	raw, err := Sign(claims, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify(raw, optionsFor(key))
	if err != nil || !got.IssuedAt.Equal(noon) || !got.ExpiresAt.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("got %s to %s, %v; want whole seconds", got.IssuedAt, got.ExpiresAt, err)
	}
}

func TestSignRefusesWhatNobodyCouldVerify(t *testing.T) {
	key := fixedKey(t, "eddsa")
	for name, spoil := range map[string]func(*Claims){
		"no subject":  func(c *Claims) { c.Subject = "" },
		"no expiry":   func(c *Claims) { c.ExpiresAt = time.Time{} },
		"too long":    func(c *Claims) { c.TokenURL = strings.Repeat("x", MaxLength) },
		"no issuer":   func(c *Claims) { c.Issuer = "" },
		"no audience": func(c *Claims) { c.Audience = "" },
	} {
		claims := sample
		spoil(&claims)
		if _, err := Sign(claims, key); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	if _, err := Sign(sample, Key{Algorithm: "HS256", Private: key.Private}); err == nil {
		t.Error("signed with HS256")
	}
	if _, err := Sign(sample, Key{Algorithm: ES256, Private: key.Private}); err == nil {
		t.Error("signed ES256 with an Ed25519 key")
	}
}

// Rule: token-validity-cx, token-not-before
func TestVerifyBounds(t *testing.T) {
	for raw, want := range map[string]btp.Code{
		"":                                  btp.TokenMissing,
		strings.Repeat("a", MaxLength+1):    btp.TokenMalformed,
		"..":                                btp.TokenMalformed,
		"a..":                               btp.TokenMalformed,
		".a.b":                              btp.TokenMalformed,
		"eyJhbGciOiJFUzI1NiJ9\n.eyJ9.AAAA":  btp.TokenMalformed,
		"eyJhbGciOiJFUzI1NiJ9.ey\r\nJ9.AAA": btp.TokenMalformed,
	} {
		if _, err := Verify(raw, optionsFor()); btp.CodeOf(err) != want {
			t.Errorf("%.40q: got %v, want %s", raw, err, want)
		}
	}
}

// Rule: token-algorithms
func TestParseAlgorithm(t *testing.T) {
	for _, name := range []string{"ES256", "RS256", "EdDSA"} {
		if got, err := ParseAlgorithm(name); err != nil || string(got) != name {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "none", "HS256", "es256", "PS256", "ES384"} {
		if _, err := ParseAlgorithm(name); btp.CodeOf(err) != btp.KeyAlgorithmUnsupported {
			t.Errorf("%q: got %v, want %s", name, err, btp.KeyAlgorithmUnsupported)
		}
		if _, err := NewKey(Algorithm(name), nil); btp.CodeOf(err) != btp.KeyAlgorithmUnsupported {
			t.Errorf("key for %q: got %v, want %s", name, err, btp.KeyAlgorithmUnsupported)
		}
	}
}

func TestNewKeyFromAPool(t *testing.T) {
	pooled := fixedKey(t, "rs256")
	key, err := NewKey(RS256, func() (*rsa.PrivateKey, error) { return pooled.Private.(*rsa.PrivateKey), nil })
	if err != nil || key.ID != pooled.ID {
		t.Errorf("got %s, %v; want %s", key.ID, err, pooled.ID)
	}
	empty := errors.New("empty")
	if _, err := NewKey(RS256, func() (*rsa.PrivateKey, error) { return nil, empty }); !errors.Is(err, empty) {
		t.Errorf("got %v, want %v", err, empty)
	}
}

// The examples of RFC 7638 §3.1 and RFC 8037 appendix A.3.
func TestThumbprint(t *testing.T) {
	modulus, err := base64.RawURLEncoding.DecodeString("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")
	if err != nil {
		t.Fatal(err)
	}
	point, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		public any
		want   string
	}{
		{rsaPublic(modulus, 65537), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{ed25519Public(point), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
	}
	for _, test := range tests {
		jwk, err := jwkOf(test.public)
		if err != nil || jwk.Kid != test.want {
			t.Errorf("got %s, %v; want %s", jwk.Kid, err, test.want)
		}
	}
}

func TestJWKS(t *testing.T) {
	es, rs, ed := fixedKey(t, "es256"), fixedKey(t, "rs256"), fixedKey(t, "eddsa")
	text, err := JWKS([]PublicKey{es.Public(), rs.Public(), ed.Public()})
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	wantMembers := []map[string]string{
		{"kty": "EC", "alg": "ES256", "use": "sig", "kid": es.ID, "crv": "P-256", "x": "", "y": ""},
		{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": rs.ID, "n": "", "e": "AQAB"},
		{"kty": "OKP", "alg": "EdDSA", "use": "sig", "kid": ed.ID, "crv": "Ed25519", "x": ""},
	}
	for i, want := range wantMembers {
		for member, value := range want {
			got, there := set.Keys[i][member]
			if !there || value != "" && got != value {
				t.Errorf("key %d: %s is %q, want %q", i, member, got, value)
			}
		}
		if len(set.Keys[i]) != len(want) { // above all no private member
			t.Errorf("key %d: got %v, want the members of %v", i, set.Keys[i], want)
		}
	}
	if text, err := JWKS(nil); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("no keys: got %s, %v", text, err)
	}
	mixed := es.Public()
	mixed.Algorithm = RS256
	if _, err := JWKS([]PublicKey{mixed}); err == nil {
		t.Error("published a key with another key's algorithm")
	}
}

// Rule: token-signature
func FuzzVerify(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.raw)
	}
	options := environment(f, noon)
	valid := map[string]bool{}
	for _, v := range readVectors(f) {
		valid[v.raw] = v.expect == "ok" || v.expect == "token-expired" || v.expect == "token-not-yet-valid"
	}
	f.Fuzz(func(t *testing.T, raw string) {
		claims, err := Verify(raw, options)
		if err == nil {
			if !valid[raw] {
				t.Fatalf("accepted what nobody signed: %q", raw)
			}
			return
		}
		if btp.CodeOf(err) == btp.Internal {
			t.Fatalf("refused without a code: %v", err)
		}
		if quotes(err.Error(), raw) && len(raw) > 64 {
			t.Fatalf("the refusal quotes the token: %v", err)
		}
		_, _, _ = Peek(raw)
		_ = claims
	})
}

func BenchmarkSignAndVerify(b *testing.B) {
	key, err := NewKey(ES256, nil)
	if err != nil {
		b.Fatal(err)
	}
	options := optionsFor(key)
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			if _, err := Sign(sample, key); err != nil {
				b.Fatal(err)
			}
		}
	})
	raw, err := Sign(sample, key)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := Verify(raw, options); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("peek", func(b *testing.B) { // what is left of verify without its signature
		for b.Loop() {
			if _, _, err := Peek(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}
