package memory

import (
	"time"

	"github.com/pairsim/pairsim/btp"
)

type dueKey struct {
	kind    btp.DueKind
	subject string
}

// due is a stored row; number puts the one put first first among equal instants.
type due struct {
	btp.Due
	number uint64
}

func (d *due) before(e *due) bool {
	if c := d.At.Compare(e.At); c != 0 {
		return c < 0
	}
	return d.number < e.number
}

type dues struct{ *tx }

func (t dues) Put(d btp.Due) error {
	if !t.writable {
		return errReadOnly
	}
	return swap(t.tx, (*state).replaceDue, t.due[dueKey{d.Kind, d.Subject}], &due{Due: d, number: t.number()})
}

func (t dues) Cancel(kind btp.DueKind, subject string) error {
	return swap(t.tx, (*state).replaceDue, t.due[dueKey{kind, subject}], nil)
}

func (t dues) Next(until time.Time) (btp.Due, bool, error) {
	d, ok, err := t.Earliest()
	if ok && d.At.After(until) {
		return btp.Due{}, false, err
	}
	return d, ok, err
}

func (t dues) Earliest() (btp.Due, bool, error) {
	if d, ok := t.agenda.Min(); ok {
		return d.Due, true, nil
	}
	return btp.Due{}, false, nil
}

func (s *state) replaceDue(old, now *due) {
	if old != nil {
		s.agenda.Delete(old)
		delete(s.due, dueKey{old.Kind, old.Subject})
	}
	if now != nil {
		s.agenda.Set(now)
		s.due[dueKey{now.Kind, now.Subject}] = now
	}
}
