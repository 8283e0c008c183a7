// Package tokencache keeps the tokens that pairsim has got of others, by what they were
// got with, until they expire.
package tokencache

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"sync"
	"time"
)

// most is how many tokens a cache keeps.
const most = 1000

// Key is a digest of what a token was got with; secrets are not kept in it.
type Key [sha256.Size]byte

// KeyOf is another for every other list of parts.
func KeyOf(parts ...string) (key Key) {
	digest := sha256.New()
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		digest.Write(length[:])
		digest.Write([]byte(part))
	}
	digest.Sum(key[:0])
	return key
}

// Tokens are kept on the clock of whoever asks. The zero value is empty, and may be used
// by several goroutines at once.
type Tokens[T any] struct {
	mu   sync.Mutex
	kept map[Key]held[T]
}

type held[T any] struct {
	token T
	until time.Time
}

// Find returns the token of key, if there is one that is good at now.
func (t *Tokens[T]) Find(key Key, now time.Time) (token T, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, there := t.kept[key]
	if !there || !now.Before(h.until) {
		return token, false
	}
	return h.token, true
}

// Keep keeps a token until it expires. Where there is no room one that has expired goes,
// or else any.
func (t *Tokens[T]) Keep(key Key, token T, until, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) >= most {
		maps.DeleteFunc(t.kept, func(_ Key, old held[T]) bool { return !now.Before(old.until) })
	}
	for other := range t.kept {
		if len(t.kept) < most {
			break
		}
		delete(t.kept, other) // any: it is fetched again when it is needed
	}
	if t.kept == nil {
		t.kept = map[Key]held[T]{}
	}
	t.kept[key] = held[T]{token, until}
}

// Forget drops the token of key.
func (t *Tokens[T]) Forget(key Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.kept, key)
}
