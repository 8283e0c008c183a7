package tokenservice

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/internal/publicurl"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

var start = time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)

// env is a token service on a registry with a frozen clock.
type env struct {
	t        testing.TB
	registry *btp.Registry
	service  *Service
	handler  http.Handler
	log      bytes.Buffer
}

// newRegistry is a registry with four clients: admin, operator and viewer of
// acme, and shop of the tenant commerce; each one's secret is its id and -secret.
func newRegistry(t testing.TB, store btp.Store) *btp.Registry {
	t.Helper()
	landscape := btp.DefaultLandscape()
	landscape.GlobalAccounts = append(landscape.GlobalAccounts, btp.GlobalAccount{ID: "acme", Subdomain: "acme-sub"})
	for id, role := range map[string]string{
		"admin": "Global Account Administrator", "operator": "System Landscape Administrator", "viewer": "System Landscape Viewer",
	} {
		landscape.OAuthClients = append(landscape.OAuthClients,
			btp.DeclaredOAuthClient{ID: id, Secret: id + "-secret", Role: role, GlobalAccount: "acme"})
	}
	landscape.OAuthClients = append(landscape.OAuthClients,
		btp.DeclaredOAuthClient{ID: "shop", Secret: "shop-secret", Role: "Tenant Administrator", Tenant: "commerce"})
	registry, err := btp.Open(t.Context(), btp.Config{
		Store: store, Environment: btp.DefaultEnvironment, Seed: 7, KeyAlgorithm: "RS256", Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(start); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return start }, StartFrozen: start,
		Policy: btp.DefaultPolicy(), Landscape: landscape,
	})
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

func newEnv(t testing.TB) *env {
	t.Helper()
	e := &env{t: t, registry: newRegistry(t, memory.New())}
	urls, err := publicurl.New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	e.service = New(Config{Registry: e.registry, URLs: urls, Log: slog.New(slog.NewTextHandler(&e.log, nil))})
	router := gin.New()
	e.service.Mount(router)
	e.handler = router
	return e
}

func (e *env) advance(d time.Duration) {
	e.t.Helper()
	if _, err := e.registry.ChangeClock(context.Background(), btp.ClockChange{Advance: d}); err != nil {
		e.t.Fatal(err)
	}
}

// ask posts a form; header lists names and values.
func (e *env) ask(form string, header ...string) (int, map[string]any, http.Header) {
	e.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://sim.test:8080/oauth/token", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Content-Type" {
			r.Header.Del(header[i])
		}
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, r)
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		e.t.Fatalf("answer %d %s: %v", w.Code, w.Body, err)
	}
	return w.Code, doc, w.Header()
}

// accessToken gets a token for one of the clients.
func (e *env) accessToken(client string) string {
	e.t.Helper()
	status, doc, _ := e.ask("grant_type=client_credentials&client_id=" + client + "&client_secret=" + client + "-secret")
	raw, _ := doc["access_token"].(string)
	if status != http.StatusOK || raw == "" {
		e.t.Fatalf("got %d %v, want a token", status, doc)
	}
	return raw
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func TestAccessToken(t *testing.T) {
	e := newEnv(t)
	status, doc, header := e.ask("grant_type=client_credentials", "Authorization", basic("operator", "operator-secret"))
	if status != 200 || doc["token_type"] != "bearer" || doc["expires_in"] != 43200.0 ||
		doc["scope"] != "pairsim.systemLandscapeAdministrator pairsim.globalAccount:acme" || doc["jti"] == "" || len(doc) != 5 {
		t.Errorf("got %d %v", status, doc)
	}
	if header.Get("Cache-Control") != "no-store" || header.Get("Pragma") != "no-cache" {
		t.Errorf("got headers %v, want no caching", header)
	}
	parsed, _, err := jwt.NewParser().ParseUnverified(doc["access_token"].(string), jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	said := parsed.Claims.(jwt.MapClaims)
	for name, want := range map[string]any{
		"iss": "http://sim.test:8080/oauth/token", "sub": "operator", "client_id": "operator", "cid": "operator", "azp": "operator",
		"grant_type": "client_credentials", "zid": "acme", "jti": doc["jti"], "iat": float64(start.Unix()), "exp": float64(start.Add(12 * time.Hour).Unix()),
	} {
		if said[name] != want {
			t.Errorf("claim %s: got %v, want %v", name, said[name], want)
		}
	}
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"aud":["pairsim","operator"]`, `"ext_attr":{"enhancer":"XSUAA","zdn":"acme-sub"}`,
		`"scope":["pairsim.systemLandscapeAdministrator","pairsim.globalAccount:acme"]`,
		`"authorities":["pairsim.systemLandscapeAdministrator","pairsim.globalAccount:acme"]`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got claims %s, want %s in them", text, want)
		}
	}
	if h := parsed.Header; h["alg"] != "RS256" || h["typ"] != "JWT" || h["jku"] != "http://sim.test:8080/token_keys" || h["kid"] == "" {
		t.Errorf("got header %v", h)
	}
}

func TestTokenKeysVerify(t *testing.T) {
	e := newEnv(t)
	raw := e.accessToken("shop")
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/token_keys", nil))
	var set struct {
		Keys []struct{ Kty, Alg, Use, Kid, N, E, Value string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("got %d %s, %v; want one key", w.Code, w.Body, err)
	}
	k := set.Keys[0]
	if k.Kty != "RSA" || k.Alg != "RS256" || k.Use != "sig" || k.N == "" || k.E != "AQAB" {
		t.Errorf("got key %+v", k)
	}
	block, _ := pem.Decode([]byte(k.Value))
	if block == nil {
		t.Fatalf("value %q is no PEM", k.Value)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.Parse(raw, func(*jwt.Token) (any, error) { return public, nil }, jwt.WithTimeFunc(func() time.Time { return start }))
	if err != nil || parsed.Header["kid"] != k.Kid {
		t.Errorf("got %v, %v; want it signed by key %s", parsed.Header, err, k.Kid)
	}
}

// Rule: token-service
func TestEndpointRefuses(t *testing.T) {
	e := newEnv(t)
	const good = "grant_type=client_credentials&client_id=viewer&client_secret=viewer-secret"
	authorization := func(value string) []string { return []string{"Authorization", value} }
	tests := []struct {
		name, form string
		header     []string
		status     int
		code       string
		text       string // a part of the description
	}{
		{"by form", good, nil, 200, "", ""},
		{"by Basic", "grant_type=client_credentials", authorization(basic("viewer", "viewer-secret")), 200, "", ""},
		{"by Basic, form-encoded", "grant_type=client_credentials", authorization(basic("viewe%72", "viewer%2Dsecret")), 200, "", ""},
		{"by Basic, the id in the form too", "grant_type=client_credentials&client_id=viewer", authorization(basic("viewer", "viewer-secret")), 200, "", ""},
		{"unknown parameters", good + "&response_type=token&response_type=x&token_format=jwt", nil, 200, "", ""},
		{"some of the scopes", good + "&scope=pairsim.systemLandscapeViewer", nil, 200, "", ""},

		{"wrong secret", strings.Replace(good, "-secret", "-wrong", 1), nil, 401, "invalid_client", "Bad credentials"},
		{"unknown client", strings.Replace(good, "viewer", "nobody", 1), nil, 401, "invalid_client", "Bad credentials"},
		{"wrong secret by Basic", "grant_type=client_credentials", authorization(basic("viewer", "x")), 401, "invalid_client", "Bad credentials"},
		{"broken escape by Basic", "grant_type=client_credentials", authorization(basic("viewer", "%zz")), 401, "invalid_client", "Bad credentials"},
		{"no credentials", "grant_type=client_credentials", nil, 401, "invalid_client", "missing"},
		{"no secret", "grant_type=client_credentials&client_id=viewer", nil, 401, "invalid_client", "missing"},
		{"Bearer", "grant_type=client_credentials", authorization("Bearer x"), 401, "invalid_client", "not Basic"},
		{"Basic that is not base64", "grant_type=client_credentials", authorization("Basic @"), 401, "invalid_client", "not Basic"},
		{"two headers", "grant_type=client_credentials", append(authorization(basic("viewer", "viewer-secret")), authorization("Basic x")...), 401, "invalid_client", "not Basic"},
		{"authenticated twice", good, authorization(basic("viewer", "viewer-secret")), 400, "invalid_request", "twice"},
		{"another client in the form", "grant_type=client_credentials&client_id=admin", authorization(basic("viewer", "viewer-secret")), 400, "invalid_request", "twice"},

		{"no grant", strings.TrimPrefix(good, "grant_type=client_credentials&"), nil, 400, "invalid_request", "grant_type"},
		{"password grant", strings.Replace(good, "client_credentials", "password", 1), nil, 400, "unsupported_grant_type", "client_credentials"},
		{"grant twice", good + "&grant_type=client_credentials", nil, 400, "invalid_request", "more than once"},
		{"scope of another role", good + "&scope=pairsim.globalAccountAdministrator", nil, 400, "invalid_scope", "pairsim.systemLandscapeViewer"},
		{"badly escaped", "grant_type=%zz", nil, 400, "invalid_request", "escaped"},
		{"JSON", `{}`, []string{"Content-Type", "application/json"}, 400, "invalid_request", "x-www-form-urlencoded"},
		{"too large", "x=" + strings.Repeat("a", maxForm), nil, 413, "invalid_request", "large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, doc, got := e.ask(tt.form, tt.header...)
			text, _ := doc["error_description"].(string)
			if code, _ := doc["error"].(string); status != tt.status || code != tt.code || !strings.Contains(text, tt.text) {
				t.Errorf("got %d %v, want %d %s …%s…", status, doc, tt.status, tt.code, tt.text)
			}
			if challenge := got.Get("WWW-Authenticate"); (status == 401) != (challenge == `Basic realm="pairsim"`) {
				t.Errorf("got WWW-Authenticate %q", challenge)
			}
			if reason := got.Get("Pairsim-Reason"); (status == 200) != (reason == "") {
				t.Errorf("got Pairsim-Reason %q", reason)
			}
			if strings.Contains(text, "secret") && tt.status != 401 || strings.Contains(e.log.String(), "-secret") {
				t.Errorf("a secret is told: %v, log %s", doc, e.log.String())
			}
		})
	}
}

// Rule: access-needs-token
func TestAdmit(t *testing.T) {
	e := newEnv(t)
	for _, tt := range []struct {
		client  string
		needed  btp.Permission
		account btp.GlobalAccountID
		tenant  string
		want    btp.Code
	}{
		{"admin", btp.EntitlementsWrite, "acme", "", ""},
		{"operator", btp.LandscapeWrite, "acme", "", ""},
		{"operator", btp.EntitlementsWrite, "", "", btp.Forbidden},
		{"viewer", btp.LandscapeRead, "acme", "", ""},
		{"viewer", btp.LandscapeWrite, "", "", btp.Forbidden},
		{"shop", btp.TenantWrite, "", "commerce", ""},
		{"shop", btp.LandscapeRead, "", "", btp.Forbidden},
		{"admin", btp.TenantWrite, "", "", btp.Forbidden},
	} {
		p, err := e.service.Admit(t.Context(), []string{"Bearer " + e.accessToken(tt.client)}, tt.needed)
		if got := btp.CodeOf(err); got != tt.want {
			t.Errorf("%s, %s: got %v, want %q", tt.client, tt.needed, err, tt.want)
			continue
		}
		if err == nil && (p.Client != tt.client || p.GlobalAccount != tt.account || p.Tenant != tt.tenant) {
			t.Errorf("%s: got %+v", tt.client, p)
		}
	}
}

// resigned is an access token with another header or claims, signed by key.
func resigned(t *testing.T, raw string, method jwt.SigningMethod, key any, change func(header map[string]any, said jwt.MapClaims)) string {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(raw, jwt.MapClaims{})
	if err != nil {
		t.Fatal(err)
	}
	parsed.Method = method
	parsed.Header["alg"] = method.Alg()
	change(parsed.Header, parsed.Claims.(jwt.MapClaims))
	text, err := parsed.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Rule: access-token-is-no-integration-token
func TestAdmitRefusesWhatIsNoAccessToken(t *testing.T) {
	e := newEnv(t)
	raw := e.accessToken("admin")
	own := e.service.loaded.Load()
	public, err := x509.MarshalPKIXPublicKey(own.Private.Public())
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := token.NewKey(token.RS256, nil)
	if err != nil {
		t.Fatal(err)
	}
	same := func(map[string]any, jwt.MapClaims) {}
	claim := func(name string, value any) string {
		return resigned(t, raw, jwt.SigningMethodRS256, own.Private, func(_ map[string]any, said jwt.MapClaims) { said[name] = value })
	}
	header := func(name string, value any) string {
		return resigned(t, raw, jwt.SigningMethodRS256, own.Private, func(h map[string]any, _ jwt.MapClaims) { h[name] = value })
	}
	_, integration, err := e.registry.Register(t.Context(), "acme", "Web Shop", "SAP Commerce Cloud", "https://x/info", "")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		sent []string
		text string // a part of the detail
	}{
		{"nothing", nil, "has none"},
		{"two headers", []string{"Bearer " + raw, "Bearer " + raw}, "2 Authorization headers"},
		{"Basic", []string{basic("admin", "admin-secret")}, "not Bearer"},
		{"no token", []string{"Bearer "}, "not Bearer"},
		{"no scheme", []string{raw}, "not Bearer"},
		{"no JWT", []string{"Bearer hello"}, "not a signed"},
		{"too long", []string{"Bearer " + strings.Repeat("a", maxToken+1)}, "more than"},
		{"integration token", []string{"Bearer " + integration.JWS}, "integration token"},
		{"signed by another key", []string{"Bearer " + resigned(t, raw, jwt.SigningMethodRS256, stranger.Private, same)}, "not issued"},
		{"HS256 with the public key", []string{"Bearer " + resigned(t, raw, jwt.SigningMethodHS256, public, same)}, "not issued"},
		{"PS256 with the own key", []string{"Bearer " + resigned(t, raw, jwt.SigningMethodPS256, own.Private, same)}, "not issued"},
		{"none", []string{"Bearer " + resigned(t, raw, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same)}, "not issued"},
		{"another kid", []string{"Bearer " + header("kid", "x")}, "not issued"},
		{"critical extension", []string{"Bearer " + header("crit", []string{"x"})}, "not issued"},
		{"another audience", []string{"Bearer " + claim("aud", []string{"other"})}, "not meant"},
		{"audience of pairing", []string{"Bearer " + claim("aud", "pairsim:pairing")}, "integration token"},
		{"no exp", []string{"Bearer " + claim("exp", nil)}, "incomplete"},
		{"issued later", []string{"Bearer " + claim("iat", start.Add(time.Hour).Unix())}, "not valid yet"},
		{"no scope", []string{"Bearer " + claim("scope", nil)}, "no role"},
		{"role of nowhere", []string{"Bearer " + claim("scope", []string{"pairsim.globalAccountAdministrator"})}, "no role"},
		{"role of both", []string{"Bearer " + claim("scope", []string{"pairsim.globalAccountAdministrator", "pairsim.globalAccount:acme", "pairsim.tenant:commerce"})}, "no role"},
		{"tampered", []string{"Bearer " + raw[:len(raw)-4] + "AAAA"}, "not issued"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.service.Admit(t.Context(), tt.sent, btp.LandscapeRead)
			if btp.CodeOf(err) != btp.Unauthenticated || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("got %v, want unauthenticated …%s…", err, tt.text)
			}
			for _, header := range tt.sent {
				if part := strings.TrimPrefix(header, "Bearer "); len(part) > 8 && strings.Contains(err.Error(), part) {
					t.Errorf("the refusal quotes what was sent: %v", err)
				}
			}
		})
	}
}

// TestAccessTokensPairNothing is the other direction of the table above.
//
// Rule: access-token-is-no-integration-token
func TestAccessTokensPairNothing(t *testing.T) {
	e := newEnv(t)
	_, err := e.registry.OpenPairing(t.Context(), btp.Presentation{JWS: e.accessToken("admin")})
	if got := btp.CodeOf(err); got != btp.TokenForged {
		t.Errorf("got %v, want token-forged", err)
	}
}

// Rule: access-needs-token
func TestAccessTokenExpires(t *testing.T) {
	e := newEnv(t)
	sent := []string{"Bearer " + e.accessToken("admin")}
	e.advance(Validity - time.Second)
	if _, err := e.service.Admit(t.Context(), sent, btp.LandscapeRead); err != nil {
		t.Errorf("in its last second: got %v, want it admitted", err)
	}
	e.advance(time.Second)
	_, err := e.service.Admit(t.Context(), sent, btp.LandscapeRead)
	if btp.CodeOf(err) != btp.Unauthenticated || !strings.Contains(err.Error(), "expired at 2030-01-01T22:00:00Z") {
		t.Errorf("got %v, want it expired", err)
	}
}

// TestProcessesShareTheKey: of many services that ask at once, on one store, one
// makes the key, and later ones read it.
func TestProcessesShareTheKey(t *testing.T) {
	first := newEnv(t)
	urls, err := publicurl.New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	pool := make(chan *rsa.PrivateKey, 2)
	for range 2 {
		key, err := token.NewKey(token.RS256, nil)
		if err != nil {
			t.Fatal(err)
		}
		pool <- key.Private.(*rsa.PrivateKey)
	}
	services := make([]*Service, 2)
	for i := range services {
		services[i] = New(Config{Registry: first.registry, URLs: urls, NewRSA: func() (*rsa.PrivateKey, error) { return <-pool, nil }})
	}
	var done sync.WaitGroup
	ids := make([]string, 16)
	for i := range ids {
		done.Go(func() {
			key, err := services[i%2].key(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = key.ID
		})
	}
	done.Wait()
	later, err := New(Config{Registry: first.registry, URLs: urls}).key(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if id != later.ID {
			t.Errorf("service %d has key %s, want %s", i%2, id, later.ID)
		}
	}
}

// FuzzBearer: whatever is sent as Authorization is admitted as the one client
// whose token is good, or refused as unauthenticated and not quoted.
//
// Rule: access-needs-token
func FuzzBearer(f *testing.F) {
	e := newEnv(f)
	good := e.accessToken("viewer")
	_, integration, err := e.registry.Register(f.Context(), "acme", "Web Shop", "SAP Commerce Cloud", "https://x/info", "")
	if err != nil {
		f.Fatal(err)
	}
	parts := strings.Split(good, ".")
	for _, seed := range []string{
		"", "Bearer", "Bearer x", "Bearer " + good, "bearer  " + good, "Bearer " + integration.JWS, basic("viewer", "viewer-secret"),
		"Bearer ..", "Bearer " + parts[0] + "." + parts[1] + ".", "Bearer " + parts[0] + ".e30." + parts[2], "Bearer bnVsbA.bnVsbA.bnVsbA", "Bearer \xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		p, err := e.service.Admit(context.Background(), []string{sent}, btp.LandscapeRead)
		switch {
		case err == nil && (p.Client != "viewer" || !strings.HasSuffix(strings.TrimRight(sent, " "), good)):
			t.Errorf("admitted %+v for %q", p, sent)
		case err != nil && btp.CodeOf(err) != btp.Unauthenticated:
			t.Errorf("got %v, want unauthenticated", err)
		case err != nil && len(sent) > 40 && strings.Contains(err.Error(), sent):
			t.Errorf("the refusal quotes what was sent: %v", err)
		}
	})
}

// FuzzTokenRequest: whatever is sent to the endpoint gets a token for the right
// secret only, and an answer in the form of RFC 6749.
//
// Rule: token-service
func FuzzTokenRequest(f *testing.F) {
	e := newEnv(f)
	for _, seed := range [][2]string{
		{"grant_type=client_credentials&client_id=viewer&client_secret=viewer-secret", ""},
		{"grant_type=client_credentials", basic("viewer", "viewer-secret")},
		{"grant_type=password", "Basic @"},
		{"grant_type=password&username=a&password=b", basic("cf", "")},
		{"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b.c&client_id=viewer&client_secret=viewer-secret", ""},
		{"%zz", ""},
		{"a=b;c=d", "Basic Og=="},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, form, authorization string) {
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		w := httptest.NewRecorder()
		e.handler.ServeHTTP(w, r)
		var doc struct {
			AccessToken string `json:"access_token"`
			Error       string `json:"error"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || (w.Code == 200) != (doc.AccessToken != "") || (w.Code == 200) == (doc.Error != "") {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
		if w.Code == 200 {
			values, _ := url.ParseQuery(form)
			_, secret, _ := r.BasicAuth()
			if decoded, err := url.QueryUnescape(secret); err != nil || !strings.HasSuffix(decoded+values.Get("client_secret"), "-secret") {
				t.Errorf("a token without a secret for %q", form)
			}
		}
	})
}
