// Package postgres keeps a registry's objects in a PostgreSQL database (pgx), which
// several processes may share: of what they do in one environment, each step is made
// alone.
//
// A step is one transaction. It begins by taking the environment's advisory lock, which
// ends with it, and reads what is committed by then (READ COMMITTED): as nobody else
// writes to the environment meanwhile, its steps are serializable without ever being
// refused (ADR 37). Within the process callers queue in front of the lock, so that a
// busy environment takes one connection, not all. A view is a transaction with one
// snapshot (REPEATABLE READ) and takes no lock.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

const (
	// openWithin bounds how long Open takes, also where nobody answers.
	openWithin = 30 * time.Second
	// stepWithin bounds a transaction once it has its lock. The server ends one whose
	// process has stopped after the same time, and its lock with it.
	stepWithin = 30 * time.Second
	// deathNoticedWithin is how long Alone waits for what a process that died has held.
	deathNoticedWithin = 2 * time.Second
	// attempts is how often a transaction that the server refused, or that found its
	// connection gone, is tried.
	attempts = 3
	// connections is how many there are at most, unless the address says pool_max_conns.
	connections = 16
)

var errClosed = errors.New("postgres store: closed")

// Store is a btp.Store in a PostgreSQL database.
type Store struct {
	pool   *pgxpool.Pool
	schema string

	mu     sync.Mutex
	turns  map[btp.EnvironmentID]*turn
	alone  []*pgxpool.Conn // each holds a lock of Alone
	closed bool
}

var _ btp.Store = (*Store)(nil)

// Open opens the store at an address (postgres://user@host/database), and makes its
// tables in the first schema of the search path if they are not there. Tables of another
// program, or of a newer pairsim, are refused. No error tells the password.
func Open(ctx context.Context, address string) (*Store, error) {
	config, err := parse(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	schema, err := prepare(ctx, config.ConnConfig)
	if err != nil {
		return nil, explain(config.ConnConfig, err)
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, explain(config.ConnConfig, err)
	}
	return &Store{pool: pool, schema: schema, turns: map[btp.EnvironmentID]*turn{}}, nil
}

// Update runs change in a transaction under the environment's lock.
func (s *Store) Update(ctx context.Context, env btp.EnvironmentID, change func(btp.Tx) error) error {
	t := s.turnOf(env)
	defer s.leave(env, t)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case t.free <- struct{}{}:
	}
	defer func() { <-t.free }()
	return s.run(ctx, func(c *conn) error {
		c.begin(ctx, "BEGIN")
		if err := c.Write("SELECT pg_advisory_xact_lock(?)", s.lockOf(env)); err != nil {
			return err
		}
		if err := change(sqlstore.New(c, env, sqlstore.Options{Writable: true})); err != nil {
			return err
		}
		return c.commit()
	})
}

// View runs read in a transaction on one snapshot.
func (s *Store) View(ctx context.Context, env btp.EnvironmentID, read func(btp.Tx) error) error {
	return s.run(ctx, func(c *conn) error {
		c.begin(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
		return read(sqlstore.New(c, env, sqlstore.Options{}))
	})
}

// run runs a transaction, again when the server refused it because of others, or when
// its connection was gone before it had read anything.
func (s *Store) run(ctx context.Context, transaction func(*conn) error) error {
	for n := 1; ; n++ {
		again, err := s.once(ctx, transaction)
		if err == nil || !again || n == attempts || ctx.Err() != nil {
			return err
		}
	}
}

func (s *Store) once(ctx context.Context, transaction func(*conn) error) (again bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	taken, err := s.pool.Acquire(ctx)
	if err != nil {
		if s.isClosed() {
			return false, errClosed
		}
		return false, explain(s.pool.Config().ConnConfig, err)
	}
	defer taken.Release() // which closes a connection that is not idle
	c := connOf(taken.Conn().PgConn())
	defer c.end()
	err = transaction(c)
	return c.again(err), err
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

// Close waits for what is running and closes the connections.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	held := s.alone
	s.alone = nil
	s.mu.Unlock()
	var errs []error
	for _, c := range held { // whose connection does not go back to the pool
		errs = append(errs, c.Hijack().Close(context.Background()))
	}
	s.pool.Close()
	return errors.Join(errs...)
}

// Alone takes a part that one process at a time has, until the store is closed or the
// process has died; false: another has it, and kept it for as long as a server takes to
// notice that a process died. It ends with the server's own life as well.
func (s *Store) Alone(ctx context.Context, part string) (bool, error) {
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return false, explain(s.pool.Config().ConnConfig, err)
	}
	_, err = c.Exec(ctx, fmt.Sprintf("SET lock_timeout = %d", deathNoticedWithin.Milliseconds()))
	if err == nil {
		_, err = c.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey(s.schema, "\x00"+part))
	}
	if err != nil {
		err = errors.Join(err, c.Hijack().Close(context.WithoutCancel(ctx)))
		if stateOf(err) == lockNotAvailable {
			return false, nil
		}
		return false, explain(s.pool.Config().ConnConfig, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alone = append(s.alone, c)
	return true, nil
}

func (s *Store) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// turn is the queue of this process in front of an environment's lock.
type turn struct {
	free  chan struct{}
	users int // who holds it or waits for it
}

func (s *Store) turnOf(env btp.EnvironmentID) *turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.turns[env]
	if !ok {
		t = &turn{free: make(chan struct{}, 1)}
		s.turns[env] = t
	}
	t.users++
	return t
}

func (s *Store) leave(env btp.EnvironmentID, t *turn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(s.turns, env)
	}
}

// lockOf is the key of an environment's advisory lock. Advisory locks are the
// database's, so the schema is part of it; two environments that share a key by chance
// wait for each other, and nothing else.
func (s *Store) lockOf(env btp.EnvironmentID) int64 { return lockKey(s.schema, string(env)) }

func lockKey(schema, what string) int64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "pairsim\x00%s\x00%s", schema, what) // a hash takes everything
	return int64(h.Sum64())
}
