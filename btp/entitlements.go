package btp

import "context"

// NewEntitlement asks for an entitlement configuration.
type NewEntitlement struct {
	System SystemID
	// Service is the technical or display name; "" is the only one there is.
	Service, Plan string
}

// AssignEntitlement gives a subaccount with Cloud Foundry or Kyma a plan for a
// registered system (65ad330.md). Every type of system can stand in one (design §4).
func (r *Registry) AssignEntitlement(ctx context.Context, subaccount SubaccountID, n NewEntitlement, key IdempotencyKey) (EntitlementView, error) {
	about := Reference{System: n.System}
	var v EntitlementView
	err := r.step(ctx, PointEntitlementAssign, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			sub, err := u.subaccount(subaccount)
			if err != nil {
				return err
			}
			m, err := u.once(key, "entitlement", func() (Replay, error) {
				e, err := u.assignEntitlement(&sub, n, "")
				return Replay{Created: string(e.ID)}, err
			}, string(sub.ID), string(n.System), n.Service, n.Plan)
			if err != nil {
				return err
			}
			if v.Entitlement, err = u.Entitlements().Get(EntitlementID(m.Created)); err != nil {
				return err
			}
			v.Of, err = u.Systems().Get(v.System)
			return err
		})
	})
	return v, err
}

func (u *unit) assignEntitlement(sub *Subaccount, n NewEntitlement, id EntitlementID) (Entitlement, error) {
	if n.Service == "" {
		n.Service = ExtensibilityService
	}
	if err := checkPlan(n.Service, n.Plan); err != nil {
		return Entitlement{}, err
	}
	if err := checkLandscape(sub); err != nil {
		return Entitlement{}, err
	}
	if len(sub.Environments) == 0 {
		return Entitlement{}, withoutEnvironment(sub)
	}
	s, err := u.systemIn(sub.GlobalAccount, n.System)
	if err != nil {
		return Entitlement{}, err
	}
	if s.Status != Registered {
		return Entitlement{}, Errorf(SystemNotRegistered, "system %q has the status %s; an entitlement is for a registered system",
			s.Name, statusText(u.r.edition, s.Status))
	}
	same, err := u.Entitlements().List(EntitlementFilter{Subaccount: sub.ID, System: s.ID, Plan: n.Plan})
	if err != nil {
		return Entitlement{}, err
	}
	if len(same) > 0 {
		return Entitlement{}, Errorf(EntitlementExists, "subaccount %q has plan %s for system %q already: entitlement %s", sub.ID, n.Plan, s.Name, same[0].ID)
	}
	if id == "" {
		id = EntitlementID(u.env.newID())
	}
	u.env.Sequence++
	e := Entitlement{
		ID: id, GlobalAccount: sub.GlobalAccount, Subaccount: sub.ID, System: s.ID,
		Service: ExtensibilityService, Plan: n.Plan, Sequence: u.env.Sequence, CreatedAt: u.now,
	}
	u.record(EntryDecision, PointEntitlementAssign, &s, "", "65ad330.md", e.Plan+" for subaccount "+string(sub.ID))
	return e, u.Entitlements().Put(e)
}

// RemoveEntitlement takes an entitlement configuration of a subaccount away.
// Nothing uses one yet: service instances, which come later, will stand in the way.
func (r *Registry) RemoveEntitlement(ctx context.Context, subaccount SubaccountID, id EntitlementID) error {
	var about Reference
	return r.step(ctx, PointEntitlementRemove, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			if _, err := u.subaccount(subaccount); err != nil {
				return err
			}
			e, err := u.Entitlements().Get(id)
			if err == nil && e.Subaccount != subaccount {
				err = Errorf(EntitlementNotFound, "subaccount %q has no entitlement %q", subaccount, clip(string(id)))
			}
			if err != nil {
				return err
			}
			s, err := u.Systems().Get(e.System)
			if err != nil {
				return err
			}
			about = s.Reference()
			u.record(EntryDecision, PointEntitlementRemove, &s, "", "65ad330.md", e.Plan+" of subaccount "+string(e.Subaccount))
			return u.Entitlements().Delete(id)
		})
	})
}

// EntitlementView is an entitlement with its system.
type EntitlementView struct {
	Entitlement
	Of System
}

// SubaccountEntitlements lists a page of a subaccount's entitlement
// configurations in the order of creation, and whether there are more.
func (r *Registry) SubaccountEntitlements(ctx context.Context, f EntitlementFilter) (page []EntitlementView, more bool, err error) {
	err = r.look(ctx, PointEntitlementList, Reference{}, func(u *unit) error {
		page = nil
		if _, err := u.subaccount(f.Subaccount); err != nil {
			return err
		}
		g := f
		list, next, err := pageOf(f.Limit, func(limit int) ([]Entitlement, error) {
			g.Limit = limit
			return u.Entitlements().List(g)
		})
		if err != nil {
			return err
		}
		more = next
		for _, e := range list {
			s, err := u.Systems().Get(e.System)
			if err != nil {
				return err
			}
			page = append(page, EntitlementView{e, s})
		}
		return nil
	})
	return page, more, err
}

// ServiceOffering is a service that can be entitled, with the systems for which.
type ServiceOffering struct {
	Name, DisplayName string
	Plans             []string
	// Systems are the registered systems to choose from, at most MaxOfferedSystems.
	Systems []System
}

// MaxOfferedSystems is the most systems that an offering names.
const MaxOfferedSystems = 1000

// ServicePlans are what can be added to a subaccount's entitlements: the service
// is invisible while no system is registered (65ad330.md).
func (r *Registry) ServicePlans(ctx context.Context, subaccount SubaccountID) (list []ServiceOffering, err error) {
	err = r.look(ctx, PointEntitlementPlans, Reference{}, func(u *unit) error {
		list = nil
		sub, err := u.subaccount(subaccount)
		if err != nil {
			return err
		}
		if err := checkLandscape(&sub); err != nil {
			return err
		}
		registered, err := u.Systems().List(SystemFilter{GlobalAccount: sub.GlobalAccount, Status: Registered, Limit: MaxOfferedSystems})
		if err != nil || len(registered) == 0 {
			return err
		}
		list = []ServiceOffering{{
			Name: ExtensibilityService, DisplayName: ExtensibilityServiceDisplayName, Plans: ExtensibilityPlans, Systems: registered,
		}}
		return nil
	})
	return list, err
}
