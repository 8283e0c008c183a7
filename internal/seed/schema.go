package seed

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"sync"

	schemas "github.com/pairsim/pairsim/internal/schema"
)

//go:embed seed.schema.json
var schemaJSON []byte

// Schema is the JSON Schema (2020-12) of seed files.
func Schema() []byte { return bytes.Clone(schemaJSON) }

// schema compiles the embedded schema once; a mistake in it is ours.
var schema = sync.OnceValue(func() *schemas.Schema {
	root, err := schemas.Compile(schemaJSON)
	if err != nil {
		panic("seed.schema.json: " + err.Error())
	}
	return root
})

// validate holds a document against the schema.
func validate(instance any, lines lines) error {
	var found Findings
	schema().Judge(instance, "", func(path, problem string) {
		found = append(found, lines.finding(path, "%s", problem))
	})
	return found.sorted()
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
