package sequence

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/pairsim/pairsim/internal/pattern"
)

// arrows are Mermaid's, by kind of step.
var arrows = map[Kind]string{ //nolint:exhaustive // notes have none
	Request: "->>", Answer: "-->>", Failure: "--x",
}

// Mermaid is the diagram in Mermaid's language.
func (d Diagram) Mermaid() []byte {
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for i, name := range d.Participants {
		fmt.Fprintf(&b, "    participant P%d as %s\n", i, mermaidText(name))
	}
	for _, s := range d.Steps {
		lines := make([]string, len(s.Lines))
		for i, line := range s.Lines {
			lines[i] = mermaidText(line)
		}
		text := strings.Join(lines, "<br/>")
		if arrow, ok := arrows[s.Kind]; ok {
			fmt.Fprintf(&b, "    P%d%sP%d: %s\n", s.From, arrow, s.To, text)
		} else {
			fmt.Fprintf(&b, "    Note over P%d: %s\n", s.From, text)
		}
	}
	return []byte(b.String())
}

// keyword ends a block in Mermaid wherever it stands.
var keyword = pattern.New(`(?i)\bend\b`)

// mermaidText makes text of a text: what could be syntax, in Mermaid or in the
// HTML that it makes, is written as the code of its character.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)), strings.ContainsRune(" /._,()-", r):
			b.WriteRune(r)
		case r > unicode.MaxASCII && unicode.IsPrint(r) && r != unicode.ReplacementChar:
			b.WriteRune(r)
		case r > ' ' && r < 0x7f:
			fmt.Fprintf(&b, "#%d;", r)
		default:
			b.WriteByte('?') // control and format characters
		}
	}
	safe := keyword.Regexp().ReplaceAllStringFunc(strings.TrimSpace(b.String()), func(word string) string {
		return fmt.Sprintf("#%d;%s", word[0], word[1:])
	})
	if safe == "" {
		return "?"
	}
	return safe
}
