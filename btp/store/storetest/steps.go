package storetest

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// patience bounds a wait that should be over at once.
const patience = time.Minute

// within runs fn and fails if it takes longer than patience.
func within(t *testing.T, what string, fn func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- fn() }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		t.Fatalf("%s: not over after %s", what, patience)
		return nil
	}
}

// pause widens the window between reading and writing: without it a store that
// had lost its lock passed nearly every run.
func pause() {
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	<-timer.C
}

func testRefusedChange(t *testing.T, s btp.Store) {
	err := s.Update(context.Background(), env, func(tx btp.Tx) error { return all(populate(tx), errRefused) })
	if !errors.Is(err, errRefused) {
		t.Fatalf("Update: got %v, want the change's own error", err)
	}
	for name, got := range get(t, s, everything) {
		if got != nil {
			t.Errorf("after a refused change in an empty store: %s is %v", name, got)
		}
	}
	update(t, s, env, populate)
	before := get(t, s, everything)
	err = s.Update(context.Background(), env, func(tx btp.Tx) error {
		if err := change(tx); err != nil {
			t.Errorf("change: %v", err)
		}
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Fatalf("Update: got %v, want the change's own error", err)
	}
	same(t, "after a refused change", get(t, s, everything), before)
	update(t, s, env, change) // and it can be carried out after all
	if got := get(t, s, everything); got["systems"] != nil || got["attempt"] != nil {
		t.Errorf("after the change: systems %v, attempt %v", got["systems"], got["attempt"])
	}
}

func testPanic(t *testing.T, s btp.Store) {
	update(t, s, env, populate)
	before := get(t, s, everything)
	func() {
		defer func() {
			if got := recover(); got != "fault" {
				t.Errorf("recovered %v, want the panic of the change", got)
			}
		}()
		_ = s.Update(context.Background(), env, func(tx btp.Tx) error {
			_ = change(tx)
			panic("fault")
		})
	}()
	same(t, "after a panic", get(t, s, everything), before)
	update(t, s, env, func(tx btp.Tx) error { return tx.Systems().Delete("system-1") })
}

func testOwnWrites(t *testing.T, s btp.Store) {
	update(t, s, env, func(tx btp.Tx) error {
		if err := populate(tx); err != nil {
			return err
		}
		got, err := tx.Systems().Get("system-1")
		same(t, "system in the change that put it", got, fullSystem(1))
		return err
	})
}

func testViewWritesNothing(t *testing.T, s btp.Store) {
	update(t, s, env, populate)
	before := get(t, s, everything)
	err := s.View(context.Background(), env, func(tx btp.Tx) error { return tx.Systems().Put(system(2)) })
	if err == nil {
		t.Error("a view wrote a system, want an error")
	}
	for name, write := range map[string]func(btp.Tx) error{
		"put a formation":           func(tx btp.Tx) error { return tx.Formations().Put(formation(2)) },
		"deleted a formation":       func(tx btp.Tx) error { return tx.Formations().Delete("formation-1") },
		"put an assignment":         func(tx btp.Tx) error { return tx.Assignments().Put(fullAssignment("as2", "formation-1")) },
		"put an entitlement":        func(tx btp.Tx) error { return tx.Entitlements().Put(entitlement(2)) },
		"put an incident":           func(tx btp.Tx) error { return tx.Incidents().Put(incident(2)) },
		"put a reservation":         func(tx btp.Tx) error { return tx.Reservations().Put(reservation("r", 2)) },
		"put a replay":              func(tx btp.Tx) error { return tx.Replays().Put(replay("r")) },
		"put a client":              func(tx btp.Tx) error { return tx.OAuthClients().Put(oauthClient("c")) },
		"put a subscription":        func(tx btp.Tx) error { return tx.Subscriptions().Put(subscription(2)) },
		"put a delivery":            func(tx btp.Tx) error { return tx.Deliveries().Put(delivery(2, "s")) },
		"claimed due work":          func(tx btp.Tx) error { return tx.Due().Claim(btp.DueTokenExpiry, "t1", start) },
		"parked due work":           func(tx btp.Tx) error { return tx.Due().Park(btp.DueTokenExpiry, "t1", start) },
		"set a policy":              func(tx btp.Tx) error { return tx.Transitions().Put("removing", btp.TransitionPolicy{}) },
		"took back a policy":        func(tx btp.Tx) error { return tx.Transitions().Delete("removing") },
		"claimed what is not there": func(tx btp.Tx) error { return tx.Due().Claim(btp.DueTokenExpiry, "t9", start) },
	} {
		if err := s.View(context.Background(), env, write); err == nil {
			t.Errorf("a view %s, want an error", name)
		}
	}
	same(t, "after a view that tried to write", get(t, s, everything), before)
}

// Two records always change together; a view must never see one without the other.
func testConsistentView(t *testing.T, s btp.Store) {
	put := func(n uint64) {
		update(t, s, env, func(tx btp.Tx) error {
			e := environment(env)
			e.Sequence = n
			x := system(1)
			x.UpdatedAt = start.Add(time.Duration(n))
			return all(tx.Environment().Put(e), tx.Systems().Put(x))
		})
	}
	put(0)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !stop.Load() {
				view(t, s, env, func(tx btp.Tx) error {
					e, _, err := tx.Environment().Find()
					runtime.Gosched()
					x, err2 := tx.Systems().Get("system-1")
					if n := uint64(x.UpdatedAt.Sub(start)); n != e.Sequence {
						t.Errorf("a view saw step %d of one record and step %d of another", e.Sequence, n)
						stop.Store(true)
					}
					return all(err, err2)
				})
			}
		})
	}
	for n := range uint64(100) {
		put(n)
	}
	stop.Store(true)
	wg.Wait()
}

func testEnvironments(t *testing.T, s btp.Store) {
	update(t, s, env, populate)
	before := get(t, s, everything)
	view(t, s, other, func(tx btp.Tx) error {
		found, err := everything(tx)
		for name, got := range found {
			if got != nil {
				t.Errorf("another environment sees %s: %v", name, got)
			}
		}
		return err
	})
	update(t, s, other, populate) // the same ids and names are free there
	update(t, s, other, change)
	same(t, "after a change in another environment", get(t, s, everything), before)
}

func testWaiting(t *testing.T, s btp.Store) {
	entered, leave := make(chan struct{}), make(chan struct{})
	holding := make(chan error, 1)
	go func() {
		holding <- s.Update(context.Background(), env, func(tx btp.Tx) error {
			close(entered)
			<-leave
			return tx.Systems().Put(system(1))
		})
	}()
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		pause()
		cancel()
	}()
	err := within(t, "an Update whose context ended while it waited", func() error {
		return s.Update(ctx, env, func(btp.Tx) error {
			t.Error("the change ran beside another")
			return nil
		})
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update: got %v, want context.Canceled", err)
	}
	close(leave)
	if err := <-holding; err != nil {
		t.Errorf("the Update that was waited for: %v", err)
	}
	err = s.Update(ctx, env, func(tx btp.Tx) error { return tx.Systems().Put(system(2)) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update with an ended context: got %v, want context.Canceled", err)
	}
	same(t, "systems", get(t, s, func(tx btp.Tx) ([]btp.System, error) { return tx.Systems().List(btp.SystemFilter{}) }),
		[]btp.System{system(1)})
}

func testIncrements(t *testing.T, s btp.Store) {
	const workers, rounds = 8, 25
	update(t, s, env, func(tx btp.Tx) error { return tx.Environment().Put(btp.Environment{ID: env}) })
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range rounds {
				update(t, s, env, func(tx btp.Tx) error {
					e, _, err := tx.Environment().Find()
					if err != nil {
						return err
					}
					runtime.Gosched()
					e.Sequence++
					return tx.Environment().Put(e)
				})
			}
		})
	}
	wg.Wait()
	e, _ := find(t, s, func(tx btp.Tx) (btp.Environment, bool, error) { return tx.Environment().Find() })
	if e.Sequence != workers*rounds {
		t.Errorf("after %d increments: got %d", workers*rounds, e.Sequence)
	}
}

// testRacingRedemptions lets 64 callers redeem one token, in 10 rounds or, with
// PAIRSIM_VOLUME=full, in 10,000, of which the first 50 widen the window.
func testRacingRedemptions(t *testing.T, s btp.Store) {
	const racers = 64
	rounds, widened := 10, 10
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		rounds, widened = 10_000, 50
	}
	for round := range rounds {
		update(t, s, env, func(tx btp.Tx) error { return tx.Tokens().Put(token("t", "system-1")) })
		var winners atomic.Int32
		gate := make(chan struct{})
		var wg sync.WaitGroup
		for range racers {
			wg.Go(func() {
				<-gate
				err := s.Update(context.Background(), env, func(tx btp.Tx) error {
					k, ok, err := tx.Tokens().Find("t")
					if err != nil {
						return err
					}
					if round < widened {
						pause()
					}
					if !ok || k.State != btp.TokenLive {
						return errRefused
					}
					k.State = btp.TokenRedeemed
					return tx.Tokens().Put(k)
				})
				switch {
				case err == nil:
					winners.Add(1)
				case !errors.Is(err, errRefused):
					t.Errorf("redeeming: %v", err)
				}
			})
		}
		close(gate)
		wg.Wait()
		if n := winners.Load(); n != 1 {
			t.Fatalf("round %d: %d of %d redemptions won, want 1", round, n, racers)
		}
	}
}

func testSharedMemoryIn(t *testing.T, s btp.Store) {
	x, v := fullSystem(1), fullService("system-1", "s1", 4)
	sub := btp.Subaccount{ID: "dev", Environments: []btp.RuntimeEnvironment{btp.Kyma}}
	key := btp.SigningKey{ID: "k1", Private: []byte("private"), CreatedAt: start}
	m := btp.AuthorityMaterial{RootPEM: []byte("root"), IssuingPEM: []byte("issuing"), IssuingKeyPEM: []byte("key")}
	f, a := fullFormation(1), fullAssignment("as1", "formation-1")
	update(t, s, env, func(tx btp.Tx) error {
		err := all(tx.Systems().Put(x), tx.Services().Put(v), tx.Accounts().PutSub(sub), tx.Keys().Put(key),
			tx.Authorities().Put("a", m), tx.Formations().Put(f), tx.Assignments().Put(a))
		spoilFormation(&f)
		spoilAssignment(&a)
		spoilSystem(&x)
		spoilService(&v)
		sub.Environments[0], key.Private[0] = "spoilt", 0
		m.RootPEM[0], m.IssuingPEM[0], m.IssuingKeyPEM[0] = 0, 0, 0
		return err
	})
	checkUnspoilt(t, s)
}

func testSharedMemoryOut(t *testing.T, s btp.Store) {
	update(t, s, env, func(tx btp.Tx) error {
		return all(
			tx.Systems().Put(fullSystem(1)), tx.Services().Put(fullService("system-1", "s1", 4)),
			tx.Accounts().PutSub(btp.Subaccount{ID: "dev", Environments: []btp.RuntimeEnvironment{btp.Kyma}}),
			tx.Keys().Put(btp.SigningKey{ID: "k1", Private: []byte("private"), CreatedAt: start}),
			tx.Authorities().Put("a", btp.AuthorityMaterial{RootPEM: []byte("root"), IssuingPEM: []byte("issuing"), IssuingKeyPEM: []byte("key")}),
			tx.Formations().Put(fullFormation(1)), tx.Assignments().Put(fullAssignment("as1", "formation-1")),
		)
	})
	read := func(tx btp.Tx) error {
		x, err1 := tx.Systems().Get("system-1")
		byName, _, err2 := tx.Systems().FindByName("ga", "System 1")
		byApplication, _, err3 := tx.Systems().FindByApplicationName("mp-system-1")
		list, err4 := tx.Systems().List(btp.SystemFilter{})
		for _, y := range []*btp.System{&x, &byName, &byApplication, &list[0]} {
			spoilSystem(y)
		}
		v, _, err5 := tx.Services().Find("system-1", "s1")
		byIdentifier, _, err6 := tx.Services().FindByIdentifier("system-1", "identifier-s1")
		services, err7 := tx.Services().ListOf("system-1")
		for _, w := range []*btp.Service{&v, &byIdentifier, &services[0]} {
			spoilService(w)
		}
		sub, err8 := tx.Accounts().Sub("dev")
		sub.Environments[0] = "spoilt"
		subs, err9 := tx.Accounts().Subs("")
		subs[0].Environments[0] = "spoilt"
		keys, err10 := tx.Keys().List()
		keys[0].Private[0] = 0
		m, _, err11 := tx.Authorities().Find("a")
		m.RootPEM[0], m.IssuingPEM[0], m.IssuingKeyPEM[0] = 0, 0, 0
		return all(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, spoilLife(tx))
	}
	view(t, s, env, read)
	update(t, s, env, read)
	checkUnspoilt(t, s)
}

// spoilLife spoils formations and assignments as they come out, every way there is.
func spoilLife(tx btp.Tx) error {
	f, err1 := tx.Formations().Get("formation-1")
	byName, _, err2 := tx.Formations().FindByName("ga", "Formation 1")
	formations, err3 := tx.Formations().List(btp.FormationFilter{})
	ofSystem, err4 := tx.Formations().List(btp.FormationFilter{System: "system-1"})
	named, err5 := tx.Formations().List(btp.FormationFilter{GlobalAccount: "ga", Name: "Formation 1"})
	for _, g := range []*btp.Formation{&f, &byName, &formations[0], &ofSystem[0], &named[0]} {
		spoilFormation(g)
	}
	a, _, err6 := tx.Assignments().Find("formation-1", "as1")
	assignments, err7 := tx.Assignments().ListOf("formation-1")
	for _, b := range []*btp.Assignment{&a, &assignments[0]} {
		spoilAssignment(b)
	}
	count, err8 := tx.Assignments().Count("formation-1")
	count[btp.AssignmentReady] = 7
	return all(err1, err2, err3, err4, err5, err6, err7, err8)
}

func spoilFormation(f *btp.Formation) { f.Systems[0], f.Failure.Cause = "spoilt", "spoilt" }

func spoilAssignment(a *btp.Assignment) { a.Configuration[0] = 0 }

func spoilSystem(s *btp.System) {
	s.Failure.Cause, s.Tenant.URL, s.Tenant.CommunicationScenarios[0] = "spoilt", "spoilt", "spoilt"
}

func spoilService(s *btp.Service) {
	s.Labels["connected-app"], s.Documentation[0], s.Events.Spec[0], s.API.Spec[0] = "spoilt", 0, 0, 0
	s.API.TargetURL = "spoilt"
	c := s.API.Credentials
	for _, p := range []*btp.RequestParameters{s.API.RequestParameters, c.OAuth.RequestParameters} {
		p.Headers["X-H"][0], p.QueryParameters["q"] = "spoilt", nil
	}
	c.OAuth.ClientID, c.Basic.Username = "spoilt", "spoilt"
	c.CertificateGen.CommonName, c.CertificateGen.CertificatePEM[0], c.CertificateGen.PrivateKeyPEM[0] = "spoilt", 0, 0
}

func checkUnspoilt(t *testing.T, s btp.Store) {
	t.Helper()
	view(t, s, env, func(tx btp.Tx) error {
		x, err1 := tx.Systems().Get("system-1")
		same(t, "system", x, fullSystem(1))
		v, _, err2 := tx.Services().Find("system-1", "s1")
		same(t, "service", v, fullService("system-1", "s1", 4))
		sub, err3 := tx.Accounts().Sub("dev")
		same(t, "environments", sub.Environments, []btp.RuntimeEnvironment{btp.Kyma})
		keys, err4 := tx.Keys().List()
		same(t, "key", keys, []btp.SigningKey{{ID: "k1", Private: []byte("private"), CreatedAt: start}})
		m, _, err5 := tx.Authorities().Find("a")
		same(t, "authority", m, btp.AuthorityMaterial{RootPEM: []byte("root"), IssuingPEM: []byte("issuing"), IssuingKeyPEM: []byte("key")})
		f, err6 := tx.Formations().Get("formation-1")
		same(t, "formation", f, fullFormation(1))
		a, _, err7 := tx.Assignments().Find("formation-1", "as1")
		same(t, "assignment", a, fullAssignment("as1", "formation-1"))
		count, err8 := tx.Assignments().Count("formation-1")
		if len(count) != 1 || count[a.State] != 1 {
			t.Errorf("count: got %v, want one %s", count, a.State)
		}
		return all(err1, err2, err3, err4, err5, err6, err7, err8)
	})
}

func testClosed(t *testing.T, s btp.Store) {
	update(t, s, env, populate)
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if err := s.Update(context.Background(), env, func(btp.Tx) error { return nil }); err == nil {
		t.Error("Update after Close: want an error")
	}
	if err := s.View(context.Background(), env, func(btp.Tx) error { return nil }); err == nil {
		t.Error("View after Close: want an error")
	}
	if _, err := s.Environments(context.Background()); err == nil {
		t.Error("Environments after Close: want an error")
	}
	if err := s.Drop(context.Background(), env); err == nil {
		t.Error("Drop after Close: want an error")
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}
