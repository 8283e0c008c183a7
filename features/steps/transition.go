package steps

import (
	"context"
	"fmt"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// transitionSteps say what ends a lasting status, and let go of what is held.
func (w *world) transitionSteps(d definitions) {
	const transition = `(deregistering|removing|synchronizing)`
	d.Given(`^`+transition+` takes (\d+) (second|minute|hour|day)s?$`, w.transitionTakes)
	d.Given(`^`+transition+` ends after (\d+) reads?$`, w.transitionEndsAfterReads)
	d.Given(`^`+transition+` is held(?: from now on)?$`, w.transitionIsHeld)
	d.Given(`^"([^"]*)" was released$`, w.isReleased)

	d.When(`^`+transition+` is to be held from now on$`, w.transitionIsToBeHeld)
	d.When(`^"([^"]*)" is released$`, w.isReleased)
	d.When(`^something is released that is not held$`, w.somethingIsReleased)

	d.Then(`^`+transition+` "([^"]*)" is held$`, w.isHeld)
	d.Then(`^nothing is held$`, w.nothingIsHeld)
	d.Then(`^that is refused because of "([^"]*)"$`, w.thatIsRefused)
	d.Then(`^the operator who polls the system "([^"]*)" sees "([^"]*)" (\d+) times, then (no system|no status)$`, w.pollingTheSystemShows)
	d.Then(`^the operator who polls the list sees "([^"]*)" as "([^"]*)" (\d+) times, then no system$`, w.pollingTheListShows)
	d.Then(`^the operator who polls the formation "([^"]*)" sees "([^"]*)" (\d+) times, then "([^"]*)"$`, w.pollingTheFormationShows)
}

func (w *world) transitionTakes(transition string, n int, unit string) error {
	return w.configure(func(s *Settings) {
		if s.Durations == nil {
			s.Durations = map[string]time.Duration{}
		}
		s.Durations[transition] = time.Duration(n) * units[unit]
	})
}

func (w *world) transitionEndsAfterReads(ctx context.Context, transition string, n int) error {
	return w.setTransition(ctx, transition, btpclient.TransitionPolicy{Reads: n})
}

func (w *world) transitionIsHeld(ctx context.Context, transition string) error {
	return w.setTransition(ctx, transition, btpclient.TransitionPolicy{Held: true})
}

func (w *world) setTransition(ctx context.Context, transition string, p btpclient.TransitionPolicy) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.control.SetTransition(ctx, transition, p)
	return err
}

func (w *world) transitionIsToBeHeld(ctx context.Context, transition string) error {
	w.controlled = ended(w.transitionIsHeld(ctx, transition))
	return nil
}

func (w *world) isReleased(ctx context.Context, name string) error {
	h, err := w.hold(ctx, name)
	if err != nil {
		return err
	}
	w.controlled = ended(w.control.Release(ctx, h.ID))
	return w.controlled.err
}

func (w *world) somethingIsReleased(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	w.controlled = ended(w.control.Release(ctx, "nothing"))
	return nil
}

// hold is the one hold about a system or formation.
func (w *world) hold(ctx context.Context, name string) (btpclient.Hold, error) {
	holds, err := w.control.Holds(ctx)
	if err != nil {
		return btpclient.Hold{}, err
	}
	var found []btpclient.Hold
	for _, h := range holds {
		if h.Subject.Name == name {
			found = append(found, h)
		}
	}
	if len(found) != 1 {
		return btpclient.Hold{}, fmt.Errorf("%d of the %d holds are about %q, want one", len(found), len(holds), name)
	}
	return found[0], nil
}

func (w *world) isHeld(ctx context.Context, transition, name string) error {
	h, err := w.hold(ctx, name)
	if err == nil && h.Transition != transition {
		return fmt.Errorf("of %q %s is held, want %s", name, h.Transition, transition)
	}
	return err
}

func (w *world) nothingIsHeld(ctx context.Context) error {
	holds, err := w.control.Holds(ctx)
	if err == nil && len(holds) > 0 {
		return fmt.Errorf("%d things are held, the first is %+v; want none", len(holds), holds[0])
	}
	return err
}

func (w *world) thatIsRefused(reason string) error {
	return w.controlled.refusedBecauseOf("whoever controls the landscape", reason)
}

// polled asks again and again, and wants a label so often before another answer.
func polled(what, label string, n int, ask func() (string, error)) (last string, err error) {
	for i := range n {
		got, err := ask()
		if err != nil || got != label {
			return "", fmt.Errorf("read %d of %s shows %q (%w), want %q", i+1, what, got, err, label)
		}
	}
	return ask()
}

func (w *world) pollingTheSystemShows(ctx context.Context, name, label string, n int, then string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	last, err := polled(name, label, n, func() (string, error) {
		shown, err := w.operator.System(ctx, s.id)
		return shown.Status.Label, err
	})
	if then == "no system" {
		return refusedBecauseOf("the operator", err, "system-not-found")
	}
	if err == nil && last != "" {
		err = fmt.Errorf("afterwards %q is shown as %q, want no status", name, last)
	}
	return err
}

func (w *world) pollingTheListShows(ctx context.Context, name, label string, n int) error {
	last, err := polled("the list", label, n, func() (string, error) {
		for s, err := range w.operator.Systems(ctx, defaultAccount, btpclient.SystemFilter{}) {
			if err != nil || s.Name == name {
				return s.Status.Label, err
			}
		}
		return "no system", nil
	})
	if err == nil && last != "no system" {
		err = fmt.Errorf("afterwards the list shows %q as %q, want no such system", name, last)
	}
	return err
}

func (w *world) pollingTheFormationShows(ctx context.Context, group, label string, n int, then string) error {
	last, err := polled(group, label, n, func() (string, error) {
		f, err := w.shownFormation(ctx, group)
		return f.Status.Label, err
	})
	if err == nil && last != then {
		err = fmt.Errorf("afterwards the formation %q is shown as %q, want %q", group, last, then)
	}
	return err
}
