package btp

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// strike is a rule that acts on a visit.
type strike struct {
	rule   string // its id
	action FaultAction
}

type noFaultsKey struct{}

// WithoutFaults returns a context whose steps meet no faults: the management
// API is what faults are set with.
func WithoutFaults(ctx context.Context) context.Context {
	return context.WithValue(ctx, noFaultsKey{}, true)
}

// FaultsSet says whether there is any rule. It costs next to nothing.
func (r *Registry) FaultsSet() bool { return r.faults.rules.Load() != nil }

// struck are the rules that act on a visit to point, in the order in which their
// actions come. who finds out who comes, where about does not say so yet.
func (r *Registry) struck(ctx context.Context, point Point, about Reference, who whoComes) ([]strike, subject, error) {
	x := ExchangeOf(ctx)
	rules := r.faults.all()
	if rules == nil || ctx.Value(noFaultsKey{}) != nil || !x.comes(point) {
		return nil, subject{}, nil
	}
	var s subject
	var found []strike
	known, refused := false, false
	for _, rule := range rules {
		refuses := rule.fault.Action.order() == refusing
		if !rule.points[point] || refuses && refused || rule.fault.Action.Kind == FaultDuplicate && x != nil && x.Repeated {
			continue
		}
		if !known {
			var err error
			if s, err = r.subjectOf(ctx, about, who); err != nil {
				return nil, s, err
			}
			known = true
		}
		if rule.fault.Match.takes(s) && rule.visited(r.generation.Load().seed, point, s) {
			found = append(found, strike{rule.fault.ID, rule.fault.Action})
			refused = refused || refuses
		}
	}
	slices.SortStableFunc(found, func(a, b strike) int { return a.action.order() - b.action.order() })
	return found, s, nil
}

// When an action of several comes. What is refused once is not refused again: of
// the rules that refuse, the oldest that strikes does.
const (
	delaying  = iota
	answering // they say what becomes of the answer
	refusing
)

// order is when an action of several comes.
func (a FaultAction) order() int {
	switch {
	case a.waits():
		return delaying
	case a.Kind == FaultFail, a.Kind == FaultDrop && !a.AfterWork:
		return refusing
	}
	return answering
}

func (a FaultAction) waits() bool { return a.Kind == FaultDelay || a.Kind == FaultHold }

// subjectOf finds out who comes to a point. Somebody who is not there is nobody.
func (r *Registry) subjectOf(ctx context.Context, about Reference, who whoComes) (subject, error) {
	s := subject{Reference: about}
	if who != nil {
		var err error
		if s, err = who(ctx); err != nil && CodeOf(err) == Internal {
			return s, err
		}
	}
	if s.System == "" && s.Formation == "" {
		return s, nil
	}
	err := r.view(ctx, func(u *unit) error {
		if s.Formation != "" {
			f, err := u.Formations().Get(s.Formation)
			if err == nil {
				s.Name = f.Name
			} else if CodeOf(err) != FormationNotFound {
				return err
			}
		}
		if s.System == "" {
			return nil
		}
		system, err := u.Systems().Get(s.System)
		if CodeOf(err) == SystemNotFound {
			return nil
		}
		if err != nil {
			return err
		}
		s.Name, s.systemType = system.Name, system.Type
		if s.Tenant == "" {
			s.Tenant, err = u.tenantOf(&system)
		}
		return err
	})
	return s, err
}

// suffer takes a step under the rules that struck it.
func (r *Registry) suffer(ctx context.Context, point Point, about *Reference, struck []strike, fn func(context.Context) error) error {
	x := ExchangeOf(ctx)
	met := faultPoints[point].Met
	for _, s := range struck {
		x.touch(s)
		r.tally.struck(point)
		a := s.action
		if !a.waits() {
			r.journal.Append(r.strikeEntry(point, *about, s))
		}
		switch {
		case a.waits():
			if err := r.wait(ctx, point, *about, s); err != nil {
				return err
			}
		case a.Kind == FaultFail && met == MetInCall && a.Answer != nil && a.Answer.Status < 300:
			return nil // the tenant says that it knows
		case a.Kind == FaultFail:
			return r.failOnPurpose(ctx, point, *about, a, met)
		case a.Kind == FaultDrop && !a.AfterWork:
			return refusalBy(met, "the connection was closed")
		}
	}
	return fn(ctx)
}

// refusalBy is what a step comes to that a fault refused on the wire.
func refusalBy(met Meeting, why string) *Error {
	if met == MetInCall {
		return Errorf(TenantNotTold, "the tenant's callback could not be told: %s", why)
	}
	return Errorf(FaultInjected, "%s by a fault that was set", why)
}

// failOnPurpose is the refusal of a fault, and what it does to an open pairing.
func (r *Registry) failOnPurpose(ctx context.Context, point Point, about Reference, a FaultAction, met Meeting) error {
	refused := Errorf(FaultInjected, "a fault was set at %s", point)
	switch {
	case a.Code != "":
		refused = Errorf(a.Code, "a fault was set at %s", point)
	case met == MetInCall && a.Answer != nil:
		refused = Errorf(TenantNotTold, "the tenant's callback answered %d", a.Answer.Status)
	case met == MetInCall && a.Problem != nil:
		refused = Errorf(TenantNotTold, "the tenant's callback answered %d", a.Problem.Status)
	}
	if a.Cause != "" {
		refused.Detail = a.Cause
	}
	if !a.Final || about.System == "" {
		return refused
	}
	err := r.update(ctx, func(u *unit) error {
		s, err := u.Systems().Get(about.System)
		if err != nil {
			return err
		}
		if _, open, err := u.Attempts().FindBySystem(s.ID); err != nil || !open {
			return err
		}
		return u.fail(point, &s, refused.Detail)
	})
	if err != nil {
		return err
	}
	return refused
}

// strikeEntry tells that a rule acts: for what waits, once it does.
func (r *Registry) strikeEntry(point Point, about Reference, s strike) Entry {
	return Entry{
		At: r.Now(), Kind: EntryDecision, Point: point, About: about, Rule: string(FaultInjected), Source: SourceOf(FaultInjected),
		Detail: "fault " + s.rule + ": " + s.action.String(), Faults: []string{s.rule},
	}
}

func rulesOf(struck []strike) []string {
	var ids []string
	for _, s := range struck {
		ids = append(ids, s.rule)
	}
	return ids
}

// String says what an action does, in a few words.
func (a FaultAction) String() string {
	words := []string{string(a.Kind)}
	add := func(set bool, format string, args ...any) {
		if set {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(a.Code != "", "%s", a.Code)
	if a.Problem != nil {
		words = append(words, fmt.Sprintf("problem %d", a.Problem.Status))
	}
	if a.Answer != nil {
		words = append(words, fmt.Sprintf("answer %d", a.Answer.Status))
	}
	add(a.Final, "for good")
	add(a.Cause != "", "(%s)", a.Cause)
	add(a.Virtual > 0, "%s on the clock", a.Virtual)
	add(a.Real > 0, "%s", a.Real)
	add(a.Kind == FaultDrop && !a.AfterWork, "before the work")
	add(a.Kind == FaultDrop && a.AfterWork, "after the work")
	add(a.Kind == FaultTruncate && a.Share == 0, "after %d bytes", a.Bytes)
	add(a.Share > 0, "after %g of the body", a.Share)
	add(a.Part != "", "%s", a.Part)
	return strings.Join(words, " ")
}
