// Package pki is the certificate authority of an environment and of the TLS
// listener: it reads certificate requests, signs client and server
// certificates, and tells whether a presented client certificate is one of
// its own. What a certificate entitles to, and whether it is revoked, is for
// others to say. Wire texts follow pairing-protocols §1.5.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// The validity of the CA certificates that NewAuthority makes. It is this wide
// because an environment's clock may be set to any year, before or after the
// real one, and stands still or leaps: a CA that ran out on the way would turn
// every test of years passing into a test of the CA.
var (
	authorityNotBefore = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	authorityNotAfter  = time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)
)

// Authority is a root CA and the issuing CA below it, which signs. Both may be
// the same certificate when loaded. It is immutable and safe for concurrent use.
type Authority struct {
	root, issuing *x509.Certificate
	key           crypto.Signer
	algorithm     x509.SignatureAlgorithm // of key, with SHA-256
	anchor        *x509.CertPool          // the issuing CA alone: it signs every client certificate
	rootPEM       []byte
	issuingPEM    []byte
	caCrt         string // base64 of issuingPEM, part of every answer
}

// Material is an Authority as it is stored. The root's key is not part of it:
// it is dropped once it has signed the issuing CA.
type Material struct {
	RootPEM       []byte
	IssuingPEM    []byte
	IssuingKeyPEM []byte // PKCS#8; a secret
}

// NewAuthority makes a root and an issuing CA with ECDSA P-256 keys, valid from
// 2000 to 2099. A now outside these years is refused, as nothing signed then
// could be valid.
func NewAuthority(commonName string, now time.Time) (*Authority, error) {
	if now.Before(authorityNotBefore) || now.After(authorityNotAfter) {
		return nil, fmt.Errorf("make CA %q: the clock stands at %s, outside the years 2000 to 2099",
			commonName, now.UTC().Format(time.RFC3339))
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make root key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make issuing key: %w", err)
	}
	rootTemplate := authorityTemplate(commonName+" Root CA", 1)
	root, err := createCertificate(rootTemplate, rootTemplate, rootKey.Public(), rootKey)
	if err != nil {
		return nil, fmt.Errorf("sign root CA: %w", err)
	}
	issuing, err := createCertificate(authorityTemplate(commonName+" Issuing CA", 0), root, key.Public(), rootKey)
	if err != nil {
		return nil, fmt.Errorf("sign issuing CA: %w", err)
	}
	return newAuthority(root, issuing, key)
}

func authorityTemplate(commonName string, maxPathLen int) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          newSerial(),
		Subject:               pkix.Name{Organization: []string{"pairsim"}, OrganizationalUnit: []string{"TEST"}, CommonName: commonName},
		NotBefore:             authorityNotBefore,
		NotAfter:              authorityNotAfter,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            maxPathLen,
		MaxPathLenZero:        maxPathLen == 0,
	}
}

// Load makes an Authority from PEM files: RSA or ECDSA keys, as PKCS#8, PKCS#1
// or SEC 1. An empty issuingPEM, or one equal to rootPEM, means that the
// self-signed root itself issues. The error says which file does not fit.
func Load(rootPEM, issuingPEM, issuingKeyPEM []byte) (*Authority, error) {
	root, err := parseAuthority("root CA", rootPEM)
	if err != nil {
		return nil, err
	}
	if err := root.CheckSignatureFrom(root); err != nil {
		return nil, fmt.Errorf("root CA: not self-signed: %w", err)
	}
	issuing := root
	if len(issuingPEM) > 0 {
		if issuing, err = parseAuthority("issuing CA", issuingPEM); err != nil {
			return nil, err
		}
	}
	if err := issuing.CheckSignatureFrom(root); err != nil {
		return nil, fmt.Errorf("issuing CA: not signed by the root CA: %w", err)
	}
	key, err := parseKey(issuingKeyPEM)
	if err != nil {
		return nil, fmt.Errorf("issuing key: %w", err)
	}
	if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(issuing.PublicKey) {
		return nil, errors.New("issuing key: does not belong to the issuing CA's certificate")
	}
	return newAuthority(root, issuing, key)
}

// Unmarshal is Load of what Marshal gave.
func Unmarshal(m Material) (*Authority, error) {
	return Load(m.RootPEM, m.IssuingPEM, m.IssuingKeyPEM)
}

// Marshal returns what must be stored to have this Authority again.
func (a *Authority) Marshal() (Material, error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return Material{}, fmt.Errorf("marshal issuing key: %w", err)
	}
	return Material{
		RootPEM:       a.RootPEM(),
		IssuingPEM:    a.IssuingPEM(),
		IssuingKeyPEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	}, nil
}

// RootPEM is the root CA's certificate, which clients are told to trust.
func (a *Authority) RootPEM() []byte { return append([]byte(nil), a.rootPEM...) }

// IssuingPEM is the issuing CA's certificate, which signs all others.
func (a *Authority) IssuingPEM() []byte { return append([]byte(nil), a.issuingPEM...) }

func newAuthority(root, issuing *x509.Certificate, key crypto.Signer) (*Authority, error) {
	a := &Authority{root: root, issuing: issuing, key: key, anchor: x509.NewCertPool()}
	// SHA-256 whatever the curve or size: every client in the field verifies it.
	switch key.Public().(type) {
	case *ecdsa.PublicKey:
		a.algorithm = x509.ECDSAWithSHA256
	case *rsa.PublicKey:
		a.algorithm = x509.SHA256WithRSA
	default:
		return nil, fmt.Errorf("issuing key: %T is neither RSA nor ECDSA", key)
	}
	a.anchor.AddCert(issuing)
	a.rootPEM = certificatePEM(root.Raw)
	a.issuingPEM = certificatePEM(issuing.Raw)
	a.caCrt = base64.StdEncoding.EncodeToString(a.issuingPEM)
	return a, nil
}

func createCertificate(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// newSerial returns a random positive serial number of 16 bytes. The top bits
// are fixed so that it always prints as 32 hexadecimal digits.
func newSerial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	b[0] = b[0]&0x3f | 0x40
	return new(big.Int).SetBytes(b[:])
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// parseAuthority reads the first certificate in data, which must be a CA's.
// what names the file in the error.
func parseAuthority(what string, data []byte) (*x509.Certificate, error) {
	certificates, err := parseCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	certificate := certificates[0]
	switch {
	case !certificate.BasicConstraintsValid || !certificate.IsCA:
		return nil, fmt.Errorf("%s: the certificate of %q is not a CA's (basic constraints)", what, certificate.Subject)
	case certificate.KeyUsage != 0 && certificate.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, fmt.Errorf("%s: the certificate of %q may not sign certificates (key usage)", what, certificate.Subject)
	}
	return certificate, nil
}

// parseCertificates reads all certificates in data, at least one.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		return nil, errors.New("no PEM certificate")
	}
	return certificates, nil
}

// parseKey reads the first private key in data that an Authority can use. It
// skips other blocks, since OpenSSL writes EC PARAMETERS ahead of an EC key.
func parseKey(data []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return nil, errors.New("is encrypted; give it without a passphrase")
		case block.Type == "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case block.Type == "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case block.Type == "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("%T cannot sign", key)
		}
		if err := checkKey(signer.Public()); err != nil {
			return nil, err
		}
		return signer, nil
	}
	return nil, errors.New("no PEM private key")
}
