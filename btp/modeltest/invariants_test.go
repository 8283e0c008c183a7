package modeltest

import (
	"fmt"
	"slices"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// invariants are sap-domain §24, as far as there is something to break them. They
// know nothing of the model: only what is seen before and after an operation,
// and whether it was accepted.
func invariants(before, after seen, o op, accepted bool) (broken []string) {
	say := func(number int, format string, args ...any) {
		broken = append(broken, fmt.Sprintf("§24.%d: %s", number, fmt.Sprintf(format, args...)))
	}
	for _, s := range after.systems {
		systemInvariants(after, s, say)
	}
	for _, f := range after.formations {
		for _, s := range f.Members {
			if s.GlobalAccount != f.GlobalAccount {
				say(15, "formation %s of %s has a system of %s", f.Name, f.GlobalAccount, s.GlobalAccount)
			}
			if s.Type == types[marketing].label && s.Status != btp.Registered {
				say(9, "the %s Marketing Cloud system %s is in a formation", s.Status, s.Name)
			}
		}
	}
	for _, e := range after.entitlements {
		if e.Of.Status != btp.Registered {
			say(7, "the %s system %s has an entitlement", e.Of.Status, e.Of.Name)
		}
		if e.Of.GlobalAccount != e.GlobalAccount {
			say(15, "an entitlement of %s is for a system of %s", e.GlobalAccount, e.Of.GlobalAccount)
		}
	}
	accessInvariants(after, say)
	for _, then := range before.systems {
		now := status(after, then.ID)
		if o.verb == "advance" && then.Status == btp.Pending && now != btp.Pending {
			say(5, "time alone moved %s from pending to %s", then.Name, now)
		}
		leaves := o.verb == "deregister" || o.verb == "remove"
		if account, name := splitSlot(o.word(0)); !leaves || !accepted || then.Name != name || string(then.GlobalAccount) != account {
			continue
		}
		if len(then.Formations) > 0 || len(then.Entitlements) > 0 {
			say(8, "%s left while formations or entitlements held it", then.Name)
		}
		if o.verb == "remove" && then.Status == btp.Registered {
			say(16, "the registered system %s was removed", then.Name)
		}
		if o.verb == "deregister" && slices.Contains([]btp.Status{btp.Failed, btp.Deregistering, btp.Removing, btp.RemoveError}, then.Status) {
			say(7, "%s was deregistered in status %s", then.Name, then.Status)
		}
	}
	return broken
}

func status(s seen, id btp.SystemID) btp.Status {
	for _, v := range s.systems {
		if v.ID == id {
			return v.Status
		}
	}
	return btp.Gone
}

func systemInvariants(all seen, s btp.SystemView, say func(int, string, ...any)) {
	if len(s.Name) < 1 || len(s.Name) > 100 || slices.ContainsFunc([]byte(s.Name), func(b byte) bool { return b < 0x20 || b > 0x7e }) {
		say(1, "a system is named %q", s.Name)
	}
	validity := map[string]time.Duration{}
	for _, t := range types {
		validity[t.label] = t.validity
	}
	if _, known := validity[s.Type]; !known {
		say(2, "a system is of type %q", s.Type)
	}
	if t := s.Token; t != nil && t.ExpiresAt.Sub(t.IssuedAt) != validity[s.Type] {
		say(3, "a token of %s is valid for %s", s.Type, t.ExpiresAt.Sub(t.IssuedAt))
	}
	if t := s.Token; t != nil && t.State == btp.TokenLive && !all.now.Before(t.ExpiresAt) {
		say(4, "a token of %s is live at %s and ends at %s", s.Name, all.now, t.ExpiresAt)
	}
	isError := s.Status == btp.Failed || s.Status == btp.DeregisterError || s.Status == btp.RemoveError
	if isError != (s.Failure != nil) || isError != (s.Incident != "") {
		say(6, "%s is %s, failure %v, incident %q", s.Name, s.Status, s.Failure, s.Incident)
	}
	for _, other := range all.systems {
		if other.ID != s.ID && other.GlobalAccount == s.GlobalAccount && other.Name == s.Name {
			say(15, "two systems of %s are named %s", s.GlobalAccount, s.Name)
		}
	}
}

// accessInvariants: APIs are there with both, the pairing and the formation, and
// the service with a registered system.
func accessInvariants(all seen, say func(int, string, ...any)) {
	for _, sub := range all.subaccounts {
		there := map[btp.SystemID]bool{}
		for _, a := range all.applications[sub.ID] {
			there[a.System.ID] = true
			if a.System.Status != btp.Registered || !sub.Has(btp.Kyma) {
				say(10, "the %s system %s is an application in %s", a.System.Status, a.System.Name, sub.ID)
			}
		}
		for _, f := range all.formations {
			for _, s := range f.Members {
				wanted := f.Subaccount == sub.ID && f.State == btp.FormationReady && sub.Has(btp.Kyma) && s.Status == btp.Registered
				if wanted && s.Type != types[marketing].label && !there[s.ID] {
					say(10, "the registered system %s is in formation %s, but no application in %s", s.Name, f.Name, sub.ID)
				}
			}
		}
		registered := slices.ContainsFunc(all.systems, func(s btp.SystemView) bool {
			return s.GlobalAccount == sub.GlobalAccount && s.Status == btp.Registered
		})
		if len(all.offered[sub.ID]) > 0 && !registered {
			say(11, "the service is offered to %s without a registered system", sub.ID)
		}
	}
}
