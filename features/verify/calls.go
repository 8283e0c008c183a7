package verify

import (
	"fmt"
	"net/http"

	"github.com/pairsim/pairsim/internal/sequence"
)

// calls are those of a scenario's connector, for the diagram of a target whose
// journal cannot be read.
type calls struct{ steps []sequence.Step }

// The participants of the diagram.
const (
	connector = iota
	registry
)

// Called is for the steps, which tell of each call. A path holds no token.
func (c *calls) Called(method, path string, status int, err error) {
	answer := sequence.Step{Kind: sequence.Answer, From: registry, To: connector, Lines: []string{fmt.Sprint(status)}}
	switch {
	case err != nil:
		answer.Kind, answer.Lines = sequence.Failure, []string{"no answer"}
	case status >= http.StatusBadRequest:
		answer.Kind = sequence.Failure
	}
	c.steps = append(c.steps, sequence.Step{Kind: sequence.Request, From: connector, To: registry, Lines: []string{method + " " + path}}, answer)
}

// drawInto draws the calls of a scenario that failed.
func (c *calls) drawInto(known *record) {
	if known != nil && known.failed() && len(c.steps) > 0 {
		known.diagram = string(sequence.Diagram{Participants: []string{"Connector", "Registry"}, Steps: c.steps}.SVG())
	}
}
