package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/features"
	"github.com/pairsim/pairsim/features/steps"
)

// Options say what to carry out and what to write about it.
type Options struct {
	// Tags select scenarios, as "@wire && ~@slow"; "" all.
	Tags string
	// Paths are feature files, as pairing.feature; nil: all.
	Paths []string
	// Concurrency is how many scenarios run at once; 0: 4, and 1 with token URLs.
	Concurrency int
	// JUnit, Cucumber and HTML are files for reports in these forms; "" for none.
	JUnit, Cucumber, HTML string
	// Progress is told each scenario that has ended; nil: nobody is.
	Progress func(Result)
}

// Outcome says how a scenario ended.
type Outcome string

// The outcomes.
const (
	Passed        Outcome = "passed"
	Failed        Outcome = "failed"
	NotApplicable Outcome = "not applicable"
)

// Result is what came of one scenario.
type Result struct {
	Feature string // the file
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

// StepResult is what came of a sentence.
type StepResult struct {
	Text   string
	Status string // passed, failed, skipped, undefined
}

// Report is what came of all, by file, then in the order in which they ended.
type Report struct {
	Target  string
	Results []Result
	Took    time.Duration
}

// Count counts the scenarios with an outcome.
func (r Report) Count(o Outcome) (n int) {
	for _, one := range r.Results {
		if one.Outcome == o {
			n++
		}
	}
	return n
}

// record is a scenario on its way.
type record struct {
	Result
	began   time.Time
	err     error
	diagram string
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

// Run carries the scenarios out. An error says that they could not be; that one
// failed stands in the report.
func Run(ctx context.Context, t Target, o Options) (Report, error) {
	began := time.Now()
	report := Report{Target: cmp.Or(t.HTTP, t.MTLS, "a foreign registry")}
	var mu sync.Mutex
	keep := func(r Result) {
		mu.Lock()
		defer mu.Unlock()
		report.Results = append(report.Results, r)
		if o.Progress != nil {
			o.Progress(r)
		}
	}
	folder, err := os.MkdirTemp("", "pairsim-verify-")
	if err != nil {
		return report, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a temporary folder
	// godog's forms go to files of names that its options can hold.
	formats, forms := "progress", map[string]string{"junit": o.JUnit, "cucumber": o.Cucumber}
	for form, wanted := range forms {
		if wanted != "" {
			formats += "," + form + ":" + filepath.Join(folder, form)
		}
	}
	options := godog.Options{
		Strict: true, Format: formats, NoColors: true, FS: features.FS, Paths: o.Paths, Tags: o.Tags, Output: io.Discard,
		DefaultContext: ctx, Concurrency: cmp.Or(o.Concurrency, 4),
	}
	if len(options.Paths) == 0 {
		options.Paths = []string{"."}
	}
	if t.TokenURL != nil {
		options.Concurrency, options.Tags = 1, both("@wire", o.Tags) // nothing else is held against a foreign registry
	}
	godog.TestSuite{Name: "pairsim", Options: &options, ScenarioInitializer: func(sc *godog.ScenarioContext) {
		r := observe(sc)
		steps.Scenario(t.start)(sc)
		sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
			r.end(err)
			keep(r.Result)
			return ctx, nil
		})
	}}.Run()
	report.Took = time.Since(began)
	if len(report.Results) == 0 {
		return report, cmp.Or(ctx.Err(), errors.New("no scenario was carried out: there is none with these tags, or in these files"))
	}
	slices.SortStableFunc(report.Results, func(a, b Result) int { return strings.Compare(a.Feature, b.Feature) })
	for form, wanted := range forms {
		if wanted != "" {
			if err := move(filepath.Join(folder, form), wanted); err != nil {
				return report, err
			}
		}
	}
	if o.HTML != "" {
		if err := report.writeHTML(o.HTML); err != nil {
			return report, err
		}
	}
	return report, ctx.Err()
}

// move copies a report to where it is wanted.
func move(from, to string) error {
	text, err := os.ReadFile(from) //nolint:gosec // a file that was made here
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644) //nolint:gosec // a report is for all
}

// both selects what two tag expressions select.
func both(a, b string) string {
	if b == "" {
		return a
	}
	return a + " && " + b
}

// observe notes what becomes of a scenario.
func observe(sc *godog.ScenarioContext) *record {
	r := &record{}
	sc.Before(func(ctx context.Context, s *godog.Scenario) (context.Context, error) {
		r.began, r.Feature, r.Name = time.Now(), s.Uri, s.Name
		for _, tag := range s.Tags {
			r.Tags = append(r.Tags, tag.Name)
		}
		return context.WithValue(ctx, recordKey{}, r), nil
	})
	sc.StepContext().After(func(ctx context.Context, s *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
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
	if r.err == nil {
		r.err = err
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

// Reachable tells whether the target answers, before scenarios fail one by one.
func (t Target) Reachable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	transport := t.transport(nil)
	defer transport.CloseIdleConnections()
	web := &http.Client{Transport: transport}
	if t.TokenURL != nil {
		return nil
	}
	if _, err := btpclient.NewOperator(t.HTTP, web).SystemTypes(ctx); err != nil {
		return fmt.Errorf("the target's registry cannot be used: %w", err)
	}
	if t.Control == "" {
		return nil
	}
	if _, err := btpclient.NewControl(t.Control, web).WithToken(t.ControlKey).Environments(ctx); err != nil {
		return fmt.Errorf("the target's control cannot be used: %w", err)
	}
	return nil
}
