package tenant

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/internal/problem"
)

const callback = "/tenants/commerce/callback/deregistration"

// Rule: deregister-tells-tenant
func TestNoticeOfDeregistration(t *testing.T) {
	f := newFake(t)
	var log bytes.Buffer
	tenant := newTenant(t, f, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	h := handlerOf(t, tenant)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	f.set(func() { f.now = start.Add(time.Minute) })
	send := func(jti, body string) {
		t.Helper()
		w := call(h, "POST", callback, body, "Authorization", "Bearer "+f.notice(map[string]any{"jti": jti}))
		if w.Code != 204 || w.Body.Len() != 0 {
			t.Fatalf("got %d %s, want 204", w.Code, w.Body)
		}
	}
	send("n1", `{"systemId":"sys-1","releaseToken":"release-1"}`)
	p, _ := tenant.Pairing("1")
	if p.Status != (Status{Deregistered, "Deregistered"}) || !p.UpdatedAt.Equal(start.Add(time.Minute)) {
		t.Errorf("got %+v at %s, want it deregistered by the registry's time", p.Status, p.UpdatedAt)
	}
	tenant.mu.Lock()
	r := tenant.state.Rows[0]
	if r.Connection != nil || r.session != nil || r.ReleaseToken != "release-1" {
		t.Errorf("got %+v, want key and session destroyed, the release token kept", r)
	}
	tenant.mu.Unlock()
	if _, ok := tenant.Connection(); ok {
		t.Error("a deregistered row is the connection")
	}
	for name, use := range uses(t, tenant) {
		err := use()
		wantRefusal(t, err, tenantNotPaired)
		want := "system sys-1 was deregistered in SAP BTP at 2030-01-01T10:01:00Z, which ended the destination target 1. Register it in the cockpit again"
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}

	// Repeated: nothing but a newer release token changes.
	for _, again := range []struct{ jti, body, want string }{
		{"n1", `{"systemId":"sys-1"}`, "release-1"},
		{"n2", `{"systemId":"sys-1","releaseToken":"release-2"}`, "release-2"},
		{"n3", `{"systemId":"sys-1","releaseToken":""}`, "release-2"},
	} {
		send(again.jti, again.body)
		tenant.mu.Lock()
		if got := tenant.state.Rows[0].ReleaseToken; got != again.want {
			t.Errorf("after %s: got %s, want %s", again.body, got, again.want)
		}
		tenant.mu.Unlock()
	}

	if got := call(h, "GET", "/tenants/commerce/pairings", "").Body.String() + log.String(); strings.Contains(got, "release-") || strings.Contains(got, "n1") {
		t.Errorf("an answer or the log holds a secret: %s", got)
	}

	// A new token pairs the tenant again; the old notice does not end that.
	if p, err := tenant.Pair(t.Context(), f.token(map[string]any{"jti": "t2"}), ""); err != nil || p.ID != "2" {
		t.Fatalf("pairing again: got %+v, %v", p, err)
	}
	send("n1", `{"systemId":"sys-1"}`)
	if p, ok := tenant.Connection(); !ok || p.ID != "2" || p.Status.Code != Registered {
		t.Errorf("got %+v, %t, want the new row registered", p.Status, ok)
	}
	send("n4", `{"systemId":"sys-1"}`)
	if _, ok := tenant.Connection(); ok {
		t.Error("a new notice did not end the new row")
	}
}

func TestNoticeAboutASystemThatIsNotHere(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	w := call(handlerOf(t, tenant), "POST", callback, `{"systemId":"sys-9","releaseToken":"r"}`,
		"Authorization", "Bearer "+f.notice(map[string]any{"sub": "sys-9"}))
	if p, ok := tenant.Connection(); w.Code != 204 || !ok || p.Status.Code != Registered {
		t.Errorf("got %d %s, %+v, want 204 and nothing changed", w.Code, w.Body, p.Status)
	}
}

// Every row of the system ends: what the registry revoked is of no use in any.
func TestNoticeEndsEveryRowOfTheSystem(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	for _, system := range []string{"sys-1", "sys-2", "sys-1"} {
		if _, err := tenant.Pair(t.Context(), f.token(map[string]any{"sub": system}), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := tenant.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1", ReleaseToken: "release-1"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range tenant.state.Rows {
		got = append(got, r.ID+" "+r.Status.Code+" "+r.ReleaseToken)
	}
	if want := "1 deregistered |2 registered |3 deregistered release-1"; strings.Join(got, "|") != want {
		t.Errorf("got %s, want %s", strings.Join(got, "|"), want)
	}
}

// Rule: notice-is-signed
func TestNoticesThatAreRefused(t *testing.T) {
	f := newFake(t)
	claims := jwt.MapClaims{
		"iss": issuer, "aud": "pairsim:deregistration", "sub": "sys-1", "tenant": "commerce", "jti": "n1", "exp": start.Add(time.Minute).Unix(),
	}
	with := func(changes map[string]any) string { return "Bearer " + f.notice(changes) }
	const good = `{"systemId":"sys-1","releaseToken":"release-1"}`
	tests := []struct {
		name, authorization, body string
		status                    int
		code                      Code
		detail                    string
	}{
		{"no header", "", good, 401, noticeInvalid, "Authorization is missing"},
		{"another scheme", "Basic dTpw", good, 401, noticeInvalid, "no Bearer"},
		{"no token", "Bearer", good, 401, noticeInvalid, "no Bearer"},
		{"no JWS", "Bearer abc", good, 401, noticeInvalid, "no Bearer"},
		{"too long", "Bearer " + strings.Repeat("a", maxToken) + ".b.c", good, 401, noticeInvalid, "at most 16384 bytes"},
		{"expired", with(map[string]any{"exp": start.Unix()}), good, 401, noticeInvalid, "token-expired"},
		{"without exp", with(map[string]any{"exp": nil}), good, 401, noticeInvalid, "token-malformed"},
		{"not yet valid", with(map[string]any{"nbf": start.Add(time.Second).Unix()}), good, 401, noticeInvalid, "token-not-yet-valid"},
		{"another issuer", with(map[string]any{"iss": "urn:pairsim:other"}), good, 401, noticeInvalid, "token-foreign"},
		{"an integration token", "Bearer " + f.token(nil), good, 401, noticeInvalid, "token-wrong-audience"},
		{"signed by another key", "Bearer " + signed(claims, "k1", jwt.SigningMethodES256, ecKey(t)), good, 401, noticeInvalid, "token-forged"},
		{"unknown kid", "Bearer " + signed(claims, "k2", jwt.SigningMethodES256, f.key), good, 401, noticeInvalid, "token-forged"},
		{"HMAC", "Bearer " + signed(claims, "k1", jwt.SigningMethodHS256, []byte("x")), good, 401, noticeInvalid, "token-forged"},
		{"no jti", with(map[string]any{"jti": nil}), good, 401, noticeInvalid, "no jti"},
		{"endless jti", with(map[string]any{"jti": strings.Repeat("j", 201)}), good, 401, noticeInvalid, "no jti of at most 200 bytes"},
		{"no sub", with(map[string]any{"sub": nil}), good, 401, noticeInvalid, "no sub"},
		{"another system", with(map[string]any{"sub": "sys-2"}), good, 403, noticeMismatch, `another system than the body's systemId "sys-1"`},
		{"another tenant", with(map[string]any{"tenant": "fsm"}), good, 403, noticeMismatch, `for tenant "fsm", this is commerce`},
		{"no tenant", with(map[string]any{"tenant": nil}), good, 403, noticeMismatch, `for tenant ""`},
		{"no JSON", with(nil), `systemId`, 400, invalidRequest, "the body is not JSON"},
		{"no system in the body", with(nil), `{"releaseToken":"r"}`, 400, invalidRequest, "systemId: is required"},
		{"endless system", with(nil), `{"systemId":"` + strings.Repeat("s", 101) + `"}`, 400, invalidRequest, "longer than 100 bytes"},
		{"endless release token", with(nil), `{"systemId":"sys-1","releaseToken":"` + strings.Repeat("r", 201) + `"}`, 400, invalidRequest, "longer than 200 bytes"},
		{"unknown field", with(nil), `{"systemId":"sys-1","reason":"x"}`, 400, invalidRequest, "reason"},
		{"large body", with(nil), `{"systemId":"` + strings.Repeat("s", 70_000) + `"}`, 413, bodyTooLarge, "65536"},
	}
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	h := handlerOf(t, tenant)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := call(h, "POST", callback, tt.body, "Authorization", tt.authorization)
			var p problem.Document
			_ = json.Unmarshal(w.Body.Bytes(), &p)
			if w.Code != tt.status || p.Type != problem.TypePrefix+string(tt.code) || !strings.Contains(p.Detail, tt.detail) || p.Next == "" {
				t.Errorf("got %d %s, want %d %s with %q", w.Code, w.Body, tt.status, tt.code, tt.detail)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (challenge != "") != (tt.status == 401) {
				t.Errorf("got WWW-Authenticate %q with %d", challenge, w.Code)
			}
			if strings.Contains(w.Body.String(), "release-1") {
				t.Errorf("the answer holds the release token: %s", w.Body)
			}
			if p, ok := tenant.Connection(); !ok || p.Status.Code != Registered {
				t.Errorf("a refused notice changed the row: %+v", p.Status)
			}
		})
	}
}

// A notice is checked with the configured registry, whatever it says itself.
//
// Rule: tenant-trusts-its-registry-only
func TestNoticeWithoutARegistry(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	f.instead("GET /.well-known/jwks.json", refuseWith(503, "", "down"))
	body := `{"systemId":"sys-1"}`
	if w := call(handlerOf(t, tenant), "POST", callback, body, "Authorization", "Bearer "+f.notice(nil)); w.Code != 502 || !strings.Contains(w.Body.String(), "registry-refused") {
		t.Errorf("got %d %s, want 502", w.Code, w.Body)
	}
	f.plain.Close()
	if w := call(handlerOf(t, tenant), "POST", callback, body, "Authorization", "Bearer "+f.notice(nil)); w.Code != 502 || !strings.Contains(w.Body.String(), "registry-unreachable") {
		t.Errorf("got %d %s, want 502", w.Code, w.Body)
	}
}

func TestNoticeThatIsNotStoredIsNotConfirmed(t *testing.T) {
	f := newFake(t)
	store := &failingStore{MemoryStore: NewMemoryStore()}
	keep := func(c *Config) { c.Store = store }
	tenant := newTenant(t, f, keep)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{500, 204} {
		store.fail = want == 500
		if w := call(handlerOf(t, tenant), "POST", callback, `{"systemId":"sys-1"}`, "Authorization", "Bearer "+f.notice(nil)); w.Code != want {
			t.Errorf("got %d %s, want %d", w.Code, w.Body, want)
		}
	}
	if p, err := newTenant(t, f, keep).Pairing("1"); err != nil || p.Status.Code != Deregistered {
		t.Errorf("got %+v, %v after a restart, want it deregistered", p.Status, err)
	}
}

func TestNoticeDuringAPairing(t *testing.T) {
	f := newFake(t)
	tenant, release := inState(t, f, InProgress)
	h := handlerOf(t, tenant)
	for system, want := range map[string]int{"sys-1": 409, "sys-2": 204} {
		w := call(h, "POST", callback, `{"systemId":"`+system+`"}`, "Authorization", "Bearer "+f.notice(map[string]any{"sub": system}))
		if w.Code != want {
			t.Errorf("%s: got %d %s, want %d", system, w.Code, w.Body, want)
		}
	}
	release()
	if _, err := tenant.Wait(t.Context(), "1"); err != nil {
		t.Error(err)
	}
}

// A renewal must not bring back the key of a row that was deregistered meanwhile.
func TestNoticeDuringARenewal(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	arrived, hold, renewed := make(chan struct{}), make(chan struct{}), make(chan error)
	f.instead("POST /v1/applications/certificates/renewals", func(w http.ResponseWriter) {
		close(arrived)
		<-hold
		refuseWith(403, "certificate-revoked", "no")(w)
	})
	go func() { _, err := tenant.Renew(t.Context()); renewed <- err }()
	<-arrived
	wantRefusal(t, tenant.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1"}), tenantBusy)
	close(hold)
	wantRefusal(t, <-renewed, registryRefused)
	if err := tenant.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1"}); err != nil {
		t.Error(err)
	}
}

// inMemory answers a tenant's calls without a network.
type inMemory struct{ *fakeRegistry }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Pairsim-Time", start.Format(time.RFC3339Nano))
	m.answer(w, r, nil)
	return w.Result(), nil
}

// Rule: notice-is-signed
func FuzzNotice(f *testing.F) {
	fake := newFake(f)
	good, listed := fake.notice(nil), fake.notice(map[string]any{"aud": []string{"a", noticeAudience}})
	const body = `{"systemId":"sys-1","releaseToken":"release-1"}`
	parts := strings.Split(good, ".")
	for _, header := range []string{
		"Bearer " + good, "bearer  " + good, good, "", "Bearer a.b.c", "Bearer " + fake.token(nil), "Bearer " + parts[0] + "." + parts[1] + ".AAAA",
		"Bearer e30.e30.e30", "Bearer " + fake.notice(map[string]any{"sub": 1}), "Bearer " + listed,
		"Bearer " + fake.notice(map[string]any{"exp": "soon"}), "Bearer " + fake.notice(map[string]any{"tenant": []int{1}}),
	} {
		f.Add(header, body)
	}
	for _, other := range []string{`{"systemId":"sys-2"}`, `{}`, `null`, `[]`, `{"systemId":1}`, body + body, "{\"systemId\":\"\xff\"}"} {
		f.Add("Bearer "+good, other)
	}
	tenant := newTenant(f, fake, func(c *Config) { c.Transport = inMemory{fake} })
	h := Handler(tenant)
	f.Fuzz(func(t *testing.T, header, body string) {
		r := httptest.NewRequest(http.MethodPost, callback, io.NopCloser(strings.NewReader(body)))
		r.Header["Authorization"] = []string{header}
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusNoContent:
			genuine := strings.Contains(header, good) || strings.Contains(header, listed)
			if !genuine || !strings.Contains(body, "sys-1") && !strings.Contains(body, `\u`) {
				t.Errorf("accepted %q with %q", header, body)
			}
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge:
			if strings.Contains(w.Body.String(), "release-1") {
				t.Errorf("the answer holds the release token: %s", w.Body)
			}
		default:
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
