package rest_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/gin-gonic/gin"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/destination/rest"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/btp/tokenservice"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/publicurl"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	os.Exit(m.Run())
}

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

const base = "/destination-configuration/v1"

// world is a destination service with its token service, on a registry with a frozen
// clock. Every answer is held against openapi.yaml.
type world struct {
	t        testing.TB
	registry *btp.Registry
	handler  http.Handler
	service  *rest.Service
	log      bytes.Buffer
	// token is that of a client of subaccount dev, bound to instance i1; user is of
	// the default user, got by the same client.
	token, user string
	form        url.Values
}

func open(t testing.TB) *world {
	t.Helper()
	w := &world{t: t}
	landscape := btp.DefaultLandscape()
	landscape.Subaccounts = append(landscape.Subaccounts, btp.Subaccount{ID: "prod", GlobalAccount: "default", Subdomain: "prod", Region: "eu10"})
	landscape.OAuthClients = []btp.DeclaredOAuthClient{{ID: "admin", Secret: "admin-secret", Role: "Global Account Administrator", GlobalAccount: "default"}}
	registry, err := btp.Open(t.Context(), btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Seed: 1, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch }, StartFrozen: epoch, Policy: btp.DefaultPolicy(), Landscape: landscape, DefaultUser: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	w.registry = registry
	urls, err := publicurl.New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	tokens := tokenservice.New(tokenservice.Config{Registry: registry, URLs: urls, Log: log})
	w.service = rest.New(rest.Config{Registry: registry, Access: tokens, Outbound: outbound.New(outbound.Config{Timeout: time.Minute}), Timeout: time.Minute, Log: log})
	t.Cleanup(w.service.Close)
	router := gin.New()
	tokens.Mount(router)
	w.service.Mount(router)
	w.handler = openapitest.Destinations.Check(t, router)
	w.form = w.client("sb-a!b1", "dev", "destination", "i1")
	w.token = w.granted(w.form, "grant_type", "client_credentials")
	w.user = w.granted(w.form, "grant_type", "password", "username", btp.DefaultUserName, "password", btp.DefaultUserPassword)
	return w
}

// client makes a service client, and returns the form of a grant without its type.
func (w *world) client(id string, subaccount btp.SubaccountID, service, instance string) url.Values {
	w.t.Helper()
	var secret string
	err := w.registry.Amend(w.t.Context(), func(s *btp.Step) (err error) {
		secret, err = s.PutServiceClient(btp.ServiceClient{ID: id, Subaccount: subaccount, Service: service, XSAppName: id + "|" + service, Instance: instance})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return url.Values{"client_id": {id}, "client_secret": {secret}}
}

func (w *world) granted(form url.Values, pairs ...string) string {
	w.t.Helper()
	all := url.Values{}
	for name, values := range form {
		all[name] = values
	}
	for i := 0; i < len(pairs); i += 2 {
		all.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(all.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || answer.AccessToken == "" {
		w.t.Fatalf("no token: %d %s", rec.Code, rec.Body)
	}
	return answer.AccessToken
}

// call is made with the client's token, unless header says otherwise.
func (w *world) call(method, path, body string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+w.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			r.Header.Del(header[i])
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// must is call, whose answer has the status; it returns the document.
func (w *world) must(status int, method, path, body string, header ...string) map[string]any {
	w.t.Helper()
	rec := w.call(method, path, body, header...)
	if rec.Code != status {
		w.t.Fatalf("%s %s: got %d %s, want %d", method, path, rec.Code, rec.Body, status)
	}
	var doc map[string]any
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil {
			w.t.Fatalf("%s %s: %v in %s", method, path, err, rec.Body)
		}
	}
	return doc
}

// put makes a destination on a level.
func (w *world) put(level string, properties map[string]string) {
	w.t.Helper()
	body, err := json.Marshal(properties)
	if err != nil {
		w.t.Fatal(err)
	}
	w.must(http.StatusCreated, "POST", "/"+level+"Destinations", string(body))
}

// tokenEntry is the one entry of authTokens of a destination.
func (w *world) tokenEntry(name string, header ...string) map[string]any {
	w.t.Helper()
	found := w.must(http.StatusOK, "GET", "/destinations/"+name, "", header...)
	entries, _ := found["authTokens"].([]any)
	if len(entries) != 1 {
		w.t.Fatalf("got the tokens %v, want one entry", entries)
	}
	return entries[0].(map[string]any)
}

func basic(name string) map[string]string {
	return map[string]string{
		"Name": name, "Type": "HTTP", "URL": "https://my300117-api.example", "ProxyType": "Internet", "Authentication": "BasicAuthentication",
		"User": "EXT", "Password": "Secret-1",
	}
}

func clientCredentials(name, tokenURL string) map[string]string {
	return map[string]string{
		"Name": name, "Type": "HTTP", "URL": "https://api.example", "ProxyType": "Internet", "Authentication": "OAuth2ClientCredentials",
		"clientId": "client!b1", "clientSecret": "Client-Secret", "tokenServiceURL": tokenURL,
	}
}

func samlBearer(name, tokenURL string) map[string]string {
	return map[string]string{
		"Name": name, "Type": "HTTP", "URL": "https://my300117-api.example", "ProxyType": "Internet", "Authentication": "OAuth2SAMLBearerAssertion",
		"audience": "https://my300117.example", "clientKey": "EXT", "tokenServiceUser": "EXT", "tokenServicePassword": "Secret-2",
		"tokenServiceURL": tokenURL, "tokenServiceURLType": "Dedicated", "authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
		"nameIdFormat": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "userIdSource": "email",
	}
}

// tokenServer answers every request with what answer says, and keeps the last form.
type tokenServer struct {
	*httptest.Server
	calls atomic.Int32
	last  atomic.Pointer[http.Request]
}

func serveTokens(t testing.TB, answer func(n int, r *http.Request) (status int, body string)) *tokenServer {
	s := &tokenServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		s.last.Store(r)
		status, body := answer(int(s.calls.Add(1)), r)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func granting(n int, _ *http.Request) (int, string) {
	return http.StatusOK, fmt.Sprintf(`{"access_token":"token-%d","token_type":"bearer","expires_in":3600,"scope":"API"}`, n)
}

// Rule: destination-find, destination-names
func TestDestinationsAreKept(t *testing.T) {
	w := open(t)
	w.put("subaccount", basic("orders"))
	found := w.must(200, "GET", "/destinations/orders?$skipTokenRetrieval=true", "")
	if owner := found["owner"].(map[string]any); owner["SubaccountId"] != "dev" || owner["InstanceId"] != nil {
		t.Errorf("got the owner %v", owner)
	}
	said := found["destinationConfiguration"].(map[string]any)
	for name, want := range basic("orders") {
		if said[name] != want {
			t.Errorf("%s is %v, want %s", name, said[name], want)
		}
	}
	if _, there := found["authTokens"]; there || len(said) != len(basic("")) {
		t.Errorf("got %v", found)
	}
	changed := basic("orders")
	changed["User"] = "NEW"
	body, _ := json.Marshal(changed)
	if got := w.must(200, "PUT", "/subaccountDestinations", string(body)); got["Count"] != 1.0 {
		t.Errorf("a change counts %v", got)
	}
	if got := w.must(200, "GET", "/subaccountDestinations/orders", ""); got["User"] != "NEW" || got["Name"] != "orders" {
		t.Errorf("after a change: %v", got)
	}
	if got := w.call("GET", "/subaccountDestinations", "").Body.String(); !strings.HasPrefix(got, `[{"`) || !strings.Contains(got, `"User":"NEW"`) {
		t.Errorf("the list is %s", got)
	}
	for _, want := range []float64{1, 0} {
		if got := w.must(200, "DELETE", "/subaccountDestinations/orders", ""); got["Count"] != want {
			t.Errorf("deleting counts %v, want %v", got, want)
		}
	}
}

func TestInstanceLevel(t *testing.T) {
	w := open(t)
	w.put("subaccount", basic("orders"))
	own := basic("orders")
	own["User"] = "OWN"
	w.put("instance", own)
	found := w.must(200, "GET", "/destinations/orders", "")
	if owner := found["owner"].(map[string]any); owner["InstanceId"] != "i1" || owner["SubaccountId"] != nil {
		t.Errorf("got the owner %v", owner)
	}
	if user := found["destinationConfiguration"].(map[string]any)["User"]; user != "OWN" {
		t.Errorf("the instance's own does not hide the subaccount's: %v", user)
	}
	if got := w.must(200, "GET", "/subaccountDestinations/orders", ""); got["User"] != "EXT" {
		t.Errorf("on the subaccount's level: %v", got)
	}
	w.must(200, "DELETE", "/instanceDestinations/orders", "")
	if found := w.must(200, "GET", "/destinations/orders", ""); found["owner"].(map[string]any)["SubaccountId"] != "dev" {
		t.Errorf("without it: %v", found)
	}
	// A client of another instance, and one of none.
	other := "Bearer " + w.granted(w.client("sb-b", "dev", "destination", "i2"), "grant_type", "client_credentials")
	if got := w.call("GET", "/instanceDestinations", "", "Authorization", other).Body.String(); strings.TrimSpace(got) != "[]" {
		t.Errorf("another instance sees %s", got)
	}
	none := "Bearer " + w.granted(w.client("sb-c", "dev", "destination", ""), "grant_type", "client_credentials")
	w.must(400, "GET", "/instanceDestinations", "", "Authorization", none)
}

// Rule: destination-names
func TestRefusals(t *testing.T) {
	w := open(t)
	w.put("subaccount", basic("orders"))
	foreign := w.granted(w.client("sb-q", "dev", "enterprise-messaging", "q"), "grant_type", "client_credentials")
	role := w.granted(url.Values{"client_id": {"admin"}, "client_secret": {"admin-secret"}}, "grant_type", "client_credentials")
	prod := w.granted(w.client("sb-p", "prod", "destination", "p"), "grant_type", "client_credentials")
	text := func(p map[string]string) string { b, _ := json.Marshal(p); return string(b) }
	for _, tt := range []struct {
		about, method, path, body string
		header                    []string
		status                    int
		reason, contains          string
	}{
		{"unknown name", "GET", "/destinations/nothing", "", nil, 404, "destination-not-found", `{"ErrorMessage":"Configuration with the specified name was not found"}`},
		{"unknown name, as configured", "GET", "/subaccountDestinations/nothing", "", nil, 404, "destination-not-found", "Configuration with the specified name was not found"},
		{"another subaccount's", "GET", "/destinations/orders", "", []string{"Authorization", "Bearer " + prod}, 404, "destination-not-found", ""},
		{"unknown file", "GET", "/subaccountCertificates/k.pem", "", nil, 404, "certificate-file-not-found", ""},
		{"no token", "GET", "/destinations/orders", "", []string{"Authorization", ""}, 401, "unauthenticated", "has none"},
		{"a bad token", "GET", "/destinations/orders", "", []string{"Authorization", "Bearer x"}, 401, "unauthenticated", ""},
		{"another service's token", "GET", "/destinations/orders", "", []string{"Authorization", "Bearer " + foreign}, 401, "forbidden", "enterprise-messaging"},
		{"a role's token", "GET", "/destinations/orders", "", []string{"Authorization", "Bearer " + role}, 401, "unauthenticated", ""},
		{"no token for a change", "POST", "/subaccountDestinations", text(basic("x")), []string{"Authorization", ""}, 401, "unauthenticated", ""},
		{"a strange switch", "GET", "/destinations/orders?$skipTokenRetrieval=maybe", "", nil, 400, "invalid-request", "true or false"},
		{"taken", "POST", "/subaccountDestinations", text(basic("orders")), nil, 409, "destination-exists", "orders"},
		{"changing nothing", "PUT", "/subaccountDestinations", text(basic("nothing")), nil, 404, "destination-not-found", ""},
		{"no URL", "POST", "/subaccountDestinations", text(map[string]string{"Name": "x", "Type": "HTTP"}), nil, 400, "destination-invalid", `"violations":[{"configuration":"x","errors":["URL: is required"]}]`},
		{"nothing", "POST", "/subaccountDestinations", "", nil, 400, "invalid-request", "empty"},
		{"no JSON", "POST", "/subaccountDestinations", "{", nil, 400, "invalid-request", ""},
		{"a number", "POST", "/subaccountDestinations", `{"Name":1}`, nil, 400, "invalid-request", "string"},
		{"an empty list", "POST", "/subaccountDestinations", `[]`, nil, 400, "invalid-request", "1 to 50"},
		{"a property twice", "POST", "/subaccountDestinations", `{"Name":"a","Name":"b"}`, nil, 400, "invalid-request", "twice"},
		{"another kind of body", "POST", "/subaccountDestinations", text(basic("x")), []string{"Content-Type", "text/plain"}, 415, "unsupported-media-type", ""},
		{"too large", "POST", "/subaccountDestinations", `{"Name":"` + strings.Repeat("a", 256<<10) + `"}`, nil, 413, "body-too-large", ""},
		{"a file of no base64", "POST", "/subaccountCertificates", `{"Name":"k.pem","Content":"?"}`, nil, 400, "destination-invalid", "Content"},
		{"a file with more", "POST", "/subaccountCertificates", `{"Name":"k.pem","Content":"AAAA","Key":"x"}`, nil, 400, "invalid-request", "Key"},
	} {
		t.Run(tt.about, func(t *testing.T) {
			rec := w.call(tt.method, tt.path, tt.body, tt.header...)
			if rec.Code != tt.status || rec.Header().Get("Pairsim-Reason") != tt.reason || !strings.Contains(rec.Body.String(), tt.contains) {
				t.Errorf("got %d %s %s, want %d %s …%s…", rec.Code, rec.Header().Get("Pairsim-Reason"), rec.Body, tt.status, tt.reason, tt.contains)
			}
		})
	}
	// A list is made whole, or not at all.
	w.must(400, "POST", "/subaccountDestinations", "["+text(basic("a"))+","+text(map[string]string{"Name": "b"})+"]")
	w.must(409, "POST", "/subaccountDestinations", "["+text(basic("a"))+","+text(basic("orders"))+"]")
	w.must(404, "GET", "/destinations/a", "")
	w.must(201, "POST", "/subaccountDestinations", "["+text(basic("a"))+","+text(basic("b"))+"]")
	w.must(200, "GET", "/destinations/b", "")
}

// Rule: destination-client-credentials
func TestClientCredentials(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	p := clientCredentials("api", server.URL+"/oauth/token")
	p["scope"] = "read"
	w.put("subaccount", p)
	got := w.tokenEntry("api")
	want := map[string]any{"type": "Bearer", "value": "token-1", "expires_in": "3600", "scope": "API"}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
	if h := got["http_header"].(map[string]any); h["key"] != "Authorization" || h["value"] != "Bearer token-1" {
		t.Errorf("got the header %v", h)
	}
	sent := server.last.Load()
	if id, secret, _ := sent.BasicAuth(); id != "client!b1" || secret != "Client-Secret" || sent.PostForm.Get("grant_type") != "client_credentials" || sent.PostForm.Get("scope") != "read" {
		t.Errorf("the token service was sent %s:%s and %v", id, secret, sent.PostForm)
	}

	// It is kept until it expires on the environment's clock.
	advance := func(d time.Duration) {
		if _, err := w.registry.ChangeClock(t.Context(), btp.ClockChange{Advance: d}); err != nil {
			t.Fatal(err)
		}
	}
	advance(time.Hour - time.Second)
	if got := w.tokenEntry("api"); got["value"] != "token-1" || got["expires_in"] != "1" {
		t.Errorf("in its last second: got %v", got)
	}
	advance(time.Second)
	if got := w.tokenEntry("api"); got["value"] != "token-2" || got["expires_in"] != "3600" {
		t.Errorf("after its end: got %v", got)
	}
	// Another secret is another token.
	p["clientSecret"] = "New-Secret"
	body, _ := json.Marshal(p)
	w.must(200, "PUT", "/subaccountDestinations", string(body))
	if got := w.tokenEntry("api"); got["value"] != "token-3" {
		t.Errorf("after a change: got %v", got)
	}
	if _, there := w.must(200, "GET", "/destinations/api?$skipTokenRetrieval=true", "")["authTokens"]; there || server.calls.Load() != 3 {
		t.Errorf("tokens were not skipped: %d calls", server.calls.Load())
	}
	entries, _ := w.registry.Journal().Read(btp.JournalFilter{})
	for _, e := range entries {
		text := fmt.Sprint(e)
		for _, secret := range []string{"Client-Secret", "New-Secret", "token-1", "token-2", "token-3"} {
			if strings.Contains(text, secret) || strings.Contains(w.log.String(), secret) {
				t.Fatalf("%s is in the journal or log: %s", secret, text)
			}
		}
	}
}

func TestTokenServiceUser(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	p := clientCredentials("api", server.URL)
	p["tokenServiceUser"], p["tokenServicePassword"] = "front", "Front-Secret"
	w.put("subaccount", p)
	w.tokenEntry("api")
	sent := server.last.Load()
	if id, secret, _ := sent.BasicAuth(); id != "front" || secret != "Front-Secret" || sent.PostForm.Get("client_id") != "client!b1" || sent.PostForm.Get("client_secret") != "Client-Secret" {
		t.Errorf("the token service was sent %s:%s and %v", id, secret, sent.PostForm)
	}
}

// TestCommonTokenService: a token service that all tenants share is asked as that of
// one of them.
func TestCommonTokenService(t *testing.T) {
	w := open(t)
	var path atomic.Pointer[string]
	server := serveTokens(t, func(n int, r *http.Request) (int, string) {
		path.Store(&r.URL.Path)
		return granting(n, r)
	})
	p := clientCredentials("api", server.URL+"/{tenant}/token")
	p["tokenServiceURLType"] = "Common"
	w.put("subaccount", p)
	w.tokenEntry("api")
	if got := *path.Load(); got != "/dev/token" {
		t.Errorf("without X-tenant it was asked at %s", got)
	}
	w.tokenEntry("api", "X-Tenant", "consumer")
	if got := *path.Load(); got != "/consumer/token" {
		t.Errorf("with X-tenant it was asked at %s", got)
	}
	if got := w.tokenEntry("api", "X-Tenant", "evil.example/"); !strings.Contains(got["error"].(string), "X-tenant") {
		t.Errorf("a tenant that is none: got %v", got)
	}
	host := clientCredentials("host", "http://nowhere.invalid/token")
	host["tokenServiceURLType"] = "Common"
	w.put("subaccount", host)
	if got := w.tokenEntry("host"); got["error"] == nil {
		t.Errorf("got %v", got)
	}
}

// Rule: destination-client-credentials
func TestTokenServiceFails(t *testing.T) {
	w := open(t)
	for about, c := range map[string]struct {
		status   int
		body     string
		contains string
	}{
		"it refuses":         {401, `{"error":"invalid_client","error_description":"Bad\ncredentials"}`, "status 401 invalid_client: Bad credentials"},
		"it breaks":          {500, `oops`, "status 500"},
		"it sends elsewhere": {302, ``, "status 302"},
		"it answers no JSON": {200, `<html>`, "not the JSON of a token"},
		"it answers nothing": {200, `{}`, "no access_token"},
		"a token with more":  {200, `{"access_token":"a\r\nEvil: 1"}`, "no access_token"},
		"it never ends":      {200, strings.Repeat(" ", 70000), "more than"},
		"a strange error":    {400, `{"error":"<b>"}`, "status 400"},
	} {
		t.Run(about, func(t *testing.T) {
			server := serveTokens(t, func(int, *http.Request) (int, string) { return c.status, c.body })
			name := strings.ReplaceAll(about, " ", "-")
			w.put("subaccount", clientCredentials(name, server.URL))
			rec := w.call("GET", "/destinations/"+name, "")
			if rec.Header().Get("Pairsim-Reason") != "destination-token-failed" {
				t.Errorf("got the reason %q", rec.Header().Get("Pairsim-Reason"))
			}
			got := w.tokenEntry(name)
			text, _ := got["error"].(string)
			if got["type"] != "" || got["value"] != "" || got["expires_in"] != "0" || got["http_header"] != nil || !strings.Contains(text, c.contains) {
				t.Errorf("got %v, want …%s…", got, c.contains)
			}
			if server.calls.Load() != 2 {
				t.Errorf("a failure is kept: %d calls", server.calls.Load())
			}
		})
	}
	for about, address := range map[string]string{"a foreign host": "http://192.0.2.1/token", "nobody": "http://127.0.0.1:1/token"} {
		name := strings.ReplaceAll(about, " ", "-")
		w.put("subaccount", clientCredentials(name, address))
		if got := w.tokenEntry(name); !strings.Contains(got["error"].(string), "not reached") {
			t.Errorf("%s: got %v", about, got)
		}
	}
}

// TestFaultsAtTheTokenService: a fault of the step is an entry, too.
//
// Rule: destination-client-credentials
func TestFaultsAtTheTokenService(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", clientCredentials("api", server.URL))
	if _, err := w.registry.AddFault(t.Context(), btp.Fault{Point: btp.PointDestinationToken, Action: btp.FaultAction{Kind: btp.FaultFail}}); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, base+"/destinations/api", nil)
	r.Header.Set("Authorization", "Bearer "+w.token)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), `"error":"Retrieval of OAuthToken failed`) || server.calls.Load() != 0 {
		t.Errorf("got %d %s after %d calls", rec.Code, rec.Body, server.calls.Load())
	}
}

// Rule: destination-saml
func TestSAMLBearer(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", samlBearer("marketing", server.URL+"/sap/bc/sec/oauth2/token"))
	for about, header := range map[string][]string{
		"a user token as Bearer": {"Authorization", "Bearer " + w.user},
		"X-user-token":           {"X-User-Token", w.user},
	} {
		got := w.tokenEntry("marketing", header...)
		if got["type"] != "Bearer" || got["expires_in"] != "3600" || got["value"] == "" {
			t.Fatalf("%s: got %v", about, got)
		}
	}
	if n := server.calls.Load(); n != 1 {
		t.Errorf("one user, one destination: %d calls of the token service", n)
	}
	sent := server.last.Load()
	if id, secret, _ := sent.BasicAuth(); id != "EXT" || secret != "Secret-2" || sent.PostForm.Get("client_id") != "EXT" ||
		sent.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:saml2-bearer" {
		t.Errorf("the token service was sent %s:%s and %v", id, secret, sent.PostForm)
	}
	xml, err := base64.RawURLEncoding.DecodeString(sent.PostForm.Get("assertion"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := destination.TrustOf(t.Context(), w.registry, "dev")
	if err != nil {
		t.Fatal(err)
	}
	signed := validated(t, xml, trust.CertificatePEM)
	for path, want := range map[string]string{
		"./Issuer": trust.Issuer, "./Subject/NameID": btp.DefaultUserName, "./Conditions/AudienceRestriction/Audience": "https://my300117.example",
		"./AuthnStatement/AuthnContext/AuthnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
	} {
		if got := signed.FindElement(path).Text(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	confirmed := signed.FindElement("./Subject/SubjectConfirmation/SubjectConfirmationData")
	if got := confirmed.SelectAttrValue("Recipient", ""); got != server.URL+"/sap/bc/sec/oauth2/token" {
		t.Errorf("the recipient is %s", got)
	}
	if got := confirmed.SelectAttrValue("NotOnOrAfter", ""); got != "2030-01-01T10:10:00.000Z" {
		t.Errorf("it may be redeemed until %s", got)
	}
}

// validated is what is signed of an assertion, by who was given the certificate.
func validated(t *testing.T, xml, certificate []byte) *etree.Element {
	t.Helper()
	block, _ := pem.Decode(certificate)
	trusted, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	document := etree.NewDocument()
	if err := document.ReadFromBytes(xml); err != nil {
		t.Fatal(err)
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{trusted}})
	context.Clock = dsig.NewFakeClockAt(epoch)
	signed, err := context.Validate(document.Root())
	if err != nil {
		t.Fatalf("%v in %s", err, xml)
	}
	return signed
}

// Rule: destination-saml
func TestSAMLBearerNeedsAUser(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", samlBearer("marketing", server.URL))
	prod := w.granted(w.client("sb-p", "prod", "destination", "p"), "grant_type", "password", "username", btp.DefaultUserName, "password", btp.DefaultUserPassword)
	for about, c := range map[string]struct {
		header   []string
		contains string
	}{
		"a client's own token":       {nil, "no user"},
		"X-user-token of a client":   {[]string{"X-User-Token", w.token}, "no user"},
		"X-user-token that is none":  {[]string{"X-User-Token", "x"}, "X-user-token"},
		"a user of another zone":     {[]string{"X-User-Token", prod}, "another subaccount"},
		"a user token of a stranger": {[]string{"X-User-Token", w.user[:len(w.user)-4] + "AAAA"}, "not issued"},
	} {
		if got := w.tokenEntry("marketing", c.header...); got["value"] != "" || !strings.Contains(got["error"].(string), c.contains) {
			t.Errorf("%s: got %v, want …%s…", about, got, c.contains)
		}
	}
	if server.calls.Load() != 0 {
		t.Errorf("the token service was asked %d times", server.calls.Load())
	}
	system := samlBearer("system", server.URL)
	system["SystemUser"] = "BATCH"
	w.put("subaccount", system)
	if got := w.tokenEntry("system"); got["value"] != "token-1" {
		t.Errorf("with SystemUser: got %v", got)
	}
}

// Rule: destination-trust-two-years
func TestSAMLBearerAfterTheTrustHasExpired(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", samlBearer("marketing", server.URL))
	if got := w.tokenEntry("marketing", "X-User-Token", w.user); got["error"] != nil {
		t.Fatalf("got %v", got)
	}
	if _, err := w.registry.ChangeClock(t.Context(), btp.ClockChange{Advance: 731 * 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	user := w.granted(w.form, "grant_type", "password", "username", btp.DefaultUserName, "password", btp.DefaultUserPassword)
	if got := w.tokenEntry("marketing", "Authorization", "Bearer "+user); !strings.Contains(got["error"].(string), "trust certificate of the subaccount expired at 2032-01-01T10:00:00Z") {
		t.Errorf("got %v", got)
	}
}

func TestNamesOfUsers(t *testing.T) {
	w := open(t)
	if _, err := w.registry.CreateUser(t.Context(), btp.DeclaredUser{Subaccount: "dev", Name: "jane", Email: "jane@acme.example", Password: "Sesame-1"}); err != nil {
		t.Fatal(err)
	}
	user := w.granted(w.form, "grant_type", "password", "username", "jane", "password", "Sesame-1")
	server := serveTokens(t, granting)
	for i, c := range []struct{ format, source, want string }{
		{"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "", "jane@acme.example"},
		{"", "email", "jane@acme.example"},
		{"", "", "jane"},
		{"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "user_name", "jane"},
	} {
		name := fmt.Sprint("d", i)
		p := samlBearer(name, server.URL)
		p["nameIdFormat"], p["userIdSource"] = c.format, c.source
		for _, property := range []string{"nameIdFormat", "userIdSource"} {
			if p[property] == "" {
				delete(p, property)
			}
		}
		w.put("subaccount", p)
		w.tokenEntry(name, "X-User-Token", user)
		xml, err := base64.RawURLEncoding.DecodeString(server.last.Load().PostForm.Get("assertion"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(xml), ">"+c.want+"</saml2:NameID>") {
			t.Errorf("format %q, source %q: the subject is not %s: %s", c.format, c.source, c.want, xml)
		}
	}
}

// Rule: destination-find
func TestCertificates(t *testing.T) {
	w := open(t)
	p := map[string]string{
		"Name": "secure", "Type": "HTTP", "URL": "https://api.example", "ProxyType": "Internet", "Authentication": "ClientCertificateAuthentication",
		"KeyStoreLocation": "client.pem", "KeyStorePassword": "Secret-3",
	}
	w.put("subaccount", p)
	rec := w.call("GET", "/destinations/secure", "")
	if rec.Code != 200 || rec.Header().Get("Pairsim-Reason") != "certificate-file-not-found" || strings.Contains(rec.Body.String(), "certificates") {
		t.Errorf("without the file: got %d %s %s", rec.Code, rec.Header().Get("Pairsim-Reason"), rec.Body)
	}
	content := base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----"))
	w.must(201, "POST", "/subaccountCertificates", `{"Name":"client.pem","Content":"`+content+`"}`)
	w.must(409, "POST", "/subaccountCertificates", `{"Name":"client.pem","Content":"`+content+`"}`)
	w.must(201, "POST", "/instanceCertificates", `[{"Name":"client.pem","Content":"AAAA","Type":"CERTIFICATE"}]`)
	found := w.must(200, "GET", "/destinations/secure", "")
	files, _ := found["certificates"].([]any)
	if len(files) != 1 {
		t.Fatalf("got %v", found)
	}
	if f := files[0].(map[string]any); f["Name"] != "client.pem" || f["Content"] != content || f["Type"] != "CERTIFICATE" {
		t.Errorf("got %v: it is not the file of the destination's own level", f)
	}
	if got := w.must(200, "GET", "/subaccountCertificates/client.pem", ""); got["Content"] != content {
		t.Errorf("got %v", got)
	}
	if got := w.call("GET", "/instanceCertificates", "").Body.String(); strings.TrimSpace(got) != `[{"Name":"client.pem","Content":"AAAA","Type":"CERTIFICATE"}]` {
		t.Errorf("got %s", got)
	}
	for _, want := range []float64{1, 0} {
		if got := w.must(200, "DELETE", "/subaccountCertificates/client.pem", ""); got["Count"] != want {
			t.Errorf("deleting counts %v, want %v", got, want)
		}
	}
}

// TestFindForAnOperator acts for a user by name.
func TestFindForAnOperator(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", samlBearer("marketing", server.URL))
	if found, err := w.service.Find(t.Context(), rest.Query{Subaccount: "dev", Name: "marketing", UserName: btp.DefaultUserName}); err != nil || found.Tokens[0].Error != "" {
		t.Errorf("got %+v, %v", found, err)
	}
	if _, err := w.service.Find(t.Context(), rest.Query{Subaccount: "dev", Name: "marketing", UserName: "nobody"}); btp.CodeOf(err) != btp.UserNotFound {
		t.Errorf("nobody: %v", err)
	}
}

func TestEveryRouteIsDocumented(t *testing.T) {
	w := open(t)
	doc, err := openapitest.Destinations.Document()
	if err != nil {
		t.Fatal(err)
	}
	router := gin.New()
	w.service.Mount(router)
	routed := 0
	for _, route := range router.Routes() {
		path := strings.ReplaceAll(route.Path, ":name", "{name}")
		if item := doc.Paths.Value(path); item == nil || item.Operations()[route.Method] == nil {
			t.Errorf("%s %s is routed and not documented", route.Method, path)
		}
		routed++
	}
	documented, ids := 0, map[string]bool{}
	for _, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			documented++
			if ids[o.OperationID] {
				t.Errorf("two operations are called %s", o.OperationID)
			}
			ids[o.OperationID] = true
		}
	}
	if documented != routed {
		t.Errorf("%d operations are documented, %d are routed", documented, routed)
	}
	w.must(200, "GET", "/openapi.json", "")
}

// FuzzDestination: whatever is sent as a destination is stored as it was said, or
// refused, and changes nothing then.
//
// Rule: destination-properties
func FuzzDestination(f *testing.F) {
	w := open(f)
	good, _ := json.Marshal(basic("orders"))
	for _, seed := range []string{
		string(good), "[" + string(good) + "]", `{}`, `[]`, `[{}]`, `null`, `{"Name":null}`, `{"Name":"a","Type":"HTTP","URL":"http://h","x":"\u0000"}`,
		`{"Name":"a","Type":"HTTP","URL":"http://h","URL.headers.x":"y"}`, "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w.t = t
		rec := w.call("POST", "/subaccountDestinations", body)
		switch rec.Code {
		case http.StatusCreated:
			var all []map[string]string
			var one map[string]string
			if json.Unmarshal([]byte(body), &one) == nil {
				all = []map[string]string{one}
			} else if err := json.Unmarshal([]byte(body), &all); err != nil {
				t.Fatalf("it was taken: %v", err)
			}
			for _, said := range all {
				d, err := (destination.UseCases{Registry: w.registry}).Show(t.Context(), "dev", "", said["Name"])
				if err != nil {
					t.Fatalf("%q is not there: %v", said["Name"], err)
				}
				kept := d.All()
				for name, value := range said {
					if kept[name] != value {
						t.Errorf("%s is %q, want %q", name, kept[name], value)
					}
				}
				if err := (destination.UseCases{Registry: w.registry}).Remove(t.Context(), "dev", "", said["Name"]); err != nil {
					t.Error(err)
				}
			}
		case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge:
			if list, err := (destination.UseCases{Registry: w.registry}).List(t.Context(), "dev", ""); err != nil || len(list) > 0 {
				t.Errorf("it was refused, and %d are there (%v)", len(list), err)
			}
		default:
			t.Errorf("got %d %s", rec.Code, rec.Body)
		}
	})
}
