package landscape

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/store/postgres"
	"github.com/pairsim/pairsim/btp/store/sqlite"
)

// DatabaseError says why a database cannot be used.
type DatabaseError struct{ Cause error }

func (e *DatabaseError) Error() string { return "--data: " + e.Cause.Error() }

func (e *DatabaseError) Unwrap() error { return e.Cause }

// ShownData is where the registry's data are, as it may be shown: "" for memory.
func (c Config) ShownData() string {
	switch {
	case c.Data == "" || c.Data == "memory":
		return ""
	case postgres.IsAddress(c.Data):
		return postgres.Shown(c.Data)
	}
	return c.Data
}

// InDatabase says whether the registry's data are where other processes have them too.
func (c Config) InDatabase() bool { return postgres.IsAddress(c.Data) }

// beside is what the names of files begin with that are this process's own: its
// tenants' and its journal's; "" where they are in memory.
func (c Config) beside() string {
	switch {
	case c.ShownData() == "", c.InDatabase() && c.LocalData == "":
		return ""
	case c.InDatabase():
		return filepath.Join(c.LocalData, "pairsim")
	}
	return c.Data
}

// partOfTenants is what a process holds while it plays tenants of a shared landscape.
const partOfTenants = "tenants"

func (l *Landscape) openStore(ctx context.Context) (err error) {
	cfg := l.config
	switch {
	case cfg.ShownData() == "":
		l.store = memory.New()
		return nil
	case cfg.InDatabase():
		return l.openDatabase(ctx)
	}
	var options []sqlite.Option
	if cfg.SyncFull {
		options = append(options, sqlite.WithSync(sqlite.Full))
	}
	file, err := sqlite.Open(ctx, cfg.Data, options...)
	if err != nil {
		return fmt.Errorf("--data %s: %w", cfg.Data, err)
	}
	l.store = file
	return nil
}

// openDatabase opens what other processes may have open. The state of a tenant belongs
// to one of them: behind a load balancer two would answer for it in turn.
func (l *Landscape) openDatabase(ctx context.Context) error {
	database, err := postgres.Open(ctx, l.config.Data)
	if err != nil {
		return &DatabaseError{err}
	}
	l.store = database
	if !l.plays(RoleCX) && !l.plays(RoleMarketing) {
		return nil
	}
	alone, err := database.Alone(ctx, partOfTenants)
	if err == nil && !alone {
		err = errors.New("another process plays tenants of this landscape already; start this one with --roles btp")
	}
	if err != nil {
		return &DatabaseError{err}
	}
	return nil
}

// find is an environment beside the first: one that is served here or, with data in a
// database, that another process has made. A balancer leads requests to any of them.
// nil: there is none.
func (l *Landscape) find(ctx context.Context, id btp.EnvironmentID) *environment {
	e := l.environments.find(id)
	if e != nil || !l.shares() || btp.CheckEnvironmentName(string(id)) != nil || id == btp.DefaultEnvironment {
		return e
	}
	ctx = context.WithoutCancel(ctx)
	e, adopted := l.adopt(ctx, id)
	if adopted {
		e.goLive(ctx)
	}
	return e
}

// shares: other processes may make environments of this landscape.
func (l *Landscape) shares() bool { return l.config.InDatabase() && l.plays(RoleRegistry) }

func (l *Landscape) adopt(ctx context.Context, id btp.EnvironmentID) (e *environment, adopted bool) {
	l.adopting.Lock()
	defer l.adopting.Unlock()
	if e := l.environments.find(id); e != nil { // somebody else wanted it too
		return e, false
	}
	stored, err := l.store.Environments(ctx)
	if err == nil && !slices.Contains(stored, id) {
		return nil, false
	}
	if err == nil {
		err = l.reopenEnvironment(ctx, id)
	}
	if err != nil && btp.CodeOf(err) != btp.NameTaken { // or the one before it is just being let go
		l.log.Warn("an environment of another process cannot be served", "environment", string(id), "error", err)
	}
	e = l.environments.find(id)
	return e, e != nil
}

// adoptAll serves all that other processes have made.
func (l *Landscape) adoptAll(ctx context.Context) {
	if !l.shares() {
		return
	}
	stored, err := l.store.Environments(ctx)
	if err != nil {
		l.log.Warn("environments of other processes cannot be listed", "error", err)
	}
	for _, id := range stored {
		l.find(ctx, id)
	}
}
