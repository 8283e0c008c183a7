package sqlstore

import (
	"encoding/json"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// environments is the environment's own record.
type environments struct{ *tx }

func (t environments) Find() (e btp.Environment, ok bool, err error) {
	if h := t.Hot; h != nil && h.env == t.env {
		return h.environment, true, nil
	}
	ok, err = t.one(`SELECT uuid, edition, seed, sequence, clock_frozen, clock_at, clock_ref, active_key, key_algorithm, generation
		FROM environments WHERE env = ?`, func(r Row) error {
		e = btp.Environment{
			ID: btp.EnvironmentID(t.env), UUID: r.Text(0), Edition: r.Text(1), Seed: uint64(r.Number(2)), Sequence: uint64(r.Number(3)),
			Clock:     btp.Clock{Frozen: r.Flag(4), At: r.Time(5), Ref: r.Time(6)},
			ActiveKey: r.Text(7), KeyAlgorithm: btp.KeyAlgorithm(r.Text(8)), Generation: uint64(r.Number(9)),
		}
		return nil
	}, t.env)
	if ok && err == nil && t.Hot != nil {
		t.Hot.env, t.Hot.environment = t.env, e
	}
	return e, ok, err
}

var environmentTable = tableOf("environments", "env",
	"uuid, edition, seed, sequence, clock_frozen, clock_at, clock_ref, active_key, key_algorithm, generation")

func (t environments) Put(e btp.Environment) error {
	if t.Hot != nil {
		t.Hot.env = ""
	}
	err := t.put(environmentTable, t.env, e.UUID, e.Edition, int64(e.Seed), int64(e.Sequence), flag(e.Clock.Frozen), e.Clock.At, e.Clock.Ref,
		e.ActiveKey, string(e.KeyAlgorithm), int64(e.Generation))
	if err == nil && t.Hot != nil {
		t.Hot.env, t.Hot.environment = t.env, e
	}
	return err
}

func (t environments) FindTerms() (terms btp.Terms, ok bool, err error) {
	ok, err = t.one(`SELECT terms FROM environment_terms WHERE env = ?`, func(r Row) error {
		return json.Unmarshal([]byte(r.Text(0)), &terms)
	}, t.env)
	return terms, ok, err
}

var termsTable = tableOf("environment_terms", "env", "terms")

func (t environments) PutTerms(terms btp.Terms) error {
	text, err := json.Marshal(terms)
	if err != nil {
		return err
	}
	return t.put(termsTable, t.env, string(text))
}

type accounts struct{ *tx }

const globalColumns = `SELECT id, display_name, subdomain FROM global_accounts WHERE env = ?`

func readGlobal(r Row) btp.GlobalAccount {
	return btp.GlobalAccount{ID: btp.GlobalAccountID(r.Text(0)), DisplayName: r.Text(1), Subdomain: r.Text(2)}
}

func (t accounts) Global(idOrSubdomain string) (a btp.GlobalAccount, err error) {
	if h := t.Hot; h != nil && h.accountEnv == t.env && h.accountName == idOrSubdomain {
		return h.account, nil
	}
	read := func(r Row) error {
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
	if err == nil && t.Hot != nil {
		t.Hot.accountEnv, t.Hot.accountName, t.Hot.account = t.env, idOrSubdomain, a
	}
	return a, err
}

func (t accounts) Globals() (list []btp.GlobalAccount, err error) {
	err = t.query(globalColumns+` ORDER BY id`, func(r Row) error {
		list = append(list, readGlobal(r))
		return nil
	}, t.env)
	return list, err
}

var globalTable = tableOf("global_accounts", "env, id", "display_name, subdomain")

func (t accounts) PutGlobal(a btp.GlobalAccount) error {
	if t.Hot != nil {
		t.Hot.accountEnv = ""
	}
	return t.putUnique(globalTable, false, func() error {
		other, err := t.one(`SELECT id FROM global_accounts WHERE env = ? AND subdomain = ? AND subdomain <> '' AND id <> ?`,
			func(Row) error { return nil }, t.env, a.Subdomain, string(a.ID))
		if err == nil && other {
			err = btp.Errorf(btp.NameTaken, "another global account has the subdomain %.120q already", a.Subdomain)
		}
		return err
	}, t.env, string(a.ID), a.DisplayName, a.Subdomain)
}

const subColumns = `SELECT id, global_account, display_name, subdomain, region, environments, version, stopped FROM subaccounts WHERE env = ?`

func readSub(r Row) (btp.Subaccount, error) {
	a := btp.Subaccount{
		ID: btp.SubaccountID(r.Text(0)), GlobalAccount: btp.GlobalAccountID(r.Text(1)), DisplayName: r.Text(2),
		Subdomain: r.Text(3), Region: r.Text(4), Version: uint64(r.Number(6)),
	}
	if text := r.Text(5); text != "" {
		for _, e := range strings.Split(text, ",") {
			a.Environments = append(a.Environments, btp.RuntimeEnvironment(e))
		}
	}
	if text := r.Text(7); text != "" {
		return a, json.Unmarshal([]byte(text), &a.Stopped)
	}
	return a, nil
}

func (t accounts) Sub(id btp.SubaccountID) (a btp.Subaccount, err error) {
	ok, err := t.one(subColumns+` AND id = ?`, func(r Row) (err error) {
		a, err = readSub(r)
		return err
	}, t.env, string(id))
	if err == nil && !ok {
		err = btp.Errorf(btp.SubaccountNotFound, "there is no subaccount %.120q", id)
	}
	return a, err
}

func (t accounts) Subs(ga btp.GlobalAccountID) (list []btp.Subaccount, err error) {
	keep := func(r Row) error {
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

var subTable = tableOf("subaccounts", "env, id", "global_account, display_name, subdomain, region, environments, version, stopped")

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
	return t.put(subTable, t.env, string(a.ID), string(a.GlobalAccount), a.DisplayName, a.Subdomain, a.Region, strings.Join(names, ","),
		int64(a.Version), stopped)
}

type keys struct{ *tx }

func (t keys) List() (list []btp.SigningKey, err error) {
	err = t.query(`SELECT id, algorithm, private, created_at FROM signing_keys WHERE env = ? ORDER BY created_at NULLS FIRST, number`, func(r Row) error {
		list = append(list, btp.SigningKey{
			ID: r.Text(0), Algorithm: btp.KeyAlgorithm(r.Text(1)), Private: r.Bytes(2), CreatedAt: r.Time(3),
		})
		return nil
	}, t.env)
	return list, err
}

var keyTable = tableOf("signing_keys", "env, id", "algorithm, private, created_at")

func (t keys) Put(k btp.SigningKey) error {
	return t.put(keyTable, t.env, k.ID, string(k.Algorithm), k.Private, k.CreatedAt)
}

func (t keys) Delete(id string) error {
	return t.write(`DELETE FROM signing_keys WHERE env = ? AND id = ?`, t.env, id)
}

type authorities struct{ *tx }

func (t authorities) Find(name string) (m btp.AuthorityMaterial, ok bool, err error) {
	ok, err = t.one(`SELECT root_pem, issuing_pem, issuing_key_pem FROM authorities WHERE env = ? AND name = ?`, func(r Row) error {
		m = btp.AuthorityMaterial{RootPEM: r.Bytes(0), IssuingPEM: r.Bytes(1), IssuingKeyPEM: r.Bytes(2)}
		return nil
	}, t.env, name)
	return m, ok, err
}

var authorityTable = tableOf("authorities", "env, name", "root_pem, issuing_pem, issuing_key_pem")

func (t authorities) Put(name string, m btp.AuthorityMaterial) error {
	return t.put(authorityTable, t.env, name, m.RootPEM, m.IssuingPEM, m.IssuingKeyPEM)
}
