package tenant

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/internal/problem"
)

// communicating is a product with communication scenarios, whose odata API holds
// orders.
func communicating(c *Config) {
	withOrders(c)
	all := S4HANAAuthentications
	c.Product.Communication = &Communication{
		Authentications: all, TokenPath: "/sap/token",
		Objects: []BusinessObject{{Collection: "orders", Name: "Order", Keys: []string{"code"}}, {Collection: "carts", Name: "Cart"}},
		Scenarios: []Scenario{
			{ID: "SAP_COM_0092", Name: "Eventing", Eventing: true},
			{
				ID: "SAP_COM_0207", Name: "In", Authentications: Authentications{Inbound: all.Inbound},
				InboundServices: []InboundService{{ID: "SAP_COM_0207_0001", Name: "In", API: "odata"}, {ID: "SAP_COM_0207_0002", Name: "Not simulated"}},
			},
			{
				ID: "SAP_COM_0205", Name: "Nothing", Authentications: Authentications{Inbound: all.Inbound},
				InboundServices: []InboundService{{ID: "SAP_COM_0205_0001", Name: "Not simulated"}},
			},
			{
				ID: "SAP_COM_0008", Name: "Out", Authentications: Authentications{Outbound: all.Outbound},
				OutboundServices: []OutboundService{{ID: "OUT_ORDERS", Name: "Orders", Objects: []string{"Order"}}, {ID: "OUT_ALL", Name: "All"}},
			},
			{
				ID: "SAP_COM_0009", Name: "Basic only", Disabled: true, Authentications: Authentications{Inbound: []Authentication{BasicAuthentication}},
				InboundServices: []InboundService{{ID: "SAP_COM_0009_0001", Name: "In", API: "odata"}},
			},
		},
	}
}

// paired is a tenant of a communicating product, paired as sys-1.
func paired(t testing.TB, f *fakeRegistry, change func(*Config)) *Tenant {
	t.Helper()
	tenant := newTenant(t, f, func(c *Config) {
		communicating(c)
		if change != nil {
			change(c)
		}
	})
	if _, err := tenant.Pair(context.Background(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	return tenant
}

// signedCall proves a call of the registry's about arrangements.
func (f *fakeRegistry) signedCall(changes map[string]any) []string {
	claims := map[string]any{"aud": communicationAudience}
	for k, v := range changes {
		claims[k] = v
	}
	return []string{"Authorization", "Bearer " + f.notice(claims)}
}

type object = map[string]any

// basicArrangement is a request for scenario SAP_COM_0207 with Basic.
func basicArrangement() object {
	return object{"systemId": "sys-1", "instanceName": "contacts", "communicationArrangement": object{
		"communicationArrangementName": "A", "scenarioId": "SAP_COM_0207", "inboundAuthentication": "BasicAuthentication",
	}}
}

// with is a request whose communicationArrangement is changed; nil deletes a key.
func with(request object, changes object) object {
	spec := object{}
	for k, v := range request["communicationArrangement"].(object) {
		spec[k] = v
	}
	for k, v := range changes {
		if spec[k] = v; v == nil {
			delete(spec, k)
		}
	}
	changed := object{}
	for k, v := range request {
		changed[k] = v
	}
	changed["communicationArrangement"] = spec
	return changed
}

func outboundArrangement(host string, changes object) object {
	name, port, _ := strings.Cut(strings.TrimPrefix(host, "http://"), ":")
	return with(with(basicArrangement(), object{
		"communicationArrangementName": "OUT", "scenarioId": "SAP_COM_0008", "inboundAuthentication": nil, "outboundAuthentication": "NoAuthentication",
		"communicationSystem": object{"communicationSystemHostname": name, "port": port},
		"outboundServices":    []object{{"id": "OUT_ORDERS", "urlPath": "/orders?x=1"}, {"name": "All", "isServiceActive": false}},
	}), changes)
}

func messagingArrangement(f *fakeRegistry, changes ...object) object {
	attributes := []object{}
	values := map[string]string{
		"CHANNEL NAME": "SAP_CP_XF_S4HC", "DESCRIPTION": "Integration with Enterprise Messaging for EM Client: s4hc",
		"TOPIC SPACE": "sap/S4HANAOD/s4hc", "MQTT_QOS": "1", "RECONNECT ATTEMPTS": "0", "WAIT TIME": "10",
	}
	for _, change := range changes {
		for k, v := range change {
			values[k] = v.(string)
		}
	}
	for k, v := range values {
		attributes = append(attributes, object{"name": k, "value": v})
	}
	slices.SortFunc(attributes, func(a, b object) int { return strings.Compare(a["name"].(string), b["name"].(string)) })
	return object{
		"systemId": "sys-1", "instanceName": "events",
		"communicationArrangement": object{"communicationArrangementName": "SAP_CLOUD_PLATFORM_XF_s4hc", "scenarioId": "SAP_COM_0092", "attributes": attributes},
		"eventBus": object{
			"tokenEndpoint": f.plain.URL + "/oauth/token", "clientId": "bus", "clientSecret": "bus-secret",
			"uri": f.plain.URL + "/messagingrest/v1", "namespace": "sap/S4HANAOD/s4hc",
		},
	}
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// arrange makes an arrangement and returns what the registry learns.
func arrange(t testing.TB, tenant *Tenant, f *fakeRegistry, instance string, request object) madeArrangement {
	t.Helper()
	w := call(handlerOf(t, tenant), "PUT", wireA+instance, jsonOf(request), f.signedCall(nil)...)
	var made madeArrangement
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Code != http.StatusCreated {
		t.Fatalf("got %d %s, want an arrangement", w.Code, w.Body)
	}
	return made
}

func basicRequest(user *basicAnswer) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user.Username, user.Password)
	return r
}

func wantProblem(t testing.TB, w *httptest.ResponseRecorder, code Code, what string) problem.Document {
	t.Helper()
	var doc problem.Document
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc.Type != problem.TypePrefix+string(code) || w.Code != problems[code].status || doc.Detail == "" {
		t.Errorf("%s: got %d %s, want the problem %s with a detail", what, w.Code, w.Body, code)
	}
	return doc
}

// waitFor polls until something has happened in the background.
func waitFor(t testing.TB, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(time.Millisecond); !happened(); {
		select {
		case <-ctx.Done():
			t.Fatal("it did not happen")
		case <-tick.C:
		}
	}
}

type brokenStore struct {
	*MemoryStore
	fails bool
}

func (s *brokenStore) Save(ctx context.Context, id string, state []byte) error {
	if s.fails {
		return errors.New("the disk is full")
	}
	return s.MemoryStore.Save(ctx, id, state)
}

// identity is a key with its certificate, as the registry's SAML identity provider has.
type identity struct {
	key  crypto.Signer
	cert *x509.Certificate
	pem  string
}

func newIdentity(t testing.TB, from time.Time) identity {
	t.Helper()
	key, err := testRSA()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "idp"}, NotBefore: from, NotAfter: from.AddDate(2, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, _ := x509.ParseCertificate(der)
	return identity{key, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}
