package seed

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/strict"
)

// Apply writes what f declares into a configuration. An edition that stands
// there already must be the file's. What f leaves out stays as it is.
func (f *File) Apply(cfg *landscape.Config) error {
	c := &checker{lines: f.lines}
	edition := f.edition(c, cfg.Edition)
	declared := btp.Landscape{GlobalAccounts: f.accounts(), Subaccounts: f.subaccounts(cfg.Landscape), OAuthClients: f.oauthClients(), Objects: f.objects()}
	for i, s := range f.Systems {
		system := f.system(c, at("systems", i), edition, s)
		services, err := s.services(f.frozenAt(cfg))
		c.refuseError(at("systems", i)+".services", err)
		system.Services = services
		declared.Systems = append(declared.Systems, system)
	}
	for i, d := range f.Formations {
		declared.Formations = append(declared.Formations, f.formation(c, at("formations", i), edition, d))
	}
	for i, d := range f.Entitlements {
		declared.Entitlements = append(declared.Entitlements, f.entitlement(c, at("entitlements", i), edition, declared.Systems, d))
	}
	for i, d := range f.Subscriptions {
		declared.Subscriptions = append(declared.Subscriptions, f.subscription(c, at("subscriptions", i), d))
	}
	for _, d := range f.Instances {
		declared.Instances = append(declared.Instances, f.instance(d))
	}
	faults := f.faults(c)
	if err := c.found.sorted(); err != nil {
		return err
	}
	cfg.Faults = append(cfg.Faults, faults...)
	if f.Edition != "" {
		cfg.Edition = edition.ID
	}
	if f.Seed != 0 {
		cfg.Seed = f.Seed
	}
	if f.KeyAlgorithm != "" {
		cfg.KeyAlgorithm = f.KeyAlgorithm
	}
	if f.Clock.Frozen {
		cfg.StartFrozen = f.frozenAt(cfg)
	}
	cfg.Landscape = declared
	if f.Tenants != nil {
		cfg.Tenants = make([]landscape.Tenant, len(f.Tenants))
		for i, t := range f.Tenants {
			cfg.Tenants[i] = landscape.Tenant{ID: t.ID, Product: t.Product}
			if communication, err := json.Marshal(t.Declared); err == nil && string(communication) != "{}" { // texts and lists
				cfg.Tenants[i].Communication = communication
			}
			for _, a := range t.APIs {
				cfg.Tenants[i].APIs = append(cfg.Tenants[i].APIs, landscape.ReplacedAPI{
					Identifier: a.Identifier, TargetURL: a.TargetURL, Specification: a.document,
				})
			}
		}
	}
	f.Policy.apply(&cfg.Policy)
	if f.Strict.Seed != 0 {
		cfg.Strict = strict.Settings(f.Strict)
	}
	return nil
}

// edition is the one wanted, else the file's, else the default.
func (f *File) edition(c *checker, wanted string) *btp.Edition {
	own, err := btp.EditionNamed(f.Edition)
	if err != nil || wanted == "" {
		c.refuseError("edition", err)
		return own
	}
	e, err := btp.EditionNamed(wanted)
	if err != nil {
		c.refuse("edition", "the edition asked for is none: %v", err)
		return own
	}
	if f.Edition != "" && e != own {
		c.refuse("edition", "this file is written for edition %s; %s was asked for", own.ID, e.ID)
	}
	return e
}

func (f *File) frozenAt(cfg *landscape.Config) time.Time {
	if f.Clock.At != "" {
		at, _ := time.Parse(time.RFC3339Nano, f.Clock.At) // check has parsed it
		return at
	}
	if cfg.RealNow != nil {
		return cfg.RealNow()
	}
	return time.Now()
}

// accounts are the declared global accounts, or the built-in one.
func (f *File) accounts() []btp.GlobalAccount {
	if len(f.GlobalAccounts) == 0 {
		return btp.DefaultLandscape().GlobalAccounts
	}
	accounts := make([]btp.GlobalAccount, len(f.GlobalAccounts))
	for i, a := range f.GlobalAccounts {
		accounts[i] = btp.GlobalAccount{
			ID: btp.GlobalAccountID(a.ID), DisplayName: either(a.DisplayName, a.ID), Subdomain: either(a.Subdomain, a.ID),
		}
	}
	return accounts
}

func (f *File) subaccounts(without btp.Landscape) []btp.Subaccount {
	if len(f.GlobalAccounts) == 0 {
		return without.Subaccounts
	}
	var all []btp.Subaccount
	for _, a := range f.GlobalAccounts {
		for _, s := range a.Subaccounts {
			sub := btp.Subaccount{
				ID: btp.SubaccountID(s.ID), GlobalAccount: btp.GlobalAccountID(a.ID), DisplayName: either(s.DisplayName, s.ID),
				Subdomain: either(s.Subdomain, s.ID), Region: either(s.Region, "eu10"),
				Environments: []btp.RuntimeEnvironment{btp.CloudFoundry, btp.Kyma},
			}
			if s.Environments != nil {
				sub.Environments = nil
			}
			for _, e := range s.Environments {
				sub.Environments = append(sub.Environments, btp.RuntimeEnvironment(e))
			}
			all = append(all, sub)
		}
	}
	return all
}

func either(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}

// paired are the statuses of a system that a tenant was paired with.
var paired = []btp.Status{btp.Registered, btp.Deregistering, btp.DeregisterError}

func (f *File) system(c *checker, path string, e *btp.Edition, s System) btp.DeclaredSystem {
	d := btp.DeclaredSystem{
		ID: btp.SystemID(s.ID), GlobalAccount: btp.GlobalAccountID(f.account(s.GlobalAccount)),
		Name: s.Name, Type: s.Type, Status: c.status(path+".status", e, s.Status), Cause: s.Cause,
	}
	switch {
	case s.Token == nil && e.TokenAtRegistration: // a fresh one
	case s.Token == nil || s.Token.None:
		d.TokenAge = -1
	default:
		d.TokenAge = c.duration(path+".token.age", s.Token.Age)
	}
	switch d.Status { //nolint:exhaustive // of the others nothing more is asked
	case btp.Failed, btp.DeregisterError, btp.RemoveError:
	default:
		if s.Cause != "" {
			c.refuse(path+".cause", "only an error status has a cause")
		}
	}
	if s.Tenant != nil {
		d.Tenant = &btp.Descriptor{
			TenantID: s.Tenant.ID, URL: s.Tenant.URL, CallbackURL: s.Tenant.CallbackURL, CommunicationScenarios: s.Tenant.CommunicationScenarios,
		}
		if !slices.Contains(paired, d.Status) {
			c.refuse(path+".tenant", "only a system that was paired has a tenant")
		}
	}
	if len(s.Services) > 0 && !slices.Contains(paired, d.Status) {
		c.refuse(path+".services", "only a system that was paired has services")
	}
	if d.Status != btp.Pending && s.Token != nil && !s.Token.None {
		c.refuse(path+".token", "only a pending system has a token")
	}
	return d
}

func (f *File) formation(c *checker, path string, e *btp.Edition, d Formation) btp.DeclaredFormation {
	declared := btp.DeclaredFormation{
		ID: btp.FormationID(d.ID), GlobalAccount: btp.GlobalAccountID(f.account(d.GlobalAccount)), Name: d.Name, Type: d.Type,
		Subaccount: d.Subaccount, Status: c.formationStatus(path+".status", e, d.Status), Cause: d.Cause,
	}
	for _, name := range d.Systems {
		declared.Systems = append(declared.Systems, f.systemRef(string(declared.GlobalAccount), name))
	}
	if d.Type == "" && len(e.FormationLabels) > 0 {
		c.refuse(path, "edition %s needs the type of a formation, as %q", e.ID, btp.FormationTypes[0].Name)
	}
	f.checkServed(c, path, &declared)
	if d.Cause != "" && declared.Status != btp.StatusError {
		c.refuse(path+".cause", "only an error status has a cause")
	}
	return declared
}

// checkServed: whether a formation is Ready or waits for action is up to its
// subaccount.
func (f *File) checkServed(c *checker, path string, d *btp.DeclaredFormation) {
	t, err := btp.FormationTypeNamed(d.Type)
	if err != nil || d.Status != btp.StatusReady && d.Status != btp.StatusActionRequired {
		return
	}
	s, _ := f.findSubaccount(string(d.GlobalAccount), d.Subaccount)
	switch served := d.Subaccount != "" && s.Has(t.Environment); {
	case served && d.Status == btp.StatusActionRequired:
		c.refuse(path+".status", "no action is required: its subaccount has the environment %s", t.Environment)
	case !served && d.Status == btp.StatusReady:
		c.refuse(path+".status", "it is not ready while it has no subaccount with the environment %s", t.Environment)
	}
}

func (f *File) instance(d Instance) btp.DeclaredInstance {
	sub, _ := f.findSubaccount("", d.Subaccount) // check has found it
	one := btp.DeclaredInstance{
		ID: d.ID, Name: d.Name, Subaccount: sub.ID, Offering: d.Offering, Plan: d.Plan, Environment: btp.RuntimeEnvironment(d.Environment),
		Organization: d.Organization, Space: d.Space, Parameters: d.Parameters,
	}
	for _, b := range d.Bindings {
		one.Bindings = append(one.Bindings, btp.DeclaredBinding(b))
	}
	return one
}

func (f *File) entitlement(c *checker, path string, e *btp.Edition, systems []btp.DeclaredSystem, d Entitlement) btp.DeclaredEntitlement {
	sub, _ := f.findSubaccount("", d.Subaccount) // check has found it
	if i := f.findSystem(string(sub.GlobalAccount), d.System); d.System != "" && i >= 0 && systems[i].Status != btp.Registered {
		label := e.Label(systems[i].Status)
		if label == "" {
			label = string(systems[i].Status)
		}
		c.refuse(path+".system", "system %q has the status %s; an entitlement is for a registered system", clip(d.System), label)
	}
	one := btp.DeclaredEntitlement{ID: btp.EntitlementID(d.ID), Subaccount: sub.ID, Service: d.Service, Plan: d.Plan, Quota: d.Quota}
	for _, s := range btp.EntitledServices { // plans are unique among all services
		if one.Service == "" && slices.Contains(s.Plans, d.Plan) {
			one.Service = s.Name
		}
	}
	if d.System != "" {
		one.System = f.systemRef(string(sub.GlobalAccount), d.System)
	}
	return one
}

// subscription is a declared one; only a runtime listens.
func (f *File) subscription(c *checker, path string, d Subscription) btp.DeclaredSubscription {
	sub, _ := f.findSubaccount("", d.Subaccount) // check has found it
	if !sub.Has(btp.Kyma) {
		c.refuse(path+".subaccount", "subaccount %s does not have the environment kyma, which is what receives events", sub.ID)
	}
	return btp.DeclaredSubscription{
		ID: btp.SubscriptionID(d.ID), Subaccount: sub.ID,
		NewSubscription: btp.NewSubscription{Source: d.Source, Type: d.Type, Version: d.Version, Sink: d.Sink, Mode: btp.EventMode(d.Mode)},
	}
}

// systemRef is the declared id of a system, or its name while it has none.
func (f *File) systemRef(account, idOrName string) btp.SystemID {
	if i := f.findSystem(account, idOrName); i >= 0 && f.Systems[i].ID != "" {
		return btp.SystemID(f.Systems[i].ID)
	}
	return btp.SystemID(idOrName)
}

func (p Policy) apply(to *btp.Policy) {
	set := func(d *time.Duration, text string) {
		if text != "" {
			*d, _ = time.ParseDuration(text) // check has parsed it
		}
	}
	set(&to.AttemptDeadline, p.AttemptDeadline)
	set(&to.CertificateValidity, p.CertificateValidity)
	if p.RejectedCSRs != 0 {
		to.RejectedCSRs = p.RejectedCSRs
	}
	if p.BurnOnRejectedCSR != nil {
		to.BurnOnRejectedCSR = *p.BurnOnRejectedCSR
	}
	if p.Abandoned != "" {
		to.AbandonedIsError = p.Abandoned == "error"
	}
	if p.Revocation != "" {
		to.StrictRevocation = p.Revocation == "strict"
	}
	if p.NameCollision != "" {
		to.CollisionsStopSync = p.NameCollision == "stop-sync"
	}
	validities := maps.Clone(to.TokenValidity)
	for name, text := range p.TokenValidity {
		if validities == nil {
			validities = map[string]time.Duration{}
		}
		d := validities[name]
		set(&d, text)
		validities[name] = d
	}
	to.TokenValidity = validities
	transitions := maps.Clone(to.Transitions)
	for name, one := range p.transitions() {
		if transitions == nil {
			transitions = map[btp.Transition]btp.TransitionPolicy{}
		}
		transitions[name] = one
	}
	to.Transitions = transitions
}

// transitions are the policies that p declares.
func (p Policy) transitions() map[btp.Transition]btp.TransitionPolicy {
	all := map[btp.Transition]btp.TransitionPolicy{}
	after := func(text string) time.Duration {
		d, _ := time.ParseDuration(text) // check has parsed it
		return d
	}
	for name, text := range p.Durations {
		all[btp.Transition(name)] = btp.TransitionPolicy{After: after(text)}
	}
	for name, one := range p.Transitions {
		all[btp.Transition(name)] = btp.TransitionPolicy{After: after(one.After), Reads: one.Reads, Held: one.Held}
	}
	return all
}

// Try starts a landscape of f alone, in memory on free loopback ports, and stops
// it: so the registry's own rules (names, subdomains, quotas) have judged f too.
func (f *File) Try(ctx context.Context) error {
	cfg := landscape.Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", landscape.Off, landscape.Off
	if err := f.Apply(&cfg); err != nil {
		return err
	}
	l, err := landscape.Start(ctx, cfg)
	if err == nil {
		return l.Close(ctx)
	}
	return f.Located(err)
}

// Located is a refusal of a rule with the line of f that it is about; any other
// error stays as it is.
func (f *File) Located(err error) error {
	var refused *btp.Error
	if !errors.As(err, &refused) {
		return err
	}
	return Findings{f.lines.finding(f.place(err.Error()), "%s", refused.Detail)}
}

// place finds what a rule's refusal is about: btp names the object before it.
func (f *File) place(text string) string {
	if path, ok := faultPlace(text); ok {
		return path
	}
	if path := f.objectPlace(text); path != "" {
		return path
	}
	for i, d := range f.Entitlements {
		sub, _ := f.findSubaccount("", d.Subaccount)
		var system btp.SystemID
		if d.System != "" {
			system = f.systemRef(string(sub.GlobalAccount), d.System)
		}
		if strings.Contains(text, "entitlement "+d.Plan+" of subaccount "+string(sub.ID)+" for system "+string(system)+": ") {
			return at("entitlements", i)
		}
	}
	for i, d := range f.Subscriptions {
		sub, _ := f.findSubaccount("", d.Subaccount)
		if strings.Contains(text, "subscription of subaccount "+string(sub.ID)+" to "+d.Type+" of "+d.Source+": ") {
			return at("subscriptions", i)
		}
	}
	for i, d := range f.Instances {
		sub, _ := f.findSubaccount("", d.Subaccount)
		if strings.Contains(text, "service instance "+d.Name+" of subaccount "+string(sub.ID)+": ") {
			return at("serviceInstances", i)
		}
	}
	for i, s := range f.Systems {
		if strings.Contains(text, "system "+s.Name+": ") {
			return at("systems", i)
		}
	}
	for i, d := range f.Formations {
		if strings.Contains(text, "formation "+d.Name+": ") {
			return at("formations", i)
		}
	}
	for i, k := range f.OAuthClients {
		if strings.Contains(text, "OAuth client "+k.ID+": ") {
			return at("oauthClients", i)
		}
	}
	for i, a := range f.GlobalAccounts {
		path := at("globalAccounts", i)
		if strings.Contains(text, "global account "+a.ID+": ") {
			return path
		}
		for j, s := range a.Subaccounts {
			if strings.Contains(text, "subaccount "+s.ID+": ") {
				return at(path+".subaccounts", j)
			}
		}
	}
	return ""
}

// Configure reads a seed document and applies it to a configuration. edition is
// the one asked for; "" takes the document's or, without one, that which stands
// there.
func Configure(document []byte, edition string, cfg *landscape.Config) error {
	f, err := Parse(document)
	if err != nil {
		return err
	}
	if edition != "" || f.Edition != "" {
		cfg.Edition = edition
	}
	return f.Apply(cfg)
}
