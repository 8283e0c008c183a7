package btpclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const secret = "secret-token"

func serve(t *testing.T, h http.HandlerFunc) (*Connector, *httptest.Server) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Config{RegistryURL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, s
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// Every call goes once to a server that answers want, and once to one that
// answers another 2xx: both must be told apart (pairing-protocols §10.4, trap 1).
//
// Rule: pairing-exact-statuses
func TestExactStatus(t *testing.T) {
	tests := []struct {
		name, at string
		status   int
		body     string
		call     func(*Connector, *Session, string) error
	}{
		{"configuration", "GET /.well-known/pairsim-configuration", 200, `{"issuer":"i","jwks_uri":"j"}`, func(c *Connector, _ *Session, _ string) error {
			_, err := c.Configuration(t.Context())
			return err
		}},
		{"management info", "GET /v1/applications/management/info", 200, `{}`, func(_ *Connector, s *Session, base string) error {
			_, err := s.ManagementInfo(t.Context(), base+"/v1/applications/management/info")
			return err
		}},
		{"revoke", "POST /revoke", 201, ``, func(_ *Connector, s *Session, base string) error { return s.Revoke(t.Context(), base+"/revoke") }},
		{"services", "GET /a/v1/metadata/services", 200, `[{"id":"1","identifier":"x"}]`, func(_ *Connector, s *Session, base string) error {
			_, err := s.Services(t.Context(), base+"/a/v1/metadata/services")
			return err
		}},
		{"service", "GET /a/v1/metadata/services/a%2Fb", 200, `{}`, func(_ *Connector, s *Session, base string) error {
			_, err := s.Service(t.Context(), base+"/a/v1/metadata/services", "a/b")
			return err
		}},
		{"create", "POST /a/v1/metadata/services", 200, `{"id":"1"}`, func(_ *Connector, s *Session, base string) error {
			_, err := s.CreateService(t.Context(), base+"/a/v1/metadata/services", Service{})
			return err
		}},
		{"update", "PUT /a/v1/metadata/services/1", 200, ``, func(_ *Connector, s *Session, base string) error {
			return s.UpdateService(t.Context(), base+"/a/v1/metadata/services", "1", Service{})
		}},
		{"delete", "DELETE /a/v1/metadata/services/1", 204, ``, func(_ *Connector, s *Session, base string) error {
			return s.DeleteService(t.Context(), base+"/a/v1/metadata/services", "1")
		}},
		{"descriptor", "PUT /a/v1/pairsim/tenant", 204, ``, func(_ *Connector, s *Session, base string) error {
			return s.PutTenant(t.Context(), base+"/a/v1/metadata/services", Descriptor{})
		}},
		{"failure by token", "POST /v1/applications/pairsim/pairing-failure", 204, ``, func(c *Connector, _ *Session, _ string) error {
			return c.ReportPairingFailure(t.Context(), secret, "c")
		}},
		{"failure by certificate", "POST /v1/applications/pairsim/pairing-failure", 204, ``, func(_ *Connector, s *Session, base string) error {
			return s.ReportPairingFailure(t.Context(), base+"/v1/applications/management/info", "c")
		}},
		{"deletion by release token", "POST /v1/applications/pairsim/extension-deletion", 204, ``, func(c *Connector, _ *Session, _ string) error {
			return c.ReportExtensionDeletion(t.Context(), secret)
		}},
		{"deletion by certificate", "POST /v1/applications/pairsim/extension-deletion", 204, ``, func(_ *Connector, s *Session, base string) error {
			return s.ReportExtensionDeletion(t.Context(), base+"/v1/applications/management/info")
		}},
		{"legacy event", "POST /a/v1/events", 200, `{"event-id":"e"}`, func(_ *Connector, s *Session, base string) error {
			_, err := s.PublishLegacy(t.Context(), base+"/a/v1/events", LegacyEvent{})
			return err
		}},
		{"CloudEvent", "POST /a/events", 204, ``, func(_ *Connector, s *Session, base string) error {
			return s.PublishCloudEvent(t.Context(), base+"/a/v1/events", CloudEvent{})
		}},
		{"subscribed", "GET /a/v1/events/subscribed", 200, `{"eventsInfo":[]}`, func(_ *Connector, s *Session, base string) error {
			_, err := s.Subscribed(t.Context(), base+"/a/v1/events/subscribed")
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, got := tt.status, ""
			c, server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = r.Method + " " + r.URL.EscapedPath()
				w.Header().Set("Pairsim-Time", "2030-01-01T10:00:00.000000001Z")
				answer(status, tt.body)(w, r)
			})
			var calls []Call
			c = c.Traced(func(call Call) { calls = append(calls, call) })
			s := &Session{c: c, client: c.client}
			if err := tt.call(c, s, server.URL); err != nil || got != tt.at {
				t.Errorf("got %s, %v, want %s", got, err, tt.at)
			}
			status = 202
			var refused *RefusedError
			if err := tt.call(c, s, server.URL); !errors.As(err, &refused) || refused.Status != 202 {
				t.Errorf("answered 202: got %v, want a refusal", err)
			}
			if len(calls) != 2 || calls[0].Status != tt.status || calls[1].Status != 202 || calls[0].Time.Nanosecond() != 1 || strings.Contains(calls[0].Path, "?") {
				t.Errorf("got calls %+v", calls)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name, reason, body, want string
		status                   int
	}{
		{"connector", "token-used", `{"code":403,"error":"Invalid token."}`, "GET /v1/applications/signingRequests/info answered 403: Invalid token. (token-used)", 403},
		{"event", "", `{"status":400,"type":"validation_violation","message":"Missing field","details":[{"field":"event-type"}]}`, "GET /v1/applications/signingRequests/info answered 400: Missing field: event-type", 400},
		{"problem", "", `{"type":"urn:pairsim:problem:in-use","title":"T","detail":"D"}`, "GET /v1/applications/signingRequests/info answered 409: D (in-use)", 409},
		{"text", "", "bad\r\ngateway", "GET /v1/applications/signingRequests/info answered 502: bad  gateway", 502},
		{"error is an object", "", `{"error":{"a":1}}`, "GET /v1/applications/signingRequests/info answered 500", 500},
		{"nothing", "", "", "GET /v1/applications/signingRequests/info answered 503", 503},
		{"redirect", "", "", "GET /v1/applications/signingRequests/info answered 302", 302},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				calls++
				w.Header().Set("Location", "/elsewhere")
				if tt.reason != "" {
					w.Header().Set("Pairsim-Reason", tt.reason)
				}
				answer(tt.status, tt.body)(w, r)
			})
			_, err := c.SigningRequestInfo(t.Context(), secret, "T", "t")
			if err == nil || err.Error() != tt.want || calls != 1 {
				t.Errorf("got %v after %d calls, want %s", err, calls, tt.want)
			}
		})
	}
	if long := clean(strings.Repeat("ä", 600)); len(long) > 510 {
		t.Errorf("got a text of %d bytes", len(long))
	}
}

func TestErrorsHoldNoToken(t *testing.T) {
	c, s := serve(t, answer(200, "{}"))
	s.Close()
	_, info := c.SigningRequestInfo(t.Context(), secret, "T", "t")
	_, sign := c.Sign(t.Context(), "http://evil.test/x?token="+secret, nil)
	_, odd := c.Sign(t.Context(), "http://%zz?token="+secret, nil)
	deletion := c.ReportExtensionDeletion(t.Context(), secret)
	var unreachable *UnreachableError
	var foreign *ForeignHostError
	if !errors.As(info, &unreachable) || !errors.As(sign, &foreign) {
		t.Errorf("got %v and %v, want unreachable and foreign", info, sign)
	}
	for _, err := range []error{info, sign, odd, deletion} {
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("got %v, want an error without the token", err)
		}
	}
}

// The release token stands in the query, escaped, and nothing in a body.
func TestReleaseTokenIsSentAsAQuery(t *testing.T) {
	const token = "a&b=c d"
	got, length := "", int64(-1)
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, length = r.URL.Query().Get("token"), r.ContentLength
		w.WriteHeader(http.StatusNoContent)
	})
	if err := c.ReportExtensionDeletion(t.Context(), token); err != nil || got != token || length != 0 {
		t.Errorf("got token %q, %d bytes of body, %v, want %q and none", got, length, err, token)
	}
}

func TestUnknownFormOfInfoURL(t *testing.T) {
	c, _ := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the registry was called") })
	s := &Session{c: c, client: c.client}
	if err := s.ReportExtensionDeletion(t.Context(), "https://x.test/info"); err == nil {
		t.Error("deletion: accepted a URL of an unknown form")
	}
	if err := s.ReportPairingFailure(t.Context(), "https://x.test/info", "c"); err == nil {
		t.Error("failure: accepted a URL of an unknown form")
	}
}

// A lost answer to info must not present the token a second time on its own.
func TestInfoIsSentOnce(t *testing.T) {
	var sent atomic.Int32
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == infoPath {
			sent.Add(1)
			panic(http.ErrAbortHandler)
		}
		answer(200, `{"issuer":"i","jwks_uri":"j"}`)(w, r)
	})
	if _, err := c.Configuration(t.Context()); err != nil { // leaves a connection to reuse
		t.Fatal(err)
	}
	if _, err := c.SigningRequestInfo(t.Context(), secret, "T", "t"); err == nil || sent.Load() != 1 {
		t.Errorf("got %v after %d requests, want an error after one", err, sent.Load())
	}
}

// Rule: tenant-trusts-its-registry-only
func TestAllowedHosts(t *testing.T) {
	tests := []struct {
		base, mtls, url string
		want            bool
	}{
		{"http://a:8080", "https://a:8443", "http://A:8080/x", true},
		{"http://a:8080", "https://a:8443", "https://a:8443/x?token=t", true},
		{"http://a:8080", "https://a:8443", "https://a:9443/x", false},
		{"http://a:8080", "https://a:8443", "http://a:8443/x", false},
		{"http://a:8080", "https://a:8443", "http://b:8080/x", false},
		{"http://a:8080", "", "https://a:9443/x", true},
		{"http://a:8080", "", "http://a:9443/x", false},
		{"https://a", "", "https://a:443/x", true},
		{"http://a", "", "http://u:p@a/x", false},
		{"http://a", "", "/x", false},
		{"http://a", "", "http://a.evil/x", false},
	}
	for _, tt := range tests {
		c, err := New(Config{RegistryURL: tt.base, RegistryMTLSURL: tt.mtls})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.allowed(tt.url); (err == nil) != tt.want {
			t.Errorf("%s from %s %s: got %v, want allowed %t", tt.url, tt.base, tt.mtls, err, tt.want)
		}
	}
}

// Rule: bodies-bounded
func TestAnswersAreBounded(t *testing.T) {
	c, _ := serve(t, answer(200, strings.Repeat(" ", maxAnswer+1)))
	if _, err := c.Configuration(t.Context()); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("got %v, want too large", err)
	}
}

func TestCallsEnd(t *testing.T) {
	c, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c.cfg.Timeout = time.Millisecond
	if _, err := c.Configuration(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}

func TestKeys(t *testing.T) {
	const ec = `{"kty":"EC","kid":"1","use":"sig","alg":"ES256","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}` // RFC 7517 A.1
	big := `"n":"` + strings.Repeat("A", 342) + `","e":"AQAB"`
	tests := []struct {
		name, keys string
		want       int // -1: an error
	}{
		{"ES256", ec, 1},
		{"RS256", `{"kty":"RSA","kid":"1","alg":"RS256",` + big + `}`, 1},
		{"EdDSA", `{"kty":"OKP","kid":"1","alg":"EdDSA","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, 1},
		{"other kinds", `{"kty":"oct","kid":"1","alg":"HS256"},{"kty":"EC","kid":"2","alg":"ES384","crv":"P-384"},` + ec, 1},
		{"for encryption", strings.Replace(ec, `"sig"`, `"enc"`, 1), 0},
		{"without kid", strings.Replace(ec, `"kid":"1",`, ``, 1), 0},
		{"off the curve", strings.Replace(ec, `"4Etl`, `"4Etm`, 1), -1},
		{"short RSA", `{"kty":"RSA","kid":"1","alg":"RS256","n":"AQAB","e":"AQAB"}`, -1},
		{"short Ed25519", `{"kty":"OKP","kid":"1","alg":"EdDSA","crv":"Ed25519","x":"AQAB"}`, -1},
		{"too many", strings.TrimSuffix(strings.Repeat(ec+",", maxKeys+1), ","), -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, s := serve(t, answer(200, `{"keys":[`+tt.keys+`]}`))
			keys, err := c.JWKS(t.Context(), Configuration{JWKSURI: s.URL})
			if got := len(keys); (err != nil) != (tt.want < 0) || err == nil && got != tt.want {
				t.Errorf("got %d keys, %v, want %d", got, err, tt.want)
			}
		})
	}
}

func TestRevocationUnderBothKeys(t *testing.T) {
	for _, body := range []string{`{"revokeCertUrl":"u"}`, `{"revocationCertUrl":"u"}`, `{"revokeCertUrl":"u","revocationCertUrl":"u"}`} {
		var u URLs
		if err := json.Unmarshal([]byte(body), &u); err != nil || u.Revocation() != "u" {
			t.Errorf("%s: got %q, %v", body, u.Revocation(), err)
		}
	}
}

func FuzzDecodeChain(f *testing.F) {
	f.Add("")
	f.Add("LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=")
	f.Fuzz(func(t *testing.T, text string) {
		if chain, err := decodeChain(text); (err == nil) != (len(chain) > 0) {
			t.Errorf("got %d certificates, %v", len(chain), err)
		}
	})
}
