package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pairsim/pairsim/internal/report"
)

// Options say what to carry out and what to write about it.
type Options struct {
	// Tags select scenarios, as "@wire && ~@slow"; "" all.
	Tags string
	// Paths are feature files, as pairing.feature; nil: all.
	Paths []string
	// Concurrency is how many scenarios run at once; 0: 4, and 1 with token URLs.
	Concurrency int
	// JUnit, Cucumber (its JSON), Messages (Cucumber's, as lines of JSON) and HTML are
	// files for reports in these forms; "" for none.
	JUnit, Cucumber, Messages, HTML string
	// Progress is told each scenario that has ended; nil: nobody is.
	Progress func(Result)
}

// Outcome says how a scenario ended.
type Outcome = report.Outcome

// The outcomes.
const (
	Passed        = report.Passed
	Failed        = report.Failed
	NotApplicable = report.NotApplicable
)

// Result is what came of one scenario.
type Result struct {
	Feature string // the file
	Line    int    // where it begins; of an outline, the line of its example
	Name    string
	Tags    []string
	Outcome Outcome
	// Reason tells why it failed, or why it is not applicable. It holds no token.
	Reason string
	// Step is the sentence that failed.
	Step  string
	Steps []StepResult
	Took  time.Duration
	// Diagram is the sequence diagram of a failed scenario, SVG; "" without one.
	Diagram string
}

// Place is where the scenario stands.
func (r Result) Place() string { return fmt.Sprintf("%s:%d", r.Feature, r.Line) }

// StepResult is what came of a sentence.
type StepResult struct {
	Text   string
	Status string // passed, failed, skipped, undefined
}

// Report is what came of all, as they stand in their files.
type Report struct {
	Target  string
	Results []Result
	Began   time.Time
	Took    time.Duration
}

// Count counts the scenarios with an outcome.
func (r Report) Count(o Outcome) int { return r.document().Count(o) }

// document is the report as people and CI read it.
func (r Report) document() report.Document {
	d := report.Document{Title: "pairsim verify features", Subject: r.Target, Things: "scenarios", Began: r.Began, Took: r.Took}
	for _, one := range r.Results {
		e := report.Entry{Group: one.Feature, Place: one.Place(), Name: one.Name, Outcome: one.Outcome, Diagram: one.Diagram, Took: one.Took}
		if one.Reason != "" {
			e.Reasons = []string{one.Reason}
		}
		for _, s := range one.Steps {
			e.Steps = append(e.Steps, report.Step(s))
		}
		d.Entries = append(d.Entries, e)
	}
	return d
}

// Run carries the scenarios out. An error says that they could not be; that one
// failed stands in the report.
func Run(ctx context.Context, t Target, o Options) (Report, error) {
	r := Report{Target: cmp.Or(t.HTTP, t.MTLS, strings.Join(t.Foreign, ", "), "a foreign registry"), Began: time.Now()}
	if err := o.check(); err != nil {
		return r, err
	}
	var mu sync.Mutex
	var kept []*record
	keep := func(one *record) {
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, one)
		if o.Progress != nil {
			o.Progress(one.Result)
		}
	}
	t.silent = &sync.Map{}
	limit, atOnce := ownLimit, cmp.Or(o.Concurrency, 4)
	if t.TokenURL != nil {
		limit, atOnce = foreignLimit, 1
	}
	documents, err := o.documents(t.TokenURL != nil)
	if err != nil {
		return r, fmt.Errorf("--feature: %w; they are %s", err, strings.Join(Files(), ", "))
	}
	lines := linesOf(documents)
	var under errgroup.Group
	under.SetLimit(atOnce)
	for _, d := range documents {
		for _, p := range d.pickles {
			under.Go(func() error {
				keep(t.carryOut(ctx, p, lines[p.AstNodeIds[len(p.AstNodeIds)-1]], limit))
				return nil
			})
		}
	}
	_ = under.Wait() // a scenario that fails ends no other
	if r.Took = time.Since(r.Began); len(kept) == 0 {
		return r, cmp.Or(ctx.Err(), errNoScenario)
	}
	slices.SortStableFunc(kept, func(a, b *record) int { return cmp.Or(strings.Compare(a.Feature, b.Feature), a.Line-b.Line) })
	for _, one := range kept {
		r.Results = append(r.Results, one.Result)
	}
	return r, errors.Join(r.write(o, documents, kept), ctx.Err())
}

// write writes the reports that are asked for.
func (r Report) write(o Options, documents []document, kept []*record) error {
	for _, one := range []struct {
		path  string
		write func(string) error
	}{
		{o.JUnit, r.document().WriteJUnit},
		{o.HTML, r.document().WriteHTML},
		{o.Cucumber, func(path string) error { return writeCucumber(path, documents, kept) }},
		{o.Messages, func(path string) error { return r.writeMessages(path, documents, kept) }},
	} {
		if one.path == "" {
			continue
		}
		if err := one.write(one.path); err != nil {
			return err
		}
	}
	return nil
}

const maxDiagram = 4 << 20 // bytes

// drawn is the sequence diagram of an environment's journal; "" if there is none.
func drawn(ctx context.Context, control, key string, transport http.RoundTripper) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, control+"/control/journal?format=svg", nil)
	if err != nil {
		return ""
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return ""
	}
	defer response.Body.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(io.LimitReader(response.Body, maxDiagram))
	if err != nil || response.StatusCode != http.StatusOK {
		return ""
	}
	return string(text)
}
