package btp

import (
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
