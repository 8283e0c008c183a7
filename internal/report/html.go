package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"strconv"
	"strings"
	"time"
)

//go:embed report.css
var style string

// page is HTML on its way. Package html/template would write it, too, but with it
// methods are called by name, for which the linker keeps all methods of everything (ADR 44).
type page struct{ bytes.Buffer }

// put writes markup; each %s in it stands for a text, between tags or within quotes, and
// is escaped.
func (p *page) put(markup string, texts ...string) {
	escaped := make([]any, len(texts))
	for i, text := range texts {
		escaped[i] = html.EscapeString(strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD"))
	}
	fmt.Fprintf(p, markup, escaped...)
}

// WriteHTML writes one page that needs nothing beside it, no script either.
func (d Document) WriteHTML(path string) error {
	var p page
	p.head(d)
	p.failures(d)
	p.all(d)
	p.put("</main>\n</body>\n</html>\n")
	return write(path, p.Bytes())
}

// outcomes are in the order in which a reader wants them.
var outcomes = []Outcome{Failed, Passed, NotApplicable}

func class(o Outcome) string { return strings.ReplaceAll(string(o), " ", "-") }

func short(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}

func (p *page) head(d Document) {
	p.put(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s: %s</title>
<style>
`, d.Title, d.Subject)
	p.WriteString(style)
	for _, o := range outcomes {
		p.put("body:has(#show-%s:not(:checked)) tr.%s-row { display: none }\n", class(o), class(o))
	}
	p.put("</style>\n</head>\n<body>\n<header>\n<p class=\"soft\">%s · %s · %s</p>\n<h1>%s</h1>\n<div class=\"counts\">",
		d.Title, d.Began.UTC().Format("2006-01-02 15:04 UTC"), short(d.Took), d.Subject)
	for _, o := range outcomes {
		n, kind := d.Count(o), "soft"
		if n > 0 {
			kind = class(o)
		}
		p.put(`<div class="%s"><b>%s</b>%s</div>`, kind, strconv.Itoa(n), string(o))
	}
	p.put("</div>\n</header>\n<main>\n")
}

// anchor is where all of the nth failure is told.
func anchor(n int) string { return "failed-" + strconv.Itoa(n) }

func (p *page) failures(d Document) {
	n := 0
	for _, g := range d.groups() { // numbered as the table of all numbers them
		for _, e := range g.Entries {
			if e.Outcome != Failed {
				continue
			}
			if n++; n == 1 {
				p.put("<h2>Failed</h2>\n")
			}
			p.failure(e, anchor(n))
		}
	}
}

func (p *page) failure(e Entry, at string) {
	place := e.Place
	if place == "" {
		place = e.Group
	}
	p.put("<article id=\"%s\">\n<h3>%s</h3>\n<p class=\"soft\">%s · %s</p>\n", at, e.Name, place, short(e.Took))
	if len(e.Steps) > 0 {
		p.put("<ol>")
		for _, s := range e.Steps {
			p.put(`<li class="%s">%s`, s.Status, s.Text)
			if s.Status != "passed" && s.Status != "failed" {
				p.put(" <small>(%s)</small>", s.Status)
			}
			p.put("</li>\n")
		}
		p.put("</ol>\n")
	}
	for _, reason := range e.Reasons {
		p.put("<pre>%s</pre>\n", reason)
	}
	if len(e.Facts) > 0 {
		p.put("<dl>")
		for _, f := range e.Facts {
			p.put("<dt>%s</dt><dd>%s</dd>", f.Label, f.Text)
		}
		p.put("</dl>\n")
	}
	if e.Output != "" {
		p.put("<details><summary>What it wrote</summary><pre>%s</pre></details>\n", e.Output)
	}
	if e.Diagram != "" { // a picture in an img runs nothing, whatever somebody put into it
		p.put(`<details open><summary>What was called</summary><figure><img alt="Sequence diagram of what was called" src="data:image/svg+xml;base64,%s"></figure></details>`+"\n",
			base64.StdEncoding.EncodeToString([]byte(e.Diagram)))
	}
	p.put("</article>\n")
}

func (p *page) all(d Document) {
	p.put("<h2>All %s</h2>\n<div class=\"show\" role=\"group\" aria-label=\"Shown\">", d.Things)
	for _, o := range outcomes {
		if d.Count(o) > 0 {
			p.put(`<label><input type="checkbox" id="show-%s" checked> %s</label>`, class(o), string(o))
		}
	}
	p.put("</div>\n<table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Outcome</th><th scope=\"col\">Why</th><th scope=\"col\">Took</th></tr></thead>\n")
	failed := 0
	for _, g := range d.groups() {
		p.put("<tbody>\n<tr><th colspan=\"4\" scope=\"rowgroup\">%s</th></tr>\n", g.Name())
		for _, e := range g.Entries {
			p.put(`<tr class="%s-row"><td`, class(e.Outcome))
			if e.Place != "" {
				p.put(` title="%s"`, e.Place)
			}
			if e.Outcome == Failed {
				failed++
				p.put(`><a href="#%s">%s</a>`, anchor(failed), e.Name)
			} else {
				p.put(">%s", e.Name)
			}
			p.put("</td><td class=\"%s\">%s</td>\n<td>", class(e.Outcome), string(e.Outcome))
			for _, reason := range e.Reasons {
				p.put("%s<br>", reason)
			}
			p.put("</td><td>%s</td></tr>\n", short(e.Took))
		}
		p.put("</tbody>\n")
	}
	p.put("</table>\n")
}
