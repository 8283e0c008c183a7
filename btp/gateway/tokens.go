package gateway

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/tokencache"
)

// token is an OAuth token, or a CSRF token with its cookies.
type token struct {
	text    string
	cookies []*http.Cookie
	// until is an instant of the environment's clock.
	until time.Time
}

// cacheKey is the same for two APIs of a system that use the same credentials.
func (t *tokenCall) cacheKey(system btp.SystemID) tokencache.Key {
	parameters, _ := json.Marshal(t.parameters) // of strings alone: it cannot fail
	return tokencache.KeyOf("oauth", string(system), t.url, t.clientID, t.secret, string(t.certificate), string(t.key), string(parameters))
}
