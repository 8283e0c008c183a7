package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, c *Client, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _, err := c.Fetch(t.Context(), req)
	return string(body), err
}

// Rule: outbound-bounded
func TestFetch(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write([]byte(user + ":" + password + " " + r.Header.Get("X-Key")))
	})
	req, err := http.NewRequest(http.MethodGet, strings.Replace(s.URL, "//", "//me:secret@", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Key", "k")
	body, contentType, err := New(Config{}).Fetch(t.Context(), req)
	if err != nil || string(body) != "me:secret k" || contentType != "application/xml" {
		t.Errorf("got %q of type %q and error %v", body, contentType, err)
	}
}

// No call leaves the hosts that are permitted, whatever names them.
//
// Rule: outbound-bounded
func TestRefusedHosts(t *testing.T) {
	const foreign, local = "neither loopback nor", "link-local"
	tests := []struct{ name, url, want string }{
		{"private address", "http://10.0.0.1/", foreign},
		{"public address", "http://192.0.2.1/", foreign},
		{"unique local address", "http://[fd00::1]/", foreign},
		{"metadata service", "http://169.254.169.254/latest/meta-data", local},
		{"metadata service, allowed by name", "http://169.254.170.2/", local},
		{"metadata service as an IPv4-mapped address", "http://[::ffff:169.254.169.254]/", local},
		{"metadata service in decimal", "http://2852039166/", ""},
		{"IPv6 link-local", "http://[fe80::1%25lo]/", local},
		{"unspecified address", "http://0.0.0.0/", local},
		{"unspecified IPv6 address", "http://[::]/", local},
		{"multicast", "http://224.0.0.1/", local},
		{"another port than the allowed one", "http://10.0.0.2:81/", foreign},
		{"a suffix of an allowed name", "http://evil-shop.test/", ""},
		{"file", "file:///etc/passwd", "absolute http or https URL"},
		{"gopher", "gopher://127.0.0.1/", "absolute http or https URL"},
		{"no host", "http:///x", "absolute http or https URL"},
	}
	c := New(Config{OwnHosts: []string{"169.254.170.2"}, AllowedHosts: []string{"10.0.0.2:80", "shop.test"}, Timeout: 5 * time.Second})
	c.resolver = resolver(t, map[string]string{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := get(t, c, tt.url)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want a refusal with %q", err, tt.want)
			}
		})
	}
}

// The address counts that a name resolves to, when the connection is made.
func TestNamesAreCheckedByAddress(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("here")) })
	port := s.URL[strings.LastIndex(s.URL, ":"):]
	c := New(Config{AllowedHosts: []string{"Allowed.test.", "rebound.test"}})
	c.resolver = resolver(t, map[string]string{
		"loopback.test.": "127.0.0.1", "private.test.": "10.0.0.1", "linklocal.test.": "169.254.169.254",
		"allowed.test.": "127.0.0.1", "rebound.test.": "169.254.169.254",
	})
	for host, want := range map[string]string{
		"loopback.test": "", "allowed.test": "", "ALLOWED.test": "", "private.test": "neither loopback",
		"linklocal.test": "link-local", "rebound.test": "link-local", "unknown.test": "cannot be resolved",
	} {
		body, err := get(t, c, "http://"+host+port)
		switch {
		case want == "" && (err != nil || body != "here"):
			t.Errorf("%s: got %q and error %v, want the answer", host, body, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got error %v, want %q", host, err, want)
		}
	}
}

func TestPermit(t *testing.T) {
	tests := []struct {
		address string
		named   bool
		want    bool
	}{
		{"127.0.0.1:80", false, true},
		{"127.8.9.1:80", false, true},
		{"[::1]:80", false, true},
		{"[::ffff:127.0.0.1]:80", false, true},
		{"10.0.0.1:80", false, false},
		{"10.0.0.1:80", true, true},
		{"203.0.113.1:443", true, true},
		{"169.254.0.1:80", true, false},
		{"[fe80::1%eth0]:80", true, false},
		{"[::ffff:169.254.169.254]:80", true, false},
		{"0.0.0.0:80", true, false},
		{"[ff02::1]:80", true, false},
		{"somewhere:80", true, false},
	}
	for _, tt := range tests {
		if err := permit(tt.address, tt.named); (err == nil) != tt.want {
			t.Errorf("permit(%s, %v): got %v, want permitted %v", tt.address, tt.named, err, tt.want)
		}
	}
}

// Rule: outbound-bounded
func TestRedirects(t *testing.T) {
	var got http.Header
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header; _, _ = w.Write([]byte("other")) })
	redirect := func(to string) *httptest.Server {
		return serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) })
	}
	loop := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
	c := New(Config{})

	req, err := http.NewRequest(http.MethodGet, redirect(other.URL).URL+"?key=secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", "secret")
	req.SetBasicAuth("me", "secret")
	body, _, err := c.Fetch(t.Context(), req)
	if err != nil || string(body) != "other" {
		t.Fatalf("got %q and error %v, want the redirect followed", body, err)
	}
	for _, name := range []string{"X-Api-Key", "Authorization", "Referer"} {
		if got.Get(name) != "" {
			t.Errorf("the other host got %s %q, want nothing that was meant for the first", name, got.Get(name))
		}
	}
	for name, tt := range map[string]struct{ url, want string }{
		"to a private address":    {redirect("http://10.0.0.1/").URL, "neither loopback"},
		"to the metadata service": {redirect("http://169.254.169.254/").URL, "link-local"},
		"to a file":               {redirect("file:///etc/passwd").URL, "absolute http or https URL"},
		"without end":             {loop.URL, "more than 5 redirects"},
	} {
		if _, err := get(t, c, tt.url); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want %q", name, err, tt.want)
		}
	}
	post, err := http.NewRequest(http.MethodPost, redirect(other.URL).URL, strings.NewReader("client_secret=s"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Fetch(t.Context(), post); err == nil || !strings.Contains(err.Error(), "redirect of POST") {
		t.Errorf("POST: got error %v, want its redirect refused", err)
	}
}

// Rule: outbound-bounded
func TestBounds(t *testing.T) {
	t.Run("size", func(t *testing.T) {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(make([]byte, len(r.URL.Path)-1)) })
		c := New(Config{MaxBytes: 10})
		if body, err := get(t, c, s.URL+"/"+strings.Repeat("x", 10)); err != nil || len(body) != 10 {
			t.Errorf("got %d bytes and error %v, want 10", len(body), err)
		}
		if _, err := get(t, c, s.URL+"/"+strings.Repeat("x", 11)); err == nil || err.Error() != "the answer has more than 10 bytes" {
			t.Errorf("got error %v, want the size refused", err)
		}
	})
	t.Run("size after decompression", func(t *testing.T) {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(make([]byte, 1<<20))
		_ = w.Close()
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		})
		if _, err := get(t, New(Config{MaxBytes: 100_000}), s.URL); err == nil || !strings.Contains(err.Error(), "more than 100000 bytes") {
			t.Errorf("got error %v, want the size refused", err)
		}
	})
	t.Run("time", func(t *testing.T) {
		block := make(chan struct{})
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { <-block })
		defer close(block)
		if _, err := get(t, New(Config{Timeout: 20 * time.Millisecond}), s.URL); err == nil || err.Error() != "there was no complete answer within 20ms" {
			t.Errorf("got error %v, want the time limit", err)
		}
	})
	t.Run("given up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		req, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := New(Config{}).Fetch(ctx, req); err == nil || err.Error() != "the call was given up" {
			t.Errorf("got error %v", err)
		}
	})
}

// What goes wrong is told without credentials and without what was answered.
func TestErrors(t *testing.T) {
	failing := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Error(w, "secret", http.StatusNotFound) })
	garbage := listen(t, "secret banner\r\n\r\n")
	closed := serve(t, func(http.ResponseWriter, *http.Request) {})
	closed.Close()
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	with := func(url string) string { return strings.Replace(url, "//", "//me:secret@", 1) + "?key=secret" }
	for name, tt := range map[string]struct{ url, want string }{
		"status":           {failing.URL, "the answer has status 404 Not Found"},
		"not HTTP":         {garbage, "not proper HTTP"},
		"unreachable":      {closed.URL, "cannot be reached"},
		"foreign host":     {"http://10.0.0.1", "neither loopback"},
		"untrusted server": {tls.URL, "not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t, New(Config{}), with(tt.url))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got error %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("got %q, want no secret in it", err)
			}
		})
	}
	_, err := get(t, New(Config{}), failing.URL)
	var status *StatusError
	if !errors.As(err, &status) || status.HTTPStatus() != "404 Not Found" {
		t.Errorf("got %v, want a StatusError", err)
	}
}

func TestRootCAs(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("over TLS")) }))
	defer s.Close()
	if body, err := get(t, New(Config{RootCAs: rootsOf(s)}), s.URL); err != nil || body != "over TLS" {
		t.Errorf("got %q and error %v", body, err)
	}
}

// rootsOf trusts a test server.
func rootsOf(s *httptest.Server) func() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return func() *x509.CertPool { return roots }
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	if transport := New(Config{}).http.Transport.(*http.Transport); transport.Proxy != nil {
		t.Error("the client has a proxy, which would dial unchecked")
	}
	if transport := New(Config{}).Transport(nil); transport.http.Proxy != nil {
		t.Error("the transport has a proxy, which would dial unchecked")
	}
}

// listen answers every connection with text and returns its URL.
func listen(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte(text))
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// resolver resolves these names only, by a DNS server of its own.
func resolver(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := resolve(buf[:n], names); answer != nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func resolve(query []byte, names map[string]string) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) == 0 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	text, known := names[strings.ToLower(q.Name.String())]
	if !known {
		m.RCode = dnsmessage.RCodeNameError
	} else if q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(text).As4()},
		}}
	}
	answer, err := m.Pack()
	if err != nil {
		return nil
	}
	return answer
}

func TestForbiddenPortIsNotReachedOnLoopback(t *testing.T) {
	control := httptest.NewServer(http.NotFoundHandler())
	defer control.Close()
	u, err := url.Parse(control.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	client := New(Config{ForbiddenPorts: []uint16{uint16(port)}, AllowedHosts: []string{u.Host}})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, control.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Fetch(t.Context(), req); err == nil || !strings.Contains(err.Error(), "control listener") {
		t.Errorf("got %v, want a refusal that names the control listener", err)
	}
}
