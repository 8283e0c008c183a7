package broker

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pairsim/pairsim/internal/pattern"
)

// condition is one of a fieldQuery or labelQuery: field, operator, values (service-apis §3).
type condition struct {
	field, operator string
	values          []any // strings, numbers, booleans, times
}

const (
	maxQuery      = 4 << 10 // bytes
	maxConditions = 50
)

var (
	fieldRule  = pattern.New(`^[A-Za-z0-9_.\-/]{1,255}$`)
	operators  = []string{"eq", "ne", "gt", "ge", "lt", "le", "contains", "in", "notin", "en"}
	ofLists    = []string{"in", "notin"}
	separators = []string{" and "}
)

// parseQuery reads conditions joined by " and ".
func parseQuery(text string) (list []condition, err error) {
	if len(text) > maxQuery {
		return nil, badRequest("a query has at most %d bytes", maxQuery)
	}
	for rest := text; rest != ""; {
		var c condition
		var ok bool
		if c.field, rest, ok = strings.Cut(rest, " "); !ok || !fieldRule.MatchString(c.field) {
			return nil, badRequest("query: %.60q is no field", c.field)
		}
		if c.operator, rest, ok = strings.Cut(rest, " "); !ok || !slices.Contains(operators, c.operator) {
			return nil, badRequest("query: %.60q is no operator; operators are %s", c.operator, strings.Join(operators, ", "))
		}
		if slices.Contains(ofLists, c.operator) {
			c.values, rest, err = parseList(rest)
		} else {
			var value any
			value, rest, err = parseValue(rest)
			c.values = []any{value}
		}
		if err != nil {
			return nil, err
		}
		if list = append(list, c); len(list) > maxConditions {
			return nil, badRequest("a query has at most %d conditions", maxConditions)
		}
		if rest == "" {
			return list, nil
		}
		if rest, ok = strings.CutPrefix(rest, separators[0]); !ok || rest == "" {
			return nil, badRequest("query: conditions are joined by \"%s\"", separators[0])
		}
	}
	return list, nil
}

// parseValue reads a value at the start of text.
func parseValue(text string) (value any, rest string, err error) {
	if strings.HasPrefix(text, "'") {
		return parseText(text)
	}
	end := strings.IndexAny(text, " ,)")
	if end < 0 {
		end = len(text)
	}
	bare, rest := text[:end], text[end:]
	if bare == "true" || bare == "false" {
		return bare == "true", rest, nil
	}
	if number, err := strconv.ParseFloat(bare, 64); err == nil && !strings.ContainsAny(bare, "xXnNiIpP_") {
		return number, rest, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, bare); err == nil {
		return at, rest, nil
	}
	return nil, "", badRequest("query: %.60q is no value; write 'text', 12, true or an instant (RFC 3339)", bare)
}

// parseText reads a text in single quotes; a quote in it is doubled, or stands after a
// backslash.
func parseText(text string) (any, string, error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '\'' || text[i+1] == '\\'):
			i++
		case text[i] == '\'' && i+1 < len(text) && text[i+1] == '\'':
			i++
		case text[i] == '\'':
			return b.String(), text[i+1:], nil
		}
		b.WriteByte(text[i])
	}
	return nil, "", badRequest("query: a text does not end")
}

// parseList reads ('a', 'b').
func parseList(text string) (list []any, rest string, err error) {
	rest, ok := strings.CutPrefix(text, "(")
	if !ok {
		return nil, "", badRequest("query: a list is ('a', 'b')")
	}
	if rest, ok = strings.CutPrefix(rest, ")"); ok {
		return []any{}, rest, nil
	}
	for {
		var value any
		if value, rest, err = parseValue(rest); err != nil {
			return nil, "", err
		}
		list = append(list, value)
		if end, closed := strings.CutPrefix(rest, ")"); closed {
			return list, end, nil
		}
		if rest, ok = strings.CutPrefix(rest, ","); !ok {
			return nil, "", badRequest("query: the items of a list are separated by commas")
		}
		rest = strings.TrimPrefix(rest, " ")
	}
}

// item is an object of the Service Manager as a query sees it.
type item struct {
	fields map[string]any
	labels map[string][]string
}

// itemOf takes what an object answers apart; fields that are no plain values are none.
func itemOf(object any, labels map[string][]string) (item, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return item{}, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return item{}, err
	}
	for name, value := range fields {
		switch value.(type) {
		case map[string]any, []any:
			delete(fields, name)
		}
	}
	return item{fields, labels}, nil
}

// meets says whether all conditions hold for an item's fields. A field that no object of
// its kind has is refused.
func (i item) meets(conditions []condition, known []string) (bool, error) {
	for _, c := range conditions {
		if !slices.Contains(known, c.field) {
			return false, badRequest("fieldQuery: there is no field %.60q; fields are %s", c.field, strings.Join(known, ", "))
		}
	}
	for _, c := range conditions {
		value, there := i.fields[c.field]
		if !c.holds(value, there && value != nil) {
			return false, nil
		}
	}
	return true, nil
}

// labelled says whether all conditions hold for an item's labels: for one value of each.
func (i item) labelled(conditions []condition) bool {
	for _, c := range conditions {
		values := i.labels[c.field]
		some := slices.ContainsFunc(values, func(v string) bool { return c.holds(v, true) })
		if !some && (len(values) > 0 || !c.holds("", false)) {
			return false
		}
	}
	return true
}

// holds says whether a condition holds for a value; one that is not there is "".
func (c condition) holds(value any, there bool) bool {
	if !there {
		value = ""
	}
	equals := func(want any) bool { order, same := compare(value, want); return same && order == 0 }
	switch c.operator {
	case "eq":
		return equals(c.values[0])
	case "ne":
		return !equals(c.values[0])
	case "en": // equal or null
		return !there || equals(c.values[0])
	case "in":
		return slices.ContainsFunc(c.values, equals)
	case "notin":
		return !slices.ContainsFunc(c.values, equals)
	case "contains":
		text, is := value.(string)
		part, isText := c.values[0].(string)
		return is && isText && strings.Contains(text, part)
	}
	order, same := compare(value, c.values[0])
	if !same || !there {
		return false
	}
	switch c.operator {
	case "gt":
		return order > 0
	case "ge":
		return order >= 0
	case "lt":
		return order < 0
	}
	return order <= 0 // le
}

// compare orders two values of one type; times are texts in objects.
func compare(value, want any) (order int, same bool) {
	switch want := want.(type) {
	case string:
		text, is := value.(string)
		return cmp.Compare(text, want), is
	case float64:
		number, is := value.(float64)
		return cmp.Compare(number, want), is
	case bool:
		flag, is := value.(bool)
		if flag == want {
			return 0, is
		}
		return 1, is
	case time.Time:
		text, _ := value.(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		return at.Compare(want), err == nil
	}
	return 0, false
}
