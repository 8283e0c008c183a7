package btp

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Landscape is what an environment holds at its start; a seed file says the same.
type Landscape struct {
	GlobalAccounts []GlobalAccount
	Subaccounts    []Subaccount
	OAuthClients   []DeclaredOAuthClient
	Systems        []DeclaredSystem
}

// DeclaredSystem is a system in any status.
type DeclaredSystem struct {
	ID            SystemID
	GlobalAccount GlobalAccountID
	Name, Type    string
	Status        Status
	// Cause is told for an error status.
	Cause string
	// TokenAge is the age of the present token; negative: no token.
	TokenAge time.Duration
}

// DefaultLandscape is what is there without a seed: global account "default"
// and subaccount "dev" with Cloud Foundry and Kyma.
func DefaultLandscape() Landscape {
	return Landscape{
		GlobalAccounts: []GlobalAccount{{ID: "default", DisplayName: "Default", Subdomain: "default"}},
		Subaccounts: []Subaccount{{
			ID: "dev", GlobalAccount: "default", DisplayName: "Development", Subdomain: "dev", Region: "eu10",
			Environments: []RuntimeEnvironment{CloudFoundry, Kyma},
		}},
	}
}

// declare stores a landscape under the same rules that hold later.
func (u *unit) declare(l Landscape) error {
	for _, a := range l.GlobalAccounts {
		if err := u.createGlobal(a); err != nil {
			return fmt.Errorf("global account %s: %w", a.ID, err)
		}
	}
	for _, s := range l.Subaccounts {
		if err := u.createSub(s); err != nil {
			return fmt.Errorf("subaccount %s: %w", s.ID, err)
		}
	}
	for _, c := range l.OAuthClients {
		if _, err := u.createOAuthClient(c); err != nil {
			return fmt.Errorf("OAuth client %s: %w", c.ID, err)
		}
	}
	for _, d := range l.Systems {
		if err := u.declareSystem(d); err != nil {
			return fmt.Errorf("system %s: %w", d.Name, err)
		}
	}
	return nil
}

func (u *unit) createGlobal(a GlobalAccount) error {
	if !accountIDRule.MatchString(string(a.ID)) {
		return Errorf(InvalidRequest, "id %q: 1 to 64 letters, digits and hyphens", clip(string(a.ID)))
	}
	if err := checkSubdomain(a.Subdomain); err != nil {
		return err
	}
	if err := checkDisplayName(a.DisplayName); err != nil {
		return err
	}
	for _, name := range []string{string(a.ID), a.Subdomain} {
		if _, err := u.Accounts().Global(name); err == nil {
			return Errorf(NameTaken, "there is a global account %q already", name)
		} else if CodeOf(err) != GlobalAccountNotFound {
			return err
		}
	}
	return u.Accounts().PutGlobal(a)
}

func (u *unit) createSub(s Subaccount) error {
	if !accountIDRule.MatchString(string(s.ID)) {
		return Errorf(InvalidRequest, "id %q: 1 to 64 letters, digits and hyphens", clip(string(s.ID)))
	}
	if err := checkSubdomain(s.Subdomain); err != nil {
		return err
	}
	if err := checkDisplayName(s.DisplayName); err != nil {
		return err
	}
	if err := checkEnvironments(s.Environments); err != nil {
		return err
	}
	if _, err := RegionNamed(s.Region); err != nil {
		return err
	}
	if _, err := u.Accounts().Global(string(s.GlobalAccount)); err != nil {
		return err
	}
	all, err := u.Accounts().Subs("")
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID == s.ID || other.Region == s.Region && strings.EqualFold(other.Subdomain, s.Subdomain) {
			return Errorf(NameTaken, "subaccount %q has this id, or this subdomain in region %s", other.ID, s.Region)
		}
	}
	return u.Accounts().PutSub(s)
}

func (u *unit) declareSystem(d DeclaredSystem) error {
	label, known := u.r.edition.Labels[d.Status]
	if !known {
		return Errorf(InvalidRequest, "edition %s has no status %q", u.r.edition.ID, d.Status)
	}
	account, err := u.Accounts().Global(string(d.GlobalAccount))
	if err != nil {
		return err
	}
	if _, err := u.Systems().Get(d.ID); err == nil {
		return Errorf(NameTaken, "there is a system with id %q already", d.ID)
	} else if CodeOf(err) != SystemNotFound {
		return err
	}
	s, err := u.createSystem(account.ID, d.Name, d.Type, d.ID)
	if err != nil {
		return err
	}
	s.Status = d.Status
	switch d.Status {
	case Gone: // no edition has a label for it
	case Registered, Deregistering, Removing:
		s.RegisteredAt = u.now
	case Failed, DeregisterError, RemoveError:
		t, _ := TypeNamed(s.Type) // createSystem has checked it
		cause := d.Cause
		if cause == "" {
			cause = "declared in status " + label
		}
		s.Failure = &Failure{Cause: cause, Step: "seed", Component: t.Component, At: u.now}
	case Pending:
		if d.TokenAge >= 0 {
			_, err := u.issueToken(&s, u.now.Add(-d.TokenAge))
			return err
		}
	}
	return u.Systems().Put(s)
}

// GlobalAccounts lists the global accounts.
func (r *Registry) GlobalAccounts(ctx context.Context) (list []GlobalAccount, err error) {
	err = r.view(ctx, func(u *unit) (err error) {
		list, err = u.Accounts().Globals()
		return err
	})
	return list, err
}

// GlobalAccount finds a global account by id or subdomain.
func (r *Registry) GlobalAccount(ctx context.Context, idOrSubdomain string) (a GlobalAccount, err error) {
	err = r.view(ctx, func(u *unit) (err error) {
		a, err = u.Accounts().Global(idOrSubdomain)
		return err
	})
	return a, err
}

// CreateGlobalAccount adds a global account; without an id it draws one.
func (r *Registry) CreateGlobalAccount(ctx context.Context, a GlobalAccount) (GlobalAccount, error) {
	var created GlobalAccount
	err := r.update(ctx, func(u *unit) error {
		created = a
		if created.ID == "" {
			created.ID = GlobalAccountID(u.env.newID())
		}
		return u.createGlobal(created)
	})
	return created, err
}

// Subaccounts lists the subaccounts of a global account.
func (r *Registry) Subaccounts(ctx context.Context, ga string) (list []Subaccount, err error) {
	err = r.view(ctx, func(u *unit) error {
		a, err := u.Accounts().Global(ga)
		if err != nil {
			return err
		}
		list, err = u.Accounts().Subs(a.ID)
		return err
	})
	return list, err
}

// CreateSubaccount adds a subaccount to a global account; without an id it draws one.
func (r *Registry) CreateSubaccount(ctx context.Context, ga string, s Subaccount) (Subaccount, error) {
	var created Subaccount
	err := r.update(ctx, func(u *unit) error {
		a, err := u.Accounts().Global(ga)
		if err != nil {
			return err
		}
		created = s
		created.GlobalAccount = a.ID
		if created.ID == "" {
			created.ID = SubaccountID(u.env.newID())
		}
		return u.createSub(created)
	})
	return created, err
}
