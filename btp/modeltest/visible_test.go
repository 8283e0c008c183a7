package modeltest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// seen is everything of a registry that somebody can see.
type seen struct {
	now          time.Time
	systems      []btp.SystemView
	formations   []btp.FormationView
	entitlements []btp.EntitlementView
	applications map[btp.SubaccountID][]btp.RuntimeApplication
	offered      map[btp.SubaccountID][]btp.ServiceOffering
	subaccounts  []btp.Subaccount
	incidents    []btp.Incident // all, open ones and those that are remembered
	kept         []btp.Reservation
	faults       []btp.Fault
	holds        []btp.Hold
	told         []btp.Notice
}

// look reads it all, and remembers the ids of incidents.
func (w *world) look() (seen, error) {
	unhindered := *w
	unhindered.ctx = btp.WithoutFaults(w.ctx)
	w = &unhindered
	var s seen
	clock, err := w.ReadClock(w.ctx)
	if err != nil {
		return s, err
	}
	s.now, s.faults, s.told = clock.Now, w.Faults(), w.phone.told()
	if s.holds, err = w.Holds(w.ctx); err != nil {
		return s, err
	}
	s.applications, s.offered = map[btp.SubaccountID][]btp.RuntimeApplication{}, map[btp.SubaccountID][]btp.ServiceOffering{}
	for _, account := range []btp.GlobalAccountID{"default", "other"} {
		if err := w.lookAt(account, &s); err != nil {
			return s, err
		}
	}
	if s.incidents, _, err = w.Incidents(w.ctx, btp.IncidentFilter{}); err != nil {
		return s, err
	}
	for _, i := range s.incidents {
		w.incidents[w.subject(i)] = i.ID
	}
	return s, w.lookAtKeptNames(&s)
}

func (w *world) subject(i btp.Incident) string {
	if i.Subject.Kind == btp.KindFormation {
		return w.formationsOf[btp.FormationID(i.Subject.ID)]
	}
	return w.slots[btp.SystemID(i.Subject.ID)]
}

func (w *world) lookAt(account btp.GlobalAccountID, s *seen) error {
	systems, _, err := w.Systems(w.ctx, btp.SystemFilter{GlobalAccount: account, Limit: 1000})
	if err != nil {
		return err
	}
	for _, one := range systems {
		v, err := w.System(w.ctx, one.ID)
		if err != nil {
			return err
		}
		s.systems = append(s.systems, v)
	}
	formations, _, err := w.Formations(w.ctx, btp.FormationFilter{GlobalAccount: account})
	if err != nil {
		return err
	}
	for _, one := range formations {
		v, err := w.Formation(w.ctx, one.ID)
		if err != nil {
			return err
		}
		if v.Status != one.Status {
			return fmt.Errorf("formation %s is listed as %s and shown as %s", one.Name, one.Status, v.Status)
		}
		s.formations = append(s.formations, v)
	}
	subaccounts, err := w.Subaccounts(w.ctx, string(account))
	if err != nil {
		return err
	}
	for _, sub := range subaccounts {
		s.subaccounts = append(s.subaccounts, sub)
		list, _, err := w.SubaccountEntitlements(w.ctx, btp.EntitlementFilter{Subaccount: sub.ID})
		if err != nil {
			return err
		}
		s.entitlements = append(s.entitlements, list...)
		if s.applications[sub.ID], err = w.RuntimeApplications(w.ctx, sub.ID); err != nil {
			return err
		}
		offered, err := w.ServicePlans(w.ctx, sub.ID)
		// SAP Event Mesh, which is for no system, is always there.
		s.offered[sub.ID] = slices.DeleteFunc(offered, func(o btp.ServiceOffering) bool { return o.Name == btp.EventMeshService })
		if err != nil && btp.CodeOf(err) != btp.RegionUnavailable {
			return err
		}
	}
	return nil
}

func (w *world) lookAtKeptNames(s *seen) error {
	return w.store.View(w.ctx, w.ID(), func(tx btp.Tx) error {
		s.kept = nil
		for slot := range w.systems {
			account, name := splitSlot(slot)
			r, ok, err := tx.Reservations().Find(btp.GlobalAccountID(account), name)
			if err != nil {
				return err
			}
			if ok {
				s.kept = append(s.kept, r)
			}
		}
		return nil
	})
}

// lines tell what is seen in the model's words, for a comparison.
func (w *world) lines(s seen) []string {
	lines := []string{"clock " + s.now.Sub(epoch).String()}
	for _, v := range s.systems {
		lines = append(lines, w.systemLine(v))
	}
	for _, f := range s.formations {
		lines = append(lines, w.formationLines(f)...)
	}
	for _, e := range s.entitlements {
		lines = append(lines, fmt.Sprintf("entitlement %s %s %s", e.Subaccount, w.slots[e.System], e.Plan))
	}
	for _, sub := range s.subaccounts {
		lines = append(lines, fmt.Sprintf("subaccount %s %v", sub.ID, sub.Environments))
		for _, a := range s.applications[sub.ID] {
			in := []string{}
			for _, f := range a.Formations {
				in = append(in, w.formationsOf[f])
			}
			lines = append(lines, fmt.Sprintf("application %s %s %v", sub.ID, w.slots[a.System.ID], in))
		}
		for _, o := range s.offered[sub.ID] {
			of := []string{}
			for _, one := range o.Systems {
				of = append(of, w.slots[one.ID])
			}
			lines = append(lines, fmt.Sprintf("offered %s %v", sub.ID, of))
		}
	}
	for _, i := range s.incidents {
		lines = append(lines, fmt.Sprintf("incident %s %s %s open=%v", w.subject(i), i.Step, i.Component, i.Open()))
	}
	for _, n := range s.told {
		lines = append(lines, "told "+w.slots[n.System])
	}
	for _, k := range s.kept {
		lines = append(lines, fmt.Sprintf("kept %s/%s", k.GlobalAccount, k.Name))
	}
	for _, h := range s.holds {
		lines = append(lines, fmt.Sprintf("held %s %s since %s", h.Transition, w.held(h), h.Since.Sub(epoch)))
	}
	for _, f := range s.faults {
		lines = append(lines, fmt.Sprintf("fault %s struck %d", f.Point, f.Struck))
	}
	return sorted(lines)
}

func (w *world) systemLine(v btp.SystemView) string {
	token := "-"
	if v.Token != nil {
		token = fmt.Sprintf("%s until %s", v.Token.State, v.Token.ExpiresAt.Sub(epoch))
	}
	certificates := []string{}
	for _, c := range v.Certificates {
		certificates = append(certificates, certificateText(c.NotAfter, c.RenewalBlocked, c.Revoked))
	}
	failure, tenant, registered := "-", "-", "-"
	if v.Failure != nil {
		failure = string(v.Failure.Step) + " " + v.Failure.Component
	}
	if v.Tenant != nil {
		tenant = v.Tenant.TenantID
	}
	if !v.RegisteredAt.IsZero() {
		registered = v.RegisteredAt.Sub(epoch).String()
	}
	in := []string{}
	for _, f := range v.Formations {
		in = append(in, w.formationsOf[f.ID])
	}
	return fmt.Sprintf("system %s %s %s; registered %s; token %s; certificates %v; tenant %s, former %q; failed at %s; in %v, %d entitlements, %d services; auto-discovered %v",
		w.slots[v.ID], v.Type, v.Status, registered, token, sorted(certificates), tenant, v.FormerTenant, failure, in, len(v.Entitlements), len(v.Services), v.AutoDiscovered())
}

func certificateText(notAfter time.Time, blocked, revoked bool) string {
	return fmt.Sprintf("%s blocked=%v revoked=%v", notAfter.Sub(epoch), blocked, revoked)
}

func (w *world) formationLines(f btp.FormationView) []string {
	members := []string{}
	for _, s := range f.Members {
		members = append(members, w.slots[s.ID])
	}
	actions := []string{}
	for _, a := range f.Actions {
		actions = append(actions, string(a))
	}
	failure := ""
	if f.Failure != nil {
		failure = string(f.Failure.Step)
	}
	slot := w.formationsOf[f.ID]
	lines := []string{formationLine(slot, string(f.State), string(f.Status), string(f.Subaccount), members, actions, failure)}
	for _, a := range f.Assignments {
		lines = append(lines, fmt.Sprintf("assignment %s: %s → %s %s", slot, w.participant(a.Source), w.participant(a.Target), a.State))
	}
	return lines
}

func formationLine(slot, state, status, subaccount string, members, actions []string, failure string) string {
	return fmt.Sprintf("formation %s %s %s; subaccount %q; %v; actions %v; failed at %q", slot, state, status, subaccount, members, sorted(actions), failure)
}

// lines tell what the model expects to be seen.
func (m *model) lines() []string {
	lines := []string{"clock " + m.now.Sub(epoch).String()}
	for _, s := range m.listed {
		lines = append(lines, m.systemLine(s))
	}
	for _, f := range m.grouped {
		lines = append(lines, m.formationLines(f)...)
	}
	for _, e := range m.entitlements {
		if !e.gone {
			lines = append(lines, fmt.Sprintf("entitlement %s %s %s", e.subaccount, e.of.slot, e.plan))
		}
	}
	for id, sub := range m.subaccounts {
		lines = append(lines, fmt.Sprintf("subaccount %s %v", id, sub.environments))
		lines = append(lines, m.applicationLines(id)...)
		if of := m.registered(sub.account); sub.landscape && len(of) > 0 {
			lines = append(lines, fmt.Sprintf("offered %s %v", id, of))
		}
	}
	for _, i := range m.incidents {
		if !i.forgotten {
			lines = append(lines, fmt.Sprintf("incident %s %s %s open=%v", i.slot, i.step, i.component, i.open))
		}
	}
	for _, slot := range m.told {
		lines = append(lines, "told "+slot)
	}
	for slot := range m.kept {
		lines = append(lines, "kept "+slot)
	}
	for _, d := range m.due {
		if d.held {
			lines = append(lines, fmt.Sprintf("held %s %s since %s", d.transition, slotOf(d.subject), d.since.Sub(epoch)))
		}
	}
	for _, f := range m.faults {
		lines = append(lines, fmt.Sprintf("fault %s struck %d", f.point, f.struck))
	}
	return sorted(lines)
}

// registered are the registered systems of an account: without one the service
// is invisible (65ad330.md).
func (m *model) registered(account string) []string {
	list := []string{}
	for _, s := range m.listed {
		if of, _ := splitSlot(s.slot); of == account && s.status == "registered" {
			list = append(list, s.slot)
		}
	}
	return list
}

// applicationLines: a registered system in a formation of the subaccount is an
// application in its Kyma runtime; of Marketing Cloud in v2 only (design §4).
func (m *model) applicationLines(subaccount string) (lines []string) {
	for _, s := range m.listed {
		in := []string{}
		for _, f := range m.formationsOf(s) {
			if f.subaccount == subaccount && m.served(f) && f.state == "READY" {
				in = append(in, f.slot)
			}
		}
		if len(in) > 0 && s.status == "registered" && (s.kind != marketing || !m.v1) {
			lines = append(lines, fmt.Sprintf("application %s %s %v", subaccount, s.slot, in))
		}
	}
	return lines
}

func (m *model) systemLine(s *system) string {
	token := "-"
	if t, ok := pick(s.tokens, "newest"); ok {
		token = fmt.Sprintf("%s until %s", t.state, t.expires.Sub(epoch))
	}
	certificates := []string{}
	for _, c := range s.certificates {
		certificates = append(certificates, certificateText(c.notAfter, c.blocked, c.revoked))
	}
	failure, registered, tenant := "-", "-", cmp.Or(s.tenant, "-")
	if s.failedAt != "" {
		failure = s.failedAt + " " + types[s.kind].component
	}
	if !s.registered.IsZero() {
		registered = s.registered.Sub(epoch).String()
	}
	in := []string{}
	for _, f := range m.formationsOf(s) {
		in = append(in, f.slot)
	}
	return fmt.Sprintf("system %s %s %s; registered %s; token %s; certificates %v; tenant %s, former %q; failed at %s; in %v, %d entitlements, %d services; auto-discovered %v",
		s.slot, types[s.kind].label, s.status, registered, token, sorted(certificates), tenant, s.former, failure, in, m.entitled(s), s.services, s.auto)
}

func (m *model) formationLines(f *formation) []string {
	members := []string{}
	for _, s := range f.members {
		members = append(members, s.slot)
	}
	lines := []string{formationLine(f.slot, f.state, m.status(f), f.subaccount, members, m.offered(f), m.whereFailed(f))}
	for pair, state := range f.assignments {
		lines = append(lines, fmt.Sprintf("assignment %s: %s → %s %s", f.slot, pair[0], pair[1], state))
	}
	return lines
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func indent(lines []string) string { return "  " + strings.Join(lines, "\n  ") }

func slotOf(subject any) string {
	if s, ok := subject.(*system); ok {
		return s.slot
	}
	return subject.(*formation).slot
}
