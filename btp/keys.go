package btp

import (
	"context"
	"fmt"
	"time"
)

// activeKey is the id of the key that signs new tokens.
func (u *unit) activeKey() (string, error) {
	if u.env.ActiveKey == "" {
		return "", fmt.Errorf("environment %s has no active signing key", u.env.ID)
	}
	return u.env.ActiveKey, nil
}

// key finds a signing key, reading the store again when another process has
// rotated in the meantime.
func (r *Registry) key(ctx context.Context, id string) (SigningKey, error) {
	for _, k := range *r.keys.Load() {
		if k.ID == id {
			return k, nil
		}
	}
	if err := r.reloadKeys(ctx); err != nil {
		return SigningKey{}, err
	}
	for _, k := range *r.keys.Load() {
		if k.ID == id {
			return k, nil
		}
	}
	return SigningKey{}, fmt.Errorf("signing key %s is gone", id)
}

func (r *Registry) reloadKeys(ctx context.Context) error {
	var keys []SigningKey
	err := r.view(ctx, func(u *unit) (err error) {
		keys, err = u.Keys().List()
		return err
	})
	if err == nil {
		r.keys.Store(&keys)
	}
	return err
}

// JWKS is the published key set: the active key and those that still have live tokens.
func (r *Registry) JWKS(ctx context.Context) (set []byte, err error) {
	var about Reference
	err = r.step(ctx, PointTokenKeys, &about, func(ctx context.Context) (err error) {
		if err = r.reloadKeys(ctx); err != nil {
			return err
		}
		set, err = r.tokens.JWKS(*r.keys.Load())
		return err
	})
	return set, err
}

// RotateKey makes a new key sign from now on. The one before verifies until its
// last token can only have expired, and a day longer; due work then retires it.
func (r *Registry) RotateKey(ctx context.Context, algorithm KeyAlgorithm) (SigningKey, error) {
	var about Reference
	var key SigningKey
	err := r.step(ctx, PointKeyRotation, &about, func(ctx context.Context) error {
		made, err := r.tokens.NewKey(algorithm)
		if err != nil {
			return err
		}
		err = r.update(ctx, func(u *unit) error {
			key = made
			key.CreatedAt = u.now
			if err := u.retireLater(u.env.ActiveKey); err != nil {
				return err
			}
			u.env.ActiveKey, u.env.KeyAlgorithm = key.ID, key.Algorithm
			u.record(EntryDecision, PointKeyRotation, nil, "", "pairsim", "new signing key "+shortKey(key.ID))
			return u.Keys().Put(key)
		})
		if err != nil {
			return err
		}
		return r.reloadKeys(ctx)
	})
	return key, err
}

// keyGrace is how much longer than its last token a rotated key is published, so
// that whoever presents that token late is told that it expired, and not that it
// is forged.
const keyGrace = 24 * time.Hour

func (u *unit) retireLater(keyID string) error {
	last, err := u.Tokens().LastExpiry(keyID)
	if err != nil {
		return err
	}
	// Tokens that are used or void by now are still presented, and told so.
	for _, t := range SystemTypes {
		if end := u.now.Add(u.r.policy.tokenValidity(t)); end.After(last) {
			last = end
		}
	}
	return u.schedule(last.Add(keyGrace), DueKeyRetirement, keyID)
}

// keyRetires is due work: the last token of a rotated key has expired.
func (u *unit) keyRetires(subject string) error {
	if subject == u.env.ActiveKey {
		return nil
	}
	u.record(EntryDue, PointKeyRetirement, nil, "", "pairsim", "signing key "+shortKey(subject)+" verifies nothing any more")
	return u.Keys().Delete(subject)
}

// shortKey names a key to people: its id is as long as a secret and looks like one.
func shortKey(id string) string {
	const most = 12
	if len(id) <= most {
		return id
	}
	return id[:most] + "…"
}
