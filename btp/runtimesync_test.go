package btp_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/sqlite"
)

// stopSync lets names that collide stop a runtime.
var stopSync = policy(func(p *btp.Policy) { p.CollisionsStopSync = true })

func (r *registry) runtime() btp.RuntimeView {
	r.t.Helper()
	v, err := r.Runtime(r.t.Context(), "dev")
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// collided is a registry in whose runtime of dev "Web Shop" was first, and then
// "web-shop" joined.
func collided(t *testing.T, change ...func(*btp.Config)) (r *registry, first, second btp.System) {
	t.Helper()
	r = open(t, append(change, stopSync, notifier(&telephone{}))...)
	first, _ = r.registered("Web Shop", commerce, "a")
	r.formation("first", first.ID)
	second, _ = r.registered("web-shop", commerce, "b")
	r.formation("second", second.ID)
	return r, first, second
}

// Rule: application-collision-stops
func TestARuntimeThatIsStopped(t *testing.T) {
	t.Parallel()
	r, first, second := collided(t)
	if got := r.runtime(); got.Stopped == nil || got.Stopped.Name != "mp-web-shop" || got.Applications != 1 {
		t.Fatalf("got %+v; want it stopped by mp-web-shop, with one application", got)
	}
	for _, test := range []struct {
		system btp.System
		want   btp.Code
	}{{first, btp.ServiceNotFound}, {second, btp.ApplicationNotFound}} {
		_, err := r.GatewayTarget(t.Context(), btp.GatewayAddress{Application: test.system.ApplicationName, Service: "orders"})
		if got := btp.CodeOf(err); got != test.want {
			t.Errorf("gateway, %s: got %q, want %q", test.system.ApplicationName, got, test.want)
		}
	}
	// A third, which collides with nobody, waits too; what was there stays when it leaves.
	third, _ := r.registered("CRM", commerce, "c")
	f := r.formation("third", third.ID)
	if _, err := r.ExcludeSystem(t.Context(), r.formationNamed("first").ID, first.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	want := []string{second.ApplicationName, third.ApplicationName}
	if got := r.applications(); !slices.Equal(got, want) || r.runtime().Stopped != nil {
		t.Errorf("when one of the two has left: got %q, %+v; want %q and a runtime that is synchronised", got, r.runtime().Stopped, want)
	}
	if _, err := r.IncludeSystem(t.Context(), f.ID, first.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	if got := r.applications(); !slices.Equal(got, want) {
		t.Errorf("when it comes again: got %q, want %q still", got, want)
	}
	if _, err := r.ExcludeSystem(t.Context(), f.ID, third.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	if got := r.applications(); !slices.Equal(got, want) {
		t.Errorf("a third leaves its formation: got %q, want %q still", got, want)
	}
	// A deregistered one is no application anywhere: its APIs are gone with it.
	if _, err := r.Deregister(t.Context(), third.ID); err != nil {
		t.Fatal(err)
	}
	if got := r.applications(); !slices.Equal(got, want[:1]) {
		t.Errorf("it is deregistered: got %q, want %q", got, want[:1])
	}
	contents := r.contents()
	if err := r.CheckContents(&contents); err != nil {
		t.Error(err)
	}
}

func (r *registry) formationNamed(name string) btp.FormationView {
	r.t.Helper()
	all, _, err := r.Formations(r.t.Context(), btp.FormationFilter{GlobalAccount: "default"})
	if err != nil {
		r.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(f btp.FormationView) bool { return f.Name == name })
	if i < 0 {
		r.t.Fatalf("there is no formation %q", name)
	}
	return all[i]
}

// Rule: application-collision-stops
func TestKymaIsDisabledAndEnabledInAStoppedRuntime(t *testing.T) {
	t.Parallel()
	r, first, second := collided(t)
	for _, environments := range [][]btp.RuntimeEnvironment{{btp.CloudFoundry}, {btp.CloudFoundry, btp.Kyma}} {
		if _, err := r.ChangeSubaccount(t.Context(), "dev", btp.SubaccountChange{Environments: &environments}, btp.Match{}); err != nil {
			t.Fatal(err)
		}
	}
	// A new runtime has nothing to keep.
	if got := r.applications(); len(got) != 0 || r.runtime().Stopped == nil {
		t.Errorf("got %q, want nothing of %s and %s in a runtime that is stopped", got, first.ApplicationName, second.ApplicationName)
	}
}

// Rule: application-collision-stops
func TestAStoppedRuntimeSurvivesARestartAndTheSwitch(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "store.db")
	with := func(c *btp.Config) {
		store, err := sqlite.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		c.Store = store
	}
	r, first, second := collided(t, with)
	r.Close()
	r = open(t, with, stopSync)
	if got := r.applications(); !slices.Equal(got, []string{first.ApplicationName}) {
		t.Errorf("after a restart: got %q, want %q", got, first.ApplicationName)
	}
	r.Close()
	if got := open(t, with).applications(); len(got) != 2 || !slices.Contains(got, second.ApplicationName) {
		t.Errorf("without the switch: got %q, want both", got)
	}
}

// Rule: application-collision-stops
func TestDeclaredNamesCollide(t *testing.T) {
	t.Parallel()
	r := open(t, stopSync, func(c *btp.Config) {
		for _, name := range []string{"Web Shop", "web-shop"} {
			c.Landscape.Systems = append(c.Landscape.Systems, btp.DeclaredSystem{
				GlobalAccount: "default", Name: name, Type: commerce, Status: btp.Registered, TokenAge: -1,
			})
		}
		c.Landscape.Formations = []btp.DeclaredFormation{{
			GlobalAccount: "default", Name: "shops", Subaccount: "dev", Systems: []btp.SystemID{"Web Shop", "web-shop"},
		}}
	})
	if got := r.runtime(); got.Stopped == nil || got.Applications != 0 {
		t.Errorf("got %+v, want a runtime that was never synchronised", got)
	}
}

func TestSnapshotsWithABadStoppedRuntime(t *testing.T) {
	t.Parallel()
	r, _, _ := collided(t)
	for path, change := range map[string]func(*btp.StoppedSync){
		".stopped.name":         func(s *btp.StoppedSync) { s.Name = "Web Shop" },
		".stopped.applications": func(s *btp.StoppedSync) { s.Applications = []btp.SystemID{"nobody"} },
	} {
		contents := r.contents()
		for i := range contents.Subaccounts {
			if s := contents.Subaccounts[i].Stopped; s != nil {
				change(s)
			}
		}
		if err := r.CheckContents(&contents); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want it refused", path, err)
		}
	}
}

// Rule: event-one-runtime
func TestOneRuntimeGetsTheEvents(t *testing.T) {
	t.Parallel()
	l := &listener{}
	r, s, caller, _ := listening(t, l)
	if _, err := r.CreateSubaccount(t.Context(), "default", btp.Subaccount{
		ID: "test", DisplayName: "Test", Subdomain: "test", Region: "eu10",
		Environments: []btp.RuntimeEnvironment{btp.Kyma},
	}, ""); err != nil {
		t.Fatal(err)
	}
	second, err := r.CreateFormation(t.Context(), "default", btp.NewFormation{Name: "second", Subaccount: "test", Systems: []btp.SystemID{s.ID}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.CreateSubscription(t.Context(), "test", order(s.ApplicationName), ""); err != nil {
		t.Fatal(err)
	}
	sentTo := func() (list []btp.SubaccountID) {
		r.advance(1)
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, d := range l.got {
			list = append(list, d.Subaccount)
		}
		l.got = nil
		return list
	}
	expect := func(when string, want btp.SubaccountID) {
		t.Helper()
		r.publish(caller, when)
		if got := sentTo(); !slices.Equal(got, []btp.SubaccountID{want}) {
			t.Errorf("%s: the event went to %q, want %q", when, got, want)
		}
		for _, sub := range []btp.SubaccountID{"dev", "test"} {
			list, err := r.RuntimeApplications(t.Context(), sub)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range list {
				if a.Events != (sub == want) {
					t.Errorf("%s: the runtime of %s says that it gets events: %v", when, sub, a.Events)
				}
			}
		}
	}
	first := r.formationNamed("shops")
	expect("the oldest", "dev")
	if _, err := r.ExcludeSystem(t.Context(), first.ID, s.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	expect("the oldest has lost it", "test")
	if _, err := r.IncludeSystem(t.Context(), first.ID, s.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	expect("the oldest has it again", "test") // which is remembered
	if _, err := r.ExcludeSystem(t.Context(), second.ID, s.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	expect("the other one has lost it", "dev")
}

// Rule: event-retried
func TestAnEventThatWasGivenUpIsSentAnew(t *testing.T) {
	t.Parallel()
	l := &listener{answer: refused}
	r, _, caller, _ := listening(t, l)
	r.publish(caller, "1")
	r.advance(1)
	waiting := r.deliveries("")[0]
	_, err := r.Redeliver(t.Context(), "dev", waiting.Sequence)
	wantCode(t, err, btp.DeliveryNotDead)
	r.advance(time.Hour)
	_, err = r.Redeliver(t.Context(), "cf", waiting.Sequence)
	wantCode(t, err, btp.SubaccountNotFound)
	for _, sequence := range []uint64{0, waiting.Sequence + 1, waiting.Sequence - 1} {
		_, err = r.Redeliver(t.Context(), "dev", sequence)
		wantCode(t, err, btp.DeliveryNotFound)
	}
	l.mu.Lock()
	l.answer, l.got = nil, nil
	l.mu.Unlock()
	d, err := r.Redeliver(t.Context(), "dev", waiting.Sequence)
	if err != nil || d.State != btp.DeliveryWaiting || d.Attempts != 0 || d.Failure != "" {
		t.Fatalf("got %+v, %v", d, err)
	}
	r.advance(1)
	wantIDs(t, "anew", l, "1")
	if d := r.deliveries(""); len(d) != 0 {
		t.Errorf("got deliveries %+v, want none", d)
	}
	want := map[btp.DeliveryOutcome]uint64{ //nolint:exhaustive // the others are not there
		btp.OutcomeFailed: btp.MaxDeliveryAttempts - 1, btp.OutcomeDead: 1, btp.OutcomeDelivered: 1,
	}
	if got := r.Tally(); got.EventsAccepted != 1 || len(got.Deliveries) != len(want) {
		t.Errorf("got the tally %+v, want 1 event and %v", got, want)
	} else {
		for outcome, n := range want {
			if got.Deliveries[outcome] != n {
				t.Errorf("%s: counted %d, want %d", outcome, got.Deliveries[outcome], n)
			}
		}
	}
}
