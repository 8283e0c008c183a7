package memory

import (
	"bytes"
	"fmt"

	"github.com/pairsim/pairsim/btp"
)

type objectKey struct {
	kind btp.ObjectKind
	id   string
}

type objectName struct {
	kind        btp.ObjectKind
	scope, name string
}

// objectList names an ordered list of objects: all of a kind, or those of the one
// field that is set.
type objectList struct {
	kind          btp.ObjectKind
	scope, parent string
	system        btp.SystemID
}

// listsOfObject are the lists that an object stands in.
func listsOfObject(o *btp.Object) []objectList {
	lists := []objectList{{kind: o.Kind}}
	if o.Scope != "" {
		lists = append(lists, objectList{kind: o.Kind, scope: o.Scope})
	}
	if o.Parent != "" {
		lists = append(lists, objectList{kind: o.Kind, parent: o.Parent})
	}
	if o.System != "" {
		lists = append(lists, objectList{kind: o.Kind, system: o.System})
	}
	return lists
}

type objects struct{ *tx }

func (t objects) Find(kind btp.ObjectKind, id string) (btp.Object, bool, error) {
	return foundObject(t.state.objects[objectKey{kind, id}])
}

func (t objects) FindByName(kind btp.ObjectKind, scope, name string) (btp.Object, bool, error) {
	return foundObject(t.objectNames[objectName{kind, scope, name}])
}

func foundObject(o *btp.Object) (btp.Object, bool, error) {
	if o == nil {
		return btp.Object{}, false, nil
	}
	return cloneObject(o), true, nil
}

func (t objects) List(f btp.ObjectFilter) ([]btp.Object, error) {
	return page(t.objectLists, along(f), f.After, f.Limit, selectedBy(f), cloneObject), nil
}

func (t objects) Count(f btp.ObjectFilter) (n int, err error) {
	selected := selectedBy(f)
	t.objectLists.walk(along(f), 0, func(o *btp.Object) bool {
		if selected(o) {
			n++
		}
		return true
	})
	return n, nil
}

// along is the shortest of the lists that a filter names.
func along(f btp.ObjectFilter) objectList {
	switch {
	case f.Parent != "":
		return objectList{kind: f.Kind, parent: f.Parent}
	case f.System != "":
		return objectList{kind: f.Kind, system: f.System}
	}
	return objectList{kind: f.Kind, scope: f.Scope}
}

func selectedBy(f btp.ObjectFilter) func(*btp.Object) bool {
	return func(o *btp.Object) bool {
		return (f.Scope == "" || o.Scope == f.Scope) && (f.Parent == "" || o.Parent == f.Parent) && (f.System == "" || o.System == f.System)
	}
}

func (t objects) Put(o btp.Object) error {
	if o.Name != "" {
		if other := t.objectNames[objectName{o.Kind, o.Scope, o.Name}]; other != nil && other.ID != o.ID {
			return btp.Errorf(btp.NameTaken, "there is a %s %.100q already", o.Kind, o.Name)
		}
	}
	if other, ok := t.objectLists.at(objectList{kind: o.Kind}, o.Sequence); ok && other.ID != o.ID {
		return fmt.Errorf("memory store: %ss %s and %s have the same sequence %d", o.Kind, other.ID, o.ID, o.Sequence)
	}
	now := cloneObject(&o)
	return swap(t.tx, (*state).replaceObject, t.state.objects[objectKey{o.Kind, o.ID}], &now)
}

func (t objects) Delete(kind btp.ObjectKind, id string) error {
	return swap(t.tx, (*state).replaceObject, t.state.objects[objectKey{kind, id}], nil)
}

func (s *state) replaceObject(old, now *btp.Object) {
	if old != nil {
		delete(s.objects, objectKey{old.Kind, old.ID})
		delete(s.objectNames, objectName{old.Kind, old.Scope, old.Name})
		for _, l := range listsOfObject(old) {
			s.objectLists.remove(l, old.Sequence)
		}
	}
	if now != nil {
		s.objects[objectKey{now.Kind, now.ID}] = now
		if now.Name != "" {
			s.objectNames[objectName{now.Kind, now.Scope, now.Name}] = now
		}
		for _, l := range listsOfObject(now) {
			s.objectLists.add(l, now.Sequence, now)
		}
	}
}

func cloneObject(o *btp.Object) btp.Object {
	c := *o
	c.Document, c.Secret = bytes.Clone(o.Document), bytes.Clone(o.Secret)
	return c
}
