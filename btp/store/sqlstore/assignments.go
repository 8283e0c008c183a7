package sqlstore

import "github.com/pairsim/pairsim/btp"

type assignments struct{ *tx }

const (
	assignmentSelect = `SELECT id, formation, source_kind, source, target_kind, target, state, configuration, error, updated_at
	FROM assignments`
	assignmentColumns = assignmentSelect + ` WHERE env = ? AND formation = ?`
)

func readAssignment(r Row) btp.Assignment {
	return btp.Assignment{
		ID: btp.AssignmentID(r.Text(0)), Formation: btp.FormationID(r.Text(1)),
		Source: btp.Participant{Kind: btp.ParticipantKind(r.Text(2)), ID: r.Text(3)},
		Target: btp.Participant{Kind: btp.ParticipantKind(r.Text(4)), ID: r.Text(5)},
		State:  btp.AssignmentState(r.Text(6)), Configuration: r.Bytes(7), Error: r.Text(8), UpdatedAt: r.Time(9),
	}
}

func (t assignments) Find(formation btp.FormationID, id btp.AssignmentID) (a btp.Assignment, ok bool, err error) {
	ok, err = t.one(assignmentColumns+` AND id = ?`, func(r Row) error {
		a = readAssignment(r)
		return nil
	}, t.env, string(formation), string(id))
	return a, ok, err
}

func (t assignments) ListOf(formation btp.FormationID) (list []btp.Assignment, err error) {
	err = t.query(assignmentColumns+` ORDER BY source_kind, source, target_kind, target`, func(r Row) error {
		list = append(list, readAssignment(r))
		return nil
	}, t.env, string(formation))
	return list, err
}

func (t assignments) Count(formation btp.FormationID) (map[btp.AssignmentState]int, error) {
	count := map[btp.AssignmentState]int{}
	err := t.query(`SELECT state, count(*) FROM assignments WHERE env = ? AND formation = ? GROUP BY state`, func(r Row) error {
		count[btp.AssignmentState(r.Text(0))] = int(r.Number(1))
		return nil
	}, t.env, string(formation))
	return count, err
}

var assignmentTable = tableOf("assignments", "env, formation, source_kind, source, target_kind, target", "id, state, configuration, error, updated_at")

// Put also ends another assignment of the same source and target: a pair has one row.
// An assignment whose pair is another now leaves the one that it had.
func (t assignments) Put(a btp.Assignment) error {
	err := t.write(`DELETE FROM assignments WHERE env = ? AND formation = ? AND id = ? AND (source_kind, source, target_kind, target) <> (?, ?, ?, ?)`,
		t.env, string(a.Formation), string(a.ID), string(a.Source.Kind), a.Source.ID, string(a.Target.Kind), a.Target.ID)
	if err != nil {
		return err
	}
	return t.put(assignmentTable, t.env, string(a.Formation), string(a.Source.Kind), a.Source.ID, string(a.Target.Kind), a.Target.ID,
		string(a.ID), string(a.State), []byte(a.Configuration), a.Error, a.UpdatedAt)
}

func (t assignments) Delete(formation btp.FormationID, id btp.AssignmentID) error {
	return t.write(`DELETE FROM assignments WHERE env = ? AND formation = ? AND id = ?`, t.env, string(formation), string(id))
}
