package btp

import (
	"errors"
	"fmt"
	"slices"
)

// StoppedSync is a Kyma runtime whose runtime agent cannot synchronise it, because
// two of its applications have one name (sap-domain §15.2): it keeps what it had.
type StoppedSync struct {
	// Applications are the systems that it keeps as applications.
	Applications []SystemID `json:"applications"`
	// Name is what at least two systems are called in the runtime.
	Name string `json:"name"`
}

// Clone shares no memory with s.
func (s *StoppedSync) Clone() *StoppedSync {
	if s == nil {
		return nil
	}
	return &StoppedSync{slices.Clone(s.Applications), s.Name}
}

// stopped is how the runtime of sub stands still; nil while it is synchronised.
func (u *unit) stopped(sub *Subaccount) *StoppedSync {
	if !u.r.policy.CollisionsStopSync || !sub.Has(Kyma) {
		return nil
	}
	return sub.Stopped
}

// assigned are the systems that should be applications in the runtime of sub:
// those that are registered and in a formation of it that propagates, in this order.
func (u *unit) assigned(sub *Subaccount) ([]System, error) {
	if !sub.Has(Kyma) {
		return nil, nil
	}
	formations, err := u.Formations().List(FormationFilter{Subaccount: sub.ID})
	if err != nil {
		return nil, err
	}
	var list []System
	seen := map[SystemID]bool{}
	for _, f := range formations {
		if !f.propagates() {
			continue
		}
		for _, id := range f.Systems {
			if seen[id] {
				continue
			}
			seen[id] = true
			s, err := u.Systems().Get(id)
			if err != nil {
				return nil, err
			}
			if u.r.edition.appears(&s) {
				list = append(list, s)
			}
		}
	}
	return list, nil
}

// inRuntime are the systems that are applications in the runtime of sub.
func (u *unit) inRuntime(sub *Subaccount) ([]System, error) {
	stopped := u.stopped(sub)
	if stopped == nil {
		return u.assigned(sub)
	}
	var list []System
	for _, id := range stopped.Applications {
		s, err := u.Systems().Get(id)
		switch {
		case CodeOf(err) == SystemNotFound:
		case err != nil:
			return nil, err
		case u.r.edition.appears(&s):
			list = append(list, s)
		}
	}
	return list, nil
}

// changesRuntimes stands before a change that may bring a system into a runtime, or
// take it out: when names collide by it, runtimes keep what they have now.
func (u *unit) changesRuntimes() error {
	if !u.r.policy.CollisionsStopSync || u.runtimes != nil {
		return nil
	}
	subs, err := u.Accounts().Subs("")
	if err != nil {
		return err
	}
	had := make(map[SubaccountID][]SystemID, len(subs))
	for _, sub := range subs {
		there, err := u.inRuntime(&sub)
		if err != nil {
			return err
		}
		ids := make([]SystemID, len(there))
		for i, s := range there {
			ids[i] = s.ID
		}
		had[sub.ID] = ids
	}
	u.runtimes = had
	return nil
}

// syncRuntimes lets the runtime agents do their work at the end of a step: one that
// finds two applications of one name changes nothing in its runtime.
func (u *unit) syncRuntimes() error {
	had := u.runtimes
	if had == nil {
		return nil
	}
	u.runtimes = nil
	subs, err := u.Accounts().Subs("")
	if err != nil {
		return err
	}
	for _, sub := range subs {
		if err := u.syncRuntime(&sub, had[sub.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (u *unit) syncRuntime(sub *Subaccount, had []SystemID) error {
	wanted, err := u.assigned(sub)
	if err != nil {
		return err
	}
	before := sub.Stopped
	name, names := collision(wanted)
	if name == "" && before == nil {
		return nil
	}
	sub.Stopped = nil
	if name != "" {
		kept, err := u.stillThere(had)
		if err != nil {
			return err
		}
		sub.Stopped = &StoppedSync{Applications: kept, Name: name}
	}
	switch {
	case before == nil:
		u.record(EntryDecision, PointRuntimeSync, nil, "", "sap-domain §15.2",
			fmt.Sprintf("the runtime of subaccount %s is not synchronised any more: %s would be applications named %s", sub.ID, quoted(names), name))
	case name == "":
		u.record(EntryDecision, PointRuntimeSync, nil, "", "sap-domain §15.2",
			fmt.Sprintf("the runtime of subaccount %s is synchronised again", sub.ID))
	}
	return u.Accounts().PutSub(*sub)
}

// stillThere are the systems that have a row.
func (u *unit) stillThere(ids []SystemID) ([]SystemID, error) {
	kept := make([]SystemID, 0, len(ids))
	for _, id := range ids {
		_, err := u.Systems().Get(id)
		if err == nil {
			kept = append(kept, id)
		} else if CodeOf(err) != SystemNotFound {
			return nil, err
		}
	}
	return kept, nil
}

// collision is a name that several systems have in the landscape, where none has a
// suffix, and what these systems are called.
func collision(systems []System) (name string, names []string) {
	by := map[string][]string{}
	for _, s := range systems {
		n := normalise(s.Name)
		by[n] = append(by[n], s.Name)
		if len(by[n]) > 1 && (name == "" || n == name) {
			name, names = n, by[n]
		}
	}
	return name, names
}

func quoted(names []string) string {
	text := ""
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			text += " and "
		default:
			text += ", "
		}
		text += fmt.Sprintf("%q", clip(n))
	}
	return text
}

// RuntimeView is what there is to know of a subaccount's Kyma runtime as a whole.
type RuntimeView struct {
	Subaccount Subaccount
	// Stopped is nil while the runtime is synchronised.
	Stopped                     *StoppedSync
	Applications, Subscriptions int
	// Waiting and Dead count deliveries.
	Waiting, Dead int
}

// runtimeView counts what a subaccount's Kyma runtime holds.
func (u *unit) runtimeView(sub Subaccount) (RuntimeView, error) {
	v := RuntimeView{Subaccount: sub, Stopped: u.stopped(&sub)}
	there, err1 := u.inRuntime(&sub)
	subscriptions, err2 := u.Subscriptions().ListOf(sub.ID)
	v.Applications, v.Subscriptions = len(there), len(subscriptions)
	err := errors.Join(err1, err2)
	for _, s := range subscriptions {
		waiting, err1 := u.Deliveries().Count(s.ID, DeliveryWaiting)
		dead, err2 := u.Deliveries().Count(s.ID, DeliveryDead)
		v.Waiting, v.Dead = v.Waiting+waiting, v.Dead+dead
		err = errors.Join(err, err1, err2)
	}
	return v, err
}
