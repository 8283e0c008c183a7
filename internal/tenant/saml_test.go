package tenant

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

var testRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

const (
	testIssuer   = "pairsim/dev"
	testAudience = "http://tenants.test:1/tenants/commerce"
	testToken    = testAudience + "/api/sap/token"
	tokenPath    = "/tenants/commerce/api/sap/token"
)

// assertionXMLOf is an unsigned assertion for jane; changes replace parts of it.
func assertionXMLOf(changes ...string) string {
	text := `<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" IssueInstant="2030-01-01T10:00:00Z" Version="2.0">` +
		`<saml2:Issuer>pairsim/dev</saml2:Issuer>` +
		`<saml2:Subject><saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">jane@alpine.test</saml2:NameID>` +
		`<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData NotOnOrAfter="2030-01-01T10:10:00Z" Recipient="` + testToken + `"/></saml2:SubjectConfirmation></saml2:Subject>` +
		`<saml2:Conditions NotBefore="2030-01-01T09:55:00Z" NotOnOrAfter="2030-01-01T10:10:00Z"><saml2:AudienceRestriction><saml2:Audience>` + testAudience + `</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>` +
		`<saml2:AuthnStatement AuthnInstant="2030-01-01T10:00:00Z"><saml2:AuthnContext><saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:X509</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>` +
		`</saml2:Assertion>`
	return strings.NewReplacer(changes...).Replace(text)
}

// signXML signs the root of text with by, as SAML has it.
func signXML(t testing.TB, by identity, text string, how ...func(*dsig.SigningContext)) string {
	t.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromString(text); err != nil {
		t.Fatal(err)
	}
	signing, err := dsig.NewSigningContext(by.key, [][]byte{by.cert.Raw})
	if err != nil {
		t.Fatal(err)
	}
	signing.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	for _, change := range how {
		change(signing)
	}
	signed, err := signing.SignEnveloped(document.Root())
	if err != nil {
		t.Fatal(err)
	}
	out, err := etree.NewDocumentWithRoot(signed).WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func testUse(by identity) assertionUse {
	return assertionUse{issuer: testIssuer, certificate: by.cert, audience: testAudience, recipient: testToken, now: start.Add(time.Minute)}
}

// Rule: product-saml-bearer
func TestAGoodAssertion(t *testing.T) {
	t.Parallel()
	idp := newIdentity(t, start.AddDate(0, 0, -1))
	text := signXML(t, idp, assertionXMLOf())
	for name, parameter := range map[string]string{"bare": b64(text), "padded": base64.URLEncoding.EncodeToString([]byte(text)), "with a declaration": b64(`<?xml version="1.0" encoding="UTF-8"?>` + text)} {
		v, err := verifyAssertion(parameter, testUse(idp))
		if err != nil || v.subject != "jane@alpine.test" || v.id != "_a1" || !v.expires.Equal(start.Add(10*time.Minute)) {
			t.Errorf("%s: got %+v, %v", name, v, err)
		}
	}
}

// Rule: product-saml-bearer
func TestAssertionsThatAreRefused(t *testing.T) {
	t.Parallel()
	idp, other := newIdentity(t, start.AddDate(0, 0, -1)), newIdentity(t, start.AddDate(0, 0, -1))
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	foreign := other
	foreign.key = rsaKey // its certificate says the trusted key, and it is signed with another
	good := signXML(t, idp, assertionXMLOf())
	changed := func(changes ...string) string { return signXML(t, idp, assertionXMLOf(changes...)) }
	tampered := func(changes ...string) string { return strings.NewReplacer(changes...).Replace(good) }
	signature := good[strings.Index(good, "<ds:Signature"):strings.Index(good, "</ds:Signature>")] + "</ds:Signature>"
	unsigned := strings.Replace(good, signature, "", 1)
	evil := strings.NewReplacer("jane@", "admin@", `ID="_a1"`, `ID="_evil"`).Replace(unsigned)
	data := `<saml2:SubjectConfirmationData NotOnOrAfter="2030-01-01T10:10:00Z" Recipient="` + testToken + `"/>`
	tests := []struct {
		name, text, want string
	}{
		{"nothing", "", "not base64url"},
		{"no XML", "hello", "outside of the assertion"},
		{"unsigned", assertionXMLOf(), "Signature"},
		{"a tampered subject", tampered("jane@", "admin@"), "signature is not good"},
		{"a tampered audience", tampered(testAudience+"<", "urn:else<"), "signature is not good"},
		{"a tampered signature", tampered("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), "signature is not good"},
		{"another certificate", signXML(t, other, assertionXMLOf()), "signature is not good"},
		{"another key", signXML(t, foreign, assertionXMLOf()), "signature is not good"},
		{"the trusted certificate named, another key", signXML(t, identity{key: rsaKey, cert: idp.cert}, assertionXMLOf()), "signature is not good"},
		{"SHA-1", signXML(t, idp, assertionXMLOf(), func(c *dsig.SigningContext) { _ = c.SetSignatureMethod(dsig.RSASHA1SignatureMethod) }), "none that is taken"},
		{"SHA-1, of a digest that is none", tampered(dsig.RSASHA256SignatureMethod, dsig.RSASHA1SignatureMethod), "SignatureMethod is none"},
		{"SHA-256, of a digest by SHA-1", tampered("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1"), "DigestMethod is none"},
		{"inclusive canonicalization", signXML(t, idp, assertionXMLOf(), func(c *dsig.SigningContext) { c.Canonicalizer = dsig.MakeC14N11Canonicalizer() }), "none that is taken"},

		// Signature wrapping: the signed assertion is hidden somewhere, another one is to be read.
		{"wrapped in a forged one", strings.Replace(evil, "</saml2:Assertion>", good+"</saml2:Assertion>", 1), "2 elements Assertion"},
		{"wrapped in an object of the signature", strings.Replace(strings.Replace(evil, "</saml2:Assertion>", signature+"</saml2:Assertion>", 1), "</ds:Signature>", "<ds:Object>"+unsigned+"</ds:Object></ds:Signature>", 1), "elements"},
		{"beside a forged one", `<x>` + evil + good + `</x>`, "2 elements Assertion"},
		{"two roots", evil + good, "more than one element"},
		{"in a response", `<x ID="_r">` + good + `</x>`, "no SAML 2.0 assertion"},
		{"the signature of another", strings.Replace(evil, "</saml2:Assertion>", signature+"</saml2:Assertion>", 1), "not of the assertion's ID"},
		{"the signature deeper", strings.Replace(unsigned, "<saml2:Subject>", "<saml2:Subject>"+signature, 1), "not signed"},
		{"the whole document referred to", tampered(`URI="#_a1"`, `URI=""`), "not of the assertion's ID"},
		{"an id twice", strings.Replace(good, "<saml2:Issuer>", `<saml2:Issuer ID="_a1">`, 1), "an id is there twice"},
		{"an id twice by another name", strings.Replace(good, "<saml2:Issuer>", `<saml2:Issuer Id="_a1">`, 1), "an id is there twice"},
		{"an attribute twice", strings.Replace(good, ` Version="2.0"`, ` Version="2.0" Version="2.0"`, 1), "attribute twice"},
		{"a subject twice", changed("<saml2:Conditions ", "<saml2:Subject/><saml2:Conditions "), "2 elements Subject"},

		{"a document type", `<!DOCTYPE a [<!ENTITY e "admin@alpine.test">]>` + good, "document type"},
		{"an entity", tampered("jane@alpine.test", "&e;"), "not well-formed"},
		{"a comment in the subject", tampered("jane@alpine.test", "jane@alpine.test<!---->"), "comment"},
		{"an instruction", changed("<saml2:Issuer>", "<?a b?><saml2:Issuer>"), "processing instruction"},
		{"Latin 1", `<?xml version="1.0" encoding="ISO-8859-1"?>` + good, "UTF-8"},
		{"no UTF-8", tampered("jane", "j\xffne"), "not UTF-8"},
		{"too deep", strings.Repeat("<a>", 30) + strings.Repeat("</a>", 30), "20 deep"},
		{"too many elements", "<a>" + strings.Repeat("<b/>", 301) + "</a>", "300 elements"},
		{"too large", strings.Repeat(" ", maxAssertion+1) + good, "more than 65536 bytes"},
		{"text behind it", good + "x", "outside"},

		{"another issuer", changed("pairsim/dev", "pairsim/prod"), "Issuer"},
		{"no issuer", changed("<saml2:Issuer>pairsim/dev</saml2:Issuer>", ""), "Issuer"},
		{"SAML 1.1", changed(`Version="2.0"`, `Version="1.1"`), "no SAML 2.0"},
		{"of the future", changed(`IssueInstant="2030-01-01T10:00:00Z"`, `IssueInstant="2030-01-01T10:02:00Z"`), "in the future"},
		{"not valid yet", changed(`NotBefore="2030-01-01T09:55:00Z"`, `NotBefore="2030-01-01T10:01:01Z"`), "not valid yet"},
		{"expired", changed(`NotBefore="2030-01-01T09:55:00Z" NotOnOrAfter="2030-01-01T10:10:00Z"`, `NotOnOrAfter="2030-01-01T10:01:00Z"`), "it has expired"},
		{"without an end", changed(`NotBefore="2030-01-01T09:55:00Z" NotOnOrAfter="2030-01-01T10:10:00Z"`, ""), "no NotOnOrAfter"},
		{"for too long", changed(`NotBefore="2030-01-01T09:55:00Z" NotOnOrAfter="2030-01-01T10:10:00Z"`, `NotOnOrAfter="2030-01-02T10:10:00Z"`), "longer than 12h"},
		{"for another audience", changed(testAudience+"<", "urn:else<"), "another audience"},
		{"for an audience that is longer", changed(testAudience+"<", testAudience+"-2<"), "another audience"},
		{"for no audience", changed("<saml2:AudienceRestriction><saml2:Audience>"+testAudience+"</saml2:Audience></saml2:AudienceRestriction>", ""), "no audience"},
		{"restricted twice", changed("</saml2:Conditions>", "<saml2:AudienceRestriction><saml2:Audience>urn:else</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"), "another audience"},
		{"an unknown condition", changed("</saml2:Conditions>", "<saml2:Condition/></saml2:Conditions>"), "nobody here knows"},
		{"for another recipient", changed(`Recipient="`+testToken+`"`, `Recipient="`+testToken+`2"`), "another recipient"},
		{"without confirmation data", changed(data, ""), "not confirmed"},
		{"confirmed by a key", changed("cm:bearer", "cm:holder-of-key"), "not confirmed"},
		{"a confirmation that has expired", changed(`SubjectConfirmationData NotOnOrAfter="2030-01-01T10:10:00Z"`, `SubjectConfirmationData NotOnOrAfter="2030-01-01T10:01:00Z"`), "has expired"},
		{"a confirmation with NotBefore", changed(`SubjectConfirmationData `, `SubjectConfirmationData NotBefore="2030-01-01T09:00:00Z" `), "NotBefore"},
		{"a subject of another format", changed("nameid-format:emailAddress", "nameid-format:unspecified"), "e-mail address"},
		{"a subject that is no address", changed("jane@alpine.test", "jane"), "e-mail address"},
		{"no subject", changed(`<saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">jane@alpine.test</saml2:NameID>`, ""), "e-mail address"},
		{"an ID that is too long", changed(`ID="_a1"`, `ID="_`+strings.Repeat("a", 200)+`"`), "ID has"},
		{"an instant in another zone", changed(`IssueInstant="2030-01-01T10:00:00Z"`, `IssueInstant="2030-01-01T10:00:00+02:00"`), "no instant"},
	}
	for _, test := range tests {
		v, err := verifyAssertion(b64(test.text), testUse(idp))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %+v, %v, want an error that says %q", test.name, v, err, test.want)
		}
	}
	if _, err := verifyAssertion(strings.ReplaceAll(b64(good), "A", "+"), testUse(idp)); err == nil {
		t.Error("base64 of another alphabet is taken")
	}
	for name, at := range map[string]time.Time{"has expired": start.AddDate(2, 0, 0), "is not valid yet": start.AddDate(0, 0, -2)} {
		use := testUse(idp)
		use.now = at
		if _, err := verifyAssertion(b64(good), use); err == nil || !strings.Contains(err.Error(), "trusted certificate") {
			t.Errorf("a trusted certificate that %s: got %v", name, err)
		}
	}
}

// samlArrangement is a request for scenario SAP_COM_0207 with SAML bearer assertions.
func samlArrangement(idp identity) object {
	r := with(basicArrangement(), object{"inboundAuthentication": "OAuth2SAMLBearerAssertion", "communicationArrangementName": "SAML"})
	r["samlTrust"] = object{"issuer": testIssuer, "certificate": idp.pem}
	return r
}

// Rule: product-saml-bearer, tenant-business-users
func TestAnAssertionIsExchanged(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	idp := newIdentity(t, start.AddDate(0, 0, -1))
	made := arrange(t, tenant, f, "i-1", samlArrangement(idp))
	if made.TokenServiceURL != testToken || made.UIURL != testAudience {
		t.Fatalf("got %+v", made)
	}
	nothing := arrange(t, tenant, f, "i-2", with(samlArrangement(idp), object{"scenarioId": "SAP_COM_0205", "communicationArrangementName": "N"}))
	f.set(func() { f.now = start.Add(time.Minute) })
	basic := func(user *basicAnswer) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username+":"+user.Password))
	}
	ask := func(user *basicAnswer, changes url.Values) (int, map[string]any, http.Header) {
		form := url.Values{"grant_type": {samlGrant}, "client_id": {user.Username}, "assertion": {b64(signXML(t, idp, assertionXMLOf()))}}
		for k, v := range changes {
			form[k] = v
		}
		w := call(h, "POST", tokenPath, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", basic(user))
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("got %d %s", w.Code, w.Body)
		}
		return w.Code, answer, w.Header()
	}
	refusals := []struct {
		name    string
		user    *basicAnswer
		changes url.Values
		status  int
		code    string
	}{
		{"another grant", made.User, url.Values{"grant_type": {"client_credentials"}}, 400, "unsupported_grant_type"},
		{"no grant", made.User, url.Values{"grant_type": nil}, 400, "invalid_request"},
		{"no assertion", made.User, url.Values{"assertion": nil}, 400, "invalid_request"},
		{"an assertion twice", made.User, url.Values{"assertion": {"a", "b"}}, 400, "invalid_request"},
		{"a wrong password", &basicAnswer{made.User.Username, "wrong"}, nil, 401, "invalid_client"},
		{"another client", made.User, url.Values{"client_id": {"else"}}, 401, "invalid_client"},
		{"an unknown scope", made.User, url.Values{"scope": {"ADMIN"}}, 400, "invalid_scope"},
		{"a bad assertion", made.User, url.Values{"assertion": {b64(assertionXMLOf())}}, 400, "invalid_grant"},
		{"too large", made.User, url.Values{"x": {strings.Repeat("a", maxAssertionForm)}}, 400, "invalid_request"},
	}
	for _, test := range refusals {
		status, answer, header := ask(test.user, test.changes)
		if status != test.status || answer["error"] != test.code || answer["error_description"] == "" || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %v", test.name, status, answer)
		}
		if challenge := header.Get("WWW-Authenticate"); status == 401 && challenge == "" {
			t.Errorf("%s: there is no challenge", test.name)
		}
	}
	if w := call(h, "GET", tokenPath, ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: got %d", w.Code)
	}

	status, answer, _ := ask(made.User, nil)
	token, _ := answer["access_token"].(string)
	if status != 200 || token == "" || answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 || answer["scope"] != "SAP_COM_0207_0001 SAP_COM_0207_0002" {
		t.Fatalf("got %d %v", status, answer)
	}
	if status, answer, _ := ask(made.User, nil); status != 400 || answer["error"] != "invalid_grant" || !strings.Contains(answer["error_description"].(string), "used already") {
		t.Errorf("replayed: got %d %v", status, answer)
	}

	// With the token the API is called; a change needs a CSRF token too.
	const api = "/tenants/commerce/api/odata/Orders"
	get := func(token string) int { return call(h, "GET", api, "", "Authorization", "Bearer "+token).Code }
	if got := get(token); got != 200 {
		t.Errorf("got %d, want 200", got)
	}
	w := call(h, "GET", api, "", "Authorization", "Bearer "+token, "X-CSRF-Token", "Fetch")
	csrf, cookie, _ := w.Header().Get("X-CSRF-Token"), strings.Split(w.Header().Get("Set-Cookie"), ";")[0], 0
	if got := call(h, "POST", api, "{}", "Authorization", "Bearer "+token); got.Code != 403 || got.Header().Get("X-CSRF-Token") != "Required" {
		t.Errorf("without a CSRF token: got %d", got.Code)
	}
	if got := call(h, "POST", api, "{}", "Authorization", "Bearer "+token, "X-CSRF-Token", csrf, "Cookie", cookie); got.Code != 200 {
		t.Errorf("with a CSRF token: got %d %s", got.Code, got.Body)
	}
	if got := call(h, "GET", api, "", "Authorization", basic(made.User)); got.Code != 401 {
		t.Errorf("a user for assertions comes in by password: %d", got.Code)
	}
	if got := get("unknown"); got != 401 {
		t.Errorf("an unknown token: got %d", got)
	}
	again := func(user *basicAnswer, id string, changes url.Values) string {
		text := signXML(t, idp, assertionXMLOf(`ID="_a1"`, `ID="`+id+`"`))
		form := url.Values{"assertion": {b64(text)}}
		for k, v := range changes {
			form[k] = v
		}
		status, answer, _ := ask(user, form)
		if status != 200 {
			t.Fatalf("got %d %v", status, answer)
		}
		return answer["access_token"].(string)
	}
	if got := get(again(nothing.User, "_n", nil)); got != 403 {
		t.Errorf("a scenario without the API: got %d, want 403", got)
	}
	if got := get(again(made.User, "_s1", url.Values{"scope": {"SAP_COM_0207_0001"}})); got != 200 {
		t.Errorf("with the scope of the API: got %d", got)
	}
	if got := get(again(made.User, "_s2", url.Values{"scope": {"SAP_COM_0207_0002"}})); got != 403 {
		t.Errorf("with the scope of another API: got %d", got)
	}

	// Only users that the tenant has, where it has a list.
	if w := call(h, "PUT", "/tenants/commerce/users", `{"items":["omar@harbour.test"]}`); w.Code != 200 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	status, answer, _ = ask(made.User, url.Values{"assertion": {b64(signXML(t, idp, assertionXMLOf(`ID="_a1"`, `ID="_u"`)))}})
	if status != 400 || answer["error"] != "invalid_grant" || !strings.Contains(answer["error_description"].(string), "no user") {
		t.Errorf("an unknown user: got %d %v", status, answer)
	}
	wantProblem(t, call(h, "PUT", "/tenants/commerce/users", `{"items":["omar"]}`), invalidRequest, "no address")

	// It expires on the registry's clock, and ends with the arrangement.
	f.set(func() { f.now = start.Add(61 * time.Minute) })
	if got := get(token); got != 401 {
		t.Errorf("an hour later: got %d, want 401", got)
	}
	f.set(func() { f.now = start.Add(2 * time.Minute) })
	if got := get(token); got != 200 {
		t.Errorf("before that: got %d", got)
	}
	if w := call(h, "DELETE", wireA+"i-1", `{"systemId":"sys-1"}`, f.signedCall(nil)...); w.Code != 204 {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if got := get(token); got != 401 {
		t.Errorf("after the arrangement: got %d, want 401", got)
	}
}

// Rule: arrangement-own-scenario
func TestABasicUserHasItsScenariosAPIs(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	made := arrange(t, tenant, f, "i-1", basicArrangement())
	nothing := arrange(t, tenant, f, "i-2", with(basicArrangement(), object{"scenarioId": "SAP_COM_0205", "communicationArrangementName": "N"}))
	get := func(user, password string) int {
		return call(h, "GET", "/tenants/commerce/api/odata/Orders", "", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password))).Code
	}
	for _, test := range []struct {
		name, user, password string
		want                 int
	}{
		{"its user", made.User.Username, made.User.Password, 200},
		{"a user of another scenario", nothing.User.Username, nothing.User.Password, 403},
		{"another's password", made.User.Username, nothing.User.Password, 401},
		{"no password", made.User.Username, "", 401},
		{"the client that was registered", tenant.state.Credentials["odata"].ID, tenant.state.Credentials["odata"].Secret, 200},
	} {
		if got := get(test.user, test.password); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}

// Rule: product-saml-bearer
func FuzzAssertion(fz *testing.F) {
	idp := newIdentity(fz, start.AddDate(0, 0, -1))
	good := signXML(fz, idp, assertionXMLOf())
	fz.Add(good)
	fz.Add(assertionXMLOf())
	fz.Add(`<a><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo/></ds:Signature></a>`)
	fz.Fuzz(func(t *testing.T, text string) {
		v, err := verifyAssertion(b64(text), testUse(idp))
		if err == nil && (v.subject != "jane@alpine.test" || v.id != "_a1") {
			t.Errorf("somebody else is let in: %+v by %s", v, text)
		}
	})
}

// Rule: product-saml-bearer
func FuzzAssertionForm(fz *testing.F) {
	f := newFake(fz)
	tenant := paired(fz, f, nil)
	h := Handler(tenant)
	idp := newIdentity(fz, start.AddDate(0, 0, -1))
	made := arrange(fz, tenant, f, "i-1", samlArrangement(idp))
	authorization := "Basic " + base64.StdEncoding.EncodeToString([]byte(made.User.Username+":"+made.User.Password))
	fz.Add("grant_type=" + url.QueryEscape(samlGrant) + "&assertion=" + b64(assertionXMLOf()))
	fz.Add("grant_type=client_credentials")
	fz.Fuzz(func(t *testing.T, form string) {
		w := call(h, "POST", tokenPath, form, "Content-Type", "application/x-www-form-urlencoded", "Authorization", authorization)
		if w.Code != 400 && w.Code != 401 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}
