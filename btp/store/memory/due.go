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
	d.ClaimedUntil, d.Parked = time.Time{}, false
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
	return t.claim(kind, subject, until, false)
}

func (t dues) Park(kind btp.DueKind, subject string, until time.Time) error {
	return t.claim(kind, subject, until, true)
}

func (t dues) claim(kind btp.DueKind, subject string, until time.Time, parked bool) error {
	old, ok := t.due[dueKey{kind, subject}]
	if !ok {
		return swap(t.tx, (*state).replaceDue, nil, nil)
	}
	now := *old
	now.ClaimedUntil, now.Parked = until, parked
	return swap(t.tx, (*state).replaceDue, old, &now)
}

func (t dues) Next(until, real time.Time) (btp.Due, bool, error) {
	d, ok, err := t.Earliest(real)
	if ok && d.At.After(until) {
		return btp.Due{}, false, err
	}
	return d, ok, err
}

// NextFree steps over the claimed rows, which are as few as the processes at work.
func (t dues) NextFree(until, real time.Time) (btp.Due, bool, error) {
	return t.first(func(d *due) bool { return !d.ClaimedUntil.After(real) || d.At.After(until) }, until)
}

func (t dues) Earliest(real time.Time) (btp.Due, bool, error) {
	return t.first(func(d *due) bool { return !d.Parked || !d.ClaimedUntil.After(real) }, time.Time{})
}

// first is the first row that is chosen, unless it is after until; zero: without end.
func (t dues) first(chosen func(*due) bool, until time.Time) (found btp.Due, ok bool, err error) {
	t.agenda.Scan(func(d *due) bool {
		if ok = chosen(d); ok {
			found = d.Due
		}
		return !ok
	})
	if ok && !until.IsZero() && found.At.After(until) {
		return btp.Due{}, false, nil
	}
	return found, ok, nil
}

func (t dues) FindHeld(id btp.HoldID) (btp.Due, bool, error) {
	if d, ok := t.holds[id]; ok {
		return d.Due, true, nil
	}
	return btp.Due{}, false, nil
}

func (t dues) ListHeld(limit int) (list []btp.Due, err error) {
	t.held.Scan(func(d *due) bool {
		if len(list) < limit {
			list = append(list, d.Due)
		}
		return len(list) < limit
	})
	return list, nil
}

func (s *state) replaceDue(old, now *due) {
	if old != nil {
		delete(s.due, dueKey{old.Kind, old.Subject})
		switch {
		case old.Hold != "":
			s.held.Delete(old)
			delete(s.holds, old.Hold)
		case old.Reads == 0:
			s.agenda.Delete(old)
		}
	}
	if now != nil {
		s.due[dueKey{now.Kind, now.Subject}] = now
		switch {
		case now.Hold != "":
			s.held.Set(now)
			s.holds[now.Hold] = now
		case now.Reads == 0:
			s.agenda.Set(now)
		}
	}
}
