package tenant

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btpclient"
)

func init() { gin.SetMode(gin.TestMode) }

// start is the fake registry's frozen time, far from real time.
var start = time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC)

const issuer = "urn:pairsim:test"

// fakeRegistry is just enough of a registry to pair with: no rules, only the wire.
type fakeRegistry struct {
	plain, mtls *httptest.Server
	key         *ecdsa.PrivateKey // signs tokens
	ca          *ecdsa.PrivateKey // signs client certificates
	caCert      *x509.Certificate

	mu       sync.Mutex
	now      time.Time
	requests []string // "METHOD path"
	headers  http.Header
	services map[string]btpclient.Service
	bodies   map[string][]byte // last body by "METHOD path"
	serial   int64
	// answers replaces the answer of a "METHOD path" while it has entries.
	answers map[string][]func(http.ResponseWriter)
	held    map[string]chan struct{} // a "METHOD path" waits for its channel
	info    func(*btpclient.Info)    // changes the info answer

	released []string // release tokens of deleted extensions
}

func newFake(t testing.TB) *fakeRegistry {
	t.Helper()
	f := &fakeRegistry{
		key: ecKey(t), ca: ecKey(t), now: start, services: map[string]btpclient.Service{}, bodies: map[string][]byte{},
		answers: map[string][]func(http.ResponseWriter){}, held: map[string]chan struct{}{}, serial: 0xabc0,
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: start, NotAfter: start.AddDate(10, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, f.ca.Public(), f.ca)
	if err != nil {
		t.Fatal(err)
	}
	f.caCert, _ = x509.ParseCertificate(der)
	f.plain = httptest.NewServer(http.HandlerFunc(f.serve))
	f.mtls = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.mtls.TLS = nil
	f.mtls.StartTLS()
	f.mtls.TLS.ClientAuth = 1 // RequestClientCert; read at the next handshake
	t.Cleanup(f.plain.Close)
	t.Cleanup(f.mtls.Close)
	return f
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (f *fakeRegistry) serve(w http.ResponseWriter, r *http.Request) {
	at := r.Method + " " + r.URL.Path
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.requests = append(f.requests, at)
	f.bodies[at] = body
	w.Header().Set("Pairsim-Time", f.now.Format(time.RFC3339Nano))
	var instead func(http.ResponseWriter)
	if queue := f.answers[at]; len(queue) > 0 {
		instead, f.answers[at] = queue[0], queue[1:]
	}
	hold := f.held[at]
	f.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	if instead != nil {
		instead(w)
		return
	}
	f.answer(w, r, body)
}

func (f *fakeRegistry) answer(w http.ResponseWriter, r *http.Request, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	const services = "/shop/v1/metadata/services"
	secured := r.TLS != nil && len(r.TLS.PeerCertificates) > 0
	switch path := r.URL.Path; {
	case path == "/.well-known/pairsim-configuration":
		reply(w, 200, map[string]string{"environment": "default", "issuer": issuer, "edition": "v1", "jwks_uri": f.plain.URL + "/.well-known/jwks.json"})
	case path == "/.well-known/jwks.json":
		reply(w, 200, f.jwks())
	case path == "/v1/applications/signingRequests/info":
		f.headers = r.Header
		info := btpclient.Info{CSRURL: f.plain.URL + "/v1/applications/certificates?token=follow-up"}
		info.API.InfoURL = f.mtls.URL + "/v1/applications/management/info"
		info.API.MetadataURL = f.mtls.URL + services
		info.Certificate.Subject = "OU=TEST,O=Org,L=Town,ST=State,C=DE,CN=shop"
		if f.info != nil {
			f.info(&info)
		}
		reply(w, 200, info)
	case path == "/v1/applications/certificates":
		f.sign(w, body)
	case path == "/v1/applications/pairsim/pairing-failure":
		w.WriteHeader(204)
	case path == "/v1/applications/pairsim/extension-deletion" && r.URL.Query().Has("token"):
		f.released = append(f.released, r.URL.Query().Get("token"))
		w.WriteHeader(204)
	case !secured:
		reply(w, 403, map[string]any{"code": 403, "error": "no certificate"})
	case path == "/v1/applications/management/info":
		base := f.mtls.URL
		reply(w, 200, map[string]any{
			"clientIdentity": map[string]string{"application": "shop"},
			"urls": map[string]string{
				"metadataUrl": base + services, "eventsUrl": base + "/shop/v1/events", "eventsInfoUrl": base + "/shop/v1/events/subscribed",
				"renewCertUrl": base + "/v1/applications/certificates/renewals", "revocationCertUrl": base + "/v1/applications/certificates/revocations",
			},
		})
	case path == "/v1/applications/pairsim/extension-deletion":
		w.WriteHeader(204)
	case path == "/v1/applications/certificates/renewals":
		f.sign(w, body)
	case path == "/v1/applications/certificates/revocations":
		w.WriteHeader(201)
	case path == services && r.Method == "GET":
		list := []btpclient.Service{}
		for _, s := range f.services {
			list = append(list, btpclient.Service{ID: s.ID, Identifier: s.Identifier, Name: s.Name})
		}
		reply(w, 200, list)
	case path == services || strings.HasPrefix(path, services+"/"):
		var s btpclient.Service
		_ = json.Unmarshal(body, &s)
		if s.ID = strings.TrimPrefix(path, services+"/"); path == services {
			s.ID = fmt.Sprint("s", len(f.services)+1)
		}
		f.services[s.ID] = s
		reply(w, 200, map[string]string{"id": s.ID})
	case path == "/shop/v1/pairsim/tenant":
		w.WriteHeader(204)
	case path == "/shop/v1/events":
		var e btpclient.LegacyEvent
		_ = json.Unmarshal(body, &e)
		reply(w, 200, map[string]string{"event-id": e.ID, "status": "", "reason": ""})
	default:
		reply(w, 404, map[string]any{"code": 404, "error": "Requested resource could not be found."})
	}
}

func (f *fakeRegistry) sign(w http.ResponseWriter, body []byte) {
	var req struct{ CSR string }
	_ = json.Unmarshal(body, &req)
	raw, _ := base64.StdEncoding.DecodeString(req.CSR)
	block, _ := pem.Decode(raw)
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || csr.CheckSignature() != nil {
		reply(w, 400, map[string]any{"code": 400, "error": "CSR"})
		return
	}
	reply(w, 201, f.certificate(csr.RawSubject, csr.PublicKey))
}

func (f *fakeRegistry) certificate(subject []byte, public any) map[string]string {
	f.serial++
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(f.serial), RawSubject: subject, NotBefore: f.now, NotAfter: f.now.AddDate(0, 0, 90),
	}, f.caCert, public, f.ca)
	if err != nil {
		panic(err)
	}
	encode := func(ders ...[]byte) string {
		var out []byte
		for _, der := range ders {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
		}
		return base64.StdEncoding.EncodeToString(out)
	}
	return map[string]string{"crt": encode(leaf, f.caCert.Raw), "clientCrt": encode(leaf), "caCrt": encode(f.caCert.Raw)}
}

func (f *fakeRegistry) jwks() map[string]any {
	point, _ := f.key.PublicKey.Bytes()
	b64 := base64.RawURLEncoding.EncodeToString
	return map[string]any{"keys": []map[string]string{
		{"kty": "EC", "kid": "k1", "use": "sig", "alg": "ES256", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
		{"kty": "oct", "kid": "other", "alg": "HS256"},
	}}
}

// token signs claims that a tenant of SAP Commerce Cloud accepts for ten
// minutes, with the changes given; nil deletes a claim.
func (f *fakeRegistry) token(changes map[string]any) string {
	claims := jwt.MapClaims{
		"iss": issuer, "aud": "pairsim:pairing", "sub": "sys-1", "jti": "t1", "iat": start.Unix(), "nbf": start.Unix(),
		"exp": start.Add(10 * time.Minute).Unix(), "global_account": "default", "system_type": "SAP Commerce Cloud", "edition": "v1",
	}
	for k, v := range changes {
		claims[k] = v
		if v == nil {
			delete(claims, k)
		}
	}
	return signed(claims, "k1", jwt.SigningMethodES256, f.key)
}

// notice signs what the registry sends when it has deregistered sys-1, with the
// changes given; nil deletes a claim.
func (f *fakeRegistry) notice(changes map[string]any) string {
	claims := map[string]any{"aud": "pairsim:deregistration", "jti": "n1", "tenant": "commerce", "system_type": nil, "edition": nil, "global_account": nil}
	maps.Copy(claims, changes)
	return f.token(claims)
}

func signed(claims jwt.MapClaims, kid string, method jwt.SigningMethod, key any) string {
	t := jwt.NewWithClaims(method, claims)
	t.Header["kid"] = kid
	text, err := t.SignedString(key)
	if err != nil {
		panic(err)
	}
	return text
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuseWith(status int, reason, text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Pairsim-Reason", reason)
		reply(w, status, map[string]any{"code": status, "error": text})
	}
}

func (f *fakeRegistry) instead(at string, answers ...func(http.ResponseWriter)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[at] = answers
}

func (f *fakeRegistry) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeRegistry) count(at string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if r == at {
			n++
		}
	}
	return n
}

// product is a product as small as can be.
func product() Product {
	return Product{
		ID: "commerce", SystemType: "SAP Commerce Cloud", Provider: "SAP",
		Console: Console{Path: "Backoffice", Row: "destination target", Field: "Token URL", Disable: "Disable", Enable: "Enable", Delete: "Delete"},
		Labels:  Labels{InProgress: "In Progress", Registered: "Registered", Disabled: "Disabled", Deregistered: "Deregistered", Failed: "Failed"},
		APIs: []API{
			{Identifier: "occ", Name: "OCC", Description: "d", Path: "/occ/v2", TokenPath: "/token", Auth: OAuth, Specification: Text([]byte(`{"openapi":"3.0.3"}`))},
			{Identifier: "odata", Name: "OData", Description: "d", Path: "/odata", Auth: Basic, CSRF: true, OData: true, Specification: Text([]byte(`<x/>`))},
		},
		Events: Events{
			Identifier: "events", Name: "Events", Description: "d",
			Specification: []byte(`{"asyncapi":"2.6.0","channels":{"order.created.v1":{},"cronjob.*.v1":{}}}`),
		},
	}
}

// newTenant makes a tenant of f's registry that is closed with the test.
func newTenant(t testing.TB, f *fakeRegistry, change func(*Config)) *Tenant {
	t.Helper()
	key := ecKey(t)
	cfg := Config{
		ID: "commerce", Product: product(), RegistryURL: f.plain.URL, RegistryMTLSURL: f.mtls.URL, PublicURL: "http://tenants.test:1",
		Keys:    func(context.Context) (crypto.Signer, error) { return key, nil },
		Pause:   func(ctx context.Context, _ int) error { return ctx.Err() },
		RootCAs: x509.NewCertPool(),
	}
	cfg.RootCAs.AddCert(f.mtls.Certificate())
	if change != nil {
		change(&cfg)
	}
	tenant, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tenant.Close(context.Background()) })
	return tenant
}

func steps(p Pairing) string {
	var out []string
	for _, c := range p.Calls {
		out = append(out, fmt.Sprint(c.Step, " ", c.Method, " ", c.Status))
	}
	return strings.Join(out, "\n")
}
