package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

type systems struct{ *tx }

const (
	systemSelect = `SELECT id, global_account, name, type, application_name, status, failure, tenant,
		sequence, created_at, updated_at, registered_at, former_tenant, extension_deleted, event_runtime, discovery FROM systems`
	systemColumns = systemSelect + ` WHERE env = ?`
)

func readSystem(r row) (btp.System, error) {
	s := btp.System{
		ID: btp.SystemID(r.text(0)), GlobalAccount: btp.GlobalAccountID(r.text(1)), Name: r.text(2), Type: r.text(3),
		ApplicationName: r.text(4), Status: btp.Status(r.text(5)),
		Sequence: uint64(r.number(8)), CreatedAt: r.time(9), UpdatedAt: r.time(10), RegisteredAt: r.time(11),
		FormerTenant: r.text(12), ExtensionDeleted: r.flag(13), EventRuntime: btp.SubaccountID(r.text(14)),
	}
	err := fromJSON(r.text(6), &s.Failure)
	if err == nil {
		err = fromJSON(r.text(7), &s.Tenant)
	}
	if err == nil {
		err = fromJSON(r.text(15), &s.Discovery)
	}
	return s, err
}

// fromJSON reads a column that is NULL for a nil pointer.
func fromJSON[T any](text string, to **T) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), to)
}

func toJSON[T any](v *T) (driver.Value, error) {
	if v == nil {
		return nil, nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}

func (t systems) find(where string, args ...driver.Value) (s btp.System, ok bool, err error) {
	ok, err = t.one(where, func(r row) (err error) {
		s, err = readSystem(r)
		return err
	}, args...)
	t.lastSystem = s.ID
	return s, ok, err
}

func (t systems) Get(id btp.SystemID) (btp.System, error) {
	s, ok, err := t.find(systemColumns+` AND id = ?`, t.env, string(id))
	if err == nil && !ok {
		err = btp.Errorf(btp.SystemNotFound, "there is no system %.40q", id)
	}
	return s, err
}

func (t systems) FindByName(ga btp.GlobalAccountID, name string) (btp.System, bool, error) {
	return t.find(systemColumns+` AND global_account = ? AND name = ?`, t.env, string(ga), name)
}

func (t systems) FindByApplicationName(name string) (btp.System, bool, error) {
	return t.find(systemColumns+` AND application_name = ? AND application_name <> ''`, t.env, name)
}

// List walks along one index. Where the filter leaves type or status open, it
// merges the ranges of those that occur, which are few. Left to itself, SQLite
// prefers to walk along the whole global account.
func (t systems) List(f btp.SystemFilter) ([]btp.System, error) {
	p, ok := t.paging(f.After, f.Limit)
	if !ok {
		return nil, nil
	}
	p.add("global_account", string(f.GlobalAccount))
	p.add("name", f.Name)
	if f.GlobalAccount == "" || f.Name != "" || f.Status == "" && f.Type == "" {
		p.add("status", string(f.Status))
		p.add("type", f.Type)
		return t.page(systemSelect+listWhere+p.where, p.args)
	}
	ranges, err := t.ranges(f)
	if err != nil || len(ranges) == 0 {
		return nil, err
	}
	arms := make([]string, len(ranges))
	for i, r := range ranges {
		p.args = append(p.args, r.systemType, string(r.status))
		arms[i] = systemSelect + ` INDEXED BY systems_by_type_and_status` + listWhere + p.where + fmt.Sprintf(` AND type = ?%d AND status = ?%d`, len(p.args)-1, len(p.args))
	}
	return t.page(strings.Join(arms, ` UNION ALL `), p.args)
}

// listWhere has the parameters that every list has; ?3 is its length.
const listWhere = ` WHERE env = ?1 AND sequence > ?2`

func (t systems) page(query string, args []driver.Value) (list []btp.System, err error) {
	err = t.query(query+` ORDER BY sequence LIMIT ?3`, func(r row) error {
		s, err := readSystem(r)
		list = append(list, s)
		return err
	}, args...)
	return list, err
}

// typeAndStatus is a range of the index of lists.
type typeAndStatus struct {
	systemType string
	status     btp.Status
}

// ranges finds those that occur in the filter's global account, skipping along
// the index from one to the next.
func (t systems) ranges(f btp.SystemFilter) (list []typeAndStatus, err error) {
	var at typeAndStatus
	for {
		ok, err := t.one(`SELECT type, status FROM systems WHERE env = ? AND global_account = ? AND (type, status) > (?, ?)
			ORDER BY type, status LIMIT 1`, func(r row) error {
			at = typeAndStatus{r.text(0), btp.Status(r.text(1))}
			return nil
		}, t.env, string(f.GlobalAccount), at.systemType, string(at.status))
		if err != nil || !ok {
			return list, err
		}
		if (f.Type == "" || f.Type == at.systemType) && (f.Status == "" || f.Status == at.status) {
			list = append(list, at)
		}
	}
}

func (t systems) Put(s btp.System) error {
	failure, err := toJSON(s.Failure)
	if err != nil {
		return err
	}
	tenant, err := toJSON(s.Tenant)
	if err != nil {
		return err
	}
	discovery, err := toJSON(s.Discovery)
	if err != nil {
		return err
	}
	if t.lastSystem == s.ID { // it is there: only what moves in its life is written, and only those indexes
		n, err := t.writeCounted(`UPDATE systems SET status = ?, failure = ?, tenant = ?, updated_at = ?, registered_at = ?,
				former_tenant = ?, extension_deleted = ?, event_runtime = ?, discovery = ?
			WHERE env = ? AND id = ? AND global_account = ? AND sequence = ? AND name = ? AND type = ? AND application_name = ? AND created_at IS ?`,
			string(s.Status), failure, tenant, s.UpdatedAt, s.RegisteredAt, s.FormerTenant, flag(s.ExtensionDeleted), string(s.EventRuntime), discovery,
			t.env, string(s.ID), string(s.GlobalAccount), int64(s.Sequence), s.Name, s.Type, s.ApplicationName, s.CreatedAt)
		if err != nil || n > 0 {
			return err
		}
	}
	err = t.write(`INSERT INTO systems (env, id, global_account, sequence, name, type, application_name, status, failure, tenant,
			created_at, updated_at, registered_at, former_tenant, extension_deleted, event_runtime, discovery)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (env, id) DO UPDATE SET global_account = excluded.global_account, sequence = excluded.sequence, name = excluded.name,
			type = excluded.type, application_name = excluded.application_name, status = excluded.status, failure = excluded.failure,
			tenant = excluded.tenant, created_at = excluded.created_at, updated_at = excluded.updated_at, registered_at = excluded.registered_at,
			former_tenant = excluded.former_tenant, extension_deleted = excluded.extension_deleted,
			event_runtime = excluded.event_runtime, discovery = excluded.discovery`,
		t.env, string(s.ID), string(s.GlobalAccount), int64(s.Sequence), s.Name, s.Type, s.ApplicationName, string(s.Status), failure, tenant,
		s.CreatedAt, s.UpdatedAt, s.RegisteredAt, s.FormerTenant, flag(s.ExtensionDeleted), string(s.EventRuntime), discovery)
	if isConstraint(err) {
		return t.taken(&s, err)
	}
	return err
}

// taken tells which name of s another system has; otherwise the cause stands.
func (t systems) taken(s *btp.System, cause error) error {
	if other, ok, err := t.FindByName(s.GlobalAccount, s.Name); err != nil {
		return err
	} else if ok && other.ID != s.ID {
		return btp.Errorf(btp.NameTaken, "there is a system %.120q in global account %s already", s.Name, s.GlobalAccount)
	}
	if other, ok, err := t.FindByApplicationName(s.ApplicationName); err != nil {
		return err
	} else if ok && other.ID != s.ID {
		return btp.Errorf(btp.NameTaken, "there is an application %.120q already", s.ApplicationName)
	}
	return cause
}

func (t systems) Delete(id btp.SystemID) error {
	return t.write(`DELETE FROM systems WHERE env = ? AND id = ?`, t.env, string(id))
}
