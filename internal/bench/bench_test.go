package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/testenv"
)

func BenchmarkTestenvStart(b *testing.B) {
	for b.Loop() {
		env, err := testenv.New(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := env.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkTenantPairing(b *testing.B) {
	prepare := newPreparerOf(b)
	env := testenv.Start(b, prepare.pooledKeys())
	n := 0
	for b.Loop() {
		n++
		if err := pairTenant(b.Context(), env, fmt.Sprintf("bench %d", n)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGet is what a GET costs beyond net/http.
func BenchmarkGet(b *testing.B) {
	for _, store := range []string{memory, sqlite} {
		b.Run(store, func(b *testing.B) {
			handler := newHandler(b, store)
			registered := serve(b, handler, http.MethodPost, systemsPath, `{"name":"bench 1","type":"SAP Commerce Cloud"}`, nil)
			req := httptest.NewRequest(http.MethodGet, registered.Header().Get("Location"), nil)
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				if handler.ServeHTTP(w, req); w.Code != http.StatusOK {
					b.Fatalf("got %d %s, want 200", w.Code, w.Body)
				}
			}
		})
	}
}

// BenchmarkPairing is what the requests of a pairing cost beyond net/http and TLS.
func BenchmarkPairing(b *testing.B) {
	for _, store := range []string{memory, sqlite} {
		b.Run(store, func(b *testing.B) {
			handler, prepare := newHandler(b, store), newPreparerOf(b)
			b.ReportAllocs()
			var ready []prepared
			for b.Loop() {
				if len(ready) == 0 {
					b.StopTimer()
					var err error
					if ready, err = prepare.prepare(100); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				pairWith(b, handler, ready[0])
				ready = ready[1:]
			}
		})
	}
}

// TestPairing keeps the benchmark's client working: a pairing over real listeners.
func TestPairing(t *testing.T) {
	env := testenv.Start(t)
	systems, err := newPreparerOf(t).prepare(4)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{http: env.HTTP(), mtls: env.MTLS(), control: env.Control(), roots: env.TLS().RootCAs}
	if o := pairAll(t.Context(), p, systems, 2); o.errors != 0 || len(o.timings) != len(systems) {
		t.Fatalf("got %d errors of %d pairings, want 0 of %d: %v", o.errors, len(o.timings), len(systems), o.first)
	}
	for _, s := range systems {
		env.ExpectStatus(t, s.name, "Registered")
	}
	id := env.System(t, systems[0].name).ID
	if _, err := getMany(t.Context(), p.http, "/api/v1/systems/"+id, 32, 2); err != nil {
		t.Errorf("GET: %v", err)
	}
	if _, err := getMany(t.Context(), p.http, "/api/v1/systems/none", 32, 2); err == nil {
		t.Error("GET of a system that is not there: got no error")
	}
}

func TestBudget(t *testing.T) {
	tests := []struct {
		budget budget
		ratio  float64
		want   bool
	}{
		{atMost(1.25), 1.25, true},
		{atMost(1.25), 1.26, false},
		{atLeast(0.8), 0.8, true},
		{atLeast(0.8), 0.79, false},
	}
	for _, tt := range tests {
		if got := tt.budget.holds(tt.ratio); got != tt.want {
			t.Errorf("%v of %s: got %v, want %v", tt.ratio, tt.budget, got, tt.want)
		}
	}
}

func newPreparerOf(tb testing.TB) *preparer {
	tb.Helper()
	p, err := newPreparer()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// newHandler is what the public listeners of a landscape serve.
func newHandler(tb testing.TB, store string) http.Handler {
	tb.Helper()
	var handler http.Handler
	options := []testenv.Option{
		testenv.WithRunningClock(),
		func(c *landscape.Config) {
			c.WrapPublic = func(h http.Handler) http.Handler { handler = h; return h }
		},
	}
	if store == sqlite {
		options = append(options, testenv.WithData(filepath.Join(tb.TempDir(), "pairsim.db")))
	}
	testenv.Start(tb, options...)
	return handler
}

func serve(tb testing.TB, handler http.Handler, method, path, body string, state *tls.ConnectionState) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if req.TLS = state; body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	if handler.ServeHTTP(w, req); w.Code >= http.StatusBadRequest {
		tb.Fatalf("%s %s: got %d %s", method, path, w.Code, w.Body)
	}
	return w
}

func pairWith(tb testing.TB, handler http.Handler, system prepared) {
	read := func(w *httptest.ResponseRecorder, into any) {
		if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
			tb.Fatal(err)
		}
	}
	local := func(address string) string {
		u, err := url.Parse(address)
		if err != nil {
			tb.Fatal(err)
		}
		return u.RequestURI()
	}
	var registered struct{ IntegrationToken struct{ TokenURL string } }
	read(serve(tb, handler, http.MethodPost, systemsPath, `{"name":"`+system.name+`","type":"SAP Commerce Cloud"}`, nil), &registered)
	var info struct {
		CSRURL string
		API    struct{ InfoURL string }
	}
	read(serve(tb, handler, http.MethodGet, local(registered.IntegrationToken.TokenURL), "", nil), &info)
	var signed struct{ ClientCrt string }
	read(serve(tb, handler, http.MethodPost, local(info.CSRURL), string(system.csr), nil), &signed)
	text, err := base64.StdEncoding.DecodeString(signed.ClientCrt)
	if err != nil {
		tb.Fatal(err)
	}
	block, _ := pem.Decode(text)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	serve(tb, handler, http.MethodGet, local(info.API.InfoURL), "", &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}})
}
