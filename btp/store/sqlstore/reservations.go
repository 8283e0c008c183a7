package sqlstore

import (
	"database/sql/driver"

	"github.com/pairsim/pairsim/btp"
)

type reservations struct{ *tx }

const reservationColumns = `SELECT global_account, name, system, tenant_id, release, created_at FROM reservations WHERE env = ?`

func readReservation(r Row) btp.Reservation {
	v := btp.Reservation{
		GlobalAccount: btp.GlobalAccountID(r.Text(0)), Name: r.Text(1), System: btp.SystemID(r.Text(2)), TenantID: r.Text(3),
		CreatedAt: r.Time(5),
	}
	copy(v.Release[:], r.Bytes(4))
	return v
}

func (t reservations) find(query string, args ...driver.Value) (v btp.Reservation, ok bool, err error) {
	ok, err = t.one(query, func(r Row) error {
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

var reservationTable = tableOf("reservations", "env, global_account, name", "system, tenant_id, release, created_at")

func (t reservations) Put(r btp.Reservation) error {
	var release driver.Value
	if r.Release != (btp.Digest{}) {
		release = r.Release[:]
	}
	return t.put(reservationTable, t.env, string(r.GlobalAccount), r.Name, string(r.System), r.TenantID, release, r.CreatedAt)
}

func (t reservations) Delete(ga btp.GlobalAccountID, name string) error {
	return t.write(`DELETE FROM reservations WHERE env = ? AND global_account = ? AND name = ?`, t.env, string(ga), name)
}
