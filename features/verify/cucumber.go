package verify

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"
)

// Cucumber JSON, in the form that godog writes, which is the one that CI servers read.

type cucumberFeature struct {
	URI         string            `json:"uri"`
	ID          string            `json:"id"`
	Keyword     string            `json:"keyword"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Line        int64             `json:"line"`
	Comments    []cucumberComment `json:"comments,omitempty"`
	Tags        []cucumberTag     `json:"tags,omitempty"`
	Elements    []cucumberElement `json:"elements,omitempty"`
}

type cucumberComment struct {
	Value string `json:"value"`
	Line  int64  `json:"line"`
}

type cucumberTag struct {
	Name string `json:"name"`
	Line int64  `json:"line"`
}

type cucumberElement struct {
	ID          string         `json:"id"`
	Keyword     string         `json:"keyword"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Line        int            `json:"line"`
	Type        string         `json:"type"`
	Tags        []cucumberTag  `json:"tags,omitempty"`
	Steps       []cucumberStep `json:"steps,omitempty"`
}

type cucumberStep struct {
	Keyword string         `json:"keyword"`
	Name    string         `json:"name"`
	Line    int64          `json:"line"`
	Match   cucumberMatch  `json:"match"`
	Result  cucumberResult `json:"result"`
	Rows    []cucumberRow  `json:"rows,omitempty"`
}

type cucumberMatch struct {
	Location string `json:"location"`
}

type cucumberResult struct {
	Status   string `json:"status"`
	Error    string `json:"error_message,omitempty"`
	Duration *int64 `json:"duration,omitempty"` // nanoseconds
}

type cucumberRow struct {
	Cells []string `json:"cells"`
}

// writeCucumber writes features by name, and their scenarios as they stand in them.
func writeCucumber(path string, documents []document, kept []*record) error {
	by := map[string]*record{}
	for _, r := range kept {
		by[r.pickle.Id] = r
	}
	var list []cucumberFeature
	for _, d := range documents {
		f := d.cucumber()
		for _, p := range d.pickles {
			if r := by[p.Id]; r != nil {
				f.Elements = append(f.Elements, d.element(f, r))
			}
		}
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(a, b cucumberFeature) int { return strings.Compare(a.Name, b.Name) })
	text, err := json.MarshalIndent(list, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644) //nolint:gosec // a report is for all
}

func cucumberID(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

func cucumberTags(tags []*messages.Tag) (list []cucumberTag) {
	for _, t := range tags {
		list = append(list, cucumberTag{t.Name, t.Location.Line})
	}
	return list
}

func (d document) cucumber() cucumberFeature {
	of := d.parsed.Feature
	f := cucumberFeature{
		URI: d.parsed.Uri, ID: cucumberID(of.Name), Keyword: of.Keyword, Name: of.Name, Description: of.Description, Line: of.Location.Line,
		Tags: cucumberTags(of.Tags),
	}
	for _, c := range d.parsed.Comments {
		f.Comments = append(f.Comments, cucumberComment{strings.TrimSpace(c.Text), c.Location.Line})
	}
	return f
}

// element is a scenario, or an example of an outline.
func (d document) element(f cucumberFeature, r *record) cucumberElement {
	all := d.scenarios()
	s := all[slices.IndexFunc(all, func(s *messages.Scenario) bool { return s.Id == r.pickle.AstNodeIds[0] })]
	e := cucumberElement{
		ID: f.ID + ";" + cucumberID(r.Name), Keyword: s.Keyword, Name: r.Name, Description: s.Description, Line: r.Line, Type: "scenario",
		Tags: slices.Concat(f.Tags, cucumberTags(s.Tags)),
	}
	for _, table := range s.Examples {
		for i, row := range table.TableBody {
			if row.Id == r.pickle.AstNodeIds[len(r.pickle.AstNodeIds)-1] {
				e.ID += fmt.Sprintf(";%s;%d", cucumberID(table.Name), i+2) // its first line are the names
				e.Tags = append(e.Tags, cucumberTags(table.Tags)...)
			}
		}
	}
	for i := range r.steps {
		e.Steps = append(e.Steps, d.step(r, i))
	}
	return e
}

func (d document) step(r *record, i int) cucumberStep {
	written, p := d.sentence(r.pickle.Steps[i].AstNodeIds[0]), r.pickle.Steps[i]
	s := cucumberStep{
		Keyword: written.Keyword, Name: p.Text, Line: written.Location.Line,
		Match: cucumberMatch{r.steps[i].does}, Result: cucumberResult{Status: r.Steps[i].Status},
	}
	took := r.steps[i].ended.Sub(r.steps[i].began).Nanoseconds()
	switch s.Result.Status {
	case stepFailed:
		s.Result.Duration, s.Result.Error = &took, r.err.Error()
	case stepPassed:
		s.Result.Duration = &took
	case stepUndefined, stepAmbiguous:
		s.Match.Location = fmt.Sprintf("%s:%d", d.parsed.Uri, s.Line)
	}
	if p.Argument != nil && p.Argument.DataTable != nil {
		for _, row := range p.Argument.DataTable.Rows {
			var cells []string
			for _, c := range row.Cells {
				cells = append(cells, c.Value)
			}
			s.Rows = append(s.Rows, cucumberRow{cells})
		}
	}
	return s
}

// sentence is a step as it is written, of a background, too.
func (d document) sentence(id string) (found *messages.Step) {
	in := func(list []*messages.Step) {
		if i := slices.IndexFunc(list, func(s *messages.Step) bool { return s.Id == id }); i >= 0 {
			found = list[i]
		}
	}
	for _, s := range d.scenarios() {
		in(s.Steps)
	}
	for _, child := range d.parsed.Feature.Children {
		if child.Background != nil {
			in(child.Background.Steps)
		}
		if child.Rule != nil {
			for _, inner := range child.Rule.Children {
				if inner.Background != nil {
					in(inner.Background.Steps)
				}
			}
		}
	}
	return found
}
