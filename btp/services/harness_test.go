package services_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// twice runs every change once in vain before it counts, as a store may.
type twice struct{ btp.Store }

func (s twice) Update(ctx context.Context, env btp.EnvironmentID, change func(btp.Tx) error) error {
	again := errors.New("once more")
	err := s.Store.Update(ctx, env, func(tx btp.Tx) error {
		_ = change(tx) // what it says counts the second time
		return again
	})
	if !errors.Is(err, again) {
		return err
	}
	return s.Store.Update(ctx, env, change)
}

// desk is an engine under test, with an offering that does what the test wants.
type desk struct {
	*services.Engine
	registry *btp.Registry
	t        *testing.T
	offered  *offering
}

func open(t *testing.T, change ...func(*btp.Config)) *desk {
	t.Helper()
	o := &offering{}
	catalogue, err := services.NewCatalogue(o, plain{})
	if err != nil {
		t.Fatal(err)
	}
	both := []btp.RuntimeEnvironment{btp.Kyma, btp.CloudFoundry}
	c := btp.Config{
		Store: twice{memory.New()}, Environment: btp.DefaultEnvironment, Seed: 1, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch }, StartFrozen: epoch, Policy: btp.DefaultPolicy(),
		Workers: catalogue.Workers(),
		Landscape: btp.Landscape{
			GlobalAccounts: []btp.GlobalAccount{{ID: "default", Subdomain: "default"}, {ID: "other", Subdomain: "other"}},
			Subaccounts: []btp.Subaccount{
				{ID: "dev", GlobalAccount: "default", Subdomain: "dev", Region: "eu10", Environments: both},
				{ID: "cf", GlobalAccount: "default", Subdomain: "cf", Region: "eu10", Environments: both[1:]},
				{ID: "bare", GlobalAccount: "default", Subdomain: "bare", Region: "eu10"},
				{ID: "foreign", GlobalAccount: "other", Subdomain: "foreign", Region: "eu10", Environments: both},
			},
			Systems: []btp.DeclaredSystem{
				{ID: "crm", GlobalAccount: "default", Name: "CRM", Type: "SAP Marketing Cloud", Status: btp.Registered, TokenAge: -1},
				{ID: "second", GlobalAccount: "default", Name: "Second", Type: "SAP Marketing Cloud", Status: btp.Registered, TokenAge: -1},
			},
		},
	}
	for _, f := range change {
		f(&c)
	}
	r, err := btp.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return &desk{catalogue.On(r), r, t, o}
}

func (d *desk) entitle(sub btp.SubaccountID, system btp.SystemID, quota int) btp.EntitlementView {
	d.t.Helper()
	v, err := d.registry.AssignEntitlement(d.t.Context(), sub, btp.NewEntitlement{System: system, Plan: "api-access", Quota: quota}, "")
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

func (d *desk) ask(name string) services.NewInstance {
	return services.NewInstance{Name: name, Offering: "s4-hana-cloud", Plan: "api-access", Parameters: json.RawMessage(`{"systemName":"CRM","password":"s3cret"}`)}
}

func (d *desk) create(name string) services.Instance {
	d.t.Helper()
	i, err := d.CreateInstance(d.t.Context(), "dev", d.ask(name), "")
	if err != nil || !i.Usable() {
		d.t.Fatalf("create %q: got %+v, %v", name, i.Operation, err)
	}
	return i.Instance
}

func (d *desk) see(id string) services.InstanceView {
	d.t.Helper()
	v, err := d.Instance(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return v
}

func (d *desk) gone(id string) {
	d.t.Helper()
	_, err := d.Instance(d.t.Context(), id)
	d.refused(err, btp.ServiceInstanceNotFound)
}

func (d *desk) advance(by time.Duration) {
	d.t.Helper()
	if _, err := d.registry.ChangeClock(d.t.Context(), btp.ClockChange{Advance: by}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) refused(err error, want btp.Code) {
	d.t.Helper()
	if got := btp.CodeOf(err); got != want {
		d.t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// count is how many objects of a kind there are.
func (d *desk) count(kind btp.ObjectKind) (n int) {
	d.t.Helper()
	err := d.registry.View(d.t.Context(), func(s *btp.Step) (err error) {
		n, err = s.Objects().Count(btp.ObjectFilter{Kind: kind})
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// offering is SAP S/4HANA Cloud Extensibility as far as the engine sees of it. What it
// makes "on the tenant" is remembered; creating and deleting answer what the test wants.
type offering struct {
	mu               sync.Mutex
	there            map[string]bool
	creates, deletes int
	create, delete   func(ctx context.Context, id string) error
	created          error
}

func (o *offering) Description() services.Description {
	schema := json.RawMessage(`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["systemName"],
		"anyOf":[{"required":["systemName"]}],"additionalProperties":false,
		"properties":{"systemName":{"type":"string","minLength":1,"default":"x"},"password":{"type":"string"},"list":{"type":"array","items":{"type":"object","required":["name"]}}}}`)
	return services.Description{
		ID: "fa5e1f1e-0000-4000-8000-000000000001", Name: "s4-hana-cloud", DisplayName: "SAP S/4HANA Cloud Extensibility",
		Plans: []services.Plan{{
			ID: "fa5e1f1e-0000-4000-8000-000000000002", Name: "api-access", Asynchronous: true, NeedsSystem: true, NeedsEntitlement: true, CreateSchema: schema,
			BindSchema: json.RawMessage(`{"type":"object","additionalProperties":false}`),
		}},
	}
}

func (o *offering) Admit(s *btp.Step, i *services.Instance) error {
	var p struct{ SystemName, Password string }
	if err := json.Unmarshal(i.Parameters, &p); err != nil {
		return err
	}
	system, ok, err := s.Systems().FindByName(i.GlobalAccount, p.SystemName)
	if err != nil {
		return err
	}
	if !ok {
		return services.InvalidParameters([]btp.Finding{{Path: "$.systemName", Problem: "there is no such system"}})
	}
	i.System, i.Parameters, i.Secret = system.ID, json.RawMessage(`{"systemName":"`+p.SystemName+`"}`), json.RawMessage(`{"password":"`+p.Password+`"}`)
	return s.Objects().Put(btp.Object{Kind: btp.KindDestination, ID: i.ID, Scope: string(i.Subaccount), Name: i.Name, Sequence: s.NextSequence()})
}

func (o *offering) Create(ctx context.Context, _ *btp.Registry, i services.Instance) (json.RawMessage, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.creates++
	if o.there == nil {
		o.there = map[string]bool{}
	}
	o.there[i.ID] = true
	if o.create != nil {
		if err := o.create(ctx, i.ID); err != nil {
			return nil, err
		}
	}
	return json.RawMessage(`{"user":"u"}`), nil
}

func (o *offering) Created(_ *btp.Step, i *services.Instance, made json.RawMessage) error {
	i.State = made
	return o.created
}

func (o *offering) Delete(ctx context.Context, _ *btp.Registry, i services.Instance) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deletes++
	if o.delete != nil {
		if err := o.delete(ctx, i.ID); err != nil {
			return err
		}
	}
	delete(o.there, i.ID)
	return nil
}

func (o *offering) Deleted(s *btp.Step, i *services.Instance) error {
	return s.Objects().Delete(btp.KindDestination, i.ID)
}

func (o *offering) Bind(s *btp.Step, i services.Instance, b *services.Binding) error {
	secret, err := s.PutServiceClient(btp.ServiceClient{ID: "sb-" + b.ID, Subaccount: i.Subaccount, Service: "destination", Instance: i.ID, Binding: b.ID})
	b.Credentials, _ = json.Marshal(map[string]string{"url": "{{http}}", "clientid": "sb-" + b.ID, "clientsecret": secret}) // texts
	return err
}

func (o *offering) Unbind(*btp.Step, services.Instance, services.Binding) error { return nil }

func (o *offering) left() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.there)
}

// answers sets what creating and deleting come to.
func (o *offering) answers(create, deletion func(context.Context, string) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.create, o.delete = create, deletion
}

// plain is a service that every subaccount has, synchronous.
type plain struct{}

func (plain) Description() services.Description {
	return services.Description{
		ID: "fa5e1f1e-0000-4000-8000-000000000003", Name: "destination",
		Plans: []services.Plan{{ID: "fa5e1f1e-0000-4000-8000-000000000004", Name: "lite"}},
	}
}

func (plain) Admit(*btp.Step, *services.Instance) error                    { return nil }
func (plain) Created(*btp.Step, *services.Instance, json.RawMessage) error { return nil }
func (plain) Deleted(*btp.Step, *services.Instance) error                  { return nil }
func (plain) Bind(_ *btp.Step, _ services.Instance, b *services.Binding) error {
	b.Credentials = json.RawMessage(`{}`)
	return nil
}
func (plain) Unbind(*btp.Step, services.Instance, services.Binding) error { return nil }
func (plain) Delete(context.Context, *btp.Registry, services.Instance) error {
	panic("it is synchronous")
}

func (plain) Create(context.Context, *btp.Registry, services.Instance) (json.RawMessage, error) {
	panic("it is synchronous")
}
