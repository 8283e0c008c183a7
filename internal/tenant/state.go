package tenant

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/records"
)

const (
	maxRows  = 100 // of a tenant; the oldest ended ones go first
	maxCalls = 500 // of a row; the oldest go first

	interruptedReason = "interrupted"
)

// Status is a state as scripts and as people read it.
type Status struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

// Pairing is a row of the product's console: one token entered once. Reason is
// the code of a failure (the registry's Pairsim-Reason where it gave one) and
// Next what the admin does now; both are empty otherwise. Nothing in it is secret.
type Pairing struct {
	ID              string       `json:"id"`
	Tenant          string       `json:"tenant"`
	Description     string       `json:"description"`
	Status          Status       `json:"status"`
	Cause           string       `json:"cause"`
	Reason          string       `json:"reason,omitempty"`
	Next            string       `json:"next,omitempty"`
	SystemID        string       `json:"systemId"`
	ApplicationName string       `json:"applicationName"`
	CreatedAt       time.Time    `json:"createdAt"`
	UpdatedAt       time.Time    `json:"updatedAt"`
	Certificate     *Certificate `json:"certificate,omitempty"`
	Calls           []Call       `json:"calls"`
}

// Ended tells whether the pairing is over, well or not.
func (p Pairing) Ended() bool { return p.Status.Code != InProgress }

// Certificate is what may be told about the client certificate. Revoked means
// that this tenant revoked it: it is not renewed any more.
type Certificate struct {
	Serial   string    `json:"serial"` // hexadecimal
	NotAfter time.Time `json:"notAfter"`
	Revoked  bool      `json:"revoked,omitempty"`
}

// Call is one call to the registry; Status is 0 when no answer came.
type Call struct {
	Step   string `json:"step"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
}

// state is all that a tenant keeps. It holds secrets.
type state struct {
	LastID      int                   `json:"lastId"`
	Credentials map[string]credential `json:"credentials"` // by API identifier
	Rows        []*row                `json:"rows"`        // oldest first
	// Communication is never changed in place: see Tenant.amend.
	Communication communication `json:"communication,omitzero"`
	// Data is the product's data as it was stored (internal/records); only in the
	// stored form.
	Data json.RawMessage `json:"data,omitempty"`
}

// credential is a throwaway user or client of one API.
type credential struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// row is a pairing with what only the tenant knows of it.
type row struct {
	Pairing
	Connection *connection `json:"connection,omitempty"`
	// ReleaseToken, a secret, tells the registry that a deregistered row has been
	// deleted. NoticeID is the jti of the notice that deregistered the row.
	ReleaseToken string `json:"releaseToken,omitempty"`
	NoticeID     string `json:"noticeId,omitempty"`
	// Callback is the callback URL that the registry was last told, Base where the
	// tenant's APIs are.
	Callback string `json:"callback,omitempty"`
	Base     string `json:"base,omitempty"`

	session *btpclient.Session // made from Connection on first use
	done    chan struct{}      // closed when the pairing has ended
	settled []byte             // the stored form; nil after a change
}

// encode is the stored form of s. A tenant with a long history is saved often,
// and all but the rows that pair or are in use have settled long ago. Whatever
// changes one of these makes it unsettled.
func (s *state) encode(inUse *row, data []byte) ([]byte, error) {
	communication, err := s.Communication.compact()
	if err != nil {
		return nil, err
	}
	head, err := json.Marshal(struct {
		LastID        int                   `json:"lastId"`
		Credentials   map[string]credential `json:"credentials"`
		Communication json.RawMessage       `json:"communication,omitempty"`
	}{s.LastID, s.Credentials, communication})
	if err != nil {
		return nil, err
	}
	stored := append(head[:len(head)-1], `,"rows":[`...)
	for i, r := range s.Rows {
		text := r.settled
		if text == nil || r == inUse {
			if text, err = json.Marshal(r); err != nil {
				return nil, err
			}
			if r.Ended() {
				r.settled = text
			}
		}
		if i > 0 {
			stored = append(stored, ',')
		}
		stored = append(stored, text...)
	}
	stored = append(stored, ']')
	if data != nil {
		stored = append(append(stored, `,"data":`...), data...)
	}
	return append(stored, '}'), nil
}

// connection is a paired tenant's identity at the registry.
type connection struct {
	Key     []byte         `json:"key"`   // PKCS#8; never leaves the tenant
	Chain   [][]byte       `json:"chain"` // DER, leaf first
	InfoURL string         `json:"infoUrl"`
	URLs    btpclient.URLs `json:"urls"`
}

// newConnection joins a key with the certificate that the registry signed for it.
func newConnection(key crypto.Signer, cert btpclient.Certificate, infoURL string) (*connection, *x509.Certificate, error) {
	leaf, err := x509.ParseCertificate(cert.Chain[0])
	if err != nil {
		return nil, nil, fmt.Errorf("the registry's certificate: %w", err)
	}
	if public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
		return nil, nil, fmt.Errorf("the registry signed another key than this tenant's")
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("own key: %w", err)
	}
	return &connection{Key: der, Chain: cert.Chain, InfoURL: infoURL}, leaf, nil
}

func (c *connection) tls() (tls.Certificate, error) {
	key, err := x509.ParsePKCS8PrivateKey(c.Key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("stored key: %w", err)
	}
	leaf, err := x509.ParseCertificate(c.Chain[0])
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("stored certificate: %w", err)
	}
	return tls.Certificate{Certificate: c.Chain, PrivateKey: key, Leaf: leaf}, nil
}

func describe(leaf *x509.Certificate) *Certificate {
	return &Certificate{Serial: fmt.Sprintf("%x", leaf.SerialNumber), NotAfter: leaf.NotAfter.UTC()}
}

// load reads the state, ends what a stopped process left open, and makes the
// credentials that are missing.
func (t *Tenant) load(ctx context.Context) error {
	stored, err := t.cfg.Store.Load(ctx, t.cfg.ID)
	if err != nil {
		return fmt.Errorf("load tenant %s: %w", t.cfg.ID, err)
	}
	if len(stored) > 0 {
		if err := json.Unmarshal(stored, &t.state); err != nil {
			return fmt.Errorf("stored state of tenant %s: %w", t.cfg.ID, err)
		}
	}
	t.records, err = records.Open(records.Config{
		Owner: t.cfg.ID, Seed: t.cfg.Product.Seed, Now: t.now, Keep: t.save, Changed: t.emit,
	}, t.state.Data)
	t.state.Data = nil
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.cfg.ID, err)
	}
	if len(stored) == 0 && t.cfg.Snapshot != nil {
		return t.Restore(ctx, *t.cfg.Snapshot)
	}
	if len(stored) == 0 {
		t.state.Communication = t.cfg.Communication.communication()
	}
	for _, r := range t.state.Rows {
		if !r.Ended() {
			t.interrupt(r)
		}
		r.Status.Label = t.label(r.Status.Code)
		r.done = make(chan struct{})
		close(r.done)
	}
	t.completeCredentials()
	return nil
}

// completeCredentials makes those that are missing. The caller holds t.mu.
func (t *Tenant) completeCredentials() {
	if t.state.Credentials == nil {
		t.state.Credentials = map[string]credential{}
	}
	for _, a := range t.cfg.Product.APIs {
		if _, ok := t.state.Credentials[a.Identifier]; !ok {
			t.state.Credentials[a.Identifier] = credential{ID: "pairsim-" + rand.Text()[:8], Secret: rand.Text()}
		}
	}
}

// interrupt ends a row whose pairing was not carried to its end.
func (t *Tenant) interrupt(r *row) {
	t.move(r, giveUp)
	r.Cause = "The tenant was stopped while the pairing was in progress (interrupted)."
	r.Reason, r.Next = interruptedReason, t.deleteFirst(r)+t.freshToken("")
}

// save stores the state as it is now. Savers queue, so that an older state never
// replaces a newer one.
func (t *Tenant) save(ctx context.Context) error {
	t.saving.Lock()
	defer t.saving.Unlock()
	t.mu.Lock()
	stored, err := t.state.encode(t.connected(), t.records.Encode())
	t.mu.Unlock()
	if err != nil {
		return err
	}
	if err := t.cfg.Store.Save(context.WithoutCancel(ctx), t.cfg.ID, stored); err != nil {
		return fmt.Errorf("save tenant %s: %w", t.cfg.ID, err)
	}
	return nil
}

// addRow appends a row and lets the oldest ended ones go, first those that hold
// nothing, but never the one that the tenant is paired by. The caller holds t.mu.
func (t *Tenant) addRow(r *row) {
	t.state.Rows = append(t.state.Rows, r)
	current := t.shown()
	for _, expendable := range []func(*row) bool{
		func(old *row) bool { return old.Connection == nil && old.ReleaseToken == "" },
		func(old *row) bool { return old != current },
	} {
		excess := len(t.state.Rows) - maxRows
		t.state.Rows = slices.DeleteFunc(t.state.Rows, func(old *row) bool {
			goes := excess > 0 && old.Ended() && expendable(old)
			if goes {
				excess--
				old.disconnect()
			}
			return goes
		})
	}
	t.endArrangements()
}

// connected is the newest registered row: the tenant's connection. The caller
// holds t.mu.
func (t *Tenant) connected() *row {
	return t.newest(func(r *row) bool { return r.Status.Code == Registered && r.Connection != nil })
}

// shown is the connection or, for want of one, the newest disabled row. The
// caller holds t.mu.
func (t *Tenant) shown() *row {
	if r := t.connected(); r != nil {
		return r
	}
	return t.newest(func(r *row) bool { return r.Status.Code == Disabled && r.Connection != nil })
}

// newest is the newest row that is wanted, or nil. The caller holds t.mu.
func (t *Tenant) newest(wanted func(*row) bool) *row {
	for _, r := range slices.Backward(t.state.Rows) {
		if wanted(r) {
			return r
		}
	}
	return nil
}

// snapshot copies what may be shown. The caller holds t.mu.
func (r *row) snapshot() Pairing {
	p := r.Pairing
	p.Calls = append([]Call{}, r.Calls...)
	if r.Certificate != nil {
		cert := *r.Certificate
		p.Certificate = &cert
	}
	return p
}
