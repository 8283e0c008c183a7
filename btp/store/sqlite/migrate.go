package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"os"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/pairsim/pairsim/btp/store/sqlstore"
)

// applicationID marks our files; the first migration writes it ("PSIM").
const applicationID = 1347636045

//go:embed migrations/*.sql
var migrations embed.FS

// prepareFile creates the file, or checks that it is ours, and brings its tables up to date.
func prepareFile(ctx context.Context, path, dsn string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // it holds private keys
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if err := checkOwner(ctx, db); err != nil {
		return err
	}
	return migrate(ctx, db)
}

// checkOwner refuses a file that another program made. It writes nothing.
func checkOwner(ctx context.Context, db *sql.DB) error {
	var id, tables int
	// The table of versions comes just before the first migration, which marks the file.
	err := db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT count(*) FROM sqlite_schema WHERE tbl_name NOT IN ('goose_db_version', 'sqlite_sequence'))`).Scan(&id, &tables)
	var broken *driver.Error
	if errors.As(err, &broken) && broken.Code()&0xff == lib.SQLITE_NOTADB {
		return errors.New("this is not a pairsim store: not an SQLite file")
	}
	if err != nil {
		return err
	}
	if id != applicationID && (id != 0 || tables > 0) {
		return errors.New("this is not a pairsim store: an SQLite file of another program")
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	p, err := migrator(db)
	if err != nil {
		return err
	}
	return sqlstore.Migrate(ctx, p)
}

func migrator(db *sql.DB) (*goose.Provider, error) {
	return sqlstore.Migrator(goose.DialectSQLite3, db, migrations)
}
