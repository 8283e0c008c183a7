package sqlstore

import (
	"database/sql/driver"
	"time"

	"github.com/pairsim/pairsim/btp"
)

type dues struct{ *tx }

const (
	dueColumns = `SELECT at, kind, subject, claimed_until, reads, hold, parked, tries FROM due WHERE env = ?`
	// waitsForInstant is the condition of the index due_by_instant.
	waitsForInstant = ` AND reads = 0 AND hold = ''`
)

func readDue(r Row) btp.Due {
	return btp.Due{
		At: r.Time(0), Kind: btp.DueKind(r.Text(1)), Subject: r.Text(2), ClaimedUntil: r.Time(3),
		Reads: int(r.Number(4)), Hold: btp.HoldID(r.Text(5)), Parked: r.Flag(6),
		Tries: int(r.Number(7)),
	}
}

func (t dues) find(query string, args ...driver.Value) (d btp.Due, ok bool, err error) {
	ok, err = t.one(query, func(r Row) error {
		d = readDue(r)
		return nil
	}, args...)
	return d, ok, err
}

// Put also ends a claim: whoever holds it works on what is no longer due.
func (t dues) Put(d btp.Due) error {
	const put = `INSERT INTO due (env, kind, subject, at, tries, number, reads, hold) VALUES (?1, ?2, ?3, ?4, ?5, `
	const last = `(SELECT coalesce(max(number), 0) + 1 FROM due WHERE env = ?1 AND at = ?4 AND `
	const instead = ` ON CONFLICT (env, kind, subject) DO UPDATE SET at = excluded.at, tries = excluded.tries, number = excluded.number,
		reads = excluded.reads, hold = excluded.hold, claimed_until = NULL, parked = 0`
	switch {
	case d.Hold != "":
		return t.write(put+last+`hold <> ''), ?6, ?7)`+instead, t.env, string(d.Kind), d.Subject, d.At, int64(d.Tries), int64(d.Reads), string(d.Hold))
	case d.Reads > 0: // it has no place among others
		return t.write(put+`0, ?6, '')`+instead, t.env, string(d.Kind), d.Subject, d.At, int64(d.Tries), int64(d.Reads))
	}
	return t.write(put+last+`reads = 0 AND hold = ''), 0, '')`+instead, t.env, string(d.Kind), d.Subject, d.At, int64(d.Tries))
}

func (t dues) Cancel(kind btp.DueKind, subject string) error {
	return t.write(`DELETE FROM due WHERE env = ? AND kind = ? AND subject = ?`, t.env, string(kind), subject)
}

func (t dues) Find(kind btp.DueKind, subject string) (btp.Due, bool, error) {
	return t.find(dueColumns+` AND kind = ? AND subject = ?`, t.env, string(kind), subject)
}

func (t dues) Claim(kind btp.DueKind, subject string, until time.Time) error {
	return t.claim(kind, subject, until, false)
}

func (t dues) Park(kind btp.DueKind, subject string, until time.Time) error {
	return t.claim(kind, subject, until, true)
}

func (t dues) claim(kind btp.DueKind, subject string, until time.Time, parked bool) error {
	return t.write(`UPDATE due SET claimed_until = ?, parked = ? WHERE env = ? AND kind = ? AND subject = ?`,
		until, flag(parked), t.env, string(kind), subject)
}

func (t dues) Next(until, real time.Time) (btp.Due, bool, error) {
	d, ok, err := t.Earliest(real)
	return noLater(until, d, ok, err)
}

// NextFree steps over the claimed rows, which are as few as the processes at work.
func (t dues) NextFree(until, real time.Time) (btp.Due, bool, error) {
	d, ok, err := t.find(dueColumns+waitsForInstant+` AND (claimed_until IS NULL OR claimed_until <= ?) ORDER BY at, number LIMIT 1`, t.env, real)
	return noLater(until, d, ok, err)
}

// noLater leaves out a row after until.
func noLater(until time.Time, d btp.Due, ok bool, err error) (btp.Due, bool, error) {
	if ok && d.At.After(until) {
		return btp.Due{}, false, err
	}
	return d, ok, err
}

func (t dues) Earliest(real time.Time) (btp.Due, bool, error) {
	return t.find(dueColumns+waitsForInstant+` AND (parked = 0 OR claimed_until IS NULL OR claimed_until <= ?) ORDER BY at, number LIMIT 1`, t.env, real)
}

func (t dues) FindHeld(id btp.HoldID) (btp.Due, bool, error) {
	return t.find(dueColumns+` AND hold = ? AND hold <> ''`, t.env, string(id))
}

func (t dues) ListHeld(limit int) (list []btp.Due, err error) {
	err = t.query(dueColumns+` AND hold <> '' ORDER BY at, number LIMIT ?`, func(r Row) error {
		list = append(list, readDue(r))
		return nil
	}, t.env, int64(limit))
	return list, err
}
