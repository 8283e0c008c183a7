package steps

import (
	"context"
	"fmt"
)

// accountSteps are global accounts, their subaccounts, and the types of systems and
// formations that they have.
func (w *world) accountSteps(d definitions) {
	d.When(`^the operator looks at the (global account|subaccount) "([^"]*)"$`, w.theOperatorLooksAtAccount)
	d.When(`^the operator looks at the types of formations$`, w.theOperatorLooksAtFormationTypes)

	d.Then(`^the operator sees a subaccount of global account "([^"]*)"$`, w.theOperatorSeesASubaccountOf)
	d.Then(`^the global accounts are (.+)$`, w.theGlobalAccountsAre)
	d.Then(`^global account "([^"]*)" has the subaccounts (.+)$`, w.theAccountHasSubaccounts)
	d.Then(`^the system type "([^"]*)" is (offered|not offered) in global account "([^"]*)"$`, w.theTypeIsOffered)
	d.Then(`^the one type is "([^"]*)", in (Kyma|Cloud Foundry), for (.+)$`, w.theFormationTypeIs)
}

func (w *world) theOperatorLooksAtAccount(ctx context.Context, what, id string) (err error) {
	if err := w.open(ctx); err != nil {
		return err
	}
	if what == "subaccount" {
		w.shown, err = w.operator.Subaccount(ctx, id)
	} else {
		_, err = w.operator.GlobalAccount(ctx, id)
	}
	w.operated = ended(err)
	return nil
}

func (w *world) theOperatorSeesASubaccountOf(account string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	if w.shown.GlobalAccount != account {
		return fmt.Errorf("the operator sees %+v, want a subaccount of %s", w.shown, account)
	}
	return nil
}

// theGlobalAccountsAre looks at the list, and at each of it alone.
func (w *world) theGlobalAccountsAre(ctx context.Context, list string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	all, err := w.operator.GlobalAccounts(ctx)
	if err != nil {
		return err
	}
	var shown []string
	for _, a := range all {
		alone, err := w.operator.GlobalAccount(ctx, a.ID)
		if err != nil {
			return err
		}
		if alone != a {
			return fmt.Errorf("the global account is %+v in the list, and %+v alone", a, alone)
		}
		shown = append(shown, a.ID)
	}
	return sameNames("the global accounts are", shown, list)
}

// theAccountHasSubaccounts looks at the list, and at each of it alone.
func (w *world) theAccountHasSubaccounts(ctx context.Context, account, list string) error {
	all, err := w.operator.Subaccounts(ctx, account)
	if err != nil {
		return err
	}
	var shown []string
	for _, s := range all {
		alone, err := w.operator.Subaccount(ctx, s.ID)
		if err != nil {
			return err
		}
		if alone.GlobalAccount != account || s.GlobalAccount != account || alone.Subdomain != s.Subdomain {
			return fmt.Errorf("the subaccount is %+v in the list of %s, and %+v alone", s, account, alone)
		}
		shown = append(shown, s.ID)
	}
	return sameNames("the subaccounts of "+account+" are", shown, list)
}

func (w *world) theTypeIsOffered(ctx context.Context, name, which, account string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	types, err := w.operator.AccountSystemTypes(ctx, account)
	if err != nil {
		return err
	}
	offered := false
	for _, t := range types {
		offered = offered || t.Name == name
	}
	if offered != (which == "offered") {
		return fmt.Errorf("of %d types in global account %s one is %q: %t", len(types), account, name, offered)
	}
	return nil
}

func (w *world) theOperatorLooksAtFormationTypes(ctx context.Context) (err error) {
	if err := w.open(ctx); err != nil {
		return err
	}
	w.formationTypes, err = w.operator.FormationTypes(ctx)
	w.operated = ended(err)
	return nil
}

func (w *world) theFormationTypeIs(name, environment, systemTypes string) error {
	if err := w.operated.accepted("the operator"); err != nil {
		return err
	}
	if len(w.formationTypes) != 1 {
		return fmt.Errorf("there are %d types of formations, want one", len(w.formationTypes))
	}
	t := w.formationTypes[0]
	if want := environments[environment][0]; t.Name != name || t.Environment != want {
		return fmt.Errorf("the type of formations is %q in %s, want %q in %s", t.Name, t.Environment, name, want)
	}
	return sameNames("the type is for", t.SystemTypes, systemTypes)
}
