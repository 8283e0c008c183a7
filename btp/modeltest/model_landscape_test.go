package modeltest

import (
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// discover: v2 only; a system of the account's customer appears without a status
// (3ce5e05.md).
func (m *model) discover(o op) string {
	slot, kind := o.word(0), o.word(1)
	account, name := splitSlot(slot)
	_, known := types[kind]
	switch {
	case m.v1:
		return "operation-not-in-edition"
	case !m.account(account):
		return "global-account-not-found"
	case strings.HasPrefix(name, "bad:"):
		return "name-invalid"
	case !known:
		return "type-unknown"
	case m.system(slot) != nil || m.kept[slot] != nil:
		return "name-taken"
	}
	s := &system{slot: slot, kind: kind, number: m.next(), status: "pending", auto: true, elsewhere: o.has("elsewhere")}
	m.systems[slot] = s
	m.listed = append(m.listed, s)
	return ""
}

// merge: an auto-discovered system without a status goes into a registered one of the
// same account, type and URL that was added manually (5592d86.md). All tenants have one URL.
func (m *model) merge(o op) string {
	s, target := m.system(o.word(0)), m.system(o.word(1))
	switch {
	case s == nil:
		return "system-not-found"
	case m.v1:
		return "operation-not-in-edition"
	case s.status != "pending":
		return "status-forbids"
	case !s.auto:
		return "system-not-discovered"
	case len(m.formationsOf(s)) > 0 || m.entitled(s) > 0:
		return "system-in-use"
	case target == nil || accountOf(target.slot) != accountOf(s.slot):
		return "system-not-found"
	case target == s || target.kind != s.kind || target.auto || target.status != "registered" || target.tenant == "" || s.elsewhere:
		return "merge-target-invalid"
	}
	m.erase(s)
	return ""
}

func accountOf(slot string) string {
	account, _ := splitSlot(slot)
	return account
}

func (w *world) discover(o op) error {
	account, name := splitSlot(o.word(0))
	d := btp.DiscoveredSystem{GlobalAccount: account, Name: realName(name), Type: label(o.word(1)), Discovery: btp.Discovery{URL: "http://tenant.test/"}}
	if o.has("elsewhere") {
		d.Discovery.URL = "http://elsewhere.test"
	}
	s, err := w.Discover(w.ctx, d)
	if err == nil {
		w.systems[o.word(0)], w.slots[s.ID] = s.ID, o.word(0)
	}
	return err
}

func (w *world) merge(o op) error {
	_, err := w.Merge(w.ctx, w.system(o.word(0)), w.system(o.word(1)))
	return err
}
