// Package keypool keeps spare RSA-2048 keys. Making one takes a tenth of a
// second or more, so a process makes some ahead of need. It is the only thing
// that the environments of a process share: a key is handed out once.
package keypool

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"time"
)

// Pool is safe for concurrent use.
type Pool struct {
	spare    chan *rsa.PrivateKey
	generate func() (*rsa.PrivateKey, error)
}

// New makes an empty pool that holds up to size keys; at 0 every key is made on demand.
func New(size int) *Pool {
	return &Pool{
		spare:    make(chan *rsa.PrivateKey, max(size, 0)),
		generate: func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) },
	}
}

// Len is the number of spare keys.
func (p *Pool) Len() int { return len(p.spare) }

// Take returns a spare key, or makes one. When ctx ends first it returns the
// cause, and the key being made becomes a spare one.
func (p *Pool) Take(ctx context.Context) (*rsa.PrivateKey, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case key := <-p.spare:
		return key, nil
	default:
	}
	type outcome struct {
		key *rsa.PrivateKey
		err error
	}
	made := make(chan outcome)
	go func() {
		key, err := p.generate()
		select {
		case made <- outcome{key, err}:
		case <-ctx.Done():
			if err == nil {
				p.keep(key)
			}
		}
	}()
	select {
	case o := <-made:
		return o.key, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Fill makes at most one key per pause while spare keys are missing, so that
// filling leaves the processor to the requests. It returns when ctx ends, or
// with the error of a key that could not be made. pause is positive.
func (p *Pool) Fill(ctx context.Context, pause time.Duration) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	return p.fill(ctx, ticker.C)
}

func (p *Pool) fill(ctx context.Context, ticks <-chan time.Time) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
		if len(p.spare) == cap(p.spare) {
			continue
		}
		key, err := p.generate()
		if err != nil {
			return err
		}
		p.keep(key)
	}
}

// keep drops a key that the pool has no room for.
func (p *Pool) keep(key *rsa.PrivateKey) {
	select {
	case p.spare <- key:
	default:
	}
}
