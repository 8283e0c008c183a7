package records

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
)

func frozen() time.Time { return time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC) }

func seed(tx *Tx) error {
	return tx.Create("accounts", Record{ID: tx.ID("account", tx.Number("account")), Fields: map[string]any{"Name": "Acme"}})
}

func open(t *testing.T, cfg Config, kept []byte) *Store {
	t.Helper()
	s, err := Open(cfg, kept)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func names(t *testing.T, s *Store) string {
	t.Helper()
	var all []string
	if err := s.View(func(tx *Tx) error {
		for _, r := range tx.List("accounts") {
			all = append(all, r.Text("Name"))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestStore(t *testing.T) {
	var told []Change
	s := open(t, Config{Owner: "c4c", Seed: seed, Now: frozen, Changed: func(c []Change) { told = append(told, c...) }}, nil)
	if s.Encode() != nil {
		t.Error("a store nobody used is kept")
	}
	if got := names(t, s); got != "Acme" || s.Encode() != nil {
		t.Errorf("got %q, text %q; want the seed, not kept", got, s.Encode())
	}
	var first, second time.Time
	if err := s.Update(t.Context(), func(tx *Tx) error {
		first, second = tx.Stamp(), tx.Stamp()
		return tx.Create("accounts", Record{ID: "b", Fields: map[string]any{"Name": "Beta", "Size": json.Number("3")}})
	}); err != nil {
		t.Fatal(err)
	}
	if !first.Equal(frozen()) || !second.Equal(frozen().Add(time.Millisecond)) {
		t.Errorf("got stamps %s, %s; want now, and the millisecond after it", first, second)
	}
	if len(told) != 1 || told[0].Operation != Created || told[0].After.ID != "b" {
		t.Errorf("got changes %+v, want the creation", told)
	}
	for name, tt := range map[string]struct {
		change func(*Tx) error
		want   error
	}{
		"same id":        {func(tx *Tx) error { return tx.Create("accounts", Record{ID: "b"}) }, ErrExists},
		"unknown":        {func(tx *Tx) error { return tx.Replace("accounts", Record{ID: "x"}) }, ErrNotFound},
		"unknown delete": {func(tx *Tx) error { return tx.Delete("accounts", "x") }, ErrNotFound},
	} {
		err := s.Update(t.Context(), func(tx *Tx) error {
			if err := tx.Delete("accounts", "b"); err != nil {
				return err
			}
			if name == "same id" {
				if err := tx.Create("accounts", Record{ID: "b"}); err != nil {
					return err
				}
			}
			return tt.change(tx)
		})
		if got := names(t, s); !errors.Is(err, tt.want) || got != "Acme Beta" {
			t.Errorf("%s: got %v and %q, want %v and nothing changed", name, err, got, tt.want)
		}
	}
	again := open(t, Config{Owner: "c4c", Seed: seed, Now: frozen}, s.Encode())
	if got := names(t, again); got != "Acme Beta" {
		t.Errorf("read again: got %q", got)
	}
	if err := again.Update(t.Context(), func(tx *Tx) error {
		if stamp, n := tx.Stamp(), tx.Number("account"); !stamp.After(second) || n != 2 {
			t.Errorf("read again: got stamp %s, number %d; want later than %s, and 2", stamp, n, second)
		}
		r, _ := tx.Find("accounts", "b")
		if r.Fields["Size"] != json.Number("3") {
			t.Errorf("got %#v, want the number as it was", r.Fields["Size"])
		}
		r = r.Clone()
		r.Fields["Name"] = "Gamma"
		return tx.Replace("accounts", r)
	}); err != nil {
		t.Fatal(err)
	}
	if got, old := names(t, again), names(t, s); got != "Acme Gamma" || old != "Acme Beta" {
		t.Errorf("got %q and %q, want each its own", got, old)
	}
}

func TestStoreThatCannotBeKept(t *testing.T) {
	s := open(t, Config{Seed: seed, Keep: func(context.Context) error { return errors.New("disk full") }}, nil)
	err := s.Update(t.Context(), func(tx *Tx) error { return tx.Create("accounts", Record{ID: "b"}) })
	if err == nil || names(t, s) != "Acme" {
		t.Errorf("got %v and %q, want an error and nothing changed", err, names(t, s))
	}
}

func TestStoreIsBounded(t *testing.T) {
	s := open(t, Config{}, nil)
	fill := func(count int, text string) error {
		return s.Update(t.Context(), func(tx *Tx) error {
			for i := range count {
				if err := tx.Create("accounts", Record{ID: strconv.Itoa(i), Fields: map[string]any{"Name": text}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := fill(MaxRecords+1, ""); !errors.Is(err, ErrFull) {
		t.Errorf("one too many: got %v", err)
	}
	if err := fill(3, strings.Repeat("x", MaxSize/2)); !errors.Is(err, ErrFull) {
		t.Errorf("too large: got %v", err)
	}
	if err := fill(MaxRecords, ""); err != nil {
		t.Errorf("as many as allowed: got %v", err)
	}
	if _, err := Open(Config{}, []byte(`{"collections":[]}`)); err == nil {
		t.Error("read something that is no store")
	}
}
