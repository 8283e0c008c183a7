package odata

import (
	"strings"

	"github.com/pairsim/pairsim/internal/pattern"
)

// token is a lexical element of an expression or a key ([OData:URI], OData 2.0).
type token struct {
	kind  tokenKind
	text  string // of a literal its value, without quotes, prefix and suffix
	typ   Type   // of a literal
	place int    // where it starts, in bytes
}

type tokenKind string

const (
	tokenEnd     tokenKind = "the end"
	tokenName    tokenKind = "a name"
	tokenLiteral tokenKind = "a literal"
	tokenSign    tokenKind = "a sign" // ( ) , =
)

var (
	nameForm   = pattern.New(`^[A-Za-z_][A-Za-z0-9_]{0,127}(/[A-Za-z_][A-Za-z0-9_]{0,127})*`)
	numberForm = pattern.New(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?[LlMmDdFf]?`)
	prefixes   = map[string]Type{"datetime": DateTime, "datetimeoffset": DateTimeOffset, "guid": GUID}
	suffixes   = map[byte]Type{'l': Int64, 'm': Decimal, 'd': Double, 'f': Double}
)

// lex splits an expression into tokens.
func lex(text string) ([]token, error) {
	var tokens []token
	for at := 0; at < len(text); {
		rest := text[at:]
		name, digits := nameForm.Regexp().FindString(rest), numberForm.Regexp().FindString(rest)
		switch {
		case rest[0] == ' ' || rest[0] == '\t':
			at++
			continue
		case strings.IndexByte("(),=", rest[0]) >= 0:
			tokens = append(tokens, token{tokenSign, rest[:1], "", at})
			at++
			continue
		case rest[0] == '\'':
			value, used, ok := quoted(rest)
			if !ok {
				return nil, syntax("the string at %d has no end", at)
			}
			tokens = append(tokens, token{tokenLiteral, value, String, at})
			at += used
			continue
		case prefixes[name] != "" && strings.HasPrefix(rest[len(name):], "'"):
			value, used, ok := quoted(rest[len(name):])
			if !ok {
				return nil, syntax("the literal at %d has no end", at)
			}
			tokens = append(tokens, token{tokenLiteral, value, prefixes[name], at})
			at += len(name) + used
			continue
		case name == "true" || name == "false":
			tokens = append(tokens, token{tokenLiteral, name, Boolean, at})
			at += len(name)
			continue
		case name != "":
			tokens = append(tokens, token{tokenName, name, "", at})
			at += len(name)
			continue
		case digits != "":
			value, typ := numeric(digits)
			tokens = append(tokens, token{tokenLiteral, value, typ, at})
			at += len(digits)
			continue
		}
		return nil, syntax("%q at %d belongs to no expression", clip(rest[:1]), at)
	}
	return append(tokens, token{tokenEnd, "", "", len(text)}), nil
}

// quoted reads a string in single quotes, in which two stand for one.
func quoted(text string) (value string, used int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		if text[i] != '\'' {
			b.WriteByte(text[i])
			continue
		}
		if i+1 == len(text) || text[i+1] != '\'' {
			return b.String(), i + 1, true
		}
		b.WriteByte('\'')
		i++
	}
	return "", 0, false
}

// numeric tells a number's type by its suffix or form.
func numeric(digits string) (string, Type) {
	last := digits[len(digits)-1] | 0x20
	if typ := suffixes[last]; typ != "" {
		return digits[:len(digits)-1], typ
	}
	switch {
	case strings.ContainsAny(digits, "eE"):
		return digits, Double
	case strings.Contains(digits, "."):
		return digits, Decimal
	}
	return digits, Int64
}

func syntax(format string, args ...any) *Error {
	return refuse(400, "InvalidExpression", format, args...)
}
