package rest_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
)

// Rule: destination-saml
func TestSAMLBearer(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", samlBearer("marketing", server.URL+"/sap/bc/sec/oauth2/token"))
	for about, header := range map[string][]string{
		"a user token as Bearer": {"Authorization", "Bearer " + w.user},
		"X-user-token":           {"X-User-Token", w.user},
	} {
		got := w.tokenEntry("marketing", header...)
		if got["type"] != "Bearer" || got["expires_in"] != "3600" || got["value"] == "" {
			t.Fatalf("%s: got %v", about, got)
		}
	}
	if n := server.calls.Load(); n != 1 {
		t.Errorf("one user, one destination: %d calls of the token service", n)
	}
	sent := server.last.Load()
	if id, secret, _ := sent.BasicAuth(); id != "EXT" || secret != "Secret-2" || sent.PostForm.Get("client_id") != "EXT" ||
		sent.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:saml2-bearer" {
		t.Errorf("the token service was sent %s:%s and %v", id, secret, sent.PostForm)
	}
	xml, err := base64.RawURLEncoding.DecodeString(sent.PostForm.Get("assertion"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := destination.TrustOf(t.Context(), w.registry, "dev")
	if err != nil {
		t.Fatal(err)
	}
	signed := validated(t, xml, trust.CertificatePEM)
	for path, want := range map[string]string{
		"./Issuer": trust.Issuer, "./Subject/NameID": btp.DefaultUserName, "./Conditions/AudienceRestriction/Audience": "https://my300117.example",
		"./AuthnStatement/AuthnContext/AuthnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
	} {
		if got := signed.FindElement(path).Text(); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	confirmed := signed.FindElement("./Subject/SubjectConfirmation/SubjectConfirmationData")
	if got := confirmed.SelectAttrValue("Recipient", ""); got != server.URL+"/sap/bc/sec/oauth2/token" {
		t.Errorf("the recipient is %s", got)
	}
	if got := confirmed.SelectAttrValue("NotOnOrAfter", ""); got != "2030-01-01T10:10:00.000Z" {
		t.Errorf("it may be redeemed until %s", got)
	}
}

// validated is what is signed of an assertion, by who was given the certificate.
func validated(t *testing.T, xml, certificate []byte) *etree.Element {
	t.Helper()
	block, _ := pem.Decode(certificate)
	trusted, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	document := etree.NewDocument()
	if err := document.ReadFromBytes(xml); err != nil {
		t.Fatal(err)
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{trusted}})
	context.Clock = dsig.NewFakeClockAt(epoch)
	signed, err := context.Validate(document.Root())
	if err != nil {
		t.Fatalf("%v in %s", err, xml)
	}
	return signed
}

// Rule: destination-saml
func TestSAMLBearerNeedsAUser(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", samlBearer("marketing", server.URL))
	prod := w.granted(w.client("sb-p", "prod", "destination", "p"), "grant_type", "password", "username", btp.DefaultUserName, "password", btp.DefaultUserPassword)
	for about, c := range map[string]struct {
		header   []string
		contains string
	}{
		"a client's own token":       {nil, "no user"},
		"X-user-token of a client":   {[]string{"X-User-Token", w.token}, "no user"},
		"X-user-token that is none":  {[]string{"X-User-Token", "x"}, "X-user-token"},
		"a user of another zone":     {[]string{"X-User-Token", prod}, "another subaccount"},
		"a user token of a stranger": {[]string{"X-User-Token", w.user[:len(w.user)-4] + "AAAA"}, "not issued"},
	} {
		if got := w.tokenEntry("marketing", c.header...); got["value"] != "" || !strings.Contains(got["error"].(string), c.contains) {
			t.Errorf("%s: got %v, want …%s…", about, got, c.contains)
		}
	}
	if server.calls.Load() != 0 {
		t.Errorf("the token service was asked %d times", server.calls.Load())
	}
	system := samlBearer("system", server.URL)
	system["SystemUser"] = "BATCH"
	w.put("subaccount", system)
	if got := w.tokenEntry("system"); got["value"] != "token-1" {
		t.Errorf("with SystemUser: got %v", got)
	}
}

// Rule: destination-trust-two-years
func TestSAMLBearerAfterTheTrustHasExpired(t *testing.T) {
	w := open(t)
	server := serveTokens(t, granting)
	w.put("subaccount", samlBearer("marketing", server.URL))
	if got := w.tokenEntry("marketing", "X-User-Token", w.user); got["error"] != nil {
		t.Fatalf("got %v", got)
	}
	if _, err := w.registry.ChangeClock(t.Context(), btp.ClockChange{Advance: 731 * 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	user := w.granted(w.form, "grant_type", "password", "username", btp.DefaultUserName, "password", btp.DefaultUserPassword)
	if got := w.tokenEntry("marketing", "Authorization", "Bearer "+user); !strings.Contains(got["error"].(string), "trust certificate of the subaccount expired at 2032-01-01T10:00:00Z") {
		t.Errorf("got %v", got)
	}
}

func TestNamesOfUsers(t *testing.T) {
	w := open(t)
	if _, err := w.registry.CreateUser(t.Context(), btp.DeclaredUser{Subaccount: "dev", Name: "jane", Email: "jane@acme.example", Password: "Sesame-1"}); err != nil {
		t.Fatal(err)
	}
	user := w.granted(w.form, "grant_type", "password", "username", "jane", "password", "Sesame-1")
	server := serveTokens(t, granting)
	for i, c := range []struct{ format, source, want string }{
		{"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "", "jane@acme.example"},
		{"", "email", "jane@acme.example"},
		{"", "", "jane"},
		{"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "user_name", "jane"},
	} {
		name := fmt.Sprint("d", i)
		p := samlBearer(name, server.URL)
		p["nameIdFormat"], p["userIdSource"] = c.format, c.source
		for _, property := range []string{"nameIdFormat", "userIdSource"} {
			if p[property] == "" {
				delete(p, property)
			}
		}
		w.put("subaccount", p)
		w.tokenEntry(name, "X-User-Token", user)
		xml, err := base64.RawURLEncoding.DecodeString(server.last.Load().PostForm.Get("assertion"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(xml), ">"+c.want+"</saml2:NameID>") {
			t.Errorf("format %q, source %q: the subject is not %s: %s", c.format, c.source, c.want, xml)
		}
	}
}
