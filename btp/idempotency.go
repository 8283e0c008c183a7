package btp

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// IdempotencyKey is what a client sends to be able to repeat a create without
// fear; "" repeats nothing (IETF draft "The Idempotency-Key HTTP Header Field").
type IdempotencyKey string

const (
	maxIdempotencyKey = 255
	// replayMemory is how long a key is remembered, on the environment's clock.
	replayMemory = 24 * time.Hour
)

// made is what a create made, now or at an earlier request with the same key.
type made struct {
	Replay
	again bool
}

// once runs create unless the key came before with the same request: then what
// was made is returned. The same key with another request is refused with
// IdempotencyKeyReused. request are the parts of the request that count.
func (u *unit) once(key IdempotencyKey, operation string, create func() (Replay, error), request ...string) (made, error) {
	if key == "" {
		m, err := create()
		return made{Replay: m}, err
	}
	if err := key.check(); err != nil {
		return made{}, err
	}
	stored := operation + "\x00" + string(u.scope) + "\x00" + string(key)
	digest := digestOfParts(request)
	before, known, err := u.Replays().Find(stored)
	switch {
	case err != nil:
		return made{}, err
	case known && before.Request != digest:
		return made{}, Errorf(IdempotencyKeyReused, "this Idempotency-Key came with another request at %s", before.CreatedAt.Format(time.RFC3339))
	case known:
		return made{Replay: before, again: true}, nil
	}
	m, err := create()
	if err != nil {
		return made{}, err
	}
	m.Key, m.Request, m.CreatedAt = stored, digest, u.now
	return made{Replay: m}, errors.Join(u.Replays().Put(m), u.schedule(u.now.Add(replayMemory), DueReplayExpiry, stored))
}

func (k IdempotencyKey) check() error {
	if len(k) > maxIdempotencyKey {
		return Errorf(InvalidRequest, "Idempotency-Key: at most %d bytes", maxIdempotencyKey)
	}
	for i := range len(k) {
		if k[i] < 0x20 || k[i] > 0x7e {
			return Errorf(InvalidRequest, "Idempotency-Key: printable ASCII characters only")
		}
	}
	return nil
}

func digestOfParts(parts []string) Digest {
	h := sha256.New()
	for _, p := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	return Digest(h.Sum(nil))
}

// replayIsForgotten is due work.
func (u *unit) replayIsForgotten(subject string) error { return u.Replays().Delete(subject) }
