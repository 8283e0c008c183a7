package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"

	"github.com/pairsim/pairsim/btp"
)

// Subject is the distinguished name of a client: six attributes, of each the
// first value. No value may hold a comma or an equals sign, because clients
// split the printed form naively (pairing-protocols §1.4).
type Subject struct{ O, OU, L, ST, C, CN string }

// String prints s as a client is told it: this order, no blanks, no escaping.
func (s Subject) String() string {
	return "O=" + s.O + ",OU=" + s.OU + ",L=" + s.L + ",ST=" + s.ST + ",C=" + s.C + ",CN=" + s.CN
}

// SubjectOf returns the subject of certificate. A missing attribute is empty.
func SubjectOf(certificate *x509.Certificate) Subject { return subjectOf(certificate.Subject) }

var (
	oidCN = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidC  = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidL  = asn1.ObjectIdentifier{2, 5, 4, 7}
	oidST = asn1.ObjectIdentifier{2, 5, 4, 8}
	oidO  = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidOU = asn1.ObjectIdentifier{2, 5, 4, 11}
)

func subjectOf(name pkix.Name) Subject {
	value := func(oid asn1.ObjectIdentifier) string { v, _ := firstValue(name, oid); return v }
	return Subject{O: value(oidO), OU: value(oidOU), L: value(oidL), ST: value(oidST), C: value(oidC), CN: value(oidCN)}
}

// firstValue looks through the attributes themselves: pkix.Name.CommonName
// would be the last of several.
func firstValue(name pkix.Name, oid asn1.ObjectIdentifier) (string, bool) {
	for _, attribute := range name.Names {
		if value, ok := attribute.Value.(string); ok && attribute.Type.Equal(oid) {
			return value, true
		}
	}
	return "", false
}

// sequence is the subject as it is written into a certificate: in printed
// order, without what is missing. It leaves out all that CheckSubject does not
// look at, so that a second CN cannot slip into a certificate unseen.
func (s Subject) sequence() pkix.RDNSequence {
	var rdns pkix.RDNSequence
	for _, attribute := range []pkix.AttributeTypeAndValue{
		{Type: oidO, Value: s.O},
		{Type: oidOU, Value: s.OU},
		{Type: oidL, Value: s.L},
		{Type: oidST, Value: s.ST},
		{Type: oidC, Value: s.C},
		{Type: oidCN, Value: s.CN},
	} {
		if attribute.Value != "" {
			rdns = append(rdns, pkix.RelativeDistinguishedNameSET{attribute})
		}
	}
	return rdns
}

// CheckSubject compares by attribute, whatever their order in csr, in the order
// and with the texts of pairing-protocols §1.5. It refuses with
// btp.CSRSubjectInvalid. A renewal passes SubjectOf the certificate in use.
func CheckSubject(csr *x509.CertificateRequest, want Subject) error {
	for _, attribute := range []struct {
		name string
		oid  asn1.ObjectIdentifier
		want string
	}{
		{"common name", oidCN, want.CN},
		{"country", oidC, want.C},
		{"organization", oidO, want.O},
		{"organizational unit", oidOU, want.OU},
		{"locality", oidL, want.L},
		{"province", oidST, want.ST},
	} {
		got, there := firstValue(csr.Subject, attribute.oid)
		switch {
		case there && got == attribute.want:
		case there:
			return btp.Errorf(btp.CSRSubjectInvalid, "the %s in the CSR is %.80q, not %q", attribute.name, got, attribute.want).
				WithVendor(fmt.Sprintf("CSR: Invalid %s provided.", attribute.name))
		case attribute.name == "common name": // the vendor has no text of its own for a missing one
			return btp.Errorf(btp.CSRSubjectInvalid, "the CSR has no common name, it must be %q", attribute.want).
				WithVendor("CSR: Invalid common name provided.")
		default:
			return btp.Errorf(btp.CSRSubjectInvalid, "the CSR has no %s, it must be %q", attribute.name, attribute.want).
				WithVendor(fmt.Sprintf("CSR: No %s provided.", attribute.name))
		}
	}
	return nil
}
