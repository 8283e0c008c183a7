package publicurl

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func request(t testing.TB, target string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://shop.test:8080/", nil)
	u, err := url.Parse("http://shop.test:8080" + target)
	if err != nil {
		t.Fatalf("%s is no target of a request: %v", target, err)
	}
	r.URL = u
	return r
}

// Rule: environment-name
func TestUnder(t *testing.T) {
	for _, test := range []struct{ target, path, raw string }{
		{"/env/b", "/", ""},
		{"/env/b/", "/", ""},
		{"/env/b/api/v1/systems?x=1", "/api/v1/systems", ""},
		{"/env/b/api/v1/systems/a%2Fb", "/api/v1/systems/a/b", "/api/v1/systems/a%2Fb"},
		{"/%65nv/b/a%2Fb", "/a/b", ""}, // the prefix itself is escaped: the plain path stands alone
		{"/env/b/../c", "/../c", ""},
		{"/env/b//env/b", "//env/b", ""},
	} {
		outer := request(t, test.target)
		inner := Under(t.Context(), outer, "/env/b")
		if inner.URL.Path != test.path || inner.URL.RawPath != test.raw || inner.URL.RawQuery != outer.URL.RawQuery {
			t.Errorf("%s: got path %q, raw %q, want %q, %q", test.target, inner.URL.Path, inner.URL.RawPath, test.path, test.raw)
		}
		if Path(inner, "/x") != "/env/b/x" || Prefix(outer) != "" {
			t.Errorf("%s: prefix %q inside, %q outside", test.target, Prefix(inner), Prefix(outer))
		}
	}
}

func TestURLsOfAnEnvironment(t *testing.T) {
	book, err := New("8080", "8443", "", "https://front.test/pairsim")
	if err != nil {
		t.Fatal(err)
	}
	r := Under(t.Context(), request(t, "/env/b/x"), "/env/b")
	plain, overTLS := book.Listeners(r)
	for what, got := range map[string][2]string{
		"HTTP":           {book.HTTP(r), "http://shop.test:8080/env/b"},
		"TLS":            {book.MTLS(r), "https://front.test/pairsim/env/b"},
		"info":           {book.InfoURL(r), "https://front.test/pairsim/env/b/v1/applications/signingRequests/info"},
		"HTTP listener":  {plain, "http://shop.test:8080"},
		"TLS listener":   {overTLS, "https://front.test/pairsim"},
		"gin's redirect": {r.Header.Get("X-Forwarded-Prefix"), "/env/b"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %s, want %s", what, got[0], got[1])
		}
	}
	r.Header.Set("X-Forwarded-Prefix", "/proxy")
	if got := Under(t.Context(), r, "/env/b").Header.Get("X-Forwarded-Prefix"); got != "/proxy/env/b" {
		t.Errorf("behind a proxy with a prefix: got %s", got)
	}
	off, err := New("8080", "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, got := off.Listeners(r); got != "" {
		t.Errorf("a TLS listener that is off: got %s", got)
	}
}

// FuzzUnder: what is cut off is the prefix and nothing else, whatever the path.
//
// Rule: environment-name
func FuzzUnder(f *testing.F) {
	for _, seed := range []string{"/env/b", "/env/b/", "/env/b/a%2Fb", "/%65nv/b/c", "/env/bb", "/env/b/%2e%2e/c", "/env/b?x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !strings.HasPrefix(target, "/") {
			return
		}
		if _, err := url.Parse("http://shop.test:8080" + target); err != nil {
			return // no server sees such a request
		}
		outer := request(t, target)
		rest, ok := strings.CutPrefix(outer.URL.Path, "/env/b/")
		if !ok {
			return
		}
		inner := Under(t.Context(), outer, "/env/b")
		if inner.URL.Path != "/"+rest {
			t.Errorf("%q: got %q, want %q", outer.URL.Path, inner.URL.Path, "/"+rest)
		}
		// A raw path that did not belong to the path would be ignored, or lead elsewhere.
		if raw := inner.URL.RawPath; raw != "" {
			if plain, err := url.PathUnescape(raw); err != nil || plain != inner.URL.Path {
				t.Errorf("%q: raw path %q is not that of %q", target, raw, inner.URL.Path)
			}
		}
	})
}
