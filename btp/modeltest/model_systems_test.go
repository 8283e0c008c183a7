package modeltest

import (
	"slices"
	"strings"
	"time"
)

const (
	marketing = "marketing"
	day       = 24 * time.Hour
)

// types are sap-domain §3 and §4.4, as far as it is simulated.
var types = map[string]struct {
	label, component string
	validity         time.Duration
}{
	"commerce": {"SAP Commerce Cloud", "BC-CP-MP", 10 * time.Minute},
	"fsm":      {"SAP Field Service Management", "BC-CP-MP", 10 * time.Minute},
	"c4c":      {"SAP Cloud for Customer", "BC-CP-MP", 10 * time.Minute},
	marketing:  {"SAP Marketing Cloud", "BC-NEO-EXT-S4C", 7 * day},
}

// register is SEED-000 step 3; v2 makes a token with Get Token only.
func (m *model) register(o op) string {
	slot, kind := o.word(0), o.word(1)
	account, name := splitSlot(slot)
	if !m.account(account) {
		return "global-account-not-found"
	}
	made, again, code := m.once("register", o.option("key"), slot+" "+kind, func() (replay, string) {
		_, known := types[kind]
		switch {
		case strings.HasPrefix(name, "bad:"):
			return replay{}, "name-invalid"
		case !known:
			return replay{}, "type-unknown"
		case m.system(slot) != nil || m.kept[slot] != nil:
			return replay{}, "name-taken"
		}
		s := &system{slot: slot, kind: kind, number: m.next(), status: "pending"}
		m.systems[slot] = s
		m.listed = append(m.listed, s)
		r := replay{system: s}
		if m.v1 {
			r.token, _ = m.issue(s)
		}
		return r, ""
	})
	switch {
	case code != "":
		return code
	case again && made.system.status == "gone":
		return "system-not-found"
	case made.token != nil && made.token.dropped:
		return "token-unknown"
	}
	return ""
}

// token is Display token of a CX system, and Get Token.
func (m *model) token(o op) string {
	s := m.system(o.word(0))
	if s == nil {
		return "system-not-found"
	}
	made, _, code := m.once("token", o.option("key"), m.numberText(o.word(0)), func() (replay, string) {
		t, code := m.issue(s)
		return replay{token: t}, code
	})
	if code == "" && made.token.dropped {
		return "token-unknown"
	}
	return code
}

// issue: Pending of both editions; after Error only Marketing Cloud of v1
// (sap-domain §4.1, §4.2). One live token (design §4).
func (m *model) issue(s *system) (*token, string) {
	if !m.mayHaveToken(s) {
		return nil, "status-forbids"
	}
	m.closeIncident(s)
	s.status, s.failedAt = "pending", ""
	m.void(s)
	m.closeAttempt(s)
	t := &token{of: s, state: "live", expires: m.now.Add(types[s.kind].validity)}
	s.tokens = append(s.tokens, t)
	m.tokens[s.slot] = append(m.tokens[s.slot], t)
	m.schedule(types[s.kind].validity, "token", t, func() { m.runsOut(t) })
	return t, ""
}

func (m *model) mayHaveToken(s *system) bool {
	return s.status == "pending" || s.status == "error" && m.v1 && s.kind == marketing
}

// runsOut: an expired token leaves its system as it was (SEED-000); one that
// another has replaced is forgotten.
func (m *model) runsOut(t *token) {
	latest, _ := pick(t.of.tokens, "newest")
	switch {
	case t.dropped:
	case t != latest:
		t.of.drop(t)
	case t.state == "live":
		t.state = "expired"
	}
}

func (s *system) drop(t *token) {
	t.dropped = true
	s.tokens = slices.DeleteFunc(s.tokens, func(one *token) bool { return one == t })
}

// void ends the present token.
func (m *model) void(s *system) {
	t, ok := pick(s.tokens, "newest")
	switch {
	case !ok:
	case !m.now.Before(t.expires):
		m.cancel("token", t)
		s.drop(t)
	default:
		if t.state == "live" {
			t.state = "void"
		}
		m.schedule(t.expires.Sub(m.now), "token", t, func() { m.runsOut(t) })
	}
}

// refusal says why a token that is on record is not accepted.
func (m *model) refusal(t *token) string {
	switch {
	case t.state == "used":
		return "token-used"
	case t.state == "void":
		return "token-void"
	case !m.now.Before(t.expires):
		return "token-expired"
	}
	return ""
}

// show: 7-day tokens are shown again, those of CX types never (SEED-000 step 6).
func (m *model) show(o op) string {
	s := m.system(o.word(0))
	switch {
	case s == nil:
		return "system-not-found"
	case s.kind != marketing:
		return "token-shown-once"
	case !m.mayHaveToken(s):
		return "status-forbids"
	}
	t, ok := pick(s.tokens, "newest")
	if !ok {
		return "token-not-issued"
	}
	return m.refusal(t)
}

// open is a tenant that presents a token (SEED-000 step 8).
func (m *model) open(o op) string {
	slot, which := o.word(0), o.word(1)
	if which == "garbage" {
		return "token-malformed"
	}
	t, ok := pick(m.tokens[slot], which)
	if !ok {
		return "token-missing"
	}
	tenant := o.option("tenant")
	switch {
	case !m.now.Before(t.expires):
		return "token-expired"
	case t.dropped:
		return "token-unknown"
	case o.option("type") != "" && o.option("type") != t.of.kind:
		return "token-wrong-type"
	}
	if code := m.refusal(t); code != "" {
		return code
	}
	if !t.of.takes(tenant) {
		return "tenant-mismatch"
	}
	t.state = "used"
	m.cancel("token", t)
	a := &attempt{of: t.of, tenant: tenant}
	t.of.attempt = a
	m.followUps[slot] = append(m.followUps[slot], a)
	m.schedule(10*time.Minute, "attempt", t.of, func() { m.closeAttempt(t.of) })
	return ""
}

// takes: after a deregistration the same tenant only (0c6f498.md).
func (s *system) takes(tenant string) bool {
	return s.former == "" || tenant == "" || tenant == s.former
}

// closeAttempt: what a pairing was given ends with it (ADR 10).
func (m *model) closeAttempt(s *system) {
	if s.attempt == nil {
		return
	}
	if s.attempt.certificate {
		revokeAll(s)
	}
	m.dropAttempt(s)
}

func (m *model) dropAttempt(s *system) {
	if s.attempt != nil {
		s.attempt.over = true
		s.attempt = nil
	}
	m.cancel("attempt", s)
}

func revokeAll(s *system) {
	for _, c := range s.certificates {
		c.revoked = true
	}
}

// csr is a certificate request; the fifth that is refused fails the pairing.
func (m *model) csr(o op) string {
	a, ok := pick(m.followUps[o.word(0)], o.word(1))
	switch {
	case !ok:
		return "token-missing"
	case a.over || a.spent:
		return "follow-up-token-invalid"
	}
	if code := badRequests[o.word(2)]; code != "" {
		if a.rejected++; a.rejected == 5 {
			m.fail(a.of, "pairing.csr")
		}
		return code
	}
	a.spent, a.certificate = true, true
	m.give(a.of)
	return ""
}

// badRequests are certificate requests that are refused.
var badRequests = map[string]string{"subject": "csr-subject-invalid", "garbage": "csr-malformed"}

// give: a certificate is valid for 90 days, through its last second.
func (m *model) give(s *system) {
	c := &certificate{of: s, notAfter: m.now.Add(90 * day)}
	s.certificates = append(s.certificates, c)
	m.certs[s.slot] = append(m.certs[s.slot], c)
	m.schedule(90*day+time.Second, "certificate", c, func() {
		s.certificates = slices.DeleteFunc(s.certificates, func(one *certificate) bool { return one == c })
	})
}

// caller is who has a certificate.
func (m *model) caller(o op) (*certificate, string) {
	if m.strikes("certificate.authenticate", nil) {
		return nil, "fault-injected"
	}
	c, ok := pick(m.certs[o.word(0)], o.word(1))
	switch {
	case !ok:
		return nil, "certificate-missing"
	case m.now.After(c.notAfter):
		return nil, "certificate-expired"
	case c.unknown:
		return nil, "certificate-unknown"
	case c.revoked:
		return nil, "certificate-revoked"
	}
	return c, ""
}

// use is caller of a call that uses the pairing: the first one completes it,
// unless the tenant has announced a descriptor (design §4 Registered).
func (m *model) use(o op) (*certificate, string) {
	c, code := m.caller(o)
	if code == "" && c.of.attempt != nil && c.of.attempt.certificate && c.of.attempt.tenant == "" {
		if m.strikes("pairing.first-call", nil) {
			return c, "fault-injected"
		}
		m.complete(c.of)
	}
	return c, code
}

// useAt is use for a request that has a point of its own.
func (m *model) useAt(point string, o op) (*certificate, string) {
	c, code := m.use(o)
	if code == "" && m.strikes(point, nil) {
		code = "fault-injected"
	}
	return c, code
}

func (m *model) complete(s *system) {
	s.status, s.registered, s.failedAt = "registered", m.now, ""
	s.extensionDeleted = false
	m.dropAttempt(s)
}

func (m *model) call(o op) string {
	_, code := m.use(o)
	return code
}

// publish is a tenant that registers a service.
func (m *model) publish(o op) string {
	c, code := m.use(o)
	switch {
	case code != "":
		return code
	case m.strikes("services.create", c.of):
		return "fault-injected"
	}
	c.of.services++
	return ""
}

// descriptor completes a pairing, sent last (design §4). A system that was
// deregistered is registered again by the tenant that describes itself.
func (m *model) descriptor(o op) string {
	c, code := m.useAt("pairing.descriptor", o)
	if code != "" {
		return code
	}
	s, tenant := c.of, o.word(2)
	if !s.takes(tenant) {
		return "tenant-mismatch"
	}
	s.tenant, s.former, s.callback = tenant, "", !o.has("silent")
	if s.attempt != nil {
		m.complete(s)
	}
	return ""
}

// failure is a tenant that gives up, by follow-up token or certificate.
func (m *model) failure(o op) string {
	if o.has("certificate") {
		c, code := m.caller(o)
		if code == "" && m.strikes("pairing.failure-report", nil) {
			return "fault-injected"
		}
		if code == "" && c.of.attempt != nil {
			m.fail(c.of, "pairing.failure-report")
		}
		return code
	}
	a, ok := pick(m.followUps[o.word(0)], o.word(1))
	if !ok || a.over || a.spent {
		return "follow-up-token-invalid"
	}
	m.fail(a.of, "pairing.failure-report")
	return ""
}

func (m *model) fail(s *system, step string) {
	m.closeAttempt(s)
	m.void(s)
	m.breaks(s, "error", step)
}

// breaks: every error status opens an incident (sap-domain §4.4).
func (m *model) breaks(s *system, status, step string) {
	s.status, s.failedAt = status, step
	m.openIncident(s, s.slot, step, types[s.kind].component)
}

// renew: what the client has revoked is not renewed (pairing-protocols §1.7).
func (m *model) renew(o op) string {
	c, code := m.useAt("certificate.renew", o)
	switch {
	case code != "":
		return code
	case c.blocked:
		return "certificate-revoked"
	case badRequests[o.word(2)] != "":
		return badRequests[o.word(2)]
	}
	m.give(c.of)
	return ""
}

func (m *model) revoke(o op) string {
	c, code := m.useAt("certificate.revoke", o)
	if code == "" {
		c.blocked = true
	}
	return code
}

// deleteExtension is a tenant that deletes its side, by certificate or, after a
// deregistration, with the token that it was told (e9d975a.md@v1).
func (m *model) deleteExtension(o op) string {
	if o.has("release") {
		if m.strikes("tenant.extension-deleted", nil) {
			return "fault-injected"
		}
		slot := o.word(0)
		r, ok := pick(m.releases[slot], "newest")
		if !ok || m.kept[slot] != r {
			return "release-token-invalid"
		}
		delete(m.kept, slot)
		return ""
	}
	c, code := m.caller(o)
	if code != "" {
		return code
	}
	if m.strikes("tenant.extension-deleted", nil) {
		return "fault-injected"
	}
	m.closeAttempt(c.of)
	c.of.extensionDeleted = true
	revokeAll(c.of)
	return ""
}

// deregister: sap-domain §4.1 and §4.2, and the two blockers.
func (m *model) deregister(o op) string {
	s := m.system(o.word(0))
	if s == nil {
		return "system-not-found"
	}
	allowed := []string{"registered", "deregisterError"}
	if m.v1 {
		allowed = []string{"pending", "registered"}
	}
	if code := m.leave(s, allowed, "deregistering"); code != "" {
		return code
	}
	m.begin("deregistering", "deregister", s, func() { m.endDeregistration(s) })
	m.settle("deregister", s)
	return ""
}

// remove: v2 only, before a registration or after a deregistration (3ce5e05.md).
func (m *model) remove(o op) string {
	s := m.system(o.word(0))
	switch {
	case s == nil:
		return "system-not-found"
	case m.v1:
		return "operation-not-in-edition"
	}
	allowed := []string{"pending", "error", "removeError"}
	if s.auto && slices.Contains(allowed, s.status) {
		return "system-auto-discovered" // 3ce5e05.md: manually added ones are removed
	}
	if code := m.leave(s, allowed, "removing"); code != "" {
		return code
	}
	m.begin("removing", "remove", s, func() {
		if m.strikes("removal.complete", s) {
			m.breaks(s, "removeError", "removal.complete")
			return
		}
		m.erase(s)
	})
	m.settle("remove", s)
	return ""
}

func (m *model) leave(s *system, allowed []string, status string) string {
	switch {
	case !slices.Contains(allowed, s.status):
		return "status-forbids"
	case len(m.formationsOf(s)) > 0 || m.entitled(s) > 0:
		return "system-in-use"
	}
	m.void(s)
	m.closeAttempt(s)
	m.closeIncident(s)
	s.status, s.failedAt = status, ""
	return ""
}

// endDeregistration: tell the tenant, then revoke and leave (design §4
// deregistering); each of the two can fail.
func (m *model) endDeregistration(s *system) {
	var r *release
	if s.tenant != "" && s.callback && !s.extensionDeleted {
		if r = m.tell(s); r == nil {
			m.breaks(s, "deregisterError", "deregistration.tell-tenant")
			return
		}
	}
	if m.strikes("deregistration.complete", s) {
		m.breaks(s, "deregisterError", "deregistration.complete")
		return
	}
	m.deregistered(s, r)
}

// tell answers with what the tenant was told, nil if it could not be told.
func (m *model) tell(s *system) *release {
	if m.strikes("deregistration.tell-tenant", s) {
		return nil
	}
	r := &release{m.next()}
	m.releases[s.slot] = append(m.releases[s.slot], r)
	m.told = append(m.told, s.slot)
	if m.answer != "ok" {
		return nil
	}
	return r
}

// deregistered: in v1 the row is gone, in v2 it has its empty status again. A
// tenant that was told keeps the name of a Marketing Cloud system in v1.
func (m *model) deregistered(s *system, r *release) {
	if r != nil && m.v1 && s.kind == marketing {
		m.kept[s.slot] = r
	}
	revokeAll(s)
	if m.v1 {
		m.erase(s)
		return
	}
	if s.tenant != "" {
		s.former = s.tenant
	}
	s.status, s.failedAt, s.registered = "pending", "", time.Time{}
	s.tenant, s.callback, s.extensionDeleted = "", false, false
}

// erase: nothing of a row that is gone is good any more.
func (m *model) erase(s *system) {
	s.status = "gone"
	for _, t := range slices.Clone(s.tokens) {
		s.drop(t)
		m.cancel("token", t)
	}
	for _, c := range s.certificates {
		c.unknown = true
		m.cancel("certificate", c)
	}
	m.dropAttempt(s)
	m.cancel("deregister", s)
	m.cancel("remove", s)
	m.closeIncident(s)
	m.listed = slices.DeleteFunc(m.listed, func(one *system) bool { return one == s })
}
