package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/pairsim/pairsim/btp/store/postgres"
	"github.com/pairsim/pairsim/btp/store/postgres/postgrestest"
	"github.com/pairsim/pairsim/btp/store/sqlite"
)

// secret is a password that no error may tell.
const secret = "s3cr3t-Wort"

// Open says what is wrong with a database, at once, and tells no password.
func TestOpenRefuses(t *testing.T) {
	lonely := func(t *testing.T, statements string) string {
		t.Helper()
		address := postgrestest.Empty(t)
		role := fmt.Sprintf("lonely_%d", time.Now().UnixNano())
		postgrestest.Exec(t, address, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", role, secret))
		t.Cleanup(func() { postgrestest.Forget(t, address, role) })
		if statements == "" {
			postgrestest.Exec(t, address, "REVOKE CREATE ON SCHEMA public FROM public")
		} else {
			closing(t, openStore(t, address))
			postgrestest.Exec(t, address, fmt.Sprintf(statements, role))
		}
		return postgrestest.As(address, role, secret)
	}
	changed := func(statements string) func(*testing.T) string {
		return func(t *testing.T) string {
			t.Helper()
			address := postgrestest.New(t)
			postgrestest.Exec(t, address, statements)
			return address
		}
	}
	for _, c := range []struct {
		name    string
		address func(t *testing.T) string
		want    string
	}{
		{"no server", func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			return "postgres://pairsim:" + secret + "@" + l.Addr().String() + "/pairsim"
		}, "no server to connect to"},
		{"a wrong password", func(t *testing.T) string { return postgrestest.As(postgrestest.New(t), "postgres", secret) }, "is the password right"},
		{"no such user", func(t *testing.T) string { return postgrestest.As(postgrestest.New(t), "nobody", secret) }, "is the password right"},
		{"no such database", func(t *testing.T) string {
			u, err := url.Parse(postgrestest.New(t))
			if err != nil {
				t.Fatal(err)
			}
			u.Path = "/none"
			return u.String()
		}, `database "none" does not exist: CREATE DATABASE makes it`},
		{"no such schema", func(t *testing.T) string { return postgrestest.New(t) + "?search_path=none" }, "CREATE SCHEMA makes one"},
		{"no right to make tables", func(t *testing.T) string { return lonely(t, "") }, "may not make tables in schema public: GRANT CREATE"},
		{"no right to use the tables", func(t *testing.T) string {
			return lonely(t, "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO %s")
		}, "GRANT SELECT, INSERT, UPDATE, DELETE"},
		{"tables of another program", func(t *testing.T) string {
			address := postgrestest.Empty(t)
			postgrestest.Exec(t, address, "CREATE TABLE systems (id text)")
			return address
		}, "table systems of another program"},
		{"a newer pairsim", changed("INSERT INTO pairsim_version (version_id, is_applied) VALUES (99, true)"), "a newer pairsim made this store: it has version 99"},
		{"tables that were removed", changed("DROP TABLE due, objects"), "the store is incomplete: schema public has the table pairsim_version, but lacks due, objects"},
		{"another encoding", func(t *testing.T) string { return postgrestest.Encoded(t, "SQL_ASCII") }, "the encoding SQL_ASCII: pairsim needs UTF8"},
		{"no address", func(*testing.T) string { return "postgres://u:" + secret + "%zz@h/d" }, "no address as postgres://"},
		{"a setting that is none", func(t *testing.T) string { return postgrestest.New(t) + "?sslmode=" + secret }, "cannot be used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := c.address(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			s, err := postgres.Open(ctx, address)
			if err == nil {
				s.Close()
				t.Fatal("Open: want a refusal")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to say %q", err, c.want)
			}
			passwords := []string{secret}
			if u, err := url.Parse(address); err == nil {
				password, _ := u.User.Password()
				passwords = append(passwords, password)
			}
			for _, p := range passwords {
				if strings.Contains(err.Error(), p) {
					t.Errorf("the password is told: %q", err)
				}
			}
		})
	}
}

func TestOldServer(t *testing.T) {
	if err := postgres.CheckVersion(120022, "12.22"); err == nil || !strings.Contains(err.Error(), "PostgreSQL 12.22 is too old: pairsim needs 13 or newer") {
		t.Errorf("12.22: got %v", err)
	}
	if err := postgres.CheckVersion(130000, "13.0"); err != nil {
		t.Errorf("13.0: got %v", err)
	}
}

// A server that takes connections and says nothing is given up in time.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := postgres.Open(t.Context(), "postgres://u:"+secret+"@"+l.Addr().String()+"/d?connect_timeout=1&sslmode=disable")
	if err == nil {
		s.Close()
		t.Fatal("Open: want a refusal")
	}
	if !strings.Contains(err.Error(), "no answer in time") || strings.Contains(err.Error(), secret) {
		t.Errorf("got %q, want it to say that there was no answer", err)
	}
}

// SQLite and PostgreSQL have the same tables, at the same version: what one migration
// adds, the other's of the same number adds too.
func TestSameTablesAsSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store.db")
	one, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	address := postgrestest.New(t)
	c, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())

	ours, theirs := map[string]string{}, map[string]string{}
	rows, err := db.QueryContext(t.Context(), `SELECT t.name || '.' || c.name, c.type || iif(c."notnull" OR c.pk, ' NOT NULL', '') FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT IN ('goose_db_version', 'sqlite_sequence') AND c.name <> 'number'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types := strings.NewReplacer("TEXT", "text", "INTEGER", "bigint", "BLOB", "bytea")
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			t.Fatal(err)
		}
		theirs[name] = types.Replace(kind)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	others, err := c.Query(t.Context(), `SELECT table_name || '.' || column_name, data_type || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'pairsim_version' AND column_name <> 'number'`)
	if err != nil {
		t.Fatal(err)
	}
	defer others.Close()
	for others.Next() {
		var name, kind string
		if err := others.Scan(&name, &kind); err != nil {
			t.Fatal(err)
		}
		ours[name] = kind
	}
	if diff := cmp.Diff(theirs, ours); diff != "" || len(ours) < 100 {
		t.Errorf("columns (-SQLite +PostgreSQL):\n%s", diff)
	}
	var known, stored int
	if err := db.QueryRowContext(t.Context(), `SELECT max(version_id) FROM goose_db_version`).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if err := c.QueryRow(t.Context(), `SELECT max(version_id) FROM pairsim_version`).Scan(&known); err != nil || known != stored {
		t.Errorf("version: got %d, %v, SQLite has %d", known, err, stored)
	}
}
