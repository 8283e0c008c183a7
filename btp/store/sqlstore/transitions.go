package sqlstore

import (
	"time"

	"github.com/pairsim/pairsim/btp"
)

type transitions struct{ *tx }

func readPolicy(r Row) btp.TransitionPolicy {
	return btp.TransitionPolicy{After: time.Duration(r.Number(0)), Reads: int(r.Number(1)), Held: r.Flag(2)}
}

func readTransition(r Row) btp.TransitionState {
	return btp.TransitionState{Name: btp.Transition(r.Text(3)), Policy: readPolicy(r), Set: true}
}

func (t transitions) Find(name btp.Transition) (p btp.TransitionPolicy, ok bool, err error) {
	ok, err = t.one(`SELECT after, reads, held FROM transitions WHERE env = ? AND name = ?`, func(r Row) error {
		p = readPolicy(r)
		return nil
	}, t.env, string(name))
	return p, ok, err
}

var transitionTable = tableOf("transitions", "env, name", "after, reads, held")

func (t transitions) Put(name btp.Transition, p btp.TransitionPolicy) error {
	return t.put(transitionTable, t.env, string(name), int64(p.After), int64(p.Reads), flag(p.Held))
}

func (t transitions) Delete(name btp.Transition) error {
	return t.write(`DELETE FROM transitions WHERE env = ? AND name = ?`, t.env, string(name))
}
