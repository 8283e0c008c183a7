package testenv

import (
	"testing"

	"github.com/pairsim/pairsim/btpclient"
)

// AddFault makes something go wrong from now on (docs/faults.md), and fails the
// test if it could not be set: a fault with a typo would prove nothing.
func (e *Session) AddFault(t testing.TB, f btpclient.Fault) btpclient.Fault {
	t.Helper()
	added, err := e.control.AddFault(t.Context(), f)
	if err != nil {
		t.Fatalf("set a fault at %s: %v", f.Point, err)
	}
	return added
}

// Recipe sets the faults of a recipe, for the target or, without one, for all.
func (e *Session) Recipe(t testing.TB, name string, target btpclient.RecipeTarget) []btpclient.Fault {
	t.Helper()
	_, faults, err := e.control.ApplyRecipe(t.Context(), name, target)
	if err != nil {
		t.Fatalf("recipe %s: %v", name, err)
	}
	return faults
}

// ClearFaults removes all faults.
func (e *Session) ClearFaults(t testing.TB) {
	t.Helper()
	if err := e.control.ClearFaults(t.Context()); err != nil {
		t.Fatalf("clear faults: %v", err)
	}
}

// EveryFaultStruck fails the test for each fault that has never struck.
func (e *Session) EveryFaultStruck(t testing.TB) {
	t.Helper()
	unfired, err := e.control.UnfiredFaults(t.Context())
	if err != nil {
		t.Fatalf("list faults: %v", err)
	}
	for _, f := range unfired {
		t.Errorf("fault %s at %s has never struck; it was considered %d times", f.ID, f.Point, f.Considered)
	}
}
