package btp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Landscape is what an environment holds at its start; a seed file says the same.
type Landscape struct {
	GlobalAccounts []GlobalAccount
	Subaccounts    []Subaccount
	OAuthClients   []DeclaredOAuthClient
	Systems        []DeclaredSystem
	Formations     []DeclaredFormation
	Entitlements   []DeclaredEntitlement
	// Objects are those of platform services, in the order in which they are made.
	Objects       []DeclaredObject
	Subscriptions []DeclaredSubscription
	Instances     []DeclaredInstance
}

// DeclaredObject is an object of a platform service, in the words of the package
// that holds its rules.
type DeclaredObject struct {
	Kind     ObjectKind
	Document json.RawMessage
}

// Declarer makes a declared object under the rules that hold later.
type Declarer func(s *Step, document json.RawMessage) error

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
	// Tenant is what the paired tenant said of itself; nil without a descriptor.
	Tenant *Descriptor
	// Services are what the tenant registered; their documents have been checked.
	// An id is drawn.
	Services []Service
}

// DeclaredFormation is a formation in any status that the edition has.
type DeclaredFormation struct {
	ID            FormationID
	GlobalAccount GlobalAccountID
	Name, Type    string
	Subaccount    string
	// Systems are ids; of a system without a declared one, the name will do.
	Systems []SystemID
	// Status is what its assignments are made to show; "" is what they come to.
	Status FormationStatus
	// Cause is told for status error.
	Cause string
}

// DeclaredEntitlement is an entitlement configuration.
type DeclaredEntitlement struct {
	ID         EntitlementID
	Subaccount SubaccountID
	// System is an id; of a system without a declared one, the name will do.
	System        SystemID
	Service, Plan string
	// Quota is the most instances; 0 for no limit.
	Quota int
}

// DeclaredInstance is a service instance with its bindings. Without an environment it
// is used in the default place of the subaccount.
type DeclaredInstance struct {
	ID, Name            string
	Subaccount          SubaccountID
	Offering, Plan      string
	Environment         RuntimeEnvironment
	Organization, Space string
	Parameters          json.RawMessage
	Bindings            []DeclaredBinding
}

// DeclaredBinding is a binding of a declared instance.
type DeclaredBinding struct {
	ID, Name   string
	Parameters json.RawMessage
}

// DeclaredSubscription lets a subaccount's Kyma runtime listen to events.
type DeclaredSubscription struct {
	ID         SubscriptionID
	Subaccount SubaccountID
	NewSubscription
}

func (d *DeclaredSubscription) String() string {
	return fmt.Sprintf("subscription of subaccount %s to %s of %s", d.Subaccount, d.Type, d.Source)
}

// checkSinks refuses declared subscriptions with SinkForbidden.
func (l *Landscape) checkSinks(ctx context.Context, deliverer Deliverer) error {
	if deliverer == nil {
		return nil
	}
	for _, d := range l.Subscriptions {
		if err := deliverer.CheckSink(ctx, d.Sink); err != nil {
			return fmt.Errorf("%s: %w", &d, err)
		}
	}
	return nil
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
	for _, d := range l.Formations {
		if err := u.declareFormation(d); err != nil {
			return fmt.Errorf("formation %s: %w", d.Name, err)
		}
	}
	for _, d := range l.Entitlements {
		if err := u.declareEntitlement(d); err != nil {
			return fmt.Errorf("entitlement %s of subaccount %s for system %s: %w", d.Plan, d.Subaccount, d.System, err)
		}
	}
	for i, d := range l.Objects {
		declarer := u.r.config.Declarers[d.Kind]
		if declarer == nil {
			return Errorf(InvalidRequest, "nobody declares objects of kind %s", d.Kind)
		}
		if err := declarer(&Step{u.Tx, u}, d.Document); err != nil {
			return fmt.Errorf("%s %d: %w", d.Kind, i+1, err)
		}
	}
	for _, d := range l.Instances {
		err := error(Errorf(ServiceOfferingUnknown, "this registry has no service instances"))
		if u.r.config.DeclareInstance != nil {
			err = u.r.config.DeclareInstance(&Step{u.Tx, u}, d)
		}
		if err != nil {
			return fmt.Errorf("service instance %s of subaccount %s: %w", d.Name, d.Subaccount, err)
		}
	}
	for _, d := range l.Subscriptions {
		if err := u.declareSubscription(d); err != nil {
			return fmt.Errorf("%s: %w", &d, err)
		}
	}
	return u.syncRuntimes()
}

func (u *unit) declareSubscription(d DeclaredSubscription) error {
	if d.Mode == "" {
		d.Mode = StructuredMode
	}
	if err := d.check(); err != nil {
		return err
	}
	sub, err := u.Accounts().Sub(d.Subaccount)
	if err != nil {
		return err
	}
	if d.ID != "" {
		if _, taken, err := u.Subscriptions().Find(d.ID); err != nil {
			return err
		} else if taken {
			return Errorf(NameTaken, "there is a subscription with id %q already", d.ID)
		}
	}
	_, err = u.subscribe(&sub, d.NewSubscription, d.ID)
	return err
}

func (u *unit) declareEntitlement(d DeclaredEntitlement) error {
	sub, err := u.Accounts().Sub(d.Subaccount)
	if err != nil {
		return err
	}
	id := d.System
	if id != "" {
		if id, err = u.declaredSystem(sub.GlobalAccount, id); err != nil {
			return err
		}
	}
	_, err = u.assignEntitlement(&sub, NewEntitlement{System: id, Service: d.Service, Plan: d.Plan, Quota: d.Quota}, d.ID)
	return err
}

// declaredSystem is the id of a system that is declared by id or name.
func (u *unit) declaredSystem(ga GlobalAccountID, idOrName SystemID) (SystemID, error) {
	if _, err := u.Systems().Get(idOrName); err == nil || CodeOf(err) != SystemNotFound {
		return idOrName, err
	}
	named, err := u.Systems().List(SystemFilter{GlobalAccount: ga, Name: string(idOrName), Limit: 1})
	if err != nil || len(named) == 0 {
		return idOrName, err
	}
	return named[0].ID, nil
}

// declareFormation creates a formation under the rules that hold later, and puts
// its assignments where the declared status wants them.
func (u *unit) declareFormation(d DeclaredFormation) error {
	account, err := u.Accounts().Global(string(d.GlobalAccount))
	if err != nil {
		return err
	}
	if d.Status != "" && d.Status != StatusReady && u.r.edition.FormationLabel(d.Status) == "" {
		return Errorf(InvalidRequest, "edition %s shows no status %q for formations", u.r.edition.ID, d.Status)
	}
	n := NewFormation{Name: d.Name, Type: d.Type, Subaccount: d.Subaccount, Draft: d.Status == StatusDraft}
	for _, declared := range d.Systems {
		id, err := u.declaredSystem(account.ID, declared)
		if err != nil {
			return err
		}
		n.Systems = append(n.Systems, id)
	}
	f, err := u.createFormation(account.ID, n, d.ID)
	if err != nil {
		return err
	}
	if err := u.Due().Cancel(DueSynchronization, string(f.ID)); err != nil {
		return err
	}
	switch d.Status { //nolint:exhaustive // the others come by themselves
	case StatusSynchronizing:
		return u.retry(&f, func(Assignment) (AssignmentState, bool) { return AssignmentConfigPending, true })
	case StatusError:
		cause := d.Cause
		if cause == "" {
			cause = "declared in status " + u.r.edition.FormationLabel(StatusError)
		}
		return u.synchronized(&f, Errorf(FaultInjected, "%s", cause))
	}
	return u.synchronized(&f, nil)
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
	s.Status, s.Tenant = d.Status, d.Tenant
	if err := u.declareServices(&s, d.Services); err != nil {
		return err
	}
	switch d.Status {
	case Gone: // no edition has a label for it
	case Registered:
		s.RegisteredAt = u.now
	case Deregistering, Removing:
		if err := u.declareLeaving(&s); err != nil {
			return err
		}
	case Failed, DeregisterError, RemoveError:
		t, err := u.typeOf(&s)
		if err != nil {
			return err
		}
		cause := d.Cause
		if cause == "" {
			cause = "declared in status " + label
		}
		s.Failure = &Failure{Cause: cause, Step: "seed", Component: t.Component, At: u.now}
		if err := u.openSystemIncident(&s); err != nil {
			return err
		}
	case Pending:
		if d.TokenAge >= 0 {
			_, err := u.issueToken(&s, u.now.Add(-d.TokenAge))
			return err
		}
	}
	return u.Systems().Put(s)
}

func (u *unit) declareServices(s *System, services []Service) error {
	if len(services) > MaxServices {
		return Errorf(ServiceLimit, "a system has at most %d services", MaxServices)
	}
	for _, service := range services {
		if service.Identifier != "" {
			if _, taken, err := u.Services().FindByIdentifier(s.ID, service.Identifier); err != nil {
				return err
			} else if taken {
				return Errorf(ServiceIdentifierTaken, "the system has a service with identifier %q already", clip(service.Identifier))
			}
		}
		u.env.Sequence++
		service.ID, service.Sequence = ServiceID(u.env.newID()), u.env.Sequence
		if err := u.keepService(PointServiceCreate, Caller{System: *s}, &service); err != nil {
			return err
		}
	}
	return nil
}

// declareLeaving lets a declared transition end as its policy says; one that
// ends at once would not be seen, and stays.
func (u *unit) declareLeaving(s *System) error {
	kind := DueDeregistration
	if s.Status == Removing {
		kind = DueRemoval
	} else {
		s.RegisteredAt = u.now
	}
	if u.r.policy.Transitions[dueKinds[kind].transition].Immediate() {
		return nil
	}
	return u.scheduleTransition(kind, string(s.ID))
}

// GlobalAccounts lists the global accounts.
func (r *Registry) GlobalAccounts(ctx context.Context) (list []GlobalAccount, err error) {
	err = r.look(ctx, PointAccountList, Reference{}, func(u *unit) (err error) {
		list, err = u.Accounts().Globals()
		list = slices.DeleteFunc(list, func(a GlobalAccount) bool { return u.hides(a.ID) })
		return err
	})
	return list, err
}

// GlobalAccount finds a global account by id or subdomain.
func (r *Registry) GlobalAccount(ctx context.Context, idOrSubdomain string) (a GlobalAccount, err error) {
	err = r.look(ctx, PointAccountShow, Reference{}, func(u *unit) (err error) {
		a, err = u.globalAccount(idOrSubdomain)
		return err
	})
	return a, err
}

// CreateGlobalAccount adds a global account; without an id it draws one.
func (r *Registry) CreateGlobalAccount(ctx context.Context, a GlobalAccount, key IdempotencyKey) (GlobalAccount, error) {
	var created GlobalAccount
	err := r.change(ctx, PointAccountCreate, func(u *unit) error {
		m, err := u.once(key, "globalAccount", func() (Replay, error) {
			n := a
			if n.ID == "" {
				n.ID = GlobalAccountID(u.env.newID())
			}
			return Replay{Created: string(n.ID)}, u.createGlobal(n)
		}, string(a.ID), a.DisplayName, a.Subdomain)
		if err != nil {
			return err
		}
		created, err = u.Accounts().Global(m.Created)
		return err
	})
	return created, err
}

// Subaccounts lists the subaccounts of a global account.
func (r *Registry) Subaccounts(ctx context.Context, ga string) (list []Subaccount, err error) {
	err = r.look(ctx, PointSubaccountList, Reference{}, func(u *unit) error {
		a, err := u.globalAccount(ga)
		if err != nil {
			return err
		}
		list, err = u.Accounts().Subs(a.ID)
		return err
	})
	return list, err
}

// CreateSubaccount adds a subaccount to a global account; without an id it draws one.
func (r *Registry) CreateSubaccount(ctx context.Context, ga string, s Subaccount, key IdempotencyKey) (Subaccount, error) {
	var created Subaccount
	err := r.change(ctx, PointSubaccountCreate, func(u *unit) error {
		a, err := u.globalAccount(ga)
		if err != nil {
			return err
		}
		m, err := u.once(key, "subaccount", func() (Replay, error) {
			n := s
			n.GlobalAccount = a.ID
			if n.ID == "" {
				n.ID = SubaccountID(u.env.newID())
			}
			return Replay{Created: string(n.ID)}, u.createSub(n)
		}, string(a.ID), string(s.ID), s.DisplayName, s.Subdomain, s.Region, fmt.Sprint(s.Environments))
		if err != nil {
			return err
		}
		created, err = u.Accounts().Sub(SubaccountID(m.Created))
		return err
	})
	return created, err
}

// Subaccount finds a subaccount by id.
func (r *Registry) Subaccount(ctx context.Context, id SubaccountID) (s Subaccount, err error) {
	err = r.look(ctx, PointSubaccountShow, Reference{}, func(u *unit) (err error) {
		s, err = u.subaccount(id)
		return err
	})
	return s, err
}

// SubaccountChange changes what is not nil.
type SubaccountChange struct {
	DisplayName *string
	// Environments are those that are enabled from now on.
	Environments *[]RuntimeEnvironment
}

// ChangeSubaccount renames a subaccount or enables and disables environments. A
// Kyma runtime joins and leaves the subaccount's formations with it (sap-domain §8.4).
func (r *Registry) ChangeSubaccount(ctx context.Context, id SubaccountID, c SubaccountChange, match Match) (Subaccount, error) {
	var about Reference
	var s Subaccount
	var formations []Formation
	err := r.step(ctx, PointSubaccountChange, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) (err error) {
			if s, err = u.subaccount(id); err != nil {
				return err
			}
			if err := match.check(s.Version); err != nil {
				return err
			}
			if c.DisplayName != nil {
				if err := checkDisplayName(*c.DisplayName); err != nil {
					return err
				}
				s.DisplayName = *c.DisplayName
			}
			if c.Environments != nil {
				if err := checkEnvironments(*c.Environments); err != nil {
					return err
				}
				s.Environments = *c.Environments
			}
			s.Version++
			if err := errors.Join(u.changesRuntimes(), u.Accounts().PutSub(s)); err != nil {
				return err
			}
			formations, err = u.rejoinRuntimes(s.ID)
			return err
		})
	})
	for _, f := range formations {
		r.settle(ctx, DueSynchronization, string(f.ID))
	}
	return s, err
}

// rejoinRuntimes lets a subaccount's runtime into its formations, or out of them.
func (u *unit) rejoinRuntimes(id SubaccountID) ([]Formation, error) {
	formations, err := u.Formations().List(FormationFilter{Subaccount: id})
	if err != nil {
		return nil, err
	}
	for _, f := range formations {
		if f.State == FormationDeleting || f.State == FormationDeleteError {
			continue
		}
		if err := errors.Join(u.joinRuntime(&f), u.scheduleSync(&f)); err != nil {
			return nil, err
		}
	}
	return formations, nil
}
