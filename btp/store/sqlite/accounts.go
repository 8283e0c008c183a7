package sqlite

import (
	"encoding/json"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// environments is the environment's own record.
type environments struct{ *tx }

func (t environments) Find() (e btp.Environment, ok bool, err error) {
	if t.hot != nil && t.hot.env == t.env {
		return t.hot.environment, true, nil
	}
	ok, err = t.one(`SELECT uuid, edition, seed, sequence, clock_frozen, clock_at, clock_ref, active_key, key_algorithm, generation
		FROM environments WHERE env = ?`, func(r row) error {
		e = btp.Environment{
			ID: btp.EnvironmentID(t.env), UUID: r.text(0), Edition: r.text(1), Seed: uint64(r.number(2)), Sequence: uint64(r.number(3)),
			Clock:     btp.Clock{Frozen: r.flag(4), At: r.time(5), Ref: r.time(6)},
			ActiveKey: r.text(7), KeyAlgorithm: btp.KeyAlgorithm(r.text(8)), Generation: uint64(r.number(9)),
		}
		return nil
	}, t.env)
	if ok && err == nil && t.hot != nil {
		t.hot.env, t.hot.environment = t.env, e
	}
	return e, ok, err
}

func (t environments) Put(e btp.Environment) error {
	if t.hot != nil {
		t.hot.env = ""
	}
	err := t.write(`INSERT OR REPLACE INTO environments
		(env, uuid, edition, seed, sequence, clock_frozen, clock_at, clock_ref, active_key, key_algorithm, generation)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.env, e.UUID, e.Edition, int64(e.Seed), int64(e.Sequence), flag(e.Clock.Frozen), e.Clock.At, e.Clock.Ref,
		e.ActiveKey, string(e.KeyAlgorithm), int64(e.Generation))
	if err == nil {
		t.hot.env, t.hot.environment = t.env, e
	}
	return err
}

func (t environments) FindTerms() (terms btp.Terms, ok bool, err error) {
	ok, err = t.one(`SELECT terms FROM environment_terms WHERE env = ?`, func(r row) error {
		return json.Unmarshal([]byte(r.text(0)), &terms)
	}, t.env)
	return terms, ok, err
}

func (t environments) PutTerms(terms btp.Terms) error {
	text, err := json.Marshal(terms)
	if err != nil {
		return err
	}
	return t.write(`INSERT OR REPLACE INTO environment_terms (env, terms) VALUES (?, ?)`, t.env, string(text))
}

type accounts struct{ *tx }

const globalColumns = `SELECT id, display_name, subdomain FROM global_accounts WHERE env = ?`

func readGlobal(r row) btp.GlobalAccount {
	return btp.GlobalAccount{ID: btp.GlobalAccountID(r.text(0)), DisplayName: r.text(1), Subdomain: r.text(2)}
}

func (t accounts) Global(idOrSubdomain string) (a btp.GlobalAccount, err error) {
	if h := t.hot; h != nil && h.accountEnv == t.env && h.accountName == idOrSubdomain {
		return h.account, nil
	}
	read := func(r row) error {
		a = readGlobal(r)
		return nil
	}
	ok, err := t.one(globalColumns+` AND id = ?`, read, t.env, idOrSubdomain)
	if err == nil && !ok {
		ok, err = t.one(globalColumns+` AND subdomain = ? AND subdomain <> ''`, read, t.env, idOrSubdomain)
	}
	if err == nil && !ok {
		err = btp.Errorf(btp.GlobalAccountNotFound, "there is no global account %.120q", idOrSubdomain)
	}
	if err == nil && t.hot != nil {
		t.hot.accountEnv, t.hot.accountName, t.hot.account = t.env, idOrSubdomain, a
	}
	return a, err
}

func (t accounts) Globals() (list []btp.GlobalAccount, err error) {
	err = t.query(globalColumns+` ORDER BY id`, func(r row) error {
		list = append(list, readGlobal(r))
		return nil
	}, t.env)
	return list, err
}

func (t accounts) PutGlobal(a btp.GlobalAccount) error {
	if t.hot != nil {
		t.hot.accountEnv = ""
	}
	err := t.write(`INSERT INTO global_accounts (env, id, display_name, subdomain) VALUES (?, ?, ?, ?)
		ON CONFLICT (env, id) DO UPDATE SET display_name = excluded.display_name, subdomain = excluded.subdomain`,
		t.env, string(a.ID), a.DisplayName, a.Subdomain)
	if isConstraint(err) {
		return btp.Errorf(btp.NameTaken, "another global account has the subdomain %.120q already", a.Subdomain)
	}
	return err
}

const subColumns = `SELECT id, global_account, display_name, subdomain, region, environments, version, stopped FROM subaccounts WHERE env = ?`

func readSub(r row) (btp.Subaccount, error) {
	a := btp.Subaccount{
		ID: btp.SubaccountID(r.text(0)), GlobalAccount: btp.GlobalAccountID(r.text(1)), DisplayName: r.text(2),
		Subdomain: r.text(3), Region: r.text(4), Version: uint64(r.number(6)),
	}
	if text := r.text(5); text != "" {
		for _, e := range strings.Split(text, ",") {
			a.Environments = append(a.Environments, btp.RuntimeEnvironment(e))
		}
	}
	if text := r.text(7); text != "" {
		return a, json.Unmarshal([]byte(text), &a.Stopped)
	}
	return a, nil
}

func (t accounts) Sub(id btp.SubaccountID) (a btp.Subaccount, err error) {
	ok, err := t.one(subColumns+` AND id = ?`, func(r row) (err error) {
		a, err = readSub(r)
		return err
	}, t.env, string(id))
	if err == nil && !ok {
		err = btp.Errorf(btp.SubaccountNotFound, "there is no subaccount %.120q", id)
	}
	return a, err
}

func (t accounts) Subs(ga btp.GlobalAccountID) (list []btp.Subaccount, err error) {
	keep := func(r row) error {
		a, err := readSub(r)
		list = append(list, a)
		return err
	}
	if ga == "" {
		err = t.query(subColumns+` ORDER BY id`, keep, t.env)
		return list, err
	}
	err = t.query(subColumns+` AND global_account = ? ORDER BY id`, keep, t.env, string(ga))
	return list, err
}

func (t accounts) PutSub(a btp.Subaccount) error {
	names := make([]string, len(a.Environments))
	for i, e := range a.Environments {
		names[i] = string(e)
	}
	stopped := ""
	if a.Stopped != nil {
		text, err := json.Marshal(a.Stopped)
		if err != nil {
			return err
		}
		stopped = string(text)
	}
	return t.write(`INSERT OR REPLACE INTO subaccounts (env, id, global_account, display_name, subdomain, region, environments, version, stopped)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.env, string(a.ID), string(a.GlobalAccount), a.DisplayName, a.Subdomain, a.Region, strings.Join(names, ","),
		int64(a.Version), stopped)
}

type keys struct{ *tx }

func (t keys) List() (list []btp.SigningKey, err error) {
	err = t.query(`SELECT id, algorithm, private, created_at FROM signing_keys WHERE env = ? ORDER BY created_at, number`, func(r row) error {
		list = append(list, btp.SigningKey{
			ID: r.text(0), Algorithm: btp.KeyAlgorithm(r.text(1)), Private: r.bytes(2), CreatedAt: r.time(3),
		})
		return nil
	}, t.env)
	return list, err
}

func (t keys) Put(k btp.SigningKey) error {
	return t.write(`INSERT INTO signing_keys (env, id, algorithm, private, created_at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (env, id) DO UPDATE SET algorithm = excluded.algorithm, private = excluded.private, created_at = excluded.created_at`,
		t.env, k.ID, string(k.Algorithm), k.Private, k.CreatedAt)
}

func (t keys) Delete(id string) error {
	return t.write(`DELETE FROM signing_keys WHERE env = ? AND id = ?`, t.env, id)
}

type authorities struct{ *tx }

func (t authorities) Find(name string) (m btp.AuthorityMaterial, ok bool, err error) {
	ok, err = t.one(`SELECT root_pem, issuing_pem, issuing_key_pem FROM authorities WHERE env = ? AND name = ?`, func(r row) error {
		m = btp.AuthorityMaterial{RootPEM: r.bytes(0), IssuingPEM: r.bytes(1), IssuingKeyPEM: r.bytes(2)}
		return nil
	}, t.env, name)
	return m, ok, err
}

func (t authorities) Put(name string, m btp.AuthorityMaterial) error {
	return t.write(`INSERT OR REPLACE INTO authorities (env, name, root_pem, issuing_pem, issuing_key_pem) VALUES (?, ?, ?, ?, ?)`,
		t.env, name, m.RootPEM, m.IssuingPEM, m.IssuingKeyPEM)
}
