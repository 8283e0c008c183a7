// Package postgrestest gives tests a PostgreSQL server: one for all tests of a binary,
// of this machine's own programs (initdb, postgres), and a database of its own for each.
// The server ends with the test binary, also when that is killed.
package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/pairsim/pairsim/btp/store/postgres"
)

// template is the database from which the others are copied.
const template = "pairsim"

// shared is the server of this test binary.
var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// New makes a database with the tables of a store and returns its address.
func New(t testing.TB) string { return database(t, template) }

// Empty makes a database without tables.
func Empty(t testing.TB) string { return database(t, "template1") }

// As is an address for another user of the same database.
func As(address, user, password string) string {
	u, _ := url.Parse(address) // it is ours
	u.User = url.UserPassword(user, password)
	return u.String()
}

// Exec runs statements in the database at address.
func Exec(t testing.TB, address, statements string) {
	t.Helper()
	if err := execute(t.Context(), address, statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

func database(t testing.TB, from string) string {
	t.Helper()
	address, err := running(t).database(t.Context(), from)
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	return address
}

// running starts the server at first use. Where its programs are missing the test is
// skipped, and in CI fails.
func running(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = Start(context.WithoutCancel(t.Context()))
	}
	switch {
	case errors.Is(shared.err, ErrMissing) && os.Getenv("CI") != "true":
		t.Skipf("NOT RUN, PostgreSQL: %v", shared.err)
	case shared.err != nil:
		t.Fatalf("start PostgreSQL: %v", shared.err)
	}
	return shared.server
}

func (s *Server) makeTemplate(ctx context.Context) error {
	c, err := pgx.Connect(ctx, s.address("postgres"))
	if err != nil {
		return err
	}
	defer c.Close(ctx) //nolint:errcheck // it only read
	var canChoose bool // since PostgreSQL 15; before, there was but the quicker one
	if err := c.QueryRow(ctx, "SELECT current_setting('server_version_num')::int >= 150000").Scan(&canChoose); err != nil {
		return err
	}
	if canChoose {
		s.copying = " STRATEGY FILE_COPY"
	}
	if err := execute(ctx, s.address("postgres"), "CREATE DATABASE "+template); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, s.address(template))
	if err != nil {
		return err
	}
	return store.Close()
}

func execute(ctx context.Context, address, statements string) error {
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what it ran is done
	_, err = c.PgConn().Exec(ctx, statements).ReadAll()
	return err
}

// password is that of the server's superuser.
var password = rand.Text()

// Encoded makes a database without tables in another encoding than UTF8.
func Encoded(t testing.TB, encoding string) string {
	return database(t, "template0 ENCODING '"+encoding+"' LOCALE 'C'")
}

// Forget removes a role and what it was granted in the database at address.
func Forget(t testing.TB, address, role string) {
	if err := execute(context.WithoutCancel(t.Context()), address, "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
		t.Errorf("remove a role: %v", err)
	}
}
