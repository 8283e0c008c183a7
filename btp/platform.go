package btp

import (
	"context"
	"time"
)

// Step is one atomic step as the packages see it that hold the rules of platform
// services (ADR 24): all stores, and what of an environment only this package knows.
type Step struct {
	Tx
	u *unit
}

// Now is the environment's time of the step.
func (s *Step) Now() time.Time { return s.u.now }

// NewID draws the next id of the environment.
func (s *Step) NewID() string { return s.u.env.newID() }

// NextSequence draws the next number that orders objects.
func (s *Step) NextSequence() uint64 {
	s.u.env.Sequence++
	return s.u.env.Sequence
}

// Edition is the environment's edition.
func (s *Step) Edition() *Edition { return s.u.r.edition }

// Registry is whose step it is: for what is prepared in one and done outside of any.
func (s *Step) Registry() *Registry { return s.u.r }

// Subaccount finds a subaccount that the caller may see. It refuses with SubaccountNotFound.
func (s *Step) Subaccount(id SubaccountID) (Subaccount, error) { return s.u.subaccount(id) }

// SystemIn finds a system of a global account. It refuses with SystemNotFound.
func (s *Step) SystemIn(ga GlobalAccountID, id SystemID) (System, error) {
	return s.u.systemIn(ga, id)
}

// CheckLandscape refuses with RegionUnavailable where the system landscape does not exist.
func (s *Step) CheckLandscape(sub *Subaccount) error { return checkLandscape(sub) }

// Once does a create once per key, as every create of the registry; request is what
// else makes two requests the same. Without a key it is done each time.
func (s *Step) Once(key IdempotencyKey, what string, create func() (created string, err error), request ...string) (created string, err error) {
	m, err := s.u.once(key, what, func() (Replay, error) {
		id, err := create()
		return Replay{Created: id}, err
	}, request...)
	return m.Created, err
}

// Decided notes in the journal what the step decided; about may be nil.
func (s *Step) Decided(point Point, about *System, source, detail string) {
	s.u.record(EntryDecision, point, about, "", source, detail)
}

// Schedule stores due work, at most one per kind and subject.
func (s *Step) Schedule(at time.Time, kind DueKind, subject string) error {
	return s.u.schedule(at, kind, subject)
}

// ScheduleTransition stores the end of the kind's transition, when its policy says.
func (s *Step) ScheduleTransition(kind DueKind, subject string) error {
	return s.u.scheduleTransition(kind, subject)
}

// Work is due work of a platform service, claimed. Its Call, if any, is made outside
// of any step and within the limits of a call; Finish ends it in a step, and failure
// is what Point or Then, behind the call, came to.
type Work struct {
	Point  Point
	About  Reference
	Call   func(context.Context) error
	Then   Point
	Finish func(s *Step, failure error) error
}

// Worker prepares due work of a kind; nil when there is nothing left to do.
type Worker func(s *Step, subject string) (*Work, error)

// byWorker is how the due kinds of platform services stand in dueKinds.
func byWorker(kind DueKind) func(u *unit, subject string) (*job, error) {
	return func(u *unit, subject string) (*job, error) {
		prepare := u.r.config.Workers[kind]
		if prepare == nil {
			return nil, nil
		}
		w, err := prepare(&Step{u.Tx, u}, subject)
		if err != nil || w == nil {
			return nil, err
		}
		return &job{
			point: w.Point, about: w.About, call: w.Call, then: w.Then,
			finish: func(u *unit, failure error) error { return w.Finish(&Step{u.Tx, u}, failure) },
		}, nil
	}
}

// Change runs an atomic step of a platform service as a step of a flow. about may be
// filled in by change.
func (r *Registry) Change(ctx context.Context, point Point, about *Reference, change func(*Step) error) error {
	return r.step(ctx, point, about, func(ctx context.Context) error { return r.Amend(ctx, change) })
}

// Amend is Change within a flow that has its point already.
func (r *Registry) Amend(ctx context.Context, change func(*Step) error) error {
	return r.update(ctx, func(u *unit) error { return change(&Step{u.Tx, u}) })
}

// Look runs a read of a platform service as a step of a flow.
func (r *Registry) Look(ctx context.Context, point Point, about Reference, read func(*Step) error) error {
	return r.look(ctx, point, about, func(u *unit) error { return read(&Step{u.Tx, u}) })
}

// View is Look within a flow that has its point already.
func (r *Registry) View(ctx context.Context, read func(*Step) error) error {
	return r.view(ctx, func(u *unit) error { return read(&Step{u.Tx, u}) })
}

// At runs fn, which is more than an atomic step, as a step of a flow.
func (r *Registry) At(ctx context.Context, point Point, about *Reference, fn func(context.Context) error) error {
	return r.step(ctx, point, about, fn)
}

// Settle carries out at once the due work that a request has just caused, and waits
// for it a moment.
func (r *Registry) Settle(ctx context.Context, kind DueKind, subject string) {
	r.settle(ctx, kind, subject)
}

// Seen counts a read of the subjects of transitions that end after so many reads.
func (r *Registry) Seen(ctx context.Context, kind DueKind, subjects ...string) {
	seen := make([]dueKey, len(subjects))
	for i, s := range subjects {
		seen[i] = dueKey{kind, s}
	}
	r.countReads(ctx, seen...)
}

// SignForTenant signs a token with the environment's key that tells s's tenant, which
// checks it with the published keys, that the registry is calling; audience says what
// for. It is a secret, valid for five minutes.
func (r *Registry) SignForTenant(ctx context.Context, s System, audience string) (string, error) {
	return r.signForTenant(ctx, s, audience)
}

// NewRSAKey makes an RSA key, PKCS#8 in DER, with what makes the environment's other
// keys, or takes the one that is ready. Making takes a while, so it is done outside of
// any step.
func (r *Registry) NewRSAKey() ([]byte, error) {
	select {
	case ready := <-r.spare:
		return ready, nil
	default:
	}
	key, err := r.tokens.NewKey("RS256")
	return key.Private, err
}

// ReadyRSAKey makes a key for the next NewRSAKey, unless one is ready: for what needs
// one where time is short. On a busy machine a key takes longer than a call may.
func (r *Registry) ReadyRSAKey() error {
	if len(r.spare) == cap(r.spare) {
		return nil
	}
	key, err := r.tokens.NewKey("RS256")
	if err != nil {
		return err
	}
	select {
	case r.spare <- key.Private:
	default: // another call was faster
	}
	return nil
}

// Read is Look within a flow that has its point already.
func (r *Registry) Read(ctx context.Context, read func(*Step) error) error {
	return r.view(ctx, func(u *unit) error { return read(&Step{u.Tx, u}) })
}
