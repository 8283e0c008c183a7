package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

// conn is one connection with its prepared statements. It uses the driver's
// interfaces directly: database/sql costs about as much again per statement, and
// its pool is not what a single writer needs. It serves one caller at a time.
type conn struct {
	raw        driver.Conn
	statements map[string]statement
	args       []driver.NamedValue
	row        []driver.Value
	remembered remembered
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

// Write runs a statement.
func (c *conn) Write(query string, args ...driver.Value) error {
	_, err := c.run(query, args)
	return err
}

// Exec runs a statement and returns how many rows it changed.
func (c *conn) Exec(query string, args ...driver.Value) (int64, error) {
	result, err := c.run(query, args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// The statements of a step run without its context: they are short, and watching it
// would cost a goroutine each.
func (c *conn) run(query string, args []driver.Value) (driver.Result, error) {
	s, err := c.prepared(query)
	if err != nil {
		return nil, err
	}
	if err := c.bind(args); err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), c.args)
}

// Query runs a statement and shows each row to scan, which must not use c.
func (c *conn) Query(query string, scan func(sqlstore.Row) error, args ...driver.Value) (err error) {
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

func (c *conn) bind(args []driver.Value) error {
	c.args = c.args[:0]
	for i, v := range args {
		v, err := sqlstore.Stored(v)
		if err != nil {
			return err
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return nil
}

func isBusy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == lib.SQLITE_BUSY
}
