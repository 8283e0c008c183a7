package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/store/sqlite"
	"github.com/pairsim/pairsim/btp/store/storetest"
)

func open(t testing.TB, path string) btp.Store {
	t.Helper()
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

// migrated is an empty store's file. It is made once: under the race detector SQLite takes
// longer for the migrations than for most tests.
var migrated = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "pairsim-sqlite-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // it is the system's temporary folder
	path := filepath.Join(folder, "store.db")
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func fresh(t testing.TB) btp.Store {
	t.Helper()
	file, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// Rule: store-one-contract, token-one-winner, token-quota
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) btp.Store { return fresh(t) })
}

// Rule: store-survives-death
func TestDurable(t *testing.T) {
	storetest.RunDurable(t, func(t testing.TB) string { return filepath.Join(t.TempDir(), "a store?100%.db") }, open)
}

// Rule: store-one-contract
func TestSameAsMemory(t *testing.T) { storetest.Compare(t, memory.New(), fresh(t)) }

// The file holds private keys; so do the log and its index beside it.
func TestFileMode(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store.db"))
	defer s.Close()
	err := s.Update(context.Background(), "e", func(tx btp.Tx) error { return tx.Environment().Put(btp.Environment{ID: "e"}) })
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s: got mode %o, want 600", f.Name(), got)
		}
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store.db"))
	storetest.NewPairer(t, s).Pair(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("after Close: got %v, %v, want the store alone", files, err)
	}
}

// A file that is not ours is refused and left as it is.
func TestForeignFile(t *testing.T) {
	script := func(statements string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			t.Helper()
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(statements); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		want string
	}{
		{"text", func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("globalAccounts: []\n", 100)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not an SQLite file"},
		{"another program's tables", script("CREATE TABLE systems (id TEXT)"), "another program"},
		{"another program's id", script("PRAGMA application_id = 7; CREATE TABLE t (x)"), "another program"},
		{"a newer pairsim", func(t *testing.T, path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			script("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")(t, path)
		}, "newer pairsim"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			c.make(t, path)
			before, _ := os.ReadFile(path)
			s, err := sqlite.Open(context.Background(), path)
			if err == nil {
				s.Close()
				t.Fatal("Open: want a refusal")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open: got %q, want it to name the file and say %q", err, c.want)
			}
			if after, _ := os.ReadFile(path); len(after) != len(before) {
				t.Errorf("the refused file had %d bytes and has %d", len(before), len(after))
			}
		})
	}
	if _, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "no", "such", "folder")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open in a folder that is not there: got %v", err)
	}
}

// Processes that open a new file at the same time agree on who makes its tables.
func TestOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	const n = 6
	results := make(chan error, n)
	for range n {
		go func() {
			s, err := sqlite.Open(context.Background(), path)
			if err == nil {
				err = s.Close()
			}
			results <- err
		}()
	}
	for range n {
		if err := <-results; err != nil {
			t.Errorf("Open: %v", err)
		}
	}
}

func BenchmarkPairingSteps(b *testing.B) { storetest.BenchmarkPairingSteps(b, fresh(b)) }
