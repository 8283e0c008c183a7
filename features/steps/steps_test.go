package steps

import (
	"regexp"
	"testing"

	"github.com/cucumber/godog"

	"github.com/pairsim/pairsim/features"
)

// definition is a step definition and how many steps of the features it matches.
type definition struct {
	keyword, pattern string
	expression       *regexp.Regexp
	uses             int
}

// recorder takes step definitions and runs none.
type recorder struct{ defined []*definition }

func (r *recorder) Given(pattern, _ any) { r.add("Given", pattern) }
func (r *recorder) When(pattern, _ any)  { r.add("When", pattern) }
func (r *recorder) Then(pattern, _ any)  { r.add("Then", pattern) }

func (r *recorder) add(keyword string, pattern any) {
	text := pattern.(string)
	r.defined = append(r.defined, &definition{keyword: keyword, pattern: text, expression: regexp.MustCompile(text)})
}

func defined() []*definition {
	var r recorder
	newWorld(nil).define(&r)
	return r.defined
}

// keywords are what Gherkin calls the kinds of steps, And being of the kind before it.
var keywords = map[string]string{"Context": "Given", "Action": "When", "Outcome": "Then"}

func TestEveryStepHasOneDefinition(t *testing.T) {
	suite := godog.TestSuite{Options: &godog.Options{FS: features.FS, Paths: []string{"."}}}
	all, err := suite.RetrieveFeatures()
	if err != nil {
		t.Fatal(err)
	}
	definitions := defined()
	for _, feature := range all {
		for _, scenario := range feature.Pickles {
			for _, step := range scenario.Steps {
				matches := 0
				for _, d := range definitions {
					if d.keyword == keywords[string(step.Type)] && d.expression.MatchString(step.Text) {
						d.uses++
						matches++
					}
				}
				if matches != 1 {
					t.Errorf("%s: scenario %q: %s %q has %d definitions, want one",
						feature.Uri, scenario.Name, keywords[string(step.Type)], step.Text, matches)
				}
			}
		}
	}
	for _, d := range definitions {
		if d.uses == 0 {
			t.Errorf("%s %s is used by no scenario", d.keyword, d.pattern)
		}
	}
}

// Scenarios speak of the domain; routes, JSON and status codes belong in contracts.
func TestStepsSpeakOfTheDomain(t *testing.T) {
	technical := regexp.MustCompile(`(?i)/|[{}\[\]]|\bjson\b|\bhttps?\b|(?-i:\b(GET|POST|PUT|PATCH|DELETE)\b)|\b[1-5]\d\d\b`)
	notations := regexp.MustCompile(`\[\^"\][*+]`) // the class that takes a quoted name is no JSON
	for _, d := range defined() {
		if found := technical.FindString(notations.ReplaceAllString(d.pattern, "")); found != "" {
			t.Errorf("%s %s holds %q, want words of the domain", d.keyword, d.pattern, found)
		}
		if d.pattern[0] != '^' || d.pattern[len(d.pattern)-1] != '$' {
			t.Errorf("%s %s matches a part of a sentence, want ^…$", d.keyword, d.pattern)
		}
	}
}

func TestRequestsAndForgeriesAreUsed(t *testing.T) {
	text := ""
	entries, err := features.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := features.FS.ReadFile(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		text += string(content)
	}
	mentioned := func(kind string) bool {
		return regexp.MustCompile(`(?m)(\| |with |that is )` + regexp.QuoteMeta(kind) + `( +\||$)`).MatchString(text)
	}
	for kind := range requests {
		if kind != "" && !mentioned(kind) {
			t.Errorf("no scenario sends a certificate request with %s", kind)
		}
	}
	for kind := range forgeries {
		if !mentioned(kind) {
			t.Errorf("no scenario presents a token that is %s", kind)
		}
	}
}
