package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Pairer carries out the store's part of pairings: the same reads and writes, in
// the same steps, as the rules make from registering a system to its first call.
type Pairer struct {
	store btp.Store
	n     uint64
}

// NewPairer prepares an empty store.
func NewPairer(tb testing.TB, s btp.Store) *Pairer {
	update(tb, s, env, func(tx btp.Tx) error {
		return all(tx.Environment().Put(environment(env)),
			tx.Accounts().PutGlobal(btp.GlobalAccount{ID: "ga", Subdomain: "sub"}))
	})
	return &Pairer{store: s}
}

// BenchmarkPairingSteps measures one pairing without cryptography and HTTP.
func BenchmarkPairingSteps(b *testing.B, s btp.Store) {
	p := NewPairer(b, s)
	b.ReportAllocs()
	for b.Loop() {
		p.Pair(b)
	}
}

// Pair registers, opens, signs and completes.
func (p *Pairer) Pair(tb testing.TB) {
	p.n++
	n := p.n
	id := btp.SystemID(fmt.Sprintf("5f0c8a1e-0000-8000-8000-%012d", n))
	tokenID := btp.TokenID(fmt.Sprintf("6a0c8a1e-0000-8000-8000-%012d", n))
	attemptID := btp.AttemptID(fmt.Sprintf("7b0c8a1e-0000-8000-8000-%012d", n))
	serial := btp.Serial(fmt.Sprintf("%032x", n*0x9e3779b97f4a7c15))
	name, application := fmt.Sprintf("Web Shop %d", n), fmt.Sprintf("mp-web-shop-%d", n)
	digest := btp.Digest{1, byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
	now := start.Add(time.Duration(n) * time.Second)
	p.register(tb, id, tokenID, name, application, now)
	p.redeem(tb, tokenID, attemptID, digest, now)
	p.fireDue(tb)
	p.sign(tb, digest, serial, now)
	p.firstCall(tb, id, serial, now)
}

func (p *Pairer) step(tb testing.TB, change func(btp.Tx, *btp.Environment) error) {
	update(tb, p.store, env, func(tx btp.Tx) error {
		e, _, err := tx.Environment().Find()
		if err != nil {
			return err
		}
		before := e
		if err := change(tx, &e); err != nil || e == before {
			return err
		}
		return tx.Environment().Put(e)
	})
}

func (p *Pairer) register(tb testing.TB, id btp.SystemID, tokenID btp.TokenID, name, application string, now time.Time) {
	p.step(tb, func(tx btp.Tx, e *btp.Environment) error {
		e.Sequence += 3
		_, err1 := tx.Accounts().Global("ga")
		_, _, err2 := tx.Systems().FindByName("ga", name)
		_, _, err3 := tx.Systems().FindByApplicationName(application)
		err4 := tx.Systems().Put(btp.System{
			ID: id, GlobalAccount: "ga", Name: name, Type: commerce, ApplicationName: application,
			Status: btp.Pending, Sequence: p.n, CreatedAt: now, UpdatedAt: now,
		})
		_, _, err5 := tx.Tokens().FindLatest(id)
		_, _, err6 := tx.Attempts().FindBySystem(id)
		_, err7 := tx.Tokens().CountLive("ga", commerce)
		return all(err1, err2, err3, err4, err5, err6, err7,
			tx.Tokens().Put(btp.Token{
				ID: tokenID, System: id, GlobalAccount: "ga", Type: commerce, KeyID: "k1", State: btp.TokenLive,
				IssuedAt: now, ExpiresAt: now.Add(10 * time.Minute),
			}),
			tx.Due().Put(btp.Due{At: now.Add(10 * time.Minute), Kind: btp.DueTokenExpiry, Subject: string(tokenID)}))
	})
}

func (p *Pairer) redeem(tb testing.TB, tokenID btp.TokenID, attemptID btp.AttemptID, digest btp.Digest, now time.Time) {
	p.step(tb, func(tx btp.Tx, e *btp.Environment) error {
		e.Sequence++
		k, _, err1 := tx.Tokens().Find(tokenID)
		_, err2 := tx.Systems().Get(k.System)
		k.State = btp.TokenRedeemed
		return all(err1, err2,
			tx.Tokens().Put(k),
			tx.Due().Cancel(btp.DueTokenExpiry, string(tokenID)),
			tx.Attempts().Put(btp.Attempt{
				ID: attemptID, System: k.System, Token: tokenID, FollowUp: digest, OpenedAt: now, Deadline: now.Add(10 * time.Minute),
			}),
			tx.Due().Put(btp.Due{At: now.Add(10 * time.Minute), Kind: btp.DueAttemptDeadline, Subject: string(k.System)}))
	})
}

// fireDue is the clock's worker looking whether anything is due.
func (p *Pairer) fireDue(tb testing.TB) {
	p.step(tb, func(tx btp.Tx, _ *btp.Environment) error {
		_, _, err := tx.Due().Earliest(start)
		return err
	})
}

func (p *Pairer) sign(tb testing.TB, digest btp.Digest, serial btp.Serial, now time.Time) {
	open := func(tx btp.Tx) (btp.Attempt, error) {
		a, _, err1 := tx.Attempts().FindByFollowUp(digest)
		_, err2 := tx.Systems().Get(a.System)
		return a, all(err1, err2)
	}
	view(tb, p.store, env, func(tx btp.Tx) error {
		_, _, err1 := tx.Environment().Find()
		_, err2 := open(tx)
		return all(err1, err2)
	})
	p.step(tb, func(tx btp.Tx, _ *btp.Environment) error {
		a, err := open(tx)
		a.FollowUp, a.Certificate = btp.Digest{}, serial
		return all(err, tx.Attempts().Put(a),
			tx.Certificates().Put(btp.Certificate{Serial: serial, System: a.System, NotBefore: now, NotAfter: now.Add(2000 * time.Hour)}),
			tx.Due().Put(btp.Due{At: now.Add(2000 * time.Hour), Kind: btp.DueCertExpiry, Subject: string(serial)}))
	})
}

func (p *Pairer) firstCall(tb testing.TB, id btp.SystemID, serial btp.Serial, now time.Time) {
	view(tb, p.store, env, func(tx btp.Tx) error {
		_, _, err1 := tx.Environment().Find()
		_, _, err2 := tx.Certificates().Find(serial)
		_, err3 := tx.Systems().Get(id)
		_, _, err4 := tx.Attempts().FindBySystem(id)
		return all(err1, err2, err3, err4)
	})
	p.step(tb, func(tx btp.Tx, _ *btp.Environment) error {
		_, _, err1 := tx.Attempts().FindBySystem(id)
		s, err2 := tx.Systems().Get(id)
		s.Status, s.RegisteredAt, s.UpdatedAt = btp.Registered, now, now
		err3 := tx.Systems().Put(s)
		a, _, err4 := tx.Attempts().FindBySystem(id)
		return all(err1, err2, err3, err4, tx.Attempts().Delete(a.ID), tx.Due().Cancel(btp.DueAttemptDeadline, string(id)))
	})
}
