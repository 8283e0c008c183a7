package gateway_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/gateway"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/internal/outbound"
)

// epoch is where the environment's clock stands; certificates of targets live in
// real time.
var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// maxBody is the bound of request bodies in these tests.
const maxBody = 3 << 20

const commerce = "SAP Commerce Cloud"

// world is a gateway in front of one registered system, in a formation with
// Kyma, whose services the test declares.
type world struct {
	*httptest.Server
	t        testing.TB
	registry *btp.Registry
	store    btp.Store
	real     atomic.Int64 // real time since epoch
}

// option changes how a world is made.
type option struct {
	landscape func(*btp.Landscape)
	outbound  func(*outbound.Config)
	timeout   time.Duration
	wrap      func(http.Handler) http.Handler
}

// open makes a world. The application is mp-shop, that of system "Shop".
func open(t testing.TB, services []btp.Service, options ...option) *world {
	t.Helper()
	l := btp.DefaultLandscape()
	l.Systems = []btp.DeclaredSystem{{GlobalAccount: "default", Name: "Shop", Type: commerce, Status: btp.Registered, Services: services}}
	l.Formations = []btp.DeclaredFormation{{GlobalAccount: "default", Name: "shop", Subaccount: "dev", Systems: []btp.SystemID{"Shop"}}}
	reach := outbound.Config{RootCAs: func() *x509.CertPool { return authority.pool }}
	timeout := 30 * time.Second // for a machine that is busy
	wrap := func(h http.Handler) http.Handler { return h }
	for _, o := range options {
		if o.landscape != nil {
			o.landscape(&l)
		}
		if o.outbound != nil {
			o.outbound(&reach)
		}
		if o.timeout != 0 {
			timeout = o.timeout
		}
		if o.wrap != nil {
			wrap = o.wrap
		}
	}
	reach.Timeout = timeout
	store := memory.New()
	w := &world{t: t, store: store}
	r, err := btp.Open(t.Context(), btp.Config{
		Store: store, Environment: btp.DefaultEnvironment, Seed: 1, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch.Add(time.Duration(w.real.Load())) }, StartFrozen: epoch, Policy: btp.DefaultPolicy(), Landscape: l,
	})
	if err != nil {
		t.Fatalf("open registry: %v", err)
	}
	t.Cleanup(r.Close)
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	release := gateway.Mount(router, gateway.Config{Registry: r, Outbound: outbound.New(reach).Observed(w.note), Timeout: timeout, MaxBody: maxBody, Log: slog.New(slog.DiscardHandler)})
	w.registry = r
	w.Server = httptest.NewServer(wrap(router))
	t.Cleanup(release)
	t.Cleanup(w.Close)
	return w
}

// note journals a call of the gateway, as a landscape does.
func (w *world) note(ctx context.Context, call *http.Request, status int, failure error) {
	c := btp.OutboundCall{Method: call.Method, Path: call.URL.Path, Status: status}
	if failure != nil {
		c.Failure = failure.Error()
	}
	w.registry.NoteCall(ctx, c)
}

// answer is what a workload got.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) reason() string { return a.header.Get("Pairsim-Reason") }

// caller follows no redirect, for the gateway passes them through.
var caller = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (w *world) call(method, path string, body io.Reader, headers ...string) answer {
	w.t.Helper()
	return w.callBy(caller, method, path, body, headers...)
}

func (w *world) callBy(c *http.Client, method, path string, body io.Reader, headers ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{res.StatusCode, res.Header, string(got)}
}

func (w *world) get(path string, headers ...string) answer {
	w.t.Helper()
	return w.call(http.MethodGet, path, nil, headers...)
}

func (w *world) advance(d time.Duration) {
	w.t.Helper()
	if _, err := w.registry.ChangeClock(w.t.Context(), btp.ClockChange{Advance: d}); err != nil {
		w.t.Fatalf("advance %s: %v", d, err)
	}
}

// entries are the journal's at a point.
func (w *world) entries(point btp.Point) []btp.Entry {
	found, _ := w.registry.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Point: string(point)}})
	return found
}

// change edits the service with this name as another process on the same store
// would; nil deletes it. A second passes, after which it is noticed.
func (w *world) change(name string, edit func(*btp.Service)) {
	w.t.Helper()
	err := w.store.Update(w.t.Context(), btp.DefaultEnvironment, func(tx btp.Tx) error {
		s, _, err := tx.Systems().FindByApplicationName("mp-shop")
		if err != nil {
			return err
		}
		services, err := tx.Services().ListOf(s.ID)
		for _, one := range services {
			switch {
			case one.Name != name:
			case edit == nil:
				return tx.Services().Delete(s.ID, one.ID)
			default:
				edit(&one)
				return tx.Services().Put(one)
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.real.Add(int64(time.Second))
}

// expect fails the test unless the gateway answered with this status and code;
// "" is no refusal of the gateway.
func expect(t *testing.T, got answer, status int, reason btp.Code) {
	t.Helper()
	if got.status != status || got.reason() != string(reason) {
		t.Errorf("got %d %q with body %q, want %d %q", got.status, got.reason(), got.body, status, reason)
	}
}

// api is a service with an API.
func api(name, target string, c *btp.Credentials) btp.Service {
	return btp.Service{Provider: "test", Name: name, Description: name, API: &btp.ServiceAPI{TargetURL: target, Credentials: c}}
}

// serve is a target on a port of its own.
func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// testCA is a certificate authority of targets and their clients, in real time.
type testCA struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pool        *x509.CertPool
}

// The gateway trusts authority, and so do targets; it knows nothing of foreign.
var authority, foreign = newCA("targets"), newCA("somebody else")

func newCA(name string) *testCA {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	ca := &testCA{key: key, pool: x509.NewCertPool()}
	ca.certificate = ca.sign(template, template, key.Public())
	ca.pool.AddCert(ca.certificate)
	return ca
}

func newKey() crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // never: crypto/rand does not fail
	}
	return key
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		panic(err) // never: crypto/rand does not fail
	}
	return n
}

func (ca *testCA) sign(template, parent *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, ca.key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return certificate
}

// issue makes a certificate that is valid until an instant of real time; it
// began a day before.
func (ca *testCA) issue(name string, until time.Time) (certificatePEM, keyPEM []byte) {
	key := newKey()
	certificate := ca.sign(&x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, ca.certificate, key.Public())
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

var (
	inAnHour  = func() time.Time { return time.Now().Add(time.Hour) }
	anHourAgo = func() time.Time { return time.Now().Add(-time.Hour) }
)

// serveTLS is a target over TLS that takes clients with a certificate of authority only.
func serveTLS(t *testing.T, handler http.Handler, until time.Time) *httptest.Server {
	t.Helper()
	pair, err := tls.X509KeyPair(authority.issue("target", until))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of handshakes that fail on purpose
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.pool, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// generated are credentials with a client certificate.
func generated(ca *testCA, until time.Time, csrf string) *btp.Credentials {
	certificate, key := ca.issue("client", until)
	return &btp.Credentials{CertificateGen: &btp.CertificateCredentials{CommonName: "client", CertificatePEM: certificate, PrivateKeyPEM: key, CSRFTokenURL: csrf}}
}

// withCertificate are credentials of an OAuth client that proves itself by certificate.
func withCertificate(ca *testCA, until time.Time, url, clientID, csrf string) *btp.Credentials {
	certificate, key := ca.issue("client", until)
	return &btp.Credentials{OAuthWithCertificate: &btp.OAuthCertificateCredentials{
		URL: url, ClientID: clientID, CertificatePEM: certificate, PrivateKeyPEM: key, CSRFTokenURL: csrf,
	}}
}

func basic(user, password, csrf string) *btp.Credentials {
	return &btp.Credentials{Basic: &btp.BasicCredentials{Username: user, Password: password, CSRFTokenURL: csrf}}
}

func oauth(url, id, secret, csrf string) *btp.Credentials {
	return &btp.Credentials{OAuth: &btp.OAuthCredentials{URL: url, ClientID: id, ClientSecret: secret, CSRFTokenURL: csrf}}
}

// contains says whether any of the journal's entries holds a text.
func (w *world) contains(text string) bool {
	all, _ := w.registry.Journal().Read(btp.JournalFilter{})
	for _, e := range all {
		if strings.Contains(e.Detail+e.Path+e.Rule, text) {
			return true
		}
	}
	return false
}
