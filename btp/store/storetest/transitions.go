package storetest

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func testTransitions(t *testing.T, s btp.Store) {
	expect := func(name btp.Transition, want btp.TransitionPolicy, known bool) {
		t.Helper()
		got, ok := find(t, s, func(tx btp.Tx) (btp.TransitionPolicy, bool, error) { return tx.Transitions().Find(name) })
		if ok != known {
			t.Errorf("policy of %s: found %v, want %v", name, ok, known)
		}
		same(t, "policy of "+string(name), got, want)
	}
	expect("deregistering", btp.TransitionPolicy{}, false)
	update(t, s, env, func(tx btp.Tx) error {
		k := tx.Transitions()
		return all(k.Put("deregistering", btp.TransitionPolicy{After: time.Hour + 1}), k.Put("removing", btp.TransitionPolicy{Reads: 7}),
			k.Put("synchronizing", btp.TransitionPolicy{Held: true}), k.Put("gone", btp.TransitionPolicy{Held: true}), k.Delete("gone"), k.Delete("gone"))
	})
	expect("deregistering", btp.TransitionPolicy{After: time.Hour + 1}, true)
	expect("removing", btp.TransitionPolicy{Reads: 7}, true)
	expect("synchronizing", btp.TransitionPolicy{Held: true}, true)
	expect("gone", btp.TransitionPolicy{}, false)
	update(t, s, env, func(tx btp.Tx) error { return tx.Transitions().Put("removing", btp.TransitionPolicy{}) })
	expect("removing", btp.TransitionPolicy{}, true)
}
