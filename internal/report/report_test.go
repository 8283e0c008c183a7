package report_test

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/report"
)

var example = report.Document{
	Title: "pairsim verify features", Subject: "http://shop.test", Things: "scenarios", Began: time.Date(2030, 1, 1, 10, 0, 0, 0, time.UTC), Took: 3 * time.Second,
	Entries: []report.Entry{
		{Group: "token.feature", Place: "token.feature:7", Name: "A token", Outcome: report.Passed, Took: time.Second},
		{Group: "wire.feature", Name: "A request", Outcome: report.NotApplicable, Reasons: []string{"it needs control"}},
		{
			Group: "token.feature", Place: "token.feature:9", Name: "A token", Outcome: report.Failed, Took: 2 * time.Second, Reasons: []string{"got 200, want 201", "and \x01 <b>more</b>"},
			Facts: []report.Fact{{Label: "document", Text: "RFC 9110"}}, Steps: []report.Step{{Text: "it is asked for", Status: "passed"}, {Text: "it is given", Status: "failed"}},
			Output: "<script>alert(1)</script>", Diagram: "<svg onload='x'/>",
		},
	},
}

func written(t *testing.T, write func(string) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report")
	if err := write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestJUnit: a suite for each group; what is not applicable is skipped, not passed, and
// no two cases of a suite have one name.
func TestJUnit(t *testing.T) {
	type counts struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	var got struct {
		counts
		Suites []struct {
			Name string `xml:"name,attr"`
			counts
			Cases []struct {
				Name    string  `xml:"name,attr"`
				Failure *string `xml:"failure"`
				Skipped *struct {
					Message string `xml:"message,attr"`
				} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	text := written(t, example.WriteJUnit)
	if err := xml.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if got.counts != (counts{3, 1, 1}) || len(got.Suites) != 2 || got.Suites[0].counts != (counts{2, 1, 0}) || got.Suites[1].counts != (counts{1, 0, 1}) {
		t.Fatalf("got %s", text)
	}
	tokens, requests := got.Suites[0], got.Suites[1]
	const account = "at: token.feature:9\npassed: it is asked for\nfailed: it is given\ngot 200, want 201\n"
	if tokens.Cases[0].Failure != nil || tokens.Cases[1].Name != "A token #2" || tokens.Cases[1].Failure == nil || !strings.HasPrefix(*tokens.Cases[1].Failure, account) {
		t.Errorf("got %s", text)
	}
	if requests.Cases[0].Skipped == nil || requests.Cases[0].Skipped.Message != "it needs control" {
		t.Errorf("got %s", text)
	}
}

// TestHTML: the page has all that a failure has, and runs and loads nothing.
func TestHTML(t *testing.T) {
	page := written(t, example.WriteHTML)
	for _, want := range []string{
		"<b>1</b>failed", "<b>1</b>passed", "<b>1</b>not applicable", "2030-01-01 10:00 UTC", `<a href="#failed-1">A token</a>`, "token.feature:9",
		"it needs control", "<dt>document</dt><dd>RFC 9110</dd>", "&lt;script&gt;alert(1)", ";base64,PHN2Zy", "&lt;b&gt;more",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, unwanted := range []string{"<script", "http://www", "https://", "@import", "<link", "ZgotmplZ"} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page holds %q", unwanted)
		}
	}
	allPassed := report.Document{Entries: example.Entries[:1]}
	if page := written(t, allPassed.WriteHTML); strings.Contains(page, "<h2>Failed") {
		t.Error("a page without failures has a part for them")
	}
}

// TestWritable leaves everything as it was.
func TestWritable(t *testing.T) {
	folder := t.TempDir()
	old := filepath.Join(folder, "old.xml")
	if err := os.WriteFile(old, []byte("of last week"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, good := range map[string]bool{
		filepath.Join(folder, "new.xml"): true, old: true, folder: false, filepath.Join(folder, "no", "r.xml"): false, filepath.Join(old, "r.xml"): false,
	} {
		if err := report.Writable(path); (err == nil) != good {
			t.Errorf("%s: %v, want that it is good: %t", path, err, good)
		}
	}
	text, err := os.ReadFile(old)
	left, listed := os.ReadDir(folder)
	if err != nil || string(text) != "of last week" || listed != nil || len(left) != 1 {
		t.Errorf("the old report is %q (%v), the folder holds %v (%v)", text, err, left, listed)
	}
}
