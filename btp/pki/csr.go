package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/pairsim/pairsim/btp"
)

// MaxCSR bounds the base64 text of a certificate request, in bytes. A request
// with an RSA-4096 key takes about 2,400.
const MaxCSR = 64 << 10

// ParseCSR reads the standard base64 of a PEM certificate request as clients
// send it: with or without line breaks in either coding. It checks, in the
// order of pairing-protocols §1.5, base64, PEM and the request itself
// (btp.CSRMalformed), then the key (btp.CSRKeyRefused; our own rule, ahead of
// the signature because the key decides what checking that costs), then the
// self-signature (btp.CSRSignatureInvalid). SHA-1 signatures pass, since real
// clients send them; MD5 does not.
func ParseCSR(base64PEM string) (*x509.CertificateRequest, error) {
	if len(base64PEM) > MaxCSR {
		return nil, btp.Errorf(btp.CSRMalformed, "the CSR has %d bytes, more than %d", len(base64PEM), MaxCSR).
			WithVendor("Error while parsing CSR: it is too large.")
	}
	text, err := base64.StdEncoding.DecodeString(base64PEM)
	if err != nil {
		return nil, btp.Errorf(btp.CSRMalformed, "the CSR is not standard base64: %w", err).
			WithVendor("There was an error while parsing the base64 content. An incorrect value was provided.")
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, btp.Errorf(btp.CSRMalformed, "the base64 of the CSR holds no PEM block").
			WithVendor("Error while decoding pem block.")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, btp.Errorf(btp.CSRMalformed, "the PEM block is not a PKCS#10 certificate request: %w", err).
			WithVendor(fmt.Sprintf("Error while parsing CSR: %s", err))
	}
	if err := checkKey(csr.PublicKey); err != nil {
		return nil, btp.Errorf(btp.CSRKeyRefused, "the key in the CSR %w", err).
			WithVendor(fmt.Sprintf("CSR: Unsupported key provided: it %s.", err))
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, btp.Errorf(btp.CSRSignatureInvalid, "the CSR is not signed by its own key: %w", err).
			WithVendor(fmt.Sprintf("CSR signature invalid: %s", err))
	}
	return csr, nil
}

// checkKey tells whether pairsim signs or uses a key: RSA of 2048 to 4096 bits
// with an odd exponent from 3 to 2³¹-1, ECDSA on P-256, P-384 or P-521, or
// Ed25519. The error continues "the key …".
func checkKey(public crypto.PublicKey) error {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < 2048 || bits > 4096 {
			return fmt.Errorf("is RSA of %d bits, outside 2048 to 4096", bits)
		}
		if key.E < 3 || key.E%2 == 0 || key.E >= 1<<31 {
			return fmt.Errorf("is RSA with the exponent %d, which must be odd and from 3 to 2147483647", key.E)
		}
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		default:
			return fmt.Errorf("is ECDSA on %s, which is not P-256, P-384 or P-521", key.Curve.Params().Name)
		}
	case ed25519.PublicKey:
	default:
		return errors.New("is neither RSA, ECDSA nor Ed25519")
	}
	return nil
}
