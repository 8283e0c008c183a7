package steps

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// request is how a kind of certificate request differs from a good one, which is
// made with an ECDSA P-256 key and sent as base64 of PEM.
type request struct {
	ask  func(*x509.CertificateRequest)    // changes what is asked for
	key  func() (crypto.Signer, error)     // makes another key
	der  func(der []byte) ([]byte, error)  // changes the signed request
	text func(der []byte) (encoded string) // encodes it in another way
}

// badRequest is the kind of "a bad certificate request".
const badRequest = "another common name"

// requests are the kinds of certificate requests, by what a scenario calls them.
var requests = map[string]request{
	"": {},

	badRequest:                    {ask: func(r *x509.CertificateRequest) { r.Subject.CommonName = "mp-another" }},
	"another organization":        {ask: func(r *x509.CertificateRequest) { r.Subject.Organization = []string{"another"} }},
	"another organizational unit": {ask: func(r *x509.CertificateRequest) { r.Subject.OrganizationalUnit = []string{"another"} }},
	"another locality":            {ask: func(r *x509.CertificateRequest) { r.Subject.Locality = []string{"another"} }},
	"another province":            {ask: func(r *x509.CertificateRequest) { r.Subject.Province = []string{"another"} }},
	"another country":             {ask: func(r *x509.CertificateRequest) { r.Subject.Country = []string{"FR"} }},
	"no subject":                  {ask: func(r *x509.CertificateRequest) { r.Subject = pkix.Name{} }},

	"a broken signature":   {der: breakSignature},
	"a key of 1024 bits":   {der: useSmallKey},
	"a key on curve P-224": {key: ecdsaKey(elliptic.P224())},
	"half of its bytes":    {der: func(der []byte) ([]byte, error) { return der[:len(der)/2], nil }},
	"no PEM inside":        {text: base64.StdEncoding.EncodeToString},
	"no base64":            {text: func(der []byte) string { return string(pemOf(der)) }},

	"an RSA key of 2048 bits": {key: func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }},
	"an ECDSA P-256 key":      {key: newKey},
	"an ECDSA P-384 key":      {key: ecdsaKey(elliptic.P384())},
	"an ECDSA P-521 key":      {key: ecdsaKey(elliptic.P521())},
	"an Ed25519 key":          {key: ed25519Key},
	"a SHA-1 signature":       {ask: func(r *x509.CertificateRequest) { r.SignatureAlgorithm = x509.ECDSAWithSHA1 }},
	"a PEM body on one line":  {text: onOneLine},
}

func newKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func ecdsaKey(curve elliptic.Curve) func() (crypto.Signer, error) {
	return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
}

func ed25519Key() (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

// sign makes a certificate request, with a key of its own, for the subject that
// the registry gave.
func (r request) sign(subject string) (der []byte, key crypto.Signer, err error) {
	if r.key == nil {
		r.key = newKey
	}
	if key, err = r.key(); err != nil {
		return nil, nil, err
	}
	var good x509.CertificateRequest
	if good.Subject, err = subjectOf(subject); err != nil {
		return nil, nil, err
	}
	if r.ask != nil {
		r.ask(&good)
	}
	der, err = x509.CreateCertificateRequest(rand.Reader, &good, key)
	if err == nil && r.der != nil {
		der, err = r.der(der)
	}
	return der, key, err
}

// encode is the text that the client sends.
func (r request) encode(der []byte) string {
	if r.text != nil {
		return r.text(der)
	}
	return base64.StdEncoding.EncodeToString(pemOf(der))
}

// subjectOf reads attributes as clients do: split on comma, then on equals sign.
func subjectOf(text string) (name pkix.Name, err error) {
	lists := map[string]*[]string{
		"O": &name.Organization, "OU": &name.OrganizationalUnit, "L": &name.Locality, "ST": &name.Province, "C": &name.Country,
	}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		if list := lists[key]; list != nil {
			*list = []string{value}
		} else if key == "CN" {
			name.CommonName = value
		} else {
			return name, fmt.Errorf("the registry gave a subject with the unknown attribute %q", key)
		}
	}
	return name, nil
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// onOneLine is how clients send that build PEM by hand.
func onOneLine(der []byte) string {
	text := "-----BEGIN CERTIFICATE REQUEST-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END CERTIFICATE REQUEST-----\n"
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// breakSignature changes the last bit of the signature; its form stays.
func breakSignature(der []byte) ([]byte, error) {
	broken := slices.Clone(der)
	broken[len(broken)-1] ^= 1
	return broken, nil
}

// useSmallKey puts an RSA key of 1024 bits into a request and signs it with that
// key, by hand: crypto/x509 refuses to.
func useSmallKey(der []byte) ([]byte, error) {
	good, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	n, d, err := smallKey()
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: 65537})
	if err != nil {
		return nil, err
	}
	body, err := asn1.Marshal(struct {
		Version    int
		Subject    asn1.RawValue
		PublicKey  asn1.RawValue
		Attributes []asn1.RawValue `asn1:"tag:0"`
	}{0, asn1.RawValue{FullBytes: good.RawSubject}, asn1.RawValue{FullBytes: public}, nil})
	if err != nil {
		return nil, err
	}
	signature := smallSignature(body, n, d)
	return asn1.Marshal(struct {
		Body      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{
		asn1.RawValue{FullBytes: body},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
}

func smallKey() (n, d *big.Int, err error) {
	one, exponent := big.NewInt(1), big.NewInt(65537)
	for d == nil { // where 65537 divides p-1 or q-1
		p, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			return nil, nil, err
		}
		q, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			return nil, nil, err
		}
		n = new(big.Int).Mul(p, q)
		d = new(big.Int).ModInverse(exponent, new(big.Int).Mul(p.Sub(p, one), q.Sub(q, one)))
	}
	return n, d, nil
}

// smallSignature is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2).
func smallSignature(body []byte, n, d *big.Int) []byte {
	sum := sha256.Sum256(body)
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	digest := append(prefix, sum[:]...)
	const size = 128
	padded := append([]byte{0, 1}, slices.Repeat([]byte{0xff}, size-3-len(digest))...)
	padded = append(append(padded, 0), digest...)
	return new(big.Int).Exp(new(big.Int).SetBytes(padded), d, n).FillBytes(make([]byte, size))
}
