package btp

import (
	"context"
	"fmt"
	"math"
	"time"
)

// The kinds of due work.
const (
	DueTokenExpiry     DueKind = "token-expiry"       // subject: token id
	DueAttemptDeadline DueKind = "attempt-deadline"   // subject: system id
	DueCertExpiry      DueKind = "certificate-expiry" // subject: serial
	DueKeyRetirement   DueKind = "key-retirement"     // subject: key id
)

// dueWork says what each kind does when its instant has come.
var dueWork = map[DueKind]func(u *unit, subject string) error{
	DueTokenExpiry:     (*unit).tokenExpires,
	DueAttemptDeadline: (*unit).attemptIsAbandoned,
	DueCertExpiry:      (*unit).certificateExpires,
	DueKeyRetirement:   (*unit).keyRetires,
}

// maxClockMove bounds one move of the clock, so that a slip of the pen does not
// leave the range of certificates.
const maxClockMove = 50 * 365 * 24 * time.Hour

// FireDue fires all work that is due by now and returns how much real time
// remains until the next; false when nothing is waiting or the clock is frozen.
func (r *Registry) FireDue(ctx context.Context) (time.Duration, bool, error) {
	for {
		var due, waiting bool
		var wait time.Duration
		next := int64(math.MaxInt64)
		r.nextDue.Store(next) // whatever is put while we look wakes us again
		// Most looks find nothing due: a view disturbs nobody.
		err := r.view(ctx, func(u *unit) error {
			d, ok, err := u.Due().Earliest()
			if err != nil || !ok {
				return err
			}
			next = d.At.UnixNano()
			due = !u.now.Before(d.At)
			waiting, wait = !u.env.Clock.Frozen && !due, d.At.Sub(u.now)
			return nil
		})
		if err != nil {
			return 0, false, err
		}
		r.nextDue.Store(next)
		if !due {
			return wait, waiting, nil
		}
		err = r.update(ctx, func(u *unit) error {
			d, ok, err := u.Due().Next(u.now)
			if err != nil || !ok {
				return err
			}
			return u.fire(d)
		})
		if err != nil {
			return 0, false, err
		}
	}
}

// Wake is signalled when due work or the clock changed.
func (r *Registry) Wake() <-chan struct{} { return r.wake }

// fire carries d out in the step that also takes it off the list, so that no
// two processes do it.
func (u *unit) fire(d Due) error {
	if err := u.Due().Cancel(d.Kind, d.Subject); err != nil {
		return err
	}
	work, ok := dueWork[d.Kind]
	if !ok {
		return fmt.Errorf("due work of unknown kind %q", d.Kind)
	}
	return work(u, d.Subject)
}

// ClockState is what a clock shows.
type ClockState struct {
	Now    time.Time
	Frozen bool
}

// ReadClock returns the clock as stored.
func (r *Registry) ReadClock(ctx context.Context) (ClockState, error) {
	var state ClockState
	err := r.view(ctx, func(u *unit) error {
		state = ClockState{Now: u.now, Frozen: u.env.Clock.Frozen}
		return nil
	})
	return state, err
}

// ChangeClock moves the clock. On the way forward all due work is fired in
// order, each at its own instant; it answers when all of it is done. Backwards
// is refused with ClockBackwards.
func (r *Registry) ChangeClock(ctx context.Context, change ClockChange) (ClockState, error) {
	r.moving.Lock()
	defer r.moving.Unlock()
	var about Reference
	var state ClockState
	err := r.step(ctx, PointClock, &about, func(ctx context.Context) error {
		target, err := r.clockTarget(ctx, change)
		if err != nil {
			return err
		}
		for done := false; !done; {
			err := r.update(ctx, func(u *unit) error {
				done = false
				d, ok, err := u.Due().Next(target)
				if err != nil {
					return err
				}
				real := r.real()
				if !ok {
					done = true
					u.now = later(target, u.now)
					u.env.Clock = u.env.Clock.at(u.now, real)
					u.env.Clock.Frozen = (u.env.Clock.Frozen || change.Freeze) && !change.Resume
					u.clockMoved = true
					state = ClockState{Now: u.now, Frozen: u.env.Clock.Frozen}
					return nil
				}
				u.now = later(d.At, u.now)
				u.env.Clock = u.env.Clock.at(u.now, real)
				return u.fire(d)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return state, err
}

// later keeps a running clock from standing back behind the work it has just fired.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (r *Registry) clockTarget(ctx context.Context, c ClockChange) (time.Time, error) {
	state, err := r.ReadClock(ctx)
	if err != nil {
		return time.Time{}, err
	}
	switch {
	case c.Advance < 0:
		return time.Time{}, Errorf(ClockBackwards, "a clock is not set back; it shows %s", state.Now.Format(time.RFC3339Nano))
	case c.Advance > maxClockMove:
		return time.Time{}, Errorf(InvalidRequest, "one move is at most %d hours", int(maxClockMove.Hours()))
	case c.Advance > 0:
		return state.Now.Add(c.Advance), nil
	case !c.Set.IsZero() && c.Set.Before(state.Now):
		return time.Time{}, Errorf(ClockBackwards, "%s is in the past; the clock shows %s",
			c.Set.Format(time.RFC3339Nano), state.Now.Format(time.RFC3339Nano))
	case !c.Set.IsZero() && c.Set.Sub(state.Now) > maxClockMove:
		return time.Time{}, Errorf(InvalidRequest, "one move is at most %d hours", int(maxClockMove.Hours()))
	case !c.Set.IsZero():
		return c.Set.UTC(), nil
	}
	return state.Now, nil
}
