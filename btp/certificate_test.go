package btp_test

import (
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// A certificate is shown as what it is good for: one that its client revoked is refused
// everywhere where revocation is strict, and not renewed elsewhere.
//
// Rule: certificate-revocation
func TestARevokedCertificateIsShownAsItIsTaken(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		r := open(t, func(c *btp.Config) { c.Policy.StrictRevocation = strict })
		sys, tok := r.register("Web Shop", commerce)
		own := r.pair(tok.JWS)
		caller, err := r.Authenticate(t.Context(), own)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Revoke(t.Context(), caller); err != nil {
			t.Fatal(err)
		}
		_, err = r.Authenticate(t.Context(), own)
		if refused := btp.CodeOf(err) == btp.CertificateRevoked; refused != strict {
			t.Errorf("strict %t: got %v", strict, err)
		}
		for range 2 {
			v, err := r.System(t.Context(), sys.ID)
			if err != nil {
				t.Fatal(err)
			}
			if c := v.Certificates; len(c) != 1 || !c[0].RenewalBlocked || c[0].Revoked != strict {
				t.Errorf("strict %t: shown are %+v", strict, c)
			}
		}
	}
}
