package example

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Registry is a registry, as far as presenting an integration token goes, with a
// state-change endpoint at POST /states.
type Registry struct {
	mu     sync.Mutex
	now    time.Time
	tokens map[string]*token
}

type token struct {
	systemType, state string
	issued            time.Time
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry {
	return &Registry{now: time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC), tokens: map[string]*token{}}
}

// ServeHTTP serves the registry, and POST /states to whoever verifies it.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Pairsim-Time", r.now.Format(time.RFC3339))
	switch req.Method + " " + req.URL.Path {
	case "POST /states":
		r.changeState(w, req)
	case "GET /v1/applications/signingRequests/info":
		r.present(w, req)
	default:
		answer(w, http.StatusNotFound, map[string]any{"code": 404, "error": "Not found."})
	}
}

// changeState does what pacts ask for by name; the answer gives what was made.
func (r *Registry) changeState(w http.ResponseWriter, req *http.Request) {
	var change struct {
		Action, State string
		Params        map[string]string
	}
	if err := json.NewDecoder(req.Body).Decode(&change); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
		return
	}
	switch {
	case change.Action == "teardown":
		r.tokens = map[string]*token{}
		answer(w, http.StatusOK, map[string]any{})
	case change.State == "a system with an integration token":
		text, state := rand.Text(), change.Params["token"]
		if state == "" {
			state = "live"
		}
		r.tokens[text] = &token{systemType: change.Params["type"], state: state, issued: r.now}
		if age, err := time.ParseDuration(change.Params["tokenAge"]); err == nil {
			r.now = r.now.Add(age)
		}
		answer(w, http.StatusOK, map[string]any{"token": text})
	default:
		answer(w, http.StatusNotFound, map[string]any{"error": "there is no state " + change.State})
	}
}

// present spends a token, or says in Pairsim-Reason why not.
func (r *Registry) present(w http.ResponseWriter, req *http.Request) {
	t := r.tokens[req.URL.Query().Get("token")]
	reason := ""
	switch {
	case t == nil, t.state == "of a deregistered system":
		reason = "token-unknown"
	case t.state == "used":
		reason = "token-used"
	case t.state == "replaced":
		reason = "token-void"
	case !r.now.Before(t.issued.Add(10 * time.Minute)):
		reason = "token-expired"
	}
	if reason != "" {
		w.Header().Set("Pairsim-Reason", reason)
		answer(w, http.StatusForbidden, map[string]any{"code": 403, "error": "Invalid token."})
		return
	}
	t.state = "used"
	base := "http://" + req.Host
	answer(w, http.StatusOK, map[string]any{
		"csrUrl":      base + "/v1/applications/certificates?token=" + rand.Text(),
		"api":         map[string]string{"infoUrl": base + "/v1/applications/management/info"},
		"certificate": map[string]string{"subject": "OU=TEST,O=example,L=Walldorf,ST=BW,C=DE,CN=mp-pact-shop", "key-algorithm": "rsa2048"},
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
