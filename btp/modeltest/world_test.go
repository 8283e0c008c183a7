package modeltest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/pki"
	signing "github.com/pairsim/pairsim/btp/token"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

const infoURL = "https://pairsim.test/v1/applications/signingRequests/info"

// What costs time is made once: one key signs all certificate requests, one
// authority all certificates.
var (
	clientKey = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })
	authority = sync.OnceValues(func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err })
)

// storage opens one store again and again.
type storage interface {
	open(context.Context) (btp.Store, error)
}

// world is a registry under test, and what operators and tenants have of it, by
// the names that the model uses.
type world struct {
	*btp.Registry
	ctx     context.Context
	storage storage
	store   btp.Store
	config  btp.Config
	phone   *phone

	systems      map[string]btp.SystemID // the latest of each name
	slots        map[btp.SystemID]string
	formations   map[string]btp.FormationID
	formationsOf map[btp.FormationID]string
	entitlements map[string]btp.EntitlementID
	incidents    map[string]btp.IncidentID // the latest of each subject
	known        map[btp.TokenID]bool

	tokens    map[string][]string
	followUps map[string][]btp.Opened
	chains    map[string][][]*x509.Certificate
	subjects  map[string]btp.Subject
	// accepted are the tokens that have paired; none does so twice.
	accepted map[string]bool
}

// phone is whom the registry tells of deregistrations.
type phone struct {
	mu      sync.Mutex
	notices []btp.Notice
	answer  string
}

func (p *phone) TellDeregistration(_ context.Context, n btp.Notice) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notices = append(p.notices, n)
	switch p.answer {
	case "ok":
		return nil
	case "broken":
		return errors.New("no error of the rules")
	}
	return btp.Errorf(btp.TenantNotTold, "the tenant's callback answered %s", p.answer)
}

func (p *phone) told() []btp.Notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.notices
}

func newWorld(ctx context.Context, s sequence, id btp.EnvironmentID, from storage) (*world, error) {
	material, err := authority()
	if err != nil {
		return nil, err
	}
	policy := btp.DefaultPolicy()
	policy.Transitions = map[btp.Transition]btp.TransitionPolicy{}
	for _, t := range btp.Transitions {
		policy.Transitions[t] = s.transitions.real()
	}
	w := &world{
		ctx: ctx, storage: from, phone: &phone{answer: "ok"},
		config: btp.Config{
			Environment: id, Edition: s.edition, Seed: 1, Tokens: signing.NewSigner(nil), Authority: &material,
			OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
			RealNow:       func() time.Time { return epoch }, StartFrozen: epoch, Policy: policy, Landscape: landscape(),
		},
		systems: map[string]btp.SystemID{}, slots: map[btp.SystemID]string{},
		formations: map[string]btp.FormationID{}, formationsOf: map[btp.FormationID]string{},
		entitlements: map[string]btp.EntitlementID{}, incidents: map[string]btp.IncidentID{}, known: map[btp.TokenID]bool{},
		tokens: map[string][]string{}, followUps: map[string][]btp.Opened{}, chains: map[string][][]*x509.Certificate{},
		subjects: map[string]btp.Subject{}, accepted: map[string]bool{},
	}
	w.config.Notifier = w.phone
	return w, w.start()
}

func landscape() btp.Landscape {
	l := btp.DefaultLandscape()
	kyma := []btp.RuntimeEnvironment{btp.Kyma}
	l.GlobalAccounts = append(l.GlobalAccounts, btp.GlobalAccount{ID: "other", Subdomain: "other"})
	l.Subaccounts = append(l.Subaccounts,
		btp.Subaccount{ID: "bare", GlobalAccount: "default", Subdomain: "bare", Region: "eu10"},
		btp.Subaccount{ID: "shanghai", GlobalAccount: "default", Subdomain: "shanghai", Region: "cn40", Environments: kyma},
		btp.Subaccount{ID: "far", GlobalAccount: "other", Subdomain: "far", Region: "eu10", Environments: kyma})
	return l
}

func (w *world) start() (err error) {
	if w.store, err = w.storage.open(w.ctx); err != nil {
		return err
	}
	w.config.Store = w.store
	w.Registry, err = btp.Open(w.ctx, w.config)
	return err
}

func (w *world) do(o op) error { return verbs[o.verb].world(w, o) }

func (w *world) restart(op) error {
	w.Close()
	return w.start()
}

// badNames are names that no system and no formation can have.
var badNames = map[string]string{
	"bad:empty": "", "bad:umlaut": "Schöp", "bad:long": strings.Repeat("n", 129), "bad:blank": " shop", "bad:tab": "sh\top",
}

func realName(name string) string {
	if bad, ok := badNames[name]; ok {
		return bad
	}
	return name
}

// label is what the cockpit calls a type; one that does not exist is called as it is.
func label(kind string) string {
	if t, known := types[kind]; known {
		return t.label
	}
	return kind
}

// system is an id to ask for: one that is nobody's, if there never was such a system.
func (w *world) system(slot string) btp.SystemID {
	if id, ok := w.systems[slot]; ok {
		return id
	}
	return "nobody"
}

func (w *world) formation(slot string) btp.FormationID {
	if id, ok := w.formations[slot]; ok {
		return id
	}
	return "nothing"
}

func (w *world) register(o op) error {
	account, name := splitSlot(o.word(0))
	s, issued, err := w.Register(w.ctx, account, realName(name), label(o.word(1)), infoURL, btp.IdempotencyKey(o.option("key")))
	if err != nil {
		return err
	}
	w.systems[o.word(0)], w.slots[s.ID] = s.ID, o.word(0)
	if (issued != nil) != w.Edition().TokenAtRegistration {
		return fmt.Errorf("a token came with the registration: %v", issued != nil)
	}
	w.keepToken(o.word(0), issued)
	return nil
}

func (w *world) keepToken(slot string, issued *btp.IssuedToken) {
	if issued == nil || w.known[issued.ID] {
		return
	}
	w.known[issued.ID] = true
	w.tokens[slot] = append(w.tokens[slot], issued.JWS)
}

func (w *world) token(o op) error {
	issued, err := w.IssueToken(w.ctx, w.system(o.word(0)), infoURL, btp.IdempotencyKey(o.option("key")))
	if err != nil {
		return err
	}
	w.keepToken(o.word(0), issued)
	return nil
}

func (w *world) show(o op) error {
	shown, err := w.ShowToken(w.ctx, w.system(o.word(0)), infoURL)
	if err == nil && !w.known[shown.ID] {
		return errors.New("showing a token made a new one")
	}
	return err
}

func (w *world) open(o op) error {
	jws, _ := pick(w.tokens[o.word(0)], o.word(1))
	if o.word(1) == "garbage" {
		jws = "no.jws.atall"
	}
	opened, err := w.OpenPairing(w.ctx, btp.Presentation{JWS: jws, SystemType: label(o.option("type")), Tenant: o.option("tenant")})
	if err != nil {
		return err
	}
	if w.accepted[jws] {
		return errors.New("a token was accepted twice")
	}
	w.accepted[jws] = true
	w.followUps[o.word(0)] = append(w.followUps[o.word(0)], opened)
	w.subjects[o.word(0)] = opened.Subject
	return nil
}

func (w *world) csr(o op) error {
	opened, _ := pick(w.followUps[o.word(0)], o.word(1))
	request, err := certificateRequest(opened.Subject, o.word(2))
	if err != nil {
		return err
	}
	signed, err := w.SignCSR(w.ctx, opened.FollowUp, request)
	if err != nil {
		return err
	}
	return w.keepChain(o.word(0), signed)
}

// certificateRequest makes one for a subject, or one that is refused.
func certificateRequest(s btp.Subject, flaw string) (string, error) {
	key, err := clientKey()
	if err != nil || flaw == "garbage" {
		return "garbage", err
	}
	if flaw == "subject" {
		s.CommonName = "somebody-else"
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{
		Organization: []string{s.Organization}, OrganizationalUnit: []string{s.OrganizationalUnit},
		Locality: []string{s.Locality}, Province: []string{s.Province}, Country: []string{s.Country}, CommonName: s.CommonName,
	}}, key)
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

func (w *world) keepChain(slot string, signed btp.SignedCertificate) error {
	text, err := base64.StdEncoding.DecodeString(signed.Crt)
	if err != nil {
		return err
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(bytes.TrimSpace(text)); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		chain = append(chain, c)
	}
	w.chains[slot] = append(w.chains[slot], chain)
	return nil
}

func (w *world) chain(o op) []*x509.Certificate {
	chain, _ := pick(w.chains[o.word(0)], o.word(1))
	return chain
}

// using is a call with a certificate that uses the pairing.
func (w *world) using(o op, call func(btp.Caller) error) error {
	c, err := w.Authenticate(w.ctx, w.chain(o))
	if err != nil {
		return err
	}
	if got := w.slots[c.System.ID]; got != o.word(0) {
		return fmt.Errorf("a certificate of %s is taken for one of %s", o.word(0), got)
	}
	return call(c)
}

func (w *world) call(o op) error { return w.using(o, func(btp.Caller) error { return nil }) }

func (w *world) publish(o op) error {
	return w.using(o, func(c btp.Caller) error {
		_, err := w.CreateService(w.ctx, c, btp.Service{Name: "orders"})
		return err
	})
}

func (w *world) descriptor(o op) error {
	return w.using(o, func(c btp.Caller) error {
		d := btp.Descriptor{TenantID: o.word(2), URL: "http://tenant.test"}
		if !o.has("silent") {
			d.CallbackURL = "http://tenant.test/callback"
		}
		return w.SetDescriptor(w.ctx, c, d)
	})
}

func (w *world) failure(o op) error {
	if !o.has("certificate") {
		opened, _ := pick(w.followUps[o.word(0)], o.word(1))
		return w.ReportFailure(w.ctx, opened.FollowUp, nil, "out of memory")
	}
	c, err := w.Recognise(w.ctx, w.chain(o))
	if err != nil {
		return err
	}
	return w.ReportFailure(w.ctx, "", &c, "out of memory")
}

func (w *world) renew(o op) error {
	return w.using(o, func(c btp.Caller) error {
		request, err := certificateRequest(c.Subject(), o.word(2))
		if err != nil {
			return err
		}
		signed, err := w.Renew(w.ctx, c, request)
		if err != nil {
			return err
		}
		return w.keepChain(o.word(0), signed)
	})
}

func (w *world) revoke(o op) error {
	return w.using(o, func(c btp.Caller) error { return w.Revoke(w.ctx, c) })
}

func (w *world) deleteExtension(o op) error {
	if o.has("release") {
		release := "guessed"
		for _, n := range w.phone.told() {
			if w.slots[n.System] == o.word(0) {
				release = n.ReleaseToken
			}
		}
		return w.DeleteExtension(w.ctx, release, nil)
	}
	c, err := w.Recognise(w.ctx, w.chain(o))
	if err != nil {
		return err
	}
	return w.DeleteExtension(w.ctx, "", &c)
}

func (w *world) deregister(o op) error {
	_, err := w.Deregister(w.ctx, w.system(o.word(0)))
	return err
}

func (w *world) remove(o op) error {
	_, err := w.Remove(w.ctx, w.system(o.word(0)))
	return err
}

func (w *world) createFormation(o op) error {
	account, name := splitSlot(o.word(0))
	n := btp.NewFormation{Name: realName(name), Type: btp.SideBySideWithKyma, Subaccount: o.word(1)}
	if n.Subaccount == "-" {
		n.Subaccount = ""
	}
	switch o.option("type") {
	case "none":
		n.Type = ""
	case "joule":
		n.Type = "Integration with Joule"
	}
	for _, word := range o.plain()[2:] {
		if n.Draft = n.Draft || word == "draft"; word != "draft" {
			n.Systems = append(n.Systems, w.system(word))
		}
	}
	v, err := w.CreateFormation(w.ctx, account, n, btp.IdempotencyKey(o.option("key")))
	if err == nil {
		w.formations[o.word(0)], w.formationsOf[v.ID] = v.ID, o.word(0)
	}
	return err
}

func (w *world) include(o op) error {
	_, err := w.IncludeSystem(w.ctx, w.formation(o.word(0)), w.system(o.word(1)), btp.Match{})
	return err
}

func (w *world) exclude(o op) error {
	_, err := w.ExcludeSystem(w.ctx, w.formation(o.word(0)), w.system(o.word(1)), btp.Match{})
	return err
}

func (w *world) changeSubaccount(o op) error {
	_, err := w.ChangeFormationSubaccount(w.ctx, w.formation(o.word(0)), strings.TrimPrefix(o.word(1), "-"), btp.Match{})
	return err
}

func (w *world) finalize(o op) error {
	_, err := w.FinalizeFormation(w.ctx, w.formation(o.word(0)), btp.Match{})
	return err
}

func (w *world) resynchronize(o op) error {
	_, err := w.Resynchronize(w.ctx, w.formation(o.word(0)), false, btp.Match{})
	return err
}

func (w *world) reset(o op) error {
	_, err := w.Resynchronize(w.ctx, w.formation(o.word(0)), true, btp.Match{})
	return err
}

func (w *world) deleteFormation(o op) error {
	_, err := w.DeleteFormation(w.ctx, w.formation(o.word(0)), btp.Match{})
	return err
}

func (w *world) report(o op) error {
	id := w.formation(o.word(0))
	assignment := btp.AssignmentID("nothing")
	v, err := w.Formation(btp.WithoutFaults(w.ctx), id)
	if err != nil && btp.CodeOf(err) != btp.FormationNotFound {
		return err
	}
	for _, a := range v.Assignments {
		if w.participant(a.Source) == o.word(1) && w.participant(a.Target) == o.word(2) {
			assignment = a.ID
		}
	}
	_, err = w.ReportAssignment(w.ctx, id, assignment, btp.AssignmentReport{State: btp.AssignmentState(o.word(3))})
	return err
}

func (w *world) participant(p btp.Participant) string {
	if p.Kind == btp.ParticipantRuntime {
		return "runtime:" + p.ID
	}
	return w.slots[btp.SystemID(p.ID)]
}

func (w *world) entitle(o op) error {
	n := btp.NewEntitlement{System: w.system(o.word(1)), Plan: o.word(2)}
	e, err := w.AssignEntitlement(w.ctx, btp.SubaccountID(o.word(0)), n, btp.IdempotencyKey(o.option("key")))
	if err == nil {
		w.entitlements[o.word(0)+" "+o.word(1)+" "+o.word(2)] = e.ID
	}
	return err
}

func (w *world) unentitle(o op) error {
	id, ok := w.entitlements[o.word(0)+" "+o.word(1)+" "+o.word(2)]
	if !ok {
		id = "nothing"
	}
	return w.RemoveEntitlement(w.ctx, btp.SubaccountID(o.word(0)), id)
}

func (w *world) environments(o op) error {
	list := []btp.RuntimeEnvironment{}
	for _, e := range o.plain()[1:] {
		list = append(list, btp.RuntimeEnvironment(e))
	}
	_, err := w.ChangeSubaccount(w.ctx, btp.SubaccountID(o.word(0)), btp.SubaccountChange{Environments: &list}, btp.Match{})
	return err
}

func (w *world) resolve(o op) error {
	id, ok := w.incidents[o.word(0)]
	if !ok {
		id = "nothing"
	}
	_, err := w.ResolveIncident(w.ctx, id, "")
	return err
}

func (w *world) fault(o op) error {
	subject := ""
	if about := o.word(1); about != "all" {
		subject = "nobody"
		if id, ok := w.formations[about]; ok {
			subject = string(id)
		}
		if id, ok := w.systems[about]; ok {
			subject = string(id)
		}
	}
	times := map[string]int{"once": 1, "twice": 2}[o.word(2)]
	_, err := w.AddFault(w.ctx, btp.FailAt(btp.Point(o.word(0)), subject, "", times))
	return err
}

func (w *world) noFaults(op) error { return w.RemoveFault(w.ctx, "") }

func (w *world) callback(o op) error {
	w.phone.mu.Lock()
	defer w.phone.mu.Unlock()
	w.phone.answer = o.word(0)
	return nil
}

func (w *world) advance(o op) error {
	d, err := time.ParseDuration(o.word(0))
	if err != nil {
		return err
	}
	_, err = w.ChangeClock(w.ctx, btp.ClockChange{Advance: d})
	return err
}

func (p policy) real() btp.TransitionPolicy {
	return btp.TransitionPolicy{After: p.after, Reads: p.reads, Held: p.held}
}

func (w *world) policy(o op) error {
	if o.word(1) == "started" {
		_, err := w.SetTransition(w.ctx, btp.Transition(o.word(0)), nil)
		return err
	}
	p, err := parsePolicy(o.word(1))
	if err != nil {
		return err
	}
	one := p.real()
	_, err = w.SetTransition(w.ctx, btp.Transition(o.word(0)), &one)
	return err
}

func (w *world) release(o op) error {
	holds, err := w.Holds(w.ctx)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if w.held(h) == o.word(0) {
			return w.Release(w.ctx, h.ID)
		}
	}
	return w.Release(w.ctx, "nothing")
}

// held is what a hold is about.
func (w *world) held(h btp.Hold) string {
	if h.Subject.System != "" {
		return w.slots[h.Subject.System]
	}
	return w.formationsOf[h.Subject.Formation]
}

func (w *world) read(o op) error {
	if _, known := w.formations[o.word(0)]; known {
		_, err := w.ReadFormation(w.ctx, w.formation(o.word(0)))
		return err
	}
	_, err := w.ReadSystem(w.ctx, w.system(o.word(0)))
	return err
}

func (w *world) list(o op) error {
	account := btp.GlobalAccountID(o.word(0))
	if _, _, err := w.ReadSystems(w.ctx, btp.SystemFilter{GlobalAccount: account, Limit: 1000}); err != nil {
		return err
	}
	_, _, err := w.ReadFormations(w.ctx, btp.FormationFilter{GlobalAccount: account})
	return err
}
