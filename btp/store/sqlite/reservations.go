package sqlite

import (
	"database/sql/driver"

	"github.com/pairsim/pairsim/btp"
)

type reservations struct{ *tx }

const reservationColumns = `SELECT global_account, name, system, tenant_id, release, created_at FROM reservations WHERE env = ?`

func readReservation(r row) btp.Reservation {
	v := btp.Reservation{
		GlobalAccount: btp.GlobalAccountID(r.text(0)), Name: r.text(1), System: btp.SystemID(r.text(2)), TenantID: r.text(3),
		CreatedAt: r.time(5),
	}
	copy(v.Release[:], r.bytes(4))
	return v
}

func (t reservations) find(query string, args ...driver.Value) (v btp.Reservation, ok bool, err error) {
	ok, err = t.one(query, func(r row) error {
		v = readReservation(r)
		return nil
	}, args...)
	return v, ok, err
}

func (t reservations) Find(ga btp.GlobalAccountID, name string) (btp.Reservation, bool, error) {
	return t.find(reservationColumns+` AND global_account = ? AND name = ?`, t.env, string(ga), name)
}

func (t reservations) FindByRelease(d btp.Digest) (btp.Reservation, bool, error) {
	return t.find(reservationColumns+` AND release = ?`, t.env, d[:])
}

func (t reservations) Put(r btp.Reservation) error {
	var release driver.Value
	if r.Release != (btp.Digest{}) {
		release = r.Release[:]
	}
	return t.write(`INSERT OR REPLACE INTO reservations (env, global_account, name, system, tenant_id, release, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		t.env, string(r.GlobalAccount), r.Name, string(r.System), r.TenantID, release, r.CreatedAt)
}

func (t reservations) Delete(ga btp.GlobalAccountID, name string) error {
	return t.write(`DELETE FROM reservations WHERE env = ? AND global_account = ? AND name = ?`, t.env, string(ga), name)
}
