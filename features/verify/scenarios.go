package verify

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"

	"github.com/pairsim/pairsim/features"
)

// document is a feature file, as it was read, with those of its scenarios that are
// selected.
type document struct {
	parsed  *messages.GherkinDocument
	text    []byte
	pickles []*messages.Pickle
}

// documents are the files of which scenarios are selected, as they are listed.
func (o Options) documents(foreign bool) ([]document, error) {
	paths, tags := o.Paths, o.Tags
	if len(paths) == 0 {
		paths = Files()
	}
	if foreign {
		tags = both("@wire", tags) // nothing else is held against a foreign registry
	}
	var list []document
	ids := (&messages.Incrementing{}).NewId
	for i, path := range paths {
		if slices.Contains(paths[:i], path) {
			continue
		}
		d, err := read(path, ids)
		if err != nil {
			return nil, err
		}
		d.pickles = slices.DeleteFunc(d.pickles, func(p *messages.Pickle) bool { return !selects(tags, p.Tags) })
		if len(d.pickles) > 0 {
			list = append(list, d)
		}
	}
	return list, nil
}

func read(path string, ids func() string) (d document, err error) {
	if d.text, err = fs.ReadFile(features.FS, path); err != nil {
		return d, err
	}
	if d.parsed, err = gherkin.ParseGherkinDocument(bytes.NewReader(d.text), ids); err != nil {
		return d, fmt.Errorf("%s: %w", path, err)
	}
	d.parsed.Uri = path
	d.pickles = gherkin.Pickles(*d.parsed, path, ids)
	return d, nil
}

// selects reads a tag expression that CheckTags takes.
func selects(expression string, tags []*messages.PickleTag) bool {
	if expression == "" {
		return true
	}
	for all := range strings.SplitSeq(expression, "&&") {
		if !slices.ContainsFunc(strings.Split(all, ","), func(term string) bool {
			name, not := strings.CutPrefix(strings.TrimSpace(term), "~")
			return not != slices.ContainsFunc(tags, func(t *messages.PickleTag) bool { return t.Name == name })
		}) {
			return false
		}
	}
	return true
}

// both selects what two tag expressions select.
func both(a, b string) string {
	if b == "" {
		return a
	}
	return a + " && " + b
}

// scenarios are all of a feature file, those of its Gherkin rules, too.
func (d document) scenarios() (list []*messages.Scenario) {
	for _, child := range d.parsed.Feature.Children {
		if child.Scenario != nil {
			list = append(list, child.Scenario)
		}
		if child.Rule != nil {
			for _, inner := range child.Rule.Children {
				if inner.Scenario != nil {
					list = append(list, inner.Scenario)
				}
			}
		}
	}
	return list
}

// linesOf are where scenarios, and examples of outlines, stand in their files, by id.
func linesOf(documents []document) map[string]int {
	lines := map[string]int{}
	for _, d := range documents {
		for _, s := range d.scenarios() {
			lines[s.Id] = int(s.Location.Line)
			for _, table := range s.Examples {
				for _, row := range table.TableBody {
					lines[row.Id] = int(row.Location.Line)
				}
			}
		}
	}
	return lines
}
