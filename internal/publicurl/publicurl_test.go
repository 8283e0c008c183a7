package publicurl

import (
	"crypto/tls"
	"net/http/httptest"
	"strings"
	"testing"
)

// Rule: public-urls
func TestBaseURLs(t *testing.T) {
	tests := []struct {
		name               string
		httpURL, mtlsURL   string
		host               string
		overTLS            bool
		wantHTTP, wantMTLS string
	}{
		{"on the plain listener", "", "", "shop.test:8080", false, "http://shop.test:8080", "https://shop.test:8443"},
		{"on the TLS listener", "", "", "shop.test:8443", true, "http://shop.test:8080", "https://shop.test:8443"},
		{"behind a port mapping", "http://localhost:18080", "https://localhost:18443", "localhost:18080", false, "http://localhost:18080", "https://localhost:18443"},
		{"the request's own host goes first", "http://a.test", "https://b.test", "c.test:1", true, "http://a.test", "https://c.test:1"},
		{"IPv6", "", "", "[::1]:8080", false, "http://[::1]:8080", "https://[::1]:8443"},
		{"no port", "", "", "shop.test", false, "http://shop.test", "https://shop.test:8443"},
		{"a host that cannot be handed out", "", "", `a"b<c>`, false, "http://127.0.0.1:8080", "https://127.0.0.1:8443"},
		{"an over-long host", "", "", strings.Repeat("a", 300), false, "http://127.0.0.1:8080", "https://127.0.0.1:8443"},
		{"by a name of its own", "http://localhost:18080", "https://localhost:18443", "own.test:8080", false, "http://own.test:8080", "https://own.test:8443"},
		{"by a name of its own, over TLS", "http://localhost:18080", "https://localhost:18443", "OWN.test:8443", true, "http://OWN.test:8080", "https://OWN.test:8443"},
		{"its own name, another port", "http://localhost:18080", "https://localhost:18443", "own.test:9", false, "http://own.test:9", "https://localhost:18443"},
		{"its own name is what is configured", "http://own.test:8080", "https://b.test", "own.test:8080", false, "http://own.test:8080", "https://b.test"},
		{"path and trailing slash", "http://proxy.test/pairsim/", "https://proxy.test/mtls/", `"`, false, "http://proxy.test/pairsim", "https://proxy.test/mtls"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			book, err := New("8080", "8443", test.httpURL, test.mtlsURL, "own.test")
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.Host = test.host
			if test.overTLS {
				r.TLS = &tls.ConnectionState{}
			}
			if got := book.HTTP(r); got != test.wantHTTP {
				t.Errorf("HTTP: got %s, want %s", got, test.wantHTTP)
			}
			if got := book.MTLS(r); got != test.wantMTLS {
				t.Errorf("MTLS: got %s, want %s", got, test.wantMTLS)
			}
			if got, want := book.InfoURL(r), test.wantMTLS+"/v1/applications/signingRequests/info"; got != want {
				t.Errorf("info: got %s, want %s", got, want)
			}
		})
	}
}

func TestConfiguredURLsAreChecked(t *testing.T) {
	for _, test := range []struct{ httpURL, mtlsURL string }{
		{"ftp://a.test", ""},
		{"a.test", ""},
		{"http://", ""},
		{"http://u:p@a.test", ""},
		{"http://a.test?x=1", ""},
		{"", "http://a.test"},
		{"", "https://a.test#x"},
		{"http://%zz", ""},
	} {
		if _, err := New("1", "2", test.httpURL, test.mtlsURL); err == nil {
			t.Errorf("%q and %q were taken", test.httpURL, test.mtlsURL)
		}
	}
}

func TestURLsChangeWhileRunning(t *testing.T) {
	book, err := New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = "a.test:8080"
	if err := book.Set("", "https://new.test"); err != nil {
		t.Fatal(err)
	}
	if got := book.MTLS(r); got != "https://new.test" {
		t.Errorf("got %s, want the new one", got)
	}
	if err := book.Set("", "nonsense"); err == nil {
		t.Error("nonsense was taken")
	}
	if _, got := book.Configured(); got != "https://new.test" {
		t.Errorf("after a refused change: %s, want it unchanged", got)
	}
}
