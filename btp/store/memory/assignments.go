package memory

import (
	"bytes"
	"cmp"
	"maps"

	"github.com/tidwall/btree"

	"github.com/pairsim/pairsim/btp"
)

// board holds the assignments of one formation.
type board struct {
	assignments map[btp.AssignmentID]*btp.Assignment
	pairs       *btree.BTreeG[*btp.Assignment] // by source, then target
	count       map[btp.AssignmentState]int    // without zeros
}

func newBoard() *board {
	return &board{
		assignments: map[btp.AssignmentID]*btp.Assignment{},
		pairs:       btree.NewBTreeGOptions(beforePair, btree.Options{NoLocks: true}),
		count:       map[btp.AssignmentState]int{},
	}
}

func beforePair(a, b *btp.Assignment) bool {
	return cmp.Or(
		cmp.Compare(a.Source.Kind, b.Source.Kind), cmp.Compare(a.Source.ID, b.Source.ID),
		cmp.Compare(a.Target.Kind, b.Target.Kind), cmp.Compare(a.Target.ID, b.Target.ID),
	) < 0
}

type assignments struct{ *tx }

func (t assignments) Find(formation btp.FormationID, id btp.AssignmentID) (btp.Assignment, bool, error) {
	if a := t.present(formation, id); a != nil {
		return cloneAssignment(a), true, nil
	}
	return btp.Assignment{}, false, nil
}

func (t assignments) present(formation btp.FormationID, id btp.AssignmentID) *btp.Assignment {
	if b, ok := t.boards[formation]; ok {
		return b.assignments[id]
	}
	return nil
}

func (t assignments) ListOf(formation btp.FormationID) ([]btp.Assignment, error) {
	b, ok := t.boards[formation]
	if !ok {
		return nil, nil
	}
	list := make([]btp.Assignment, 0, b.pairs.Len())
	b.pairs.Scan(func(a *btp.Assignment) bool {
		list = append(list, cloneAssignment(a))
		return true
	})
	return list, nil
}

func (t assignments) Count(formation btp.FormationID) (map[btp.AssignmentState]int, error) {
	if b, ok := t.boards[formation]; ok {
		return maps.Clone(b.count), nil
	}
	return nil, nil
}

// Put also ends another assignment of the same source and target.
func (t assignments) Put(a btp.Assignment) error {
	if b, ok := t.boards[a.Formation]; ok {
		if other, ok := b.pairs.Get(&a); ok && other.ID != a.ID {
			if err := swap(t.tx, (*state).replaceAssignment, other, nil); err != nil {
				return err
			}
		}
	}
	now := cloneAssignment(&a)
	return swap(t.tx, (*state).replaceAssignment, t.present(a.Formation, a.ID), &now)
}

func (t assignments) Delete(formation btp.FormationID, id btp.AssignmentID) error {
	return swap(t.tx, (*state).replaceAssignment, t.present(formation, id), nil)
}

// replaceAssignment gets an old and a new one of the same formation.
func (s *state) replaceAssignment(old, now *btp.Assignment) {
	one := cmp.Or(now, old)
	b, ok := s.boards[one.Formation]
	if !ok {
		b = newBoard()
		s.boards[one.Formation] = b
	}
	if old != nil {
		delete(b.assignments, old.ID)
		b.pairs.Delete(old)
		if b.count[old.State]--; b.count[old.State] == 0 {
			delete(b.count, old.State)
		}
	}
	if now != nil {
		b.assignments[now.ID] = now
		b.pairs.Set(now)
		b.count[now.State]++
	}
	if len(b.assignments) == 0 {
		delete(s.boards, one.Formation)
	}
}

func cloneAssignment(a *btp.Assignment) btp.Assignment {
	c := *a
	c.Configuration = bytes.Clone(a.Configuration)
	return c
}
