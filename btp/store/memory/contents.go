package memory

import (
	"cmp"
	"maps"
	"slices"

	"github.com/pairsim/pairsim/btp"
)

// contents is all of an environment at once.
type contents struct{ *tx }

// Clear keeps the terms, and what is the process's own.
func (t contents) Clear() error {
	empty := noRecords()
	empty.terms = t.state.terms
	if server, ok := t.state.authorities[btp.ServerAuthority]; ok {
		empty.authorities[btp.ServerAuthority] = server
	}
	return assign(t.tx, &t.state.records, empty)
}

func (t contents) All() (c btp.Contents, err error) {
	s := t.state
	c.Environment = s.environment
	c.Authorities = map[string]btp.AuthorityMaterial{}
	for name, m := range s.authorities {
		if name != btp.ServerAuthority {
			c.Authorities[name] = cloneAuthority(m)
		}
	}
	c.Keys, _ = (keys(t)).List()
	c.GlobalAccounts, _ = (accounts(t)).Globals()
	c.Subaccounts, _ = (accounts(t)).Subs("")
	c.Systems, _ = (systems(t)).List(btp.SystemFilter{})
	for _, id := range slices.Sorted(maps.Keys(s.rows)) {
		r := s.rows[id]
		for _, k := range r.tokens {
			c.Tokens = append(c.Tokens, k.Token)
		}
		if r.attempt != nil {
			c.Attempts = append(c.Attempts, *r.attempt)
		}
		for _, one := range r.services {
			c.Services = append(c.Services, cloneService(one))
		}
	}
	c.Certificates = sorted(s.certificates, copyOf, func(a, b btp.Certificate) int { return cmp.Compare(a.Serial, b.Serial) })
	c.Formations, _ = (formations(t)).List(btp.FormationFilter{})
	for _, id := range slices.Sorted(maps.Keys(s.boards)) {
		list, _ := (assignments(t)).ListOf(id)
		c.Assignments = append(c.Assignments, list...)
	}
	c.Entitlements, _ = (entitlements(t)).List(btp.EntitlementFilter{})
	c.Incidents, _ = (incidents(t)).List(btp.IncidentFilter{})
	c.Reservations = sorted(s.reserved, copyOf, func(a, b btp.Reservation) int {
		return cmp.Or(cmp.Compare(a.GlobalAccount, b.GlobalAccount), cmp.Compare(a.Name, b.Name))
	})
	c.Replays = sorted(s.replays, copyOf, func(a, b btp.Replay) int { return cmp.Compare(a.Key, b.Key) })
	c.OAuthClients, _ = (oauthClients(t)).List()
	for _, name := range slices.Sorted(maps.Keys(s.policies)) {
		c.Transitions = append(c.Transitions, btp.TransitionState{Name: name, Policy: *s.policies[name], Set: true})
	}
	c.Subscriptions, _ = (subscriptions(t)).ListOf("")
	c.Deliveries, _ = (deliveries(t)).List(btp.DeliveryFilter{})
	c.Objects = sorted(s.objects, cloneObject, func(a, b btp.Object) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Sequence, b.Sequence))
	})
	c.Due = t.allDue()
	return c, nil
}

func (t contents) allDue() (list []btp.Due) {
	add := func(d *due) bool {
		list = append(list, d.Due)
		return true
	}
	t.agenda.Scan(add)
	t.held.Scan(add)
	inOrder := len(list)
	for _, d := range t.due {
		if d.Reads > 0 && d.Hold == "" {
			add(d)
		}
	}
	slices.SortFunc(list[inOrder:], func(a, b btp.Due) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject))
	})
	return list
}

// sorted copies what a map holds, in an order.
func sorted[K comparable, T any](all map[K]*T, clone func(*T) T, order func(a, b T) int) []T {
	list := make([]T, 0, len(all))
	for _, one := range all {
		list = append(list, clone(one))
	}
	slices.SortFunc(list, order)
	return list
}
