package tenant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// communication is what a tenant keeps of its Communication Management. It holds
// secrets. It is changed by amend only, and what it holds is never changed in place.
type communication struct {
	Custom       []Scenario       `json:"custom,omitempty"`
	Enabled      map[string]bool  `json:"enabled,omitempty"` // where an administrator or a seed said so
	Users        []string         `json:"users,omitempty"`   // business users, by e-mail; none: all that are presented
	LastID       int              `json:"lastId,omitempty"`
	Arrangements []arrangement    `json:"arrangements,omitempty"` // oldest first
	Pending      []delivery       `json:"pending,omitempty"`      // what is to be sent, oldest first
	LastDelivery int              `json:"lastDelivery,omitempty"`
	Log          []LogEntry       `json:"log,omitempty"` // oldest first
	Assertions   map[string]int64 `json:"assertions,omitempty"`
}

// arrangement is a communication arrangement with its system and user.
type arrangement struct {
	ID        string            `json:"id"`
	Instance  string            `json:"instance"` // the service instance that it was made for
	Wanted    wantedArrangement `json:"wanted"`   // as the registry sent it
	User      string            `json:"user,omitempty"`
	Password  string            `json:"password,omitempty"` // SHA-256, hexadecimal
	Topics    []string          `json:"topics,omitempty"`
	CreatedAt time.Time         `json:"createdAt"`
}

func (a *arrangement) scenarioID() string { return a.Wanted.Arrangement.ScenarioID }

func (a *arrangement) inbound() Authentication { return a.Wanted.Arrangement.Inbound }

// amend changes the tenant's communication in one step, which is kept; when change
// refuses or it cannot be kept, nothing has changed. change works on a copy, and
// reads t while it holds t.mu.
func (t *Tenant) amend(ctx context.Context, change func(*communication) error) error {
	t.amending.Lock()
	defer t.amending.Unlock()
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return refuse(tenantClosed, "tenant %s is being stopped", t.cfg.ID)
	}
	if t.paused {
		t.mu.Unlock()
		return refuse(tenantBusy, "tenant %s is being restored", t.cfg.ID)
	}
	before, epoch := t.state.Communication, t.epoch
	next := before
	if err := change(&next); err != nil {
		t.mu.Unlock()
		return err
	}
	t.state.Communication = next
	t.mu.Unlock()
	err := t.save(ctx)
	if err != nil {
		t.mu.Lock()
		if t.epoch == epoch {
			t.state.Communication = before
		}
		t.mu.Unlock()
	}
	return err
}

// arrangementBy finds an arrangement that is wanted. The caller holds t.mu.
func (t *Tenant) arrangementBy(wanted func(*arrangement) bool) *arrangement {
	return t.state.Communication.by(wanted)
}

func (c *communication) by(wanted func(*arrangement) bool) *arrangement {
	for i := range c.Arrangements {
		if wanted(&c.Arrangements[i]) {
			return &c.Arrangements[i]
		}
	}
	return nil
}

// working tells whether a is in use: its pairing is registered. A disabled
// extension rests, with its arrangements. The caller holds t.mu.
func (t *Tenant) working(a *arrangement) bool {
	return t.connectedTo(a.Wanted.SystemID) != nil
}

// connectedTo is the newest registered row of a system. The caller holds t.mu.
func (t *Tenant) connectedTo(system string) *row {
	return t.newest(func(r *row) bool { return r.Status.Code == Registered && r.Connection != nil && r.SystemID == system })
}

// endArrangements drops the arrangements whose system has no connection any more,
// registered or disabled: they end with the pairing. The caller holds t.mu, and saves.
func (t *Tenant) endArrangements() {
	c := t.state.Communication
	lost := func(a arrangement) bool {
		return t.newest(func(r *row) bool { return r.Connection != nil && r.Ended() && r.SystemID == a.Wanted.SystemID }) == nil
	}
	if !slices.ContainsFunc(c.Arrangements, lost) {
		return
	}
	for _, a := range c.Arrangements {
		if lost(a) {
			c.Pending = withoutArrangement(c.Pending, a.ID)
		}
	}
	c.Arrangements = slices.DeleteFunc(slices.Clone(c.Arrangements), lost)
	t.state.Communication = c
}

func withoutArrangement(pending []delivery, id string) []delivery {
	return slices.DeleteFunc(slices.Clone(pending), func(d delivery) bool { return d.Arrangement == id })
}

// password makes one, and what is kept of it.
func password() (text, digest string) {
	text = rand.Text()
	return text, digestOf(text)
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// put sends the descriptor, and remembers when the registry will wake t for it.
func (t *Tenant) put(ctx context.Context, session *btpclient.Session, metadataURL string, c *connection) error {
	d := t.descriptor(c)
	err := session.PutTenant(ctx, metadataURL, d)
	t.mu.Lock()
	t.told = nil
	if err == nil {
		t.told = &d.WakeAt
	}
	t.mu.Unlock()
	return err
}

// describeAgain sends the descriptor of the connection again where the registry does
// not know when to wake t next, or in any case.
func (t *Tenant) describeAgain(ctx context.Context, always bool) error {
	t.describing.Lock()
	defer t.describing.Unlock()
	t.mu.Lock()
	r := t.connected()
	if r == nil || t.closed || t.paused {
		t.mu.Unlock()
		return nil
	}
	next, c := t.nextWake(r.Connection), r.Connection
	if !always && t.told != nil && t.told.Equal(next) {
		t.mu.Unlock()
		return nil
	}
	session, err := t.session(r)
	t.mu.Unlock()
	if err != nil {
		return err
	}
	return t.put(ctx, session.Traced(t.readClock), t.here(c.URLs.MetadataURL), c)
}

// nextWake is when t has something to do by itself; zero: never. The caller holds t.mu.
func (t *Tenant) nextWake(c *connection) time.Time {
	var next time.Time
	if t.cfg.RenewsItself {
		next = c.renewal()
	}
	for _, d := range t.state.Communication.Pending {
		if d.NotBefore.IsZero() || !next.IsZero() && !d.NotBefore.Before(next) {
			continue
		}
		if a := t.arrangementBy(func(a *arrangement) bool { return a.ID == d.Arrangement }); a != nil && t.working(a) {
			next = d.NotBefore
		}
	}
	return next
}

// compact is the stored form of c, nothing for nothing.
func (c communication) compact() (json.RawMessage, error) {
	text, err := json.Marshal(c)
	if string(text) == "{}" {
		return nil, err
	}
	return text, err
}

// emailAddress tells whether text can be the address of a business user.
func emailAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && domain != "" && len(text) <= 254 && !strings.ContainsAny(text, " \t\r\n<>\"\\,;\x00") && !strings.Contains(domain, "@")
}

const maxUsers = 1000

// CheckUsers tells what is wrong with a list of business users.
func CheckUsers(users []string) error {
	if len(users) > maxUsers {
		return fmt.Errorf("a tenant has at most %d business users", maxUsers)
	}
	for i, u := range users {
		if !emailAddress(u) {
			return fmt.Errorf("items[%d]: is no e-mail address", i)
		}
	}
	return nil
}

// Declared is what a seed file says of a tenant's Communication Management: how it
// is at the first start and after a reset.
type Declared struct {
	Scenarios []Scenario `json:"communicationScenarios,omitempty"` // custom ones
	Enabled   []string   `json:"enabledScenarios,omitempty"`
	Disabled  []string   `json:"disabledScenarios,omitempty"`
	Users     []string   `json:"users,omitempty"` // business users
}

// communication is the state that is declared.
func (d Declared) communication() communication {
	c := communication{Custom: slices.Clone(d.Scenarios), Users: slices.Clone(d.Users)}
	if len(d.Enabled)+len(d.Disabled) > 0 {
		c.Enabled = map[string]bool{}
	}
	for _, id := range d.Enabled {
		c.Enabled[id] = true
	}
	for _, id := range d.Disabled {
		c.Enabled[id] = false
	}
	return c
}
