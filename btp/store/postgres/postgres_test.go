package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/store/postgres"
	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
	"github.com/pairsim/pairsim/btp/store/storetest"
)

func open(t testing.TB, address string) btp.Store { return openStore(t, address) }

func openStore(t testing.TB, address string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func fresh(t testing.TB) btp.Store {
	t.Helper()
	return closing(t, openStore(t, postgrestest.New(t)))
}

func closing(t testing.TB, s *postgres.Store) *postgres.Store {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// empty removes all rows, which is quicker than making another database.
const empty = `DO $$ DECLARE t text; BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'pairsim_version' LOOP
		EXECUTE format('DELETE FROM %I', t);
	END LOOP;
END $$`

// Rule: store-one-contract, token-one-winner, token-quota
func TestStore(t *testing.T) {
	address := postgrestest.New(t)
	storetest.Run(t, func(t *testing.T) btp.Store {
		postgrestest.Exec(t, address, empty)
		return closing(t, openStore(t, address))
	})
}

// Rule: store-survives-death, processes-agree
func TestDurable(t *testing.T) { storetest.RunDurable(t, postgrestest.New, open) }

// Rule: store-one-contract
func TestSameAsMemory(t *testing.T) { storetest.Compare(t, memory.New(), fresh(t)) }

// Processes that open a new database at the same time agree on who makes its tables.
func TestOpenAtOnce(t *testing.T) {
	address := postgrestest.Empty(t)
	const n = 6
	results := make(chan error, n)
	for range n {
		go func() {
			s, err := postgres.Open(context.WithoutCancel(t.Context()), address)
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

// Callers name objects by any bytes; what PostgreSQL's text cannot hold is kept all the same.
func TestAnyText(t *testing.T) {
	s := fresh(t)
	for _, name := range []string{"", "Web Shop", "käse", "a\x00b", "\x01", "\x0100", "\xff\xfe", "a\x01b\xffc", "\uFFFD"} {
		if got := postgres.Unescape(postgres.Escape(name)); got != name {
			t.Errorf("%q was kept as %q and read as %q", name, postgres.Escape(name), got)
		}
		err := s.Update(t.Context(), "e", func(tx btp.Tx) error {
			return tx.Replays().Put(btp.Replay{Key: name, Created: name})
		})
		if err != nil {
			t.Fatalf("Put of %q: %v", name, err)
		}
		err = s.View(t.Context(), "e", func(tx btp.Tx) error {
			got, ok, err := tx.Replays().Find(name)
			if !ok || got.Created != name {
				t.Errorf("Find of %q: got %q, %v", name, got.Created, ok)
			}
			return err
		})
		if err != nil {
			t.Errorf("View: %v", err)
		}
	}
}

// cut makes the server end every connection of pairsim to the database.
const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`

// A server that has restarted is found again; a step that was cut off has saved nothing.
func TestCutConnections(t *testing.T) {
	address := postgrestest.New(t)
	s := closing(t, openStore(t, address))
	count := func(tx btp.Tx) (uint64, error) {
		e, _, err := tx.Environment().Find()
		return e.Sequence, err
	}
	add := func(tx btp.Tx) error {
		n, err := count(tx)
		return errors.Join(err, tx.Environment().Put(btp.Environment{ID: "e", Sequence: n + 1}))
	}
	if err := s.Update(t.Context(), "e", add); err != nil {
		t.Fatal(err)
	}
	postgrestest.Exec(t, address, cut)
	if err := s.Update(t.Context(), "e", add); err != nil {
		t.Errorf("Update over a connection that was cut: %v", err)
	}
	postgrestest.Exec(t, address, cut)
	var got uint64
	err := s.View(t.Context(), "e", func(tx btp.Tx) (err error) {
		got, err = count(tx)
		return err
	})
	if err != nil || got != 2 {
		t.Errorf("View over a connection that was cut: %d, %v, want 2", got, err)
	}
	err = s.Update(t.Context(), "e", func(tx btp.Tx) error {
		err := add(tx)
		postgrestest.Exec(t, address, cut)
		return err
	})
	if err == nil {
		t.Error("Update that was cut off in the middle: got no error")
	}
	if err := s.Update(t.Context(), "e", add); err != nil {
		t.Errorf("Update after it: %v", err)
	}
	err = s.View(t.Context(), "e", func(tx btp.Tx) (err error) {
		got, err = count(tx)
		return err
	})
	if err != nil || got != 3 {
		t.Errorf("counter: got %d, %v, want 3", got, err)
	}
}

// A transaction that the server refuses because of others is run again.
func TestRefusedBecauseOfOthers(t *testing.T) {
	address := postgrestest.New(t)
	s := closing(t, openStore(t, address))
	postgrestest.Exec(t, address, `CREATE SEQUENCE tries;
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			IF nextval('tries') % 2 = 1 THEN RAISE EXCEPTION 'for a test' USING ERRCODE = '40001'; END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON replays FOR EACH ROW EXECUTE FUNCTION refuse()`)
	runs := 0
	err := s.Update(t.Context(), "e", func(tx btp.Tx) error {
		runs++
		return tx.Replays().Put(btp.Replay{Key: "k"})
	})
	if err != nil || runs != 2 {
		t.Errorf("got %v after %d runs, want 2", err, runs)
	}
}

// A connection is used for long: its plans are made anew in the middle of transactions.
func TestLongUse(t *testing.T) {
	s := fresh(t)
	for n := range 200 {
		err := s.Update(t.Context(), "e", func(tx btp.Tx) error {
			return errors.Join(tx.Replays().Put(btp.Replay{Key: "k"}), tx.Due().Cancel(btp.DueRemoval, "s"))
		})
		if err != nil {
			t.Fatalf("Update %d: %v", n, err)
		}
		err = s.View(t.Context(), "e", func(tx btp.Tx) error {
			_, _, err := tx.Replays().Find("k")
			return err
		})
		if err != nil {
			t.Fatalf("View %d: %v", n, err)
		}
	}
}

// A step in which a statement failed is not taken for saved, whatever the change says.
func TestFailedStatement(t *testing.T) {
	s := fresh(t)
	for _, reads := range []bool{false, true} { // a read is when the store is told
		err := s.Update(t.Context(), "e", func(tx btp.Tx) error {
			_ = tx.Deliveries().Put(btp.Delivery{Sequence: 1})                         // fine
			_ = tx.Attempts().Put(btp.Attempt{ID: "a", System: "s", FollowUp: digest}) // fine
			_ = tx.Attempts().Put(btp.Attempt{ID: "b", System: "t", FollowUp: digest}) // not unique
			if reads {
				_, _, _ = tx.Environment().Find()
			}
			return nil
		})
		if err == nil {
			t.Errorf("Update that reads: %v: got no error", reads)
		}
	}
	err := s.View(t.Context(), "e", func(tx btp.Tx) error {
		list, err := tx.Deliveries().List(btp.DeliveryFilter{})
		if len(list) != 0 {
			t.Errorf("saved %v", list)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

var digest = btp.Digest{1}

// A part is one process's until its store is closed.
func TestAlone(t *testing.T) {
	address := postgrestest.New(t)
	one, two := openStore(t, address), closing(t, openStore(t, address))
	alone := func(s *postgres.Store, part string) bool {
		t.Helper()
		got, err := s.Alone(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if !alone(one, "tenants") || alone(two, "tenants") || !alone(two, "something else") {
		t.Error("a part was not given to the first alone")
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if !alone(two, "tenants") {
		t.Error("the part of a closed store was not given to another")
	}
}

// Two stores in two schemas of one database do not see each other.
func TestSchemas(t *testing.T) {
	address := postgrestest.Empty(t)
	postgrestest.Exec(t, address, `CREATE SCHEMA a; CREATE SCHEMA b`)
	a, b := closing(t, openStore(t, address+"?search_path=a")), closing(t, openStore(t, address+"?search_path=b"))
	err := a.Update(t.Context(), "e", func(tx btp.Tx) error { return tx.Environment().Put(btp.Environment{ID: "e"}) })
	if err != nil {
		t.Fatal(err)
	}
	if list, err := b.Environments(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("environments of the other schema: %v, %v", list, err)
	}
}

func TestShown(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://u:secret@h:5432/d?sslmode=disable":    "postgres://u@h:5432/d",
		"postgres://u@h/d?password=secret":                "postgres://u@h/d",
		"postgresql://h/d":                                "postgresql://h/d",
		"postgres://u:sec%ret@h/d":                        "postgres://…",
		"postgres://u:secret/with@h:5432:secret/d#secret": "postgres://…",
	} {
		got := postgres.Shown(address)
		if got != want || strings.Contains(got, "sec") {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
	}
}

func BenchmarkPairingSteps(b *testing.B) { storetest.BenchmarkPairingSteps(b, fresh(b)) }
