package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

func openClientCA(t *testing.T, a *Authority) *ClientCA {
	t.Helper()
	m, err := a.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	c, err := OpenClientCA(btp.AuthorityMaterial(m))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the CA remembers, of its own signing or of an earlier call, is judged as
// if it were seen for the first time.
func TestClientCARemembers(t *testing.T) {
	c := openClientCA(t, environmentCA)
	issue := func() *x509.Certificate {
		t.Helper()
		signed, err := c.Sign(newRequest(t, shop), noon, 90*day)
		if err != nil {
			t.Fatal(err)
		}
		text, err := base64.StdEncoding.DecodeString(signed.ClientCrt)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		return parse(t, block.Bytes)
	}
	first := issue()
	if len(c.verified) != 0 {
		t.Errorf("got %d leaves remembered before any was verified, want none", len(c.verified))
	}
	if _, err := c.Verify([]*x509.Certificate{first}, noon); err != nil {
		t.Fatal(err)
	}
	second := issue()
	if _, ok := c.known(second.Raw); !ok {
		t.Error("a leaf that was signed after one was verified is not remembered")
	}
	tampered := bytes.Clone(second.Raw)
	tampered[len(tampered)-1] ^= 1
	tests := []struct {
		name string
		leaf *x509.Certificate
		now  time.Time
		want btp.Code
	}{
		{"verified before", first, noon, ""},
		{"signed here", second, noon, ""},
		{"last second", second, noon.Add(90 * day), ""},
		{"a moment later", second, noon.Add(90*day + 1), btp.CertificateExpired},
		{"before it was issued", second, noon.Add(-1), btp.CertificateExpired},
		{"with another signature", parse(t, tampered), noon, btp.CertificateForeign},
		{"another CA of the same name", sign(t, otherCA, newRequest(t, shop)), noon, btp.CertificateForeign},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			serial, err := c.Verify([]*x509.Certificate{test.leaf}, test.now)
			if got := btp.CodeOf(err); got != test.want {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if want := btp.Serial(Serial(test.leaf)); test.want == "" && serial != want {
				t.Errorf("serial: got %s, want %s", serial, want)
			}
		})
	}
}

// A remembered leaf is refused once its root has run out, as any other.
func TestClientCARemembersNoLongerThanItsRoot(t *testing.T) {
	c := openClientCA(t, environmentCA)
	leaf := sign(t, c.authority, newRequest(t, shop))
	if _, err := c.Verify([]*x509.Certificate{leaf}, noon); err != nil {
		t.Fatal(err)
	}
	c.authority.root.NotAfter = noon.Add(day)
	if _, err := c.Verify([]*x509.Certificate{leaf}, noon.Add(day+1)); btp.CodeOf(err) != btp.CertificateExpired {
		t.Errorf("got %v, want %s", err, btp.CertificateExpired)
	}
}

func TestClientCAForgets(t *testing.T) {
	c := openClientCA(t, environmentCA)
	for i := range maxVerified + 1 {
		c.remember([]byte{byte(i), byte(i >> 8)}, verifiedLeaf{}, true)
	}
	if len(c.verified) != 1 {
		t.Errorf("got %d leaves remembered after %d, want a new start", len(c.verified), maxVerified+1)
	}
}
