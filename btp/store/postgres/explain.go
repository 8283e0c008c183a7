package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The SQLSTATEs of PostgreSQL (its appendix A) that we say something of.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	invalidPassword      = "28P01"
	invalidAuthorization = "28000"
	noSuchDatabase       = "3D000"
	noPrivilege          = "42501"
	readOnly             = "25006"
	lockNotAvailable     = "55P03"
	adminShutdown        = "57P01"
	cannotConnectNow     = "57P03"
	tooManyConnections   = "53300"
)

func stateOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// refusedBecauseOfOthers: the same transaction may go through when it is run again. The
// lock of an environment leaves no room for it among pairsims; others may hold locks.
func refusedBecauseOfOthers(err error) bool {
	state := stateOf(err)
	return state == serializationFailure || state == deadlockDetected
}

// isGone: the connection, or its server, has ended.
func isGone(err error) bool {
	var network net.Error
	return stateOf(err) == adminShutdown || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, pgconn.ErrConnClosed) || errors.As(err, &network) && !network.Timeout()
}

// explain says of a failure to open a store what it is about and what helps. The errors
// of pgx name user, host and database, and no password.
func explain(config *pgx.ConnConfig, err error) error {
	var e *pgconn.PgError
	var connecting *pgconn.ConnectError
	switch {
	case errors.As(err, &e):
		return &failure{config, told(config, e), err}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{config, "no answer in time", err}
	case errors.As(err, &connecting):
		_, reason, _ := strings.Cut(connecting.Error(), "`:")
		return &failure{config, "no server to connect to: " + strings.Join(strings.Fields(reason), " "), err}
	}
	return &failure{config, err.Error(), err}
}

// told is what the server said, and what to do about it.
func told(config *pgx.ConnConfig, e *pgconn.PgError) string {
	switch e.Code {
	case invalidPassword, invalidAuthorization:
		return e.Message + ": is the password right (PGPASSWORD or the address), and does pg_hba.conf let the user in?"
	case noSuchDatabase:
		return e.Message + ": CREATE DATABASE makes it"
	case noPrivilege:
		return e.Message + ": the user needs the rights of the tables' owner"
	case readOnly:
		return e.Message + ": is the server a standby?"
	case cannotConnectNow:
		return e.Message + ": try again when it has started"
	case tooManyConnections:
		return e.Message + ": pool_max_conns in the address bounds what one pairsim takes"
	}
	return e.Message + " (SQLSTATE " + e.Code + ")"
}

// failure is an error that says where the database is.
type failure struct {
	config *pgx.ConnConfig
	says   string
	cause  error
}

func (f *failure) Error() string {
	return fmt.Sprintf("PostgreSQL at %s, database %s, user %s: %s",
		net.JoinHostPort(f.config.Host, fmt.Sprint(f.config.Port)), f.config.Database, f.config.User, f.says)
}

func (f *failure) Unwrap() error { return f.cause }
