package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// mutantsFile is what make mutate writes: one change of the rules after another, and
// which tests noticed.
const mutantsFile = "internal/mutate/results.json"

// Mutant is a deliberate change of a rule's code.
type Mutant struct {
	Name, Rule, Breaks, File string
	// Outcome is caught or survived.
	Outcome  string
	CaughtBy []string
	// Known is why a survivor cannot be caught.
	Known string
}

// Mutants reads the results, none where there is no such file.
func Mutants(files fs.FS) (list []Mutant, err error) {
	text, err := fs.ReadFile(files, mutantsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the mutations: %w", err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read %s: %w", mutantsFile, err)
	}
	return list, nil
}
