package btp_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// What docs/lifecycle.md is made of, tried on a registry: every status that a
// system or formation can be brought into, with everything an operator can do.

// slowly lets transitions take an hour, so that they can be looked at.
func slowly(c *btp.Config) {
	c.Policy.Transitions = map[btp.Transition]btp.TransitionPolicy{}
	for _, t := range btp.Transitions {
		c.Policy.Transitions[t] = btp.TransitionPolicy{After: time.Hour}
	}
}

// bring registers a system and brings it into a status.
func (r *registry) bring(systemType string, into btp.Status, phone *telephone) btp.SystemID {
	r.t.Helper()
	try := func(_ btp.System, err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatalf("bring a system into status %s: %v", into, err)
		}
	}
	if into == btp.Pending || into == btp.Failed || into == btp.Removing || into == btp.RemoveError {
		s, _ := r.register("S", systemType)
		switch into { //nolint:exhaustive // the others need a registered system
		case btp.Failed:
			opened, err := r.present(r.issue(s.ID).JWS)
			try(s, err)
			try(s, r.ReportFailure(r.t.Context(), opened.FollowUp, nil, "out of memory"))
		case btp.RemoveError:
			_, err := r.AddFault(r.t.Context(), btp.FailAt(btp.PointRemoveDone, "", "", 1))
			try(s, err)
			try(r.Remove(r.t.Context(), s.ID))
			r.advance(time.Hour)
		case btp.Removing:
			try(r.Remove(r.t.Context(), s.ID))
		}
		return s.ID
	}
	s, _ := r.registered("S", systemType, "tenant")
	if into == btp.Registered {
		return s.ID
	}
	try(r.Deregister(r.t.Context(), s.ID))
	if into == btp.DeregisterError {
		phone.answers(func(context.Context, btp.Notice) error { return btp.Errorf(btp.TenantNotTold, "no answer") })
		r.advance(time.Hour)
	}
	return s.ID
}

// operate is what an operator, or support, does to cause an event. Without an
// open incident support has nothing to do.
var operate = map[btp.Event]func(*registry, btp.SystemID) error{ //nolint:exhaustive // the others are not an operator's
	btp.TokenRequested: func(r *registry, id btp.SystemID) error {
		_, err := r.IssueToken(r.t.Context(), id, infoURL, "")
		return err
	},
	btp.DeregistrationRequested: func(r *registry, id btp.SystemID) error {
		_, err := r.Deregister(r.t.Context(), id)
		return err
	},
	btp.RemovalRequested: func(r *registry, id btp.SystemID) error {
		_, err := r.Remove(r.t.Context(), id)
		return err
	},
	btp.IncidentResolved: func(r *registry, id btp.SystemID) error {
		for _, i := range r.openIncidents() {
			if i.Subject.ID == string(id) {
				_, err := r.ResolveIncident(r.t.Context(), i.ID, "")
				return err
			}
		}
		return btp.Errorf(btp.StatusForbids, "there is no incident")
	},
}

// Rule: deregister-status-forbids, error-cx-v1-no-way-out, remove-unregistered
func TestServerMovesSystemsAsTheTablesSay(t *testing.T) {
	t.Parallel()
	for _, e := range btp.Editions {
		for _, systemType := range btp.SystemTypes {
			for _, from := range btp.Statuses {
				if _, known := e.Labels[from]; !known {
					continue
				}
				for on, act := range operate {
					t.Run(e.ID+"/"+systemType.Name+"/"+string(from)+"/"+string(on), func(t *testing.T) {
						t.Parallel()
						phone := &telephone{}
						r := open(t, edition(e.ID), slowly, notifier(phone))
						id := r.bring(systemType.Name, from, phone)
						if got := r.status(id); got != from {
							t.Fatalf("brought into status %q, want %q", got, from)
						}
						m, moves := e.Move(from, on)
						moves = moves && (m.Only == "" || systemType.Has(m.Only))
						err := act(r, id)
						switch {
						case moves && m.To == btp.Gone:
							wantCode(t, err, "")
							r.gone(id)
							return
						case moves:
							wantCode(t, err, "")
						case !e.Knows(on):
							wantCode(t, err, btp.OperationNotInEdition)
						default:
							wantCode(t, err, btp.StatusForbids)
						}
						want := from
						if moves {
							want = m.To
						}
						if got := r.status(id); got != want {
							t.Errorf("status %q, want %q", got, want)
						}
					})
				}
			}
		}
	}
}

// Rule: deregister-blocked-by-formation, deregister-blocked-by-entitlement, remove-blocked-by-formation
func TestServerHoldsTheGuards(t *testing.T) {
	t.Parallel()
	hold := map[btp.ObjectKind]func(*registry, btp.SystemID){ //nolint:exhaustive // what holds systems
		btp.KindFormation:   func(r *registry, id btp.SystemID) { r.formation("f", id) },
		btp.KindEntitlement: func(r *registry, id btp.SystemID) { r.entitle(id, "api-access") },
	}
	for _, e := range btp.Editions {
		for _, g := range btp.Guards {
			for _, on := range g.On {
				if operate[on] == nil { // a merge needs two systems: TestMergingIsHeldByTheGuards
					continue
				}
				from := btp.Registered // the only status in which everything can hold a system
				if _, moves := e.Move(from, on); !moves {
					if from = btp.Pending; g.By == btp.KindEntitlement || !e.Knows(on) {
						continue
					}
				}
				t.Run(e.ID+"/"+string(on)+"/"+g.Words, func(t *testing.T) {
					t.Parallel()
					phone := &telephone{}
					r := open(t, edition(e.ID), notifier(phone))
					id := r.bring(commerce, from, phone)
					hold[g.By](r, id)
					err := operate[on](r, id)
					wantCode(t, err, g.Refusal)
					if got := err.(*btp.Error).Blockers; len(got) != 1 || got[0].Kind != g.By { //nolint:errorlint // wantCode has looked
						t.Errorf("blockers %+v, want one %s", got, g.By)
					}
					if got := r.status(id); got != from {
						t.Errorf("status %q, want %q", got, from)
					}
				})
			}
		}
	}
}

// bringFormation creates a formation with a system and brings it where wanted;
// a state says more than the status that belongs to it.
func (r *registry) bringFormation(into string) (btp.FormationID, btp.SystemID) {
	r.t.Helper()
	try := func(_ any, err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatalf("bring a formation to %s: %v", into, err)
		}
	}
	s, _ := r.register("S", commerce)
	if into == string(btp.StatusDraft) {
		v, err := r.CreateFormation(r.t.Context(), "default", btp.NewFormation{
			Name: "f", Type: btp.SideBySideWithKyma, Subaccount: "dev", Systems: []btp.SystemID{s.ID}, Draft: true,
		}, "")
		try(v, err)
		return v.ID, s.ID
	}
	if into == string(btp.StatusError) {
		try(r.AddFault(r.t.Context(), btp.FailAt(btp.PointFormationSync, "", "", 1)))
	}
	f := r.formation("f", s.ID)
	if into == string(btp.StatusSynchronizing) {
		return f.ID, s.ID
	}
	r.advance(time.Hour)
	switch into {
	case string(btp.StatusActionRequired):
		none := []btp.RuntimeEnvironment{}
		try(r.ChangeSubaccount(r.t.Context(), "dev", btp.SubaccountChange{Environments: &none}, btp.Match{}))
		r.advance(time.Hour)
	case string(btp.FormationDeleting), string(btp.FormationDeleteError):
		if r.Edition().EmptyFirst {
			try(r.ExcludeSystem(r.t.Context(), f.ID, s.ID, btp.Match{}))
			try(r.ChangeFormationSubaccount(r.t.Context(), f.ID, "", btp.Match{}))
			r.advance(time.Hour)
		}
		try(r.AddFault(r.t.Context(), btp.FailAt(btp.PointFormationDeleted, "", "", 1)))
		try(r.DeleteFormation(r.t.Context(), f.ID, btp.Match{}))
		if into == string(btp.FormationDeleteError) {
			r.advance(time.Hour)
		}
	}
	return f.ID, s.ID
}

// Rule: formation-status-v1, formation-resynchronize, formation-reset
func TestServerOffersFormationActionsAsTheTablesSay(t *testing.T) {
	t.Parallel()
	act := map[btp.FormationAction]func(*registry, btp.FormationID, btp.SystemID) error{
		btp.ActionInclude: func(r *registry, f btp.FormationID, _ btp.SystemID) error {
			s, _ := r.register("another", commerce)
			_, err := r.IncludeSystem(r.t.Context(), f, s.ID, btp.Match{})
			return err
		},
		btp.ActionExclude: func(r *registry, f btp.FormationID, s btp.SystemID) error {
			_, err := r.ExcludeSystem(r.t.Context(), f, s, btp.Match{})
			return err
		},
		btp.ActionChangeSubaccount: func(r *registry, f btp.FormationID, _ btp.SystemID) error {
			_, err := r.ChangeFormationSubaccount(r.t.Context(), f, "", btp.Match{})
			return err
		},
		btp.ActionFinalize: func(r *registry, f btp.FormationID, _ btp.SystemID) error {
			_, err := r.FinalizeFormation(r.t.Context(), f, btp.Match{})
			return err
		},
		btp.ActionResynchronize: func(r *registry, f btp.FormationID, _ btp.SystemID) error {
			_, err := r.Resynchronize(r.t.Context(), f, false, btp.Match{})
			return err
		},
		btp.ActionReset: func(r *registry, f btp.FormationID, _ btp.SystemID) error {
			_, err := r.Resynchronize(r.t.Context(), f, true, btp.Match{})
			return err
		},
		btp.ActionDelete: func(r *registry, f btp.FormationID, _ btp.SystemID) error {
			_, err := r.DeleteFormation(r.t.Context(), f, btp.Match{})
			if btp.CodeOf(err) == btp.FormationNotEmpty && r.Edition().EmptyFirst {
				return nil // offered, and then held by what is assigned
			}
			return err
		},
	}
	for _, e := range btp.Editions {
		for _, into := range append(texts(btp.FormationStatuses), string(btp.FormationDeleting), string(btp.FormationDeleteError)) {
			if into == string(btp.StatusDraft) && e.FormationLabel(btp.StatusDraft) == "" {
				continue // an edition without drafts
			}
			for _, a := range btp.FormationActions {
				t.Run(e.ID+"/"+into+"/"+string(a), func(t *testing.T) {
					t.Parallel()
					r := open(t, edition(e.ID), slowly)
					id, s := r.bringFormation(into)
					v, err := r.Formation(t.Context(), id)
					if err != nil || string(v.Status) != into && string(v.State) != into {
						t.Fatalf("brought to %s %s (%v), want %s", v.State, v.Status, err, into)
					}
					offered := e.Offers(v.Status, a) && !slices.Contains(btp.WithheldActions[v.State], a)
					if slices.Contains(v.Actions, a) != offered {
						t.Errorf("shown actions are %v; %s is offered: %v", v.Actions, a, offered)
					}
					want := btp.FormationStatusForbids
					if offered {
						want = ""
					} else if !slices.ContainsFunc(btp.FormationStatuses, func(s btp.FormationStatus) bool { return e.Offers(s, a) }) {
						want = btp.OperationNotInEdition
					}
					wantCode(t, act[a](r, id, s), want)
				})
			}
		}
	}
}
