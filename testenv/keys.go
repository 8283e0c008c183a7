package testenv

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
)

// registryKeys are those of all registries that tests start in-process: making one takes
// longer than most tests.
var registryKeys keyRing

// keyRing hands out a few keys in turn, so that two environments of a test have keys of
// their own.
type keyRing struct {
	mu    sync.Mutex
	keys  [4]*rsa.PrivateKey
	taken int
}

func (r *keyRing) next() (*rsa.PrivateKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	place := &r.keys[r.taken%len(r.keys)]
	if *place == nil {
		made, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		*place = made
	}
	r.taken++
	return *place, nil
}
