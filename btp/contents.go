package btp

import (
	"errors"
	"time"
)

// Contents is everything that a store holds of an environment but its terms, in an order that
// the same contents always have: a snapshot of the environment.
type Contents struct {
	Environment Environment
	// Authorities are by name; the process's own, ServerAuthority, is none of them.
	Authorities map[string]AuthorityMaterial
	// Keys are by creation.
	Keys []SigningKey
	// GlobalAccounts and Subaccounts are by id.
	GlobalAccounts []GlobalAccount
	Subaccounts    []Subaccount
	// Systems, Formations, Entitlements and Incidents are in the order of Sequence.
	Systems []System
	// Tokens are by system, and of a system in the order in which they were put.
	Tokens []Token
	// Attempts are by system, Certificates by serial.
	Attempts     []Attempt
	Certificates []Certificate
	// Services are by system, then Sequence, then id.
	Services   []Service
	Formations []Formation
	// Assignments are by formation, and of a formation as ListOf has them.
	Assignments  []Assignment
	Entitlements []Entitlement
	Incidents    []Incident
	// Reservations are by global account and name, Replays by key, OAuthClients by id.
	Reservations []Reservation
	Replays      []Replay
	OAuthClients []OAuthClient
	// Transitions are the policies that were set while the environment ran, by name.
	Transitions []TransitionState
	// Subscriptions and Deliveries are in the order of Sequence.
	Subscriptions []Subscription
	Deliveries    []Delivery
	// Objects are by kind, then in the order of Sequence.
	Objects []Object
	// Due is due work by instant, among equal instants in the order in which it was
	// put; then what is held, likewise; then what waits for reads, by instant, kind
	// and subject.
	Due []Due
}

// ContentsStore reads and clears all that a store holds of an environment.
type ContentsStore interface {
	All() (Contents, error)
	// Clear deletes all that All returns.
	Clear() error
}

// Replace puts c in the place of everything that tx holds of its environment.
func (c *Contents) Replace(tx Tx) error {
	if err := tx.Contents().Clear(); err != nil {
		return err
	}
	for name, m := range c.Authorities {
		if err := tx.Authorities().Put(name, m); err != nil {
			return err
		}
	}
	err := errors.Join(
		putAll(c.Keys, tx.Keys().Put),
		putAll(c.GlobalAccounts, tx.Accounts().PutGlobal),
		putAll(c.Subaccounts, tx.Accounts().PutSub),
		putAll(c.Systems, tx.Systems().Put),
		putAll(c.Tokens, tx.Tokens().Put),
		putAll(c.Attempts, tx.Attempts().Put),
		putAll(c.Certificates, tx.Certificates().Put),
		putAll(c.Services, tx.Services().Put),
		putAll(c.Formations, tx.Formations().Put),
		putAll(c.Assignments, tx.Assignments().Put),
		putAll(c.Entitlements, tx.Entitlements().Put),
		putAll(c.Incidents, tx.Incidents().Put),
		putAll(c.Reservations, tx.Reservations().Put),
		putAll(c.Replays, tx.Replays().Put),
		putAll(c.OAuthClients, tx.OAuthClients().Put),
		putAll(c.Transitions, func(s TransitionState) error { return tx.Transitions().Put(s.Name, s.Policy) }),
		putAll(c.Subscriptions, tx.Subscriptions().Put),
		putAll(c.Deliveries, tx.Deliveries().Put),
		putAll(c.Objects, tx.Objects().Put),
		putAll(c.Due, func(d Due) error { return putDue(tx, d) }),
	)
	if err != nil || c.Environment == (Environment{}) {
		return err
	}
	return tx.Environment().Put(c.Environment)
}

func putAll[T any](list []T, put func(T) error) error {
	for _, one := range list {
		if err := put(one); err != nil {
			return err
		}
	}
	return nil
}

// putDue also keeps a claim, which Put alone ends.
func putDue(tx Tx, d Due) error {
	err := tx.Due().Put(d)
	switch {
	case err != nil || d.ClaimedUntil.IsZero():
		return err
	case d.Parked:
		return tx.Due().Park(d.Kind, d.Subject, d.ClaimedUntil)
	}
	return tx.Due().Claim(d.Kind, d.Subject, d.ClaimedUntil)
}

// portable is c as it stands for itself, at the environment's now: nobody is at
// its due work, and its clock belongs to no real instant.
func (c Contents) portable(now time.Time) Contents {
	for i := range c.Due {
		c.Due[i].ClaimedUntil, c.Due[i].Parked = time.Time{}, false
	}
	c.Environment.Clock.At, c.Environment.Clock.Ref = now, time.Time{}
	c.Environment.Generation = 0
	return c
}
