package gateway

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// FuzzAddress: whatever a path holds, it is refused or names what stands in it.
//
// Rule: gateway-address
func FuzzAddress(f *testing.F) {
	for _, path := range []string{
		"/gateway/a/b/c", "/gateway-ucl/a/b/c/d", "/gateway", "/gateway//", "/gateway/a/%2F/..", "/env/x/gateway/a/b", "/gateway/a/b/%zz", "/gateway/a%00/b?c",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		u, err := r.URL.Parse(path)
		if err != nil || !strings.HasPrefix(u.Path, "/") {
			return
		}
		r.URL, r.RequestURI = u, u.RequestURI()
		for _, form := range forms {
			got, err := form.parse(r)
			if err != nil {
				if btp.CodeOf(err) != btp.GatewayPathIncomplete {
					t.Errorf("%q: got %v, want the path refused", path, err)
				}
				continue
			}
			a := got.address
			for _, name := range []string{a.Application, a.Service} {
				if name == "" || strings.Contains(name, "/") || !strings.Contains(u.EscapedPath(), name) {
					t.Errorf("%q: got %+v, want names as they stand there", path, a)
				}
			}
			if (a.Entry != "") != (len(form.names) == 3) || !strings.HasPrefix(got.base, "/") {
				t.Errorf("%q: got %+v", path, got)
			}
		}
	})
}
