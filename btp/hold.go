package btp

import (
	"context"
	"time"
)

// HoldID names a hold.
type HoldID string

// HoldKind says what is held.
type HoldKind string

// The kinds of holds.
const (
	// HoldTransition is a lasting status whose policy is to be held.
	HoldTransition HoldKind = "transition"
	// HoldStep is a step of a flow that waits inside the process.
	HoldStep HoldKind = "step"
)

// Hold is something that goes on only when it is released (design §6).
type Hold struct {
	ID   HoldID
	Kind HoldKind
	// Transition is set for HoldTransition, Point for HoldStep.
	Transition Transition
	Point      Point
	// Subject is the system or formation that waits; its name is the present one.
	Subject Reference
	// Since is when it began, on the environment's clock.
	Since time.Time
}

// MaxHolds is the most holds of one source that are listed.
const MaxHolds = 1000

// holdSource is something that holds.
type holdSource interface {
	// holds lists the oldest, MaxHolds at most.
	holds(context.Context) ([]Hold, error)
	// release lets a hold go; false: it is none of this source's.
	release(context.Context, HoldID, *Reference) (bool, error)
}

// holdSources are all that hold: one more is one more row.
func (r *Registry) holdSources() []holdSource {
	return []holdSource{heldTransitions{r}, heldSteps{r}}
}

// Holds lists what is held, the oldest of each source first.
func (r *Registry) Holds(ctx context.Context) ([]Hold, error) {
	var all []Hold
	for _, source := range r.holdSources() {
		some, err := source.holds(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// Release lets a hold go, and waits a moment for what was held. It refuses with
// HoldNotFound.
func (r *Registry) Release(ctx context.Context, id HoldID) error {
	var about Reference
	return r.step(ctx, PointHoldRelease, &about, func(ctx context.Context) error {
		for _, source := range r.holdSources() {
			if known, err := source.release(ctx, id, &about); known || err != nil {
				return err
			}
		}
		return Errorf(HoldNotFound, "there is no hold %q; it may have been released already", clip(string(id)))
	})
}

// heldTransitions are rows of due work: they are held for every process on the
// store, and after a restart.
type heldTransitions struct{ *Registry }

func (h heldTransitions) holds(ctx context.Context) (list []Hold, err error) {
	err = h.view(ctx, func(u *unit) error {
		held, err := u.Due().ListHeld(MaxHolds)
		if err != nil {
			return err
		}
		list = make([]Hold, len(held))
		for i, d := range held {
			list[i] = Hold{ID: d.Hold, Kind: HoldTransition, Transition: dueKinds[d.Kind].transition, Since: d.At}
			if list[i].Subject, err = u.subjectOf(d); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// subjectOf is whom a transition is about.
func (u *unit) subjectOf(d Due) (Reference, error) {
	if d.Kind == DueDeregistration || d.Kind == DueRemoval {
		s, err := u.Systems().Get(SystemID(d.Subject))
		return Reference{System: s.ID, Name: s.Name}, err
	}
	if d.Kind == DueInstanceCreation || d.Kind == DueInstanceDeletion {
		o, _, err := u.Objects().Find(KindServiceInstance, d.Subject)
		return Reference{Instance: d.Subject, Name: o.Name}, err
	}
	f, err := u.Formations().Get(FormationID(d.Subject))
	return Reference{Formation: f.ID, Name: f.Name}, err
}

func (h heldTransitions) release(ctx context.Context, id HoldID, about *Reference) (bool, error) {
	var d Due
	var known bool
	err := h.update(ctx, func(u *unit) (err error) {
		if d, known, err = u.Due().FindHeld(id); err != nil || !known {
			return err
		}
		if *about, err = u.subjectOf(d); err != nil {
			return err
		}
		d.At, d.Hold = u.now, ""
		u.entries = append(u.entries, Entry{
			At: u.now, Kind: EntryDecision, Point: PointHoldRelease, About: *about, Source: "design §6",
			Detail: string(dueKinds[d.Kind].transition) + " goes on",
		})
		return u.putDue(d)
	})
	if err == nil && known {
		h.settle(ctx, d.Kind, d.Subject)
	}
	return known, err
}
