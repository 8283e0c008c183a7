package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

// versionTable holds the versions of our tables. That it is there marks a schema as ours.
const versionTable = "pairsim_version"

// oldest is the oldest PostgreSQL that will do, in its own count.
const oldest = 13_00_00

//go:embed migrations/*.sql
var migrations embed.FS

// prepare makes the tables, or checks that they are ours and brings them up to date.
// It returns the schema that they are in.
func prepare(ctx context.Context, config *pgx.ConnConfig) (schema string, err error) {
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	if schema, err = checkServer(ctx, c); err != nil {
		return "", err
	}
	// Of processes that begin at once, one migrates.
	key := lockKey(schema, "\x00migrations")
	if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		return "", err
	}
	if err := checkOwner(ctx, c, schema); err != nil {
		return "", err
	}
	if err := migrate(ctx, config); err != nil {
		return "", err
	}
	return schema, checkTables(ctx, c, schema)
}

// checkServer refuses a server or database that cannot hold our tables.
func checkServer(ctx context.Context, c *pgx.Conn) (schema string, err error) {
	var version int
	var shown, encoding, path string
	var current *string
	err = c.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		current_setting('server_encoding'), current_setting('search_path'), current_schema()`).Scan(&version, &shown, &encoding, &path, &current)
	switch {
	case err != nil:
		return "", err
	case checkVersion(version, shown) != nil:
		return "", checkVersion(version, shown)
	case encoding != "UTF8":
		return "", fmt.Errorf("the database has the encoding %s: pairsim needs UTF8", encoding)
	case current == nil:
		return "", fmt.Errorf("none of the schemas of the search path (%s) exists: CREATE SCHEMA makes one", path)
	}
	return *current, nil
}

func checkVersion(version int, shown string) error {
	if version < oldest {
		return fmt.Errorf("PostgreSQL %s is too old: pairsim needs %d or newer", shown, oldest/10000)
	}
	return nil
}

// checkOwner refuses a schema in which another program has tables of our names.
func checkOwner(ctx context.Context, c *pgx.Conn, schema string) error {
	there, err := tablesThere(ctx, c, schema)
	if err != nil || slices.Contains(there, versionTable) {
		return err
	}
	for _, name := range sqlstore.Tables() {
		if slices.Contains(there, name) {
			return fmt.Errorf("this is not a pairsim store: schema %s has the table %s of another program; "+
				"a schema of its own is named by ?search_path=SCHEMA", schema, name)
		}
	}
	var may bool
	err = c.QueryRow(ctx, `SELECT has_schema_privilege($1, 'CREATE')`, schema).Scan(&may)
	if err == nil && !may {
		err = fmt.Errorf("%s may not make tables in schema %s: GRANT CREATE ON SCHEMA %s, or make a schema of its own and name it by ?search_path=SCHEMA",
			c.Config().User, schema, schema)
	}
	return err
}

// checkTables refuses a schema whose versions promise tables that are not there, or that
// may not be used.
func checkTables(ctx context.Context, c *pgx.Conn, schema string) error {
	there, err := tablesThere(ctx, c, schema)
	if err != nil {
		return err
	}
	var missing, forbidden []string
	for _, name := range sqlstore.Tables() {
		if !slices.Contains(there, name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the store is incomplete: schema %s has the table %s, but lacks %s", schema, versionTable, strings.Join(missing, ", "))
	}
	rows, err := c.Query(ctx, `SELECT t FROM unnest($1::text[]) t WHERE NOT (has_table_privilege(t, 'SELECT') AND
		has_table_privilege(t, 'INSERT') AND has_table_privilege(t, 'UPDATE') AND has_table_privilege(t, 'DELETE'))`, sqlstore.Tables())
	if err == nil {
		forbidden, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err == nil && len(forbidden) > 0 {
		err = fmt.Errorf("%s may not read and write the tables %s in schema %s: GRANT SELECT, INSERT, UPDATE, DELETE",
			c.Config().User, strings.Join(forbidden, ", "), schema)
	}
	return err
}

func tablesThere(ctx context.Context, c *pgx.Conn, schema string) ([]string, error) {
	rows, err := c.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = $1`, schema)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func migrate(ctx context.Context, config *pgx.ConnConfig) error {
	db := stdlib.OpenDB(*config)
	defer db.Close()
	p, err := sqlstore.Migrator(goose.DialectPostgres, db, migrations, goose.WithTableName(versionTable))
	if err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, p)
}
