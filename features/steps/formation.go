package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pairsim/pairsim/btpclient"
)

// kymaFormation is the type of a formation of which nothing else is said; an
// edition without types makes it by itself.
const kymaFormation = "Side-by-Side Extensibility with Kyma"

// formation is a formation as the operator knows it.
type formation struct {
	id     string
	opened string // the version that was on the screen
}

// formationActions are the cockpit's words for what can be done with a formation.
var formationActions = map[string]string{
	"Include System": "include", "Exclude System": "exclude", "Change Subaccount": "changeSubaccount",
	"Finalize Formation": "finalize", "Resynchronize": "resynchronize", "Reset and Resynchronize": "resetAndResynchronize", "Delete": "delete",
}

// formationSteps are what an operator does with formations and sees of them.
func (w *world) formationSteps(d definitions) {
	const created = ` the formation "([^"]*)"(?: in subaccount "([^"]*)")?(?: with ("[^"]*"(?: and "[^"]*")*))?$`
	d.Given(`^the operator has created`+created, w.theOperatorHasCreatedFormation)
	d.Given(`^the operator has excluded "([^"]*)" from the formation "([^"]*)"$`, w.theOperatorHasExcluded)
	d.Given(`^the operator has unassigned the subaccount of the formation "([^"]*)"$`, w.theOperatorHasUnassigned)
	d.Given(`^the operator has opened the formation "([^"]*)"$`, w.theOperatorHasOpened)
	d.Given(`^somebody else has included "([^"]*)" in the formation "([^"]*)"$`, w.theOperatorHasIncluded)
	d.Given(`^the operator has included "([^"]*)" in the formation "([^"]*)"$`, w.theOperatorHasIncluded)
	d.Given(`^the operator has chosen "([^"]*)" for the formation "([^"]*)"$`, w.theOperatorHasChosen)

	d.When(`^the operator creates`+created, w.theOperatorCreatesFormation)
	d.When(`^the operator creates the formation "([^"]*)" without a subaccount$`, w.theOperatorCreatesWithoutSubaccount)
	d.When(`^the operator creates the formation "([^"]*)" of type "([^"]*)"$`, w.theOperatorCreatesOfType)
	d.When(`^the operator of "([^"]*)" creates the formation "([^"]*)" in subaccount "([^"]*)"$`, w.theOperatorOfCreates)
	d.When(`^the operator includes "([^"]*)" in the formation "([^"]*)"$`, w.theOperatorIncludes)
	d.When(`^the operator, who still sees the old formation "([^"]*)", includes "([^"]*)" in it$`, w.theOperatorIncludesAsOpened)
	d.When(`^the operator excludes "([^"]*)" from the formation "([^"]*)"$`, w.theOperatorExcludes)
	d.When(`^the operator moves the formation "([^"]*)" to subaccount "([^"]*)"$`, w.theOperatorMoves)
	d.When(`^the operator chooses "([^"]*)" for the formation "([^"]*)"$`, w.theOperatorChooses)
	d.When(`^the system "([^"]*)" reports to the formation "([^"]*)" that it (failed|is not done yet)$`, w.theSystemReports)
	d.When(`^the operator includes "([^"]*)" in the formation "([^"]*)" and deregisters it at the same moment$`, w.theOperatorIncludesAndDeregisters)

	d.Then(`^the formation "([^"]*)" is shown as "([^"]+)"$`, w.theFormationIsShownAs)
	d.Then(`^the formation "([^"]*)" is shown without a status$`, w.theFormationIsShownWithoutStatus)
	d.Then(`^the formation "([^"]*)" is of type "([^"]*)"$`, w.theFormationIsOfType)
	d.Then(`^the formation "([^"]*)" is in subaccount "([^"]*)"$`, w.theFormationIsIn)
	d.Then(`^the formation "([^"]*)" holds (.+)$`, w.theFormationHolds)
	d.Then(`^the formation "([^"]*)" offers "([^"]*)"$`, w.theFormationOffers)
	d.Then(`^the formation "([^"]*)" does not offer "([^"]*)"$`, w.theFormationDoesNotOffer)
	d.Then(`^there is no formation "([^"]*)"$`, w.thereIsNoFormation)
	d.Then(`^the operator sees that "([^"]*)" was excluded, "([^"]*)" was unassigned, and then the formation was deleted$`, w.theOperatorSeesDeletion)
	d.Then(`^either it is in the formation "([^"]*)" and still registered, or it is deregistered and in none$`, w.eitherInOrDeregistered)
}

// formationOf finds a formation that the scenario has created.
func (w *world) formationOf(name string) (*formation, error) {
	if f := w.formations[name]; f != nil {
		return f, nil
	}
	return nil, fmt.Errorf("the scenario has created no formation %q", name)
}

// pair finds a system and a formation of the scenario.
func (w *world) pair(name, group string) (*system, *formation, error) {
	s, err := w.named(name)
	if err != nil {
		return nil, nil, err
	}
	f, err := w.formationOf(group)
	return s, f, err
}

func (w *world) theOperatorHasCreatedFormation(ctx context.Context, name, subaccount, systems string) error {
	if err := w.theOperatorCreatesFormation(ctx, name, subaccount, systems); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorCreatesFormation(ctx context.Context, name, subaccount, systems string) error {
	n := btpclient.NewFormation{Name: name, Type: w.usualType(), Subaccount: cmp.Or(subaccount, defaultSubaccount)}
	for _, one := range names(systems) {
		s, err := w.named(one)
		if err != nil {
			return err
		}
		n.Systems = append(n.Systems, s.id)
	}
	return w.createFormation(ctx, defaultAccount, n)
}

// usualType is what the wizard of v2 is told; v1 knows no types.
func (w *world) usualType() string {
	if w.settings.Edition == "v2" {
		return kymaFormation
	}
	return ""
}

func (w *world) createFormation(ctx context.Context, account string, n btpclient.NewFormation) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	f, err := w.operator.CreateFormation(ctx, account, n)
	w.operated = ended(err)
	if err == nil {
		w.formations[n.Name] = &formation{id: f.ID}
	}
	return nil
}

func (w *world) theOperatorCreatesWithoutSubaccount(ctx context.Context, name string) error {
	return w.createFormation(ctx, defaultAccount, btpclient.NewFormation{Name: name, Type: w.usualType()})
}

func (w *world) theOperatorCreatesOfType(ctx context.Context, name, kind string) error {
	return w.createFormation(ctx, defaultAccount, btpclient.NewFormation{Name: name, Type: kind, Subaccount: defaultSubaccount})
}

func (w *world) theOperatorOfCreates(ctx context.Context, account, name, subaccount string) error {
	return w.createFormation(ctx, account, btpclient.NewFormation{Name: name, Type: w.usualType(), Subaccount: subaccount})
}

func (w *world) theOperatorIncludes(ctx context.Context, name, group string) error {
	return w.include(ctx, name, group)
}

func (w *world) include(ctx context.Context, name, group string, options ...btpclient.CallOption) error {
	s, f, err := w.pair(name, group)
	if err != nil {
		return err
	}
	_, err = w.operator.IncludeSystem(ctx, f.id, s.id, options...)
	w.operated = ended(err)
	return nil
}

func (w *world) theOperatorHasOpened(ctx context.Context, group string) error {
	f, err := w.formationOf(group)
	if err != nil {
		return err
	}
	shown, err := w.operator.Formation(ctx, f.id)
	f.opened = shown.ETag
	return err
}

func (w *world) theOperatorHasIncluded(ctx context.Context, name, group string) error {
	if err := w.include(ctx, name, group); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorIncludesAsOpened(ctx context.Context, group, name string) error {
	f, err := w.formationOf(group)
	if err != nil {
		return err
	}
	if f.opened == "" {
		return fmt.Errorf("the operator has not opened the formation %q", group)
	}
	return w.include(ctx, name, group, btpclient.IfMatch(f.opened))
}

func (w *world) theOperatorHasExcluded(ctx context.Context, name, group string) error {
	if err := w.theOperatorExcludes(ctx, name, group); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorExcludes(ctx context.Context, name, group string) error {
	s, f, err := w.pair(name, group)
	if err != nil {
		return err
	}
	_, err = w.operator.ExcludeSystem(ctx, f.id, s.id)
	w.operated = ended(err)
	return nil
}

func (w *world) theOperatorHasUnassigned(ctx context.Context, group string) error {
	if err := w.theOperatorMoves(ctx, group, ""); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorMoves(ctx context.Context, group, subaccount string) error {
	f, err := w.formationOf(group)
	if err != nil {
		return err
	}
	_, err = w.operator.ChangeFormationSubaccount(ctx, f.id, subaccount)
	w.operated = ended(err)
	return nil
}

func (w *world) theOperatorHasChosen(ctx context.Context, action, group string) error {
	if err := w.theOperatorChooses(ctx, action, group); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorChooses(ctx context.Context, action, group string) error {
	f, err := w.formationOf(group)
	if err != nil {
		return err
	}
	switch action {
	case "Finalize Formation":
		_, err = w.operator.FinalizeFormation(ctx, f.id)
	case "Resynchronize":
		_, err = w.operator.Resynchronize(ctx, f.id, false)
	case "Reset and Resynchronize":
		_, err = w.operator.Resynchronize(ctx, f.id, true)
	case "Delete":
		w.deletion, err = w.operator.DeleteFormation(ctx, f.id)
	default:
		return fmt.Errorf("the steps know no action %q that needs no more to be said", action)
	}
	w.operated = ended(err)
	return nil
}

// theSystemReports speaks for the system as it is told of another participant.
func (w *world) theSystemReports(ctx context.Context, name, group, what string) error {
	s, f, err := w.pair(name, group)
	if err != nil {
		return err
	}
	shown, err := w.operator.Formation(ctx, f.id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(shown.Assignments, func(a btpclient.Assignment) bool { return a.Target.ID == s.id && a.Source.ID != s.id })
	if at < 0 {
		return fmt.Errorf("the formation %q tells %q of nobody else", group, name)
	}
	state, cause := "CONFIG_PENDING", ""
	if what == "failed" {
		state, cause = "CREATE_ERROR", name+" has failed"
	}
	_, err = w.control.ReportAssignment(ctx, f.id, shown.Assignments[at].ID, state, cause)
	return err
}

// theOperatorIncludesAndDeregisters lets both requests meet at the registry.
func (w *world) theOperatorIncludesAndDeregisters(ctx context.Context, name, group string) error {
	s, f, err := w.pair(name, group)
	if err != nil {
		return err
	}
	w.present = s
	w.atOnce(
		func() error { _, err := w.operator.IncludeSystem(ctx, f.id, s.id); return err },
		func() error { _, err := w.operator.Deregister(ctx, s.id); return err },
	)
	return nil
}

func (w *world) shownFormation(ctx context.Context, group string) (btpclient.Formation, error) {
	f, err := w.formationOf(group)
	if err != nil {
		return btpclient.Formation{}, err
	}
	return w.operator.Formation(ctx, f.id)
}

func (w *world) theFormationIsShownAs(ctx context.Context, group, label string) error {
	f, err := w.shownFormation(ctx, group)
	if err != nil {
		return err
	}
	if f.Status.Label != label {
		return fmt.Errorf("the formation %q is shown as %q, want %q", group, f.Status.Label, label)
	}
	return nil
}

func (w *world) theFormationIsShownWithoutStatus(ctx context.Context, group string) error {
	return w.theFormationIsShownAs(ctx, group, "")
}

func (w *world) theFormationIsOfType(ctx context.Context, group, kind string) error {
	f, err := w.shownFormation(ctx, group)
	if err != nil {
		return err
	}
	if f.Type != kind {
		return fmt.Errorf("the formation %q is of type %q, want %q", group, f.Type, kind)
	}
	return nil
}

func (w *world) theFormationIsIn(ctx context.Context, group, subaccount string) error {
	f, err := w.shownFormation(ctx, group)
	if err != nil {
		return err
	}
	if f.Subaccount == nil || f.Subaccount.ID != subaccount {
		return fmt.Errorf("the formation %q is in subaccount %+v, want %q", group, f.Subaccount, subaccount)
	}
	return nil
}

func (w *world) theFormationHolds(ctx context.Context, group, list string) error {
	f, err := w.shownFormation(ctx, group)
	if err != nil {
		return err
	}
	var systems []string
	for _, s := range f.Systems {
		systems = append(systems, s.Name)
	}
	return sameNames("the formation "+group+" holds", systems, list)
}

func (w *world) offers(ctx context.Context, group, action string) (bool, error) {
	code, known := formationActions[action]
	if !known {
		return false, fmt.Errorf("the steps know no action %q", action)
	}
	f, err := w.shownFormation(ctx, group)
	return slices.Contains(f.Actions, code), err
}

func (w *world) theFormationOffers(ctx context.Context, group, action string) error {
	offered, err := w.offers(ctx, group, action)
	if err == nil && !offered {
		return fmt.Errorf("the formation %q does not offer %q", group, action)
	}
	return err
}

func (w *world) theFormationDoesNotOffer(ctx context.Context, group, action string) error {
	offered, err := w.offers(ctx, group, action)
	if err == nil && offered {
		return fmt.Errorf("the formation %q offers %q, want it not to", group, action)
	}
	return err
}

func (w *world) thereIsNoFormation(ctx context.Context, name string) error {
	f, err := w.operator.FormationNamed(ctx, defaultAccount, name)
	if err == nil {
		return fmt.Errorf("the cockpit shows the formation %q as %q, want no such formation", name, f.Status.Label)
	}
	return refusedBecauseOf("looking for "+name, err, "formation-not-found")
}

func (w *world) theOperatorSeesDeletion(system, subaccount string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	var told []string
	for _, step := range w.deletion.Steps {
		told = append(told, step.Step+": "+step.Name)
		if !step.Done {
			return fmt.Errorf("the step %q is not done", step.Step)
		}
	}
	want := []string{"system excluded: " + system, "subaccount unassigned: " + subaccount, "formation deleted: " + w.deletion.Name}
	if !slices.Equal(told, want) {
		return fmt.Errorf("the operator sees the steps %q, want %q", told, want)
	}
	return nil
}

func (w *world) eitherInOrDeregistered(ctx context.Context, group string) error {
	f, err := w.shownFormation(ctx, group)
	if err != nil {
		return err
	}
	in := slices.ContainsFunc(f.Systems, func(s btpclient.FormationSystem) bool { return s.ID == w.present.id })
	s, err := w.operator.System(ctx, w.present.id)
	registered := err == nil && s.Status.Code == "registered"
	if err != nil && btpclient.CodeOf(err) != "system-not-found" {
		return err
	}
	if in != registered {
		return fmt.Errorf("the system %q is in the formation: %t; is registered: %t", w.present.name, in, registered)
	}
	included, deregistered := w.presented[0] == nil, w.presented[1] == nil
	if included != in || deregistered == registered {
		return errors.New("what the operator was told is not what came of it")
	}
	return nil
}
