package steps

import (
	"context"
	"fmt"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// incidentSteps are what is seen of an error, and what SAP's support does about it.
func (w *world) incidentSteps(d definitions) {
	d.Given(`^support has resolved the incident about "([^"]*)"$`, w.supportResolves)
	d.When(`^support resolves the incident about "([^"]*)"$`, w.supportResolves)
	d.When(`^support resolves the same incident again$`, w.supportResolvesAgain)

	d.Then(`^support is refused because of "([^"]*)"$`, w.supportIsRefused)
	d.Then(`^its error tells that (.+) failed just now$`, w.itsErrorTells)
	d.Then(`^an incident about "([^"]*)" is open for component "([^"]*)"$`, w.anIncidentIsOpen)
	d.Then(`^an incident about "([^"]*)" tells that (.+) failed because "([^"]*)"$`, w.anIncidentTells)
	d.Then(`^no incident about "([^"]*)" is open$`, w.noIncidentIsOpen)
}

// itsErrorTells looks at the step and the instant: nothing has moved the clock since.
func (w *world) itsErrorTells(ctx context.Context, stage string) error {
	point, known := stages[stage]
	if !known {
		return fmt.Errorf("the steps do not know %q", stage)
	}
	s, err := w.look(ctx, w.present.name)
	if err != nil {
		return err
	}
	clock, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	if s.Error == nil || s.Error.Step != point || !s.Error.At.Equal(clock.Now) {
		return fmt.Errorf("the error of %q is %+v, want a failure of %s at %s", s.Name, s.Error, point, clock.Now)
	}
	if s.Error.Incident == "" {
		return fmt.Errorf("the error of %q names no incident", s.Name)
	}
	return nil
}

// subject is the id of a system or formation of the scenario.
func (w *world) subject(name string) (string, error) {
	if s := w.systems[name]; s != nil {
		return s.id, nil
	}
	f, err := w.formationOf(name)
	if err != nil {
		return "", fmt.Errorf("the scenario knows neither a system nor a formation %q", name)
	}
	return f.id, nil
}

// openIncident is the one about a system or formation, as an administrator of the
// global account sees it; false when there is none.
func (w *world) openIncident(ctx context.Context, name string) (btpclient.Incident, bool, error) {
	id, err := w.subject(name)
	if err != nil {
		return btpclient.Incident{}, false, err
	}
	var found []btpclient.Incident
	for i, err := range w.operator.Incidents(ctx, defaultAccount, btpclient.IncidentFilter{Subject: id, OpenOnly: true}) {
		if err != nil {
			return btpclient.Incident{}, false, err
		}
		found = append(found, i)
	}
	switch len(found) {
	case 0:
		return btpclient.Incident{}, false, nil
	case 1:
		return found[0], true, nil
	}
	return btpclient.Incident{}, false, fmt.Errorf("%d incidents about %q are open, want one at most", len(found), name)
}

// incidentAbout is the open incident, which there must be: in the list of the global
// account, alone, and in support's list.
func (w *world) incidentAbout(ctx context.Context, name string) (btpclient.Incident, error) {
	i, open, err := w.openIncident(ctx, name)
	if err == nil && !open {
		err = fmt.Errorf("no incident about %q is open, want one", name)
	}
	if err != nil {
		return i, err
	}
	alone, err := w.operator.Incident(ctx, i.ID)
	if err != nil {
		return i, err
	}
	if alone.Cause != i.Cause || alone.Subject.Name != name {
		return i, fmt.Errorf("the incident is %+v in the list, and %+v alone", i, alone)
	}
	for of, err := range w.control.Incidents(ctx, btpclient.IncidentFilter{OpenOnly: true}) {
		if err != nil || of.ID == i.ID {
			return i, err
		}
	}
	return i, fmt.Errorf("support does not see the incident about %q", name)
}

func (w *world) supportResolves(ctx context.Context, name string) error {
	i, err := w.incidentAbout(ctx, name)
	if err != nil {
		return err
	}
	w.incident = i.ID
	_, err = w.control.ResolveIncident(ctx, i.ID, "done by hand")
	return err
}

func (w *world) supportResolvesAgain(ctx context.Context) error {
	_, err := w.control.ResolveIncident(ctx, w.incident, "done by hand")
	w.supported = ended(err)
	return nil
}

func (w *world) supportIsRefused(reason string) error {
	return w.supported.refusedBecauseOf("support", reason)
}

func (w *world) anIncidentIsOpen(ctx context.Context, name, component string) error {
	i, err := w.incidentAbout(ctx, name)
	if err != nil {
		return err
	}
	if i.Component != component || i.Subject.Name != name {
		return fmt.Errorf("the incident is about %q for component %s, want %q for %s", i.Subject.Name, i.Component, name, component)
	}
	return nil
}

func (w *world) anIncidentTells(ctx context.Context, name, stage, cause string) error {
	point, known := stages[stage]
	if !known {
		return fmt.Errorf("the steps do not know %q", stage)
	}
	i, err := w.incidentAbout(ctx, name)
	if err != nil {
		return err
	}
	if i.Step != point || !strings.Contains(i.Cause, cause) {
		return fmt.Errorf("the incident about %q tells that %s failed because %q, want %s because %q", name, i.Step, i.Cause, point, cause)
	}
	return nil
}

func (w *world) noIncidentIsOpen(ctx context.Context, name string) error {
	i, open, err := w.openIncident(ctx, name)
	if err == nil && open {
		return fmt.Errorf("an incident about %q is open: %s; want none", name, i.Cause)
	}
	return err
}
