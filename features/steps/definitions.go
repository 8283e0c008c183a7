package steps

import "regexp"

// Definition is what a sentence is recognised by.
type Definition struct {
	// Type is Context, Action or Outcome: Gherkin's names for what Given, When and Then
	// begin.
	Type       string
	Expression *regexp.Regexp
}

// Definitions are all that there are.
func Definitions() []Definition {
	var l listed
	newWorld(nil).define(&l)
	return l.all
}

// listed takes step definitions and runs none.
type listed struct{ all []Definition }

func (l *listed) Given(pattern, _ any) { l.add("Context", pattern) }
func (l *listed) When(pattern, _ any)  { l.add("Action", pattern) }
func (l *listed) Then(pattern, _ any)  { l.add("Outcome", pattern) }

func (l *listed) add(kind string, pattern any) {
	l.all = append(l.all, Definition{kind, expression(pattern).(*regexp.Regexp)})
}
