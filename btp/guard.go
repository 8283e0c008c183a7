package btp

import "slices"

// Guard is what holds a system, whatever its status: while there is any, the
// events are refused. Each guard blocks by itself (SEED-000 Results).
type Guard struct {
	On []Event
	// By is the kind of object that holds the system, Words what people call it.
	By    ObjectKind
	Words string
	// Refusal is the code with which the event is refused.
	Refusal Code
	Source  string
	holders func(*unit, SystemID) ([]Blocker, error)
}

// Guards are all guards, in the order in which a refusal names what it found.
var Guards = []Guard{
	{
		On: []Event{DeregistrationRequested, RemovalRequested, MergeRequested}, By: KindFormation, Words: "formation",
		Refusal: SystemInUse, Source: "SEED-000 Results", holders: (*unit).formationsHolding,
	},
	{
		On: []Event{DeregistrationRequested, RemovalRequested, MergeRequested}, By: KindEntitlement, Words: "entitlement configuration",
		Refusal: SystemInUse, Source: "SEED-000 Results", holders: (*unit).entitlementsHolding,
	},
}

// guard refuses an event while something holds the system, and names it all.
func (u *unit) guard(s System, on Event) error {
	var found []Blocker
	var first *Guard
	for i, g := range Guards {
		if !slices.Contains(g.On, on) {
			continue
		}
		holders, err := g.holders(u, s.ID)
		if err != nil {
			return err
		}
		if found = append(found, holders...); first == nil && len(holders) > 0 {
			first = &Guards[i]
		}
	}
	if first == nil {
		return nil
	}
	return inUse(first.Refusal, s, found)
}

func (u *unit) formationsHolding(id SystemID) (list []Blocker, err error) {
	formations, err := u.Formations().List(FormationFilter{System: id})
	for _, f := range formations {
		list = append(list, Blocker{KindFormation, string(f.ID), f.Name})
	}
	return list, err
}

func (u *unit) entitlementsHolding(id SystemID) (list []Blocker, err error) {
	entitlements, err := u.Entitlements().List(EntitlementFilter{System: id})
	for _, e := range entitlements {
		list = append(list, Blocker{KindEntitlement, string(e.ID), e.Plan + " in subaccount " + string(e.Subaccount)})
	}
	return list, err
}
