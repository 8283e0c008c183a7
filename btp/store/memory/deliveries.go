package memory

import (
	"bytes"
	"maps"

	"github.com/pairsim/pairsim/btp"
)

// deliveryList names an ordered list of deliveries: all, or those that have the
// fields that are set.
type deliveryList struct {
	subscription btp.SubscriptionID
	subaccount   btp.SubaccountID
	state        btp.DeliveryState
}

// listsOfDelivery are the lists that a delivery stands in.
func listsOfDelivery(d *btp.Delivery) [4]deliveryList {
	return [4]deliveryList{{}, {subscription: d.Subscription}, {subscription: d.Subscription, state: d.State}, {subaccount: d.Subaccount}}
}

type deliveries struct{ *tx }

// List walks along the shortest of the lists that the filter names.
func (t deliveries) List(f btp.DeliveryFilter) ([]btp.Delivery, error) {
	selected := func(d *btp.Delivery) bool {
		return (f.Subscription == "" || d.Subscription == f.Subscription) &&
			(f.Subaccount == "" || d.Subaccount == f.Subaccount) &&
			(f.State == "" || d.State == f.State)
	}
	along := deliveryList{subaccount: f.Subaccount}
	if f.Subscription != "" {
		along = deliveryList{subscription: f.Subscription, state: f.State}
	}
	return page(t.deliveryLists, along, f.After, f.Limit, selected, cloneDelivery), nil
}

func (t deliveries) Count(id btp.SubscriptionID, state btp.DeliveryState) (int, error) {
	if list, ok := t.deliveryLists[deliveryList{subscription: id, state: state}]; ok {
		return list.Len(), nil
	}
	return 0, nil
}

func (t deliveries) Put(d btp.Delivery) error {
	now := cloneDelivery(&d)
	return swap(t.tx, (*state).replaceDelivery, t.present(d.Sequence), &now)
}

func (t deliveries) Delete(sequence uint64) error {
	return swap(t.tx, (*state).replaceDelivery, t.present(sequence), nil)
}

func (t deliveries) present(sequence uint64) *btp.Delivery {
	d, _ := t.deliveryLists.at(deliveryList{}, sequence)
	return d
}

func (s *state) replaceDelivery(old, now *btp.Delivery) {
	if old != nil {
		for _, l := range listsOfDelivery(old) {
			s.deliveryLists.remove(l, old.Sequence)
		}
	}
	if now != nil {
		for _, l := range listsOfDelivery(now) {
			s.deliveryLists.add(l, now.Sequence, now)
		}
	}
}

func cloneDelivery(d *btp.Delivery) btp.Delivery {
	c := *d
	c.Attributes, c.Data = maps.Clone(d.Attributes), bytes.Clone(d.Data)
	return c
}
