package sqlstore

import "github.com/pairsim/pairsim/btp"

type entitlements struct{ *tx }

const entitlementSelect = `SELECT id, global_account, subaccount, system, service, plan, sequence, created_at, quota FROM entitlements`

func readEntitlement(r Row) btp.Entitlement {
	return btp.Entitlement{
		ID: btp.EntitlementID(r.Text(0)), GlobalAccount: btp.GlobalAccountID(r.Text(1)), Subaccount: btp.SubaccountID(r.Text(2)),
		System: btp.SystemID(r.Text(3)), Service: r.Text(4), Plan: r.Text(5), Sequence: uint64(r.Number(6)), CreatedAt: r.Time(7),
		Quota: int(r.Number(8)),
	}
}

func (t entitlements) Get(id btp.EntitlementID) (e btp.Entitlement, err error) {
	ok, err := t.one(entitlementSelect+` WHERE env = ? AND id = ?`, func(r Row) error {
		e = readEntitlement(r)
		return nil
	}, t.env, string(id))
	if err == nil && !ok {
		err = btp.Errorf(btp.EntitlementNotFound, "there is no entitlement configuration %.40q", id)
	}
	return e, err
}

// List walks along one index. Left to itself, SQLite prefers to walk along the
// whole environment.
func (t entitlements) List(f btp.EntitlementFilter) (list []btp.Entitlement, err error) {
	p, ok := t.paging(f.After, f.Limit)
	if !ok {
		return nil, nil
	}
	along := ``
	switch {
	case f.System != "":
		along = t.along("entitlements_by_system")
	case f.Subaccount != "":
		along = t.along("entitlements_by_subaccount")
	case f.GlobalAccount != "":
		along = t.along("entitlements_by_global_account")
	}
	p.add("system", string(f.System))
	p.add("subaccount", string(f.Subaccount))
	p.add("global_account", string(f.GlobalAccount))
	p.add("plan", f.Plan)
	err = t.query(entitlementSelect+along+` WHERE env = ?1 AND sequence > ?2`+p.where+` ORDER BY sequence LIMIT ?3`, func(r Row) error {
		list = append(list, readEntitlement(r))
		return nil
	}, p.args...)
	return list, err
}

var entitlementTable = ordered("entitlements", "env, id", "env", "global_account, subaccount, system, service, plan, sequence, created_at, quota")

func (t entitlements) Put(e btp.Entitlement) error {
	return t.putUnique(entitlementTable, false, nil, t.env, string(e.ID), string(e.GlobalAccount), string(e.Subaccount), string(e.System), e.Service, e.Plan, int64(e.Sequence), e.CreatedAt, int64(e.Quota))
}

func (t entitlements) Delete(id btp.EntitlementID) error {
	return t.write(`DELETE FROM entitlements WHERE env = ? AND id = ?`, t.env, string(id))
}
