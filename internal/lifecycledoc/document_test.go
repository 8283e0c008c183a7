package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPageIsGenerated: the committed page is what the tables say now.
func TestPageIsGenerated(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile("../../docs/lifecycle.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(committed), document()); diff != "" {
		t.Errorf("docs/lifecycle.md is out of date; make docs writes it (-committed +generated):\n%s", diff)
	}
}
