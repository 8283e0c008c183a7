// Package pactfile reads and writes pact files of Specification 3 and 4. It needs no
// Pact library.
package pactfile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// maxSize bounds a pact file, in bytes.
const maxSize = 16 << 20

// File is what one consumer expects of one provider.
type File struct {
	Path               string
	Consumer, Provider string
	Specification      string // of Pact, "4.0"
	Interactions       []Interaction
}

// Interaction is one request with its answer or, when Message, one message.
type Interaction struct {
	Description  string
	States       []State
	Message      bool
	Method, Path string         // of a request
	Status       int            // of the answer
	Headers      map[string]any // that the answer must have
	Body         any            // that the answer or the message must have, as an example
	Raw          map[string]any // the whole
}

// State is what the provider must be in before, with its parameters.
type State struct {
	Name   string         `json:"name"`
	Params map[string]any `json:"params,omitempty"`
}

// Key tells an interaction from all others of its file.
func (i Interaction) Key() string {
	var key strings.Builder
	key.WriteString(i.Description)
	for _, s := range i.States {
		params, _ := json.Marshal(s.Params) // was JSON
		fmt.Fprintf(&key, "\x00%s\x00%s", s.Name, params)
	}
	return key.String()
}

// Read reads a pact file. Its errors say what is wrong with the file; one without
// interactions is wrong: it would be met by anything.
func Read(path string) (File, error) {
	file, err := os.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("pact file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return File{}, fmt.Errorf("pact file: %w", err)
	}
	f, err := Parse(text)
	f.Path = path
	if err != nil {
		return f, fmt.Errorf("pact file %s: %w", path, err)
	}
	return f, nil
}

// ReadDir reads every pact file (*.json) of a folder, by name.
func ReadDir(dir string) ([]File, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(paths) == 0 {
		return nil, errors.Join(fmt.Errorf("there is no pact file in %s", dir), err)
	}
	files := make([]File, len(paths))
	for i, path := range paths {
		if files[i], err = Read(path); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// Parse reads the text of a pact file.
func Parse(text []byte) (File, error) {
	if len(text) > maxSize {
		return File{}, fmt.Errorf("has more than %d bytes", maxSize)
	}
	doc, err := object(text)
	if err != nil {
		return File{}, err
	}
	f := File{Consumer: text1(doc, "consumer", "name"), Provider: text1(doc, "provider", "name")}
	if f.Consumer == "" || f.Provider == "" {
		return f, errors.New("is no pact: consumer.name or provider.name is missing")
	}
	if f.Specification = text1(doc, "metadata", "pactSpecification", "version"); f.Specification == "" {
		f.Specification = "2.0.0" // files before 3 may say nothing
	}
	for _, list := range []string{"interactions", "messages"} { // messages: Specification 3
		raw, _ := doc[list].([]any)
		for n, one := range raw {
			i, err := interaction(one, list == "messages")
			if err != nil {
				return f, fmt.Errorf("%s[%d]: %w", list, n, err)
			}
			f.Interactions = append(f.Interactions, i)
		}
	}
	if len(f.Interactions) == 0 {
		return f, errors.New("has no interactions: nothing could be verified")
	}
	return f, nil
}

var errNull = errors.New("it is null")

// object reads exactly one JSON object.
func object(text []byte) (map[string]any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var doc map[string]any
	err := dec.Decode(&doc)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the JSON object")
		}
	}
	if err != nil || doc == nil {
		return nil, fmt.Errorf("is not a JSON object: %w", cmp.Or(err, errNull))
	}
	return doc, nil
}

func interaction(one any, message bool) (Interaction, error) {
	raw, ok := one.(map[string]any)
	if !ok {
		return Interaction{}, errors.New("is no object")
	}
	kind, _ := raw["type"].(string)
	i := Interaction{Raw: raw, Message: message || strings.HasSuffix(kind, "/Messages")}
	i.Description, _ = raw["description"].(string)
	if i.Description == "" {
		return i, errors.New("has no description")
	}
	if one, _ := raw["providerState"].(string); one != "" { // Specification 2
		i.States = append(i.States, State{Name: one})
	}
	states, _ := raw["providerStates"].([]any)
	for _, one := range states {
		s := State{Name: text1(one, "name")}
		m, _ := one.(map[string]any)
		s.Params, _ = m["params"].(map[string]any)
		i.States = append(i.States, s)
	}
	if i.Message {
		i.Body = content(raw["contents"])
		return i, nil
	}
	i.Method, i.Path = strings.ToUpper(text1(raw, "request", "method")), text1(raw, "request", "path")
	answer, _ := raw["response"].(map[string]any)
	if i.Path == "" || answer == nil {
		return i, fmt.Errorf("%q has no request with a path, or no response", i.Description)
	}
	i.Status = 200
	if n, ok := answer["status"].(json.Number); ok {
		status, err := n.Int64()
		if err != nil {
			return i, fmt.Errorf("%q: status %s is none", i.Description, n)
		}
		i.Status = int(status)
	}
	i.Headers, _ = answer["headers"].(map[string]any)
	i.Body = content(answer["body"])
	return i, nil
}

// content is the example in a body of Specification 4, {"content",…}, or 3.
func content(body any) any {
	if m, ok := body.(map[string]any); ok {
		if _, encoded := m["encoded"]; encoded {
			return m["content"]
		}
	}
	return body
}

// text1 is the text at a path of keys, "" where there is none.
func text1(doc any, path ...string) string {
	for _, key := range path {
		m, _ := doc.(map[string]any)
		doc = m[key]
	}
	text, _ := doc.(string)
	return text
}

// Merge makes one pact file of those that a consumer's tests wrote, the same however
// these ran: interactions are sorted by description and states, and nothing tells
// which versions of which tools wrote it. Tests share interactions; two that have the
// same description and states and differ are refused.
func Merge(texts ...[]byte) ([]byte, error) {
	var parties map[string]any
	var all []Interaction
	for _, text := range texts {
		f, err := Parse(text)
		if err != nil {
			return nil, err
		}
		doc, _ := object(text)
		if doc["messages"] != nil {
			return nil, errors.New("messages of Specification 3 cannot be merged into a pact of Specification 4")
		}
		if parties == nil {
			parties = map[string]any{"consumer": doc["consumer"], "provider": doc["provider"]}
		}
		if text1(parties, "consumer", "name") != f.Consumer || text1(parties, "provider", "name") != f.Provider {
			return nil, fmt.Errorf("a pact of %s and %s cannot be merged with another's", f.Consumer, f.Provider)
		}
		all = append(all, f.Interactions...)
	}
	if parties == nil {
		return nil, errors.New("there is nothing to merge")
	}
	slices.SortStableFunc(all, func(a, b Interaction) int { return strings.Compare(a.Key(), b.Key()) })
	var raw []any
	for n, i := range all {
		if n > 0 && all[n-1].Key() == i.Key() {
			if !reflect.DeepEqual(all[n-1].Raw, i.Raw) {
				return nil, fmt.Errorf("%q is there twice with the same states, and differs", i.Description)
			}
			continue
		}
		raw = append(raw, i.Raw)
	}
	parties["interactions"] = raw
	parties["metadata"] = map[string]any{"pactSpecification": map[string]string{"version": "4.0"}}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(parties)
	return out.Bytes(), err
}

func (s State) String() string {
	if len(s.Params) == 0 {
		return s.Name
	}
	params := make([]string, 0, len(s.Params))
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		params = append(params, fmt.Sprintf("%s %v", name, s.Params[name]))
	}
	return s.Name + " (" + strings.Join(params, ", ") + ")"
}
