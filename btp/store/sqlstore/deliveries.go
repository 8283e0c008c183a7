package sqlstore

import (
	"encoding/json"

	"github.com/pairsim/pairsim/btp"
)

type deliveries struct{ *tx }

const deliverySelect = `SELECT sequence, subscription, subaccount, state, attributes, data, attempts, failure, created_at FROM deliveries`

func readDelivery(r Row) (btp.Delivery, error) {
	d := btp.Delivery{
		Sequence: uint64(r.Number(0)), Subscription: btp.SubscriptionID(r.Text(1)), Subaccount: btp.SubaccountID(r.Text(2)),
		State: btp.DeliveryState(r.Text(3)), Data: r.Bytes(5), Attempts: int(r.Number(6)), Failure: r.Text(7), CreatedAt: r.Time(8),
	}
	return d, json.Unmarshal([]byte(r.Text(4)), &d.Attributes)
}

// List walks along one index, as that of entitlements does.
func (t deliveries) List(f btp.DeliveryFilter) (list []btp.Delivery, err error) {
	p, ok := t.paging(f.After, f.Limit)
	if !ok {
		return nil, nil
	}
	along := ``
	switch {
	case f.Subscription != "" && f.State != "":
		along = t.along("deliveries_by_subscription")
	case f.Subscription != "":
		along = t.along("deliveries_of_subscription")
	case f.Subaccount != "":
		along = t.along("deliveries_by_subaccount")
	}
	p.add("subscription", string(f.Subscription))
	p.add("subaccount", string(f.Subaccount))
	p.add("state", string(f.State))
	err = t.query(deliverySelect+along+` WHERE env = ?1 AND sequence > ?2`+p.where+` ORDER BY sequence LIMIT ?3`, func(r Row) error {
		d, err := readDelivery(r)
		list = append(list, d)
		return err
	}, p.args...)
	return list, err
}

func (t deliveries) Count(id btp.SubscriptionID, state btp.DeliveryState) (n int, err error) {
	_, err = t.one(`SELECT count(*) FROM deliveries WHERE env = ? AND subscription = ? AND state = ?`, func(r Row) error {
		n = int(r.Number(0))
		return nil
	}, t.env, string(id), string(state))
	return n, err
}

var deliveryTable = tableOf("deliveries", "env, sequence", "subscription, subaccount, state, attributes, data, attempts, failure, created_at")

func (t deliveries) Put(d btp.Delivery) error {
	attributes, err := json.Marshal(d.Attributes)
	if err != nil {
		return err
	}
	return t.put(deliveryTable, t.env, int64(d.Sequence), string(d.Subscription), string(d.Subaccount), string(d.State), string(attributes), d.Data,
		int64(d.Attempts), d.Failure, d.CreatedAt)
}

func (t deliveries) Delete(sequence uint64) error {
	return t.write(`DELETE FROM deliveries WHERE env = ? AND sequence = ?`, t.env, int64(sequence))
}
