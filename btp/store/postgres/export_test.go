package postgres

import (
	"context"
	"strings"
)

// CheckVersion is the judgement on a server's version, in its own count.
var CheckVersion = checkVersion

// Escape and Unescape are how text is kept.
var (
	Escape   = escape
	Unescape = unescape
)

// Plans are the plans of the statements that the store has run so far.
func Plans(ctx context.Context, s *Store) (map[string][]string, error) {
	plans := map[string][]string{}
	for _, c := range s.pool.AcquireAllIdle(ctx) {
		defer c.Release()
		if _, err := c.Conn().PgConn().Exec(ctx, "DISCARD PLANS").ReadAll(); err != nil {
			return nil, err
		}
		for query, prepared := range connOf(c.Conn().PgConn()).statements {
			if !strings.HasPrefix(query, "SELECT") && !strings.HasPrefix(query, "INSERT") && !strings.HasPrefix(query, "UPDATE") && !strings.HasPrefix(query, "DELETE") {
				continue
			}
			explain := "EXPLAIN EXECUTE " + prepared.Name
			if n := len(prepared.ParamOIDs); n > 0 {
				explain += "(" + strings.Repeat("NULL, ", n-1) + "NULL)"
			}
			results, err := c.Conn().PgConn().Exec(ctx, explain).ReadAll()
			if err != nil {
				return nil, err
			}
			for _, row := range results[0].Rows {
				plans[query] = append(plans[query], string(row[0]))
			}
		}
	}
	return plans, nil
}
