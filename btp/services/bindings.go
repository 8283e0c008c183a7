package services

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/pairsim/pairsim/btp"
)

// NewBinding asks for a binding.
type NewBinding struct {
	// ID is what a platform chose; "" draws one.
	ID string
	// Name is "" for the id.
	Name       string
	Parameters json.RawMessage
	Labels     map[string][]string
	Context    json.RawMessage
}

func (n NewBinding) request(instance string) []byte {
	return digest(instance, n.Name, compact(n.Parameters), n.Labels, compact(n.Context))
}

// Same says whether b is what n asked for.
func (n NewBinding) Same(b Binding) bool { return slices.Equal(n.request(b.Instance), b.Request) }

// Bind makes credentials of a service instance. It refuses with InstanceNotUsable,
// OperationInProgress, ParametersInvalid, NameInvalid, NameTaken, BindingExists and InstanceLimit.
func (e *Engine) Bind(ctx context.Context, instance string, n NewBinding, key btp.IdempotencyKey) (b Binding, err error) {
	about := btp.Reference{Instance: instance}
	err = e.registry.Change(ctx, btp.PointBindingCreate, &about, func(s *btp.Step) error {
		i, err := findInstance(s, instance)
		if err != nil {
			return err
		}
		about = i.reference()
		id, err := s.Once(key, "serviceBinding", func() (string, error) {
			made, err := e.bind(s, &i, n)
			return made.ID, err
		}, i.ID, string(n.request(i.ID)), n.ID)
		if err == nil {
			b, _, err = findBinding(s, id)
		}
		return err
	})
	return b, err
}

func (e *Engine) bind(s *btp.Step, i *Instance, n NewBinding) (b Binding, err error) {
	switch {
	case i.Operation.State == InProgress:
		return b, inProgress(i)
	case !i.Usable():
		return b, btp.Errorf(btp.InstanceNotUsable, "the creation of service instance %q failed: %s", i.Name, i.Operation.Description)
	}
	c, known := e.catalogue.find(i.Offering, i.Plan)
	if !known {
		return b, btp.Errorf(btp.ServiceOfferingUnknown, "there is no service %s with plan %s any more", i.Offering, i.Plan)
	}
	b = Binding{
		ID: n.ID, Name: n.Name, Instance: i.ID, Subaccount: i.Subaccount, Labels: n.Labels, Context: n.Context, Request: n.request(i.ID),
		Sequence: s.NextSequence(), CreatedAt: s.Now(),
	}
	if b.ID == "" {
		b.ID = s.NewID()
	}
	if b.Name == "" {
		b.Name = b.ID
	}
	if err := checkBinding(s, i, &b); err != nil {
		return b, err
	}
	if b.Parameters, err = checkParameters(n.Parameters, e.catalogue.binding[c.Plan.ID]); err != nil {
		return b, err
	}
	if err := c.Bind(s, *i, &b); err != nil {
		return b, err
	}
	if err := putBinding(s, &b); err != nil {
		return b, err
	}
	return b, decided(s, btp.PointBindingCreate, i, "d866cf6.md", "bound as "+b.ID)
}

// bindDeclared makes the bindings that were declared with an instance.
func (e *Engine) bindDeclared(s *btp.Step, i *Instance) error {
	for _, n := range i.Declared {
		if _, err := e.bind(s, i, n); err != nil {
			return err
		}
	}
	i.Declared = nil
	return nil
}

func checkBinding(s *btp.Step, i *Instance, b *Binding) error {
	if err := checkID(b.ID); err != nil {
		return err
	}
	if err := checkName(b.Name); err != nil {
		return err
	}
	if err := checkLabels(b.Labels); err != nil {
		return err
	}
	if err := checkContext(b.Context); err != nil {
		return err
	}
	if _, taken, err := s.Objects().Find(btp.KindServiceBinding, b.ID); err != nil || taken {
		return orElse(err, btp.Errorf(btp.BindingExists, "there is a service binding with id %s already", b.ID))
	}
	if other, taken, err := s.Objects().FindByName(btp.KindServiceBinding, string(i.Subaccount), i.ID+"/"+b.Name); err != nil || taken {
		return orElse(err, btp.Errorf(btp.NameTaken, "service instance %q has a binding %q already: %s", i.Name, b.Name, other.ID))
	}
	n, err := s.Objects().Count(btp.ObjectFilter{Kind: btp.KindServiceBinding, Parent: i.ID})
	if err == nil && n >= MaxBindings {
		err = btp.Errorf(btp.InstanceLimit, "a service instance has at most %d bindings", MaxBindings)
	}
	return err
}

// Binding finds a binding, with its credentials.
func (e *Engine) Binding(ctx context.Context, id string) (b Binding, i Instance, err error) {
	err = e.registry.Look(ctx, btp.PointBindingShow, btp.Reference{}, func(s *btp.Step) (err error) {
		b, i, err = findBinding(s, id)
		return err
	})
	return b, i, err
}

// Bindings lists the bindings of an instance in the order of creation.
func (e *Engine) Bindings(ctx context.Context, instance string) (list []Binding, err error) {
	err = e.registry.Look(ctx, btp.PointBindingList, btp.Reference{Instance: instance}, func(s *btp.Step) error {
		i, err := findInstance(s, instance)
		if err == nil {
			list, err = bindingsOf(s, btp.ObjectFilter{Parent: i.ID})
		}
		return err
	})
	return list, err
}

// SubaccountBindings lists the bindings of a subaccount in the order of creation.
func (e *Engine) SubaccountBindings(ctx context.Context, subaccount btp.SubaccountID) (list []Binding, err error) {
	err = e.registry.Look(ctx, btp.PointBindingList, btp.Reference{}, func(s *btp.Step) error {
		sub, err := s.Subaccount(subaccount)
		if err == nil {
			list, err = bindingsOf(s, btp.ObjectFilter{Scope: string(sub.ID)})
		}
		return err
	})
	return list, err
}

// Unbind deletes a binding; its credentials are good for nothing any more.
func (e *Engine) Unbind(ctx context.Context, id string) error {
	var about btp.Reference
	return e.registry.Change(ctx, btp.PointBindingDelete, &about, func(s *btp.Step) error {
		b, i, err := findBinding(s, id)
		if err != nil {
			return err
		}
		about = i.reference()
		if i.Operation.State == InProgress {
			return inProgress(&i)
		}
		if c, known := e.catalogue.find(i.Offering, i.Plan); known {
			if err := c.Unbind(s, i, b); err != nil {
				return err
			}
		}
		if err := s.DeleteServiceClients(i.ID, b.ID); err != nil {
			return err
		}
		if err := s.Objects().Delete(btp.KindServiceBinding, b.ID); err != nil {
			return err
		}
		return decided(s, btp.PointBindingDelete, &i, "d866cf6.md", "binding "+b.ID+" deleted")
	})
}
