package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// mock is the application that the vendor's suite calls (pairing-protocols §9.4):
// one plain target, one that asks for a client certificate, and one more with an
// expired certificate of its own.
type mock struct {
	plain, mutual, expired *httptest.Server
	// release lets those go who wait for /unsecure/timeout.
	release chan struct{}

	mu     sync.Mutex
	issued int
	tokens map[string]time.Time // until when they are good
	now    func() time.Time
}

const (
	mockUser, mockPassword      = "user", "passwd"
	mockClient, mockSecret      = "clientID", "clientSecret"
	mockCSRF                    = "csrf-token"
	mockParameter, mockHeader   = "CustomQueryParam", "Customheader"
	mockParamValue, mockHeader2 = "customQueryParamValue", "customHeaderValue"
)

// newMock starts the application. Tokens expire by now.
func newMock(t *testing.T, now func() time.Time) *mock {
	t.Helper()
	m := &mock{release: make(chan struct{}), tokens: map[string]time.Time{}, now: now}
	m.plain = serve(t, m.routes().ServeHTTP)
	m.mutual = serveTLS(t, m.mutualRoutes(), inAnHour())
	m.expired = serveTLS(t, m.mutualRoutes(), anHourAgo())
	t.Cleanup(func() { close(m.release) }) // before the servers close, which wait for it
	return m
}

func ok(http.ResponseWriter, *http.Request) {}

func (m *mock) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, h http.HandlerFunc) { mux.HandleFunc("/v1/api"+path, h) }
	handle("/unsecure/ok", ok)
	handle("/unsecure/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	handle("/unsecure/code/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		w.WriteHeader(code)
		_, _ = io.WriteString(w, r.PathValue("code"))
	})
	handle("/unsecure/timeout", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-m.release:
		case <-r.Context().Done():
		}
	})
	handle("/basic/ok", basicAuth(ok))
	handle("/oauth/ok", m.bearer(ok))
	handle("/oauth/token", m.token(false))
	handle("/oauth/bad-token", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"bad","expires_in":3600}`)
	})
	handle("/csrf/token", csrfToken(mockCSRF))
	handle("/csrf/bad-token", csrfToken("bad"))
	handle("/csrf-basic/ok", csrfChecked(basicAuth(ok)))
	handle("/csrf-oauth/ok", csrfChecked(m.bearer(ok)))
	handle("/request-parameters-basic/ok", basicAuth(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get(mockParameter) != mockParamValue || r.Header.Get(mockHeader) != mockHeader2 {
			w.WriteHeader(http.StatusBadRequest)
		}
	}))
	handle("/redirect/ok", redirect("/v1/api/redirect/target/ok"))
	handle("/redirect/basic", redirect("/v1/api/redirect/target/basic"))
	handle("/redirect/target/ok", ok)
	handle("/redirect/target/basic", basicAuth(ok))
	return mux
}

func (m *mock) mutualRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/v1/api/mtls/ok", ok)
	mux.HandleFunc("/v1/api/csrf-mtls/ok", csrfChecked(ok))
	mux.HandleFunc("/v1/api/mtls-oauth/token", m.token(true))
	return mux
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) }
}

func basicAuth(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != mockUser || password != mockPassword {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

// token takes what the vendor's gateway sends: id and secret in the form and in a
// Basic header, or the id alone beside a certificate.
func (m *mock) token(mutual bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, secret, isBasic := r.BasicAuth()
		good := r.FormValue("grant_type") == "client_credentials" && r.FormValue("client_id") == mockClient
		if !mutual {
			good = good && isBasic && id == mockClient && secret == mockSecret && r.FormValue("client_secret") == mockSecret
		}
		if !good {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		life, _ := strconv.Atoi(r.URL.Query().Get("token_lifetime"))
		if life == 0 {
			life = 300
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.issued++
		text := fmt.Sprintf("access-token-%d", m.issued)
		m.tokens[text] = m.now().Add(time.Duration(life) * time.Second)
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":%d}`, text, life)
	}
}

// revoke makes every token bad, as a token server may at any time.
func (m *mock) revoke() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.tokens)
}

func (m *mock) tokensIssued() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.issued
}

func (m *mock) bearer(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		good := false
		for text, until := range m.tokens {
			good = good || r.Header.Get("Authorization") == "Bearer "+text && m.now().Before(until)
		}
		m.mu.Unlock()
		if !good {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

const mockCookie = "csrftokencookie"

func csrfToken(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Csrf-Token") != "fetch" || r.Header.Get("Accept") != "*/*" || r.Header.Get("Cache-Control") != "no-cache" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Csrf-Token", text)
		http.SetCookie(w, &http.Cookie{Name: mockCookie, Value: text})
	}
}

func csrfChecked(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(mockCookie)
		if err != nil || cookie.Value != mockCSRF || r.Header.Get("X-Csrf-Token") != mockCSRF {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		next(w, r)
	}
}
