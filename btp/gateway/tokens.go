package gateway

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// maxTokens is the most tokens that are kept.
const maxTokens = 1000

// token is an OAuth token, or a CSRF token with its cookies.
type token struct {
	text    string
	cookies []*http.Cookie
	// until is an instant of the environment's clock.
	until time.Time
}

// tokenKey is a digest of what a token was got with; secrets are not kept in it.
type tokenKey [sha256.Size]byte

func keyOf(parts ...string) (key tokenKey) {
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

// cacheKey is the same for two APIs of a system that use the same credentials.
func (t *tokenCall) cacheKey(system btp.SystemID) tokenKey {
	parameters, _ := json.Marshal(t.parameters) // of strings alone: it cannot fail
	return keyOf("oauth", string(system), t.url, t.clientID, t.secret, string(t.certificate), string(t.key), string(parameters))
}

// tokens are kept by what they were got with.
type tokens struct {
	mu   sync.Mutex
	kept map[tokenKey]token
}

func (k *tokens) find(key tokenKey, now time.Time) (token, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t, known := k.kept[key]
	return t, known && now.Before(t.until)
}

func (k *tokens) forget(key tokenKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.kept, key)
}

func (k *tokens) keep(key tokenKey, t token, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) >= maxTokens {
		for other, old := range k.kept {
			if !now.Before(old.until) {
				delete(k.kept, other)
			}
		}
	}
	for other := range k.kept {
		if len(k.kept) < maxTokens {
			break
		}
		delete(k.kept, other) // any: it is fetched again when it is needed
	}
	if k.kept == nil {
		k.kept = map[tokenKey]token{}
	}
	k.kept[key] = t
}
