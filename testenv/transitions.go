package testenv

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/landscape"
)

// TransitionPolicy says when a transition ends: Immediately, After a time, AfterReads
// or Held.
type TransitionPolicy struct{ policy btp.TransitionPolicy }

// Immediately ends a transition in the request that begins it, as without a policy.
func Immediately() TransitionPolicy { return TransitionPolicy{} }

// After ends it after a duration of the environment's clock.
func After(d time.Duration) TransitionPolicy {
	return TransitionPolicy{btp.TransitionPolicy{After: d}}
}

// AfterReads ends it when operators have seen its status n times, in a list or alone:
// a client that polls sees it n times.
func AfterReads(n int) TransitionPolicy {
	return TransitionPolicy{btp.TransitionPolicy{Reads: n}}
}

// Held lets it last until Release.
func Held() TransitionPolicy { return TransitionPolicy{btp.TransitionPolicy{Held: true}} }

// WithTransition says when a transition (Deregistering, Removing, Synchronizing) ends.
func WithTransition(transition string, p TransitionPolicy) Option {
	return func(c *landscape.Config) {
		if c.Policy.Transitions == nil {
			c.Policy.Transitions = map[btp.Transition]btp.TransitionPolicy{}
		}
		c.Policy.Transitions[btp.Transition(transition)] = p.policy
	}
}

// SetTransition says when transitions that begin from now on end.
func (e *Session) SetTransition(t testing.TB, transition string, p TransitionPolicy) {
	t.Helper()
	wire := btpclient.TransitionPolicy{Immediate: p.policy.Immediate(), Reads: p.policy.Reads, Held: p.policy.Held}
	if p.policy.After > 0 {
		wire.After = p.policy.After.String()
	}
	if _, err := e.control.SetTransition(t.Context(), transition, wire); err != nil {
		t.Fatalf("set the transition %s to %s: %v", transition, p.policy, err)
	}
}

// Holds lists what is held, oldest first.
func (e *Session) Holds(t testing.TB) []btpclient.Hold {
	t.Helper()
	holds, err := e.control.Holds(t.Context())
	if err != nil {
		t.Fatalf("list holds: %v", err)
	}
	return holds
}

// Release lets everything go that is held for the system or formation of this name,
// and fails the test if there is nothing.
func (e *Session) Release(t testing.TB, name string) {
	t.Helper()
	found := false
	for _, h := range e.Holds(t) {
		if h.Subject.Name != name {
			continue
		}
		found = true
		if err := e.control.Release(t.Context(), h.ID); err != nil {
			t.Fatalf("release %q: %v", name, err)
		}
	}
	if !found {
		t.Fatalf("nothing is held for %q", name)
	}
}
