package verify

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	messages "github.com/cucumber/messages/go/v21"

	"github.com/pairsim/pairsim/features/steps"
)

// protocol is the version of Cucumber Messages that is written.
const protocol = "21.0.1"

// stream writes envelopes, a line each.
type stream struct {
	encoder     *json.Encoder
	definitions []told
	ids         int
}

// told is a step definition with its id in the stream.
type told struct {
	steps.Definition
	id string
}

// next is an id that no feature file's parts have: those are numbers.
func (s *stream) next(kind string) string {
	s.ids++
	return kind + "-" + strconv.Itoa(s.ids)
}

func (s *stream) write(e messages.Envelope) {
	_ = s.encoder.Encode(e) // a buffer takes everything, and envelopes hold nothing that JSON has not
}

// writeMessages writes the run as Cucumber Messages. What is not applicable is SKIPPED
// there, with the reason at the sentence that needs what the target has not.
func (r Report) writeMessages(path string, documents []document, kept []*record) error {
	var text bytes.Buffer
	s := stream{encoder: json.NewEncoder(&text)}
	s.encoder.SetEscapeHTML(false)
	s.write(messages.Envelope{Meta: &messages.Meta{
		ProtocolVersion: protocol, Implementation: &messages.Product{Name: "pairsim"}, Cpu: &messages.Product{Name: runtime.GOARCH},
		Runtime: &messages.Product{Name: "go", Version: runtime.Version()}, Os: &messages.Product{Name: runtime.GOOS},
	}})
	for _, d := range documents {
		s.write(messages.Envelope{Source: &messages.Source{
			Uri: d.parsed.Uri, Data: string(d.text), MediaType: messages.SourceMediaType_TEXT_X_CUCUMBER_GHERKIN_PLAIN,
		}})
		s.write(messages.Envelope{GherkinDocument: d.parsed})
		for _, p := range d.pickles {
			s.write(messages.Envelope{Pickle: p})
		}
	}
	s.define()
	s.write(messages.Envelope{TestRunStarted: &messages.TestRunStarted{Timestamp: stamp(r.Began)}})
	slices.SortStableFunc(kept, func(a, b *record) int { return a.began.Compare(b.began) })
	for _, one := range kept {
		s.scenario(one)
	}
	s.write(messages.Envelope{TestRunFinished: &messages.TestRunFinished{Success: r.Count(Failed) == 0, Timestamp: stamp(r.Began.Add(r.Took))}})
	return os.WriteFile(path, text.Bytes(), 0o644) //nolint:gosec // a report is for all
}

// define tells the step definitions.
func (s *stream) define() {
	for _, d := range steps.Definitions() {
		one := told{d, s.next("definition")}
		s.definitions = append(s.definitions, one)
		s.write(messages.Envelope{StepDefinition: &messages.StepDefinition{
			Id: one.id, SourceReference: &messages.SourceReference{Uri: "features/steps"},
			Pattern: &messages.StepDefinitionPattern{Source: d.Expression.String(), Type: messages.StepDefinitionPatternType_REGULAR_EXPRESSION},
		}})
	}
}

// scenario tells of one scenario, from its start to its end.
func (s *stream) scenario(r *record) {
	test := &messages.TestCase{Id: s.next("case"), PickleId: r.pickle.Id}
	for _, step := range r.pickle.Steps {
		test.TestSteps = append(test.TestSteps, s.testStep(step))
	}
	s.write(messages.Envelope{TestCase: test})
	started := s.next("started")
	s.write(messages.Envelope{TestCaseStarted: &messages.TestCaseStarted{Id: started, TestCaseId: test.Id, Timestamp: stamp(r.began)}})
	told := false
	for i, step := range r.steps {
		at := slices.IndexFunc(test.TestSteps, func(t *messages.TestStep) bool { return t.PickleStepId == step.id })
		if at < 0 || i >= len(r.Steps) {
			continue // a sentence that a sentence is made of; ours are made of none
		}
		id := test.TestSteps[at].Id
		s.write(messages.Envelope{TestStepStarted: &messages.TestStepStarted{TestCaseStartedId: started, TestStepId: id, Timestamp: stamp(step.began)}})
		result := &messages.TestStepResult{Status: statuses[r.Steps[i].Status], Duration: lasting(step.ended.Sub(step.began))}
		if !told && result.Status != messages.TestStepResultStatus_PASSED && r.Reason != "" {
			told, result.Message = true, r.Reason
			s.attach(r.Diagram, started, id)
		}
		s.write(messages.Envelope{TestStepFinished: &messages.TestStepFinished{
			TestCaseStartedId: started, TestStepId: id, TestStepResult: result, Timestamp: stamp(step.ended),
		}})
	}
	s.write(messages.Envelope{TestCaseFinished: &messages.TestCaseFinished{TestCaseStartedId: started, Timestamp: stamp(r.began.Add(r.Took))}})
}

// attach adds the sequence diagram of a failed scenario.
func (s *stream) attach(diagram, started, step string) {
	if diagram == "" {
		return
	}
	s.write(messages.Envelope{Attachment: &messages.Attachment{
		Body: base64.StdEncoding.EncodeToString([]byte(diagram)), ContentEncoding: messages.AttachmentContentEncoding_BASE64,
		MediaType: "image/svg+xml", FileName: "calls.svg", TestCaseStartedId: started, TestStepId: step,
	}})
}

// testStep is a sentence with the definitions that it has, and what they read in it.
func (s *stream) testStep(step *messages.PickleStep) *messages.TestStep {
	t := &messages.TestStep{Id: s.next("step"), PickleStepId: step.Id}
	for _, d := range s.definitions {
		if d.Type != string(step.Type) {
			continue
		}
		found := d.Expression.FindStringSubmatchIndex(step.Text)
		if found == nil {
			continue
		}
		list := &messages.StepMatchArgumentsList{StepMatchArguments: []*messages.StepMatchArgument{}}
		for i := 2; i < len(found); i += 2 {
			group := &messages.Group{Children: []*messages.Group{}}
			if found[i] >= 0 {
				group.Start, group.Value = int64(utf8.RuneCountInString(step.Text[:found[i]])), step.Text[found[i]:found[i+1]]
			}
			list.StepMatchArguments = append(list.StepMatchArguments, &messages.StepMatchArgument{Group: group})
		}
		t.StepDefinitionIds, t.StepMatchArgumentsLists = append(t.StepDefinitionIds, d.id), append(t.StepMatchArgumentsLists, list)
	}
	return t
}

// statuses are the words of Messages.
var statuses = map[string]messages.TestStepResultStatus{
	stepPassed: messages.TestStepResultStatus_PASSED, stepFailed: messages.TestStepResultStatus_FAILED, stepSkipped: messages.TestStepResultStatus_SKIPPED,
	stepUndefined: messages.TestStepResultStatus_UNDEFINED, stepAmbiguous: messages.TestStepResultStatus_AMBIGUOUS,
}

func stamp(t time.Time) *messages.Timestamp {
	return &messages.Timestamp{Seconds: t.Unix(), Nanos: int64(t.Nanosecond())}
}

func lasting(d time.Duration) *messages.Duration {
	return &messages.Duration{Seconds: int64(d / time.Second), Nanos: int64(d % time.Second)}
}
