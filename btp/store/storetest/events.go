package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func subscription(n int) btp.Subscription {
	return btp.Subscription{
		ID: btp.SubscriptionID(fmt.Sprintf("subscription-%d", n)), Subaccount: "dev", Source: "mp-system-1", Type: "order.created", Version: "v1",
		Sink: "http://127.0.0.1:9/sink", Mode: btp.BinaryMode, Sequence: uint64(n), CreatedAt: start,
	}
}

func delivery(sequence int, of string) btp.Delivery {
	return btp.Delivery{
		Subscription: btp.SubscriptionID(of), Subaccount: "dev", Sequence: uint64(sequence), State: btp.DeliveryWaiting,
		Attributes: map[string]string{"id": fmt.Sprintf("<&> %d", sequence), "type": "order.created.v1", "source": "mp-system-1"},
		Data:       []byte(`{"orderCode":  "<ü>"}`), Attempts: 2, Failure: "the sink cannot be reached", CreatedAt: start,
	}
}

func testSubscriptions(t *testing.T, s btp.Store) {
	listOf := func(id btp.SubaccountID) []btp.Subscription {
		return get(t, s, func(tx btp.Tx) ([]btp.Subscription, error) { return tx.Subscriptions().ListOf(id) })
	}
	same(t, "subscriptions of an empty store", listOf(""), []btp.Subscription{})
	a, b, c := subscription(1), subscription(2), subscription(3)
	b.Subaccount = "test"
	update(t, s, env, func(tx btp.Tx) error { return scrambled([]btp.Subscription{a, b, c}, tx.Subscriptions().Put) })
	same(t, "all subscriptions", listOf(""), []btp.Subscription{a, b, c})
	same(t, "subscriptions of a subaccount", listOf("dev"), []btp.Subscription{a, c})
	c = btp.Subscription{
		ID: c.ID, Subaccount: "test", Source: "s", Type: "t", Version: "v2", Sink: "http://[::1]/", Mode: btp.StructuredMode,
		Sequence: 1 << 40, CreatedAt: start.Add(time.Hour),
	}
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.Subscriptions()
		return all(k.Put(c), k.Delete(a.ID), k.Delete(a.ID))
	})
	same(t, "subscriptions of the subaccount that is left", listOf("dev"), []btp.Subscription{})
	same(t, "subscriptions", listOf("test"), []btp.Subscription{b, c})
	got, _ := find(t, s, func(tx btp.Tx) (btp.Subscription, bool, error) { return tx.Subscriptions().Find(c.ID) })
	same(t, "subscription", got, c)
	if _, ok := find(t, s, func(tx btp.Tx) (btp.Subscription, bool, error) { return tx.Subscriptions().Find(a.ID) }); ok {
		t.Error("a deleted subscription is found")
	}
}

// testDeliveries holds every filter and every page against a plain loop.
func testDeliveries(t *testing.T, s btp.Store) {
	var everyone []btp.Delivery
	for n := 1; n <= 60; n++ {
		d := delivery(n, fmt.Sprintf("subscription-%d", n%3))
		d.Subaccount, d.State = []btp.SubaccountID{"dev", "test"}[n%2], btp.DeliveryStates[n%5%2]
		everyone = append(everyone, d)
	}
	update(t, s, env, func(tx btp.Tx) error { return scrambled(everyone, tx.Deliveries().Put) })
	update(t, s, env, func(tx btp.Tx) error {
		everyone[20].State, everyone[30].Data, everyone[31].Attempts = btp.DeliveryDead, nil, 5
		err := all(tx.Deliveries().Put(everyone[20]), tx.Deliveries().Put(everyone[30]), tx.Deliveries().Put(everyone[31]),
			tx.Deliveries().Delete(everyone[40].Sequence), tx.Deliveries().Delete(everyone[40].Sequence), tx.Deliveries().Delete(999))
		everyone = slices.Delete(everyone, 40, 41)
		return err
	})
	view(t, s, env, func(tx btp.Tx) error {
		for _, id := range []btp.SubscriptionID{"", "subscription-1", "nobody"} {
			for _, sub := range []btp.SubaccountID{"", "dev", "nowhere"} {
				for _, state := range append([]btp.DeliveryState{""}, btp.DeliveryStates...) {
					if err := deliveryPages(t, tx, everyone, btp.DeliveryFilter{Subscription: id, Subaccount: sub, State: state}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

func deliveryPages(t *testing.T, tx btp.Tx, everyone []btp.Delivery, f btp.DeliveryFilter) error {
	selects := func(d btp.Delivery) bool {
		return (f.Subscription == "" || d.Subscription == f.Subscription) && (f.Subaccount == "" || d.Subaccount == f.Subaccount) &&
			(f.State == "" || d.State == f.State)
	}
	if f.Subaccount == "" && f.Subscription != "" && f.State != "" {
		want := 0
		for _, d := range everyone {
			if selects(d) {
				want++
			}
		}
		got, err := tx.Deliveries().Count(f.Subscription, f.State)
		if err != nil {
			return err
		}
		same(t, fmt.Sprintf("Count(%s, %s)", f.Subscription, f.State), got, want)
	}
	return listing[btp.Delivery]{
		everyone: everyone, selects: selects,
		sequence: func(d btp.Delivery) uint64 { return d.Sequence },
		list: func(after uint64, limit int) ([]btp.Delivery, error) {
			f.After, f.Limit = after, limit
			return tx.Deliveries().List(f)
		},
	}.check(t, fmt.Sprintf("List(%+v)", f))
}
