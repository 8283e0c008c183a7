package memory

import (
	"fmt"

	"github.com/pairsim/pairsim/btp"
)

type subscriptions struct{ *tx }

func (t subscriptions) Find(id btp.SubscriptionID) (btp.Subscription, bool, error) {
	return value(t.state.subscriptions[id])
}

func (t subscriptions) ListOf(subaccount btp.SubaccountID) ([]btp.Subscription, error) {
	every := func(*btp.Subscription) bool { return true }
	return page(t.subscriptionLists, subaccount, 0, 0, every, copyOf), nil
}

func (t subscriptions) Put(s btp.Subscription) error {
	if other, ok := t.subscriptionLists.at("", s.Sequence); ok && other.ID != s.ID {
		return fmt.Errorf("memory store: subscriptions %s and %s have the same sequence %d", other.ID, s.ID, s.Sequence)
	}
	return swap(t.tx, (*state).replaceSubscription, t.state.subscriptions[s.ID], &s)
}

func (t subscriptions) Delete(id btp.SubscriptionID) error {
	return swap(t.tx, (*state).replaceSubscription, t.state.subscriptions[id], nil)
}

func (s *state) replaceSubscription(old, now *btp.Subscription) {
	if old != nil {
		delete(s.subscriptions, old.ID)
		s.subscriptionLists.remove("", old.Sequence)
		s.subscriptionLists.remove(old.Subaccount, old.Sequence)
	}
	if now != nil {
		s.subscriptions[now.ID] = now
		s.subscriptionLists.add("", now.Sequence, now)
		s.subscriptionLists.add(now.Subaccount, now.Sequence, now)
	}
}
