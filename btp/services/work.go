package services

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// maxUndo is how often what a failed creation left is tried to be taken away, each time
// twice as late; undoWait is the first wait, on the environment's clock.
const (
	maxUndo  = 8
	undoWait = 30 * time.Second
)

// underway finds an instance whose operation of a type is in progress; nil for another.
func underway(s *btp.Step, id string, of OperationType) (*Instance, error) {
	o, ok, err := s.Objects().Find(btp.KindServiceInstance, id)
	if err != nil || !ok {
		return nil, err
	}
	i, err := instanceOf(o)
	if err != nil || i.Operation.Type != of || i.Operation.State != InProgress {
		return nil, err
	}
	return &i, nil
}

// creation is due work: it makes what an instance stands for, and takes away again what
// a creation that failed has left.
func (c *Catalogue) creation(s *btp.Step, id string) (*btp.Work, error) {
	o, ok, err := s.Objects().Find(btp.KindServiceInstance, id)
	if err != nil || !ok {
		return nil, err
	}
	i, err := instanceOf(o)
	if err != nil || i.Operation.Type != Create {
		return nil, err
	}
	chosen, known := c.find(i.Offering, i.Plan)
	switch {
	case !known: // of another build; nobody can make it
		return nil, c.failed(s, &i, btp.Errorf(btp.ServiceOfferingUnknown, "there is no service %s with plan %s any more", i.Offering, i.Plan))
	case i.Undo:
		return c.undo(s.Registry(), i, chosen), nil
	case i.Operation.State != InProgress:
		return nil, nil
	}
	r := s.Registry()
	var made json.RawMessage
	return &btp.Work{
		Point: btp.PointInstanceProvision, About: i.reference(), Then: btp.PointInstanceProvisioned,
		Call: func(ctx context.Context) (err error) {
			made, err = chosen.Create(ctx, r, i)
			return err
		},
		Finish: func(s *btp.Step, failure error) error {
			i, err := underway(s, id, Create)
			if err != nil || i == nil {
				return err
			}
			if failure == nil {
				var refused *btp.Error
				kept := *i
				err := chosen.Created(s, &kept, made)
				if err == nil {
					kept.end(s, nil)
					err = (&Engine{catalogue: c}).bindDeclared(s, &kept)
				}
				if err == nil {
					if err := decided(s, btp.PointInstanceProvisioned, &kept, "SEED-004", "creation succeeded"); err != nil {
						return err
					}
					return put(s, &kept)
				} else if !errors.As(err, &refused) {
					return err
				} else {
					failure = refused
				}
			}
			i.Operation.Code, i.Operation.Description = btp.CodeOf(failure), describe(failure)
			i.Undo = true
			return errors.Join(s.Schedule(s.Now(), btp.DueInstanceCreation, id), put(s, i))
		},
	}, nil
}

// undo takes away what a failed creation left. When that fails, too, the creation has
// failed all the same, and the taking away is tried again later.
func (c *Catalogue) undo(r *btp.Registry, i Instance, o chosen) *btp.Work {
	return &btp.Work{
		Point: btp.PointInstanceUndo, About: i.reference(),
		Call: func(ctx context.Context) error { return o.Delete(ctx, r, i) },
		Finish: func(s *btp.Step, failure error) error {
			there, ok, err := s.Objects().Find(btp.KindServiceInstance, i.ID)
			if err != nil || !ok {
				return err
			}
			i, err := instanceOf(there)
			if err != nil || !i.Undo || i.Operation.Type != Create {
				return err
			}
			if failure == nil {
				if err := o.Deleted(s, &i); err != nil {
					return err
				}
				return c.failed(s, &i, nil)
			}
			first := i.Operation.State == InProgress
			i.Tries++
			i.end(s, failure)
			if err := decided(s, btp.PointInstanceUndo, &i, "pairsim", "what its creation left could not be taken away: "+describe(failure)); err != nil {
				return err
			}
			if first {
				if err := decided(s, btp.PointInstanceProvisioned, &i, "SEED-004", "creation failed: "+i.Operation.Description); err != nil {
					return err
				}
			}
			if i.Tries < maxUndo {
				if err := s.Schedule(s.Now().Add(undoWait<<(i.Tries-1)), btp.DueInstanceCreation, i.ID); err != nil {
					return err
				}
			}
			return put(s, &i)
		},
	}
}

// failed ends a creation that left nothing. The instance stays, to tell why; it holds
// neither system nor entitlement.
func (c *Catalogue) failed(s *btp.Step, i *Instance, failure error) error {
	if failure != nil {
		i.Operation.Code, i.Operation.Description = btp.CodeOf(failure), describe(failure)
	}
	if i.Operation.State == InProgress {
		i.Operation.State, i.Operation.EndedAt, i.UpdatedAt = Failed, s.Now(), s.Now()
	}
	if err := decided(s, btp.PointInstanceProvisioned, i, "SEED-004", "creation failed, and left nothing: "+i.Operation.Description); err != nil {
		return err
	}
	if err := s.DeleteServiceClients(i.ID, ""); err != nil {
		return err
	}
	i.Undo, i.System, i.Entitlement, i.Secret, i.State = false, "", "", nil, nil
	return put(s, i)
}

// deletion is due work: it takes away what an instance stands for.
func (c *Catalogue) deletion(s *btp.Step, id string) (*btp.Work, error) {
	i, err := underway(s, id, Delete)
	if err != nil || i == nil {
		return nil, err
	}
	r, of := s.Registry(), *i
	chosen, known := c.find(i.Offering, i.Plan)
	return &btp.Work{
		Point: btp.PointInstanceDeprovision, About: i.reference(), Then: btp.PointInstanceDeprovisioned,
		Call: func(ctx context.Context) error {
			if !known {
				return nil
			}
			return chosen.Delete(ctx, r, of)
		},
		Finish: func(s *btp.Step, failure error) error {
			i, err := underway(s, id, Delete)
			if err != nil || i == nil {
				return err
			}
			if failure == nil {
				return c.erase(s, btp.PointInstanceDeprovisioned, i)
			}
			i.end(s, failure)
			i.Operation.Code, i.Operation.Description = btp.CodeOf(failure), describe(failure)
			if err := decided(s, btp.PointInstanceDeprovisioned, i, "SEED-004", "deletion failed: "+i.Operation.Description); err != nil {
				return err
			}
			return put(s, i)
		},
	}, nil
}

// describe is what may be told of a failure.
func describe(err error) string {
	var refused *btp.Error
	if errors.As(err, &refused) && refused.Code != btp.Internal {
		return refused.Detail
	}
	return "internal error"
}
