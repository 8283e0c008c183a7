//go:build pact

package contracts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/cxsim"
	"github.com/pairsim/pairsim/internal/tenant"
	"github.com/pairsim/pairsim/marketingsim"
	"github.com/pairsim/pairsim/testenv"
)

// tenantConsumers are the tenants of the products, by the names of their pacts.
func tenantConsumers() map[string]tenant.Product {
	products := map[string]tenant.Product{"marketingsim": marketingsim.Product()}
	for _, p := range cxsim.Products() {
		products["cxsim-"+p.ID] = p
	}
	return products
}

const tenantBase = "http://tenant.example"

// tenantSuite is what a tenant of one product expects of the registry.
type tenantSuite struct {
	*contract
	product tenant.Product
	paired  []byte // what a tenant has stored that has paired
	// registry is where a tenant was made for the latest time.
	registry *front
}

// newTenantSuite shortens the product's specifications, which the two sides do not
// talk about: a pact is read by people.
func newTenantSuite(t *testing.T, name string, p tenant.Product) *tenantSuite {
	t.Helper()
	types, err := p.Events.Types()
	if err != nil {
		t.Fatal(err)
	}
	p.Events.Specification = fmt.Appendf(nil, `{"asyncapi":"2.0.0","channels":{%q:{}}}`, types[0])
	for n := range p.APIs {
		if !p.APIs[n].OData {
			p.APIs[n].Specification = tenant.Text([]byte(`{"openapi":"3.0.3"}`))
		}
	}
	return &tenantSuite{contract: &contract{consumer: name, provider: "btp"}, product: p}
}

// tenant is one of the product at the registry behind f, with what is stored of it.
func (s *tenantSuite) tenant(t *testing.T, f *front, stored []byte) (*tenant.Tenant, tenant.Store) {
	t.Helper()
	s.registry = f
	store := tenant.NewMemoryStore()
	if stored != nil {
		if err := store.Save(t.Context(), "pact", stored); err != nil {
			t.Fatal(err)
		}
	}
	made, err := tenant.New(tenant.Config{
		ID: "pact", Product: s.product, RegistryURL: f.https.URL, RegistryMTLSURL: f.https.URL, RootCAs: f.roots(),
		PublicURL: tenantBase, Keys: tenantKeys, Store: store, RenewsItself: true,
		Pause: func(ctx context.Context, _ int) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := made.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return made, store
}

// meets is contract.meets with the registry's time on every answer: a tenant takes its
// now from it (docs/wire.md, Headers).
func (s *tenantSuite) meets(t *testing.T, drive func(*testing.T, *front), exchanges ...exchange) {
	t.Helper()
	timed := slices.Clone(exchanges)
	for n := range timed {
		header := map[string]any{"Pairsim-Time": instant("2030-01-01T10:00:00Z")}
		maps.Copy(header, timed[n].answerHeader)
		timed[n].answerHeader = header
	}
	s.contract.meets(t, drive, timed...)
}

// pairs has a new tenant enter its token; reason is why that fails, "" if it does not.
func (s *tenantSuite) pairs(t *testing.T, reason string, exchanges ...exchange) {
	t.Helper()
	s.meets(t, func(t *testing.T, f *front) {
		made, store := s.tenant(t, f, nil)
		row, err := made.Pair(t.Context(), integrationToken(s.product.SystemType), "")
		var failed *tenant.FailedError
		switch {
		case err != nil && !errors.As(err, &failed):
			t.Error(err)
		case row.Reason != reason || (row.Status.Code == tenant.Registered) != (reason == ""):
			t.Errorf("the row is %s because of %q (%s), want %q", row.Status.Code, row.Reason, row.Cause, reason)
		}
		if reason == "" {
			if s.paired, err = store.Load(t.Context(), "pact"); err != nil {
				t.Error(err)
			}
		}
	}, exchanges...)
}

// does has a tenant that is paired do something.
func (s *tenantSuite) does(t *testing.T, do func(context.Context, *tenant.Tenant) error, exchanges ...exchange) {
	t.Helper()
	s.meets(t, func(t *testing.T, f *front) {
		made, _ := s.tenant(t, f, s.paired)
		if err := do(t.Context(), made); err != nil {
			t.Error(err)
		}
	}, exchanges...)
}

// with are parameters of a state for a system of the product's type.
func (s *tenantSuite) with(pairs ...string) map[string]any {
	p := map[string]any{"type": s.product.SystemType}
	for n := 0; n < len(pairs); n += 2 {
		p[pairs[n]] = pairs[n+1]
	}
	return p
}

// refused makes the answer a refusal that the tenant tells by its reason.
func (e exchange) refused(what string, status int, reason string, params map[string]any) exchange {
	e.what, e.params, e.status = what, params, status
	e.answerHeader, e.answer = map[string]any{"Pairsim-Reason": reason}, map[string]any{"error": like("Refused.")}
	return e
}

func configuration() exchange {
	return exchange{
		what: "what the registry is", state: states.Environment, method: "GET", path: "/.well-known/pairsim-configuration",
		status: 200, answer: map[string]any{
			"issuer": re(issuer, `^urn:pairsim:.+$`), "edition": re("v1", `^v[12]$`), "jwks_uri": at("/.well-known/jwks.json"),
		},
	}
}

func keys() exchange {
	key := map[string]any{}
	for name, value := range jwk() {
		key[name] = like(value)
	}
	key["alg"] = re("ES256", `^(ES256|RS256|EdDSA)$`)
	return exchange{
		what: "the keys of the registry", state: states.Environment, method: "GET", path: "/.well-known/jwks.json",
		status: 200, answer: map[string]any{"keys": each(key)},
	}
}

func (s *tenantSuite) info() exchange {
	return exchange{
		what: "an integration token is presented", state: states.Token, params: s.with("tokenAge", "9m"),
		method: "GET", path: "/v1/applications/signingRequests/info",
		query:  map[string]any{"token": from("token", integrationToken(s.product.SystemType))},
		header: map[string]any{"Pairsim-System-Type": s.product.SystemType, "Pairsim-Tenant": like("pact")},
		status: 200, answer: map[string]any{
			"csrUrl": re("https://registry.example/v1/applications/certificates?token="+followUp,
				`^https?://[^/]+(/.*)?/v1/applications/certificates\?token=.+$`),
			"api": map[string]any{"infoUrl": at("/v1/applications/management/info")},
			"certificate": map[string]any{"subject": re(subject,
				`^((C|ST|L|O|OU)=[^,=+]+,)*CN=`+app+`(,(C|ST|L|O|OU)=[^,=+]+)*$`)},
		},
	}
}

// base64PEM is base64 of a text that begins as PEM does.
func base64PEM(example string) any { return re(example, `^LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}$`) }

func (s *tenantSuite) csr() exchange {
	return exchange{
		what: "a certificate request with the follow-up token", state: states.Pairing, params: s.with(),
		method: "POST", path: "/v1/applications/certificates", query: map[string]any{"token": from("token", followUp)},
		body:   map[string]any{"csr": from("csr", certificateRequest)},
		status: 201, answer: map[string]any{"crt": base64PEM(certificate), "caCrt": base64PEM(authority)},
	}
}

// reading is management info, of which each use reads something else.
func (s *tenantSuite) reading(what string, urls map[string]any, params map[string]any) exchange {
	return exchange{
		what: "management info " + what, state: states.Paired, params: params, certificate: true,
		method: "GET", path: "/v1/applications/management/info", status: 200,
		answer: map[string]any{"clientIdentity": map[string]any{"application": app}, "urls": urls},
	}
}

func (s *tenantSuite) identity() exchange {
	return s.reading("for a new certificate", map[string]any{"metadataUrl": at("/" + app + "/v1/metadata/services")}, s.with("status", states.Pending))
}

const servicesPath = "/" + app + "/v1/metadata/services"

func (s *tenantSuite) services() exchange {
	return exchange{
		what: "the services of an application that has none", state: states.Paired, params: s.with("status", states.Pending), certificate: true,
		method: "GET", path: servicesPath, status: 200, answer: []any{},
	}
}

// registers are the exchanges by which the tenant registers its APIs and events.
func (s *tenantSuite) registers() []exchange {
	var all []exchange
	base := tenantBase + "/tenants/pact"
	for _, a := range s.product.APIs {
		api := map[string]any{"targetUrl": like(base + "/api" + a.Path)}
		var csrf map[string]any
		if a.CSRF {
			csrf = map[string]any{"tokenEndpointURL": like(base + "/api" + a.Path + "/")}
		}
		credentials := map[string]any{"username": like("pairsim-a"), "password": like("secret")}
		kind := "basic"
		if a.Auth == tenant.OAuth {
			kind = "oauth"
			credentials = map[string]any{"url": like(base + "/api" + a.TokenPath), "clientId": like("pairsim-a"), "clientSecret": like("secret")}
		}
		if csrf != nil {
			credentials["csrfInfo"] = csrf
		}
		api["credentials"] = map[string]any{kind: credentials}
		if a.OData {
			api["apiType"], api["specificationUrl"] = "odata", from("specificationUrl", base+"/specifications/"+a.Identifier)
		} else {
			api["spec"] = map[string]any{"openapi": "3.0.3"}
		}
		all = append(all, s.register(a.Name, a.Description, a.Identifier, "api", api))
	}
	var events any
	if err := json.Unmarshal(s.product.Events.Specification, &events); err != nil {
		panic(err)
	}
	e := s.product.Events
	return append(all, s.register(e.Name, e.Description, e.Identifier, "events", map[string]any{"spec": events}))
}

func (s *tenantSuite) register(name, description, identifier, part string, content any) exchange {
	return exchange{
		what: "the service " + identifier + " is registered", state: states.Paired, params: s.with("status", states.Pending), certificate: true,
		method: "POST", path: servicesPath,
		body: map[string]any{
			"provider": s.product.Provider, "name": name, "description": description, "identifier": identifier, part: content,
		},
		status: 200, answer: map[string]any{"id": like(serviceID)},
	}
}

func (s *tenantSuite) descriptor() exchange {
	scenarios := any([]any{})
	if c := s.product.Communication; c != nil {
		scenarios = each(c.Scenarios[0].ID)
	}
	return exchange{
		what: "the tenant describes itself", state: states.Paired, params: s.with("status", states.Pending), certificate: true,
		method: "PUT", path: "/" + app + "/v1/pairsim/tenant",
		body: map[string]any{
			"tenantId": like("pact"), "url": from("tenantUrl", tenantBase+"/tenants/pact"),
			"callbackUrl":            within("", "tenantUrl", "/callback", tenantBase+"/tenants/pact"),
			"communicationScenarios": scenarios, "wakeAt": instant("2030-03-02T10:00:00Z"),
		},
		status: 204,
	}
}

// report is the tenant's word that it gives a pairing up, with its certificate.
func (s *tenantSuite) report(params map[string]any) exchange {
	return exchange{
		what: "a failure is reported with the certificate", state: states.Paired, params: params, certificate: true,
		method: "POST", path: "/v1/applications/pairsim/pairing-failure", body: map[string]any{"cause": like("The pairing failed.")}, status: 204,
	}
}

// reportByToken is the same before there is a certificate.
func (s *tenantSuite) reportByToken(params map[string]any) exchange {
	return exchange{
		what: "a failure is reported with the follow-up token", state: states.Pairing, params: params,
		method: "POST", path: "/v1/applications/pairsim/pairing-failure", query: map[string]any{"token": from("token", followUp)},
		body: map[string]any{"cause": like("The pairing failed.")}, status: 204,
	}
}

func (s *tenantSuite) all(t *testing.T) {
	begin := []exchange{configuration(), keys()}
	certified := append(append([]exchange{}, begin...), s.info(), s.csr())
	known := append(append([]exchange{}, certified...), s.identity())
	pending := s.with("status", states.Pending)

	t.Run("pairs", func(t *testing.T) {
		s.pairs(t, "", append(append(append([]exchange{}, known...), s.services()), append(s.registers(), s.descriptor())...)...)
	})
	t.Run("replaces what it had registered", func(t *testing.T) {
		first := s.registers()[0]
		identifier := first.body.(map[string]any)["identifier"].(string)
		there := s.services()
		there.what, there.params = "the services of an application that has one", s.with("status", states.Pending, "service", identifier)
		there.answer = each(map[string]any{"id": like(serviceID), "identifier": exactly(identifier)})
		first.what, first.method, first.params = "the service "+identifier+" is replaced", "PUT", there.params
		first.path, first.answer = within(servicesPath+"/", "serviceId", "", serviceID), nil
		s.pairs(t, "", append(append(append([]exchange{}, known...), there, first), append(s.registers()[1:], s.descriptor())...)...)
	})
	for _, refusal := range []struct{ token, age, what, reason string }{
		{states.Used, "1m", "a used integration token is presented", "token-used"},
		{states.Replaced, "1m", "a replaced integration token is presented", "token-void"},
		{states.Live, "168h", "an expired integration token is presented", "token-expired"},
		{states.OfDeregistered, "1m", "the integration token of a deregistered system is presented", "token-unknown"},
	} {
		t.Run(refusal.reason, func(t *testing.T) {
			s.pairs(t, refusal.reason, append(append([]exchange{}, begin...),
				s.info().refused(refusal.what, 403, refusal.reason, s.with("token", refusal.token, "tokenAge", refusal.age)))...)
		})
	}
	for _, refusal := range []struct {
		request, what, reason string
		status                int
	}{
		{states.ForAnotherSubject, "a certificate request for another subject", "csr-subject-invalid", 400},
		{states.NotARequest, "a certificate request that is none", "csr-malformed", 400},
	} {
		t.Run(refusal.reason, func(t *testing.T) {
			s.pairs(t, refusal.reason, append(append([]exchange{}, begin...), s.info(),
				s.csr().refused(refusal.what, refusal.status, refusal.reason, s.with("certificateRequest", refusal.request)), s.reportByToken(s.with()))...)
		})
	}
	t.Run("too late for its certificate", func(t *testing.T) {
		late := s.with("age", "24h")
		s.pairs(t, "follow-up-token-invalid", append(append([]exchange{}, begin...), s.info(),
			s.csr().refused("a certificate request that comes too late", 403, "follow-up-token-invalid", late),
			s.reportByToken(nil).refused("a failure is reported too late", 403, "follow-up-token-invalid", late))...)
	})
	t.Run("without its certificate", func(t *testing.T) {
		none := s.with("certificate", states.None)
		read, report := s.identity(), s.report(nil)
		read.certificate, report.certificate = false, false // one that a proxy on the way has lost
		s.pairs(t, "certificate-missing", append(append([]exchange{}, certified...),
			read.refused("management info without a certificate", 403, "certificate-missing", none),
			report.refused("a failure is reported without certificate and token", 403, "token-missing", none))...)
	})
	t.Run("deregistered while it pairs", func(t *testing.T) {
		gone := s.with("status", states.Deregistered)
		s.pairs(t, "certificate-unknown", append(append([]exchange{}, certified...),
			s.identity().refused("management info with the certificate of a system that is gone", 403, "certificate-unknown", gone),
			s.report(nil).refused("a failure is reported with the certificate of a system that is gone", 403, "certificate-unknown", gone))...)
	})
	t.Run("a service is refused", func(t *testing.T) {
		first := s.registers()[0]
		identifier := first.body.(map[string]any)["identifier"].(string)
		s.pairs(t, "service-identifier-taken", append(append([]exchange{}, known...), s.services(),
			first.refused("the service "+identifier+" is registered a second time", 409, "service-identifier-taken",
				s.with("status", states.Pending, "service", identifier)), s.report(pending))...)
	})
	if s.paired == nil {
		t.Fatal("no tenant has paired")
	}
	t.Run("events", s.events)
	t.Run("renewal", s.renewal)
	t.Run("revocation", s.revocation)
	t.Run("deletion", s.deletion)
	if s.product.Communication != nil {
		t.Run("bus", s.bus)
	}
}

func (s *tenantSuite) events(t *testing.T) {
	read := s.reading("for an event", map[string]any{"eventsUrl": at("/" + app + "/v1/events")}, s.with())
	types, err := s.product.Events.Types()
	if err != nil {
		t.Fatal(err)
	}
	kind := types[0]
	name := strings.ReplaceAll(kind.Type, "*", "any")
	publish := exchange{
		what: "an event is published", state: states.Paired, params: s.with("formation", states.Yes), certificate: true,
		method: "POST", path: "/" + app + "/v1/events",
		body: map[string]any{
			"event-type": name, "event-type-version": kind.Version, "event-id": re("31109198-4d69-4ae0-972d-76117f3748c8", `^[0-9a-f-]{36}$`),
			"event-time": instant("2030-01-01T10:00:00Z"), "data": like(map[string]any{"code": "42"}),
		},
		status: 200, answer: map[string]any{"event-id": re("31109198-4d69-4ae0-972d-76117f3748c8", `^[0-9a-f-]{36}$`)},
	}
	send := func(reason string) func(context.Context, *tenant.Tenant) error {
		return func(ctx context.Context, made *tenant.Tenant) error {
			_, err := made.SendEvent(ctx, name, kind.Version, json.RawMessage(`{"code":"43"}`))
			return expect(err, reason)
		}
	}
	s.does(t, send(""), read, publish)
	s.does(t, send("certificate-unknown"), read,
		publish.refused("an event of a system that is gone", 403, "certificate-unknown", s.with("status", states.Deregistered)))
	// In edition v2, in which runtimes have all four types.
	full := publish.refused("an event is published while too many wait", 507, "deliveries-full",
		s.with("formation", states.Yes, "eventType", name, "deliveries", states.Full, "edition", "v2"))
	s.does(t, send("deliveries-full"), read, full)
}

// expect holds an error against the reason of the registry's refusal that it tells of.
func expect(err error, reason string) error {
	switch {
	case reason == "" || err == nil:
		if reason != "" {
			return fmt.Errorf("no refusal, want %s", reason)
		}
		return err
	case !strings.Contains(err.Error(), "("+reason+")"):
		return fmt.Errorf("got %w, want a refusal because of %s", err, reason)
	}
	return nil
}

func (s *tenantSuite) renewal(t *testing.T) {
	read := s.reading("for a renewal", map[string]any{
		"renewCertUrl": at("/v1/applications/certificates/renewals"), "metadataUrl": at(servicesPath),
	}, s.with())
	renew := exchange{
		what: "a certificate is renewed", state: states.Paired, params: s.with(), certificate: true,
		method: "POST", path: "/v1/applications/certificates/renewals", body: map[string]any{"csr": from("csr", certificateRequest)},
		status: 201, answer: map[string]any{"crt": base64PEM(certificate), "caCrt": base64PEM(authority)},
	}
	again := s.descriptor()
	again.what, again.params = "the tenant says when it renews the next time", s.with()
	do := func(reason string) func(context.Context, *tenant.Tenant) error {
		return func(ctx context.Context, made *tenant.Tenant) error {
			_, err := made.Renew(ctx)
			return expect(err, reason)
		}
	}
	s.does(t, do(""), read, renew, again)
	s.does(t, do("certificate-revoked"), read,
		renew.refused("a certificate is renewed that its tenant has revoked", 403, "certificate-revoked", s.with("certificate", states.RenewalBlocked)))
	s.does(t, do("certificate-expired"),
		read.refused("management info with an expired certificate", 403, "certificate-expired", s.with("certificate", states.Expired)))
}

func (s *tenantSuite) revocation(t *testing.T) {
	read := s.reading("for a revocation", map[string]any{"revokeCertUrl": at("/v1/applications/certificates/revocations")}, s.with())
	revoke := exchange{
		what: "a certificate is revoked", state: states.Paired, params: s.with(), certificate: true,
		method: "POST", path: "/v1/applications/certificates/revocations", status: 201,
	}
	do := func(ctx context.Context, made *tenant.Tenant) error {
		_, err := made.Revoke(ctx)
		return err
	}
	s.does(t, do, read, revoke)
	revoke.what, revoke.params = "a certificate is revoked a second time", s.with("certificate", states.RenewalBlocked)
	s.does(t, do, read, revoke)
}

func (s *tenantSuite) deletion(t *testing.T) {
	byCertificate := exchange{
		what: "the extension is deleted", state: states.Paired, params: s.with(), certificate: true,
		method: "POST", path: "/v1/applications/pairsim/extension-deletion", status: 204,
	}
	do := func(ctx context.Context, made *tenant.Tenant) error {
		if err := made.Delete(ctx, "1"); err != nil {
			return err
		}
		if rows := made.Pairings(); len(rows) != 0 {
			return fmt.Errorf("%d rows are left", len(rows))
		}
		return nil
	}
	s.does(t, do, byCertificate)
	s.does(t, do, byCertificate.refused("the extension of a system that is gone is deleted", 403, "certificate-unknown", s.with("status", states.Deregistered)))

	for _, dead := range []struct{ certificate, reason string }{
		{states.Revoked, "certificate-revoked"}, {states.Expired, "certificate-expired"}, {states.Foreign, "certificate-foreign"},
	} {
		s.does(t, do, byCertificate.refused("the extension is deleted with a certificate that is "+dead.certificate, 403, dead.reason, s.with("certificate", dead.certificate)))
	}

	// After the registry's notice there is no certificate any more, but a release token,
	// which is good where the name stays taken until then (e9d975a.md@v1).
	byToken := byCertificate
	byToken.what, byToken.certificate, byToken.state = "the row of a deregistered system is deleted", false, states.Gone
	byToken.params, byToken.query = s.with(), map[string]any{"token": from("releaseToken", release)}
	if s.product.SystemType != testenv.MarketingCloud {
		byToken = byToken.refused(byToken.what, 403, "release-token-invalid", s.with())
	}
	s.does(t, func(ctx context.Context, made *tenant.Tenant) error {
		return errors.Join(s.notice(ctx, made), do(ctx, made))
	}, configuration(), keys(), byToken)
	unknown := byToken.refused("the row of a system is deleted that the registry has forgotten", 403, "release-token-invalid", nil)
	unknown.state, unknown.query = states.Environment, map[string]any{"token": release}
	s.does(t, func(ctx context.Context, made *tenant.Tenant) error {
		return errors.Join(s.notice(ctx, made), do(ctx, made))
	}, configuration(), keys(), unknown)
}

// notice is the registry's, at the tenant's own HTTP server.
func (s *tenantSuite) notice(ctx context.Context, made *tenant.Tenant) error {
	jwt := signed(claims("pairsim:deregistration", map[string]any{"tenant": "pact"}))
	body := fmt.Sprintf(`{"systemId":%q,"releaseToken":%q}`, systemID, release)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/tenants/pact/callback/deregistration", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+jwt)
	w := httptest.NewRecorder()
	tenant.Handler(made).ServeHTTP(w, r)
	if w.Code != http.StatusNoContent {
		return fmt.Errorf("the notice was answered %d %s", w.Code, w.Body)
	}
	return nil
}
