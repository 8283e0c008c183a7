package odata

import (
	"math/big"
	"strings"
	"time"
)

// Bounds of an expression.
const (
	maxExpression = 4096 // bytes
	maxTokens     = 400
	maxDepth      = 40
)

// expression is a part of a filter: what it gives, and how. A value is a string,
// bool, *big.Rat, time.Time, or nil for null.
type expression struct {
	kind kind
	eval func(entity map[string]any) any
}

// parseFilter reads a $filter: comparisons, and, or, not, parentheses, and the
// functions of the table. Everything is checked against set before it is used.
func parseFilter(set *Set, text string) (func(entity map[string]any) bool, error) {
	if len(text) > maxExpression {
		return nil, syntax("the expression is longer than %d bytes", maxExpression)
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	if len(tokens) > maxTokens {
		return nil, syntax("the expression has more than %d parts", maxTokens)
	}
	p := &parser{set: set, tokens: tokens}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if next := p.next(); next.kind != tokenEnd {
		return nil, p.unexpected(next, "the end")
	}
	if e.kind != kindBool {
		return nil, syntax("the expression is %s, not a condition", e.kind)
	}
	return func(entity map[string]any) bool { yes, _ := e.eval(entity).(bool); return yes }, nil
}

type parser struct {
	set    *Set
	tokens []token
	at     int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != tokenEnd {
		p.at++
	}
	return t
}

// word takes the next token if it is this name.
func (p *parser) word(name string) bool {
	if t := p.peek(); t.kind == tokenName && t.text == name {
		p.at++
		return true
	}
	return false
}

func (p *parser) sign(sign string) error {
	if t := p.next(); t.kind != tokenSign || t.text != sign {
		return p.unexpected(t, "\""+sign+"\"")
	}
	return nil
}

func (p *parser) unexpected(t token, want string) *Error {
	what := string(t.kind)
	if t.kind != tokenEnd {
		what = "\"" + clip(t.text) + "\""
	}
	return syntax("%s stands at %d where %s is expected", what, t.place, want)
}

func (p *parser) or() (expression, error) { return p.chain("or", p.and, false) }

func (p *parser) and() (expression, error) { return p.chain("and", p.unary, true) }

// chain reads operands joined by a logical operator. goOn is the value of the
// left side with which the right side decides.
func (p *parser) chain(operator string, operand func() (expression, error), goOn bool) (expression, error) {
	left, err := operand()
	for err == nil && p.word(operator) {
		var right expression
		if right, err = operand(); err != nil {
			break
		}
		if left.kind != kindBool || right.kind != kindBool {
			return left, syntax("%s joins conditions, not %s and %s", operator, left.kind, right.kind)
		}
		first := left.eval
		left = expression{kindBool, func(entity map[string]any) any {
			if yes, _ := first(entity).(bool); yes != goOn {
				return yes
			}
			yes, _ := right.eval(entity).(bool)
			return yes
		}}
	}
	return left, err
}

func (p *parser) unary() (expression, error) {
	if p.depth++; p.depth > maxDepth {
		return expression{}, syntax("the expression is nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	if !p.word("not") {
		return p.comparison()
	}
	e, err := p.unary()
	if err == nil && e.kind != kindBool {
		return e, syntax("not takes a condition, not %s", e.kind)
	}
	return expression{kindBool, func(entity map[string]any) any { yes, _ := e.eval(entity).(bool); return !yes }}, err
}

// operators compare two operands; the order of two is -1, 0 or 1.
var operators = map[string]func(order int) bool{
	"eq": func(o int) bool { return o == 0 }, "ne": func(o int) bool { return o != 0 },
	"gt": func(o int) bool { return o > 0 }, "ge": func(o int) bool { return o >= 0 },
	"lt": func(o int) bool { return o < 0 }, "le": func(o int) bool { return o <= 0 },
}

func (p *parser) comparison() (expression, error) {
	left, err := p.primary()
	if err != nil {
		return left, err
	}
	t := p.peek()
	holds := operators[t.text]
	if t.kind != tokenName || holds == nil {
		if t.kind == tokenName && t.text != "and" && t.text != "or" {
			return left, syntax("there is no operator %q; operators are eq, ne, gt, ge, lt, le, and, or, not", clip(t.text))
		}
		return left, nil
	}
	p.at++
	right, err := p.primary()
	if err != nil {
		return right, err
	}
	if left.kind != right.kind && left.kind != kindNull && right.kind != kindNull {
		return left, syntax("%s cannot be compared with %s", left.kind, right.kind)
	}
	equality := t.text == "eq" || t.text == "ne"
	return expression{kindBool, func(entity map[string]any) any {
		a, b := left.eval(entity), right.eval(entity)
		if !equality && (a == nil || b == nil) {
			return false // null is neither greater nor less
		}
		return holds(compare(a, b))
	}}, nil
}

func (p *parser) primary() (expression, error) {
	t := p.next()
	switch {
	case t.kind == tokenSign && t.text == "(":
		e, err := p.or()
		if err == nil {
			err = p.sign(")")
		}
		return e, err
	case t.kind == tokenLiteral:
		return literal(t)
	case t.kind != tokenName:
		return expression{}, p.unexpected(t, "a property, a function or a literal")
	case t.text == "null":
		return expression{kindNull, func(map[string]any) any { return nil }}, nil
	}
	if next := p.peek(); next.kind == tokenSign && next.text == "(" {
		return p.call(t)
	}
	property := p.set.property(t.text)
	if property == nil {
		return expression{}, syntax("%s has no property %q to filter by", p.set.Type, clip(t.text))
	}
	return expression{property.kind(), func(entity map[string]any) any { return property.operand(entity[property.Name]) }}, nil
}

// literal is the constant of a token.
func literal(t token) (expression, error) {
	property := Property{Name: "literal", Type: t.typ, MaxLength: maxExpression, Scale: decimalPrecision - 1}
	if t.typ == Int64 && len(t.text) > 18 { // a long number without suffix
		property.Type = Decimal
	}
	value, err := property.canonical(t.text)
	if err != nil {
		return expression{}, syntax("%q %s", clip(t.text), err)
	}
	constant := property.operand(value)
	return expression{property.kind(), func(map[string]any) any { return constant }}, nil
}

// function is one that a filter may call.
type function struct {
	takes []kind
	least int // so many arguments at least
	gives kind
	call  func(arguments []any) any // of which none is null
}

var functions = map[string]function{
	"substringof": text2(kindBool, func(a, b string) any { return strings.Contains(b, a) }),
	"startswith":  text2(kindBool, func(a, b string) any { return strings.HasPrefix(a, b) }),
	"endswith":    text2(kindBool, func(a, b string) any { return strings.HasSuffix(a, b) }),
	"indexof":     text2(kindNumber, func(a, b string) any { return whole(index(a, b)) }),
	"length":      text1(kindNumber, func(a string) any { return whole(len([]rune(a))) }),
	"tolower":     text1(kindText, func(a string) any { return strings.ToLower(a) }),
	"toupper":     text1(kindText, func(a string) any { return strings.ToUpper(a) }),
	"trim":        text1(kindText, func(a string) any { return strings.TrimSpace(a) }),
	"substring":   {[]kind{kindText, kindNumber, kindNumber}, 2, kindText, substring},
	"year":        part(func(t time.Time) int { return t.Year() }),
	"month":       part(func(t time.Time) int { return int(t.Month()) }),
	"day":         part(func(t time.Time) int { return t.Day() }),
	"hour":        part(func(t time.Time) int { return t.Hour() }),
	"minute":      part(func(t time.Time) int { return t.Minute() }),
	"second":      part(func(t time.Time) int { return t.Second() }),
}

func text1(gives kind, do func(string) any) function {
	return function{[]kind{kindText}, 1, gives, func(args []any) any { a, _ := args[0].(string); return do(a) }}
}

func text2(gives kind, do func(a, b string) any) function {
	return function{[]kind{kindText, kindText}, 2, gives, func(args []any) any {
		a, _ := args[0].(string)
		b, _ := args[1].(string)
		return do(a, b)
	}}
}

func part(of func(time.Time) int) function {
	return function{[]kind{kindTime}, 1, kindNumber, func(args []any) any { t, _ := args[0].(time.Time); return whole(of(t)) }}
}

func whole(n int) any { return big.NewRat(int64(n), 1) }

func index(text, part string) int {
	at := strings.Index(text, part)
	if at < 0 {
		return at
	}
	return len([]rune(text[:at]))
}

func substring(args []any) any {
	text, _ := args[0].(string)
	runes := []rune(text)
	from := bounded(args[1], len(runes))
	to := len(runes)
	if len(args) > 2 {
		to = from + bounded(args[2], len(runes)-from)
	}
	return string(runes[from:to])
}

// bounded is a number as an int from 0 to most.
func bounded(value any, most int) int {
	r, ok := value.(*big.Rat)
	if !ok || r.Sign() < 0 {
		return 0
	}
	if r.Cmp(big.NewRat(int64(most), 1)) > 0 {
		return most
	}
	return int(new(big.Int).Quo(r.Num(), r.Denom()).Int64())
}

// call reads the arguments of a function.
func (p *parser) call(name token) (expression, error) {
	f, known := functions[name.text]
	if !known {
		return expression{}, syntax("there is no function %q, or it is not supported", clip(name.text))
	}
	if err := p.sign("("); err != nil {
		return expression{}, err
	}
	var args []expression
	for {
		e, err := p.unary()
		if err != nil {
			return e, err
		}
		if n := len(args); n == len(f.takes) || e.kind != f.takes[n] && e.kind != kindNull {
			return e, syntax("%s takes no %s as argument %d", name.text, e.kind, n+1)
		}
		args = append(args, e)
		if t := p.peek(); t.kind != tokenSign || t.text != "," {
			break
		}
		p.at++
	}
	if err := p.sign(")"); err != nil {
		return expression{}, err
	}
	if len(args) < f.least {
		return expression{}, syntax("%s takes %d arguments, not %d", name.text, f.least, len(args))
	}
	return expression{f.gives, func(entity map[string]any) any {
		values := make([]any, len(args))
		for i, a := range args {
			if values[i] = a.eval(entity); values[i] == nil {
				return nil
			}
		}
		return f.call(values)
	}}, nil
}
