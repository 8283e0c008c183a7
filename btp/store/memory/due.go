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

// Put also ends a claim: whoever holds it works on what is no longer due.
func (t dues) Put(d btp.Due) error {
	if !t.writable {
		return errReadOnly
	}
	d.ClaimedUntil = time.Time{}
	return swap(t.tx, (*state).replaceDue, t.due[dueKey{d.Kind, d.Subject}], &due{Due: d, number: t.number()})
}

func (t dues) Cancel(kind btp.DueKind, subject string) error {
	return swap(t.tx, (*state).replaceDue, t.due[dueKey{kind, subject}], nil)
}

func (t dues) Find(kind btp.DueKind, subject string) (btp.Due, bool, error) {
	if d, ok := t.due[dueKey{kind, subject}]; ok {
		return d.Due, true, nil
	}
	return btp.Due{}, false, nil
}

func (t dues) Claim(kind btp.DueKind, subject string, until time.Time) error {
	old, ok := t.due[dueKey{kind, subject}]
	if !ok {
		return swap(t.tx, (*state).replaceDue, nil, nil)
	}
	now := *old
	now.ClaimedUntil = until
	return swap(t.tx, (*state).replaceDue, old, &now)
}

func (t dues) Next(until time.Time) (btp.Due, bool, error) {
	d, ok, err := t.Earliest()
	if ok && d.At.After(until) {
		return btp.Due{}, false, err
	}
	return d, ok, err
}

// NextFree steps over the claimed rows, which are as few as the processes at work.
func (t dues) NextFree(until, real time.Time) (found btp.Due, ok bool, err error) {
	t.agenda.Scan(func(d *due) bool {
		if d.At.After(until) {
			return false
		}
		ok = !d.ClaimedUntil.After(real)
		if ok {
			found = d.Due
		}
		return !ok
	})
	return found, ok, nil
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
