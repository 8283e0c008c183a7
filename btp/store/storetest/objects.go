package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

func object(n int) btp.Object {
	return btp.Object{
		Kind: btp.KindServiceInstance, ID: fmt.Sprintf("instance-%d", n), Scope: "dev", Name: fmt.Sprintf("Instance %d", n), Parent: "parent",
		System: "system-1", Sequence: uint64(n), Document: []byte(`{"a":  "<ü>"}`), Secret: []byte(`{"password":"p"}`),
	}
}

func testObjects(t *testing.T, s btp.Store) {
	findIt := func(kind btp.ObjectKind, id string) (btp.Object, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Object, bool, error) { return tx.Objects().Find(kind, id) })
	}
	byName := func(kind btp.ObjectKind, scope, name string) (btp.Object, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Object, bool, error) { return tx.Objects().FindByName(kind, scope, name) })
	}
	if _, ok := findIt(btp.KindServiceInstance, "instance-1"); ok {
		t.Error("an empty store has an object")
	}
	a := object(1)
	sameName := a // of another kind, and in another scope
	sameName.Kind = btp.KindDestination
	elsewhere := object(2)
	elsewhere.Scope, elsewhere.Name = "test", a.Name
	nameless := btp.Object{Kind: btp.KindServiceInstance, ID: "n", Scope: "dev", Sequence: 3}
	another := btp.Object{Kind: btp.KindServiceInstance, ID: "m", Scope: "dev", Sequence: 4}
	update(t, s, env, func(tx btp.Tx) error {
		o := tx.Objects()
		return all(o.Put(a), o.Put(sameName), o.Put(elsewhere), o.Put(nameless), o.Put(another))
	})
	for _, want := range []btp.Object{a, sameName, elsewhere, nameless, another} {
		got, _ := findIt(want.Kind, want.ID)
		same(t, "object "+want.ID, got, want)
	}
	got, _ := byName(btp.KindServiceInstance, "test", a.Name)
	same(t, "object by name", got, elsewhere)
	if _, ok := byName(btp.KindServiceInstance, "prod", a.Name); ok {
		t.Error("an object is found in another scope")
	}

	taken := object(9)
	taken.Name = a.Name
	err := s.Update(context.Background(), env, func(tx btp.Tx) error { return tx.Objects().Put(taken) })
	wantCode(t, "a name that is taken", err, btp.NameTaken)
	taken.Name, taken.Sequence = "other", 2
	err = s.Update(context.Background(), env, func(tx btp.Tx) error { return tx.Objects().Put(taken) })
	wantCode(t, "same sequence", err, btp.Internal)

	a = btp.Object{Kind: a.Kind, ID: a.ID, Scope: "prod", Name: "renamed", Sequence: 1 << 40}
	update(t, s, env, func(tx btp.Tx) error {
		o := tx.Objects()
		return all(o.Put(a), o.Delete(btp.KindServiceInstance, "n"), o.Delete(btp.KindServiceInstance, "n"), o.Delete(btp.KindQueue, "m"))
	})
	got, _ = byName(a.Kind, "prod", "renamed")
	same(t, "renamed object", got, a)
	if _, ok := byName(a.Kind, "dev", "Instance 1"); ok {
		t.Error("an object is found by its former name")
	}
	if _, ok := findIt(btp.KindServiceInstance, "n"); ok {
		t.Error("a deleted object is found")
	}
	if _, ok := findIt(btp.KindServiceInstance, "m"); !ok {
		t.Error("deleting an object took one of another kind")
	}
}

// testObjectLists holds every filter and every page against a plain loop.
func testObjectLists(t *testing.T, s btp.Store) {
	var everyone []btp.Object
	for n := 1; n <= 60; n++ {
		o := object(n)
		o.Kind = []btp.ObjectKind{btp.KindQueue, btp.KindMessage}[n%2]
		o.Scope, o.Parent = []string{"dev", "test", ""}[n%3], []string{"", "p1", "p2"}[n/2%3]
		o.System = []btp.SystemID{"", "system-1", "system-2"}[n/3%3]
		everyone = append(everyone, o)
	}
	update(t, s, env, func(tx btp.Tx) error { return scrambled(everyone, tx.Objects().Put) })
	update(t, s, env, func(tx btp.Tx) error {
		everyone[20].System, everyone[30].Scope, everyone[31].Parent = "system-9", "prod", ""
		err := all(tx.Objects().Put(everyone[20]), tx.Objects().Put(everyone[30]), tx.Objects().Put(everyone[31]),
			tx.Objects().Delete(everyone[40].Kind, everyone[40].ID))
		everyone = slices.Delete(everyone, 40, 41)
		return err
	})
	view(t, s, env, func(tx btp.Tx) error {
		for _, kind := range []btp.ObjectKind{btp.KindQueue, btp.KindMessage, btp.KindTrust} {
			for _, scope := range []string{"", "dev", "prod"} {
				for _, parent := range []string{"", "p1", "nobody"} {
					for _, system := range []btp.SystemID{"", "system-1", "system-9"} {
						f := btp.ObjectFilter{Kind: kind, Scope: scope, Parent: parent, System: system}
						if err := objectPages(t, tx, everyone, f); err != nil {
							return err
						}
					}
				}
			}
		}
		return nil
	})
}

func objectPages(t *testing.T, tx btp.Tx, everyone []btp.Object, f btp.ObjectFilter) error {
	selects := func(o btp.Object) bool {
		return o.Kind == f.Kind && (f.Scope == "" || o.Scope == f.Scope) && (f.Parent == "" || o.Parent == f.Parent) &&
			(f.System == "" || o.System == f.System)
	}
	want := 0
	for _, o := range everyone {
		if selects(o) {
			want++
		}
	}
	got, err := tx.Objects().Count(f)
	if err != nil {
		return err
	}
	same(t, fmt.Sprintf("Count(%+v)", f), got, want)
	return listing[btp.Object]{
		everyone: everyone, selects: selects,
		sequence: func(o btp.Object) uint64 { return o.Sequence },
		list: func(after uint64, limit int) ([]btp.Object, error) {
			f.After, f.Limit = after, limit
			return tx.Objects().List(f)
		},
	}.check(t, fmt.Sprintf("List(%+v)", f))
}
