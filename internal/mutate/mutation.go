package main

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutation is one declared edit of the product that tests have to notice.
type mutation struct {
	// Name is unique and stable: results.json and -only use it.
	Name string
	// Rule is the id of the rule that the edit breaks.
	Rule string
	// Breaks says in the domain's words what is wrong after the edit.
	Breaks string
	// File is edited, named from the module's root. Old occurs in it exactly once.
	File, Old, New string
	// Tests are run in this order until one of them fails.
	Tests []tests
	// Known is why no test can notice the edit; "" for all but such.
	Known string
}

// tests are those of one package whose names match a pattern of go test -run.
type tests struct {
	Package, Run string
}

// in names the tests of a package that match run.
func in(pkg, run string) []tests { return []tests{{pkg, run}} }

// mutations are all declarations, by area.
func mutations() []mutation {
	return slices.Concat(lifecycleMutations, tokenMutations, pairingMutations, certificateMutations, accessMutations,
		leavingMutations, formationMutations, serviceMutations, destinationMutations, eventMutations, storeMutations, wireMutations, tenantMutations)
}

// apply returns the file as the edit leaves it. root is the module's.
func (m *mutation) apply(root string) ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return nil, err
	}
	switch n := strings.Count(string(source), m.Old); {
	case m.Old == "" || m.Old == m.New:
		return nil, errors.New("the edit changes nothing")
	case n != 1:
		return nil, fmt.Errorf("%s has the old text %d times, not once: %q", m.File, n, m.Old)
	}
	edited := strings.Replace(string(source), m.Old, m.New, 1)
	if _, err := parser.ParseFile(token.NewFileSet(), m.File, edited, parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("after the edit: %w", err)
	}
	return []byte(edited), nil
}

// diff is the edit as a person reads it.
func (m *mutation) diff() string {
	var b strings.Builder
	for _, side := range []struct{ sign, text string }{{"-", m.Old}, {"+", m.New}} {
		for line := range strings.SplitSeq(side.text, "\n") {
			fmt.Fprintf(&b, "    %s %s\n", side.sign, strings.TrimRight(line, " \t"))
		}
	}
	return b.String()
}
