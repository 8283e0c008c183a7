package memory

import (
	"fmt"
	"slices"

	"github.com/pairsim/pairsim/btp"
)

// formationList names an ordered list of formations: all, or those of the one
// field that is set.
type formationList struct {
	ga         btp.GlobalAccountID
	subaccount btp.SubaccountID
	system     btp.SystemID
}

// listsOfFormation are the lists that a formation stands in.
func listsOfFormation(f *btp.Formation) []formationList {
	lists := []formationList{{}, {ga: f.GlobalAccount}, {subaccount: f.Subaccount}}
	for _, id := range f.Systems {
		lists = append(lists, formationList{system: id})
	}
	return lists
}

type formations struct{ *tx }

func (t formations) Get(id btp.FormationID) (btp.Formation, error) {
	if f, ok := t.state.formations[id]; ok {
		return cloneFormation(f), nil
	}
	return btp.Formation{}, btp.Errorf(btp.FormationNotFound, "there is no formation %.40q", id)
}

func (t formations) FindByName(ga btp.GlobalAccountID, name string) (btp.Formation, bool, error) {
	if f, ok := t.formationNames[nameKey{ga, name}]; ok {
		return cloneFormation(f), true, nil
	}
	return btp.Formation{}, false, nil
}

// List walks along the shortest of the lists that the filter names.
func (t formations) List(f btp.FormationFilter) ([]btp.Formation, error) {
	selected := func(x *btp.Formation) bool {
		return x.Sequence > f.After &&
			(f.GlobalAccount == "" || x.GlobalAccount == f.GlobalAccount) &&
			(f.Subaccount == "" || x.Subaccount == f.Subaccount) &&
			(f.System == "" || x.Has(f.System)) &&
			(f.Name == "" || x.Name == f.Name)
	}
	var along formationList
	switch {
	case f.GlobalAccount != "" && f.Name != "":
		if x, ok := t.formationNames[nameKey{f.GlobalAccount, f.Name}]; ok && selected(x) {
			return []btp.Formation{cloneFormation(x)}, nil
		}
		return nil, nil
	case f.System != "":
		along.system = f.System
	case f.Subaccount != "":
		along.subaccount = f.Subaccount
	default:
		along.ga = f.GlobalAccount
	}
	return page(t.formationLists, along, f.After, f.Limit, selected, cloneFormation), nil
}

func (t formations) Put(f btp.Formation) error {
	if other, ok := t.formationNames[nameKey{f.GlobalAccount, f.Name}]; ok && other.ID != f.ID {
		return btp.Errorf(btp.NameTaken, "there is a formation %.120q in global account %s already", f.Name, f.GlobalAccount)
	}
	if other, ok := t.formationLists.at(formationList{}, f.Sequence); ok && other.ID != f.ID {
		return fmt.Errorf("memory store: formations %s and %s have the same sequence %d", other.ID, f.ID, f.Sequence)
	}
	now := cloneFormation(&f)
	return swap(t.tx, (*state).replaceFormation, t.state.formations[f.ID], &now)
}

func (t formations) Delete(id btp.FormationID) error {
	return swap(t.tx, (*state).replaceFormation, t.state.formations[id], nil)
}

func (s *state) replaceFormation(old, now *btp.Formation) {
	if old != nil {
		delete(s.formations, old.ID)
		delete(s.formationNames, nameKey{old.GlobalAccount, old.Name})
		for _, l := range listsOfFormation(old) {
			s.formationLists.remove(l, old.Sequence)
		}
	}
	if now != nil {
		s.formations[now.ID] = now
		s.formationNames[nameKey{now.GlobalAccount, now.Name}] = now
		for _, l := range listsOfFormation(now) {
			s.formationLists.add(l, now.Sequence, now)
		}
	}
}

func cloneFormation(f *btp.Formation) btp.Formation {
	c := *f
	c.Systems = slices.Clone(f.Systems)
	if f.Failure != nil {
		failure := *f.Failure
		c.Failure = &failure
	}
	return c
}
