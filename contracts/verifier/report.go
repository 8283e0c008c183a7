package verifier

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pairsim/pairsim/contracts/pactfile"
)

// Result is how one interaction went.
type Result struct {
	Consumer, Provider string
	Interaction        pactfile.Interaction
	// Differences say what the provider did otherwise; empty: it kept the contract.
	Differences []string
	Took        time.Duration
	Exchange    *Exchange // nil when the provider was not asked
}

// Failed tells whether the provider did not keep the contract.
func (r Result) Failed() bool { return len(r.Differences) > 0 }

// Report is how the verification of a provider went.
type Report struct {
	Provider string
	Results  []Result
}

// Failed counts what was not kept.
func (r Report) Failed() (n int) {
	for _, one := range r.Results {
		if one.Failed() {
			n++
		}
	}
	return n
}

// Write tells of every interaction, of what failed with its differences.
func (r Report) Write(w io.Writer) error {
	var out strings.Builder
	consumer := ""
	for _, one := range r.Results {
		if one.Consumer != consumer {
			consumer = one.Consumer
			fmt.Fprintf(&out, "%s → %s\n", consumer, one.Provider)
		}
		verdict := "ok    "
		if one.Failed() {
			verdict = "FAILED"
		}
		fmt.Fprintf(&out, "  %s %s\n", verdict, one.Interaction.Description)
		if !one.Failed() {
			continue
		}
		for _, s := range one.Interaction.States {
			fmt.Fprintf(&out, "           given %s\n", s)
		}
		if !one.Interaction.Message {
			fmt.Fprintf(&out, "           when  %s %s\n", one.Interaction.Method, one.Interaction.Path)
		}
		for _, d := range one.Differences {
			fmt.Fprintf(&out, "           %s\n", strings.ReplaceAll(d, "\n", "\n             "))
		}
	}
	fmt.Fprintf(&out, "\n%s: %d interactions, %d failed\n", r.Provider, len(r.Results), r.Failed())
	_, err := io.WriteString(w, out.String())
	return err
}

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Suites   []*suite `xml:"testsuite"`
}

type suite struct {
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Time     string     `xml:"time,attr"`
	Cases    []testCase `xml:"testcase"`
	took     time.Duration
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    string   `xml:"time,attr"`
	Failure *failure `xml:"failure"`
}

type failure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report as JUnit XML, a suite a consumer.
func (r Report) WriteJUnit(w io.Writer) error {
	doc := suites{Tests: len(r.Results), Failures: r.Failed()}
	for _, one := range r.Results {
		name := one.Consumer + " → " + one.Provider
		if n := len(doc.Suites); n == 0 || doc.Suites[n-1].Name != name {
			doc.Suites = append(doc.Suites, &suite{Name: name})
		}
		s := doc.Suites[len(doc.Suites)-1]
		c := testCase{Class: name, Name: one.Interaction.Description, Time: seconds(one.Took)}
		if one.Failed() {
			c.Failure = &failure{Message: one.Differences[0], Text: strings.Join(one.Differences, "\n")}
			s.Failures++
		}
		s.Tests, s.took = s.Tests+1, s.took+one.Took
		s.Time = seconds(s.took)
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
