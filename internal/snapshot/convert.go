package snapshot

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/secret"
	"github.com/pairsim/pairsim/internal/tenant"
)

// New makes the document of an environment's contents and of its tenants.
func New(c *btp.Contents, tenants []tenant.Snapshot) *Document {
	e := c.Environment
	d := &Document{
		Schema: Version,
		Environment: environment{
			Name: string(e.ID), UUID: e.UUID, Edition: e.Edition, Seed: e.Seed, Sequence: e.Sequence,
			Clock: clock{e.Clock.Frozen, e.Clock.At}, ActiveKey: e.ActiveKey, KeyAlgorithm: e.KeyAlgorithm,
		},
		Authorities: []authority{},
		Keys: each(c.Keys, func(k btp.SigningKey) signingKey {
			return signingKey{k.ID, k.Algorithm, secret.Text{Value: base64.StdEncoding.EncodeToString(k.Private)}, k.CreatedAt}
		}),
		GlobalAccounts: each(c.GlobalAccounts, func(a btp.GlobalAccount) globalAccount { return globalAccount(a) }),
		Subaccounts:    each(c.Subaccounts, func(s btp.Subaccount) subaccount { return subaccount(s) }),
		Systems:        each(c.Systems, systemOf),
		Tokens:         each(c.Tokens, func(t btp.Token) token { return token(t) }),
		Attempts: each(c.Attempts, func(a btp.Attempt) attempt {
			return attempt{a.ID, a.System, a.Token, digestOf(a.FollowUp), a.Tenant, a.RejectedCSRs, a.Certificate, a.OpenedAt, a.Deadline}
		}),
		Certificates: each(c.Certificates, func(c btp.Certificate) certificate { return certificate(c) }),
		Services:     each(c.Services, serviceOf),
		Formations: each(c.Formations, func(f btp.Formation) formation {
			return formation{
				f.ID, f.GlobalAccount, f.Name, f.Type, f.Subaccount, f.Systems, f.State, (*failure)(f.Failure), f.Version, f.Sequence,
				f.CreatedAt, f.UpdatedAt,
			}
		}),
		Assignments: each(c.Assignments, func(a btp.Assignment) assignment {
			return assignment{
				a.ID, a.Formation, participant(a.Source), participant(a.Target), a.State, string(a.Configuration), a.Error, a.UpdatedAt,
			}
		}),
		Entitlements: each(c.Entitlements, func(e btp.Entitlement) entitlement { return entitlement(e) }),
		Incidents: each(c.Incidents, func(i btp.Incident) incident {
			return incident{
				i.ID, i.GlobalAccount, incidentSubject(i.Subject), i.Component, i.Cause, i.Step, i.Status, i.OpenedAt, i.ResolvedAt,
				i.Resolution, i.Sequence,
			}
		}),
		Reservations: each(c.Reservations, func(r btp.Reservation) reservation {
			return reservation{r.GlobalAccount, r.Name, r.System, r.TenantID, digestOf(r.Release), r.CreatedAt}
		}),
		Replays: each(c.Replays, func(r btp.Replay) replay {
			return replay{r.Key, hex.EncodeToString(r.Request[:]), r.Created, r.Token, r.CreatedAt}
		}),
		OAuthClients: each(c.OAuthClients, func(c btp.OAuthClient) oauthClient {
			return oauthClient{c.ID, digestOf(c.Secret), c.Role, c.GlobalAccount, c.Tenant, c.CreatedAt}
		}),
		Transitions: each(c.Transitions, func(s btp.TransitionState) transition {
			return transition{s.Name, durationOf(s.Policy.After), s.Policy.Reads, s.Policy.Held}
		}),
		Subscriptions: each(c.Subscriptions, func(s btp.Subscription) subscription { return subscription(s) }),
		Deliveries:    each(c.Deliveries, func(d btp.Delivery) delivery { return delivery(d) }),
		Objects: each(c.Objects, func(o btp.Object) object {
			return object{o.Kind, o.ID, o.Scope, o.Name, o.Parent, o.System, o.Sequence, string(o.Document), secret.Text{Value: string(o.Secret)}}
		}),
		Due:     each(c.Due, func(d btp.Due) due { return due(d) }),
		Tenants: each(tenants, func(t tenant.Snapshot) tenant.Snapshot { return t }),
	}
	for _, name := range slices.Sorted(maps.Keys(c.Authorities)) {
		m := c.Authorities[name]
		d.Authorities = append(d.Authorities, authority{name, string(m.RootPEM), string(m.IssuingPEM), secret.Text{Value: string(m.IssuingKeyPEM)}})
	}
	return d
}

// Contents are those of the environment that d describes. Read has accepted d.
func (d *Document) Contents() btp.Contents {
	e := d.Environment
	c := btp.Contents{
		Environment: btp.Environment{
			ID: btp.EnvironmentID(e.Name), UUID: e.UUID, Edition: e.Edition, Seed: e.Seed, Sequence: e.Sequence,
			Clock: btp.Clock{Frozen: e.Clock.Frozen, At: e.Clock.Now}, ActiveKey: e.ActiveKey, KeyAlgorithm: e.KeyAlgorithm,
		},
		Authorities: map[string]btp.AuthorityMaterial{},
		Keys: each(d.Keys, func(k signingKey) btp.SigningKey {
			private, _ := base64.StdEncoding.DecodeString(k.PrivateKey.Value) // what is none is refused as a key
			return btp.SigningKey{ID: k.ID, Algorithm: k.Algorithm, Private: private, CreatedAt: k.CreatedAt}
		}),
		GlobalAccounts: each(d.GlobalAccounts, func(a globalAccount) btp.GlobalAccount { return btp.GlobalAccount(a) }),
		Subaccounts:    each(d.Subaccounts, func(s subaccount) btp.Subaccount { return btp.Subaccount(s) }),
		Systems:        each(d.Systems, system.contents),
		Tokens:         each(d.Tokens, func(t token) btp.Token { return btp.Token(t) }),
		Attempts: each(d.Attempts, func(a attempt) btp.Attempt {
			return btp.Attempt{
				ID: a.ID, System: a.System, Token: a.Token, FollowUp: digest(a.FollowUp.Value), Tenant: a.Tenant, RejectedCSRs: a.RejectedCSRs,
				Certificate: a.Certificate, OpenedAt: a.OpenedAt, Deadline: a.Deadline,
			}
		}),
		Certificates: each(d.Certificates, func(c certificate) btp.Certificate { return btp.Certificate(c) }),
		Services:     each(d.Services, service.contents),
		Formations: each(d.Formations, func(f formation) btp.Formation {
			return btp.Formation{
				ID: f.ID, GlobalAccount: f.GlobalAccount, Name: f.Name, Type: f.Type, Subaccount: f.Subaccount, Systems: f.Systems,
				State: f.State, Failure: (*btp.Failure)(f.Failure), Version: f.Version, Sequence: f.Sequence,
				CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt,
			}
		}),
		Assignments: each(d.Assignments, func(a assignment) btp.Assignment {
			return btp.Assignment{
				ID: a.ID, Formation: a.Formation, Source: btp.Participant(a.Source), Target: btp.Participant(a.Target), State: a.State,
				Configuration: document(a.Configuration), Error: a.Error, UpdatedAt: a.UpdatedAt,
			}
		}),
		Entitlements: each(d.Entitlements, func(e entitlement) btp.Entitlement { return btp.Entitlement(e) }),
		Incidents: each(d.Incidents, func(i incident) btp.Incident {
			return btp.Incident{
				ID: i.ID, GlobalAccount: i.GlobalAccount, Subject: btp.IncidentSubject(i.Subject), Component: i.Component, Cause: i.Cause,
				Step: i.Step, Status: i.Status, OpenedAt: i.OpenedAt, ResolvedAt: i.ResolvedAt, Resolution: i.Resolution, Sequence: i.Sequence,
			}
		}),
		Reservations: each(d.Reservations, func(r reservation) btp.Reservation {
			return btp.Reservation{
				GlobalAccount: r.GlobalAccount, Name: r.Name, System: r.System, TenantID: r.TenantID, Release: digest(r.Release.Value),
				CreatedAt: r.CreatedAt,
			}
		}),
		Replays: each(d.Replays, func(r replay) btp.Replay {
			return btp.Replay{Key: r.Key, Request: digest(r.Request), Created: r.Created, Token: r.Token, CreatedAt: r.CreatedAt}
		}),
		OAuthClients: each(d.OAuthClients, func(c oauthClient) btp.OAuthClient {
			return btp.OAuthClient{
				ID: c.ID, Secret: digest(c.Secret.Value), Role: c.Role, GlobalAccount: c.GlobalAccount, Tenant: c.Tenant, CreatedAt: c.CreatedAt,
			}
		}),
		Transitions: each(d.Transitions, func(t transition) btp.TransitionState {
			return btp.TransitionState{Name: t.Name, Policy: btp.TransitionPolicy{After: t.After.span(), Reads: t.Reads, Held: t.Held}, Set: true}
		}),
		Subscriptions: each(d.Subscriptions, func(s subscription) btp.Subscription { return btp.Subscription(s) }),
		Deliveries:    each(d.Deliveries, func(d delivery) btp.Delivery { return btp.Delivery(d) }),
		Objects: each(d.Objects, func(o object) btp.Object {
			return btp.Object{
				Kind: o.Kind, ID: o.ID, Scope: o.Scope, Name: o.Name, Parent: o.Parent, System: o.System, Sequence: o.Sequence,
				Document: bytesOf(o.Document), Secret: bytesOf(o.Secret.Value),
			}
		}),
		Due: each(d.Due, func(d due) btp.Due { return btp.Due(d) }),
	}
	for _, a := range d.Authorities {
		c.Authorities[a.Name] = btp.AuthorityMaterial{
			RootPEM: bytesOf(a.Root), IssuingPEM: bytesOf(a.Issuing), IssuingKeyPEM: bytesOf(a.IssuingKey.Value),
		}
	}
	return c
}

// each converts a list; that of nothing is empty, not nil, so that it is [].
func each[A, B any](list []A, convert func(A) B) []B {
	converted := make([]B, len(list))
	for i, one := range list {
		converted[i] = convert(one)
	}
	return converted
}

func durationOf(d time.Duration) duration {
	if d == 0 {
		return ""
	}
	return duration(d.String())
}

func (d duration) span() time.Duration {
	span, _ := time.ParseDuration(string(d)) // Read has looked at its form
	return span
}

func digestOf(d btp.Digest) secret.Text {
	if d == (btp.Digest{}) {
		return secret.Text{}
	}
	return secret.Text{Value: hex.EncodeToString(d[:])}
}

func digest(text string) (d btp.Digest) {
	b, _ := hex.DecodeString(text) // Read has looked at its form
	copy(d[:], b)
	return d
}

// bytesOf is nil for nothing.
func bytesOf(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}

func document(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

func systemOf(s btp.System) system {
	return system{
		s.ID, s.GlobalAccount, s.Name, s.Type, s.ApplicationName, s.Status, (*failure)(s.Failure), (*descriptor)(s.Tenant),
		s.FormerTenant, s.ExtensionDeleted, s.EventRuntime, (*discovery)(s.Discovery), s.Sequence, s.CreatedAt, s.UpdatedAt, s.RegisteredAt,
	}
}

func (s system) contents() btp.System {
	return btp.System{
		ID: s.ID, GlobalAccount: s.GlobalAccount, Name: s.Name, Type: s.Type, ApplicationName: s.ApplicationName, Status: s.Status,
		Failure: (*btp.Failure)(s.Failure), Tenant: (*btp.Descriptor)(s.Tenant), FormerTenant: s.FormerTenant, EventRuntime: s.EventRuntime,
		Discovery:        (*btp.Discovery)(s.Discovery),
		ExtensionDeleted: s.ExtensionDeleted, Sequence: s.Sequence, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, RegisteredAt: s.RegisteredAt,
	}
}

func serviceOf(s btp.Service) service {
	w := service{
		ID: s.ID, System: s.System, Sequence: s.Sequence, Provider: s.Provider, Name: s.Name, Description: s.Description,
		ShortDescription: s.ShortDescription, Identifier: s.Identifier, Labels: s.Labels, Documentation: string(s.Documentation), UpdatedAt: s.UpdatedAt,
	}
	if s.Events != nil {
		w.Events = &serviceEvents{string(s.Events.Spec)}
	}
	if a := s.API; a != nil {
		w.API = &serviceAPI{a.TargetURL, a.APIType, a.SpecificationURL, string(a.Spec), credentialsOf(a.Credentials), parametersOf(a.RequestParameters), a.MissingSecret}
	}
	return w
}

func (w service) contents() btp.Service {
	s := btp.Service{
		ID: w.ID, System: w.System, Sequence: w.Sequence, Provider: w.Provider, Name: w.Name, Description: w.Description,
		ShortDescription: w.ShortDescription, Identifier: w.Identifier, Labels: w.Labels, Documentation: document(w.Documentation), UpdatedAt: w.UpdatedAt,
	}
	if w.Events != nil {
		s.Events = &btp.ServiceEvents{Spec: document(w.Events.Spec)}
	}
	if a := w.API; a != nil {
		s.API = &btp.ServiceAPI{
			TargetURL: a.TargetURL, APIType: a.APIType, SpecificationURL: a.SpecificationURL, Spec: document(a.Spec),
			Credentials: a.Credentials.contents(), RequestParameters: a.RequestParameters.contents(),
			MissingSecret: a.MissingSecret,
		}
	}
	return s
}

func credentialsOf(c *btp.Credentials) *credentials {
	if c == nil {
		return nil
	}
	w := &credentials{}
	if o := c.OAuth; o != nil {
		w.OAuth = &oauthCredentials{o.URL, o.ClientID, secret.Text{Value: o.ClientSecret}, parametersOf(o.RequestParameters), o.CSRFTokenURL}
	}
	if b := c.Basic; b != nil {
		w.Basic = &basicCredentials{b.Username, secret.Text{Value: b.Password}, b.CSRFTokenURL}
	}
	if g := c.CertificateGen; g != nil {
		w.CertificateGen = &certificateCredentials{g.CommonName, string(g.CertificatePEM), secret.Text{Value: string(g.PrivateKeyPEM)}, g.CSRFTokenURL}
	}
	if o := c.OAuthWithCertificate; o != nil {
		w.OAuthWithCertificate = &oauthCertificateCredentials{
			o.URL, o.ClientID, string(o.CertificatePEM), secret.Text{Value: string(o.PrivateKeyPEM)}, parametersOf(o.RequestParameters), o.CSRFTokenURL,
		}
	}
	return w
}

func (w *credentials) contents() *btp.Credentials {
	if w == nil {
		return nil
	}
	c := &btp.Credentials{}
	if o := w.OAuth; o != nil {
		c.OAuth = &btp.OAuthCredentials{
			URL: o.URL, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Value, RequestParameters: o.RequestParameters.contents(), CSRFTokenURL: o.CSRFTokenURL,
		}
	}
	if b := w.Basic; b != nil {
		c.Basic = &btp.BasicCredentials{Username: b.Username, Password: b.Password.Value, CSRFTokenURL: b.CSRFTokenURL}
	}
	if g := w.CertificateGen; g != nil {
		c.CertificateGen = &btp.CertificateCredentials{
			CommonName: g.CommonName, CertificatePEM: bytesOf(g.Certificate), PrivateKeyPEM: bytesOf(g.PrivateKey.Value), CSRFTokenURL: g.CSRFTokenURL,
		}
	}
	if o := w.OAuthWithCertificate; o != nil {
		c.OAuthWithCertificate = &btp.OAuthCertificateCredentials{
			URL: o.URL, ClientID: o.ClientID, CertificatePEM: bytesOf(o.Certificate), PrivateKeyPEM: bytesOf(o.PrivateKey.Value),
			RequestParameters: o.RequestParameters.contents(), CSRFTokenURL: o.CSRFTokenURL,
		}
	}
	return c
}

func parametersOf(p *btp.RequestParameters) *requestParameters {
	if p == nil {
		return nil
	}
	return &requestParameters{hide(p.Headers), hide(p.QueryParameters)}
}

func (w *requestParameters) contents() *btp.RequestParameters {
	if w == nil {
		return nil
	}
	return &btp.RequestParameters{Headers: show(w.Headers), QueryParameters: show(w.QueryParameters)}
}

func hide(values map[string][]string) map[string][]secret.Text {
	var hidden map[string][]secret.Text
	for name, list := range values {
		if hidden == nil {
			hidden = map[string][]secret.Text{}
		}
		hidden[name] = each(list, func(v string) secret.Text { return secret.Text{Value: v} })
	}
	return hidden
}

func show(values map[string][]secret.Text) map[string][]string {
	var shown map[string][]string
	for name, list := range values {
		if shown == nil {
			shown = map[string][]string{}
		}
		shown[name] = each(list, func(v secret.Text) string { return v.Value })
	}
	return shown
}
