package postgres_test

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp/store/postgres"
	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
	"github.com/pairsim/pairsim/btp/store/storetest"
)

// fill gives every table 5,000 rows of one environment, with a few global accounts,
// types and states among them.
const fill = `DO $$
DECLARE
	t record;
	columns text;
	chosen text;
BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'pairsim_version' LOOP
		SELECT string_agg(column_name, ', '), string_agg(CASE
				WHEN column_name = 'env' THEN '''default'''
				WHEN column_name IN ('global_account', 'type', 'status', 'state', 'plan') THEN '''x''||g % 5'
				WHEN data_type = 'text' THEN '''x''||g'
				WHEN data_type = 'bytea' THEN 'convert_to(''x''||g, ''UTF8'')'
				ELSE 'g' END, ', ')
			INTO columns, chosen FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = t.tablename AND is_identity = 'NO';
		EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM generate_series(1, 5000) g ON CONFLICT DO NOTHING', t.tablename, columns, chosen);
	END LOOP;
END $$`

// Every statement finds its rows by an index and in order: none grows with the number
// of systems, tokens or certificates, with and without statistics of the tables.
func TestQueryPlans(t *testing.T) {
	address := postgrestest.New(t)
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	storetest.EveryStatement(t, s)
	for _, statements := range []string{fill, "ANALYZE"} {
		postgrestest.Exec(t, address, statements)
		plans, err := postgres.Plans(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if len(plans) < 90 {
			t.Errorf("only %d statements were seen", len(plans))
		}
		for query, plan := range plans {
			if walks(query, plan) {
				t.Errorf("after %.7s: %s\n\t%s", statements, query, strings.Join(plan, "\n\t"))
			}
		}
	}
}

func walks(query string, plan []string) bool {
	for _, line := range plan {
		node := strings.TrimSpace(line)
		if strings.Contains(node, "Seq Scan") || strings.Contains(node, "Sort Key") || strings.Contains(node, "Bitmap") ||
			strings.HasSuffix(node, "Index Cond: (env = $1)") && !storetest.WalksEnvironment(query) {
			return true
		}
	}
	return false
}
