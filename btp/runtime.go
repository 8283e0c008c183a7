package btp

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// RuntimeApplication is an application as a subaccount's Kyma runtime sees it.
type RuntimeApplication struct {
	System     System
	Services   []Service
	Formations []FormationID
	// Events says that this runtime gets the application's events.
	Events bool
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
		systems, err := u.inRuntime(&sub)
		if err != nil {
			return err
		}
		formations, err := u.Formations().List(FormationFilter{Subaccount: sub.ID})
		if err != nil {
			return err
		}
		for _, s := range systems {
			a := RuntimeApplication{System: s, Formations: []FormationID{}}
			if a.Services, err = u.Services().ListOf(s.ID); err != nil {
				return err
			}
			gets, err := u.eventRuntime(&s)
			if err != nil {
				return err
			}
			a.Events = gets == sub.ID
			for _, f := range formations {
				if f.propagates() && f.Has(s.ID) {
					a.Formations = append(a.Formations, f.ID)
				}
			}
			list = append(list, a)
		}
		return nil
	})
	return list, err
}

// RuntimeApplication is the application of a name in a subaccount's Kyma runtime,
// with the credentials of its services. It refuses with ApplicationNotFound.
func (r *Registry) RuntimeApplication(ctx context.Context, subaccount SubaccountID, name string) (a RuntimeApplication, err error) {
	var about Reference
	err = r.step(ctx, PointRuntimeManifests, &about, func(ctx context.Context) error {
		return r.view(ctx, func(u *unit) error {
			sub, err := u.subaccount(subaccount)
			if err != nil {
				return err
			}
			systems, err := u.inRuntime(&sub)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(systems, func(s System) bool { return s.ApplicationName == name })
			if i < 0 {
				return Errorf(ApplicationNotFound, "the runtime of subaccount %q has no application %q", sub.ID, clip(name))
			}
			about = systems[i].Reference()
			a = RuntimeApplication{System: systems[i], Formations: []FormationID{}}
			a.Services, err = u.Services().ListOf(systems[i].ID)
			return err
		})
	})
	return a, err
}

// RuntimeEvent is a type of event that an application says that it publishes.
type RuntimeEvent struct {
	Application string
	// Service is the name of the service whose document tells of it.
	Service string
	ListenedEvent
	// Subscriptions counts who listens to it in the runtime.
	Subscriptions int
}

// RuntimeEvents are the types of events that the applications in a subaccount's
// Kyma runtime publish, as their AsyncAPI documents say.
func (r *Registry) RuntimeEvents(ctx context.Context, subaccount SubaccountID) (list []RuntimeEvent, err error) {
	err = r.look(ctx, PointRuntimeEvents, Reference{}, func(u *unit) error {
		list = nil
		sub, err := u.subaccount(subaccount)
		if err != nil {
			return err
		}
		systems, err1 := u.inRuntime(&sub)
		subscriptions, err2 := u.Subscriptions().ListOf(sub.ID)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		for _, s := range systems {
			services, err := u.Services().ListOf(s.ID)
			if err != nil {
				return err
			}
			for _, service := range services {
				list = append(list, service.eventsOf(&s, subscriptions)...)
			}
		}
		return nil
	})
	return list, err
}

// EventTypes are the types of events that the service publishes, as its AsyncAPI document
// names them, in order.
func (s *Service) EventTypes() []string {
	if s.Events == nil {
		return nil
	}
	return eventNames(s.Events.Spec)
}

func (s *Service) eventsOf(system *System, subscriptions []Subscription) (list []RuntimeEvent) {
	for _, name := range s.EventTypes() {
		e := RuntimeEvent{Application: system.ApplicationName, Service: s.Name}
		e.Type, e.Version = typeAndVersion(system.ApplicationName, name, "")
		for _, one := range subscriptions {
			if one.wants(system.ApplicationName, e.Type, e.Version) {
				e.Subscriptions++
			}
		}
		list = append(list, e)
	}
	return list
}

// eventNames are what an AsyncAPI document names: the channels of version 2 and
// later, the topics of version 1, which SAP's own mocks use.
func eventNames(spec json.RawMessage) []string {
	var doc struct {
		Channels, Topics map[string]json.RawMessage
	}
	if json.Unmarshal(spec, &doc) != nil {
		return nil
	}
	names := slices.AppendSeq(slices.Collect(maps.Keys(doc.Channels)), maps.Keys(doc.Topics))
	slices.Sort(names)
	return slices.Compact(names)
}

// Runtime is a subaccount's Kyma runtime as a whole. It refuses with
// SubaccountWithoutEnvironment where there is none.
func (r *Registry) Runtime(ctx context.Context, subaccount SubaccountID) (v RuntimeView, err error) {
	err = r.look(ctx, PointRuntimeShow, Reference{}, func(u *unit) error {
		sub, err := u.subaccount(subaccount)
		if err != nil {
			return err
		}
		if !sub.Has(Kyma) {
			return Errorf(SubaccountWithoutEnvironment, "subaccount %q does not have Kyma enabled", sub.ID)
		}
		v, err = u.runtimeView(sub)
		return err
	})
	return v, err
}

// runtimesOf are the subaccounts whose Kyma runtimes have a system as an
// application, each once, in the order of its formations.
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
		if !f.propagates() || f.Subaccount == "" || slices.Contains(list, f.Subaccount) {
			continue
		}
		sub, err := u.Accounts().Sub(f.Subaccount)
		if err != nil {
			return nil, err
		}
		if stopped := u.stopped(&sub); sub.Has(Kyma) && (stopped == nil || slices.Contains(stopped.Applications, s.ID)) {
			list = append(list, sub.ID)
		}
	}
	if !u.r.policy.CollisionsStopSync {
		return list, nil
	}
	subs, err := u.Accounts().Subs("")
	for _, sub := range subs { // one that stands still may have what has left its formations
		if stopped := u.stopped(&sub); stopped != nil && slices.Contains(stopped.Applications, s.ID) && !slices.Contains(list, sub.ID) {
			list = append(list, sub.ID)
		}
	}
	return list, err
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
