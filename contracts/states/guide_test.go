package states_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/contracts/states"
)

// The guide for foreign sides has every state with its parameters, and no other.
func TestGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/guides/contracts-provider.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| state | parameters | values |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var names []string
	for row := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(row, "|")
		if len(cells) != 5 {
			t.Fatalf("the row %q has no three cells", row)
		}
		name := strings.Trim(cells[1], " `")
		names = append(names, name)
		for _, parameter := range states.Parameters(name) {
			if !strings.Contains(cells[2], "`"+parameter+"`") {
				t.Errorf("the guide does not tell of the parameter %s of %q", parameter, name)
			}
		}
	}
	slices.Sort(names)
	if want := states.Names(); !slices.Equal(names, want) {
		t.Errorf("the guide has the states %q, want %q", names, want)
	}
}
