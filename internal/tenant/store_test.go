package tenant

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStores(t *testing.T) {
	directory, err := NewDirectoryStore(filepath.Join(t.TempDir(), "tenants"))
	if err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]Store{"memory": NewMemoryStore(), "directory": directory} {
		t.Run(name, func(t *testing.T) {
			if got, err := store.Load(t.Context(), "commerce"); err != nil || len(got) != 0 {
				t.Errorf("empty store: got %q, %v", got, err)
			}
			for _, want := range []string{`{"lastId":1}`, `{"lastId":22}`} {
				state := []byte(want)
				if err := store.Save(t.Context(), "commerce", state); err != nil {
					t.Fatal(err)
				}
				state[0] = 'X'
				if got, err := store.Load(t.Context(), "commerce"); err != nil || string(got) != want {
					t.Errorf("got %q, %v, want %q", got, err, want)
				}
			}
		})
	}
	files, _ := os.ReadDir(directory.dir)
	if len(files) != 1 || files[0].Name() != "commerce.json" {
		t.Fatalf("got files %v, want commerce.json alone", files)
	}
	if info, _ := files[0].Info(); info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %o, want 600", info.Mode().Perm())
	}
	if err := directory.Save(t.Context(), "../x", nil); err == nil {
		t.Error("a path was taken for a tenant id")
	}
}

func TestPairingSurvivesARestart(t *testing.T) {
	f := newFake(t)
	store, err := NewDirectoryStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keep := func(c *Config) { c.Store = store }
	first := newTenant(t, f, keep)
	paired, err := first.Pair(t.Context(), f.token(nil), "")
	if err != nil {
		t.Fatal(err)
	}
	_ = first.Close(t.Context())

	second := newTenant(t, f, keep)
	got, err := second.Pairing(paired.ID)
	if err != nil || got.Status != paired.Status || steps(got) != steps(paired) {
		t.Errorf("got %+v, %v, want %+v", got, err, paired)
	}
	if _, err := second.SendEvent(t.Context(), "order.created", "v1", json.RawMessage(`{}`)); err != nil {
		t.Errorf("event after the restart: %v", err)
	}
	if first.state.Credentials["occ"] != second.state.Credentials["occ"] {
		t.Error("the credentials changed")
	}
}

func TestLoadEndsWhatWasInProgress(t *testing.T) {
	f := newFake(t)
	store := NewMemoryStore()
	state := `{"lastId":7,"rows":[{"id":"7","tenant":"commerce","status":{"code":"inProgress","label":"In Progress"},"calls":[]}]}`
	_ = store.Save(t.Context(), "commerce", []byte(state))
	tenant := newTenant(t, f, func(c *Config) { c.Store = store })
	p, err := tenant.Wait(t.Context(), "7")
	if err != nil || p.Status != (Status{Failed, "Failed"}) || p.Reason != "interrupted" || !strings.Contains(p.Cause, "interrupted") {
		t.Errorf("got %+v, %v, want an interrupted row", p, err)
	}
	if p, err := tenant.Pair(t.Context(), f.token(nil), ""); err != nil || p.ID != "8" {
		t.Errorf("got %+v, %v, want row 8", p, err)
	}
}

func TestNewRefusesABadConfiguration(t *testing.T) {
	f := newFake(t)
	good := Config{ID: "commerce", Product: product(), RegistryURL: f.plain.URL, PublicURL: "http://x.test"}
	broken := NewMemoryStore()
	_ = broken.Save(t.Context(), "commerce", []byte("{"))
	tests := map[string]func(*Config){
		"id":             func(c *Config) { c.ID = "../x" },
		"registry":       func(c *Config) { c.RegistryURL = "ftp://x" },
		"plain mTLS URL": func(c *Config) { c.RegistryMTLSURL = "http://x" },
		"public URL":     func(c *Config) { c.PublicURL = "" },
		"product":        func(c *Config) { c.Product.APIs = nil },
		"events":         func(c *Config) { c.Product.Events.Specification = []byte(`{"asyncapi":"2.6.0"}`) },
		"state":          func(c *Config) { c.Store = broken },
	}
	for name, change := range tests {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
