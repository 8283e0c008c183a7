package btp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pairsim/pairsim/internal/secret"
)

// join makes the assignments of participants: in both directions with each that is
// there to stay, and with itself (pairing-protocols §6.8). One that is on its way
// out is called back.
func (u *unit) join(f *Formation, newcomers ...Participant) error {
	rows, err := u.Assignments().ListOf(f.ID)
	if err != nil {
		return err
	}
	type pair struct{ source, target Participant }
	there := map[pair]Assignment{}
	var present []Participant
	for _, a := range rows {
		there[pair{a.Source, a.Target}] = a
		if a.Source == a.Target && !a.leaves() && !slices.Contains(newcomers, a.Source) {
			present = append(present, a.Source)
		}
	}
	for _, p := range newcomers {
		pairs := []pair{{p, p}}
		for _, other := range present {
			pairs = append(pairs, pair{p, other}, pair{other, p})
		}
		present = append(present, p)
		for _, one := range pairs {
			a, known := there[one]
			if known && !a.leaves() {
				continue
			}
			if !known {
				a = Assignment{ID: AssignmentID(u.env.newID()), Formation: f.ID, Source: one.source, Target: one.target}
			}
			a.State, a.Error, a.UpdatedAt = AssignmentInitial, "", u.now
			if err := u.Assignments().Put(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// part sends the assignments of a participant on their way out; those of a
// formation that is not READY are dropped silently (pairing-protocols §6.8).
func (u *unit) part(f *Formation, p Participant) error {
	rows, err := u.Assignments().ListOf(f.ID)
	if err != nil {
		return err
	}
	for _, a := range rows {
		if a.Source != p && a.Target != p {
			continue
		}
		if f.State == FormationDraft {
			err = u.Assignments().Delete(f.ID, a.ID)
		} else {
			a.State, a.Configuration, a.Error, a.UpdatedAt = AssignmentDeleting, nil, "", u.now
			err = u.Assignments().Put(a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// joinRuntime lets the runtime of f's subaccount in, or out when it is gone: the
// runtimes of an assigned subaccount join by themselves, later ones too
// (sap-domain §8.4).
func (u *unit) joinRuntime(f *Formation) error {
	served, err := u.served(f)
	if err != nil {
		return err
	}
	rows, err := u.Assignments().ListOf(f.ID)
	if err != nil {
		return err
	}
	wanted := runtimeOf(f.Subaccount)
	for _, a := range rows {
		p := a.Source
		if p == a.Target && p.Kind == ParticipantRuntime && !a.leaves() && (!served || p != wanted) {
			if err := u.part(f, p); err != nil {
				return err
			}
		}
	}
	if !served {
		return nil
	}
	return u.join(f, wanted)
}

// served says whether the subaccount of f has the environment that its type needs.
func (u *unit) served(f *Formation) (bool, error) {
	if f.Subaccount == "" {
		return false, nil
	}
	t, err := FormationTypeNamed(f.Type)
	if err != nil {
		return false, err
	}
	s, err := u.Accounts().Sub(f.Subaccount)
	return s.Has(t.Environment), err
}

// scheduleSync lets the assignments of a READY formation be synchronized; those
// of a draft wait for it to be finalized. It stands at the end of every change.
func (u *unit) scheduleSync(f *Formation) error {
	if err := u.mended(f); err != nil {
		return err
	}
	if f.State != FormationReady {
		return nil
	}
	count, err := u.Assignments().Count(f.ID)
	if err != nil || count[AssignmentInitial]+count[AssignmentDeleting] == 0 {
		return err
	}
	return u.scheduleTransition(DueSynchronization, string(f.ID))
}

// synchronization prepares the end of a synchronization. No participant has a
// webhook yet: what waits becomes READY, or is gone (pairing-protocols §6.8).
func (u *unit) synchronization(subject string) (*job, error) {
	f, err := u.Formations().Get(FormationID(subject))
	if CodeOf(err) == FormationNotFound || err == nil && f.State != FormationReady {
		return nil, nil
	}
	return &job{
		point: PointFormationSync, about: Reference{Formation: f.ID, Name: f.Name},
		finish: func(u *unit, failure error) error {
			f, err := u.Formations().Get(FormationID(subject))
			if CodeOf(err) == FormationNotFound {
				return nil
			}
			if err != nil {
				return err
			}
			return u.synchronized(&f, failure)
		},
	}, err
}

func (u *unit) synchronized(f *Formation, failure error) error {
	if f.State != FormationReady {
		return nil // a draft waits; one that is being deleted has no more to synchronize
	}
	rows, err := u.Assignments().ListOf(f.ID)
	if err != nil {
		return err
	}
	gone, stays := map[Participant]bool{}, map[Participant]bool{}
	failed := 0
	for _, a := range rows {
		then, waits := AssignmentFailed[a.State]
		if failure != nil || a.State != AssignmentDeleting {
			stays[a.Source], stays[a.Target] = true, true
		}
		switch {
		case !waits:
			continue
		case failure != nil:
			a.State, a.Error, a.UpdatedAt = then, causeOf(failure), u.now
			failed++
			err = u.Assignments().Put(a)
		case a.State == AssignmentDeleting:
			gone[a.Source], gone[a.Target] = true, true
			err = u.Assignments().Delete(f.ID, a.ID)
		default:
			a.State, a.Error, a.UpdatedAt = AssignmentReady, "", u.now
			err = u.Assignments().Put(a)
		}
		if err != nil {
			return err
		}
	}
	if failed > 0 {
		u.note(PointFormationSync, f, nil, "pairing-protocols §6.8", fmt.Sprintf("%d assignments failed: %s", failed, causeOf(failure)))
		if err := u.formationFailed(f, PointFormationSync, causeOf(failure)); err != nil {
			return err
		}
	} else {
		u.note(PointFormationSync, f, nil, "pairing-protocols §6.8", "synchronized")
	}
	for p := range stays {
		delete(gone, p)
	}
	return errors.Join(u.dropMembers(f, gone), u.mended(f))
}

// mended ends the incident of a formation that is not in status Error any more,
// whatever ended that.
func (u *unit) mended(f *Formation) error {
	status, err := u.statusOf(f)
	if err != nil || status == StatusError {
		return err
	}
	return u.closeIncident(string(f.ID), "the error is over")
}

// dropMembers takes those out of f whose last assignment is gone.
func (u *unit) dropMembers(f *Formation, gone map[Participant]bool) error {
	left := make([]SystemID, 0, len(f.Systems))
	for _, id := range f.Systems {
		if !gone[applicationOf(id)] {
			left = append(left, id)
		}
	}
	f.Systems = left
	return u.putFormation(f)
}

// formationFailed opens the incident of a formation in status Error, where the
// edition shows one.
func (u *unit) formationFailed(f *Formation, point Point, cause string) error {
	label := u.r.edition.FormationLabels[StatusError]
	if label == "" {
		return nil
	}
	if err := u.closeIncident(string(f.ID), "it failed again"); err != nil {
		return err
	}
	return u.openIncident(Incident{
		GlobalAccount: f.GlobalAccount, Subject: IncidentSubject{KindFormation, string(f.ID), f.Name},
		Component: FormationComponent, Cause: cause, Step: point, Status: label,
	})
}

// FormationComponent is where an incident about a formation is reported (68b04fa.md).
const FormationComponent = "BC-CP-MP"

// retry puts the assignments that again chooses back to a state.
func (u *unit) retry(f *Formation, again func(Assignment) (AssignmentState, bool)) error {
	rows, err := u.Assignments().ListOf(f.ID)
	if err != nil {
		return err
	}
	for _, a := range rows {
		state, chosen := again(a)
		if !chosen {
			continue
		}
		a.State, a.Error, a.UpdatedAt = state, "", u.now
		if err := u.Assignments().Put(a); err != nil {
			return err
		}
	}
	return u.putFormation(f)
}

func (u *unit) reset(f *Formation) error {
	rows, err := u.Assignments().ListOf(f.ID)
	if err != nil {
		return err
	}
	for _, a := range rows {
		a.State, a.Configuration, a.Error, a.UpdatedAt = AssignmentInitial, nil, "", u.now
		if err := u.Assignments().Put(a); err != nil {
			return err
		}
	}
	return u.putFormation(f)
}

// resynchronize lets f be tried again: first what is pending of itself, then its
// assignments.
func (u *unit) resynchronize(f *Formation) error {
	if f.State == FormationDeleteError {
		return u.requestDeletion(f)
	}
	return u.retry(f, func(a Assignment) (AssignmentState, bool) {
		state, again := AssignmentResynchronized[a.State]
		return state, again
	})
}

// resynchronizeResolved is what support does with a formation in Error.
func (u *unit) resynchronizeResolved(id FormationID) error {
	f, err := u.Formations().Get(id)
	if CodeOf(err) == FormationNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(u.resynchronize(&f), u.scheduleSync(&f))
}

// AssignmentReport is what a participant says of an assignment.
type AssignmentReport struct {
	State AssignmentState
	// Error says why, for an error state.
	Error string
}

// ReportAssignment is a participant that reports the state of an assignment.
// Until formations notify participants, control reports for them.
func (r *Registry) ReportAssignment(ctx context.Context, id FormationID, assignment AssignmentID, report AssignmentReport) (FormationView, error) {
	about := Reference{Formation: id}
	err := r.step(ctx, PointFormationReport, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			f, err := u.formation(id)
			if err != nil {
				return err
			}
			about.Name = f.Name
			a, ok, err := u.Assignments().Find(id, assignment)
			if err != nil {
				return err
			}
			if !ok {
				return Errorf(AssignmentNotFound, "formation %q has no assignment %q", f.Name, clip(string(assignment)))
			}
			return u.report(&f, a, report)
		})
	})
	if err != nil {
		return FormationView{}, err
	}
	return r.present(ctx, id)
}

func (u *unit) report(f *Formation, a Assignment, report AssignmentReport) error {
	failed := report.State == AssignmentCreateError || report.State == AssignmentDeleteError
	switch {
	case f.State != FormationReady:
		return Errorf(FormationStatusForbids, "formation %q is in state %s: its participants are not asked", f.Name, f.State)
	case !slices.Contains(AssignmentReports[a.State], report.State):
		return Errorf(InvalidRequest, "an assignment in state %s is reported as one of %v", a.State, AssignmentReports[a.State])
	case len(report.Error) > maxCause || !failed && report.Error != "":
		return Errorf(InvalidRequest, "error: at most %d bytes, with an error state only", maxCause)
	case failed && report.Error == "":
		report.Error = "the participant reports " + string(report.State)
	}
	report.Error = secret.Mask(report.Error)
	a.State, a.Error, a.UpdatedAt = report.State, report.Error, u.now
	if err := errors.Join(u.Assignments().Put(a), u.putFormation(f)); err != nil {
		return err
	}
	u.note(PointFormationReport, f, nil, "pairing-protocols §6.8", string(a.Source.Kind)+" → "+string(a.Target.Kind)+": "+string(a.State))
	if failed {
		return u.formationFailed(f, PointFormationReport, report.Error)
	}
	return u.mended(f)
}
