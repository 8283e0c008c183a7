package testenv

import (
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/snapshot"
)

// Snapshot writes everything down that registry and tenants hold: prepare a
// landscape once, and start each test from it (Restore, WithSnapshot).
func (e *Session) Snapshot(t testing.TB) btpclient.Snapshot {
	t.Helper()
	s, err := e.control.Snapshot(t.Context(), true)
	if err != nil {
		t.Fatalf("snapshot: %v", err)
	}
	return s
}

// Restore puts what a snapshot describes in the place of everything that registry
// and tenants hold. The clock goes on from the snapshot's instant.
func (e *Session) Restore(t testing.TB, s btpclient.Snapshot) {
	t.Helper()
	if err := e.control.Restore(t.Context(), s); err != nil {
		t.Fatalf("restore: %v", err)
	}
}

// Reset makes everything as it was at the start: with the same seed, and so with
// the same ids. Tenants are unpaired; only the seed's faults are set.
func (e *Session) Reset(t testing.TB) {
	t.Helper()
	if err := e.control.Reset(t.Context()); err != nil {
		t.Fatalf("reset: %v", err)
	}
}

// WithSnapshot starts a landscape as a snapshot describes it: with its tenants,
// edition, seed and clock. It panics for a snapshot that cannot stand.
func WithSnapshot(s btpclient.Snapshot) Option {
	return func(c *landscape.Config) {
		d, err := snapshot.Read(s)
		if err == nil {
			err = c.StartFrom(d)
		}
		if err != nil {
			panic("testenv.WithSnapshot: " + err.Error())
		}
	}
}
