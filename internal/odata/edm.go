package odata

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/internal/pattern"
)

// Values are kept in one form for each type: Edm.String, Edm.Guid, Edm.Decimal and
// Edm.Int64 as text, times as RFC 3339 in UTC, Edm.Int32 and Edm.Double as
// json.Number, Edm.Boolean as bool; null is nil.

// Time writes a time as a model's records keep it.
func Time(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

var (
	decimalForm = pattern.New(`^-?[0-9]{1,34}(\.[0-9]{1,34})?$`)
	ticksForm   = pattern.New(`^/Date\((-?[0-9]{1,15})([+-][0-9]{1,4})?\)/$`)
)

// fromJSON reads the value of p in a request body ([OData:JSON] 4). The error
// completes "property X ".
func (p *Property) fromJSON(raw any) (any, error) {
	wrong := func() (any, error) { return nil, fmt.Errorf("is no %s", p.Type) }
	text, isText := raw.(string)
	number, isNumber := raw.(json.Number)
	switch p.Type {
	case Boolean:
		if _, ok := raw.(bool); ok {
			return raw, nil
		}
		return wrong()
	case Int32, Double:
		if !isNumber {
			return wrong()
		}
		return p.canonical(number.String())
	case Int64, Decimal: // quoted, and not quoted by many a client
		if isNumber {
			text, isText = number.String(), true
		}
	case DateTime, DateTimeOffset:
		if m := ticksForm.Regexp().FindStringSubmatch(text); m != nil {
			ms, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				return wrong()
			}
			return inRange(time.UnixMilli(ms))
		}
	case String, GUID:
	}
	if !isText {
		return wrong()
	}
	return p.canonical(text)
}

// canonical checks the text of a value and returns it as it is kept.
func (p *Property) canonical(text string) (any, error) {
	wrong := fmt.Errorf("is no %s", p.Type)
	switch p.Type {
	case Boolean:
		if text == "true" || text == "false" {
			return text == "true", nil
		}
		return nil, wrong
	case Int32:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return nil, wrong
		}
		return json.Number(strconv.FormatInt(n, 10)), nil
	case Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, wrong
		}
		return strconv.FormatInt(n, 10), nil
	case Double:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, wrong
		}
		return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
	case Decimal:
		whole, fraction, _ := strings.Cut(text, ".")
		switch {
		case !decimalForm.MatchString(text):
			return nil, wrong
		case len(fraction) > p.Scale, len(whole)+len(fraction) > decimalPrecision:
			return nil, fmt.Errorf("has more than %d digits after the point, or more than %d together", p.Scale, decimalPrecision)
		}
		return whole + pad(fraction, p.Scale), nil
	case GUID:
		id, err := uuid.Parse(text)
		if err != nil || len(text) != len(id.String()) {
			return nil, wrong
		}
		return id.String(), nil
	case DateTime, DateTimeOffset:
		return parseTime(text)
	case String:
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > p.maxLength() {
			return nil, fmt.Errorf("is longer than %d characters, or no UTF-8", p.maxLength())
		}
		return text, nil
	}
	return nil, wrong
}

func pad(fraction string, scale int) string {
	if scale == 0 {
		return ""
	}
	return "." + fraction + strings.Repeat("0", scale-len(fraction))
}

// parseTime reads a time with or without offset; without one it is in UTC.
func parseTime(text string) (any, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return inRange(t)
		}
	}
	return nil, fmt.Errorf("is no time as 2030-01-31T10:00:00")
}

// inRange refuses years that the other forms of a time cannot write.
func inRange(t time.Time) (any, error) {
	if year := t.UTC().Year(); year < 1 || year > 9998 {
		return nil, fmt.Errorf("is out of range")
	}
	return Time(t.Truncate(time.Millisecond)), nil
}

// toJSON writes a kept value as JSON has it ([OData:JSON] 4).
func (p *Property) toJSON(value any) any {
	if t, ok := value.(string); ok && p.isTime() {
		return fmt.Sprintf("/Date(%d)/", timeOf(t).UnixMilli())
	}
	return value
}

// toText writes a kept value as Atom, $value and literals have it.
func (p *Property) toText(value any) string {
	if t, ok := value.(string); ok && p.Type == DateTime {
		return strings.TrimSuffix(t, "Z")
	}
	return fmt.Sprint(value)
}

// literal writes a kept value as it stands in a key or an ETag.
func (p *Property) literal(value any) string {
	text := p.toText(value)
	switch p.Type {
	case String:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case GUID, DateTime, DateTimeOffset:
		return p.prefix() + "'" + text + "'"
	case Int64:
		return text + "L"
	case Decimal:
		return text + "M"
	case Double:
		return text + "d"
	case Boolean, Int32:
	}
	return text
}

// prefix is what stands before a quoted literal: guid, datetime, datetimeoffset.
func (p *Property) prefix() string {
	return strings.ToLower(strings.TrimPrefix(string(p.Type), "Edm."))
}

func (p *Property) isTime() bool { return p.Type == DateTime || p.Type == DateTimeOffset }

func timeOf(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// kind is what the values of expressions are compared as.
type kind string

const (
	kindText   kind = "a string"
	kindNumber kind = "a number"
	kindBool   kind = "a Boolean"
	kindTime   kind = "a time"
	kindGUID   kind = "a Guid"
	kindNull   kind = "null"
)

func (p *Property) kind() kind {
	switch p.Type {
	case String:
		return kindText
	case Boolean:
		return kindBool
	case Int32, Int64, Decimal, Double:
		return kindNumber
	case GUID:
		return kindGUID
	case DateTime, DateTimeOffset:
		return kindTime
	}
	return kindNull
}

// operand makes a kept value comparable: string, bool, *big.Rat, time.Time or nil.
func (p *Property) operand(value any) any {
	switch p.kind() {
	case kindNumber:
		if value == nil {
			return nil
		}
		return number(fmt.Sprint(value))
	case kindTime:
		if text, ok := value.(string); ok {
			return timeOf(text)
		}
		return nil
	case kindText, kindBool, kindGUID, kindNull:
	}
	return value
}

// number reads a number that a check of its form has let through.
func number(text string) any {
	if r, ok := new(big.Rat).SetString(text); ok {
		return r
	}
	return nil
}

// compare orders two operands of one kind; null comes first.
func compare(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y)
		}
	case *big.Rat:
		if y, ok := b.(*big.Rat); ok {
			return x.Cmp(y)
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y)
		}
	case bool:
		if y, ok := b.(bool); ok && x != y {
			return cmp.Compare(rank(x), rank(y))
		}
	}
	return 0
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
