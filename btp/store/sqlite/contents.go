package sqlite

import (
	"errors"

	"github.com/pairsim/pairsim/btp"
)

// contents is all of an environment at once.
type contents struct{ *tx }

// tables are all tables with rows of environments, but those of the terms and of
// the authorities, which also have what is the process's own.
var tables = []string{
	"environments", "signing_keys", "global_accounts", "subaccounts", "systems", "tokens", "attempts", "certificates", "services",
	"formations", "formation_systems", "assignments", "entitlements", "incidents", "reservations", "replays", "oauth_clients", "transitions", "due",
	"subscriptions", "deliveries", "objects",
}

func (t contents) Clear() error {
	if t.hot != nil {
		t.hot.env, t.hot.accountEnv = "", ""
	}
	t.lastSystem, t.lastToken, t.lastAttempt, t.attemptOf = "", "", "", ""
	for _, table := range tables {
		if err := t.write(`DELETE FROM `+table+` WHERE env = ?`, t.env); err != nil {
			return err
		}
	}
	return t.write(`DELETE FROM authorities WHERE env = ? AND name <> ?`, t.env, btp.ServerAuthority)
}

func (t contents) All() (c btp.Contents, err error) {
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	if c.Environment, _, err = (environments(t)).Find(); err != nil {
		return c, err
	}
	c.Authorities, err = t.authorities()
	note(err)
	c.Keys, err = (keys(t)).List()
	note(err)
	c.GlobalAccounts, err = (accounts(t)).Globals()
	note(err)
	c.Subaccounts, err = (accounts(t)).Subs("")
	note(err)
	c.Systems, err = (systems(t)).List(btp.SystemFilter{})
	note(err)
	c.Tokens, err = every(t, tokenColumns+` ORDER BY system, number`, plain(readToken))
	note(err)
	c.Attempts, err = every(t, attemptColumns+` ORDER BY system`, plain(readAttempt))
	note(err)
	c.Certificates, err = every(t, certificateColumns+` ORDER BY serial`, plain(readCertificate))
	note(err)
	c.Services, err = every(t, serviceSelect+` WHERE env = ? ORDER BY system, sequence, id`, readService)
	note(err)
	c.Formations, err = (formations(t)).List(btp.FormationFilter{})
	note(err)
	c.Assignments, err = every(t, assignmentSelect+` WHERE env = ? ORDER BY formation, source_kind, source, target_kind, target`, plain(readAssignment))
	note(err)
	c.Entitlements, err = (entitlements(t)).List(btp.EntitlementFilter{})
	note(err)
	c.Incidents, err = (incidents(t)).List(btp.IncidentFilter{})
	note(err)
	c.Reservations, err = every(t, reservationColumns+` ORDER BY global_account, name`, plain(readReservation))
	note(err)
	c.Replays, err = every(t, replayColumns+` ORDER BY key`, plain(readReplay))
	note(err)
	c.OAuthClients, err = (oauthClients(t)).List()
	note(err)
	c.Transitions, err = every(t, `SELECT after, reads, held, name FROM transitions WHERE env = ? ORDER BY name`, plain(readTransition))
	note(err)
	c.Subscriptions, err = (subscriptions(t)).ListOf("")
	note(err)
	c.Deliveries, err = (deliveries(t)).List(btp.DeliveryFilter{})
	note(err)
	c.Objects, err = every(t, objectSelect+` WHERE env = ? ORDER BY kind, sequence`, plain(readObject))
	note(err)
	c.Due, err = every(t, dueColumns+` ORDER BY reads > 0 AND hold = '', hold <> '', at, number, kind, subject`, plain(readDue))
	note(err)
	return c, errors.Join(errs...)
}

func (t contents) authorities() (map[string]btp.AuthorityMaterial, error) {
	all := map[string]btp.AuthorityMaterial{}
	err := t.query(`SELECT name, root_pem, issuing_pem, issuing_key_pem FROM authorities WHERE env = ? AND name <> ?`, func(r row) error {
		all[r.text(0)] = btp.AuthorityMaterial{RootPEM: r.bytes(1), IssuingPEM: r.bytes(2), IssuingKeyPEM: r.bytes(3)}
		return nil
	}, t.env, btp.ServerAuthority)
	return all, err
}

// every reads all rows of an environment that a query has.
func every[T any](t contents, query string, read func(row) (T, error)) (list []T, err error) {
	err = t.query(query, func(r row) error {
		one, err := read(r)
		list = append(list, one)
		return err
	}, t.env)
	return list, err
}

// plain lets a reader that cannot fail stand where one is wanted that can.
func plain[T any](read func(row) T) func(row) (T, error) {
	return func(r row) (T, error) { return read(r), nil }
}
