package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// TestGatewaySuite is the vendor's suite of its gateway, case by case under the
// vendor's names (pairing-protocols §8.3), over real connections and
// certificates. What the Application Registry cannot say (OAuth with a client
// certificate, secrets that are missing, certificates of others) is declared
// (btp.DeclaredSystem.Services), as a seed file declares it. The vendor's
// application CRs skip the verification of servers; here it is on.
//
// Rule: gateway-credentials, gateway-errors, gateway-headers, gateway-retry
func TestGatewaySuite(t *testing.T) {
	var w *world
	m := newMock(t, func() time.Time { return w.registry.Now() })
	s := suiteOf(t, m)
	w = open(t, s.services)

	t.Run("TestGetRequest", func(t *testing.T) {
		for _, tt := range s.cases {
			t.Run(tt.group+"/"+tt.name, func(t *testing.T) {
				if tt.want == http.StatusGatewayTimeout {
					slow := open(t, s.services, option{timeout: 50 * time.Millisecond})
					got := slow.get(tt.path())
					expect(t, got, tt.want, tt.reason)
					if got.body != "" {
						t.Errorf("got body %q, want none", got.body)
					}
					return
				}
				got := w.get(tt.path())
				expect(t, got, tt.want, tt.reason)
				if told := got.header.Get("Target-System-Status"); told != tt.system {
					t.Errorf("got Target-System-Status %q, want %q", told, tt.system)
				}
				if tt.reason != "" && tt.system == "" {
					if want := fmt.Sprintf(`{"code":%d,"error":"`, tt.want); !strings.HasPrefix(got.body, want) {
						t.Errorf("got body %q, want the vendor's %s…", got.body, want)
					}
				}
			})
		}
	})

	t.Run("TestResponseBody", func(t *testing.T) {
		for _, code := range []string{"203", "307", "451"} {
			if got := w.get("/gateway/mp-shop/code-" + code); got.body != code {
				t.Errorf("Should return %s forwarded from target endpoint: got body %q", code, got.body)
			}
		}
	})

	t.Run("TestBodyPerMethod", func(t *testing.T) {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			if got := w.call(method, "/gateway/mp-shop/echo", strings.NewReader(`{"n":1}`)); got.status != 200 || got.body != `{"n":1}` {
				t.Errorf("%s: got %d %q, want the body forwarded and answered", method, got.status, got.body)
			}
		}
	})

	t.Run("TestComplex", func(t *testing.T) {
		t.Run("OAuth token renewal", func(t *testing.T) {
			const path = "/gateway/mp-shop/oauth-expired-token-renewal"
			expect(t, w.get(path), 200, "")
			before := m.tokensIssued()
			expect(t, w.get(path), 200, "")
			if got := m.tokensIssued(); got != before {
				t.Errorf("got %d tokens more while the first is good, want none", got-before)
			}
			w.advance(5 * time.Second)
			expect(t, w.get(path), 200, "")
			if got := m.tokensIssued(); got != before+1 {
				t.Errorf("got %d tokens more after it expired, want one", got-before)
			}
		})
		t.Run("Redirects", func(t *testing.T) {
			follow := &http.Client{} // as the vendor's suite does
			for name, path := range map[string]string{
				"Should redirect without auth":         "/gateway/mp-shop/redirect-ok/ok",
				"Should redirect basic auth":           "/gateway/mp-shop/redirect-basic/basic",
				"Should redirect to external services": "/gateway/mp-shop/redirect-external/external",
			} {
				t.Run(name, func(t *testing.T) { expect(t, w.callBy(follow, "GET", path, nil), 200, "") })
			}
		})
	})
}

// suite is what the vendor's application CRs say.
type suite struct {
	services []btp.Service
	cases    []suiteCase
}

// suiteCase is a service of the vendor's suite with the status that it wants.
type suiteCase struct {
	group, name string
	want        int
	reason      btp.Code
	system      string // Target-System-Status
	at          string // an address of its own; "": that of its service
}

func (c suiteCase) path() string {
	if c.at != "" {
		return c.at
	}
	return "/gateway/mp-shop/" + btp.GatewayName(c.name)
}

func suiteOf(t *testing.T, m *mock) *suite {
	t.Helper()
	s := &suite{}
	group := ""
	plain := func(path string) string { return m.plain.URL + "/v1/api" + path }
	mutual := func(path string) string { return m.mutual.URL + "/v1/api" + path }
	expired := func(path string) string { return m.expired.URL + "/v1/api" + path }
	service := func(name, target string, c *btp.Credentials) *btp.ServiceAPI {
		one := api(name, target, c)
		s.services = append(s.services, one)
		return one.API
	}
	add := func(want int, reason btp.Code, name, target string, c *btp.Credentials) *btp.ServiceAPI {
		s.cases = append(s.cases, suiteCase{group: group, name: name, want: want, reason: reason})
		return service(name, target, c)
	}
	soon := inAnHour()
	asUser := func(csrf string) *btp.Credentials { return basic(mockUser, mockPassword, csrf) }
	asClient := func(csrf string) *btp.Credentials { return oauth(plain("/oauth/token"), mockClient, mockSecret, csrf) }
	byCertificate := func(csrf string) *btp.Credentials {
		return withCertificate(authority, soon, mutual("/mtls-oauth/token"), mockClient, csrf)
	}
	parameters := func(value string) *btp.RequestParameters {
		return &btp.RequestParameters{
			Headers: map[string][]string{mockHeader: {mockHeader2}}, QueryParameters: map[string][]string{mockParameter: {value}},
		}
	}
	csrf, badCSRF, noCSRF := plain("/csrf/token"), plain("/csrf/bad-token"), plain("/csrf/nonexistingpath")

	group = "positive-authorisation"
	add(200, "", "unsecure-always-ok", plain("/unsecure/ok"), nil)
	add(200, "", "basic-auth-ok", plain("/basic/ok"), asUser(""))
	add(200, "", "basic-auth-with-request-parameters", plain("/request-parameters-basic/ok"), asUser("")).RequestParameters = parameters(mockParamValue)
	add(200, "", "oauth", plain("/oauth/ok"), asClient(""))
	add(200, "", "csrf-oauth", plain("/csrf-oauth/ok"), asClient(csrf))
	add(200, "", "csrf basic", plain("/csrf-basic/ok"), asUser(csrf))
	add(200, "", "mtls", mutual("/mtls/ok"), generated(authority, soon, ""))
	add(200, "", "mtls-oauth", plain("/oauth/ok"), byCertificate(""))
	add(200, "", "csrf-mtls", mutual("/csrf-mtls/ok"), generated(authority, soon, csrf))
	add(200, "", "csrf-mtls-oauth", plain("/csrf-oauth/ok"), byCertificate(csrf))

	group = "proxy-cases"
	add(203, "", "code 203", plain("/unsecure/code/203"), nil)
	add(307, "", "code 307", plain("/unsecure/code/307"), nil)
	add(451, "", "code 451", plain("/unsecure/code/451"), nil)

	group = "negative-authorisation"
	add(401, "", "bad oauth token", plain("/oauth/ok"), oauth(plain("/oauth/bad-token"), mockClient, mockSecret, ""))
	add(400, "", "basic-auth-with-wrong-request-parameters", plain("/request-parameters-basic/ok"), asUser("")).RequestParameters = parameters("wrong")
	add(403, "", "bad csrf token basic", plain("/csrf-basic/ok"), asUser(badCSRF))
	add(403, "", "bad csrf token oauth", plain("/csrf-oauth/ok"), asClient(badCSRF))
	add(403, "", "bad csrf token mtls", mutual("/csrf-mtls/ok"), generated(authority, soon, badCSRF))
	add(403, "", "bad csrf token mtls oauth", plain("/csrf-oauth/ok"), byCertificate(badCSRF))
	add(500, btp.TokenCallMTLSFailed, "mtls-oauth-other-ca", plain("/oauth/ok"),
		withCertificate(foreign, soon, mutual("/mtls-oauth/token"), mockClient, ""))
	add(500, btp.TokenCallMTLSFailed, "mtls-oauth-negative-expired-client-cert", plain("/oauth/ok"),
		withCertificate(authority, anHourAgo(), mutual("/mtls-oauth/token"), mockClient, ""))
	add(500, btp.TokenCallMTLSFailed, "mtls-oauth-negative-expired-server-cert", plain("/oauth/ok"),
		withCertificate(authority, soon, expired("/mtls-oauth/token"), mockClient, ""))
	add(500, btp.TokenCallMTLSFailed, "mtls-oauth-incorrect-clientid", plain("/oauth/ok"),
		withCertificate(authority, soon, mutual("/mtls-oauth/token"), "wrong", ""))
	add(502, btp.CSRFCallFailed, "bad csrf endpoint basic", plain("/csrf-basic/ok"), asUser(noCSRF))
	add(502, btp.CSRFCallFailed, "bad csrf endpoint oauth", plain("/csrf-oauth/ok"), asClient(noCSRF))
	add(502, btp.CSRFCallFailed, "bad csrf endpoint mtls", mutual("/csrf-mtls/ok"), generated(authority, soon, noCSRF))
	add(502, btp.CSRFCallFailed, "bad csrf endpoint mtls oauth", plain("/csrf-oauth/ok"), byCertificate(noCSRF))
	add(502, btp.TokenCallFailed, "wrong oauth secret", plain("/oauth/ok"), oauth(plain("/oauth/token"), mockClient, "wrong", ""))
	add(502, btp.TargetUnreachable, "mtls-negative-other-ca", mutual("/mtls/ok"), generated(foreign, soon, ""))
	add(502, btp.TargetUnreachable, "mtls-negative-expired-client-cert", mutual("/mtls/ok"), generated(authority, anHourAgo(), ""))
	add(502, btp.TargetUnreachable, "mtls-negative-expired-server-cert", expired("/mtls/ok"), generated(authority, soon, ""))

	group = "path-related-error-handling"
	s.cases = append(s.cases,
		suiteCase{group: group, name: "missing-srv-app", want: 400, reason: btp.GatewayPathIncomplete, at: "/gateway"},
		suiteCase{group: group, name: "missing-srv", want: 400, reason: btp.GatewayPathIncomplete, at: "/gateway/mp-shop"})

	group = "missing-resources-error-handling"
	s.cases = append(s.cases,
		suiteCase{group: group, name: "application-doesnt-exist", want: 404, reason: btp.ApplicationNotFound, at: "/gateway/where-is-app/idk"},
		suiteCase{group: group, name: "service-doesnt-exist", want: 404, reason: btp.ServiceNotFound, at: "/gateway/mp-shop/where-is-service"})
	for _, missing := range []struct {
		name   string
		secret btp.SecretKind
		c      *btp.Credentials
	}{
		{"missing-secret-oauth", btp.SecretCredentials, oauth(plain("/oauth/token"), "", "", "")},
		{"missing-secret-basic-auth", btp.SecretCredentials, basic("", "", "")},
		{"missing-secret-oauth-mtls", btp.SecretCredentials, &btp.Credentials{OAuthWithCertificate: &btp.OAuthCertificateCredentials{URL: mutual("/mtls-oauth/token")}}},
		{"missing-secret-certgen-mtls", btp.SecretCredentials, &btp.Credentials{CertificateGen: &btp.CertificateCredentials{}}},
		{"missing-request-parameters-header", btp.SecretRequestParameters, asUser("")},
	} {
		add(500, btp.CredentialsUnusable, missing.name, plain("/basic/ok"), missing.c).MissingSecret = missing.secret
	}
	unresolvable := "http://" + strings.Repeat("bad", 22) + ".invalid:8080" // a label too long for any name server to be asked
	add(502, btp.TargetUnreachable, "non-existing-target-url", unresolvable+"/v1/api/unsecure/ok", nil)

	group = "code-rewriting"
	for _, code := range []string{"500", "502", "503"} {
		add(502, btp.TargetFailed, "code "+code, plain("/unsecure/code/"+code), nil)
		s.cases[len(s.cases)-1].system = code
	}

	group = "proxy-errors"
	add(504, btp.TargetTimeout, "timeout", plain("/unsecure/timeout"), nil)

	external := serve(t, ok)
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, external.URL, http.StatusTemporaryRedirect)
	})
	service("echo", plain("/unsecure/echo"), nil)
	service("oauth-expired-token-renewal", plain("/oauth/ok"), oauth(plain("/oauth/token?token_lifetime=5"), mockClient, mockSecret, ""))
	service("redirect-ok", plain("/redirect"), nil)
	service("redirect-basic", plain("/redirect"), asUser(""))
	service("redirect-external", elsewhere.URL+"/v1/api/redirect", nil)
	return s
}
