package steps

import (
	"context"
	"fmt"
	"slices"

	"github.com/pairsim/pairsim/btpclient"
)

// entitlementSteps are what an operator does with the entitlement configurations
// of SAP S/4HANA Cloud Extensibility.
func (w *world) entitlementSteps(d definitions) {
	d.Given(`^the operator has given subaccount "([^"]*)" the plan "([^"]*)" for "([^"]*)"$`, w.theOperatorHasGivenPlan)
	d.Given(`^the operator has taken from subaccount "([^"]*)" the plan "([^"]*)" for "([^"]*)"$`, w.theOperatorHasTakenPlan)

	d.When(`^the operator gives subaccount "([^"]*)" the plan "([^"]*)" for "([^"]*)"$`, w.theOperatorGivesPlan)
	d.When(`^the operator gives subaccount "([^"]*)" the plan "([^"]*)" for "([^"]*)" and deregisters it at the same moment$`, w.theOperatorGivesAndDeregisters)
	d.When(`^the operator takes from subaccount "([^"]*)" the plan "([^"]*)" for "([^"]*)"$`, w.theOperatorTakesPlan)
	d.When(`^the operator gives subaccount "([^"]*)" the plan "default" of SAP Event Mesh for at most (\d+) instances$`, w.theOperatorGivesEventMesh)
	d.When(`^the operator takes from subaccount "([^"]*)" the plan "default" of SAP Event Mesh$`, w.theOperatorTakesEventMesh)
	d.When(`^the operator looks for services to add to subaccount "([^"]*)"$`, w.theOperatorLooksForServices)

	d.Then(`^the operator finds the plans (.+) for (.+)$`, w.theOperatorFinds)
	d.Then(`^the operator finds no service for a system$`, w.theOperatorFindsNone)
	d.Then(`^subaccount "([^"]*)" has the plan "default" of SAP Event Mesh for at most (\d+) instances, none of which is used$`, w.theSubaccountHasEventMesh)
	d.Then(`^subaccount "([^"]*)" has no plan of SAP Event Mesh$`, w.theSubaccountHasNoEventMesh)
	d.Then(`^subaccount "([^"]*)" has the plans (.+) for "([^"]*)"$`, w.theSubaccountHasPlans)
}

func (w *world) theOperatorHasGivenPlan(ctx context.Context, subaccount, plan, name string) error {
	if err := w.theOperatorGivesPlan(ctx, subaccount, plan, name); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorGivesPlan(ctx context.Context, subaccount, plan, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	_, err = w.operator.AssignEntitlement(ctx, subaccount, btpclient.NewEntitlement{System: s.id, Plan: plan})
	w.operated = ended(err)
	return nil
}

// theOperatorGivesAndDeregisters lets both requests meet at the registry.
func (w *world) theOperatorGivesAndDeregisters(ctx context.Context, subaccount, plan, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	w.atOnce(
		func() error {
			_, err := w.operator.AssignEntitlement(ctx, subaccount, btpclient.NewEntitlement{System: s.id, Plan: plan})
			return err
		},
		func() error { _, err := w.operator.Deregister(ctx, s.id); return err },
	)
	return nil
}

func (w *world) theOperatorHasTakenPlan(ctx context.Context, subaccount, plan, name string) error {
	if err := w.theOperatorTakesPlan(ctx, subaccount, plan, name); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorTakesPlan(ctx context.Context, subaccount, plan, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	w.operated = ended(w.operator.RemoveEntitlementOf(ctx, subaccount, s.id, plan))
	return nil
}

func (w *world) theOperatorGivesEventMesh(ctx context.Context, subaccount string, quota int) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.operator.AssignEntitlement(ctx, subaccount, btpclient.NewEntitlement{Service: "SAP Event Mesh", Plan: "default", Quota: quota})
	w.operated = ended(err)
	return nil
}

func (w *world) theSubaccountHasEventMesh(ctx context.Context, subaccount string, quota int) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	for e, err := range w.operator.Entitlements(ctx, subaccount, btpclient.EntitlementFilter{Plan: "default"}) {
		if err != nil {
			return err
		}
		if e.System.ID != "" || e.Quota != quota || e.Used != 0 {
			return fmt.Errorf("subaccount %s has %+v, want a quota of %d, of which nothing is used", subaccount, e, quota)
		}
		return nil
	}
	return fmt.Errorf("subaccount %s has no plan of SAP Event Mesh", subaccount)
}

// theOperatorTakesEventMesh names the entitlement by its id, also when it is gone.
func (w *world) theOperatorTakesEventMesh(ctx context.Context, subaccount string) error {
	has, err := w.eventMeshOf(ctx, subaccount)
	if err != nil {
		return err
	}
	if has != "" {
		w.entitlement = has
	}
	w.operated = ended(w.operator.RemoveEntitlement(ctx, subaccount, w.entitlement))
	return nil
}

// eventMeshOf is the id of the subaccount's entitlement to SAP Event Mesh, "" if it has none.
func (w *world) eventMeshOf(ctx context.Context, subaccount string) (string, error) {
	for e, err := range w.operator.Entitlements(ctx, subaccount, btpclient.EntitlementFilter{Plan: "default"}) {
		if err != nil || e.System.ID == "" {
			return e.ID, err
		}
	}
	return "", nil
}

func (w *world) theSubaccountHasNoEventMesh(ctx context.Context, subaccount string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	has, err := w.eventMeshOf(ctx, subaccount)
	if err == nil && has != "" {
		err = fmt.Errorf("subaccount %s has SAP Event Mesh still, as %s", subaccount, has)
	}
	return err
}

func (w *world) theOperatorLooksForServices(ctx context.Context, subaccount string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	offered, err := w.operator.ServicePlans(ctx, subaccount)
	// What is for no system, as SAP Event Mesh, is always there.
	offered = slices.DeleteFunc(offered, func(o btpclient.ServiceOffering) bool { return o.Service == "enterprise-messaging" })
	w.operated, w.offered = ended(err), offered
	return nil
}

func (w *world) theOperatorFinds(plans, systems string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	if len(w.offered) != 1 || w.offered[0].DisplayName != "SAP S/4HANA Cloud Extensibility" {
		return fmt.Errorf("the operator finds %+v, want SAP S/4HANA Cloud Extensibility alone", w.offered)
	}
	var found []string
	for _, s := range w.offered[0].Systems {
		found = append(found, s.Name)
	}
	if err := sameNames("the service is offered for", found, systems); err != nil {
		return err
	}
	return sameNames("the service has the plans", w.offered[0].Plans, plans)
}

func (w *world) theOperatorFindsNone() error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	if len(w.offered) > 0 {
		return fmt.Errorf("the operator finds %s, want no service", w.offered[0].DisplayName)
	}
	return nil
}

func (w *world) theSubaccountHasPlans(ctx context.Context, subaccount, plans, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	var has []string
	for e, err := range w.operator.Entitlements(ctx, subaccount, btpclient.EntitlementFilter{System: s.id}) {
		if err != nil {
			return err
		}
		has = append(has, e.Plan)
	}
	return sameNames("subaccount "+subaccount+" has the plans", has, plans)
}
