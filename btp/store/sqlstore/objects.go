package sqlstore

import (
	"database/sql/driver"

	"github.com/pairsim/pairsim/btp"
)

type objects struct{ *tx }

const objectSelect = `SELECT kind, id, scope, name, parent, system, sequence, document, secret FROM objects`

func readObject(r Row) btp.Object {
	return btp.Object{
		Kind: btp.ObjectKind(r.Text(0)), ID: r.Text(1), Scope: r.Text(2), Name: r.Text(3), Parent: r.Text(4), System: btp.SystemID(r.Text(5)),
		Sequence: uint64(r.Number(6)), Document: r.Bytes(7), Secret: r.Bytes(8),
	}
}

func (t objects) Find(kind btp.ObjectKind, id string) (btp.Object, bool, error) {
	return t.oneObject(` WHERE env = ? AND kind = ? AND id = ?`, t.env, string(kind), id)
}

func (t objects) FindByName(kind btp.ObjectKind, scope, name string) (btp.Object, bool, error) {
	return t.oneObject(` WHERE env = ? AND kind = ? AND scope = ? AND name = ?`, t.env, string(kind), scope, name)
}

func (t objects) oneObject(where string, args ...driver.Value) (o btp.Object, ok bool, err error) {
	ok, err = t.one(objectSelect+where, func(r Row) error {
		o = readObject(r)
		return nil
	}, args...)
	t.lastObject = refOf(&o)
	return o, ok, err
}

// List walks along one index, as that of entitlements does.
func (t objects) List(f btp.ObjectFilter) (list []btp.Object, err error) {
	p, ok := t.paging(f.After, f.Limit)
	if !ok {
		return nil, nil
	}
	err = t.query(objectSelect+t.filtered(&p, f)+` ORDER BY sequence LIMIT ?3`, func(r Row) error {
		list = append(list, readObject(r))
		return nil
	}, p.args...)
	return list, err
}

func (t objects) Count(f btp.ObjectFilter) (n int, err error) {
	p, _ := t.paging(0, 0)
	_, err = t.one(`SELECT count(*) FROM objects`+t.filtered(&p, f)+` LIMIT ?3`, func(r Row) error {
		n = int(r.Number(0))
		return nil
	}, p.args...)
	return n, err
}

func (t objects) filtered(p *paged, f btp.ObjectFilter) string {
	along := t.along("objects_by_sequence")
	switch {
	case f.Parent != "":
		along = t.along("objects_by_parent")
	case f.System != "":
		along = t.along("objects_by_system")
	case f.Scope != "":
		along = t.along("objects_by_scope")
	}
	p.args = append(p.args, string(f.Kind))
	p.add("parent", f.Parent)
	p.add("system", string(f.System))
	p.add("scope", f.Scope)
	return along + ` WHERE env = ?1 AND sequence > ?2 AND kind = ?4` + p.where
}

var objectTable = ordered("objects", "env, kind, id", "env, kind", "scope, name, parent, system, sequence, document, secret")

// objectRef is what of an object is unique.
type objectRef struct {
	kind            btp.ObjectKind
	id, scope, name string
	sequence        uint64
}

func refOf(o *btp.Object) objectRef { return objectRef{o.Kind, o.ID, o.Scope, o.Name, o.Sequence} }

func (t objects) Put(o btp.Object) error {
	var name driver.Value
	if o.Name != "" {
		name = o.Name
	}
	return t.putUnique(objectTable, t.lastObject == refOf(&o), func() error {
		if o.Name == "" {
			return nil
		}
		other, ok, err := t.FindByName(o.Kind, o.Scope, o.Name)
		if err == nil && ok && other.ID != o.ID {
			err = btp.Errorf(btp.NameTaken, "there is a %s %.100q already", o.Kind, o.Name)
		}
		return err
	}, t.env, string(o.Kind), o.ID, o.Scope, name, o.Parent, string(o.System), int64(o.Sequence), o.Document, o.Secret)
}

func (t objects) Delete(kind btp.ObjectKind, id string) error {
	return t.write(`DELETE FROM objects WHERE env = ? AND kind = ? AND id = ?`, t.env, string(kind), id)
}
