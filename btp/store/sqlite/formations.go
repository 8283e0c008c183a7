package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"slices"

	"github.com/pairsim/pairsim/btp"
)

type formations struct{ *tx }

const (
	formationSelect = `SELECT f.id, f.global_account, f.name, f.type, f.subaccount, f.state, f.failure, f.version, f.sequence,
		f.created_at, f.updated_at, (SELECT json_group_array(m.system ORDER BY m.position) FROM formation_systems m
			WHERE m.env = f.env AND m.sequence = f.sequence)`
	formationColumns = formationSelect + ` FROM formations f WHERE f.env = ?`
)

func readFormation(r row) (btp.Formation, error) {
	f := btp.Formation{
		ID: btp.FormationID(r.text(0)), GlobalAccount: btp.GlobalAccountID(r.text(1)), Name: r.text(2), Type: r.text(3),
		Subaccount: btp.SubaccountID(r.text(4)), State: btp.FormationState(r.text(5)), Version: uint64(r.number(7)),
		Sequence: uint64(r.number(8)), CreatedAt: r.time(9), UpdatedAt: r.time(10),
	}
	err := fromJSON(r.text(6), &f.Failure)
	if err == nil {
		err = json.Unmarshal([]byte(r.text(11)), &f.Systems)
	}
	return f, err
}

func (t formations) find(query string, args ...driver.Value) (f btp.Formation, ok bool, err error) {
	ok, err = t.one(query, func(r row) (err error) {
		f, err = readFormation(r)
		return err
	}, args...)
	return f, ok, err
}

func (t formations) byID(id btp.FormationID) (btp.Formation, bool, error) {
	return t.find(formationColumns+` AND f.id = ?`, t.env, string(id))
}

func (t formations) Get(id btp.FormationID) (btp.Formation, error) {
	f, ok, err := t.byID(id)
	if err == nil && !ok {
		err = btp.Errorf(btp.FormationNotFound, "there is no formation %.40q", id)
	}
	return f, err
}

func (t formations) FindByName(ga btp.GlobalAccountID, name string) (btp.Formation, bool, error) {
	return t.find(formationColumns+` AND f.global_account = ? AND f.name = ?`, t.env, string(ga), name)
}

// List walks along one index. Left to itself, SQLite prefers to walk along the
// whole environment.
func (t formations) List(f btp.FormationFilter) (list []btp.Formation, err error) {
	p, ok := t.paging(f.After, f.Limit)
	if !ok {
		return nil, nil
	}
	along, order := ` FROM formations f`, ` ORDER BY f.sequence LIMIT ?3`
	switch {
	case f.System != "":
		along = ` FROM formation_systems s INDEXED BY formation_systems_by_system CROSS JOIN formations f ON f.env = s.env AND f.sequence = s.sequence`
		order = ` ORDER BY s.sequence LIMIT ?3`
		p.where += ` AND s.env = ?1 AND s.sequence > ?2`
		p.add("s.system", string(f.System))
	case f.GlobalAccount != "" && f.Name != "":
		along += ` INDEXED BY formations_by_name`
	case f.Subaccount != "":
		along += ` INDEXED BY formations_by_subaccount`
	case f.GlobalAccount != "":
		along += ` INDEXED BY formations_by_global_account`
	}
	p.add("f.global_account", string(f.GlobalAccount))
	p.add("f.subaccount", string(f.Subaccount))
	p.add("f.name", f.Name)
	err = t.query(formationSelect+along+` WHERE f.env = ?1 AND f.sequence > ?2`+p.where+order, func(r row) error {
		f, err := readFormation(r)
		list = append(list, f)
		return err
	}, p.args...)
	return list, err
}

func (t formations) Put(f btp.Formation) error {
	failure, err := toJSON(f.Failure)
	if err != nil {
		return err
	}
	old, known, err := t.byID(f.ID)
	if err != nil {
		return err
	}
	err = t.write(`INSERT INTO formations (env, id, global_account, sequence, name, type, subaccount, state, failure, version, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (env, id) DO UPDATE SET global_account = excluded.global_account, sequence = excluded.sequence, name = excluded.name,
			type = excluded.type, subaccount = excluded.subaccount, state = excluded.state, failure = excluded.failure,
			version = excluded.version, created_at = excluded.created_at, updated_at = excluded.updated_at`,
		t.env, string(f.ID), string(f.GlobalAccount), int64(f.Sequence), f.Name, f.Type, string(f.Subaccount), string(f.State), failure,
		int64(f.Version), f.CreatedAt, f.UpdatedAt)
	if isConstraint(err) {
		return t.taken(&f, err)
	}
	if err != nil || known && old.Sequence == f.Sequence && slices.Equal(old.Systems, f.Systems) {
		return err
	}
	return t.include(&old, &f)
}

// include replaces the systems of old with those of now.
func (t formations) include(old, now *btp.Formation) error {
	if err := t.exclude(old); err != nil {
		return err
	}
	for i, id := range now.Systems {
		err := t.write(`INSERT INTO formation_systems (env, sequence, position, system) VALUES (?, ?, ?, ?)`,
			t.env, int64(now.Sequence), int64(i), string(id))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t formations) exclude(old *btp.Formation) error {
	if len(old.Systems) == 0 {
		return nil
	}
	return t.write(`DELETE FROM formation_systems WHERE env = ? AND sequence = ?`, t.env, int64(old.Sequence))
}

// taken tells that another formation has the name of f; otherwise the cause stands.
func (t formations) taken(f *btp.Formation, cause error) error {
	other, ok, err := t.FindByName(f.GlobalAccount, f.Name)
	if err != nil {
		return err
	}
	if ok && other.ID != f.ID {
		return btp.Errorf(btp.NameTaken, "there is a formation %.120q in global account %s already", f.Name, f.GlobalAccount)
	}
	return cause
}

func (t formations) Delete(id btp.FormationID) error {
	old, _, err := t.byID(id)
	if err == nil {
		err = t.exclude(&old)
	}
	if err != nil {
		return err
	}
	return t.write(`DELETE FROM formations WHERE env = ? AND id = ?`, t.env, string(id))
}
