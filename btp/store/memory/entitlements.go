package memory

import (
	"fmt"

	"github.com/pairsim/pairsim/btp"
)

// entitlementList names an ordered list of entitlements: all, or those of the
// one field that is set.
type entitlementList struct {
	ga         btp.GlobalAccountID
	subaccount btp.SubaccountID
	system     btp.SystemID
}

// listsOfEntitlement are the lists that an entitlement stands in.
func listsOfEntitlement(e *btp.Entitlement) []entitlementList {
	lists := []entitlementList{{}, {ga: e.GlobalAccount}, {subaccount: e.Subaccount}}
	if e.System != "" {
		lists = append(lists, entitlementList{system: e.System})
	}
	return lists
}

type entitlements struct{ *tx }

func (t entitlements) Get(id btp.EntitlementID) (btp.Entitlement, error) {
	if e, ok := t.state.entitlements[id]; ok {
		return *e, nil
	}
	return btp.Entitlement{}, btp.Errorf(btp.EntitlementNotFound, "there is no entitlement configuration %.40q", id)
}

// List walks along the shortest of the lists that the filter names.
func (t entitlements) List(f btp.EntitlementFilter) ([]btp.Entitlement, error) {
	selected := func(e *btp.Entitlement) bool {
		return (f.GlobalAccount == "" || e.GlobalAccount == f.GlobalAccount) &&
			(f.Subaccount == "" || e.Subaccount == f.Subaccount) &&
			(f.System == "" || e.System == f.System) &&
			(f.Plan == "" || e.Plan == f.Plan)
	}
	var along entitlementList
	switch {
	case f.System != "":
		along.system = f.System
	case f.Subaccount != "":
		along.subaccount = f.Subaccount
	default:
		along.ga = f.GlobalAccount
	}
	return page(t.entitlementLists, along, f.After, f.Limit, selected, copyOf), nil
}

func (t entitlements) Put(e btp.Entitlement) error {
	if other, ok := t.entitlementLists.at(entitlementList{}, e.Sequence); ok && other.ID != e.ID {
		return fmt.Errorf("memory store: entitlements %s and %s have the same sequence %d", other.ID, e.ID, e.Sequence)
	}
	return swap(t.tx, (*state).replaceEntitlement, t.state.entitlements[e.ID], &e)
}

func (t entitlements) Delete(id btp.EntitlementID) error {
	return swap(t.tx, (*state).replaceEntitlement, t.state.entitlements[id], nil)
}

func (s *state) replaceEntitlement(old, now *btp.Entitlement) {
	if old != nil {
		delete(s.entitlements, old.ID)
		for _, l := range listsOfEntitlement(old) {
			s.entitlementLists.remove(l, old.Sequence)
		}
	}
	if now != nil {
		s.entitlements[now.ID] = now
		for _, l := range listsOfEntitlement(now) {
			s.entitlementLists.add(l, now.Sequence, now)
		}
	}
}

// copyOf clones a record that holds no pointers.
func copyOf[T any](one *T) T { return *one }
