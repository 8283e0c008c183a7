package testenv_test

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// Rule: transition-policies
func TestTransitionsOfAnEnvironment(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithEdition("v2"), testenv.WithTransition(testenv.Removing, testenv.Held()))
	remove := func(name string) btpclient.System {
		t.Helper()
		s := env.RegisterSystem(t, name, testenv.CommerceCloud)
		if _, err := env.Operator().Remove(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		return s
	}
	status := func(s btpclient.System) string {
		t.Helper()
		now, err := env.Operator().System(t.Context(), s.ID)
		if btpclient.CodeOf(err) == "system-not-found" {
			return "gone"
		}
		if err != nil {
			t.Fatal(err)
		}
		return now.Status.Label
	}
	held := remove("Held")
	env.Advance(t, 24*time.Hour)
	if holds := env.Holds(t); len(holds) != 1 || holds[0].Subject.Name != "Held" || !holds[0].Since.Equal(testenv.Epoch) {
		t.Errorf("got %+v, want the removal of Held", holds)
	}
	env.Release(t, "Held")
	if got := status(held); got != "gone" {
		t.Errorf("released: %s", got)
	}

	for _, tt := range []struct {
		name   string
		policy testenv.TransitionPolicy
		first  string // what the first read shows
		wait   time.Duration
		then   string
	}{
		{"at once", testenv.Immediately(), "gone", 0, "gone"},
		{"after an hour", testenv.After(time.Hour), "Removing", time.Hour, "gone"},
		{"before the hour", testenv.After(time.Hour), "Removing", time.Hour - 1, "Removing"},
		{"after a read", testenv.AfterReads(1), "Removing", 0, "gone"},
		{"before the third read", testenv.AfterReads(3), "Removing", 0, "Removing"},
	} {
		env.SetTransition(t, testenv.Removing, tt.policy)
		s := remove(tt.name)
		if got := status(s); got != tt.first {
			t.Errorf("%s: the first read shows %s, want %s", tt.name, got, tt.first)
		}
		env.Advance(t, tt.wait)
		if got := status(s); got != tt.then {
			t.Errorf("%s: then %s, want %s", tt.name, got, tt.then)
		}
	}
}
