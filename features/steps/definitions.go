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
	Define(nil, &l)
	return l.all
}

// listed takes step definitions and runs none.
type listed struct{ all []Definition }

func (l *listed) Given(e *regexp.Regexp, _ any) { l.all = append(l.all, Definition{"Context", e}) }
func (l *listed) When(e *regexp.Regexp, _ any)  { l.all = append(l.all, Definition{"Action", e}) }
func (l *listed) Then(e *regexp.Regexp, _ any)  { l.all = append(l.all, Definition{"Outcome", e}) }
