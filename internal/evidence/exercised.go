package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// ExercisedFile is where it is recorded which operations each scenario exercises: those
// of OpenAPI documents, against which the answers were held, and those of the other wires.
const ExercisedFile = "internal/evidence/exercised.json"

// Exercised are the operations of each scenario, by their keys.
type Exercised map[string][]string

// ExercisedKey is how an operation stands in the record; struck says that a fault touched
// its answer.
func ExercisedKey(wire, operation string, struck bool) string {
	if struck {
		return wire + "." + operation + struckMark
	}
	return wire + "." + operation
}

const struckMark = "!"

// ReadExercised reads the record.
func ReadExercised(files fs.FS) (e Exercised, err error) {
	text, err := fs.ReadFile(files, ExercisedFile)
	if err != nil {
		return nil, fmt.Errorf("read which operations scenarios exercise: %w", err)
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("read %s: %w", ExercisedFile, err)
	}
	return e, nil
}

// JSON writes the record, a line for each scenario.
func (e Exercised) JSON() ([]byte, error) {
	scenarios := make([]string, 0, len(e))
	for s := range e {
		scenarios = append(scenarios, s)
	}
	slices.Sort(scenarios)
	var out bytes.Buffer
	for i, s := range scenarios {
		name, err := quoted(s)
		if err != nil {
			return nil, err
		}
		operations := slices.Sorted(slices.Values(e[s]))
		list, err := quoted(operations)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%s\n%s: %s", map[bool]string{true: "{", false: ","}[i == 0], name, list)
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

// quoted is a value as JSON on one line, with <, > and & as they are.
func quoted(value any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("write which operations scenarios exercise: %w", err)
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

// Of is the record of these wires' operations alone: what a document has is not told a
// second time as undocumented.
func (e Exercised) Of(wires []Wire) Exercised {
	known := map[string]bool{}
	for _, w := range wires {
		for _, o := range w.Operations {
			known[o.Key] = true
		}
	}
	kept := Exercised{}
	for scenario, operations := range e {
		kept[scenario] = slices.DeleteFunc(slices.Clone(operations), func(o string) bool { return !known[strings.TrimSuffix(o, struckMark)] })
	}
	return kept
}

// Missing are the operations that the record claims of a scenario and seen lacks.
func (e Exercised) Missing(scenario string, seen []string) (list []string) {
	for _, o := range e[scenario] {
		if !slices.Contains(seen, o) {
			list = append(list, o)
		}
	}
	return list
}
