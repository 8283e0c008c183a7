package btp

import (
	"context"
	"fmt"
	"strings"
)

// NewEntitlement asks for an entitlement configuration.
type NewEntitlement struct {
	// System is "" for a service that is for no system.
	System SystemID
	// Service is the technical or display name; "" is SAP S/4HANA Cloud Extensibility.
	Service, Plan string
	// Quota is the most instances; 0 for no limit.
	Quota int
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
			}, string(sub.ID), string(n.System), n.Service, n.Plan, fmt.Sprint(n.Quota))
			if err != nil {
				return err
			}
			if v.Entitlement, err = u.Entitlements().Get(EntitlementID(m.Created)); err != nil {
				return err
			}
			v, err = u.entitlementView(v.Entitlement)
			return err
		})
	})
	return v, err
}

func (u *unit) assignEntitlement(sub *Subaccount, n NewEntitlement, id EntitlementID) (Entitlement, error) {
	if n.Service == "" {
		n.Service = ExtensibilityService
	}
	service, err := entitledService(n.Service, n.Plan)
	if err != nil {
		return Entitlement{}, err
	}
	if err := checkQuota(n.Quota); err != nil {
		return Entitlement{}, err
	}
	if err := checkLandscape(sub); err != nil {
		return Entitlement{}, err
	}
	if len(sub.Environments) == 0 {
		return Entitlement{}, withoutEnvironment(sub)
	}
	about, whose, err := u.entitledSystem(sub, &service, n.System)
	if err != nil {
		return Entitlement{}, err
	}
	same, err := u.Entitlements().List(EntitlementFilter{Subaccount: sub.ID, System: n.System, Plan: n.Plan})
	if err != nil {
		return Entitlement{}, err
	}
	if len(same) > 0 {
		return Entitlement{}, Errorf(EntitlementExists, "subaccount %q has plan %s%s already: entitlement %s", sub.ID, n.Plan, whose, same[0].ID)
	}
	if id == "" {
		id = EntitlementID(u.env.newID())
	}
	u.env.Sequence++
	e := Entitlement{
		ID: id, GlobalAccount: sub.GlobalAccount, Subaccount: sub.ID, System: n.System,
		Service: service.Name, Plan: n.Plan, Quota: n.Quota, Sequence: u.env.Sequence, CreatedAt: u.now,
	}
	u.record(EntryDecision, PointEntitlementAssign, about, "", "65ad330.md", e.Plan+" for subaccount "+string(sub.ID))
	return e, u.Entitlements().Put(e)
}

// entitledSystem holds the system of an entitlement: a registered one where the
// service is for systems, and none where it is not. whose tells of it.
func (u *unit) entitledSystem(sub *Subaccount, service *EntitledService, id SystemID) (about *System, whose string, err error) {
	if !service.PerSystem {
		if id != "" {
			err = Errorf(InvalidRequest, "system: service %s is for no system; leave it out", service.Name)
		}
		return nil, "", err
	}
	s, err := u.systemIn(sub.GlobalAccount, id)
	if err == nil && s.Status != Registered {
		err = Errorf(SystemNotRegistered, "system %q has the status %s; an entitlement is for a registered system",
			s.Name, statusText(u.r.edition, s.Status))
	}
	return &s, fmt.Sprintf(" for system %q", s.Name), err
}

// RemoveEntitlement takes an entitlement configuration of a subaccount away. It
// refuses with EntitlementInUse while service instances need it.
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
			v, err := u.entitlementView(e)
			if err != nil {
				return err
			}
			var of *System
			if v.System != "" {
				of, about = &v.Of, v.Of.Reference()
			}
			if err := u.noInstances(ObjectFilter{Parent: string(id)}, EntitlementInUse, "plan "+e.Plan+" of subaccount "+string(e.Subaccount)); err != nil {
				return err
			}
			u.record(EntryDecision, PointEntitlementRemove, of, "", "65ad330.md", e.Plan+" of subaccount "+string(e.Subaccount))
			return u.Entitlements().Delete(id)
		})
	})
}

// noInstances refuses with code while there are service instances that f selects.
func (u *unit) noInstances(f ObjectFilter, code Code, what string) error {
	f.Kind = KindServiceInstance
	there, err := u.Objects().List(f)
	if err != nil || len(there) == 0 {
		return err
	}
	const told = 10
	var names []string
	refused := Errorf(code, "")
	for i, o := range there {
		refused.Blockers = append(refused.Blockers, Blocker{KindServiceInstance, o.ID, o.Name})
		switch {
		case i < told:
			names = append(names, fmt.Sprintf("%q (%s)", o.Name, o.ID))
		case i == told:
			names = append(names, fmt.Sprintf("and %d more", len(there)-told))
		}
	}
	refused.Detail = fmt.Sprintf("%s is still needed by service instances: %s", what, strings.Join(names, ", "))
	return refused
}

// entitlementView adds the system.
func (u *unit) entitlementView(e Entitlement) (EntitlementView, error) {
	v := EntitlementView{Entitlement: e}
	var err error
	if e.System != "" {
		v.Of, err = u.Systems().Get(e.System)
	}
	if err == nil {
		v.Used, err = u.Objects().Count(ObjectFilter{Kind: KindServiceInstance, Parent: string(e.ID)})
	}
	return v, err
}

// EntitlementView is an entitlement with its system, if it has one, and the number of
// service instances that use it.
type EntitlementView struct {
	Entitlement
	Of   System
	Used int
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
			v, err := u.entitlementView(e)
			if err != nil {
				return err
			}
			page = append(page, v)
		}
		return nil
	})
	return page, more, err
}

// ServiceOffering is a service that can be entitled, with the systems for which.
type ServiceOffering struct {
	Name, DisplayName string
	Plans             []string
	// Systems are the registered systems to choose from, at most MaxOfferedSystems; none
	// where the service is for no system.
	Systems []System
}

// MaxOfferedSystems is the most systems that an offering names.
const MaxOfferedSystems = 1000

// ServicePlans are what can be added to a subaccount's entitlements: a service that
// is for systems is invisible while none is registered (65ad330.md).
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
		if err != nil {
			return err
		}
		for _, s := range EntitledServices {
			switch {
			case !s.PerSystem:
				list = append(list, ServiceOffering{Name: s.Name, DisplayName: s.DisplayName, Plans: s.Plans})
			case len(registered) > 0:
				list = append(list, ServiceOffering{Name: s.Name, DisplayName: s.DisplayName, Plans: s.Plans, Systems: registered})
			}
		}
		return nil
	})
	return list, err
}
