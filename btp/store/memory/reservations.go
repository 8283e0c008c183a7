package memory

import "github.com/pairsim/pairsim/btp"

type reservations struct{ *tx }

func (t reservations) Find(ga btp.GlobalAccountID, name string) (btp.Reservation, bool, error) {
	return value(t.reserved[nameKey{ga, name}])
}

func (t reservations) FindByRelease(d btp.Digest) (btp.Reservation, bool, error) {
	return value(t.releases[d])
}

func (t reservations) Put(r btp.Reservation) error {
	return swap(t.tx, (*state).replaceReservation, t.reserved[nameKey{r.GlobalAccount, r.Name}], &r)
}

func (t reservations) Delete(ga btp.GlobalAccountID, name string) error {
	return swap(t.tx, (*state).replaceReservation, t.reserved[nameKey{ga, name}], nil)
}

func (s *state) replaceReservation(old, now *btp.Reservation) {
	if old != nil {
		delete(s.reserved, nameKey{old.GlobalAccount, old.Name})
		delete(s.releases, old.Release)
	}
	if now != nil {
		s.reserved[nameKey{now.GlobalAccount, now.Name}] = now
		if now.Release != (btp.Digest{}) {
			s.releases[now.Release] = now
		}
	}
}

// value is what a Find answers for a record that holds no pointers; nil: there is none.
func value[T any](one *T) (T, bool, error) {
	if one == nil {
		var none T
		return none, false, nil
	}
	return *one, true, nil
}
