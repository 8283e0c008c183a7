package tenant

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btpclient"
)

// Rule: token-forms
func TestPairInEveryForm(t *testing.T) {
	forms := map[string]func(jws string) string{
		"bare": func(jws string) string { return " " + jws + "\n" },
		"token URL": func(jws string) string {
			return "https://elsewhere.test/v1/applications/signingRequests/info?token=" + jws
		},
		"encoded": func(jws string) string {
			return base64.StdEncoding.EncodeToString([]byte(`{"token":"` + jws + `","connectorURL":"https://elsewhere.test/x"}`))
		},
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			tenant := newTenant(t, f, nil)
			p, err := tenant.Pair(t.Context(), form(f.token(nil)), "first")
			if err != nil {
				t.Fatal(err)
			}
			want := `configuration GET 200
keys GET 200
info GET 200
certificate POST 201
managementInfo GET 200
services GET 200
service POST 200
service POST 200
service POST 200
tenant PUT 204`
			if got := steps(p); got != want {
				t.Errorf("calls: got\n%s\nwant\n%s", got, want)
			}
			if p.Status != (Status{Registered, "Registered"}) || p.SystemID != "sys-1" || p.ApplicationName != "shop" || p.Certificate.Serial != "abc1" {
				t.Errorf("got row %+v", p)
			}
			if !p.CreatedAt.Equal(start) || !p.UpdatedAt.Equal(start) {
				t.Errorf("got times %s, %s, want the registry's %s", p.CreatedAt, p.UpdatedAt, start)
			}
			if got := f.headers.Get("Pairsim-System-Type") + "/" + f.headers.Get("Pairsim-Tenant"); got != "SAP Commerce Cloud/commerce" {
				t.Errorf("info headers: got %s", got)
			}
			wantDescriptor := `{"tenantId":"commerce","url":"http://tenants.test:1/tenants/commerce",` +
				`"callbackUrl":"http://tenants.test:1/tenants/commerce/callback","communicationScenarios":[]}`
			if got := string(f.bodies["PUT /shop/v1/pairsim/tenant"]); got != wantDescriptor {
				t.Errorf("descriptor: got %s, want %s", got, wantDescriptor)
			}
		})
	}
}

// Rule: services-exposed
func TestServiceDocuments(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	occ, odata, events := f.services["s1"], f.services["s2"], f.services["s3"]
	base := "http://tenants.test:1/tenants/commerce"
	if occ.API.TargetURL != base+"/api/occ/v2" || occ.API.Credentials.OAuth.URL != base+"/api/token" || string(occ.API.Spec) != `{"openapi":"3.0.3"}` {
		t.Errorf("OpenAPI service: got %+v", occ.API)
	}
	if odata.API.APIType != "odata" || odata.API.SpecificationURL != base+"/specifications/odata" || odata.API.Spec != nil ||
		odata.API.Credentials.Basic.CSRF.TokenEndpointURL != base+"/api/odata/" {
		t.Errorf("OData service: got %+v", odata.API)
	}
	if odata.API.Credentials.Basic.Password == occ.API.Credentials.OAuth.ClientSecret || len(odata.API.Credentials.Basic.Password) < 20 {
		t.Error("credentials are not each their own")
	}
	if events.API != nil || !strings.Contains(string(events.Events.Spec), "order.created.v1") {
		t.Errorf("events service: got %+v", events)
	}
}

func TestPairingAgainReplacesServices(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	for range 2 {
		if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(f.services) != 3 || f.count("PUT /shop/v1/metadata/services/s2") != 1 {
		t.Errorf("got %d services, want the same 3 updated", len(f.services))
	}
	if got := tenant.Pairings(); len(got) != 2 || got[0].ID != "2" {
		t.Errorf("got rows %+v, want two, newest first", got)
	}
}

// Rule: token-signature, token-bound-to-type
func TestRefusedBeforeTheConnector(t *testing.T) {
	f := newFake(t)
	stranger := ecKey(t)
	own := jwt.MapClaims{
		"iss": issuer, "aud": "pairsim:pairing", "sub": "sys-1", "jti": "t1", "exp": start.Add(time.Minute).Unix(), "system_type": "SAP Commerce Cloud",
	}
	good := f.token(nil)
	tests := []struct {
		name, token, reason string
		after               time.Duration
	}{
		{"at its tenth minute", good, "token-expired", 10 * time.Minute},
		{"before nbf", f.token(map[string]any{"nbf": start.Add(time.Second).Unix()}), "token-not-yet-valid", 0},
		{"other product", f.token(map[string]any{"system_type": "SAP Marketing Cloud"}), "token-wrong-type", 0},
		{"no product", f.token(map[string]any{"system_type": nil}), "token-wrong-type", 0},
		{"other environment", f.token(map[string]any{"iss": "urn:pairsim:other"}), "token-foreign", 0},
		{"other audience", f.token(map[string]any{"aud": "pairsim:login"}), "token-wrong-audience", 0},
		{"no expiry", f.token(map[string]any{"exp": nil}), "token-malformed", 0},
		{"no system", f.token(map[string]any{"sub": nil}), "token-malformed", 0},
		{"no id", f.token(map[string]any{"jti": nil}), "token-malformed", 0},
		{"signed by another key", signed(own, "k1", jwt.SigningMethodES256, stranger), "token-forged", 0},
		{"unknown kid", signed(own, "k2", jwt.SigningMethodES256, f.key), "token-forged", 0},
		{"no kid", signed(own, "", jwt.SigningMethodES256, f.key), "token-forged", 0},
		{"HMAC with the public key", signed(own, "k1", jwt.SigningMethodHS256, []byte("x")), "token-forged", 0},
		{"unsigned", signed(own, "k1", jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType) + "AA", "token-forged", 0},
		{"changed", good[:len(good)-4] + "AAAA", "token-forged", 0},
		{"not a token", "hello", "token-malformed", 0},
		{"URL without token", "https://x.test/info", "token-malformed", 0},
		{"URL with two", "https://x.test/info?token=" + good + "&token=" + good, "token-malformed", 0},
		{"too long", strings.Repeat("a", 20_000), "token-malformed", 0},
	}
	tenant := newTenant(t, f, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.set(func() { f.now, f.requests = start.Add(tt.after), nil })
			p, err := tenant.Pair(t.Context(), tt.token, "")
			var failed *FailedError
			if !errors.As(err, &failed) || p.Reason != tt.reason || p.Status.Code != Failed || p.Cause == "" || p.Next == "" {
				t.Fatalf("got %v, row %+v, want reason %s", err, p, tt.reason)
			}
			for _, r := range f.requests {
				if !strings.HasPrefix(r, "GET /.well-known/") {
					t.Errorf("the connector was called: %s", r)
				}
			}
		})
	}
	f.set(func() { f.now = start.Add(10*time.Minute - time.Nanosecond) })
	if _, err := tenant.Pair(t.Context(), good, ""); err != nil {
		t.Errorf("just before expiry: %v", err)
	}
}

// Rule: token-refusal-says-why
func TestExpiredTokenNamesTheWayOut(t *testing.T) {
	f := newFake(t)
	f.now = start.Add(time.Hour)
	p, _ := newTenant(t, f, nil).Pair(t.Context(), f.token(nil), "")
	if want := "The integration token expired at 2030-01-01T10:10:00Z."; p.Cause != want {
		t.Errorf("cause: got %q, want %q", p.Cause, want)
	}
	want := "Ask for a new integration token in the SAP BTP cockpit (System Landscape > Systems, Display Token) and enter it as Token URL in a new destination target."
	if p.Next != want {
		t.Errorf("next: got %q, want %q", p.Next, want)
	}
}

// Rule: failure-report
func TestFailuresAfterTheTokenCheck(t *testing.T) {
	const (
		info, sign = "GET /v1/applications/signingRequests/info", "POST /v1/applications/certificates"
		management = "GET /v1/applications/management/info"
		services   = "POST /shop/v1/metadata/services"
		tenantPut  = "PUT /shop/v1/pairsim/tenant"
		failure    = "POST /v1/applications/pairsim/pairing-failure"
	)
	otherKey := func(f *fakeRegistry) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { reply(w, 201, f.certificate(f.caCert.RawSubject, f.ca.Public())) }
	}
	text := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	tests := []struct {
		name     string
		arrange  func(*fakeRegistry)
		reason   string
		cause    string
		reported int // with the follow-up token or the certificate
	}{
		{"used token", func(f *fakeRegistry) { f.instead(info, refuseWith(403, "token-used", "Invalid token.")) }, "token-used", "already been used", 0},
		{"void token", func(f *fakeRegistry) { f.instead(info, refuseWith(403, "token-void", "Invalid token.")) }, "token-void", "newer one", 0},
		{"registry down at info", func(f *fakeRegistry) { f.instead(info, text(503, "busy")) }, "", "answered 503: busy", 0},
		{"answer lost", func(f *fakeRegistry) { f.instead(info, func(http.ResponseWriter) { panic(http.ErrAbortHandler) }) }, "registry-unreachable", "cannot be reached", 0},
		{"info without URLs", func(f *fakeRegistry) { f.instead(info, text(200, "{}")) }, "", "lacks csrUrl", 0},
		{"csrUrl elsewhere", func(f *fakeRegistry) {
			f.info = func(i *btpclient.Info) { i.CSRURL = "https://evil.test/certificates?token=follow-up" }
		}, "registry-foreign-url", "https://evil.test (for /certificates)", 1},
		{"subject that cannot be", func(f *fakeRegistry) { f.info = func(i *btpclient.Info) { i.Certificate.Subject = "CN=a,CN=b" } }, "", "twice", 1},
		{"CSR refused", func(f *fakeRegistry) {
			f.instead(sign, refuseWith(400, "csr-subject-invalid", "CSR: Invalid common name provided."))
		}, "csr-subject-invalid", "Invalid common name", 1},
		{"signed with 200", func(f *fakeRegistry) { f.instead(sign, text(200, "{}")) }, "", "answered 200", 1},
		{"certificate of another key", func(f *fakeRegistry) { f.instead(sign, otherKey(f)) }, "", "another key", 1},
		{"certificate is none", func(f *fakeRegistry) { f.instead(sign, text(201, `{"crt":"AAAA"}`)) }, "", "no PEM certificate", 1},
		{"management info refused", func(f *fakeRegistry) { f.instead(management, refuseWith(403, "certificate-revoked", "no")) }, "certificate-revoked", "no", 1},
		{"service refused", func(f *fakeRegistry) { f.instead(services, refuseWith(502, "specification-fetch-failed", "Fetching")) }, "specification-fetch-failed", `service "OCC"`, 1},
		{"descriptor refused", func(f *fakeRegistry) { f.instead(tenantPut, refuseWith(400, "descriptor-invalid", "bad")) }, "descriptor-invalid", "bad", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			tt.arrange(f)
			tenant := newTenant(t, f, nil)
			jws := f.token(nil)
			p, err := tenant.Pair(t.Context(), jws, "")
			if err == nil || p.Status.Code != Failed || p.Reason != tt.reason || !strings.Contains(p.Cause, tt.cause) {
				t.Errorf("got %v, row %+v, want reason %q and cause with %q", err, p, tt.reason, tt.cause)
			}
			if got := f.count(failure); got != tt.reported {
				t.Errorf("reported %d times, want %d", got, tt.reported)
			}
			if tt.reported > 0 {
				var body struct{ Cause string }
				if _ = json.Unmarshal(f.bodies[failure], &body); !strings.Contains(body.Cause, tt.cause) {
					t.Errorf("reported cause: got %q, want one with %q", body.Cause, tt.cause)
				}
			}
			if shown, _ := json.Marshal(p); strings.Contains(string(shown), jws) || strings.Contains(string(shown), "follow-up") {
				t.Errorf("the row holds a token: %s", shown)
			}
			if _, ok := tenant.Connection(); ok {
				t.Error("a failed row is the connection")
			}
		})
	}
}

func TestManagementInfoIsTriedAgain(t *testing.T) {
	const management = "GET /v1/applications/management/info"
	down := refuseWith(503, "", "down")
	tests := []struct {
		name    string
		answers []func(http.ResponseWriter)
		calls   int
		code    string
	}{
		{"twice down", []func(http.ResponseWriter){down, down}, 3, Registered},
		{"down nine times", []func(http.ResponseWriter){down, down, down, down, down, down, down, down, down}, 10, Registered},
		{"down for good", []func(http.ResponseWriter){down, down, down, down, down, down, down, down, down, down}, 10, Failed},
		{"refused", []func(http.ResponseWriter){refuseWith(403, "", "no")}, 1, Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.instead(management, tt.answers...)
			pauses := 0
			tenant := newTenant(t, f, func(c *Config) {
				c.Pause = func(context.Context, int) error { pauses++; return nil }
			})
			p, _ := tenant.Pair(t.Context(), f.token(nil), "")
			if p.Status.Code != tt.code || f.count(management) != tt.calls || pauses != tt.calls-1 {
				t.Errorf("got %s after %d calls and %d pauses, want %s after %d", p.Status.Code, f.count(management), pauses, tt.code, tt.calls)
			}
		})
	}
}

func TestOneThingAtATime(t *testing.T) {
	f := newFake(t)
	hold := make(chan struct{})
	f.held["GET /v1/applications/signingRequests/info"] = hold
	tenant := newTenant(t, f, nil)
	first, err := tenant.Start(t.Context(), f.token(nil), "")
	if err != nil || first.Status.Label != "In Progress" || first.ID != "1" {
		t.Fatalf("got %+v, %v", first, err)
	}
	_, err = tenant.Start(t.Context(), f.token(nil), "")
	wantRefusal(t, err, pairingInProgress)
	_, err = tenant.Renew(t.Context())
	wantRefusal(t, err, pairingInProgress)
	close(hold)
	if p, err := tenant.Wait(t.Context(), "1"); err != nil || p.Status.Code != Registered {
		t.Errorf("got %+v, %v, want registered", p, err)
	}
}

func wantRefusal(t *testing.T, err error, code Code) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Errorf("got %v, want refusal %s", err, code)
	}
}

func TestCloseInterrupts(t *testing.T) {
	f := newFake(t)
	f.held["POST /v1/applications/certificates"] = make(chan struct{})
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Start(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := tenant.Pairing("1")
	if err != nil || p.Reason != "interrupted" || p.Status.Code != Failed {
		t.Errorf("got %+v, %v, want an interrupted row", p, err)
	}
	if f.count("POST /v1/applications/pairsim/pairing-failure") != 0 {
		t.Error("an interruption was reported as a failure")
	}
	_, err = tenant.Start(t.Context(), f.token(nil), "")
	wantRefusal(t, err, tenantClosed)
}

// Rule: tenant-renews-in-time
func TestUpkeep(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, func(c *Config) {
		c.Keys = func(context.Context) (crypto.Signer, error) { return ecKey(t), nil }
	})
	_, err := tenant.Renew(t.Context())
	wantRefusal(t, err, tenantNotPaired)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	p, err := tenant.Renew(t.Context())
	if err != nil || p.Certificate.Serial != "abc2" {
		t.Fatalf("renewal: got %+v, %v, want serial abc2", p.Certificate, err)
	}
	f.set(func() { f.now = start.Add(24 * time.Hour) })
	id, err := tenant.SendEvent(t.Context(), "order.created", "v1", json.RawMessage(`{"orderCode":"1"}`))
	want := `{"event-type":"order.created","event-type-version":"v1","event-id":"` + id + `","event-time":"2030-01-02T10:00:00Z","data":{"orderCode":"1"}}`
	if got := string(f.bodies["POST /shop/v1/events"]); err != nil || got != want {
		t.Errorf("event: got %s, %v, want %s", got, err, want)
	}
	if p, err = tenant.Revoke(t.Context()); err != nil || !p.Certificate.Revoked {
		t.Errorf("revocation: got %+v, %v", p.Certificate, err)
	}
	tail := "managementInfo GET 200\nrenewal POST 201\nmanagementInfo GET 200\nevent POST 200\nmanagementInfo GET 200\nrevocation POST 201"
	if got := steps(p); !strings.HasSuffix(got, tail) {
		t.Errorf("calls: got\n%s\nwant at the end\n%s", got, tail)
	}
	f.instead("POST /v1/applications/certificates/renewals", refuseWith(403, "certificate-revoked", "Certificate has been revoked."))
	_, err = tenant.Renew(t.Context())
	wantRefusal(t, err, registryRefused)
}

func TestEventsThatAreRefusedHere(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, version, data string
		want                Code // "" means sent
	}{
		{"order.created", "v1", `{}`, ""},
		{"cronjob.finished", "v1", `{}`, ""},
		{"order.created", "v2", `{}`, eventUnknown},
		{"cronjob.", "v1", `{}`, eventUnknown},
		{"cronjob.a b", "v1", `{}`, eventUnknown},
		{"", "", `{}`, eventUnknown},
		{"order.created", "v1", `null`, invalidRequest},
		{"order.created", "v1", ``, invalidRequest},
		{"order.created", "v1", `""`, invalidRequest},
		{"order.created", "v1", `{`, invalidRequest},
	}
	for _, tt := range tests {
		_, err := tenant.SendEvent(t.Context(), tt.name, tt.version, json.RawMessage(tt.data))
		if tt.want == "" && err == nil {
			continue
		}
		wantRefusal(t, err, tt.want)
	}
	_, err := tenant.SendEvent(t.Context(), "nope", "v1", json.RawMessage(`{}`))
	if err == nil || !strings.Contains(err.Error(), "it publishes cronjob.*.v1, order.created.v1") {
		t.Errorf("got %v, want the known events named", err)
	}
}

func TestRowsAreBounded(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	for range maxRows + 5 {
		_, _ = tenant.Pair(t.Context(), "no token", "")
	}
	rows := tenant.Pairings()
	if len(rows) != maxRows || rows[len(rows)-1].ID != "1" {
		t.Errorf("got %d rows, oldest %s, want %d and the connection's", len(rows), rows[len(rows)-1].ID, maxRows)
	}
}

// TestRenewalIsDueAtTwoThirds of the validity, so that a tenant has a month to try.
//
// Rule: tenant-renews-in-time
func TestRenewalIsDueAtTwoThirds(t *testing.T) {
	leaf := newIdentity(t, start).cert
	got := (&connection{Chain: [][]byte{leaf.Raw}}).renewal()
	if before, after := got.Sub(leaf.NotBefore), leaf.NotAfter.Sub(got); before != 2*after || after <= 0 {
		t.Errorf("due %s after the beginning and %s before the end of the certificate, want two thirds and one", before, after)
	}
}
