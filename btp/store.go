package btp

import (
	"context"
	"time"
)

// Store keeps what the rules need. It shares no memory with its caller.
type Store interface {
	// Update runs change as one atomic, serializable step over all objects of env.
	// change may run more than once; when it returns an error nothing is saved.
	// It makes no outbound call and takes no other lock.
	Update(ctx context.Context, env EnvironmentID, change func(Tx) error) error
	// View runs read over one consistent state of env.
	View(ctx context.Context, env EnvironmentID, read func(Tx) error) error
	// Close releases the store; it loses nothing that Update acknowledged.
	Close() error
}

// Tx offers one small store per concept. What it returns belongs to the caller.
// Get refuses with the concept's NotFound code; a Find returns false instead.
type Tx interface {
	Environment() EnvironmentStore
	Accounts() AccountStore
	Systems() SystemStore
	Tokens() TokenStore
	Keys() KeyStore
	Attempts() AttemptStore
	Certificates() CertificateStore
	Services() ServiceStore
	Due() DueStore
	Authorities() AuthorityStore
}

// EnvironmentStore keeps the environment's own record. It is read in every step.
type EnvironmentStore interface {
	Find() (Environment, bool, error)
	Put(Environment) error
}

// AccountStore keeps global accounts and subaccounts.
type AccountStore interface {
	// Global finds an account by id, else by subdomain.
	Global(idOrSubdomain string) (GlobalAccount, error)
	// Globals lists all global accounts by id.
	Globals() ([]GlobalAccount, error)
	PutGlobal(GlobalAccount) error
	// Sub finds a subaccount by id.
	Sub(id SubaccountID) (Subaccount, error)
	// Subs lists the subaccounts of a global account by id; "" lists all.
	Subs(GlobalAccountID) ([]Subaccount, error)
	PutSub(Subaccount) error
}

// SystemStore keeps systems.
type SystemStore interface {
	Get(SystemID) (System, error)
	FindByName(ga GlobalAccountID, name string) (System, bool, error)
	FindByApplicationName(name string) (System, bool, error)
	// List returns a page in the order of Sequence.
	List(SystemFilter) ([]System, error)
	// Put creates or replaces. A name that is taken is refused with NameTaken.
	Put(System) error
	Delete(SystemID) error
}

// TokenStore keeps integration tokens.
type TokenStore interface {
	Find(TokenID) (Token, bool, error)
	// FindLatest returns the newest token of a system.
	FindLatest(SystemID) (Token, bool, error)
	// CountLive counts the live tokens of a type in a global account, from an index.
	CountLive(ga GlobalAccountID, systemType string) (int, error)
	// LastExpiry returns the latest ExpiresAt of the live tokens signed by a
	// key; the zero time if there is none.
	LastExpiry(keyID string) (time.Time, error)
	Put(Token) error
	Delete(TokenID) error
}

// KeyStore keeps token signing keys.
type KeyStore interface {
	// List returns all keys by creation.
	List() ([]SigningKey, error)
	Put(SigningKey) error
	Delete(id string) error
}

// AttemptStore keeps open pairing attempts; a system has at most one.
type AttemptStore interface {
	FindByFollowUp(Digest) (Attempt, bool, error)
	FindBySystem(SystemID) (Attempt, bool, error)
	Put(Attempt) error
	Delete(AttemptID) error
}

// CertificateStore keeps client certificates.
type CertificateStore interface {
	Find(Serial) (Certificate, bool, error)
	// ListOf lists a system's certificates by NotBefore, then serial.
	ListOf(SystemID) ([]Certificate, error)
	Put(Certificate) error
	Delete(Serial) error
}

// ServiceStore keeps what systems registered.
type ServiceStore interface {
	Find(SystemID, ServiceID) (Service, bool, error)
	FindByIdentifier(system SystemID, identifier string) (Service, bool, error)
	// ListOf lists a system's services in the order of Sequence.
	ListOf(SystemID) ([]Service, error)
	// Count counts a system's services without reading them.
	Count(SystemID) (int, error)
	Put(Service) error
	Delete(SystemID, ServiceID) error
}

// DueStore keeps due work: at most one row per kind and subject.
type DueStore interface {
	Put(Due) error
	Cancel(kind DueKind, subject string) error
	// Next returns the earliest row at or before until; among equal instants
	// the one put first.
	Next(until time.Time) (Due, bool, error)
	// Earliest returns the earliest row.
	Earliest() (Due, bool, error)
}

// AuthorityStore keeps certificate authorities by name.
type AuthorityStore interface {
	Find(name string) (AuthorityMaterial, bool, error)
	Put(name string, m AuthorityMaterial) error
}

// DueKind names a kind of due work.
type DueKind string

// Due is work that waits for its instant.
type Due struct {
	At      time.Time
	Kind    DueKind
	Subject string
}
