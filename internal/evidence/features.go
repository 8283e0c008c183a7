package evidence

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"
)

// rulePrefix begins the tags by which a scenario names its rules.
const rulePrefix = "@rule:"

// Scenario is one of the feature files, an outline as a whole.
type Scenario struct {
	// File is its feature file, Name its title as it stands there.
	File, Name string
	// Names are the titles of its examples, with their values.
	Names []string
	// Rules are the ids that it names, Recipes included.
	Rules []string
	// Invariants are those of sap-domain §24 that it is tagged with.
	Invariants []string
	// steps are the texts of all its examples' steps.
	steps []string
}

// Key names the scenario in exercised.json.
func (s Scenario) Key() string { return s.File + ": " + s.Name }

// Scenarios reads the feature files at the root of files.
func Scenarios(files fs.FS) (list []Scenario, err error) {
	names, err := fs.Glob(files, "*.feature")
	if err != nil {
		return nil, fmt.Errorf("list the features: %w", err)
	}
	for _, name := range names {
		text, err := files.Open(name)
		if err != nil {
			return nil, fmt.Errorf("read the features: %w", err)
		}
		ids := (&messages.Incrementing{}).NewId
		doc, err := gherkin.ParseGherkinDocument(text, ids)
		_ = text.Close() // it was only read
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		list = append(list, scenariosOf(path.Base(name), doc, gherkin.Pickles(*doc, name, ids))...)
	}
	return list, nil
}

// scenariosOf are those of a file, each with what its examples have in common: tags of
// the feature and of its Gherkin rule are handed down to it.
func scenariosOf(file string, doc *messages.GherkinDocument, pickles []*messages.Pickle) (list []Scenario) {
	place := map[string]int{}
	for _, one := range written(doc) {
		place[one.Id] = len(list)
		list = append(list, Scenario{File: file, Name: one.Name})
	}
	for _, p := range pickles {
		s := &list[place[p.AstNodeIds[0]]]
		s.Names = append(s.Names, p.Name)
		for _, tag := range p.Tags {
			if id, ok := strings.CutPrefix(tag.Name, rulePrefix); ok && !slices.Contains(s.Rules, id) {
				s.Rules = append(s.Rules, id)
			}
			if id := strings.TrimPrefix(tag.Name, "@"); strings.HasPrefix(id, recipePrefix) && !slices.Contains(s.Rules, id) {
				s.Rules = append(s.Rules, id)
			}
			if n, ok := strings.CutPrefix(tag.Name, "@invariant-"); ok && !slices.Contains(s.Invariants, n) {
				s.Invariants = append(s.Invariants, n)
			}
		}
		for _, step := range p.Steps {
			s.steps = append(s.steps, step.Text)
		}
	}
	return list
}

// written are the scenarios of a document, those within its rules included.
func written(doc *messages.GherkinDocument) (list []*messages.Scenario) {
	if doc.Feature == nil {
		return nil
	}
	for _, child := range doc.Feature.Children {
		if child.Scenario != nil {
			list = append(list, child.Scenario)
		}
		if child.Rule == nil {
			continue
		}
		for _, inner := range child.Rule.Children {
			if inner.Scenario != nil {
				list = append(list, inner.Scenario)
			}
		}
	}
	return list
}

// takes tells whether a step of the scenario is one of these.
func (s Scenario) takes(steps []*regexp.Regexp) bool {
	return slices.ContainsFunc(s.steps, func(text string) bool {
		return slices.ContainsFunc(steps, func(step *regexp.Regexp) bool { return step.MatchString(text) })
	})
}
