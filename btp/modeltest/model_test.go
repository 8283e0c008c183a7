package modeltest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// model is what the documents say of a registry, as small as it can be. Systems
// and formations that are gone stay where a token or certificate speaks of them.
type model struct {
	v1          bool
	transitions policy            // what the world began with
	policies    map[string]policy // set since, by transition
	now         time.Time
	// answer is what the tenants' callback answers: ok, 500, refused, broken.
	answer string

	systems      map[string]*system // the latest of each name
	listed       []*system          // those that are there, by registration
	formations   map[string]*formation
	grouped      []*formation
	subaccounts  map[string]*subaccount
	entitlements []*entitlement
	incidents    []*incident
	faults       []*fault
	replays      map[string]replay
	// kept are names that a tenant still holds, by slot.
	kept map[string]*release
	told []string

	// What a tenant has in its hands, by slot, newest last.
	tokens    map[string][]*token
	followUps map[string][]*attempt
	certs     map[string][]*certificate
	releases  map[string][]*release

	due     []due
	counter int
}

type system struct {
	slot, kind string
	number     int
	status     string
	registered time.Time
	failedAt   string // the step that failed
	tenant     string // "" without a descriptor
	callback   bool
	former     string // the tenant before a deregistration that kept the row
	// extensionDeleted: there is nobody left to tell.
	extensionDeleted bool
	tokens           []*token // those that are on record
	attempt          *attempt // the open one
	certificates     []*certificate
	services         int
	auto             bool // auto-discovered, at the URL of tenants unless it is elsewhere
	elsewhere        bool
}

type token struct {
	of      *system
	state   string // live, used, void, expired
	expires time.Time
	dropped bool // off the record
}

type attempt struct {
	of          *system
	tenant      string // announced
	rejected    int
	certificate bool
	spent       bool // its follow-up token
	over        bool
}

type certificate struct {
	of       *system
	notAfter time.Time
	blocked  bool // by the client itself
	revoked  bool
	unknown  bool
}

// release is what a tenant was told to free a name with.
type release struct{ number int }

type subaccount struct {
	account      string
	landscape    bool
	environments []string
}

type entitlement struct {
	subaccount, plan string
	of               *system
	gone             bool
}

type incident struct {
	subject         any // *system or *formation
	slot            string
	step, component string
	open, forgotten bool
}

type fault struct {
	point  string
	about  any // *system, *formation; nil for all
	left   int // -1: always
	struck int
}

// replay is what a create with an Idempotency-Key made.
type replay struct {
	request     string
	system      *system
	token       *token
	formation   *formation
	entitlement *entitlement
}

// due is work that waits for its instant; among equal instants the one put first
// comes first.
type due struct {
	at      time.Time
	number  int
	kind    string
	subject any
	fire    func()
	// transition is what it ends; reads and held are what it waits for instead.
	transition string
	since      time.Time
	reads      int
	held       bool
}

func (d due) waits() bool { return d.reads > 0 || d.held }

// policy says when a transition ends (design §6): after a time, which may be none,
// after so many reads, or when it is released.
type policy struct {
	after time.Duration
	reads int
	held  bool
}

// parsePolicy reads a duration, held, or as many reads as 2reads.
func parsePolicy(text string) (p policy, err error) {
	switch count, isReads := strings.CutSuffix(text, "reads"); {
	case isReads:
		p.reads, err = strconv.Atoi(count)
	case text == "held":
		p.held = true
	default:
		p.after, err = time.ParseDuration(text)
	}
	return p, err
}

func (p policy) String() string {
	switch {
	case p.held:
		return "held"
	case p.reads > 0:
		return strconv.Itoa(p.reads) + "reads"
	}
	return p.after.String()
}

func newModel(edition string, transitions policy) *model {
	return &model{
		v1: edition == "v1", transitions: transitions, policies: map[string]policy{}, now: epoch, answer: "ok",
		systems: map[string]*system{}, formations: map[string]*formation{}, replays: map[string]replay{}, kept: map[string]*release{},
		tokens: map[string][]*token{}, followUps: map[string][]*attempt{}, certs: map[string][]*certificate{}, releases: map[string][]*release{},
		subaccounts: map[string]*subaccount{
			"dev":      {"default", true, []string{"cloudFoundry", "kyma"}},
			"bare":     {"default", true, nil},
			"shanghai": {"default", false, []string{"kyma"}},
			"far":      {"other", true, []string{"kyma"}},
		},
	}
}

func (m *model) do(o op) string {
	if point := requestPoints[o.verb]; point != "" && !o.has("certificate") && m.strikes(point, nil) {
		return "fault-injected"
	}
	return verbs[o.verb].model(m, o)
}

func (m *model) next() int {
	m.counter++
	return m.counter
}

// number is what tells a system from a later one of the same name; 0 for nobody.
func (m *model) number(slot string) int {
	if s := m.systems[slot]; s != nil {
		return s.number
	}
	return 0
}

// system is the one that is there under a name, nil if there is none.
func (m *model) system(slot string) *system {
	if s := m.systems[slot]; s != nil && s.status != "gone" {
		return s
	}
	return nil
}

func (m *model) account(name string) bool { return name == "default" || name == "other" }

// once keeps what a create with a key made; the same request again makes nothing.
func (m *model) once(operation, key, request string, create func() (replay, string)) (r replay, again bool, code string) {
	if key == "" {
		r, code = create()
		return r, false, code
	}
	stored := operation + " " + key
	before, known := m.replays[stored]
	switch {
	case known && before.request != request:
		return r, false, "idempotency-key-reused"
	case known:
		return before, true, ""
	}
	if r, code = create(); code != "" {
		return r, false, code
	}
	r.request = request
	m.replays[stored] = r
	m.schedule(24*time.Hour, "replay", stored, func() { delete(m.replays, stored) })
	return r, false, ""
}

// schedule puts work after d, in the place of what was put for the same.
func (m *model) schedule(d time.Duration, kind string, subject any, fire func()) {
	m.cancel(kind, subject)
	m.due = append(m.due, due{at: m.now.Add(d), number: m.next(), kind: kind, subject: subject, fire: fire})
}

// begin lets a transition end as its policy says.
func (m *model) begin(transition, kind string, subject any, fire func()) {
	p, set := m.policies[transition]
	if !set {
		p = m.transitions
	}
	m.schedule(p.after, kind, subject, fire)
	last := &m.due[len(m.due)-1]
	last.transition, last.since, last.reads, last.held = transition, m.now, p.reads, p.held
}

// policy is for what begins afterwards.
func (m *model) policy(o op) string {
	name, text := o.word(0), o.word(1)
	switch {
	case name != "deregistering" && name != "removing" && name != "synchronizing":
		return "invalid-request"
	case name == "removing" && m.v1:
		return "operation-not-in-edition"
	case text == "started":
		delete(m.policies, name)
		return ""
	}
	p, err := parsePolicy(text)
	if err != nil {
		panic(err)
	}
	m.policies[name] = p
	return ""
}

// subject is the system or formation of a name that is there, as an operation
// about both means it.
func (m *model) subject(slot string) any {
	if s := m.system(slot); s != nil {
		return s
	}
	if f := m.formations[slot]; f != nil && f.state != "GONE" {
		return f
	}
	return nil
}

// goesOn takes work up at once that has waited.
func (m *model) goesOn(i int) {
	d := m.due[i]
	m.cancel(d.kind, d.subject)
	d.at, d.number, d.reads, d.held = m.now, m.next(), 0, false
	m.due = append(m.due, d)
}

func (m *model) release(o op) string {
	subject := m.subject(o.word(0))
	for i, d := range m.due {
		if d.held && d.subject == subject {
			m.goesOn(i)
			m.settle(d.kind, d.subject)
			return ""
		}
	}
	return "hold-not-found"
}

// read counts for what is shown; what was read for the last time ends then.
func (m *model) read(o op) string {
	switch subject := m.subject(o.word(0)).(type) {
	case *system, *formation:
		m.readAll(subject)
		return ""
	}
	if m.formations[o.word(0)] != nil {
		return "formation-not-found"
	}
	return "system-not-found"
}

func (m *model) list(o op) string {
	var systems, formations []any
	in := func(slot string) bool { account, _ := splitSlot(slot); return account == o.word(0) }
	for _, s := range m.listed {
		if in(s.slot) {
			systems = append(systems, s)
		}
	}
	m.readAll(systems...)
	for _, f := range m.grouped {
		if in(f.slot) {
			formations = append(formations, f)
		}
	}
	m.readAll(formations...)
	return ""
}

func (m *model) readAll(subjects ...any) {
	var over []due
	for _, subject := range subjects {
		kinds := []string{"deregister", "remove"}
		if f, ok := subject.(*formation); ok {
			kinds = nil
			if f.state == "DELETING" {
				kinds = []string{"delete"}
			} else if m.status(f) == "synchronizing" {
				kinds = []string{"synchronize"}
			}
		}
		for i := 0; i < len(m.due); i++ {
			if d := &m.due[i]; d.subject == subject && d.reads > 0 && slices.Contains(kinds, d.kind) {
				if d.reads--; d.reads == 0 {
					over = append(over, *d)
					m.goesOn(i)
				}
				break
			}
		}
	}
	for _, d := range over {
		m.settle(d.kind, d.subject)
	}
}

func (m *model) cancel(kind string, subject any) {
	m.due = slices.DeleteFunc(m.due, func(d due) bool { return d.kind == kind && d.subject == subject })
}

// settle carries out what an operation has just caused, if it takes no time.
func (m *model) settle(kind string, subject any) {
	for _, d := range m.due {
		if d.kind == kind && d.subject == subject && !d.waits() && !m.now.Before(d.at) {
			m.cancel(kind, subject)
			d.fire()
			return
		}
	}
}

func (m *model) advance(o op) string {
	d, err := time.ParseDuration(o.word(0))
	if err != nil {
		panic(err)
	}
	target := m.now.Add(d)
	for {
		first := -1
		for i, d := range m.due {
			if d.waits() || d.at.After(target) {
				continue
			}
			if first < 0 || d.at.Before(m.due[first].at) || d.at.Equal(m.due[first].at) && d.number < m.due[first].number {
				first = i
			}
		}
		if first < 0 {
			break
		}
		work := m.due[first]
		if work.at.After(m.now) {
			m.now = work.at
		}
		m.cancel(work.kind, work.subject)
		work.fire()
	}
	m.now = target
	return ""
}

// restart: faults are kept in the process, all else in the store.
func (m *model) restart(op) string {
	m.faults = nil
	return ""
}

func (m *model) callback(o op) string {
	m.answer = o.word(0)
	return ""
}

// faultEffects are the points whose failures for one system or formation the
// model knows, and what they are about.
var faultEffects = map[string]string{
	"services.create": "system", "deregistration.tell-tenant": "system", "deregistration.complete": "system", "removal.complete": "system",
	"formation.synchronize": "formation", "formation.deletion": "formation",
}

// requestPoints are where requests without certificate fail, before all else and
// without effect. Those with one fail where use and caller say so.
var requestPoints = map[string]string{
	"register": "system.register", "token": "token.issue", "show": "token.show", "open": "pairing.info", "csr": "pairing.csr",
	"failure": "pairing.failure-report", "deregister": "system.deregister", "remove": "system.remove", "merge": "system.merge",
	"formation": "formation.create", "include": "formation.include", "exclude": "formation.exclude", "subaccount": "formation.change",
	"finalize": "formation.finalize", "resynchronize": "formation.resynchronize", "reset": "formation.resynchronize", "delete": "formation.delete",
	"entitle": "entitlement.assign", "unentitle": "entitlement.remove", "environments": "subaccount.change",
}

// certificatePoints are where requests with a certificate fail.
var certificatePoints = []string{
	"certificate.authenticate", "pairing.first-call", "pairing.descriptor", "certificate.renew", "certificate.revoke", "tenant.extension-deleted",
}

// unmetPoints are those that no operation comes to: reads, events, access, the gateway, platform services; the
// tenants of the model do not ask to be woken.
var unmetPoints = []string{
	"tenant.wake", "token.inspect", "token.keys", "system.show", "system.list", "certificate.management-info", "services.list", "services.get", "services.update",
	"services.delete", "events.legacy", "events.cloudevent", "events.subscribed", "formation.show", "formation.list", "runtime.applications",
	"entitlement.list", "entitlement.plans", "account.list", "account.show", "account.create", "subaccount.list", "subaccount.show",
	"subaccount.create", "incident.list", "incident.show", "access-token.issue", "access.admit", "gateway.call", "gateway.token", "gateway.csrf",
	"event.deliver", "subscription.create", "subscription.delete", "subscription.list", "delivery.list",
	"destination.put", "destination.delete", "destination.list", "destination.show", "destination.find", "destination.token",
	"destination.certificate-file", "destination.trust",
	"instance.create-arrangement", "instance.delete-arrangement",
	"event-bus.show", "event-bus.messages", "queue.list", "queue.show", "queue.put", "queue.delete", "queue.subscribe", "queue.unsubscribe",
	"message.publish", "message.consume", "message.acknowledge", "due.message-expiry", "webhook.list", "webhook.show", "webhook.create",
	"webhook.delete", "webhook.state", "webhook.handshake", "webhook.greet", "webhook.push",
	"offering.list", "instance.create", "instance.provision", "instance.provisioned", "instance.undo", "instance.show", "instance.list",
	"instance.update", "instance.delete", "instance.deprovision", "instance.deprovisioned", "binding.create", "binding.show", "binding.list",
	"binding.delete",
	"system-type.create", "system-type.list",
	"delivery.retry", "runtime.show", "runtime.events", "runtime.manifests",
}

func (m *model) fault(o op) string {
	f := &fault{point: o.word(0), left: -1}
	kind := ""
	switch about := o.word(1); {
	case about == "all":
	case m.system(about) != nil:
		f.about, kind = m.system(about), "system"
	case m.formation(about) != nil:
		f.about, kind = m.formation(about), "formation"
	default:
		return "invalid-request"
	}
	if o.word(0) == "due.token-expiry" || f.about != nil && faultEffects[f.point] != kind {
		return "invalid-request"
	}
	switch o.word(2) {
	case "once":
		f.left = 1
	case "twice":
		f.left = 2
	}
	m.faults = append(m.faults, f)
	return ""
}

func (m *model) noFaults(op) string {
	m.faults = nil
	return ""
}

// strikes says whether a fault makes a point fail; each that does is used up once.
func (m *model) strikes(point string, about any) bool {
	for _, f := range m.faults {
		if f.point != point || f.left == 0 || f.about != nil && f.about != about {
			continue
		}
		f.struck++
		if f.left > 0 {
			f.left--
		}
		return true
	}
	return false
}

// open reports an error status to SAP's support (sap-domain §4.4).
func (m *model) openIncident(subject any, slot, step, component string) {
	m.incidents = append(m.incidents, &incident{subject: subject, slot: slot, step: step, component: component, open: true})
}

func (m *model) closeIncident(subject any) {
	for _, i := range m.incidents {
		if i.subject == subject && i.open {
			m.endIncident(i)
		}
	}
}

// endIncident: it is remembered for 30 days.
func (m *model) endIncident(i *incident) {
	i.open = false
	m.schedule(30*24*time.Hour, "incident", i, func() { i.forgotten = true })
}

// resolve is SAP's support (design §4 errors and incidents).
func (m *model) resolve(o op) string {
	var last *incident
	for _, i := range m.incidents {
		if i.slot == o.word(0) {
			last = i
		}
	}
	switch {
	case last == nil || last.forgotten:
		return "incident-not-found"
	case !last.open:
		return "incident-is-resolved"
	}
	m.endIncident(last)
	switch subject := last.subject.(type) {
	case *system:
		m.supportEnds(subject)
	case *formation:
		if subject.state != "GONE" {
			m.tryAgain(subject)
			m.scheduleSync(subject)
			m.settle("synchronize", subject)
			m.settle("delete", subject)
		}
	}
	return ""
}

// supportEnds: a failed registration may be tried again; what could not leave
// has left, without its tenant.
func (m *model) supportEnds(s *system) {
	switch s.status {
	case "error":
		s.failedAt, s.status = "", "pending"
	case "deregisterError":
		m.deregistered(s, nil)
	case "removeError":
		m.erase(s)
	}
}
