package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// IsAddress tells an address of a PostgreSQL database from the name of a file.
func IsAddress(data string) bool {
	return strings.HasPrefix(data, "postgres://") || strings.HasPrefix(data, "postgresql://")
}

// Shown is an address as it may be shown: without password and parameters, which may
// hold one too.
func Shown(address string) string {
	u, err := url.Parse(address)
	if err != nil || !IsAddress(address) {
		return "postgres://…"
	}
	if u.RawQuery, u.Fragment = "", ""; u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// connectWithin bounds an attempt to connect, unless the address says connect_timeout.
const connectWithin = 5 * time.Second

// ours are settings of our connections, unless the address says another.
var ours = map[string]string{
	"application_name": "pairsim",
	// Every statement finds its rows by an index and in its order. Statistics come
	// later than rows, and plans of the common form are made once.
	"enable_seqscan": "off", "enable_bitmapscan": "off", "enable_sort": "off", "plan_cache_mode": "force_generic_plan", "jit": "off",
	// A process that has stopped in a step does not keep the lock for ever.
	"idle_in_transaction_session_timeout": fmt.Sprint(stepWithin.Milliseconds()),
	// Nor does a machine that is gone without a word.
	"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "4",
}

// parse reads an address. No part of one that cannot be read is told: any of it may be
// the password.
func parse(address string) (*pgxpool.Config, error) {
	given, err := url.Parse(address)
	if err != nil || !IsAddress(address) {
		return nil, errors.New("this is no address as postgres://user:password@host:5432/database " +
			"(special characters of the password are percent-encoded, as %40 for @)")
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("%s: the address or the variables PG… say something that cannot be used; "+
			"parameters are those of libpq, and pool_max_conns", Shown(address))
	}
	if !given.Query().Has("pool_max_conns") {
		config.MaxConns = connections
	}
	if config.ConnConfig.ConnectTimeout == 0 || !given.Query().Has("connect_timeout") {
		config.ConnConfig.ConnectTimeout = connectWithin
	}
	for name, value := range ours {
		if _, said := config.ConnConfig.RuntimeParams[name]; !said {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	return config, nil
}
