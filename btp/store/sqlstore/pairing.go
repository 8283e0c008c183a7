package sqlstore

import (
	"database/sql/driver"
	"time"

	"github.com/pairsim/pairsim/btp"
)

type tokens struct{ *tx }

const tokenColumns = `SELECT id, system, global_account, type, key_id, state, issued_at, expires_at FROM tokens WHERE env = ?`

func readToken(r Row) btp.Token {
	return btp.Token{
		ID: btp.TokenID(r.Text(0)), System: btp.SystemID(r.Text(1)), GlobalAccount: btp.GlobalAccountID(r.Text(2)), Type: r.Text(3),
		KeyID: r.Text(4), State: btp.TokenState(r.Text(5)), IssuedAt: r.Time(6), ExpiresAt: r.Time(7),
	}
}

func (t tokens) find(query string, arg string) (k btp.Token, ok bool, err error) {
	ok, err = t.one(query, func(r Row) error {
		k = readToken(r)
		return nil
	}, t.env, arg)
	t.lastToken = k.ID
	return k, ok, err
}

func (t tokens) Find(id btp.TokenID) (btp.Token, bool, error) {
	return t.find(tokenColumns+` AND id = ?`, string(id))
}

func (t tokens) FindLatest(system btp.SystemID) (btp.Token, bool, error) {
	return t.find(tokenColumns+` AND system = ? ORDER BY number DESC LIMIT 1`, string(system))
}

func (t tokens) CountLive(ga btp.GlobalAccountID, systemType string) (n int, err error) {
	_, err = t.one(`SELECT count(*) FROM tokens WHERE env = ? AND global_account = ? AND type = ? AND state = 'live'`, func(r Row) error {
		n = int(r.Number(0))
		return nil
	}, t.env, string(ga), systemType)
	return n, err
}

func (t tokens) LastExpiry(keyID string) (last time.Time, err error) {
	_, err = t.one(`SELECT max(expires_at) FROM tokens WHERE env = ? AND state = 'live' AND key_id = ?`, func(r Row) error {
		last = r.Time(0)
		return nil
	}, t.env, keyID)
	return last, err
}

func (t tokens) Put(k btp.Token) error {
	if t.lastToken == k.ID { // it is there: nothing but the state of a token changes
		n, err := t.writeCounted(`UPDATE tokens SET state = ? WHERE env = ? AND id = ? AND system = ? AND global_account = ? AND type = ?
			AND key_id = ? AND issued_at IS NOT DISTINCT FROM ? AND expires_at IS NOT DISTINCT FROM ?`,
			string(k.State), t.env, string(k.ID), string(k.System), string(k.GlobalAccount), k.Type, k.KeyID, k.IssuedAt, k.ExpiresAt)
		if err != nil || n > 0 {
			return err
		}
	}
	return t.write(`INSERT INTO tokens (env, id, number, system, global_account, type, key_id, state, issued_at, expires_at)
		VALUES (?1, ?2, (SELECT coalesce(max(number), 0) + 1 FROM tokens WHERE env = ?1 AND system = ?3), ?3, ?4, ?5, ?6, ?7, ?8, ?9)
		ON CONFLICT (env, id) DO UPDATE SET system = excluded.system, global_account = excluded.global_account, type = excluded.type,
			key_id = excluded.key_id, state = excluded.state, issued_at = excluded.issued_at, expires_at = excluded.expires_at`,
		t.env, string(k.ID), string(k.System), string(k.GlobalAccount), k.Type, k.KeyID, string(k.State), k.IssuedAt, k.ExpiresAt)
}

func (t tokens) Delete(id btp.TokenID) error {
	return t.write(`DELETE FROM tokens WHERE env = ? AND id = ?`, t.env, string(id))
}

type attempts struct{ *tx }

const attemptColumns = `SELECT id, system, token, follow_up, tenant, rejected_csrs, certificate, opened_at, deadline FROM attempts WHERE env = ?`

func readAttempt(r Row) btp.Attempt {
	a := btp.Attempt{
		ID: btp.AttemptID(r.Text(0)), System: btp.SystemID(r.Text(1)), Token: btp.TokenID(r.Text(2)), Tenant: r.Text(4),
		RejectedCSRs: int(r.Number(5)), Certificate: btp.Serial(r.Text(6)), OpenedAt: r.Time(7), Deadline: r.Time(8),
	}
	copy(a.FollowUp[:], r.Bytes(3))
	return a
}

func (t attempts) find(query string, arg driver.Value) (a btp.Attempt, ok bool, err error) {
	ok, err = t.one(query, func(r Row) error {
		a = readAttempt(r)
		return nil
	}, t.env, arg)
	t.lastAttempt, t.attemptOf = a.ID, a.System
	return a, ok, err
}

func (t attempts) FindByFollowUp(d btp.Digest) (btp.Attempt, bool, error) {
	return t.find(attemptColumns+` AND follow_up = ?`, d[:])
}

func (t attempts) FindBySystem(id btp.SystemID) (btp.Attempt, bool, error) {
	return t.find(attemptColumns+` AND system = ?`, string(id))
}

var attemptTable = tableOf("attempts", "env, system", "id, token, follow_up, tenant, rejected_csrs, certificate, opened_at, deadline")

// Put also ends another attempt of the same system: a system has one row.
func (t attempts) Put(a btp.Attempt) error {
	var followUp driver.Value
	if a.FollowUp != (btp.Digest{}) {
		followUp = a.FollowUp[:]
	}
	return t.put(attemptTable, t.env, string(a.System), string(a.ID), string(a.Token), followUp, a.Tenant, int64(a.RejectedCSRs), string(a.Certificate),
		a.OpenedAt, a.Deadline)
}

// Delete: the table is keyed by system; without having read the attempt, its
// system is looked for among all open attempts.
func (t attempts) Delete(id btp.AttemptID) error {
	if t.lastAttempt == id {
		n, err := t.writeCounted(`DELETE FROM attempts WHERE env = ? AND system = ? AND id = ?`, t.env, string(t.attemptOf), string(id))
		if err != nil || n > 0 {
			return err
		}
	}
	return t.write(`DELETE FROM attempts WHERE env = ? AND id = ?`, t.env, string(id))
}

type certificates struct{ *tx }

const certificateColumns = `SELECT serial, system, not_before, not_after, renewal_blocked, revoked FROM certificates WHERE env = ?`

func readCertificate(r Row) btp.Certificate {
	return btp.Certificate{
		Serial: btp.Serial(r.Text(0)), System: btp.SystemID(r.Text(1)), NotBefore: r.Time(2), NotAfter: r.Time(3),
		RenewalBlocked: r.Flag(4), Revoked: r.Flag(5),
	}
}

func (t certificates) Find(serial btp.Serial) (c btp.Certificate, ok bool, err error) {
	ok, err = t.one(certificateColumns+` AND serial = ?`, func(r Row) error {
		c = readCertificate(r)
		return nil
	}, t.env, string(serial))
	return c, ok, err
}

func (t certificates) ListOf(id btp.SystemID) (list []btp.Certificate, err error) {
	err = t.query(certificateColumns+` AND system = ? ORDER BY not_before NULLS FIRST, serial`, func(r Row) error {
		list = append(list, readCertificate(r))
		return nil
	}, t.env, string(id))
	return list, err
}

var certificateTable = tableOf("certificates", "env, serial", "system, not_before, not_after, renewal_blocked, revoked")

func (t certificates) Put(c btp.Certificate) error {
	return t.put(certificateTable, t.env, string(c.Serial), string(c.System), c.NotBefore, c.NotAfter, flag(c.RenewalBlocked), flag(c.Revoked))
}

func (t certificates) Delete(serial btp.Serial) error {
	return t.write(`DELETE FROM certificates WHERE env = ? AND serial = ?`, t.env, string(serial))
}
