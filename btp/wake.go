package btp

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Waker is a Notifier that can also wake tenants: tell them that the instant has
// come that they asked for. It says nothing else, so nobody has to believe it.
type Waker interface {
	WakeTenant(ctx context.Context, callbackURL string) error
}

// ErrTenantBusy is the cause of a TenantNotTold that says: try again.
var ErrTenantBusy = errors.New("the tenant is busy")

// maxTries bounds how often a busy tenant is told again: after 1, 2, 4, 8 and 16
// seconds of the environment's clock.
const maxTries = 5

// tryAgain puts the work of a job back when its tenant was busy; false: it is not
// tried again.
func (u *unit) tryAgain(j *job, s *System, failure error) (bool, error) {
	if !errors.Is(failure, ErrTenantBusy) || j.due.Tries >= maxTries {
		return false, nil
	}
	wait := time.Second << j.due.Tries
	u.record(EntryDecision, j.point, s, "", "pairsim", fmt.Sprintf("the tenant is busy; it is told again in %s", wait))
	return true, u.putDue(Due{At: u.now.Add(wait), Kind: j.due.Kind, Subject: j.due.Subject, Tries: j.due.Tries + 1})
}

// scheduleWake stores when the tenant of s wants to be woken.
func (u *unit) scheduleWake(s *System) error {
	if s.Tenant.WakeAt.IsZero() || !s.tellable() {
		return u.Due().Cancel(DueTenantWake, string(s.ID))
	}
	at := s.Tenant.WakeAt.UTC()
	if at.Before(u.now) {
		at = u.now
	}
	return u.schedule(at, DueTenantWake, string(s.ID))
}

// tenantWake prepares waking a tenant. One that has left in the meantime sleeps on.
func (u *unit) tenantWake(subject string) (*job, error) {
	s, err := u.leaving(subject, Registered)
	waker, can := u.r.notify.(Waker)
	if err != nil || s == nil || !s.tellable() || !can {
		return nil, err
	}
	j := &job{point: PointTenantWake, about: Reference{System: s.ID, Name: s.Name, Tenant: s.Tenant.TenantID}}
	// Told now: a tenant that is woken may at once say when to wake it next, which
	// takes the place of this work.
	u.record(EntryDue, PointTenantWake, s, "", "pairsim", "the tenant is woken, as it wanted to be")
	url := s.Tenant.CallbackURL
	j.call = func(ctx context.Context) error { return waker.WakeTenant(ctx, url) }
	j.finish = func(u *unit, failure error) error {
		_, err := u.tryAgain(j, s, failure)
		return err
	}
	return j, nil
}
