package landscape

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// An environment that began as a snapshot, and one that a seed declared, are the
// same after a restart; a reset makes what was declared then.
func TestSnapshotsOfEnvironmentsSurviveARestart(t *testing.T) {
	cfg := Default()
	cfg.HTTP, cfg.MTLS, cfg.Control, cfg.Data = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "pairsim.db")
	l, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)
	w := l.World()
	w.StartFrozen = at
	w.Landscape.Systems = []btp.DeclaredSystem{{GlobalAccount: "default", Name: "Seeded", Type: "SAP Commerce Cloud", Status: btp.Pending, TokenAge: -1}}
	if err := l.MakeEnvironment(t.Context(), EnvironmentOptions{Name: "a", World: w}); err != nil {
		t.Fatal(err)
	}
	id := pairIn(t, l.HTTP+"/env/a", "Web Shop")
	text, err := io.ReadAll(send(t, http.MethodGet, l.Control+"/env/a/control/snapshot", "").Body)
	if err != nil {
		t.Fatal(err)
	}
	call(t, http.MethodPost, l.HTTP+"/env/a/api/v1/globalAccounts/default/systems", map[string]string{"name": "Later", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	b := makeEnvironment(t, l, map[string]any{"name": "b", "ttl": "1h", "snapshot": json.RawMessage(text)})
	whole := func(l *Landscape) {
		t.Helper()
		if got := systemsIn(t, l.HTTP+"/env/b"); !slices.Equal(got, []string{"Seeded", "Web Shop"}) {
			t.Errorf("the environment of the snapshot has the systems %q", got)
		}
		if e, err := l.Environment("b"); err != nil || e.ExpiresAt.Format(time.RFC3339Nano) != b["expiresAt"] {
			t.Errorf("it lasts until %s (%v), want %s", e.ExpiresAt, err, b["expiresAt"])
		}
		// Its tenants call it, and no other, and are called by it.
		call(t, http.MethodPost, l.HTTP+"/env/b/tenants/commerce/renewal", nil, http.StatusOK)
		for name, callback := range map[string]string{"a": "/env/a/tenants/commerce/callback", "b": "/env/b/tenants/commerce/callback"} {
			v, err := l.environments.find(btp.EnvironmentID(name)).registry.System(t.Context(), btp.SystemID(id))
			if err != nil || v.Tenant == nil || v.Tenant.CallbackURL != l.HTTP+callback {
				t.Errorf("the tenant of %s is called at %+v (%v), want %s", name, v.Tenant, err, l.HTTP+callback)
			}
		}
	}
	whole(l)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	l = start(t, func(c *Config) { c.Data = cfg.Data })
	whole(l)
	call(t, http.MethodPost, l.HTTP+"/env/b/api/v1/systems/"+id+"/deregistration", nil, http.StatusAccepted)
	if got := systemsIn(t, l.HTTP+"/env/a"); !slices.Equal(got, []string{"Seeded", "Web Shop", "Later"}) {
		t.Errorf("the seeded environment has the systems %q", got)
	}
	if got := send(t, http.MethodPost, l.Control+"/env/a/control/reset", "").StatusCode; got != http.StatusNoContent {
		t.Fatalf("reset: %d", got)
	}
	if got := systemsIn(t, l.HTTP+"/env/a"); !slices.Equal(got, []string{"Seeded"}) {
		t.Errorf("after a reset it has the systems %q", got)
	}
	e := l.environments.find("a")
	if got := e.registry.Now(); !got.Equal(at) {
		t.Errorf("after a reset its clock shows %s, want %s", got, at)
	}
	for _, one := range e.tenants {
		if s := one.Snapshot(); len(s.Pairings) > 0 {
			t.Errorf("tenant %s is still paired", s.ID)
		}
	}
}
