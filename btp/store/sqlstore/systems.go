package sqlstore

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

func readSystem(r Row) (btp.System, error) {
	s := btp.System{
		ID: btp.SystemID(r.Text(0)), GlobalAccount: btp.GlobalAccountID(r.Text(1)), Name: r.Text(2), Type: r.Text(3),
		ApplicationName: r.Text(4), Status: btp.Status(r.Text(5)),
		Sequence: uint64(r.Number(8)), CreatedAt: r.Time(9), UpdatedAt: r.Time(10), RegisteredAt: r.Time(11),
		FormerTenant: r.Text(12), ExtensionDeleted: r.Flag(13), EventRuntime: btp.SubaccountID(r.Text(14)),
	}
	err := fromJSON(r.Text(6), &s.Failure)
	if err == nil {
		err = fromJSON(r.Text(7), &s.Tenant)
	}
	if err == nil {
		err = fromJSON(r.Text(15), &s.Discovery)
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
	ok, err = t.one(where, func(r Row) (err error) {
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
		arms[i] = systemSelect + t.along("systems_by_type_and_status") + listWhere + p.where + fmt.Sprintf(` AND type = ?%d AND status = ?%d`, len(p.args)-1, len(p.args))
	}
	return t.page(strings.Join(arms, ` UNION ALL `), p.args)
}

// listWhere has the parameters that every list has; ?3 is its length.
const listWhere = ` WHERE env = ?1 AND sequence > ?2`

func (t systems) page(query string, args []driver.Value) (list []btp.System, err error) {
	err = t.query(query+` ORDER BY sequence LIMIT ?3`, func(r Row) error {
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
			ORDER BY type, status LIMIT 1`, func(r Row) error {
			at = typeAndStatus{r.Text(0), btp.Status(r.Text(1))}
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

var systemTable = ordered("systems", "env, id", "env, global_account", "global_account, sequence, name, type, application_name, status, failure, tenant, "+
	"created_at, updated_at, registered_at, former_tenant, extension_deleted, event_runtime, discovery")

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
			WHERE env = ? AND id = ? AND global_account = ? AND sequence = ? AND name = ? AND type = ? AND application_name = ? AND created_at IS NOT DISTINCT FROM ?`,
			string(s.Status), failure, tenant, s.UpdatedAt, s.RegisteredAt, s.FormerTenant, flag(s.ExtensionDeleted), string(s.EventRuntime), discovery,
			t.env, string(s.ID), string(s.GlobalAccount), int64(s.Sequence), s.Name, s.Type, s.ApplicationName, s.CreatedAt)
		if err != nil || n > 0 {
			return err
		}
	}
	return t.putUnique(systemTable, false, func() error { return t.taken(&s) }, t.env, string(s.ID), string(s.GlobalAccount), int64(s.Sequence), s.Name, s.Type, s.ApplicationName, string(s.Status), failure, tenant,
		s.CreatedAt, s.UpdatedAt, s.RegisteredAt, s.FormerTenant, flag(s.ExtensionDeleted), string(s.EventRuntime), discovery)
}

// taken tells which name of s another system has.
func (t systems) taken(s *btp.System) error {
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
	return nil
}

func (t systems) Delete(id btp.SystemID) error {
	return t.write(`DELETE FROM systems WHERE env = ? AND id = ?`, t.env, string(id))
}
