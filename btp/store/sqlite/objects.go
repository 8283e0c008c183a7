package sqlite

import (
	"database/sql/driver"

	"github.com/pairsim/pairsim/btp"
)

type objects struct{ *tx }

const objectSelect = `SELECT kind, id, scope, name, parent, system, sequence, document, secret FROM objects`

func readObject(r row) btp.Object {
	return btp.Object{
		Kind: btp.ObjectKind(r.text(0)), ID: r.text(1), Scope: r.text(2), Name: r.text(3), Parent: r.text(4), System: btp.SystemID(r.text(5)),
		Sequence: uint64(r.number(6)), Document: r.bytes(7), Secret: r.bytes(8),
	}
}

func (t objects) Find(kind btp.ObjectKind, id string) (btp.Object, bool, error) {
	return t.oneObject(` WHERE env = ? AND kind = ? AND id = ?`, t.env, string(kind), id)
}

func (t objects) FindByName(kind btp.ObjectKind, scope, name string) (btp.Object, bool, error) {
	return t.oneObject(` WHERE env = ? AND kind = ? AND scope = ? AND name = ?`, t.env, string(kind), scope, name)
}

func (t objects) oneObject(where string, args ...driver.Value) (o btp.Object, ok bool, err error) {
	ok, err = t.one(objectSelect+where, func(r row) error {
		o = readObject(r)
		return nil
	}, args...)
	return o, ok, err
}

// List walks along one index, as that of entitlements does.
func (t objects) List(f btp.ObjectFilter) (list []btp.Object, err error) {
	p, ok := t.paging(f.After, f.Limit)
	if !ok {
		return nil, nil
	}
	err = t.query(objectSelect+filtered(&p, f)+` ORDER BY sequence LIMIT ?3`, func(r row) error {
		list = append(list, readObject(r))
		return nil
	}, p.args...)
	return list, err
}

func (t objects) Count(f btp.ObjectFilter) (n int, err error) {
	p, _ := t.paging(0, 0)
	_, err = t.one(`SELECT count(*) FROM objects`+filtered(&p, f)+` LIMIT ?3`, func(r row) error {
		n = int(r.number(0))
		return nil
	}, p.args...)
	return n, err
}

func filtered(p *paged, f btp.ObjectFilter) string {
	along := ` INDEXED BY objects_by_sequence`
	switch {
	case f.Parent != "":
		along = ` INDEXED BY objects_by_parent`
	case f.System != "":
		along = ` INDEXED BY objects_by_system`
	case f.Scope != "":
		along = ` INDEXED BY objects_by_scope`
	}
	p.args = append(p.args, string(f.Kind))
	p.add("parent", f.Parent)
	p.add("system", string(f.System))
	p.add("scope", f.Scope)
	return along + ` WHERE env = ?1 AND sequence > ?2 AND kind = ?4` + p.where
}

func (t objects) Put(o btp.Object) error {
	var name driver.Value
	if o.Name != "" {
		name = o.Name
	}
	err := t.write(`INSERT INTO objects (env, kind, id, scope, name, parent, system, sequence, document, secret)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (env, kind, id) DO UPDATE SET scope = excluded.scope, name = excluded.name, parent = excluded.parent,
			system = excluded.system, sequence = excluded.sequence, document = excluded.document, secret = excluded.secret`,
		t.env, string(o.Kind), o.ID, o.Scope, name, o.Parent, string(o.System), int64(o.Sequence), o.Document, o.Secret)
	if !isConstraint(err) || o.Name == "" {
		return err
	}
	if other, ok, findErr := t.FindByName(o.Kind, o.Scope, o.Name); findErr != nil {
		return findErr
	} else if ok && other.ID != o.ID {
		return btp.Errorf(btp.NameTaken, "there is a %s %.100q already", o.Kind, o.Name)
	}
	return err
}

func (t objects) Delete(kind btp.ObjectKind, id string) error {
	return t.write(`DELETE FROM objects WHERE env = ? AND kind = ? AND id = ?`, t.env, string(kind), id)
}
