package memory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

type nameKey struct {
	ga   btp.GlobalAccountID
	name string
}

// list names an ordered list of systems; an empty field stands for all.
type list struct {
	ga         btp.GlobalAccountID
	status     btp.Status
	systemType string
}

// listsOf are the lists that a system stands in. A page of any filter that names
// a global account is a walk along one of them.
func listsOf(s *btp.System) [5]list {
	return [5]list{
		{},
		{ga: s.GlobalAccount},
		{ga: s.GlobalAccount, status: s.Status},
		{ga: s.GlobalAccount, systemType: s.Type},
		{s.GlobalAccount, s.Status, s.Type},
	}
}

type systems struct{ *tx }

func (t systems) Get(id btp.SystemID) (btp.System, error) {
	if r, ok := t.rows[id]; ok && r.system != nil {
		return cloneSystem(r.system), nil
	}
	return btp.System{}, btp.Errorf(btp.SystemNotFound, "there is no system %.40q", id)
}

func (t systems) FindByName(ga btp.GlobalAccountID, name string) (btp.System, bool, error) {
	return found(t.names[nameKey{ga, name}])
}

func (t systems) FindByApplicationName(name string) (btp.System, bool, error) {
	return found(t.applications[name])
}

func found(r *row) (btp.System, bool, error) {
	if r == nil {
		return btp.System{}, false, nil
	}
	return cloneSystem(r.system), true, nil
}

func (t systems) List(f btp.SystemFilter) ([]btp.System, error) {
	var page []btp.System
	take := func(r *row) bool {
		if selects(&f, r.system) {
			page = append(page, cloneSystem(r.system))
		}
		return f.Limit <= 0 || len(page) < f.Limit
	}
	if f.GlobalAccount != "" && f.Name != "" {
		if r, ok := t.names[nameKey{f.GlobalAccount, f.Name}]; ok {
			take(r)
		}
		return page, nil
	}
	along := list{f.GlobalAccount, f.Status, f.Type}
	if f.GlobalAccount == "" {
		along = list{}
	}
	t.lists.walk(along, f.After, take)
	return page, nil
}

func selects(f *btp.SystemFilter, s *btp.System) bool {
	return s.Sequence > f.After &&
		(f.GlobalAccount == "" || s.GlobalAccount == f.GlobalAccount) &&
		(f.Status == "" || s.Status == f.Status) &&
		(f.Type == "" || s.Type == f.Type) &&
		(f.Name == "" || s.Name == f.Name)
}

func (t systems) Put(s btp.System) error {
	if r, ok := t.names[nameKey{s.GlobalAccount, s.Name}]; ok && r.system.ID != s.ID {
		return btp.Errorf(btp.NameTaken, "there is a system %.120q in global account %s already", s.Name, s.GlobalAccount)
	}
	if r, ok := t.applications[s.ApplicationName]; ok && r.system.ID != s.ID {
		return btp.Errorf(btp.NameTaken, "there is an application %.120q already", s.ApplicationName)
	}
	if r, ok := t.lists.at(list{}, s.Sequence); ok && r.system.ID != s.ID {
		return fmt.Errorf("memory store: systems %s and %s have the same sequence %d", r.system.ID, s.ID, s.Sequence)
	}
	var old *btp.System
	if r, ok := t.rows[s.ID]; ok {
		old = r.system
	}
	now := cloneSystem(&s)
	if !t.writable {
		return errReadOnly
	}
	// What repeats is kept once, and a name does not keep its request's body alive.
	now.GlobalAccount, now.Type = btp.GlobalAccountID(t.word(string(now.GlobalAccount))), t.word(now.Type)
	if old != nil && old.Name == now.Name {
		now.Name = old.Name
	} else {
		now.Name = strings.Clone(now.Name)
	}
	return swap(t.tx, (*state).replaceSystem, old, &now)
}

func (t systems) Delete(id btp.SystemID) error {
	var old *btp.System
	if r, ok := t.rows[id]; ok {
		old = r.system
	}
	return swap(t.tx, (*state).replaceSystem, old, nil)
}

func (s *state) replaceSystem(old, now *btp.System) {
	one := now
	if now == nil {
		one = old
	}
	r := s.row(one.ID)
	r.system = now
	switch {
	case old == nil:
		s.indexNames(now, r)
		for _, l := range listsOf(now) {
			s.lists.add(l, now.Sequence, r)
		}
	case now == nil:
		s.dropNames(old)
		for _, l := range listsOf(old) {
			s.lists.remove(l, old.Sequence)
		}
	default:
		s.dropNames(old)
		s.indexNames(now, r)
		before, after := listsOf(old), listsOf(now)
		for i := range before {
			if before[i] != after[i] || old.Sequence != now.Sequence {
				s.lists.remove(before[i], old.Sequence)
				s.lists.add(after[i], now.Sequence, r)
			}
		}
	}
	s.settle(one.ID, r)
}

func (s *state) indexNames(now *btp.System, r *row) {
	s.names[nameKey{now.GlobalAccount, now.Name}] = r
	if now.ApplicationName != "" {
		s.applications[now.ApplicationName] = r
	}
}

func (s *state) dropNames(old *btp.System) {
	delete(s.names, nameKey{old.GlobalAccount, old.Name})
	delete(s.applications, old.ApplicationName)
}

// word returns the one copy of a text that many records repeat: global
// accounts, types and keys are few.
func (s *state) word(text string) string {
	if have, ok := s.words[text]; ok {
		return have
	}
	text = strings.Clone(text)
	s.words[text] = text
	return text
}

func cloneSystem(s *btp.System) btp.System {
	c := *s
	if s.Failure != nil {
		f := *s.Failure
		c.Failure = &f
	}
	if s.Discovery != nil {
		d := *s.Discovery
		d.CorrelationIDs = slices.Clone(d.CorrelationIDs)
		c.Discovery = &d
	}
	if s.Tenant != nil {
		d := *s.Tenant
		d.CommunicationScenarios = slices.Clone(d.CommunicationScenarios)
		c.Tenant = &d
	}
	return c
}
