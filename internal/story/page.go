package story

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/pattern"
)

// The columns of a line, in characters; a line has at most width of them.
const (
	width     = 100
	marginCol = 6 // step number
	whoCol    = 21
	methodCol = 7
	pathCol   = 42
	timesCol  = 3
)

// paint is the number of a terminal's colour or style (ECMA-48, SGR).
type paint string

const (
	bold   paint = "1"
	dim    paint = "2"
	red    paint = "31"
	green  paint = "32"
	yellow paint = "33"
)

// shortID finds ids of systems in paths.
var shortID = pattern.New(`\b(([0-9a-f]{4})[0-9a-f]{4})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)

// page is what the story is written on, each line at once, so that the reader
// sees it as it happens. err is the first failure to write; after it nothing more
// is written.
type page struct {
	out   io.Writer
	color bool
	err   error
}

func (p *page) print(line string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.out, strings.TrimRight(line, " ")+"\n")
	}
}

func (p *page) in(c paint, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// heading starts a chapter; source is the document that it follows.
func (p *page) heading(title, source string) {
	p.print("")
	p.print(p.in(bold, pad(title, width-utf8.RuneCountInString(source))) + p.in(dim, source))
}

// step is a line of text with its number in the margin, wrapped.
func (p *page) step(number, format string, args ...any) {
	for _, line := range wrap(fmt.Sprintf(format, args...), width-marginCol) {
		p.print(p.in(bold, pad(" "+number, marginCol)) + line)
		number = ""
	}
}

// outcome is what a step has come to.
func (p *page) outcome(format string, args ...any) {
	for i, line := range wrap(fmt.Sprintf(format, args...), width-marginCol-2) {
		mark := "  "
		if i == 0 {
			mark = p.in(green, "✓") + " "
		}
		p.print(pad("", marginCol) + mark + line)
	}
}

// failed shows where the story broke off.
func (p *page) failed(err error) {
	p.print("")
	for i, line := range wrap(err.Error(), width-10) {
		mark := pad("", 10)
		if i == 0 {
			mark = p.in(red, "✗ FAILED") + "  "
		}
		p.print(mark + line)
	}
}

// quoted is a text that a program answered, in its own words.
func (p *page) quoted(text string) {
	for _, line := range wrap("“"+text+"”", width-marginCol) {
		p.print(pad("", marginCol) + p.in(yellow, line))
	}
}

// wire is one call, or times equal ones: who called whom, and what came back.
func (p *page) wire(number, from, to string, c btpclient.Call, times int, remark string) {
	often := ""
	if times > 1 {
		often = fmt.Sprintf("×%d", times)
	}
	who := pad(from+" → "+to, whoCol)
	what := pad(c.Method, methodCol) + pad(shortPath(c.Path, pathCol-1), pathCol) + pad(often, timesCol)
	p.print(p.in(bold, pad(" "+number, marginCol)) + p.in(dim, who+what) + p.status(c.Status) + "  " + remark)
}

// wireWrapped is a wire line whose remark may be too long for its column.
func (p *page) wireWrapped(from, to string, c btpclient.Call, paint paint, remark string) {
	const col = marginCol + whoCol + methodCol + pathCol + timesCol + len("200  ")
	for i, line := range wrap(remark, width-col) {
		if i == 0 {
			p.wire("", from, to, c, 1, p.in(paint, line))
			continue
		}
		p.print(pad("", col) + p.in(paint, line))
	}
}

// shortPath tells ids by their beginning, by less of it where the path is long.
func shortPath(path string, limit int) string {
	short := shortID.Regexp().ReplaceAllString(path, "$1…")
	if utf8.RuneCountInString(short) > limit {
		short = shortID.Regexp().ReplaceAllString(path, "$2…")
	}
	return shorten(short, limit)
}

func (p *page) status(code int) string {
	c := green
	switch {
	case code == 0:
		return p.in(red, "---") // no answer came
	case code >= 500:
		c = red
	case code >= 400:
		c = yellow
	}
	return p.in(c, fmt.Sprint(code))
}

// pad fills text up to a column.
func pad(text string, col int) string {
	return text + strings.Repeat(" ", max(col-utf8.RuneCountInString(text), 0))
}

// shorten keeps both ends of a path that is too long for its column.
func shorten(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	head := limit / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(limit-head-1):])
}

// wrap breaks text at blanks into lines of at most limit characters.
func wrap(text string, limit int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		switch {
		case lines[last] == "":
			lines[last] = word
		case utf8.RuneCountInString(lines[last]+word) < limit:
			lines[last] += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// row is a line of a table with the given columns.
func (p *page) row(c paint, cols []int, cells ...string) {
	var line strings.Builder
	for i, cell := range cells {
		if i < len(cols) {
			cell = pad(shorten(cell, cols[i]-2), cols[i])
		}
		line.WriteString(cell)
	}
	text := strings.TrimRight(line.String(), " ")
	if c != "" {
		text = p.in(c, text)
	}
	p.print("  " + text)
}
