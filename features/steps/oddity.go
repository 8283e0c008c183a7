package steps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// oddities are what an answer can have, beside what it says; first is an answer to hold
// it against.
var oddities = map[string]func(a, first odd) bool{
	"their members in another order": func(a, first odd) bool { return !slices.Equal(keysOf(a.body), keysOf(first.body)) },
	"a member that nobody knows":     func(a, _ odd) bool { return slices.ContainsFunc(keysOf(a.body), unknown) },
	"their list in another order":    func(a, first odd) bool { return !reflect.DeepEqual(a.members, first.members) },
	"blanks and escapes that nobody needs": func(a, _ odd) bool {
		var compact bytes.Buffer
		return json.Compact(&compact, a.body) == nil && (compact.Len() != len(a.body) || bytes.Contains(a.body, []byte(`\/`)))
	},
	"no length and come in pieces": func(a, _ odd) bool { return a.pieces && a.header.Get("Content-Length") == "" },
	"the connection closed":        func(a, _ odd) bool { return a.closed },
	"lower-case names of headers":  func(a, _ odd) bool { return strings.Contains(a.head, "\r\ncontent-type: ") },
	"no extensions":                func(a, _ odd) bool { return !slices.Contains(keysOf(a.body), "extensions") },
	"no labels":                    func(a, _ odd) bool { return !slices.Contains(keysOf(a.body), "labels") },
}

// optional are members of answers that may be missing.
var optional = []string{"extensions", "labels"}

func unknown(key string) bool { return strings.HasPrefix(key, "x-future-") }

// keysOf are the names of all members, in their order.
func keysOf(body []byte) (keys []string) {
	d := json.NewDecoder(bytes.NewReader(body))
	var inside []json.Delim
	name := false // the next text names a member
	for {
		token, err := d.Token()
		if err != nil {
			return keys
		}
		text, isText := token.(string)
		switch delim, isDelim := token.(json.Delim); {
		case isDelim && (delim == '{' || delim == '['):
			inside = append(inside, delim)
			name = delim == '{'
			continue
		case isDelim:
			inside = inside[:len(inside)-1]
		case isText && name:
			keys = append(keys, text)
			name = false
			continue
		}
		name = len(inside) > 0 && inside[len(inside)-1] == '{'
	}
}

// promised is what an answer says of what documents promise: lists in one order.
func promised(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, one := range v {
			if !unknown(key) && !slices.Contains(optional, key) {
				kept[key] = promised(one)
			}
		}
		return kept
	case []any:
		var kept []any
		for _, one := range v {
			kept = append(kept, promised(one))
		}
		slices.SortFunc(kept, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return kept
	}
	return value
}
