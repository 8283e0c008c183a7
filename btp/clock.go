package btp

import (
	"context"
	"errors"
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
	DueReplayExpiry    DueKind = "replay-expiry"      // subject: a replay's key
	DueIncidentExpiry  DueKind = "incident-expiry"    // subject: incident id

	DueTenantWake        DueKind = "tenant-wake"               // subject: system id
	DueEventDelivery     DueKind = "event-delivery"            // subject: subscription id
	DueInstanceCreation  DueKind = "instance-creation"         // subject: service instance id
	DueInstanceDeletion  DueKind = "instance-deletion"         // subject: service instance id
	DueMessageExpiry     DueKind = "message-expiry"            // subject: message id
	DueWebhookHandshake  DueKind = "webhook-handshake"         // subject: webhook id
	DueWebhookPush       DueKind = "webhook-push"              // subject: webhook id
	DueDeregistration    DueKind = "deregistration"            // subject: system id
	DueRemoval           DueKind = "removal"                   // subject: system id
	DueSynchronization   DueKind = "formation-synchronization" // subject: formation id
	DueFormationDeletion DueKind = "formation-deletion"        // subject: formation id
)

// dueKinds says what each kind of due work does when its instant has come.
var dueKinds = map[DueKind]struct {
	// fire does work that is no more than a step: the one that takes it off the list.
	fire func(u *unit, subject string) error
	// prepare makes a job of work that is more; nil when there is nothing left to do.
	prepare func(u *unit, subject string) (*job, error)
	// transition is what the job ends.
	transition Transition
}{
	DueTokenExpiry:       {fire: (*unit).tokenExpires},
	DueAttemptDeadline:   {fire: (*unit).attemptIsAbandoned},
	DueCertExpiry:        {fire: (*unit).certificateExpires},
	DueKeyRetirement:     {fire: (*unit).keyRetires},
	DueReplayExpiry:      {fire: (*unit).replayIsForgotten},
	DueIncidentExpiry:    {fire: (*unit).incidentIsForgotten},
	DueTenantWake:        {prepare: (*unit).tenantWake},
	DueEventDelivery:     {prepare: (*unit).eventDelivery},
	DueDeregistration:    {prepare: (*unit).deregistration, transition: TransitionDeregistering},
	DueRemoval:           {prepare: (*unit).removal, transition: TransitionRemoving},
	DueSynchronization:   {prepare: (*unit).synchronization, transition: TransitionSynchronizing},
	DueFormationDeletion: {prepare: (*unit).formationDeletion, transition: TransitionSynchronizing},
	DueInstanceCreation:  {prepare: byWorker(DueInstanceCreation), transition: TransitionProvisioning},
	DueInstanceDeletion:  {prepare: byWorker(DueInstanceDeletion), transition: TransitionDeprovisioning},
	DueMessageExpiry:     {prepare: byWorker(DueMessageExpiry)},
	DueWebhookHandshake:  {prepare: byWorker(DueWebhookHandshake)},
	DueWebhookPush:       {prepare: byWorker(DueWebhookPush)},
}

// latestClock is as far as a clock is moved: certificates signed then still end
// before their CA does, in 2099.
var latestClock = time.Date(2098, time.January, 1, 0, 0, 0, 0, time.UTC)

// FireDue fires all work that is due by now and returns how much real time
// remains until the next; false when nothing is waiting or the clock is frozen.
// Work that makes calls goes on in the background.
func (r *Registry) FireDue(ctx context.Context) (time.Duration, bool, error) {
	for {
		var due, waiting bool
		var wait time.Duration
		next := int64(math.MaxInt64)
		r.nextDue.Store(next) // whatever is put while we look wakes us again
		// Most looks find nothing due: a view disturbs nobody.
		err := r.view(ctx, func(u *unit) error {
			d, ok, err := u.Due().NextFree(u.now, r.real())
			if due = ok; err != nil || ok {
				return err
			}
			if d, ok, err = u.Due().Earliest(r.real()); err != nil || !ok {
				return err
			}
			if !u.now.Before(d.At) { // somebody is at it; a claim may also be left over
				waiting, wait = true, d.ClaimedUntil.Sub(r.real())
				return nil
			}
			next = d.At.UnixNano()
			waiting, wait = !u.env.Clock.Frozen, d.At.Sub(u.now)
			return nil
		})
		if err != nil {
			return 0, false, err
		}
		r.nextDue.Store(next)
		if !due {
			return wait, waiting, nil
		}
		if err := r.fireFree(ctx); err != nil {
			return 0, false, err
		}
	}
}

// fireFree fires the earliest due work that nobody is at. It takes a place
// before it claims: a claim must not run out in a queue.
func (r *Registry) fireFree(ctx context.Context) error {
	select {
	case r.jobs.places <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	j, _, err := r.fireOne(ctx, func(u *unit) (Due, bool, error) { return u.Due().NextFree(u.now, u.real) })
	if err != nil || j == nil {
		<-r.jobs.places
		return err
	}
	j.placed = true
	r.launch(ctx, j)
	return nil
}

// Wake is signalled when due work or the clock changed.
func (r *Registry) Wake() <-chan struct{} { return r.wake }

// fire carries d out in the step that also takes it off the list, so that no
// two processes do it.
func (u *unit) fire(d Due) error {
	if err := u.Due().Cancel(d.Kind, d.Subject); err != nil {
		return err
	}
	kind, ok := dueKinds[d.Kind]
	if !ok {
		return fmt.Errorf("due work of unknown kind %q", d.Kind)
	}
	return kind.fire(u, d.Subject)
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
// order, each at its own instant, and requests that wait for an instant go on at
// it; it answers when all of it is done, or held. Backwards is refused with
// ClockBackwards.
func (r *Registry) ChangeClock(ctx context.Context, change ClockChange) (ClockState, error) {
	var about Reference
	var state ClockState
	err := r.step(ctx, PointClock, &about, func(ctx context.Context) error {
		r.moving.Lock()
		defer r.moving.Unlock()
		var target time.Time
		for done := false; !done; {
			var aim time.Time
			var woken []*suspension
			stop, asleep := r.sleepers.next(r.Now())
			j, busy, err := r.fireOne(ctx, func(u *unit) (Due, bool, error) {
				done, aim, woken = false, target, nil
				if aim.IsZero() {
					var err error
					if aim, err = u.clockTarget(change); err != nil {
						return Due{}, false, err
					}
				}
				u.clockMoved = true
				d, ok, err := u.Due().Next(aim, u.real)
				if err != nil {
					return d, false, err
				}
				if len(asleep) > 0 && !stop.After(aim) && (!ok || stop.Before(d.At)) {
					u.setClock(stop)
					woken = asleep
					return d, false, nil
				}
				if ok {
					u.setClock(d.At)
					return d, true, nil
				}
				done = true
				u.setClock(aim)
				u.env.Clock.Frozen = (u.env.Clock.Frozen || change.Freeze) && !change.Resume
				state = ClockState{Now: u.now, Frozen: u.env.Clock.Frozen}
				return d, false, nil
			})
			if err == nil {
				err = r.whole(ctx, j, busy)
			}
			if err != nil {
				return err
			}
			for _, one := range woken {
				one.wait(ctx)
			}
			target = aim
		}
		return nil
	})
	return state, err
}

// whole waits until the work that a clock change met is over: what comes after
// it happens after it.
func (r *Registry) whole(ctx context.Context, j *job, busy *dueKey) error {
	switch {
	case busy != nil:
		return r.awaitJob(ctx, *busy)
	case j != nil:
		select {
		case <-r.launch(ctx, j):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// setClock sets the environment's clock to at, never backwards.
func (u *unit) setClock(at time.Time) {
	if at.After(u.now) {
		u.now = at
	}
	u.env.Clock = u.env.Clock.at(u.now, u.real)
}

// fireOne fires the due work that choose finds, if any, in one step. Work that
// is more than a step is returned, claimed, or as busy when somebody is at it.
// Work that the rules refuse is dropped and journalled: it would only block what
// is due after it.
func (r *Registry) fireOne(ctx context.Context, choose func(*unit) (Due, bool, error)) (j *job, busy *dueKey, err error) {
	var d Due
	var chosen bool
	err = r.update(ctx, func(u *unit) (err error) {
		j, busy = nil, nil
		if d, chosen, err = choose(u); err != nil || !chosen {
			chosen = false
			return err
		}
		if dueKinds[d.Kind].prepare == nil {
			return u.fire(d)
		}
		taken := false
		if j, taken, err = u.claim(d); taken {
			busy = &dueKey{d.Kind, d.Subject}
		}
		return err
	})
	var refused *Error
	if !chosen || !errors.As(err, &refused) {
		return j, busy, err
	}
	return nil, nil, r.update(ctx, func(u *unit) error {
		if _, _, err := choose(u); err != nil {
			return err
		}
		u.record(EntryDue, Point("due."+d.Kind), nil, string(refused.Code), SourceOf(refused.Code), "dropped: "+refused.Detail)
		return u.Due().Cancel(d.Kind, d.Subject)
	})
}

// clockTarget is where a change moves the clock; without advance and set it is now.
func (u *unit) clockTarget(c ClockChange) (time.Time, error) {
	switch {
	case c.Advance < 0:
		return time.Time{}, Errorf(ClockBackwards, "a clock is not set back; it shows %s", u.now.Format(time.RFC3339Nano))
	case u.now.Add(c.Advance).After(latestClock), c.Set.After(latestClock):
		return time.Time{}, Errorf(InvalidRequest, "a clock is moved as far as %s at most; it shows %s",
			latestClock.Format(time.RFC3339), u.now.Format(time.RFC3339))
	case c.Advance > 0:
		return u.now.Add(c.Advance), nil
	case !c.Set.IsZero() && c.Set.Before(u.now):
		return time.Time{}, Errorf(ClockBackwards, "%s is in the past; the clock shows %s",
			c.Set.Format(time.RFC3339Nano), u.now.Format(time.RFC3339Nano))
	case !c.Set.IsZero():
		return c.Set.UTC(), nil
	}
	return u.now, nil
}
