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
