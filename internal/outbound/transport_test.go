package outbound

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func send(ctx context.Context, t *testing.T, rt http.RoundTripper, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rt.RoundTrip(req)
}

// A transport passes on what the other side says: redirects, and bodies as they
// are packed.
func TestTransport(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://10.0.0.1/")
		w.WriteHeader(http.StatusFound)
		_, _ = io.WriteString(w, r.Header.Get("Accept-Encoding"))
	})
	transport := New(Config{}).Transport(nil)
	defer transport.CloseIdleConnections()
	res, err := send(t.Context(), t, transport, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusFound || len(body) != 0 {
		t.Errorf("got %d, body %q, error %v, want the redirect, and no encoding asked for", res.StatusCode, body, err)
	}
}

func TestTransportErrors(t *testing.T) {
	hanging := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	transport := New(Config{AllowedHosts: []string{"169.254.169.254"}}).Transport(nil)
	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for name, tt := range map[string]struct {
		ctx             context.Context
		url             string
		forbidden, late bool
	}{
		"a host that is not permitted": {t.Context(), "http://10.0.0.1/?key=secret", true, false},
		"the metadata service":         {t.Context(), "http://169.254.169.254/?key=secret", true, false},
		"nobody there":                 {t.Context(), "http://127.0.0.1:1/?key=secret", false, false},
		"no answer in time":            {soon, hanging.URL + "?key=secret", false, true},
		"no URL of ours":               {t.Context(), "ftp://127.0.0.1/?key=secret", false, false},
	} {
		res, err := send(tt.ctx, t, transport, tt.url)
		if err == nil {
			_ = res.Body.Close()
			t.Errorf("%s: got an answer, want none", name)
			continue
		}
		if IsForbidden(err) != tt.forbidden || IsLate(err) != tt.late || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v (forbidden %t, late %t), want forbidden %t, late %t, and no secret",
				name, err, IsForbidden(err), IsLate(err), tt.forbidden, tt.late)
		}
	}
}

// A client certificate is shown also to a server whose authorities did not make it.
func TestTransportShowsItsCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 1 {
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	defer s.Close()
	own := s.TLS.Certificates[0] // any will do
	transport := New(Config{RootCAs: rootsOf(s)}).Transport(&own)
	defer transport.CloseIdleConnections()
	res, err := send(t.Context(), t, transport, s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Errorf("got %d, want the certificate shown", res.StatusCode)
	}
}

// Behind a port mapping a landscape reaches itself by its listener, under the name
// that it has for others; over TLS it does not, for who ends that is somebody else.
func TestOwnListener(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) })
	c := New(Config{Listeners: map[string]string{"127.0.0.1:1": strings.TrimPrefix(s.URL, "http://")}})
	transport := c.Transport(nil)
	defer transport.CloseIdleConnections()
	res, err := send(t.Context(), t, transport, "http://127.0.0.1:1/x")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "127.0.0.1:1" {
		t.Errorf("got %q and error %v, want our own answer", body, err)
	}
	for _, url := range []string{"https://127.0.0.1:1/x", "http://127.0.0.1:2/x"} {
		if res, err := send(t.Context(), t, transport, url); err == nil {
			_ = res.Body.Close()
			t.Errorf("%s: got an answer, want none", url)
		}
	}
}
