package btp_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
)

// Rule: registered-by-first-call
func TestPairingWithoutDescriptorRegistersAtTheFirstCall(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, tok := r.register("Web Shop", commerce)
	opened, err := r.present(tok.JWS)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.status(s.ID); got != btp.Pending {
		t.Fatalf("after info: status %q, want pending", got)
	}
	signed, err := r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
	if err != nil {
		t.Fatal(err)
	}
	if got := r.status(s.ID); got != btp.Pending {
		t.Fatalf("with a certificate: status %q, want pending", got)
	}
	caller, err := r.Authenticate(t.Context(), chain(t, signed))
	if err != nil {
		t.Fatal(err)
	}
	if caller.System.ID != s.ID || caller.System.Status != btp.Registered {
		t.Fatalf("caller is %s in status %q, want %s registered", caller.System.ID, caller.System.Status, s.ID)
	}
}

// Rule: registered-by-descriptor
func TestAnnouncedTenantRegistersWithItsDescriptor(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, tok := r.register("Web Shop", commerce)
	opened, err := r.OpenPairing(t.Context(), btp.Presentation{JWS: tok.JWS, Tenant: "commerce", SystemType: commerce})
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
	if got := r.status(s.ID); got != btp.Pending {
		t.Fatalf("after the first call: status %q, want pending", got)
	}
	if err := r.SetDescriptor(t.Context(), caller, btp.Descriptor{TenantID: "commerce"}); err != nil {
		t.Fatal(err)
	}
	v, err := r.System(t.Context(), s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v.Status != btp.Registered || v.System.Tenant == nil || v.System.Tenant.TenantID != "commerce" {
		t.Fatalf("got status %q and tenant %+v, want registered by commerce", v.Status, v.System.Tenant)
	}
}

// Rule: token-validity-cx, token-validity-marketing, token-expiry-keeps-status
func TestTokenAtItsBoundaries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, systemType string
		after            time.Duration
		want             btp.Code
	}{
		{"CX at once", commerce, 0, ""},
		{"CX in the last second", commerce, 10*time.Minute - time.Second, ""},
		{"CX at the tenth minute", commerce, 10 * time.Minute, btp.TokenExpired},
		{"CX later", c4c, time.Hour, btp.TokenExpired},
		{"Marketing after six days and 23 hours", marketing, 6*24*time.Hour + 23*time.Hour, ""},
		{"Marketing after seven days", marketing, 7 * 24 * time.Hour, btp.TokenExpired},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := open(t)
			s, tok := r.register("s", test.systemType)
			if test.after > 0 {
				r.advance(test.after)
			}
			_, err := r.present(tok.JWS)
			wantCode(t, err, test.want)
			if got := r.status(s.ID); got != btp.Pending {
				t.Fatalf("status %q, want pending", got)
			}
		})
	}
}

// Rule: token-refusal-changes-nothing, token-bound-to-type
func TestRefusedBeforeAcceptanceChangesNothing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		jws  func(r *registry, s btp.System, tok *btp.IssuedToken) string
		as   string
		want btp.Code
	}{
		{"no token", func(*registry, btp.System, *btp.IssuedToken) string { return "" }, "", btp.TokenMissing},
		{"no JWS", func(*registry, btp.System, *btp.IssuedToken) string { return "abc" }, "", btp.TokenMalformed},
		{"tampered signature", func(_ *registry, _ btp.System, tok *btp.IssuedToken) string {
			return tok.JWS[:len(tok.JWS)-6] + "AAAAAA"
		}, "", btp.TokenForged},
		{"of another registry", func(r *registry, _ btp.System, _ *btp.IssuedToken) string {
			_, other := open(r.t).register("Web Shop", commerce)
			return other.JWS
		}, "", btp.TokenForeign},
		{"of another product", func(_ *registry, _ btp.System, tok *btp.IssuedToken) string { return tok.JWS }, c4c, btp.TokenWrongType},
		{"an older one", func(r *registry, s btp.System, tok *btp.IssuedToken) string {
			r.issue(s.ID)
			return tok.JWS
		}, "", btp.TokenVoid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := open(t)
			s, tok := r.register("Web Shop", commerce)
			jws := test.jws(r, s, tok)
			before, err := r.System(t.Context(), s.ID)
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.OpenPairing(t.Context(), btp.Presentation{JWS: jws, SystemType: test.as})
			wantCode(t, err, test.want)
			if jws != "" && strings.Contains(err.Error(), jws) {
				t.Error("the refusal quotes the token")
			}
			after, err := r.System(t.Context(), s.ID)
			if err != nil {
				t.Fatal(err)
			}
			if before.Status != after.Status || *before.Token != *after.Token {
				t.Errorf("the refusal changed %+v to %+v", before, after)
			}
			found := false
			entries, _ := r.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Kind: btp.EntryRefusal}})
			for _, e := range entries {
				found = found || e.Rule == string(test.want)
			}
			if !found {
				t.Errorf("the journal has no refusal %s: %+v", test.want, entries)
			}
		})
	}
}

// TestSignedTokenThatContradictsItsRecord: a signature by the environment's own key is
// not all. What the token says has to be what was noted when it was made.
func TestSignedTokenThatContradictsItsRecord(t *testing.T) {
	t.Parallel()
	cfg := config()
	r := open(t, func(c *btp.Config) { c.Store = cfg.Store })
	s, tok := r.register("Web Shop", commerce)
	other, _ := r.register("Outlet", commerce)
	var key btp.SigningKey
	var issuer string
	err := cfg.Store.View(t.Context(), btp.DefaultEnvironment, func(tx btp.Tx) error {
		keys, err := tx.Keys().List()
		if err != nil {
			return err
		}
		key = keys[0]
		env, _, err := tx.Environment().Find()
		issuer = env.Issuer()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*btp.Claims)
		want   btp.Code
	}{
		"another system":         {func(c *btp.Claims) { c.Subject = other.ID }, btp.TokenUnknown},
		"a system that is gone":  {func(c *btp.Claims) { c.Subject = "gone" }, btp.TokenUnknown},
		"a token never noted":    {func(c *btp.Claims) { c.ID = "never" }, btp.TokenUnknown},
		"another global account": {func(c *btp.Claims) { c.GlobalAccount = "other" }, btp.TokenWrongAccount},
		"another type":           {func(c *btp.Claims) { c.SystemType = c4c }, btp.TokenWrongType},
	} {
		claims := btp.Claims{
			Issuer: issuer, Audience: btp.TokenAudience, Subject: s.ID, ID: tok.ID, IssuedAt: tok.IssuedAt, ExpiresAt: tok.ExpiresAt,
			GlobalAccount: s.GlobalAccount, SystemType: s.Type, Edition: "v1",
		}
		test.change(&claims)
		jws, err := cfg.Tokens.Sign(key, claims)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.present(jws); btp.CodeOf(err) != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
	if _, err := r.present(tok.JWS); err != nil {
		t.Errorf("the token itself: %v", err)
	}
}

// Rule: token-single-use
func TestTokenIsUsedOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	_, tok := r.register("Web Shop", commerce)
	if _, err := r.present(tok.JWS); err != nil {
		t.Fatal(err)
	}
	_, err := r.present(tok.JWS)
	wantCode(t, err, btp.TokenUsed)
}

// hesitant is a store whose reads take a moment to come back: what a rule has read in a
// step of its own is old by the time it changes something.
type hesitant struct{ btp.Store }

func (s hesitant) View(ctx context.Context, env btp.EnvironmentID, read func(btp.Tx) error) error {
	err := s.Store.View(ctx, env, read)
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	<-timer.C
	return err
}

// TestRacingRedemptions runs 10 rounds of 64 racing redemptions on each store, by one
// process and, where a store is shared, by three; with PAIRSIM_VOLUME=full, as make soak
// sets it, 1,000 rounds.
//
// Rule: token-one-winner
func TestRacingRedemptions(t *testing.T) {
	rounds := 10
	if os.Getenv("PAIRSIM_VOLUME") == "full" {
		rounds = 1000
	}
	race := func(name string, processes int, place func(*testing.T) func(*testing.T) btp.Store) {
		t.Run(fmt.Sprintf("%s, %d processes", name, processes), func(t *testing.T) {
			t.Parallel()
			process := place(t)
			var all []*registry
			for range processes {
				all = append(all, open(t, func(c *btp.Config) { c.Store = hesitant{process(t)} }))
			}
			s, tok := all[0].register("Web Shop", commerce)
			for round := range rounds {
				if accepted, used := raceFor(tok.JWS, all...); accepted != 1 || used != 63 {
					t.Fatalf("round %d: %d accepted and %d refused as used, want 1 and 63", round, accepted, used)
				}
				tok = all[round%processes].issue(s.ID)
			}
			t.Logf("%d rounds of 64, one accepted in each", rounds)
		})
	}
	race("memory", 1, func(*testing.T) func(*testing.T) btp.Store {
		return func(*testing.T) btp.Store { return memory.New() }
	})
	for name, place := range sharedStores {
		race(name, 1, place)
		race(name, 3, place)
	}
}

// raceFor presents one token 64 times at once, to one process after the other.
func raceFor(jws string, processes ...*registry) (accepted, used int32) {
	var won, lost atomic.Int32
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range 64 {
		group.Go(func() {
			<-start
			_, err := processes[i%len(processes)].present(jws)
			if err == nil {
				won.Add(1)
			} else if btp.CodeOf(err) == btp.TokenUsed {
				lost.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	return won.Load(), lost.Load()
}

// Rule: token-newest-wins, failed-pairing-keeps-nothing
func TestNewTokenEndsAnOpenPairing(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, tok := r.register("Web Shop", commerce)
	opened, err := r.present(tok.JWS)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
	if err != nil {
		t.Fatal(err)
	}
	second := r.issue(s.ID)
	_, err = r.Authenticate(t.Context(), chain(t, signed))
	wantCode(t, err, btp.CertificateRevoked)
	if got := r.status(s.ID); got != btp.Pending {
		t.Fatalf("status %q, want pending", got)
	}
	r.pair(second.JWS)
	if got := r.status(s.ID); got != btp.Registered {
		t.Fatalf("status %q, want registered", got)
	}
}

// Rule: followup-token
func TestFollowUpTokenIsSpentByTheCertificate(t *testing.T) {
	t.Parallel()
	r := open(t)
	_, tok := r.register("Web Shop", commerce)
	opened, err := r.present(tok.JWS)
	if err != nil {
		t.Fatal(err)
	}
	if len(opened.FollowUp) != 88 || !strings.HasSuffix(opened.FollowUp, "==") {
		t.Errorf("follow-up token %q: want 88 characters ending in == (pairing-protocols §1.3)", opened.FollowUp)
	}
	if _, err := r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject)); err != nil {
		t.Fatal(err)
	}
	_, err = r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
	wantCode(t, err, btp.FollowUpInvalid)
}

// Rule: csr-may-be-mended, csr-five-refusals
func TestRejectedCSRMayBeRetriedFourTimes(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, tok := r.register("Web Shop", commerce)
	opened, err := r.present(tok.JWS)
	if err != nil {
		t.Fatal(err)
	}
	wrong := opened.Subject
	wrong.CommonName = "someone-else"
	for i := range 5 {
		if got := r.status(s.ID); got != btp.Pending {
			t.Fatalf("after %d refused requests: status %q, want pending", i, got)
		}
		_, err := r.SignCSR(t.Context(), opened.FollowUp, r.csr(wrong))
		wantCode(t, err, btp.CSRSubjectInvalid)
	}
	v, err := r.System(t.Context(), s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if v.Status != btp.Failed || v.Failure == nil || v.Failure.Step != btp.PointCSR || v.Failure.Component != "BC-CP-MP" {
		t.Fatalf("got status %q and failure %+v, want error at pairing.csr for BC-CP-MP", v.Status, v.Failure)
	}
	_, err = r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
	wantCode(t, err, btp.FollowUpInvalid)
}

// Rule: csr-burns-as-compass
func TestRejectedCSRBurnsTheTokenAsInCompass(t *testing.T) {
	t.Parallel()
	r := open(t, policy(func(p *btp.Policy) { p.BurnOnRejectedCSR = true }))
	s, tok := r.register("Web Shop", commerce)
	opened, err := r.present(tok.JWS)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.SignCSR(t.Context(), opened.FollowUp, "%%%")
	wantCode(t, err, btp.CSRMalformed)
	_, err = r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
	wantCode(t, err, btp.FollowUpInvalid)
	if got := r.status(s.ID); got != btp.Pending {
		t.Fatalf("status %q, want pending", got)
	}
}

// Rule: attempt-abandoned, attempt-deadline
func TestAbandonedAttempt(t *testing.T) {
	t.Parallel()
	for _, asError := range []bool{false, true} {
		r := open(t, policy(func(p *btp.Policy) { p.AbandonedIsError = asError }))
		s, tok := r.register("Web Shop", commerce)
		opened, err := r.present(tok.JWS)
		if err != nil {
			t.Fatal(err)
		}
		r.advance(10*time.Minute - time.Nanosecond)
		if got := r.status(s.ID); got != btp.Pending {
			t.Fatalf("before the deadline: status %q, want pending", got)
		}
		r.advance(time.Nanosecond)
		want := btp.Pending
		if asError {
			want = btp.Failed
		}
		if got := r.status(s.ID); got != want {
			t.Fatalf("abandoned (as error: %v): status %q, want %q", asError, got, want)
		}
		_, err = r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
		wantCode(t, err, btp.FollowUpInvalid)
		if !asError {
			r.pair(r.issue(s.ID).JWS)
		}
	}
}

// Rule: failure-report, pairing-failure-is-error
func TestReportedFailure(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		edition, systemType string
		newToken            btp.Code
		component           string
	}{
		{"v1", commerce, btp.StatusForbids, "BC-CP-MP"},
		{"v1", marketing, "", "BC-NEO-EXT-S4C"},
		{"v2", commerce, btp.StatusForbids, "BC-CP-MP"},
		{"v2", marketing, btp.StatusForbids, "BC-NEO-EXT-S4C"},
	} {
		r := open(t, edition(test.edition))
		s, _ := r.register("Web Shop", test.systemType)
		opened, err := r.present(r.issue(s.ID).JWS)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.ReportFailure(t.Context(), opened.FollowUp, nil, "disk full"); err != nil {
			t.Fatal(err)
		}
		v, err := r.System(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		if v.Status != btp.Failed || !strings.Contains(v.Failure.Cause, "disk full") || v.Failure.Component != test.component {
			t.Fatalf("%s %s: got %q %+v", test.edition, test.systemType, v.Status, v.Failure)
		}
		_, err = r.IssueToken(t.Context(), s.ID, infoURL, "")
		wantCode(t, err, test.newToken)
	}
}

// Rule: token-quota
func TestTokenQuotaCountsLiveUnusedTokensOfTheType(t *testing.T) {
	t.Parallel()
	r := open(t)
	var first *btp.IssuedToken
	for i := range btp.TokenQuota {
		_, tok := r.register("shop "+strings.Repeat("i", i%90+1)+string(rune('a'+i/90)), commerce)
		if first == nil {
			first = tok
		}
	}
	_, _, err := r.Register(t.Context(), "default", "one more", commerce, infoURL, "")
	wantCode(t, err, btp.TokenQuotaExceeded)
	if _, _, err := r.Register(t.Context(), "default", "another type", c4c, infoURL, ""); err != nil {
		t.Fatalf("another type: %v", err)
	}
	page, _, err := r.Systems(t.Context(), btp.SystemFilter{GlobalAccount: "default", Name: "one more", Limit: 1})
	if err != nil || len(page) != 0 {
		t.Fatalf("the refused system was kept: %v %v", page, err)
	}
	if _, err := r.present(first.JWS); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Register(t.Context(), "default", "in the free place", commerce, infoURL, ""); err != nil {
		t.Fatalf("after one was used: %v", err)
	}
	r.advance(10 * time.Minute)
	if _, _, err := r.Register(t.Context(), "default", "after expiry", commerce, infoURL, ""); err != nil {
		t.Fatalf("after all expired: %v", err)
	}
}

// Rule: clock-due-work-in-order, token-expires-at-its-instant
func TestDueWorkFiresInOrderAtItsOwnInstants(t *testing.T) {
	t.Parallel()
	r := open(t)
	a, _ := r.register("a", commerce)
	r.advance(time.Minute)
	b, _ := r.register("b", commerce)
	r.advance(time.Hour)
	entries, _ := r.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Kind: btp.EntryDue}})
	if len(entries) != 2 {
		t.Fatalf("got %d due entries, want 2: %+v", len(entries), entries)
	}
	for i, want := range []struct {
		system btp.SystemID
		at     time.Time
	}{{a.ID, epoch.Add(10 * time.Minute)}, {b.ID, epoch.Add(11 * time.Minute)}} {
		if entries[i].About.System != want.system || !entries[i].At.Equal(want.at) {
			t.Errorf("entry %d is %s at %s, want %s at %s", i, entries[i].About.System, entries[i].At, want.system, want.at)
		}
	}
	if want := epoch.Add(61 * time.Minute); !r.Now().Equal(want) {
		t.Errorf("the clock shows %s, want %s", r.Now(), want)
	}
}

// Rule: token-key-rotation
func TestRotatedKeysVerifyUntilTheirLastTokenExpires(t *testing.T) {
	t.Parallel()
	r := open(t)
	_, tok := r.register("Web Shop", marketing)
	old := tok.KeyID
	for _, algorithm := range []btp.KeyAlgorithm{"RS256", "EdDSA"} {
		if _, err := r.RotateKey(t.Context(), algorithm); err != nil {
			t.Fatal(err)
		}
	}
	set, err := r.JWKS(t.Context())
	if err != nil || !strings.Contains(string(set), old) {
		t.Fatalf("the key set %s lacks %s (%v)", set, old, err)
	}
	r.advance(6 * 24 * time.Hour)
	if _, err := r.present(tok.JWS); err != nil {
		t.Fatalf("a live token of the old key: %v", err)
	}
	r.advance(24 * time.Hour)
	_, err = r.present(tok.JWS)
	wantCode(t, err, btp.TokenExpired)
	r.advance(25 * time.Hour)
	if set, err = r.JWKS(t.Context()); err != nil || strings.Contains(string(set), old) {
		t.Fatalf("after the last expiry the key set %s still has %s (%v)", set, old, err)
	}
	_, err = r.RotateKey(t.Context(), "HS256")
	wantCode(t, err, btp.KeyAlgorithmUnsupported)
}

// Rule: certificate-90-days, certificate-revocation, certificate-renewal
func TestCertificateLife(t *testing.T) {
	t.Parallel()
	r := open(t)
	_, tok := r.register("Web Shop", commerce)
	first := r.pair(tok.JWS)
	caller, err := r.Authenticate(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if got := first[0].NotAfter.Sub(first[0].NotBefore); got != 90*24*time.Hour {
		t.Errorf("validity %s, want 90 days", got)
	}
	r.advance(80 * 24 * time.Hour)
	signed, err := r.Renew(t.Context(), caller, r.csr(caller.Subject()))
	if err != nil {
		t.Fatal(err)
	}
	second := chain(t, signed)
	if _, err := r.Authenticate(t.Context(), first); err != nil {
		t.Errorf("the old certificate after renewal: %v", err)
	}
	r.advance(11 * 24 * time.Hour)
	_, err = r.Authenticate(t.Context(), first)
	wantCode(t, err, btp.CertificateExpired)
	renewed, err := r.Authenticate(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	before := renewed
	for range 2 {
		if err := r.Revoke(t.Context(), renewed); err != nil {
			t.Fatalf("revoke: %v", err)
		}
	}
	_, err = r.Renew(t.Context(), before, r.csr(before.Subject()))
	wantCode(t, err, btp.CertificateRevoked) // also for who was recognised before it was revoked
	renewed, err = r.Authenticate(t.Context(), second)
	if err != nil {
		t.Fatalf("a revoked certificate blocks renewal only: %v", err)
	}
	_, err = r.Renew(t.Context(), renewed, r.csr(renewed.Subject()))
	wantCode(t, err, btp.CertificateRevoked)
}

// Rule: certificate-needed
func TestCertificateOfAnotherRegistry(t *testing.T) {
	t.Parallel()
	r, other := open(t), open(t)
	_, tok := other.register("Web Shop", commerce)
	_, err := r.Authenticate(t.Context(), other.pair(tok.JWS))
	wantCode(t, err, btp.CertificateForeign)
	_, err = r.Authenticate(t.Context(), nil)
	wantCode(t, err, btp.CertificateMissing)
}
