package states

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/contracts/verifier"
)

// The texts of parameters, as pacts use them.
const (
	// Of token.
	Live           = "live"
	Used           = "used"
	Replaced       = "replaced"
	OfDeregistered = "of a deregistered system"
	// Of certificateRequest.
	GoodRequest       = "good"
	ForAnotherSubject = "for another subject"
	NotARequest       = "not a request"
	// Of certificate.
	Valid          = "valid"
	RenewalBlocked = "renewal blocked"
	Expired        = "expired"
	Revoked        = "revoked"
	Foreign        = "of another authority"
	None           = "none"
	// Of status.
	Registered   = "Registered"
	Pending      = "Pending"
	Deregistered = "Deregistered"
	// Of target.
	Answers     = "answers"
	Refuses     = "refuses"
	Unreachable = "unreachable"
	// Of notice.
	Good             = "good"
	ForAnotherTenant = "for another tenant"
	NotSigned        = "not signed by the registry"
	// Of deliveries.
	Full = "full"
	// Of formation and busy.
	No  = "no"
	Yes = "yes"
)

func makeToken(ctx context.Context, w *world, p params) (map[string]any, error) {
	age, err := p.duration("tokenAge")
	if err != nil {
		return nil, err
	}
	what, err := p.choice("token", Live, Used, Replaced, OfDeregistered)
	if err != nil {
		return nil, err
	}
	s, err := w.register(ctx, p)
	if err != nil {
		return nil, err
	}
	switch what {
	case Used:
		_, err = w.accepted(ctx, s, "")
	case Replaced:
		_, err = w.env.Operator().IssueToken(ctx, s.ID)
	case OfDeregistered:
		_, err = w.env.Operator().Deregister(ctx, s.ID)
	}
	if err != nil {
		return nil, err
	}
	if age > 0 {
		_, err = w.env.Controls().Advance(ctx, age)
	}
	return map[string]any{"token": s.IntegrationToken.Token}, err
}

func makePairing(ctx context.Context, w *world, p params) (map[string]any, error) {
	age, err := p.duration("age")
	if err != nil {
		return nil, err
	}
	what, err := p.choice("certificateRequest", GoodRequest, ForAnotherSubject, NotARequest)
	if err != nil {
		return nil, err
	}
	s, err := w.register(ctx, p)
	if err != nil {
		return nil, err
	}
	c, err := w.accepted(ctx, s, "")
	if err != nil {
		return nil, err
	}
	subject := c.info.Certificate.Subject
	if what == ForAnotherSubject {
		subject += "-2" // CN is the last attribute
	}
	_, der, err := request(subject)
	if err != nil {
		return nil, err
	}
	if what == NotARequest {
		der = []byte("no certificate request")
	}
	if age > 0 {
		_, err = w.env.Controls().Advance(ctx, age)
	}
	return map[string]any{"token": c.info.FollowUpToken(), "csr": encoded(der)}, err
}

func makePaired(ctx context.Context, w *world, p params) (map[string]any, error) {
	status, err := p.choice("status", Registered, Pending, Deregistered)
	if err != nil {
		return nil, err
	}
	certificate, err := p.choice("certificate", Valid, RenewalBlocked, Expired, Revoked, Foreign, None)
	if err != nil {
		return nil, err
	}
	s, err := w.register(ctx, p)
	if err != nil {
		return nil, err
	}
	c, err := w.accepted(ctx, s, tenantID)
	if err != nil {
		return nil, err
	}
	if err := w.certify(ctx, c); err != nil {
		return nil, err
	}
	values := map[string]any{"systemId": s.ID, "tenantUrl": w.base + "/tenant", "specificationUrl": w.base + "/metadata.xml"}
	if err := w.describe(ctx, c, s, p, status, values); err != nil {
		return nil, err
	}
	switch {
	case status == Deregistered:
		_, err = w.env.Operator().Deregister(ctx, s.ID)
	case certificate == RenewalBlocked:
		info, readErr := c.session.ManagementInfo(ctx, c.info.API.InfoURL)
		if err = readErr; err == nil {
			err = c.session.Revoke(ctx, info.URLs.Revocation())
		}
	case certificate == Revoked: // with the extension
		err = c.session.ReportExtensionDeletion(ctx, c.info.API.InfoURL)
	case certificate == Foreign:
		c.own, err = strangers()
	case certificate == Expired:
		leaf, parseErr := x509.ParseCertificate(c.own.Certificate[0])
		if err = parseErr; err == nil {
			_, err = w.env.Controls().Set(ctx, leaf.NotAfter.Add(validityStep))
		}
	}
	if err != nil {
		return nil, err
	}
	_, der, err := request(c.info.Certificate.Subject)
	if err != nil {
		return nil, err
	}
	w.client, values["csr"] = c, encoded(der)
	if certificate != None {
		values[verifier.ClientCertificate], values[verifier.ClientKey], err = pems(c.own)
	}
	return values, err
}

// describe does with the certificate what a tenant does before it is used: its
// services, its descriptor, the runtime that sees them.
func (w *world) describe(ctx context.Context, c *client, s btpclient.System, p params, status string, values map[string]any) (err error) {
	metadata := c.info.API.MetadataURL
	if identifier := p.or("service", ""); identifier != "" {
		values["serviceId"], err = c.session.CreateService(ctx, metadata, btpclient.Service{
			Provider: "SAP", Name: identifier, Description: identifier, Identifier: identifier,
			Events: &btpclient.Events{Spec: json.RawMessage(`{"asyncapi":"2.0.0"}`)},
		})
		if err != nil {
			return err
		}
	}
	if status != Pending {
		d := btpclient.Descriptor{TenantID: tenantID, URL: w.base + "/tenant", CallbackURL: w.base + "/tenant/callback"}
		if err := c.session.PutTenant(ctx, metadata, d); err != nil {
			return err
		}
	}
	if p.or("formation", No) != Yes {
		return nil
	}
	formation := btpclient.NewFormation{Name: "pact", Subaccount: subaccount, Systems: []string{s.ID}}
	if p.or("edition", "v1") == "v2" {
		formation.Type = "Side-by-Side Extensibility with Kyma"
	}
	if _, err := w.env.Operator().CreateFormation(ctx, "default", formation); err != nil {
		return err
	}
	kind := p.or("eventType", "")
	if kind == "" {
		return nil
	}
	sink, full := "/sink", p.or("deliveries", None) == Full
	if full {
		sink = "/broken/sink"
	}
	_, err = w.env.Operator().CreateSubscription(ctx, subaccount, btpclient.NewSubscription{
		Source: s.ApplicationName, Type: kind, Version: "v1", Sink: w.base + sink,
	})
	for n := 0; err == nil && full; n++ { // until the registry takes no more
		_, err = c.session.PublishLegacy(ctx, c.info.API.EventsURL, btpclient.LegacyEvent{
			Type: kind, Version: "v1", Time: w.time, Data: json.RawMessage(`{}`),
		})
		var refused *btpclient.RefusedError
		if errors.As(err, &refused) && refused.Reason == "deliveries-full" {
			return nil
		}
		if n == mostDeliveries {
			return fmt.Errorf("%d events wait for a subscriber, and the registry still takes them", n)
		}
	}
	return err
}

// mostDeliveries is more than may wait for a subscription (docs/wire.md, Delivery of events).
const mostDeliveries = 1000

const (
	tenantID   = "pact"
	subaccount = "dev" // of the built-in landscape; it has Kyma
)

func makeGone(ctx context.Context, w *world, p params) (map[string]any, error) {
	s, err := w.register(ctx, p)
	if err != nil {
		return nil, err
	}
	c, err := w.accepted(ctx, s, tenantID)
	if err != nil {
		return nil, err
	}
	if err := w.certify(ctx, c); err != nil {
		return nil, err
	}
	if err := w.describe(ctx, c, s, p, Registered, nil); err != nil {
		return nil, err
	}
	if _, err := w.env.Operator().Deregister(ctx, s.ID); err != nil {
		return nil, err
	}
	n, err := take(ctx, "notice of the deregistration", w.notices)
	if err != nil {
		return nil, err
	}
	if n.body.ReleaseToken == "" {
		return nil, fmt.Errorf("the registry gave no release token for a system of type %q", s.Type)
	}
	return map[string]any{"releaseToken": n.body.ReleaseToken}, nil
}

func makeRuntime(ctx context.Context, w *world, p params) (map[string]any, error) {
	target, err := p.choice("target", Answers, Refuses, Unreachable)
	if err != nil {
		return nil, err
	}
	s, err := w.register(ctx, p)
	if err != nil {
		return nil, err
	}
	c, err := w.accepted(ctx, s, tenantID)
	if err != nil {
		return nil, err
	}
	if err := w.certify(ctx, c); err != nil {
		return nil, err
	}
	address := map[string]string{Answers: w.base, Refuses: w.base + "/broken", Unreachable: "http://127.0.0.1:1"}[target]
	_, err = c.session.CreateService(ctx, c.info.API.MetadataURL, btpclient.Service{
		Provider: "SAP", Name: "Orders", Description: "Orders", Identifier: "orders", API: &btpclient.API{TargetURL: address},
	})
	if err != nil {
		return nil, err
	}
	values := map[string]any{"application": s.ApplicationName}
	return values, w.describe(ctx, c, s, params{"formation": Yes}, Registered, values)
}
