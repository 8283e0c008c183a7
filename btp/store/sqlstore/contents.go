package sqlstore

import (
	"errors"

	"github.com/pairsim/pairsim/btp"
)

// contents is all of an environment at once.
type contents struct{ *tx }

// Tables are all tables with rows of environments.
func Tables() []string { return append([]string{"authorities", "environment_terms"}, cleared...) }

// cleared are all of them but those of the terms and of the authorities, which also
// have what is the process's own.
var cleared = []string{
	"environments", "signing_keys", "global_accounts", "subaccounts", "systems", "tokens", "attempts", "certificates", "services",
	"formations", "formation_systems", "assignments", "entitlements", "incidents", "reservations", "replays", "oauth_clients", "transitions", "due",
	"subscriptions", "deliveries", "objects",
}

func (t contents) Clear() error {
	t.forget()
	for _, table := range cleared { // our own names: they need no quoting
		if err := t.write(`DELETE FROM `+table+` WHERE env = ?`, t.env); err != nil {
			return err
		}
	}
	return t.write(`DELETE FROM authorities WHERE env = ? AND name <> ?`, t.env, btp.ServerAuthority)
}

func (t *tx) Drop() error {
	t.forget()
	for _, table := range Tables() {
		if err := t.write(`DELETE FROM `+table+` WHERE env = ?`, t.env); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) forget() {
	if t.Hot != nil {
		t.Hot.Forget()
	}
	t.lastSystem, t.lastToken, t.lastAttempt, t.attemptOf, t.lastObject = "", "", "", "", objectRef{}
}

func (t *tx) Environments() (list []btp.EnvironmentID, err error) {
	err = t.query(`SELECT env FROM environments ORDER BY env`, func(r Row) error {
		list = append(list, btp.EnvironmentID(r.Text(0)))
		return nil
	})
	return list, err
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
	err := t.query(`SELECT name, root_pem, issuing_pem, issuing_key_pem FROM authorities WHERE env = ? AND name <> ?`, func(r Row) error {
		all[r.Text(0)] = btp.AuthorityMaterial{RootPEM: r.Bytes(1), IssuingPEM: r.Bytes(2), IssuingKeyPEM: r.Bytes(3)}
		return nil
	}, t.env, btp.ServerAuthority)
	return all, err
}

// every reads all rows of an environment that a query has.
func every[T any](t contents, query string, read func(Row) (T, error)) (list []T, err error) {
	err = t.query(query, func(r Row) error {
		one, err := read(r)
		list = append(list, one)
		return err
	}, t.env)
	return list, err
}

// plain lets a reader that cannot fail stand where one is wanted that can.
func plain[T any](read func(Row) T) func(Row) (T, error) {
	return func(r Row) (T, error) { return read(r), nil }
}
