package services

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// Engine is the use cases around service instances and bindings: the one that all doors
// open to.
type Engine struct {
	registry  *btp.Registry
	catalogue *Catalogue
}

// Offered is an offering as a subaccount sees it: only with the plans that it can use.
type Offered struct {
	Description
	// Systems are the registered systems, by plan, for which a plan is entitled.
	Systems map[string][]btp.System
}

// Offerings are what a subaccount can have instances of: plans without entitlement, and
// those that it is entitled to; of what is for systems, only where one of them is
// registered (65ad330.md).
func (e *Engine) Offerings(ctx context.Context, subaccount btp.SubaccountID) (list []Offered, err error) {
	err = e.registry.Look(ctx, btp.PointOfferingList, btp.Reference{}, func(s *btp.Step) error {
		list = nil
		if _, err := s.Subaccount(subaccount); err != nil {
			return err
		}
		for _, o := range e.catalogue.offerings {
			offered, err := offeredTo(s, subaccount, o.Description())
			if err != nil {
				return err
			}
			if len(offered.Plans) > 0 {
				list = append(list, offered)
			}
		}
		return nil
	})
	return list, err
}

func offeredTo(s *btp.Step, subaccount btp.SubaccountID, d Description) (Offered, error) {
	o := Offered{d, map[string][]btp.System{}}
	o.Plans = nil
	for _, p := range d.Plans {
		entitled, err := entitlementsFor(s, subaccount, d.Name, p)
		if err != nil {
			return o, err
		}
		for _, one := range entitled {
			if !p.NeedsSystem {
				continue
			}
			system, err := s.Systems().Get(one.System)
			if err != nil {
				return o, err
			}
			if system.Status == btp.Registered {
				o.Systems[p.Name] = append(o.Systems[p.Name], system)
			}
		}
		if !p.NeedsEntitlement || len(entitled) > 0 && (!p.NeedsSystem || len(o.Systems[p.Name]) > 0) {
			o.Plans = append(o.Plans, p)
		}
	}
	return o, nil
}

func entitlementsFor(s *btp.Step, subaccount btp.SubaccountID, offering string, p Plan) ([]btp.Entitlement, error) {
	if !p.NeedsEntitlement {
		return nil, nil
	}
	all, err := s.Entitlements().List(btp.EntitlementFilter{Subaccount: subaccount, Plan: p.Name})
	return slices.DeleteFunc(all, func(e btp.Entitlement) bool { return e.Service != offering }), err
}

// NewInstance asks for a service instance.
type NewInstance struct {
	// ID is what a platform chose; "" draws one.
	ID   string
	Name string
	// Offering and Plan are technical names.
	Offering, Plan string
	Place          Place
	Parameters     json.RawMessage
	Labels         map[string][]string
	Context        json.RawMessage
}

// request is the digest of what was asked for.
func (n NewInstance) request(sub btp.SubaccountID) []byte {
	return digest(sub, n.Name, n.Offering, n.Plan, n.Place, compact(n.Parameters), n.Labels, compact(n.Context))
}

// Same says whether i is what n asked for: a platform that repeats a request means the
// same instance.
func (n NewInstance) Same(i Instance) bool { return slices.Equal(n.request(i.Subaccount), i.Request) }

// CreateInstance creates a service instance, in one step where the plan is synchronous;
// otherwise what it stands for is made by due work, for which the answer waits a moment:
// Operation says how far it is. It refuses with ServiceOfferingUnknown, NotEntitled,
// QuotaExhausted, ParametersInvalid, PlaceInvalid, SubaccountWithoutEnvironment, NameInvalid,
// NameTaken, InstanceExists, InstanceLimit, and with the offering's own codes; then
// nothing was created.
func (e *Engine) CreateInstance(ctx context.Context, subaccount btp.SubaccountID, n NewInstance, key btp.IdempotencyKey) (v InstanceView, err error) {
	if c, known := e.catalogue.find(n.Offering, n.Plan); known {
		if p, ok := c.Offering.(Preparer); ok {
			if err := p.Prepare(ctx, e.registry, subaccount, n.Plan, n.Parameters); err != nil {
				return v, err
			}
		}
	}
	var about btp.Reference
	err = e.registry.Change(ctx, btp.PointInstanceCreate, &about, func(s *btp.Step) error {
		about = btp.Reference{Name: clip(n.Name)}
		sub, err := s.Subaccount(subaccount)
		if err != nil {
			return err
		}
		id, err := s.Once(key, "serviceInstance", func() (string, error) {
			made, err := e.admit(s, &sub, n)
			return made.ID, err
		}, string(sub.ID), string(n.request(sub.ID)), n.ID)
		if err != nil {
			return err
		}
		i, err := findInstance(s, id)
		if err == nil {
			about = i.reference()
			v, err = viewOf(s, i)
		}
		return err
	})
	if err != nil || v.Operation.State != InProgress {
		return v, err
	}
	return e.settled(ctx, v, btp.DueInstanceCreation)
}

// settled waits a moment for the operation on i, and reads it again. An instance that
// is gone was deleted.
func (e *Engine) settled(ctx context.Context, v InstanceView, kind btp.DueKind) (InstanceView, error) {
	for range 2 { // what a failed creation left goes in a turn of its own
		e.registry.Settle(ctx, kind, v.ID)
		var there InstanceView
		err := e.registry.View(context.WithoutCancel(ctx), func(s *btp.Step) error {
			i, err := findInstance(s, v.ID)
			if err == nil {
				there, err = viewOf(s, i)
			}
			return err
		})
		switch {
		case btp.CodeOf(err) == btp.ServiceInstanceNotFound && kind == btp.DueInstanceDeletion:
			v.Operation.State = Succeeded
			return v, nil
		case err != nil:
			return v, err
		}
		if v = there; v.Operation.State != InProgress || !v.Undo {
			break
		}
	}
	return v, nil
}

// Gone says whether what DeleteInstance answered is not there any more.
func (i *Instance) Gone() bool { return i.Operation.Type == Delete && i.Operation.State == Succeeded }

func (i *Instance) reference() btp.Reference {
	return btp.Reference{System: i.System, Instance: i.ID, Name: i.Name}
}

// admit judges a request and stores the instance, in the step of its request.
func (e *Engine) admit(s *btp.Step, sub *btp.Subaccount, n NewInstance) (i Instance, err error) {
	c, err := e.choose(s, sub, n.Offering, n.Plan)
	if err != nil {
		return i, err
	}
	i = Instance{
		ID: n.ID, Name: n.Name, GlobalAccount: sub.GlobalAccount, Subaccount: sub.ID, Offering: c.Of.Name, Plan: c.Plan.Name,
		Labels: n.Labels, Context: n.Context, Request: n.request(sub.ID), Sequence: s.NextSequence(), CreatedAt: s.Now(), UpdatedAt: s.Now(),
		Operation: Operation{ID: s.NewID(), Type: Create, State: InProgress, StartedAt: s.Now()},
	}
	if i.ID == "" {
		i.ID = s.NewID()
	}
	if i.Place, err = checkPlace(sub, n.Place); err != nil {
		return i, err
	}
	if err := e.checkIdentity(s, &i); err != nil {
		return i, err
	}
	if i.Parameters, err = checkParameters(n.Parameters, e.catalogue.creating[c.Plan.ID]); err != nil {
		return i, err
	}
	if err := c.Admit(s, &i); err != nil {
		return i, err
	}
	if err := entitle(s, &c, &i); err != nil {
		return i, err
	}
	if c.Plan.Asynchronous {
		if err := s.ScheduleTransition(btp.DueInstanceCreation, i.ID); err != nil {
			return i, err
		}
	} else {
		if err := c.Created(s, &i, nil); err != nil {
			return i, err
		}
		i.end(s, nil)
	}
	if err := put(s, &i); err != nil {
		return i, err
	}
	return i, decided(s, btp.PointInstanceCreate, &i, "d866cf6.md", "created with plan "+i.Offering+" "+i.Plan+" in subaccount "+string(i.Subaccount))
}

// choose finds a plan that the subaccount sees. What it does not see is unknown to it;
// the detail says why.
func (e *Engine) choose(s *btp.Step, sub *btp.Subaccount, offering, plan string) (chosen, error) {
	c, ok := e.catalogue.find(offering, plan)
	if !ok {
		return c, btp.Errorf(btp.ServiceOfferingUnknown, "there is no service %.60q with plan %.60q", offering, plan)
	}
	if c.Plan.NeedsSystem {
		if err := s.CheckLandscape(sub); err != nil {
			return c, err
		}
	}
	offered, err := offeredTo(s, sub.ID, c.Of)
	if err != nil {
		return c, err
	}
	if slices.ContainsFunc(offered.Plans, func(p Plan) bool { return p.Name == plan }) {
		return c, nil
	}
	if c.Plan.NeedsSystem {
		return c, btp.Errorf(btp.NotEntitled, "subaccount %q is not entitled to plan %s of %s for any registered system", sub.ID, plan, offering)
	}
	return c, btp.Errorf(btp.NotEntitled, "subaccount %q is not entitled to plan %s of %s", sub.ID, plan, offering)
}

// checkIdentity holds id, name, labels, context and how many there are.
func (e *Engine) checkIdentity(s *btp.Step, i *Instance) error {
	if err := checkID(i.ID); err != nil {
		return err
	}
	if err := checkName(i.Name); err != nil {
		return err
	}
	if err := checkLabels(i.Labels); err != nil {
		return err
	}
	if err := checkContext(i.Context); err != nil {
		return err
	}
	if _, taken, err := s.Objects().Find(btp.KindServiceInstance, i.ID); err != nil || taken {
		return orElse(err, btp.Errorf(btp.InstanceExists, "there is a service instance with id %s already", i.ID))
	}
	if other, taken, err := s.Objects().FindByName(btp.KindServiceInstance, string(i.Subaccount), i.Name); err != nil || taken {
		return orElse(err, btp.Errorf(btp.NameTaken, "subaccount %q has a service instance %q already: %s", i.Subaccount, i.Name, other.ID))
	}
	n, err := s.Objects().Count(btp.ObjectFilter{Kind: btp.KindServiceInstance, Scope: string(i.Subaccount)})
	if err == nil && n >= MaxInstances {
		err = btp.Errorf(btp.InstanceLimit, "a subaccount has at most %d service instances", MaxInstances)
	}
	return err
}

func orElse(err error, refused *btp.Error) error {
	if err != nil {
		return err
	}
	return refused
}

func checkContext(text json.RawMessage) error {
	if len(text) == 0 {
		return nil
	}
	var object map[string]any
	if len(text) > MaxContext || json.Unmarshal(text, &object) != nil {
		return btp.Errorf(btp.InvalidRequest, "context: a JSON object of at most %d bytes", MaxContext)
	}
	return nil
}

// entitle holds entitlement and quota, and notes which entitlement i uses up.
func entitle(s *btp.Step, c *chosen, i *Instance) error {
	if !c.Plan.NeedsEntitlement {
		return nil
	}
	all, err := entitlementsFor(s, i.Subaccount, i.Offering, c.Plan)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(all, func(e btp.Entitlement) bool { return e.System == i.System })
	if n < 0 {
		return btp.Errorf(btp.NotEntitled, "subaccount %q is not entitled to plan %s of %s for system %q", i.Subaccount, i.Plan, i.Offering, systemName(s, i.System))
	}
	e := all[n]
	used, err := s.Objects().Count(btp.ObjectFilter{Kind: btp.KindServiceInstance, Parent: string(e.ID)})
	if err != nil {
		return err
	}
	if e.Quota > 0 && used >= e.Quota {
		return btp.Errorf(btp.QuotaExhausted, "subaccount %q has used up its quota of %d for plan %s of %s: entitlement %s", i.Subaccount, e.Quota, i.Plan, i.Offering, e.ID)
	}
	i.Entitlement = e.ID
	return nil
}

func systemName(s *btp.Step, id btp.SystemID) string {
	if system, err := s.Systems().Get(id); err == nil {
		return system.Name
	}
	return string(id)
}

// end ends the present operation.
func (i *Instance) end(s *btp.Step, failure error) {
	i.Operation.EndedAt, i.UpdatedAt = s.Now(), s.Now()
	if failure != nil {
		i.Operation.State = Failed
		return
	}
	i.Operation.State = Succeeded
	i.Ready = i.Ready || i.Operation.Type == Create
}

// decided notes in the journal what became of i.
func decided(s *btp.Step, point btp.Point, i *Instance, source, text string) error {
	var about *btp.System
	if i.System != "" {
		system, err := s.Systems().Get(i.System)
		if err != nil {
			return err
		}
		about = &system
	}
	s.Decided(point, about, source, fmt.Sprintf("service instance %q (%s): %s", i.Name, i.ID, text))
	return nil
}

// InstanceView is an instance with the number of its bindings.
type InstanceView struct {
	Instance
	Bindings int
	// SystemName is the name of its system; "" for none.
	SystemName string
}

func viewOf(s *btp.Step, i Instance) (v InstanceView, err error) {
	v.Instance = i
	if v.Bindings, err = s.Objects().Count(btp.ObjectFilter{Kind: btp.KindServiceBinding, Parent: i.ID}); err == nil && i.System != "" {
		v.SystemName = systemName(s, i.System)
	}
	return v, err
}

// Instance finds a service instance.
func (e *Engine) Instance(ctx context.Context, id string) (v InstanceView, err error) {
	err = e.registry.Look(ctx, btp.PointInstanceShow, btp.Reference{Instance: id}, func(s *btp.Step) error {
		i, err := findInstance(s, id)
		if err == nil {
			v, err = viewOf(s, i)
		}
		return err
	})
	if err == nil {
		e.seen(ctx, v.Instance)
	}
	return v, err
}

// InstanceFilter selects instances of a subaccount; empty fields select all.
type InstanceFilter struct {
	Subaccount           btp.SubaccountID
	Name, Offering, Plan string
	System               btp.SystemID
	// After is the Sequence behind which the page starts, Limit its length; 0: no limit.
	After uint64
	Limit int
}

// Instances lists a page of a subaccount's instances in the order of creation, and
// whether there are more.
func (e *Engine) Instances(ctx context.Context, f InstanceFilter) (page []InstanceView, more bool, err error) {
	err = e.registry.Look(ctx, btp.PointInstanceList, btp.Reference{}, func(s *btp.Step) error {
		page, more = nil, false
		sub, err := s.Subaccount(f.Subaccount)
		if err != nil {
			return err
		}
		all, err := s.Objects().List(btp.ObjectFilter{Kind: btp.KindServiceInstance, Scope: string(sub.ID), After: f.After})
		if err != nil {
			return err
		}
		for _, o := range all {
			i, err := instanceOf(o)
			if err != nil {
				return err
			}
			if f.Name != "" && i.Name != f.Name || f.Offering != "" && i.Offering != f.Offering ||
				f.Plan != "" && i.Plan != f.Plan || f.System != "" && i.System != f.System {
				continue
			}
			if more = f.Limit > 0 && len(page) == f.Limit; more {
				return nil
			}
			v, err := viewOf(s, i)
			if err != nil {
				return err
			}
			page = append(page, v)
		}
		return nil
	})
	if err == nil {
		list := make([]Instance, len(page))
		for n := range page {
			list[n] = page[n].Instance
		}
		e.seen(ctx, list...)
	}
	return page, more, err
}

// seen counts reads of operations that are under way.
func (e *Engine) seen(ctx context.Context, list ...Instance) {
	for of, kind := range map[OperationType]btp.DueKind{Create: btp.DueInstanceCreation, Delete: btp.DueInstanceDeletion} {
		var ids []string
		for _, i := range list {
			if i.Operation.State == InProgress && i.Operation.Type == of {
				ids = append(ids, i.ID)
			}
		}
		if len(ids) > 0 {
			e.registry.Seen(ctx, kind, ids...)
		}
	}
}

// UpdateInstance refuses with InstanceNotUpdatable: there is no update path (d866cf6.md,
// 531a909.md).
func (e *Engine) UpdateInstance(ctx context.Context, id string) error {
	return e.registry.Look(ctx, btp.PointInstanceUpdate, btp.Reference{Instance: id}, func(s *btp.Step) error {
		i, err := findInstance(s, id)
		if err != nil {
			return err
		}
		if i.Operation.State == InProgress {
			return inProgress(&i)
		}
		return btp.Errorf(btp.InstanceNotUpdatable,
			"service instance %q is never changed: delete it, then create it again with the new parameters", i.Name)
	})
}

func inProgress(i *Instance) error {
	return btp.Errorf(btp.OperationInProgress, "service instance %q: %s is in progress since %s", i.Name, i.Operation.Type, i.Operation.StartedAt.Format("15:04:05"))
}

// DeleteInstance deletes a service instance with what it stands for, as CreateInstance
// creates one. It refuses with InstanceHasBindings and OperationInProgress. Gone says
// that it is over; a deletion that failed can be asked for again.
func (e *Engine) DeleteInstance(ctx context.Context, id string) (v InstanceView, err error) {
	about := btp.Reference{Instance: id}
	err = e.registry.Change(ctx, btp.PointInstanceDelete, &about, func(s *btp.Step) error {
		i, err := findInstance(s, id)
		if err != nil {
			return err
		}
		about = i.reference()
		if i.Operation.State == InProgress {
			return inProgress(&i)
		}
		if err := e.withoutBindings(s, &i); err != nil {
			return err
		}
		c, known := e.catalogue.find(i.Offering, i.Plan)
		i.Operation = Operation{ID: s.NewID(), Type: Delete, State: InProgress, StartedAt: s.Now()}
		i.UpdatedAt = s.Now()
		left := i.Ready || i.Undo // what a failed creation left may be gone already
		if known && left && c.Plan.Asynchronous {
			if err := s.Due().Cancel(btp.DueInstanceCreation, i.ID); err != nil {
				return err
			}
			if err := s.ScheduleTransition(btp.DueInstanceDeletion, i.ID); err != nil {
				return err
			}
			if err := put(s, &i); err != nil {
				return err
			}
			v, err = viewOf(s, i)
			return err
		}
		i.end(s, nil)
		if v, err = viewOf(s, i); err != nil {
			return err
		}
		return e.catalogue.erase(s, btp.PointInstanceDelete, &i)
	})
	if err != nil || v.Operation.State != InProgress {
		return v, err
	}
	return e.settled(ctx, v, btp.DueInstanceDeletion)
}

// withoutBindings refuses with InstanceHasBindings, and names them.
func (e *Engine) withoutBindings(s *btp.Step, i *Instance) error {
	there, err := bindingsOf(s, btp.ObjectFilter{Parent: i.ID})
	if err != nil || len(there) == 0 {
		return err
	}
	const told = 10
	var names []string
	refused := btp.Errorf(btp.InstanceHasBindings, "")
	for n, b := range there {
		refused.Blockers = append(refused.Blockers, btp.Blocker{Kind: btp.KindServiceBinding, ID: b.ID, Name: b.Name})
		if n < told {
			names = append(names, fmt.Sprintf("%q (%s)", b.Name, b.ID))
		}
	}
	if more := len(there) - told; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	refused.Detail = fmt.Sprintf("service instance %q has bindings: %s", i.Name, strings.Join(names, ", "))
	return refused
}

// erase deletes an instance and what was stored for it.
func (c *Catalogue) erase(s *btp.Step, point btp.Point, i *Instance) error {
	if o, known := c.find(i.Offering, i.Plan); known && (i.Ready || i.Undo) {
		if err := o.Deleted(s, i); err != nil {
			return err
		}
	}
	if err := s.DeleteServiceClients(i.ID, ""); err != nil {
		return err
	}
	if err := s.Objects().Delete(btp.KindServiceInstance, i.ID); err != nil {
		return err
	}
	return decided(s, point, i, "d866cf6.md", "deleted")
}
