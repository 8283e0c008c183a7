package main

import (
	"fmt"
	"strings"
)

// page is a Markdown page in the making.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) heading(level int, text string) {
	p.line("\n%s %s\n", strings.Repeat("#", level), text)
}

// table writes a table; a bar in a cell is escaped.
func (p *page) table(head []string, rows [][]string) {
	p.row(head)
	p.line("|%s", strings.Repeat("---|", len(head)))
	for _, cells := range rows {
		p.row(cells)
	}
}

func (p *page) row(cells []string) {
	escaped := make([]string, len(cells))
	for i, c := range cells {
		escaped[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	p.line("| %s |", strings.Join(escaped, " | "))
}

// diagram writes a state diagram: states with what they are called, and arrows.
func (p *page) diagram(states [][2]string, arrows [][3]string) {
	p.line("```mermaid\nstateDiagram-v2")
	for _, s := range states {
		p.line("    %s : %s", s[0], s[1])
	}
	for _, a := range arrows {
		p.line("    %s --> %s : %s", a[0], a[1], a[2])
	}
	p.line("```\n")
}

func code[T ~string](text T) string { return "`" + string(text) + "`" }

func codes[T ~string](list []T) string {
	if len(list) == 0 {
		return "–"
	}
	all := make([]string, len(list))
	for i, one := range list {
		all[i] = code(one)
	}
	return strings.Join(all, ", ")
}
