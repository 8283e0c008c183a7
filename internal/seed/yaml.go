package seed

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDepth bounds how deep a document nests; the schema needs six levels.
const maxDepth = 20

// Finding is something in a seed file that cannot be: where, and why.
type Finding struct {
	File string // empty when the document came from elsewhere
	Line int    // from 1; 0 when unknown
	// Path is systems[2].status; empty for the document.
	Path, Problem string
}

func (f Finding) String() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File + ":")
	}
	if f.Line > 0 {
		fmt.Fprintf(&b, "%d:", f.Line)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	return b.String() + f.Problem
}

// Findings are all findings of a file, in the order of its lines.
type Findings []Finding

func (f Findings) Error() string {
	texts := make([]string, len(f))
	for i, one := range f {
		texts[i] = one.String()
	}
	return strings.Join(texts, "\n")
}

func (f Findings) in(file string) Findings {
	for i := range f {
		f[i].File = file
	}
	return f
}

// sorted is nil without findings, so that it can be returned as an error.
func (f Findings) sorted() error {
	if len(f) == 0 {
		return nil
	}
	slices.SortStableFunc(f, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Path, b.Path))
	})
	return slices.Compact(f)
}

// lines knows on which line of a document each path stands.
type lines struct {
	file string
	at   map[string]int
}

func (l lines) finding(path, format string, args ...any) Finding {
	line, ok := 0, false
	for p := path; !ok && p != ""; { // what is missing belongs to what would hold it
		if line, ok = l.at[p]; !ok {
			p = p[:max(strings.LastIndexAny(p, ".["), 0)]
		}
	}
	if !ok {
		line = l.at[""]
	}
	return Finding{File: l.file, Line: line, Path: path, Problem: fmt.Sprintf(format, args...)}
}

// join adds a key or an index to a path.
func join(path string, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// read makes plain values (maps, slices, string, int64, float64, bool, nil) of
// one YAML document. It takes no aliases, so that a file is as large as it looks,
// and leaves timestamps as their text.
func read(data []byte) (any, lines, error) {
	r := reader{lines{at: map[string]int{}}}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return map[string]any{}, r.lines, nil // an empty file declares nothing
	case err != nil:
		return nil, r.lines, fmt.Errorf("not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, r.lines, errors.New("a seed file is one YAML document; this one has more")
	}
	value, err := r.value(document.Content[0], "", 0)
	if value == nil && err == nil {
		value = map[string]any{}
	}
	return value, r.lines, err
}

type reader struct{ lines }

func (r reader) value(n *yaml.Node, path string, depth int) (any, error) {
	if _, known := r.at[path]; !known {
		r.at[path] = n.Line
	}
	if depth > maxDepth {
		return nil, r.refuse(n, path, "nests deeper than %d levels", maxDepth)
	}
	switch n.Kind { //nolint:exhaustive // what is left are aliases
	case yaml.MappingNode:
		return r.mapping(n, path, depth)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			var err error
			if list[i], err = r.value(item, at(path, i), depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.ScalarNode:
		return r.scalar(n, path)
	}
	return nil, r.refuse(n, path, "aliases are not taken; write it out")
}

func (r reader) mapping(n *yaml.Node, path string, depth int) (any, error) {
	object := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return nil, r.refuse(key, path, "a key must be plain text")
		}
		if _, twice := object[key.Value]; twice {
			return nil, r.refuse(key, path, "key %q stands there twice", clip(key.Value))
		}
		inner := join(path, key.Value)
		r.at[inner] = key.Line
		v, err := r.value(value, inner, depth+1)
		if err != nil {
			return nil, err
		}
		object[key.Value] = v
	}
	return object, nil
}

func (r reader) scalar(n *yaml.Node, path string) (any, error) {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value, nil
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err
	case "!!int":
		var i int64
		if err := n.Decode(&i); err != nil {
			return nil, r.refuse(n, path, "%s is too large a number", clip(n.Value))
		}
		return i, nil
	case "!!float":
		if !json.Valid([]byte(n.Value)) {
			break // an infinity, or no number
		}
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || math.Abs(f) >= 1<<63 {
			return nil, r.refuse(n, path, "%s is too large a number", clip(n.Value))
		}
		return f, nil
	}
	return nil, r.refuse(n, path, "%s is neither text nor a number, true or false", clip(n.Value))
}

func (r reader) refuse(n *yaml.Node, path, format string, args ...any) error {
	return Findings{{Line: n.Line, Path: path, Problem: fmt.Sprintf(format, args...)}}
}

// clip bounds a text from the file before it is quoted back.
func clip(s string) string {
	const most = 120
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
