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
	// Environments lists the environments that have a record, by id.
	Environments(ctx context.Context) ([]EnvironmentID, error)
	// Drop removes env and everything in it as one step; one that is not there is
	// no error. What waits for env finds it empty.
	Drop(ctx context.Context, env EnvironmentID) error
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
	Formations() FormationStore
	Assignments() AssignmentStore
	Entitlements() EntitlementStore
	Incidents() IncidentStore
	Reservations() ReservationStore
	Replays() ReplayStore
	OAuthClients() OAuthClientStore
	Transitions() TransitionStore
	Subscriptions() SubscriptionStore
	Deliveries() DeliveryStore
	Objects() ObjectStore
	// Contents is all of these at once.
	Contents() ContentsStore
}

// EnvironmentStore keeps the environment's own record, which is read in every
// step, and its terms, which are read when it is opened.
type EnvironmentStore interface {
	Find() (Environment, bool, error)
	Put(Environment) error
	FindTerms() (Terms, bool, error)
	PutTerms(Terms) error
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

// FormationStore keeps formations.
type FormationStore interface {
	// Get refuses with FormationNotFound.
	Get(FormationID) (Formation, error)
	FindByName(ga GlobalAccountID, name string) (Formation, bool, error)
	// List returns a page in the order of Sequence.
	List(FormationFilter) ([]Formation, error)
	// Put creates or replaces. A name that is taken is refused with NameTaken.
	Put(Formation) error
	Delete(FormationID) error
}

// AssignmentStore keeps formation assignments; a formation has at most one per
// source and target.
type AssignmentStore interface {
	Find(FormationID, AssignmentID) (Assignment, bool, error)
	// ListOf lists a formation's assignments by source, then target (kind, then id).
	ListOf(FormationID) ([]Assignment, error)
	// Count counts a formation's assignments by state without reading them.
	Count(FormationID) (map[AssignmentState]int, error)
	Put(Assignment) error
	Delete(FormationID, AssignmentID) error
}

// EntitlementStore keeps entitlement configurations.
type EntitlementStore interface {
	// Get refuses with EntitlementNotFound.
	Get(EntitlementID) (Entitlement, error)
	// List returns a page in the order of Sequence.
	List(EntitlementFilter) ([]Entitlement, error)
	Put(Entitlement) error
	Delete(EntitlementID) error
}

// IncidentStore keeps incidents.
type IncidentStore interface {
	// Get refuses with IncidentNotFound.
	Get(IncidentID) (Incident, error)
	// List returns a page in the order of Sequence.
	List(IncidentFilter) ([]Incident, error)
	Put(Incident) error
	Delete(IncidentID) error
}

// ReservationStore keeps names whose row is gone; one per global account and name.
type ReservationStore interface {
	Find(ga GlobalAccountID, name string) (Reservation, bool, error)
	FindByRelease(Digest) (Reservation, bool, error)
	Put(Reservation) error
	Delete(ga GlobalAccountID, name string) error
}

// ReplayStore keeps what idempotent creates made.
type ReplayStore interface {
	Find(key string) (Replay, bool, error)
	Put(Replay) error
	Delete(key string) error
}

// OAuthClientStore keeps the token service's clients.
type OAuthClientStore interface {
	Find(id string) (OAuthClient, bool, error)
	// List returns all clients by id.
	List() ([]OAuthClient, error)
	Put(OAuthClient) error
	Delete(id string) error
}

// SubscriptionStore keeps subscriptions to events.
type SubscriptionStore interface {
	Find(SubscriptionID) (Subscription, bool, error)
	// ListOf lists a subaccount's subscriptions in the order of Sequence; "" lists all.
	ListOf(SubaccountID) ([]Subscription, error)
	Put(Subscription) error
	Delete(SubscriptionID) error
}

// DeliveryStore keeps events on their way to sinks, by Sequence.
type DeliveryStore interface {
	// List returns a page in the order of Sequence.
	List(DeliveryFilter) ([]Delivery, error)
	// Count counts a subscription's deliveries in a state without reading them.
	Count(SubscriptionID, DeliveryState) (int, error)
	Put(Delivery) error
	Delete(sequence uint64) error
}

// DueStore keeps due work: at most one row per kind and subject.
type DueStore interface {
	// Put creates or replaces; a replaced row counts as put anew.
	Put(Due) error
	Cancel(kind DueKind, subject string) error
	Find(kind DueKind, subject string) (Due, bool, error)
	// Claim sets ClaimedUntil of a row that is there, and keeps its place; it is not
	// parked any more.
	Claim(kind DueKind, subject string, until time.Time) error
	// Park is Claim by somebody who waits.
	Park(kind DueKind, subject string, until time.Time) error
	// Next returns the earliest row at or before until, claimed or not; among
	// equal instants the one put first.
	// Rows that wait for something else than their instant are left out: for reads,
	// for a release, or, where parked, until the claim has ended at the real instant.
	Next(until, real time.Time) (Due, bool, error)
	// NextFree is Next without the rows that are claimed beyond the real instant.
	NextFree(until, real time.Time) (Due, bool, error)
	// Earliest is Next without an end.
	Earliest(real time.Time) (Due, bool, error)
	// FindHeld finds the row with this hold.
	FindHeld(HoldID) (Due, bool, error)
	// ListHeld returns so many rows with a hold, by At; among equal instants the one
	// put first.
	ListHeld(limit int) ([]Due, error)
}

// TransitionStore keeps the policies that were set while the environment ran.
type TransitionStore interface {
	Find(Transition) (TransitionPolicy, bool, error)
	Put(Transition, TransitionPolicy) error
	Delete(Transition) error
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
	// ClaimedUntil is the real instant until which a process is at the work;
	// zero: nobody is. Work of a process that died is free again after it.
	ClaimedUntil time.Time
	// Reads is how many reads of its subject are still to come first; At is when
	// the waiting began.
	Reads int
	// Hold is what keeps the work until somebody releases it; At is when that began.
	Hold HoldID
	// Tries is how often it was begun in vain.
	Tries int
	// Parked: who claims it waits, for longer than anybody is to wait for the work.
	Parked bool
}
