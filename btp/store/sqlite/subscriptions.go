package sqlite

import "github.com/pairsim/pairsim/btp"

type subscriptions struct{ *tx }

const subscriptionSelect = `SELECT id, subaccount, source, type, version, sink, mode, sequence, created_at FROM subscriptions`

func readSubscription(r row) btp.Subscription {
	return btp.Subscription{
		ID: btp.SubscriptionID(r.text(0)), Subaccount: btp.SubaccountID(r.text(1)), Source: r.text(2), Type: r.text(3), Version: r.text(4),
		Sink: r.text(5), Mode: btp.EventMode(r.text(6)), Sequence: uint64(r.number(7)), CreatedAt: r.time(8),
	}
}

func (t subscriptions) Find(id btp.SubscriptionID) (s btp.Subscription, ok bool, err error) {
	ok, err = t.one(subscriptionSelect+` WHERE env = ? AND id = ?`, func(r row) error {
		s = readSubscription(r)
		return nil
	}, t.env, string(id))
	return s, ok, err
}

func (t subscriptions) ListOf(subaccount btp.SubaccountID) (list []btp.Subscription, err error) {
	p, _ := t.paging(0, 0)
	along := ` INDEXED BY subscriptions_by_sequence`
	if subaccount != "" {
		along = ` INDEXED BY subscriptions_by_subaccount`
	}
	p.add("subaccount", string(subaccount))
	err = t.query(subscriptionSelect+along+` WHERE env = ?1 AND sequence > ?2`+p.where+` ORDER BY sequence LIMIT ?3`, func(r row) error {
		list = append(list, readSubscription(r))
		return nil
	}, p.args...)
	return list, err
}

func (t subscriptions) Put(s btp.Subscription) error {
	return t.write(`INSERT INTO subscriptions (env, id, subaccount, source, type, version, sink, mode, sequence, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (env, id) DO UPDATE SET subaccount = excluded.subaccount, source = excluded.source, type = excluded.type,
			version = excluded.version, sink = excluded.sink, mode = excluded.mode, sequence = excluded.sequence,
			created_at = excluded.created_at`,
		t.env, string(s.ID), string(s.Subaccount), s.Source, s.Type, s.Version, s.Sink, string(s.Mode), int64(s.Sequence), s.CreatedAt)
}

func (t subscriptions) Delete(id btp.SubscriptionID) error {
	return t.write(`DELETE FROM subscriptions WHERE env = ? AND id = ?`, t.env, string(id))
}
