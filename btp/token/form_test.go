package token

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

func rsaPublic(modulus []byte, exponent int) *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: exponent}
}

func ed25519Public(point []byte) ed25519.PublicKey { return point }

const infoURL = "https://localhost:8443/v1/applications/signingRequests/info"

// Rule: token-forms
func TestForms(t *testing.T) {
	const jws = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ-In0.c2lnbmF0dXJl_-8"
	encoded := Encode(jws, infoURL)
	tests := []struct {
		name, text string
		want       btp.Code // "" means jws is found
	}{
		{"bare", jws, ""},
		{"bare, blanks around", "\t " + jws + " \r\n", ""},
		{"token URL", TokenURL(infoURL, jws), ""},
		{"token URL, http and capitals", "HTTP://localhost:8080/info?token=" + jws, ""},
		{"token URL, further parameters", TokenURL(infoURL+"?a=b%20c", jws) + "&c=d#e", ""},
		{"base64", encoded, ""},
		{"base64 over several lines", encoded[:76] + "\n" + encoded[76:] + "\n", ""},
		{"base64, no padding", strings.TrimRight(encoded, "="), ""},
		{"base64, URL-safe", base64.URLEncoding.EncodeToString([]byte(`{"connectorURL":"https://x.test/??>>~~","token":"` + jws + `"}`)), ""},
		{"base64 of a token URL", Encode(TokenURL(infoURL, jws), infoURL), ""},
		{"base64, further members", base64.StdEncoding.EncodeToString([]byte(`{"token":"` + jws + `","x":[1]}`)), ""},
		{"nothing", " \n", btp.TokenMissing},
		{"URL without token", infoURL, btp.TokenMissing},
		{"URL with empty token", TokenURL(infoURL, ""), btp.TokenMissing},
		{"base64 without token", base64.StdEncoding.EncodeToString([]byte(`{"connectorURL":"https://x.test"}`)), btp.TokenMissing},
		{"broken URL", "https://[::1/info?token=" + jws, btp.TokenMalformed},
		{"another scheme", "ftp://localhost/info?token=" + jws, btp.TokenMalformed},
		{"base64 in base64", Encode(encoded, infoURL), btp.TokenMalformed},
		{"base64 with an ill-typed token", base64.StdEncoding.EncodeToString([]byte(`{"token":5}`)), btp.TokenMalformed},
		{"base64 of something else", base64.StdEncoding.EncodeToString([]byte("token")), btp.TokenMalformed},
		{"text", "integration token", btp.TokenMalformed},
		{"too long", strings.Repeat("a", maxForm+1), btp.TokenMalformed},
		{"token too long", strings.Repeat("a", MaxLength) + ".b.c", btp.TokenMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseForm(test.text)
			if code := btp.CodeOf(err); code != test.want {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if want := jws; err == nil && got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if err != nil && strings.Contains(err.Error(), jws) {
				t.Errorf("the refusal quotes the token: %v", err)
			}
		})
	}
}

// The query value reaches the parser whole: "=", "-" and "_" survive unescaped,
// and escaped (pairing-protocols §1.3).
//
// Rule: token-forms
func TestTokenOfURL(t *testing.T) {
	for _, query := range []string{"token=a-b_c==", "token=a-b_c%3D%3D"} {
		if got, err := tokenOfURL(infoURL + "?" + query); err != nil || got != "a-b_c==" {
			t.Errorf("%s: got %q, %v; want a-b_c==", query, got, err)
		}
	}
}

// The longest token that Sign makes can be copied in every form.
//
// Rule: token-forms
func TestLongestTokenInEveryForm(t *testing.T) {
	jws := strings.Repeat("a", MaxLength-4) + ".b.c"
	for _, form := range []string{jws, TokenURL(infoURL, jws), Encode(jws, infoURL), Encode(TokenURL(infoURL, jws), infoURL)} {
		if got, err := ParseForm(form); err != nil || got != jws {
			t.Errorf("%.40s…: got %d bytes, %v; want %d", form, len(got), err, len(jws))
		}
	}
}

// Rule: token-forms
func FuzzParseForm(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.raw)
	}
	f.Add(TokenURL(infoURL, "a.b.c"))
	f.Add(Encode("a.b.c", infoURL))
	f.Add("https://x.test/?token=a.b.c&token=d%2Ee;f")
	f.Add("bnVsbA==")
	f.Fuzz(func(t *testing.T, text string) {
		jws, err := ParseForm(text)
		if err != nil {
			if code := btp.CodeOf(err); code != btp.TokenMissing && code != btp.TokenMalformed {
				t.Fatalf("got %v, want %s or %s", err, btp.TokenMissing, btp.TokenMalformed)
			}
			return
		}
		if !compact(jws) || len(jws) > MaxLength {
			t.Fatalf("found %q, which is no token", jws)
		}
		for _, form := range []string{jws, TokenURL(infoURL, jws), Encode(jws, infoURL)} {
			if again, err := ParseForm(form); err != nil || again != jws {
				t.Fatalf("%q: got %q, %v; want %q", form, again, err, jws)
			}
		}
	})
}
