package btp_test

import (
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
)

// announced opens a pairing that waits for a descriptor, up to its certificate.
func (r *registry) announced(jws string) btp.Caller {
	r.t.Helper()
	opened, err := r.OpenPairing(r.t.Context(), btp.Presentation{JWS: jws, Tenant: "commerce"})
	if err != nil {
		r.t.Fatal(err)
	}
	signed, err := r.SignCSR(r.t.Context(), opened.FollowUp, r.csr(opened.Subject))
	if err != nil {
		r.t.Fatal(err)
	}
	caller, err := r.Authenticate(r.t.Context(), chain(r.t, signed))
	if err != nil {
		r.t.Fatal(err)
	}
	return caller
}

// Rule: certificate-renewal
func TestCertificateRenewedWhileThePairingIsOpen(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, tok := r.register("Web Shop", commerce)
	first := r.announced(tok.JWS)
	signed, err := r.Renew(t.Context(), first, r.csr(first.Subject()))
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Authenticate(t.Context(), chain(t, signed))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("completes it as well", func(t *testing.T) {
		if err := r.SetDescriptor(t.Context(), second, btp.Descriptor{TenantID: "commerce"}); err != nil {
			t.Fatal(err)
		}
		if got := r.status(s.ID); got != btp.Registered {
			t.Errorf("status %q, want registered", got)
		}
	})
	t.Run("ends with it", func(t *testing.T) {
		s, tok := r.register("Outlet", commerce)
		first := r.announced(tok.JWS)
		signed, err := r.Renew(t.Context(), first, r.csr(first.Subject()))
		if err != nil {
			t.Fatal(err)
		}
		second, err := r.Authenticate(t.Context(), chain(t, signed))
		if err != nil {
			t.Fatal(err)
		}
		live := r.issue(s.ID)
		_, err = r.Authenticate(t.Context(), chain(t, signed))
		wantCode(t, err, btp.CertificateRevoked)
		// What was recognised before the new token came changes nothing after it.
		for name, late := range map[string]error{
			"descriptor": r.SetDescriptor(t.Context(), second, btp.Descriptor{TenantID: "commerce"}),
			"report":     r.ReportFailure(t.Context(), "", &second, "late"),
		} {
			if got := btp.CodeOf(late); got != btp.CertificateRevoked {
				t.Errorf("late %s: got %q, want %q", name, got, btp.CertificateRevoked)
			}
		}
		_, err = r.CreateService(t.Context(), second, btp.Service{Name: "late"})
		wantCode(t, err, btp.CertificateRevoked)
		if got := r.status(s.ID); got != btp.Pending {
			t.Fatalf("status %q, want pending", got)
		}
		r.pair(live.JWS)
	})
}

// Rule: failed-pairing-keeps-nothing
func TestFailedSystemHasNoLiveToken(t *testing.T) {
	t.Parallel()
	r := open(t, policy(func(p *btp.Policy) { p.AbandonedIsError = true }))
	s, tok := r.register("Web Shop", commerce)
	if _, err := r.present(tok.JWS); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Hour)
	if got := r.status(s.ID); got != btp.Failed {
		t.Fatalf("status %q, want error", got)
	}
	_, err := r.present(tok.JWS)
	wantCode(t, err, btp.TokenExpired)
	r.advance(24 * time.Hour) // nothing that is due stands in the way
}

// Rule: clock-never-back
func TestClockHasAnEnd(t *testing.T) {
	t.Parallel()
	r := open(t)
	_, err := r.ChangeClock(t.Context(), btp.ClockChange{Advance: 80 * 365 * 24 * time.Hour})
	wantCode(t, err, btp.InvalidRequest)
	end := time.Date(2098, time.January, 1, 0, 0, 0, 0, time.UTC)
	if _, err := r.ChangeClock(t.Context(), btp.ClockChange{Set: end}); err != nil {
		t.Fatal(err)
	}
	_, err = r.ChangeClock(t.Context(), btp.ClockChange{Advance: time.Nanosecond})
	wantCode(t, err, btp.InvalidRequest)
	_, tok := r.register("Web Shop", commerce)
	r.pair(tok.JWS) // certificates are still signed
}

func TestCertificatesOfASystemAreBounded(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, tok := r.register("Web Shop", commerce)
	caller, err := r.Authenticate(t.Context(), r.pair(tok.JWS))
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		if _, err := r.Renew(t.Context(), caller, r.csr(caller.Subject())); err != nil {
			t.Fatal(err)
		}
	}
	v, err := r.System(t.Context(), s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Certificates) != 32 {
		t.Errorf("%d certificates are kept, want 32", len(v.Certificates))
	}
	inUse := false
	for _, c := range v.Certificates {
		inUse = inUse || c.Serial == caller.Certificate.Serial
	}
	if !inUse {
		t.Error("the certificate in use was let go")
	}
}

// Rule: processes-agree
func TestTwoProcessesOnOneStoreAgreeOnTheTime(t *testing.T) {
	t.Parallel()
	store := twice{memory.New()}
	kept := func(c *btp.Config) { c.Store = store }
	a, b := open(t, kept), open(t, kept)
	a.advance(time.Hour)
	_, tok := a.register("Web Shop", commerce)
	opened, err := b.present(tok.JWS)
	if err != nil {
		t.Fatalf("a token made after the clock moved elsewhere: %v", err)
	}
	a.advance(5 * time.Minute)
	signed, err := a.SignCSR(t.Context(), opened.FollowUp, a.csr(opened.Subject))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Authenticate(t.Context(), chain(t, signed)); err != nil {
		t.Errorf("a certificate signed after the clock moved elsewhere: %v", err)
	}
	if _, err := a.RotateKey(t.Context(), "EdDSA"); err != nil {
		t.Fatal(err)
	}
	_, rotated := a.register("Sales", c4c)
	if _, err := b.present(rotated.JWS); err != nil {
		t.Errorf("a token of a key rotated elsewhere: %v", err)
	}
}
