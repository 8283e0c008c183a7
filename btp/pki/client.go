package pki

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Certificate is an issued client certificate.
type Certificate struct {
	Serial    string // lower-case hexadecimal; by it a caller is recognised
	NotBefore time.Time
	NotAfter  time.Time // the last second of its validity
	Subject   string    // as Subject.String prints it
	LeafDER   []byte
}

// Answer is what a client gets for its CSR (pairing-protocols §1.5): each
// standard base64 of PEM.
type Answer struct {
	Crt       string // the leaf and the CA that signed it
	ClientCrt string // the leaf
	CaCrt     string // the CA that signed it
}

// SignClient signs a client certificate for csr, which ParseCSR has read and
// whose subject CheckSubject has compared. The six attributes of the subject
// are taken over, in printed order; other attributes and requested extensions
// are not. It is valid from now, in whole seconds, for validity, but not beyond
// its CA. An error means that the CA cannot sign, not that the CSR is bad.
func (a *Authority) SignClient(csr *x509.CertificateRequest, now time.Time, validity time.Duration) (Certificate, error) {
	if err := a.covers(now); err != nil {
		return Certificate{}, err
	}
	if validity < time.Second {
		return Certificate{}, fmt.Errorf("sign client certificate: a validity of %s is shorter than a second", validity)
	}
	subject := subjectOf(csr.Subject)
	rawSubject, err := asn1.Marshal(subject.sequence())
	if err != nil {
		return Certificate{}, fmt.Errorf("sign client certificate: subject: %w", err)
	}
	notBefore := now.UTC().Truncate(time.Second)
	notAfter := notBefore.Add(validity).Truncate(time.Second)
	if notAfter.After(a.issuing.NotAfter) {
		notAfter = a.issuing.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		RawSubject:            rawSubject,
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		SignatureAlgorithm:    a.algorithm,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.issuing, csr.PublicKey, a.key)
	if err != nil {
		return Certificate{}, fmt.Errorf("sign client certificate: %w", err)
	}
	return Certificate{
		Serial:    template.SerialNumber.Text(16),
		NotBefore: notBefore,
		NotAfter:  notAfter,
		Subject:   subject.String(),
		LeafDER:   der,
	}, nil
}

// Answer puts a leaf that SignClient made into the form that clients read.
func (a *Authority) Answer(leafDER []byte) Answer {
	leaf := certificatePEM(leafDER)
	chain := append(leaf[:len(leaf):len(leaf)], a.issuingPEM...)
	return Answer{
		Crt:       base64.StdEncoding.EncodeToString(chain),
		ClientCrt: base64.StdEncoding.EncodeToString(leaf),
		CaCrt:     a.caCrt,
	}
}

// Serial returns the serial number of certificate as Certificate.Serial has it.
func Serial(certificate *x509.Certificate) string { return certificate.SerialNumber.Text(16) }

// VerifyClient tells whether a presented chain starts with a client certificate
// of this Authority that is valid at now, and returns its serial. Only the
// first certificate counts: clients send the leaf alone, with its CA, or with
// what else they have (pairing-protocols §1.9). It refuses with
// btp.CertificateMissing, btp.CertificateForeign, or btp.CertificateExpired
// (also before its validity). It costs one signature check, so that callers
// with many requests on one connection should remember that the chain held;
// now must then still be compared with the leaf's validity.
func (a *Authority) VerifyClient(chain []*x509.Certificate, now time.Time) (serial string, err error) {
	if len(chain) == 0 {
		return "", btp.Errorf(btp.CertificateMissing, "no client certificate was presented")
	}
	leaf := chain[0]
	if err := a.issued(leaf); err != nil {
		return "", btp.Errorf(btp.CertificateForeign, "the client certificate was not issued by this environment's CA: %w", err)
	}
	switch {
	case now.Before(leaf.NotBefore):
		return "", btp.Errorf(btp.CertificateExpired, "the client certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	case now.After(leaf.NotAfter):
		return "", btp.Errorf(btp.CertificateExpired, "the client certificate was valid until %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if err := a.covers(now); err != nil {
		return "", btp.Errorf(btp.CertificateExpired, "%w", err)
	}
	return Serial(leaf), nil
}

// issued checks everything but the time. It looks at the first instant of the
// leaf, so that an expired certificate of ours is not taken for a foreign one.
func (a *Authority) issued(leaf *x509.Certificate) error {
	switch {
	case leaf.IsCA:
		return errors.New("it is a CA's own certificate")
	case leaf.NotBefore.Before(a.issuing.NotBefore):
		return errors.New("it is older than the CA")
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots:       a.anchor,
		CurrentTime: leaf.NotBefore,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err
}

// covers tells whether the CA itself is valid at now.
func (a *Authority) covers(now time.Time) error {
	for _, ca := range []*x509.Certificate{a.issuing, a.root} {
		if now.Before(ca.NotBefore) || now.After(ca.NotAfter) {
			return fmt.Errorf("the CA %q is valid from %s to %s only", ca.Subject.CommonName,
				ca.NotBefore.UTC().Format(time.RFC3339), ca.NotAfter.UTC().Format(time.RFC3339))
		}
	}
	return nil
}
