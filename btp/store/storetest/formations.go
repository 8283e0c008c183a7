package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func formation(n int) btp.Formation {
	return btp.Formation{
		ID: btp.FormationID(fmt.Sprintf("formation-%d", n)), GlobalAccount: "ga", Name: fmt.Sprintf("Formation %d", n),
		Type: btp.SideBySideWithKyma, State: btp.FormationReady, Sequence: uint64(n), CreatedAt: start, UpdatedAt: start,
	}
}

func fullFormation(n int) btp.Formation {
	f := formation(n)
	f.Subaccount, f.Systems, f.Version = "dev", []btp.SystemID{"system-2", "system-1"}, 1<<63+7
	f.State, f.UpdatedAt = btp.FormationDeleteError, start.Add(time.Minute)
	f.Failure = &btp.Failure{Cause: `"<&> ü`, Step: btp.PointCSR, Component: "BC-CP-MP", At: start.Add(time.Second)}
	return f
}

func testFormations(t *testing.T, s btp.Store) {
	want := fullFormation(1)
	put := func() {
		t.Helper()
		for range 2 { // what is put again stays as it is
			update(t, s, env, func(tx btp.Tx) error { return tx.Formations().Put(want) })
			same(t, "formation by id", get(t, s, func(tx btp.Tx) (btp.Formation, error) { return tx.Formations().Get(want.ID) }), want)
			got, _ := find(t, s, func(tx btp.Tx) (btp.Formation, bool, error) {
				return tx.Formations().FindByName(want.GlobalAccount, want.Name)
			})
			same(t, "formation by name", got, want)
		}
	}
	ofSystem := func(id btp.SystemID) []btp.Formation {
		return get(t, s, func(tx btp.Tx) ([]btp.Formation, error) {
			return tx.Formations().List(btp.FormationFilter{System: id})
		})
	}
	put()
	want.Failure, want.State, want.Version = nil, btp.FormationReady, 2
	put()
	want.Systems = []btp.SystemID{"system-1", "system-2", "system-3"} // the order counts
	put()
	want.Systems = []btp.SystemID{"system-3"}
	put()
	same(t, "formations of a system that was excluded", ofSystem("system-1"), []btp.Formation{})
	same(t, "formations of a system", ofSystem("system-3"), []btp.Formation{want})
	want.Sequence = 9
	put()
	same(t, "formations of a system", ofSystem("system-3"), []btp.Formation{want})
	want.Systems = nil
	put()
	want.Systems = []btp.SystemID{"system-4"}
	old := want
	want.Name, want.GlobalAccount, want.Type, want.Subaccount, want.Sequence = "New", "ga2", "other", "", 7
	want.CreatedAt, want.UpdatedAt = start.Add(time.Second), start.Add(time.Hour)
	put()
	view(t, s, env, func(tx btp.Tx) error {
		if _, ok, err := tx.Formations().FindByName(old.GlobalAccount, old.Name); ok || err != nil {
			t.Errorf("after renaming: found by old name %v, %v", ok, err)
		}
		list, err1 := tx.Formations().List(btp.FormationFilter{GlobalAccount: old.GlobalAccount})
		same(t, "list of the old global account", list, []btp.Formation{})
		list, err2 := tx.Formations().List(btp.FormationFilter{Subaccount: old.Subaccount})
		same(t, "list of the old subaccount", list, []btp.Formation{})
		_, err := tx.Formations().Get("nobody")
		wantCode(t, "unknown formation", err, btp.FormationNotFound)
		return all(err1, err2)
	})
	update(t, s, env, func(tx btp.Tx) error {
		return all(tx.Formations().Delete(want.ID), tx.Formations().Delete(want.ID), tx.Formations().Delete("nobody"))
	})
	err := s.View(context.Background(), env, func(tx btp.Tx) error {
		_, err := tx.Formations().Get(want.ID)
		return err
	})
	wantCode(t, "deleted formation", err, btp.FormationNotFound)
	same(t, "formations of a system after deleting", ofSystem("system-4"), []btp.Formation{})
	put() // and its name is free again
}

func testFormationNameTaken(t *testing.T, s btp.Store) {
	update(t, s, env, func(tx btp.Tx) error { return tx.Formations().Put(fullFormation(1)) })
	for _, c := range []struct {
		name string
		put  func(*btp.Formation)
		want btp.Code
	}{
		{"same name", func(f *btp.Formation) { f.Name = "Formation 1" }, btp.NameTaken},
		{"same name and sequence", func(f *btp.Formation) { f.Name, f.Sequence = "Formation 1", 1 }, btp.NameTaken},
		{"same sequence", func(f *btp.Formation) { f.Sequence = 1 }, btp.Internal},
		{"same sequence in another account", func(f *btp.Formation) { f.GlobalAccount, f.Sequence = "ga2", 1 }, btp.Internal},
		{"same name in other letters", func(f *btp.Formation) { f.Name = "FORMATION 1" }, ""},
		{"same name in another account", func(f *btp.Formation) { f.GlobalAccount, f.Name = "ga2", "Formation 1" }, ""},
	} {
		f := fullFormation(2)
		c.put(&f)
		err := s.Update(context.Background(), env, func(tx btp.Tx) error { return tx.Formations().Put(f) })
		wantCode(t, c.name, err, c.want)
	}
	// A change may live on after a refused name, and what was refused left nothing.
	update(t, s, env, func(tx btp.Tx) error {
		f := formation(3)
		f.Name, f.Systems = "Formation 1", []btp.SystemID{"system-3"}
		wantCode(t, "same name", tx.Formations().Put(f), btp.NameTaken)
		return tx.Formations().Put(formation(3))
	})
	same(t, "formation", get(t, s, func(tx btp.Tx) (btp.Formation, error) { return tx.Formations().Get("formation-3") }), formation(3))
	same(t, "formations of a system that is in none", get(t, s, func(tx btp.Tx) ([]btp.Formation, error) {
		return tx.Formations().List(btp.FormationFilter{System: "system-3"})
	}), []btp.Formation{})
}

// testFormationLists holds every filter and every page against a plain loop.
func testFormationLists(t *testing.T, s btp.Store) {
	var everyone []btp.Formation
	for n := 1; n <= 60; n++ {
		f := formation(n)
		f.Subaccount = []btp.SubaccountID{"", "dev", "test"}[n%3]
		if n%5 == 0 {
			f.GlobalAccount = "ga2"
		}
		for id := range 4 { // each in a subset of them, in another order every second time
			if n>>id&1 == 1 {
				f.Systems = append(f.Systems, btp.SystemID(fmt.Sprintf("system-%d", id)))
			}
		}
		if n%2 == 0 {
			slices.Reverse(f.Systems)
		}
		everyone = append(everyone, f)
	}
	update(t, s, env, func(tx btp.Tx) error { return scrambled(everyone, tx.Formations().Put) })
	update(t, s, env, func(tx btp.Tx) error {
		for i := range everyone {
			f := &everyone[i]
			switch i % 6 {
			case 0:
				f.Systems = append(f.Systems, "system-9")
			case 3:
				f.Systems, f.Subaccount = nil, "dev"
			}
			if err := tx.Formations().Put(*f); err != nil {
				return err
			}
		}
		err := all(tx.Formations().Delete(everyone[10].ID), tx.Formations().Delete(everyone[25].ID))
		everyone = slices.Delete(slices.Delete(everyone, 25, 26), 10, 11)
		return err
	})
	view(t, s, env, func(tx btp.Tx) error {
		for _, f := range formationFilters() {
			err := listing[btp.Formation]{
				everyone: everyone,
				selects: func(x btp.Formation) bool {
					return (f.GlobalAccount == "" || x.GlobalAccount == f.GlobalAccount) && (f.Subaccount == "" || x.Subaccount == f.Subaccount) &&
						(f.System == "" || slices.Contains(x.Systems, f.System)) && (f.Name == "" || x.Name == f.Name)
				},
				sequence: func(x btp.Formation) uint64 { return x.Sequence },
				list: func(after uint64, limit int) ([]btp.Formation, error) {
					f.After, f.Limit = after, limit
					return tx.Formations().List(f)
				},
			}.check(t, fmt.Sprintf("List(%+v)", f))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func formationFilters() (list []btp.FormationFilter) {
	for _, ga := range []btp.GlobalAccountID{"", "ga", "ga2", "ga3"} {
		for _, sub := range []btp.SubaccountID{"", "dev", "test", "nowhere"} {
			for _, system := range []btp.SystemID{"", "system-0", "system-2", "system-9", "nobody"} {
				for _, name := range []string{"", "Formation 7", "Formation 10", "formation 7"} {
					list = append(list, btp.FormationFilter{GlobalAccount: ga, Subaccount: sub, System: system, Name: name})
				}
			}
		}
	}
	return list
}
