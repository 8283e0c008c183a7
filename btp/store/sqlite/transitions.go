package sqlite

import (
	"time"

	"github.com/pairsim/pairsim/btp"
)

type transitions struct{ *tx }

func readPolicy(r row) btp.TransitionPolicy {
	return btp.TransitionPolicy{After: time.Duration(r.number(0)), Reads: int(r.number(1)), Held: r.flag(2)}
}

func readTransition(r row) btp.TransitionState {
	return btp.TransitionState{Name: btp.Transition(r.text(3)), Policy: readPolicy(r), Set: true}
}

func (t transitions) Find(name btp.Transition) (p btp.TransitionPolicy, ok bool, err error) {
	ok, err = t.one(`SELECT after, reads, held FROM transitions WHERE env = ? AND name = ?`, func(r row) error {
		p = readPolicy(r)
		return nil
	}, t.env, string(name))
	return p, ok, err
}

func (t transitions) Put(name btp.Transition, p btp.TransitionPolicy) error {
	return t.write(`INSERT OR REPLACE INTO transitions (env, name, after, reads, held) VALUES (?, ?, ?, ?, ?)`,
		t.env, string(name), int64(p.After), int64(p.Reads), flag(p.Held))
}

func (t transitions) Delete(name btp.Transition) error {
	return t.write(`DELETE FROM transitions WHERE env = ? AND name = ?`, t.env, string(name))
}
