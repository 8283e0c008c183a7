package btp

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Bounds of faults.
const (
	// MaxFaults is the most faults of an environment.
	MaxFaults = 100
	// MaxRealDelay is the longest delay in real time, MaxVirtualDelay the longest
	// on the environment's clock.
	MaxRealDelay    = 30 * time.Second
	MaxVirtualDelay = 366 * 24 * time.Hour
	// maxCause bounds what somebody else says of a failure, in bytes.
	maxCause = 500
	// maxFaultBody bounds a raw answer, in bytes; maxFaultHeaders counts its headers.
	maxFaultBody    = 64 << 10
	maxFaultHeaders = 20
	maxHeaderText   = 1 << 10
	maxSchedule     = 1_000_000
)

// Fault is a rule: what goes wrong, where, for whom and how often. Faults are
// kept in the process.
type Fault struct {
	ID string
	// Point is a point, or a pattern of points: "pairing.*", or "*" for all where
	// the action makes sense.
	Point    Point
	Match    FaultMatch
	Action   FaultAction
	Schedule FaultSchedule
	// Recipe is the recipe that the rule came with, "" for none.
	Recipe string
	// Considered is how often it was looked at, Struck how often it acted.
	Considered, Struck int
}

// FaultMatch says whom a rule is for; what is empty is for all.
type FaultMatch struct {
	// System and Formation are ids. AddFault takes names, too, where these are unique.
	System    SystemID
	Formation FormationID
	// SystemType is the exact label of a type.
	SystemType string
	// Tenant is the id of a tenant: as its descriptor says, or as it announced itself.
	Tenant string
	// Subject is the id of a system or of a formation, for AddFault alone.
	Subject string
}

// FaultAction is what a rule does. Only the fields of its kind are set.
type FaultAction struct {
	Kind FaultKind

	// Of fail: a code of the catalogue, a problem document or a raw answer;
	// without any of them the code is FaultInjected. Cause is what the refusal says.
	Code    Code
	Cause   string
	Problem *FaultProblem
	Answer  *FaultAnswer
	// Final ends the open pairing in the error status, as a step that failed for
	// good does, whether or not the tenant reports a failure.
	Final bool

	// Of delay: exactly one.
	Virtual, Real time.Duration

	// AfterWork, of drop: the work is done, its answer is lost.
	AfterWork bool

	// Of truncate: so many bytes of the body are sent, or this share of it.
	Bytes int
	Share float64

	// Of corrupt.
	Part Corruption
}

// FaultProblem is a problem document instead of the answer.
type FaultProblem struct {
	Status        int
	Title, Detail string
}

// FaultAnswer is a raw answer instead of the registry's.
type FaultAnswer struct {
	Status  int
	Headers map[string]string
	Body    string
}

// FaultSchedule says which visits of a subject to a point a rule strikes: those
// for which all that is set holds. The zero value strikes every visit.
type FaultSchedule struct {
	// First strikes the first n visits of each subject, Every each k-th.
	First, Every int
	// Probability, above 0 and at most 1, is drawn for each visit from the
	// environment's seed, the point, the subject and the number of its visit.
	Probability float64
	// Limit is the most strikes altogether; 0: no limit.
	Limit int
}

// hits says whether visit n is struck; draw is a number from 0 up to 1.
func (s FaultSchedule) hits(n int, draw func() float64) bool {
	switch {
	case s.First > 0 && n > s.First, s.Every > 0 && n%s.Every != 0:
		return false
	}
	return s.Probability == 0 || draw() < s.Probability
}

// check refuses a schedule that means nothing.
func (s FaultSchedule) check() error {
	for name, n := range map[string]int{"first": s.First, "every": s.Every, "limit": s.Limit} {
		if n < 0 || n > maxSchedule {
			return Errorf(InvalidRequest, "schedule.%s is %d; it is a number from 0 (not set) to %d", name, n, maxSchedule)
		}
	}
	if math.IsNaN(s.Probability) || s.Probability < 0 || s.Probability > 1 {
		return Errorf(InvalidRequest, "schedule.probability is a number above 0, and at most 1; 0 is not set")
	}
	return nil
}

// foreign names the fields of a that another kind has.
func (a FaultAction) foreign() []string {
	set := []struct {
		name string
		of   FaultKind
		is   bool
	}{
		{"code", FaultFail, a.Code != ""},
		{"cause", FaultFail, a.Cause != ""},
		{"problem", FaultFail, a.Problem != nil},
		{"answer", FaultFail, a.Answer != nil},
		{"final", FaultFail, a.Final},
		{"virtual", FaultDelay, a.Virtual != 0},
		{"real", FaultDelay, a.Real != 0},
		{"when", FaultDrop, a.AfterWork},
		{"bytes", FaultTruncate, a.Bytes != 0},
		{"share", FaultTruncate, a.Share != 0},
		{"part", FaultCorrupt, a.Part != ""},
	}
	var names []string
	for _, f := range set {
		if f.is && f.of != a.Kind {
			names = append(names, "action."+f.name+" (of "+string(f.of)+")")
		}
	}
	return names
}

// check refuses an action that cannot be carried out anywhere.
func (a FaultAction) check() error {
	if !slices.Contains(FaultKinds, a.Kind) {
		return Errorf(InvalidRequest, "there is no action %q; actions are %s", clip(string(a.Kind)), join(FaultKinds))
	}
	if names := a.foreign(); len(names) > 0 {
		return Errorf(InvalidRequest, "action %s does not take %s", a.Kind, strings.Join(names, ", "))
	}
	switch a.Kind {
	case FaultFail:
		return a.checkFail()
	case FaultDelay:
		return a.checkDelay()
	case FaultTruncate:
		return a.checkTruncate()
	case FaultCorrupt:
		if !slices.Contains(Corruptions, a.Part) {
			return Errorf(InvalidRequest, "action.part is %q; parts are %s", clip(string(a.Part)), join(Corruptions))
		}
	case FaultHold, FaultDrop, FaultDuplicate:
	}
	return nil
}

func (a FaultAction) checkFail() error {
	ways := 0
	for _, set := range []bool{a.Code != "", a.Problem != nil, a.Answer != nil} {
		if set {
			ways++
		}
	}
	switch {
	case ways > 1:
		return Errorf(InvalidRequest, "action fail takes one of code, problem and answer")
	case len(a.Cause) > maxCause:
		return Errorf(InvalidRequest, "action.cause has at most %d bytes", maxCause)
	}
	if _, known := explanations[a.Code]; a.Code != "" && !known {
		return Errorf(InvalidRequest, "there is no error code %q; docs/problems.md lists them", clip(string(a.Code)))
	}
	if p := a.Problem; p != nil && (p.Status < 400 || p.Status > 599 || len(p.Title) > maxCause || len(p.Detail) > maxCause) {
		return Errorf(InvalidRequest, "action.problem has a status from 400 to 599, and title and detail of at most %d bytes", maxCause)
	}
	if a.Answer != nil {
		return a.Answer.check()
	}
	return nil
}

// hopByHop are headers that belong to a connection (RFC 9110 §7.6.1), and those
// that say how long a body is, which is decided elsewhere.
var hopByHop = []string{
	"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
	"content-length",
}

func (a FaultAnswer) check() error {
	switch {
	case a.Status < 200 || a.Status > 599:
		return Errorf(InvalidRequest, "action.answer.status is a number from 200 to 599")
	case len(a.Body) > maxFaultBody:
		return Errorf(InvalidRequest, "action.answer.body has at most %d bytes", maxFaultBody)
	case len(a.Headers) > maxFaultHeaders:
		return Errorf(InvalidRequest, "action.answer has at most %d headers", maxFaultHeaders)
	case a.Body != "" && (a.Status == 204 || a.Status == 304):
		return Errorf(InvalidRequest, "an answer with status %d has no body", a.Status)
	}
	for name, value := range a.Headers {
		switch {
		case !isToken(name):
			return Errorf(InvalidRequest, "action.answer.headers: %q is no name of a header", clip(name))
		case slices.Contains(hopByHop, strings.ToLower(name)):
			return Errorf(InvalidRequest, "action.answer.headers: %s belongs to the connection; leave it out", name)
		case len(value) > maxHeaderText || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return Errorf(InvalidRequest, "action.answer.headers: the value of %s has at most %d bytes and no control characters", name, maxHeaderText)
		}
	}
	return nil
}

// isToken says whether a text is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-.^_`|~", r))
	})
}

func (a FaultAction) checkDelay() error {
	switch {
	case (a.Virtual != 0) == (a.Real != 0):
		return Errorf(InvalidRequest, "action delay takes one of virtual (on the environment's clock) and real")
	case a.Virtual < 0 || a.Virtual > MaxVirtualDelay:
		return Errorf(InvalidRequest, "action.virtual is a duration above 0, and at most %s", MaxVirtualDelay)
	case a.Real < 0 || a.Real > MaxRealDelay:
		return Errorf(InvalidRequest, "action.real is a duration above 0, and at most %s", MaxRealDelay)
	}
	return nil
}

func (a FaultAction) checkTruncate() error {
	switch {
	case a.Bytes != 0 && a.Share != 0:
		return Errorf(InvalidRequest, "action truncate takes one of bytes and share")
	case a.Bytes < 0 || a.Bytes > maxFaultBody:
		return Errorf(InvalidRequest, "action.bytes is a number from 0 to %d", maxFaultBody)
	case math.IsNaN(a.Share) || a.Share < 0 || a.Share >= 1:
		return Errorf(InvalidRequest, "action.share is a number from 0, and below 1")
	}
	return nil
}

// possible says whether a makes sense at p for match; why not, otherwise.
func (a FaultAction) possible(p FaultPoint, match FaultMatch) (bool, string) {
	kinds := p.Actions()
	switch {
	case !slices.Contains(kinds, a.Kind):
		return false, fmt.Sprintf("%s is met by %s; actions there are %s", p.Point, meetings[p.Met], join(kinds))
	case a.Kind == FaultCorrupt && !slices.Contains(p.Carries, a.Part):
		return false, fmt.Sprintf("there is no %s at %s; parts there are %s", a.Part, p.Point, join(p.Carries))
	case p.Met == MetByDueWork && (a.Problem != nil || a.Answer != nil):
		return false, fmt.Sprintf("nobody waits for an answer at %s; use code or cause", p.Point)
	case a.Final && !p.Final:
		return false, fmt.Sprintf("no pairing can end at %s; final is for %s", p.Point, join(finalPoints()))
	case (match.System != "" || match.Tenant != "") && !slices.Contains(p.About, KindSystem):
		return false, fmt.Sprintf("%s is about no system that is known there; leave system and tenant out", p.Point)
	case match.SystemType != "" && !slices.Contains(p.About, KindSystem) && p.Point != PointRegister:
		return false, fmt.Sprintf("%s is about no system that is known there; leave systemType out", p.Point)
	case match.Formation != "" && !slices.Contains(p.About, KindFormation):
		return false, fmt.Sprintf("%s is about no formation; leave formation out", p.Point)
	}
	return true, ""
}

// meetings says who comes to a point.
var meetings = map[Meeting]string{
	MetByTenant: "a request of a tenant", MetByOperator: "a request of an operator", MetByAnybody: "a request", MetByWorkload: "a request of a workload",
	MetInCall: "a call to a tenant", MetByDueWork: "due work",
}

// Words says who comes to a point, for people.
func (m Meeting) Words() string { return meetings[m] }

func finalPoints() []Point {
	var points []Point
	for _, p := range FaultPoints {
		if p.Final {
			points = append(points, p.Point)
		}
	}
	return points
}

func join[T ~string](list []T) string {
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = string(one)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// AddFault adds a rule. It refuses with InvalidRequest what could never strike:
// an unknown point or action, a combination that makes no sense; and a rule for
// a system, a formation or a tenant that is not there.
func (r *Registry) AddFault(ctx context.Context, f Fault) (Fault, error) {
	added, err := r.addFaults(ctx, []Fault{f})
	if err != nil {
		return Fault{}, err
	}
	return added[0], nil
}

// addFaults adds all rules or none.
func (r *Registry) addFaults(ctx context.Context, list []Fault) ([]Fault, error) {
	rules := make([]*faultRule, len(list))
	for i, f := range list {
		if err := r.resolveMatch(ctx, &f.Match); err != nil {
			return nil, err
		}
		rule, err := newFaultRule(f)
		if err != nil {
			return nil, err
		}
		rules[i] = rule
	}
	if err := r.faults.add(rules); err != nil {
		return nil, err
	}
	added := make([]Fault, len(rules))
	for i, rule := range rules {
		added[i] = rule.state()
	}
	return added, nil
}

// newFaultRule checks a rule and works out where it can act.
func newFaultRule(f Fault) (*faultRule, error) {
	points, err := pointsOf(f.Point)
	if err != nil {
		return nil, err
	}
	for _, check := range []func() error{f.Action.check, f.Schedule.check} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	rule := &faultRule{fault: f, points: map[Point]bool{}, visits: map[visit]int{}}
	why := ""
	for _, p := range points {
		can, whyNot := f.Action.possible(p, f.Match)
		if can {
			rule.points[p.Point] = true
		} else if why == "" {
			why = whyNot
		}
	}
	if len(rule.points) == 0 {
		return nil, Errorf(InvalidRequest, "%s", why)
	}
	if a := &rule.fault.Action; a.Kind == FaultFail && a.Code == "" && a.Problem == nil && a.Answer == nil && a.Cause == "" {
		a.Cause = "a fault was set at " + string(f.Point)
	}
	rule.fault.Considered, rule.fault.Struck = 0, 0
	return rule, nil
}

// resolveMatch finds what a rule is for; a rule for a name with a typo would
// never strike.
func (r *Registry) resolveMatch(ctx context.Context, m *FaultMatch) error {
	if len(m.Tenant) > maxCause || len(m.SystemType) > maxCause {
		return Errorf(InvalidRequest, "match.tenant and match.systemType have at most %d bytes", maxCause)
	}
	if m.SystemType != "" {
		if _, err := TypeNamed(m.SystemType); err != nil {
			return err
		}
	}
	return r.view(ctx, func(u *unit) error {
		if m.Subject != "" {
			if _, err := u.Systems().Get(SystemID(m.Subject)); err == nil {
				m.System = SystemID(m.Subject)
			} else if _, err := u.Formations().Get(FormationID(m.Subject)); err == nil {
				m.Formation = FormationID(m.Subject)
			} else {
				return Errorf(InvalidRequest, "subject: there is no system and no formation %q", clip(m.Subject))
			}
			m.Subject = ""
		}
		if err := u.matchSystem(m); err != nil {
			return err
		}
		if err := u.matchFormation(m); err != nil {
			return err
		}
		if m.Tenant == "" || slices.Contains(u.r.tenants, m.Tenant) {
			return nil
		}
		known, err := u.hasTenant(m.Tenant)
		if err == nil && !known {
			err = Errorf(InvalidRequest, "match.tenant: no tenant %q is known; those of this landscape are %s, others are when they have paired",
				clip(m.Tenant), join(u.r.tenants))
		}
		return err
	})
}

func (u *unit) matchSystem(m *FaultMatch) error {
	if m.System == "" {
		return nil
	}
	if _, err := u.Systems().Get(m.System); CodeOf(err) != SystemNotFound {
		return err
	}
	var found []System
	err := u.eachAccount(func(a GlobalAccountID) error {
		s, ok, err := u.Systems().FindByName(a, string(m.System))
		if ok {
			found = append(found, s)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return Errorf(SystemNotFound, "match.system: there is no system %q", clip(string(m.System)))
	case len(found) > 1:
		return Errorf(InvalidRequest, "match.system: %d global accounts have a system %q; name it by its id", len(found), clip(string(m.System)))
	}
	m.System = found[0].ID
	return nil
}

func (u *unit) matchFormation(m *FaultMatch) error {
	if m.Formation == "" {
		return nil
	}
	if _, err := u.Formations().Get(m.Formation); CodeOf(err) != FormationNotFound {
		return err
	}
	var found []Formation
	err := u.eachAccount(func(a GlobalAccountID) error {
		f, ok, err := u.Formations().FindByName(a, string(m.Formation))
		if ok {
			found = append(found, f)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return Errorf(FormationNotFound, "match.formation: there is no formation %q", clip(string(m.Formation)))
	case len(found) > 1:
		return Errorf(InvalidRequest, "match.formation: %d global accounts have a formation %q; name it by its id", len(found), clip(string(m.Formation)))
	}
	m.Formation = found[0].ID
	return nil
}

func (u *unit) eachAccount(do func(GlobalAccountID) error) error {
	accounts, err := u.Accounts().Globals()
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if u.hides(a.ID) {
			continue
		}
		if err := do(a.ID); err != nil {
			return err
		}
	}
	return nil
}

// hasTenant says whether a system was paired with a tenant, or is about to be.
func (u *unit) hasTenant(id string) (known bool, err error) {
	err = u.eachAccount(func(a GlobalAccountID) error {
		after := uint64(0)
		for !known {
			const page = 500
			list, err := u.Systems().List(SystemFilter{GlobalAccount: a, After: after, Limit: page})
			if err != nil || len(list) == 0 {
				return err
			}
			for _, s := range list {
				tenant, err := u.tenantOf(&s)
				if err != nil {
					return err
				}
				known = known || tenant == id || s.FormerTenant == id
			}
			after = list[len(list)-1].Sequence
		}
		return nil
	})
	return known, err
}

// tenantOf is the tenant that a system is paired with, or that announced itself.
func (u *unit) tenantOf(s *System) (string, error) {
	if s.Tenant != nil {
		return s.Tenant.TenantID, nil
	}
	if s.Status != Pending {
		return s.FormerTenant, nil
	}
	a, open, err := u.Attempts().FindBySystem(s.ID)
	if err != nil || !open {
		return s.FormerTenant, err
	}
	return a.Tenant, nil
}

// Faults lists the rules, oldest first.
func (r *Registry) Faults() []Fault {
	rules := r.faults.all()
	list := make([]Fault, len(rules))
	for i, rule := range rules {
		list[i] = rule.state()
	}
	return list
}

// RemoveFault removes a rule, "" all of them. What it holds or delays already goes
// on as it would have. It refuses with FaultNotFound.
func (r *Registry) RemoveFault(_ context.Context, id string) error {
	return r.faults.remove(id)
}

// FailAt is the plain rule: a point fails because of cause, for the system or
// formation with the id subject ("": for all), so many times (0: always).
func FailAt(point Point, subject, cause string, times int) Fault {
	return Fault{
		Point: point, Match: FaultMatch{Subject: subject}, Action: FaultAction{Kind: FaultFail, Cause: cause},
		Schedule: FaultSchedule{Limit: times},
	}
}
