package tenant

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/pairsim/pairsim/internal/secret"
)

// SnapshotCommunication is what a tenant keeps of its Communication Management.
// Assertions that were used, and access tokens, are no part of it.
type SnapshotCommunication struct {
	Custom          []SnapshotScenario    `json:"custom,omitempty"`
	Enabled         []string              `json:"enabled,omitempty"`  // where an administrator or a seed said so
	Disabled        []string              `json:"disabled,omitempty"` // as above
	Users           []string              `json:"users,omitempty"`
	LastArrangement int                   `json:"lastArrangement,omitempty"`
	Arrangements    []SnapshotArrangement `json:"arrangements,omitempty"`
	LastDelivery    int                   `json:"lastDelivery,omitempty"`
	Pending         []SnapshotDelivery    `json:"pending,omitempty"`
	Log             []SnapshotLogEntry    `json:"log,omitempty"`
}

// SnapshotScenario is a custom scenario, as POST communicationScenarios takes it.
type SnapshotScenario struct {
	ID               string                    `json:"id"`
	Name             string                    `json:"name"`
	Inbound          []string                  `json:"inboundAuthentication,omitempty"`
	Outbound         []string                  `json:"outboundAuthentication,omitempty"`
	InboundServices  []SnapshotInboundService  `json:"inboundServices,omitempty"`
	OutboundServices []SnapshotOutboundService `json:"outboundServices,omitempty"`
}

// SnapshotInboundService is an inbound service of a custom scenario.
type SnapshotInboundService struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	API  string `json:"api,omitempty"`
}

// SnapshotOutboundService is an outbound service of a custom scenario.
type SnapshotOutboundService struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Objects []string `json:"objects,omitempty"`
}

// SnapshotArrangement is a communication arrangement. Wanted is the registry's request
// (docs/wire.md, Communication arrangements), a secret as a whole, as JSON.
type SnapshotArrangement struct {
	ID       string      `json:"id"`
	Instance string      `json:"instance"`
	Wanted   secret.Text `json:"wanted"`
	User     string      `json:"user,omitempty"`
	// Password is the SHA-256 of the communication user's, hexadecimal.
	Password  secret.Text `json:"password,omitzero"`
	Topics    []string    `json:"topics,omitempty"`
	CreatedAt time.Time   `json:"createdAt"`
}

// SnapshotDelivery waits to be sent.
type SnapshotDelivery struct {
	ID          int             `json:"id"`
	Arrangement string          `json:"arrangement"`
	Service     string          `json:"service,omitempty"`
	Topic       string          `json:"topic,omitempty"`
	Body        json.RawMessage `json:"body"`
	Tries       int             `json:"tries,omitempty"`
	NotBefore   time.Time       `json:"notBefore,omitzero"`
}

// SnapshotLogEntry is one try to send something.
type SnapshotLogEntry struct {
	Delivery    int       `json:"delivery"`
	At          time.Time `json:"at"`
	Arrangement string    `json:"arrangement"`
	Service     string    `json:"service,omitempty"`
	Topic       string    `json:"topic,omitempty"`
	Try         int       `json:"try"`
	Outcome     string    `json:"outcome"`
	Status      int       `json:"status,omitempty"`
	Detail      string    `json:"detail,omitempty"`
	Again       time.Time `json:"again,omitzero"`
}

// snapshot is the wire form; nil for nothing.
func (c *communication) snapshot() *SnapshotCommunication {
	s := SnapshotCommunication{Users: slices.Clone(c.Users), LastArrangement: c.LastID, LastDelivery: c.LastDelivery}
	for _, id := range slices.Sorted(maps.Keys(c.Enabled)) {
		if c.Enabled[id] {
			s.Enabled = append(s.Enabled, id)
		} else {
			s.Disabled = append(s.Disabled, id)
		}
	}
	for _, one := range c.Custom {
		custom := SnapshotScenario{ID: one.ID, Name: one.Name, Inbound: texts(one.Inbound), Outbound: texts(one.Outbound)}
		for _, in := range one.InboundServices {
			custom.InboundServices = append(custom.InboundServices, SnapshotInboundService(in))
		}
		for _, out := range one.OutboundServices {
			custom.OutboundServices = append(custom.OutboundServices, SnapshotOutboundService(out))
		}
		s.Custom = append(s.Custom, custom)
	}
	for _, a := range c.Arrangements {
		wanted, _ := json.Marshal(a.Wanted) // texts and lists only
		s.Arrangements = append(s.Arrangements, SnapshotArrangement{
			ID: a.ID, Instance: a.Instance, Wanted: secret.Text{Value: string(wanted)}, User: a.User,
			Password: secret.Text{Value: a.Password}, Topics: slices.Clone(a.Topics), CreatedAt: a.CreatedAt,
		})
	}
	for _, d := range c.Pending {
		s.Pending = append(s.Pending, SnapshotDelivery(d))
	}
	for _, e := range c.Log {
		s.Log = append(s.Log, SnapshotLogEntry(e))
	}
	if text, err := json.Marshal(s); err == nil && string(text) == "{}" {
		return nil
	}
	return &s
}

func texts(list []Authentication) []string {
	var out []string
	for _, a := range list {
		out = append(out, string(a))
	}
	return out
}

func authentications(list []string) []Authentication {
	var out []Authentication
	for _, a := range list {
		out = append(out, Authentication(a))
	}
	return out
}

func (s SnapshotScenario) scenario() Scenario {
	one := Scenario{ID: s.ID, Name: s.Name, Authentications: Authentications{Inbound: authentications(s.Inbound), Outbound: authentications(s.Outbound)}}
	for _, in := range s.InboundServices {
		one.InboundServices = append(one.InboundServices, InboundService(in))
	}
	for _, out := range s.OutboundServices {
		one.OutboundServices = append(one.OutboundServices, OutboundService(out))
	}
	return one
}

// communication is the reverse of snapshot. check has accepted s.
func (s *SnapshotCommunication) communication() communication {
	if s == nil {
		return communication{}
	}
	c := communication{Users: slices.Clone(s.Users), LastID: s.LastArrangement, LastDelivery: s.LastDelivery}
	if len(s.Enabled)+len(s.Disabled) > 0 {
		c.Enabled = map[string]bool{}
	}
	for _, id := range s.Enabled {
		c.Enabled[id] = true
	}
	for _, id := range s.Disabled {
		c.Enabled[id] = false
	}
	for _, one := range s.Custom {
		c.Custom = append(c.Custom, one.scenario())
	}
	for _, a := range s.Arrangements {
		w, _ := a.wanted()
		c.Arrangements = append(c.Arrangements, arrangement{
			ID: a.ID, Instance: a.Instance, Wanted: w, User: a.User, Password: a.Password.Value, Topics: slices.Clone(a.Topics), CreatedAt: a.CreatedAt.UTC(),
		})
	}
	for _, d := range s.Pending {
		c.Pending = append(c.Pending, delivery(d))
	}
	for _, e := range s.Log {
		c.Log = append(c.Log, LogEntry(e))
	}
	return c
}

func (a *SnapshotArrangement) wanted() (w wantedArrangement, err error) {
	return w, json.Unmarshal([]byte(a.Wanted.Value), &w)
}

// check tells what is wrong with s beyond its form. No problem quotes a secret.
func (s *SnapshotCommunication) check(tell func(path, problem string)) {
	if s == nil {
		return
	}
	if err := CheckUsers(s.Users); err != nil {
		tell("communication.users", err.Error())
	}
	seen := map[string]bool{}
	for i, one := range s.Custom {
		if !customScenarioID.MatchString(one.ID) || seen[one.ID] {
			tell(fmt.Sprintf("communication.custom[%d].id", i), "it is YY1_… and there once")
		}
		seen[one.ID] = true
	}
	ids, instances := map[string]bool{}, map[string]bool{}
	for i := range s.Arrangements {
		a := &s.Arrangements[i]
		say := func(field, problem string) { tell(fmt.Sprintf("communication.arrangements[%d].%s", i, field), problem) }
		if n, err := strconv.Atoi(a.ID); err != nil || n < 1 || n > s.LastArrangement || strconv.Itoa(n) != a.ID || ids[a.ID] {
			say("id", fmt.Sprintf("it is a number from 1 to lastArrangement (%d), and there once", s.LastArrangement))
		}
		if instances[a.Instance] || !instancePattern.MatchString(a.Instance) {
			say("instance", "there is an arrangement for it already, or it is no id")
		}
		ids[a.ID], instances[a.Instance] = true, true
		if a.Wanted.Omitted {
			continue // it is told elsewhere that secrets are left out
		}
		if w, err := a.wanted(); err != nil {
			say("wanted", "it is no request for an arrangement")
		} else if w.check() != nil || w.checkTrust() != nil {
			say("wanted", "it is no request for an arrangement that could have been accepted")
		} else if (a.User != "") != (w.Arrangement.Inbound != "") {
			say("user", "an arrangement has one when it has an inbound authentication")
		}
	}
	s.checkDeliveries(ids, tell)
}

func (s *SnapshotCommunication) checkDeliveries(arrangements map[string]bool, tell func(path, problem string)) {
	last := 0
	for i, d := range s.Pending {
		say := func(field, problem string) { tell(fmt.Sprintf("communication.pending[%d].%s", i, field), problem) }
		if d.ID <= last || d.ID > s.LastDelivery {
			say("id", fmt.Sprintf("ids rise, up to lastDelivery (%d)", s.LastDelivery))
		}
		last = d.ID
		if !arrangements[d.Arrangement] {
			say("arrangement", "there is no such arrangement")
		}
		if (d.Service == "") == (d.Topic == "") {
			say("service", "it is of a service or has a topic")
		}
		if !json.Valid(d.Body) {
			say("body", "it is JSON")
		}
	}
	if len(s.Log) > maxLog {
		tell("communication.log", fmt.Sprintf("a tenant keeps at most %d", maxLog))
	}
}
