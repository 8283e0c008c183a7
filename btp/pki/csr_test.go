package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

var shop = Subject{O: "Organization", OU: "TEST", L: "Waldorf", ST: "Waldorf", C: "DE", CN: "shop-eu"}

// vectors returns the requests of testdata/csr without their first line, which
// is returned in want.
func vectors(t testing.TB) (requests map[string][]byte, want map[string]btp.Code) {
	t.Helper()
	files, err := filepath.Glob("testdata/csr/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/csr: %d files, %v", len(files), err)
	}
	requests, want = map[string][]byte{}, map[string]btp.Code{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, request, _ := bytes.Cut(content, []byte("\n"))
		expect, ok := strings.CutPrefix(string(head), "expect: ")
		if !ok {
			t.Fatalf("%s: the first line is %q, want expect: …", file, head)
		}
		name := filepath.Base(file)
		requests[name], want[name] = request, btp.Code(strings.TrimPrefix(expect, "ok"))
	}
	return requests, want
}

// Rule: csr-form, csr-keys
func TestParseCSRVectors(t *testing.T) {
	requests, want := vectors(t)
	for name, request := range requests {
		t.Run(name, func(t *testing.T) {
			csr, err := ParseCSR(base64.StdEncoding.EncodeToString(request))
			if got := btp.CodeOf(err); got != want[name] {
				t.Fatalf("got %v, want %q", err, want[name])
			}
			if err != nil {
				return
			}
			if err := CheckSubject(csr, shop); err != nil {
				t.Errorf("subject: %v", err)
			}
			if _, err := environmentCA.SignClient(csr, noon, day); err != nil {
				t.Errorf("sign: %v", err)
			}
		})
	}
}

// Rule: csr-form
func TestParseCSRTexts(t *testing.T) {
	requests, _ := vectors(t)
	encoded := base64.StdEncoding.EncodeToString(requests["rsa2048.txt"])
	tests := []struct {
		name, csr string
		code      btp.Code
		vendor    string // prefix; those of pairing-protocols §1.5
	}{
		{"base64 with line breaks", encoded[:76] + "\r\n" + encoded[76:] + "\n", "", ""},
		{"nothing", "", btp.CSRMalformed, "Error while decoding pem block."},
		{"not base64", "%%%", btp.CSRMalformed, "There was an error while parsing the base64 content. An incorrect value was provided."},
		{"URL-safe base64", base64.URLEncoding.EncodeToString([]byte("\xff\xfe\xfd")), btp.CSRMalformed, "There was an error while parsing the base64 content."},
		{"PEM without base64", string(requests["rsa2048.txt"]), btp.CSRMalformed, "There was an error while parsing the base64 content."},
		{"not PEM", base64.StdEncoding.EncodeToString([]byte("CERTIFICATE REQUEST")), btp.CSRMalformed, "Error while decoding pem block."},
		{"a certificate", base64.StdEncoding.EncodeToString(requests["certificate.txt"]), btp.CSRMalformed, "Error while parsing CSR: "},
		{"too large", strings.Repeat("A", MaxCSR+1), btp.CSRMalformed, "Error while parsing CSR: it is too large."},
		{"small key", base64.StdEncoding.EncodeToString(requests["rsa1024.txt"]), btp.CSRKeyRefused, "CSR: Unsupported key provided: it is RSA of 1024 bits"},
		{"MD5", base64.StdEncoding.EncodeToString(requests["rsa-md5.txt"]), btp.CSRSignatureInvalid, "CSR signature invalid: x509: cannot verify signature: insecure algorithm MD5-RSA"},
		{"signed by another key", swappedSignature(t), btp.CSRSignatureInvalid, "CSR signature invalid: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseCSR(test.csr)
			if got := btp.CodeOf(err); got != test.code {
				t.Fatalf("code: got %v, want %q", err, test.code)
			}
			if got := vendorOf(err); !strings.HasPrefix(got, test.vendor) {
				t.Errorf("vendor text: got %q, want %q…", got, test.vendor)
			}
		})
	}
}

// swappedSignature is a request whose signature is that of another one.
func swappedSignature(t testing.TB) string {
	t.Helper()
	one, two := newRequest(t, shop), newRequest(t, shop)
	der := bytes.Replace(one.Raw, one.Signature, two.Signature, 1)
	if len(one.Signature) != len(two.Signature) { // DER integers vary by a byte or two
		return swappedSignature(t)
	}
	return encodeRequest(der)
}

func TestCheckKeyExponents(t *testing.T) {
	modulus := new(big.Int).SetBit(new(big.Int), 2047, 1)
	for exponent, refused := range map[int]bool{1: true, 2: true, 3: false, 65536: true, 65537: false, 1<<31 - 1: false, 1<<31 + 1: true} {
		err := checkKey(&rsa.PublicKey{N: modulus, E: exponent})
		if (err != nil) != refused {
			t.Errorf("exponent %d: got %v, want refused %v", exponent, err, refused)
		}
	}
}

// Rule: pairing-info-answer
func TestSubjectPrintedOrder(t *testing.T) {
	want := "O=Organization,OU=TEST,L=Waldorf,ST=Waldorf,C=DE,CN=shop-eu"
	if got := shop.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Rule: csr-subject
func TestCheckSubject(t *testing.T) {
	with := func(change func(*Subject)) Subject { s := shop; change(&s); return s }
	tests := []struct {
		name    string
		subject Subject
		vendor  string // "" means accepted
	}{
		{"as told", shop, ""},
		{"other CN", with(func(s *Subject) { s.CN = "shop-us" }), "CSR: Invalid common name provided."},
		{"no CN", with(func(s *Subject) { s.CN = "" }), "CSR: Invalid common name provided."},
		{"other C", with(func(s *Subject) { s.C = "FR" }), "CSR: Invalid country provided."},
		{"no C", with(func(s *Subject) { s.C = "" }), "CSR: No country provided."},
		{"other O", with(func(s *Subject) { s.O = "x" }), "CSR: Invalid organization provided."},
		{"no O", with(func(s *Subject) { s.O = "" }), "CSR: No organization provided."},
		{"other OU", with(func(s *Subject) { s.OU = "x" }), "CSR: Invalid organizational unit provided."},
		{"no OU", with(func(s *Subject) { s.OU = "" }), "CSR: No organizational unit provided."},
		{"other L", with(func(s *Subject) { s.L = "x" }), "CSR: Invalid locality provided."},
		{"no L", with(func(s *Subject) { s.L = "" }), "CSR: No locality provided."},
		{"other ST", with(func(s *Subject) { s.ST = "x" }), "CSR: Invalid province provided."},
		{"no ST", with(func(s *Subject) { s.ST = "" }), "CSR: No province provided."},
		{"case matters", with(func(s *Subject) { s.CN = "Shop-EU" }), "CSR: Invalid common name provided."},
		{"CN comes first", Subject{CN: "x"}, "CSR: Invalid common name provided."},
		{"then C", Subject{CN: shop.CN}, "CSR: No country provided."},
		{"then O", Subject{CN: shop.CN, C: "DE"}, "CSR: No organization provided."},
		{"then OU", Subject{CN: shop.CN, C: "DE", O: shop.O}, "CSR: No organizational unit provided."},
		{"then L", Subject{CN: shop.CN, C: "DE", O: shop.O, OU: "TEST"}, "CSR: No locality provided."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := CheckSubject(newRequest(t, test.subject), shop)
			if got := vendorOf(err); got != test.vendor {
				t.Errorf("got %q, want %q", got, test.vendor)
			}
			if test.vendor != "" && btp.CodeOf(err) != btp.CSRSubjectInvalid {
				t.Errorf("code: got %v, want %s", err, btp.CSRSubjectInvalid)
			}
		})
	}
}

// pairing-protocols §10.4, trap 4: compared by attribute, printed by order.
//
// Rule: csr-subject
func TestSubjectInAnotherOrder(t *testing.T) {
	csr := newRequestOf(t, pkix.RDNSequence{
		{{Type: oidCN, Value: shop.CN}},
		{{Type: oidC, Value: shop.C}},
		{{Type: oidST, Value: shop.ST}},
		{{Type: oidL, Value: shop.L}},
		{{Type: oidOU, Value: shop.OU}},
		{{Type: oidO, Value: shop.O}},
	})
	if err := CheckSubject(csr, shop); err != nil {
		t.Fatal(err)
	}
	certificate, err := environmentCA.SignClient(csr, noon, day)
	if err != nil {
		t.Fatal(err)
	}
	if certificate.Subject != shop.String() {
		t.Errorf("got %s, want %s", certificate.Subject, shop)
	}
}

// Only first values are looked at, so only they get into the certificate.
//
// Rule: csr-subject
func TestFurtherValuesAreDropped(t *testing.T) {
	csr := newRequestOf(t, append(shop.sequence(),
		pkix.RelativeDistinguishedNameSET{{Type: oidCN, Value: "another"}},
		pkix.RelativeDistinguishedNameSET{{Type: oidO, Value: "Another"}},
		pkix.RelativeDistinguishedNameSET{{Type: []int{2, 5, 4, 5}, Value: "serial"}}))
	if err := CheckSubject(csr, shop); err != nil {
		t.Fatal(err)
	}
	leaf := sign(t, environmentCA, csr)
	if got := len(leaf.Subject.Names); got != 6 || leaf.Subject.CommonName != shop.CN {
		t.Errorf("got %v, want the six attributes of %s", leaf.Subject, shop)
	}
}

// Rule: csr-form
func FuzzParseCSR(f *testing.F) {
	requests, _ := vectors(f)
	for _, request := range requests {
		f.Add(base64.StdEncoding.EncodeToString(request))
	}
	f.Add("%%%")
	f.Add(base64.StdEncoding.EncodeToString([]byte("-----BEGIN X-----\n-----END X-----\n")))
	f.Fuzz(func(t *testing.T, text string) {
		csr, err := ParseCSR(text)
		if err != nil {
			if code := btp.CodeOf(err); code == btp.Internal || vendorOf(err) == "" {
				t.Fatalf("refused without code or vendor text: %v", err)
			}
			return
		}
		if csr.CheckSignature() != nil || checkKey(csr.PublicKey) != nil {
			t.Fatal("accepted with a bad signature or key")
		}
		certificate, err := environmentCA.SignClient(csr, noon, day)
		if err != nil {
			t.Fatalf("accepted, but cannot be signed: %v", err)
		}
		if _, err := x509.ParseCertificate(certificate.LeafDER); err != nil {
			t.Fatalf("issued a certificate that does not parse: %v", err)
		}
	})
}

func newRequest(t testing.TB, subject Subject) *x509.CertificateRequest {
	t.Helper()
	return newRequestOf(t, subject.sequence())
}

func newRequestOf(t testing.TB, subject pkix.RDNSequence) *x509.CertificateRequest {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var name pkix.Name
	for _, rdn := range subject {
		name.ExtraNames = append(name.ExtraNames, rdn...)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	return csr
}

func vendorOf(err error) string {
	var refusal *btp.Error
	if errors.As(err, &refusal) {
		return refusal.Vendor
	}
	return ""
}
