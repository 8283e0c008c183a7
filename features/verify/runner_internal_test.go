package verify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"
	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/features"
	"github.com/pairsim/pairsim/features/steps"
)

// carriedOut is a scenario of sentences whose definitions are known.
func carriedOut(t *testing.T, define func(steps.Definer), sentences ...*messages.PickleStep) *record {
	t.Helper()
	var known definitions
	define(&known)
	r := &record{began: time.Now()}
	for _, s := range sentences {
		r.sentence(t.Context(), &known, s)
	}
	r.end(nil)
	return r
}

func sentence(kind messages.PickleStepType, text string) *messages.PickleStep {
	return &messages.PickleStep{Type: kind, Text: text}
}

const given, when, then = messages.PickleStepType_CONTEXT, messages.PickleStepType_ACTION, messages.PickleStepType_OUTCOME

// TestSentences: what a definition captures comes to its function, and the first that does
// not hold lets the others be skipped.
func TestSentences(t *testing.T) {
	t.Parallel()
	broken := errors.New("it is broken")
	var got []any
	keep := func(values ...any) error { got = append(got, values...); return nil }
	define := func(d steps.Definer) {
		d.Given(regexp.MustCompile(`^all of (\w+), (\d+) and (\d+)$`), func(ctx context.Context, s string, n int, u uint64) error { return keep(ctx != nil, s, n, u) })
		d.Given(regexp.MustCompile(`^a table$`), func(table *messages.PickleTable) error { return keep(table.Rows[0].Cells[0].Value) })
		d.When(regexp.MustCompile(`^it breaks$`), func() error { return broken })
		d.When(regexp.MustCompile(`^it panics$`), func() error { panic("of hand") })
		d.When(regexp.MustCompile(`^it cannot be$`), func() error { return errors.Join(notApplicable{"nobody can"}) })
		d.When(regexp.MustCompile(`^two`), func() error { return nil })
		d.When(regexp.MustCompile(`^two$`), func() error { return nil })
		d.Then(regexp.MustCompile(`^too (little)$`), func(context.Context, string, string) error { return nil })
		d.Then(regexp.MustCompile(`^too (much)$`), func() error { return nil })
		d.Then(regexp.MustCompile(`^(\w+) fish$`), func(int) error { return nil })
		d.Then(regexp.MustCompile(`^a float (.+)$`), func(float64) error { return nil })
		d.Then(regexp.MustCompile(`^it is well$`), func() error { return nil })
	}
	table := sentence(given, "a table")
	table.Argument = &messages.PickleStepArgument{DataTable: &messages.PickleTable{Rows: []*messages.PickleTableRow{{Cells: []*messages.PickleTableCell{{Value: "cell"}}}}}}
	well := sentence(then, "it is well")
	for _, test := range []struct {
		step     *messages.PickleStep
		statuses string
		outcome  Outcome
		reason   string
	}{
		{sentence(given, "all of us, 7 and 8"), "passed passed", Passed, ""},
		{sentence(messages.PickleStepType_UNKNOWN, "all of us, 7 and 8"), "passed passed", Passed, ""},
		{table, "passed passed", Passed, ""},
		{sentence(given, "a table"), "failed skipped", Failed, "wants a table"},
		{sentence(when, "it breaks"), "failed skipped", Failed, "it is broken"},
		{sentence(when, "it panics"), "failed skipped", Failed, "panicked: of hand"},
		{sentence(when, "it cannot be"), "skipped skipped", NotApplicable, "nobody can"},
		{sentence(when, "two"), "ambiguous skipped", Failed, "the step is ambiguous: two"},
		{sentence(when, "it is well"), "undefined skipped", Failed, "the step is undefined: it is well"},
		{sentence(then, "too little"), "failed skipped", Failed, "more than is captured"},
		{sentence(then, "too much"), "failed skipped", Failed, "captures more"},
		{sentence(then, "seven fish"), "failed skipped", Failed, "invalid syntax"},
		{sentence(then, "a float 1"), "failed skipped", Failed, "wants a float64"},
	} {
		r := carriedOut(t, define, test.step, well)
		if statuses := r.Steps[0].Status + " " + r.Steps[1].Status; statuses != test.statuses || r.Outcome != test.outcome || !strings.Contains(r.Reason, test.reason) {
			t.Errorf("%s: %s, %s: %q", test.step.Text, statuses, r.Outcome, r.Reason)
		}
		if test.outcome == Failed && r.Step != test.step.Text {
			t.Errorf("%s: the sentence that failed is %q", test.step.Text, r.Step)
		}
	}
	if want := []any{true, "us", 7, uint64(8), true, "us", 7, uint64(8), "cell"}; !reflect.DeepEqual(got, want) {
		t.Errorf("the functions got %v, want %v", got, want)
	}
	if r := carriedOut(t, define, sentence(when, "it breaks"), sentence(then, "nowhere")); r.Steps[1].Status != stepUndefined || r.Reason != "it is broken" {
		t.Errorf("a sentence without a definition, behind a failure, is %s: %s", r.Steps[1].Status, r.Reason)
	}
	if r := (Target{}).carryOut(t.Context(), &messages.Pickle{Name: "empty"}, 1, time.Minute); r.Outcome != Failed || r.Line != 1 {
		t.Errorf("a scenario without steps has %s", r.Outcome)
	}
	late := carriedOut(t, define, well)
	late.Outcome, late.err = "", nil
	if late.end(broken); late.Outcome != Failed || late.Steps[0].Status != stepFailed || late.Step != "it is well" {
		t.Errorf("an end that fails: %s, %v", late.Outcome, late.Steps)
	}
}

// TestSelectsAsGodog: the same files, scenarios and ids.
func TestSelectsAsGodog(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{
		{},
		{Tags: "@wire"},
		{Tags: "~@wire"},
		{Tags: "@wire && ~@invariant-3,@invariant-4"},
		{Tags: "@invariant-1,@invariant-2"},
		{Paths: []string{"wire.feature", "pairing.feature", "wire.feature"}},
		{Paths: []string{"roles.feature"}, Tags: "~@invariant-1 && ~@wire"},
	} {
		paths := o.Paths
		if paths == nil {
			paths = []string{"."}
		}
		theirs, err := godog.TestSuite{Options: &godog.Options{FS: features.FS, Paths: paths, Tags: o.Tags}}.RetrieveFeatures()
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, f := range theirs {
			for _, p := range f.Pickles {
				want = append(want, f.Uri+" "+p.Id+" "+p.Name)
			}
		}
		ours, err := o.documents(false)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range ours {
			for _, p := range d.pickles {
				got = append(got, d.parsed.Uri+" "+p.Id+" "+p.Name)
			}
		}
		if !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%+v selects %d scenarios, of godog %d:\n%s", o, len(got), len(want), cmp.Diff(want, got))
		}
	}
}

// TestCucumberAsGodog: of a run of all features in which every sentence holds, what we
// write is what godog writes, but for the time that it took and where functions stand.
func TestCucumberAsGodog(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	theirs, ours := filepath.Join(folder, "theirs.json"), filepath.Join(folder, "ours.json")
	suite := godog.TestSuite{
		Options: &godog.Options{FS: features.FS, Paths: []string{"."}, Format: "cucumber:" + theirs, NoColors: true, Output: io.Discard},
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			sc.Step(`^.*$`, func(context.Context, *godog.Table) error { return nil })
			sc.StepContext().Before(func(ctx context.Context, s *godog.Step) (context.Context, error) {
				if s.Argument == nil {
					s.Argument = &messages.PickleStepArgument{} // the definition wants one
				}
				return ctx, nil
			})
		},
	}
	if suite.Run() != 0 {
		t.Fatal("godog failed")
	}
	documents, err := Options{}.documents(false)
	if err != nil {
		t.Fatal(err)
	}
	lines := linesOf(documents)
	var kept []*record
	for _, d := range documents {
		for _, p := range d.pickles {
			r := &record{pickle: p}
			r.Name, r.Line = p.Name, lines[p.AstNodeIds[len(p.AstNodeIds)-1]]
			for _, s := range p.Steps {
				r.steps, r.Steps = append(r.steps, stepRecord{id: s.Id}), append(r.Steps, StepResult{s.Text, stepPassed})
			}
			kept = append(kept, r)
		}
	}
	if err := writeCucumber(ours, documents, kept); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cucumberIn(t, theirs), cucumberIn(t, ours)); diff != "" {
		t.Errorf("Cucumber JSON (-godog +ours):\n%.4000s", diff)
	}
}

// cucumberIn reads a report without what differs from run to run.
func cucumberIn(t *testing.T, path string) (list []any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &list); err != nil || len(list) == 0 {
		t.Fatalf("%d features in %s: %v", len(list), path, err)
	}
	for _, f := range list {
		for _, e := range f.(map[string]any)["elements"].([]any) {
			for _, s := range e.(map[string]any)["steps"].([]any) {
				step := s.(map[string]any)
				delete(step, "match")
				delete(step["result"].(map[string]any), "duration")
			}
		}
	}
	return list
}
