package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// controlSteps are about what was set in a landscape: who may come in, what ends a
// lasting status, and what goes wrong.
func (w *world) controlSteps(d definitions) {
	d.Given(`^the OAuth client "([^"]*)" of a (.+)$`, w.theOAuthClientOf)

	d.When(`^the OAuth client "([^"]*)" is deleted$`, w.theOAuthClientIsDeleted)
	d.When(`^the user "([^"]*)" of the subaccount is deleted$`, w.theUserIsDeleted)
	d.When(`^(deregistering|removing|synchronizing) is set back$`, w.transitionIsSetBack)
	d.When(`^somebody looks at what can go wrong$`, w.somebodyLooksAtPoints)
	d.When(`^the fault of (.+) is removed$`, w.theFaultIsRemoved)

	d.Then(`^the OAuth clients are (.+)$`, w.theOAuthClientsAre)
	d.Then(`^"([^"]*)" gets (an|no) access token$`, w.getsAccessToken)
	d.Then(`^the users of the subaccount are (.+)$`, w.theUsersAre)
	d.Then(`^(deregistering|removing|synchronizing) is listed as (held, because somebody has set it|it was)$`, w.transitionIsListedAs)
	d.Then(`^but for the discovery of the registry, every request of the journal has a point that is listed there$`, w.everyRequestHasAPoint)
	d.Then(`^every recipe is for points that are listed there$`, w.everyRecipeHasPoints)
	d.Then(`^the faults are of (.+)$`, w.theFaultsAreOf)
}

func (w *world) theOAuthClientOf(ctx context.Context, id, role string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	made, err := w.control.CreateOAuthClient(ctx, btpclient.OAuthClient{ID: id, Role: role, GlobalAccount: defaultAccount})
	if w.clientSecrets == nil {
		w.clientSecrets = map[string]string{}
	}
	w.clientSecrets[id] = made.Secret
	return err
}

func (w *world) theOAuthClientIsDeleted(ctx context.Context, id string) error {
	w.controlled = ended(w.control.DeleteOAuthClient(ctx, id))
	return nil
}

// theOAuthClientsAre knows those that the scenario has made; the landscape has others of
// its own where it asks for roles.
func (w *world) theOAuthClientsAre(ctx context.Context, list string) error {
	all, err := w.control.OAuthClients(ctx)
	if err != nil {
		return err
	}
	var shown []string
	for _, c := range all {
		if c.Secret != "" {
			return fmt.Errorf("the list shows the secret of the client %q", c.ID)
		}
		shown = append(shown, c.ID)
	}
	return sameNames("the OAuth clients are", shown, list)
}

func (w *world) getsAccessToken(ctx context.Context, id, which string) error {
	token, err := w.operator.AccessToken(ctx, id, w.clientSecrets[id])
	if which == "an" {
		if err == nil && token.AccessToken == "" {
			err = errors.New("the access token is empty")
		}
		return err
	}
	return refusedBecauseOf(id, err, "unauthenticated")
}

func (w *world) theUserIsDeleted(ctx context.Context, name string) error {
	w.controlled = ended(w.control.DeleteUser(ctx, defaultSubaccount, name))
	return nil
}

func (w *world) theUsersAre(ctx context.Context, list string) error {
	all, err := w.control.Users(ctx)
	if err != nil {
		return err
	}
	var shown []string
	for _, u := range all {
		if u.Subaccount == defaultSubaccount {
			shown = append(shown, u.Name)
		}
	}
	return sameNames("the users are", shown, list)
}

func (w *world) transitionIsSetBack(ctx context.Context, name string) error {
	_, err := w.control.ResetTransition(ctx, name)
	w.controlled = ended(err)
	return nil
}

// transitionIsListedAs: scenarios begin with transitions that take no time.
func (w *world) transitionIsListedAs(ctx context.Context, name, how string) error {
	if err := w.controlled.accepted("whoever controls the landscape"); err != nil {
		return err
	}
	all, err := w.control.Transitions(ctx)
	if err != nil {
		return err
	}
	held := how != "it was"
	for _, t := range all {
		if t.Name != name {
			continue
		}
		if t.Set != held || t.Policy.Held != held || t.Policy.Immediate == held {
			return fmt.Errorf("%s is listed as %+v, want it as %s", name, t, how)
		}
		return nil
	}
	return fmt.Errorf("none of %d transitions is %s", len(all), name)
}

func (w *world) somebodyLooksAtPoints(ctx context.Context) error {
	all, err := w.control.FaultPoints(ctx)
	w.points = map[string]btpclient.FaultPoint{}
	for _, p := range all {
		w.points[p.Point] = p
	}
	return err
}

// everyRequestHasAPoint leaves out discovery: it is no step of a flow.
func (w *world) everyRequestHasAPoint(ctx context.Context) error {
	entries, err := w.journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "request"}})
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return errors.New("the journal has no request")
	}
	for _, e := range entries {
		if e.Point == "registry.discovery" {
			continue
		}
		p, listed := w.points[e.Point]
		if !listed || len(p.Actions) == 0 {
			return fmt.Errorf("%s %s has the point %q, at which nothing can go wrong", e.Method, e.Path, e.Point)
		}
	}
	return nil
}

func (w *world) everyRecipeHasPoints(ctx context.Context) error {
	all, err := w.control.FaultRecipes(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("there is no recipe")
	}
	for _, r := range all {
		if r.Do == "" || r.Seen == "" || len(r.Rules) == 0 {
			return fmt.Errorf("the recipe %s does not say what to do, or what is seen then, or has no rule", r.Name)
		}
		for _, f := range r.Rules {
			if !w.pointsLike(f.Point) {
				return fmt.Errorf("the recipe %s is for the point %q, which is not listed", r.Name, f.Point)
			}
		}
	}
	return nil
}

// pointsLike tells whether a point is listed; one that ends with * stands for all that begin like it.
func (w *world) pointsLike(pattern string) bool {
	beginning, many := strings.CutSuffix(pattern, "*")
	for point := range w.points {
		if point == pattern || many && strings.HasPrefix(point, beginning) {
			return true
		}
	}
	return false
}

// stageOf is the stage that has a point.
func stageOf(point string) string {
	for stage, at := range stages {
		if at == point {
			return stage
		}
	}
	return point
}

// theFaultIsRemoved names the fault by its id, also when it was removed before.
func (w *world) theFaultIsRemoved(ctx context.Context, stage string) error {
	all, err := w.control.Faults(ctx)
	if err != nil {
		return err
	}
	for _, f := range all {
		if stageOf(f.Point) == stage {
			w.removed = f.ID
		}
	}
	if w.removed == "" {
		return fmt.Errorf("of %d faults none is of %s", len(all), stage)
	}
	w.controlled = ended(w.control.RemoveFault(ctx, w.removed))
	return nil
}

func (w *world) theFaultsAreOf(ctx context.Context, list string) error {
	if err := w.controlled.accepted("whoever controls the landscape"); err != nil {
		return err
	}
	all, err := w.control.Faults(ctx)
	if err != nil {
		return err
	}
	var of []string
	for _, f := range all {
		of = append(of, stageOf(f.Point))
	}
	return sameNames("the faults are of", of, list)
}
