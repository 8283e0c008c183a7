package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The parts of a JUnit report that CI systems read.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Name    string   `xml:"name,attr"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name string `xml:"name,attr"`
		junitCounts
		Cases []junitCase `xml:"testcase"`
	}
	junitCounts struct {
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"` // a program that cannot run writes no report
		Skipped  int    `xml:"skipped,attr"`
		Time     string `xml:"time,attr"` // seconds
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"` // seconds
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (d Document) counts() junitCounts {
	return junitCounts{Tests: len(d.Entries), Failures: d.Count(Failed), Skipped: d.Count(NotApplicable), Time: seconds(d.Took)}
}

// WriteJUnit writes the report as JUnit XML, a suite for each group. What is not
// applicable is skipped there, with the reason.
func (d Document) WriteJUnit(path string) error {
	suites := junitSuites{Name: d.Title, junitCounts: d.counts()}
	for _, g := range d.groups() {
		suite, seen := junitSuite{Name: g.Name(), junitCounts: g.counts()}, map[string]int{}
		for _, e := range g.Entries {
			c := e.junit(d.Title)
			if seen[e.Name]++; seen[e.Name] > 1 { // CI systems tell cases apart by their names
				c.Name += fmt.Sprintf(" #%d", seen[e.Name])
			}
			suite.Cases = append(suite.Cases, c)
		}
		suites.Suites = append(suites.Suites, suite)
	}
	text, err := xml.MarshalIndent(suites, "", "  ")
	if err != nil {
		return err
	}
	return write(path, bytes.Join([][]byte{[]byte(xml.Header), text, []byte("\n")}, nil))
}

func (e Entry) junit(title string) junitCase {
	c := junitCase{Class: title + "." + strings.TrimSuffix(e.Group, ".feature"), Name: e.Name, Time: seconds(e.Took), Output: e.Output}
	first := ""
	if len(e.Reasons) > 0 {
		first = e.Reasons[0]
	}
	switch e.Outcome {
	case Failed:
		c.Failure = &junitMessage{first, e.account()}
	case NotApplicable:
		c.Skipped = &junitMessage{Message: first}
	case Passed:
	}
	return c
}

// account tells all of a failure in lines.
func (e Entry) account() string {
	lines := []string{}
	if e.Place != "" {
		lines = append(lines, "at: "+e.Place)
	}
	for _, s := range e.Steps {
		lines = append(lines, s.Status+": "+s.Text)
	}
	lines = append(lines, e.Reasons...)
	for _, f := range e.Facts {
		lines = append(lines, f.Label+": "+f.Text)
	}
	return strings.Join(lines, "\n")
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
