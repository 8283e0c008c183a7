package verifier

import (
	"encoding/json"
	"fmt"
	"strings"
)

// findings is what the library tells.
type findings struct {
	Result             bool
	InteractionResults []struct{ Result string }
	Errors             []struct{ Mismatch mismatch }
}

type mismatch struct {
	Type, Message string
	Mismatches    []struct {
		Type, Path, Key, Parameter, Mismatch string
		Expected, Actual                     any
	}
}

// readFindings returns the differences; none only if the library says that exactly
// one interaction was verified and is kept.
func readFindings(text []byte, code int) ([]string, error) {
	var f findings
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("what the Pact library tells is not the JSON expected: %w", err)
	}
	var differences []string
	for _, e := range f.Errors {
		if e.Mismatch.Message != "" {
			differences = append(differences, e.Mismatch.Message)
		}
		for _, m := range e.Mismatch.Mismatches {
			where := strings.ToLower(strings.TrimSuffix(m.Type, "Mismatch"))
			if where == "" {
				where = "difference"
			}
			if place := m.Path + m.Key + m.Parameter; place != "" {
				where += " " + place
			}
			differences = append(differences, where+": "+m.Mismatch)
		}
	}
	kept := code == 0 && f.Result && len(f.InteractionResults) == 1 && f.InteractionResults[0].Result == "OK"
	if !kept && len(differences) == 0 {
		differences = []string{fmt.Sprintf("the Pact library ended with %d and told no reason", code)}
	}
	return differences, nil
}
