package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pairsim/pairsim/features"
	"github.com/pairsim/pairsim/internal/pattern"
	"github.com/pairsim/pairsim/internal/report"
)

// Files are the feature files that there are.
func Files() []string {
	list, err := fs.Glob(features.FS, "*.feature")
	if err != nil { // it is about the pattern
		panic(err)
	}
	return list
}

// tagTerm is one alternative of a tag expression.
var tagTerm = pattern.New(`^~?@[^\s@,&|~()]+$`)

// check refuses options that cannot be meant, before anything runs.
func (o Options) check() error {
	if err := CheckTags(o.Tags); err != nil {
		return fmt.Errorf("tags: %w", err)
	}
	for _, path := range []string{o.JUnit, o.Cucumber, o.Messages, o.HTML} {
		if path == "" {
			continue
		}
		if err := report.Writable(path); err != nil {
			return fmt.Errorf("the report cannot be written: %w", err)
		}
	}
	return nil
}

var errNoScenario = errors.New("no scenario was carried out: there is none with these tags, or in these files")

// Selects refuses options that select no scenario, of those that can be held against a
// foreign registry if it is to be one.
func (o Options) Selects(foreign bool) error {
	if list, err := o.documents(foreign); err != nil || len(list) > 0 {
		return err
	}
	return errNoScenario
}

// CheckTags refuses what is no tag expression of godog, which carries the features out in
// our tests: those of Gherkin's tools before there was "and", "or" and "not".
func CheckTags(expression string) error {
	if expression == "" {
		return nil
	}
	for all := range strings.SplitSeq(expression, "&&") {
		for term := range strings.SplitSeq(all, ",") {
			if !tagTerm.MatchString(strings.TrimSpace(term)) {
				return errors.New(`want @TAG, "~" for not, "," for or, "&&" for and, as "@wire && ~@invariant-3,@invariant-4"; "," binds closer`)
			}
		}
	}
	return nil
}
