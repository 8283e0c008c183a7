package sqlite

import (
	"time"

	"github.com/pairsim/pairsim/btp"
)

type dues struct{ *tx }

func (t dues) Put(d btp.Due) error {
	return t.write(`INSERT OR REPLACE INTO due (env, kind, subject, at, number)
		VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(number), 0) + 1 FROM due WHERE env = ?1 AND at = ?4))`,
		t.env, string(d.Kind), d.Subject, d.At)
}

func (t dues) Cancel(kind btp.DueKind, subject string) error {
	return t.write(`DELETE FROM due WHERE env = ? AND kind = ? AND subject = ?`, t.env, string(kind), subject)
}

func (t dues) Next(until time.Time) (btp.Due, bool, error) {
	d, ok, err := t.Earliest()
	if ok && d.At.After(until) {
		return btp.Due{}, false, err
	}
	return d, ok, err
}

func (t dues) Earliest() (d btp.Due, ok bool, err error) {
	ok, err = t.one(`SELECT at, kind, subject FROM due WHERE env = ? ORDER BY at, number LIMIT 1`, func(r row) error {
		d = btp.Due{At: r.time(0), Kind: btp.DueKind(r.text(1)), Subject: r.text(2)}
		return nil
	}, t.env)
	return d, ok, err
}
