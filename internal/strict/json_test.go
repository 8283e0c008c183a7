package strict

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzRewriting: whatever a JSON text is, in another order and with other blanks
// and escapes it means the same.
//
// Rule: strict-shuffled-keys, strict-free-text
func FuzzRewriting(f *testing.F) {
	for _, text := range []string{
		`{"csrUrl":"https://h/v1?token=a==","api":{"x":1.50,"y":null},"l":[true,"ü\n\u2028\"\\",{}]}`, `[]`, `"x"`, `-0.0e10`,
		`{"a":{"a":{"a":[[[]]]}},"at":"2030-01-01T10:00:00Z"}`, `{"a":1,"a":2}`, "\"\xff\"",
	} {
		f.Add(text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		tree, err := parse([]byte(text))
		if err != nil {
			if json.Valid([]byte(text)) && len(text) < maxDepth {
				t.Fatalf("%q is JSON, got %v", text, err)
			}
			return
		}
		var want, got any
		if err := json.Unmarshal(tree.bytes(style{}), &want); err != nil {
			t.Fatalf("written compact %q: %v", tree.bytes(style{}), err)
		}
		if !hasTwins(tree) { // of two members of one name the last counts
			tree.shuffle(draw(seed, ShuffledKeys, "", 0))
		}
		strange := tree.bytes(style{draw(seed, FreeText, "", 0)})
		if err := json.Unmarshal(strange, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("written %q: got %v (%v), want %v", strange, got, err, want)
		}
	})
}

func hasTwins(n *node) bool {
	seen := map[string]bool{}
	for _, m := range n.members {
		if seen[m.key] || hasTwins(m.value) {
			return true
		}
		seen[m.key] = true
	}
	for _, item := range n.items {
		if hasTwins(item) {
			return true
		}
	}
	return false
}

func TestParseRefusesWhatIsNoJSON(t *testing.T) {
	deep := make([]byte, 2*maxDepth)
	for i := range deep {
		deep[i] = '['
	}
	for _, text := range []string{"", "{", `{"a"}`, "[1,]", "1 2", string(deep)} {
		if _, err := parse([]byte(text)); err == nil {
			t.Errorf("%.20q was taken for JSON", text)
		}
	}
}
