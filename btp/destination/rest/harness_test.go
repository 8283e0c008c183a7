package rest_test

import (
	"bytes"
	"encoding/json"
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

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
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
