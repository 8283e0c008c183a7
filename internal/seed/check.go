package seed

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/strict"
)

// checker gathers what a schema cannot say: what depends on the registry's
// tables or on another place in the file.
type checker struct {
	lines
	found Findings
}

func (c *checker) refuse(path, format string, args ...any) {
	c.found = append(c.found, c.finding(path, format, args...))
}

// refuseError takes over the detail of a rule's refusal.
func (c *checker) refuseError(path string, err error) {
	if err != nil {
		_, detail, _ := strings.Cut(err.Error(), ": ")
		c.refuse(path, "%s", detail)
	}
}

// unique refuses the second use of a value. seen maps a value to where it stood.
func (c *checker) unique(seen map[string]string, value, path string) {
	if first, twice := seen[value]; twice {
		c.refuse(path, "%q is taken by %s (line %d)", clip(value), first, c.at[first])
		return
	}
	seen[value] = path
}

func (c *checker) duration(path, text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		c.refuse(path, "%q is no duration that can be told", clip(text))
	}
	return d
}

// positive is a duration above zero.
func (c *checker) positive(path, text string) {
	if text != "" && c.duration(path, text) == 0 {
		c.refuse(path, "must be longer than 0s")
	}
}

func (c *checker) instant(path, text string) {
	if _, err := time.Parse(time.RFC3339Nano, text); text != "" && err != nil {
		c.refuse(path, "%s", noInstant(clip(text)))
	}
}

func noInstant(text string) string {
	return strconv.Quote(text) + " is no instant as RFC 3339 writes it; write 2030-01-01T10:00:00Z"
}

// check is everything that holds whatever the edition turns out to be; dir is
// where files that it names are.
func (f *File) check(dir string) error {
	c := &checker{lines: f.lines}
	c.instant("clock.at", f.Clock.At)
	if f.Clock.At != "" && !f.Clock.Frozen {
		c.refuse("clock.at", "only a frozen clock starts at an instant; set frozen: true (pairsim clock resume lets it run)")
	}
	f.checkAccounts(c)
	f.checkOAuthClients(c)
	f.checkSystems(c)
	f.checkFormations(c)
	f.checkEntitlements(c)
	f.checkObjects(c)
	f.checkSubscriptions(c)
	f.checkInstances(c)
	f.checkTenants(c, dir)
	c.positive("policy.attemptDeadline", f.Policy.AttemptDeadline)
	c.positive("policy.certificateValidity", f.Policy.CertificateValidity)
	for name, validity := range f.Policy.TokenValidity {
		path := join("policy.tokenValidity", name)
		_, err := btp.TypeNamed(name)
		c.refuseError(path, err)
		if c.positive(path, validity); err == nil && validity != "" && c.duration(path, validity)%time.Second != 0 {
			c.refuse(path, "a token's validity is whole seconds")
		}
	}
	for name, text := range f.Policy.Durations {
		c.duration(join("policy.durations", name), text)
		if _, twice := f.Policy.Transitions[name]; twice {
			c.refuse(join("policy.durations", name), "policy.transitions says when it ends already")
		}
	}
	for name, one := range f.Policy.Transitions {
		c.duration(join("policy.transitions", name)+".after", one.After)
	}
	for name, one := range f.Policy.transitions() {
		path := join("policy.transitions", string(name))
		if _, there := f.Policy.Transitions[string(name)]; !there {
			path = join("policy.durations", string(name))
		}
		c.refuseError(path, one.Check())
	}
	for i, name := range f.Strict.Off {
		if _, known := strict.Find(name); !known {
			c.refuse(at("strict.off", i), "there is no rule %q of strictness; pairsim strict rules lists them", clip(name))
		}
	}
	return c.found.sorted()
}

func (f *File) checkAccounts(c *checker) {
	names, subaccounts := map[string]string{}, map[string]string{}
	for i, a := range f.GlobalAccounts {
		path := at("globalAccounts", i)
		c.unique(names, a.ID, path+".id")
		if a.Subdomain != "" && a.Subdomain != a.ID {
			c.unique(names, a.Subdomain, path+".subdomain")
		}
		for j, s := range a.Subaccounts {
			path := at(path+".subaccounts", j)
			c.unique(subaccounts, s.ID, path+".id")
			if s.Region != "" {
				_, err := btp.RegionNamed(s.Region)
				c.refuseError(path+".region", err)
			}
		}
	}
}

func (f *File) checkSystems(c *checker) {
	ids, names := map[string]string{}, map[string]string{}
	accounts := f.accounts()
	for i, s := range f.Systems {
		path := at("systems", i)
		if s.ID != "" {
			c.unique(ids, s.ID, path+".id")
		}
		account := f.account(s.GlobalAccount)
		c.knownAccount(accounts, account, path)
		c.uniqueName(names, "system", account, s.Name, path+".name")
		_, err := btp.TypeNamed(s.Type)
		c.refuseError(path+".type", err)
		if s.Token != nil {
			c.duration(path+".token.age", s.Token.Age)
		}
		f.checkServices(c, path, &s)
	}
}

// account is the global account named, the first one for "".
func (f *File) account(named string) string {
	return either(named, string(f.accounts()[0].ID))
}

func (c *checker) knownAccount(accounts []btp.GlobalAccount, id, path string) {
	if !slices.ContainsFunc(accounts, func(a btp.GlobalAccount) bool { return string(a.ID) == id }) {
		c.refuse(path+".globalAccount", "there is no global account %q in this file", id)
	}
}

// findSystem finds a system of a global account by id, else by name: its place.
func (f *File) findSystem(account, idOrName string) int {
	byName := -1
	for i, s := range f.Systems {
		if f.account(s.GlobalAccount) != account {
			continue
		}
		if s.ID == idOrName {
			return i
		}
		if s.Name == idOrName {
			byName = i
		}
	}
	return byName
}

// findSubaccount finds a subaccount by id, else by subdomain; account "" is any.
func (f *File) findSubaccount(account, idOrSubdomain string) (btp.Subaccount, bool) {
	var bySubdomain *btp.Subaccount
	for _, s := range f.subaccounts(btp.DefaultLandscape()) {
		if account != "" && string(s.GlobalAccount) != account {
			continue
		}
		if string(s.ID) == idOrSubdomain {
			return s, true
		}
		if s.Subdomain == idOrSubdomain && bySubdomain == nil {
			bySubdomain = &s
		}
	}
	if bySubdomain == nil {
		return btp.Subaccount{}, false
	}
	return *bySubdomain, true
}

func (f *File) checkFormations(c *checker) {
	ids, names := map[string]string{}, map[string]string{}
	accounts := f.accounts()
	for i, d := range f.Formations {
		path := at("formations", i)
		if d.ID != "" {
			c.unique(ids, d.ID, path+".id")
		}
		account := f.account(d.GlobalAccount)
		c.knownAccount(accounts, account, path)
		c.uniqueName(names, "formation", account, d.Name, path+".name")
		if d.Type != "" {
			_, err := btp.FormationTypeNamed(d.Type)
			c.refuseError(path+".type", err)
		}
		if _, found := f.findSubaccount(account, d.Subaccount); d.Subaccount != "" && !found {
			c.refuse(path+".subaccount", "global account %s has no subaccount %q in this file", account, clip(d.Subaccount))
		}
		seen := map[int]string{}
		for j, name := range d.Systems {
			place, path := f.findSystem(account, name), at(path+".systems", j)
			if place < 0 {
				c.refuse(path, "global account %s has no system %q in this file", account, clip(name))
			} else if first, twice := seen[place]; twice {
				c.refuse(path, "system %q is named twice: %s", clip(name), first)
			}
			seen[place] = path
		}
	}
}

func (f *File) checkInstances(c *checker) {
	ids, names := map[string]string{}, map[string]string{}
	for i, d := range f.Instances {
		path := at("serviceInstances", i)
		if d.ID != "" {
			c.unique(ids, d.ID, path+".id")
		}
		sub, found := f.findSubaccount("", d.Subaccount)
		if !found {
			c.refuse(path+".subaccount", "there is no subaccount %q in this file", clip(d.Subaccount))
			continue
		}
		key := string(sub.ID) + "\x00" + d.Name
		if first, twice := names[key]; twice {
			c.refuse(path+".name", "subaccount %s has a service instance %q already: %s (line %d)", sub.ID, clip(d.Name), first, c.at[first])
			continue
		}
		names[key] = path
	}
}

func (f *File) checkEntitlements(c *checker) {
	ids, same := map[string]string{}, map[string]string{}
	for i, d := range f.Entitlements {
		path := at("entitlements", i)
		if d.ID != "" {
			c.unique(ids, d.ID, path+".id")
		}
		sub, found := f.findSubaccount("", d.Subaccount)
		if !found {
			c.refuse(path+".subaccount", "there is no subaccount %q in this file", clip(d.Subaccount))
			continue
		}
		place := -1
		if d.System != "" {
			place = f.findSystem(string(sub.GlobalAccount), d.System)
		}
		if perSystem := slices.Contains(btp.ExtensibilityPlans, d.Plan); perSystem != (d.System != "") {
			words := "is for no system"
			if perSystem {
				words = "is for a registered system, which is missing"
			}
			c.refuse(path, "plan %s %s", d.Plan, words)
			continue
		}
		if place < 0 && d.System != "" {
			c.refuse(path+".system", "global account %s, that of subaccount %s, has no system %q in this file", sub.GlobalAccount, sub.ID, clip(d.System))
			continue
		}
		key := string(sub.ID) + "\x00" + at("systems", place) + "\x00" + d.Plan
		if first, twice := same[key]; twice {
			c.refuse(path, "subaccount %s has plan %s for system %q already: %s (line %d)", sub.ID, d.Plan, clip(d.System), first, c.at[first])
			continue
		}
		same[key] = path
	}
}

// uniqueName: the name of a system or formation is unique in its global account.
func (c *checker) uniqueName(seen map[string]string, kind, account, name, path string) {
	key := account + "\x00" + name
	if first, twice := seen[key]; twice {
		c.refuse(path, "there is a %s %q in global account %s already: %s (line %d)", kind, clip(name), account, first, c.at[first])
		return
	}
	seen[key] = path
}

// status finds a status of an edition by code or label, ignoring case.
func (c *checker) status(path string, e *btp.Edition, text string) btp.Status {
	if text == "" {
		return btp.Pending
	}
	var known []string
	for _, code := range btp.Statuses {
		label, has := e.Labels[code]
		if !has {
			continue
		}
		if strings.EqualFold(text, string(code)) || strings.EqualFold(text, label) {
			return code
		}
		if label == "" {
			label = string(code)
		}
		known = append(known, strconv.Quote(label))
	}
	c.refuse(path, "edition %s has no status %q; statuses are %s", e.ID, clip(text), strings.Join(known, ", "))
	return btp.Pending
}

// formationStatus finds a formation's status of an edition by code or label,
// ignoring case; "" is what it comes to by itself.
func (c *checker) formationStatus(path string, e *btp.Edition, text string) btp.FormationStatus {
	if text == "" {
		return ""
	}
	if len(e.FormationLabels) == 0 {
		c.refuse(path, "edition %s shows no statuses of formations", e.ID)
		return ""
	}
	var known []string
	for _, code := range btp.FormationStatuses {
		label, has := e.FormationLabels[code]
		if has && (strings.EqualFold(text, string(code)) || strings.EqualFold(text, label)) {
			return code
		}
		if has {
			known = append(known, strconv.Quote(label))
		}
	}
	c.refuse(path, "edition %s has no formation status %q; statuses are %s", e.ID, clip(text), strings.Join(known, ", "))
	return ""
}

func (f *File) checkSubscriptions(c *checker) {
	ids := map[string]string{}
	for i, d := range f.Subscriptions {
		path := at("subscriptions", i)
		if d.ID != "" {
			c.unique(ids, d.ID, path+".id")
		}
		if _, found := f.findSubaccount("", d.Subaccount); !found {
			c.refuse(path+".subaccount", "there is no subaccount %q in this file", clip(d.Subaccount))
		}
	}
}
