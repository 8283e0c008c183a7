package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func incident(n int) btp.Incident {
	return btp.Incident{
		ID: btp.IncidentID(fmt.Sprintf("incident-%d", n)), GlobalAccount: "ga",
		Subject:   btp.IncidentSubject{Kind: btp.KindSystem, ID: "system-1", Name: "System 1"},
		Component: "BC-CP-MP", Cause: `"<&> ü`, Step: btp.PointCSR, Status: "Error", OpenedAt: start, Sequence: uint64(n),
	}
}

func testIncidents(t *testing.T, s btp.Store) {
	tryGet := func(id btp.IncidentID) (i btp.Incident, err error) {
		err = s.View(context.Background(), env, func(tx btp.Tx) (err error) {
			i, err = tx.Incidents().Get(id)
			return err
		})
		return i, err
	}
	list := func(f btp.IncidentFilter) []btp.Incident {
		return get(t, s, func(tx btp.Tx) ([]btp.Incident, error) { return tx.Incidents().List(f) })
	}
	_, err := tryGet("incident-1")
	wantCode(t, "unknown incident", err, btp.IncidentNotFound)
	want := incident(1)
	put := func() { update(t, s, env, func(tx btp.Tx) error { return tx.Incidents().Put(want) }) }
	put()
	got, _ := tryGet(want.ID)
	same(t, "open incident", got, want)
	same(t, "open incidents", list(btp.IncidentFilter{OpenOnly: true}), []btp.Incident{want})
	want.ResolvedAt, want.Resolution = start.Add(time.Hour), "by support"
	put()
	got, _ = tryGet(want.ID)
	same(t, "resolved incident", got, want)
	same(t, "open incidents after resolving", list(btp.IncidentFilter{OpenOnly: true}), []btp.Incident{})
	old := want
	want.GlobalAccount, want.Subject = "ga2", btp.IncidentSubject{Kind: btp.KindFormation, ID: "formation-1", Name: "F"}
	want.Component, want.Cause, want.Step, want.Status = "c", "other", btp.PointCSR, "s"
	want.OpenedAt, want.ResolvedAt, want.Resolution, want.Sequence = start.Add(time.Minute), time.Time{}, "", 9
	put()
	got, _ = tryGet(want.ID)
	same(t, "changed incident", got, want)
	same(t, "open incidents", list(btp.IncidentFilter{OpenOnly: true}), []btp.Incident{want})
	for _, f := range []btp.IncidentFilter{{GlobalAccount: old.GlobalAccount}, {Subject: old.Subject.ID}} {
		same(t, fmt.Sprintf("List(%+v) of what has changed", f), list(f), []btp.Incident{})
	}
	err = s.Update(context.Background(), env, func(tx btp.Tx) error {
		second := incident(2)
		second.Sequence = want.Sequence
		return tx.Incidents().Put(second)
	})
	wantCode(t, "same sequence", err, btp.Internal)
	update(t, s, env, func(tx btp.Tx) error {
		return all(tx.Incidents().Delete(want.ID), tx.Incidents().Delete(want.ID), tx.Incidents().Delete("nobody"))
	})
	_, err = tryGet(want.ID)
	wantCode(t, "deleted incident", err, btp.IncidentNotFound)
	same(t, "all incidents", list(btp.IncidentFilter{}), []btp.Incident{})
	put()
}

// testIncidentLists holds every filter and every page against a plain loop.
func testIncidentLists(t *testing.T, s btp.Store) {
	var everyone []btp.Incident
	for n := 1; n <= 60; n++ {
		i := incident(n)
		i.Subject.ID = []string{"system-1", "system-2", "formation-1"}[n%3]
		if n%5 == 0 {
			i.GlobalAccount = "ga2"
		}
		if n%4 == 0 {
			i.ResolvedAt = start.Add(time.Duration(n) * time.Minute)
		}
		everyone = append(everyone, i)
	}
	update(t, s, env, func(tx btp.Tx) error { return scrambled(everyone, tx.Incidents().Put) })
	update(t, s, env, func(tx btp.Tx) error {
		everyone[20].ResolvedAt, everyone[23].ResolvedAt = start, time.Time{}
		err := all(tx.Incidents().Put(everyone[20]), tx.Incidents().Put(everyone[23]), tx.Incidents().Delete(everyone[40].ID))
		everyone = slices.Delete(everyone, 40, 41)
		return err
	})
	view(t, s, env, func(tx btp.Tx) error {
		for _, f := range incidentFilters() {
			err := listing[btp.Incident]{
				everyone: everyone,
				selects: func(i btp.Incident) bool {
					return (f.GlobalAccount == "" || i.GlobalAccount == f.GlobalAccount) && (f.Subject == "" || i.Subject.ID == f.Subject) &&
						(!f.OpenOnly || i.ResolvedAt.IsZero())
				},
				sequence: func(i btp.Incident) uint64 { return i.Sequence },
				list: func(after uint64, limit int) ([]btp.Incident, error) {
					f.After, f.Limit = after, limit
					return tx.Incidents().List(f)
				},
			}.check(t, fmt.Sprintf("List(%+v)", f))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func incidentFilters() (list []btp.IncidentFilter) {
	for _, ga := range []btp.GlobalAccountID{"", "ga", "ga2", "ga3"} {
		for _, subject := range []string{"", "system-1", "formation-1", "nobody"} {
			for _, open := range []bool{false, true} {
				list = append(list, btp.IncidentFilter{GlobalAccount: ga, Subject: subject, OpenOnly: open})
			}
		}
	}
	return list
}
