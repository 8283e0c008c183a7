package tenant

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// SAML 2.0 bearer assertions, as an authorization grant (RFC 7522). The signature is
// goxmldsig's to check. What is read of an assertion is what that library returns
// as signed, and nothing else of the document.

const (
	maxAssertion         = 64 << 10 // bytes of XML
	maxAssertionDepth    = 20
	maxAssertionElements = 300
	maxAssertionID       = 200
	maxAssertionLife     = 12 * time.Hour // from now on: what is remembered against replay is bounded

	samlNamespace = "urn:oasis:names:tc:SAML:2.0:assertion"
	bearerMethod  = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	emailFormat   = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
)

// assertionUse is what an assertion has to be for.
type assertionUse struct {
	issuer      string
	certificate *x509.Certificate
	audience    string // the tenant
	recipient   string // its token endpoint
	now         time.Time
}

// verified is what a good assertion says.
type verified struct {
	id, subject string
	expires     time.Time // remembered until then
}

// assertionXML is what is read of a signed assertion.
type assertionXML struct {
	XMLName      xml.Name
	ID           string   `xml:"ID,attr"`
	Version      string   `xml:"Version,attr"`
	IssueInstant string   `xml:"IssueInstant,attr"`
	Issuers      []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
	Subjects     []struct {
		NameIDs []struct {
			Format string `xml:"Format,attr"`
			Value  string `xml:",chardata"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
		Confirmations []struct {
			Method string `xml:"Method,attr"`
			Data   []struct {
				Recipient    string `xml:"Recipient,attr"`
				NotOnOrAfter string `xml:"NotOnOrAfter,attr"`
				NotBefore    string `xml:"NotBefore,attr"`
			} `xml:"urn:oasis:names:tc:SAML:2.0:assertion SubjectConfirmationData"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:assertion SubjectConfirmation"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Subject"`
	Conditions []struct {
		NotBefore    string `xml:"NotBefore,attr"`
		NotOnOrAfter string `xml:"NotOnOrAfter,attr"`
		Restrictions []struct {
			Audiences []string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Audience"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AudienceRestriction"`
		OneTimeUse []struct{} `xml:"urn:oasis:names:tc:SAML:2.0:assertion OneTimeUse"`
		Proxy      []struct{} `xml:"urn:oasis:names:tc:SAML:2.0:assertion ProxyRestriction"`
		Others     []struct {
			XMLName xml.Name
		} `xml:",any"`
	} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Conditions"`
}

// verifyAssertion checks the assertion parameter of a token request. Its errors say
// what is wrong and quote nothing of it.
func verifyAssertion(parameter string, use assertionUse) (verified, error) {
	raw, err := decodeAssertion(parameter)
	if err != nil {
		return verified{}, err
	}
	signed, err := signedElement(raw, use.certificate, use.now)
	if err != nil {
		return verified{}, err
	}
	var a assertionXML
	document := etree.NewDocumentWithRoot(signed)
	text, err := document.WriteToBytes()
	if err != nil || xml.Unmarshal(text, &a) != nil {
		return verified{}, errors.New("the assertion cannot be read")
	}
	return a.judge(use)
}

// decodeAssertion reads base64url, with padding or without (RFC 7522 §2.1).
func decodeAssertion(parameter string) ([]byte, error) {
	if len(parameter) > base64.RawURLEncoding.EncodedLen(maxAssertion) {
		return nil, fmt.Errorf("the assertion has more than %d bytes", maxAssertion)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(parameter, "="))
	if err != nil || len(raw) == 0 {
		return nil, errors.New("the assertion is not base64url")
	}
	return raw, plainXML(raw)
}

// plainXML accepts the XML that assertions are made of, and nothing that two readers
// could understand differently: no document type, no comments or instructions, one
// Assertion, one Signature, each id once.
func plainXML(raw []byte) error {
	if !utf8.Valid(raw) {
		return errors.New("the assertion is not UTF-8")
	}
	dec := xml.NewDecoder(bytes.NewReader(raw))
	dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("another charset") }
	depth, elements, roots := 0, 0, 0
	counts, ids := map[string]int{}, map[string]bool{}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.New("the assertion is not well-formed XML in UTF-8 without entities of its own")
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth, elements = depth+1, elements+1
			if depth == 1 {
				roots++
			}
			if depth > maxAssertionDepth || elements > maxAssertionElements || roots > 1 {
				return fmt.Errorf("the assertion is more than one element of at most %d elements, %d deep", maxAssertionElements, maxAssertionDepth)
			}
			counts[token.Name.Local]++
			if err := checkIDs(token, ids); err != nil {
				return err
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(token)) > 0 {
				return errors.New("text stands outside of the assertion")
			}
		case xml.ProcInst:
			if token.Target != "xml" || elements > 0 {
				return errors.New("the assertion holds a processing instruction")
			}
		case xml.Comment:
			return errors.New("the assertion holds a comment")
		case xml.Directive:
			return errors.New("the assertion holds a document type")
		}
	}
	for _, once := range []string{"Assertion", "Signature", "SignedInfo", "Reference", "Subject", "Conditions"} {
		if counts[once] != 1 {
			return fmt.Errorf("the document has %d elements %s, want one", counts[once], once)
		}
	}
	if counts["Object"] > 0 {
		return errors.New("the signature holds objects of its own")
	}
	return nil
}

func checkIDs(e xml.StartElement, ids map[string]bool) error {
	names := map[xml.Name]bool{}
	for _, a := range e.Attr {
		if names[a.Name] {
			return errors.New("an element has an attribute twice")
		}
		names[a.Name] = true
		if strings.EqualFold(a.Name.Local, "id") {
			if ids[a.Value] {
				return errors.New("an id is there twice")
			}
			ids[a.Value] = true
		}
	}
	return nil
}

// The algorithms that are taken; SHA-1 is none (RFC 9231 §2).
var (
	signatureMethods = []string{
		dsig.RSASHA256SignatureMethod, dsig.RSASHA384SignatureMethod, dsig.RSASHA512SignatureMethod,
		dsig.ECDSASHA256SignatureMethod, dsig.ECDSASHA384SignatureMethod, dsig.ECDSASHA512SignatureMethod,
	}
	digestMethods = []string{
		"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", "http://www.w3.org/2001/04/xmlenc#sha512",
	}
	transforms = []string{string(dsig.EnvelopedSignatureAltorithmId), string(dsig.CanonicalXML10ExclusiveAlgorithmId)}
)

// signedElement returns what certificate has signed: the document's root, an
// assertion, as the library read it from the bytes that it digested.
func signedElement(raw []byte, certificate *x509.Certificate, now time.Time) (*etree.Element, error) {
	document := etree.NewDocument()
	document.ReadSettings.MaxDepth = maxAssertionDepth
	if err := document.ReadFromBytes(raw); err != nil || document.Root() == nil {
		return nil, errors.New("the assertion is not well-formed XML")
	}
	root := document.Root()
	id := root.SelectAttrValue(dsig.DefaultIdAttr, "")
	if root.Tag != "Assertion" || root.NamespaceURI() != samlNamespace || id == "" {
		return nil, errors.New("the document is no SAML 2.0 assertion with an ID")
	}
	if err := checkSignature(root, id); err != nil {
		return nil, err
	}
	if now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return nil, fmt.Errorf("the trusted certificate of the issuer is valid from %s to %s",
			certificate.NotBefore.UTC().Format(time.RFC3339), certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	check := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
	check.Clock = dsig.NewFakeClockAt(now)
	signed, err := check.Validate(root)
	if err != nil || signed == nil {
		return nil, errors.New("the signature is not good, or not by the certificate that is trusted")
	}
	if signed.Tag != "Assertion" || signed.SelectAttrValue(dsig.DefaultIdAttr, "") != id {
		return nil, errors.New("the signature is of something else than the assertion")
	}
	return signed, nil
}

// checkSignature accepts the one form that signatures of assertions have (SAML core
// §5.4): a child of the assertion, of all of it, exclusively canonical.
func checkSignature(root *etree.Element, id string) error {
	var signature *etree.Element
	for _, child := range root.ChildElements() {
		if child.Tag == "Signature" && child.NamespaceURI() == dsig.Namespace {
			signature = child
		}
	}
	if signature == nil {
		return errors.New("the assertion is not signed")
	}
	for _, child := range signature.ChildElements() {
		if child.NamespaceURI() != dsig.Namespace || !slices.Contains([]string{"SignedInfo", "SignatureValue", "KeyInfo"}, child.Tag) {
			return errors.New("the signature holds something else than signatures do")
		}
	}
	var info *etree.Element
	for _, child := range signature.ChildElements() {
		if child.Tag == "SignedInfo" {
			info = child
		}
	}
	if info == nil {
		return errors.New("the signature says of nothing that it is signed")
	}
	for _, e := range info.FindElements(".//*") {
		algorithm, known := e.SelectAttrValue("Algorithm", ""), []string(nil)
		switch e.Tag {
		case "CanonicalizationMethod":
			known = []string{string(dsig.CanonicalXML10ExclusiveAlgorithmId)}
		case "SignatureMethod":
			known = signatureMethods
		case "DigestMethod":
			known = digestMethods
		case "Transform":
			known = transforms
		case "Reference":
			if uri := e.SelectAttr("URI"); uri == nil || uri.Value != "#"+id {
				return errors.New("the signature is not of the assertion's ID")
			}
			continue
		default:
			continue
		}
		if !slices.Contains(known, algorithm) {
			return fmt.Errorf("the signature's %s is none that is taken", e.Tag)
		}
	}
	return nil
}

// judge checks what a signed assertion says (RFC 7522 §3).
func (a *assertionXML) judge(use assertionUse) (verified, error) {
	var none verified
	issued, err := instant(a.IssueInstant)
	switch {
	case a.XMLName.Space != samlNamespace || a.XMLName.Local != "Assertion" || a.Version != "2.0":
		return none, errors.New("it is no SAML 2.0 assertion")
	case len(a.ID) > maxAssertionID || a.ID == "":
		return none, fmt.Errorf("its ID has 1 to %d bytes", maxAssertionID)
	case err != nil || issued.After(use.now):
		return none, errors.New("its IssueInstant is no instant, or in the future")
	case len(a.Issuers) != 1 || strings.TrimSpace(a.Issuers[0]) != use.issuer:
		return none, errors.New("its Issuer is not the one that is trusted")
	case len(a.Conditions) != 1 || len(a.Subjects) != 1:
		return none, errors.New("it has no Conditions or no Subject, or more than one")
	}
	expires, err := a.conditions(use)
	if err != nil {
		return none, err
	}
	confirmed, err := a.confirmed(use)
	if err != nil {
		return none, err
	}
	if confirmed.After(expires) {
		expires = confirmed
	}
	names := a.Subjects[0].NameIDs
	if len(names) != 1 || names[0].Format != emailFormat || !emailAddress(strings.TrimSpace(names[0].Value)) {
		return none, errors.New("its subject has no single NameID that is an e-mail address, in the format " + emailFormat)
	}
	if expires.After(use.now.Add(maxAssertionLife)) {
		return none, fmt.Errorf("it is valid for longer than %s", maxAssertionLife)
	}
	return verified{a.ID, strings.TrimSpace(names[0].Value), expires}, nil
}

// conditions returns until when they hold.
func (a *assertionXML) conditions(use assertionUse) (time.Time, error) {
	c := a.Conditions[0]
	if c.NotBefore != "" {
		if from, err := instant(c.NotBefore); err != nil || use.now.Before(from) {
			return from, errors.New("it is not valid yet")
		}
	}
	until, err := instant(c.NotOnOrAfter)
	switch {
	case err != nil:
		return until, errors.New("its Conditions have no NotOnOrAfter")
	case !use.now.Before(until):
		return until, errors.New("it has expired")
	case len(c.Others) > 0:
		return until, errors.New("it has a condition that nobody here knows")
	case len(c.Restrictions) == 0:
		return until, errors.New("it is for no audience")
	}
	for _, r := range c.Restrictions {
		if !slices.ContainsFunc(r.Audiences, func(text string) bool { return strings.TrimSpace(text) == use.audience }) {
			return until, errors.New("it is for another audience than " + use.audience)
		}
	}
	return until, nil
}

// confirmed returns until when its bearer is its subject.
func (a *assertionXML) confirmed(use assertionUse) (time.Time, error) {
	reason := errors.New("its subject is not confirmed by bearer")
	for _, c := range a.Subjects[0].Confirmations {
		if c.Method != bearerMethod || len(c.Data) != 1 {
			continue
		}
		until, err := instant(c.Data[0].NotOnOrAfter)
		switch {
		case c.Data[0].Recipient != use.recipient:
			reason = errors.New("it is for another recipient than " + use.recipient)
		case err != nil || !use.now.Before(until):
			reason = errors.New("the confirmation of its subject has expired, or does not say when it does")
		case c.Data[0].NotBefore != "":
			reason = errors.New("the confirmation of its subject has a NotBefore, which a bearer's has not")
		default:
			return until, nil
		}
	}
	return time.Time{}, reason
}

// instant reads an xs:dateTime in UTC, as SAML has it (SAML core §1.3.3).
func instant(text string) (time.Time, error) {
	at, err := time.Parse("2006-01-02T15:04:05.999999999Z", text)
	if err != nil {
		return at, errors.New("no instant in UTC")
	}
	return at, nil
}
