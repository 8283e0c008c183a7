package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
	"unicode/utf8"
)

// node is a JSON value that keeps the order of its members.
type node struct {
	kind    byte // '{', '[', '"', or 0 for a literal
	text    string
	members []member
	items   []*node
}

type member struct {
	key   string
	value *node
}

// maxDepth bounds the nesting of what is rewritten; deeper JSON stays as it is.
const maxDepth = 250

// parse reads one JSON value.
func parse(data []byte) (*node, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	n, err := parseValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the JSON value")
	}
	return n, nil
}

func parseValue(d *json.Decoder, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errors.New("the JSON is nested too deep")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		return parseComposite(d, t, depth)
	case string:
		return &node{kind: '"', text: t}, nil
	case json.Number:
		return &node{text: t.String()}, nil
	case bool:
		return &node{text: fmt.Sprint(t)}, nil
	}
	return &node{text: "null"}, nil
}

func parseComposite(d *json.Decoder, opening json.Delim, depth int) (*node, error) {
	n := &node{kind: byte(opening)}
	for d.More() {
		if n.kind == '[' {
			item, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
			continue
		}
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		n.members = append(n.members, member{key.(string), value}) // the decoder takes no other key
	}
	_, err := d.Token() // the closing one
	return n, err
}

// at finds a member of an object by the keys on the way; nil if there is none.
func (n *node) at(path ...string) *node {
	for _, key := range path {
		if n == nil {
			return nil
		}
		var found *node
		for _, m := range n.members {
			if m.key == key {
				found = m.value
			}
		}
		n = found
	}
	return n
}

// remove drops a member and says whether it was there.
func (n *node) remove(key string) bool {
	if n == nil {
		return false
	}
	for i, m := range n.members {
		if m.key == key {
			n.members = append(n.members[:i], n.members[i+1:]...)
			return true
		}
	}
	return false
}

// shuffle puts the members of n, and of all objects in it, in another order.
func (n *node) shuffle(chance *rand.Rand) {
	chance.Shuffle(len(n.members), func(i, j int) { n.members[i], n.members[j] = n.members[j], n.members[i] })
	for _, m := range n.members {
		m.value.shuffle(chance)
	}
	for _, item := range n.items {
		item.shuffle(chance)
	}
}

// style is how JSON is written; nil chance writes it compact.
type style struct{ chance *rand.Rand }

func (s style) blank(b *bytes.Buffer) {
	if s.chance == nil {
		return
	}
	for range s.chance.IntN(3) {
		b.WriteByte(" \t\n\r"[s.chance.IntN(4)])
	}
}

func (s style) write(b *bytes.Buffer, n *node) {
	s.blank(b)
	switch n.kind {
	case '{':
		b.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				b.WriteByte(',')
			}
			s.blank(b)
			s.quote(b, m.key)
			s.blank(b)
			b.WriteByte(':')
			s.write(b, m.value)
		}
		s.blank(b)
		b.WriteByte('}')
	case '[':
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			s.write(b, item)
		}
		b.WriteByte(']')
	case '"':
		s.quote(b, n.text)
	default:
		b.WriteString(n.text)
	}
	s.blank(b)
}

// quote writes a string, with escapes that are not needed where s has chance:
// always for a solidus, which whoever cuts out URLs by hand falls over. Instants
// have none: Go's own library does not read them (time.Time.UnmarshalJSON).
func (s style) quote(b *bytes.Buffer, text string) {
	if _, err := time.Parse(time.RFC3339Nano, text); err == nil {
		s.chance = nil
	}
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == utf8.RuneError || r == '\u2028' || r == '\u2029':
			fmt.Fprintf(b, `\u%04x`, r)
		case r == '/' && s.chance != nil:
			b.WriteString([]string{`\/`, `\u002f`, `\u002F`}[s.chance.IntN(3)])
		case r < utf8.RuneSelf && s.chance != nil && s.chance.IntN(12) == 0:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

func (n *node) bytes(s style) []byte {
	var b bytes.Buffer
	s.write(&b, n)
	return b.Bytes()
}
