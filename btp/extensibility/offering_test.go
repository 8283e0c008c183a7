package extensibility_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/extensibility"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/btp/token"
)

const (
	inboundBasic = `"inboundAuthentication":"BasicAuthentication"`
	inboundSAML  = `"inboundAuthentication":"OAuth2SAMLBearerAssertion"`
	outbound     = `"outboundAuthentication":"BasicAuthentication","communicationSystem":{"communicationSystemHostname":"app.example",` +
		`"outboundCommunicationUser":{"username":"tech","password":"Outbound-1"}}`
)

// TestBindingEqualsDestination: the destination holds all properties of a binding
// (SEED-004), and none of what the tenant calls the extension with.
//
// Rule: instance-destination-equals-binding, instance-makes-destination
func TestBindingEqualsDestination(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		edition, name, rest string
		keys                []string // beside the common ones
		none                bool     // no destination
	}{
		{"v1", "basic", inboundBasic, []string{"User", "Password"}, false},
		{"v2", "saml", inboundSAML, []string{
			"audience", "clientKey", "tokenServiceUser", "tokenServicePassword", "tokenServiceURL", "tokenServiceURLType",
			"authnContextClassRef", "nameIdFormat", "userIdSource",
		}, false},
		{"v1", "both", inboundBasic + "," + outbound, []string{"User", "Password"}, false},
		{"v1", "outbound", outbound, nil, false},
		{"v2", "outbound", outbound, nil, true},
	} {
		b := open(t, test.edition)
		i := instance(extensibility.APIAccess, test.name, arrangement("DEMO", test.rest))
		if err := b.create(t, &i); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got, there := b.credentials(t, i), b.destination(t, test.name)
		if test.none != (there == nil) {
			t.Errorf("%s in %s: destination %v", test.name, test.edition, there)
		}
		if !test.none && !maps.Equal(got, there) {
			t.Errorf("%s: the binding is %v, the destination %v", test.name, got, there)
		}
		for _, key := range append([]string{"Name", "Type", "URL", "ProxyType", "Authentication", "XFSystemName"}, test.keys...) {
			if got[key] == "" {
				t.Errorf("%s: there is no %s in %v", test.name, key, got)
			}
		}
		if len(got) != 6+len(test.keys) {
			t.Errorf("%s: got %v", test.name, got)
		}
		if text, _ := json.Marshal(got); strings.Contains(string(text), "Outbound-1") || strings.Contains(string(text), "tech") {
			t.Errorf("%s: the binding holds what the tenant calls with: %s", test.name, text)
		}
		if strings.Contains(string(i.Parameters), "Outbound-1") || strings.Contains(string(i.State), "Outbound-1") || strings.Contains(string(i.State), "Inbound-1") {
			t.Errorf("%s: what is shown holds a password: %s %s", test.name, i.Parameters, i.State)
		}
		order := b.tenants.orders[0]
		if (order.SAMLTrust != nil) != (test.name == "saml") || order.EventBus != nil || order.ClientCertificate != nil {
			t.Errorf("%s: ordered %+v", test.name, order)
		}
		if strings.Contains(test.rest, "Outbound-1") && order.Arrangement.System.User.Password != "Outbound-1" {
			t.Errorf("%s: the tenant is not told the password", test.name)
		}
		b.delete(t, i)
		if b.destination(t, test.name) != nil || len(b.tenants.deleted) != 1 {
			t.Errorf("%s: after the deletion: %v, %v", test.name, b.destination(t, test.name), b.tenants.deleted)
		}
	}
}

// TestMarketingKnowsNoCertificates: SEED-004.
//
// Rule: instance-marketing-authentication
func TestMarketingKnowsNoCertificates(t *testing.T) {
	t.Parallel()
	b := open(t, "v1")
	i := instance(extensibility.APIAccess, "x", arrangement("DEMO", `"inboundAuthentication":"ClientCertificateAuthentication"`))
	if err := b.create(t, &i); btp.CodeOf(err) != btp.ParametersInvalid || !strings.Contains(err.Error(), "inbound methods of SAP Marketing Cloud (SEED-004)") {
		t.Errorf("got %v", err)
	}
}

// TestWhichSystems: invariant 12, and an instance of a foreign system.
//
// Rule: instance-system-registered
func TestWhichSystems(t *testing.T) {
	t.Parallel()
	b := open(t, "v1")
	for system, want := range map[string]btp.Code{"NEW": btp.SystemNotRegistered, "NOBODY": btp.SystemNotFound, "SHOP": btp.ParametersInvalid} {
		i := instance(extensibility.APIAccess, "x", arrangement(system, inboundBasic))
		if err := b.create(t, &i); btp.CodeOf(err) != want || !strings.Contains(err.Error(), "$.systemName") {
			t.Errorf("%s: got %v, want %s", system, err, want)
		}
	}
	if len(b.tenants.orders) > 0 {
		t.Error("a tenant was told")
	}
}

// TestDestinationInTheWay: d866cf6.md.
//
// Rule: instance-destination-name-free
func TestDestinationInTheWay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		edition, rest string
		want          btp.Code
	}{{"v1", inboundBasic, btp.DestinationExists}, {"v1", outbound, btp.DestinationExists}, {"v2", inboundBasic, btp.DestinationExists}, {"v2", outbound, ""}} {
		b := open(t, test.edition)
		err := b.Amend(t.Context(), func(s *btp.Step) error {
			return destination.Put(s, destination.Destination{Subaccount: "dev", Name: "x", Properties: map[string]string{
				"Type": "HTTP", "URL": "http://other.example", "Authentication": "NoAuthentication",
			}})
		})
		if err != nil {
			t.Fatal(err)
		}
		i := instance(extensibility.APIAccess, "x", arrangement("DEMO", test.rest))
		if err := b.create(t, &i); btp.CodeOf(err) != test.want {
			t.Errorf("%s, %s: got %v, want %q", test.edition, test.rest, err, test.want)
		}
		if test.want != "" && len(b.tenants.orders) > 0 {
			t.Errorf("%s, %s: the tenant was asked for an arrangement that nobody can use", test.edition, test.rest)
		}
		if there := b.destination(t, "x"); there["URL"] != "http://other.example" {
			t.Errorf("%s, %s: the destination is %v now", test.edition, test.rest, there)
		}
	}
	b := open(t, "v1")
	i := instance(extensibility.APIAccess, "a/b", arrangement("DEMO", inboundBasic))
	if err := b.create(t, &i); btp.CodeOf(err) != btp.DestinationInvalid {
		t.Errorf("a name that no destination can have: %v", err)
	}
}

func messaging(id, emname, namespace string) string {
	text := `{"systemName":"DEMO","emClientId":"` + id + `"`
	if emname != "" {
		text += `,"communicationArrangement":{"attributes":[{"name":"TOPIC SPACE","value":"` + namespace + `"}]},"ems":{"parameters":{"emname":"` + emname + `"}}`
	}
	return text + "}"
}

// TestMessagingNamesAreUnique: invariant 14, and the names of the event bus.
//
// Rule: messaging-emclientid-unique, bus-names-unique
func TestMessagingNamesAreUnique(t *testing.T) {
	t.Parallel()
	b := open(t, "v1")
	first := instance(extensibility.Messaging, "first", messaging("s4hc", "", ""))
	if err := b.create(t, &first); err != nil {
		t.Fatal(err)
	}
	bus := b.tenants.orders[0].EventBus
	if bus == nil || bus.ClientSecret == "" || bus.ClientID != "sb-i-first!b1|enterprise-messaging!b1" || bus.Namespace != "sap/S4HANAOD/s4hc" ||
		bus.TokenEndpoint != "http://btp.example/oauth/token" || !strings.HasPrefix(bus.URI, "http://btp.example/") || b.tenants.orders[0].Arrangement.Scenario != "SAP_COM_0092" {
		t.Errorf("ordered %+v", b.tenants.orders[0])
	}
	if _, grant, err := b.AuthorizeClient(t.Context(), btp.TokenRequest{Client: bus.ClientID, Secret: bus.ClientSecret}); err != nil || grant == nil || grant.Service != eventmesh.Service {
		t.Errorf("the tenant's client: %+v, %v", grant, err)
	}
	for parameters, want := range map[string]btp.Code{
		messaging("s4hc", "other", "my/own/space"):      btp.EmClientIDTaken,
		messaging("ab12", "s4hc", "my/own/space"):       btp.EmNameTaken,
		messaging("ab12", "other", "sap/S4HANAOD/s4hc"): btp.NamespaceTaken,
		messaging("ab12", "other", "my/own/space"):      "",
	} {
		i := instance(extensibility.Messaging, "second", parameters)
		err := b.create(t, &i)
		if btp.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %q", parameters, err, want)
		}
		if err == nil {
			b.delete(t, i)
		}
	}
	credentials := b.credentials(t, first)
	if text, _ := json.Marshal(credentials); strings.Contains(string(text), bus.ClientSecret) || credentials["emClientId"] != "s4hc" {
		t.Errorf("the binding is %s", text)
	}
	b.delete(t, first)
	if _, _, err := b.AuthorizeClient(t.Context(), btp.TokenRequest{Client: bus.ClientID, Secret: bus.ClientSecret}); btp.CodeOf(err) != btp.Unauthenticated {
		t.Errorf("the tenant's client is still good: %v", err)
	}
	again := instance(extensibility.Messaging, "again", messaging("s4hc", "", ""))
	if err := b.create(t, &again); err != nil {
		t.Errorf("the names of a deleted instance are free: %v", err)
	}
}

// TestEmClientIDOfAFailedCreation is free.
//
// Rule: messaging-emclientid-unique, instance-failure-leaves-nothing
func TestEmClientIDOfAFailedCreation(t *testing.T) {
	t.Parallel()
	b := open(t, "v1")
	b.tenants.refusal = btp.Errorf(btp.ArrangementRefused, "no")
	i := instance(extensibility.Messaging, "first", messaging("s4hc", "", ""))
	if err := b.create(t, &i); btp.CodeOf(err) != btp.ArrangementRefused {
		t.Fatalf("got %v", err)
	}
	b.tenants.refusal = nil
	i.Operation.State = services.Failed
	err := b.Amend(t.Context(), func(s *btp.Step) error {
		if err := b.offering.Deleted(s, &i); err != nil {
			return err
		}
		i.System, i.State, i.Secret = "", nil, nil // as the engine leaves it
		return b.keep(s, &i)
	})
	if err != nil {
		t.Fatal(err)
	}
	second := instance(extensibility.Messaging, "second", messaging("s4hc", "", ""))
	if err := b.create(t, &second); err != nil {
		t.Error(err)
	}
}

func TestBindingsHaveNoParameters(t *testing.T) {
	t.Parallel()
	b := open(t, "v1")
	i := instance(extensibility.APIAccess, "x", arrangement("DEMO", inboundBasic))
	if err := b.create(t, &i); err != nil {
		t.Fatal(err)
	}
	binding := services.Binding{Parameters: json.RawMessage(`{"x":1}`)}
	if err := b.Amend(t.Context(), func(s *btp.Step) error { return b.offering.Bind(s, i, &binding) }); btp.CodeOf(err) != btp.ParametersInvalid {
		t.Errorf("got %v", err)
	}
}

// TestNobodyToTell: a tenant that has deleted its side has nothing to delete.
//
// Rule: arrangement-in-tenant
func TestNobodyToTell(t *testing.T) {
	t.Parallel()
	b := open(t, "v1")
	i := instance(extensibility.APIAccess, "x", arrangement("DEMO", inboundBasic))
	if err := b.create(t, &i); err != nil {
		t.Fatal(err)
	}
	err := b.Amend(t.Context(), func(s *btp.Step) error {
		system, err := s.Systems().Get("s1")
		system.ExtensionDeleted = true
		if err != nil {
			return err
		}
		return s.Systems().Put(system)
	})
	if err != nil {
		t.Fatal(err)
	}
	b.delete(t, i)
	if len(b.tenants.deleted) > 0 {
		t.Error("a tenant was told")
	}
	other := instance(extensibility.APIAccess, "y", arrangement("DEMO", inboundBasic))
	if err := b.create(t, &other); btp.CodeOf(err) != btp.TenantNotTold {
		t.Errorf("a new instance for it: %v", err)
	}
}

func TestTrustIsACertificate(t *testing.T) {
	t.Parallel()
	b := open(t, "v1")
	i := instance(extensibility.APIAccess, "x", arrangement("DEMO", inboundSAML))
	if err := b.create(t, &i); err != nil {
		t.Fatal(err)
	}
	trust := b.tenants.orders[0].SAMLTrust
	if block, _ := pem.Decode([]byte(trust.Certificate)); block == nil || block.Type != "CERTIFICATE" || trust.Issuer == "" {
		t.Errorf("got %+v", trust)
	}
}

// TestArrangementOfAnEarlierTry: who died before the answer asks again, with other
// secrets. What the first try made is deleted then; what another instance has is not.
//
// Rule: arrangement-in-tenant
func TestArrangementOfAnEarlierTry(t *testing.T) {
	t.Parallel()
	exists := btp.Errorf(btp.ArrangementRefused, "it exists")
	exists.Cause = extensibility.ErrArrangementExists
	b := open(t, "v1")
	b.tenants.refusals = []error{exists, nil}
	i := instance(extensibility.Messaging, "x", messaging("s4hc", "", ""))
	if err := b.create(t, &i); err != nil || len(b.tenants.deleted) != 1 || b.tenants.deleted[0] != i.ID {
		t.Errorf("got %v, deleted %v", err, b.tenants.deleted)
	}
	b = open(t, "v1")
	b.tenants.refusals = []error{exists, exists}
	if err := b.create(t, &i); btp.CodeOf(err) != btp.ArrangementRefused || len(b.tenants.orders) != 2 {
		t.Errorf("of another instance: got %v, %d orders", err, len(b.tenants.orders))
	}
	b = open(t, "v1")
	b.tenants.refusals = []error{exists, nil}
	basic := instance(extensibility.APIAccess, "y", arrangement("DEMO", inboundBasic))
	if err := b.create(t, &basic); btp.CodeOf(err) != btp.ArrangementRefused || len(b.tenants.deleted) > 0 {
		t.Errorf("whose order is the same each time: got %v, deleted %v", err, b.tenants.deleted)
	}
}

// TestClientCertificateOfS4HANACloud: the extension's key is a certificate file that the
// destination names, and the tenant is told the certificate alone (553a4c6.md).
func TestClientCertificateOfS4HANACloud(t *testing.T) {
	t.Parallel()
	b := open(t, "v2")
	i := instance(extensibility.APIAccess, "erp", arrangement("ERP", `"inboundAuthentication":"ClientCertificateAuthentication"`))
	if err := b.create(t, &i); err != nil {
		t.Fatal(err)
	}
	told := b.tenants.orders[0].ClientCertificate
	if told == nil {
		t.Fatal("the tenant is told no certificate")
	}
	d := b.destination(t, "erp")
	if d["Authentication"] != "ClientCertificateAuthentication" || d["KeyStoreLocation"] != "erp.pem" || d["KeyStorePassword"] == "" || !maps.Equal(d, b.credentials(t, i)) {
		t.Errorf("the destination is %v", d)
	}
	find := func() (f destination.File, err error) {
		err = b.Read(t.Context(), func(s *btp.Step) (err error) {
			f, err = destination.FindFile(s, "dev", "", "erp.pem")
			return err
		})
		return f, err
	}
	file, err := find()
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(file.Content)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		t.Fatalf("the file is no key with its certificate: %v", err)
	}
	if block, _ := pem.Decode([]byte(told.Certificate)); !bytes.Equal(block.Bytes, pair.Certificate[0]) || strings.Contains(told.Certificate, "PRIVATE") {
		t.Error("the tenant is told another certificate, or the key")
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil || leaf.NotAfter != epoch.AddDate(2, 0, 0) {
		t.Errorf("the certificate ends at %v (%v), want two years of the environment's clock", leaf.NotAfter, err)
	}
	b.delete(t, i)
	if _, err := find(); btp.CodeOf(err) != btp.CertificateFileNotFound {
		t.Errorf("after the deletion: %v", err)
	}
}

// TestNameAloneOutbound: where a certificate proves who calls, S/4HANA Cloud takes the
// user's name alone (80a7613.md).
func TestNameAloneOutbound(t *testing.T) {
	t.Parallel()
	b := open(t, "v1")
	i := instance(extensibility.APIAccess, "erp", arrangement("ERP", `"outboundAuthentication":"OAuth2mTLS","communicationSystem":{"communicationSystemHostname":"app.example",`+
		`"oAuthTokenEndpoint":"app.example/token","outboundCommunicationUser":{"username":"tech"}}`))
	if err := b.create(t, &i); err != nil {
		t.Fatal(err)
	}
	if user := b.tenants.orders[0].Arrangement.System.User; user.Name != "tech" || user.Password != "" {
		t.Errorf("the tenant is told the user %q with a password of %d bytes", user.Name, len(user.Password))
	}
}

// counted counts the keys that are made.
type counted struct {
	btp.TokenSigner
	made *int
}

func (c counted) NewKey(algorithm btp.KeyAlgorithm) (btp.SigningKey, error) {
	*c.made++
	return c.TokenSigner.NewKey(algorithm)
}

// TestKeysAreReadyBeforeTheCall: making one may take longer than a call.
func TestKeysAreReadyBeforeTheCall(t *testing.T) {
	const saml, basic, certificate = `"inboundAuthentication":"OAuth2SAMLBearerAssertion"`, `"inboundAuthentication":"BasicAuthentication"`,
		`"inboundAuthentication":"ClientCertificateAuthentication"`
	made := 0
	b := openWith(t, "v2", counted{token.NewSigner(nil), &made})
	for _, test := range []struct {
		name, system, rest string
		want               int
	}{
		{"basic", "DEMO", basic, 0},
		{"trust", "DEMO", saml, 1},
		{"the same trust", "DEMO", saml, 0},
		{"key store", "ERP", certificate, 1},
		{"another key store", "ERP", certificate, 1},
	} {
		made = 0
		parameters := arrangement(test.system, test.rest)
		for range 2 { // of a request that was refused, the key is left over
			if err := b.offering.Prepare(t.Context(), b.Registry, "dev", extensibility.APIAccess, json.RawMessage(parameters)); err != nil {
				t.Fatal(err)
			}
		}
		if made != test.want {
			t.Errorf("%s: %d keys were made ready, want %d", test.name, made, test.want)
		}
		i := instance(extensibility.APIAccess, test.name, parameters)
		if err := b.create(t, &i); err != nil || made != test.want {
			t.Errorf("%s: created with %v, %d keys made, want %d", test.name, err, made, test.want)
		}
	}
	for _, junk := range []string{"", "{", "[]", `{"communicationArrangement":7}`, arrangement("DEMO", saml)} {
		made = 0
		if err := b.offering.Prepare(t.Context(), b.Registry, "nowhere", extensibility.APIAccess, json.RawMessage(junk)); err != nil || made != 0 {
			t.Errorf("%s: %v, %d keys made, want none", junk, err, made)
		}
	}
}

// TestTrustIsKeptForTheNextOne of a call whose time is over when the key is made.
func TestTrustIsKeptForTheNextOne(t *testing.T) {
	made := 0
	ctx, cancel := context.WithCancel(t.Context())
	b := openWith(t, "v1", ending{counted{token.NewSigner(nil), &made}, cancel})
	made = 0
	_, _ = destination.TrustOf(ctx, b.Registry, "dev") // who asked has gone
	if has, err := destination.HasTrust(t.Context(), b.Registry, "dev"); err != nil || !has || made != 1 {
		t.Errorf("got %t, %v, %d keys made, want the trust of the one that was made", has, err, made)
	}
}

// ending is over when a key of a trust is made.
type ending struct {
	btp.TokenSigner
	end context.CancelFunc
}

func (e ending) NewKey(algorithm btp.KeyAlgorithm) (btp.SigningKey, error) {
	if algorithm == "RS256" {
		defer e.end()
	}
	return e.TokenSigner.NewKey(algorithm)
}
