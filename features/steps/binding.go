package steps

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pairsim/pairsim/btpclient"
)

// bindingSteps are what a developer sees of bindings in the cockpit, and of the services
// that the subaccount has.
func (w *world) bindingSteps(d definitions) {
	const instance = `the service instance "([^"]*)"`
	d.Given(`^the developer has created `+instance+` of the destination service$`, w.theDeveloperHasCreatedPlain)
	d.Given(`^the developer has deleted the binding$`, w.theDeveloperHasUnbound)

	d.When(`^the developer deletes the binding$`, w.theDeveloperUnbinds)
	d.When(`^the developer looks at the service marketplace$`, w.theDeveloperLooksForServices)

	d.Then(`^`+instance+` has the binding, with the credentials that the developer got$`, w.theInstanceHasTheBinding)
	d.Then(`^`+instance+` has no binding$`, w.theInstanceHasNoBinding)
	d.Then(`^the developer finds (the|no) service "([^"]*)"$`, w.theDeveloperFinds)
	d.Then(`^the developer finds the plan "([^"]*)" of "([^"]*)" for (.+)$`, w.theDeveloperFindsPlan)
}

func (w *world) theDeveloperHasCreatedPlain(ctx context.Context, name string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	return w.createAs(ctx, quickService, quickPlan, name, nil)
}

func (w *world) theDeveloperUnbinds(ctx context.Context) error {
	w.operated = ended(w.operator.Unbind(ctx, w.binding.ID))
	return nil
}

func (w *world) theDeveloperHasUnbound(ctx context.Context) error {
	if err := w.theDeveloperUnbinds(ctx); err != nil {
		return err
	}
	return w.operated.err
}

// bindings are those of an instance, which the list shows without credentials.
func (w *world) bindings(ctx context.Context, name string) ([]btpclient.Binding, error) {
	if err := w.operated.accepted("the developer"); err != nil {
		return nil, err
	}
	return w.operator.Bindings(ctx, w.instances[name])
}

func (w *world) theInstanceHasTheBinding(ctx context.Context, name string) error {
	listed, err := w.bindings(ctx, name)
	if err != nil {
		return err
	}
	if len(listed) != 1 || listed[0].ID != w.binding.ID || listed[0].Credentials != nil {
		return fmt.Errorf("the instance has %d bindings, want %s alone, without credentials", len(listed), w.binding.ID)
	}
	alone, err := w.operator.Binding(ctx, w.binding.ID)
	if err != nil {
		return err
	}
	var got, shown map[string]string
	if err := json.Unmarshal(w.binding.Credentials, &got); err != nil {
		return err
	}
	if err := json.Unmarshal(alone.Credentials, &shown); err != nil {
		return err
	}
	if got["clientid"] == "" || got["clientid"] != shown["clientid"] || got["clientsecret"] != shown["clientsecret"] {
		return fmt.Errorf("the binding shows the client %q, and the developer got %q, each with a secret of its own", shown["clientid"], got["clientid"])
	}
	return nil
}

func (w *world) theInstanceHasNoBinding(ctx context.Context, name string) error {
	listed, err := w.bindings(ctx, name)
	if err != nil {
		return err
	}
	if len(listed) > 0 {
		return fmt.Errorf("the instance has %d bindings, want none", len(listed))
	}
	_, err = w.operator.Binding(ctx, w.binding.ID)
	return refusedBecauseOf("who reads the binding", err, "service-binding-not-found")
}

func (w *world) theDeveloperLooksForServices(ctx context.Context) (err error) {
	if err := w.open(ctx); err != nil {
		return err
	}
	w.marketplace, err = w.operator.ServiceOfferings(ctx, defaultSubaccount)
	w.operated = ended(err)
	return nil
}

func (w *world) offeringNamed(name string) (*btpclient.SubaccountOffering, error) {
	if err := w.operated.accepted("the developer"); err != nil {
		return nil, err
	}
	for i, o := range w.marketplace {
		if o.DisplayName == name {
			return &w.marketplace[i], nil
		}
	}
	return nil, nil
}

func (w *world) theDeveloperFinds(which, name string) error {
	o, err := w.offeringNamed(name)
	if err == nil && (o != nil) != (which == "the") {
		err = fmt.Errorf("the developer finds %s among %d services: %t", name, len(w.marketplace), o != nil)
	}
	return err
}

func (w *world) theDeveloperFindsPlan(plan, service, systems string) error {
	o, err := w.offeringNamed(service)
	if err != nil {
		return err
	}
	if o == nil {
		return fmt.Errorf("the developer finds no service %s", service)
	}
	for _, p := range o.Plans {
		if p.Name == plan {
			var found []string
			for _, s := range p.Systems {
				found = append(found, s.Name)
			}
			return sameNames("the plan is for", found, systems)
		}
	}
	return fmt.Errorf("the service has %d plans, and none is %s", len(o.Plans), plan)
}
