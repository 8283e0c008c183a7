package memory

import (
	"cmp"
	"slices"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// token is a stored token; number orders the tokens of a system.
type token struct {
	btp.Token
	number uint64
}

type liveKey struct {
	ga         btp.GlobalAccountID
	systemType string
}

type tokens struct{ *tx }

func (t tokens) Find(id btp.TokenID) (btp.Token, bool, error) {
	if k, ok := t.state.tokens[id]; ok {
		return k.Token, true, nil
	}
	return btp.Token{}, false, nil
}

func (t tokens) FindLatest(system btp.SystemID) (btp.Token, bool, error) {
	r, ok := t.rows[system]
	if !ok || len(r.tokens) == 0 {
		return btp.Token{}, false, nil
	}
	return r.tokens[len(r.tokens)-1].Token, true, nil
}

func (t tokens) CountLive(ga btp.GlobalAccountID, systemType string) (int, error) {
	return len(t.live[liveKey{ga, systemType}]), nil
}

func (t tokens) LastExpiry(keyID string) (time.Time, error) {
	var last time.Time
	for _, set := range t.live {
		for _, k := range set {
			if k.KeyID == keyID && k.ExpiresAt.After(last) {
				last = k.ExpiresAt
			}
		}
	}
	return last, nil
}

func (t tokens) Put(k btp.Token) error {
	if !t.writable {
		return errReadOnly
	}
	k.GlobalAccount, k.Type, k.KeyID = btp.GlobalAccountID(t.word(string(k.GlobalAccount))), t.word(k.Type), t.word(k.KeyID)
	old := t.state.tokens[k.ID]
	now := &token{Token: k}
	if old != nil {
		now.number = old.number
	} else {
		now.number = t.number()
	}
	return swap(t.tx, (*state).replaceToken, old, now)
}

func (t tokens) Delete(id btp.TokenID) error {
	return swap(t.tx, (*state).replaceToken, t.state.tokens[id], nil)
}

func (s *state) replaceToken(old, now *token) {
	if old != nil {
		delete(s.tokens, old.ID)
		if old.State == btp.TokenLive {
			key := liveKey{old.GlobalAccount, old.Type}
			delete(s.live[key], old.ID)
			if len(s.live[key]) == 0 {
				delete(s.live, key)
			}
		}
		r := s.rows[old.System]
		r.tokens = without(r.tokens, old)
		if now == nil || now.System != old.System {
			s.settle(old.System, r)
		}
	}
	if now != nil {
		s.tokens[now.ID] = now
		if now.State == btp.TokenLive {
			key := liveKey{now.GlobalAccount, now.Type}
			if s.live[key] == nil {
				s.live[key] = map[btp.TokenID]*token{}
			}
			s.live[key][now.ID] = now
		}
		r := s.row(now.System)
		r.tokens = with(r.tokens, now, func(a, b *token) int { return cmp.Compare(a.number, b.number) })
	}
}

// with inserts one where order puts it, without room to spare: most lists stay short.
func with[T any](list []*T, one *T, order func(a, b *T) int) []*T {
	if len(list) == 0 {
		return []*T{one}
	}
	i, _ := slices.BinarySearchFunc(list, one, order)
	return slices.Insert(list, i, one)
}

func without[T any](list []*T, one *T) []*T {
	i := slices.Index(list, one)
	return slices.Delete(list, i, i+1)
}

type attempts struct{ *tx }

func (t attempts) FindByFollowUp(d btp.Digest) (btp.Attempt, bool, error) {
	if a, ok := t.followUps[d]; ok {
		return *a, true, nil
	}
	return btp.Attempt{}, false, nil
}

func (t attempts) FindBySystem(id btp.SystemID) (btp.Attempt, bool, error) {
	if r, ok := t.rows[id]; ok && r.attempt != nil {
		return *r.attempt, true, nil
	}
	return btp.Attempt{}, false, nil
}

// Put also ends another attempt of the same system.
func (t attempts) Put(a btp.Attempt) error {
	if r, ok := t.rows[a.System]; ok && r.attempt != nil && r.attempt.ID != a.ID {
		if err := swap(t.tx, (*state).replaceAttempt, r.attempt, nil); err != nil {
			return err
		}
	}
	return swap(t.tx, (*state).replaceAttempt, t.state.attempts[a.ID], &a)
}

func (t attempts) Delete(id btp.AttemptID) error {
	return swap(t.tx, (*state).replaceAttempt, t.state.attempts[id], nil)
}

func (s *state) replaceAttempt(old, now *btp.Attempt) {
	if old != nil {
		delete(s.attempts, old.ID)
		delete(s.followUps, old.FollowUp)
		r := s.rows[old.System]
		r.attempt = nil
		if now == nil || now.System != old.System {
			s.settle(old.System, r)
		}
	}
	if now != nil {
		s.attempts[now.ID] = now
		if now.FollowUp != (btp.Digest{}) {
			s.followUps[now.FollowUp] = now
		}
		s.row(now.System).attempt = now
	}
}

type certificates struct{ *tx }

func (t certificates) Find(serial btp.Serial) (btp.Certificate, bool, error) {
	if c, ok := t.state.certificates[serial]; ok {
		return *c, true, nil
	}
	return btp.Certificate{}, false, nil
}

func (t certificates) ListOf(id btp.SystemID) ([]btp.Certificate, error) {
	r, ok := t.rows[id]
	if !ok {
		return nil, nil
	}
	list := make([]btp.Certificate, len(r.certificates))
	for i, c := range r.certificates {
		list[i] = *c
	}
	return list, nil
}

func (t certificates) Put(c btp.Certificate) error {
	return swap(t.tx, (*state).replaceCertificate, t.state.certificates[c.Serial], &c)
}

func (t certificates) Delete(serial btp.Serial) error {
	return swap(t.tx, (*state).replaceCertificate, t.state.certificates[serial], nil)
}

func (s *state) replaceCertificate(old, now *btp.Certificate) {
	if old != nil {
		delete(s.certificates, old.Serial)
		r := s.rows[old.System]
		r.certificates = without(r.certificates, old)
		if now == nil || now.System != old.System {
			s.settle(old.System, r)
		}
	}
	if now != nil {
		s.certificates[now.Serial] = now
		r := s.row(now.System)
		r.certificates = with(r.certificates, now, func(a, b *btp.Certificate) int {
			return cmp.Or(a.NotBefore.Compare(b.NotBefore), cmp.Compare(a.Serial, b.Serial))
		})
	}
}
