package main

import "testing"

func TestEveryDeclarationApplies(t *testing.T) {
	const root = "../.."
	seen := map[string]bool{}
	for _, m := range mutations() {
		if _, err := m.apply(root); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if seen[m.Name] {
			t.Errorf("%s is declared twice", m.Name)
		}
		seen[m.Name] = true
		if m.Name == "" || m.Rule == "" || m.Breaks == "" || len(m.Tests) == 0 {
			t.Errorf("%q lacks a name, a rule, what it breaks, or tests", m.Name)
		}
	}
}
