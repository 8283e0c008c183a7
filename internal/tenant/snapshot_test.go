package tenant

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checked fails the test for a snapshot that Check refuses.
func checked(t *testing.T, s Snapshot) Snapshot {
	t.Helper()
	s.Check(func(path, problem string) { t.Errorf("%s: %s", path, problem) })
	return s
}

func restore(t *testing.T, tenant *Tenant, s Snapshot) {
	t.Helper()
	resume, err := tenant.Pause(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer resume()
	if err := tenant.Restore(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// Rule: snapshot-restores-all
func TestARestoredTenantHasItsConnection(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	store := NewMemoryStore()
	tenant := newTenant(t, f, func(c *Config) { c.Store = store })
	if _, err := tenant.Pair(t.Context(), f.token(nil), "first"); err != nil {
		t.Fatal(err)
	}
	before := checked(t, tenant.Snapshot())
	resume, err := tenant.Pause(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	resume()
	if _, paired := tenant.Connection(); paired || len(tenant.Pairings()) > 0 {
		t.Error("after a reset it is still paired")
	}
	if diff := cmp.Diff(before.Credentials, tenant.Snapshot().Credentials); diff != "" {
		t.Errorf("a reset changed the credentials (-before +after):\n%s", diff)
	}
	restore(t, tenant, before)
	if diff := cmp.Diff(before, tenant.Snapshot()); diff != "" {
		t.Errorf("restored (-before +after):\n%s", diff)
	}
	if _, err := tenant.Renew(t.Context()); err != nil {
		t.Errorf("renewal after restoring: %v", err)
	}
	// And it is stored, for the next process.
	again := newTenant(t, f, func(c *Config) { c.Store = store })
	if diff := cmp.Diff(tenant.Snapshot(), again.Snapshot()); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	// One that begins as a snapshot does so at its first start only.
	clone := newTenant(t, f, func(c *Config) { c.Snapshot = &before })
	if diff := cmp.Diff(before, clone.Snapshot()); diff != "" {
		t.Errorf("a tenant that begins as a snapshot (-want +got):\n%s", diff)
	}
	kept := newTenant(t, f, func(c *Config) { c.Store, c.Snapshot = store, &before })
	if diff := cmp.Diff(tenant.Snapshot(), kept.Snapshot()); diff != "" {
		t.Errorf("what is stored counts (-want +got):\n%s", diff)
	}
}

func TestAPausedTenantEndsWhatItIsDoing(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	const sign = "POST /v1/applications/certificates"
	f.held[sign] = make(chan struct{})
	tenant := newTenant(t, f, nil)
	row, err := tenant.Start(t.Context(), f.token(nil), "")
	if err != nil {
		t.Fatal(err)
	}
	underWay := checked(t, tenant.Snapshot())
	resume, err := tenant.Pause(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p, err := tenant.Pairing(row.ID); err != nil || p.Reason != interruptedReason {
		t.Errorf("the pairing under way: %+v, %v; want it interrupted", p, err)
	}
	for what, do := range map[string]func() error{
		"a pairing": func() error { _, err := tenant.Start(t.Context(), f.token(nil), ""); return err },
		"an event":  func() error { _, err := tenant.SendEvent(t.Context(), "order.created", "v1", []byte(`{}`)); return err },
		"a notice": func() error {
			return tenant.noticeDeregistration(t.Context(), f.notice(nil), notice{SystemID: "sys-1"})
		},
		"a second pause": func() error { _, err := tenant.Pause(t.Context()); return err },
	} {
		if err := do(); err == nil {
			t.Errorf("while it is paused it takes %s", what)
		}
	}
	if err := tenant.Restore(t.Context(), underWay); err != nil {
		t.Fatal(err)
	}
	resume()
	f.set(func() { delete(f.held, sign) })
	if p, err := tenant.Pairing(row.ID); err != nil || p.Reason != interruptedReason || p.Status.Code != Failed {
		t.Errorf("the pairing that was in progress, restored: %+v, %v; want it failed", p, err)
	}
	if p, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Errorf("the next pairing: %+v, %v", p, err)
	}
}

func TestASnapshotOfATenantThatCannotStand(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := newTenant(t, f, nil)
	if _, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	other := newTenant(t, f, func(c *Config) { c.ID = "other" })
	if _, err := other.Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	foreign := other.Snapshot().Pairings[0].Connection
	for _, test := range []struct {
		name   string
		change func(*Snapshot)
		want   string
	}{
		{"another's key", func(s *Snapshot) { s.Pairings[0].Connection.Key = foreign.Key }, "pairings[0].connection.key"},
		{"a key that is none", func(s *Snapshot) { s.Pairings[0].Connection.Key.Value = "eA==" }, "pairings[0].connection.key"},
		{"no base64", func(s *Snapshot) { s.Pairings[0].Connection.Key.Value = "!" }, "pairings[0].connection.key"},
		{"no certificate", func(s *Snapshot) { s.Pairings[0].Connection.Chain = nil }, "pairings[0].connection.chain"},
		{"another serial", func(s *Snapshot) { s.Pairings[0].Certificate.Serial = "1" }, "pairings[0].certificate"},
		{"registered without connection", func(s *Snapshot) { s.Pairings[0].Connection = nil }, "pairings[0].connection"},
		{"deregistered with a connection", func(s *Snapshot) { s.Pairings[0].Status = Deregistered }, "pairings[0].connection"},
		{"no status", func(s *Snapshot) { s.Pairings[0].Status = "gone" }, "pairings[0].status"},
		{"a number that was not given yet", func(s *Snapshot) { s.LastPairing = 0 }, "pairings[0].id"},
		{"a number twice", func(s *Snapshot) { s.Pairings = append(s.Pairings, s.Pairings[0]) }, "pairings[1].id"},
		{"credentials twice", func(s *Snapshot) { s.Credentials = append(s.Credentials, s.Credentials[0]) }, "credentials["},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := tenant.Snapshot()
			test.change(&s)
			found := false
			s.Check(func(path, _ string) { found = found || strings.HasPrefix(path, test.want) })
			if !found {
				t.Errorf("nothing is found at %s", test.want)
			}
		})
	}
}
