package verify

import (
	"context"
	"errors"
	"time"

	messages "github.com/cucumber/messages/go/v21"
)

// record is a scenario on its way.
type record struct {
	Result
	began   time.Time
	err     error
	diagram string
	pickle  *messages.Pickle
	steps   []stepRecord // as many as Steps
}

// stepRecord is a sentence on its way.
type stepRecord struct {
	id           string // of the pickle's step
	does         string // the function that was called
	began, ended time.Time
}

// failed is asked before the scenario's landscape ends.
func (r *record) failed() bool {
	var skip notApplicable
	return r.err != nil && !errors.As(r.err, &skip)
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

// How long a scenario may take, in real time: whatever does not end within it fails. That of a foreign registry makes a few
// calls; ours may start a landscape, among many, on a slow machine.
const (
	foreignLimit = 20 * time.Second
	ownLimit     = 2 * time.Minute
)

// end judges the scenario, behind the steps' own end.
func (r *record) end(err error) {
	r.Took = time.Since(r.began)
	if r.err == nil && err != nil { // every sentence held, but not the end of the landscape
		r.err = err
		if n := len(r.Steps); n > 0 {
			r.Step, r.Steps[n-1].Status = r.Steps[n-1].Text, stepFailed
		}
	}
	var skip notApplicable
	switch {
	case r.err == nil:
		r.Outcome = Passed
	case errors.As(r.err, &skip):
		r.Outcome, r.Reason = NotApplicable, skip.why
	default:
		r.Outcome, r.Reason, r.Diagram = Failed, r.err.Error(), r.diagram
	}
}
