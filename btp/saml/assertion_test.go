package saml_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/pairsim/pairsim/btp/saml"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

func keyPair(t testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: epoch, NotAfter: epoch.AddDate(2, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}

func assertion() saml.Assertion {
	return saml.Assertion{
		ID: "_a1", Issuer: "pairsim & sons/dev", Subject: "extension.user@example.com",
		Format:    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
		Recipient: "https://my300117-api.example/sap/bc/sec/oauth2/token?sap-client=100&x=<1>", Audience: "https://my300117.example",
		ClassRef: "urn:oasis:names:tc:SAML:2.0:ac:classes:X509", IssuedAt: epoch,
	}
}

// validate is what one does who was told the certificate.
func validate(xml []byte, trusted *x509.Certificate) (*etree.Element, error) {
	document := etree.NewDocument()
	if err := document.ReadFromBytes(xml); err != nil {
		return nil, err
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{trusted}})
	context.IdAttribute = "ID"
	context.Clock = dsig.NewFakeClockAt(epoch.Add(time.Minute))
	return context.Validate(document.Root())
}

// Rule: destination-saml
func TestSign(t *testing.T) {
	key, certificate := keyPair(t)
	a := assertion()
	xml, err := saml.Sign(a, key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := validate(xml, certificate)
	if err != nil {
		t.Fatalf("%v in\n%s", err, xml)
	}
	text := func(path string) string {
		e := signed.FindElement(path)
		if e == nil {
			t.Fatalf("there is no %s in\n%s", path, xml)
		}
		return e.Text()
	}
	attribute := func(path, name string) string {
		e := signed.FindElement(path)
		if e == nil {
			t.Fatalf("there is no %s in\n%s", path, xml)
		}
		return e.SelectAttrValue(name, "")
	}
	for about, got := range map[string][2]string{
		"issuer":    {text("./Issuer"), a.Issuer},
		"subject":   {text("./Subject/NameID"), a.Subject},
		"format":    {attribute("./Subject/NameID", "Format"), a.Format},
		"method":    {attribute("./Subject/SubjectConfirmation", "Method"), "urn:oasis:names:tc:SAML:2.0:cm:bearer"},
		"recipient": {attribute("./Subject/SubjectConfirmation/SubjectConfirmationData", "Recipient"), a.Recipient},
		"confirmed": {attribute("./Subject/SubjectConfirmation/SubjectConfirmationData", "NotOnOrAfter"), "2030-01-01T10:10:00.000Z"},
		"begin":     {attribute("./Conditions", "NotBefore"), "2030-01-01T10:00:00.000Z"},
		"end":       {attribute("./Conditions", "NotOnOrAfter"), "2030-01-01T10:10:00.000Z"},
		"audience":  {text("./Conditions/AudienceRestriction/Audience"), a.Audience},
		"class":     {text("./AuthnStatement/AuthnContext/AuthnContextClassRef"), a.ClassRef},
		"id":        {signed.SelectAttrValue("ID", ""), a.ID},
		"version":   {signed.SelectAttrValue("Version", ""), "2.0"},
		"namespace": {signed.NamespaceURI(), "urn:oasis:names:tc:SAML:2.0:assertion"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %q, want %q", about, got[0], got[1])
		}
	}
	document := etree.NewDocument()
	if err := document.ReadFromBytes(xml); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, e := range document.Root().ChildElements() {
		order = append(order, e.Tag)
	}
	if got := strings.Join(order, " "); got != "Issuer Signature Subject Conditions AuthnStatement" { // the schema's order
		t.Errorf("the elements are %s", got)
	}
	if method := document.FindElement("//SignatureMethod").SelectAttrValue("Algorithm", ""); method != dsig.RSASHA256SignatureMethod {
		t.Errorf("signed by %s", method)
	}
	decoded, err := base64.RawURLEncoding.DecodeString(saml.Encode(xml))
	if err != nil || string(decoded) != string(xml) {
		t.Errorf("the encoded form is not base64url: %v", err)
	}
}

// Rule: destination-saml
func TestWhatWasSignedCannotBeChanged(t *testing.T) {
	key, certificate := keyPair(t)
	xml, err := saml.Sign(assertion(), key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"extension.user@example.com", "admin@example.com"}, {"10:10:00", "23:10:00"}, {"https://my300117.example", "https://other.example"}, {"pairsim", "other"},
	} {
		if _, err := validate([]byte(strings.ReplaceAll(string(xml), change[0], change[1])), certificate); err == nil {
			t.Errorf("%s made %s is still valid", change[0], change[1])
		}
	}
	_, stranger := keyPair(t)
	if _, err := validate(xml, stranger); err == nil {
		t.Error("who trusts another certificate takes it")
	}
}

func TestSignRefusesWhatIsNoText(t *testing.T) {
	key, certificate := keyPair(t)
	for about, change := range map[string]func(*saml.Assertion){
		"no subject":       func(a *saml.Assertion) { a.Subject = "" },
		"control":          func(a *saml.Assertion) { a.Audience = "a\x01" },
		"broken UTF-8":     func(a *saml.Assertion) { a.Issuer = "\xff" },
		"line break in ID": func(a *saml.Assertion) { a.ID = "_a\n" },
	} {
		a := assertion()
		change(&a)
		if xml, err := saml.Sign(a, key, certificate); err == nil {
			t.Errorf("%s: signed %s", about, xml)
		}
	}
}

// FuzzSign: whatever an assertion says that can be signed is read again as it was said.
//
// Rule: destination-saml
func FuzzSign(f *testing.F) {
	key, certificate := keyPair(f)
	for _, seed := range [][2]string{{"a@b.example", "https://c"}, {"<x>&amp;", `"'`}, {"]]>", "<!-- -->"}, {" \u00a0", "\U0001F600"}, {"\ufffe", "\uffff"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, subject, audience string) {
		a := assertion()
		a.Subject, a.Audience = subject, audience
		xml, err := saml.Sign(a, key, certificate)
		if err != nil {
			return
		}
		signed, err := validate(xml, certificate)
		if err != nil {
			t.Fatalf("%v in %s", err, xml)
		}
		if got := signed.FindElement("./Subject/NameID").Text(); got != subject {
			t.Errorf("the subject is %q, want %q", got, subject)
		}
		if got := signed.FindElement("./Conditions/AudienceRestriction/Audience").Text(); got != audience {
			t.Errorf("the audience is %q, want %q", got, audience)
		}
	})
}
