package steps

import (
	"context"
	"fmt"

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
}

// faultSteps make steps fail on purpose.
func (w *world) faultSteps(d definitions) {
	d.Given(`^(.+) fails because "([^"]*)"$`, w.stageFails)
	d.Given(`^nothing fails any more$`, w.nothingFails)
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
