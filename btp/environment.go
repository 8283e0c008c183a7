package btp

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/internal/pattern"
)

// EnvironmentID names an isolated world: every object, key, clock and journal
// belongs to one.
type EnvironmentID string

// DefaultEnvironment is the one that exists without asking.
const DefaultEnvironment EnvironmentID = "default"

// Environment is what an environment knows of itself. It is stored in one piece
// at first start and keeps its edition for ever.
type Environment struct {
	ID EnvironmentID
	// UUID is what the issuer is made of; it is drawn once, from crypto/rand.
	UUID string
	// Edition is an Edition's ID.
	Edition string
	// Seed rules ids, faults and chaos; never keys or secrets.
	Seed uint64
	// Sequence counts the ids drawn so far.
	Sequence uint64
	// Generation counts how often everything was replaced, by a snapshot or by a
	// reset: what a request learnt of one generation says nothing about the next.
	Generation uint64
	Clock      Clock
	// ActiveKey is the id of the key that signs new integration tokens,
	// KeyAlgorithm its algorithm.
	ActiveKey    string
	KeyAlgorithm KeyAlgorithm
}

// Terms are what an environment beside the first was made with, over what it
// holds: stored with it, so that it is opened again as it was.
type Terms struct {
	CreatedAt time.Time `json:"createdAt"` // real time
	// ExpiresAt is the real instant at which it is dropped; zero: never.
	ExpiresAt time.Time        `json:"expiresAt,omitzero"`
	Policy    Policy           `json:"policy"`
	Tenants   []DeclaredTenant `json:"tenants"`
	// Landscape and StartFrozen are what a reset declares.
	Landscape   Landscape `json:"landscape"`
	StartFrozen time.Time `json:"startFrozen,omitzero"`
}

// DeclaredTenant is a simulated tenant of a product (commerce, fsm, c4c,
// marketing); the rules know of it by its calls only.
type DeclaredTenant struct {
	ID      string `json:"id"`
	Product string `json:"product"`
	// APIs of the product that are elsewhere.
	APIs []ReplacedAPI `json:"apis,omitempty"`
	// Communication is what the tenant's Communication Management begins with, as the
	// tenant reads it: JSON, or nothing.
	Communication []byte `json:"communication,omitempty"`
}

// ReplacedAPI is an API of a tenant's product that is not the simulated tenant's
// own: it is announced at TargetURL. Specification is an OpenAPI document in JSON
// or an EDMX text; empty: the product's own.
type ReplacedAPI struct {
	Identifier    string `json:"identifier"`
	TargetURL     string `json:"targetUrl"`
	Specification []byte `json:"specification,omitempty"`
}

// Clone shares no memory with t but for the landscape, which is never changed in
// place.
func (t Terms) Clone() Terms {
	t.Policy = t.Policy.Clone()
	t.Tenants = slices.Clone(t.Tenants)
	for i := range t.Tenants {
		apis := slices.Clone(t.Tenants[i].APIs)
		for j := range apis {
			apis[j].Specification = slices.Clone(apis[j].Specification)
		}
		t.Tenants[i].APIs = apis
		t.Tenants[i].Communication = slices.Clone(t.Tenants[i].Communication)
	}
	return t
}

var environmentRule = pattern.New(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// CheckEnvironmentName refuses with NameInvalid what cannot name an environment:
// a name is a part of a path, and of a folder's name.
func CheckEnvironmentName(name string) error {
	if !environmentRule.MatchString(name) {
		return Errorf(NameInvalid, "an environment has a name of 1 to 63 lower-case letters, digits and hyphens, no hyphen first or last; not %q", clip(name))
	}
	return nil
}

// Names of stored authorities.
const (
	// ClientAuthority signs the environment's client certificates.
	ClientAuthority = "client"
	// ServerAuthority signs the TLS listener's certificate; it is kept with the
	// default environment, for the process and not the environment owns it.
	ServerAuthority = "server"
)

// AuthorityMaterial is a certificate authority as stored.
type AuthorityMaterial struct {
	RootPEM, IssuingPEM, IssuingKeyPEM []byte
}

// Issuer is the iss claim of the environment's tokens; it never depends on a request.
func (e *Environment) Issuer() string { return "urn:pairsim:" + e.UUID }

// newID draws the next id. The same seed gives the same ids in the same order.
func (e *Environment) newID() string {
	e.Sequence++
	var in [16]byte
	binary.BigEndian.PutUint64(in[:8], e.Seed)
	binary.BigEndian.PutUint64(in[8:], e.Sequence)
	sum := sha256.Sum256(in[:])
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80 // version 8: made by a rule of our own (RFC 9562)
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Clock maps real time to the environment's time. While it runs, its now is At
// plus the real time since Ref; frozen, it is At.
type Clock struct {
	Frozen bool
	// At is an instant of the environment, Ref the real instant that belongs to it.
	At, Ref time.Time
}

// Now is the environment's time at a real instant.
func (c Clock) Now(real time.Time) time.Time {
	if c.Frozen {
		return c.At
	}
	return c.At.Add(real.Sub(c.Ref))
}

// at is the clock showing now at the real instant, running or frozen as before.
func (c Clock) at(now, real time.Time) Clock {
	return Clock{Frozen: c.Frozen, At: now.UTC(), Ref: real.UTC().Round(0)}
}

// ClockChange moves a clock; exactly one field is set.
type ClockChange struct {
	Advance time.Duration
	Set     time.Time
	Freeze  bool
	Resume  bool
}
