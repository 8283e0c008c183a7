package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func testEnvironment(t *testing.T, s btp.Store) {
	findEnv := func() (btp.Environment, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Environment, bool, error) { return tx.Environment().Find() })
	}
	if _, ok := findEnv(); ok {
		t.Error("an empty store has an environment")
	}
	want := environment(env)
	for _, step := range []func(){func() {}, func() { want.Sequence++ }, func() { want.Clock = btp.Clock{At: start.Add(time.Hour), Ref: start} }} {
		step()
		update(t, s, env, func(tx btp.Tx) error { return tx.Environment().Put(want) })
		got, _ := findEnv()
		same(t, "environment", got, want)
		// The rules compare environments with == to see whether anything changed.
		if got != want {
			t.Errorf("environment: got %#v, want it identical to %#v", got, want)
		}
	}
}

func testAccounts(t *testing.T, s btp.Store) {
	a := btp.GlobalAccount{ID: "b-account", DisplayName: "A", Subdomain: "alpha"}
	b := btp.GlobalAccount{ID: "a-account", DisplayName: "B", Subdomain: "beta"}
	dev := btp.Subaccount{
		ID: "dev", GlobalAccount: a.ID, Subdomain: "Dev", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma}, Version: 1<<63 + 7,
		Stopped: &btp.StoppedSync{Applications: []btp.SystemID{}, Name: "mp"},
	}
	bare := btp.Subaccount{ID: "bare", GlobalAccount: a.ID, DisplayName: "no environments"}
	far := btp.Subaccount{ID: "far", GlobalAccount: b.ID}
	update(t, s, env, func(tx btp.Tx) error {
		acc := tx.Accounts()
		return all(acc.PutGlobal(a), acc.PutGlobal(b), acc.PutSub(far), acc.PutSub(dev), acc.PutSub(bare))
	})
	view(t, s, env, func(tx btp.Tx) error {
		acc := tx.Accounts()
		for name, want := range map[string]btp.GlobalAccount{"b-account": a, "alpha": a, "a-account": b, "beta": b} {
			got, err := acc.Global(name)
			if err != nil {
				return err
			}
			same(t, "global account "+name, got, want)
		}
		_, err := acc.Global("gamma")
		wantCode(t, "unknown global account", err, btp.GlobalAccountNotFound)
		_, err = acc.Global("")
		wantCode(t, "global account without a name", err, btp.GlobalAccountNotFound)
		_, err = acc.Sub("gamma")
		wantCode(t, "unknown subaccount", err, btp.SubaccountNotFound)
		globals, err1 := acc.Globals()
		same(t, "global accounts by id", globals, []btp.GlobalAccount{b, a})
		sub, err2 := acc.Sub("dev")
		same(t, "subaccount", sub, dev)
		subs, err3 := acc.Subs(a.ID)
		same(t, "subaccounts of one by id", subs, []btp.Subaccount{bare, dev})
		subs, err4 := acc.Subs("")
		same(t, "all subaccounts by id", subs, []btp.Subaccount{bare, dev, far})
		return all(err1, err2, err3, err4)
	})
	// An id goes before a subdomain; a changed subdomain is free again.
	a.Subdomain = "gamma"
	c := btp.GlobalAccount{ID: "alpha", Subdomain: "b-account"}
	update(t, s, env, func(tx btp.Tx) error { return all(tx.Accounts().PutGlobal(a), tx.Accounts().PutGlobal(c)) })
	for name, want := range map[string]btp.GlobalAccount{"b-account": a, "gamma": a, "alpha": c} {
		same(t, "global account "+name, get(t, s, func(tx btp.Tx) (btp.GlobalAccount, error) { return tx.Accounts().Global(name) }), want)
	}
	err := s.Update(context.Background(), env, func(tx btp.Tx) error {
		return tx.Accounts().PutGlobal(btp.GlobalAccount{ID: "delta", Subdomain: "beta"})
	})
	wantCode(t, "a subdomain that is taken", err, btp.NameTaken)
}

func testSystems(t *testing.T, s btp.Store) {
	want := fullSystem(1)
	putAfter := func(read bool) { // rules read before they write
		t.Helper()
		want.ExtensionDeleted, want.FormerTenant = read, fmt.Sprintf("former %v", read)
		update(t, s, env, func(tx btp.Tx) error {
			if read {
				_, err := tx.Systems().Get(want.ID)
				return all(err, tx.Systems().Put(want))
			}
			return all(tx.Systems().Put(want), tx.Systems().Put(want))
		})
		same(t, "system by id", get(t, s, func(tx btp.Tx) (btp.System, error) { return tx.Systems().Get(want.ID) }), want)
		got, _ := find(t, s, func(tx btp.Tx) (btp.System, bool, error) {
			return tx.Systems().FindByName(want.GlobalAccount, want.Name)
		})
		same(t, "system by name", got, want)
		got, _ = find(t, s, func(tx btp.Tx) (btp.System, bool, error) {
			return tx.Systems().FindByApplicationName(want.ApplicationName)
		})
		same(t, "system by application name", got, want)
	}
	put := func() {
		t.Helper()
		putAfter(false)
		putAfter(true)
	}
	put()
	want.Failure, want.Tenant, want.Status, want.UpdatedAt = nil, nil, btp.Registered, start.Add(time.Hour)
	put()
	want.Tenant = &btp.Descriptor{}
	put()
	old := want
	want.Name, want.ApplicationName, want.GlobalAccount, want.Type, want.Sequence = "New", "mp-new", "ga2", marketing, 7
	want.CreatedAt = want.CreatedAt.Add(time.Second)
	put()
	view(t, s, env, func(tx btp.Tx) error {
		_, ok, err1 := tx.Systems().FindByName(old.GlobalAccount, old.Name)
		_, ok2, err2 := tx.Systems().FindByApplicationName(old.ApplicationName)
		if ok || ok2 {
			t.Errorf("after renaming: found by old name %v, by old application name %v", ok, ok2)
		}
		list, err3 := tx.Systems().List(btp.SystemFilter{GlobalAccount: old.GlobalAccount})
		same(t, "list of the old global account", list, []btp.System{})
		_, err := tx.Systems().Get("nobody")
		wantCode(t, "unknown system", err, btp.SystemNotFound)
		return all(err1, err2, err3)
	})
	update(t, s, env, func(tx btp.Tx) error {
		return all(tx.Systems().Delete(want.ID), tx.Systems().Delete(want.ID), tx.Systems().Delete("nobody"))
	})
	_, err := tryGet(s, want.ID)
	wantCode(t, "deleted system", err, btp.SystemNotFound)
	put() // and its names are free again
}

func tryGet(s btp.Store, id btp.SystemID) (x btp.System, err error) {
	err = s.View(context.Background(), env, func(tx btp.Tx) (err error) {
		x, err = tx.Systems().Get(id)
		return err
	})
	return x, err
}

func testNameTaken(t *testing.T, s btp.Store) {
	update(t, s, env, func(tx btp.Tx) error { return tx.Systems().Put(system(1)) })
	for _, c := range []struct {
		name string
		put  func(*btp.System)
		want btp.Code
	}{
		{"same name", func(x *btp.System) { x.Name = "System 1" }, btp.NameTaken},
		{"same application name", func(x *btp.System) { x.ApplicationName = "mp-system-1" }, btp.NameTaken},
		{"same application name in another account", func(x *btp.System) { x.GlobalAccount, x.ApplicationName = "ga2", "mp-system-1" }, btp.NameTaken},
		{"same sequence", func(x *btp.System) { x.Sequence = 1 }, btp.Internal},
		{"same name in other letters", func(x *btp.System) { x.Name = "SYSTEM 1" }, ""},
		{"same name in another account", func(x *btp.System) { x.GlobalAccount, x.Name = "ga2", "System 1" }, ""},
	} {
		x := system(2)
		c.put(&x)
		err := s.Update(context.Background(), env, func(tx btp.Tx) error { return tx.Systems().Put(x) })
		wantCode(t, c.name, err, c.want)
	}
	// A change may live on after a refused name.
	update(t, s, env, func(tx btp.Tx) error {
		x := system(3)
		x.Name = "System 1"
		wantCode(t, "same name", tx.Systems().Put(x), btp.NameTaken)
		return tx.Systems().Put(system(3))
	})
	same(t, "system", get(t, s, func(tx btp.Tx) (btp.System, error) { return tx.Systems().Get("system-3") }), system(3))
}

// testLists holds every filter and every page against a plain loop.
func testLists(t *testing.T, s btp.Store) {
	var everyone []btp.System
	types := []string{commerce, marketing, "SAP Cloud for Customer"}
	update(t, s, env, func(tx btp.Tx) error {
		for n := 1; n <= 60; n++ {
			x := system(n)
			x.Status, x.Type = btp.Statuses[n%4], types[n%3]
			if n%5 == 0 {
				x.GlobalAccount = "ga2"
			}
			everyone = append(everyone, x)
		}
		for i := range everyone { // the order of putting is not the order of Sequence
			if err := tx.Systems().Put(everyone[(i*7)%len(everyone)]); err != nil {
				return err
			}
		}
		for i := range everyone {
			if everyone[i].Sequence%6 == 0 {
				everyone[i].Status = btp.Registered
				if err := tx.Systems().Put(everyone[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	view(t, s, env, func(tx btp.Tx) error {
		for _, f := range filters(types) {
			for {
				want := selected(everyone, f)
				got, err := tx.Systems().List(f)
				if err != nil {
					return err
				}
				same(t, fmt.Sprintf("List(%+v)", f), got, want)
				if f.Limit == 0 || len(got) == 0 {
					break
				}
				f.After = got[len(got)-1].Sequence
			}
		}
		return nil
	})
}

func filters(types []string) []btp.SystemFilter {
	var list []btp.SystemFilter
	for _, ga := range []btp.GlobalAccountID{"", "ga", "ga2", "ga3"} {
		for _, status := range append([]btp.Status{""}, btp.Statuses[:4]...) {
			for _, systemType := range append([]string{""}, types...) {
				f := btp.SystemFilter{GlobalAccount: ga, Status: status, Type: systemType}
				paged := f
				paged.Limit = 7
				list = append(list, f, paged)
				for _, name := range []string{"System 7", "System 10", "system 7"} {
					f.Name = name
					list = append(list, f)
				}
			}
		}
	}
	return list
}

func selected(everyone []btp.System, f btp.SystemFilter) []btp.System {
	var page []btp.System
	for _, x := range everyone {
		if (f.GlobalAccount == "" || x.GlobalAccount == f.GlobalAccount) && (f.Status == "" || x.Status == f.Status) &&
			(f.Type == "" || x.Type == f.Type) && (f.Name == "" || x.Name == f.Name) && x.Sequence > f.After &&
			(f.Limit == 0 || len(page) < f.Limit) {
			page = append(page, x)
		}
	}
	return page
}

func testTokens(t *testing.T, s btp.Store) {
	latest := func(want string) {
		t.Helper()
		k, ok := find(t, s, func(tx btp.Tx) (btp.Token, bool, error) { return tx.Tokens().FindLatest("system-1") })
		if string(k.ID) != want || ok != (want != "") {
			t.Errorf("latest token: got %q, %v, want %q", k.ID, ok, want)
		}
	}
	put := func(k btp.Token) { update(t, s, env, func(tx btp.Tx) error { return tx.Tokens().Put(k) }) }
	drop := func(id btp.TokenID) { update(t, s, env, func(tx btp.Tx) error { return tx.Tokens().Delete(id) }) }
	latest("")
	want := token("z", "system-1")
	put(want)
	got, _ := find(t, s, func(tx btp.Tx) (btp.Token, bool, error) { return tx.Tokens().Find("z") })
	same(t, "token", got, want)
	put(token("foreign", "system-2"))
	latest("z")
	put(token("b", "system-1")) // same instant, lower id: putting decides
	latest("b")
	put(token("c", "system-1"))
	latest("c")
	want.State = btp.TokenVoided
	put(want) // putting again does not make it newer
	latest("c")
	drop("c")
	latest("b")
	put(token("c2", "system-1"))
	latest("c2")
	drop("b")
	latest("c2")
	drop("c2")
	latest("z")
	got, _ = find(t, s, func(tx btp.Tx) (btp.Token, bool, error) { return tx.Tokens().FindLatest("system-1") })
	same(t, "voided token", got, want)
	drop("z")
	drop("z")
	latest("")
	if _, ok := find(t, s, func(tx btp.Tx) (btp.Token, bool, error) { return tx.Tokens().Find("z") }); ok {
		t.Error("a deleted token is found")
	}
	moved := token("foreign", "system-1") // and every field can change
	moved.GlobalAccount, moved.Type, moved.KeyID, moved.ExpiresAt = "ga2", marketing, "k2", start
	put(moved)
	got, _ = find(t, s, func(tx btp.Tx) (btp.Token, bool, error) { return tx.Tokens().FindLatest("system-1") })
	same(t, "token of another system now", got, moved)
}

func testCountLive(t *testing.T, s btp.Store) {
	count := func(ga btp.GlobalAccountID, systemType string, want int) {
		t.Helper()
		n := get(t, s, func(tx btp.Tx) (int, error) { return tx.Tokens().CountLive(ga, systemType) })
		if n != want {
			t.Errorf("live tokens of %s in %s: got %d, want %d", systemType, ga, n, want)
		}
	}
	count("ga", commerce, 0)
	update(t, s, env, func(tx btp.Tx) error {
		for n := range 12 {
			k := token(fmt.Sprintf("t%d", n), fmt.Sprintf("system-%d", n))
			if n >= 8 {
				k.Type = marketing
			}
			if n >= 10 {
				k.GlobalAccount = "ga2"
			}
			if err := tx.Tokens().Put(k); err != nil {
				return err
			}
			if got, err := tx.Tokens().CountLive("ga", commerce); err != nil || got != min(n+1, 8) {
				t.Errorf("live tokens after putting %d: got %d, %v", n+1, got, err)
			}
		}
		return nil
	})
	count("ga", commerce, 8)
	count("ga", marketing, 2)
	count("ga2", marketing, 2)
	count("ga2", commerce, 0)
	move := func(id string, to btp.TokenState) error {
		return s.Update(context.Background(), env, func(tx btp.Tx) error {
			k, _, err := tx.Tokens().Find(btp.TokenID(id))
			k.State = to
			return all(err, tx.Tokens().Put(k), tx.Tokens().Put(k))
		})
	}
	for i, state := range []btp.TokenState{btp.TokenRedeemed, btp.TokenVoided, btp.TokenRanOut} {
		if err := move(fmt.Sprintf("t%d", i), state); err != nil {
			t.Fatal(err)
		}
		count("ga", commerce, 7-i)
	}
	if err := move("t1", btp.TokenLive); err != nil {
		t.Fatal(err)
	}
	count("ga", commerce, 6)
	update(t, s, env, func(tx btp.Tx) error { return all(tx.Tokens().Delete("t1"), tx.Tokens().Delete("t2")) })
	count("ga", commerce, 5)
	_ = s.Update(context.Background(), env, func(tx btp.Tx) error {
		return all(tx.Tokens().Delete("t3"), tx.Tokens().Put(token("t99", "s")), tx.Tokens().Put(token("t98", "s")), errRefused)
	})
	count("ga", commerce, 5)
	count("ga", marketing, 2)
}

func testLastExpiry(t *testing.T, s btp.Store) {
	last := func(key string) time.Time {
		return get(t, s, func(tx btp.Tx) (time.Time, error) { return tx.Tokens().LastExpiry(key) })
	}
	if got := last("k1"); !got.IsZero() {
		t.Errorf("last expiry without tokens: got %s, want the zero time", got)
	}
	update(t, s, env, func(tx btp.Tx) error {
		for n := range 5 {
			k := token(fmt.Sprintf("t%d", n), "system-1")
			k.ExpiresAt = k.ExpiresAt.Add(time.Duration(n) * time.Hour)
			switch n {
			case 3:
				k.State = btp.TokenVoided
			case 4:
				k.KeyID = "k2"
			}
			if err := tx.Tokens().Put(k); err != nil {
				return err
			}
		}
		return nil
	})
	base := token("", "").ExpiresAt
	same(t, "last expiry of k1", last("k1"), base.Add(2*time.Hour))
	same(t, "last expiry of k2", last("k2"), base.Add(4*time.Hour))
	same(t, "last expiry of an unknown key", last("k3"), time.Time{})
}

func testKeys(t *testing.T, s btp.Store) {
	list := func() []btp.SigningKey {
		return get(t, s, func(tx btp.Tx) ([]btp.SigningKey, error) { return tx.Keys().List() })
	}
	a := btp.SigningKey{ID: "z", Algorithm: "ES256", Private: []byte{0, 255}, CreatedAt: start}
	b := btp.SigningKey{ID: "a", Algorithm: "EdDSA", Private: []byte("b"), CreatedAt: start.Add(time.Nanosecond)}
	c := btp.SigningKey{ID: "m", Algorithm: "RS256", Private: []byte("c"), CreatedAt: start.Add(-time.Hour)}
	update(t, s, env, func(tx btp.Tx) error { return all(tx.Keys().Put(a), tx.Keys().Put(b), tx.Keys().Put(c)) })
	same(t, "keys by creation", list(), []btp.SigningKey{c, a, b})
	a.Algorithm = "RS256"
	update(t, s, env, func(tx btp.Tx) error {
		return all(tx.Keys().Put(a), tx.Keys().Delete("m"), tx.Keys().Delete("m"))
	})
	same(t, "keys", list(), []btp.SigningKey{a, b})
}

func testAttempts(t *testing.T, s btp.Store) {
	bySystem := func(id btp.SystemID) (btp.Attempt, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Attempt, bool, error) { return tx.Attempts().FindBySystem(id) })
	}
	byFollowUp := func(n byte) (btp.Attempt, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Attempt, bool, error) {
			return tx.Attempts().FindByFollowUp(attempt("", "", n).FollowUp)
		})
	}
	first := attempt("a1", "system-1", 1)
	update(t, s, env, func(tx btp.Tx) error {
		return all(tx.Attempts().Put(first), tx.Attempts().Put(attempt("a2", "system-2", 0)), tx.Attempts().Put(attempt("a3", "system-3", 0)))
	})
	got, _ := bySystem("system-1")
	same(t, "attempt by system", got, first)
	got, _ = byFollowUp(1)
	same(t, "attempt by follow-up token", got, first)
	if got, ok := byFollowUp(0); ok {
		t.Errorf("a spent follow-up token finds attempt %s", got.ID)
	}
	if got, ok := byFollowUp(9); ok {
		t.Errorf("an unknown follow-up token finds attempt %s", got.ID)
	}
	first.FollowUp, first.Certificate, first.RejectedCSRs = btp.Digest{}, "c1", 4
	update(t, s, env, func(tx btp.Tx) error { return tx.Attempts().Put(first) })
	got, _ = bySystem("system-1")
	same(t, "attempt with certificate", got, first)
	if _, ok := byFollowUp(1); ok {
		t.Error("a spent follow-up token is found")
	}
	second := attempt("a4", "system-1", 5)
	update(t, s, env, func(tx btp.Tx) error { return all(tx.Attempts().Put(second), tx.Attempts().Delete("a1")) })
	got, _ = bySystem("system-1")
	same(t, "the one attempt of a system", got, second)
	update(t, s, env, func(tx btp.Tx) error { return all(tx.Attempts().Delete("a4"), tx.Attempts().Delete("a4")) })
	if _, ok := bySystem("system-1"); ok {
		t.Error("a deleted attempt is found")
	}
	if _, ok := bySystem("system-2"); !ok {
		t.Error("the attempt of another system is gone")
	}
}

func testCertificates(t *testing.T, s btp.Store) {
	a := certificate("ff", "system-1", start)
	b := certificate("01", "system-1", start)
	c := certificate("aa", "system-1", start.Add(-time.Second))
	foreign := certificate("bb", "system-2", start)
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.Certificates()
		return all(k.Put(a), k.Put(b), k.Put(c), k.Put(foreign))
	})
	listOf := func(id btp.SystemID) []btp.Certificate {
		return get(t, s, func(tx btp.Tx) ([]btp.Certificate, error) { return tx.Certificates().ListOf(id) })
	}
	same(t, "certificates by NotBefore, then serial", listOf("system-1"), []btp.Certificate{c, b, a})
	a.RenewalBlocked, b.Revoked = true, true
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.Certificates()
		return all(k.Put(a), k.Put(b), k.Delete("aa"), k.Delete("aa"))
	})
	same(t, "certificates", listOf("system-1"), []btp.Certificate{b, a})
	got, _ := find(t, s, func(tx btp.Tx) (btp.Certificate, bool, error) { return tx.Certificates().Find("ff") })
	same(t, "certificate", got, a)
	if _, ok := find(t, s, func(tx btp.Tx) (btp.Certificate, bool, error) { return tx.Certificates().Find("aa") }); ok {
		t.Error("a deleted certificate is found")
	}
	same(t, "certificates of nobody", listOf("system-3"), []btp.Certificate{})
}

func testServices(t *testing.T, s btp.Store) {
	a, b, bare := fullService("system-1", "a", 9), fullService("system-1", "b", 3), service("system-1", "bare", 5)
	bare.API, bare.Events = &btp.ServiceAPI{}, &btp.ServiceEvents{}
	foreign := fullService("system-2", "a", 1)
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.Services()
		return all(k.Put(a), k.Put(b), k.Put(bare), k.Put(foreign))
	})
	listOf := func(id btp.SystemID) []btp.Service {
		return get(t, s, func(tx btp.Tx) ([]btp.Service, error) { return tx.Services().ListOf(id) })
	}
	same(t, "services by sequence", listOf("system-1"), []btp.Service{b, bare, a})
	same(t, "services of another", listOf("system-2"), []btp.Service{foreign})
	for id, want := range map[btp.SystemID]int{"system-1": 3, "system-2": 1, "nobody": 0} {
		same(t, "number of services of "+string(id), get(t, s, func(tx btp.Tx) (int, error) { return tx.Services().Count(id) }), want)
	}
	got, _ := find(t, s, func(tx btp.Tx) (btp.Service, bool, error) { return tx.Services().Find("system-1", "a") })
	same(t, "service", got, a)
	got, _ = find(t, s, func(tx btp.Tx) (btp.Service, bool, error) {
		return tx.Services().FindByIdentifier("system-1", "identifier-b")
	})
	same(t, "service by identifier", got, b)
	for name, read := range map[string]func(btp.Tx) (btp.Service, bool, error){
		"unknown service":   func(tx btp.Tx) (btp.Service, bool, error) { return tx.Services().Find("system-1", "z") },
		"service elsewhere": func(tx btp.Tx) (btp.Service, bool, error) { return tx.Services().Find("system-2", "b") },
		"unknown identifier": func(tx btp.Tx) (btp.Service, bool, error) {
			return tx.Services().FindByIdentifier("system-2", "identifier-b")
		},
	} {
		if got, ok := find(t, s, read); ok {
			t.Errorf("%s: found %s", name, got.ID)
		}
	}
	a.Sequence, a.Identifier, a.Labels = 1, "new", nil
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.Services()
		return all(k.Put(a), k.Delete("system-1", "b"), k.Delete("system-1", "b"), k.Delete("system-9", "a"))
	})
	same(t, "services", listOf("system-1"), []btp.Service{a, bare})
	got, _ = find(t, s, func(tx btp.Tx) (btp.Service, bool, error) { return tx.Services().FindByIdentifier("system-1", "new") })
	same(t, "service by new identifier", got, a)
}

func testAuthorities(t *testing.T, s btp.Store) {
	findIt := func(name string) (btp.AuthorityMaterial, bool) {
		return find(t, s, func(tx btp.Tx) (btp.AuthorityMaterial, bool, error) { return tx.Authorities().Find(name) })
	}
	a := btp.AuthorityMaterial{RootPEM: []byte("root"), IssuingPEM: []byte("issuing"), IssuingKeyPEM: []byte("key")}
	b := btp.AuthorityMaterial{RootPEM: []byte("server")}
	update(t, s, env, func(tx btp.Tx) error {
		return all(tx.Authorities().Put(btp.ClientAuthority, b), tx.Authorities().Put(btp.ClientAuthority, a), tx.Authorities().Put(btp.ServerAuthority, b))
	})
	got, _ := findIt(btp.ClientAuthority)
	same(t, "client authority", got, a)
	got, _ = findIt(btp.ServerAuthority)
	same(t, "server authority", got, b)
	if _, ok := findIt("other"); ok {
		t.Error("an unknown authority is found")
	}
}
