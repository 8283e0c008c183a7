package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/storetest"
)

// Every statement finds its rows by an index and in order: none grows with the
// number of systems, tokens or certificates.
func TestQueryPlans(t *testing.T) {
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	storetest.NewPairer(t, s).Pair(t)
	err = s.Update(context.Background(), "default", func(tx btp.Tx) error {
		filters := []btp.SystemFilter{
			{GlobalAccount: "ga"},
			{GlobalAccount: "ga", Name: "n"},
			{GlobalAccount: "ga", Status: btp.Registered},
			{GlobalAccount: "ga", Type: "SAP Commerce Cloud"},
			{GlobalAccount: "ga", Status: btp.Registered, Type: "SAP Commerce Cloud"},
		}
		for _, f := range filters {
			if _, err := tx.Systems().List(f); err != nil {
				return err
			}
		}
		_, err1 := tx.Tokens().LastExpiry("k") // looks through the live tokens
		_, err2 := tx.Certificates().ListOf("s")
		_, _, err3 := tx.Services().Find("s", "i")
		_, _, err4 := tx.Services().FindByIdentifier("s", "i")
		_, err5 := tx.Services().ListOf("s")
		_, _, err6 := tx.Authorities().Find("a")
		return errors.Join(err1, err2, err3, err4, err5, err6,
			tx.Services().Put(btp.Service{System: "s", ID: "i"}), tx.Services().Delete("s", "i"), tx.Systems().Delete("s"),
			tx.Keys().Delete("k"), tx.Tokens().Delete("t"), tx.Certificates().Delete("c"))
	})
	if err != nil {
		t.Fatal(err)
	}
	var queries []string
	for q := range s.writer.statements {
		if strings.HasPrefix(q, "SELECT") || strings.HasPrefix(q, "UPDATE") || strings.HasPrefix(q, "DELETE") || strings.HasPrefix(q, "INSERT") {
			queries = append(queries, q)
		}
	}
	if len(queries) < 30 {
		t.Errorf("only %d statements were seen", len(queries))
	}
	for _, q := range queries {
		for _, step := range plan(t, s.writer, q) {
			// After a constant (env) alone an index would be walked from end to end.
			if strings.HasPrefix(step, "SCAN ") && step != "SCAN CONSTANT ROW" || strings.Contains(step, "TEMP B-TREE") ||
				strings.HasSuffix(step, "(env=?)") && !ordered(q) {
				t.Errorf("%s\n\tplan: %s", q, step)
			}
		}
	}
}

// ordered statements read an index of the whole environment on purpose.
func ordered(query string) bool {
	for _, part := range []string{
		"FROM environments", "FROM subaccounts", "ORDER BY at, number LIMIT 1", "state = 'live' AND key_id", "FROM signing_keys", "max(number), 0) + 1 FROM due",
	} {
		if strings.Contains(query, part) {
			return true
		}
	}
	return false
}

func plan(t *testing.T, c *conn, query string) (steps []string) {
	t.Helper()
	// Arguments beyond a statement's parameters are ignored.
	err := c.query("EXPLAIN QUERY PLAN "+query, func(r row) error {
		steps = append(steps, r.text(3))
		return nil
	}, make([]driver.Value, 30)...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return steps
}
