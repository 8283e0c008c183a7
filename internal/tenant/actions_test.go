package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

const deletion = "POST /v1/applications/pairsim/extension-deletion"

// Rule: tenant-extension-actions
func TestDisabledIsNotUsed(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	before := len(f.requests)
	p, err := tenant.Disable(t.Context(), "1")
	if err != nil || p.Status != (Status{Disabled, "Disabled"}) || p.Certificate == nil {
		t.Fatalf("got %+v, %v, want it disabled, the certificate kept", p, err)
	}
	for name, use := range uses(t, tenant) {
		err := use()
		wantRefusal(t, err, extensionDisabled)
		if err != nil && !strings.Contains(err.Error(), "the destination target 1 of tenant commerce is Disabled") {
			t.Errorf("%s: got %v, want the row named", name, err)
		}
	}
	if len(f.requests) != before {
		t.Errorf("the registry was told: %v", f.requests[before:])
	}
	if shown, ok := tenant.Connection(); !ok || shown.ID != "1" || shown.Status.Code != Disabled {
		t.Errorf("connection: got %+v, %t, want the disabled row", shown.Status, ok)
	}
	if _, err := tenant.Enable(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	for name, use := range uses(t, tenant) {
		if err := use(); err != nil {
			t.Errorf("%s after enabling: %v", name, err)
		}
	}
}

// uses are what only a connection in use can do.
func uses(t *testing.T, tenant *Tenant) map[string]func() error {
	return map[string]func() error{
		"event": func() error {
			_, err := tenant.SendEvent(t.Context(), "order.created", "v1", json.RawMessage(`{}`))
			return err
		},
		"renewal":    func() error { _, err := tenant.Renew(t.Context()); return err },
		"revocation": func() error { _, err := tenant.Revoke(t.Context()); return err },
	}
}

func TestAnotherRowIsUsedWhileOneIsDisabled(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	for _, system := range []string{"sys-1", "sys-2"} {
		if _, err := tenant.Pair(t.Context(), f.token(map[string]any{"sub": system}), ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tenant.Disable(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	if p, err := tenant.Renew(t.Context()); err != nil || p.ID != "1" {
		t.Errorf("got %+v, %v, want row 1 in use", p, err)
	}
}

// Rule: tenant-extension-actions
func TestDeletionIsToldToTheRegistry(t *testing.T) {
	refusedFor := func(reason string) func(*fakeRegistry) {
		return func(f *fakeRegistry) { f.instead(deletion, refuseWith(403, reason, "no")) }
	}
	tests := []struct {
		name     string
		state    string
		registry func(*fakeRegistry)
		told     int
		want     Code   // "" means deleted
		detail   string // part of the refusal
	}{
		{"registered", Registered, nil, 1, "", ""},
		{"disabled", Disabled, nil, 1, "", ""},
		{"its certificate is revoked", Registered, refusedFor("certificate-revoked"), 1, "", ""},
		{"its certificate is unknown", Registered, refusedFor("certificate-unknown"), 1, "", ""},
		{"its certificate has expired", Registered, refusedFor("certificate-expired"), 1, "", ""},
		{"its certificate is of an earlier registry", Registered, refusedFor("certificate-foreign"), 1, "", ""},
		{"another 403", Registered, refusedFor("certificate-missing"), 1, registryRefused, "certificate-missing"},
		{"a 403 without a reason", Registered, refusedFor(""), 1, registryRefused, "answered 403"},
		{
			"something still uses it", Registered,
			func(f *fakeRegistry) {
				f.instead(deletion, refuseWith(409, "instances-exist", "There are service instances."))
			},
			1, registryRefused, "There are service instances. (instances-exist)",
		},
		{"a registry that knows no such call", Registered, func(f *fakeRegistry) { f.instead(deletion, refuseWith(404, "", "none")) }, 1, registryRefused, "answered 404"},
		{
			"no answer", Disabled, func(f *fakeRegistry) { f.instead(deletion, func(http.ResponseWriter) { panic(http.ErrAbortHandler) }) },
			1, registryUnreachable, "got no answer",
		},
		{"failed", Failed, nil, 0, "", ""},
		{"deregistered", Deregistered, nil, 1, "", ""},
		{"deregistered, told already", Deregistered, refusedFor("release-token-invalid"), 1, "", ""},
		{"deregistered, the registry fails", Deregistered, func(f *fakeRegistry) { f.instead(deletion, refuseWith(500, "internal", "")) }, 1, registryRefused, "internal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			tenant, _ := inState(t, f, tt.state)
			if tt.registry != nil {
				tt.registry(f)
			}
			err := tenant.Delete(t.Context(), "1")
			if got := f.count(deletion); got != tt.told {
				t.Errorf("told %d times, want %d", got, tt.told)
			}
			if body := f.bodies[deletion]; len(body) != 0 {
				t.Errorf("told with a body: %s", body)
			}
			if tt.want == "" {
				if _, ok := tenant.Connection(); err != nil || len(tenant.Pairings()) != 0 || ok {
					t.Errorf("got %v, rows %+v, want none left", err, tenant.Pairings())
				}
				return
			}
			wantRefusal(t, err, tt.want)
			if err != nil && (!strings.Contains(err.Error(), tt.detail) || strings.Contains(err.Error(), "release-1")) {
				t.Errorf("got %v, want it to say %q and no release token", err, tt.detail)
			}
			p, err := tenant.Pairing("1")
			if err != nil || p.Status.Code != tt.state || !strings.Contains(steps(p), "deletion POST") {
				t.Errorf("got %+v, %v, want the row as it was, with the call", p, err)
			}
			if err := tenant.Delete(t.Context(), "1"); err != nil { // the registry agrees by now
				t.Errorf("again: %v", err)
			}
		})
	}
}

func TestReleaseTokenIsSpentByDeletion(t *testing.T) {
	f := newFake(t)
	tenant, _ := inState(t, f, Deregistered)
	if err := tenant.Delete(t.Context(), "1"); err != nil || len(f.released) != 1 || f.released[0] != "release-1" {
		t.Errorf("got %v, %q, want release-1 told", err, f.released)
	}
	withoutToken := newTenant(t, f, nil)
	if _, err := withoutToken.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	if err := withoutToken.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1"}); err != nil {
		t.Fatal(err)
	}
	if err := withoutToken.Delete(t.Context(), "1"); err != nil || f.count(deletion) != 1 {
		t.Errorf("got %v after %d calls, want nothing told without a release token", err, f.count(deletion))
	}
}

func TestDeletedRowStaysDeleted(t *testing.T) {
	f := newFake(t)
	store := &failingStore{MemoryStore: NewMemoryStore()}
	keep := func(c *Config) { c.Store = store }
	tenant := newTenant(t, f, keep)
	for range 2 {
		if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
			t.Fatal(err)
		}
	}
	store.fail = true
	if err := tenant.Delete(t.Context(), "1"); err == nil {
		t.Error("a deletion that was not stored was reported as done")
	}
	if rows := tenant.Pairings(); len(rows) != 2 || rows[1].ID != "1" {
		t.Errorf("got rows %+v, want both, in their order", rows)
	}
	store.fail = false
	if err := tenant.Delete(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	again := newTenant(t, f, keep)
	if rows := again.Pairings(); len(rows) != 1 || rows[0].ID != "2" {
		t.Errorf("got rows %+v after a restart, want the second alone", rows)
	}
	if p, err := again.Pair(t.Context(), f.token(nil), ""); err != nil || p.ID != "3" {
		t.Errorf("got %s, %v, want a new id", p.ID, err)
	}
}

type failingStore struct {
	*MemoryStore
	fail bool
}

func (s *failingStore) Save(ctx context.Context, id string, state []byte) error {
	if s.fail {
		return errors.New("disk full")
	}
	return s.MemoryStore.Save(ctx, id, state)
}

func TestOneActionAtATime(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	for _, system := range []string{"sys-1", "sys-2"} {
		if _, err := tenant.Pair(t.Context(), f.token(map[string]any{"sub": system}), ""); err != nil {
			t.Fatal(err)
		}
	}
	arrived, hold, deleted := make(chan struct{}), make(chan struct{}), make(chan error)
	f.instead(deletion, func(w http.ResponseWriter) {
		close(arrived)
		<-hold
		w.WriteHeader(204)
	})
	go func() { deleted <- tenant.Delete(t.Context(), "1") }()
	<-arrived
	_, err := tenant.Disable(t.Context(), "2")
	wantRefusal(t, err, tenantBusy)
	if err == nil || !strings.Contains(err.Error(), `busy with the action "Delete" on pairing 1`) {
		t.Errorf("got %v, want it to say with what", err)
	}
	_, err = tenant.Enable(t.Context(), "2")
	wantRefusal(t, err, pairingStatusForbids) // says more than that the tenant is busy
	_, err = tenant.Start(t.Context(), f.token(nil), "")
	wantRefusal(t, err, tenantBusy)
	wantRefusal(t, tenant.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1"}), tenantBusy)
	if err := tenant.noticeDeregistration(t.Context(), f.notice(map[string]any{"sub": "sys-2"}), notice{SystemID: "sys-2"}); err != nil {
		t.Errorf("notice about a row that nothing is done with: %v", err)
	}
	close(hold)
	if err := <-deleted; err != nil {
		t.Error(err)
	}
	if rows := tenant.Pairings(); len(rows) != 1 || rows[0].Status.Code != Deregistered {
		t.Errorf("got rows %+v, want the second alone, deregistered", rows)
	}
}

// Rule: failed-extension-deleted-first
func TestFailedExtensionIsDeletedFirst(t *testing.T) {
	const info = "GET /v1/applications/signingRequests/info"
	tests := []struct {
		name  string
		first bool // the product wants it
		token func(*fakeRegistry) string
		want  Code // "" means a new row
	}{
		{"same system", true, func(f *fakeRegistry) string { return f.token(map[string]any{"jti": "t2"}) }, failedExtensionExists},
		{"same system, by URL", true, func(f *fakeRegistry) string { return "https://x.test/info?token=" + f.token(nil) }, failedExtensionExists},
		{"same system, forged", true, func(f *fakeRegistry) string {
			return signed(jwt.MapClaims{"sub": "sys-1"}, "k1", jwt.SigningMethodHS256, []byte("x"))
		}, failedExtensionExists},
		{"another system", true, func(f *fakeRegistry) string { return f.token(map[string]any{"sub": "sys-2"}) }, ""},
		{"no system", true, func(f *fakeRegistry) string { return f.token(map[string]any{"sub": nil}) }, ""},
		{"no token", true, func(*fakeRegistry) string { return "hello" }, ""},
		{"no claims", true, func(*fakeRegistry) string { return "aaaa.bbbb.cccc" }, ""},
		{"product that does not mind", false, func(f *fakeRegistry) string { return f.token(nil) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			tenant := newTenant(t, f, func(c *Config) { c.Product.FailedFirst = tt.first })
			f.instead(info, refuseWith(403, "token-void", "no"))
			failed, _ := tenant.Pair(t.Context(), f.token(nil), "")
			if hint := strings.HasPrefix(failed.Next, "First delete this failed destination target (Delete). Ask for"); hint != tt.first {
				t.Errorf("next: got %q", failed.Next)
			}
			before := len(f.requests)
			_, err := tenant.Start(t.Context(), tt.token(f), "")
			if tt.want == "" {
				if rows := tenant.Pairings(); err != nil || len(rows) != 2 {
					t.Errorf("got %v, %d rows, want a new one", err, len(rows))
				}
				return
			}
			wantRefusal(t, err, tt.want)
			if err == nil || !strings.Contains(err.Error(), "the destination target 1 of system sys-1 is Failed") {
				t.Errorf("got %v, want the row named", err)
			}
			if len(tenant.Pairings()) != 1 || len(f.requests) != before {
				t.Errorf("got %d rows and %d calls, want neither made", len(tenant.Pairings()), len(f.requests)-before)
			}
			if err := tenant.Delete(t.Context(), "1"); err != nil {
				t.Fatal(err)
			}
			if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
				t.Errorf("after deleting it: %v", err)
			}
		})
	}
}

func TestActionsSurviveARestart(t *testing.T) {
	f := newFake(t)
	store := NewMemoryStore()
	keep := func(c *Config) { c.Store = store }
	first := newTenant(t, f, keep)
	for _, system := range []string{"sys-1", "sys-2", "sys-3"} {
		if _, err := first.Pair(t.Context(), f.token(map[string]any{"sub": system}), ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := first.Disable(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	if err := first.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1", ReleaseToken: "release-1"}); err != nil {
		t.Fatal(err)
	}
	_ = first.Close(t.Context())

	second := newTenant(t, f, keep)
	var got []string
	for _, p := range second.Pairings() {
		got = append(got, p.ID+" "+p.Status.Label)
	}
	if want := "3 Registered, 2 Disabled, 1 Deregistered"; strings.Join(got, ", ") != want {
		t.Fatalf("got %s, want %s", strings.Join(got, ", "), want)
	}
	if _, err := second.Enable(t.Context(), "2"); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"3", "2", "1"} {
		if _, ok := second.Connection(); ok != (id != "1") {
			t.Errorf("before deleting %s: got a connection %t", id, ok)
		}
		if err := second.Delete(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if f.count(deletion) != 3 || len(f.released) != 1 || f.released[0] != "release-1" {
		t.Errorf("told %d times, released %q, want three and release-1", f.count(deletion), f.released)
	}
}

// The file was written when a row could be in progress, registered or failed only.
func TestStateOfThreeCodesIsLoaded(t *testing.T) {
	f := newFake(t)
	stored, err := os.ReadFile("testdata/state-of-three-codes.json")
	if err != nil {
		t.Fatal(err)
	}
	store := NewMemoryStore()
	_ = store.Save(t.Context(), "commerce", stored)
	tenant := newTenant(t, f, func(c *Config) { c.Store = store })
	if rows := tenant.Pairings(); len(rows) != 2 || rows[0].Status.Code != Failed || rows[1].Status.Code != Registered || rows[1].SystemID != "sys-1" {
		t.Fatalf("got rows %+v", rows)
	}
	if _, err := tenant.SendEvent(t.Context(), "order.created", "v1", json.RawMessage(`{}`)); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"1", "2"} {
		if err := tenant.Delete(t.Context(), id); err != nil {
			t.Errorf("row %s: %v", id, err)
		}
	}
}

func TestRowsThatHoldSomethingGoLast(t *testing.T) {
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	for _, system := range []string{"sys-1", "sys-2"} {
		if _, err := tenant.Pair(t.Context(), f.token(map[string]any{"sub": system}), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := tenant.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1", ReleaseToken: "release-1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.Disable(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	for range maxRows + 5 {
		_, _ = tenant.Pair(t.Context(), "no token", "")
	}
	rows := tenant.Pairings()
	if n := len(rows); n != maxRows || rows[n-1].ID != "1" || rows[n-2].ID != "2" {
		t.Errorf("got %d rows, the oldest %s and %s, want %d and the first two kept", n, rows[n-1].ID, rows[n-2].ID, maxRows)
	}
}
