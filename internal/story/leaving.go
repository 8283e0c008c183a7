package story

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/pairsim/pairsim/btpclient"
)

// The formation of the story, and the subaccount whose Kyma runtime it serves.
const (
	formationName = "customer-experience"
	formationType = "Side-by-Side Extensibility with Kyma"
	subaccount    = "dev"
)

// statusLeaving is what both editions show while connectivity is taken down.
const statusLeaving = "Deregistering"

// form puts a system into the formation, before its product side is configured
// (SEED-000 step 7); the first one creates it.
func (t *teller) form(ctx context.Context, step, id, name string) error {
	var f btpclient.Formation
	var err error
	if t.formation == "" {
		t.step(step, "Recommended first: formation %q for subaccount %q, with %q.", formationName, subaccount, name)
		f, err = t.operator.CreateFormation(ctx, globalAccount, btpclient.NewFormation{
			Name: formationName, Type: formationType, Subaccount: subaccount, Systems: []string{id},
		})
		step = ""
	} else {
		f, err = t.operator.IncludeSystem(ctx, t.formation, id)
	}
	if err != nil {
		return err
	}
	t.formation = f.ID
	remark := t.cockpit.includeVerb
	if f.Status.Label != "" {
		remark = "formation " + f.Status.Label
	}
	t.wire(step, "operator", "registry", t.last, 1, remark)
	if err := expect("status of the formation", f.Status.Label, t.cockpit.formationReady); err != nil {
		return err
	}
	sees, err := t.runtimeSees(ctx, id)
	if err == nil && sees {
		err = fmt.Errorf("the Kyma runtime sees %s before it is paired; the documents say: no API access yet", name)
	}
	return err
}

// runtimeSees looks for a system among the applications of the Kyma runtime.
func (t *teller) runtimeSees(ctx context.Context, id string) (bool, error) {
	applications, err := t.operator.RuntimeApplications(ctx, subaccount)
	return slices.ContainsFunc(applications, func(a btpclient.RuntimeApplication) bool { return a.System.ID == id }), err
}

// seen shows that a system has reached the Kyma runtime: it is registered, and in
// the formation (SEED-000 Results).
func (t *teller) seen(ctx context.Context, id string) error {
	sees, err := t.runtimeSees(ctx, id)
	if err != nil {
		return err
	}
	if !sees {
		return fmt.Errorf("the Kyma runtime of subaccount %s does not see system %s", subaccount, id)
	}
	t.wire("", "operator", "registry", t.last, 1, "Kyma sees it")
	return nil
}

// leaving is the chapter about deregistration: refused while a formation holds
// the system, then completed (SEED-000 Results).
func (t *teller) leaving(ctx context.Context) error {
	outlet := t.cast[len(t.cast)-1]
	t.heading("A system leaves", "SEED-000, Results")
	t.step("", "Deregister %q, which is still in formation %q:", secondSystem, formationName)
	if err := t.refusedToLeave(ctx, outlet.id); err != nil {
		return err
	}
	f, err := t.operator.ExcludeSystem(ctx, t.formation, outlet.id)
	if err != nil {
		return err
	}
	t.wire("", "operator", "registry", t.last, 1, fmt.Sprintf("%d systems left", len(f.Systems)))
	if err := t.departs(ctx, outlet.id); err != nil {
		return err
	}
	if err := t.rowIs(ctx, outlet.tenant, outlet.id, btpclient.PairingDeregistered); err != nil {
		return err
	}
	t.leaves(outlet.id)
	return t.left(ctx, outlet.id)
}

func (t *teller) refusedToLeave(ctx context.Context, id string) error {
	_, err := t.operator.Deregister(ctx, id)
	var refused *btpclient.Problem
	if !errors.As(err, &refused) {
		return errors.Join(errors.New("deregistering what a formation holds was not refused; the documents say that it is"), err)
	}
	t.wire("", "operator", "registry", t.last, 1, t.in(yellow, refused.Code))
	t.quoted(refused.Detail)
	return expect("deregistering what a formation holds", refused.Code, "system-in-use")
}

// departs deregisters a system.
func (t *teller) departs(ctx context.Context, id string) error {
	s, err := t.operator.Deregister(ctx, id)
	if err != nil {
		return err
	}
	t.wire("", "operator", "registry", t.last, 1, t.in(bold, s.Status.Label))
	return expect("status of "+s.Name, s.Status.Label, statusLeaving)
}

// leaves counts a system out that is not registered any more.
func (t *teller) leaves(id string) {
	t.cast = slices.DeleteFunc(t.cast, func(m member) bool { return m.id == id })
	t.gone++
}

// rowIs shows what a tenant knows of a system, by the code of its row's status: it
// is deregistered when the registry has called it back.
func (t *teller) rowIs(ctx context.Context, tenant, system, code string) error {
	rows, err := t.tenants.Pairings(ctx, tenant)
	if err != nil {
		return err
	}
	read := t.last
	for _, r := range rows {
		if r.SystemID == system && r.Status.Code == code {
			t.wire("", "admin", tenant, read, 1, t.in(bold, r.Status.Label))
			return nil
		}
	}
	return fmt.Errorf("no row of tenant %s for this system is %s", tenant, code)
}

// left looks for the row: it is gone, or back in the empty status.
func (t *teller) left(ctx context.Context, id string) error {
	if !t.cockpit.leaves {
		if err := t.inCockpit(ctx, "", id, t.cockpit.empty); err != nil {
			return err
		}
		t.outcome("The tenant was told, every certificate is revoked. The row stays, for the same tenant to come back.")
		return nil
	}
	if err := t.rowGone(ctx, id, secondSystem); err != nil {
		return err
	}
	t.outcome("The tenant was told, every certificate is revoked, the row is gone: its name is free.")
	return nil
}

// rowGone shows that the cockpit has no row of a system any more.
func (t *teller) rowGone(ctx context.Context, id, name string) error {
	_, err := t.operator.System(ctx, id)
	if t.last.Status != http.StatusNotFound {
		return errors.Join(err, fmt.Errorf("the row of %s is still there; the documents say: gone", name))
	}
	t.wire("", "operator", "registry", t.last, 1, "the row is gone")
	return nil
}
