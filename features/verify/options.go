package verify

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cucumber/godog"

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
	if strings.Contains(o.Cucumber, ",") {
		return errors.New("the report cannot be written: godog takes no comma in the name of a file for Cucumber JSON")
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
	options := o.godog(foreign)
	selected, err := godog.TestSuite{Name: "pairsim", Options: &options}.RetrieveFeatures()
	if err != nil {
		return err
	}
	for _, f := range selected {
		if len(f.Pickles) > 0 {
			return nil
		}
	}
	return errNoScenario
}

// CheckTags refuses a tag expression that godog would misread: it knows the tags of
// Gherkin's tools before there was "and", "or" and "not".
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

// godog are the options as the runner takes them.
func (o Options) godog(foreign bool) godog.Options {
	g := godog.Options{
		Strict: true, Format: "progress", NoColors: true, FS: features.FS, Paths: o.Paths, Tags: o.Tags, Output: io.Discard,
		Concurrency: cmp.Or(o.Concurrency, 4),
	}
	if o.Cucumber != "" {
		g.Format += ",cucumber:" + o.Cucumber
	}
	if len(g.Paths) == 0 {
		g.Paths = []string{"."}
	}
	if foreign {
		g.Concurrency, g.Tags = 1, both("@wire", o.Tags) // nothing else is held against a foreign registry
	}
	return g
}

// both selects what two tag expressions select.
func both(a, b string) string {
	if b == "" {
		return a
	}
	return a + " && " + b
}
