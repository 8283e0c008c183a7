//go:build pact

package contracts_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/contracts/states"
	"github.com/pairsim/pairsim/testenv"
)

// registrySuite is what the registry expects of the tenants of one simulator: its
// notices are heard, its specifications can be fetched, its gateway can call APIs.
type registrySuite struct {
	*contract
	tenants []api
}

// api is how a tenant's API is called, and what its events say.
type api struct {
	tenant, systemType, identifier string
	path, token                    string // below the tenant's /api
	csrf                           bool
	read                           string         // a path with what is read
	query                          map[string]any // of it
	has                            any            // in the answer
	write, body                    string         // a path, and JSON
	odata                          bool

	event, message string // the event that the write has, and what pacts call it
	data           map[string]any
}

func registrySuites() []*registrySuite {
	odata := func(property string) any {
		return map[string]any{"d": map[string]any{"results": each(map[string]any{property: like("text")})}}
	}
	asJSON := map[string]any{"$format": "json"}
	return []*registrySuite{{
		contract: &contract{consumer: "btp", provider: "cxsim"},
		tenants: []api{{
			tenant: "commerce", systemType: testenv.CommerceCloud, identifier: "commerce-webservices",
			path: "/occ/v2", token: "/authorizationserver/oauth/token",
			read: "/electronics/products/search", query: map[string]any{"query": "camera"},
			has:   map[string]any{"products": each(map[string]any{"code": like("300938")})},
			write: "/electronics/users", body: `{"uid":"eva@shop.test","firstName":"Eva","lastName":"Moser","password":"x"}`,
			event: "customer.created", message: states.CustomerCreated, data: map[string]any{"customerUid": like("eva@shop.test")},
		}, {
			tenant: "c4c", systemType: testenv.CloudForCustomer, identifier: "c4c-odata", odata: true, csrf: true,
			path: "/sap/c4c/odata/v1/c4codataapi",
			read: "/CorporateAccountCollection", query: asJSON, has: odata("AccountID"),
			write: "/CorporateAccountCollection", body: `{"Name":"Moser Ltd"}`,
			event: "Account.Root.Created", message: states.AccountCreated,
		}, {
			tenant: "fsm", systemType: testenv.FieldServiceManagement, identifier: "fsm-service",
			path: "/data/v4/ServiceCall", token: "/oauth2/v1/token",
			query: map[string]any{"dtos": "ServiceCall.27"},
			has:   map[string]any{"data": each(map[string]any{"serviceCall": map[string]any{"id": like("1")}})},
			write: "?dtos=ServiceCall.27", body: `{"subject":"The pump leaks"}`,
			event: "servicecall.created", message: states.ServiceCallCreated,
		}},
	}, {
		contract: &contract{consumer: "btp", provider: "marketingsim"},
		tenants: []api{{
			tenant: "marketing", systemType: testenv.MarketingCloud, identifier: "marketing-interaction", odata: true, csrf: true,
			path: "/sap/opu/odata/sap/API_MKT_INTERACTION_SRV",
			read: "/Interactions", query: asJSON, has: odata("InteractionType"),
			write: "/Interactions", body: `{"InteractionType":"EMAIL_OPENED","CommunicationMedium":"EMAIL","InteractionContactOrigin":"EMAIL","InteractionContactId":"eva@shop.test"}`,
			event: "bo.interaction.created", message: states.InteractionCreated,
		}},
	}}
}

func (s *registrySuite) all(t *testing.T) {
	for _, a := range s.tenants {
		t.Run(a.tenant, func(t *testing.T) {
			t.Run("notices", func(t *testing.T) { s.notices(t, a) })
			t.Run("waking", func(t *testing.T) { s.waking(t, a) })
			if a.odata {
				t.Run("specification", func(t *testing.T) { s.specification(t, a) })
			}
			t.Run("gateway", func(t *testing.T) { s.gateway(t, a) })
			t.Run("message", func(t *testing.T) { s.message(t, a) })
			if a.systemType == testenv.MarketingCloud {
				t.Run("arrangements", s.arrangements)
				t.Run("assertions", s.assertions)
				t.Run("change", s.change)
			}
		})
	}
}

// peer is a client of a real registry, whose own addresses are those of a mock.
type peer struct {
	env     *testenv.Env
	system  btpclient.System
	info    btpclient.Info
	own     tls.Certificate
	session *btpclient.Session
}

// newPeer pairs by hand with a registry of its own.
func newPeer(t *testing.T, systemType string, options ...testenv.Option) *peer {
	t.Helper()
	p := &peer{env: testenv.Start(t, options...)}
	p.system = p.env.RegisterSystem(t, states.SystemName, systemType)
	connector, err := p.env.Connector()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connector.Close)
	if p.info, err = connector.SigningRequestInfo(t.Context(), p.env.IssueToken(t, p.system.ID).Token, systemType, "pact"); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subjectOf(p.info.Certificate.Subject)}, key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := connector.Sign(t.Context(), p.info.CSRURL, csr)
	if err != nil {
		t.Fatal(err)
	}
	p.own = tls.Certificate{Certificate: signed.Chain, PrivateKey: key}
	p.session = connector.Authenticated(p.own)
	t.Cleanup(p.session.Close)
	return p
}

// subjectOf reads a subject as info writes it.
func subjectOf(text string) (name pkix.Name) {
	for attribute := range strings.SplitSeq(text, ",") {
		kind, value, _ := strings.Cut(attribute, "=")
		switch kind {
		case "C":
			name.Country = []string{value}
		case "ST":
			name.Province = []string{value}
		case "L":
			name.Locality = []string{value}
		case "O":
			name.Organization = []string{value}
		case "OU":
			name.OrganizationalUnit = []string{value}
		case "CN":
			name.CommonName = value
		}
	}
	return name
}

func (p *peer) describe(t *testing.T, base string, wakeAt time.Time) {
	t.Helper()
	d := btpclient.Descriptor{TenantID: "pact", URL: base, CallbackURL: base + "/callback", WakeAt: wakeAt}
	if err := p.session.PutTenant(t.Context(), p.info.API.MetadataURL, d); err != nil {
		t.Fatal(err)
	}
}

func (p *peer) joins(t *testing.T) {
	t.Helper()
	n := btpclient.NewFormation{Name: "pact", Type: "Side-by-Side Extensibility with Kyma", Subaccount: "dev", Systems: []string{p.system.ID}}
	if _, err := p.env.Operator().CreateFormation(t.Context(), "default", n); err != nil {
		t.Fatal(err)
	}
}

// notices: the registry tells a tenant that its system was deregistered, and tells
// apart that it is told, that it is busy, and everything else.
func (s *registrySuite) notices(t *testing.T, a api) {
	told := exchange{
		what: "the tenant " + a.tenant + " is told of a deregistration", state: states.Tenant, params: map[string]any{"tenant": a.tenant},
		method: "POST", path: "/tenants/" + a.tenant + "/callback/deregistration",
		header: map[string]any{"Authorization": within("Bearer ", "noticeToken", "", signed(claims("pairsim:deregistration", nil)))},
		body:   map[string]any{"systemId": from("systemId", systemID), "releaseToken": from("releaseToken", release)}, status: 204,
	}
	otherwise := func(what, parameter, value string, status int) exchange {
		e := told
		e.what, e.params, e.status = what, map[string]any{"tenant": a.tenant, parameter: value}, status
		return e
	}
	for _, test := range []struct {
		exchange
		want string // the status of the system, "" when it is gone
	}{
		{told, ""},
		{otherwise("the tenant "+a.tenant+" is told of a deregistration and is busy", "busy", states.Yes, 409), "deregistering"},
		{otherwise("the tenant "+a.tenant+" is told of another's deregistration", "notice", states.ForAnotherTenant, 403), "deregisterError"},
		{otherwise("the tenant "+a.tenant+" is told by a stranger", "notice", states.NotSigned, 401), "deregisterError"},
	} {
		s.meets(t, func(t *testing.T, f *front) {
			p := newPeer(t, a.systemType)
			p.describe(t, f.http.URL+"/tenants/"+a.tenant, time.Time{})
			_, err := p.env.Operator().Deregister(t.Context(), p.system.ID)
			if err != nil {
				t.Fatal(err)
			}
			present, err := p.env.Operator().System(t.Context(), p.system.ID)
			if got := present.Status.Code; got != test.want || test.want == "" && btpclient.CodeOf(err) != "system-not-found" {
				t.Errorf("%s: the system is %q (%v), want %q", test.what, got, err, test.want)
			}
		}, test.exchange)
	}
}

func (s *registrySuite) waking(t *testing.T, a api) {
	wake := exchange{
		what: "the tenant " + a.tenant + " is woken", state: states.Tenant, params: map[string]any{"tenant": a.tenant},
		method: "POST", path: "/tenants/" + a.tenant + "/callback/wake", body: map[string]any{}, status: 204,
	}
	s.meets(t, func(t *testing.T, f *front) {
		p := newPeer(t, a.systemType)
		p.describe(t, f.http.URL+"/tenants/"+a.tenant, testenv.Epoch.Add(time.Hour))
		p.env.Advance(t, time.Hour)
	}, wake)
}

func (s *registrySuite) specification(t *testing.T, a api) {
	path := "/tenants/" + a.tenant + "/specifications/" + a.identifier
	fetch := exchange{
		what: "the specification " + a.identifier + " is fetched", state: states.API, params: map[string]any{"tenant": a.tenant, "api": a.identifier},
		method: "GET", path: path, status: 200, answerType: "application/xml",
		answer: []byte(`<?xml version="1.0" encoding="UTF-8"?><edmx:Edmx xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" Version="1.0"/>`),
	}
	s.meets(t, func(t *testing.T, f *front) {
		p := newPeer(t, a.systemType)
		_, err := p.session.CreateService(t.Context(), p.info.API.MetadataURL, btpclient.Service{
			Provider: "SAP", Name: a.identifier, Description: a.identifier, Identifier: a.identifier,
			API: &btpclient.API{TargetURL: f.http.URL, APIType: "odata", SpecificationURL: f.http.URL + path},
		})
		if err != nil {
			t.Error(err)
		}
	}, fetch)
}

const (
	clientID, clientSecret = "pairsim-client", "pact-client-secret"
	accessToken            = "pact-access-token"
	csrfToken              = "pact-csrf-token"
	cookie                 = "SAP_SESSIONID=pact"
)

// gateway: a workload's call gets the credentials that the tenant registered.
func (s *registrySuite) gateway(t *testing.T, a api) {
	state := map[string]any{"tenant": a.tenant, "api": a.identifier}
	base := "/tenants/" + a.tenant + "/api"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(clientID+":"+clientSecret))
	authorization, fetched := from("basic", basic), exchange{}
	credentials := func(f *front) *btpclient.Credentials {
		c := &btpclient.Basic{Username: clientID, Password: clientSecret}
		if a.csrf {
			c.CSRF = &btpclient.CSRFInfo{TokenEndpointURL: f.http.URL + base + a.path + "/"}
		}
		return &btpclient.Credentials{Basic: c}
	}
	writeHeader := map[string]any{}
	switch {
	case a.token != "":
		authorization = within("Bearer ", "accessToken", "", accessToken)
		form := func(value, example string) map[string]any {
			return map[string]any{"pact:matcher:type": "type", "pact:generator:type": "ProviderState", "expression": "${" + value + "}", "value": example}
		}
		body, err := json.Marshal(map[string]any{
			"client_id": form("clientId", clientID), "client_secret": form("clientSecret", clientSecret), "grant_type": "client_credentials",
		})
		if err != nil {
			t.Fatal(err)
		}
		fetched = exchange{
			what: "an access token for " + a.identifier, state: states.API, params: state, method: "POST", path: base + a.token,
			header: map[string]any{"Authorization": from("basic", basic)}, body: body, contentType: "application/x-www-form-urlencoded",
			status: 200, answer: map[string]any{"access_token": like(accessToken), "expires_in": like(3600)},
		}
		credentials = func(f *front) *btpclient.Credentials {
			return &btpclient.Credentials{OAuth: &btpclient.OAuth{URL: f.http.URL + base + a.token, ClientID: clientID, ClientSecret: clientSecret}}
		}
	case a.csrf:
		fetched = exchange{
			what: "a CSRF token for " + a.identifier, state: states.API, params: state, method: "GET", path: base + a.path + "/",
			header: map[string]any{"Authorization": authorization, "X-Csrf-Token": "fetch"}, status: 200,
			answerHeader: map[string]any{"X-Csrf-Token": re(csrfToken, `^[^ ]{8,}$`), "Set-Cookie": re(cookie+"; Path=/", `^SAP_SESSIONID=[^;]+(;.*)?$`)},
		}
		writeHeader = map[string]any{"X-Csrf-Token": from("csrfToken", csrfToken), "Cookie": from("cookie", cookie)}
	}
	writeHeader["Authorization"] = authorization
	var content any
	if err := json.Unmarshal([]byte(a.body), &content); err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(a.write, "?")
	read := exchange{
		what: "data of " + a.identifier + " is read", state: states.API, params: state, method: "GET", path: base + a.path + a.read, query: a.query,
		header: map[string]any{"Authorization": authorization}, status: 200, answer: a.has,
	}
	write := exchange{
		what: "data of " + a.identifier + " is made", state: states.API, params: state, method: "POST", path: base + a.path + path,
		header: writeHeader, body: content, status: 201,
	}
	if name, value, ok := strings.Cut(query, "="); ok {
		write.query = map[string]any{name: value}
	}
	s.meets(t, func(t *testing.T, f *front) {
		p := newPeer(t, a.systemType, testenv.WithEdition("v2")) // in which runtimes have all four types
		p.describe(t, f.http.URL+"/tenants/"+a.tenant, time.Time{})
		_, err := p.session.CreateService(t.Context(), p.info.API.MetadataURL, btpclient.Service{
			Provider: "SAP", Name: a.identifier, Description: a.identifier, Identifier: a.identifier,
			API: &btpclient.API{TargetURL: f.http.URL + base + a.path, Credentials: credentials(f)},
		})
		if err != nil {
			t.Fatal(err)
		}
		p.joins(t)
		w, to := btpclient.NewWorkload(p.env.HTTP(), p.env.Client()), btpclient.GatewayAPI{Application: p.system.ApplicationName, Service: a.identifier}
		target := a.read
		for name, value := range a.query {
			target += fmt.Sprint("?", name, "=", value)
		}
		if _, err := w.Read(t.Context(), to, target); err != nil {
			t.Error(err)
		}
		if _, _, err := w.Write(t.Context(), http.MethodPost, to, a.write, json.RawMessage(a.body)); err != nil {
			t.Error(err)
		}
	}, fetched, read, write)
}
