package postgrestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/internal/freeport"
)

// Server is a PostgreSQL server that runs. It ends when it is closed, or when the
// process that started it has died.
type Server struct {
	port    int
	copying string       // how a database is copied from another
	number  atomic.Int64 // of the latest database
	hold    io.Closer
}

// Start starts a server from the programs of this machine. ErrMissing: they are not there.
func Start(ctx context.Context) (*Server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	s, err := start(ctx, programs)
	if err != nil {
		return nil, err
	}
	if err := s.makeTemplate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// ErrMissing says what to install.
var ErrMissing = errors.New("initdb and postgres are missing: install PostgreSQL (Debian: apt-get install postgresql), or run make setup as root")

// startWithin bounds how long the server takes to start.
const startWithin = time.Minute

// Close ends the server and removes its data.
func (s *Server) Close() error { return s.hold.Close() }

// Database makes a database with the tables of a store and returns its address. It is
// left for the server to take along: dropping one takes as long as making it.
func (s *Server) Database(ctx context.Context) (address string, err error) {
	return s.database(ctx, template)
}

func (s *Server) database(ctx context.Context, from string) (address string, err error) {
	name := fmt.Sprintf("test_%d", s.number.Add(1))
	err = execute(ctx, s.address("postgres"), "CREATE DATABASE "+name+" TEMPLATE "+from+s.copying)
	return s.address(name), err
}

func (s *Server) address(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: database,
	}).String()
}

// findPrograms finds the folder of initdb and postgres: in PATH, or where Debian has it.
func findPrograms() (folder string, err error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) == 0 {
		return "", ErrMissing
	}
	slices.SortFunc(found, func(a, b string) int { return major(b) - major(a) })
	return filepath.Dir(found[0]), nil
}

func major(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb)))) // 0 for what has another name
	return n
}

// supervise runs the server until its standard input ends, which it does with the
// process that holds the other end, however that ends. Then nothing of it is left.
const supervise = `"$0" "$@" </dev/null >"$PGDATA.log" 2>&1 & server=$!
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$(dirname "$PGDATA")"`

// settings make a server quick that nobody needs after its death.
var settings = []string{
	"fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "autovacuum=off",
	"max_connections=300", "shared_buffers=64MB", "listen_addresses=127.0.0.1", "unix_socket_directories=",
}

func start(ctx context.Context, programs string) (_ *Server, err error) {
	base, err := os.MkdirTemp("", "pairsim-postgres-")
	if err != nil {
		return nil, err
	}
	started := false
	defer func() {
		if !started {
			err = errors.Join(err, os.RemoveAll(base))
		}
	}()
	owner, err := ownerOf(base)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(base, "data")
	secret := filepath.Join(base, "password")
	if err := errors.Join(os.WriteFile(secret, []byte(password), 0o600), owner.give(base, secret)); err != nil {
		return nil, err
	}
	initdb := exec.CommandContext(ctx, filepath.Join(programs, "initdb"), "--pgdata", data, "--username", "postgres", "--pwfile", secret,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	initdb.Dir = base
	owner.run(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freeport.Find()
	if err != nil {
		return nil, err
	}
	arguments := []string{"-c", supervise, filepath.Join(programs, "postgres"), "-p", strconv.Itoa(port)}
	for _, s := range settings {
		arguments = append(arguments, "-c", s)
	}
	shell := exec.Command("sh", arguments...) //nolint:noctx // it ends with its standard input
	shell.Dir, shell.Env = base, append(os.Environ(), "PGDATA="+data)
	owner.run(shell)
	hold, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	started = true // from here on the shell clears away
	s := &Server{port: port, hold: hold}
	if err := s.ready(ctx); err != nil {
		log, _ := os.ReadFile(data + ".log") // without it the error stands alone
		return nil, errors.Join(fmt.Errorf("%w\n%s", err, bytes.TrimSpace(log)), hold.Close())
	}
	return s, nil
}

// ready waits until the server answers.
func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := execute(ctx, s.address("postgres"), "SELECT 1")
		if err == nil {
			return nil
		}
		if !strings.Contains(err.Error(), "refused") && !strings.Contains(err.Error(), "57P03") {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
