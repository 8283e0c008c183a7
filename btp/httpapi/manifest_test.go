package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
)

const serviceID = "c687e68a-9038-4f38-845b-9c61592e59e6"

// TestSecretNames has the cases of the runtime agent's own test.
//
// Rule: application-resource
func TestSecretNames(t *testing.T) {
	for _, test := range []struct{ application, credentials, parameters string }{
		{"short-application", "short-application-" + serviceID, "params-short-application-" + serviceID},
		{"max-application-aaaaaaaaaa", "max-application-aaaaaaaaaa-" + serviceID, "params-max-application-aaa-" + serviceID},
		{"toolong-application-aaaaaxxxx", "toolong-application-aaaaax-" + serviceID, "params-toolong-application-" + serviceID},
	} {
		if got := secretName("", test.application, serviceID); got != test.credentials {
			t.Errorf("got %q, want %q", got, test.credentials)
		}
		if got := secretName("params-", test.application, serviceID); got != test.parameters {
			t.Errorf("got %q, want %q", got, test.parameters)
		}
	}
	if got := secretName("", "mp-shop", btp.ServiceID(strings.Repeat("x", 70))); !strings.HasSuffix(got, "-"+strings.Repeat("x", 70)) {
		t.Errorf("a long id: got %q", got)
	}
}

func TestServiceNames(t *testing.T) {
	for _, test := range []struct {
		display string
		id      btp.ServiceID
		want    string
	}{
		{"bundleName1", "bundle1", "bundlename1-43857"},
		{"bundleName2", "bundle2", "bundlename2-4b91a"},
		{"serviceName1", "serviceId1", "servicename1-cb830"},
		{"Orders & Carts (v2)", "bundle1", "orders-carts-v2-43857"},
		{"!!!", "bundle1", "43857"},
		{strings.Repeat("a", 80), "bundle1", strings.Repeat("a", 57) + "-43857"},
	} {
		if got := serviceName(test.display, test.id); got != test.want {
			t.Errorf("%q: got %q, want %q", test.display, got, test.want)
		}
	}
}

// TestManifests holds each kind of credentials against what Kyma's gateway reads:
// the type, where the token is fetched, and the keys of the Secret.
//
// Rule: application-resource
func TestManifests(t *testing.T) {
	extra := &btp.RequestParameters{Headers: map[string][]string{"X-Tenant": {"1"}}, QueryParameters: map[string][]string{"client": {"100"}}}
	for _, test := range []struct {
		name          string
		credentials   *btp.Credentials
		parameters    *btp.RequestParameters
		missing       btp.SecretKind
		kind, url     string
		secret, other map[string]string
	}{
		{name: "nothing"},
		{
			name: "Basic", credentials: &btp.Credentials{Basic: &btp.BasicCredentials{Username: "u", Password: "p", CSRFTokenURL: "https://t.example/csrf"}},
			kind: "Basic", secret: map[string]string{"username": "u", "password": "p"},
		},
		{
			name:        "OAuth",
			credentials: &btp.Credentials{OAuth: &btp.OAuthCredentials{URL: "https://t.example/token", ClientID: "c", ClientSecret: "s", RequestParameters: extra}},
			kind:        "OAuth", url: "https://t.example/token",
			secret: map[string]string{"clientId": "c", "clientSecret": "s", "headers": `{"X-Tenant":["1"]}`, "queryParameters": `{"client":["100"]}`},
		},
		{
			name:        "certificate",
			credentials: &btp.Credentials{CertificateGen: &btp.CertificateCredentials{CertificatePEM: []byte("crt"), PrivateKeyPEM: []byte("key")}},
			kind:        "CertificateGen", secret: map[string]string{"crt": "crt", "key": "key"},
		},
		{
			name: "OAuth with a certificate",
			credentials: &btp.Credentials{OAuthWithCertificate: &btp.OAuthCertificateCredentials{
				URL: "https://t.example/token", ClientID: "c", CertificatePEM: []byte("crt"), PrivateKeyPEM: []byte("key"),
			}},
			kind: "OAuthWithCert", url: "https://t.example/token", secret: map[string]string{"clientId": "c", "crt": "crt", "key": "key"},
		},
		{name: "parameters", parameters: extra, other: map[string]string{"headers": `{"X-Tenant":["1"]}`, "queryParameters": `{"client":["100"]}`}},
		{
			name: "a missing Secret", credentials: &btp.Credentials{Basic: &btp.BasicCredentials{Username: "u", Password: "p"}},
			missing: btp.SecretCredentials, kind: "Basic",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := &btp.RuntimeApplication{
				System: btp.System{ID: "system", ApplicationName: "mp-shop"},
				Services: []btp.Service{{
					ID: serviceID, Name: "Orders & Carts", Provider: "SAP", Events: &btp.ServiceEvents{},
					API: &btp.ServiceAPI{TargetURL: "https://t.example", Credentials: test.credentials, RequestParameters: test.parameters, MissingSecret: test.missing},
				}},
			}
			text, err := json.Marshal(manifestsOf(a))
			if err != nil {
				t.Fatal(err)
			}
			var list struct{ Items []json.RawMessage }
			var cr applicationResource
			if err := json.Unmarshal(text, &list); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(list.Items[0], &cr); err != nil {
				t.Fatal(err)
			}
			secrets := map[string]map[string]string{}
			for _, item := range list.Items[1:] {
				var s secretResource
				if err := json.Unmarshal(item, &s); err != nil || s.Kind != "Secret" || s.APIVersion != "v1" || s.Metadata.Namespace != "kyma-system" {
					t.Fatalf("got %s, %v", item, err)
				}
				data := map[string]string{}
				for key, value := range s.Data {
					plain, err := base64.StdEncoding.DecodeString(value)
					if err != nil {
						t.Fatal(err)
					}
					data[key] = string(plain)
				}
				secrets[s.Metadata.Name] = data
			}
			entries := cr.Spec.Services[0].Entries
			if cr.Metadata.Name != "mp-shop" || len(entries) != 2 || entries[0].Type != "API" || entries[1].Type != "Events" ||
				entries[0].CentralGatewayURL != "http://central-application-gateway.kyma-system:8082/mp-shop/orders---carts/orders---carts" {
				t.Errorf("got the Application %s", list.Items[0])
			}
			want := map[string]map[string]string{}
			if test.secret != nil {
				want["mp-shop-"+serviceID] = test.secret
			}
			if test.other != nil {
				want["params-mp-shop-"+serviceID] = test.other
			}
			if diff := cmp.Diff(want, secrets); diff != "" {
				t.Errorf("Secrets (-want +got):\n%s", diff)
			}
			api := entries[0]
			if (api.RequestParametersSecretName != "") != (test.other != nil) {
				t.Errorf("got the Secret %q of parameters", api.RequestParametersSecretName)
			}
			if test.kind == "" {
				if api.Credentials != nil {
					t.Errorf("got credentials %+v, want none", api.Credentials)
				}
				return
			}
			c := api.Credentials
			if c.Type != test.kind || c.AuthenticationURL != test.url || api.OAuthURL != test.url || c.SecretName != "mp-shop-"+serviceID ||
				(c.CSRFInfo != nil) != (test.credentials.CSRFTokenURL() != "") {
				t.Errorf("got credentials %+v", c)
			}
		})
	}
}
