package clientcheck

import (
	"encoding/xml"
	"os"
	"strconv"
	"strings"
	"time"
)

// The parts of a JUnit report that CI systems read.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (r Report) writeJUnit(path string) error {
	suite := junitSuite{
		Name: "pairsim verify client", Tests: len(r.Results), Failures: r.Count(Failed), Skipped: r.Count(NotApplicable), Time: seconds(r.Took),
	}
	for _, one := range r.Results {
		c := junitCase{Class: "pairsim verify client", Name: one.ID + " " + one.Does, Time: seconds(one.Took), Output: one.Output}
		switch one.Outcome {
		case Failed:
			c.Failure = &junitMessage{one.Wrong[0], strings.Join([]string{one.Why(), "document: " + one.Source, "next: " + one.Next}, "\n")}
		case NotApplicable:
			c.Skipped = &junitMessage{Message: one.Reason}
		case Passed:
		}
		suite.Cases = append(suite.Cases, c)
	}
	text, err := xml.MarshalIndent(suite, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte(xml.Header), append(text, '\n')...), 0o644) //nolint:gosec // a report is for all
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
