package story

import (
	"context"
	"errors"
	"fmt"

	"github.com/pairsim/pairsim/btpclient"
)

// thirdSystem is the one that control lets go wrong.
const thirdSystem = "Kiosk"

// What control is asked for: the recipe, and the transition that is made to last
// until operators have seen it so often.
const (
	mishapRecipe   = "deregister-error"
	mishapLasting  = "deregistering"
	seenDeparting  = 2
	supportsAnswer = "connectivity taken down by hand"
)

// mishap is the chapter about a deregistration that fails: an error status, an
// incident, and the way out that the edition's documents give (SEED-000 Results;
// 1582d72.md).
func (t *teller) mishap(ctx context.Context) error {
	t.heading("Made to go wrong", t.cockpit.errorSource)
	shop := products[0]
	t.step("1-3", "%s: %q, a third %s, paired as you saw.", t.cockpit.registerButton, thirdSystem, shop.systemType)
	id, token, err := t.register(ctx, shop, thirdSystem, "4")
	if err != nil {
		return err
	}
	shop.untold = true
	if err := t.enter(ctx, shop, steps{enter: "8", done: "8"}, token); err != nil {
		return err
	}
	if err := t.prepare(ctx); err != nil {
		return err
	}
	incident, err := t.failsToLeave(ctx, id)
	if err != nil {
		return err
	}
	if _, err := t.control.ResetTransition(ctx, mishapLasting); err != nil {
		return err
	}
	if t.cockpit.leaves {
		return t.supported(ctx, id, incident)
	}
	return t.again(ctx, id, incident)
}

// prepare asks control for the mishap.
func (t *teller) prepare(ctx context.Context) error {
	t.step("", "Over control, deregistering %q is made to fail, after %s at its row:", thirdSystem, count(seenDeparting, "look"))
	_, faults, err := t.control.ApplyRecipe(ctx, mishapRecipe, btpclient.RecipeTarget{System: thirdSystem})
	if err != nil {
		return err
	}
	t.wire("", "you", "control", t.last, 1, count(len(faults), "fault"))
	lasts, err := t.control.SetTransition(ctx, mishapLasting, btpclient.TransitionPolicy{Reads: seenDeparting})
	if err != nil {
		return err
	}
	t.wire("", "you", "control", t.last, 1, fmt.Sprintf("reads=%d", lasts.Policy.Reads))
	return nil
}

// failsToLeave deregisters the system and sees it in the error status; it returns
// the incident.
func (t *teller) failsToLeave(ctx context.Context, id string) (string, error) {
	if err := t.departs(ctx, id); err != nil {
		return "", err
	}
	for range seenDeparting {
		s, err := t.operator.System(ctx, id)
		if err != nil {
			return "", err
		}
		if err := expect("status of "+s.Name, s.Status.Label, statusLeaving); err != nil {
			return "", err
		}
	}
	t.wire("", "operator", "registry", t.last, seenDeparting, statusLeaving)
	s, err := t.operator.System(ctx, id)
	if err != nil {
		return "", err
	}
	t.wireWrapped("operator", "registry", t.last, red, s.Status.Label)
	if err := expect("status of "+s.Name, s.Status.Label, t.cockpit.deregisterError); err != nil {
		return "", err
	}
	if s.Error == nil {
		return "", errors.New("the error status has no cause")
	}
	t.quoted(s.Error.Cause)
	return s.Error.Incident, t.incident(ctx, s.Error.Incident, true)
}

// incident looks whether the incident of an error status is open.
func (t *teller) incident(ctx context.Context, id string, open bool) error {
	i, err := t.operator.Incident(ctx, id)
	if err != nil {
		return err
	}
	t.wire("", "operator", "registry", t.last, 1, standing(i.Open))
	return expect("incident of "+i.Subject.Name, standing(i.Open), standing(open))
}

func standing(open bool) string {
	if open {
		return "incident open"
	}
	return "resolved"
}

// supported is the way out in the seed documents: report an incident. Support is
// played by control.
func (t *teller) supported(ctx context.Context, id, incident string) error {
	t.step("", "The way out: report an incident. SAP's support, whom control plays, resolves it:")
	i, err := t.control.ResolveIncident(ctx, incident, supportsAnswer)
	if err != nil {
		return err
	}
	t.wire("", "you", "control", t.last, 1, standing(i.Open))
	if err := expect("incident of "+thirdSystem, standing(i.Open), standing(false)); err != nil {
		return err
	}
	if err := t.rowGone(ctx, id, thirdSystem); err != nil {
		return err
	}
	if err := t.rowIs(ctx, products[0].tenant, id, btpclient.PairingRegistered); err != nil {
		return err
	}
	t.outcome("The row is gone, by support's hand: the registry never reached the tenant.")
	t.leaves(id)
	return nil
}

// again is the way out of today's documents: deregister once more.
func (t *teller) again(ctx context.Context, id, incident string) error {
	if err := t.rowIs(ctx, products[0].tenant, id, btpclient.PairingRegistered); err != nil {
		return err
	}
	t.step("", "The way out, since 21 March 2024: deregister it again.")
	if err := t.departs(ctx, id); err != nil {
		return err
	}
	if err := t.rowIs(ctx, products[0].tenant, id, btpclient.PairingDeregistered); err != nil {
		return err
	}
	if err := t.inCockpit(ctx, "", id, t.cockpit.empty); err != nil {
		return err
	}
	if err := t.incident(ctx, incident, false); err != nil {
		return err
	}
	t.outcome("The fault struck once: this time the tenant was told, which resolved the incident too.")
	t.leaves(id)
	return nil
}
