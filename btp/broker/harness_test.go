package broker_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/broker"
	"github.com/pairsim/pairsim/btp/httpapi/openapitest"
	"github.com/pairsim/pairsim/btp/offerings"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/internal/publicurl"
)

func init() { gin.SetMode(gin.TestMode) }

var start = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// The ids of the catalogue.
const (
	remoteService = "5a5e1f1e-0000-4000-8000-000000000001"
	remotePlan    = "5a5e1f1e-0000-4000-8000-000000000002"
	liteService   = "8627a19b-c397-4b1a-b297-6281bd46d8c3"
	litePlan      = "7a9f0f3c-5c1b-4d0f-9a3e-2f6b8a1c4d21"
)

// remote stands for SAP S/4HANA Cloud Extensibility. fails says what fails: create or delete.
type remote struct{}

func (remote) Description() services.Description {
	return services.Description{
		ID: remoteService, Name: "s4-hana-cloud", DisplayName: "SAP S/4HANA Cloud Extensibility", Tags: []string{"s4"},
		Plans: []services.Plan{{
			ID: remotePlan, Name: "api-access", Asynchronous: true, NeedsSystem: true, NeedsEntitlement: true,
			CreateSchema: json.RawMessage(`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","required":["systemName"],
				"properties":{"systemName":{"type":"string"},"fails":{"type":"string"}},"additionalProperties":false}`),
			BindSchema: json.RawMessage(`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","additionalProperties":false}`),
		}},
	}
}

func (remote) Admit(s *btp.Step, i *services.Instance) error {
	var p struct{ SystemName string }
	if err := json.Unmarshal(i.Parameters, &p); err != nil {
		return err
	}
	system, ok, err := s.Systems().FindByName(i.GlobalAccount, p.SystemName)
	if err == nil && !ok {
		err = services.InvalidParameters([]btp.Finding{{Path: "$.systemName", Problem: "there is no such system"}})
	}
	i.System = system.ID
	return err
}

func fails(i services.Instance, what string) error {
	if strings.Contains(string(i.Parameters), `"`+what+`"`) {
		return btp.Errorf(btp.TenantNotTold, "the tenant does not answer")
	}
	return nil
}

func (remote) Create(_ context.Context, _ *btp.Registry, i services.Instance) (json.RawMessage, error) {
	return nil, fails(i, "create")
}

func (remote) Delete(_ context.Context, _ *btp.Registry, i services.Instance) error {
	return fails(i, "delete")
}
func (remote) Created(*btp.Step, *services.Instance, json.RawMessage) error { return nil }
func (remote) Deleted(*btp.Step, *services.Instance) error                  { return nil }
func (remote) Unbind(*btp.Step, services.Instance, services.Binding) error  { return nil }
func (remote) Bind(_ *btp.Step, _ services.Instance, b *services.Binding) error {
	b.Credentials = json.RawMessage(`{"URL":"{{http}}/x","Password":"s3cret"}`)
	return nil
}

// tokens takes a client's id for its access token.
type tokens struct{ *btp.Registry }

func (t tokens) AdmitService(ctx context.Context, authorization []string, service string) (btp.ServicePrincipal, error) {
	return t.Registry.AdmitService(ctx, service, func(time.Time) (p btp.ServicePrincipal, err error) {
		if len(authorization) != 1 {
			return p, btp.Errorf(btp.Unauthenticated, "an access token is needed")
		}
		id, _ := strings.CutPrefix(authorization[0], "Bearer ")
		err = t.Read(ctx, func(s *btp.Step) error {
			o, there, err := s.Objects().FindByName(btp.KindServiceClient, "clients", id)
			if err != nil || !there {
				return err
			}
			return json.Unmarshal(o.Document, &p.ServiceClient)
		})
		p.ID = id
		return p, err
	})
}

// door is both doors of a registry under test, held against their documents.
type door struct {
	t        *testing.T
	registry *btp.Registry
	engine   *services.Engine
	handler  http.Handler
	// user and password are those of a platform for subaccount dev.
	user, password string
}

func open(t *testing.T, transitions map[btp.Transition]btp.TransitionPolicy) *door {
	t.Helper()
	catalogue, err := services.NewCatalogue(append(offerings.All(), remote{})...)
	if err != nil {
		t.Fatal(err)
	}
	policy := btp.DefaultPolicy()
	policy.Transitions = transitions
	l := btp.DefaultLandscape()
	l.GlobalAccounts = append(l.GlobalAccounts, btp.GlobalAccount{ID: "other", Subdomain: "other"})
	l.Subaccounts = append(l.Subaccounts,
		btp.Subaccount{ID: "kyma", GlobalAccount: "default", Subdomain: "kyma", Region: "eu10", Environments: []btp.RuntimeEnvironment{btp.Kyma}})
	l.Systems = []btp.DeclaredSystem{{ID: "crm", GlobalAccount: "default", Name: "CRM", Type: "SAP Marketing Cloud", Status: btp.Registered, TokenAge: -1}}
	l.Entitlements = []btp.DeclaredEntitlement{{Subaccount: "dev", System: "crm", Plan: "api-access"}}
	r, err := btp.Open(t.Context(), btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Seed: 7, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(start); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return start }, StartFrozen: start, Policy: policy, Landscape: l, Workers: catalogue.Workers(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	urls, err := publicurl.New("8080", "8443", "", "")
	if err != nil {
		t.Fatal(err)
	}
	router := gin.New()
	d := &door{t: t, registry: r, engine: catalogue.On(r)}
	broker.Mount(router, broker.Config{Registry: r, Services: d.engine, Tokens: tokens{r}, URLs: urls})
	d.handler = openapitest.Broker.Check(t, openapitest.Manager.Check(t, router))
	d.user, d.password = d.client("dev", "service-manager", "subaccount-admin")
	return d
}

// client makes a binding of a service, and returns its credentials.
func (d *door) client(sub btp.SubaccountID, offering, plan string) (id, secret string) {
	d.t.Helper()
	i, err := d.engine.CreateInstance(d.t.Context(), sub, services.NewInstance{Name: "client of " + offering, Offering: offering, Plan: plan}, "")
	if err != nil {
		d.t.Fatal(err)
	}
	b, err := d.engine.Bind(d.t.Context(), i.ID, services.NewBinding{}, "")
	if err != nil {
		d.t.Fatal(err)
	}
	var c map[string]string
	if err := json.Unmarshal(b.Credentials, &c); err != nil {
		d.t.Fatal(err)
	}
	return c["clientid"], c["clientsecret"]
}

// ask sends a request; header lists names and values, which go before the usual ones.
func (d *door) ask(method, target, body string, header ...string) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+target, strings.NewReader(body))
	if body == "" {
		r.Body = http.NoBody
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	if strings.HasPrefix(target, "/broker") {
		r.SetBasicAuth(d.user, d.password)
		r.Header.Set("X-Broker-API-Version", "2.17")
	} else {
		r.Header.Set("Authorization", "Bearer "+d.user)
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Del(header[i]); header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

func (d *door) want(status int, w *httptest.ResponseRecorder) map[string]any {
	d.t.Helper()
	if w.Code != status {
		d.t.Fatalf("got %d %s, want %d", w.Code, w.Body, status)
	}
	var doc map[string]any
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			d.t.Fatalf("answer %s: %v", w.Body, err)
		}
	}
	return doc
}
