package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"sync"
	"time"
)

//go:embed report.html
var page string

// pageOf is read when a page is written.
var pageOf = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		// A picture in an img runs nothing, whatever somebody put into it.
		"picture": func(svg string) template.URL {
			return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(svg))) //nolint:gosec // see above
		},
		"short": func(d time.Duration) string {
			if d < time.Second {
				return d.Round(time.Millisecond).String()
			}
			return d.Round(100 * time.Millisecond).String()
		},
		"when":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"class": func(o Outcome) string { return strings.ReplaceAll(string(o), " ", "-") },
	}).Parse(page))
})

// row is an entry of the page; a failed one has a place where all of it is told.
type row struct {
	Entry
	Anchor string
}

// section is a group of the page.
type section struct {
	group
	Rows []row
}

// WriteHTML writes one page that needs nothing beside it, no script either.
func (d Document) WriteHTML(path string) error {
	var failed []row
	var sections []section
	for _, g := range d.groups() {
		s := section{group: g}
		for _, e := range g.Entries {
			r := row{Entry: e}
			if e.Outcome == Failed {
				r.Anchor = fmt.Sprintf("failed-%d", len(failed)+1)
				failed = append(failed, r)
			}
			s.Rows = append(s.Rows, r)
		}
		sections = append(sections, s)
	}
	var text bytes.Buffer
	err := pageOf().Execute(&text, map[string]any{
		"Document": d, "Failed": failed, "Sections": sections, "Counts": []struct {
			Outcome Outcome
			N       int
		}{{Failed, d.Count(Failed)}, {Passed, d.Count(Passed)}, {NotApplicable, d.Count(NotApplicable)}},
	})
	if err != nil {
		return err
	}
	return write(path, text.Bytes())
}
