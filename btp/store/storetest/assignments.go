package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func application(id string) btp.Participant {
	return btp.Participant{Kind: btp.ParticipantApplication, ID: id}
}

func runtimeOf(id string) btp.Participant {
	return btp.Participant{Kind: btp.ParticipantRuntime, ID: id}
}

func assignment(id, formation string, source, target btp.Participant) btp.Assignment {
	return btp.Assignment{
		ID: btp.AssignmentID(id), Formation: btp.FormationID(formation), Source: source, Target: target,
		State: btp.AssignmentInitial, UpdatedAt: start,
	}
}

func fullAssignment(id, formation string) btp.Assignment {
	a := assignment(id, formation, application("system-1"), runtimeOf("dev"))
	a.State, a.Error, a.Configuration = btp.AssignmentCreateError, `"<&> ü`, []byte(`{"key":  "<v>"}`)
	return a
}

func testAssignments(t *testing.T, s btp.Store) {
	listOf := func(id btp.FormationID) []btp.Assignment {
		return get(t, s, func(tx btp.Tx) ([]btp.Assignment, error) { return tx.Assignments().ListOf(id) })
	}
	put := func(list ...btp.Assignment) {
		update(t, s, env, func(tx btp.Tx) error {
			for _, a := range list {
				if err := tx.Assignments().Put(a); err != nil {
					return err
				}
			}
			return nil
		})
	}
	// By source, then target; of each the kind, then the id.
	pairs := [][2]btp.Participant{
		{application("a"), application("a")},
		{application("a"), application("z")},
		{application("a"), runtimeOf("b")},
		{application("z"), application("a")},
		{runtimeOf("b"), application("z")},
		{runtimeOf("b"), runtimeOf("b")},
	}
	want := make([]btp.Assignment, len(pairs))
	for i, p := range pairs {
		want[i] = assignment(fmt.Sprintf("id-%d", (i*5)%7), "f1", p[0], p[1]) // ids in no order
	}
	foreign := fullAssignment("id-0", "f2") // ids belong to a formation
	for i := range want {
		put(want[(i*5)%len(want)])
	}
	put(foreign)
	same(t, "assignments by source and target", listOf("f1"), want)
	same(t, "assignments of another formation", listOf("f2"), []btp.Assignment{foreign})
	same(t, "assignments of none", listOf("f3"), []btp.Assignment{})

	want[2].State, want[2].Configuration = btp.AssignmentReady, []byte(`[]`)
	want[3].Error, want[3].State, want[3].UpdatedAt = "why", btp.AssignmentDeleteError, start.Add(time.Hour)
	put(want[2], want[3])
	same(t, "assignments", listOf("f1"), want)
	for _, a := range append([]btp.Assignment{foreign}, want...) {
		got, ok := find(t, s, func(tx btp.Tx) (btp.Assignment, bool, error) { return tx.Assignments().Find(a.Formation, a.ID) })
		same(t, fmt.Sprintf("assignment %s of %s, found %v", a.ID, a.Formation, ok), got, a)
	}
	if got, ok := find(t, s, func(tx btp.Tx) (btp.Assignment, bool, error) { return tx.Assignments().Find("f2", want[1].ID) }); ok {
		t.Errorf("an assignment of another formation is found: %+v", got)
	}

	// A pair has one assignment: a new one ends the old one.
	want[0].ID = "newer"
	put(want[0])
	same(t, "assignments after a pair was assigned anew", listOf("f1"), want)
	// And an assignment that moves leaves its old pair.
	want[0].Source = application("0")
	put(want[0])
	same(t, "assignments after one moved", listOf("f1"), want)

	update(t, s, env, func(tx btp.Tx) error {
		k := tx.Assignments()
		return all(k.Delete("f1", want[1].ID), k.Delete("f1", want[1].ID), k.Delete("f2", want[2].ID), k.Delete("f3", "id-1"))
	})
	same(t, "assignments", listOf("f1"), append(want[:1:1], want[2:]...))
	same(t, "assignments of another formation", listOf("f2"), []btp.Assignment{foreign})
}

func testAssignmentCount(t *testing.T, s btp.Store) {
	want := map[btp.AssignmentState]int{}
	check := func(when string) {
		t.Helper()
		for state, n := range want {
			if n == 0 {
				delete(want, state) // no state is counted that does not occur
			}
		}
		got := get(t, s, func(tx btp.Tx) (map[btp.AssignmentState]int, error) { return tx.Assignments().Count("f1") })
		same(t, "count "+when, got, want)
	}
	check("of nothing")
	a := make([]btp.Assignment, 14)
	update(t, s, env, func(tx btp.Tx) error {
		for i := range a {
			a[i] = assignment(fmt.Sprintf("id-%d", i), "f1", application("a"), application(fmt.Sprint(i)))
			a[i].State = btp.AssignmentStates[i%4]
			want[a[i].State]++
			if err := tx.Assignments().Put(a[i]); err != nil {
				return err
			}
			got, err := tx.Assignments().Count("f1")
			if err != nil {
				return err
			}
			same(t, "count in the change that put", got, want)
		}
		return tx.Assignments().Put(fullAssignment("id-0", "f2"))
	})
	check("after putting")
	update(t, s, env, func(tx btp.Tx) error {
		for i := range a {
			want[a[i].State]--
			a[i].State = btp.AssignmentStates[(i*i)%len(btp.AssignmentStates)]
			want[a[i].State]++
			if err := tx.Assignments().Put(a[i]); err != nil {
				return err
			}
		}
		return nil
	})
	check("after changes of state")
	_ = s.Update(context.Background(), env, func(tx btp.Tx) error {
		k := tx.Assignments()
		return all(k.Delete("f1", "id-0"), k.Put(assignment("x", "f1", application("a"), application("1"))), k.Delete("f1", "x"), errRefused)
	})
	check("after a refused change")
	// Assigning a pair anew counts once.
	want[a[1].State]--
	a[1].ID, a[1].State = "x", btp.AssignmentDeleteError
	want[a[1].State]++
	update(t, s, env, func(tx btp.Tx) error { return tx.Assignments().Put(a[1]) })
	check("after a pair was assigned anew")
	update(t, s, env, func(tx btp.Tx) error {
		for _, one := range a {
			if err := tx.Assignments().Delete("f1", one.ID); err != nil {
				return err
			}
		}
		return nil
	})
	want = nil
	check("after deleting all")
}
