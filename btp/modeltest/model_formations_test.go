package modeltest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

type formation struct {
	slot, subaccount string
	state            string // READY, DRAFT, DELETING, DELETE_ERROR, GONE
	members          []*system
	// assignments are the states by source and target; participants are the slots
	// of systems, and runtime:SUBACCOUNT.
	assignments map[[2]string]string
	failedAt    string
}

func (m *model) numberText(slots ...string) string {
	numbers := make([]int, len(slots))
	for i, slot := range slots {
		numbers[i] = m.number(slot)
	}
	return fmt.Sprint(numbers)
}

func (m *model) formation(slot string) *formation {
	if f := m.formations[slot]; f != nil && f.state != "GONE" {
		return f
	}
	return nil
}

func (m *model) formationsOf(s *system) (list []*formation) {
	for _, f := range m.grouped {
		if slices.Contains(f.members, s) {
			list = append(list, f)
		}
	}
	return list
}

func (m *model) entitled(s *system) (n int) {
	for _, e := range m.entitlements {
		if e.of == s && !e.gone {
			n++
		}
	}
	return n
}

// served: the subaccount has a Kyma runtime.
func (m *model) served(f *formation) bool {
	return f.subaccount != "" && slices.Contains(m.subaccounts[f.subaccount].environments, "kyma")
}

// status is sap-domain §8.2 of the aggregate of §8.4.
func (m *model) status(f *formation) string {
	is := func(states ...string) bool {
		for _, state := range f.assignments {
			if slices.Contains(states, state) {
				return true
			}
		}
		return false
	}
	switch {
	case f.state == "DRAFT":
		return "draft"
	case f.state == "DELETE_ERROR", f.state == "READY" && is("CREATE_ERROR", "DELETE_ERROR"):
		return "error"
	case f.state == "DELETING", is("INITIAL", "CONFIG_PENDING", "DELETING"):
		return "synchronizing"
	case !m.served(f):
		return "actionRequired"
	}
	return "ready"
}

// offered is what an operator may do with a formation now: at any time in v1
// (68b04fa.md@v1), by status in v2 (sap-domain §8.2). One that is on its way out
// takes and gives nobody (pairing-protocols §6.7).
func (m *model) offered(f *formation) (list []string) {
	leaving := f.state == "DELETING" || f.state == "DELETE_ERROR"
	if !leaving {
		list = append(list, "include", "exclude")
	}
	if m.v1 {
		if !leaving {
			list = append(list, "changeSubaccount")
		}
		if f.state != "DELETING" {
			list = append(list, "delete")
		}
		return list
	}
	switch m.status(f) {
	case "draft":
		list = append(list, "finalize", "delete")
	case "actionRequired":
		list = append(list, "delete")
	case "ready":
		list = append(list, "resetAndResynchronize", "delete")
	case "error":
		list = append(list, "resynchronize", "delete")
	}
	return list
}

// change is what all changes of a formation have in common.
func (m *model) change(o op, action string, change func(*formation) string) string {
	f := m.formation(o.word(0))
	if f == nil {
		return "formation-not-found"
	}
	onlyIn := map[string]bool{"changeSubaccount": true, "finalize": false, "resynchronize": false, "resetAndResynchronize": false}
	if inV1, special := onlyIn[action]; special && inV1 != m.v1 {
		return "operation-not-in-edition"
	}
	if !slices.Contains(m.offered(f), action) {
		return "formation-status-forbids"
	}
	if code := change(f); code != "" {
		return code
	}
	m.scheduleSync(f)
	m.settle("synchronize", f)
	m.settle("delete", f)
	return ""
}

// createFormation: 68b04fa.md@v1, 68b04fa.md.
func (m *model) createFormation(o op) string {
	slot, sub, systems := o.word(0), o.word(1), o.plain()[2:]
	draft := slices.Contains(systems, "draft")
	systems = slices.DeleteFunc(systems, func(s string) bool { return s == "draft" })
	account, _ := splitSlot(slot)
	if !m.account(account) {
		return "global-account-not-found"
	}
	request := fmt.Sprint(slot, o.option("type"), sub, m.numberText(systems...), draft)
	made, again, code := m.once("formation", o.option("key"), request, func() (replay, string) {
		f, code := m.newFormation(slot, o.option("type"), sub, systems, draft)
		return replay{formation: f}, code
	})
	switch {
	case code != "":
		return code
	case again && made.formation.state == "GONE":
		return "formation-not-found"
	case !again:
		m.settle("synchronize", made.formation)
	}
	return ""
}

func (m *model) newFormation(slot, kind, sub string, systems []string, draft bool) (*formation, string) {
	account, name := splitSlot(slot)
	switch {
	case strings.HasPrefix(name, "bad:"),
		m.v1 && strings.ContainsFunc(name, func(r rune) bool { return r == '_' || r >= 'A' && r <= 'Z' }),
		!m.v1 && strings.Contains(name, "."):
		return nil, "name-invalid"
	case kind == "joule" || kind == "none" && !m.v1:
		return nil, "formation-type-unknown"
	case m.formation(slot) != nil:
		return nil, "name-taken"
	case draft && m.v1:
		return nil, "operation-not-in-edition"
	}
	f := &formation{slot: slot, state: "READY", assignments: map[[2]string]string{}}
	if sub != "-" || m.v1 {
		if code := m.mayServe(account, sub); code != "" {
			return nil, code
		}
		f.subaccount = sub
	}
	if draft || len(systems) == 0 && !m.v1 {
		f.state = "DRAFT"
	}
	m.joinRuntime(f)
	for i, one := range systems {
		if slices.Contains(systems[:i], one) {
			return nil, "invalid-request"
		}
		s, code := m.mayJoin(f, one)
		if code != "" {
			return nil, code
		}
		f.members = append(f.members, s)
		f.join(one)
	}
	m.formations[slot] = f
	m.grouped = append(m.grouped, f)
	m.scheduleSync(f)
	return f, ""
}

// mayServe: v1 wants an environment first; v2 shows Action Required instead.
func (m *model) mayServe(account, sub string) string {
	s := m.subaccounts[sub]
	switch {
	case sub == "-":
		return "invalid-request"
	case s == nil || s.account != account:
		return "subaccount-not-found"
	case !s.landscape:
		return "region-unavailable"
	case m.v1 && len(s.environments) == 0:
		return "subaccount-without-environment"
	}
	return ""
}

// mayJoin: registered systems, and CX systems before their pairing (SEED-000).
func (m *model) mayJoin(f *formation, slot string) (*system, string) {
	s := m.system(slot)
	ours, _ := splitSlot(f.slot)
	theirs, _ := splitSlot(slot)
	switch {
	case s == nil || ours != theirs:
		return nil, "system-not-found"
	case s.status == "registered", s.status == "pending" && s.kind != marketing:
		return s, ""
	}
	return nil, "system-not-registered"
}

func leaves(state string) bool { return state == "DELETING" || state == "DELETE_ERROR" }

// join: n participants have n² assignments; one that is called back joins those
// who stay (pairing-protocols §6.8).
func (f *formation) join(p string) {
	set := func(source, target string) {
		pair := [2]string{source, target}
		if state, there := f.assignments[pair]; !there || leaves(state) {
			f.assignments[pair] = "INITIAL"
		}
	}
	for pair, state := range maps.Clone(f.assignments) {
		if pair[0] == pair[1] && pair[0] != p && !leaves(state) {
			set(p, pair[0])
			set(pair[0], p)
		}
	}
	set(p, p)
}

// part: what a draft had is dropped silently (pairing-protocols §6.8).
func (f *formation) part(p string) {
	for pair := range f.assignments {
		switch {
		case pair[0] != p && pair[1] != p:
		case f.state == "DRAFT":
			delete(f.assignments, pair)
		default:
			f.assignments[pair] = "DELETING"
		}
	}
}

// joinRuntime: the runtime of the subaccount takes part while it is there (sap-domain §8.4).
func (m *model) joinRuntime(f *formation) {
	wanted := "runtime:" + f.subaccount
	for pair, state := range maps.Clone(f.assignments) {
		if pair[0] == pair[1] && strings.HasPrefix(pair[0], "runtime:") && !leaves(state) && (!m.served(f) || pair[0] != wanted) {
			f.part(pair[0])
		}
	}
	if m.served(f) {
		f.join(wanted)
	}
}

func (m *model) scheduleSync(f *formation) {
	waiting := false
	for _, state := range f.assignments {
		waiting = waiting || state == "INITIAL" || state == "DELETING"
	}
	m.mend(f)
	if f.state == "READY" && waiting {
		m.begin("synchronizing", "synchronize", f, func() { m.synchronize(f) })
	}
}

func (m *model) synchronize(f *formation) {
	if f.state != "READY" {
		return
	}
	failure := m.strikes("formation.synchronize", f)
	failed := false
	for pair, state := range maps.Clone(f.assignments) {
		switch {
		case state == "INITIAL" && failure:
			f.assignments[pair], failed = "CREATE_ERROR", true
		case state == "DELETING" && failure:
			f.assignments[pair], failed = "DELETE_ERROR", true
		case state == "INITIAL":
			f.assignments[pair] = "READY"
		case state == "DELETING":
			delete(f.assignments, pair)
		}
	}
	if failed {
		m.formationFails(f, "formation.synchronize")
	}
	f.letGo()
	m.mend(f)
}

// letGo: a system has left when its last assignment is gone (pairing-protocols §6.8).
func (f *formation) letGo() {
	f.members = slices.DeleteFunc(f.members, func(s *system) bool {
		for pair := range f.assignments {
			if pair[0] == s.slot || pair[1] == s.slot {
				return false
			}
		}
		return true
	})
}

// formationFails: v1 shows no status, so there is nothing to report.
func (m *model) formationFails(f *formation, step string) {
	if !m.v1 {
		m.closeIncident(f)
		m.openIncident(f, f.slot, step, "BC-CP-MP")
	}
}

// whereFailed is the step that put f into its error, as its open incident has it.
func (m *model) whereFailed(f *formation) string {
	if f.failedAt != "" {
		return f.failedAt
	}
	for _, i := range m.incidents {
		if i.subject == f && i.open {
			return i.step
		}
	}
	return ""
}

// mend: an incident ends with its error.
func (m *model) mend(f *formation) {
	if m.status(f) != "error" {
		m.closeIncident(f)
	}
}

func (m *model) include(o op) string {
	return m.change(o, "include", func(f *formation) string {
		s, code := m.mayJoin(f, o.word(1))
		if code != "" {
			return code
		}
		if !slices.Contains(f.members, s) {
			f.members = append(f.members, s)
		}
		f.join(s.slot)
		return ""
	})
}

func (m *model) exclude(o op) string {
	return m.change(o, "exclude", func(f *formation) string {
		s := m.system(o.word(1))
		if s == nil || !slices.Contains(f.members, s) {
			return "system-not-in-formation"
		}
		f.part(s.slot)
		f.letGo()
		return ""
	})
}

func (m *model) changeSubaccount(o op) string {
	return m.change(o, "changeSubaccount", func(f *formation) string {
		sub := o.word(1)
		f2, account := "", ""
		if sub != "-" {
			account, _ = splitSlot(f.slot)
			if code := m.mayServe(account, sub); code != "" {
				return code
			}
			f2 = sub
		}
		f.subaccount = f2
		m.joinRuntime(f)
		return ""
	})
}

func (m *model) finalize(o op) string {
	return m.change(o, "finalize", func(f *formation) string {
		if len(f.members) == 0 {
			return "formation-incomplete"
		}
		f.state = "READY"
		return ""
	})
}

func (m *model) resynchronize(o op) string {
	return m.change(o, "resynchronize", func(f *formation) string {
		m.tryAgain(f)
		m.closeIncident(f)
		return ""
	})
}

// tryAgain: INITIAL, DELETING and the two errors, not CONFIG_PENDING (pairing-protocols §6.8).
func (m *model) tryAgain(f *formation) {
	if f.state == "DELETE_ERROR" {
		m.requestDeletion(f)
		return
	}
	for pair, state := range f.assignments {
		switch state {
		case "CREATE_ERROR":
			f.assignments[pair] = "INITIAL"
		case "DELETE_ERROR":
			f.assignments[pair] = "DELETING"
		}
	}
}

func (m *model) reset(o op) string {
	return m.change(o, "resetAndResynchronize", func(f *formation) string {
		for pair := range f.assignments {
			f.assignments[pair] = "INITIAL"
		}
		return ""
	})
}

// deleteFormation: v1 wants it empty; v2 empties it (68b04fa.md@v1, 68b04fa.md).
func (m *model) deleteFormation(o op) string {
	return m.change(o, "delete", func(f *formation) string {
		if m.v1 && (len(f.members) > 0 || f.subaccount != "") {
			return "formation-not-empty"
		}
		m.requestDeletion(f)
		return ""
	})
}

func (m *model) requestDeletion(f *formation) {
	f.state, f.failedAt = "DELETING", ""
	m.closeIncident(f)
	m.cancel("synchronize", f)
	m.begin("synchronizing", "delete", f, func() {
		if m.strikes("formation.deletion", f) {
			f.state, f.failedAt = "DELETE_ERROR", "formation.deletion"
			m.formationFails(f, "formation.deletion")
			return
		}
		f.state, f.members = "GONE", nil
		m.closeIncident(f)
		m.grouped = slices.DeleteFunc(m.grouped, func(one *formation) bool { return one == f })
	})
}

// report is a participant that says how it stands with an assignment.
func (m *model) report(o op) string {
	f := m.formation(o.word(0))
	if f == nil {
		return "formation-not-found"
	}
	pair, says := [2]string{o.word(1), o.word(2)}, o.word(3)
	state, there := f.assignments[pair]
	creating := slices.Contains([]string{"READY", "CONFIG_PENDING", "CREATE_ERROR"}, says)
	switch {
	case !there:
		return "assignment-not-found"
	case f.state != "READY":
		return "formation-status-forbids"
	case leaves(state) && says != "DELETE_ERROR", !leaves(state) && !creating:
		return "invalid-request"
	}
	f.assignments[pair] = says
	if strings.HasSuffix(says, "_ERROR") {
		m.formationFails(f, "formation.report")
	}
	m.mend(f)
	return ""
}

// entitle: a registered system and a plan for a subaccount (65ad330.md).
func (m *model) entitle(o op) string {
	sub, slot, plan := m.subaccounts[o.word(0)], o.word(1), o.word(2)
	if sub == nil {
		return "subaccount-not-found"
	}
	made, again, code := m.once("entitlement", o.option("key"), fmt.Sprint(o.word(0), m.numberText(slot), plan), func() (replay, string) {
		s := m.system(slot)
		account, _ := splitSlot(slot)
		switch {
		case plan != "api-access" && plan != "messaging":
			return replay{}, "plan-unknown"
		case !sub.landscape:
			return replay{}, "region-unavailable"
		case len(sub.environments) == 0:
			return replay{}, "subaccount-without-environment"
		case s == nil || account != sub.account:
			return replay{}, "system-not-found"
		case s.status != "registered":
			return replay{}, "system-not-registered"
		case m.entitlement(o) != nil:
			return replay{}, "entitlement-exists"
		}
		e := &entitlement{subaccount: o.word(0), plan: plan, of: s}
		m.entitlements = append(m.entitlements, e)
		return replay{entitlement: e}, ""
	})
	if code == "" && again && made.entitlement.gone {
		return "entitlement-not-found"
	}
	return code
}

// entitlement is the one of a subaccount, a system's name and a plan.
func (m *model) entitlement(o op) *entitlement {
	for _, e := range m.entitlements {
		if !e.gone && e.subaccount == o.word(0) && e.of.slot == o.word(1) && e.plan == o.word(2) {
			return e
		}
	}
	return nil
}

func (m *model) unentitle(o op) string {
	if m.subaccounts[o.word(0)] == nil {
		return "subaccount-not-found"
	}
	e := m.entitlement(o)
	if e == nil {
		return "entitlement-not-found"
	}
	e.gone = true
	return ""
}

// environments enables and disables; the runtime joins and leaves with Kyma.
func (m *model) environments(o op) string {
	sub := m.subaccounts[o.word(0)]
	if sub == nil {
		return "subaccount-not-found"
	}
	wanted := o.plain()[1:]
	for i, e := range wanted {
		if e != "kyma" && e != "cloudFoundry" || slices.Contains(wanted[:i], e) {
			return "invalid-request"
		}
	}
	sub.environments = wanted
	for _, f := range m.grouped {
		if f.subaccount == o.word(0) && f.state != "DELETING" && f.state != "DELETE_ERROR" {
			m.joinRuntime(f)
			m.scheduleSync(f)
		}
	}
	for _, f := range slices.Clone(m.grouped) {
		if f.subaccount == o.word(0) {
			m.settle("synchronize", f)
		}
	}
	return ""
}
