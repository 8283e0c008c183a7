package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// EveryStatement makes an empty store run every statement that it has, so that its
// plans can be looked at.
func EveryStatement(tb testing.TB, s btp.Store) {
	NewPairer(tb, s).Pair(tb)
	update(tb, s, env, func(tx btp.Tx) error {
		one := btp.System{ID: "other", GlobalAccount: "ga", Type: "SAP Cloud for Customer", Status: btp.Pending, Sequence: 1 << 32}
		if err := tx.Systems().Put(one); err != nil { // a second range
			return err
		}
		filters := []btp.SystemFilter{
			{GlobalAccount: "ga"},
			{GlobalAccount: "ga", Name: "n"},
			{GlobalAccount: "ga", Status: btp.Registered},
			{GlobalAccount: "ga", Type: "SAP Commerce Cloud"},
			{GlobalAccount: "ga", Status: btp.Registered, Type: "SAP Commerce Cloud"},
		}
		for _, f := range filters {
			if _, err := tx.Systems().List(f); err != nil {
				return err
			}
		}
		_, err1 := tx.Tokens().LastExpiry("k") // looks through the live tokens
		_, err2 := tx.Certificates().ListOf("s")
		_, _, err3 := tx.Services().Find("s", "i")
		_, _, err4 := tx.Services().FindByIdentifier("s", "i")
		_, err5 := tx.Services().ListOf("s")
		_, _, err6 := tx.Authorities().Find("a")
		return errors.Join(err1, err2, err3, err4, err5, err6, everyList(tx), LifeStatements(tx),
			tx.Services().Put(btp.Service{System: "s", ID: "i"}), tx.Services().Delete("s", "i"), tx.Systems().Delete("s"),
			tx.Keys().Delete("k"), tx.Tokens().Delete("t"), tx.Certificates().Delete("c"))
	})
}

// everyList asks for every combination of what a list can be filtered by.
func everyList(tx btp.Tx) error {
	var errs []error
	for mask := range 16 {
		if mask == 1<<3 {
			continue // nobody asks for a name or a plan anywhere
		}
		pick := func(bit int, value string) string {
			if mask>>bit&1 == 1 {
				return value
			}
			return ""
		}
		open := mask>>2&1 == 1
		ga, sub, system := btp.GlobalAccountID(pick(0, "ga")), btp.SubaccountID(pick(1, "dev")), btp.SystemID(pick(2, "s"))
		_, err1 := tx.Formations().List(btp.FormationFilter{GlobalAccount: ga, Subaccount: sub, System: system, Name: pick(3, "n")})
		_, err2 := tx.Entitlements().List(btp.EntitlementFilter{GlobalAccount: ga, Subaccount: sub, System: system, Plan: pick(3, "p")})
		_, err3 := tx.Incidents().List(btp.IncidentFilter{GlobalAccount: ga, Subject: pick(1, "s"), OpenOnly: open})
		errs = append(errs, err1, err2, err3)
	}
	return errors.Join(errs...)
}

// LifeStatements runs the other statements of what the life of a system needs.
func LifeStatements(tx btp.Tx) error {
	f := btp.Formation{ID: "f", GlobalAccount: "ga", Name: "n", Systems: []btp.SystemID{"s"}, Sequence: 1}
	now := time.Unix(0, 1)
	err := errors.Join(
		tx.Formations().Put(f),
		tx.Assignments().Put(btp.Assignment{Formation: "f", ID: "a"}),
		tx.Entitlements().Put(btp.Entitlement{ID: "e"}),
		tx.Incidents().Put(btp.Incident{ID: "i"}),
		tx.Reservations().Put(btp.Reservation{GlobalAccount: "ga", Name: "n"}),
		tx.Replays().Put(btp.Replay{Key: "k"}),
		tx.OAuthClients().Put(btp.OAuthClient{ID: "c"}),
		tx.Subscriptions().Put(btp.Subscription{ID: "s"}),
		tx.Deliveries().Put(btp.Delivery{Subscription: "s"}),
		eventStatements(tx),
		tx.Due().Put(btp.Due{At: now, Kind: btp.DueCertExpiry, Subject: "s"}),
		tx.Due().Claim(btp.DueCertExpiry, "s", now),
		tx.Due().Put(btp.Due{At: now, Kind: btp.DueRemoval, Subject: "r", Reads: 2}),
		tx.Due().Put(btp.Due{At: now, Kind: btp.DueRemoval, Subject: "h", Hold: "hold"}),
		tx.Transitions().Put(btp.TransitionRemoving, btp.TransitionPolicy{Held: true}),
	)
	_, err1 := tx.Formations().Get("f")
	_, _, err2 := tx.Formations().FindByName("ga", "n")
	_, _, err3 := tx.Assignments().Find("f", "a")
	_, err4 := tx.Assignments().ListOf("f")
	_, err5 := tx.Assignments().Count("f")
	_, err6 := tx.Entitlements().Get("e")
	_, err7 := tx.Incidents().Get("i")
	_, _, err8 := tx.Reservations().Find("ga", "n")
	_, _, err9 := tx.Reservations().FindByRelease(btp.Digest{1})
	_, _, err10 := tx.Replays().Find("k")
	_, _, err11 := tx.OAuthClients().Find("c")
	_, err12 := tx.OAuthClients().List()
	_, _, err13 := tx.Due().Find(btp.DueCertExpiry, "s")
	_, _, err14 := tx.Due().NextFree(now, now)
	_, _, err15 := tx.Due().Earliest(now)
	_, _, err16 := tx.Due().FindHeld("hold")
	_, err17 := tx.Due().ListHeld(9)
	_, _, err18 := tx.Transitions().Find(btp.TransitionRemoving)
	return errors.Join(err15, err16, err17, err18, tx.Transitions().Delete(btp.TransitionRemoving), err, err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12, err13, err14,
		tx.Assignments().Delete("f", "a"), tx.Formations().Delete("f"), tx.Entitlements().Delete("e"), tx.Incidents().Delete("i"),
		tx.Reservations().Delete("ga", "n"), tx.Replays().Delete("k"), tx.OAuthClients().Delete("c"), tx.Due().Cancel(btp.DueCertExpiry, "s"))
}

// eventStatements asks for every list of subscriptions and deliveries.
func eventStatements(tx btp.Tx) error {
	_, _, err1 := tx.Subscriptions().Find("s")
	_, err2 := tx.Subscriptions().ListOf("")
	_, err3 := tx.Subscriptions().ListOf("dev")
	_, err4 := tx.Deliveries().Count("s", btp.DeliveryDead)
	errs := []error{err1, err2, err3, err4, tx.Subscriptions().Delete("s"), tx.Deliveries().Delete(1)}
	for _, f := range []btp.DeliveryFilter{
		{}, {Subscription: "s"}, {Subscription: "s", State: btp.DeliveryWaiting}, {Subaccount: "dev"}, {Subaccount: "dev", State: btp.DeliveryDead},
	} {
		_, err := tx.Deliveries().List(f)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// WalksEnvironment says whether a statement reads an index of the whole environment on
// purpose.
func WalksEnvironment(query string) bool {
	for _, part := range []string{
		"FROM environments", "FROM subaccounts", "ORDER BY at, number LIMIT", "state = 'live' AND key_id", "FROM signing_keys", "max(number), 0) + 1 FROM due",
		"FROM oauth_clients",
	} {
		if strings.Contains(query, part) {
			return true
		}
	}
	return false
}
