// Package sqlstore keeps btp's concepts in tables: one small store per concept,
// with the SQL that SQLite and PostgreSQL both take. How a step is made atomic, and
// how a statement reaches the database, is the business of btp/store/sqlite and
// btp/store/postgres, which also keep the tables.
//
// The common form of statements: parameters are ?, or ?1, ?2, …; numbers, flags and
// times are 64-bit integers (Row, Stored); nothing waits for a constraint to fail,
// because in PostgreSQL that would end the transaction.
package sqlstore

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// Conn runs the statements of one transaction. Those of a step run without its
// context: they are short.
type Conn interface {
	// Write runs a statement. That it failed may be told later, by the commit at the latest.
	Write(query string, args ...driver.Value) error
	// Exec is Write for who wants to know at once how many rows it changed.
	Exec(query string, args ...driver.Value) (int64, error)
	// Query shows each row to scan, which must not use the connection.
	Query(query string, scan func(Row) error, args ...driver.Value) error
}

// Options is how a run of a change or read goes.
type Options struct {
	// Writable: without it, what changes something is refused.
	Writable bool
	// Hints: the database is told which index to walk along.
	Hints bool
	// Hot is what the connection remembers; nil: nothing.
	Hot *Hot
}

var errReadOnly = errors.New("a view cannot write")

// Tx is one run of a change or read, and what a store is asked beside it.
type Tx interface {
	btp.Tx
	// Environments lists the environments that have a record, by id.
	Environments() ([]btp.EnvironmentID, error)
	// Drop removes the environment's rows from every table.
	Drop() error
}

type tx struct {
	Options

	conn Conn
	env  string

	// What the run has read last: rules read before they write, and what is
	// known to exist is written with less.
	lastSystem  btp.SystemID
	lastToken   btp.TokenID
	lastAttempt btp.AttemptID
	attemptOf   btp.SystemID
	lastObject  objectRef
}

// New begins a run over the objects of env.
func New(c Conn, env btp.EnvironmentID, o Options) Tx {
	return &tx{Options: o, conn: c, env: string(env)}
}

func (t *tx) Environment() btp.EnvironmentStore    { return environments{t} }
func (t *tx) Accounts() btp.AccountStore           { return accounts{t} }
func (t *tx) Systems() btp.SystemStore             { return systems{t} }
func (t *tx) Tokens() btp.TokenStore               { return tokens{t} }
func (t *tx) Keys() btp.KeyStore                   { return keys{t} }
func (t *tx) Attempts() btp.AttemptStore           { return attempts{t} }
func (t *tx) Certificates() btp.CertificateStore   { return certificates{t} }
func (t *tx) Services() btp.ServiceStore           { return services{t} }
func (t *tx) Due() btp.DueStore                    { return dues{t} }
func (t *tx) Authorities() btp.AuthorityStore      { return authorities{t} }
func (t *tx) Formations() btp.FormationStore       { return formations{t} }
func (t *tx) Assignments() btp.AssignmentStore     { return assignments{t} }
func (t *tx) Entitlements() btp.EntitlementStore   { return entitlements{t} }
func (t *tx) Incidents() btp.IncidentStore         { return incidents{t} }
func (t *tx) Reservations() btp.ReservationStore   { return reservations{t} }
func (t *tx) Replays() btp.ReplayStore             { return replays{t} }
func (t *tx) OAuthClients() btp.OAuthClientStore   { return oauthClients{t} }
func (t *tx) Transitions() btp.TransitionStore     { return transitions{t} }
func (t *tx) Subscriptions() btp.SubscriptionStore { return subscriptions{t} }
func (t *tx) Deliveries() btp.DeliveryStore        { return deliveries{t} }
func (t *tx) Objects() btp.ObjectStore             { return objects{t} }
func (t *tx) Contents() btp.ContentsStore          { return contents{t} }

// query runs a statement and shows each row to scan, which must not use t.
func (t *tx) query(query string, scan func(Row) error, args ...driver.Value) error {
	return t.conn.Query(query, scan, args...)
}

// one is query for at most one row; it says whether there was one.
func (t *tx) one(query string, scan func(Row) error, args ...driver.Value) (bool, error) {
	found := false
	err := t.conn.Query(query, func(r Row) error {
		found = true
		return scan(r)
	}, args...)
	return found, err
}

// write runs a statement that changes something; a view refuses it.
func (t *tx) write(query string, args ...driver.Value) error {
	if !t.Writable {
		return errReadOnly
	}
	return t.conn.Write(query, args...)
}

func (t *tx) writeCounted(query string, args ...driver.Value) (int64, error) {
	if !t.Writable {
		return 0, errReadOnly
	}
	return t.conn.Exec(query, args...)
}

// along tells a database that takes hints which index to walk along.
func (t *tx) along(index string) string {
	if !t.Hints {
		return ""
	}
	return " INDEXED BY " + index
}

// table has the statements that write a row. They all take its columns in the same
// order, those of its key first, whose last is the object's own.
type table struct {
	name string
	// upsert creates or replaces the row of a key.
	upsert string
	// insert creates a row, and does nothing when it would not be unique.
	insert string
	// update changes the row of a key; it does nothing when its place is another's.
	update string
}

// ordered is a table whose rows have a sequence, which is unique within scope: columns
// beside it.
func ordered(name, key, scope, rest string) table {
	t := tableOf(name, key, rest)
	columns, keys := strings.Split(key+", "+rest, ", "), strings.Split(key, ", ")
	parameter := func(c string) string { return fmt.Sprintf("?%d", slices.Index(columns, c)+1) }
	own := keys[len(keys)-1]
	t.update += " AND NOT EXISTS (SELECT 1 FROM " + name + " o WHERE "
	for _, c := range append(strings.Split(scope, ", "), "sequence") {
		t.update += "o." + c + " = " + parameter(c) + " AND "
	}
	t.update += "o." + own + " <> " + parameter(own) + ")"
	return t
}

// tableOf makes the statements of a table, from the names of its columns.
func tableOf(name, key, rest string) table {
	keys, others := strings.Split(key, ", "), strings.Split(rest, ", ")
	values, sets, excluded, match := []string{}, []string{}, []string{}, []string{}
	for i, c := range append(keys[:len(keys):len(keys)], others...) {
		p := fmt.Sprintf("?%d", i+1)
		values = append(values, p)
		if i < len(keys) {
			match = append(match, c+" = "+p)
			continue
		}
		sets = append(sets, c+" = "+p)
		excluded = append(excluded, c+" = excluded."+c)
	}
	list := func(parts []string) string { return strings.Join(parts, ", ") }
	create := "INSERT INTO " + name + " (" + key + ", " + rest + ") VALUES (" + list(values) + ") ON CONFLICT "
	return table{
		name:   name,
		upsert: create + "(" + key + ") DO UPDATE SET " + list(excluded),
		insert: create + "DO NOTHING",
		update: "UPDATE " + name + " SET " + list(sets) + " WHERE " + strings.Join(match, " AND "),
	}
}

// put creates or replaces a row where nothing but its key is unique.
func (t *tx) put(in table, args ...driver.Value) error { return t.write(in.upsert, args...) }

// putUnique creates or replaces a row where more than its key is unique. kept: it is
// there, and what is unique of it stays. taken refuses when another row has the name
// that this one is to have; nil: there are no names.
func (t *tx) putUnique(in table, kept bool, taken func() error, args ...driver.Value) error {
	if kept {
		if n, err := t.writeCounted(in.update, args...); err != nil || n > 0 {
			return err
		}
	}
	n, err := t.writeCounted(in.insert, args...)
	if err != nil || n > 0 {
		return err
	}
	if taken != nil {
		if err := taken(); err != nil {
			return err
		}
	}
	n, err = t.writeCounted(in.update, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("table %s: another row has what is to be unique of the one with key %v", in.name, args[1])
	}
	return err
}
