package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// usageError is a command line, variable or configuration file that cannot be meant.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// failure is what a person is told when something was refused or failed: what
// it is, this one occurrence, and what to do next.
type failure struct {
	title, detail, next string
}

func (f *failure) Error() string { return f.title + ": " + f.detail }

// printFailure writes title, detail and what to do next.
func printFailure(w io.Writer, err error) {
	f := failureOf(err)
	fmt.Fprintf(w, "error: %s\n", printableLines(f.title))
	if f.detail != "" {
		fmt.Fprintf(w, "  %s\n", printableLines(f.detail))
	}
	if f.next != "" {
		fmt.Fprintf(w, "  next: %s\n", printableLines(f.next))
	}
}

// linesOf are findings in a document, one a line.
func linesOf(found []btp.Finding) string {
	lines := make([]string, len(found))
	for i, f := range found {
		lines[i] = f.Path + ": " + f.Problem
	}
	return strings.Join(lines, "\n")
}

func failureOf(err error) *failure {
	var known *failure
	if errors.As(err, &known) {
		return known
	}
	var refused *btp.Error
	switch {
	case errors.As(err, &refused):
		detail := refused.Detail
		if len(refused.Findings) > 0 {
			detail = linesOf(refused.Findings)
		}
		return &failure{httpapi.TitleOf(refused.Code), detail, btp.Explain(refused.Code).Next}
	case errors.Is(err, context.Canceled):
		return &failure{title: "Interrupted"}
	}
	if f := answerFailure(err); f != nil {
		return f
	}
	return &failure{title: err.Error()}
}
