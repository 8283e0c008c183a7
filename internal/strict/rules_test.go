package strict

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestRulesAreDocumented holds docs/strictness.md against the table.
func TestRulesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/strictness.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| S-") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	if len(rows) != len(Rules) {
		t.Fatalf("docs/strictness.md has %d rules, the table %d", len(rows), len(Rules))
	}
	for i, r := range Rules {
		does, by := r.Does, "the client"
		if r.Needs != "" {
			does += "; needs " + string(r.Needs)
		}
		if r.Noticed {
			by = "the registry"
		}
		want := fmt.Sprintf("| %s | `%s` | %s | %s | %s | %s |", r.Number, r.Name, does, r.Mistake, r.Source, by)
		if rows[i] != want {
			t.Errorf("docs/strictness.md, rule %s:\n got %s\nwant %s", r.Number, rows[i], want)
		}
	}
}

func TestRulesAreNumbered(t *testing.T) {
	names := map[string]bool{}
	for i, r := range Rules {
		if want := Number(fmt.Sprintf("S-%02d", i+1)); r.Number != want {
			t.Errorf("rule %d is %s, want %s", i+1, r.Number, want)
		}
		if names[r.Name] || r.Name == "" || r.Does == "" || r.Source == "" || !strings.HasPrefix(r.Mistake, "the client ") {
			t.Errorf("%s: a name of its own, what it does, the mistake as a sentence and the source are needed: %+v", r.Number, r)
		}
		names[r.Name] = true
		if _, ok := Find(string(r.Needs)); r.Needs != "" && !ok {
			t.Errorf("%s needs %s, which does not exist", r.Number, r.Needs)
		}
	}
}

// Rule: strict-can-be-off
func TestSettings(t *testing.T) {
	tests := []struct {
		name     string
		settings Settings
		on, off  []Number
	}{
		{"off", Settings{}, nil, []Number{ShuffledKeys, Busy}},
		{"on", Settings{Seed: 1}, []Number{ShuffledKeys, TooEarly, AbsentFields}, nil},
		{"off by number in any case", Settings{Seed: 1, Off: []string{"s-01"}}, []Number{ShuffledLists}, []Number{ShuffledKeys}},
		{"off by name", Settings{Seed: 1, Off: []string{"closing"}}, []Number{Pieces}, []Number{Closing}},
		{"off with what it needs", Settings{Seed: 1, Off: []string{"busy"}}, []Number{Pieces}, []Number{Busy, BusyUntilDate, TooEarly}},
		{"one alone", Settings{Seed: 1}.Only(Pieces), []Number{Pieces}, []Number{ShuffledKeys, Busy}},
		{"one alone with what it needs", Settings{Seed: 1}.Only(TooEarly), []Number{TooEarly, Busy}, []Number{BusyUntilDate}},
		{"all but one", Settings{Seed: 1}.Without(Pieces), []Number{Busy}, []Number{Pieces}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.settings.rules()
			for _, n := range tt.on {
				if !got[n] {
					t.Errorf("%s is off, want on", n)
				}
			}
			for _, n := range tt.off {
				if got[n] {
					t.Errorf("%s is on, want off", n)
				}
			}
		})
	}
	if err := (Settings{Seed: 1, Off: []string{"S-99"}}).Check(); err == nil || !strings.Contains(err.Error(), "S-99") {
		t.Errorf("an unknown rule: got %v, want it named", err)
	}
	if err := (Settings{Seed: 1 << 63}).Check(); err == nil {
		t.Error("a seed that no store keeps was taken")
	}
}
