package broker

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzQuery: whatever is asked, it is refused, or understood as it stands.
//
// Rule: manager-queries
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"name eq 'x'", "a in ('b', 'c') and d ge 12", "t lt 2030-01-01T10:00:00Z", "x en 'it''s'", `y eq 'a\'b'`, "", "a eq", "a in (", "a eq 'b' and",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseQuery(text)
		if err != nil {
			if !utf8.ValidString(text) || err.Error() != "" {
				return
			}
			t.Fatal("a refusal says nothing")
		}
		if text != "" && len(list) != 1+strings.Count(text, " and ") && !strings.Contains(text, "'") {
			t.Errorf("%q: got %d conditions", text, len(list))
		}
		for _, c := range list {
			c.holds("x", true)
			c.holds(nil, false)
		}
	})
}
