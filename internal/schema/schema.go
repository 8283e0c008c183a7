// Package schema holds a document against a JSON Schema (2020-12) and tells
// everything that is wrong with it, place by place.
package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is a schema or a part of one, taken apart. The library stops at the first thing that is
// wrong and does not say where it stands in the document. So the walk is ours, and
// the library judges one value by one keyword at a time.
type Schema struct {
	kind        *rule   // "type"; a value of another type is not judged further
	rules       []rule  // the other keywords, by name
	ref, items  *Schema // nil when the subschema says nothing of them
	properties  map[string]*Schema
	others      *Schema   // additionalProperties
	closed      bool      // additionalProperties: false
	any         []*Schema // anyOf
	description string
}

type rule struct {
	keyword string
	want    any
	alone   *jsonschema.Resolved // a schema of this keyword and nothing else
}

// Compile takes a schema apart whose references are all of the form #/$defs/name
// and make no circle.
func Compile(text []byte) (*Schema, error) {
	var whole jsonschema.Schema
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	if _, err := whole.Resolve(nil); err != nil {
		return nil, err
	}
	var root struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, err
	}
	return compiler{root.Defs}.schema(text)
}

type compiler struct{ defs map[string]json.RawMessage }

func (c compiler) schema(text []byte) (*Schema, error) {
	var keywords map[string]json.RawMessage
	if err := json.Unmarshal(text, &keywords); err != nil {
		return nil, err
	}
	n := &Schema{}
	for _, keyword := range slices.Sorted(maps.Keys(keywords)) {
		if err := c.add(n, keyword, keywords[keyword]); err != nil {
			return nil, fmt.Errorf("%s: %w", keyword, err)
		}
	}
	return n, nil
}

func (c compiler) add(n *Schema, keyword string, value json.RawMessage) (err error) {
	switch keyword {
	case "$schema", "$id", "$defs", "$comment", "title", "default", "examples": // they judge nothing
	case "description":
		err = json.Unmarshal(value, &n.description)
	case "$ref":
		var ref string
		if err = json.Unmarshal(value, &ref); err == nil {
			n.ref, err = c.schema(c.defs[strings.TrimPrefix(ref, "#/$defs/")])
		}
	case "items":
		n.items, err = c.schema(value)
	case "anyOf":
		var all []json.RawMessage
		err = json.Unmarshal(value, &all)
		n.any = make([]*Schema, len(all))
		for i, text := range all {
			if n.any[i], err = c.schema(text); err != nil {
				return fmt.Errorf("%d: %w", i, err)
			}
		}
	case "additionalProperties":
		if n.closed = string(value) == "false"; !n.closed {
			n.others, err = c.schema(value)
		}
	case "properties":
		var properties map[string]json.RawMessage
		err = json.Unmarshal(value, &properties)
		n.properties = make(map[string]*Schema, len(properties))
		for name, text := range properties {
			if n.properties[name], err = c.schema(text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	case "type":
		n.kind, err = newRule(keyword, value)
	default:
		var r *rule
		if r, err = newRule(keyword, value); err == nil {
			n.rules = append(n.rules, *r)
		}
	}
	return err
}

func newRule(keyword string, value json.RawMessage) (*rule, error) {
	switch keyword {
	case "type", "enum", "required", "uniqueItems", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minimum", "maximum":
	default: // it may mean more than a judgement of the value itself
		return nil, errors.New("the walk does not know this keyword")
	}
	r := &rule{keyword: keyword}
	if err := json.Unmarshal(value, &r.want); err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]json.RawMessage{keyword: value})
	if err != nil {
		return nil, err
	}
	var alone jsonschema.Schema
	if err := json.Unmarshal(text, &alone); err != nil {
		return nil, err
	}
	r.alone, err = alone.Resolve(nil)
	return r, err
}

// Judge tells everything that is wrong with a value, which stands at path, and
// with what it holds. Values are those of encoding/json; numbers may be int64 too.
func (n *Schema) Judge(value any, path string, tell func(path, problem string)) {
	if n.ref != nil {
		n.ref.Judge(value, path, tell)
	}
	if n.kind != nil && n.kind.alone.Validate(value) != nil {
		tell(path, n.kind.explain(value, ""))
		return
	}
	for _, r := range n.rules {
		if r.alone.Validate(value) != nil {
			tell(path, r.explain(value, n.description))
		}
	}
	n.judgeAny(value, path, tell)
	switch value := value.(type) {
	case map[string]any:
		n.judgeObject(value, path, tell)
	case []any:
		for i, item := range value {
			if n.items != nil {
				n.items.Judge(item, at(path, i), tell)
			}
		}
	}
}

// judgeAny tells what each schema of anyOf finds, when none takes the value.
func (n *Schema) judgeAny(value any, path string, tell func(path, problem string)) {
	var found []string
	for _, one := range n.any {
		before := len(found)
		one.Judge(value, path, func(_, problem string) { found = append(found, problem) })
		if len(found) == before {
			return
		}
	}
	if len(found) > 0 {
		tell(path, strings.Join(found, ", or "))
	}
}

func (n *Schema) judgeObject(object map[string]any, path string, tell func(path, problem string)) {
	for key, value := range object {
		inner, known := n.properties[key]
		switch {
		case known:
			inner.Judge(value, join(path, key), tell)
		case n.closed:
			tell(join(path, key), "there is no such key")
		case n.others != nil:
			n.others.Judge(value, join(path, key), tell)
		}
	}
}

// explain says what is wrong with a value that the rule refuses, and what would
// be right.
func (r rule) explain(value any, description string) string {
	switch r.keyword {
	case "type":
		return fmt.Sprintf("got %s, want %s", typeOf(value), strings.Join(texts(r.want), " or "))
	case "enum":
		got, _ := json.Marshal(value) // plain values always marshal
		return fmt.Sprintf("%s is none of %s", clip(string(got)), strings.Join(texts(r.want), ", "))
	case "required":
		return r.missing(value)
	case "uniqueItems":
		return twice(value)
	case "pattern":
		return r.unlike(value, description)
	case "minLength", "maxLength":
		text, _ := value.(string)
		return fmt.Sprintf("has %d characters, %s", utf8.RuneCountInString(text), r.bound())
	case "minItems", "maxItems":
		list, _ := value.([]any)
		return fmt.Sprintf("has %d items, %s", len(list), r.bound())
	case "minProperties", "maxProperties":
		object, _ := value.(map[string]any)
		return fmt.Sprintf("has %d keys, %s", len(object), r.bound())
	}
	return fmt.Sprintf("is %v, %s", value, r.bound()) // minimum, maximum
}

func (r rule) bound() string {
	most := "at least"
	if strings.HasPrefix(r.keyword, "max") {
		most = "at most"
	}
	limit, _ := r.want.(float64)
	return "want " + most + " " + strconv.FormatFloat(limit, 'f', -1, 64)
}

func (r rule) missing(value any) string {
	object, _ := value.(map[string]any)
	var missing []string
	for _, key := range texts(r.want) {
		if _, has := object[key]; !has {
			missing = append(missing, "'"+key+"'")
		}
	}
	if len(missing) == 1 {
		return "missing property " + missing[0]
	}
	return "missing properties " + strings.Join(missing, ", ")
}

// twice names the first item that an earlier one equals. Equal plain values have
// the same JSON.
func twice(value any) string {
	list, _ := value.([]any)
	seen := make(map[string]int, len(list))
	for i, item := range list {
		text, _ := json.Marshal(item)
		if first, known := seen[string(text)]; known {
			return fmt.Sprintf("items at %d and %d are equal", first, i)
		}
		seen[string(text)] = i
	}
	return "items are equal"
}

// unlike is about a pattern, which says little to who has to mend the file.
func (r rule) unlike(value any, description string) string {
	got, want := clip(fmt.Sprint(value)), fmt.Sprint(r.want)
	switch {
	case strings.Contains(want, "(ns|us|ms|s|m|h)"):
		return fmt.Sprintf("%q is no duration; write 90s, 10m or 1h30m", got)
	case strings.HasPrefix(want, "^[0-9]{4}-[0-9]{2}-"):
		return noInstant(got)
	case want == "^none$":
		return fmt.Sprintf("%q must be none, or an object with the key age", got)
	case description != "":
		return fmt.Sprintf("%q does not match %s (%s)", got, want, strings.TrimSuffix(description, "."))
	}
	return fmt.Sprintf("%q does not match %s", got, want)
}

// texts are a text, or the items of a list, of a schema.
func texts(want any) []string {
	list, many := want.([]any)
	if !many {
		return []string{fmt.Sprint(want)}
	}
	all := make([]string, len(list))
	for i, item := range list {
		all[i] = fmt.Sprint(item)
	}
	return all
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func noInstant(text string) string {
	return strconv.Quote(text) + " is no instant as RFC 3339 writes it; write 2030-01-01T10:00:00Z"
}

func clip(s string) string {
	const most = 120
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
