package schema

import "testing"

func TestCompileRefusesWhatTheWalkDoesNotKnow(t *testing.T) {
	for _, text := range []string{`{"patternProperties": {}}`, `{"properties": {"a": {"oneOf": []}}}`, `{"$ref": "other.json"}`, `{"pattern": "("}`, `{`} {
		if _, err := Compile([]byte(text)); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
}

func TestAnyOfTellsWhatEachWants(t *testing.T) {
	s, err := Compile([]byte(`{"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": {"default": "x"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"a": "", "b": "", "c": "missing property 'a', or missing property 'b'",
	} {
		got := ""
		s.Judge(map[string]any{value: "v"}, "$", func(path, problem string) { got += problem })
		if got != want {
			t.Errorf("an object with %s: got %q, want %q", value, got, want)
		}
	}
}
