package verify

import (
	"context"
	"errors"
	"time"

	"github.com/cucumber/godog"
)

// record is a scenario on its way.
type record struct {
	Result
	began   time.Time
	err     error
	diagram string
	pickle  *godog.Scenario
	steps   []stepRecord // as many as Steps
}

// stepRecord is a sentence on its way.
type stepRecord struct {
	id           string // of the pickle's step
	began, ended time.Time
}

// failed is asked before the scenario's landscape ends.
func (r *record) failed() bool {
	return r.err != nil && !errors.Is(r.err, godog.ErrSkip)
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

// How long a scenario may take, in real time. That of a foreign registry makes a few
// calls; ours may start a landscape, among many, on a slow machine.
const (
	foreignLimit = 20 * time.Second
	ownLimit     = 2 * time.Minute
)

// observe notes what becomes of a scenario. It is asked here, not in a formatter of
// godog: of scenarios that run side by side formatters hear when they have ended.
// Whatever does not end within limit fails.
func observe(sc *godog.ScenarioContext, lines map[string]int, limit time.Duration) *record {
	r := &record{}
	cancel := func() {}
	sc.Before(func(ctx context.Context, s *godog.Scenario) (context.Context, error) {
		r.began, r.Feature, r.Name, r.pickle = time.Now(), s.Uri, s.Name, s
		r.Line = lines[s.AstNodeIds[len(s.AstNodeIds)-1]]
		for _, tag := range s.Tags {
			r.Tags = append(r.Tags, tag.Name)
		}
		ctx, cancel = context.WithTimeout(context.WithValue(ctx, recordKey{}, r), limit)
		return ctx, nil
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) {
		cancel()
		return ctx, nil
	})
	sc.StepContext().Before(func(ctx context.Context, s *godog.Step) (context.Context, error) {
		r.steps = append(r.steps, stepRecord{id: s.Id, began: time.Now()})
		return ctx, nil
	})
	sc.StepContext().After(func(ctx context.Context, s *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
		r.steps[len(r.steps)-1].ended = time.Now()
		r.Steps = append(r.Steps, StepResult{s.Text, status.String()})
		if err != nil && r.err == nil {
			r.err, r.Step = err, s.Text
		}
		return ctx, nil
	})
	return r
}

// end judges the scenario, behind the steps' own end.
func (r *record) end(err error) {
	r.Took = time.Since(r.began)
	if r.err == nil && err != nil { // every sentence held, but not the end of the landscape
		r.err = err
		if n := len(r.Steps); n > 0 {
			r.Step, r.Steps[n-1].Status = r.Steps[n-1].Text, godog.StepFailed.String()
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
