// Package pattern holds regular expressions that are compiled when they first judge
// something. There are dozens of them, most with bounds such as {0,253}, which compile to
// hundreds of instructions: together they took as long as all else of a process's start.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression.
type Pattern struct {
	compiled func() *regexp.Regexp
	most     int // bytes; 0: any number
}

// New is the pattern of an expression that stands in the source, as a literal: a test
// compiles them all.
func New(expression string) *Pattern {
	return &Pattern{compiled: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })}
}

// AtMost is the pattern for texts of at most so many bytes, which costs less than a bound
// within the expression.
func (p *Pattern) AtMost(most int) *Pattern { return &Pattern{p.compiled, most} }

// Regexp is what has more methods.
func (p *Pattern) Regexp() *regexp.Regexp { return p.compiled() }

// MatchString says whether text holds a match, and is no longer than it may be.
func (p *Pattern) MatchString(text string) bool {
	return (p.most == 0 || len(text) <= p.most) && p.compiled().MatchString(text)
}

// String is the expression.
func (p *Pattern) String() string { return p.compiled().String() }
