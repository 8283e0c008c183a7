package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// conn is one connection with its prepared statements. It uses the driver's
// interfaces directly: database/sql costs about as much again per statement, and
// its pool is not what a single writer needs. It serves one caller at a time.
type conn struct {
	raw        driver.Conn
	statements map[string]statement
	args       []driver.NamedValue
	row        []driver.Value
}

type statement interface {
	driver.StmtExecContext
	driver.StmtQueryContext
	Close() error
}

func connect(dsn string) (*conn, error) {
	raw, err := (&sqlite.Driver{}).Open(dsn)
	if err != nil {
		return nil, err
	}
	return &conn{raw: raw, statements: map[string]statement{}}, nil
}

// dataVersion changes whenever the file's contents do. It is as old as the
// latest transaction.
func (c *conn) dataVersion() (uint32, error) {
	file, ok := c.raw.(sqlite.FileControl)
	if !ok {
		return 0, fmt.Errorf("driver connection %T has no data version", c.raw)
	}
	return file.FileControlDataVersion("main")
}

func (c *conn) close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// prepared returns the statement of query, which is prepared at its first use.
func (c *conn) prepared(query string) (statement, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	made, err := c.raw.Prepare(query)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", query, err)
	}
	s, ok := made.(statement)
	if !ok {
		return nil, fmt.Errorf("driver statement %T lacks contexts", made)
	}
	c.statements[query] = s
	return s, nil
}

// exec runs a statement and returns how many rows it changed. The statements of
// a step run without its context: they are short, and watching it would cost a
// goroutine each.
func (c *conn) exec(query string, args ...driver.Value) (int64, error) {
	s, err := c.prepared(query)
	if err != nil {
		return 0, err
	}
	if err := c.bind(args); err != nil {
		return 0, err
	}
	result, err := s.ExecContext(context.Background(), c.args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query runs a statement and shows each row to scan, which must not use c.
func (c *conn) query(query string, scan func(row) error, args ...driver.Value) (err error) {
	s, err := c.prepared(query)
	if err != nil {
		return err
	}
	if err := c.bind(args); err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), c.args)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n := len(rows.Columns())
	if cap(c.row) < n {
		c.row = make([]driver.Value, n)
	}
	values := c.row[:n]
	for {
		if err := rows.Next(values); err == io.EOF { //nolint:errorlint // driver.Rows returns it bare
			return nil
		} else if err != nil {
			return err
		}
		if err := scan(values); err != nil {
			return err
		}
	}
}

// one is query for at most one row; it says whether there was one.
func (c *conn) one(query string, scan func(row) error, args ...driver.Value) (bool, error) {
	found := false
	err := c.query(query, func(r row) error {
		found = true
		return scan(r)
	}, args...)
	return found, err
}

func (c *conn) bind(args []driver.Value) error {
	c.args = c.args[:0]
	for i, v := range args {
		if t, ok := v.(time.Time); ok {
			stamp, err := nanoseconds(t)
			if err != nil {
				return err
			}
			v = stamp
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return nil
}

// nanoseconds is how a time is stored: nil for the zero time.
func nanoseconds(t time.Time) (driver.Value, error) {
	switch {
	case t.IsZero():
		return nil, nil
	case t.Before(time.Unix(0, math.MinInt64)), t.After(time.Unix(0, math.MaxInt64)):
		return nil, fmt.Errorf("time %s is outside of what the store can hold (years 1678 to 2262)", t.Format(time.RFC3339))
	}
	return t.UnixNano(), nil
}

// row is what a query found; its methods read one column. A column of an
// unexpected type, which our own tables do not hold, reads as zero.
type row []driver.Value

func (r row) text(i int) string {
	s, _ := r[i].(string)
	return s
}

func (r row) bytes(i int) []byte {
	b, _ := r[i].([]byte)
	return b
}

func (r row) number(i int) int64 {
	n, _ := r[i].(int64)
	return n
}

func (r row) flag(i int) bool { return r.number(i) != 0 }

func (r row) time(i int) time.Time {
	if n, ok := r[i].(int64); ok {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

// flag is how a bool is stored.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func hasCode(err error, primary int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == primary
}

func isBusy(err error) bool { return hasCode(err, lib.SQLITE_BUSY) }

func isConstraint(err error) bool { return hasCode(err, lib.SQLITE_CONSTRAINT) }
