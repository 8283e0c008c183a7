package token

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btp"
)

var update = flag.Bool("update", false, "write testdata/vectors anew")

const issuer = IssuerPrefix + "env-1"

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// fixedKey reads a key of testdata/keys.
func fixedKey(t testing.TB, name string) Key {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata/keys", name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(file)
	if block == nil {
		t.Fatalf("%s: no PEM block", name)
		return Key{}
	}
	key, err := UnmarshalPrivate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// environment is what the vectors are held against: three keys, one per algorithm.
func environment(t testing.TB, now time.Time) Options {
	t.Helper()
	keys := map[string]PublicKey{}
	for _, name := range []string{"es256", "rs256", "eddsa"} {
		key := fixedKey(t, name).Public()
		keys[key.ID] = key
	}
	return Options{Issuer: issuer, Now: now, Keys: func(kid string) (PublicKey, bool) { key, ok := keys[kid]; return key, ok }}
}

// readVectors returns, by file name, the token of every file of
// testdata/vectors. The first line of a file is its verdict:
//
//	expect: <code or ok>; at: <the environment's now>; <why>
func readVectors(t testing.TB) map[string]vector {
	t.Helper()
	files, err := filepath.Glob("testdata/vectors/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/vectors: %d files, %v", len(files), err)
	}
	vectors := map[string]vector{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, raw, _ := strings.Cut(string(content), "\n")
		parts := strings.SplitN(head, "; ", 3)
		if len(parts) != 3 {
			t.Fatalf("%s: the first line is %q", file, head)
		}
		at, err := time.Parse("at: "+time.RFC3339, parts[1])
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		expect := strings.TrimPrefix(parts[0], "expect: ")
		vectors[strings.TrimSuffix(filepath.Base(file), ".txt")] = vector{expect, at, parts[2], strings.TrimSuffix(raw, "\n")}
	}
	return vectors
}

type vector struct {
	expect string // a code, or ok
	at     time.Time
	why    string
	raw    string
}

// Rule: token-signature, token-foreign-refused, token-not-before, token-algorithms
func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	for name, v := range readVectors(t) {
		t.Run(name, func(t *testing.T) {
			claims, err := Verify(v.raw, environment(t, v.at))
			if got := string(btp.CodeOf(err)); got != strings.TrimPrefix(v.expect, "ok") {
				t.Fatalf("got %v, want %s: %s", err, v.expect, v.why)
			}
			if err == nil && claims.Subject != "system-1" {
				t.Errorf("subject: got %q, want system-1", claims.Subject)
			}
			code := btp.CodeOf(err)
			if (code == btp.TokenForged || code == btp.TokenMalformed) && claims != (Claims{}) {
				t.Errorf("got claims that nobody vouches for: %+v", claims)
			}
			if err != nil && quotes(err.Error(), v.raw) {
				t.Errorf("the refusal quotes the token: %v", err)
			}
		})
	}
}

// quotes tells whether text holds a part of the token.
func quotes(text, raw string) bool {
	for part := range strings.SplitSeq(raw, ".") {
		if len(part) > 8 && strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// claimSet and headerSet are JSON objects that vectors spoil one member of.
type (
	claimSet  map[string]any
	headerSet map[string]any
)

func (c claimSet) with(name string, value any) claimSet {
	c = maps.Clone(c)
	if c[name] = value; value == nil {
		delete(c, name)
	}
	return c
}

func encode(part []byte) string { return base64.RawURLEncoding.EncodeToString(part) }

// writeVectors makes all vectors anew. Their tokens differ each time, as ECDSA
// signatures do; the verdicts are those written here.
func writeVectors(t *testing.T) {
	es, rs, ed, stranger := fixedKey(t, "es256"), fixedKey(t, "rs256"), fixedKey(t, "eddsa"), fixedKey(t, "stranger")
	claims := claimSet{
		"iss": issuer, "aud": Audience, "sub": "system-1", "jti": "token-1",
		"iat": noon.Unix(), "nbf": noon.Unix(), "exp": noon.Add(10 * time.Minute).Unix(),
		"global_account": "default", "system_type": "SAP Commerce Cloud", "edition": "v1",
		"token_url": "https://localhost:8443/v1/applications/signingRequests/info",
	}
	marshal := func(value any) []byte {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	signed := func(header headerSet, payload []byte, method jwt.SigningMethod, key any) string {
		text := encode(marshal(header)) + "." + encode(payload)
		signature, err := method.Sign(text, key)
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + encode(signature)
	}
	head := func(alg string, key Key) headerSet { return headerSet{"alg": alg, "kid": key.ID, "typ": "JWT"} }
	good := func(payload any) string {
		return signed(head("ES256", es), marshal(payload), jwt.SigningMethodES256, es.Private)
	}
	parts := func(raw string) (header, payload, signature string) {
		p := strings.Split(raw, ".")
		return p[0], p[1], p[2]
	}
	valid := good(claims)
	header, payload, signature := parts(valid)
	publicDER, err := x509.MarshalPKIXPublicKey(rs.Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
	hs256 := encode(marshal(head("HS256", rs))) + "." + payload
	mac := hmac.New(sha256.New, publicPEM)
	mac.Write([]byte(hs256))
	digest := sha256.Sum256([]byte(header + "." + payload))
	derSignature, err := ecdsa.SignASN1(rand.Reader, es.Private.(*ecdsa.PrivateKey), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	strangerJWK, err := stranger.Public().JWK()
	if err != nil {
		t.Fatal(err)
	}
	embedded := head("ES256", stranger)
	embedded["jwk"] = strangerJWK
	critical := head("ES256", es)
	critical["crit"], critical["exp"] = []string{"exp"}, 1
	noKid := headerSet{"alg": "ES256", "typ": "JWT"}
	byStranger := func(key Key, c claimSet) string {
		return signed(head("ES256", key), marshal(c), jwt.SigningMethodES256, stranger.Private)
	}
	later := noon.Add(time.Hour)

	for name, v := range map[string]vector{
		"valid-es256":        {"ok", noon, "as issued", valid},
		"valid-rs256":        {"ok", noon, "as issued", signed(head("RS256", rs), marshal(claims), jwt.SigningMethodRS256, rs.Private.(*rsa.PrivateKey))},
		"valid-eddsa":        {"ok", noon, "as issued", signed(head("EdDSA", ed), marshal(claims), jwt.SigningMethodEdDSA, ed.Private)},
		"valid-last-second":  {"ok", noon.Add(10*time.Minute - time.Second), "a second before exp", valid},
		"valid-no-token-url": {"ok", noon, "token_url is for people", good(claims.with("token_url", nil))},

		"none":                   {"token-forged", noon, "alg none, no signature", encode(marshal(head("none", es))) + "." + payload + "."},
		"none-no-kid":            {"token-forged", noon, "alg none, no kid", encode([]byte(`{"alg":"none"}`)) + "." + payload + "."},
		"none-capitals":          {"token-forged", noon, "alg NONE, signature kept", encode(marshal(head("NONE", es))) + "." + payload + "." + signature},
		"no-alg":                 {"token-forged", noon, "no alg at all", encode(marshal(headerSet{"kid": es.ID})) + "." + payload + "." + signature},
		"hs256-public-key":       {"token-forged", noon, "HMAC with the RSA public key's PEM", hs256 + "." + encode(mac.Sum(nil))},
		"ps256":                  {"token-forged", noon, "the right RSA key, another padding", signed(head("PS256", rs), marshal(claims), jwt.SigningMethodPS256, rs.Private.(*rsa.PrivateKey))},
		"rs256-key-as-es256":     {"token-forged", noon, "alg ES256 on the RSA key", signed(head("ES256", rs), marshal(claims), jwt.SigningMethodES256, es.Private)},
		"es256-key-as-rs256":     {"token-forged", noon, "alg RS256 on the ECDSA key", signed(head("RS256", es), marshal(claims), jwt.SigningMethodRS256, rs.Private.(*rsa.PrivateKey))},
		"eddsa-key-as-es256":     {"token-forged", noon, "alg ES256 on the Ed25519 key", signed(head("ES256", ed), marshal(claims), jwt.SigningMethodES256, es.Private)},
		"wrong-key":              {"token-forged", noon, "our kid, a stranger's signature", byStranger(es, claims)},
		"unknown-kid":            {"token-forged", noon, "a stranger's kid and signature, our issuer", byStranger(stranger, claims)},
		"unknown-kid-other-iss":  {"token-forged", noon, "a stranger's kid, an issuer that is no environment", byStranger(stranger, claims.with("iss", "https://accounts.example.test"))},
		"no-kid":                 {"token-forged", noon, "well signed, but names no key", signed(noKid, marshal(claims), jwt.SigningMethodES256, es.Private)},
		"embedded-jwk":           {"token-forged", noon, "brings its own key along", signed(embedded, marshal(claims), jwt.SigningMethodES256, stranger.Private)},
		"tampered-claims":        {"token-forged", noon, "another system in sub", header + "." + encode(marshal(claims.with("sub", "system-2"))) + "." + signature},
		"tampered-header":        {"token-forged", noon, "typ taken out", encode(marshal(headerSet{"alg": "ES256", "kid": es.ID})) + "." + payload + "." + signature},
		"tampered-expired":       {"token-forged", later, "expired too, but forged counts first", header + "." + encode(marshal(claims.with("sub", "system-2"))) + "." + signature},
		"zero-signature":         {"token-forged", noon, "r and s are 0", header + "." + payload + "." + encode(make([]byte, 64))},
		"der-signature":          {"token-forged", noon, "ASN.1 in place of r and s", header + "." + payload + "." + encode(derSignature)},
		"empty-signature":        {"token-forged", noon, "the signature is cut off", header + "." + payload + "."},
		"truncated-signature":    {"token-forged", noon, "the last byte is cut off", valid[:len(valid)-2]},
		"truncated-payload":      {"token-malformed", noon, "cut inside the payload", header + "." + payload[:20]},
		"no-dots":                {"token-malformed", noon, "the header alone", header},
		"five-parts":             {"token-malformed", noon, "the form of a JWE", valid + "." + payload + "." + signature},
		"json-serialization":     {"token-malformed", noon, "a JWS, but not compact", string(marshal(map[string]string{"protected": header, "payload": payload, "signature": signature}))},
		"padded":                 {"token-malformed", noon, "base64 with padding", header + "." + payload + "." + signature + "=="},
		"loose-base64":           {"token-malformed", noon, "bits after the end of the signature", header + "." + payload + "." + loosen(signature)},
		"blank-inside":           {"token-malformed", noon, "a blank inside the payload", header + "." + payload[:8] + " " + payload[8:] + "." + signature},
		"header-no-json":         {"token-malformed", noon, "the header is not JSON", encode([]byte("header")) + "." + payload + "." + signature},
		"header-ill-typed":       {"token-malformed", noon, "alg is a number", encode([]byte(`{"alg":5}`)) + "." + payload + "." + signature},
		"payload-no-json":        {"token-malformed", noon, "well signed, the payload is text", signed(head("ES256", es), []byte("claims"), jwt.SigningMethodES256, es.Private)},
		"payload-array":          {"token-malformed", noon, "well signed, the payload is an array", signed(head("ES256", es), []byte("[]"), jwt.SigningMethodES256, es.Private)},
		"crit":                   {"token-malformed", noon, "well signed, with a critical extension", signed(critical, marshal(claims), jwt.SigningMethodES256, es.Private)},
		"no-sub":                 {"token-malformed", noon, "sub is missing", good(claims.with("sub", nil))},
		"no-exp":                 {"token-malformed", noon, "exp is missing", good(claims.with("exp", nil))},
		"no-edition":             {"token-malformed", noon, "edition is missing", good(claims.with("edition", nil))},
		"empty-jti":              {"token-malformed", noon, "jti is empty", good(claims.with("jti", ""))},
		"exp-text":               {"token-malformed", noon, "exp is text", good(claims.with("exp", "1893499800"))},
		"exp-fraction":           {"token-malformed", noon, "exp is no whole second", good(claims.with("exp", 1893499800.5))},
		"exp-huge":               {"token-malformed", noon, "exp is after the year 9999", good(claims.with("exp", int64(1)<<62))},
		"nbf-negative":           {"token-malformed", noon, "nbf is before 1970", good(claims.with("nbf", -1))},
		"aud-list":               {"token-malformed", noon, "aud is a list", good(claims.with("aud", []string{Audience}))},
		"foreign-issuer":         {"token-foreign", noon, "well signed, another environment's issuer", good(claims.with("iss", IssuerPrefix+"env-2"))},
		"foreign-kid-and-issuer": {"token-foreign", noon, "another environment's token", byStranger(stranger, claims.with("iss", IssuerPrefix+"env-2"))},
		"foreign-expired":        {"token-foreign", later, "expired too, but foreign counts first", good(claims.with("iss", IssuerPrefix+"env-2"))},
		"wrong-audience":         {"token-wrong-audience", noon, "meant for something else", good(claims.with("aud", "pairsim:deregistration"))},
		"before-nbf":             {"token-not-yet-valid", noon.Add(-time.Second), "a second before nbf", valid},
		"nbf-after-iat":          {"token-not-yet-valid", noon, "issued now, valid a second later", good(claims.with("nbf", noon.Add(time.Second).Unix()))},
		"before-iat":             {"token-not-yet-valid", noon, "issued in the future", good(claims.with("iat", noon.Add(time.Second).Unix()))},
		"at-exp":                 {"token-expired", noon.Add(10 * time.Minute), "at exp itself", valid},
		"long-after-exp":         {"token-expired", noon.AddDate(60, 0, 0), "years later", valid},
	} {
		text := "expect: " + v.expect + "; at: " + v.at.Format(time.RFC3339) + "; " + v.why + "\n" + v.raw + "\n"
		if err := os.WriteFile(filepath.Join("testdata/vectors", name+".txt"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// loosen sets an unused bit of the last character of 64 encoded bytes.
func loosen(signature string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := bytes.IndexByte([]byte(alphabet), signature[len(signature)-1])
	return signature[:len(signature)-1] + string(alphabet[last|1])
}
