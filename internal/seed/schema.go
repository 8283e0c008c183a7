package seed

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed seed.schema.json
var schemaJSON []byte

// Schema is the JSON Schema (2020-12) of seed files.
func Schema() []byte { return bytes.Clone(schemaJSON) }

// schema compiles the embedded schema once; a mistake in it is ours.
var schema = sync.OnceValue(func() *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		panic("seed.schema.json: " + err.Error())
	}
	const name = "urn:pairsim:schema:seed:1"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, document); err != nil {
		panic("seed.schema.json: " + err.Error())
	}
	return c.MustCompile(name)
})

// validate holds a document against the schema.
func validate(instance any, lines lines) error {
	err := schema().Validate(instance)
	var invalid *jsonschema.ValidationError
	if err == nil || !errors.As(err, &invalid) {
		return err
	}
	var found Findings
	collect(invalid, instance, lines, &found)
	return found.sorted()
}

// collect gathers the leaves: the others only say that something below is wrong.
func collect(e *jsonschema.ValidationError, instance any, lines lines, found *Findings) {
	for _, cause := range e.Causes {
		collect(cause, instance, lines, found)
	}
	if len(e.Causes) > 0 {
		return
	}
	path := pathOf(e.InstanceLocation, instance)
	if unknown, ok := e.ErrorKind.(*kind.AdditionalProperties); ok {
		for _, key := range unknown.Properties {
			*found = append(*found, lines.finding(join(path, key), "there is no such key"))
		}
		return
	}
	*found = append(*found, lines.finding(path, "%s", explain(e.ErrorKind)))
}

var english = message.NewPrinter(language.English)

func explain(why jsonschema.ErrorKind) string {
	switch k := why.(type) {
	case *kind.Pattern:
		if strings.Contains(k.Want, "(ns|us|ms|s|m|h)") {
			return fmt.Sprintf("%q is no duration; write 90s, 10m or 1h30m", clip(k.Got))
		}
		if k.Want == "^none$" {
			return fmt.Sprintf("%q must be none, or an object with the key age", clip(k.Got))
		}
	case *kind.Enum:
		var want []string
		for _, w := range k.Want {
			want = append(want, fmt.Sprint(w))
		}
		got, _ := json.Marshal(k.Got) // plain values always marshal
		return fmt.Sprintf("%s is none of %s", clip(string(got)), strings.Join(want, ", "))
	}
	return why.LocalizedString(english)
}

// pathOf writes a location as systems[2].status.
func pathOf(location []string, instance any) string {
	path := ""
	for _, token := range location {
		if list, ok := instance.([]any); ok {
			i, _ := strconv.Atoi(token)
			path, instance = at(path, i), list[i]
			continue
		}
		path = join(path, token)
		if object, ok := instance.(map[string]any); ok {
			instance = object[token]
		}
	}
	return path
}

// decode fills f from a document that the schema has accepted.
func (f *File) decode(instance any) error {
	text, err := json.Marshal(instance)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(f)
}

// UnmarshalJSON reads "none" or {"age"}.
func (t *Token) UnmarshalJSON(data []byte) error {
	if string(data) == `"none"` {
		t.None = true
		return nil
	}
	var object struct{ Age string }
	err := json.Unmarshal(data, &object)
	t.Age = object.Age
	return err
}
