package tenant

import (
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// Codes of the states of a row (docs/wire.md, Tenants).
const (
	InProgress   = "inProgress"
	Registered   = "registered"
	Disabled     = "disabled"     // the administrator put it out of use; its connection is kept
	Deregistered = "deregistered" // the registry ended it; there is no connection any more
	Failed       = "failed"
)

// action is what happens to a row: to its pairing, by its administrator, or by
// the registry.
type action string

const (
	succeed    action = "succeed"
	giveUp     action = "giveUp"
	disable    action = "disable"
	enable     action = "enable"
	remove     action = "delete"
	deregister action = "deregister"
)

// gone is no state: the row does not exist any more.
const gone = ""

// lifecycle says which state an action leads to from a state. What does not
// stand here is refused. Deregistering twice is the registry's notice repeated.
var lifecycle = map[string]map[action]string{
	InProgress:   {succeed: Registered, giveUp: Failed},
	Registered:   {disable: Disabled, remove: gone, deregister: Deregistered},
	Disabled:     {enable: Registered, remove: gone, deregister: Deregistered},
	Deregistered: {remove: gone, deregister: Deregistered},
	Failed:       {remove: gone},
}

// allows tells whether the row's state knows the action.
func (r *row) allows(a action) bool {
	_, known := lifecycle[r.Status.Code][a]
	return known
}

// move takes r, whose state allows a, to its next state. The caller holds t.mu.
func (t *Tenant) move(r *row, a action) {
	r.Status, r.settled = t.status(lifecycle[r.Status.Code][a]), nil
}

// forbidden is why r does not allow a, in the words of the product's console;
// nil when it does. The caller holds t.mu.
func (t *Tenant) forbidden(r *row, a action) error {
	if r.allows(a) {
		return nil
	}
	console := t.cfg.Product.Console
	if r.Status.Code == InProgress && a == remove {
		return refuse(pairingInProgress, "the %s %s is being paired and cannot be deleted", console.Row, r.ID)
	}
	var possible []string
	for _, other := range []action{disable, enable, remove} {
		if r.allows(other) {
			possible = append(possible, console.word(other))
		}
	}
	if possible == nil {
		possible = []string{"nothing until its pairing has ended"}
	}
	return refuse(pairingStatusForbids, "the %s %s is %s (%s): %q is not possible; possible is %s",
		console.Row, r.ID, r.Status.Label, r.Status.Code, console.word(a), strings.Join(possible, ", "))
}

// word is what the product's console calls an action of its administrator.
func (c Console) word(a action) string {
	//nolint:exhaustive // the other actions are not the administrator's
	return map[action]string{disable: c.Disable, enable: c.Enable, remove: c.Delete}[a]
}

// disconnect destroys what r needs to call the registry. The caller holds t.mu.
func (r *row) disconnect() {
	r.Connection = nil
	if r.session != nil {
		r.session.Close()
		r.session = nil
	}
	r.settled = nil
}

// session opens the row's session from the stored key when this process has none
// yet. The caller holds t.mu.
func (t *Tenant) session(r *row) (*btpclient.Session, error) {
	if r.session == nil {
		cert, err := r.Connection.tls()
		if err != nil {
			return nil, err
		}
		r.session = t.connector.Authenticated(cert)
	}
	return r.session, nil
}
