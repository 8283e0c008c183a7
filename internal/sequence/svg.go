package sequence

import (
	"encoding/xml"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Measures of the picture, in pixels. The letters are all as wide as each other,
// so that a text's width is known without a font.
const (
	letter     = 6.7
	lineHeight = 15
	column     = 320 // from one participant to the next
	margin     = 230 // from the edge to the first participant: half a note
	boxWidth   = 180
	boxHeight  = 34
	noteWidth  = 440
	padding    = 7
	gap        = 12 // between steps
	arrowChars = (column - 20) / letter
	noteChars  = (noteWidth - 2*padding) / letter
	boxChars   = (boxWidth - 2*padding) / letter
)

// fills are the colours of notes: background and border.
var fills = map[Kind][2]string{ //nolint:exhaustive // arrows have none
	Note: {"#fff8dc", "#c8b560"}, Refused: {"#ffe3e0", "#c0392b"}, Due: {"#e6f0ff", "#4a76b8"},
}

// SVG is the diagram as a picture.
func (d Diagram) SVG() []byte {
	var body picture
	y := 20 + boxHeight + gap
	for _, s := range d.Steps {
		if _, note := fills[s.Kind]; note {
			y = body.note(s, y)
		} else {
			y = body.arrow(s, y)
		}
	}
	bottom := y + gap
	width := 2*margin + column*(len(d.Participants)-1)
	height := bottom + boxHeight + 20

	var p picture
	p.tag("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "+
		"font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"11\">\n", width, height, width, height)
	p.tag("<title>Sequence diagram of a pairsim journal</title>\n")
	p.tag("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", width, height)
	for i := range d.Participants {
		p.tag("<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#999999\" stroke-dasharray=\"4 3\"/>\n", x(i), 20+boxHeight, x(i), bottom)
	}
	p.WriteString(body.String())
	for i, name := range d.Participants {
		p.box(i, 20, name)
		p.box(i, bottom, name)
	}
	p.tag("</svg>\n")
	return []byte(p.String())
}

// x is where a participant's line stands.
func x(participant int) int { return margin + column*participant }

// picture is SVG as it is written.
type picture struct{ strings.Builder }

// tag writes markup of our own, with numbers and colours in it; texts go through text.
func (p *picture) tag(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// text writes one line; a white seam keeps it readable over what it crosses.
func (p *picture) text(x, y int, anchor, fill, seam, line string) {
	p.tag("<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" fill=\"%s\" stroke=\"%s\" stroke-width=\"3\" paint-order=\"stroke\" xml:space=\"preserve\">", x, y, anchor, fill, seam)
	_ = xml.EscapeText(p, []byte(line)) // a builder takes everything
	p.tag("</text>\n")
}

func (p *picture) box(participant, y int, name string) {
	p.tag("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"#eef2f7\" stroke=\"#5b738b\"/>\n",
		x(participant)-boxWidth/2, y, boxWidth, boxHeight)
	p.text(x(participant), y+boxHeight/2+4, "middle", "#1d2d3e", "none", shortened(name, boxChars))
}

// note draws a box over a participant and returns where it ends.
func (p *picture) note(s Step, y int) int {
	lines := wrapped(s.Lines, noteChars)
	height := len(lines)*lineHeight + 2*padding
	colours := fills[s.Kind]
	p.tag("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" stroke=\"%s\"/>\n",
		x(s.From)-noteWidth/2, y, noteWidth, height, colours[0], colours[1])
	for i, line := range lines {
		p.text(x(s.From)-noteWidth/2+padding, y+padding+lineHeight*(i+1)-4, "start", "#1d2d3e", "none", line)
	}
	return y + height + gap
}

// arrow draws a line with its text above it and returns where it ends.
func (p *picture) arrow(s Step, y int) int {
	colour, dashes := "#1d2d3e", ""
	switch s.Kind { //nolint:exhaustive // notes are none
	case Answer:
		dashes = " stroke-dasharray=\"6 4\""
	case Failure:
		colour, dashes = "#c0392b", " stroke-dasharray=\"6 4\""
	}
	from, to := x(s.From), x(s.To)
	lines := wrapped(s.Lines, arrowChars)
	for i, line := range lines {
		p.text((from+to)/2, y+lineHeight*(i+1)-4, "middle", colour, "#ffffff", line)
	}
	y += len(lines)*lineHeight + 2
	direction := 1
	if to < from {
		direction = -1
	}
	p.tag("<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\"%s/>\n", from, y, to, y, colour, dashes)
	p.tag("<path d=\"M%d %d L%d %d L%d %d Z\" fill=\"%s\"/>\n", to, y, to-8*direction, y-4, to-8*direction, y+4, colour)
	return y + gap
}

// wrapped breaks lines that have more than so many letters, at a blank or behind
// a slash where there is one.
func wrapped(lines []string, most float64) []string {
	limit := int(most)
	var all []string
	for _, line := range lines {
		rest := []rune(line)
		for len(rest) > limit {
			at := limit
			for i := limit; i > limit/2; i-- {
				if rest[i] == ' ' || rest[i-1] == '/' {
					at = i
					break
				}
			}
			all = append(all, strings.TrimSpace(string(rest[:at])))
			rest = rest[at:]
		}
		all = append(all, strings.TrimSpace(string(rest)))
	}
	return all
}

// shortened cuts a text to so many letters.
func shortened(text string, most float64) string {
	if utf8.RuneCountInString(text) <= int(most) {
		return text
	}
	return string([]rune(text)[:int(most)-1]) + "…"
}
