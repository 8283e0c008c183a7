package btp

import (
	"fmt"
	"slices"
)

// ownTypeKey names a system type of a third party.
type ownTypeKey struct {
	account GlobalAccountID
	name    string
}

// systemTypes holds those of third parties.
func (k *contentsChecker) systemTypes() {
	for i, o := range k.Objects {
		if o.Kind != KindSystemType {
			continue
		}
		path := func(field string) string { return at("objects", i, field) }
		if !k.edition.OwnSystemTypes {
			k.refuse(path("kind"), "edition %s knows SAP's system types only", k.edition.ID)
		}
		k.account(path("scope"), GlobalAccountID(o.Scope))
		t, err := ownType(o)
		if err != nil {
			k.refuse(path("document"), "it is no system type")
			continue
		}
		k.hold(path("document"), (&NewSystemType{t.Name, t.Namespace, t.Provider}).check())
		if _, err := TypeNamed(t.Name); err == nil {
			k.refuse(path("name"), "%q is a type of SAP's", clip(t.Name))
		}
		k.ownTypes[ownTypeKey{GlobalAccountID(o.Scope), t.Name}] = true
	}
}

// failed are the statuses that have a cause.
var failed = []Status{Failed, DeregisterError, RemoveError}

func (k *contentsChecker) systemsAndTokens() {
	statuses := slices.DeleteFunc(slices.Clone(Statuses), func(s Status) bool {
		_, has := k.edition.Labels[s]
		return !has
	})
	for i, s := range k.Systems {
		path := func(field string) string { return at("systems", i, field) }
		k.id("system", path("id"), string(s.ID))
		k.account(path("globalAccount"), s.GlobalAccount)
		k.hold(path("name"), checkSystemName(s.Name))
		k.once("system of global account "+string(s.GlobalAccount), path("name"), s.Name)
		if !k.ownTypes[ownTypeKey{s.GlobalAccount, s.Type}] {
			_, err := TypeNamed(s.Type)
			k.hold(path("type"), err)
		}
		known(k, path("status"), "status of edition "+k.edition.ID, s.Status, statuses)
		if s.ApplicationName == "" || len(s.ApplicationName) > maxApplicationName || normalise(s.ApplicationName) != s.ApplicationName {
			k.refuse(path("applicationName"), "%q is no application name", clip(s.ApplicationName))
		}
		k.once("application", path("applicationName"), s.ApplicationName)
		k.numbered("system", path("sequence"), s.Sequence)
		if isError := slices.Contains(failed, s.Status); isError != (s.Failure != nil) {
			k.refuse(path("failure"), "a system has a failure in an error status, and in no other; its status is %s", s.Status)
		}
		if s.Discovery != nil {
			k.hold(path("discovery"), s.Discovery.check())
		}
		if s.AutoDiscovered() && !k.edition.AutoDiscovery {
			k.refuse(path("discovery"), "edition %s knows no auto-discovered systems", k.edition.ID)
		}
		k.systems[s.ID] = &k.Systems[i]
	}
	states := []TokenState{TokenLive, TokenRedeemed, TokenVoided, TokenRanOut}
	for i, t := range k.Tokens {
		path := func(field string) string { return at("tokens", i, field) }
		k.id("token", path("id"), string(t.ID))
		k.tokens[t.ID] = &k.Tokens[i]
		known(k, path("state"), "state of a token", t.State, states)
		if !t.ExpiresAt.After(t.IssuedAt) {
			k.refuse(path("expiresAt"), "a token expires after it was issued")
		}
		s := k.system(path("system"), t.System, "")
		if s == nil {
			continue
		}
		if s.GlobalAccount != t.GlobalAccount {
			k.refuse(path("globalAccount"), "its system is of global account %s", s.GlobalAccount)
		}
		if s.Type != t.Type {
			k.refuse(path("type"), "its system is of type %s", s.Type)
		}
		if t.State != TokenLive {
			continue
		}
		k.once("system with a live token", path("state"), string(t.System))
		if !k.there["signing key"][t.KeyID] {
			k.refuse(path("key"), "there is no signing key %q", clip(t.KeyID))
		}
	}
}

func (k *contentsChecker) pairings() {
	for i, c := range k.Certificates {
		path := func(field string) string { return at("certificates", i, field) }
		if !serialRule.MatchString(string(c.Serial)) {
			k.refuse(path("serial"), "%q: a serial is 1 to 64 lower-case hexadecimal digits", clip(string(c.Serial)))
		}
		k.once("certificate", path("serial"), string(c.Serial))
		k.system(path("system"), c.System, "")
		if !c.NotAfter.After(c.NotBefore) {
			k.refuse(path("notAfter"), "a certificate ends after it begins")
		}
	}
	for i, a := range k.Attempts {
		path := func(field string) string { return at("attempts", i, field) }
		k.id("attempt", path("id"), string(a.ID))
		k.system(path("system"), a.System, "")
		k.once("attempt of system", path("system"), string(a.System))
		if t := k.tokens[a.Token]; t == nil || t.System != a.System {
			k.refuse(path("token"), "its system has no token %q", clip(string(a.Token)))
		}
		if a.Certificate != "" && !k.there["certificate"][string(a.Certificate)] {
			k.refuse(path("certificate"), "there is no certificate %q", clip(string(a.Certificate)))
		}
		if a.FollowUp != (Digest{}) {
			k.once("follow-up token", path("followUp"), string(a.FollowUp[:]), "(its digest)")
		}
		if a.RejectedCSRs < 0 {
			k.refuse(path("rejectedCSRs"), "it is 0 or more")
		}
	}
}

func (k *contentsChecker) services() {
	count := map[SystemID]int{}
	for i, s := range k.Services {
		path := func(field string) string { return at("services", i, field) }
		k.system(path("system"), s.System, "")
		if !contentsIDRule.MatchString(string(s.ID)) {
			k.refuse(path("id"), "%q: an id is 1 to 64 letters, digits and hyphens", clip(string(s.ID)))
		}
		k.once("service", path("id"), string(s.System), string(s.ID))
		if s.Sequence > k.Environment.Sequence {
			k.refuse(path("sequence"), "%d is over the environment's own sequence %d", s.Sequence, k.Environment.Sequence)
		}
		if s.Identifier != "" {
			k.once("service with identifier", path("identifier"), string(s.System), s.Identifier)
		}
		if count[s.System]++; count[s.System] == MaxServices+1 {
			k.refuse(path(""), "a system has at most %d services", MaxServices)
		}
	}
}

func (k *contentsChecker) formationsAndAssignments() {
	for i, f := range k.Formations {
		path := func(field string) string { return at("formations", i, field) }
		k.id("formation", path("id"), string(f.ID))
		k.account(path("globalAccount"), f.GlobalAccount)
		k.hold(path("name"), k.edition.checkFormationName(f.Name))
		k.once("formation of global account "+string(f.GlobalAccount), path("name"), f.Name)
		_, err := FormationTypeNamed(f.Type)
		k.hold(path("type"), err)
		known(k, path("state"), "state of a formation", f.State, FormationStates)
		k.numbered("formation", path("sequence"), f.Sequence)
		if f.Subaccount != "" {
			k.subaccount(path("subaccount"), f.Subaccount, f.GlobalAccount)
		}
		if len(f.Systems) > MaxFormationSystems {
			k.refuse(path("systems"), "a formation has at most %d systems", MaxFormationSystems)
		}
		for n, id := range f.Systems {
			member := fmt.Sprintf("%s[%d]", path("systems"), n)
			k.system(member, id, f.GlobalAccount)
			k.once("system of formation "+string(f.ID), member, string(id))
		}
		if (f.State == FormationDeleteError) != (f.Failure != nil) {
			k.refuse(path("failure"), "a formation has a failure in state %s, and in no other", FormationDeleteError)
		}
		k.formations[f.ID] = &k.Formations[i]
	}
	for i, a := range k.Assignments {
		path := func(field string) string { return at("assignments", i, field) }
		f := k.formation(path("formation"), string(a.Formation))
		k.once("assignment", path("id"), string(a.Formation), string(a.ID))
		k.once("assignment from source to target", path("target"), string(a.Formation),
			string(a.Source.Kind), a.Source.ID, string(a.Target.Kind), a.Target.ID)
		known(k, path("state"), "state of an assignment", a.State, AssignmentStates)
		for field, p := range map[string]Participant{"source": a.Source, "target": a.Target} {
			switch p.Kind {
			case ParticipantApplication:
				if f != nil && !f.Has(SystemID(p.ID)) {
					k.refuse(path(field), "its formation has no system %q", clip(p.ID))
				}
			case ParticipantRuntime:
				k.subaccount(path(field), SubaccountID(p.ID), "")
			default:
				k.refuse(path(field), "%q is no kind of participant; there are %s and %s", clip(string(p.Kind)), ParticipantApplication, ParticipantRuntime)
			}
		}
	}
}

func (k *contentsChecker) formation(path, id string) *Formation {
	f := k.formations[FormationID(id)]
	if f == nil {
		k.refuse(path, "there is no formation %q", clip(id))
	}
	return f
}

func (k *contentsChecker) entitlements() {
	for i, e := range k.Entitlements {
		path := func(field string) string { return at("entitlements", i, field) }
		k.id("entitlement", path("id"), string(e.ID))
		k.account(path("globalAccount"), e.GlobalAccount)
		k.subaccount(path("subaccount"), e.Subaccount, e.GlobalAccount)
		service, err := entitledService(e.Service, e.Plan)
		k.hold(path("plan"), err)
		if service.PerSystem || e.System != "" {
			k.system(path("system"), e.System, e.GlobalAccount)
		}
		k.hold(path("quota"), checkQuota(e.Quota))
		k.numbered("entitlement", path("sequence"), e.Sequence)
		k.once("entitlement of subaccount, system and plan", path("plan"), string(e.Subaccount), string(e.System), e.Plan)
	}
}

func (k *contentsChecker) namesAndReplays() {
	for i, r := range k.Reservations {
		path := func(field string) string { return at("reservations", i, field) }
		k.account(path("globalAccount"), r.GlobalAccount)
		k.hold(path("name"), checkSystemName(r.Name))
		k.once("system of global account "+string(r.GlobalAccount), path("name"), r.Name)
		if r.Release != (Digest{}) {
			k.once("release token", path("release"), string(r.Release[:]), "(its digest)")
		}
	}
	for i, r := range k.Replays {
		k.once("replay", at("replays", i, "key"), r.Key)
	}
}
