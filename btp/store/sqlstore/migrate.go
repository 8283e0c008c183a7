package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Migrator runs a store's migrations, which stand in the folder migrations of files.
func Migrator(dialect goose.Dialect, db *sql.DB, files fs.FS, options ...goose.ProviderOption) (*goose.Provider, error) {
	sources, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, db, sources, append(options, goose.WithDisableGlobalRegistry(true))...)
}

// Migrate brings a store's tables up to date, and refuses those of a newer pairsim.
func Migrate(ctx context.Context, migrations *goose.Provider) error {
	for {
		stored, known, err := migrations.GetVersions(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("read version: %w", err)
		case stored > known:
			return fmt.Errorf("a newer pairsim made this store: it has version %d, this pairsim knows %d", stored, known)
		case stored == known:
			return nil
		}
		if _, err := migrations.Up(ctx); err != nil {
			// Another process may have migrated at the same time; its work counts.
			if now, _, again := migrations.GetVersions(ctx); again != nil || now == stored {
				return fmt.Errorf("migrate: %w", err)
			}
		}
	}
}
