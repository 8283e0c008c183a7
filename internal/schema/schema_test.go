package schema

import "testing"

func TestCompileRefusesWhatTheWalkDoesNotKnow(t *testing.T) {
	for _, text := range []string{`{"patternProperties": {}}`, `{"properties": {"a": {"oneOf": []}}}`, `{"$ref": "other.json"}`, `{"pattern": "("}`, `{`} {
		if _, err := Compile([]byte(text)); err == nil {
			t.Errorf("%s: got no error", text)
		}
	}
}
