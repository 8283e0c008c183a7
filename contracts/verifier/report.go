package verifier

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pairsim/pairsim/contracts/pactfile"
	"github.com/pairsim/pairsim/internal/report"
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

// Document is the report as one for machines: what a consumer expects is a group.
func (r Report) Document() report.Document {
	d := report.Document{Title: "contracts", Subject: r.Provider, Things: "interactions"}
	for _, one := range r.Results {
		e := report.Entry{
			Group: one.Consumer + " → " + one.Provider, Name: one.Interaction.Description,
			Outcome: report.Passed, Reasons: one.Differences, Took: one.Took,
		}
		if one.Failed() {
			e.Outcome = report.Failed
		}
		d.Entries, d.Took = append(d.Entries, e), d.Took+one.Took
	}
	return d
}
