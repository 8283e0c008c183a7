package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"net"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/pairsim/pairsim/btp"
)

const day = 24 * time.Hour

var (
	noon          = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	environmentCA = mustAuthority("environment")
	otherCA       = mustAuthority("environment") // the same name, other keys
)

func mustAuthority(name string) *Authority {
	a, err := NewAuthority(name, noon)
	if err != nil {
		panic(err)
	}
	return a
}

func encodeRequest(der []byte) string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func sign(t testing.TB, a *Authority, csr *x509.CertificateRequest) *x509.Certificate {
	t.Helper()
	certificate, err := a.SignClient(csr, noon, 90*day)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, certificate.LeafDER)
}

func parse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// Rule: certificate-contents, certificate-90-days
func TestSignClient(t *testing.T) {
	now := noon.Add(700 * time.Millisecond)
	csr := newRequest(t, shop)
	got, err := environmentCA.SignClient(csr, now, 90*day)
	if err != nil {
		t.Fatal(err)
	}
	leaf := parse(t, got.LeafDER)
	if !leaf.NotBefore.Equal(noon) || !leaf.NotAfter.Equal(noon.Add(90*day)) || !got.NotBefore.Equal(leaf.NotBefore) || !got.NotAfter.Equal(leaf.NotAfter) {
		t.Errorf("validity: got %s to %s, want %s and 90 days", leaf.NotBefore, leaf.NotAfter, noon)
	}
	if got.Serial != Serial(leaf) || len(got.Serial) != 32 || got.Serial != strings.ToLower(got.Serial) || leaf.SerialNumber.Sign() <= 0 {
		t.Errorf("serial: got %q in a certificate with %x, want 32 lower-case digits", got.Serial, leaf.SerialNumber)
	}
	if leaf.KeyUsage != x509.KeyUsageDigitalSignature || len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth {
		t.Errorf("usage: got %v %v, want digitalSignature and clientAuth", leaf.KeyUsage, leaf.ExtKeyUsage)
	}
	if leaf.SignatureAlgorithm != x509.ECDSAWithSHA256 {
		t.Errorf("signature: got %s, want the CA's own", leaf.SignatureAlgorithm)
	}
	if SubjectOf(leaf) != shop || got.Subject != shop.String() {
		t.Errorf("subject: got %s and %s, want %s", SubjectOf(leaf), got.Subject, shop)
	}
	if key, ok := csr.PublicKey.(*ecdsa.PublicKey); !ok || !key.Equal(leaf.PublicKey) {
		t.Error("the certificate holds another key than the request")
	}
	again, err := environmentCA.SignClient(csr, now, 90*day)
	if err != nil || again.Serial == got.Serial {
		t.Errorf("serial of a second certificate: got %q again, %v", again.Serial, err)
	}
}

func TestSignClientOutsideTheCA(t *testing.T) {
	csr := newRequest(t, shop)
	for _, now := range []time.Time{authorityNotBefore.Add(-1), authorityNotAfter.Add(1)} {
		if _, err := environmentCA.SignClient(csr, now, day); err == nil {
			t.Errorf("signed at %s, when the CA is not valid", now)
		}
	}
	if _, err := environmentCA.SignClient(csr, noon, 0); err == nil {
		t.Error("signed for no time at all")
	}
	got, err := environmentCA.SignClient(csr, authorityNotAfter.Add(-day), 90*day)
	if err != nil || !got.NotAfter.Equal(authorityNotAfter) {
		t.Errorf("got valid until %s, %v; want the end of the CA", got.NotAfter, err)
	}
}

// pairing-protocols §10.4, trap 3: standard base64 of PEM. §8.1: "should create
// two certificates in a chain", "client cert should be signed by server cert".
//
// Rule: certificate-contents
func TestAnswer(t *testing.T) {
	leaf := sign(t, environmentCA, newRequest(t, shop))
	answer := environmentCA.Answer(leaf.Raw)
	decode := func(text string) []*x509.Certificate {
		t.Helper()
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		certificates, err := parseCertificates(data)
		if err != nil {
			t.Fatal(err)
		}
		return certificates
	}
	chain, client, ca := decode(answer.Crt), decode(answer.ClientCrt), decode(answer.CaCrt)
	if len(chain) != 2 || len(client) != 1 || len(ca) != 1 {
		t.Fatalf("got %d, %d and %d certificates, want 2, 1 and 1", len(chain), len(client), len(ca))
	}
	if !chain[0].Equal(leaf) || !client[0].Equal(leaf) || !chain[1].Equal(ca[0]) {
		t.Error("crt is not clientCrt and caCrt")
	}
	if err := client[0].CheckSignatureFrom(ca[0]); err != nil {
		t.Errorf("clientCrt is not signed by caCrt: %v", err)
	}
}

// Rule: certificate-needed, certificate-90-days
func TestVerifyClient(t *testing.T) {
	leaf, foreign := sign(t, environmentCA, newRequest(t, shop)), sign(t, otherCA, newRequest(t, shop))
	server, err := environmentCA.NewServerCertificate([]string{"localhost"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		chain []*x509.Certificate
		now   time.Time
		want  btp.Code
	}{
		{"leaf alone", []*x509.Certificate{leaf}, noon, ""},
		{"leaf and CA", []*x509.Certificate{leaf, environmentCA.issuing}, noon, ""},
		{"leaf and junk", []*x509.Certificate{leaf, otherCA.root, foreign}, noon, ""},
		{"none", nil, noon, btp.CertificateMissing},
		{"last second", []*x509.Certificate{leaf}, noon.Add(90 * day), ""},
		{"a moment later", []*x509.Certificate{leaf}, noon.Add(90*day + 1), btp.CertificateExpired},
		{"before it was issued", []*x509.Certificate{leaf}, noon.Add(-1), btp.CertificateExpired},
		{"years later", []*x509.Certificate{leaf}, noon.AddDate(60, 0, 0), btp.CertificateExpired},
		{"another CA of the same name", []*x509.Certificate{foreign}, noon, btp.CertificateForeign},
		{"another CA, expired", []*x509.Certificate{foreign}, noon.AddDate(60, 0, 0), btp.CertificateForeign},
		{"another CA with ours behind", []*x509.Certificate{foreign, leaf, environmentCA.issuing}, noon, btp.CertificateForeign},
		{"the issuing CA itself", []*x509.Certificate{environmentCA.issuing}, noon, btp.CertificateForeign},
		{"the root itself", []*x509.Certificate{environmentCA.root}, noon, btp.CertificateForeign},
		{"a server certificate", []*x509.Certificate{server.Leaf}, noon, btp.CertificateForeign},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			serial, err := environmentCA.VerifyClient(test.chain, test.now)
			if got := btp.CodeOf(err); got != test.want {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if want := Serial(leaf); test.want == "" && serial != want {
				t.Errorf("serial: got %s, want %s", serial, want)
			}
		})
	}
}

func TestAnyYear(t *testing.T) {
	for _, year := range []int{2000, 2021, 2049, 2050, 2098} {
		now := time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)
		a, err := NewAuthority("any year", now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.SignClient(newRequest(t, shop), now, 90*day)
		if err != nil {
			t.Fatalf("%d: %v", year, err)
		}
		if _, err := a.VerifyClient([]*x509.Certificate{parse(t, got.LeafDER)}, now.Add(day)); err != nil {
			t.Errorf("%d: %v", year, err)
		}
	}
	if _, err := NewAuthority("too late", time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
		t.Error("made a CA in the year 2100, when it is not valid")
	}
}

func TestMarshalUnmarshal(t *testing.T) {
	material, err := environmentCA.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Unmarshal(material)
	if err != nil {
		t.Fatal(err)
	}
	leaf := sign(t, again, newRequest(t, shop))
	if _, err := environmentCA.VerifyClient([]*x509.Certificate{leaf}, noon); err != nil {
		t.Errorf("a certificate of the stored CA: %v", err)
	}
}

func TestLoad(t *testing.T) {
	material, err := environmentCA.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	other, err := otherCA.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384Key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(p384Key)
	if err != nil {
		t.Fatal(err)
	}
	rsaCA, p384CA := selfSigned(t, rsaKey, true), selfSigned(t, p384Key, true)
	rsaPEM := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)})
	p384PEM := append([]byte("-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n"),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})...)
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	leaf := certificatePEM(sign(t, environmentCA, newRequest(t, shop)).Raw)

	tests := []struct {
		name               string
		root, issuing, key []byte
		want               string // part of the error; "" means loaded
	}{
		{"root and issuing CA", material.RootPEM, material.IssuingPEM, material.IssuingKeyPEM, ""},
		{"issuing file with its chain", material.RootPEM, append(material.IssuingPEM[:len(material.IssuingPEM):len(material.IssuingPEM)], material.RootPEM...), material.IssuingKeyPEM, ""},
		{"self-signed RSA", rsaCA, nil, rsaPEM, ""},
		{"self-signed P-384, given twice", p384CA, p384CA, p384PEM, ""},
		{"no root", nil, material.IssuingPEM, material.IssuingKeyPEM, "root CA: no PEM certificate"},
		{"root is not self-signed", material.IssuingPEM, nil, material.IssuingKeyPEM, "root CA: not self-signed"},
		{"another root", other.RootPEM, material.IssuingPEM, material.IssuingKeyPEM, "issuing CA: not signed by the root CA"},
		{"a leaf as issuing CA", material.RootPEM, leaf, material.IssuingKeyPEM, "issuing CA: the certificate of"},
		{"root may not sign", selfSigned(t, rsaKey, false), nil, rsaPEM, "is not a CA's"},
		{"another key", material.RootPEM, material.IssuingPEM, other.IssuingKeyPEM, "issuing key: does not belong"},
		{"no key", material.RootPEM, material.IssuingPEM, material.RootPEM, "issuing key: no PEM private key"},
		{"encrypted key", material.RootPEM, material.IssuingPEM, encrypted, "issuing key: is encrypted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := Load(test.root, test.issuing, test.key)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("got %v, want …%s…", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			leaf := sign(t, a, newRequest(t, shop))
			if _, err := a.VerifyClient([]*x509.Certificate{leaf}, noon); err != nil {
				t.Errorf("its own certificate: %v", err)
			}
			if got := leaf.SignatureAlgorithm.String(); !strings.Contains(got, "SHA256") {
				t.Errorf("signature: got %s, want one with SHA-256", got)
			}
		})
	}
}

func selfSigned(t *testing.T, key crypto.Signer, isCA bool) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: newSerial(), Subject: pkix.Name{CommonName: "own CA"}, BasicConstraintsValid: true, IsCA: isCA,
		NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(1, 0, 0),
	}
	if isCA {
		template.KeyUsage = x509.KeyUsageCertSign
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return certificatePEM(der)
}

// A complete handshake: the server's certificate is trusted through RootPEM,
// and the client's own arrives and verifies.
func TestServerCertificate(t *testing.T) {
	listener, err := NewAuthority("listener", noon)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := listener.NewServerCertificate([]string{"localhost", "127.0.0.1", "::1", "*.example.test", "pairsim_1"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if life := certificate.Leaf.NotAfter.Sub(certificate.Leaf.NotBefore); life != 397*day {
		t.Errorf("life: got %s, want 397 days", life)
	}
	clientKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr := newRequest(t, shop)
	csr.PublicKey = clientKey.Public()
	leaf := sign(t, environmentCA, csr)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(listener.RootPEM())

	for _, name := range []string{"localhost", "127.0.0.1", "::1", "shop.example.test"} {
		clientEnd, serverEnd := net.Pipe()
		clock := func() time.Time { return noon }
		server := tls.Server(serverEnd, &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert, Time: clock})
		client := tls.Client(clientEnd, &tls.Config{
			RootCAs: roots, ServerName: name, Time: clock,
			Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.Raw}, PrivateKey: clientKey}},
		})
		served := make(chan error, 1)
		go func() { served <- server.Handshake() }()
		if err := client.Handshake(); err != nil {
			t.Errorf("%s: client: %v", name, err)
			_ = clientEnd.Close()
		}
		if err := <-served; err != nil {
			t.Errorf("%s: server: %v", name, err)
		} else if _, err := environmentCA.VerifyClient(server.ConnectionState().PeerCertificates, noon); err != nil {
			t.Errorf("%s: client certificate: %v", name, err)
		}
		_, _ = clientEnd.Close(), serverEnd.Close()
	}
}

// Rule: tls-names-and-ca
func TestServerCertificateNames(t *testing.T) {
	for _, names := range [][]string{nil, {""}, {"a b"}, {"https://localhost"}, {"localhost:8443"}, {"fe80::1%eth0"}, {"a..b"}} {
		if _, err := environmentCA.NewServerCertificate(names, noon); err == nil {
			t.Errorf("%q: accepted", names)
		}
	}
}

func TestTruststore(t *testing.T) {
	store, err := Truststore("changeit", environmentCA.RootPEM(), otherCA.RootPEM())
	if err != nil {
		t.Fatal(err)
	}
	got, err := pkcs12.DecodeTrustStore(store, "changeit")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !bytes.Equal(got[0].Raw, environmentCA.root.Raw) || !bytes.Equal(got[1].Raw, otherCA.root.Raw) {
		t.Errorf("got %d certificates, want both roots", len(got))
	}
	if _, err := Truststore("changeit"); err == nil {
		t.Error("made a truststore of nothing")
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		a, err := NewAuthority("bench", noon)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := a.NewServerCertificate([]string{"localhost"}, noon); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignClient(b *testing.B) {
	csr := newRequest(b, shop)
	for b.Loop() {
		if _, err := environmentCA.SignClient(csr, noon, day); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyClient(b *testing.B) {
	chain := []*x509.Certificate{sign(b, environmentCA, newRequest(b, shop))}
	for b.Loop() {
		if _, err := environmentCA.VerifyClient(chain, noon); err != nil {
			b.Fatal(err)
		}
	}
}
