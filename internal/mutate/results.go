package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"slices"
)

// resultsFile is where -update keeps the results, from the module's root.
const resultsFile = "internal/mutate/results.json"

// The outcomes.
const (
	caught   = "caught"
	survived = "survived"
)

// result is a row of resultsFile. It holds nothing that differs from run to run.
type result struct {
	Name    string `json:"name"`
	Rule    string `json:"rule"`
	Breaks  string `json:"breaks"`
	File    string `json:"file"`
	Outcome string `json:"outcome"`
	// CaughtBy are the first tests, by name, that failed.
	CaughtBy []string `json:"caughtBy,omitempty"`
	// Known is why a survivor cannot be caught.
	Known string `json:"known,omitempty"`
}

func readResults(path string) ([]result, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []result
	return list, json.Unmarshal(data, &list)
}

// writeResults replaces the rows of the mutations that were judged. Rows of
// mutations that are not declared any more go.
func writeResults(path string, declared []mutation, run []outcome) error {
	rows, err := readResults(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, o := range run {
		rows = slices.DeleteFunc(rows, func(r result) bool { return r.Name == o.Name })
		if o.Broken == nil {
			rows = append(rows, o.result)
		}
	}
	rows = slices.DeleteFunc(rows, func(r result) bool {
		return !slices.ContainsFunc(declared, func(m mutation) bool { return m.Name == r.Name })
	})
	slices.SortFunc(rows, func(a, b result) int { return cmp.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(rows); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644) //nolint:gosec // a file of the sources
}
