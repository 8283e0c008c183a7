// Package sqlite keeps a registry's objects in an SQLite file (modernc.org/sqlite,
// no cgo). It survives the death of the process at any instant (WAL); power loss
// only with WithSync(Full). Several processes may open one file.
//
// One connection writes, in front of which callers queue; a few others read, each
// on its own snapshot. What makes a change serializable across processes is BEGIN
// IMMEDIATE, SQLite's one write lock.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

// Sync says what an acknowledged change survives.
type Sync string

// The levels of Sync.
const (
	// Normal survives the death of the process.
	Normal Sync = "NORMAL"
	// Full survives power loss too; every change waits for the disk.
	Full Sync = "FULL"
)

// Option changes how a store is opened.
type Option func(*Store)

// WithSync sets what an acknowledged change survives; the default is Normal.
func WithSync(level Sync) Option { return func(s *Store) { s.sync = level } }

// readers is how many reads run side by side.
const readers = 8

// lockRetry is how long SQLite itself waits for another process, in
// milliseconds, before the context is looked at again.
const lockRetry = 50

var errClosed = errors.New("sqlite store: closed")

// Store is a btp.Store in an SQLite file.
type Store struct {
	path, dsn string
	sync      Sync

	writing *semaphore.Weighted
	writer  *conn // nil: to be opened at the next change
	hot     hot   // both belong to who holds writing

	reading *semaphore.Weighted
	mu      sync.Mutex
	idle    []*conn // the one used last is last
	closed  atomic.Bool
}

var _ btp.Store = (*Store)(nil)

// Open opens the store in the file at path, and creates it if there is none. A
// file of another program, or of a newer pairsim, is refused.
func Open(ctx context.Context, path string, opts ...Option) (*Store, error) {
	s := &Store{path: path, sync: Normal, writing: semaphore.NewWeighted(1), reading: semaphore.NewWeighted(readers)}
	for _, o := range opts {
		o(s)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	s.dsn = (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(absolute), RawQuery: url.Values{
		"_txlock": {"immediate"},
		"_pragma": {
			fmt.Sprintf("busy_timeout(%d)", lockRetry), "journal_mode(WAL)", "synchronous(" + string(s.sync) + ")",
			"trusted_schema(OFF)", "temp_store(MEMORY)", "cache_size(-16384)",
			// A checkpoint waits for the disk; 8192 pages are 32 MiB of log between two.
			"wal_autocheckpoint(8192)",
		},
	}.Encode()}).String()
	if err := retryBusy(ctx, func() error { return prepareFile(ctx, absolute, s.dsn) }); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return s, nil
}

// retryBusy repeats fn while another process holds the file, until ctx ends.
// SQLite has waited before it reports that.
func retryBusy(ctx context.Context, fn func() error) error {
	for {
		err := fn()
		if err == nil || !isBusy(err) {
			return err
		}
		if ended := ctx.Err(); ended != nil {
			return ended
		}
	}
}

// Update runs change in a write transaction and rolls it back if it fails or panics.
func (s *Store) Update(ctx context.Context, env btp.EnvironmentID, change func(btp.Tx) error) error {
	if err := s.writing.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.writing.Release(1)
	c, err := s.openWriter(ctx)
	if err != nil {
		return err
	}
	if err := retryBusy(ctx, func() error { _, err := c.Exec("BEGIN IMMEDIATE"); return err }); err != nil {
		return fmt.Errorf("sqlite store: begin: %w", err)
	}
	saved := false
	defer func() {
		if !saved {
			s.hot.Forget()
			s.endWriter(c)
		}
	}()
	if err := s.hot.check(c); err != nil {
		return err
	}
	if err := change(sqlstore.New(c, env, sqlstore.Options{Writable: true, Hints: true, Hot: &s.hot.Hot})); err != nil {
		return err
	}
	if _, err := c.Exec("COMMIT"); err != nil {
		return fmt.Errorf("sqlite store: commit: %w", err)
	}
	saved = true
	s.hot.saved(c)
	return nil
}

// endWriter rolls back; when that fails nobody knows the state of the
// connection, and a new one takes its place.
func (s *Store) endWriter(c *conn) {
	if _, err := c.Exec("ROLLBACK"); err != nil {
		s.writer = nil
		c.close()
	}
}

// openWriter returns the writing connection; the caller holds writing.
func (s *Store) openWriter(ctx context.Context) (*conn, error) {
	if s.closed.Load() {
		return nil, errClosed
	}
	if s.writer == nil {
		c, err := s.connect(ctx)
		if err != nil {
			return nil, err
		}
		s.writer = c
		s.hot.Forget()
	}
	return s.writer, nil
}

func (s *Store) connect(ctx context.Context) (c *conn, err error) {
	err = retryBusy(ctx, func() (err error) {
		c, err = connect(s.dsn)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", s.path, err)
	}
	return c, nil
}

// View runs read in a read transaction, on a snapshot. It takes the writer's
// connection when that is free: only there the pages of the latest changes are
// still cached, because SQLite drops a connection's cache when another one writes.
func (s *Store) View(ctx context.Context, env btp.EnvironmentID, read func(btp.Tx) error) error {
	if ctx.Err() == nil && s.writing.TryAcquire(1) {
		defer s.writing.Release(1)
		c, err := s.openWriter(ctx)
		if err != nil {
			return err
		}
		return view(ctx, c, env, &s.hot, read, s.endWriter)
	}
	if err := s.reading.Acquire(ctx, 1); err != nil {
		return err
	}
	defer s.reading.Release(1)
	c, err := s.takeReader(ctx)
	if err != nil {
		return err
	}
	return view(ctx, c, env, nil, read, s.endReader)
}

func view(ctx context.Context, c *conn, env btp.EnvironmentID, remembered *hot, read func(btp.Tx) error, end func(*conn)) error {
	defer end(c)
	if _, err := c.Exec("BEGIN"); err != nil {
		return fmt.Errorf("sqlite store: begin: %w", err)
	}
	// BEGIN alone reads nothing; this takes the snapshot, which may have to wait.
	if err := retryBusy(ctx, func() error { _, err := c.Exec("PRAGMA data_version"); return err }); err != nil {
		return fmt.Errorf("sqlite store: read: %w", err)
	}
	version, err := c.dataVersion()
	if err != nil {
		return err
	}
	c.remembered.at(version)
	o := sqlstore.Options{Hints: true}
	if remembered != nil {
		remembered.at(version)
		o.Hot = &remembered.Hot
	}
	return read(sqlstore.New(viewing{c}, env, o))
}

func (s *Store) takeReader(ctx context.Context) (*conn, error) {
	if s.closed.Load() {
		return nil, errClosed
	}
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	return s.connect(ctx)
}

func (s *Store) endReader(c *conn) {
	if _, err := c.Exec("ROLLBACK"); err != nil {
		c.close()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, c)
}

// Environments lists the environments that have a record.
func (s *Store) Environments(ctx context.Context) (list []btp.EnvironmentID, err error) {
	err = s.View(ctx, "", func(t btp.Tx) (err error) {
		list, err = t.(sqlstore.Tx).Environments() //nolint:forcetypeassert // View makes it
		return err
	})
	return list, err
}

// Drop removes an environment's rows from every table that has any.
func (s *Store) Drop(ctx context.Context, env btp.EnvironmentID) error {
	return s.Update(ctx, env, func(t btp.Tx) error { return t.(sqlstore.Tx).Drop() }) //nolint:forcetypeassert // Update makes it
}

// Close waits for what is running and moves the log into the file.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	_ = s.reading.Acquire(context.Background(), readers) // nothing ends this context
	_ = s.writing.Acquire(context.Background(), 1)
	defer s.writing.Release(1)
	defer s.reading.Release(readers)
	var errs []error
	for _, c := range s.idle {
		errs = append(errs, c.close())
	}
	s.idle = nil
	if s.writer != nil { // the last connection to a file checkpoints when it closes
		errs = append(errs, s.writer.close())
		s.writer = nil
	}
	return errors.Join(errs...)
}
