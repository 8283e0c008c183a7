package steps

import (
	"regexp"
	"testing"

	"github.com/cucumber/godog"

	"github.com/pairsim/pairsim/features"
)

// keywords are what people write for Gherkin's types of steps.
var keywords = map[string]string{"Context": "Given", "Action": "When", "Outcome": "Then"}

func TestEveryStepHasOneDefinition(t *testing.T) {
	suite := godog.TestSuite{Options: &godog.Options{FS: features.FS, Paths: []string{"."}}}
	all, err := suite.RetrieveFeatures()
	if err != nil {
		t.Fatal(err)
	}
	definitions := Definitions()
	uses := make([]int, len(definitions))
	for _, feature := range all {
		for _, scenario := range feature.Pickles {
			for _, step := range scenario.Steps {
				matches := 0
				for i, d := range definitions {
					if d.Type == string(step.Type) && d.Expression.MatchString(step.Text) {
						uses[i]++
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
	for i, d := range definitions {
		if uses[i] == 0 {
			t.Errorf("%s %s is used by no scenario", keywords[d.Type], d.Expression)
		}
	}
}

// Scenarios speak of the domain; routes, JSON and status codes belong in contracts.
func TestStepsSpeakOfTheDomain(t *testing.T) {
	technical := regexp.MustCompile(`(?i)/|[{}\[\]]|\bjson\b|\bhttps?\b|(?-i:\b(GET|POST|PUT|PATCH|DELETE)\b)|\b[1-5]\d\d\b`)
	notations := regexp.MustCompile(`\[\^"\][*+]`) // the class that takes a quoted name is no JSON
	for _, d := range Definitions() {
		pattern := d.Expression.String()
		if found := technical.FindString(notations.ReplaceAllString(pattern, "")); found != "" {
			t.Errorf("%s %s holds %q, want words of the domain", keywords[d.Type], pattern, found)
		}
		if pattern[0] != '^' || pattern[len(pattern)-1] != '$' {
			t.Errorf("%s %s matches a part of a sentence, want ^…$", keywords[d.Type], pattern)
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
