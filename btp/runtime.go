package btp

import "context"

// RuntimeApplication is an application as a subaccount's Kyma runtime sees it.
type RuntimeApplication struct {
	System     System
	Services   []Service
	Formations []FormationID
}

// RuntimeApplications are the applications in a subaccount's Kyma runtime: of
// every system that is registered and in a formation of the subaccount, whatever
// came first (SEED-000; sap-domain §9).
func (r *Registry) RuntimeApplications(ctx context.Context, subaccount SubaccountID) (list []RuntimeApplication, err error) {
	err = r.look(ctx, PointRuntimeList, Reference{}, func(u *unit) error {
		list = nil
		sub, err := u.subaccount(subaccount)
		if err != nil || !sub.Has(Kyma) {
			return err
		}
		formations, err := u.Formations().List(FormationFilter{Subaccount: sub.ID})
		if err != nil {
			return err
		}
		at := map[SystemID]int{}
		for _, f := range formations {
			if !f.propagates() {
				continue
			}
			for _, id := range f.Systems {
				if i, known := at[id]; known {
					list[i].Formations = append(list[i].Formations, f.ID)
					continue
				}
				s, err := u.Systems().Get(id)
				if err != nil {
					return err
				}
				if !u.r.edition.appears(&s) {
					continue
				}
				services, err := u.Services().ListOf(id)
				if err != nil {
					return err
				}
				at[id] = len(list)
				list = append(list, RuntimeApplication{System: s, Services: services, Formations: []FormationID{f.ID}})
			}
		}
		return nil
	})
	return list, err
}

// runtimesOf are the subaccounts whose Kyma runtimes have a system as an
// application, in the order of its formations.
func (u *unit) runtimesOf(s *System) ([]SubaccountID, error) {
	if !u.r.edition.appears(s) {
		return nil, nil
	}
	formations, err := u.Formations().List(FormationFilter{System: s.ID})
	if err != nil {
		return nil, err
	}
	var list []SubaccountID
	for _, f := range formations {
		if !f.propagates() || f.Subaccount == "" {
			continue
		}
		sub, err := u.Accounts().Sub(f.Subaccount)
		if err != nil {
			return nil, err
		}
		if sub.Has(Kyma) {
			list = append(list, sub.ID)
		}
	}
	return list, nil
}

// propagates says whether the systems of f are applications in the runtime of
// its subaccount, if that has one: not while f is a draft, or is being deleted.
func (f *Formation) propagates() bool { return f.State == FormationReady }

// appears says whether a system in a Kyma formation is an application in the
// runtime; a Marketing Cloud system is one in v2 only (design §4).
func (e *Edition) appears(s *System) bool {
	t, err := TypeNamed(s.Type)
	return err == nil && s.Status == Registered && (t.Has(FormationBeforePairing) || e.AllTypesInRuntime)
}
