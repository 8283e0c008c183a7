package btp

import (
	"crypto/x509"
	"time"
)

// Serial is a certificate's serial number in lower-case hexadecimal.
type Serial string

// Certificate is a client certificate that the environment issued. A caller is
// recognised by its serial, never by its subject.
type Certificate struct {
	Serial              Serial
	System              SystemID
	NotBefore, NotAfter time.Time
	// RenewalBlocked: the client revoked it itself. That blocks renewal only
	// (pairing-protocols §1.7).
	RenewalBlocked bool
	// Revoked: deregistration took it back; every call is refused.
	Revoked bool
}

// Subject is what a CSR must say and a certificate says. Values hold only
// characters of PrintableString and neither comma nor equals sign, because
// clients split naively (pairing-protocols §1.4).
type Subject struct {
	Organization, OrganizationalUnit, Locality, Province, Country, CommonName string
}

// String prints the subject as the connector does: this order, no blanks, no escaping.
func (s Subject) String() string {
	return "O=" + s.Organization + ",OU=" + s.OrganizationalUnit + ",L=" + s.Locality +
		",ST=" + s.Province + ",C=" + s.Country + ",CN=" + s.CommonName
}

func subjectOf(s *System) Subject {
	return Subject{
		Organization: "pairsim", OrganizationalUnit: "TEST", Locality: "Walldorf",
		Province: "Baden", Country: "DE", CommonName: s.ApplicationName,
	}
}

// SignedCertificate is an issued certificate in the forms of the connector's
// answer (pairing-protocols §1.5): base64 of PEM.
type SignedCertificate struct {
	Serial              Serial
	NotBefore, NotAfter time.Time
	Crt, ClientCrt, Ca  string
}

// CertificateAuthority signs client certificates; btp/pki implements it.
type CertificateAuthority interface {
	// ParseCSR reads base64 of a PEM certificate request and checks its own
	// signature and key. It refuses with CSRMalformed, CSRSignatureInvalid or CSRKeyRefused.
	ParseCSR(encoded string) (*x509.CertificateRequest, error)
	// CheckSubject refuses with CSRSubjectInvalid, first difference first:
	// CN, C, O, OU, L, ST.
	CheckSubject(*x509.CertificateRequest, Subject) error
	// Sign issues a client certificate that is valid from now for validity.
	Sign(csr *x509.CertificateRequest, now time.Time, validity time.Duration) (SignedCertificate, error)
	// Verify checks chain and validity at now and returns the leaf's serial. It
	// refuses with CertificateForeign or CertificateExpired.
	Verify(chain []*x509.Certificate, now time.Time) (Serial, error)
}
