package sqlstore

import (
	"database/sql/driver"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

type formations struct{ *tx }

// betweenIDs stands in no id: it is not printable (unit separator).
const betweenIDs = "\x1f"

const (
	formationSelect = `SELECT f.id, f.global_account, f.name, f.type, f.subaccount, f.state, f.failure, f.version, f.sequence,
		f.created_at, f.updated_at, (SELECT string_agg(m.system, '` + betweenIDs + `' ORDER BY m.position) FROM formation_systems m
			WHERE m.env = f.env AND m.sequence = f.sequence)`
	formationColumns = formationSelect + ` FROM formations f WHERE f.env = ?`
)

func readFormation(r Row) (btp.Formation, error) {
	f := btp.Formation{
		ID: btp.FormationID(r.Text(0)), GlobalAccount: btp.GlobalAccountID(r.Text(1)), Name: r.Text(2), Type: r.Text(3),
		Subaccount: btp.SubaccountID(r.Text(4)), State: btp.FormationState(r.Text(5)), Version: uint64(r.Number(7)),
		Sequence: uint64(r.Number(8)), CreatedAt: r.Time(9), UpdatedAt: r.Time(10),
	}
	err := fromJSON(r.Text(6), &f.Failure)
	if text := r.Text(11); text != "" {
		for _, id := range strings.Split(text, betweenIDs) {
			f.Systems = append(f.Systems, btp.SystemID(id))
		}
	}
	return f, err
}

func (t formations) find(query string, args ...driver.Value) (f btp.Formation, ok bool, err error) {
	ok, err = t.one(query, func(r Row) (err error) {
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
		along = ` FROM formation_systems s` + t.along("formation_systems_by_system") + ` CROSS JOIN formations f`
		order = ` ORDER BY s.sequence LIMIT ?3`
		p.where += ` AND f.env = s.env AND f.sequence = s.sequence AND s.env = ?1 AND s.sequence > ?2`
		p.add("s.system", string(f.System))
	case f.GlobalAccount != "" && f.Name != "":
		along += t.along("formations_by_name")
	case f.Subaccount != "":
		along += t.along("formations_by_subaccount")
	case f.GlobalAccount != "":
		along += t.along("formations_by_global_account")
	}
	p.add("f.global_account", string(f.GlobalAccount))
	p.add("f.subaccount", string(f.Subaccount))
	p.add("f.name", f.Name)
	err = t.query(formationSelect+along+` WHERE f.env = ?1 AND f.sequence > ?2`+p.where+order, func(r Row) error {
		f, err := readFormation(r)
		list = append(list, f)
		return err
	}, p.args...)
	return list, err
}

var formationTable = ordered("formations", "env, id", "env",
	"global_account, sequence, name, type, subaccount, state, failure, version, created_at, updated_at")

func (t formations) Put(f btp.Formation) error {
	failure, err := toJSON(f.Failure)
	if err != nil {
		return err
	}
	old, known, err := t.byID(f.ID)
	if err != nil {
		return err
	}
	kept := known && old.Sequence == f.Sequence && old.GlobalAccount == f.GlobalAccount && old.Name == f.Name
	err = t.putUnique(formationTable, kept, func() error { return t.taken(&f) }, t.env, string(f.ID), string(f.GlobalAccount), int64(f.Sequence), f.Name, f.Type, string(f.Subaccount), string(f.State), failure,
		int64(f.Version), f.CreatedAt, f.UpdatedAt)
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

// taken tells that another formation has the name of f.
func (t formations) taken(f *btp.Formation) error {
	other, ok, err := t.FindByName(f.GlobalAccount, f.Name)
	if err != nil {
		return err
	}
	if ok && other.ID != f.ID {
		return btp.Errorf(btp.NameTaken, "there is a formation %.120q in global account %s already", f.Name, f.GlobalAccount)
	}
	return nil
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
