package steps

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// stages are steps of flows that can fail, by what a scenario calls them.
var stages = map[string]string{
	"the certificate request":        "pairing.csr",
	"publishing a service":           "services.create",
	"the tenant's part":              "pairing.failure-report",
	"completing the pairing":         "due.attempt-deadline",
	"telling the tenant":             "deregistration.tell-tenant",
	"taking the connectivity down":   "deregistration.complete",
	"deleting the record":            "removal.complete",
	"synchronizing the formation":    "formation.synchronize",
	"deleting the formation":         "formation.deletion",
	"a participant of the formation": "formation.report",
	"listing the systems":            "system.list",
}

// faultSteps make steps fail on purpose.
func (w *world) faultSteps(d definitions) {
	d.Given(`^(.+) fails because "([^"]*)"$`, w.stageFails)
	d.Given(`^nothing fails any more$`, w.nothingFails)
	d.Given(`^the recipe "([^"]*)" is set for (all|the system|the formation|the tenant)(?: "([^"]*)")?$`, w.theRecipeIsSet)
	d.Given(`^the first (\d+) certificate requests of each system are refused because of "([^"]*)"$`, w.firstRequestsAreRefused)
	d.Given(`^the client has sent (\d+) certificate requests in vain$`, w.theClientHasSentInVain)
	d.Given(`^the system "([^"]*)" has come to "([^"]*)"$`, w.theSystemIsShownAs)
	d.Given(`^the formation "([^"]*)" has come to "([^"]*)"$`, w.theFormationIsShownAs)
	d.Given(`^a step of "([^"]*)" waits$`, w.aStepWaits)
	d.Given(`^the administrator of tenant "([^"]*)" has begun to enter the token$`, w.theAdministratorHasBegun)

	d.When(`^the recipe "([^"]*)" is to be set for (the system|the formation|the tenant) "([^"]*)"$`, w.theRecipeIsToBeSet)
	d.When(`^a fault is to be set (.+)$`, w.aFaultIsToBeSet)
	d.When(`^the operator registers the (.+) system "([^"]*)", and tries again when there is no answer$`, w.theOperatorRegistersAgain)
	d.When(`^the administrator of tenant "([^"]*)" enters the token and waits while time passes$`, w.theAdministratorWaits)
	d.When(`^the tenant "([^"]*)" sends the event "([^"]*)" "([^"]*)" (\d+) times$`, w.theTenantSendsOften)

	d.Then(`^every fault has struck$`, w.everyFaultHasStruck)
	d.Then(`^no fault has struck$`, w.noFaultHasStruck)
	d.Then(`^some are accepted and some are not$`, w.someAreAccepted)
	d.Then(`^the registry has accepted it (\d+) times$`, w.theRegistryHasAccepted)
	d.Then(`^the tenant shows "([^"]*)" in the end$`, w.theTenantShowsInTheEnd)
}

func (w *world) stageFails(ctx context.Context, stage, cause string) error {
	point, known := stages[stage]
	if !known {
		return fmt.Errorf("the steps do not know %q", stage)
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.control.AddFault(ctx, btpclient.Fault{Point: point, Cause: cause})
	return err
}

func (w *world) nothingFails(ctx context.Context) error { return w.control.ClearFaults(ctx) }

func (w *world) theRecipeIsSet(ctx context.Context, recipe, kind, name string) error {
	if err := w.theRecipeIsToBeSet(ctx, recipe, kind, name); err != nil {
		return err
	}
	return w.controlled.err
}

func (w *world) theRecipeIsToBeSet(ctx context.Context, recipe, kind, name string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	var target btpclient.RecipeTarget
	switch kind {
	case "the system":
		target.System = name
	case "the formation":
		target.Formation = name
	case "the tenant":
		target.Tenant = name
	}
	_, _, err := w.control.ApplyRecipe(ctx, recipe, target)
	w.controlled = ended(err)
	return nil
}

// nonsense are faults that could never strike, by what a scenario calls them.
var nonsense = map[string]btpclient.Fault{
	"at an unknown point": {Point: "pairing.tea"},
	"for an unknown system": {
		Point: "pairing.csr", Match: btpclient.FaultMatch{System: "nobody"}, Action: &btpclient.FaultAction{Kind: "hold"},
	},
	"for an unknown tenant": {
		Point: "pairing.csr", Match: btpclient.FaultMatch{Tenant: "nobody"}, Action: &btpclient.FaultAction{Kind: "hold"},
	},
	"that truncates the answer of due work":            {Point: "removal.complete", Action: &btpclient.FaultAction{Kind: "truncate", Bytes: 1}},
	"that corrupts a certificate in a list of systems": {Point: "system.list", Action: &btpclient.FaultAction{Kind: "corrupt", Part: "certificate"}},
	"that strikes with a probability of 2": {
		Point: "pairing.csr", Action: &btpclient.FaultAction{Kind: "fail"}, Schedule: &btpclient.FaultSchedule{Probability: 2},
	},
	"that delays by both clocks": {Point: "pairing.csr", Action: &btpclient.FaultAction{Kind: "delay", Real: "1s", Virtual: "1s"}},
	"that answers with a header of the connection": {Point: "pairing.csr", Action: &btpclient.FaultAction{
		Kind: "fail", Answer: &btpclient.FaultAnswer{Status: 200, Headers: map[string]string{"Transfer-Encoding": "chunked"}},
	}},
}

func (w *world) aFaultIsToBeSet(ctx context.Context, what string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	if what == "by an unknown recipe" {
		return w.theRecipeIsToBeSet(ctx, "bad-luck", "all", "")
	}
	f, known := nonsense[what]
	if !known {
		return fmt.Errorf("the steps do not know a fault %s", what)
	}
	_, err := w.control.AddFault(ctx, f)
	w.controlled = ended(err)
	return nil
}

func (w *world) firstRequestsAreRefused(ctx context.Context, n int, code string) error {
	_, err := w.control.AddFault(ctx, btpclient.Fault{
		Point: "pairing.csr", Action: &btpclient.FaultAction{Kind: "fail", Code: code}, Schedule: &btpclient.FaultSchedule{First: n},
	})
	return err
}

func (w *world) theClientHasSentInVain(ctx context.Context, n int) error {
	for range n {
		if err := w.theClientSendsRequest(ctx); err != nil {
			return err
		}
		if w.called.err == nil {
			return errors.New("the certificate request was accepted, want it refused")
		}
	}
	return nil
}

// aStepWaits asks until something is held.
func (w *world) aStepWaits(ctx context.Context, name string) error {
	for ctx.Err() == nil {
		holds, err := w.control.Holds(ctx)
		if err != nil {
			return err
		}
		for _, h := range holds {
			if h.Subject.Name == name && h.Point != "" {
				return nil
			}
		}
	}
	return ctx.Err()
}

func (w *world) theAdministratorHasBegun(ctx context.Context, tenant string) error {
	token, err := w.newest(w.present)
	if err != nil {
		return err
	}
	w.tenant = tenant
	row, err := w.tenants.StartPairing(ctx, tenant, token.TokenURL, "")
	w.administered, w.shownFirst = ended(err), row.Status.Label
	return err
}

func (w *world) theTenantShowsInTheEnd(ctx context.Context, label string) error {
	row, err := w.row(ctx)
	if err != nil {
		return err
	}
	if _, err := w.tenants.EndedPairing(ctx, w.tenant, row.ID); err != nil {
		return err
	}
	return w.theTenantShows(ctx, label)
}

// theAdministratorWaits lets half a minute pass whenever the registry lets the
// tenant wait, until the pairing has ended.
func (w *world) theAdministratorWaits(ctx context.Context, tenant string) error {
	before, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	w.moved = before.Now
	if err := w.theAdministratorHasBegun(ctx, tenant); err != nil {
		return err
	}
	for waited := 0; ctx.Err() == nil; {
		row, err := w.row(ctx)
		if err != nil || row.Failed() || row.Status.Code == "registered" {
			return err
		}
		entries, _, err := w.control.Journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "decision"}, Limit: 200})
		if err != nil {
			return err
		}
		delays := 0
		for _, e := range entries {
			delays += len(e.Faults)
		}
		if delays == waited {
			continue
		}
		waited = delays
		if _, err := w.control.Advance(ctx, 30*time.Second); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// theOperatorRegistersAgain is an operator whose request is made once, however
// often it is sent.
func (w *world) theOperatorRegistersAgain(ctx context.Context, systemType, name string) error {
	const tries = 3
	key := btpclient.IdempotencyKey("the same for every try")
	var err error
	for range tries {
		var answer btpclient.System
		answer, err = w.operator.Register(ctx, defaultAccount, name, systemType, key)
		var lost *btpclient.UnreachableError
		if err == nil {
			w.present = w.remember(answer)
		}
		if !errors.As(err, &lost) {
			break
		}
	}
	w.registered = ended(err)
	return nil
}

func (w *world) theTenantSendsOften(ctx context.Context, tenant, event, version string, n int) error {
	w.presented = nil
	for range n {
		if err := w.theTenantSends(ctx, tenant, event, version); err != nil {
			return err
		}
		w.presented = append(w.presented, w.published.err)
	}
	return nil
}

func (w *world) someAreAccepted() error {
	accepted := 0
	for _, err := range w.presented {
		if err == nil {
			accepted++
		}
	}
	if accepted == 0 || accepted == len(w.presented) {
		return fmt.Errorf("%d of %d are accepted, want some", accepted, len(w.presented))
	}
	return nil
}

func (w *world) theRegistryHasAccepted(ctx context.Context, n int) error {
	got := 0
	for _, point := range []string{"events.legacy", "events.cloudevent"} {
		entries, _, err := w.control.Journal(ctx, btpclient.JournalFilter{EntryMatch: btpclient.EntryMatch{Kind: "decision", Point: point}})
		if err != nil {
			return err
		}
		for _, e := range entries {
			if len(e.Faults) == 0 { // it tells of the event, not of the fault
				got++
			}
		}
	}
	if got != n {
		return fmt.Errorf("the registry has accepted %d events, want %d", got, n)
	}
	return nil
}

func (w *world) everyFaultHasStruck(ctx context.Context) error {
	unfired, err := w.control.UnfiredFaults(ctx)
	if err != nil {
		return err
	}
	for _, f := range unfired {
		return fmt.Errorf("the fault at %s was considered %d times and never struck", f.Point, f.Considered)
	}
	return nil
}

func (w *world) noFaultHasStruck(ctx context.Context) error {
	faults, err := w.control.Faults(ctx)
	if err != nil {
		return err
	}
	for _, f := range faults {
		if f.Struck > 0 {
			return fmt.Errorf("the fault at %s has struck %d times, want never", f.Point, f.Struck)
		}
	}
	return nil
}
