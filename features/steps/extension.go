package steps

import (
	"context"
	"errors"
	"fmt"
)

// extensionSteps are what the administrator of a tenant does with a row of its
// console, by the buttons that the product has.
func (w *world) extensionSteps(d definitions) {
	d.Given(`^the administrator of tenant "([^"]*)" has chosen "([^"]*)"$`, w.theAdministratorHasChosen)

	d.When(`^the administrator of tenant "([^"]*)" chooses "([^"]*)"$`, w.theAdministratorChooses)

	d.Then(`^the tenant shows no row$`, w.theTenantShowsNoRow)
}

func (w *world) theAdministratorHasChosen(ctx context.Context, tenant, button string) error {
	if err := w.theAdministratorChooses(ctx, tenant, button); err != nil {
		return err
	}
	return w.administered.err
}

// theAdministratorChooses is about the newest row.
func (w *world) theAdministratorChooses(ctx context.Context, tenant, button string) error {
	w.tenant = tenant
	t, err := w.tenants.Tenant(ctx, tenant)
	if err != nil {
		return err
	}
	row, err := w.row(ctx)
	if err != nil {
		return err
	}
	switch button {
	case t.Console.Disable:
		_, err = w.tenants.Disable(ctx, tenant, row.ID)
	case t.Console.Enable:
		_, err = w.tenants.Enable(ctx, tenant, row.ID)
	case t.Console.Delete:
		err = w.tenants.Delete(ctx, tenant, row.ID)
	default:
		return fmt.Errorf("the console of tenant %s has no button %q", tenant, button)
	}
	w.administered = ended(err)
	return nil
}

func (w *world) theTenantShowsNoRow(ctx context.Context) error {
	if w.tenant == "" {
		return errors.New("the scenario has spoken of no tenant")
	}
	rows, err := w.tenants.Pairings(ctx, w.tenant)
	if err == nil && len(rows) > 0 {
		return fmt.Errorf("tenant %s shows a row that is %q, want none", w.tenant, rows[0].Status.Label)
	}
	return err
}
