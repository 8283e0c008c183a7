package gateway_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// TestProxyService is the older suite of the vendor, of which the later one has
// no counterpart for these (pairing-protocols §8.3).
//
// Rule: gateway-credentials
func TestProxyService(t *testing.T) {
	parameters := &btp.RequestParameters{
		Headers: map[string][]string{"X-Tenant": {"t1"}}, QueryParameters: map[string][]string{"token_format": {"jwt"}},
	}

	t.Run("retry with new CSRF token for basic auth", func(t *testing.T) {
		var good int // the CSRF token that is good now
		tokens := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			good++
			w.Header().Set("X-Csrf-Token", fmt.Sprint(good))
		})
		target := record(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Csrf-Token") != fmt.Sprint(good) {
				w.WriteHeader(http.StatusForbidden)
			}
		})
		w := open(t, []btp.Service{api("Basic", target.URL, basic("me", "secret", tokens.URL))})
		expect(t, w.get("/gateway/mp-shop/basic"), 200, "")
		expect(t, w.get("/gateway/mp-shop/basic"), 200, "")
		if good != 1 {
			t.Errorf("got %d CSRF tokens while the first is good, want one", good)
		}
		good = 7 // as a session that has ended
		expect(t, w.get("/gateway/mp-shop/basic"), 200, "")
		if calls, _, _ := target.seen(); calls != 4 || good != 8 {
			t.Errorf("got %d calls and CSRF token %d, want the third call repeated with a new one", calls, good)
		}
	})

	t.Run("oauth additional query and headers", func(t *testing.T) {
		tokens := record(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"access_token":"t","expires_in":60}`))
		})
		target := record(t, nil)
		c := oauth(tokens.URL+"?a=b", "id", "secret", "")
		c.OAuth.RequestParameters = parameters
		w := open(t, []btp.Service{api("OAuth", target.URL, c)})
		expect(t, w.get("/gateway/mp-shop/oauth"), 200, "")
		_, asked, _ := tokens.seen()
		if asked.Header.Get("X-Tenant") != "t1" || asked.URL.RawQuery != "a=b&token_format=jwt" || asked.Header.Get("User-Agent") != "" {
			t.Errorf("the token server was asked with %v and query %q, want what was registered and no User-Agent", asked.Header, asked.URL.RawQuery)
		}
		if _, called, _ := target.seen(); called.Header.Get("X-Tenant") != "" || called.URL.RawQuery != "" {
			t.Errorf("the target was called with %v, want nothing that is for the token server", called.Header)
		}
	})
}
