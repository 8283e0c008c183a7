package verify_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	messages "github.com/cucumber/messages/go/v21"

	"github.com/pairsim/pairsim/features/verify"
	"github.com/pairsim/pairsim/testenv"
)

// read reads a file of Cucumber Messages, strictly.
func read(t *testing.T, path string) (list []messages.Envelope) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		var e messages.Envelope
		if err := d.Decode(&e); err != nil {
			t.Fatalf("%v in %.300s", err, line)
		}
		list = append(list, e)
	}
	return list
}

// ended is what a stream says of a scenario.
type ended struct {
	name     string
	statuses []string
	message  string
	attached string
	finished bool
}

// follow follows the references of a stream. What it refers to must stand before it.
func follow(t *testing.T, list []messages.Envelope) (runs []*ended, success bool) {
	t.Helper()
	if len(list) == 0 || list[0].Meta == nil || list[len(list)-1].TestRunFinished == nil {
		t.Fatal("the stream does not go from meta to testRunFinished")
	}
	known := map[string]bool{} // ids of every kind
	learn := func(id string) {
		if id == "" || known[id] {
			t.Errorf("the id %q is empty, or there twice", id)
		}
		known[id] = true
	}
	refer := func(what, id string) {
		if !known[id] {
			t.Errorf("%s refers to %q, which is not there", what, id)
		}
	}
	names, by, steps := map[string]string{}, map[string]*ended{}, map[string]string{}
	for _, e := range list {
		switch {
		case e.GherkinDocument != nil:
			for _, child := range e.GherkinDocument.Feature.Children {
				if child.Rule != nil {
					learn(child.Rule.Id)
				}
			}
		case e.Pickle != nil:
			learn(e.Pickle.Id)
			names[e.Pickle.Id] = e.Pickle.Name
			for _, s := range e.Pickle.Steps {
				learn(s.Id)
			}
		case e.StepDefinition != nil:
			learn(e.StepDefinition.Id)
		case e.TestCase != nil:
			learn(e.TestCase.Id)
			refer("a test case", e.TestCase.PickleId)
			names[e.TestCase.Id] = names[e.TestCase.PickleId]
			for _, s := range e.TestCase.TestSteps {
				learn(s.Id)
				refer("a step", s.PickleStepId)
				if len(s.StepDefinitionIds) != 1 || len(s.StepMatchArgumentsLists) != 1 {
					t.Errorf("a step of %q has the definitions %v, want one", names[e.TestCase.Id], s.StepDefinitionIds)
				}
				refer("a step", s.StepDefinitionIds[0])
			}
		case e.TestCaseStarted != nil:
			learn(e.TestCaseStarted.Id)
			refer("a start", e.TestCaseStarted.TestCaseId)
			one := &ended{name: names[e.TestCaseStarted.TestCaseId]}
			runs, by[e.TestCaseStarted.Id] = append(runs, one), one
		case e.TestStepStarted != nil:
			refer("a step's start", e.TestStepStarted.TestStepId)
			steps[e.TestStepStarted.TestStepId] = e.TestStepStarted.TestCaseStartedId
		case e.TestStepFinished != nil:
			f := e.TestStepFinished
			if steps[f.TestStepId] != f.TestCaseStartedId {
				t.Errorf("the step %q ends without a start", f.TestStepId)
			}
			one := by[f.TestCaseStartedId]
			one.statuses = append(one.statuses, f.TestStepResult.Status.String())
			one.message += f.TestStepResult.Message
		case e.Attachment != nil:
			refer("an attachment", e.Attachment.TestStepId)
			by[e.Attachment.TestCaseStartedId].attached = e.Attachment.MediaType
		case e.TestCaseFinished != nil:
			by[e.TestCaseFinished.TestCaseStartedId].finished = true
		case e.TestRunFinished != nil:
			success = e.TestRunFinished.Success
		}
	}
	return runs, success
}

// TestMessages: what failed says so at its sentence with the diagram, what is not
// applicable is skipped with the reason, and every reference leads somewhere.
func TestMessages(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithPublicHandler(withWrongStatus))
	path := filepath.Join(t.TempDir(), "messages.ndjson")
	o := verify.Options{Paths: []string{"wire.feature", "roles.feature"}, Messages: path}
	report, err := verify.Run(t.Context(), targetOf(t, env), o)
	if err != nil {
		t.Fatal(err)
	}
	runs, success := follow(t, read(t, path))
	if success || len(runs) != len(report.Results) {
		t.Errorf("the stream tells of %d scenarios, success %t; want %d that do not succeed", len(runs), success, len(report.Results))
	}
	outcomes := map[verify.Outcome]int{}
	for _, one := range runs {
		if !one.finished || len(one.statuses) == 0 {
			t.Errorf("%s does not end, or has no steps", one.name)
		}
		all := strings.Join(one.statuses, " ")
		switch {
		case strings.Contains(all, "FAILED"):
			outcomes[verify.Failed]++
			if !strings.Contains(one.message, "want 201") || one.attached != "image/svg+xml" {
				t.Errorf("%s failed with %q, and has attached %q", one.name, one.message, one.attached)
			}
		case strings.Contains(all, "SKIPPED"):
			outcomes[verify.NotApplicable]++
			if !strings.Contains(one.message, "it needs a server with --auth") {
				t.Errorf("%s was skipped with %q", one.name, one.message)
			}
		default:
			outcomes[verify.Passed]++
		}
	}
	for _, o := range []verify.Outcome{verify.Passed, verify.Failed, verify.NotApplicable} {
		if outcomes[o] != report.Count(o) || outcomes[o] == 0 {
			t.Errorf("in the stream %d are %s, want %d, and some", outcomes[o], o, report.Count(o))
		}
	}
}
