package connector

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// encodedPEM is a throwaway certificate as Envoy forwards one.
func encodedPEM(t testing.TB, serial int64) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

// Rule: forwarded-certificate
func TestForwardedCertificate(t *testing.T) {
	first, second, third := encodedPEM(t, 1), encodedPEM(t, 2), encodedPEM(t, 3)
	tests := []struct {
		name, header string
		serial       int64 // 0: none
		want         btp.Code
	}{
		{"certificate", `Hash=00;Cert="` + first + `"`, 1, ""},
		{"chain before certificate", `Cert="` + first + `";Chain="` + second + first + `"`, 2, ""},
		{"the last element, which the proxy added", `Cert="` + first + `",By=x;Cert="` + second + `"`, 2, ""},
		{"separators within quotes", `Subject="CN=a;b,c";Cert="` + first + `"`, 1, ""},
		{"subject and hash only", `Hash=00;Subject="CN=mp-shop"`, 0, btp.CertificateMissing},
		{"not encoded well", `Cert="%zz"`, 0, btp.CertificateForeign},
		{"no PEM", `Cert="abc"`, 0, btp.CertificateForeign},
		{"a PEM of something else", `Cert="` + url.PathEscape("-----BEGIN X-----\nAAAA\n-----END X-----\n") + `"`, 0, btp.CertificateForeign},
		{"a quote left open before what the proxy added", `Cert="` + first + `";Subject=",Hash=00;Cert="` + second + `"`, 0, btp.CertificateForeign},
		{"an escaped quote", `Cert="` + first + `";Subject="\",Cert="` + second + `"`, 0, btp.CertificateForeign},
		{"too long", `Cert="` + strings.Repeat("a", maxForwarded) + `"`, 0, btp.CertificateForeign},
	}
	s := &server{Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil) // from 192.0.2.1
			r.Header.Set(forwardedHeader, test.header)
			chain, err := s.clientChain(r)
			if got := btp.CodeOf(err); got != test.want {
				t.Fatalf("got %q (%v), want %q", got, err, test.want)
			}
			if test.serial != 0 && (len(chain) == 0 || chain[0].SerialNumber.Int64() != test.serial) {
				t.Errorf("got %d certificates, want serial %d first", len(chain), test.serial)
			}
			if test.want == "" {
				r.Header.Set(forwardedHeader, `Cert="`+third+`"`) // the client's own line stands before the proxy's
				r.Header.Add(forwardedHeader, test.header)
				if chain, err := s.clientChain(r); err != nil || chain[0].SerialNumber.Int64() != test.serial {
					t.Errorf("with two lines: %v, want serial %d first", err, test.serial)
				}
			}
			r.RemoteAddr = "198.51.100.7:1000"
			if chain, err := s.clientChain(r); err != nil || chain != nil {
				t.Errorf("the header of a stranger was read: %d certificates, %v", len(chain), err)
			}
		})
	}
}

// Rule: forwarded-certificate
func FuzzForwardedCertificate(f *testing.F) {
	valid := encodedPEM(f, 1)
	for _, seed := range []string{
		"", `Cert="` + valid + `"`, `Chain="` + valid + valid + `"`, `Hash=00;Subject="CN=a,O=b"`, `Cert="`, `,,;;=`, `Cert="%"`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		chain, err := parseForwarded(header)
		if (err == nil) != (len(chain) > 0) {
			t.Errorf("%d certificates with error %v", len(chain), err)
		}
	})
}
