package btp_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
)

func (r *registry) contents() btp.Contents {
	r.t.Helper()
	c, err := r.Contents(r.t.Context())
	if err != nil {
		r.t.Fatalf("contents: %v", err)
	}
	return c
}

func (r *registry) replace(c btp.Contents) {
	r.t.Helper()
	if err := r.Replace(r.t.Context(), c); err != nil {
		r.t.Fatalf("replace: %v", err)
	}
}

func (r *registry) holds(what string, want btp.Contents) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.contents(), cmpopts.EquateEmpty()); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Rule: snapshot-restores-all
func TestTheClockGoesBackToTheSnapshot(t *testing.T) {
	t.Parallel()
	r := open(t)
	s, tok := r.register("Web Shop", commerce)
	before := r.contents()
	r.advance(time.Hour)
	_, err := r.present(tok.JWS)
	wantCode(t, err, btp.TokenExpired)
	r.replace(before)
	if got := r.Now(); !got.Equal(epoch) {
		t.Errorf("the clock shows %s, want %s", got, epoch)
	}
	r.holds("contents after an hour and back", before)
	if r.status(s.ID) != btp.Pending {
		t.Errorf("status %s", r.status(s.ID))
	}
	r.pair(tok.JWS)
	// Only so: nothing else sets a clock back.
	_, err = r.ChangeClock(t.Context(), btp.ClockChange{Set: epoch.Add(-time.Hour)})
	wantCode(t, err, btp.ClockBackwards)
}

func TestARunningClockGoesOnFromTheSnapshot(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	real := epoch
	r := open(t, func(c *btp.Config) {
		c.StartFrozen = time.Time{}
		c.RealNow = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return real
		}
	})
	pass := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		real = real.Add(d)
	}
	pass(time.Minute)
	before := r.contents()
	pass(24 * time.Hour)
	r.replace(before)
	pass(time.Second)
	if got, want := r.Now(), epoch.Add(time.Minute+time.Second); !got.Equal(want) {
		t.Errorf("a second after restoring the clock shows %s, want %s", got, want)
	}
	pass(time.Hour)
	if err := r.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.Now(); !got.Equal(real) {
		t.Errorf("after a reset the clock shows %s, want real time %s", got, real)
	}
}

// midway lets something happen while a certificate is signed.
type midway struct {
	btp.CertificateAuthority
	do func()
}

func (m midway) Sign(csr *x509.CertificateRequest, now time.Time, validity time.Duration) (btp.SignedCertificate, error) {
	m.do()
	return m.CertificateAuthority.Sign(csr, now, validity)
}

// Rule: snapshot-generations
func TestARequestSeesOneGeneration(t *testing.T) {
	t.Parallel()
	meanwhile := func() {}
	r := open(t, func(c *btp.Config) {
		c.OpenAuthority = func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) {
			ca, err := pki.OpenClientCA(m)
			return midway{ca, func() { meanwhile() }}, err
		}
	})
	_, tok := r.register("Web Shop", commerce)
	opened, err := r.present(tok.JWS)
	if err != nil {
		t.Fatal(err)
	}
	before := r.contents()
	for name, swap := range map[string]func(){
		"restored": func() { r.replace(before) },
		"reset": func() {
			if err := r.Reset(t.Context()); err != nil {
				t.Error(err)
			}
		},
	} {
		r.replace(before)
		meanwhile = swap
		_, err = r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
		wantCode(t, err, btp.EnvironmentReplaced)
		meanwhile = func() {}
		if got := r.contents().Certificates; len(got) > 0 {
			t.Errorf("%s meanwhile: the request left certificates %v", name, got)
		}
	}
	r.replace(before)
	if _, err := r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject)); err != nil {
		t.Errorf("tried again: %v", err)
	}
	// The steps of one request belong together, too.
	var exchange btp.Exchange
	ctx := btp.WithExchange(t.Context(), &exchange)
	if _, err := r.System(ctx, opened.System.ID); err != nil {
		t.Fatal(err)
	}
	r.replace(before)
	_, err = r.System(ctx, opened.System.ID)
	wantCode(t, err, btp.EnvironmentReplaced)
	_, err = r.System(btp.WithExchange(t.Context(), &btp.Exchange{}), opened.System.ID)
	wantCode(t, err, "")
}

// Rule: snapshot-generations
func TestRunningWorkEndsBeforeTheNextGeneration(t *testing.T) {
	t.Parallel()
	phone := &telephone{}
	r := open(t, notifier(phone), policy(func(p *btp.Policy) {
		p.Transitions = map[btp.Transition]btp.TransitionPolicy{btp.TransitionDeregistering: {After: time.Minute}} //nolint:exhaustive // nothing else happens
	}))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	before := r.contents()
	calling, ended := make(chan struct{}), make(chan error, 1)
	phone.answers(func(ctx context.Context, _ btp.Notice) error {
		close(calling)
		<-ctx.Done()
		ended <- ctx.Err()
		return nil // as if the tenant had been told
	})
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	advanced := make(chan error, 1)
	go func() {
		_, err := r.ChangeClock(t.Context(), btp.ClockChange{Advance: time.Hour})
		advanced <- err
	}()
	<-calling
	r.replace(before)
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the call ended with %v", err)
		}
	default:
		t.Error("the call to the tenant goes on")
	}
	wantCode(t, <-advanced, btp.EnvironmentReplaced)
	r.holds("what was restored", before)
	// And works: the next call is made.
	phone.answers(func(context.Context, btp.Notice) error { return nil })
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Minute)
	r.gone(s.ID)
}

// TestAnotherProcessSeesTheNextGeneration: two registries on one store, as two
// processes would have them.
//
// Rule: snapshot-generations, processes-agree
func TestAnotherProcessSeesTheNextGeneration(t *testing.T) {
	t.Parallel()
	store := memory.New()
	on := func(c *btp.Config) { c.Store = store }
	foreign := open(t)
	_, tok := foreign.register("Web Shop", commerce)
	a, b := open(t, on), open(t, on)
	a.advance(time.Hour)
	if _, _, err := b.Systems(t.Context(), btp.SystemFilter{GlobalAccount: "default", Limit: 1}); err != nil {
		t.Fatal(err)
	}
	a.replace(foreign.contents())
	if _, err := b.ReadClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !b.Now().Equal(epoch) || b.Issuer() != foreign.Issuer() {
		t.Errorf("the other process is at %s, issuer %s", b.Now(), b.Issuer())
	}
	caller := b.pair(tok.JWS)
	if _, err := a.Recognise(t.Context(), caller); err != nil {
		t.Errorf("its certificate: %v", err)
	}
	// One that knows nothing of it yet mixes nothing.
	a.replace(foreign.contents())
	_, err := b.present(tok.JWS)
	if code := btp.CodeOf(err); err != nil && code != btp.EnvironmentReplaced {
		t.Errorf("got %v", err)
	}
	if _, err := b.present(tok.JWS); err != nil && btp.CodeOf(err) != btp.TokenUsed {
		t.Errorf("tried again: %v", err)
	}
}

// Rule: reset-to-seed
func TestResetMakesWhatWasDeclared(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		declared := func(c *btp.Config) {
			c.Landscape.Systems = []btp.DeclaredSystem{
				{GlobalAccount: "default", Name: "Web Shop", Type: commerce, Status: btp.Registered, TokenAge: -1},
				{GlobalAccount: "default", Name: "Waiting", Type: commerce, Status: btp.Pending, TokenAge: time.Minute},
				{GlobalAccount: "default", Name: "Broken", Type: commerce, Status: btp.Failed, TokenAge: -1},
			}
		}
		r := open(t, edition(id), declared)
		before, issuer := r.contents(), r.Issuer()
		_, tok := r.register("Further", marketing)
		if tok == nil {
			tok = r.issue(r.contents().Systems[3].ID)
		}
		r.pair(tok.JWS)
		if _, err := r.RotateKey(t.Context(), "EdDSA"); err != nil {
			t.Fatal(err)
		}
		r.advance(90 * 24 * time.Hour)
		if err := r.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		after := r.contents()
		if after.Environment.ActiveKey == before.Environment.ActiveKey || r.Issuer() != issuer {
			t.Error("a reset keeps keys and issuer")
		}
		if diff := cmp.Diff(before.Authorities, after.Authorities); diff != "" {
			t.Errorf("authorities (-before +after):\n%s", diff)
		}
		// But for the rotated key, which signs now, everything is as it was.
		after.Environment.ActiveKey, after.Environment.KeyAlgorithm = before.Environment.ActiveKey, before.Environment.KeyAlgorithm
		after.Keys = before.Keys
		for i := range after.Tokens {
			after.Tokens[i].KeyID = before.Tokens[i].KeyID
		}
		if diff := cmp.Diff(before, after, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("contents (-before +after):\n%s", diff)
		}
		entries, _ := r.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Point: string(btp.PointReset)}})
		if len(entries) != 1 {
			t.Errorf("the journal notes the reset %d times", len(entries))
		}
	})
}

// TestOthersGoOnWhileContentsAreReplaced: whatever is read at any time is coherent.
func TestOthersGoOnWhileContentsAreReplaced(t *testing.T) {
	t.Parallel()
	r := open(t, func(c *btp.Config) { c.Store = memory.New() })
	_, tok := r.register("Web Shop", commerce)
	before := r.contents()
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for ctx.Err() == nil {
				opened, err := r.OpenPairing(ctx, btp.Presentation{JWS: tok.JWS})
				if err == nil {
					_, err = r.SignCSR(ctx, opened.FollowUp, r.csr(opened.Subject))
				}
				if code := btp.CodeOf(err); code == btp.Internal && ctx.Err() == nil {
					t.Errorf("a pairing: %v", err)
				}
			}
		})
	}
	for range 50 {
		if err := r.Replace(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		c := r.contents()
		if err := r.CheckContents(&c); err != nil {
			t.Fatalf("what is there is not coherent: %v", err)
		}
	}
	stop()
	others.Wait()
}

// Rule: snapshot-refused-whole
func TestContentsThatCannotStand(t *testing.T) {
	t.Parallel()
	r := open(t, notifier(&telephone{}))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	_, tok := r.register("Waiting", c4c)
	if _, err := r.present(tok.JWS); err != nil {
		t.Fatal(err)
	}
	r.formation("orders", s.ID)
	r.entitle(s.ID, "api-access")
	_, brokenTok := r.register("Broken", commerce)
	opened, err := r.present(brokenTok.JWS)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ReportFailure(t.Context(), opened.FollowUp, nil, "x"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.CreateOAuthClient(t.Context(), btp.DeclaredOAuthClient{Role: "System Landscape Viewer", GlobalAccount: "default"}); err != nil {
		t.Fatal(err)
	}
	campaigns, _ := r.registered("Campaigns", marketing, "marketing")
	if _, err := r.Deregister(t.Context(), campaigns.ID); err != nil {
		t.Fatal(err)
	}
	before := r.contents()
	if err := r.CheckContents(&before); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*btp.Contents)
		want   string // the path of a finding
	}{
		{"no seed", func(c *btp.Contents) { c.Environment.Seed = 0 }, "$.environment.seed"},
		{"no UUID", func(c *btp.Contents) { c.Environment.UUID = "../x" }, "$.environment.uuid"},
		{"no active key", func(c *btp.Contents) { c.Environment.ActiveKey = "k" }, "$.environment.activeKey"},
		{"another algorithm", func(c *btp.Contents) { c.Environment.KeyAlgorithm = "RS256" }, "$.environment.keyAlgorithm"},
		{"a clock of the far future", func(c *btp.Contents) { c.Environment.Clock.At = epoch.AddDate(100, 0, 0) }, "$.environment.clock.now"},
		{"a sequence that is behind", func(c *btp.Contents) { c.Environment.Sequence = 0 }, "$.systems[0].sequence"},
		{"a key that is none", func(c *btp.Contents) { c.Keys[0].Private = []byte("x") }, "$.keys[0]"},
		{"a key under another id", func(c *btp.Contents) { c.Keys[0].ID = "x" }, "$.keys[0]"},
		{"no authority", func(c *btp.Contents) { c.Authorities = nil }, "$.authorities"},
		{"the server's authority", func(c *btp.Contents) { c.Authorities["server"] = c.Authorities["client"] }, "$.authorities"},
		{"an authority without key", func(c *btp.Contents) {
			m := c.Authorities["client"]
			m.IssuingKeyPEM = nil
			c.Authorities["client"] = m
		}, "$.authorities"},
		{"an account twice", func(c *btp.Contents) { c.GlobalAccounts = append(c.GlobalAccounts, c.GlobalAccounts[0]) }, "$.globalAccounts[1].id"},
		{"a subaccount of nobody", func(c *btp.Contents) { c.Subaccounts[0].GlobalAccount = "x" }, "$.subaccounts[0].globalAccount"},
		{"a region that is none", func(c *btp.Contents) { c.Subaccounts[0].Region = "moon" }, "$.subaccounts[0].region"},
		{"a system of nobody", func(c *btp.Contents) { c.Systems[0].GlobalAccount = "x" }, "$.systems[0].globalAccount"},
		{"a system twice", func(c *btp.Contents) { c.Systems = append(c.Systems, c.Systems[0]) }, "$.systems[3].id"},
		{"a name twice", func(c *btp.Contents) { c.Systems[1].Name = c.Systems[0].Name }, "$.systems[1].name"},
		{"a name that is none", func(c *btp.Contents) { c.Systems[0].Name = "Schöp" }, "$.systems[0].name"},
		{"a reserved name", func(c *btp.Contents) { c.Systems[0].Name = "Campaigns" }, "$.reservations[0].name"},
		{"an application twice", func(c *btp.Contents) { c.Systems[1].ApplicationName = c.Systems[0].ApplicationName }, "$.systems[1].applicationName"},
		{"an application name that leaves the path", func(c *btp.Contents) { c.Systems[0].ApplicationName = "../v1" }, "$.systems[0].applicationName"},
		{"a sequence twice", func(c *btp.Contents) { c.Systems[1].Sequence = c.Systems[0].Sequence }, "$.systems[1].sequence"},
		{"a type that is none", func(c *btp.Contents) { c.Systems[0].Type = "SAP ERP" }, "$.systems[0].type"},
		{"a status of the other edition", func(c *btp.Contents) { c.Systems[0].Status = btp.Removing }, "$.systems[0].status"},
		{"an error without cause", func(c *btp.Contents) { c.Systems[0].Status = btp.Failed }, "$.systems[0].failure"},
		{"a token of nobody", func(c *btp.Contents) { c.Tokens[0].System = "x" }, "$.tokens[0].system"},
		{"a token of another type", func(c *btp.Contents) { c.Tokens[0].Type = marketing }, "$.tokens[0].type"},
		{"a token in no state", func(c *btp.Contents) { c.Tokens[0].State = "lost" }, "$.tokens[0].state"},
		{"a live token of no key", func(c *btp.Contents) { c.Tokens[0].State, c.Tokens[0].KeyID = btp.TokenLive, "x" }, "$.tokens[0].key"},
		{"an attempt without token", func(c *btp.Contents) { c.Attempts[0].Token = "x" }, "$.attempts[0].token"},
		{"an attempt with a foreign certificate", func(c *btp.Contents) { c.Attempts[0].Certificate = "ff" }, "$.attempts[0].certificate"},
		{"a certificate of nobody", func(c *btp.Contents) { c.Certificates[0].System = "x" }, "$.certificates[0].system"},
		{"a serial that is none", func(c *btp.Contents) { c.Certificates[0].Serial = "XX" }, "$.certificates[0].serial"},
		{"a service of nobody", func(c *btp.Contents) { c.Services = []btp.Service{{ID: "s", System: "x", Sequence: 1}} }, "$.services[0].system"},
		{"a formation with an unknown system", func(c *btp.Contents) { c.Formations[0].Systems[0] = "x" }, "$.formations[0].systems[0]"},
		{"a formation in an unknown subaccount", func(c *btp.Contents) { c.Formations[0].Subaccount = "x" }, "$.formations[0].subaccount"},
		{"a formation's name that is none", func(c *btp.Contents) { c.Formations[0].Name = "Or Ders" }, "$.formations[0].name"},
		{"an assignment of no formation", func(c *btp.Contents) { c.Assignments[0].Formation = "x" }, "$.assignments[0].formation"},
		{"an assignment of a stranger", func(c *btp.Contents) {
			c.Assignments[0].Source = btp.Participant{Kind: btp.ParticipantApplication, ID: "x"}
		}, "$.assignments[0].source"},
		{"an assignment in no state", func(c *btp.Contents) { c.Assignments[0].State = "LOST" }, "$.assignments[0].state"},
		{"an entitlement of nobody", func(c *btp.Contents) { c.Entitlements[0].System = "x" }, "$.entitlements[0].system"},
		{"an entitlement for no plan", func(c *btp.Contents) { c.Entitlements[0].Plan = "lite" }, "$.entitlements[0].plan"},
		{"an open incident about nobody", func(c *btp.Contents) { c.Incidents[0].Subject.ID = "x" }, "$.incidents[0].subject.id"},
		{"a client in no role", func(c *btp.Contents) { c.OAuthClients[0].Role = "King" }, "$.oauthClients[0].role"},
		{"due work of an unknown kind", func(c *btp.Contents) { c.Due[0].Kind = "coffee" }, "$.due[0].kind"},
		{"due work about nothing", func(c *btp.Contents) { c.Due[0].Subject = "x" }, "$.due[0].subject"},
		{"due work twice", func(c *btp.Contents) { c.Due = append(c.Due, c.Due[0]) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := r.contents() // one's own
			test.change(&c)
			if test.want == "" {
				test.want = fmt.Sprintf("$.due[%d].subject", len(c.Due)-1)
			}
			err := r.Replace(t.Context(), c)
			wantCode(t, err, btp.SnapshotInvalid)
			var refused *btp.Error
			if !errors.As(err, &refused) {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(refused.Findings, func(f btp.Finding) bool { return f.Path == test.want && f.Problem != "" }) {
				t.Errorf("findings %v, want one at %s", refused.Findings, test.want)
			}
			if strings.Contains(err.Error(), "PRIVATE") {
				t.Error("the refusal quotes a key")
			}
			r.holds("contents after a refusal", before)
		})
	}
	other := open(t, edition("v2"))
	wantCode(t, other.Replace(t.Context(), before), btp.EditionMismatch)
	_, err = btp.Open(t.Context(), config(edition("v2"), func(c *btp.Config) { c.Contents = &before }))
	wantCode(t, err, btp.EditionMismatch)
}

// Rule: snapshot-restores-all
func TestAnEnvironmentBeginsAsASnapshot(t *testing.T) {
	t.Parallel()
	r := open(t)
	_, tok := r.register("Web Shop", commerce)
	before := r.contents()
	next, _ := r.register("Next", commerce)
	clone := open(t, func(c *btp.Config) { c.Contents, c.Environment, c.Seed = &before, "clone", 99 })
	if clone.ID() != "clone" || clone.Issuer() != r.Issuer() {
		t.Errorf("it is %s of issuer %s", clone.ID(), clone.Issuer())
	}
	if s, _ := clone.register("Next", commerce); s.ID != next.ID {
		t.Errorf("the next id is %s, want %s", s.ID, next.ID)
	}
	clone.pair(tok.JWS)
}
