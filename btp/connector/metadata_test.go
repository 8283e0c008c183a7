package connector_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/outbound"
)

// document makes a service document with this api part; "" leaves it out.
func document(api string) string {
	if api != "" {
		api = `,"api":` + api
	}
	return `{"provider":"Example Shop","name":"Orders","description":"Order API","events":{"spec":{"asyncapi":"1.0.0"}}` + api + `}`
}

func target(more string) string {
	return document(`{"targetUrl":"https://shop.example.test/occ/v2"` + more + `}`)
}

func credentials(kinds string) string { return target(`,"credentials":{` + kinds + `}`) }

const (
	oauth = `"oauth":{"url":"https://shop.example.test/token","clientId":"kyma-client","clientSecret":"s3cret"`
	basic = `"basic":{"username":"kyma-user","password":"s3cret"`
	csrf  = `,"csrfInfo":{"tokenEndpointURL":"https://shop.example.test/csrf"}`
)

// Rule: service-document
func TestAPIMetadataRegister(t *testing.T) {
	a := newApplication(t)
	masked := map[string]any{"oauth": map[string]any{"url": "https://shop.example.test/token", "clientId": "********", "clientSecret": "********"}}
	maskedBasic := map[string]any{"basic": map[string]any{"username": "********", "password": "********"}}
	withCSRF := map[string]any{"tokenEndpointURL": "https://shop.example.test/csrf"}
	parameters := map[string]any{"headers": map[string]any{"X-H": []any{"1", "2"}}, "queryParameters": map[string]any{"q": []any{"3"}}}
	const sent = `{"headers":{"X-H":["1","2"]},"queryParameters":{"q":["3"]}}`

	tests := []struct {
		name     string
		document string
		want     map[string]any // of api, without targetUrl
	}{
		{"OAuth", credentials(oauth + "}"), map[string]any{"credentials": masked}},
		{"OAuth with CSRF", credentials(oauth + csrf + "}"), map[string]any{"credentials": map[string]any{
			"oauth": map[string]any{"url": "https://shop.example.test/token", "clientId": "********", "clientSecret": "********", "csrfInfo": withCSRF},
		}}},
		{"OAuth with request parameters", credentials(oauth + `,"requestParameters":` + sent + "}"), map[string]any{"credentials": map[string]any{
			"oauth": map[string]any{"url": "https://shop.example.test/token", "clientId": "********", "clientSecret": "********", "requestParameters": parameters},
		}}},
		{"OAuth with additional headers and query parameters", target(`,"credentials":{` + oauth + `}},"requestParameters":` + sent), map[string]any{
			"credentials": masked, "requestParameters": parameters,
		}},
		{"Basic", credentials(basic + "}"), map[string]any{"credentials": maskedBasic}},
		{"Basic with CSRF", credentials(basic + csrf + "}"), map[string]any{"credentials": map[string]any{
			"basic": map[string]any{"username": "********", "password": "********", "csrfInfo": withCSRF},
		}}},
		{"no credentials in an empty object", credentials(""), map[string]any{}},
		{"certificateGen without common name is none", credentials(`"certificateGen":{}`), map[string]any{}},
		{"deprecated headers and query parameters", target(`,"headers":{"X-H":["1","2"]},"queryParameters":{"q":["3"]}`), map[string]any{
			"requestParameters": parameters,
		}},
		{"request parameters win over the deprecated", target(`,"requestParameters":` + sent + `,"headers":{"X-Old":["0"]}`), map[string]any{
			"requestParameters": parameters,
		}},
		{"null parts count as absent", target(`,"spec":null,"credentials":null,"requestParameters":null`), map[string]any{}},
		{"apiType and unfetched specificationUrl", target(`,"apiType":"OData","spec":{"a":1},"specificationUrl":"https://shop.example.test/spec"`), map[string]any{
			"apiType": "OData", "spec": map[string]any{"a": 1.0}, "specificationUrl": "https://shop.example.test/spec",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := a.call(http.MethodGet, a.create(tt.document), "")
			for _, secret := range []string{"kyma-client", "kyma-user", "s3cret"} {
				if strings.Contains(w.Body.String(), secret) {
					t.Errorf("got %s, want %q masked", w.Body, secret)
				}
			}
			var got struct{ API map[string]any }
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			tt.want["targetUrl"] = "https://shop.example.test/occ/v2"
			if diff := cmp.Diff(tt.want, got.API); diff != "" {
				t.Errorf("api (-want +got):\n%s", diff)
			}
		})
	}
}

// Rule: service-secrets-masked, service-unknown-keys
func TestAPIMetadataGet(t *testing.T) {
	a := newApplication(t)
	path := a.create(`{"provider":"Example Shop","name":"Orders","description":"Order API","shortDescription":"Orders","identifier":"orders-v2",
		"labels":{"connected-app":"somebody else","tier":"1"},"varkes":{"own":"key"},
		"api":{"targetUrl":"https://shop.example.test/occ/v2","spec":{"openapi":"3.0.0"},"credentials":{` + basic + `}}},
		"events":{"spec":{"asyncapi":"1.0.0","topics":{"order.created.v1":{}}}},
		"documentation":{"displayName":"Orders","description":"All of it","type":"service","tags":["a"],"docs":[{"title":"t","type":"md","source":"<b>"}],"x":1}}`)
	golden(t, "service.json", a.call(http.MethodGet, path, "").Body.Bytes())
	golden(t, "services.json", a.call(http.MethodGet, services, "").Body.Bytes())
}

// Rule: services-exposed
func TestAPIMetadataGetAll(t *testing.T) {
	a := newApplication(t)
	if w := a.call(http.MethodGet, services, ""); w.Code != http.StatusOK || w.Body.String() != "[]" {
		t.Errorf("got %d %s, want 200 []", w.Code, w.Body)
	}
	for i := range 3 {
		a.create(strings.Replace(target(""), "Orders", fmt.Sprint("Orders ", i), 1))
	}
	var list []map[string]any
	if err := json.Unmarshal(a.call(http.MethodGet, services, "").Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	var names []any
	for _, item := range list {
		names = append(names, item["name"])
	}
	if diff := cmp.Diff([]any{"Orders 0", "Orders 1", "Orders 2"}, names); diff != "" {
		t.Errorf("names in the order of creation (-want +got):\n%s", diff)
	}
}

func TestAPIMetadataConnectedAppLabel(t *testing.T) {
	a := newApplication(t)
	for name, labels := range map[string]string{"adding": "", "overriding": `"labels":{"connected-app":"other"},`} {
		t.Run(name, func(t *testing.T) {
			got := a.get(a.create(strings.Replace(target(""), "{", "{"+labels, 1)))
			if label := at(got, "labels", "connected-app"); label != a.name {
				t.Errorf("got connected-app %v, want %s", label, a.name)
			}
		})
	}
}

// Rule: service-document
func TestAPIMetadataUpdate(t *testing.T) {
	a := newApplication(t)
	path := a.create(strings.Replace(credentials(oauth+"}"), "{", `{"identifier":"orders-v2",`, 1))
	w := a.call(http.MethodPut, path, strings.Replace(credentials(basic+"}"), "{", `{"identifier":"changed",`, 1))
	if w.Code != http.StatusOK {
		t.Fatalf("got %d %s, want 200", w.Code, w.Body)
	}
	golden(t, "updated.json", w.Body.Bytes())
	got := a.get(path)
	if at(got, "api", "credentials", "basic", "username") != "********" || at(got, "api", "credentials", "oauth") != nil {
		t.Errorf("got %v, want the credentials replaced by Basic", at(got, "api", "credentials"))
	}
	if at(got, "identifier") != "orders-v2" {
		t.Errorf("got identifier %v, want it kept", at(got, "identifier"))
	}
	a.call(http.MethodPut, path, document(""))
	if got := a.get(path); at(got, "api") != nil {
		t.Errorf("got api %v, want none after an update without", at(got, "api"))
	}
}

// Rule: service-delete-unknown
func TestAPIMetadataDelete(t *testing.T) {
	a := newApplication(t)
	path := a.create(target(""))
	for _, which := range []string{"present", "unknown"} {
		if w := a.call(http.MethodDelete, path, ""); w.Code != http.StatusNoContent || w.Body.Len() != 0 {
			t.Errorf("%s: got %d %q, want 204 without body", which, w.Code, w.Body)
		}
	}
	refused(t, a.call(http.MethodGet, path, ""), 404, btp.ServiceNotFound, "not found")
}

// Rule: service-document, service-identifier
func TestAPIMetadataErrors(t *testing.T) {
	a := newApplication(t)
	a.create(strings.Replace(target(""), "{", `{"identifier":"taken",`, 1))
	long := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name, document, want string
	}{
		{"empty body", ``, "Failed to unmarshal request body, "},
		{"not JSON", `{"provider":`, "Failed to unmarshal request body, "},
		{"of another type", `[]`, "Failed to unmarshal request body, "},
		{"label of another type", strings.Replace(target(""), "{", `{"labels":{"a":1},`, 1), "Failed to unmarshal request body, "},
		{"not UTF-8", strings.Replace(target(""), "Orders", "\xff", 1), "Failed to unmarshal request body, "},
		{"too deep", target(`,"spec":` + strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)), "Failed to unmarshal request body, "},
		{"too large", target(`,"apiType":"` + long(4<<20) + `"`), "Failed to read request body, "},
		{"missing fields", `{}`, "Incorrect structure of service definition, Description field cannot be empty.;Name field cannot be empty.;Provider field cannot be empty."},
		{"empty provider", `{"provider":"","name":"n","description":"d","events":{"spec":{}}}`, "Incorrect structure of service definition, Provider field cannot be empty."},
		{"neither api nor events", `{"provider":"p","name":"n","description":"d"}`, "At least one of service definition attributes: 'api', 'events' have to be provided"},
		{"structure comes before api or events", `{"provider":"p","name":"n"}`, "Description field cannot be empty."},
		{"api without targetUrl", document(`{}`), "Incorrect structure of service definition, targetUrl field cannot be empty."},
		{"relative targetUrl", document(`{"targetUrl":"/occ"}`), "targetUrl does not validate as url"},
		{"targetUrl of another scheme", document(`{"targetUrl":"file:///etc/passwd"}`), "targetUrl does not validate as url"},
		{"api.spec a string", target(`,"spec":"{}"`), "api.Spec is not a proper json object, "},
		{"api.spec a list", target(`,"spec":[1]`), "api.Spec is not a proper json object, "},
		{"events.spec a number", `{"provider":"p","name":"n","description":"d","events":{"spec":7}}`, "events.Spec is not a proper json object, "},
		{"events.spec null", `{"provider":"p","name":"n","description":"d","events":{"spec":null}}`, "events.Spec is not a proper json object, "},
		{"events without spec", `{"provider":"p","name":"n","description":"d","events":{}}`, "spec cannot be empty"},
		{"OAuth and Basic together", credentials(oauth + "}," + basic + "}"), "api.CredentialsWithCSRF is invalid: to many authentication methods provided"},
		{"Basic and CertificateGen together", credentials(basic + `},"certificateGen":{"commonName":"cn"}`), "api.CredentialsWithCSRF is invalid: to many authentication methods provided"},
		{"two specification credentials", target(`,"specificationCredentials":{` + oauth + "}," + basic + "}}"), "to many authentication methods provided"},
		{"api.spec comes before credentials", target(`,"spec":1,"credentials":{` + oauth + "}," + basic + "}}"), "api.Spec is not a proper json object, "},
		{"OAuth without secret", credentials(`"oauth":{"url":"https://t.test","clientId":"c"}`), "oauth clientSecret cannot be empty"},
		{"OAuth without url", credentials(`"oauth":{"clientId":"c","clientSecret":"s"}`), "oauth url field cannot be empty"},
		{"Basic without password", credentials(`"basic":{"username":"u"}`), "basic auth password field cannot be empty"},
		{"csrfInfo without url", credentials(basic + `,"csrfInfo":{}}`), "tokenEndpointURL field cannot be empty"},
		{"documentation without type", strings.Replace(target(""), "{", `{"documentation":{"displayName":"d","description":"d"},`, 1), "type field cannot be empty in documentation"},
		{"name too long", strings.Replace(target(""), "Orders", long(256), 1), "Name cannot be longer than 255 bytes."},
		{"description too long", strings.Replace(target(""), "Order API", long(2001), 1), "Description cannot be longer than 2000 bytes."},
		{"NUL in a name", strings.Replace(target(""), "Orders", `a\u0000b`, 1), "Name cannot hold the character U+0000."},
		{"too many headers", target(`,"requestParameters":{"headers":{` + strings.ReplaceAll(entries(51), `"v"`, `["v"]`) + `}}`), "headers and queryParameters cannot have more than 50 entries."},
		{"too many labels", strings.Replace(target(""), "{", `{"labels":{`+entries(51)+`},`, 1), "labels cannot have more than 50 entries."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, a.call(http.MethodPost, services, tt.document), 400, btp.ServiceInvalid, tt.want)
			refused(t, a.call(http.MethodPut, services+"/unknown", tt.document), 400, btp.ServiceInvalid, tt.want)
		})
	}
	t.Run("a fault is told once", func(t *testing.T) {
		w := a.call(http.MethodPost, services, strings.Replace(target(""), "{", `{"labels":{"\u0000a":"","\u0000b":""},`, 1))
		if n := strings.Count(w.Body.String(), "label key cannot hold"); n != 1 {
			t.Errorf("got %s, want the fault once", w.Body)
		}
	})
	t.Run("duplicate identifier", func(t *testing.T) {
		for _, more := range []string{"", `,"specificationUrl":"https://spec.test"`} {
			w := a.call(http.MethodPost, services, strings.Replace(target(more), "{", `{"identifier":"taken",`, 1))
			refused(t, w, 409, btp.ServiceIdentifierTaken, "Service with Identifier taken already exists")
		}
		if len(a.fetch.calls) != 0 {
			t.Errorf("got %d fetches for refused documents, want none", len(a.fetch.calls))
		}
	})
	t.Run("unknown service", func(t *testing.T) {
		refused(t, a.call(http.MethodGet, services+"/unknown", ""), 404, btp.ServiceNotFound, "Service with ID unknown not found")
		for _, more := range []string{"", `,"specificationUrl":"https://spec.test"`} {
			refused(t, a.call(http.MethodPut, services+"/unknown", target(more)), 404, btp.ServiceNotFound, "Service with ID unknown not found")
		}
	})
	t.Run("unknown application", func(t *testing.T) {
		refused(t, a.send(http.MethodGet, "/nobody"+services, ""), 404, btp.SystemNotFound, "nobody not found")
	})
	t.Run("certificate of another application", func(t *testing.T) {
		first := a.name
		a.pair("Second Shop", "SAP Commerce Cloud")
		refused(t, a.send(http.MethodGet, "/"+first+services, ""), 403, btp.CertificateNotForApp, "no valid subject found")
	})
	t.Run("services of one application only", func(t *testing.T) {
		if w := a.call(http.MethodGet, services, ""); w.Body.String() != "[]" {
			t.Errorf("got %s, want no service of the first application", w.Body)
		}
	})
	t.Run("no certificate", func(t *testing.T) {
		a.chain = nil
		refused(t, a.call(http.MethodGet, services, ""), 403, btp.CertificateMissing, "certificate")
	})
}

func entries(n int) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`"k%d":"v"`, i))
	}
	return strings.Join(list, ",")
}

func TestAPIMetadataCertificateGen(t *testing.T) {
	a := newApplication(t)
	generated := func(commonName, more string) string {
		return credentials(`"certificateGen":{"commonName":"` + commonName + `","certificate":"ignored"` + more + `}`)
	}
	path := a.create(generated("orders", csrf))
	read := func() (string, *x509.Certificate) {
		t.Helper()
		got := at(a.get(path), "api", "credentials", "certificateGen")
		text, _ := at(got, "certificate").(string)
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatalf("got certificate %q, want base64: %v", text, err)
		}
		block, _ := pem.Decode(der)
		if block == nil {
			t.Fatalf("got certificate %q, want base64 of PEM", text)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if at(got, "csrfInfo", "tokenEndpointURL") != "https://shop.example.test/csrf" {
			t.Errorf("got csrfInfo %v", at(got, "csrfInfo"))
		}
		return text, c
	}
	first, c := read()
	key, isRSA := c.PublicKey.(*rsa.PublicKey)
	if !isRSA || key.N.BitLen() != 2048 || c.SignatureAlgorithm != x509.SHA256WithRSA {
		t.Errorf("got %T with %v, want RSA 2048 with SHA-256", c.PublicKey, c.SignatureAlgorithm)
	}
	if c.Subject.String() != "CN=orders" || !c.NotBefore.Equal(epoch) || !c.NotAfter.Equal(epoch.AddDate(1, 0, 0)) {
		t.Errorf("got %s from %s to %s, want CN=orders for a year from %s", c.Subject, c.NotBefore, c.NotAfter, epoch)
	}
	if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		t.Errorf("not self-signed: %v", err)
	}
	put := func(document string) {
		t.Helper()
		if w := a.call(http.MethodPut, path, document); w.Code != http.StatusOK {
			t.Fatalf("PUT: got %d %s, want 200", w.Code, w.Body)
		}
	}
	put(generated("orders", csrf))
	if again, _ := read(); again != first {
		t.Error("an update with the same common name made a new certificate")
	}
	put(generated("returns", csrf))
	if _, c := read(); c.Subject.String() != "CN=returns" {
		t.Errorf("got %s after another common name, want CN=returns", c.Subject)
	}
}

// Rule: service-specification
func TestModifyingSwaggerAPISpec(t *testing.T) {
	a := newApplication(t)
	a.pair("A System With a Very Long Name Indeed", "SAP Commerce Cloud")
	const swagger = `{"swagger":"2.0","host":"shop.example.test","basePath":"/occ","schemes":["https"],"paths":{"/x":{"n":12345678901234567890}}}`
	path := a.create(target(`,"spec":` + swagger))
	host := a.name[:26] + "-" + path[strings.LastIndex(path, "/")+1:] + ".kyma-integration.svc.cluster.local"
	w := a.call(http.MethodGet, path, "")
	want := `"spec":{"basePath":"","host":"` + host + `","paths":{"/x":{"n":12345678901234567890}},"schemes":["http"],"swagger":"2.0"}`
	if !strings.Contains(w.Body.String(), want) {
		t.Errorf("got %s, want it to hold %s", w.Body, want)
	}
	for name, api := range map[string]string{
		"OData":       `,"apiType":"ODATA","spec":` + swagger,
		"OpenAPI 3":   `,"spec":{"openapi":"3.0.0","host":"shop.example.test"}`,
		"Swagger 1.2": `,"spec":{"swagger":"1.2","host":"shop.example.test"}`,
		"a number":    `,"spec":{"swagger":2.0,"host":"shop.example.test"}`,
	} {
		if got := at(a.get(a.create(target(api))), "api", "spec", "host"); got != "shop.example.test" {
			t.Errorf("%s: got host %v, want it unchanged", name, got)
		}
	}
}

type statusError string

func (e statusError) Error() string      { return "status " + string(e) }
func (e statusError) HTTPStatus() string { return string(e) }

// Rule: service-specification
func TestFetchingAPISpec(t *testing.T) {
	const swagger = `{"swagger":"2.0","host":"h"}`
	tests := []struct {
		name, api string
		answer    string
		want      any // api.spec
		fetched   string
	}{
		{"from specificationUrl", `,"specificationUrl":"https://spec.test/api?v=2"`, ` {"openapi":"3.0.0"}`, map[string]any{"openapi": "3.0.0"}, "https://spec.test/api?v=2"},
		{"null spec counts as absent", `,"spec":null,"specificationUrl":"https://spec.test"`, `{}`, map[string]any{}, "https://spec.test"},
		{"inline spec preferred", `,"specificationUrl":"https://spec.test","spec":{"inline":true}`, `{}`, map[string]any{"inline": true}, ""},
		{"XML as a string", `,"specificationUrl":"https://spec.test"`, `<a b="c"/>`, `<a b="c"/>`, "https://spec.test"},
		{"YAML as a string", `,"specificationUrl":"https://spec.test"`, "openapi: 3.0.0\n", "openapi: 3.0.0\n", "https://spec.test"},
		{"a JSON list as a string", `,"specificationUrl":"https://spec.test"`, "[1]", "[1]", "https://spec.test"},
		{"empty", `,"specificationUrl":"https://spec.test"`, "", nil, "https://spec.test"},
		{"OData metadata", `,"apiType":"OData"`, "<edmx/>", "<edmx/>", "https://shop.example.test/occ/v2/$metadata"},
		{"OData metadata below a slash", `,"targetUrl":"https://shop.example.test/odata/","apiType":"odata"`, "<edmx/>", "<edmx/>", "https://shop.example.test/odata/$metadata"},
		{"OData with specificationUrl", `,"apiType":"odata","specificationUrl":"https://spec.test"`, swagger, map[string]any{"swagger": "2.0", "host": "h"}, "https://spec.test"},
		{"none asked for", ``, ``, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newApplication(t)
			a.fetch.answer = func(*http.Request) ([]byte, error) { return []byte(tt.answer), nil }
			got := at(a.get(a.create(target(tt.api))), "api", "spec")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
			var fetched string
			for _, call := range a.fetch.calls {
				fetched += call.URL.String()
			}
			if fetched != tt.fetched {
				t.Errorf("fetched %q, want %q", fetched, tt.fetched)
			}
		})
	}
}

func TestFetchingAPISpecWithCredentials(t *testing.T) {
	a := newApplication(t)
	path := a.create(target(`,"specificationUrl":"https://spec.test/api?kept=1","specificationCredentials":{` + basic + `}},
		"specificationRequestParameters":{"headers":{"x-key":["k"],"Authorization":["own"]},"queryParameters":{"q":["1"],"kept":["2"]}}`))
	call := a.fetch.calls[0]
	if user, password, _ := call.BasicAuth(); user != "kyma-user" || password != "s3cret" {
		t.Errorf("got %q %q, want Basic credentials", user, password)
	}
	if call.Header.Get("X-Key") != "k" || call.URL.RawQuery != "kept=1&q=1" {
		t.Errorf("got header %q and query %q, want k and kept=1&q=1", call.Header.Get("X-Key"), call.URL.RawQuery)
	}
	got := at(a.get(path), "api")
	for _, key := range []string{"specificationCredentials", "specificationRequestParameters", "credentials", "requestParameters"} {
		if at(got, key) != nil {
			t.Errorf("got %s %v, want it not stored", key, at(got, key))
		}
	}

	a.fetch.calls, a.fetch.bodies = nil, nil
	a.fetch.answer = func(r *http.Request) ([]byte, error) {
		if r.Method == http.MethodPost {
			return []byte(`{"access_token":"t0ken","expires_in":60}`), nil
		}
		return []byte(`{}`), nil
	}
	a.create(target(`,"specificationUrl":"https://spec.test","specificationCredentials":{` + oauth + `}}`))
	form, err := url.ParseQuery(a.fetch.bodies[0])
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"client_id": {"kyma-client"}, "client_secret": {"s3cret"}, "grant_type": {"client_credentials"}}
	if diff := cmp.Diff(want, form); diff != "" {
		t.Errorf("token request (-want +got):\n%s", diff)
	}
	if got := a.fetch.calls[1].Header.Get("Authorization"); got != "Bearer t0ken" {
		t.Errorf("got authorization %q, want the fetched token", got)
	}
}

// Rule: service-specification
func TestFetchingAPISpecFails(t *testing.T) {
	notFound := statusError("404 Not Found")
	tests := []struct {
		name, api string
		err       error
		answer    string
		want      string
	}{
		{"status", `,"specificationUrl":"https://spec.test/api"`, notFound, "", "Fetching API spec from https://spec.test/api failed with status 404 Not Found"},
		{
			"credentials in the URL masked", `,"specificationUrl":"https://me:s3cret@spec.test/api?key=s3cret"`, notFound, "",
			"Fetching API spec from https://********@spec.test/api?******** failed with status 404 Not Found",
		},
		{"unreachable", `,"specificationUrl":"https://spec.test"`, errors.New("the host cannot be reached"), "", "Fetching API spec from https://spec.test failed, the host cannot be reached"},
		{"not a URL", `,"specificationUrl":"http://s3cret\u007f"`, nil, "", "Fetching API spec from ******** failed, it is not a URL"},
		{"not text", `,"specificationUrl":"https://spec.test"`, nil, "\xff", "failed, the answer is not UTF-8 text"},
		{"OData metadata", `,"apiType":"odata"`, notFound, "", "Fetching API spec from https://shop.example.test/occ/v2/$metadata failed with status 404 Not Found"},
		{
			"token call", `,"specificationUrl":"https://spec.test","specificationCredentials":{` + oauth + "}}", statusError("401 Unauthorized"), "",
			"Adding authorization for fetching API spec from https://spec.test failed with status 401 Unauthorized",
		},
		{"token answer", `,"specificationUrl":"https://spec.test","specificationCredentials":{` + oauth + "}}", nil, "{}", "the token answer has no access_token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newApplication(t)
			a.fetch.answer = func(*http.Request) ([]byte, error) { return []byte(tt.answer), tt.err }
			w := a.call(http.MethodPost, services, target(tt.api))
			refused(t, w, 502, btp.SpecificationFetch, tt.want)
			if strings.Contains(w.Body.String(), "s3cret") {
				t.Errorf("got %s, want the secret masked", w.Body)
			}
			if w := a.call(http.MethodGet, services, ""); w.Body.String() != "[]" {
				t.Errorf("got %s, want nothing registered", w.Body)
			}
		})
	}
}

// TestSpecificationsFromBadServers fetches for real: what is where no call may go,
// too large, or served badly is a 502 that says why, and registers nothing.
//
// Rule: service-specification, outbound-bounded
func TestSpecificationsFromBadServers(t *testing.T) {
	handler := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the handshake, which is to fail
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	down := httptest.NewServer(nil)
	down.Close()
	loop := handler(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	away := handler(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	})
	large := handler(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte(" "), 4<<20+1)) })
	hangs := handler(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	fails := handler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	for name, test := range map[string]struct{ address, want string }{
		"link-local":            {"http://169.254.169.254/latest/meta-data", "link-local"},
		"private":               {"http://10.0.0.1/api", "neither loopback"},
		"redirected away":       {away, "link-local"},
		"another scheme":        {"file:///etc/passwd", ""},
		"redirects in a loop":   {loop, "redirect"},
		"oversized":             {large, "more than 4194304 bytes"},
		"hangs":                 {hangs, "no complete answer within 100ms"},
		"answers 503":           {fails, "failed with status 503 Service Unavailable"},
		"untrusted certificate": {untrusted.URL, "certificate"},
		"down":                  {down.URL, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApplication(t)
			a.outside = outbound.New(outbound.Config{Timeout: 100 * time.Millisecond})
			if name != "hangs" {
				a.outside = outbound.New(outbound.Config{})
			}
			for _, api := range []string{target(`,"specificationUrl":"` + test.address + `"`), document(`{"targetUrl":"` + test.address + `","apiType":"odata"}`)} {
				w := a.call(http.MethodPost, services, api)
				if name == "another scheme" && w.Code == 400 { // as a target it is refused before
					continue
				}
				refused(t, w, 502, btp.SpecificationFetch, "Fetching API spec from ")
				if !strings.Contains(w.Body.String(), test.want) {
					t.Errorf("got %s, want %q in it", w.Body, test.want)
				}
			}
			if w := a.call(http.MethodGet, services, ""); w.Body.String() != "[]" {
				t.Errorf("got %s, want nothing registered", w.Body)
			}
		})
	}
}

// Rule: service-bounds
func TestServiceLimit(t *testing.T) {
	a := newApplication(t)
	for range btp.MaxServices {
		a.create(target(""))
	}
	refused(t, a.call(http.MethodPost, services, target("")), 400, btp.ServiceLimit, "at most 500 services")
}

// FuzzServiceDocument: whatever is sent, the answer is 200 or 400, 409 or 502 in
// the vendor's form, and what was accepted can be read again.
//
// Rule: service-document, service-unknown-keys
func FuzzServiceDocument(f *testing.F) {
	for _, seed := range []string{
		target(""), credentials(oauth + csrf + "}"), credentials(basic + "}"), credentials(""), document(""),
		target(`,"spec":{"swagger":"2.0"},"headers":{"a":["b"]}`), target(`,"specificationUrl":"http://u:p@h/?q#f"`),
		target(`,"apiType":"odata"`), target(`,"spec":"{}"`), `{"labels":{"a":"b"},"documentation":{}}`, `null`, `[`, `{"api":{"spec":{"a":[[[[]]]]}}}`,
	} {
		f.Add([]byte(seed))
	}
	a := newApplication(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		a.t = t
		if strings.Contains(strings.ToLower(string(body)), "certificategen") {
			return // making keys would take all the time
		}
		w := a.call(http.MethodPost, services, string(body))
		var answer struct {
			ID   string
			Code int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("got %q, want JSON: %v", w.Body, err)
		}
		switch w.Code {
		case http.StatusOK:
			path := services + "/" + answer.ID
			a.get(path)
			if w := a.call(http.MethodPut, path, string(body)); w.Code != http.StatusOK {
				t.Errorf("PUT of an accepted document: got %d %s", w.Code, w.Body)
			}
			a.call(http.MethodDelete, path, "")
		case 400, 409, 502:
			if answer.Code != w.Code || w.Header().Get("Pairsim-Reason") == "" {
				t.Errorf("got %d %s without reason or with another code", w.Code, w.Body)
			}
		default:
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
