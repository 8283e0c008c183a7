package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// moduleRoot is where this module begins.
const moduleRoot = "../.."

func TestEveryDeclarationApplies(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range mutations() {
		if _, err := m.apply(moduleRoot); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if seen[m.Name] {
			t.Errorf("%s is declared twice", m.Name)
		}
		seen[m.Name] = true
		if m.Name == "" || m.Rule == "" || m.Breaks == "" || len(m.Tests) == 0 {
			t.Errorf("%q lacks a name, a rule, what it breaks, or tests", m.Name)
		}
	}
}

func TestResultsAreOfWhatIsDeclared(t *testing.T) {
	rows, err := readResults(filepath.Join(moduleRoot, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]mutation{}
	for _, m := range mutations() {
		declared[m.Name] = m
	}
	before := ""
	for _, r := range rows {
		m, known := declared[r.Name]
		delete(declared, r.Name)
		want := result{Name: m.Name, Rule: m.Rule, Breaks: m.Breaks, File: m.File, Outcome: r.Outcome, CaughtBy: r.CaughtBy, Known: m.Known}
		switch {
		case !known || r.Name <= before:
			t.Errorf("%s: is not declared, or not in order; go run ./internal/mutate -update", r.Name)
		case r.Rule != want.Rule || r.Breaks != want.Breaks || r.File != want.File || r.Known != want.Known:
			t.Errorf("%s: got %+v, declared is %+v; go run ./internal/mutate -update -only %s", r.Name, r, want, r.Name)
		case (r.Outcome == caught) != (len(r.CaughtBy) > 0) || (r.Outcome == survived) != (r.Known != ""):
			t.Errorf("%s: %s by %q, known: %q", r.Name, r.Outcome, r.CaughtBy, r.Known)
		}
		before = r.Name
	}
	for name := range declared {
		t.Errorf("%s: is declared, but there is no result; go run ./internal/mutate -update -only %s", name, name)
	}
}

// ofTiny edits the module in testdata.
func ofTiny(name, before, after, run string) mutation {
	return mutation{Name: name, Rule: "a-rule", Breaks: "something", File: "tiny.go", Old: before, New: after, Tests: in("", run)}
}

func testRunner(t *testing.T, root string, limit time.Duration) *runner {
	root, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	return &runner{root: root, limit: limit, baselines: map[tests]error{}, log: io.Discard}
}

func TestOutcomes(t *testing.T) {
	anyway := ofTiny("known", "return 5", "return 6", "TestPrice|TestAdult")
	anyway.Known = "children are free on weekdays"
	unneeded := ofTiny("known-but-caught", "return 10", "return 11", "TestPrice")
	unneeded.Known = "nobody looks"
	second := ofTiny("second-tests", "return 10", "return 11", "TestAdult")
	second.Tests = append(second.Tests, tests{"", "TestPrice"})
	for _, c := range []struct {
		m      mutation
		word   string
		by     []string
		broken string
	}{
		{m: ofTiny("caught", "age >= 18", "age > 18", "TestAdult|TestPrice"), word: caught, by: []string{"TestAdult/at_eighteen"}},
		{m: second, word: caught, by: []string{"TestPrice"}},
		{m: ofTiny("survivor", "return 5", "return 6", "TestAdult|TestPrice"), word: "SURVIVED"},
		{m: anyway, word: "known"},
		{m: unneeded, word: "BROKEN", by: []string{"TestPrice"}, broken: "TestPrice does"},
		{m: ofTiny("no-go", "return 5", "return", "TestPrice"), word: "BROKEN", broken: "not enough return values"},
		{m: ofTiny("no-syntax", "return 5", "return (", "TestPrice"), word: "BROKEN", broken: "after the edit"},
		{m: ofTiny("stale", "return 7", "return 8", "TestPrice"), word: "BROKEN", broken: "0 times, not once"},
		{m: ofTiny("twice", "return", "panic", "TestPrice"), word: "BROKEN", broken: "3 times, not once"},
		{m: ofTiny("no-tests", "return 5", "return 6", "TestNothing"), word: "BROKEN", broken: "no test that matches"},
		{m: ofTiny("fails-anyway", "return 5", "return 6", "TestThatFails"), word: "BROKEN", broken: "fails as it is"},
	} {
		t.Run(c.m.Name, func(t *testing.T) {
			t.Parallel()
			o := testRunner(t, "testdata/tiny", time.Minute).judge(context.Background(), &c.m)
			if o.word() != c.word || !slices.Equal(o.CaughtBy, c.by) || o.TimedOut {
				t.Errorf("got %s by %q (%v), want %s by %q", o.word(), o.CaughtBy, o.Broken, c.word, c.by)
			}
			if c.broken != "" && !strings.Contains(o.Broken.Error(), c.broken) {
				t.Errorf("got %v, want it to say %q", o.Broken, c.broken)
			}
		})
	}
}

func TestTestsThatDoNotEnd(t *testing.T) {
	m := ofTiny("endless", "	if !Adult(age) {\n", "	for age > 0 {\n	}\n	if !Adult(age) {\n", "TestPrice")
	o := testRunner(t, "testdata/tiny", 2*time.Second).judge(context.Background(), &m)
	if o.word() != caught || !o.TimedOut || !slices.Equal(o.CaughtBy, []string{"TestPrice"}) {
		t.Errorf("got %s by %q, timed out: %t (%v)", o.word(), o.CaughtBy, o.TimedOut, o.Broken)
	}
}

func TestReportEndsWithItsSurvivors(t *testing.T) {
	chosen := []mutation{
		ofTiny("first", "return 5", "return 6", "TestPrice"), ofTiny("second", "return 10", "return 11", "TestPrice"), ofTiny("third", "a", "b", "TestPrice"),
	}
	outcomes := []outcome{
		{result: result{Name: "first", Rule: "a-rule", File: "tiny.go", Outcome: survived}},
		{result: result{Name: "second", Rule: "a-rule", File: "tiny.go", Outcome: caught, CaughtBy: []string{"TestPrice"}}, TimedOut: true},
	}
	var b bytes.Buffer
	if status := printReport(&b, chosen, outcomes); status != someSurvived {
		t.Errorf("got status %d, want %d", status, someSurvived)
	}
	_, survivors, _ := strings.Cut(b.String(), "Survivors: no test notices these edits\n")
	if !strings.Contains(survivors, "first (a-rule), tiny.go") || !strings.Contains(survivors, "- return 5\n    + return 6\n") || strings.Contains(survivors, "second") {
		t.Errorf("got\n%s", b.String())
	}
	if !strings.Contains(b.String(), "TestPrice (the tests did not end in time)") {
		t.Errorf("got\n%s\nwithout a word about time", b.String())
	}
	outcomes = append(outcomes, outcome{result: result{Name: "third", Rule: "a-rule", File: "tiny.go"}, Broken: io.EOF})
	if status := printReport(io.Discard, chosen, outcomes); status != someBroken {
		t.Errorf("got status %d, want %d", status, someBroken)
	}
	if status := printReport(io.Discard, chosen, outcomes[1:2]); status != allCaught {
		t.Errorf("got status %d, want %d", status, allCaught)
	}
}

func TestResultsKeepTheirOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	row := func(name string, broken error) outcome {
		return outcome{result: result{Name: name, Outcome: survived, Known: "a < b"}, Took: time.Second, Broken: broken}
	}
	declared := []mutation{{Name: "c"}, {Name: "a"}, {Name: "b"}}
	if err := writeResults(path, append(declared, mutation{Name: "old"}), []outcome{row("c", nil), row("old", nil), row("b", nil)}); err != nil {
		t.Fatal(err)
	}
	if err := writeResults(path, declared, []outcome{row("a", nil), row("b", io.EOF)}); err != nil {
		t.Fatal(err)
	}
	rows, err := readResults(path)
	if err != nil || len(rows) != 2 || rows[0].Name != "a" || rows[1].Name != "c" || rows[0].Known != "a < b" {
		t.Errorf("got %+v, %v", rows, err)
	}
}

func TestChoose(t *testing.T) {
	all := []mutation{{Name: "token-used"}, {Name: "token-void"}, {Name: "csr"}}
	for patterns, want := range map[string]int{"": 3, "token-*": 2, "csr,token-used": 2, "nothing": -1, "csr,nothing": -1, "[": -1} {
		if got, err := choose(all, patterns); err == nil != (want >= 0) || err == nil && len(got) != want {
			t.Errorf("%q: got %v, %v", patterns, got, err)
		}
	}
}

// TestSample is a hundredth of make mutate, so that each run of the tests shows that
// the tool still works on the product itself.
func TestSample(t *testing.T) {
	chosen, err := choose(mutations(), "secrets-in-logs,assertion-for-an-hour")
	if err != nil {
		t.Fatal(err)
	}
	r := testRunner(t, moduleRoot, time.Minute)
	for _, o := range r.judgeAll(context.Background(), chosen) {
		if o.word() != caught {
			t.Errorf("%s: %s (%v)", o.Name, o.word(), o.Broken)
		}
	}
}
