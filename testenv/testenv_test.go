package testenv_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// Rule: pairing-makes-registered
func TestEveryProductPairs(t *testing.T) {
	t.Parallel()
	for _, edition := range []string{"v1", "v2"} {
		env := testenv.Start(t, testenv.WithEdition(edition))
		for tenant, systemType := range map[string]string{
			"commerce": testenv.CommerceCloud, "fsm": testenv.FieldServiceManagement,
			"c4c": testenv.CloudForCustomer, "marketing": testenv.MarketingCloud,
		} {
			system := env.RegisterSystem(t, "my "+tenant, systemType)
			env.Pair(t, tenant, env.IssueToken(t, system.ID).TokenURL)
			env.ExpectStatus(t, "my "+tenant, "Registered")
			if len(env.System(t, "my "+tenant).Services) == 0 {
				t.Errorf("%s %s exposes nothing", edition, tenant)
			}
		}
	}
}

// Rule: clock-never-back
func TestClockMovesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t)
	state, err := env.Controls().Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !state.Frozen || !state.Now.Equal(testenv.Epoch) {
		t.Errorf("the clock shows %s (frozen: %v), want %s", state.Now, state.Frozen, testenv.Epoch)
	}
	env.Advance(t, 10*time.Minute)
	if now := env.Now(t); !now.Equal(testenv.Epoch.Add(10 * time.Minute)) {
		t.Errorf("after ten minutes the clock shows %s", now)
	}
}

func TestRestartGoesOn(t *testing.T) {
	t.Parallel()
	data := testenv.WithData(filepath.Join(t.TempDir(), "pairsim.db"))
	first, err := testenv.New(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	shop := first.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	first.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	sales := first.RegisterSystem(t, "Sales", testenv.CloudForCustomer)
	first.Advance(t, 5*time.Minute)
	ca := string(first.CA())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second := testenv.Start(t, data)
	if got := string(second.CA()); got != ca {
		t.Error("the server CA changed with the restart")
	}
	second.ExpectStatus(t, "Web Shop", "Registered")
	if state, err := second.Controls().Clock(t.Context()); err != nil || !state.Now.Equal(testenv.Epoch.Add(5*time.Minute)) {
		t.Errorf("the clock shows %s (%v), want five minutes past the epoch", state.Now, err)
	}
	second.Pair(t, "c4c", sales.IntegrationToken.Token)
	if _, err := second.Tenants().Renew(t.Context(), "commerce"); err != nil {
		t.Errorf("the tenant paired before the restart cannot renew: %v", err)
	}
	// It listens on other ports than the first, and the registry knows.
	if _, err := second.Operator().Deregister(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Operator().System(t.Context(), shop.ID); btpclient.CodeOf(err) != "system-not-found" {
		t.Errorf("after deregistering: %v, want the row gone", err)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		env, err := testenv.New(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := env.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkPair(b *testing.B) {
	env := testenv.Start(b)
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		system := env.RegisterSystem(b, "shop "+time.Duration(i).String(), testenv.CommerceCloud)
		b.StartTimer()
		env.Pair(b, "commerce", system.IntegrationToken.TokenURL)
	}
}

// TestRunningClockFiresDueWork waits for the journal, not for time: the token
// expires because a second of real time passes.
func TestRunningClockFiresDueWork(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithRunningClock(), testenv.WithTokenValidity(testenv.CommerceCloud, time.Second))
	env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	for entry, err := range env.Controls().FollowJournal(t.Context(), btpclient.JournalFilter{EntryMatch: testenv.Match{Kind: "due"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if entry.Point != "due.token-expiry" || entry.Subject.Name != "Web Shop" {
			t.Errorf("got %+v, want the expiry of Web Shop's token", entry)
		}
		break
	}
	if state := env.System(t, "Web Shop").Token.State; state != "expired" {
		t.Errorf("the token is %s, want expired", state)
	}
}

// Rule: transition-policies
func TestTransitionTakesTime(t *testing.T) {
	t.Parallel()
	env := testenv.Start(t, testenv.WithDuration(testenv.Deregistering, time.Hour))
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.TokenURL)
	if _, err := env.Operator().Deregister(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	env.ExpectStatus(t, "Web Shop", "Deregistering")
	env.Advance(t, time.Hour)
	if s, err := env.Operator().System(t.Context(), shop.ID); btpclient.CodeOf(err) != "system-not-found" {
		t.Errorf("after its hour the system is shown as %q (%v), want it gone", s.Status.Label, err)
	}
}
