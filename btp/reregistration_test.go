package btp_test

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// Rule: system-name-kept-by-tenant
func TestNameOfAMarketingSystemIsFreeWithItsExtension(t *testing.T) {
	t.Parallel()
	phone := &telephone{}
	r := open(t, edition("v1"), notifier(phone))
	s, _ := r.registered("Campaigns", marketing, "marketing")
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	_, _, err := r.Register(t.Context(), "default", "Campaigns", marketing, infoURL, "")
	wantCode(t, err, btp.NameTaken)
	if !strings.Contains(err.Error(), "marketing") {
		t.Errorf("the refusal %q does not name the tenant", err)
	}
	wantCode(t, r.DeleteExtension(t.Context(), "guessed", nil), btp.ReleaseTokenInvalid)
	release := phone.told()[0].ReleaseToken
	if err := r.DeleteExtension(t.Context(), release, nil); err != nil {
		t.Fatal(err)
	}
	wantCode(t, r.DeleteExtension(t.Context(), release, nil), btp.ReleaseTokenInvalid)
	r.register("Campaigns", marketing)
}

// Rule: system-name-free-with-row
func TestNameOfACXSystemIsFreeWithItsRow(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v1"), notifier(&telephone{}))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	again, _ := r.register("Web Shop", commerce)
	if again.ID == s.ID || again.ApplicationName != s.ApplicationName {
		t.Errorf("got %+v, want a new row with the application name free again", again)
	}
}

// Rule: reregister-same-tenant
func TestReRegistrationBySameTenantOnly(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), notifier(&telephone{}))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	tok := r.issue(s.ID)
	_, err := r.OpenPairing(t.Context(), btp.Presentation{JWS: tok.JWS, Tenant: "other"})
	wantCode(t, err, btp.TenantMismatch)
	// The refusal changed nothing: a tenant that announces nobody is not told
	// apart until its descriptor.
	opened, err := r.OpenPairing(t.Context(), btp.Presentation{JWS: tok.JWS, Tenant: "commerce"})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
	if err != nil {
		t.Fatal(err)
	}
	caller, err := r.Authenticate(t.Context(), chain(t, signed))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, r.SetDescriptor(t.Context(), caller, btp.Descriptor{TenantID: "other"}), btp.TenantMismatch)
	if got := r.status(s.ID); got != btp.Pending {
		t.Fatalf("status %q, want pending", got)
	}
	if err := r.SetDescriptor(t.Context(), caller, btp.Descriptor{TenantID: "commerce"}); err != nil {
		t.Fatal(err)
	}
	if got := r.status(s.ID); got != btp.Registered {
		t.Errorf("status %q, want registered", got)
	}
}

// Rule: reregister-same-tenant
func TestClientWithoutTenantRegistersAgain(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"), notifier(&telephone{}))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	caller := r.recognised(r.pair(r.issue(s.ID).JWS))
	if got := r.status(s.ID); got != btp.Registered {
		t.Errorf("status %q, want registered", got)
	}
	// What it describes later is held against the former tenant.
	wantCode(t, r.SetDescriptor(t.Context(), caller, btp.Descriptor{TenantID: "other"}), btp.TenantMismatch)
	if err := r.SetDescriptor(t.Context(), caller, btp.Descriptor{TenantID: "commerce"}); err != nil {
		t.Errorf("the former tenant is refused: %v", err)
	}
	if err := r.SetDescriptor(t.Context(), caller, btp.Descriptor{TenantID: "renamed"}); err != nil {
		t.Errorf("a tenant that has registered again is held to its former name: %v", err)
	}
}

// A tenant that deletes its extension while it pairs, and then pairs again, has
// something to end.
//
// Rule: deregister-tells-tenant
func TestTenantIsToldAfterItPairedAgain(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		phone := &telephone{}
		r := open(t, edition(id), notifier(phone))
		s, _ := r.register("Campaigns", marketing)
		opened, err := r.OpenPairing(t.Context(), btp.Presentation{JWS: r.issue(s.ID).JWS, Tenant: "marketing"})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
		if err != nil {
			t.Fatal(err)
		}
		caller, err := r.Recognise(t.Context(), chain(t, signed))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.DeleteExtension(t.Context(), "", &caller); err != nil {
			t.Fatal(err)
		}
		r.pairTenant(r.issue(s.ID).JWS, "marketing")
		if _, err := r.Deregister(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		if got := len(phone.told()); got != 1 {
			t.Errorf("the tenant was told %d times, want once", got)
		}
	})
}
