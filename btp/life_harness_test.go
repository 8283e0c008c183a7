package btp_test

import (
	"context"
	"crypto/x509"
	"sync"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

// telephone is a Notifier that remembers what it was told, and answers what the
// test wants.
type telephone struct {
	mu      sync.Mutex
	notices []btp.Notice
	answer  func(context.Context, btp.Notice) error
}

func (p *telephone) TellDeregistration(ctx context.Context, n btp.Notice) error {
	p.mu.Lock()
	p.notices = append(p.notices, n)
	answer := p.answer
	p.mu.Unlock()
	if answer == nil {
		return nil
	}
	return answer(ctx, n)
}

func (p *telephone) told() []btp.Notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]btp.Notice(nil), p.notices...)
}

func (p *telephone) answers(answer func(context.Context, btp.Notice) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func notifier(p *telephone) func(*btp.Config) { return func(c *btp.Config) { c.Notifier = p } }

// registered registers a system and pairs it as a tenant that has a callback.
func (r *registry) registered(name, systemType, tenant string) (btp.System, btp.Caller) {
	r.t.Helper()
	s, tok := r.register(name, systemType)
	if tok == nil {
		tok = r.issue(s.ID)
	}
	return s, r.pairTenant(tok.JWS, tenant)
}

func (r *registry) pairTenant(jws, tenant string) btp.Caller {
	r.t.Helper()
	opened, err := r.OpenPairing(r.t.Context(), btp.Presentation{JWS: jws, Tenant: tenant})
	if err != nil {
		r.t.Fatalf("info: %v", err)
	}
	signed, err := r.SignCSR(r.t.Context(), opened.FollowUp, r.csr(opened.Subject))
	if err != nil {
		r.t.Fatalf("sign: %v", err)
	}
	caller, err := r.Authenticate(r.t.Context(), chain(r.t, signed))
	if err != nil {
		r.t.Fatalf("first call: %v", err)
	}
	d := btp.Descriptor{TenantID: tenant, URL: "http://tenant.test", CallbackURL: "http://tenant.test/callback"}
	if err := r.SetDescriptor(r.t.Context(), caller, d); err != nil {
		r.t.Fatalf("descriptor: %v", err)
	}
	return caller
}

// recognised is the caller that has these certificates.
func (r *registry) recognised(chain []*x509.Certificate) btp.Caller {
	r.t.Helper()
	caller, err := r.Recognise(r.t.Context(), chain)
	if err != nil {
		r.t.Fatalf("recognise: %v", err)
	}
	return caller
}

func (r *registry) formation(name string, systems ...btp.SystemID) btp.FormationView {
	r.t.Helper()
	v, err := r.CreateFormation(r.t.Context(), "default", btp.NewFormation{
		Name: name, Type: btp.SideBySideWithKyma, Subaccount: "dev", Systems: systems,
	}, "")
	if err != nil {
		r.t.Fatalf("create formation %q: %v", name, err)
	}
	return v
}

func (r *registry) entitle(system btp.SystemID, plan string) btp.Entitlement {
	r.t.Helper()
	e, err := r.AssignEntitlement(r.t.Context(), "dev", btp.NewEntitlement{System: system, Plan: plan}, "")
	if err != nil {
		r.t.Fatalf("entitle: %v", err)
	}
	return e.Entitlement
}

// gone fails the test if there still is such a system.
func (r *registry) gone(id btp.SystemID) {
	r.t.Helper()
	_, err := r.System(r.t.Context(), id)
	wantCode(r.t, err, btp.SystemNotFound)
}

func (r *registry) applications() []string {
	r.t.Helper()
	list, err := r.RuntimeApplications(r.t.Context(), "dev")
	if err != nil {
		r.t.Fatal(err)
	}
	names := []string{}
	for _, a := range list {
		names = append(names, a.System.ApplicationName)
	}
	return names
}

func (r *registry) openIncidents() []btp.Incident {
	r.t.Helper()
	list, _, err := r.Incidents(r.t.Context(), btp.IncidentFilter{OpenOnly: true})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func eachEdition(t *testing.T, test func(t *testing.T, edition string)) {
	t.Helper()
	for _, e := range btp.Editions {
		t.Run(e.ID, func(t *testing.T) {
			t.Parallel()
			test(t, e.ID)
		})
	}
}
