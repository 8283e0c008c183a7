package tenant

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// Rule: token-forms
func FuzzParseToken(f *testing.F) {
	jws := "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"
	for _, seed := range []string{
		jws, "https://x.test/v1/applications/signingRequests/info?token=" + jws, "HTTP://x?token=%zz", "http://", "a.b.", "",
		base64.StdEncoding.EncodeToString([]byte(`{"token":"` + jws + `","connectorURL":"https://x.test"}`)), "e30=", "bnVsbA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		jws, err := ParseToken(text)
		var refused *tokenError
		switch {
		case err != nil && (!errors.As(err, &refused) || refused.reason != "token-malformed" || jws != ""):
			t.Errorf("got %q, %v, want token-malformed", jws, err)
		case err == nil && (!isJWS(jws) || strings.ContainsAny(jws, " /?&")):
			t.Errorf("got %q, no compact JWS", jws)
		}
	})
}

// Rule: pairing-info-answer
func FuzzParseSubject(f *testing.F) {
	for _, seed := range []string{"OU=TEST,O=Org,L=Town,ST=State,C=DE,CN=shop", "CN=a,", "CN=", "O=a,CN=b=c", ",,", "="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, err := parseSubject(text)
		if err == nil && (name.CommonName == "" || strings.ContainsAny(name.CommonName, ",=") || len(text) > 1024) {
			t.Errorf("%q: got %+v", text, name)
		}
	})
}

func TestParseSubject(t *testing.T) {
	tests := []struct{ in, want string }{
		{"O=Organization,OU=OrgUnit,L=Waldorf,ST=Waldorf,C=DE,CN=shop-eu", "CN=shop-eu,OU=OrgUnit,O=Organization,L=Waldorf,ST=Waldorf,C=DE"},
		{"OU=OrgUnit,O=Organization,L=Waldorf,ST=Waldorf,C=DE,CN=shop-eu,", "CN=shop-eu,OU=OrgUnit,O=Organization,L=Waldorf,ST=Waldorf,C=DE"},
		{"CN=x", "CN=x"},
		{"O=a", "error"},
		{"CN=x,O=", "error"},
		{"CN=x, O=a", "error"},
		{"CN=x,O=a=b", "error"},
		{"CN=x,O=a,O=b", "error"},
		{"CN=x,DC=a", "error"},
		{"CN=" + strings.Repeat("x", 1100), "error"},
	}
	for _, tt := range tests {
		name, err := parseSubject(tt.in)
		got := name.String()
		if err != nil {
			got = "error"
		}
		if got != tt.want {
			t.Errorf("%q: got %s (%v), want %s", tt.in, got, err, tt.want)
		}
	}
}
