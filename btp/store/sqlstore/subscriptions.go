package sqlstore

import "github.com/pairsim/pairsim/btp"

type subscriptions struct{ *tx }

const subscriptionSelect = `SELECT id, subaccount, source, type, version, sink, mode, sequence, created_at FROM subscriptions`

func readSubscription(r Row) btp.Subscription {
	return btp.Subscription{
		ID: btp.SubscriptionID(r.Text(0)), Subaccount: btp.SubaccountID(r.Text(1)), Source: r.Text(2), Type: r.Text(3), Version: r.Text(4),
		Sink: r.Text(5), Mode: btp.EventMode(r.Text(6)), Sequence: uint64(r.Number(7)), CreatedAt: r.Time(8),
	}
}

func (t subscriptions) Find(id btp.SubscriptionID) (s btp.Subscription, ok bool, err error) {
	ok, err = t.one(subscriptionSelect+` WHERE env = ? AND id = ?`, func(r Row) error {
		s = readSubscription(r)
		return nil
	}, t.env, string(id))
	return s, ok, err
}

func (t subscriptions) ListOf(subaccount btp.SubaccountID) (list []btp.Subscription, err error) {
	p, _ := t.paging(0, 0)
	along := t.along("subscriptions_by_sequence")
	if subaccount != "" {
		along = t.along("subscriptions_by_subaccount")
	}
	p.add("subaccount", string(subaccount))
	err = t.query(subscriptionSelect+along+` WHERE env = ?1 AND sequence > ?2`+p.where+` ORDER BY sequence LIMIT ?3`, func(r Row) error {
		list = append(list, readSubscription(r))
		return nil
	}, p.args...)
	return list, err
}

var subscriptionTable = ordered("subscriptions", "env, id", "env", "subaccount, source, type, version, sink, mode, sequence, created_at")

func (t subscriptions) Put(s btp.Subscription) error {
	return t.putUnique(subscriptionTable, false, nil, t.env, string(s.ID), string(s.Subaccount), s.Source, s.Type, s.Version, s.Sink, string(s.Mode), int64(s.Sequence), s.CreatedAt)
}

func (t subscriptions) Delete(id btp.SubscriptionID) error {
	return t.write(`DELETE FROM subscriptions WHERE env = ? AND id = ?`, t.env, string(id))
}
