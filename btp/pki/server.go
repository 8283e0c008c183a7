package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"software.sslmate.com/src/go-pkcs12"
)

const (
	// serverValidity is 397 days in all, the most that browsers take.
	serverValidity = 397 * 24 * time.Hour
	// serverSkew lets containers connect whose clock is a little behind.
	serverSkew = time.Hour
)

// NewServerCertificate signs a certificate of the TLS listener for DNS names
// (also *.example.test) and IP addresses, with an ECDSA P-256 key of its own.
// now is the real time, as clients judge the server by theirs. The chain is
// the leaf and the issuing CA.
func (a *Authority) NewServerCertificate(names []string, now time.Time) (tls.Certificate, error) {
	notBefore := now.UTC().Truncate(time.Second).Add(-serverSkew)
	template := &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{Organization: []string{"pairsim"}, OrganizationalUnit: []string{"TEST"}},
		NotBefore:             notBefore,
		NotAfter:              notBefore.Add(serverValidity),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		SignatureAlgorithm:    a.algorithm,
	}
	if err := setNames(template, names); err != nil {
		return tls.Certificate{}, fmt.Errorf("server certificate: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("server certificate: make key: %w", err)
	}
	leaf, err := createCertificate(template, a.issuing, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("server certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, a.issuing.Raw}, PrivateKey: key, Leaf: leaf}, nil
}

func setNames(template *x509.Certificate, names []string) error {
	if len(names) == 0 {
		return errors.New("it needs at least one name")
	}
	for _, name := range names {
		if address, err := netip.ParseAddr(name); err == nil && address.Zone() == "" {
			template.IPAddresses = append(template.IPAddresses, address.AsSlice())
			continue
		}
		if !hostname(name) {
			return fmt.Errorf("%q is neither a host name nor an IP address", name)
		}
		template.DNSNames = append(template.DNSNames, name)
	}
	if len(names[0]) <= 64 { // the bound of a common name; the names above are what counts
		template.Subject.CommonName = names[0]
	}
	return nil
}

// hostname accepts the underscore too, as Compose service names have it.
func hostname(name string) bool {
	name = strings.TrimPrefix(name, "*.")
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// Truststore packs all certificates in the PEM files into a PKCS#12 truststore
// that Java (8u301, 11.0.12 and newer) and OpenSSL read.
func Truststore(password string, rootPEMs ...[]byte) ([]byte, error) {
	var entries []pkcs12.TrustStoreEntry
	for _, file := range rootPEMs {
		certificates, err := parseCertificates(file)
		if err != nil {
			return nil, fmt.Errorf("truststore: %w", err)
		}
		for _, certificate := range certificates {
			// Java keeps one certificate per alias, and two CAs may share a name.
			digest := sha256.Sum256(certificate.Raw)
			alias := fmt.Sprintf("%s (%x)", certificate.Subject.CommonName, digest[:4])
			entries = append(entries, pkcs12.TrustStoreEntry{Cert: certificate, FriendlyName: alias})
		}
	}
	if len(entries) == 0 {
		return nil, errors.New("truststore: no certificate given")
	}
	store, err := pkcs12.Modern2023.EncodeTrustStoreEntries(entries, password)
	if err != nil {
		return nil, fmt.Errorf("truststore: %w", err)
	}
	return store, nil
}
