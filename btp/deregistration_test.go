package btp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
)

// Rule: deregister-tells-tenant, deregister-revokes-all, deregister-when-free
func TestDeregistrationTellsTheTenantThenRevokes(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		phone := &telephone{}
		r := open(t, edition(id), notifier(phone))
		s, caller := r.registered("Web Shop", commerce, "commerce")
		phone.answers(func(context.Context, btp.Notice) error {
			// Credentials are good until the tenant knows.
			if err := r.CheckApplication(t.Context(), caller, s.ApplicationName); err != nil {
				t.Errorf("while the tenant is told: %v", err)
			}
			if got := r.status(s.ID); got != btp.Deregistering {
				t.Errorf("while the tenant is told the status is %q", got)
			}
			return nil
		})
		accepted, err := r.Deregister(t.Context(), s.ID)
		if err != nil || accepted.Status != btp.Deregistering {
			t.Fatalf("got status %q (%v), want deregistering", accepted.Status, err)
		}
		notices := phone.told()
		if len(notices) != 1 || notices[0].CallbackURL != "http://tenant.test/callback" || notices[0].System != s.ID {
			t.Fatalf("the tenant was told %+v, want one notice", notices)
		}
		claims, header, err := token.Peek(notices[0].JWT)
		if err != nil || header.KeyID == "" {
			t.Fatal(err)
		}
		if claims.Audience != btp.DeregistrationAudience || claims.Subject != string(s.ID) || claims.Tenant != "commerce" || claims.Issuer != r.Issuer() ||
			!claims.ExpiresAt.Equal(epoch.Add(5*time.Minute)) {
			t.Errorf("claims %+v", claims)
		}
		_, err = r.CreateService(t.Context(), caller, btp.Service{Name: "late"})
		if id == "v1" {
			r.gone(s.ID)
			wantCode(t, err, btp.CertificateUnknown)
			return
		}
		wantCode(t, err, btp.CertificateRevoked)
		v, err := r.System(t.Context(), s.ID)
		if err != nil || v.Status != btp.Pending || v.Tenant != nil || v.FormerTenant != "commerce" || !v.RegisteredAt.IsZero() {
			t.Errorf("got %+v (%v), want the row with the empty status", v.System, err)
		}
	})
}

// Rule: notice-is-signed
func TestNoticeIsNoIntegrationToken(t *testing.T) {
	t.Parallel()
	phone := &telephone{}
	r := open(t, edition("v2"), notifier(phone))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	_, err := r.present(phone.told()[0].JWT)
	wantCode(t, err, btp.TokenWrongAudience)
}

// Rule: deregister-blocked-by-formation, deregister-blocked-by-entitlement, deregister-names-blockers
func TestWhatHoldsASystemBlocksItsDeregistration(t *testing.T) {
	t.Parallel()
	for _, systemType := range []string{commerce, "SAP Field Service Management", c4c, marketing} {
		eachEdition(t, func(t *testing.T, id string) {
			r := open(t, edition(id), notifier(&telephone{}))
			s, _ := r.registered("S", systemType, "t")
			f := r.formation("f1", s.ID)
			second := r.formation("f2", s.ID)
			e := r.entitle(s.ID, "api-access")
			blocked := func(want ...string) {
				t.Helper()
				_, err := r.Deregister(t.Context(), s.ID)
				wantCode(t, err, btp.SystemInUse)
				var ids []string
				for _, b := range err.(*btp.Error).Blockers { //nolint:errorlint // wantCode has looked
					ids = append(ids, b.ID)
					if !strings.Contains(err.Error(), b.ID) {
						t.Errorf("the refusal %q does not name %s", err, b.ID)
					}
				}
				if !slices.Equal(ids, want) {
					t.Errorf("blockers %v, want %v", ids, want)
				}
				if got := r.status(s.ID); got != btp.Registered {
					t.Errorf("status %q, want registered", got)
				}
			}
			blocked(string(f.ID), string(second.ID), string(e.ID))
			for _, one := range []btp.FormationID{f.ID, second.ID} {
				if _, err := r.ExcludeSystem(t.Context(), one, s.ID, btp.Match{}); err != nil {
					t.Fatal(err)
				}
			}
			blocked(string(e.ID)) // the last formation is left, an entitlement remains
			if err := r.RemoveEntitlement(t.Context(), "dev", e.ID); err != nil {
				t.Fatal(err)
			}
			third := r.formation("f3", s.ID)
			blocked(string(third.ID)) // and the other way round
			if _, err := r.ExcludeSystem(t.Context(), third.ID, s.ID, btp.Match{}); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Deregister(t.Context(), s.ID); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestFaultBehindTheNotice: a fault at the end strikes for a system whose tenant
// was told too, and the second attempt tells it again.
//
// Rule: deregister-failure-keeps-credentials
func TestFaultBehindTheNotice(t *testing.T) {
	t.Parallel()
	phone := &telephone{}
	r := open(t, edition("v2"), notifier(phone))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	if _, err := r.AddFault(t.Context(), btp.FailAt(btp.PointDeregisterDone, string(s.ID), "the runtime is down", 1)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []btp.Status{btp.DeregisterError, btp.Pending} {
		if _, err := r.Deregister(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		v, err := r.System(t.Context(), s.ID)
		if err != nil || v.Status != want {
			t.Fatalf("got %s (%v), want %s", v.Status, err, want)
		}
		if want == btp.DeregisterError && (v.Failure.Step != btp.PointDeregisterDone || v.Failure.Cause != "the runtime is down") {
			t.Errorf("got failure %+v, want the fault's", v.Failure)
		}
	}
	if got := len(phone.told()); got != 2 {
		t.Errorf("the tenant was told %d times, want 2", got)
	}
}

// Rule: deregister-failure-keeps-credentials, deregister-error-v1-support-only, deregister-error-v2-retry
func TestTenantThatCannotBeTold(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		phone := &telephone{answer: func(context.Context, btp.Notice) error {
			return btp.Errorf(btp.TenantNotTold, "the tenant's callback answered 500")
		}}
		r := open(t, edition(id), notifier(phone))
		s, caller := r.registered("Web Shop", commerce, "commerce")
		if _, err := r.Deregister(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		v, err := r.System(t.Context(), s.ID)
		if err != nil || v.Status != btp.DeregisterError || v.Failure == nil || v.Failure.Step != btp.PointDeregisterTell ||
			v.Failure.Component != "BC-CP-MP" || !strings.Contains(v.Failure.Cause, "500") || !v.Failure.At.Equal(epoch) {
			t.Fatalf("got %+v, failure %+v (%v)", v.System, v.Failure, err)
		}
		if _, err := r.CreateService(t.Context(), caller, btp.Service{Name: "still"}); err != nil {
			t.Errorf("credentials are not intact: %v", err)
		}
		incidents := r.openIncidents()
		if len(incidents) != 1 || incidents[0].Subject.ID != string(s.ID) || incidents[0].Component != "BC-CP-MP" {
			t.Fatalf("incidents %+v, want one about the system", incidents)
		}
		_, err = r.Deregister(t.Context(), s.ID)
		if id == "v1" {
			wantCode(t, err, btp.StatusForbids)
			if _, err := r.ResolveIncident(t.Context(), incidents[0].ID, ""); err != nil {
				t.Fatal(err)
			}
			r.gone(s.ID)
			_, err = r.ResolveIncident(t.Context(), incidents[0].ID, "")
			wantCode(t, err, btp.IncidentIsResolved)
			return
		}
		if err != nil {
			t.Fatalf("v2 may try again: %v", err)
		}
		if got := r.status(s.ID); got != btp.DeregisterError {
			t.Fatalf("status %q after the second try", got)
		}
		phone.answers(nil)
		if _, err := r.Deregister(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		if got := r.status(s.ID); got != btp.Pending || len(r.openIncidents()) != 0 {
			t.Errorf("status %q, open incidents %v", got, r.openIncidents())
		}
	})
}

// Rule: deregister-error-v1-support-only
func TestSupportCompletesWithoutTheTenant(t *testing.T) {
	t.Parallel()
	phone := &telephone{answer: func(context.Context, btp.Notice) error { return btp.Errorf(btp.TenantNotTold, "no answer") }}
	r := open(t, edition("v1"), notifier(phone))
	s, _ := r.registered("Campaigns", marketing, "marketing")
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ResolveIncident(t.Context(), r.openIncidents()[0].ID, "done by hand"); err != nil {
		t.Fatal(err)
	}
	r.gone(s.ID)
	r.register("Campaigns", marketing) // nobody could free the name otherwise
}

// Rule: system-name-kept-by-tenant
func TestExtensionDeletedBeforeDeregistration(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		phone := &telephone{}
		r := open(t, edition(id), notifier(phone))
		s, caller := r.registered("Campaigns", marketing, "marketing")
		if err := r.DeleteExtension(t.Context(), "", &caller); err != nil {
			t.Fatal(err)
		}
		if got := r.status(s.ID); got != btp.Registered {
			t.Errorf("status %q; the cockpit does not know", got)
		}
		wantCode(t, r.DeleteExtension(t.Context(), "", &caller), btp.CertificateRevoked)
		if _, err := r.Deregister(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		if len(phone.told()) != 0 {
			t.Errorf("a tenant was told that had nothing left to end: %+v", phone.told())
		}
		if id == "v2" {
			if _, err := r.Remove(t.Context(), s.ID); err != nil {
				t.Fatal(err)
			}
		}
		r.register("Campaigns", marketing)
	})
}

// TestExtensionWithInstancesStays: what stands on the tenant goes first (SEED-004), and the
// refusal takes nothing back.
//
// Rule: extension-in-use
func TestExtensionWithInstancesStays(t *testing.T) {
	t.Parallel()
	r := open(t, notifier(&telephone{}))
	s, caller := r.registered("Campaigns", marketing, "marketing")
	change := func(do func(*btp.Step) error) {
		t.Helper()
		if err := r.Amend(t.Context(), do); err != nil {
			t.Fatal(err)
		}
	}
	change(func(step *btp.Step) error {
		return step.Objects().Put(btp.Object{
			Kind: btp.KindServiceInstance, ID: "i1", Scope: "dev", Name: "contacts", System: s.ID, Sequence: step.NextSequence(), Document: []byte("{}"),
		})
	})
	err := r.DeleteExtension(t.Context(), "", &caller)
	wantCode(t, err, btp.ExtensionInUse)
	if got := err.(*btp.Error).Blockers; len(got) != 1 || got[0].ID != "i1" { //nolint:errorlint // wantCode has looked
		t.Errorf("blockers %+v, want the instance", got)
	}
	change(func(step *btp.Step) error { return step.Objects().Delete(btp.KindServiceInstance, "i1") })
	if err := r.DeleteExtension(t.Context(), "", &caller); err != nil {
		t.Errorf("without instances: %v", err)
	}
}

// Rule: transition-policies, deregister-shows-deregistering
func TestTransitionsTakeTheirTime(t *testing.T) {
	t.Parallel()
	slow := policy(func(p *btp.Policy) {
		p.Transitions = map[btp.Transition]btp.TransitionPolicy{ //nolint:exhaustive // synchronizing takes no time
			btp.TransitionDeregistering: {After: time.Minute}, btp.TransitionRemoving: {After: time.Hour},
		}
	})
	phone := &telephone{}
	r := open(t, edition("v2"), slow, notifier(phone))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	_, err := r.Deregister(t.Context(), s.ID)
	wantCode(t, err, btp.StatusForbids)
	_, err = r.CreateFormation(t.Context(), "default", btp.NewFormation{Name: "f", Type: btp.SideBySideWithKyma, Systems: []btp.SystemID{s.ID}}, "")
	wantCode(t, err, btp.SystemNotRegistered)
	r.advance(59 * time.Second)
	if got := r.status(s.ID); got != btp.Deregistering || len(phone.told()) != 0 {
		t.Fatalf("status %q, told %d times", got, len(phone.told()))
	}
	r.advance(time.Second)
	if got := r.status(s.ID); got != btp.Pending || len(phone.told()) != 1 {
		t.Fatalf("status %q, told %d times", got, len(phone.told()))
	}
	if _, err := r.Remove(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	_, err = r.IssueToken(t.Context(), s.ID, infoURL, "")
	wantCode(t, err, btp.StatusForbids)
	r.advance(time.Hour)
	r.gone(s.ID)
}

// Rule: error-opens-incident
func TestEveryFailureOpensAnIncident(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		r := open(t, edition(id))
		s, tok := r.register("Campaigns", marketing)
		if tok == nil {
			tok = r.issue(s.ID)
		}
		opened, err := r.present(tok.JWS)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.ReportFailure(t.Context(), opened.FollowUp, nil, "out of memory"); err != nil {
			t.Fatal(err)
		}
		incidents := r.openIncidents()
		if len(incidents) != 1 || incidents[0].Component != "BC-NEO-EXT-S4C" || !strings.Contains(incidents[0].Cause, "out of memory") ||
			incidents[0].Step != btp.PointFailureReport || !incidents[0].OpenedAt.Equal(epoch) {
			t.Fatalf("incidents %+v", incidents)
		}
		if id == "v1" { // the documented way out
			r.issue(s.ID)
			if got := r.openIncidents(); len(got) != 0 {
				t.Errorf("open incidents %+v after a new token", got)
			}
			return
		}
		if _, err := r.ResolveIncident(t.Context(), incidents[0].ID, "restarted"); err != nil {
			t.Fatal(err)
		}
		if got := r.status(s.ID); got != btp.Pending {
			t.Errorf("status %q after support resolved it", got)
		}
		r.advance(31 * 24 * time.Hour)
		_, err = r.Incident(t.Context(), incidents[0].ID)
		wantCode(t, err, btp.IncidentNotFound)
	})
}

// A process that dies while it tells a tenant leaves a claim; whoever opens the
// environment next tells it again, once the claim has ended.
//
// Rule: store-survives-death
func TestDeregistrationSurvivesTheProcess(t *testing.T) {
	t.Parallel()
	kept, real := memory.New(), epoch
	shared := func(c *btp.Config) { c.Store = kept; c.RealNow = func() time.Time { return real } }
	phone := &telephone{}
	r := open(t, edition("v1"), shared, notifier(phone))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	phone.answers(func(ctx context.Context, _ btp.Notice) error {
		go r.Close()
		<-ctx.Done()
		return ctx.Err()
	})
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	r.Close()
	again := &telephone{}
	next := open(t, shared, notifier(again))
	if _, _, err := next.FireDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(again.told()) != 0 {
		t.Error("the claim of the dead process was not respected")
	}
	real = real.Add(time.Minute)
	next.advance(0)
	if len(again.told()) != 1 {
		t.Errorf("the tenant was told %d times after the claim had ended", len(again.told()))
	}
	next.gone(s.ID)
}

// A fault in the registration of services is what a tenant gives its pairing up for.
//
// Rule: pairing-failure-is-error
func TestServicesThatCannotBeRegistered(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, tok := r.register("Web Shop", commerce)
	caller := r.recognised(r.pair(tok.JWS))
	if _, err := r.AddFault(t.Context(), btp.FailAt(btp.PointServiceCreate, string(s.ID), "the catalog is closed", 1)); err != nil {
		t.Fatal(err)
	}
	_, err := r.CreateService(t.Context(), caller, btp.Service{Name: "one"})
	wantCode(t, err, btp.FaultInjected)
	if _, err := r.CreateService(t.Context(), caller, btp.Service{Name: "one"}); err != nil {
		t.Errorf("a fault that struck once strikes again: %v", err)
	}
}

// However many transitions end at once, only so many tenants are called at a time,
// and all of them are.
func TestTenantsAreCalledSoManyAtATime(t *testing.T) {
	t.Parallel()
	const systems, most = 80, 32
	var passed atomic.Bool // the minute that deregistering takes
	r := open(t, func(c *btp.Config) {
		c.Policy.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionDeregistering: {After: time.Minute}} //nolint:exhaustive // nothing else happens
		c.StartFrozen = time.Time{}
		c.RealNow = func() time.Time {
			if passed.Load() {
				return epoch.Add(time.Minute)
			}
			return epoch
		}
		for i := range systems {
			c.Landscape.Systems = append(c.Landscape.Systems, btp.DeclaredSystem{
				ID: btp.SystemID(fmt.Sprint("s", i)), GlobalAccount: "default", Name: fmt.Sprint("System ", i), Type: commerce,
				Status: btp.Deregistering, Tenant: &btp.Descriptor{TenantID: "t", CallbackURL: "http://tenant.test"},
			})
		}
		var calls, peak atomic.Int64
		var once sync.Once
		full := make(chan struct{})
		c.Notifier = &telephone{answer: func(context.Context, btp.Notice) error {
			n := calls.Add(1)
			defer calls.Add(-1)
			for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
				continue
			}
			if n == most {
				once.Do(func() { close(full) })
			}
			<-full
			return nil
		}}
		t.Cleanup(func() {
			if got := peak.Load(); got != most {
				t.Errorf("%d tenants were called at a time, want %d", got, most)
			}
		})
	})
	passed.Store(true)
	if _, _, err := r.FireDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.advance(0) // waits for what is under way
	left, _, err := r.Systems(t.Context(), btp.SystemFilter{GlobalAccount: "default", Limit: systems})
	if err != nil || len(left) != 0 {
		t.Errorf("%d systems are left (%v), want none", len(left), err)
	}
}
