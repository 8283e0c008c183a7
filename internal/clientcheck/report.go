package clientcheck

import (
	"errors"
	"fmt"
	"time"

	"github.com/pairsim/pairsim/internal/report"
	"github.com/pairsim/pairsim/internal/sources"
)

// Report is what came of all checks.
type Report struct {
	// Client is what was checked, as people know it.
	Client  string
	Results []Result
	Began   time.Time
	Took    time.Duration
}

// Count counts the checks with an outcome.
func (r Report) Count(o Outcome) int { return r.document().Count(o) }

// Write writes the report in the forms that the options name.
func (r Report) Write(o Options) (err error) {
	if o.JUnit != "" {
		err = r.document().WriteJUnit(o.JUnit)
	}
	if o.HTML != "" {
		err = errors.Join(err, r.document().WriteHTML(o.HTML))
	}
	return err
}

// document is the report as people and CI read it.
func (r Report) document() report.Document {
	d := report.Document{Title: "pairsim verify client", Subject: r.Client, Things: "checks", Began: r.Began, Took: r.Took}
	for _, one := range r.Results {
		d.Entries = append(d.Entries, one.entry())
	}
	return d
}

func (r Result) entry() report.Entry {
	e := report.Entry{
		Group: "what goes wrong", Name: fmt.Sprintf("%s %s: %s", r.ID, r.Name, r.Does), Outcome: r.Outcome,
		Reasons: r.Wrong, Output: r.Output, Diagram: r.Diagram, Took: r.Took,
		Facts: []report.Fact{{Label: "document", Text: r.Source}, {Label: "next", Text: r.Next}},
	}
	for _, d := range sources.Find(r.Source) {
		e.Facts = append(e.Facts, report.Fact{Label: "to be read", Text: d.Name + ": " + d.Where})
	}
	if r.Strict() {
		e.Group = "unfriendly, but legal"
	}
	if r.Seed != 0 {
		e.Facts = append(e.Facts, report.Fact{Label: "seed", Text: fmt.Sprint(r.Seed)})
	}
	if r.Reason != "" {
		e.Reasons = []string{r.Reason}
	}
	return e
}
