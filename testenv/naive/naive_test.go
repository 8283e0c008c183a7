package naive_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/strict"
	"github.com/pairsim/pairsim/testenv"
	"github.com/pairsim/pairsim/testenv/naive"
)

// outcome is what became of a client.
type outcome struct {
	err     error
	tripped []string // the rules that the registry noticed
}

// rules are those that a client failed or tripped over.
func (o outcome) rules() []string {
	found := slices.Clone(o.tripped)
	var failed *naive.Failure
	if errors.As(o.err, &failed) {
		found = append(found, failed.Rules...)
	}
	return found
}

// pairTwice lets a client pair as two systems, one after the other.
func pairTwice(t *testing.T, k naive.Client, s strict.Settings) outcome {
	t.Helper()
	options := []testenv.Option{testenv.WithSeed(1)}
	if s.On() {
		options = append(options, testenv.WithStrict(s.Seed, s.Off...))
	}
	if k.Waits {
		options = append(options, testenv.WithRunningClock())
	}
	env := testenv.Start(t, options...)
	c := k.New(naive.Registry{URL: env.MTLS(), CA: env.TLS().RootCAs, Later: func(ctx context.Context) error {
		_, err := env.Controls().Advance(ctx, 5*time.Minute)
		return err
	}})
	defer c.Close()
	var o outcome
	for i := range 2 {
		system := env.RegisterSystem(t, fmt.Sprintf("System %d", i), testenv.CommerceCloud)
		if o.err = c.Pair(t.Context(), system.IntegrationToken.Token); o.err != nil {
			break
		}
	}
	state, err := env.Controls().Strictness(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Rules {
		if r.Tripped > 0 {
			o.tripped = append(o.tripped, r.Number)
		}
	}
	return o
}

// TestEachIsCaughtByItsRule: with that rule alone every client fails or trips,
// and that rule is named; with strictness off, and with all rules but that, it
// pairs.
//
// Rule: strict-can-be-off, strict-mistake-refused
func TestEachIsCaughtByItsRule(t *testing.T) {
	const seeds = 16 // enough for what is drawn one time in four
	catches, others := 1, uint64(1)
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		catches, others = 5, 20
	}
	for _, k := range naive.Clients {
		t.Run(k.Rule+" "+k.Mistake, func(t *testing.T) {
			t.Parallel()
			rule, known := strict.Find(k.Rule)
			if !known {
				t.Fatalf("there is no rule %s", k.Rule)
			}
			allowed := []string{k.Rule, string(rule.Needs)}
			caught := 0
			for seed := uint64(1); seed <= seeds && caught < catches; seed++ {
				got := pairTwice(t, k, strict.Settings{Seed: seed}.Only(rule.Number))
				if got.err == nil && len(got.tripped) == 0 {
					continue
				}
				caught++
				if named := got.rules(); !slices.Contains(named, k.Rule) || slices.ContainsFunc(named, func(n string) bool { return !slices.Contains(allowed, n) }) {
					t.Errorf("seed %d: caught by %v, want %s alone: %v", seed, named, k.Rule, got.err)
				}
				if rule.Noticed != (len(got.tripped) > 0) {
					t.Errorf("seed %d: the registry noticed %v, want that %t", seed, got.tripped, rule.Noticed)
				}
			}
			if caught == 0 {
				t.Errorf("it was not caught in %d seeds", seeds)
			}
			if got := pairTwice(t, k, strict.Settings{}); got.err != nil {
				t.Errorf("with strictness off: %v", got.err)
			}
			for seed := uint64(1); seed <= others; seed++ {
				if got := pairTwice(t, k, strict.Settings{Seed: seed}.Without(rule.Number)); got.err != nil || len(got.tripped) > 0 {
					t.Errorf("seed %d with all other rules: tripped over %v: %v", seed, got.tripped, got.err)
				}
			}
		})
	}
}

func TestTheHonestConnectorPasses(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		if got := pairTwice(t, naive.Honest, strict.Settings{Seed: seed}); got.err != nil || len(got.tripped) > 0 {
			t.Errorf("seed %d: tripped over %v: %v", seed, got.tripped, got.err)
		}
	}
}

func TestEveryRuleHasItsClient(t *testing.T) {
	for i, r := range strict.Rules {
		if i >= len(naive.Clients) || naive.Clients[i].Rule != string(r.Number) {
			t.Errorf("rule %s has no client at its place", r.Number)
		}
	}
}
