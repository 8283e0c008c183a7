// Package saml writes and signs the SAML 2.0 bearer assertions of a subaccount's
// identity provider (RFC 7522, SAML 2.0 Core). The XML signature is goxmldsig's (ADR
// 25). It reads none: who is presented with an assertion judges it.
package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Validity is how long an assertion may be redeemed: a decision of ours.
const Validity = 10 * time.Minute

const (
	namespace = "urn:oasis:names:tc:SAML:2.0:assertion"
	bearer    = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	instant   = "2006-01-02T15:04:05.000Z"
)

// Assertion is what the identity provider says of a user.
type Assertion struct {
	// ID is an XML name: a letter or underscore first.
	ID     string
	Issuer string
	// Subject is whom it is about, Format in which words (nameIdFormat).
	Subject, Format string
	// Recipient is the token endpoint that may redeem it, Audience whom it is for.
	Recipient, Audience string
	// ClassRef is how the user logged in (authnContextClassRef).
	ClassRef string
	IssuedAt time.Time
}

// Sign returns the assertion as XML, signed by key, whose certificate it encloses.
func Sign(a Assertion, key *rsa.PrivateKey, certificate *x509.Certificate) ([]byte, error) {
	for what, text := range map[string]string{
		"ID": a.ID, "issuer": a.Issuer, "subject": a.Subject, "format": a.Format, "recipient": a.Recipient, "audience": a.Audience, "class": a.ClassRef,
	} {
		if text == "" || !utf8.ValidString(text) || strings.ContainsFunc(text, noXML) {
			return nil, fmt.Errorf("the assertion's %s is missing, or no text", what)
		}
	}
	context, err := dsig.NewSigningContext(key, [][]byte{certificate.Raw})
	if err != nil {
		return nil, err
	}
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := context.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		return nil, err
	}
	element := a.element()
	signature, err := context.ConstructSignature(element, true)
	if err != nil {
		return nil, err
	}
	issuer := element.ChildElements()[0]
	element.InsertChildAt(issuer.Index()+1, signature) // where the schema wants it
	document := etree.NewDocument()
	document.SetRoot(element)
	document.WriteSettings.CanonicalText, document.WriteSettings.CanonicalAttrVal = true, true
	text, err := document.WriteToBytes()
	if err == nil && len(text) == 0 {
		err = errors.New("the assertion is empty")
	}
	return text, err
}

// noXML says whether a document cannot hold r, or not as it is (XML 1.0, 2.2).
func noXML(r rune) bool { return unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF }

func (a *Assertion) element() *etree.Element {
	at := a.IssuedAt.UTC().Truncate(time.Millisecond)
	end := at.Add(Validity).Format(instant)
	root := etree.NewElement("saml2:Assertion")
	root.CreateAttr("xmlns:saml2", namespace)
	root.CreateAttr("ID", a.ID)
	root.CreateAttr("IssueInstant", at.Format(instant))
	root.CreateAttr("Version", "2.0")
	child(root, "Issuer").SetText(a.Issuer)

	subject := child(root, "Subject")
	name := child(subject, "NameID", "Format", a.Format)
	name.SetText(a.Subject)
	confirmation := child(subject, "SubjectConfirmation", "Method", bearer)
	child(confirmation, "SubjectConfirmationData", "NotOnOrAfter", end, "Recipient", a.Recipient)

	conditions := child(root, "Conditions", "NotBefore", at.Format(instant), "NotOnOrAfter", end)
	child(child(conditions, "AudienceRestriction"), "Audience").SetText(a.Audience)

	statement := child(root, "AuthnStatement", "AuthnInstant", at.Format(instant), "SessionNotOnOrAfter", end)
	child(child(statement, "AuthnContext"), "AuthnContextClassRef").SetText(a.ClassRef)
	return root
}

// child adds an element with attributes, which are names and values.
func child(parent *etree.Element, tag string, attributes ...string) *etree.Element {
	e := parent.CreateElement("saml2:" + tag)
	for i := 0; i < len(attributes); i += 2 {
		e.CreateAttr(attributes[i], attributes[i+1])
	}
	return e
}

// Encode is the assertion as a form carries it (RFC 7522 §2.1): base64url without padding.
func Encode(xml []byte) string { return base64.RawURLEncoding.EncodeToString(xml) }
