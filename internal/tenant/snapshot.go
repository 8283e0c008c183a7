package tenant

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/records"
	"github.com/pairsim/pairsim/internal/secret"
)

// Snapshot is all that a tenant keeps, as a part of a snapshot document. Its
// wire form is its own: what is stored may change, the document does not.
type Snapshot struct {
	ID string `json:"id"`
	// SystemType is the product's.
	SystemType string `json:"systemType"`
	// LastPairing is the number of the pairing entered last.
	LastPairing int                  `json:"lastPairing"`
	Credentials []SnapshotCredential `json:"credentials"`
	Pairings    []SnapshotPairing    `json:"pairings"`
	// Communication is what there is of communication arrangements; nil: nothing.
	Communication *SnapshotCommunication `json:"communication,omitempty"`
	// Data is the product's business data (internal/records); nothing: as seeded.
	Data json.RawMessage `json:"data,omitempty"`
}

// SnapshotCredential is a throwaway user or client of one of the tenant's APIs.
type SnapshotCredential struct {
	API      string      `json:"api"`
	ID       string      `json:"id"`
	Password secret.Text `json:"password"`
}

// SnapshotPairing is a row of the product's console, oldest first.
type SnapshotPairing struct {
	ID              string               `json:"id"`
	Description     string               `json:"description,omitempty"`
	Status          string               `json:"status"`
	Cause           string               `json:"cause,omitempty"`
	Reason          string               `json:"reason,omitempty"`
	Next            string               `json:"next,omitempty"`
	SystemID        string               `json:"systemId,omitempty"`
	ApplicationName string               `json:"applicationName,omitempty"`
	CreatedAt       time.Time            `json:"createdAt"`
	UpdatedAt       time.Time            `json:"updatedAt"`
	Certificate     *SnapshotCertificate `json:"certificate,omitempty"`
	Connection      *SnapshotConnection  `json:"connection,omitempty"`
	ReleaseToken    secret.Text          `json:"releaseToken,omitzero"`
	NoticeID        string               `json:"noticeId,omitempty"`
	Callback        string               `json:"callback,omitempty"`
	Base            string               `json:"base,omitempty"`
	Calls           []SnapshotCall       `json:"calls"`
}

// SnapshotCertificate is what is told of the client certificate.
type SnapshotCertificate struct {
	Serial   string    `json:"serial"`
	NotAfter time.Time `json:"notAfter"`
	Revoked  bool      `json:"revoked,omitempty"`
}

// SnapshotConnection is a paired tenant's identity at the registry: the key is
// base64 of PKCS#8, the chain is base64 of DER, leaf first.
type SnapshotConnection struct {
	Key     secret.Text  `json:"key"`
	Chain   [][]byte     `json:"chain"`
	InfoURL string       `json:"infoUrl"`
	URLs    SnapshotURLs `json:"urls"`
}

// SnapshotURLs are the URLs that the registry named last.
type SnapshotURLs struct {
	EventsInfoURL     string `json:"eventsInfoUrl,omitempty"`
	EventsURL         string `json:"eventsUrl,omitempty"`
	MetadataURL       string `json:"metadataUrl,omitempty"`
	RenewCertURL      string `json:"renewCertUrl,omitempty"`
	RevokeCertURL     string `json:"revokeCertUrl,omitempty"`
	RevocationCertURL string `json:"revocationCertUrl,omitempty"`
}

// SnapshotCall is one call to the registry.
type SnapshotCall struct {
	Step   string `json:"step"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
}

// Snapshot tells all that t keeps. A pairing in progress is in it as that; it has
// failed once it is restored, as after a restart.
func (t *Tenant) Snapshot() Snapshot {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Snapshot{
		ID: t.cfg.ID, SystemType: t.cfg.Product.SystemType, LastPairing: t.state.LastID,
		Credentials: []SnapshotCredential{}, Pairings: make([]SnapshotPairing, len(t.state.Rows)), Data: t.records.Encode(),
		Communication: t.state.Communication.snapshot(),
	}
	for _, api := range slices.Sorted(maps.Keys(t.state.Credentials)) {
		c := t.state.Credentials[api]
		s.Credentials = append(s.Credentials, SnapshotCredential{api, c.ID, secret.Text{Value: c.Secret}})
	}
	for i, r := range t.state.Rows {
		s.Pairings[i] = pairingOf(r)
	}
	return s
}

func pairingOf(r *row) SnapshotPairing {
	p := SnapshotPairing{
		ID: r.ID, Description: r.Description, Status: r.Status.Code, Cause: r.Cause, Reason: r.Reason, Next: r.Next,
		SystemID: r.SystemID, ApplicationName: r.ApplicationName, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		ReleaseToken: secret.Text{Value: r.ReleaseToken}, NoticeID: r.NoticeID, Callback: r.Callback, Base: r.Base, Calls: make([]SnapshotCall, len(r.Calls)),
	}
	if r.Certificate != nil {
		c := SnapshotCertificate(*r.Certificate)
		p.Certificate = &c
	}
	if c := r.Connection; c != nil {
		p.Connection = &SnapshotConnection{
			Key: secret.Text{Value: base64.StdEncoding.EncodeToString(c.Key)}, Chain: slices.Clone(c.Chain),
			InfoURL: c.InfoURL, URLs: SnapshotURLs(c.URLs),
		}
	}
	for i, c := range r.Calls {
		p.Calls[i] = SnapshotCall(c)
	}
	return p
}

// rowOf is the reverse of pairingOf. Check has accepted p.
func (t *Tenant) rowOf(p SnapshotPairing) *row {
	r := &row{
		Pairing: Pairing{
			ID: p.ID, Tenant: t.cfg.ID, Description: p.Description, Status: t.status(p.Status), Cause: p.Cause, Reason: p.Reason, Next: p.Next,
			SystemID: p.SystemID, ApplicationName: p.ApplicationName, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
			Calls: make([]Call, len(p.Calls)),
		},
		ReleaseToken: p.ReleaseToken.Value, NoticeID: p.NoticeID, Callback: p.Callback, Base: p.Base, done: make(chan struct{}),
	}
	close(r.done)
	if p.Certificate != nil {
		c := Certificate(*p.Certificate)
		r.Certificate = &c
	}
	if c := p.Connection; c != nil {
		key, _ := base64.StdEncoding.DecodeString(c.Key.Value) // Check has read it
		r.Connection = &connection{Key: key, Chain: c.Chain, InfoURL: c.InfoURL, URLs: btpclient.URLs(c.URLs)}
	}
	for i, c := range p.Calls {
		r.Calls[i] = Call(c)
	}
	if !r.Ended() {
		t.interrupt(r)
	}
	return r
}

// Check tells everything that is wrong with s beyond its form. Paths are relative
// to s; no problem quotes a secret.
func (s *Snapshot) Check(tell func(path, problem string)) {
	if len(s.Pairings) > maxRows {
		tell("pairings", fmt.Sprintf("a tenant has at most %d", maxRows))
	}
	ids := map[string]bool{}
	for i := range s.Pairings {
		p := &s.Pairings[i]
		say := func(field, format string, args ...any) {
			tell(fmt.Sprintf("pairings[%d].%s", i, field), fmt.Sprintf(format, args...))
		}
		if n, err := strconv.Atoi(p.ID); err != nil || n < 1 || n > s.LastPairing || strconv.Itoa(n) != p.ID {
			say("id", "it is a number from 1 to lastPairing (%d)", s.LastPairing)
		}
		if ids[p.ID] {
			say("id", "pairing %s is there twice", clip(p.ID, 20))
		}
		ids[p.ID] = true
		if len(p.Calls) > maxCalls {
			say("calls", "a pairing keeps at most %d", maxCalls)
		}
		p.check(say)
	}
	s.Communication.check(tell)
	if err := records.Check(s.Data); err != nil {
		tell("data", err.Error())
	}
	apis := map[string]bool{}
	for i, c := range s.Credentials {
		if apis[c.API] {
			tell(fmt.Sprintf("credentials[%d].api", i), "there are credentials for it already")
		}
		apis[c.API] = true
	}
}

func (p *SnapshotPairing) check(say func(field, format string, args ...any)) {
	if _, known := lifecycle[p.Status]; !known {
		say("status", "%q is no status; there are %s", clip(p.Status, 40), strings.Join(slices.Sorted(maps.Keys(lifecycle)), ", "))
	}
	switch connected := p.Connection != nil; {
	case !connected && (p.Status == Registered || p.Status == Disabled):
		say("connection", "a pairing that is %s has one", p.Status)
	case connected && p.Status == Deregistered:
		say("connection", "a pairing that is %s has none", p.Status)
	case connected:
		p.checkConnection(say)
	}
}

func (p *SnapshotPairing) checkConnection(say func(field, format string, args ...any)) {
	leaf, err := p.Connection.Leaf()
	if err != nil {
		say("connection.chain", "%v", err)
		return
	}
	der, err := base64.StdEncoding.DecodeString(p.Connection.Key.Value)
	if err != nil {
		say("connection.key", "it is not base64")
		return
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		say("connection.key", "it is no PKCS#8 private key that can sign")
		return
	}
	if public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(leaf.PublicKey) {
		say("connection.key", "it is not the key of the certificate")
	}
	if p.Certificate == nil || p.Certificate.Serial != hexSerial(leaf) {
		say("certificate", "it is the one of the connection, with serial %s", hexSerial(leaf))
	}
}

func hexSerial(c *x509.Certificate) string { return fmt.Sprintf("%x", c.SerialNumber) }

// Leaf is the client certificate itself.
func (c *SnapshotConnection) Leaf() (*x509.Certificate, error) {
	if len(c.Chain) == 0 {
		return nil, errors.New("it has a certificate")
	}
	leaf, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return nil, errors.New("its first item is no certificate in DER")
	}
	return leaf, nil
}

// Pause ends what t is doing; a pairing under way fails as interrupted. Until
// resume is called t begins nothing and takes no notice. It waits until ctx ends.
func (t *Tenant) Pause(ctx context.Context) (resume func(), err error) {
	t.mu.Lock()
	if t.closed || t.paused {
		t.mu.Unlock()
		return nil, refuse(tenantBusy, "tenant %s is being stopped or restored", t.cfg.ID)
	}
	t.paused = true
	t.epoch++
	stop := t.stop
	t.mu.Unlock()
	stop()
	resume = func() {
		t.mu.Lock()
		t.paused = false
		t.mu.Unlock()
	}
	ended := make(chan struct{})
	go func() {
		t.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		err = refuse(tenantBusy, "tenant %s does not end what it is doing", t.cfg.ID)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.life, t.stop = context.WithCancel(context.Background())
	}
	if err != nil {
		t.paused = false
		return nil, err
	}
	return resume, nil
}

// Restore puts s, which Check has accepted, in the place of all that t keeps. t is
// paused.
func (t *Tenant) Restore(ctx context.Context, s Snapshot) error {
	if err := t.records.Restore(s.Data); err != nil {
		return err
	}
	t.apis.mu.Lock()
	t.apis.tokens, t.apis.order, t.apis.held = map[string]accessGrant{}, nil, nil
	t.apis.mu.Unlock()
	t.mu.Lock()
	t.outbox, t.fresh, t.told = nil, nil, nil
	for _, r := range t.state.Rows {
		r.disconnect()
	}
	t.state = state{LastID: s.LastPairing, Credentials: map[string]credential{}, Communication: s.Communication.communication()}
	for _, c := range s.Credentials {
		t.state.Credentials[c.API] = credential{ID: c.ID, Secret: c.Password.Value}
	}
	for _, p := range s.Pairings {
		t.state.Rows = append(t.state.Rows, t.rowOf(p))
	}
	t.completeCredentials()
	t.endArrangements()
	t.clock.Store(nil)
	t.mu.Unlock()
	return t.save(ctx)
}

// Reset unpairs t without telling anybody; its business data are as seeded, its
// scenarios and users as declared. Its credentials stay. t is paused.
func (t *Tenant) Reset(ctx context.Context) error {
	s := t.Snapshot()
	s.LastPairing, s.Pairings, s.Data = 0, nil, nil
	declared := t.cfg.Communication.communication()
	s.Communication = declared.snapshot()
	return t.Restore(ctx, s)
}
