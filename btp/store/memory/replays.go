package memory

import "github.com/pairsim/pairsim/btp"

type replays struct{ *tx }

func (t replays) Find(key string) (btp.Replay, bool, error) { return value(t.state.replays[key]) }

func (t replays) Put(r btp.Replay) error {
	return swap(t.tx, (*state).replaceReplay, t.state.replays[r.Key], &r)
}

func (t replays) Delete(key string) error {
	return swap(t.tx, (*state).replaceReplay, t.state.replays[key], nil)
}

func (s *state) replaceReplay(old, now *btp.Replay) {
	if now == nil {
		delete(s.replays, old.Key)
		return
	}
	s.replays[now.Key] = now
}
