package btp

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// DeletionStep is one step of a formation's deletion.
type DeletionStep struct {
	Step string
	// System is the one that is excluded; "" for the other steps.
	System SystemID
	Name   string
	Done   bool
}

// FormationDeletion is what a deletion does, step by step.
type FormationDeletion struct {
	Formation Formation
	Steps     []DeletionStep
	Done      bool
}

// DeleteFormation deletes a formation: in one go, or only when nothing is
// assigned to it, as the edition says (68b04fa.md, 68b04fa.md@v1).
func (r *Registry) DeleteFormation(ctx context.Context, id FormationID, match Match) (FormationDeletion, error) {
	about := Reference{Formation: id}
	var d FormationDeletion
	err := r.step(ctx, PointFormationDelete, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			f, err := u.formationFor(ActionDelete, id, match, &about)
			if err != nil {
				return err
			}
			if d, err = u.planDeletion(f); err != nil {
				return err
			}
			return errors.Join(u.requestDeletion(&f), u.closeIncident(string(f.ID), "deleted by the operator"))
		})
	})
	if err != nil {
		return d, err
	}
	r.settle(ctx, DueFormationDeletion, string(id))
	_, err = r.present(context.WithoutCancel(ctx), id)
	if CodeOf(err) == FormationNotFound {
		d.Done, err = true, nil
		for i := range d.Steps {
			d.Steps[i].Done = true
		}
	}
	return d, err
}

// planDeletion lists the steps, or refuses with FormationNotEmpty.
func (u *unit) planDeletion(f Formation) (FormationDeletion, error) {
	d := FormationDeletion{Formation: f}
	var blockers []Blocker
	var names []string
	for _, id := range f.Systems {
		s, err := u.Systems().Get(id)
		if err != nil {
			return d, err
		}
		d.Steps = append(d.Steps, DeletionStep{Step: "system excluded", System: id, Name: s.Name})
		blockers = append(blockers, Blocker{KindSystem, string(id), s.Name})
		names = append(names, fmt.Sprintf("system %q (%s)", s.Name, id))
	}
	if f.Subaccount != "" {
		s, err := u.Accounts().Sub(f.Subaccount)
		if err != nil {
			return d, err
		}
		d.Steps = append(d.Steps, DeletionStep{Step: "subaccount unassigned", Name: s.DisplayName})
		blockers = append(blockers, Blocker{KindSubaccount, string(s.ID), s.DisplayName})
		names = append(names, fmt.Sprintf("subaccount %q (%s)", s.DisplayName, s.ID))
	}
	d.Steps = append(d.Steps, DeletionStep{Step: "formation deleted", Name: f.Name})
	if u.r.edition.EmptyFirst && len(blockers) > 0 {
		refused := Errorf(FormationNotEmpty, "formation %q is not empty: %s", f.Name, strings.Join(names, ", "))
		refused.Blockers = blockers
		return d, refused
	}
	return d, nil
}

func (u *unit) requestDeletion(f *Formation) error {
	m, err := f.apply(FormationDeletionRequested)
	if err != nil {
		return err
	}
	f.Failure = nil
	u.note(PointFormationDelete, f, nil, m.Source, "Delete")
	return errors.Join(
		u.putFormation(f), u.Due().Cancel(DueSynchronization, string(f.ID)), u.scheduleTransition(DueFormationDeletion, string(f.ID)),
	)
}

// formationDeletion prepares the end of a deletion.
func (u *unit) formationDeletion(subject string) (*job, error) {
	f, err := u.Formations().Get(FormationID(subject))
	if CodeOf(err) == FormationNotFound || err == nil && f.State != FormationDeleting {
		return nil, nil
	}
	return &job{
		point: PointFormationDeleted, about: Reference{Formation: f.ID, Name: f.Name},
		finish: func(u *unit, failure error) error {
			f, err := u.Formations().Get(FormationID(subject))
			if CodeOf(err) == FormationNotFound || err == nil && f.State != FormationDeleting {
				return nil
			}
			if err != nil {
				return err
			}
			if failure != nil {
				return u.deletionFailed(&f, failure)
			}
			return u.deleteFormation(&f)
		},
	}, err
}

func (u *unit) deletionFailed(f *Formation, failure error) error {
	if _, err := f.apply(FormationDeletionFailed); err != nil {
		return err
	}
	f.Failure = &Failure{Cause: causeOf(failure), Step: PointFormationDeleted, Component: FormationComponent, At: u.now}
	return errors.Join(u.putFormation(f), u.formationFailed(f, PointFormationDeleted, f.Failure.Cause))
}

// deleteFormation carries the steps out, in their order.
func (u *unit) deleteFormation(f *Formation) error {
	if _, err := f.apply(FormationDeletionDone); err != nil {
		return err
	}
	d, err := u.planDeletion(*f)
	if err != nil && CodeOf(err) != FormationNotEmpty {
		return err
	}
	for _, step := range d.Steps {
		u.note(PointFormationDeleted, f, nil, "68b04fa.md", step.Step+": "+step.Name)
	}
	rows, err := u.Assignments().ListOf(f.ID)
	if err != nil {
		return err
	}
	for _, a := range rows {
		if err := u.Assignments().Delete(f.ID, a.ID); err != nil {
			return err
		}
	}
	return errors.Join(u.changesRuntimes(), u.closeIncident(string(f.ID), "the formation is deleted"), u.Formations().Delete(f.ID))
}
