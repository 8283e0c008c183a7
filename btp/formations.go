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
	// Incident is the open one about it, "" without one; Failure tells its cause too
	// when it is the assignments that failed.
	Incident IncidentID
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
	return r.present(ctx, id)
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
	u.note(PointFormationCreate, &f, nil, "68b04fa.md", t.Name)
	joining := make([]Participant, len(n.Systems))
	for i, id := range n.Systems {
		if f.Has(id) {
			return Formation{}, Errorf(InvalidRequest, "system %q is named twice", clip(string(id)))
		}
		if err := u.admit(&f, id); err != nil {
			return Formation{}, err
		}
		joining[i] = applicationOf(id)
	}
	if err := errors.Join(u.putFormation(&f), u.joinRuntime(&f), u.join(&f, joining...)); err != nil {
		return Formation{}, err
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
	if err := u.changesRuntimes(); err != nil {
		return err
	}
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

// admit makes a system a member of f, which is not saved yet.
func (u *unit) admit(f *Formation, id SystemID) error {
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
	u.note(PointFormationInclude, f, &s, "68b04fa.md", u.r.edition.IncludeVerb+" in formation "+f.Name)
	return nil
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

// Formation returns a formation.
func (r *Registry) Formation(ctx context.Context, id FormationID) (v FormationView, err error) {
	err = r.look(ctx, PointFormationShow, Reference{Formation: id}, func(u *unit) (err error) {
		v, err = u.formationView(id)
		return err
	})
	return v, err
}

// present is a formation for the answer of a request that changed it.
func (r *Registry) present(ctx context.Context, id FormationID) (v FormationView, err error) {
	err = r.view(ctx, func(u *unit) (err error) {
		v, err = u.formationView(id)
		return err
	})
	return v, err
}

func (u *unit) formationView(id FormationID) (FormationView, error) {
	f, err := u.formation(id)
	if err != nil {
		return FormationView{}, err
	}
	return u.viewOf(f)
}

func (u *unit) viewOf(f Formation) (FormationView, error) {
	v, err := u.glanceAt(f)
	if err != nil {
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

// glanceAt is f as a list shows it: with its status, and why that is an error.
func (u *unit) glanceAt(f Formation) (FormationView, error) {
	v := FormationView{Formation: f}
	var err error
	if v.Status, err = u.statusOf(&f); err != nil || v.Status != StatusError {
		return v, err
	}
	open, err := u.Incidents().List(IncidentFilter{Subject: string(f.ID), OpenOnly: true})
	for _, i := range open {
		v.Incident = i.ID
		if v.Failure == nil {
			v.Failure = &Failure{Cause: i.Cause, Step: i.Step, Component: i.Component, At: i.OpenedAt}
		}
	}
	return v, err
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
	err = r.look(ctx, PointFormationList, Reference{}, func(u *unit) error {
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
			v, err := u.glanceAt(one)
			if err != nil {
				return err
			}
			page = append(page, v)
		}
		return nil
	})
	return page, more, err
}

// formationFor finds the formation of an action that the edition offers on it now.
func (u *unit) formationFor(a FormationAction, id FormationID, match Match, about *Reference) (Formation, error) {
	f, err := u.formation(id)
	if err != nil {
		return f, err
	}
	about.Name = f.Name
	if err := match.check(f.Version); err != nil {
		return f, err
	}
	status, err := u.statusOf(&f)
	if err != nil {
		return f, err
	}
	return f, u.offers(&f, status, a)
}

// changeFormation runs one change of a formation as a step, lets what it caused
// be synchronized, and answers with what came of it.
func (r *Registry) changeFormation(ctx context.Context, point Point, id FormationID, match Match, a FormationAction, change func(*unit, *Formation) error) (FormationView, error) {
	return r.changeMember(ctx, point, id, "", match, a, change)
}

// changeMember is changeFormation for one of its systems.
func (r *Registry) changeMember(
	ctx context.Context, point Point, id FormationID, member SystemID, match Match, a FormationAction, change func(*unit, *Formation) error,
) (FormationView, error) {
	about := Reference{Formation: id}
	var v FormationView
	err := r.stepOf(ctx, point, &about, moves(id, member), func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			f, err := u.formationFor(a, id, match, &about)
			if err != nil {
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
	now, err := r.present(ctx, id)
	if CodeOf(err) == FormationNotFound {
		return v, nil // it is deleted by now
	}
	return now, err
}

// IncludeSystem includes a system; one that is included already stays.
func (r *Registry) IncludeSystem(ctx context.Context, id FormationID, system SystemID, match Match) (FormationView, error) {
	return r.changeMember(ctx, PointFormationInclude, id, system, match, ActionInclude, func(u *unit, f *Formation) error {
		if !f.Has(system) {
			if err := u.admit(f, system); err != nil {
				return err
			}
			return errors.Join(u.putFormation(f), u.join(f, applicationOf(system)))
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

// ExcludeSystem excludes a system. It leaves when its last assignment is gone.
func (r *Registry) ExcludeSystem(ctx context.Context, id FormationID, system SystemID, match Match) (FormationView, error) {
	return r.changeMember(ctx, PointFormationExclude, id, system, match, ActionExclude, func(u *unit, f *Formation) error {
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
