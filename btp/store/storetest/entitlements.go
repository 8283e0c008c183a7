package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func entitlement(n int) btp.Entitlement {
	return btp.Entitlement{
		ID: btp.EntitlementID(fmt.Sprintf("entitlement-%d", n)), GlobalAccount: "ga", Subaccount: "dev", System: "system-1",
		Service: btp.ExtensibilityService, Plan: btp.ExtensibilityPlans[n%2], Quota: n, Sequence: uint64(n), CreatedAt: start,
	}
}

func testEntitlements(t *testing.T, s btp.Store) {
	tryGet := func(id btp.EntitlementID) (e btp.Entitlement, err error) {
		err = s.View(context.Background(), env, func(tx btp.Tx) (err error) {
			e, err = tx.Entitlements().Get(id)
			return err
		})
		return e, err
	}
	_, err := tryGet("entitlement-1")
	wantCode(t, "unknown entitlement", err, btp.EntitlementNotFound)
	want := entitlement(1)
	put := func() { update(t, s, env, func(tx btp.Tx) error { return tx.Entitlements().Put(want) }) }
	put()
	got, _ := tryGet(want.ID)
	same(t, "entitlement", got, want)
	old := want
	want.GlobalAccount, want.Subaccount, want.System, want.Service, want.Plan = "ga2", "test", "system-2", "service", "plan"
	want.Sequence, want.CreatedAt, want.Quota = 9, start.Add(time.Hour), 3
	put()
	got, _ = tryGet(want.ID)
	same(t, "entitlement", got, want)
	for _, f := range []btp.EntitlementFilter{{GlobalAccount: old.GlobalAccount}, {Subaccount: old.Subaccount}, {System: old.System}, {Plan: old.Plan}} {
		list := get(t, s, func(tx btp.Tx) ([]btp.Entitlement, error) { return tx.Entitlements().List(f) })
		same(t, fmt.Sprintf("List(%+v) of what has changed", f), list, []btp.Entitlement{})
	}
	err = s.Update(context.Background(), env, func(tx btp.Tx) error {
		second := entitlement(2)
		second.Sequence = want.Sequence
		return tx.Entitlements().Put(second)
	})
	wantCode(t, "same sequence", err, btp.Internal)
	update(t, s, env, func(tx btp.Tx) error {
		return all(tx.Entitlements().Delete(want.ID), tx.Entitlements().Delete(want.ID), tx.Entitlements().Delete("nobody"))
	})
	_, err = tryGet(want.ID)
	wantCode(t, "deleted entitlement", err, btp.EntitlementNotFound)
	list := get(t, s, func(tx btp.Tx) ([]btp.Entitlement, error) { return tx.Entitlements().List(btp.EntitlementFilter{}) })
	same(t, "all entitlements", list, []btp.Entitlement{})
	put()
}

// testEntitlementLists holds every filter and every page against a plain loop.
func testEntitlementLists(t *testing.T, s btp.Store) {
	var everyone []btp.Entitlement
	for n := 1; n <= 60; n++ {
		e := entitlement(n)
		e.Subaccount, e.System = []btp.SubaccountID{"dev", "test", "prod"}[n%3], btp.SystemID(fmt.Sprintf("system-%d", n%4))
		if n%5 == 0 {
			e.GlobalAccount = "ga2"
		}
		everyone = append(everyone, e)
	}
	update(t, s, env, func(tx btp.Tx) error { return scrambled(everyone, tx.Entitlements().Put) })
	update(t, s, env, func(tx btp.Tx) error {
		everyone[20].System, everyone[30].Subaccount = "system-9", "test"
		err := all(tx.Entitlements().Put(everyone[20]), tx.Entitlements().Put(everyone[30]), tx.Entitlements().Delete(everyone[40].ID))
		everyone = slices.Delete(everyone, 40, 41)
		return err
	})
	view(t, s, env, func(tx btp.Tx) error {
		for _, f := range entitlementFilters() {
			err := listing[btp.Entitlement]{
				everyone: everyone,
				selects: func(e btp.Entitlement) bool {
					return (f.GlobalAccount == "" || e.GlobalAccount == f.GlobalAccount) && (f.Subaccount == "" || e.Subaccount == f.Subaccount) &&
						(f.System == "" || e.System == f.System) && (f.Plan == "" || e.Plan == f.Plan)
				},
				sequence: func(e btp.Entitlement) uint64 { return e.Sequence },
				list: func(after uint64, limit int) ([]btp.Entitlement, error) {
					f.After, f.Limit = after, limit
					return tx.Entitlements().List(f)
				},
			}.check(t, fmt.Sprintf("List(%+v)", f))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func entitlementFilters() (list []btp.EntitlementFilter) {
	for _, ga := range []btp.GlobalAccountID{"", "ga", "ga2", "ga3"} {
		for _, sub := range []btp.SubaccountID{"", "dev", "test", "nowhere"} {
			for _, system := range []btp.SystemID{"", "system-1", "system-9", "nobody"} {
				for _, plan := range append([]string{"", "none"}, btp.ExtensibilityPlans...) {
					list = append(list, btp.EntitlementFilter{GlobalAccount: ga, Subaccount: sub, System: system, Plan: plan})
				}
			}
		}
	}
	return list
}
