package sqlite

import (
	"database/sql/driver"
	"time"

	"github.com/pairsim/pairsim/btp"
)

type dues struct{ *tx }

const dueColumns = `SELECT at, kind, subject, claimed_until FROM due WHERE env = ?`

func readDue(r row) btp.Due {
	return btp.Due{At: r.time(0), Kind: btp.DueKind(r.text(1)), Subject: r.text(2), ClaimedUntil: r.time(3)}
}

func (t dues) find(query string, args ...driver.Value) (d btp.Due, ok bool, err error) {
	ok, err = t.one(query, func(r row) error {
		d = readDue(r)
		return nil
	}, args...)
	return d, ok, err
}

// Put also ends a claim: whoever holds it works on what is no longer due.
func (t dues) Put(d btp.Due) error {
	return t.write(`INSERT OR REPLACE INTO due (env, kind, subject, at, number)
		VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(number), 0) + 1 FROM due WHERE env = ?1 AND at = ?4))`,
		t.env, string(d.Kind), d.Subject, d.At)
}

func (t dues) Cancel(kind btp.DueKind, subject string) error {
	return t.write(`DELETE FROM due WHERE env = ? AND kind = ? AND subject = ?`, t.env, string(kind), subject)
}

func (t dues) Find(kind btp.DueKind, subject string) (btp.Due, bool, error) {
	return t.find(dueColumns+` AND kind = ? AND subject = ?`, t.env, string(kind), subject)
}

func (t dues) Claim(kind btp.DueKind, subject string, until time.Time) error {
	return t.write(`UPDATE due SET claimed_until = ? WHERE env = ? AND kind = ? AND subject = ?`, until, t.env, string(kind), subject)
}

func (t dues) Next(until time.Time) (btp.Due, bool, error) {
	d, ok, err := t.Earliest()
	return noLater(until, d, ok, err)
}

// NextFree steps over the claimed rows, which are as few as the processes at work.
func (t dues) NextFree(until, real time.Time) (btp.Due, bool, error) {
	d, ok, err := t.find(dueColumns+` AND (claimed_until IS NULL OR claimed_until <= ?) ORDER BY at, number LIMIT 1`, t.env, real)
	return noLater(until, d, ok, err)
}

// noLater leaves out a row after until.
func noLater(until time.Time, d btp.Due, ok bool, err error) (btp.Due, bool, error) {
	if ok && d.At.After(until) {
		return btp.Due{}, false, err
	}
	return d, ok, err
}

func (t dues) Earliest() (btp.Due, bool, error) {
	return t.find(dueColumns+` ORDER BY at, number LIMIT 1`, t.env)
}
