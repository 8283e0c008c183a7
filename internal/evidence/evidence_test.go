package evidence_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/internal/evidence"
)

const root = "../.."

var collected = sync.OnceValues(func() (*evidence.Evidence, error) { return evidence.Collect(os.DirFS(root)) })

func collect(t *testing.T) *evidence.Evidence {
	t.Helper()
	e, err := collected()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPageIsGenerated: the committed page is what the sources say now.
func TestPageIsGenerated(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile(root + "/docs/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(committed), "\n"), strings.Split(collect(t).Page(), "\n")); diff != "" {
		t.Errorf("docs/evidence.md is out of date; make docs writes it (-committed +generated):\n%s", diff)
	}
}

// TestEveryPointerLeadsSomewhere: what tests name are rules, and what tables name are tests.
func TestEveryPointerLeadsSomewhere(t *testing.T) {
	t.Parallel()
	for _, problem := range collect(t).Problems() {
		t.Error(problem)
	}
}

var (
	id     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	source = regexp.MustCompile(`SEED-00\d|[0-9a-f]{7}\.md|(sap-domain|pairing-protocols|service-apis|design) §|design [§0-9]|RFC \d+|docs/`)
)

// TestRulesAreWhole: each has an id, a sentence and a document. Every invariant of
// sap-domain §24 is some rule's.
func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	cited := map[string]bool{}
	for _, r := range evidence.Rules() {
		if !id.MatchString(r.ID) || !strings.HasSuffix(r.Says, ".") || !source.MatchString(r.Source) {
			t.Errorf("got %+v", r)
		}
		_, numbers, _ := strings.Cut(r.Source, "sap-domain §24 (")
		numbers, _, _ = strings.Cut(numbers, ")")
		for _, n := range strings.Split(numbers, ", ") {
			cited[n] = true
		}
	}
	for n := 1; n <= 17; n++ {
		if !cited[fmt.Sprint(n)] {
			t.Errorf("no rule cites invariant %d of sap-domain §24", n)
		}
	}
}

// TestWrongPointersAreFound proves that a tag, a comment and a record that lead nowhere
// are told.
func TestWrongPointersAreFound(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"a.feature": {Data: []byte("Feature: a\n  @rule:of-the-block\n  Rule: b\n    @rule:of-the-scenario @recipe-x @invariant-3\n" +
			"    Scenario Outline: c <n>\n      Given d <n>\n      Examples:\n        | n |\n        | 1 |\n        | 2 |\n")},
		"p/a_test.go": {Data: []byte("//go:build other\n\npackage p\n\n// TestA does.\n//\n// Rule: of-a-test, of-another\nfunc TestA(t *testing.T) {\n" +
			"\tset()\n\tcall(\"POST\", \"/api/v1/systems/\"+id+\"/tokens?x=1\")\n\tcall(http.MethodGet, fmt.Sprintf(\"%s/a/%s\", base, id))\n}\n\nfunc set() { r.AddFault() }\n")},
	}
	scenarios, err := evidence.Scenarios(files)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := evidence.Tests(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(scenarios) != 1 || !slices.Equal(scenarios[0].Rules, []string{"of-the-block", "of-the-scenario", "recipe-x"}) ||
		!slices.Equal(scenarios[0].Names, []string{"c 1", "c 2"}) || !slices.Equal(scenarios[0].Invariants, []string{"3"}) {
		t.Errorf("got %+v", scenarios)
	}
	want := []evidence.Test{{
		Dir: "p", File: "a_test.go", Name: "TestA", Rules: []string{"of-a-test", "of-another"}, Faults: true,
		Calls: []string{"POST /api/v1/systems/{}/tokens", "GET /a/{}"},
	}}
	if diff := cmp.Diff(want, tests); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e := evidence.Evidence{
		Scenarios: append(scenarios, evidence.Scenario{File: "b.feature", Name: "k", Rules: []string{"keys-private"}}), Tests: tests, Exercised: evidence.Exercised{"a.feature: gone": nil},
		Mutants: []evidence.Mutant{{Name: "m", Rule: "of-a-mutant"}},
	}
	problems := strings.Join(e.Problems(), "\n")
	for _, want := range []string{
		"names the rule of-the-block", "names the rule of-the-scenario", "names the rule recipe-x", "names the rule of-another",
		"names the rule of-a-mutant", "knows no a.feature: c <n>", "has a.feature: gone", "why keys-private has no scenario", `no pact has "a certificate is renewed"`,
	} {
		if !strings.Contains(problems, want) {
			t.Errorf("%q is not among\n%s", want, problems)
		}
	}
}
