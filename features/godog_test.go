package features_test

import (
	"context"
	"regexp"

	"github.com/cucumber/godog"

	"github.com/pairsim/pairsim/features/steps"
)

// scenario is godog's initializer.
func scenario(start steps.Start) func(*godog.ScenarioContext) {
	return func(sc *godog.ScenarioContext) {
		end := steps.Define(start, definer{sc})
		sc.After(func(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) { return ctx, end() })
	}
}

type definer struct{ sc *godog.ScenarioContext }

func (d definer) Given(e *regexp.Regexp, step any) { d.sc.Given(e, step) }
func (d definer) When(e *regexp.Regexp, step any)  { d.sc.When(e, step) }
func (d definer) Then(e *regexp.Regexp, step any)  { d.sc.Then(e, step) }
