package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// seen are the systems of an environment's account by id, with the names that a view sees.
func seen(t *testing.T, s btp.Store, ids ...btp.SystemID) string {
	t.Helper()
	var names []string
	err := s.View(t.Context(), "e", func(tx btp.Tx) error {
		for _, id := range ids {
			system, err := tx.Systems().Get(id)
			if err != nil {
				return err
			}
			names = append(names, system.Name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func named(t *testing.T, s btp.Store, id btp.SystemID, name string) {
	t.Helper()
	err := s.Update(t.Context(), "e", func(tx btp.Tx) error {
		return tx.Systems().Put(btp.System{ID: id, Name: name, GlobalAccount: "a", Sequence: uint64(len(id))})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A view answers what has been asked before without asking the file again, but never what
// has changed since: in this process or in another.
//
// Rule: processes-agree
func TestViewsSeeWhatChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	one, other := open(t, path), open(t, path)
	defer one.Close()
	defer other.Close()
	named(t, one, "s", "first")
	for i, writer := range []btp.Store{one, other, one, other} {
		for _, reader := range []btp.Store{one, other, one, other} {
			seen(t, reader, "s")
		}
		name := fmt.Sprintf("name-%d", i)
		named(t, writer, "s", name)
		for _, reader := range []btp.Store{one, other} {
			for range 2 {
				if got := seen(t, reader, "s"); got != name {
					t.Errorf("step %d: got %s, want %s", i, got, name)
				}
			}
		}
	}
}

// What a view hands out is the caller's.
func TestViewsShareNoMemory(t *testing.T) {
	s := fresh(t)
	err := s.Update(t.Context(), "e", func(tx btp.Tx) error {
		return tx.Keys().Put(btp.SigningKey{ID: "k", Algorithm: "ES256", Private: []byte("private")})
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		err := s.View(t.Context(), "e", func(tx btp.Tx) error {
			keys, err := tx.Keys().List()
			if err == nil && string(keys[0].Private) != "private" {
				t.Errorf("got %s: another caller's", keys[0].Private)
			}
			copy(keys[0].Private, "garbled")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// More questions than are remembered are answered all the same.
func TestViewsAskALot(t *testing.T) {
	s := fresh(t)
	var ids []btp.SystemID
	var want []string
	for i := range 300 {
		id := btp.SystemID(strings.Repeat("s", i+1))
		named(t, s, id, fmt.Sprint(i))
		ids, want = append(ids, id), append(want, fmt.Sprint(i))
	}
	for range 3 {
		if got := seen(t, s, ids...); got != strings.Join(want, " ") {
			t.Errorf("got %s", got)
		}
	}
}
