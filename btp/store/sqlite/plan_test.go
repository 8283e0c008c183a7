package sqlite

import (
	"context"
	"database/sql/driver"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp/store/sqlstore"
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
	storetest.EveryStatement(t, s)
	var queries []string
	for q := range s.writer.statements {
		if strings.HasPrefix(q, "SELECT") || strings.HasPrefix(q, "UPDATE") || strings.HasPrefix(q, "DELETE") || strings.HasPrefix(q, "INSERT") {
			queries = append(queries, q)
		}
	}
	if len(queries) < 90 {
		t.Errorf("only %d statements were seen", len(queries))
	}
	for _, q := range queries {
		for _, step := range plan(t, s.writer, q) {
			// After a constant (env) alone an index would be walked from end to end;
			// a filtered page does not walk along the whole environment either.
			if strings.HasPrefix(step, "SCAN ") && step != "SCAN CONSTANT ROW" ||
				strings.Contains(step, "TEMP B-TREE") && !strings.Contains(step, "string_agg") || // of one formation's systems
				strings.HasSuffix(step, "(env=?)") && !storetest.WalksEnvironment(q) ||
				strings.HasSuffix(step, "(env=? AND sequence>?)") && strings.Contains(q, "?4") ||
				strings.HasSuffix(step, "(env=? AND global_account=? AND sequence>?)") && strings.Contains(q, "status = ?") ||
				strings.HasPrefix(step, "SEARCH incidents USING PRIMARY KEY") && strings.Contains(q, "resolved_at IS NULL") {
				t.Errorf("%s\n\tplan: %s", q, step)
			}
		}
	}
}

func plan(t *testing.T, c *conn, query string) (steps []string) {
	t.Helper()
	// Arguments beyond a statement's parameters are ignored.
	err := c.Query("EXPLAIN QUERY PLAN "+query, func(r sqlstore.Row) error {
		steps = append(steps, r.Text(3))
		return nil
	}, make([]driver.Value, 30)...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return steps
}
