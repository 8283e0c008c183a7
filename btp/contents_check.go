package btp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/internal/pattern"
)

// maxFindings bounds what is told of one snapshot.
const maxFindings = 50

// maxSequence is as far as ids and numbers are counted: JSON keeps it exactly.
const maxSequence = 1 << 53

// Ids of a snapshot's objects; those that people give keep their own rules.
var (
	contentsIDRule = pattern.New(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)
	attributeRule  = pattern.New(`^[a-z0-9]+$`) // CloudEvents 1.0
	serialRule     = pattern.New(`^[0-9a-f]{1,64}$`)
)

// contentsChecker holds contents against the rules that hold among objects.
type contentsChecker struct {
	*Contents
	edition *Edition
	found   []Finding
	more    int

	globals    map[GlobalAccountID]bool
	subs       map[SubaccountID]*Subaccount
	systems    map[SystemID]*System
	formations map[FormationID]*Formation
	tokens     map[TokenID]*Token
	// ownTypes are the system types of third parties.
	ownTypes map[ownTypeKey]bool
	// there are the ids of everything else, by kind.
	there map[string]map[string]bool
}

// check refuses with SnapshotInvalid and all that is wrong, at most maxFindings.
func (c *Contents) check(e *Edition, config Config) error {
	k := &contentsChecker{
		Contents: c, edition: e,
		globals: map[GlobalAccountID]bool{}, subs: map[SubaccountID]*Subaccount{}, systems: map[SystemID]*System{},
		formations: map[FormationID]*Formation{}, tokens: map[TokenID]*Token{}, there: map[string]map[string]bool{},
		ownTypes: map[ownTypeKey]bool{},
	}
	k.keys(config.Tokens)
	k.environment()
	k.authorities(config.OpenAuthority)
	k.accounts()
	k.systemTypes()
	k.systemsAndTokens()
	k.runtimes()
	k.pairings()
	k.services()
	k.formationsAndAssignments()
	k.entitlements()
	k.incidents()
	k.namesAndReplays()
	k.oauthClients()
	k.transitions()
	k.subscriptionsAndDeliveries()
	k.objects()
	k.due()
	return InvalidSnapshot(k.found, k.more)
}

// InvalidSnapshot refuses with SnapshotInvalid for what was found; nil for nothing.
// more counts what is not told.
func InvalidSnapshot(found []Finding, more int) error {
	if len(found) == 0 {
		return nil
	}
	const told = 5
	texts := make([]string, 0, told+1)
	for _, f := range found[:min(told, len(found))] {
		texts = append(texts, f.Path+": "+f.Problem)
	}
	if rest := len(found) - len(texts) + more; rest > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", rest))
	}
	refused := Errorf(SnapshotInvalid, "%s", strings.Join(texts, "; "))
	refused.Findings = found
	return refused
}

// at is the place of a field of the i-th object of a list.
func at(list string, i int, field string) string {
	path := fmt.Sprintf("$.%s[%d]", list, i)
	if field != "" {
		path += "." + field
	}
	return path
}

func (k *contentsChecker) refuse(path, format string, args ...any) {
	if len(k.found) >= maxFindings {
		k.more++
		return
	}
	k.found = append(k.found, Finding{path, fmt.Sprintf(format, args...)})
}

// hold refuses with what a rule says of a value.
func (k *contentsChecker) hold(path string, err error) {
	if err != nil {
		k.refuse(path, "%s", strings.TrimPrefix(err.Error(), string(CodeOf(err))+": "))
	}
}

// once refuses a value that came before among those of its kind.
func (k *contentsChecker) once(kind, path string, key ...string) {
	joined := strings.Join(key, "\x00")
	if k.there[kind] == nil {
		k.there[kind] = map[string]bool{}
	}
	if k.there[kind][joined] {
		k.refuse(path, "%s %q is there twice", kind, clip(key[len(key)-1]))
	}
	k.there[kind][joined] = true
}

func (k *contentsChecker) id(kind, path, id string) {
	if !contentsIDRule.MatchString(id) {
		k.refuse(path, "%q: an id is 1 to 64 letters, digits and hyphens", clip(id))
	}
	k.once(kind, path, id)
}

// numbered holds a sequence number, which orders objects of a kind.
func (k *contentsChecker) numbered(kind, path string, n uint64) {
	if n == 0 || n > k.Environment.Sequence {
		k.refuse(path, "%d is not between 1 and the environment's own sequence %d", n, k.Environment.Sequence)
	}
	k.once(kind+" with sequence", path, fmt.Sprint(n))
}

func (k *contentsChecker) account(path string, id GlobalAccountID) {
	if !k.globals[id] {
		k.refuse(path, "there is no global account %q", clip(string(id)))
	}
}

// system finds a system, of a global account unless that is "".
func (k *contentsChecker) system(path string, id SystemID, of GlobalAccountID) *System {
	s := k.systems[id]
	if s == nil || of != "" && s.GlobalAccount != of {
		k.refuse(path, "there is no system %q%s", clip(string(id)), inAccount(of))
		return nil
	}
	return s
}

func inAccount(of GlobalAccountID) string {
	if of == "" {
		return ""
	}
	return " in global account " + clip(string(of))
}

func (k *contentsChecker) subaccount(path string, id SubaccountID, of GlobalAccountID) {
	if s := k.subs[id]; s == nil || of != "" && s.GlobalAccount != of {
		k.refuse(path, "there is no subaccount %q%s", clip(string(id)), inAccount(of))
	}
}

func known[T ~string](k *contentsChecker, path, what string, value T, all []T) {
	if !slices.Contains(all, value) {
		names := make([]string, len(all))
		for i, one := range all {
			names[i] = string(one)
		}
		k.refuse(path, "%q is no %s; there are %s", clip(string(value)), what, strings.Join(names, ", "))
	}
}

func (k *contentsChecker) environment() {
	e := &k.Environment
	if _, err := uuid.Parse(e.UUID); err != nil || len(e.UUID) != 36 {
		k.refuse("$.environment.uuid", "%q is no UUID", clip(e.UUID))
	}
	if e.Edition != k.edition.ID {
		k.refuse("$.environment.edition", "%q is not the id of an edition: %s", clip(e.Edition), k.edition.ID)
	}
	if e.Seed == 0 {
		k.refuse("$.environment.seed", "a seed is not 0")
	}
	if e.Sequence > maxSequence {
		k.refuse("$.environment.sequence", "it is at most %d", uint64(maxSequence))
	}
	if e.Clock.At.After(latestClock) {
		k.refuse("$.environment.clock.now", "a clock shows %s at most", latestClock.Format("2006-01-02"))
	}
	i := slices.IndexFunc(k.Keys, func(key SigningKey) bool { return key.ID == e.ActiveKey })
	switch {
	case i < 0:
		k.refuse("$.environment.activeKey", "there is no signing key %q", clip(e.ActiveKey))
	case k.Keys[i].Algorithm != e.KeyAlgorithm:
		k.refuse("$.environment.keyAlgorithm", "%q is not the active key's algorithm", clip(string(e.KeyAlgorithm)))
	}
}

func (k *contentsChecker) keys(tokens TokenSigner) {
	for i, key := range k.Keys {
		k.once("signing key", at("keys", i, "id"), key.ID)
		k.hold(at("keys", i, ""), tokens.CheckKey(key))
	}
}

func (k *contentsChecker) authorities(open func(AuthorityMaterial) (CertificateAuthority, error)) {
	for name := range k.Authorities {
		if name != ClientAuthority && name != AccessTokenAuthority {
			k.refuse("$.authorities", "there is no authority %q; there are %s and %s", clip(name), ClientAuthority, AccessTokenAuthority)
		}
	}
	material, ok := k.Authorities[ClientAuthority]
	if !ok {
		k.refuse("$.authorities", "the authority %q is missing", ClientAuthority)
		return
	}
	if _, err := open(material); err != nil {
		k.refuse("$.authorities", "the authority %q cannot sign: certificates and key do not belong together, or are none", ClientAuthority)
	}
}

func (k *contentsChecker) accounts() {
	for i, a := range k.GlobalAccounts {
		path := func(field string) string { return at("globalAccounts", i, field) }
		if !accountIDRule.MatchString(string(a.ID)) {
			k.refuse(path("id"), "%q: 1 to 64 letters, digits and hyphens", clip(string(a.ID)))
		}
		k.hold(path("subdomain"), checkSubdomain(a.Subdomain))
		k.hold(path("displayName"), checkDisplayName(a.DisplayName))
		k.once("global account", path("id"), string(a.ID))
		if a.Subdomain != string(a.ID) {
			k.once("global account", path("subdomain"), a.Subdomain)
		}
		k.globals[a.ID] = true
	}
	for i, s := range k.Subaccounts {
		path := func(field string) string { return at("subaccounts", i, field) }
		if !accountIDRule.MatchString(string(s.ID)) {
			k.refuse(path("id"), "%q: 1 to 64 letters, digits and hyphens", clip(string(s.ID)))
		}
		k.account(path("globalAccount"), s.GlobalAccount)
		k.hold(path("subdomain"), checkSubdomain(s.Subdomain))
		k.hold(path("displayName"), checkDisplayName(s.DisplayName))
		k.hold(path("environments"), checkEnvironments(s.Environments))
		_, err := RegionNamed(s.Region)
		k.hold(path("region"), err)
		k.once("subaccount", path("id"), string(s.ID))
		k.once("subdomain of region "+s.Region, path("subdomain"), strings.ToLower(s.Subdomain))
		k.subs[s.ID] = &k.Subaccounts[i]
	}
}

// runtimes holds what a runtime keeps while it is not synchronised.
func (k *contentsChecker) runtimes() {
	for i, s := range k.Subaccounts {
		if s.Stopped == nil {
			continue
		}
		path := at("subaccounts", i, "stopped")
		if normalise(s.Stopped.Name) != s.Stopped.Name {
			k.refuse(path+".name", "%q is no application name", clip(s.Stopped.Name))
		}
		for _, id := range s.Stopped.Applications {
			k.system(path+".applications", id, s.GlobalAccount)
		}
	}
}

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

func (k *contentsChecker) incidents() {
	for i, n := range k.Incidents {
		path := func(field string) string { return at("incidents", i, field) }
		k.id("incident", path("id"), string(n.ID))
		k.account(path("globalAccount"), n.GlobalAccount)
		k.numbered("incident", path("sequence"), n.Sequence)
		switch n.Subject.Kind { //nolint:exhaustive // the others have no incidents
		case KindSystem:
			if n.Open() { // the subject of one that is resolved may be gone
				k.system(path("subject.id"), SystemID(n.Subject.ID), n.GlobalAccount)
			}
		case KindFormation:
			if n.Open() {
				k.formation(path("subject.id"), n.Subject.ID)
			}
		default:
			k.refuse(path("subject.kind"), "%q has no incidents; %s and %s have", clip(string(n.Subject.Kind)), KindSystem, KindFormation)
		}
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

func (k *contentsChecker) oauthClients() {
	if len(k.OAuthClients) > MaxOAuthClients {
		k.refuse("$.oauthClients", "there are at most %d", MaxOAuthClients)
	}
	for i, c := range k.OAuthClients {
		path := func(field string) string { return at("oauthClients", i, field) }
		if !oauthClientIDRule.MatchString(c.ID) {
			k.refuse(path("id"), "%q: 1 to 128 letters, digits and . _ ~ ! | -, a letter or digit first", clip(c.ID))
		}
		k.once("OAuth client", path("id"), c.ID)
		role, err := RoleNamed(c.Role)
		switch {
		case err != nil:
			k.hold(path("role"), err)
		case role.OfTenant:
			if !tenantIDRule.MatchString(c.Tenant) || c.GlobalAccount != "" {
				k.refuse(path("tenant"), "the role %s holds in a tenant: %q is none", role.Name, clip(c.Tenant))
			}
		default:
			k.account(path("globalAccount"), c.GlobalAccount)
		}
	}
}

func (k *contentsChecker) subscriptionsAndDeliveries() {
	of, count := map[SubscriptionID]*Subscription{}, map[string]int{}
	limit := func(path, list string, most int) {
		if count[list]++; count[list] == most+1 {
			k.refuse(path, "there are at most %d of %s", most, list)
		}
	}
	for i, s := range k.Subscriptions {
		path := func(field string) string { return at("subscriptions", i, field) }
		k.id("subscription", path("id"), string(s.ID))
		k.subaccount(path("subaccount"), s.Subaccount, "")
		k.hold(path(""), (&NewSubscription{s.Source, s.Type, s.Version, s.Sink, s.Mode}).check())
		k.numbered("subscription", path("sequence"), s.Sequence)
		limit(path(""), "the subscriptions of subaccount "+string(s.Subaccount), MaxSubscriptions)
		of[s.ID] = &k.Subscriptions[i]
	}
	most := map[DeliveryState]int{DeliveryWaiting: MaxWaitingDeliveries, DeliveryDead: MaxDeadDeliveries}
	for i, d := range k.Deliveries {
		path := func(field string) string { return at("deliveries", i, field) }
		k.numbered("delivery", path("sequence"), d.Sequence)
		known(k, path("state"), "state of a delivery", d.State, DeliveryStates)
		if s := of[d.Subscription]; s == nil || s.Subaccount != d.Subaccount {
			k.refuse(path("subscription"), "subaccount %q has no subscription %q", clip(string(d.Subaccount)), clip(string(d.Subscription)))
		}
		for _, name := range []string{"id", "source", "type"} {
			if d.Attributes[name] == "" {
				k.refuse(path("attributes"), "a CloudEvent has an %s", name)
			}
		}
		for name := range d.Attributes {
			if !attributeRule.MatchString(name) {
				k.refuse(path("attributes"), "%q: names of attributes hold lower-case letters and digits only", clip(name))
			}
		}
		if d.Attempts < 0 || d.Attempts > MaxDeliveryAttempts || d.State == DeliveryWaiting && d.Attempts == MaxDeliveryAttempts {
			k.refuse(path("attempts"), "an event is sent at most %d times", MaxDeliveryAttempts)
		}
		limit(path(""), fmt.Sprintf("the %s deliveries of subscription %s", d.State, clip(string(d.Subscription))), most[d.State])
	}
}

// dueSubjects say which kinds of due work are about what else stands in the contents.
var dueSubjects = map[DueKind]func(k *contentsChecker, subject string) bool{
	DueTokenExpiry:       func(k *contentsChecker, id string) bool { return k.tokens[TokenID(id)] != nil },
	DueAttemptDeadline:   func(k *contentsChecker, id string) bool { return k.there["attempt of system"][id] },
	DueCertExpiry:        func(k *contentsChecker, id string) bool { return k.there["certificate"][id] },
	DueKeyRetirement:     func(k *contentsChecker, id string) bool { return k.there["signing key"][id] },
	DueReplayExpiry:      func(k *contentsChecker, id string) bool { return k.there["replay"][id] },
	DueIncidentExpiry:    func(k *contentsChecker, id string) bool { return k.there["incident"][id] },
	DueDeregistration:    func(k *contentsChecker, id string) bool { return k.systems[SystemID(id)] != nil },
	DueEventDelivery:     func(k *contentsChecker, id string) bool { return k.there["subscription"][id] },
	DueTenantWake:        func(k *contentsChecker, id string) bool { return k.systems[SystemID(id)] != nil },
	DueInstanceCreation:  func(k *contentsChecker, id string) bool { return k.there[string(KindServiceInstance)][id] },
	DueInstanceDeletion:  func(k *contentsChecker, id string) bool { return k.there[string(KindServiceInstance)][id] },
	DueMessageExpiry:     func(k *contentsChecker, id string) bool { return k.there[string(KindMessage)][id] },
	DueWebhookHandshake:  func(k *contentsChecker, id string) bool { return k.there[string(KindWebhook)][id] },
	DueWebhookPush:       func(k *contentsChecker, id string) bool { return k.there[string(KindWebhook)][id] },
	DueRemoval:           func(k *contentsChecker, id string) bool { return k.systems[SystemID(id)] != nil },
	DueSynchronization:   func(k *contentsChecker, id string) bool { return k.formations[FormationID(id)] != nil },
	DueFormationDeletion: func(k *contentsChecker, id string) bool { return k.formations[FormationID(id)] != nil },
}

func (k *contentsChecker) due() {
	for i, d := range k.Due {
		path := func(field string) string { return at("due", i, field) }
		k.once("due work", path("subject"), string(d.Kind), d.Subject)
		if _, ok := dueKinds[d.Kind]; !ok {
			kinds := make([]DueKind, 0, len(dueKinds))
			for kind := range dueKinds {
				kinds = append(kinds, kind)
			}
			slices.SortFunc(kinds, cmp.Compare)
			known(k, path("kind"), "kind of due work", d.Kind, kinds)
			continue
		}
		if is := dueSubjects[d.Kind]; is != nil && !is(k, d.Subject) {
			k.refuse(path("subject"), "%s: there is no %q", d.Kind, clip(d.Subject))
		}
		if d.At.IsZero() {
			k.refuse(path("at"), "due work has an instant")
		}
		k.waiting(path, d)
	}
}

// waiting holds what due work waits for instead of its instant.
func (k *contentsChecker) waiting(path func(string) string, d Due) {
	if d.Hold != "" {
		k.id("hold", path("hold"), string(d.Hold))
	}
	switch {
	case d.Reads != 0 && d.Hold != "":
		k.refuse(path("hold"), "it waits for reads or for a release, not for both")
	case d.waits() && dueKinds[d.Kind].transition == "":
		k.refuse(path("kind"), "%s waits for its instant only", d.Kind)
	}
	if d.Reads < 0 || d.Reads > MaxTransitionReads {
		k.refuse(path("reads"), "it is 0 to %d", MaxTransitionReads)
	}
	if d.Tries < 0 || d.Tries > maxTries {
		k.refuse(path("tries"), "it is 0 to %d", maxTries)
	}
}

// objects holds what the store needs to know of objects of platform services.
func (k *contentsChecker) objects() {
	for i, o := range k.Objects {
		path := func(field string) string { return at("objects", i, field) }
		known(k, path("kind"), "kind of object", o.Kind, ServiceObjectKinds)
		k.id(string(o.Kind), path("id"), o.ID)
		k.numbered(string(o.Kind), path("sequence"), o.Sequence)
		if o.Name != "" {
			k.once(string(o.Kind)+" in "+o.Scope, path("name"), o.Name)
		}
		if o.System != "" {
			k.system(path("system"), o.System, "")
		}
		for field, text := range map[string][]byte{"document": o.Document, "secret": o.Secret} {
			if len(text) > 0 && !json.Valid(text) {
				k.refuse(path(field), "it is no JSON")
			}
		}
	}
}

func (k *contentsChecker) transitions() {
	names := slices.DeleteFunc(slices.Clone(Transitions), func(t Transition) bool { return !k.edition.lasts(t) })
	for i, s := range k.Transitions {
		known(k, at("transitions", i, "name"), "transition of edition "+k.edition.ID, s.Name, names)
		k.once("transition", at("transitions", i, "name"), string(s.Name))
		k.hold(at("transitions", i, ""), s.Policy.Check())
	}
}
