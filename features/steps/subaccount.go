package steps

import (
	"context"
	"fmt"

	"github.com/pairsim/pairsim/btpclient"
)

// defaultSubaccount is where extensions live if nothing else is said.
const defaultSubaccount = "dev"

// environments are those of a subaccount, by what a scenario calls them.
var environments = map[string][]string{
	"Cloud Foundry": {"cloudFoundry"}, "Kyma": {"kyma"}, "Cloud Foundry and Kyma": {"cloudFoundry", "kyma"}, "no environment": {},
}

// subaccountSteps are subaccounts, their environments, and what their Kyma
// runtime shows.
func (w *world) subaccountSteps(d definitions) {
	d.Given(`^there is a subaccount "([^"]*)" with (Cloud Foundry|Kyma|Cloud Foundry and Kyma|no environment)$`, w.thereIsASubaccount)
	d.Given(`^there is a subaccount "([^"]*)" in region "([^"]*)"$`, w.thereIsASubaccountInRegion)
	d.Given(`^there is a subaccount "([^"]*)" of global account "([^"]*)"$`, w.thereIsASubaccountOf)

	d.When(`^(Cloud Foundry|Kyma|Cloud Foundry and Kyma|no environment) is what subaccount "([^"]*)" has enabled$`, w.theSubaccountHasEnabled)

	d.Then(`^the runtime of subaccount "([^"]*)" shows the application of "([^"]*)"$`, w.theRuntimeShows)
	d.Then(`^the runtime of subaccount "([^"]*)" shows no application of "([^"]*)"$`, w.theRuntimeShowsNone)
	d.Given(`^the (.+) system "([^"]*)" is (pending|registered)$`, w.theSystemIs)
	d.Given(`^it is (in|not in) the formation "([^"]*)" of subaccount "([^"]*)"$`, w.itIsIn)

	d.When(`^the operator looks at the runtime of subaccount "([^"]*)"$`, w.theOperatorLooksAtRuntime)

	d.Then(`^the operator sees (the|no) application of "([^"]*)"$`, w.theOperatorSeesApplication)
	d.Then(`^the operator sees the application "([^"]*)"$`, w.theOperatorSeesNamed)
	d.Then(`^the runtime of subaccount "([^"]*)" is stopped by the name "([^"]*)"$`, w.theRuntimeIsStopped)
	d.Then(`^the runtime of subaccount "([^"]*)" is synchronized$`, w.theRuntimeIsSynchronized)
	d.Then(`^the application of "([^"]*)" in subaccount "([^"]*)" offers (.+) and nothing else$`, w.theApplicationOffers)
	d.Then(`^the application of "([^"]*)" in subaccount "([^"]*)" has APIs and events$`, w.theApplicationHas)
}

func (w *world) thereIsASubaccount(ctx context.Context, id, with string) error {
	return w.createSubaccount(ctx, defaultAccount, btpclient.Subaccount{ID: id, Region: "eu10", Environments: environments[with]})
}

func (w *world) thereIsASubaccountInRegion(ctx context.Context, id, region string) error {
	return w.createSubaccount(ctx, defaultAccount, btpclient.Subaccount{
		ID: id, Region: region, Environments: environments["Cloud Foundry and Kyma"],
	})
}

func (w *world) thereIsASubaccountOf(ctx context.Context, id, account string) error {
	return w.createSubaccount(ctx, account, btpclient.Subaccount{
		ID: id, Region: "eu10", Environments: environments["Cloud Foundry and Kyma"],
	})
}

func (w *world) createSubaccount(ctx context.Context, account string, s btpclient.Subaccount) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	s.DisplayName, s.Subdomain = s.ID, s.ID
	_, err := w.operator.CreateSubaccount(ctx, account, s)
	return err
}

func (w *world) theSubaccountHasEnabled(ctx context.Context, with, id string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	list := environments[with]
	_, err := w.operator.ChangeSubaccount(ctx, id, btpclient.SubaccountChange{Environments: &list})
	w.operated = ended(err)
	return nil
}

func (w *world) theRuntimeShows(ctx context.Context, subaccount, name string) error {
	_, err := w.application(ctx, subaccount, name)
	return err
}

func (w *world) theRuntimeShowsNone(ctx context.Context, subaccount, name string) error {
	there, err := w.applications(ctx, subaccount)
	if err != nil {
		return err
	}
	for _, a := range there {
		if a.System.Name == name {
			return fmt.Errorf("the runtime of subaccount %s shows the application %s of %q, want none", subaccount, a.Name, name)
		}
	}
	return nil
}

func (w *world) theApplicationHas(ctx context.Context, name, subaccount string) error {
	a, err := w.application(ctx, subaccount, name)
	if err != nil {
		return err
	}
	var apis, events bool
	for _, s := range a.Services {
		apis, events = apis || s.API, events || s.Events
	}
	if !apis || !events {
		return fmt.Errorf("the application %s has %d services, APIs among them: %t, events: %t; want both", a.Name, len(a.Services), apis, events)
	}
	return nil
}

func (w *world) applications(ctx context.Context, subaccount string) ([]btpclient.RuntimeApplication, error) {
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	return w.operator.RuntimeApplications(ctx, subaccount)
}

// application is the one of a system in a subaccount's runtime.
func (w *world) application(ctx context.Context, subaccount, name string) (btpclient.RuntimeApplication, error) {
	there, err := w.applications(ctx, subaccount)
	if err != nil {
		return btpclient.RuntimeApplication{}, err
	}
	var shown []string
	for _, a := range there {
		if a.System.Name == name {
			return a, nil
		}
		shown = append(shown, a.System.Name)
	}
	return btpclient.RuntimeApplication{}, fmt.Errorf("the runtime of subaccount %s shows the applications of %q, want that of %q too",
		subaccount, shown, name)
}

// productTenants are the built-in tenants, by type of system.
var productTenants = map[string]string{
	"SAP Commerce Cloud": "commerce", "SAP Field Service Management": "fsm", "SAP Cloud for Customer": "c4c", "SAP Marketing Cloud": "marketing",
}

// theSystemIs registers a system and, for a registered one, lets the built-in tenant
// of its type pair with it.
func (w *world) theSystemIs(ctx context.Context, kind, name, status string) error {
	if err := w.theOperatorHasRegistered(ctx, kind, name); err != nil || status == "pending" {
		return err
	}
	tenant, known := productTenants[kind]
	if !known {
		return fmt.Errorf("the steps know no tenant of %s", kind)
	}
	return w.theAdministratorHasGotAndEntered(ctx, tenant)
}

// itIsIn creates a formation, with the system of which the scenario spoke last or
// without it.
func (w *world) itIsIn(ctx context.Context, in, group, subaccount string) error {
	with := ""
	if in == "in" {
		with = `"` + w.present.name + `"`
	}
	return w.theOperatorHasCreatedFormation(ctx, group, subaccount, with)
}

func (w *world) theOperatorLooksAtRuntime(ctx context.Context, subaccount string) (err error) {
	w.seen, err = w.applications(ctx, subaccount)
	return err
}

func (w *world) theOperatorSeesApplication(which, name string) error {
	for _, a := range w.seen {
		if a.System.Name == name {
			if which == "no" {
				return fmt.Errorf("the operator sees the application %s of %q, want none", a.Name, name)
			}
			return nil
		}
	}
	if which == "no" {
		return nil
	}
	return fmt.Errorf("the operator sees %d applications, want that of %q among them", len(w.seen), name)
}

func (w *world) theOperatorSeesNamed(name string) error {
	if len(w.seen) != 1 || w.seen[0].Name != name {
		return fmt.Errorf("the operator sees the applications %+v, want %s", w.seen, name)
	}
	return nil
}

func (w *world) theRuntimeIsStopped(ctx context.Context, subaccount, name string) error {
	r, err := w.operator.Runtime(ctx, subaccount)
	if err == nil && (r.Synchronization.State != "stopped" || r.Synchronization.Name != name) {
		err = fmt.Errorf("the synchronization of the runtime is %+v, want it stopped by %s", r.Synchronization, name)
	}
	return err
}

func (w *world) theRuntimeIsSynchronized(ctx context.Context, subaccount string) error {
	r, err := w.operator.Runtime(ctx, subaccount)
	if err == nil && r.Synchronization.State != "synchronized" {
		err = fmt.Errorf("the synchronization of the runtime is %+v, want it to work", r.Synchronization)
	}
	return err
}

func (w *world) theApplicationOffers(ctx context.Context, name, subaccount, list string) error {
	a, err := w.application(ctx, subaccount, name)
	if err != nil {
		return err
	}
	offered := make([]string, len(a.Services))
	for i, s := range a.Services {
		offered[i] = s.Name
	}
	return sameNames("services of the application", offered, list)
}
