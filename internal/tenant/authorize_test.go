package tenant

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/internal/problem"
)

// guarded are two tenants of a fake registry that ask for their administrators,
// and the key of its token service.
func guarded(t *testing.T) (*fakeRegistry, http.Handler, *rsa.PrivateKey) {
	t.Helper()
	f := newFake(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	set := map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "kid": "a1", "use": "sig", "alg": "RS256", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()), "value": "PEM",
	}}}
	f.instead("GET /token_keys", repeat(50, func(w http.ResponseWriter) { reply(w, 200, set) })...)
	ask := func(c *Config) { c.Authorize = true }
	other := func(c *Config) { c.Authorize, c.ID = true, "other" }
	return f, handlerOf(t, newTenant(t, f, ask), newTenant(t, f, other)), key
}

func repeat[T any](n int, one T) []T {
	all := make([]T, n)
	for i := range all {
		all[i] = one
	}
	return all
}

// access are the claims of the administrator of commerce, with changes; nil
// deletes a claim.
func access(changes map[string]any) jwt.MapClaims {
	said := jwt.MapClaims{
		"iss": "http://registry.test/oauth/token", "aud": []string{"pairsim", "shop"}, "sub": "shop", "jti": "1",
		"iat": start.Unix(), "exp": start.Add(time.Hour).Unix(), "scope": []string{"pairsim.tenantAdministrator", "pairsim.tenant:commerce"},
	}
	for name, value := range changes {
		said[name] = value
		if value == nil {
			delete(said, name)
		}
	}
	return said
}

// callAdding gets a path; a header that is given twice is sent twice.
func callAdding(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Rule: role-tenant-administrator
func TestOnlyTheOwnAdministratorIsHeard(t *testing.T) {
	f, h, key := guarded(t)
	rs256 := jwt.SigningMethodRS256
	token := func(changes map[string]any) string { return "Bearer " + signed(access(changes), "a1", rs256, key) }
	admin := token(nil)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const (
		show    = "/tenants/commerce"
		noToken = `Bearer realm="pairsim"`
		invalid = noToken + `, error="invalid_token"`
		tooFew  = noToken + `, error="insufficient_scope"`
	)
	tests := []struct {
		name, path string
		sent       []string
		status     int
		challenge  string
	}{
		{"own administrator", show, []string{admin}, 200, ""},
		{"scheme in lower case", show, []string{"bearer" + strings.TrimPrefix(admin, "Bearer")}, 200, ""},
		{"own administrator's list", "/tenants", []string{admin}, 200, ""},
		{"specification, of which the registry reads", show + "/specifications/odata", nil, 200, ""},
		{"unknown tenant", "/tenants/none", []string{admin}, 404, ""},

		{"nobody", show, nil, 401, noToken},
		{"nobody's list", "/tenants", nil, 401, noToken},
		{"nobody's pairings", show + "/pairings", nil, 401, noToken},
		{"nobody's scenarios", show + "/communicationScenarios", nil, 401, noToken},
		{"nobody's arrangements", show + "/communicationArrangements", nil, 401, noToken},
		{"nobody's log", show + "/outboundLog", nil, 401, noToken},
		{"nobody's users", show + "/users", nil, 401, noToken},
		{"own administrator's arrangements", show + "/communicationArrangements", []string{admin}, 200, ""},
		{"Basic", show, []string{"Basic c2hvcDpzZWNyZXQ="}, 401, invalid},
		{"two headers", show, []string{admin, admin}, 401, invalid},
		{"no JWT", show, []string{"Bearer x"}, 401, invalid},
		{"too long", show, []string{"Bearer " + strings.Repeat("a", 9000)}, 401, invalid},
		{"another tenant's administrator", "/tenants/other", []string{admin}, 403, tooFew},
		{"global account administrator", show, []string{token(map[string]any{"scope": []string{"pairsim.globalAccountAdministrator", "pairsim.globalAccount:default"}})}, 403, tooFew},
		{"global account administrator's list", "/tenants", []string{token(map[string]any{"scope": []string{"pairsim.globalAccountAdministrator"}})}, 403, tooFew},
		{"role of nowhere", show, []string{token(map[string]any{"scope": []string{"pairsim.tenantAdministrator"}})}, 401, invalid},
		{"expired", show, []string{token(map[string]any{"exp": start.Unix()})}, 401, invalid},
		{"without exp", show, []string{token(map[string]any{"exp": nil})}, 401, invalid},
		{"issued later", show, []string{token(map[string]any{"iat": start.Add(time.Minute).Unix()})}, 401, invalid},
		{"another audience", show, []string{token(map[string]any{"aud": "other"})}, 401, invalid},
		{"integration token", show, []string{"Bearer " + f.token(nil)}, 401, invalid},
		{"integration token by that key", show, []string{token(map[string]any{"aud": "pairsim:pairing"})}, 401, invalid},
		{"another key", show, []string{"Bearer " + signed(access(nil), "a1", rs256, stranger)}, 401, invalid},
		{"another kid", show, []string{"Bearer " + signed(access(nil), "a2", rs256, key)}, 401, invalid},
		{"HS256 with the modulus", show, []string{"Bearer " + signed(access(nil), "a1", jwt.SigningMethodHS256, key.N.Bytes())}, 401, invalid},
		{"PS256", show, []string{"Bearer " + signed(access(nil), "a1", jwt.SigningMethodPS256, key)}, 401, invalid},
		{"none", show, []string{"Bearer " + signed(access(nil), "a1", jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)}, 401, invalid},
	}
	codes := map[int]Code{401: unauthenticated, 403: forbidden, 404: tenantNotFound}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var header []string
			for _, value := range tt.sent {
				header = append(header, "Authorization", value)
			}
			w := callAdding(h, tt.path, header...)
			if w.Code != tt.status || w.Header().Get("WWW-Authenticate") != tt.challenge {
				t.Fatalf("got %d %s, challenge %q; want %d, %q", w.Code, w.Body, w.Header().Get("WWW-Authenticate"), tt.status, tt.challenge)
			}
			if tt.status == 200 {
				return
			}
			var p problem.Document
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Type != problem.TypePrefix+string(codes[tt.status]) || p.Next == "" {
				t.Errorf("got %s, want the problem %s", w.Body, codes[tt.status])
			}
			for _, sent := range tt.sent {
				if _, raw, _ := strings.Cut(sent, " "); len(raw) > 8 && strings.Contains(w.Body.String(), raw) {
					t.Errorf("the answer quotes the token: %s", w.Body)
				}
			}
		})
	}
}

// Rule: role-tenant-administrator
func TestAdministratorSeesOwnTenantOnly(t *testing.T) {
	_, h, key := guarded(t)
	token := signed(access(nil), "a1", jwt.SigningMethodRS256, key)
	body := callAdding(h, "/tenants", "Authorization", "Bearer "+token).Body.String()
	if !strings.Contains(body, `"id":"commerce"`) || strings.Contains(body, `"id":"other"`) {
		t.Errorf("got %s, want commerce alone", body)
	}
}

func TestWithoutTokenKeysNobodyIsHeard(t *testing.T) {
	f, h, key := guarded(t)
	f.instead("GET /token_keys", func(w http.ResponseWriter) { reply(w, 500, map[string]string{"error": "server_error"}) })
	w := callAdding(h, "/tenants/commerce", "Authorization", "Bearer "+signed(access(nil), "a1", jwt.SigningMethodRS256, key))
	if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "registry-unreachable") {
		t.Errorf("got %d %s, want registry-unreachable", w.Code, w.Body)
	}
}
