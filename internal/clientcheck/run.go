package clientcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/report"
	"github.com/pairsim/pairsim/internal/strict"
)

// DefaultSeeds is how many seeds are drawn by unless Options say.
const DefaultSeeds = 5

// Options say what to check, and what to write about it.
type Options struct {
	// Seeds is how many times each rule of strictness is drawn anew, with the seeds 1
	// to this; 0: 5.
	Seeds int
	// Only are ids or names of checks; nil: all. C-01 is made whatever they are.
	Only []string
	// Edition is the registry's; "": v1.
	Edition string
	// SystemType is what the client pairs as; "": SAP Commerce Cloud.
	SystemType string
	// JUnit and HTML are files for reports in these forms (Report.Write); "" for none.
	JUnit, HTML string
	// Progress is told each check that has ended; nil: nobody is.
	Progress func(Result)
}

// Outcome says how a check ended.
type Outcome = report.Outcome

// The outcomes.
const (
	Passed        = report.Passed
	Failed        = report.Failed
	NotApplicable = report.NotApplicable
)

// Result is what came of one check.
type Result struct {
	Check
	Outcome Outcome
	// Wrong is what the client did wrong, a sentence each. It holds no secret.
	Wrong []string
	// Reason tells why it is not applicable.
	Reason string
	// Seed is the one of strictness with which it failed; 0: another check.
	Seed uint64
	// Output is the end of what the client wrote in a check that failed, with secrets
	// masked.
	Output string
	// Diagram is the sequence diagram of a check that failed, SVG.
	Diagram string
	Took    time.Duration
}

// Why is what went wrong or why it is not applicable, in one text.
func (r Result) Why() string { return cmp.Or(strings.Join(r.Wrong, "\n"), r.Reason) }

// selected are the checks that Only names, and C-01.
func (o Options) selected() ([]Check, error) {
	if len(o.Only) == 0 {
		return Checks, nil
	}
	var list []Check
	for _, name := range o.Only {
		if !slices.ContainsFunc(Checks, func(c Check) bool { return c.named(name) }) {
			return nil, fmt.Errorf("there is no check %.60q; they are %s to %s", name, Checks[0].ID, Checks[len(Checks)-1].ID)
		}
	}
	for _, c := range Checks {
		if c.ID == paired || slices.ContainsFunc(o.Only, c.named) {
			list = append(list, c)
		}
	}
	return list, nil
}

func (c Check) named(name string) bool { return strings.EqualFold(c.ID, name) || c.Name == name }

// Check refuses options that cannot be meant.
func (o Options) Check() error {
	if o.Seeds < 0 || o.Seeds > 1000 {
		return fmt.Errorf("%d seeds: it must be 1 to 1000", o.Seeds)
	}
	_, err := o.selected()
	return err
}

// Run checks a client. An error says that it could not be checked; that it failed
// stands in the report.
func Run(ctx context.Context, name string, c Client, o Options) (Report, error) {
	all := Report{Client: name, Began: time.Now()}
	list, err := o.selected()
	if err != nil {
		return all, err
	}
	for _, check := range list {
		one := time.Now()
		r := Result{Check: check, Reason: all.inTheWay(check, c)}
		if r.Reason == "" {
			if err := r.carryOut(ctx, c, o); err != nil {
				return all, fmt.Errorf("%s %s: %w", check.ID, check.Name, err)
			}
		} else {
			r.Outcome = NotApplicable
		}
		r.Took = time.Since(one)
		all.Results = append(all.Results, r)
		if o.Progress != nil {
			o.Progress(r)
		}
	}
	all.Took = time.Since(all.Began)
	return all, nil
}

// notPairing is in the way of all checks but one.
const notPairing = "the client does not pair with a friendly registry; see to " + paired + " first"

// NeverPaired says that the client pairs with nothing, so that nothing else was checked.
func (r Result) NeverPaired() bool { return r.Reason == notPairing }

// inTheWay tells why a check would say nothing; "" when it would.
func (r Report) inTheWay(check Check, c Client) string {
	failed := func(of func(Check) bool) string {
		for _, one := range r.Results {
			if one.Outcome == Failed && of(one.Check) {
				return one.ID + " " + one.Name
			}
		}
		return ""
	}
	rule, _ := strict.Find(string(check.rule))
	switch {
	case failed(func(c Check) bool { return c.ID == paired }) != "":
		return notPairing
	case check.renews && c.Renew == nil:
		return "nobody says how the client is asked to renew (--renew-command)"
	case check.revokes && c.Revoke == nil:
		return "nobody says how the client is asked to revoke its certificate (--revoke-command)"
	case check.takesCA && !c.TakesCA:
		return "the client is not told its CA: {ca} does not stand in its command"
	}
	var first string
	switch {
	case check.rule == allRules:
		first = failed(Check.Strict)
	case rule.Needs != "":
		first = failed(func(c Check) bool { return c.rule == rule.Needs })
	}
	if first != "" {
		return "the client failed " + first + ", which would show here too; see to that first"
	}
	return ""
}

// carryOut makes one check, with every seed if it is drawn by one.
func (r *Result) carryOut(ctx context.Context, c Client, o Options) error {
	seeds := 1
	if r.Strict() {
		seeds = cmp.Or(o.Seeds, DefaultSeeds)
	}
	met := false                                           // an answer that the rule had a hand in
	for seed := uint64(1); seed <= uint64(seeds); seed++ { //nolint:gosec // at most a thousand
		w := world{edition: o.Edition, systemType: cmp.Or(o.SystemType, "SAP Commerce Cloud"), seed: seed}
		switch {
		case r.rule == allRules:
			w.strict = strict.Settings{Seed: seed}.Without(strict.TooEarly) // whose time has to pass
		case r.Strict():
			w.strict = strict.Settings{Seed: seed}.Only(r.rule)
		}
		one, err := r.try(ctx, c, w)
		if err != nil {
			return err
		}
		met = met || one.met
		if len(one.wrong) > 0 {
			r.Outcome, r.Wrong, r.Diagram, r.Output = Failed, one.wrong, one.diagram, one.output
			if r.Strict() {
				r.Seed = seed
			}
			return nil
		}
		r.Reason = one.unmet
	}
	switch {
	case r.Reason != "":
		r.Outcome = NotApplicable
	case r.Strict() && !met:
		r.Outcome, r.Reason = NotApplicable, "the client got no answer that this changes, with any seed"
	default:
		r.Outcome = Passed
	}
	return nil
}

// tried is what came of a check in one landscape.
type tried struct {
	wrong                  []string
	unmet, diagram, output string
	met                    bool
}

func (r *Result) try(ctx context.Context, c Client, w world) (one tried, err error) {
	t, err := begin(ctx, c, w)
	if err != nil {
		return one, err
	}
	defer func() { err = errors.Join(err, t.end()) }()
	t.rule = r.rule
	// A client waits in real time for a clock that runs; frozen, it need not wait.
	if r.Strict() && r.rule != strict.TooEarly {
		if _, err := t.control.Freeze(ctx); err != nil {
			return one, err
		}
	}
	if err := r.do(ctx, t); err != nil {
		return one, err
	}
	if r.Strict() {
		if err := t.tripped(ctx); err != nil {
			return one, err
		}
	}
	one.met, one.unmet = t.met, t.unmet
	if one.wrong = t.wrong; len(t.wrong) > 0 {
		one.output = t.output.String()
		picture, err := t.control.JournalDiagram(ctx, btpclient.JournalFilter{Limit: maxDrawn}, btpclient.SVG)
		if err != nil {
			return one, err
		}
		one.diagram = string(picture)
	}
	return one, nil
}

const maxDrawn = 400 // entries in a diagram

// tripped adds what the registry noticed of the client.
func (t *trial) tripped(ctx context.Context) error {
	state, err := t.control.Strictness(ctx)
	for _, one := range state.Rules {
		if one.Tripped > 0 {
			t.fault("%s %s: %s [%s]", one.Number, one.Name, one.Mistake, one.Source)
		}
	}
	return err
}

// exercised counts the answers in which the check's rule had a hand. That the
// attempt is short (S-08) holds for every pairing.
func (t *trial) exercised(ctx context.Context) (n int64, err error) {
	if t.rule == "" {
		return 0, nil
	}
	state, err := t.control.Strictness(ctx)
	for _, one := range state.Rules {
		if one.Number == string(t.rule) || t.rule == allRules {
			n += one.Exercised
		}
	}
	return n, err
}
