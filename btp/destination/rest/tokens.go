package rest

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// maxTokens is the most tokens that are kept.
const maxTokens = 1000

// tokenKey is a digest of what a token was got with; secrets are not kept in it.
type tokenKey [sha256.Size]byte

// keyOf is another after every change of the destination, for every user, tenant and
// generation of the environment.
func keyOf(generation uint64, l *looked, user *btp.User) (key tokenKey) {
	parts := []string{strconv.FormatUint(generation, 10), string(l.Subaccount), l.Instance, l.query.Tenant, l.ChangedAt.String()}
	all := l.All()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, name, all[name])
	}
	if user != nil {
		parts = append(parts, user.ID, user.Name, user.Email)
	}
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

// tokens are kept by what they were got with, until they expire on the environment's
// clock.
type tokens struct {
	mu   sync.Mutex
	kept map[tokenKey]granted
}

func (k *tokens) find(key tokenKey, now time.Time) (granted, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, known := k.kept[key]
	return t, known && now.Before(t.until)
}

func (k *tokens) keep(key tokenKey, t granted, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) >= maxTokens {
		maps.DeleteFunc(k.kept, func(_ tokenKey, old granted) bool { return !now.Before(old.until) })
	}
	for other := range k.kept {
		if len(k.kept) < maxTokens {
			break
		}
		delete(k.kept, other) // any: it is fetched again when it is needed
	}
	if k.kept == nil {
		k.kept = map[tokenKey]granted{}
	}
	k.kept[key] = t
}
