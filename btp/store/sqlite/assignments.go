package sqlite

import "github.com/pairsim/pairsim/btp"

type assignments struct{ *tx }

const (
	assignmentSelect = `SELECT id, formation, source_kind, source, target_kind, target, state, configuration, error, updated_at
	FROM assignments`
	assignmentColumns = assignmentSelect + ` WHERE env = ? AND formation = ?`
)

func readAssignment(r row) btp.Assignment {
	return btp.Assignment{
		ID: btp.AssignmentID(r.text(0)), Formation: btp.FormationID(r.text(1)),
		Source: btp.Participant{Kind: btp.ParticipantKind(r.text(2)), ID: r.text(3)},
		Target: btp.Participant{Kind: btp.ParticipantKind(r.text(4)), ID: r.text(5)},
		State:  btp.AssignmentState(r.text(6)), Configuration: r.bytes(7), Error: r.text(8), UpdatedAt: r.time(9),
	}
}

func (t assignments) Find(formation btp.FormationID, id btp.AssignmentID) (a btp.Assignment, ok bool, err error) {
	ok, err = t.one(assignmentColumns+` AND id = ?`, func(r row) error {
		a = readAssignment(r)
		return nil
	}, t.env, string(formation), string(id))
	return a, ok, err
}

func (t assignments) ListOf(formation btp.FormationID) (list []btp.Assignment, err error) {
	err = t.query(assignmentColumns+` ORDER BY source_kind, source, target_kind, target`, func(r row) error {
		list = append(list, readAssignment(r))
		return nil
	}, t.env, string(formation))
	return list, err
}

func (t assignments) Count(formation btp.FormationID) (map[btp.AssignmentState]int, error) {
	count := map[btp.AssignmentState]int{}
	err := t.query(`SELECT state, count(*) FROM assignments WHERE env = ? AND formation = ? GROUP BY state`, func(r row) error {
		count[btp.AssignmentState(r.text(0))] = int(r.number(1))
		return nil
	}, t.env, string(formation))
	return count, err
}

// Put also ends another assignment of the same source and target: a pair has one row.
func (t assignments) Put(a btp.Assignment) error {
	return t.write(`INSERT OR REPLACE INTO assignments
		(env, formation, id, source_kind, source, target_kind, target, state, configuration, error, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.env, string(a.Formation), string(a.ID), string(a.Source.Kind), a.Source.ID, string(a.Target.Kind), a.Target.ID,
		string(a.State), []byte(a.Configuration), a.Error, a.UpdatedAt)
}

func (t assignments) Delete(formation btp.FormationID, id btp.AssignmentID) error {
	return t.write(`DELETE FROM assignments WHERE env = ? AND formation = ? AND id = ?`, t.env, string(formation), string(id))
}
