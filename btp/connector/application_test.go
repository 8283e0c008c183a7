package connector_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/connector"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/publicurl"
)

var update = flag.Bool("update", false, "rewrite testdata")

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode)
	os.Exit(m.Run())
}

// fetcher answers what a test sets, and keeps the calls.
type fetcher struct {
	calls  []*http.Request
	bodies []string
	answer func(*http.Request) ([]byte, error)
}

func (f *fetcher) Fetch(_ context.Context, req *http.Request) ([]byte, string, error) {
	f.calls = append(f.calls, req)
	var sent []byte
	if req.Body != nil {
		sent, _ = io.ReadAll(req.Body)
	}
	f.bodies = append(f.bodies, string(sent))
	body, err := f.answer(req)
	return body, "", err
}

// application is a paired application at the wires of a real registry.
type application struct {
	t        testing.TB
	registry *btp.Registry
	handler  http.Handler
	fetch    *fetcher
	outside  *outbound.Client // fetches instead; nil: fetch does
	chain    []*x509.Certificate
	name     string
	id       btp.SystemID
}

func newApplication(t testing.TB) *application {
	t.Helper()
	a := unpaired(t, nil)
	a.pair("Web Shop", "SAP Commerce Cloud")
	return a
}

func newApplicationOf(t testing.TB, edition string) *application {
	t.Helper()
	a := unpaired(t, nil, func(c *btp.Config) { c.Edition = edition })
	a.pair("Web Shop", "SAP Commerce Cloud")
	return a
}

// unpaired is an application before its pairing, at a registry that tells
// tenants of deregistrations through notify.
func unpaired(t testing.TB, notify btp.Notifier, change ...func(*btp.Config)) *application {
	t.Helper()
	cfg := btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Seed: 1,
		Tokens:        token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch }, StartFrozen: epoch,
		Policy: btp.DefaultPolicy(), Landscape: btp.DefaultLandscape(), Notifier: notify,
	}
	for _, one := range change {
		one(&cfg)
	}
	registry, err := btp.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)
	urls, err := publicurl.New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	fetch := &fetcher{answer: func(*http.Request) ([]byte, error) { return []byte(`{"openapi":"3.0.0"}`), nil }}
	engine := gin.New()
	a := &application{t: t, registry: registry, handler: engine, fetch: fetch}
	connector.Mount(engine, connector.Config{Registry: registry, URLs: urls, Fetch: a, Log: slog.New(slog.DiscardHandler)})
	return a
}

// Fetch goes out where the test lets it, else it is the fetcher's.
func (a *application) Fetch(ctx context.Context, req *http.Request) ([]byte, string, error) {
	if a.outside != nil {
		return a.outside.Fetch(ctx, req)
	}
	return a.fetch.Fetch(ctx, req)
}

// pair makes the application another newly paired one.
func (a *application) pair(system, systemType string) {
	a.t.Helper()
	s, issued, err := a.registry.Register(a.t.Context(), "default", system, systemType, "https://pairsim.test/info", "")
	if err == nil && issued == nil { // an edition that makes the token when it is asked
		issued, err = a.registry.IssueToken(a.t.Context(), s.ID, "https://pairsim.test/info", "")
	}
	if err != nil {
		a.t.Fatal(err)
	}
	opened, err := a.registry.OpenPairing(a.t.Context(), btp.Presentation{JWS: issued.JWS})
	if err != nil {
		a.t.Fatal(err)
	}
	signed, err := a.registry.SignCSR(a.t.Context(), opened.FollowUp, csr(a.t, opened.Subject))
	if err != nil {
		a.t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(signed.Crt)
	if err != nil {
		a.t.Fatal(err)
	}
	a.name, a.id, a.chain = s.ApplicationName, s.ID, nil
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			a.t.Fatal(err)
		}
		a.chain = append(a.chain, c)
	}
}

func csr(t testing.TB, s btp.Subject) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{
		Organization: []string{s.Organization}, OrganizationalUnit: []string{s.OrganizationalUnit},
		Locality: []string{s.Locality}, Province: []string{s.Province}, Country: []string{s.Country}, CommonName: s.CommonName,
	}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// call sends a request with the client certificate; path begins behind the
// application's name. Headers are pairs.
func (a *application) call(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	return a.send(method, "/"+a.name+path, body, headers...)
}

func (a *application) send(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.TLS = &tls.ConnectionState{PeerCertificates: a.chain}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, req)
	return w
}

const services = "/v1/metadata/services"

// create registers a service that must be accepted, and returns its path.
func (a *application) create(document string) string {
	a.t.Helper()
	w := a.call(http.MethodPost, services, document)
	var made struct{ ID string }
	if w.Code != http.StatusOK || json.Unmarshal(w.Body.Bytes(), &made) != nil || made.ID == "" {
		a.t.Fatalf("registering a service: got %d %s, want 200 and an id", w.Code, w.Body)
	}
	return services + "/" + made.ID
}

// get reads JSON with status 200.
func (a *application) get(path string) map[string]any {
	a.t.Helper()
	w := a.call(http.MethodGet, path, "")
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); w.Code != http.StatusOK || err != nil {
		a.t.Fatalf("GET %s: got %d %s, want 200 and an object", path, w.Code, w.Body)
	}
	return got
}

// at follows keys into nested objects.
func at(value any, keys ...string) any {
	for _, key := range keys {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

type vendorError struct {
	Code  int
	Error string
}

// refused checks a refusal of pairing-protocols §3.4: its text contains want.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int, code btp.Code, want string) {
	t.Helper()
	var got vendorError
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("got body %q, want JSON: %v", w.Body, err)
	}
	if w.Code != status || got.Code != status || !strings.Contains(got.Error, want) {
		t.Errorf("got %d %s, want %d with a text that contains %q", w.Code, w.Body, status, want)
	}
	if reason := w.Header().Get("Pairsim-Reason"); reason != string(code) {
		t.Errorf("got reason %q, want %q", reason, code)
	}
	if ct := w.Header().Get("Content-Type"); ct != "application/json;charset=UTF-8" {
		t.Errorf("got content type %q", ct)
	}
}

// golden compares JSON with a file.
func golden(t *testing.T, name string, body []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatalf("got %s, want JSON: %v", body, err)
	}
	got, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
