package steps

import (
	"context"
	"fmt"

	"github.com/pairsim/pairsim/btpclient"
)

// landscapeSteps are systems that SAP's landscape discovery finds, and types of third parties.
func (w *world) landscapeSteps(d definitions) {
	d.Given(`^the (.+) system "([^"]*)" was discovered at the URL of "([^"]*)"$`, w.theSystemWasDiscovered)

	d.Given(`^the operator has created the system type "([^"]*)" in the namespace "([^"]*)"$`, w.theOperatorHasCreatedType)

	d.When(`^the operator creates the system type "([^"]*)" in the namespace "([^"]*)"$`, w.theOperatorCreatesType)
	d.When(`^the operator merges "([^"]*)" into "([^"]*)"$`, w.theOperatorMerges)

	d.Then(`^the system "([^"]*)" is "([^"]*)"$`, w.theSystemIsDiscovered)
	d.Then(`^the system "([^"]*)" is "([^"]*)" and has the system ID of "([^"]*)"$`, w.theSystemHasTheIDOf)
}

func (w *world) theSystemWasDiscovered(ctx context.Context, systemType, name, other string) error {
	s, err := w.look(ctx, other)
	if err != nil {
		return err
	}
	if s.Tenant == nil {
		return fmt.Errorf("the system %q is not paired with a tenant that has a URL", other)
	}
	found, err := w.control.Discover(ctx, btpclient.DiscoveredSystem{
		GlobalAccount: defaultAccount, Name: name, Type: systemType, URL: s.Tenant.URL, SystemID: systemIDOf(name), BusinessType: "Production",
	})
	if err != nil {
		return err
	}
	w.systems[name] = &system{id: found.ID, name: name, account: defaultAccount}
	return nil
}

// systemIDOf is the system ID that SAP knows a discovered system by.
func systemIDOf(name string) string { return "SID-" + name }

func (w *world) theOperatorMerges(ctx context.Context, source, target string) error {
	from, err := w.named(source)
	if err != nil {
		return err
	}
	into, err := w.named(target)
	if err != nil {
		return err
	}
	_, err = w.operator.Merge(ctx, from.id, into.id)
	w.operated = ended(err)
	return nil
}

func (w *world) theSystemIsDiscovered(ctx context.Context, name, label string) error {
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	if s.Discovery.Label != label {
		return fmt.Errorf("the system %q is %q, want %q", name, s.Discovery.Label, label)
	}
	return nil
}

func (w *world) theSystemHasTheIDOf(ctx context.Context, name, label, other string) error {
	if err := w.theSystemIsDiscovered(ctx, name, label); err != nil {
		return err
	}
	s, err := w.look(ctx, name)
	if err != nil {
		return err
	}
	if s.Discovery.SystemID != systemIDOf(other) {
		return fmt.Errorf("the system %q has the system ID %q, want %q", name, s.Discovery.SystemID, systemIDOf(other))
	}
	return nil
}

func (w *world) theOperatorHasCreatedType(ctx context.Context, name, namespace string) error {
	if err := w.theOperatorCreatesType(ctx, name, namespace); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorCreatesType(ctx context.Context, name, namespace string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.operator.CreateSystemType(ctx, defaultAccount, name, namespace, "Acme")
	w.operated = ended(err)
	return nil
}
