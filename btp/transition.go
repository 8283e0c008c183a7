package btp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Transition is a move that may take time.
type Transition string

// The transitions.
const (
	TransitionDeregistering  Transition = "deregistering"
	TransitionRemoving       Transition = "removing"
	TransitionSynchronizing  Transition = "synchronizing"
	TransitionProvisioning   Transition = "provisioning"
	TransitionDeprovisioning Transition = "deprovisioning"
)

// Transitions are all transitions.
var Transitions = []Transition{TransitionDeregistering, TransitionRemoving, TransitionSynchronizing, TransitionProvisioning, TransitionDeprovisioning}

// TransitionWords say what is under way during a transition.
var TransitionWords = map[Transition]string{
	TransitionDeregistering:  "deregistering a system",
	TransitionRemoving:       "removing a system",
	TransitionSynchronizing:  "synchronizing or deleting a formation",
	TransitionProvisioning:   "creating a service instance",
	TransitionDeprovisioning: "deleting a service instance",
}

// TransitionPolicy says when a transition ends (design §6): at once, which is the
// zero value, or by the one field that is set.
type TransitionPolicy struct {
	// After is how long it takes on the environment's clock.
	After time.Duration
	// Reads is how often operators see its status before it ends.
	Reads int
	// Held lets it last until somebody releases it.
	Held bool
}

// The bounds of a policy.
const (
	MaxTransitionTime  = 10 * 365 * 24 * time.Hour
	MaxTransitionReads = 10_000
)

// Immediate says whether a transition ends in the request that begins it.
func (p TransitionPolicy) Immediate() bool { return p == TransitionPolicy{} }

// String is the policy as the command line takes it.
func (p TransitionPolicy) String() string {
	switch {
	case p.Held:
		return "held"
	case p.Reads > 0:
		return fmt.Sprintf("reads=%d", p.Reads)
	case p.After > 0:
		return "after=" + p.After.String()
	}
	return "immediate"
}

// Check refuses with InvalidRequest what is no policy.
func (p TransitionPolicy) Check() error {
	set := 0
	for _, one := range []bool{p.After != 0, p.Reads != 0, p.Held} {
		if one {
			set++
		}
	}
	switch {
	case set > 1:
		return Errorf(InvalidRequest, "a transition ends in one way: immediately, after a duration, after reads, or when it is released")
	case p.After < 0 || p.After > MaxTransitionTime:
		return Errorf(InvalidRequest, "a transition takes no time or more, and %d days at most", MaxTransitionTime/(24*time.Hour))
	case p.Reads < 0 || p.Reads > MaxTransitionReads:
		return Errorf(InvalidRequest, "a transition ends after 1 to %d reads", MaxTransitionReads)
	}
	return nil
}

// TransitionState is a transition with its policy.
type TransitionState struct {
	Name   Transition
	Policy TransitionPolicy
	// Set says that the policy was set while the environment ran: it is stored with
	// it, and holds instead of the one in Policy.Transitions.
	Set bool
}

// TransitionStates lists the transitions that the edition knows.
func (r *Registry) TransitionStates(ctx context.Context) (list []TransitionState, err error) {
	err = r.view(ctx, func(u *unit) error {
		list = nil
		for _, name := range Transitions {
			if !r.edition.lasts(name) {
				continue
			}
			s, err := u.transition(name)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
		return nil
	})
	return list, err
}

// lasts says whether the edition knows a transition.
func (e *Edition) lasts(t Transition) bool {
	return t != TransitionRemoving || e.Knows(RemovalRequested)
}

func (u *unit) transition(name Transition) (TransitionState, error) {
	s := TransitionState{Name: name}
	var err error
	s.Policy, s.Set, err = u.Transitions().Find(name)
	if err == nil && !s.Set {
		s.Policy = u.r.policy.Transitions[name]
	}
	return s, err
}

// SetTransition sets the policy of the moves that begin from now on; what is under
// way ends as it was to end. Nil goes back to the policy that the registry was
// opened with. It refuses with InvalidRequest and OperationNotInEdition.
func (r *Registry) SetTransition(ctx context.Context, name Transition, p *TransitionPolicy) (TransitionState, error) {
	var about Reference
	var s TransitionState
	err := r.step(ctx, PointTransitionSet, &about, func(ctx context.Context) error {
		if err := r.checkTransition(name, p); err != nil {
			return err
		}
		return r.update(ctx, func(u *unit) error {
			err := u.Transitions().Delete(name)
			if p != nil {
				err = u.Transitions().Put(name, *p)
			}
			if err != nil {
				return err
			}
			if s, err = u.transition(name); err == nil {
				u.record(EntryDecision, PointTransitionSet, nil, "", "design §6", fmt.Sprintf("%s: %s", name, s.Policy))
			}
			return err
		})
	})
	return s, err
}

func (r *Registry) checkTransition(name Transition, p *TransitionPolicy) error {
	if !slices.Contains(Transitions, name) {
		names := make([]string, len(Transitions))
		for i, t := range Transitions {
			names[i] = string(t)
		}
		return Errorf(InvalidRequest, "there is no transition %q; transitions are %s", clip(string(name)), strings.Join(names, ", "))
	}
	if !r.edition.lasts(name) {
		return Errorf(OperationNotInEdition, "edition %s does not know %s", r.edition.ID, TransitionWords[name])
	}
	if p == nil {
		return nil
	}
	return p.Check()
}

// scheduleTransition stores the end of a transition as due work.
func (u *unit) scheduleTransition(kind DueKind, subject string) error {
	s, err := u.transition(dueKinds[kind].transition)
	if err != nil {
		return err
	}
	d := Due{At: u.now.Add(s.Policy.After), Kind: kind, Subject: subject, Reads: s.Policy.Reads}
	if s.Policy.Held {
		d.Hold = HoldID(u.env.newID())
	}
	return u.putDue(d)
}

// waits says that work waits for something else than its instant.
func (d Due) waits() bool { return d.Reads > 0 || d.Hold != "" }

// ReadSystem is System as an operator asks for it: whoever polls a transition that
// ends after so many reads sees it so many times.
func (r *Registry) ReadSystem(ctx context.Context, id SystemID) (SystemView, error) {
	v, err := r.System(ctx, id)
	if leaving := leavingOf(v.System); err == nil && leaving != (dueKey{}) {
		r.countReads(ctx, leaving)
	}
	return v, err
}

// ReadSystems is Systems as an operator asks for them.
func (r *Registry) ReadSystems(ctx context.Context, f SystemFilter) ([]System, bool, error) {
	page, more, err := r.Systems(ctx, f)
	seen := make([]dueKey, len(page))
	for i, s := range page {
		seen[i] = leavingOf(s)
	}
	r.countReads(ctx, seen...)
	return page, more, err
}

// ReadFormation is Formation as an operator asks for it.
func (r *Registry) ReadFormation(ctx context.Context, id FormationID) (FormationView, error) {
	v, err := r.Formation(ctx, id)
	if err == nil {
		r.countReads(ctx, changeOf(v))
	}
	return v, err
}

// ReadFormations is Formations as an operator asks for them.
func (r *Registry) ReadFormations(ctx context.Context, f FormationFilter) ([]FormationView, bool, error) {
	page, more, err := r.Formations(ctx, f)
	seen := make([]dueKey, len(page))
	for i, v := range page {
		seen[i] = changeOf(v)
	}
	r.countReads(ctx, seen...)
	return page, more, err
}

// leavingOf is the work that ends the lasting status of a system; none for others.
func leavingOf(s System) dueKey {
	switch s.Status { //nolint:exhaustive // the others last until something happens
	case Deregistering:
		return dueKey{DueDeregistration, string(s.ID)}
	case Removing:
		return dueKey{DueRemoval, string(s.ID)}
	}
	return dueKey{}
}

func changeOf(v FormationView) dueKey {
	switch {
	case v.State == FormationDeleting:
		return dueKey{DueFormationDeletion, string(v.ID)}
	case v.Status == StatusSynchronizing:
		return dueKey{DueSynchronization, string(v.ID)}
	}
	return dueKey{}
}

// countReads counts a read of each of the subjects, and ends what that was the
// last one for. Only what waits for reads costs more than a look.
func (r *Registry) countReads(ctx context.Context, seen ...dueKey) {
	seen = slices.DeleteFunc(seen, func(k dueKey) bool { return k == dueKey{} })
	if len(seen) == 0 {
		return
	}
	waits := false
	each := func(u *unit, do func(Due) error) error {
		for _, k := range seen {
			d, ok, err := u.Due().Find(k.kind, k.subject)
			if err == nil && ok && d.Reads > 0 {
				err = do(d)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	err := r.view(ctx, func(u *unit) error {
		waits = false
		return each(u, func(Due) error { waits = true; return nil })
	})
	if err != nil || !waits {
		return
	}
	var over []dueKey
	err = r.update(ctx, func(u *unit) error {
		over = nil
		return each(u, func(d Due) error {
			if d.Reads--; d.Reads == 0 {
				d.At = u.now
				over = append(over, dueKey{d.Kind, d.Subject})
			}
			return u.putDue(d)
		})
	})
	if err != nil {
		if ctx.Err() == nil && CodeOf(err) != EnvironmentReplaced {
			r.log.ErrorContext(ctx, "a read was not counted", "error", err)
		}
		return
	}
	began := r.real()
	for _, k := range over { // in this order, for faults to strike the same every time
		if r.real().Sub(began) < patience { // the rest is done in the background
			r.settle(ctx, k.kind, k.subject)
		}
	}
}

// checkTransitions names the transition that a refusal is about.
func (p Policy) checkTransitions() error {
	var errs []error
	for name, one := range p.Transitions {
		if err := one.Check(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
