package extensibility

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/services"
)

// The plans (925c00a.md, a735641.md).
const (
	APIAccess = "api-access"
	Messaging = "messaging"
)

// Offering is the service SAP S/4HANA Cloud Extensibility.
type Offering struct {
	Tenants Tenants
	// BaseURLs are the bases of the registry's own URLs as a tenant reaches them.
	BaseURLs func() (http, mtls string)
}

var _ services.Offering = Offering{}

// Description is what the catalogue says of the service (sap-domain §10.3).
func (Offering) Description() services.Description {
	plan := func(id, name, display, text string, create []byte) services.Plan {
		return services.Plan{
			ID: id, Name: name, DisplayName: display, Text: text,
			Asynchronous: true, NeedsSystem: true, NeedsEntitlement: true, CreateSchema: create,
		}
	}
	return services.Description{
		ID: "6c3e0b5e-8f0a-4a3f-9d51-5d6b1f6f9a01", Name: btp.ExtensibilityService, DisplayName: btp.ExtensibilityServiceDisplayName,
		Text: "APIs and events of a registered SAP S/4HANA Cloud or SAP Marketing Cloud system",
		Tags: []string{"extensibility", "s4-hana-cloud"},
		Plans: []services.Plan{
			plan("6c3e0b5e-8f0a-4a3f-9d51-5d6b1f6f9a02", APIAccess, "API access", "a communication arrangement for the system's APIs, or for calls of the system", apiAccessSchema),
			plan("6c3e0b5e-8f0a-4a3f-9d51-5d6b1f6f9a03", Messaging, "Messaging", "the system's events on the event bus of the subaccount", messagingSchema),
		},
	}
}

// state is what is kept of an instance beside its parameters.
type state struct {
	Parameters Parameters `json:"parameters"` // expanded, without the password
	// Arrangement is the tenant's id of it; "" until it is made.
	Arrangement string `json:"arrangementId,omitempty"`
	// Properties are what connects to the system: of the destination, where there is
	// one, and of every binding. Those that are secret stand in the secrets.
	Properties map[string]string `json:"properties,omitempty"`
}

type secrets struct {
	OutboundPassword string            `json:"outboundPassword,omitempty"`
	Properties       map[string]string `json:"properties,omitempty"`
}

func read(i services.Instance) (st state, sec secrets, err error) {
	if len(i.State) > 0 {
		err = json.Unmarshal(i.State, &st)
	}
	if len(i.Secret) > 0 && err == nil {
		err = json.Unmarshal(i.Secret, &sec)
	}
	return st, sec, err
}

func write(i *services.Instance, st state, sec secrets) (err error) {
	if i.State, err = json.Marshal(st); err == nil {
		i.Secret, err = json.Marshal(sec)
	}
	return err
}

// Admit judges a request: the parameters, the system (SEED-004: one that is
// registered), its methods of authentication, and the names that must be free
// (sap-domain §24, 12 and 14).
func (o Offering) Admit(s *btp.Step, i *services.Instance) error {
	p, err := Parse(i.Plan, i.Parameters)
	if err != nil {
		return err
	}
	system, err := systemNamed(s, i.GlobalAccount, p.SystemName)
	if err != nil {
		return err
	}
	known, ok := methodsOf[system.Type]
	if !ok {
		return findings{{Path: "$.systemName", Problem: fmt.Sprintf("system %q is of type %s, which has no communication arrangements", system.Name, system.Type)}}.refusal()
	}
	var found findings
	known.check(p.Arrangement, system.Type, &found)
	if err := found.refusal(); err != nil {
		return err
	}
	i.System = system.ID
	if i.Plan == Messaging {
		err = admitToBus(s, i, p)
	} else if makesDestination(s.Edition(), p) {
		err = nameFree(s, i)
	}
	if err != nil {
		return err
	}
	password := p.takePassword()
	if i.Parameters, err = json.Marshal(p); err != nil {
		return err
	}
	return write(i, state{Parameters: p}, secrets{OutboundPassword: password})
}

// systemNamed finds a registered system of a global account by its name.
func systemNamed(s *btp.Step, ga btp.GlobalAccountID, name string) (btp.System, error) {
	system, ok, err := s.Systems().FindByName(ga, name)
	switch {
	case err != nil:
		return system, err
	case !ok:
		return system, btp.Errorf(btp.SystemNotFound, "$.systemName: the global account has no system %q", name)
	case system.Status != btp.Registered:
		return system, btp.Errorf(btp.SystemNotRegistered, "$.systemName: system %q is not registered; complete its registration in its tenant first", name)
	}
	return system, nil
}

// makesDestination says whether an instance gets a destination: every one in the
// first edition (SEED-004), later those with an inbound connection (d866cf6.md).
func makesDestination(e *btp.Edition, p Parameters) bool {
	return e.DestinationAlways || p.Arrangement.Inbound != ""
}

// nameFree refuses when the destination of the instance cannot have its name
// (d866cf6.md).
func nameFree(s *btp.Step, i *services.Instance) error {
	probe := destination.Destination{Subaccount: i.Subaccount, Name: i.Name, Properties: map[string]string{
		destination.Type: "HTTP", destination.URL: "https://tenant.example", destination.Authentication: NoAuthentication,
	}}
	if err := destination.Check(probe); err != nil {
		return err
	}
	_, err := destination.Find(s, i.Subaccount, "", i.Name)
	switch {
	case err == nil:
		return btp.Errorf(btp.DestinationExists, "subaccount %s has a destination %q already; the instance's destination would have its name: choose another, or delete the destination", i.Subaccount, i.Name)
	case btp.CodeOf(err) == btp.DestinationNotFound:
		return nil
	}
	return err
}

// admitToBus takes a client of the subaccount's event bus for a messaging instance,
// whose names are unique from then on (d476ff0.md, b8855ef.md).
func admitToBus(s *btp.Step, i *services.Instance, p Parameters) error {
	others, err := s.Objects().List(btp.ObjectFilter{Kind: btp.KindServiceInstance, Scope: string(i.Subaccount)})
	if err != nil {
		return err
	}
	for _, one := range others {
		if taken, err := emClientOf(one); err != nil || one.ID != i.ID && taken == p.EmClientID {
			return errors.Join(err, btp.Errorf(btp.EmClientIDTaken, "$.emClientId: service instance %q of subaccount %s has the emClientId %q already; choose another", one.Name, i.Subaccount, p.EmClientID))
		}
	}
	bus := p.EventMesh.Parameters
	return eventmesh.PutClient(s, eventmesh.Client{
		Subaccount: i.Subaccount, Instance: i.ID, EmName: bus.EmName, Namespace: bus.Namespace,
		PublishTopics: bus.Rules.Topics.Inbound, Units: bus.Resources.count(), MessagingREST: true,
	})
}

// emClientOf is the emClientId that a stored instance holds; "" for none. Of one whose
// creation failed and left nothing there is no state.
func emClientOf(o btp.Object) (string, error) {
	var i services.Instance
	if err := json.Unmarshal(o.Document, &i); err != nil || i.Offering != btp.ExtensibilityService || i.Plan != Messaging {
		return "", err
	}
	st, _, err := read(i)
	return st.Parameters.EmClientID, err
}

// made is what Create hands to Created. It holds secrets.
type made struct {
	Arranged Arranged
	// KeyStore is the key and certificate of the extension, PEM; nil without inbound
	// ClientCertificateAuthentication.
	KeyStore []byte `json:",omitempty"`
}

var _ services.Preparer = Offering{}

// Prepare makes ready the RSA key that the connection needs: of the subaccount's trust,
// where it has none, or of the extension.
func (Offering) Prepare(ctx context.Context, r *btp.Registry, subaccount btp.SubaccountID, plan string, parameters json.RawMessage) error {
	var p struct {
		Arrangement struct {
			Inbound string `json:"inboundAuthentication"`
		} `json:"communicationArrangement"`
	}
	if plan != APIAccess || json.Unmarshal(parameters, &p) != nil {
		return nil // Admit says what is wrong
	}
	switch p.Arrangement.Inbound {
	case SAMLBearer:
		if there, err := destination.HasTrust(ctx, r, subaccount); err != nil || there {
			return ignoreRefusal(err)
		}
	case ClientCertificate:
	default:
		return nil
	}
	return r.ReadyRSAKey()
}

// ignoreRefusal leaves what a rule refuses to the step that judges the request.
func ignoreRefusal(err error) error {
	var refused *btp.Error
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// Create has the tenant make the communication arrangement.
func (o Offering) Create(ctx context.Context, r *btp.Registry, i services.Instance) (json.RawMessage, error) {
	about := btp.Reference{System: i.System}
	var m made
	err := r.At(ctx, btp.PointArrangementCreate, &about, func(ctx context.Context) error {
		call, order, keys, err := o.order(ctx, r, i, &about)
		if errors.Is(err, errNobody) {
			return btp.Errorf(btp.TenantNotTold, "the system's tenant has deleted its side of the registration: %w", err)
		}
		if err != nil {
			return err
		}
		m.KeyStore = keys
		m.Arranged, err = o.Tenants.Arrange(ctx, call, order)
		if drawn := order.EventBus != nil || keys != nil; drawn && errors.Is(err, ErrArrangementExists) {
			// Maybe of an earlier try, whose answer and secrets nobody has: it goes. Where it
			// is another instance's, nothing does, and the tenant refuses again.
			if err := o.Tenants.Disarrange(ctx, call); err != nil {
				return err
			}
			m.Arranged, err = o.Tenants.Arrange(ctx, call, order)
		}
		return err
	})
	if err == nil && m.Arranged.URL == "" { // a fault has answered in the tenant's place
		err = btp.Errorf(btp.TenantNotTold, "the tenant's callback has not said where its APIs are")
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(m)
}

// order prepares a call that makes an arrangement; keys are the extension's.
func (o Offering) order(ctx context.Context, r *btp.Registry, i services.Instance, about *btp.Reference) (call Call, order Order, keys []byte, err error) {
	if call, err = o.call(ctx, r, i, about); err != nil {
		return call, order, nil, err
	}
	st, sec, err := read(i)
	if err != nil {
		return call, order, nil, err
	}
	p := st.Parameters
	p.putPassword(sec.OutboundPassword)
	order = Order{System: i.System, InstanceName: i.Name, Arrangement: p.Arrangement}
	if i.Plan == Messaging {
		order.Arrangement.Scenario = EventingScenario
		order.EventBus, err = o.eventBus(ctx, r, i, p)
		return call, order, nil, err
	}
	switch p.Arrangement.Inbound {
	case SAMLBearer:
		trust, err := destination.TrustOf(ctx, r, i.Subaccount)
		if err != nil {
			return call, order, nil, err
		}
		order.SAMLTrust = &SAMLTrust{trust.Issuer, string(trust.CertificatePEM)}
	case ClientCertificate:
		certificate, store, err := newKeyStore(r, i)
		if err != nil {
			return call, order, nil, err
		}
		order.ClientCertificate, keys = &CertificatePEM{string(certificate)}, store
	}
	return call, order, keys, nil
}

// eventBus makes the credentials with which the tenant publishes. A repeated call
// makes new ones: the secret of the first is not kept.
func (o Offering) eventBus(ctx context.Context, r *btp.Registry, i services.Instance, p Parameters) (*EventBus, error) {
	http, _ := o.BaseURLs()
	bus := EventBus{
		TokenEndpoint: http + "/oauth/token", URI: http + "/messagingrest/v1",
		ClientID:  "sb-" + i.ID + "!b1|" + eventmesh.Service + "!b1",
		Namespace: p.EventMesh.Parameters.Namespace,
	}
	err := r.Amend(ctx, func(s *btp.Step) (err error) {
		if err := s.DeleteServiceClients(i.ID, ""); err != nil {
			return err
		}
		bus.ClientSecret, err = s.PutServiceClient(btp.ServiceClient{
			ID: bus.ClientID, Subaccount: i.Subaccount, Service: eventmesh.Service,
			XSAppName: i.ID + "!b1|" + eventmesh.Service + "!b1", Instance: i.ID,
		})
		return err
	})
	return &bus, err
}

// errNobody says that there is no tenant to tell.
var errNobody = errors.New("there is no tenant to tell")

// call prepares a call to the tenant of an instance's system, whom it is about.
func (o Offering) call(ctx context.Context, r *btp.Registry, i services.Instance, about *btp.Reference) (Call, error) {
	var system btp.System
	err := r.Read(ctx, func(s *btp.Step) (err error) {
		system, err = s.Systems().Get(i.System)
		return err
	})
	switch {
	case btp.CodeOf(err) == btp.SystemNotFound:
		return Call{}, errNobody
	case err != nil:
		return Call{}, err
	case system.Tenant == nil || system.Tenant.CallbackURL == "" || system.ExtensionDeleted:
		return Call{}, errNobody
	}
	*about = system.Reference()
	jwt, err := r.SignForTenant(ctx, system, CommunicationAudience)
	return Call{
		CallbackURL: system.Tenant.CallbackURL, JWT: jwt, Instance: i.ID, System: system.ID, Faults: btp.ExchangeOf(ctx).Faults(),
	}, err
}

// Created stores what connects to the system.
func (o Offering) Created(s *btp.Step, i *services.Instance, text json.RawMessage) error {
	var m made
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	st, sec, err := read(*i)
	if err != nil {
		return err
	}
	st.Arrangement = m.Arranged.Arrangement
	if i.Plan == Messaging {
		return write(i, st, sec)
	}
	system, err := s.Systems().Get(i.System)
	if err != nil {
		return err
	}
	d := destination.Destination{Subaccount: i.Subaccount, Name: i.Name, MadeBy: i.ID, New: true}
	d.Properties, d.Secrets = connection(i.Name, system.Name, st.Parameters.Arrangement.Inbound, m.Arranged)
	if m.KeyStore != nil {
		if err := putKeyStore(s, i, m.KeyStore, &d); err != nil {
			return err
		}
	}
	st.Properties, sec.Properties = d.Properties, d.Secrets
	if makesDestination(s.Edition(), st.Parameters) {
		if err := destination.Put(s, d); err != nil {
			return err
		}
	}
	return write(i, st, sec)
}

// Delete has the tenant delete the arrangement with its users and, of a messaging
// instance, its channel.
func (o Offering) Delete(ctx context.Context, r *btp.Registry, i services.Instance) error {
	about := btp.Reference{System: i.System}
	return r.At(ctx, btp.PointArrangementDelete, &about, func(ctx context.Context) error {
		call, err := o.call(ctx, r, i, &about)
		if errors.Is(err, errNobody) {
			return nil
		}
		if err != nil {
			return err
		}
		return o.Tenants.Disarrange(ctx, call)
	})
}

// Deleted takes away the destination, or the client of the event bus.
func (o Offering) Deleted(s *btp.Step, i *services.Instance) error {
	return errors.Join(
		destination.RemoveMadeBy(s, i.ID), removeKeyStores(s, i),
		eventmesh.RemoveClient(s, i.Subaccount, i.ID),
		s.DeleteServiceClients(i.ID, ""),
	)
}

// Bind gives what connects to the system, the same as the destination has (SEED-004).
// What the tenant calls the extension with is nobody else's.
func (o Offering) Bind(s *btp.Step, i services.Instance, b *services.Binding) error {
	if len(b.Parameters) > 0 && string(b.Parameters) != "{}" && string(b.Parameters) != "null" {
		return findings{{Path: "$", Problem: "bindings of this service have no parameters"}}.refusal()
	}
	st, sec, err := read(i)
	if err != nil {
		return err
	}
	credentials := map[string]string{}
	if i.Plan == Messaging {
		bus := st.Parameters.EventMesh.Parameters
		credentials = map[string]string{
			"Name": i.Name, systemNameKey: st.Parameters.SystemName, "emClientId": st.Parameters.EmClientID,
			"emname": bus.EmName, "namespace": bus.Namespace, "topicSpace": st.Parameters.topicSpace(),
		}
	}
	maps.Copy(credentials, st.Properties)
	maps.Copy(credentials, sec.Properties)
	b.Credentials, err = json.Marshal(credentials)
	return err
}

// Unbind has nothing to take away.
func (Offering) Unbind(*btp.Step, services.Instance, services.Binding) error { return nil }
