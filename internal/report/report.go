// Package report writes what came of many checks for people and for CI: one HTML
// page that needs nothing beside it, and JUnit. The scenarios that a server is held to
// and the checks of a client look the same in it.
package report

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// Outcome says how a check ended.
type Outcome string

// The outcomes. What is not applicable is neither passed nor failed.
const (
	Passed        Outcome = "passed"
	Failed        Outcome = "failed"
	NotApplicable Outcome = "not applicable"
)

// Document is the report of one run.
type Document struct {
	// Title is what ran, as "pairsim verify features", Subject what it was about.
	Title, Subject string
	// Things are what the entries are, as "scenarios".
	Things  string
	Entries []Entry
	Began   time.Time
	Took    time.Duration
}

// Entry is one thing that was checked. Its texts hold no secret.
type Entry struct {
	// Group is what it belongs to, as a feature's file; entries of a group stand together.
	Group, Name string
	// Place is where it is written down; "" where that is the group.
	Place   string
	Outcome Outcome
	// Reasons are what is wrong, or why it is not applicable.
	Reasons []string
	Facts   []Fact
	Steps   []Step
	// Output is what a program wrote meanwhile.
	Output string
	// Diagram is a sequence diagram, SVG; "" without one.
	Diagram string
	Took    time.Duration
}

// Fact is something that is known of a check, as the document that it rests on.
type Fact struct{ Label, Text string }

// Step is what came of a part.
type Step struct {
	Text string
	// Status is passed, failed, skipped or undefined.
	Status string
}

// Count counts the entries with an outcome.
func (d Document) Count(o Outcome) (n int) {
	for _, e := range d.Entries {
		if e.Outcome == o {
			n++
		}
	}
	return n
}

// group is a group of entries, as both forms write them.
type group struct{ Document }

// Name is what the entries of the group belong to.
func (g group) Name() string { return g.Entries[0].Group }

// groups are the entries by group, both in the order in which they stand.
func (d Document) groups() (list []group) {
	for _, e := range d.Entries {
		i := slices.IndexFunc(list, func(g group) bool { return g.Name() == e.Group })
		if i < 0 {
			i, list = len(list), append(list, group{})
		}
		list[i].Entries = append(list[i].Entries, e)
		list[i].Took += e.Took
	}
	return list
}

// Writable says whether a report can be written to a file, before the run that it is
// about. It leaves the folder as it was.
func Writable(path string) error {
	_, err := os.Stat(path)
	isNew := errors.Is(err, fs.ErrNotExist)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644) //nolint:gosec // the user's own file, a report for all
	if err != nil {
		return err
	}
	err = file.Close()
	if isNew {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// write writes a report to a file.
func write(path string, text []byte) error {
	return os.WriteFile(path, text, 0o644) //nolint:gosec // a report is for all
}
