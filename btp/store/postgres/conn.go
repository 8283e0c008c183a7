package postgres

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

// conn is one connection with its prepared statements. What is to be written waits
// until something is read, and goes to the server together with that: a step costs a
// round trip for each of its reads, and one to commit. It serves one caller at a time.
type conn struct {
	pg         *pgconn.PgConn
	statements map[string]*pgconn.StatementDescription // by the common form
	run        int                                     // statements since the plans were made
	replan     int                                     // after so many they are made anew

	// Of the transaction under way:
	waiting context.Context //nolint:containedctx // until the lock is there; then a bound of its own
	cancel  context.CancelFunc
	batch   *pgconn.Batch
	queued  int
	reached bool // the server has answered something
	ending  bool // the commit was sent
	failed  error
	params  [][]byte
	scratch []byte
	row     sqlstore.Row
}

// connKey is where a connection of the pool keeps its conn.
const connKey = "pairsim"

func connOf(pg *pgconn.PgConn) *conn {
	if c, ok := pg.CustomData()[connKey].(*conn); ok {
		return c
	}
	c := &conn{pg: pg, statements: map[string]*pgconn.StatementDescription{}, replan: firstReplan}
	pg.CustomData()[connKey] = c
	return c
}

// binary is the format of all parameters and results.
var binary = []int16{pgx.BinaryFormatCode}

// begin starts a transaction with the first statement that is sent. ctx ends the
// waiting for its answer; what follows is short, and goes on without it.
func (c *conn) begin(ctx context.Context, how string) {
	c.waiting, c.cancel = ctx, nil
	c.batch, c.queued, c.reached, c.ending, c.failed = &pgconn.Batch{}, 0, false, false, nil
	c.failed = c.queue(how, nil)
}

// commit ends the transaction; what it saved is acknowledged.
func (c *conn) commit() error {
	if err := c.queue("COMMIT", nil); err != nil {
		return err
	}
	c.ending = true
	if err := c.flush(nil); err != nil {
		return fmt.Errorf("postgres store: commit: %w", err)
	}
	return nil
}

// end rolls back what is not committed; a connection that cannot is closed.
func (c *conn) end() {
	if !c.pg.IsClosed() && c.pg.TxStatus() != idle {
		c.batch, c.queued, c.failed = &pgconn.Batch{}, 0, nil
		if err := c.queue("ROLLBACK", nil); err == nil {
			_ = c.flush(nil) // the pool closes a connection that is in a transaction
		}
	}
	if c.cancel != nil {
		c.cancel()
	}
	c.waiting, c.batch, c.failed = nil, nil, nil
}

// idle is the status of a connection outside of a transaction.
const idle = 'I'

// again: the transaction may be run once more. It saved nothing, and either the server
// refused it because of others, or it has not even begun.
func (c *conn) again(err error) bool {
	if err == nil || c.ending && !refusedBecauseOfOthers(err) {
		return false
	}
	return refusedBecauseOfOthers(err) || !c.reached && isGone(err)
}

// Write queues a statement.
func (c *conn) Write(query string, args ...driver.Value) error { return c.queue(query, args) }

// Exec runs what is queued and a statement, and returns how many rows that changed.
func (c *conn) Exec(query string, args ...driver.Value) (n int64, err error) {
	if err := c.queue(query, args); err != nil {
		return 0, err
	}
	err = c.flush(func(r *pgconn.ResultReader) error {
		tag, err := r.Close()
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// Query runs what is queued and a statement, and shows each row to scan.
func (c *conn) Query(query string, scan func(sqlstore.Row) error, args ...driver.Value) error {
	if err := c.queue(query, args); err != nil {
		return err
	}
	return c.flush(func(r *pgconn.ResultReader) error {
		fields := r.FieldDescriptions()
		if cap(c.row) < len(fields) {
			c.row = make(sqlstore.Row, len(fields))
		}
		row := c.row[:len(fields)]
		for r.NextRow() {
			for i, value := range r.Values() {
				var err error
				if row[i], err = decode(fields[i].DataTypeOID, value); err != nil {
					return err
				}
			}
			if err := scan(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// A plan is made once and goes by how large the tables are then: while they are small
// one index is as good as another. So plans are made anew as often as the number of
// statements doubles, and after every lastReplan of them.
const (
	firstReplan = 256
	lastReplan  = 8192
)

func (c *conn) queue(query string, args []driver.Value) error {
	if c.failed != nil {
		return c.failed
	}
	if c.run++; c.run > c.replan && (c.queued > 0 || c.reached) { // not before BEGIN, which is to be the first
		c.run, c.replan = 0, min(2*c.replan, lastReplan)
		if err := c.queue("DISCARD PLANS", nil); err != nil {
			return err
		}
	}
	s, err := c.prepared(query)
	if err != nil {
		return c.fail(err)
	}
	if len(args) != len(s.ParamOIDs) {
		return fmt.Errorf("statement with %d parameters got %d: %s", len(s.ParamOIDs), len(args), query)
	}
	c.params, c.scratch = c.params[:0], c.scratch[:0]
	for i, v := range args {
		if v, err = sqlstore.Stored(v); err != nil {
			return err
		}
		var value []byte
		if c.scratch, value, err = encode(c.scratch, s.ParamOIDs[i], v); err != nil {
			return fmt.Errorf("parameter %d of %s: %w", i+1, query, err)
		}
		c.params = append(c.params, value)
	}
	c.batch.ExecStatement(s, c.params, binary, binary)
	c.queued++
	return nil
}

// flush sends what is queued, and shows the result of the last of it.
func (c *conn) flush(last func(*pgconn.ResultReader) error) error {
	results := c.pg.ExecBatch(c.waiting, c.batch)
	var scanned error
	for n := 1; results.NextResult(); n++ {
		r := results.ResultReader()
		if n == c.queued && last != nil {
			scanned = last(r)
		}
		_, _ = r.Close() // results tell what failed
	}
	err := results.Close()
	c.batch, c.queued = &pgconn.Batch{}, 0
	if err != nil {
		return c.fail(err)
	}
	if !c.reached {
		c.reached = true
		c.bound()
	}
	return scanned
}

// bound makes the rest of the transaction independent of who waits for it: the
// connection would be lost with the caller's context.
func (c *conn) bound() {
	c.waiting, c.cancel = context.WithTimeout(context.WithoutCancel(c.waiting), stepWithin)
}

// fail keeps what ended the transaction, for whoever goes on in it: the server would
// answer a commit with a rollback, and no error.
func (c *conn) fail(err error) error {
	c.failed = err
	return err
}

// prepared returns the statement of query, which is prepared at its first use.
func (c *conn) prepared(query string) (*pgconn.StatementDescription, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	s, err := c.pg.Prepare(c.waiting, fmt.Sprintf("s%d", len(c.statements)+1), numbered(query), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", query, err)
	}
	c.statements[query] = s
	return s, nil
}

// numbered turns the parameters of a statement (? or ?1) into PostgreSQL's. There is no
// question mark in our statements but theirs.
func numbered(query string) string {
	var b strings.Builder
	n := 0
	for i := 0; i < len(query); i++ {
		if query[i] != '?' {
			b.WriteByte(query[i])
			continue
		}
		b.WriteByte('$')
		if i+1 == len(query) || query[i+1] < '0' || query[i+1] > '9' {
			n++
			fmt.Fprint(&b, n)
		}
	}
	return b.String()
}
