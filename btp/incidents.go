package btp

import (
	"context"
	"errors"
	"time"

	"github.com/pairsim/pairsim/internal/secret"
)

// incidentMemory is how long a resolved incident is kept.
const incidentMemory = 30 * 24 * time.Hour

// openSystemIncident opens the incident of a system that has just failed.
func (u *unit) openSystemIncident(s *System) error {
	return u.openIncident(Incident{
		GlobalAccount: s.GlobalAccount, Subject: IncidentSubject{KindSystem, string(s.ID), s.Name},
		Component: s.Failure.Component, Cause: s.Failure.Cause, Step: s.Failure.Step, Status: statusText(u.r.edition, s.Status),
	})
}

func (u *unit) openIncident(i Incident) error {
	i.ID = IncidentID(u.env.newID())
	u.env.Sequence++
	i.Sequence, i.OpenedAt = u.env.Sequence, u.now
	about := Reference{Name: i.Subject.Name}
	if i.Subject.Kind == KindFormation {
		about.Formation = FormationID(i.Subject.ID)
	} else {
		about.System = SystemID(i.Subject.ID)
	}
	u.entries = append(u.entries, Entry{
		At: u.now, Kind: EntryDecision, Point: PointIncidentOpen, About: about, Source: "sap-domain §4.4",
		Detail: "incident " + string(i.ID) + " for component " + i.Component + ": " + i.Cause,
	})
	return u.Incidents().Put(i)
}

// closeIncident ends what is open about a system or formation.
func (u *unit) closeIncident(subject, resolution string) error {
	open, err := u.Incidents().List(IncidentFilter{Subject: subject, OpenOnly: true})
	if err != nil {
		return err
	}
	for _, i := range open {
		if err := u.endIncident(&i, resolution); err != nil {
			return err
		}
	}
	return nil
}

func (u *unit) endIncident(i *Incident, resolution string) error {
	i.ResolvedAt, i.Resolution = u.now, resolution
	return errors.Join(u.Incidents().Put(*i), u.schedule(u.now.Add(incidentMemory), DueIncidentExpiry, string(i.ID)))
}

// incidentIsForgotten is due work.
func (u *unit) incidentIsForgotten(subject string) error {
	return u.Incidents().Delete(IncidentID(subject))
}

// Incidents lists a page of incidents in the order of opening, and whether there
// are more. f.GlobalAccount may be an id or a subdomain; "" is all.
func (r *Registry) Incidents(ctx context.Context, f IncidentFilter) (page []Incident, more bool, err error) {
	err = r.look(ctx, PointIncidentList, Reference{}, func(u *unit) error {
		g := f
		if g.GlobalAccount == "" {
			g.GlobalAccount = u.scope
		} else {
			a, err := u.globalAccount(string(g.GlobalAccount))
			if err != nil {
				return err
			}
			g.GlobalAccount = a.ID
		}
		var err error
		page, more, err = pageOf(g.Limit, func(limit int) ([]Incident, error) {
			g.Limit = limit
			return u.Incidents().List(g)
		})
		return err
	})
	return page, more, err
}

// pageOf lists limit items, and says whether there are more; 0 is no limit.
func pageOf[T any](limit int, list func(limit int) ([]T, error)) (page []T, more bool, err error) {
	if limit <= 0 {
		page, err = list(0)
		return page, false, err
	}
	page, err = list(limit + 1)
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

// Incident returns an incident.
func (r *Registry) Incident(ctx context.Context, id IncidentID) (i Incident, err error) {
	err = r.look(ctx, PointIncidentShow, Reference{}, func(u *unit) error {
		i, err = u.Incidents().Get(id)
		if err == nil && u.hides(i.GlobalAccount) {
			return Errorf(IncidentNotFound, "there is no incident %q", clip(string(id)))
		}
		return err
	})
	return i, err
}

// ResolveIncident ends an incident as SAP's support would: a failed registration
// may be tried again, a failed deregistration or removal is completed without
// the tenant, a formation is synchronized again.
func (r *Registry) ResolveIncident(ctx context.Context, id IncidentID, resolution string) (Incident, error) {
	var about Reference
	var i Incident
	var again FormationID
	if resolution == "" {
		resolution = "resolved by support"
	}
	if len(resolution) > maxCause {
		return i, Errorf(InvalidRequest, "resolution: at most %d bytes", maxCause)
	}
	resolution = secret.Mask(resolution)
	err := r.step(ctx, PointIncidentResolve, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) (err error) {
			again = ""
			if i, err = u.Incidents().Get(id); err != nil {
				return err
			}
			if !i.Open() {
				return Errorf(IncidentIsResolved, "incident %s was resolved at %s: %s", i.ID, i.ResolvedAt.Format(time.RFC3339), i.Resolution)
			}
			if err := u.endIncident(&i, resolution); err != nil {
				return err
			}
			if i.Subject.Kind == KindFormation {
				again = FormationID(i.Subject.ID)
				about = Reference{Formation: again, Name: i.Subject.Name}
				return u.resynchronizeResolved(again)
			}
			about = Reference{System: SystemID(i.Subject.ID), Name: i.Subject.Name}
			return u.resolveSystem(SystemID(i.Subject.ID))
		})
	})
	if err == nil && again != "" {
		r.settle(ctx, DueSynchronization, string(again))
		r.settle(ctx, DueFormationDeletion, string(again))
	}
	return i, err
}

// resolveSystem moves a system out of its error status.
func (u *unit) resolveSystem(id SystemID) error {
	s, err := u.Systems().Get(id)
	if err != nil {
		return err
	}
	u.record(EntryDecision, PointIncidentResolve, &s, "", "design §4 errors and incidents", "support resolves "+statusText(u.r.edition, s.Status))
	if s.Status == DeregisterError {
		return u.deregistered(PointIncidentResolve, &s, IncidentResolved, Digest{})
	}
	s.Failure = nil
	return u.move(PointIncidentResolve, &s, IncidentResolved)
}
