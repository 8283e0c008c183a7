package btp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// FormationView is a formation as the cockpit shows it.
type FormationView struct {
	Formation
	Status FormationStatus
	// Members are the included systems, in the order of inclusion.
	Members []System
	// SubaccountOf is the assigned subaccount; nil without one.
	SubaccountOf *Subaccount
	Assignments  []Assignment
	// Actions are what the edition offers now.
	Actions []FormationAction
}

// NewFormation asks for a formation.
type NewFormation struct {
	Name string
	// Type is a FormationType's name; "" is the first one in an edition that
	// shows no types.
	Type string
	// Subaccount is an id or a subdomain of the global account.
	Subaccount string
	Systems    []SystemID
	// Draft keeps the formation a draft even if nothing is missing.
	Draft bool
}

// CreateFormation creates a formation with its systems (68b04fa.md, 68b04fa.md@v1).
func (r *Registry) CreateFormation(ctx context.Context, ga string, n NewFormation, key IdempotencyKey) (FormationView, error) {
	var about Reference
	var v FormationView
	var id FormationID
	again := false
	err := r.step(ctx, PointFormationCreate, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			account, err := u.globalAccount(ga)
			if err != nil {
				return err
			}
			created, err := u.once(key, "formation", func() (Replay, error) {
				f, err := u.createFormation(account.ID, n, "")
				return Replay{Created: string(f.ID)}, err
			}, string(account.ID), n.Name, n.Type, n.Subaccount, fmt.Sprint(n.Systems, n.Draft))
			if err != nil {
				return err
			}
			id, again = FormationID(created.Created), created.again
			about = Reference{Formation: id, Name: clip(n.Name)}
			return nil
		})
	})
	if err != nil {
		return v, err
	}
	if !again {
		r.settle(ctx, DueSynchronization, string(id))
	}
	return r.Formation(ctx, id)
}

func (u *unit) createFormation(ga GlobalAccountID, n NewFormation, id FormationID) (Formation, error) {
	e := u.r.edition
	if err := e.checkFormationName(n.Name); err != nil {
		return Formation{}, err
	}
	if n.Type == "" && len(e.FormationLabels) == 0 {
		n.Type = FormationTypes[0].Name
	}
	t, err := FormationTypeNamed(n.Type)
	if err != nil {
		return Formation{}, err
	}
	if _, taken, err := u.Formations().FindByName(ga, n.Name); err != nil {
		return Formation{}, err
	} else if taken {
		return Formation{}, Errorf(NameTaken, "there is a formation %q in global account %s already", n.Name, ga)
	}
	if n.Draft && e.FormationLabels[StatusDraft] == "" {
		return Formation{}, Errorf(OperationNotInEdition, "edition %s knows no draft formations", e.ID)
	}
	f := Formation{GlobalAccount: ga, Name: n.Name, Type: t.Name, State: FormationReady, CreatedAt: u.now}
	if f.Subaccount, err = u.formationSubaccount(ga, n.Subaccount); err != nil {
		return Formation{}, err
	}
	if n.Draft || len(n.Systems) < t.NeededSystems && e.FormationLabels[StatusDraft] != "" {
		f.State = FormationDraft
	}
	if f.ID = id; id == "" {
		f.ID = FormationID(u.env.newID())
	}
	u.env.Sequence++
	f.Sequence = u.env.Sequence
	if err := u.putFormation(&f); err != nil {
		return Formation{}, err
	}
	u.note(PointFormationCreate, &f, nil, "68b04fa.md", t.Name)
	if err := u.joinRuntime(&f); err != nil {
		return Formation{}, err
	}
	for _, id := range n.Systems {
		if f.Has(id) {
			return Formation{}, Errorf(InvalidRequest, "system %q is named twice", clip(string(id)))
		}
		if err := u.include(&f, id); err != nil {
			return Formation{}, err
		}
	}
	return f, u.scheduleSync(&f)
}

// formationSubaccount is the subaccount that a formation is assigned, "" for none.
func (u *unit) formationSubaccount(ga GlobalAccountID, name string) (SubaccountID, error) {
	if name == "" {
		if u.r.edition.EnvironmentFirst {
			return "", Errorf(InvalidRequest, "a formation is created for a subaccount; none is named")
		}
		return "", nil
	}
	s, err := u.subaccountIn(ga, name)
	if err != nil {
		return "", err
	}
	return s.ID, u.checkFormationSubaccount(&s)
}

func (u *unit) checkFormationSubaccount(s *Subaccount) error {
	if err := checkLandscape(s); err != nil {
		return err
	}
	if u.r.edition.EnvironmentFirst && len(s.Environments) == 0 {
		return withoutEnvironment(s)
	}
	return nil
}

func withoutEnvironment(s *Subaccount) *Error {
	return Errorf(SubaccountWithoutEnvironment, "subaccount %q has neither Cloud Foundry nor Kyma enabled", s.ID)
}

// checkLandscape refuses what concerns a subaccount in a region without the
// system landscape (SEED-004, 2ffdaff.md).
func checkLandscape(s *Subaccount) error {
	region, err := RegionNamed(s.Region)
	if err == nil && !region.Landscape {
		return Errorf(RegionUnavailable, "subaccount %q is in %s (%s), where the system landscape is not available", s.ID, region.Name, region.Key)
	}
	return err
}

// putFormation saves a changed formation.
func (u *unit) putFormation(f *Formation) error {
	f.Version++
	f.UpdatedAt = u.now
	return u.Formations().Put(*f)
}

// note records a decision about a formation, and a system in it.
func (u *unit) note(point Point, f *Formation, s *System, source, detail string) {
	u.record(EntryDecision, point, s, "", source, detail)
	last := &u.entries[len(u.entries)-1]
	last.About.Formation = f.ID
	if s == nil {
		last.About.Name = f.Name
	}
}

// include adds a system to f, and its assignments with everybody who is there.
func (u *unit) include(f *Formation, id SystemID) error {
	s, err := u.systemIn(f.GlobalAccount, id)
	if err != nil {
		return err
	}
	if err := checkMember(f, &s, u.r.edition); err != nil {
		return err
	}
	if len(f.Systems) >= MaxFormationSystems {
		return Errorf(FormationFull, "formation %q has %d systems; that is the most", f.Name, MaxFormationSystems)
	}
	f.Systems = append(slices.Clone(f.Systems), s.ID)
	if err := u.putFormation(f); err != nil {
		return err
	}
	u.note(PointFormationInclude, f, &s, "68b04fa.md", u.r.edition.IncludeVerb+" in formation "+f.Name)
	return u.join(f, applicationOf(s.ID))
}

// checkMember says whether a system may be in a formation: of a type that the
// formation takes, and registered, unless its type may come before (SEED-000
// Context; sap-domain §3).
func checkMember(f *Formation, s *System, e *Edition) error {
	ft, err := FormationTypeNamed(f.Type)
	if err != nil {
		return err
	}
	if !ft.Takes(s.Type) {
		return Errorf(SystemTypeNotInFormation, "unsupported system type %q for formation %q of type %q, allowing only %s",
			s.Type, f.Name, ft.Name, strings.Join(ft.SystemTypes, ", "))
	}
	t, err := TypeNamed(s.Type)
	if err != nil {
		return err
	}
	switch {
	case s.Status == Registered:
		return nil
	case s.Status == Pending && t.Has(FormationBeforePairing):
		return nil
	case s.Status == Pending:
		return Errorf(SystemNotRegistered, "system %q is not registered: systems of type %s are paired before they join a formation", s.Name, s.Type)
	}
	return Errorf(SystemNotRegistered, "system %q has the status %s", s.Name, statusText(e, s.Status))
}

// join makes the assignments of a participant: in both directions with each that
// is there to stay, and with itself (pairing-protocols §6.8). One that is on its
// way out is called back.
func (u *unit) join(f *Formation, p Participant) error {
	rows, err := u.Assignments().ListOf(f.ID)
	if err != nil {
		return err
	}
	there := map[[2]Participant]Assignment{}
	pairs := [][2]Participant{{p, p}}
	for _, a := range rows {
		there[[2]Participant{a.Source, a.Target}] = a
		if a.Source == a.Target && a.Source != p && !a.leaves() {
			pairs = append(pairs, [2]Participant{p, a.Source}, [2]Participant{a.Source, p})
		}
	}
	for _, pair := range pairs {
		a, known := there[pair]
		if known && !a.leaves() {
			continue
		}
		if !known {
			a = Assignment{ID: AssignmentID(u.env.newID()), Formation: f.ID, Source: pair[0], Target: pair[1]}
		}
		a.State, a.Error, a.UpdatedAt = AssignmentInitial, "", u.now
		if err := u.Assignments().Put(a); err != nil {
			return err
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

// Formation returns a formation.
func (r *Registry) Formation(ctx context.Context, id FormationID) (v FormationView, err error) {
	err = r.view(ctx, func(u *unit) error {
		f, err := u.formation(id)
		if err != nil {
			return err
		}
		v, err = u.viewOf(f)
		return err
	})
	return v, err
}

func (u *unit) viewOf(f Formation) (FormationView, error) {
	v := FormationView{Formation: f}
	var err error
	if v.Status, err = u.statusOf(&f); err != nil {
		return v, err
	}
	for _, id := range f.Systems {
		s, err := u.Systems().Get(id)
		if err != nil {
			return v, err
		}
		v.Members = append(v.Members, s)
	}
	if f.Subaccount != "" {
		s, err := u.Accounts().Sub(f.Subaccount)
		if err != nil {
			return v, err
		}
		v.SubaccountOf = &s
	}
	if v.Assignments, err = u.Assignments().ListOf(f.ID); err != nil {
		return v, err
	}
	for _, a := range FormationActions {
		if u.offers(&f, v.Status, a) == nil {
			v.Actions = append(v.Actions, a)
		}
	}
	return v, nil
}

func (u *unit) statusOf(f *Formation) (FormationStatus, error) {
	count, err := u.Assignments().Count(f.ID)
	if err != nil {
		return "", err
	}
	served, err := u.served(f)
	return f.condition(count, served), err
}

// offers refuses an action that the edition does not offer on f now.
func (u *unit) offers(f *Formation, status FormationStatus, a FormationAction) error {
	e := u.r.edition
	known := false
	for _, list := range e.FormationActions {
		known = known || slices.Contains(list, a)
	}
	if !known {
		return Errorf(OperationNotInEdition, "edition %s does not offer %s for formations", e.ID, a)
	}
	if !e.Offers(status, a) || slices.Contains(WithheldActions[f.State], a) {
		return Errorf(FormationStatusForbids, "formation %q %s: %s is not offered", f.Name, e.standing(f, status), a)
	}
	if t, err := FormationTypeNamed(f.Type); err != nil {
		return err
	} else if a == ActionReset && !t.SupportsReset {
		return Errorf(FormationStatusForbids, "formations of type %q are not reset", t.Name)
	}
	return nil
}

// standing says where a formation is, in the words of e.
func (e *Edition) standing(f *Formation, status FormationStatus) string {
	if f.State == FormationDeleting {
		return "is being deleted"
	}
	if f.State == FormationDeleteError {
		return "could not be deleted"
	}
	return "has the status " + e.FormationLabel(status)
}

// Formations returns a page of formations in the order of creation, and whether
// there are more. f.GlobalAccount and f.Subaccount may be an id or a subdomain.
func (r *Registry) Formations(ctx context.Context, f FormationFilter) (page []FormationView, more bool, err error) {
	err = r.view(ctx, func(u *unit) error {
		page = nil
		account, err := u.globalAccount(string(f.GlobalAccount))
		if err != nil {
			return err
		}
		g := f
		g.GlobalAccount = account.ID
		if f.Subaccount != "" {
			s, err := u.subaccountIn(account.ID, string(f.Subaccount))
			if err != nil {
				return err
			}
			g.Subaccount = s.ID
		}
		list, next, err := pageOf(f.Limit, func(limit int) ([]Formation, error) {
			g.Limit = limit
			return u.Formations().List(g)
		})
		if err != nil {
			return err
		}
		more = next
		for _, one := range list {
			v := FormationView{Formation: one}
			if v.Status, err = u.statusOf(&one); err != nil {
				return err
			}
			page = append(page, v)
		}
		return nil
	})
	return page, more, err
}

// changeFormation runs one change of a formation as a step, lets what it caused
// be synchronized, and answers with what came of it.
func (r *Registry) changeFormation(ctx context.Context, point Point, id FormationID, match Match, a FormationAction, change func(*unit, *Formation) error) (FormationView, error) {
	about := Reference{Formation: id}
	var v FormationView
	err := r.step(ctx, point, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			f, err := u.formation(id)
			if err != nil {
				return err
			}
			about.Name = f.Name
			if err := match.check(f.Version); err != nil {
				return err
			}
			status, err := u.statusOf(&f)
			if err != nil {
				return err
			}
			if err := u.offers(&f, status, a); err != nil {
				return err
			}
			if err := change(u, &f); err != nil {
				return err
			}
			if err := u.scheduleSync(&f); err != nil {
				return err
			}
			v, err = u.viewOf(f)
			return err
		})
	})
	if err != nil {
		return FormationView{}, err
	}
	r.settle(ctx, DueSynchronization, string(id))
	r.settle(ctx, DueFormationDeletion, string(id)) // a deletion that is tried again
	now, err := r.Formation(ctx, id)
	if CodeOf(err) == FormationNotFound {
		return v, nil // it is deleted by now
	}
	return now, err
}

// IncludeSystem includes a system; one that is included already stays.
func (r *Registry) IncludeSystem(ctx context.Context, id FormationID, system SystemID, match Match) (FormationView, error) {
	return r.changeFormation(ctx, PointFormationInclude, id, match, ActionInclude, func(u *unit, f *Formation) error {
		if !f.Has(system) {
			return u.include(f, system)
		}
		s, err := u.systemIn(f.GlobalAccount, system)
		if err != nil {
			return err
		}
		if err := checkMember(f, &s, u.r.edition); err != nil {
			return err
		}
		return u.join(f, applicationOf(system)) // it may be on its way out
	})
}

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

// ExcludeSystem excludes a system. It leaves when its last assignment is gone.
func (r *Registry) ExcludeSystem(ctx context.Context, id FormationID, system SystemID, match Match) (FormationView, error) {
	return r.changeFormation(ctx, PointFormationExclude, id, match, ActionExclude, func(u *unit, f *Formation) error {
		if !f.Has(system) {
			return Errorf(SystemNotInFormation, "formation %q has no system %q", f.Name, clip(string(system)))
		}
		s, err := u.systemIn(f.GlobalAccount, system)
		if err != nil {
			return err
		}
		u.note(PointFormationExclude, f, &s, "68b04fa.md", u.r.edition.ExcludeVerb+" from formation "+f.Name)
		p := applicationOf(system)
		if err := u.part(f, p); err != nil {
			return err
		}
		if f.State == FormationDraft {
			return u.dropMembers(f, map[Participant]bool{p: true})
		}
		return u.putFormation(f)
	})
}

// ChangeFormationSubaccount assigns another subaccount (id or subdomain), or
// none (68b04fa.md@v1).
func (r *Registry) ChangeFormationSubaccount(ctx context.Context, id FormationID, subaccount string, match Match) (FormationView, error) {
	return r.changeFormation(ctx, PointFormationChange, id, match, ActionChangeSubaccount, func(u *unit, f *Formation) error {
		f.Subaccount = ""
		if subaccount != "" {
			s, err := u.subaccountIn(f.GlobalAccount, subaccount)
			if err != nil {
				return err
			}
			if err := u.checkFormationSubaccount(&s); err != nil {
				return err
			}
			f.Subaccount = s.ID
		}
		u.note(PointFormationChange, f, nil, "68b04fa.md@v1", "subaccount "+string(f.Subaccount))
		return errors.Join(u.putFormation(f), u.joinRuntime(f))
	})
}

// FinalizeFormation ends a draft: its assignments are synchronized from now on
// (68b04fa.md).
func (r *Registry) FinalizeFormation(ctx context.Context, id FormationID, match Match) (FormationView, error) {
	return r.changeFormation(ctx, PointFormationFinalize, id, match, ActionFinalize, func(u *unit, f *Formation) error {
		t, err := FormationTypeNamed(f.Type)
		if err != nil {
			return err
		}
		if len(f.Systems) < t.NeededSystems {
			return Errorf(FormationIncomplete, "formation %q has %d systems; its type needs %d at least", f.Name, len(f.Systems), t.NeededSystems)
		}
		if _, err := f.apply(FormationFinalized); err != nil {
			return err
		}
		u.note(PointFormationFinalize, f, nil, "68b04fa.md", "Finalize Formation")
		return u.putFormation(f)
	})
}

// Resynchronize tries again what failed; with reset, everything starts anew
// (68b04fa.md, pairing-protocols §6.8).
func (r *Registry) Resynchronize(ctx context.Context, id FormationID, reset bool, match Match) (FormationView, error) {
	a := ActionResynchronize
	if reset {
		a = ActionReset
	}
	return r.changeFormation(ctx, PointFormationResync, id, match, a, func(u *unit, f *Formation) error {
		u.note(PointFormationResync, f, nil, "68b04fa.md", string(a))
		if reset {
			return u.reset(f)
		}
		return errors.Join(u.resynchronize(f), u.closeIncident(string(f.ID), "resynchronized by the operator"))
	})
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
	return r.Formation(ctx, id)
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
			f, err := u.formation(id)
			if err != nil {
				return err
			}
			about.Name = f.Name
			if err := match.check(f.Version); err != nil {
				return err
			}
			status, err := u.statusOf(&f)
			if err != nil {
				return err
			}
			if err := u.offers(&f, status, ActionDelete); err != nil {
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
	_, err = r.Formation(context.WithoutCancel(ctx), id)
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
	return errors.Join(u.closeIncident(string(f.ID), "the formation is deleted"), u.Formations().Delete(f.ID))
}
