package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/pattern"
)

// defaultAccount is the global account of an operator of whom nothing else is said.
const defaultAccount = "default"

// cockpitSteps are what an operator does and sees in the cockpit, tokens aside.
func (w *world) cockpitSteps(d definitions) {
	d.Given(`^the cockpit of (v1|v2)$`, w.theCockpitOf)
	d.Given(`^a refused certificate request burns the token$`, w.refusedRequestsBurnTokens)
	d.Given(`^applications of one name stop the synchronization of a runtime$`, w.collisionsStopRuntimes)
	d.Given(`^abandoned pairings count as errors$`, w.abandonedPairingsAreErrors)
	d.Given(`^revocation is strict$`, w.revocationIsStrict)
	d.Given(`^there is a global account "([^"]*)"$`, w.thereIsAGlobalAccount)
	d.Given(`^the operator has registered the (.+) system "([^"]*)"$`, w.theOperatorHasRegistered)
	d.Given(`^the operator of "([^"]*)" has registered the (.+) system "([^"]*)"$`, w.theOperatorOfHasRegistered)
	d.Given(`^the operator has registered (\d+) (.+) systems$`, w.theOperatorHasRegisteredMany)

	d.When(`^the operator registers the (.+) system "([^"]*)"$`, w.theOperatorRegisters)
	d.When(`^the operator of "([^"]*)" registers the (.+) system "([^"]*)"$`, w.theOperatorOfRegisters)

	d.When(`^the operator looks at the types of systems$`, w.theOperatorLooksAtTypes)

	d.Then(`^the types with tokens of (\d+) (second|minute|hour|day)s are (.+)$`, w.theTypesAre)
	d.Then(`^the registration is accepted$`, w.theRegistrationIsAccepted)
	d.Then(`^the registration is refused because of "([^"]*)"$`, w.theRegistrationIsRefused)
	d.Then(`^the operator is refused because of "([^"]*)"$`, w.theOperatorIsRefused)
	d.Then(`^the operator is not refused$`, w.theOperatorIsNotRefused)
	d.Then(`^the refusal names (.+) and nothing else$`, w.theRefusalNames)
	d.Then(`^the refusal tells "([^"]*)"$`, w.theRefusalTells)
	d.Then(`^the operator is advised "([^"]*)"$`, w.theOperatorIsAdvised)
	d.Then(`^the system "([^"]*)" is held by (.+)$`, w.theSystemIsHeldBy)
	d.Then(`^the system "([^"]*)" is shown as "([^"]+)"$`, w.theSystemIsShownAs)
	d.Then(`^the system "([^"]*)" is shown without a status$`, w.theSystemIsShownWithoutStatus)
	d.Then(`^the name "([^"]*)" is free for a (.+) system$`, w.theNameIsFree)
	d.Then(`^there is no system "([^"]*)"$`, w.thereIsNoSystem)
	d.Then(`^its error names "([^"]*)" and component "([^"]*)"$`, w.itsErrorNames)
	d.Then(`^the system "([^"]*)" exposes the API "([^"]*)"$`, w.theSystemExposes)
	d.Then(`^the system "([^"]*)" publishes events$`, w.theSystemPublishesEvents)
	d.Then(`^the systems "([^"]*)" and "([^"]*)" have different application names$`, w.applicationNamesDiffer)
}

func (w *world) theCockpitOf(edition string) error {
	return w.configure(func(s *Settings) { s.Edition = edition })
}

func (w *world) collisionsStopRuntimes() error {
	return w.configure(func(s *Settings) { s.CollisionsStopSync = true })
}

func (w *world) refusedRequestsBurnTokens() error {
	return w.configure(func(s *Settings) { s.BurntTokens = true })
}

func (w *world) abandonedPairingsAreErrors() error {
	return w.configure(func(s *Settings) { s.AbandonedAsError = true })
}

func (w *world) revocationIsStrict() error {
	return w.configure(func(s *Settings) { s.StrictRevocation = true })
}

func (w *world) thereIsAGlobalAccount(ctx context.Context, id string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	account := btpclient.GlobalAccount{ID: id, DisplayName: id, Subdomain: id}
	if w.settings.Auth { // where no role may
		_, err := w.control.CreateGlobalAccount(ctx, account)
		return err
	}
	_, err := w.operator.CreateGlobalAccount(ctx, account)
	return err
}

func (w *world) theOperatorHasRegistered(ctx context.Context, systemType, name string) error {
	if err := w.theOperatorRegisters(ctx, systemType, name); err != nil {
		return err
	}
	return w.registered.err
}

func (w *world) theOperatorOfHasRegistered(ctx context.Context, account, systemType, name string) error {
	if err := w.theOperatorOfRegisters(ctx, account, systemType, name); err != nil {
		return err
	}
	return w.registered.err
}

func (w *world) theOperatorRegisters(ctx context.Context, systemType, name string) error {
	return w.theOperatorOfRegisters(ctx, defaultAccount, systemType, name)
}

func (w *world) theOperatorOfRegisters(ctx context.Context, account, systemType, name string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	answer, err := w.operator.Register(ctx, account, name, systemType)
	w.registered = ended(err)
	if err == nil {
		w.present = w.remember(answer)
	}
	return nil
}

// remember keeps what the operator was told at registration.
func (w *world) remember(answer btpclient.System) *system {
	s := &system{id: answer.ID, name: answer.Name, account: answer.GlobalAccount}
	if answer.IntegrationToken != nil {
		s.tokens = append(s.tokens, *answer.IntegrationToken)
	}
	w.systems[s.name] = s
	return s
}

// theOperatorHasRegisteredMany turns to the last of them.
func (w *world) theOperatorHasRegisteredMany(ctx context.Context, n int, systemType string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	answers := make([]btpclient.System, n)
	err := together(n, func(i int) (err error) {
		answers[i], err = w.operator.Register(ctx, defaultAccount, fmt.Sprintf("System %04d", i+1), systemType)
		return err
	})
	for _, answer := range answers {
		w.present = w.remember(answer)
	}
	return err
}

// together does something n times, over a few connections at once, and returns
// the first error.
func together(n int, do func(i int) error) error {
	const connections = 8
	var done sync.WaitGroup
	var errs [connections]error
	for c := range connections {
		done.Go(func() {
			for i := c; i < n && errs[c] == nil; i += connections {
				if err := do(i); err != nil {
					errs[c] = fmt.Errorf("number %d of %d: %w", i+1, n, err)
				}
			}
		})
	}
	done.Wait()
	return cmp.Or(errs[:]...)
}

func (w *world) theRegistrationIsAccepted(ctx context.Context) error {
	if err := w.registered.accepted("the registration"); err != nil {
		return err
	}
	_, err := w.operator.SystemNamed(ctx, w.present.account, w.present.name)
	return err
}

func (w *world) theRegistrationIsRefused(reason string) error {
	return w.registered.refusedBecauseOf("the registration", reason)
}

func (w *world) theOperatorIsRefused(reason string) error {
	return w.operated.refusedBecauseOf("the operator", reason)
}

func (w *world) theOperatorIsNotRefused() error { return w.operated.accepted("the operator") }

// names reads a list of quoted names, or "nothing".
func names(list string) (found []string) {
	for _, match := range quoted.Regexp().FindAllStringSubmatch(list, -1) {
		found = append(found, match[1])
	}
	return found
}

var quoted = pattern.New(`"([^"]*)"`)

// sameNames compares what is shown with what is wanted, in any order.
func sameNames(what string, shown []string, list string) error {
	wanted := names(list)
	slices.Sort(shown)
	slices.Sort(wanted)
	if !slices.Equal(shown, wanted) {
		return fmt.Errorf("%s: %q, want %q", what, shown, wanted)
	}
	return nil
}

// problem is the refusal of the operator's latest request.
func (w *world) problem() (*btpclient.Problem, error) {
	var p *btpclient.Problem
	if !errors.As(w.operated.err, &p) {
		return nil, fmt.Errorf("the operator got %w, want a refusal", w.operated.err)
	}
	return p, nil
}

// theRefusalNames holds what the refusal lists against the names, and its text too.
func (w *world) theRefusalNames(list string) error {
	p, err := w.problem()
	if err != nil {
		return err
	}
	var blockers []string
	for _, b := range p.Blockers {
		blockers = append(blockers, b.Name)
		if !strings.Contains(p.Detail, b.ID) {
			return fmt.Errorf("the refusal %q does not name %q by its id", p.Detail, b.Name)
		}
	}
	return sameNames("the refusal names", blockers, list)
}

func (w *world) theRefusalTells(text string) error {
	p, err := w.problem()
	if err != nil {
		return err
	}
	if !strings.Contains(p.Detail, text) {
		return fmt.Errorf("the refusal tells %q, want %q", p.Detail, text)
	}
	return nil
}

// theOperatorIsAdvised reads what to do next, in a refusal or in what was told of
// a token.
func (w *world) theOperatorIsAdvised(text string) error {
	next := ""
	if w.operated.err != nil {
		p, err := w.problem()
		if err != nil {
			return err
		}
		next = p.Next
	} else if w.inspected.Refusal != nil {
		next = w.inspected.Refusal.Next
	}
	if !strings.Contains(next, text) {
		return fmt.Errorf("the operator is advised %q, want advice that names %q", next, text)
	}
	return nil
}

// theSystemIsHeldBy names formations by name and entitlements by plan.
func (w *world) theSystemIsHeldBy(ctx context.Context, name, list string) error {
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	var holders []string
	for _, f := range s.Formations {
		holders = append(holders, f.Name)
	}
	for _, e := range s.Entitlements {
		holders = append(holders, e.Plan)
	}
	return sameNames("the system "+name+" is held by", holders, list)
}

func (w *world) theOperatorLooksAtTypes(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	types, err := w.operator.SystemTypes(ctx)
	w.types, w.operated = types, ended(err)
	return nil
}

func (w *world) theTypesAre(n int, unit, list string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	var shown []string
	for _, t := range w.types {
		if time.Duration(t.TokenValiditySeconds)*time.Second == time.Duration(n)*units[unit] {
			shown = append(shown, t.Name)
		}
	}
	return sameNames("the types are", shown, list)
}

func (w *world) theSystemIsShownAs(ctx context.Context, name, label string) error {
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	if s.Status.Label == label {
		return nil
	}
	why := ""
	if s.Error != nil {
		why = "; its error is: " + s.Error.Cause
	}
	return fmt.Errorf("the system %q is shown as %q, want %q%s", name, s.Status.Label, label, why)
}

func (w *world) theSystemIsShownWithoutStatus(ctx context.Context, name string) error {
	return w.theSystemIsShownAs(ctx, name, "")
}

func (w *world) thereIsNoSystem(ctx context.Context, name string) error {
	s, err := w.operator.SystemNamed(ctx, defaultAccount, name)
	if err == nil {
		return fmt.Errorf("the cockpit shows the system %q as %q, want no such system", name, s.Status.Label)
	}
	return refusedBecauseOf("looking for "+name, err, "system-not-found")
}

// theNameIsFree takes the name: there is no other way to see it.
func (w *world) theNameIsFree(ctx context.Context, name, systemType string) error {
	if err := w.theOperatorRegisters(ctx, systemType, name); err != nil {
		return err
	}
	return w.registered.accepted("the registration")
}

func (w *world) itsErrorNames(ctx context.Context, cause, component string) error {
	s, err := w.look(ctx, w.present.name)
	if err != nil {
		return err
	}
	if s.Error == nil {
		return fmt.Errorf("the system %q shows no error, want one that names %q", s.Name, cause)
	}
	if !strings.Contains(s.Error.Cause, cause) || s.Error.Component != component {
		return fmt.Errorf("the error of %q is %q of component %s, want one that names %q, of component %s",
			s.Name, s.Error.Cause, s.Error.Component, cause, component)
	}
	return nil
}

func (w *world) theSystemExposes(ctx context.Context, name, api string) error {
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	var exposed []string
	for _, one := range s.Services {
		if one.API && one.Name == api {
			return nil
		}
		exposed = append(exposed, one.Name)
	}
	return fmt.Errorf("the system %q exposes %q, want also the API %q", name, exposed, api)
}

func (w *world) theSystemPublishesEvents(ctx context.Context, name string) error {
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	for _, one := range s.Services {
		if one.Events {
			return nil
		}
	}
	return fmt.Errorf("none of the %d services of the system %q has events, want one that has", len(s.Services), name)
}

func (w *world) applicationNamesDiffer(ctx context.Context, one, other string) error {
	a, err := w.look(ctx, one)
	if err != nil {
		return err
	}
	b, err := w.look(ctx, other)
	if err != nil {
		return err
	}
	if a.ApplicationName == b.ApplicationName || a.ApplicationName == "" {
		return fmt.Errorf("the systems %q and %q both have the application name %q, want two", one, other, a.ApplicationName)
	}
	return nil
}
