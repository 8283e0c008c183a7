package storetest

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func reservation(name string, release byte) btp.Reservation {
	r := btp.Reservation{GlobalAccount: "ga", Name: name, System: "system-1", TenantID: "tenant", CreatedAt: start}
	if release != 0 {
		r.Release = btp.Digest{31: release}
	}
	return r
}

func testReservations(t *testing.T, s btp.Store) {
	byName := func(ga btp.GlobalAccountID, name string) (btp.Reservation, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Reservation, bool, error) { return tx.Reservations().Find(ga, name) })
	}
	byRelease := func(n byte) (btp.Reservation, bool) {
		return find(t, s, func(tx btp.Tx) (btp.Reservation, bool, error) {
			return tx.Reservations().FindByRelease(reservation("", n).Release)
		})
	}
	put := func(r btp.Reservation) { update(t, s, env, func(tx btp.Tx) error { return tx.Reservations().Put(r) }) }
	first, elsewhere := reservation("Shop", 1), reservation("Shop", 2)
	elsewhere.GlobalAccount = "ga2"
	put(first)
	put(elsewhere)
	put(reservation("unreleased", 0))
	put(reservation("unreleased too", 0))
	for _, want := range []btp.Reservation{first, elsewhere, reservation("unreleased", 0), reservation("unreleased too", 0)} {
		got, _ := byName(want.GlobalAccount, want.Name)
		same(t, "reservation by name", got, want)
	}
	for n, want := range map[byte]btp.Reservation{1: first, 2: elsewhere} {
		got, _ := byRelease(n)
		same(t, "reservation by release token", got, want)
	}
	for _, n := range []byte{0, 9} {
		if got, ok := byRelease(n); ok {
			t.Errorf("release token %d finds the reservation of %q", n, got.Name)
		}
	}
	if got, ok := byName("ga", "shop"); ok {
		t.Errorf("a name in other letters finds the reservation of %q", got.Name)
	}
	first.System, first.TenantID, first.CreatedAt, first.Release = "system-2", "other", start.Add(time.Hour), btp.Digest{3}
	put(first)
	got, _ := byName("ga", "Shop")
	same(t, "replaced reservation", got, first)
	if _, ok := byRelease(1); ok {
		t.Error("a release token that was replaced is found")
	}
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.Reservations()
		return all(k.Delete("ga2", "Shop"), k.Delete("ga2", "Shop"), k.Delete("ga3", "Shop"))
	})
	if _, ok := byName("ga2", "Shop"); ok {
		t.Error("a deleted reservation is found by name")
	}
	if _, ok := byRelease(2); ok {
		t.Error("a deleted reservation is found by its release token")
	}
	got, _ = byName("ga", "Shop")
	same(t, "reservation of the same name elsewhere", got, first)
}
