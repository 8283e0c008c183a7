package memory

import "github.com/pairsim/pairsim/btp"

type transitions struct{ *tx }

func (t transitions) Find(name btp.Transition) (btp.TransitionPolicy, bool, error) {
	return value(t.policies[name])
}

func (t transitions) Put(name btp.Transition, p btp.TransitionPolicy) error {
	return t.replace(name, &p)
}

func (t transitions) Delete(name btp.Transition) error { return t.replace(name, nil) }

func (t transitions) replace(name btp.Transition, now *btp.TransitionPolicy) error {
	return swap(t.tx, func(s *state, _, now *btp.TransitionPolicy) {
		if now == nil {
			delete(s.policies, name)
			return
		}
		s.policies[name] = now
	}, t.policies[name], now)
}
