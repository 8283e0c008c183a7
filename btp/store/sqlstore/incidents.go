package sqlstore

import "github.com/pairsim/pairsim/btp"

type incidents struct{ *tx }

const incidentSelect = `SELECT id, global_account, subject_kind, subject, subject_name, component, cause, step, status,
	opened_at, resolved_at, resolution, sequence FROM incidents`

func readIncident(r Row) btp.Incident {
	return btp.Incident{
		ID: btp.IncidentID(r.Text(0)), GlobalAccount: btp.GlobalAccountID(r.Text(1)),
		Subject:   btp.IncidentSubject{Kind: btp.ObjectKind(r.Text(2)), ID: r.Text(3), Name: r.Text(4)},
		Component: r.Text(5), Cause: r.Text(6), Step: btp.Point(r.Text(7)), Status: r.Text(8),
		OpenedAt: r.Time(9), ResolvedAt: r.Time(10), Resolution: r.Text(11), Sequence: uint64(r.Number(12)),
	}
}

func (t incidents) Get(id btp.IncidentID) (i btp.Incident, err error) {
	ok, err := t.one(incidentSelect+` WHERE env = ? AND id = ?`, func(r Row) error {
		i = readIncident(r)
		return nil
	}, t.env, string(id))
	if err == nil && !ok {
		err = btp.Errorf(btp.IncidentNotFound, "there is no incident %.40q", id)
	}
	return i, err
}

// List walks along one index; the open ones, which are few, have their own. Left
// to itself, SQLite prefers to walk along the whole environment.
func (t incidents) List(f btp.IncidentFilter) (list []btp.Incident, err error) {
	p, ok := t.paging(f.After, f.Limit)
	if !ok {
		return nil, nil
	}
	along := ``
	switch {
	case f.Subject != "":
		along = t.along("incidents_by_subject")
	case f.OpenOnly && f.GlobalAccount != "":
		along = t.along("incidents_open_by_global_account")
	case f.OpenOnly:
		along = t.along("incidents_open")
	case f.GlobalAccount != "":
		along = t.along("incidents_by_global_account")
	}
	p.add("subject", f.Subject)
	p.add("global_account", string(f.GlobalAccount))
	if f.OpenOnly {
		p.where += ` AND resolved_at IS NULL`
	}
	err = t.query(incidentSelect+along+` WHERE env = ?1 AND sequence > ?2`+p.where+` ORDER BY sequence LIMIT ?3`, func(r Row) error {
		list = append(list, readIncident(r))
		return nil
	}, p.args...)
	return list, err
}

var incidentTable = ordered("incidents", "env, id", "env",
	"global_account, subject_kind, subject, subject_name, component, cause, step, status, opened_at, resolved_at, resolution, sequence")

func (t incidents) Put(i btp.Incident) error {
	return t.putUnique(incidentTable, false, nil, t.env, string(i.ID), string(i.GlobalAccount), string(i.Subject.Kind), i.Subject.ID, i.Subject.Name, i.Component, i.Cause,
		string(i.Step), i.Status, i.OpenedAt, i.ResolvedAt, i.Resolution, int64(i.Sequence))
}

func (t incidents) Delete(id btp.IncidentID) error {
	return t.write(`DELETE FROM incidents WHERE env = ? AND id = ?`, t.env, string(id))
}
