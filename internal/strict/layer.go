package strict

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// Headers of answers under strictness.
const (
	// TripHeader names the rule that a request tripped over.
	TripHeader = "Pairsim-Strict"
	// RulesHeader names the rules that had a hand in an answer.
	RulesHeader = "Pairsim-Strict-Rules"
)

// Registry is what the rules need of an environment.
type Registry interface {
	Now() time.Time
	ReadClock(context.Context) (btp.ClockState, error)
	RotateKey(context.Context, btp.KeyAlgorithm) (btp.SigningKey, error)
	Journal() *btp.Journal
}

// Config is what a layer is made of.
type Config struct {
	Settings Settings
	Registry Registry
	// RealNow is real time: a client may wait in it.
	RealNow func() time.Time
	// Root is the PEM of the root of the environment's client certificates.
	Root func() []byte
	// AttemptDeadline is the policy's, before Settings.AttemptDeadline shortened it.
	AttemptDeadline time.Duration
}

// Layer makes the answers of one environment unfriendly. It is safe for
// concurrent use, and a nil one is strictness that is off.
type Layer struct {
	Config
	on                 map[Number]bool
	exercised, tripped map[Number]*atomic.Int64

	mu       sync.Mutex
	counts   map[string]int      // requests by subject and step
	pairings map[string]*pairing // by follow-up token or certificate
	waiting  map[string]wait     // calls that were put off
}

// New makes a layer; nil for settings that are off.
func New(c Config) *Layer {
	if !c.Settings.On() {
		return nil
	}
	l := &Layer{
		Config: c, on: c.Settings.rules(), exercised: map[Number]*atomic.Int64{}, tripped: map[Number]*atomic.Int64{},
		counts: map[string]int{}, pairings: map[string]*pairing{}, waiting: map[string]wait{},
	}
	for _, r := range Rules {
		l.exercised[r.Number], l.tripped[r.Number] = new(atomic.Int64), new(atomic.Int64)
	}
	return l
}

// AttemptDeadline is how long an attempt may take where a policy gives it this long.
func (s Settings) AttemptDeadline(policy time.Duration) time.Duration {
	if !s.rules()[ShortAttempt] {
		return policy
	}
	short := time.Minute + time.Duration(draw(s.Seed, ShortAttempt, "", 0).IntN(61))*time.Second
	return min(policy, short)
}

// maxRemembered bounds each of a layer's maps. One that is full is emptied: what
// is not known is let pass.
const maxRemembered = 50_000

func remember[V any](in map[string]V, key string, value V) {
	if len(in) >= maxRemembered {
		clear(in)
	}
	in[key] = value
}

// State is a rule and what has become of it.
type State struct {
	Rule
	On bool
	// Exercised is how many answers it had a hand in, Tripped how many requests it
	// refused for a mistake that the registry noticed.
	Exercised, Tripped int64
}

// Report is what a layer has done.
type Report struct {
	Seed  uint64 // 0: strictness is off
	Rules []State
}

// Report tells the state of every rule.
func (l *Layer) Report() Report {
	r := Report{Rules: make([]State, len(Rules))}
	for i, rule := range Rules {
		r.Rules[i].Rule = rule
		if l != nil {
			r.Rules[i].On = l.on[rule.Number]
			r.Rules[i].Exercised, r.Rules[i].Tripped = l.exercised[rule.Number].Load(), l.tripped[rule.Number].Load()
		}
	}
	if l != nil {
		r.Seed = l.Settings.Seed
	}
	return r
}

// Wrap stands around the handler of the public listeners. Of paths that are not
// the registry's it changes nothing.
func (l *Layer) Wrap(next http.Handler) http.Handler {
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		alias, path := cutAlias(r.URL.Path)
		c := classify(path)
		if c.surface == untouched || r.Method == http.MethodHead || alias != "" && c.surface != vendor {
			next.ServeHTTP(w, r)
			return
		}
		x := &exchange{Layer: l, call: c, alias: alias, request: withPath(r, path), answer: &recorder{w: w}}
		x.identify()
		if c.surface == vendor {
			if err := x.refusal(); err != nil {
				x.request = x.request.WithContext(context.WithValue(x.request.Context(), refusalKey{}, err))
			}
		}
		next.ServeHTTP(x.answer, x.request)
		if !x.answer.through {
			x.finish()
		}
	})
}

type refusalKey struct{}

// Refusal is why a request is refused before the rules see it, nil for most. The
// router answers it in the dialect of its wire.
func Refusal(ctx context.Context) error {
	err, _ := ctx.Value(refusalKey{}).(error)
	return err
}

// withPath is the request with another path.
func withPath(r *http.Request, path string) *http.Request {
	if r.URL.Path == path {
		return r
	}
	changed := *r
	u := *r.URL
	u.Path, u.RawPath = path, ""
	changed.URL, changed.RequestURI = &u, u.RequestURI()
	return &changed
}

// exchange is one request under the rules, and its answer.
type exchange struct {
	*Layer
	call
	alias   string // before the path of the request; "" for none
	request *http.Request
	answer  *recorder
	subject string // whom the rules draw for
	n       int    // how many requests of this subject and step came before
	pairing *pairing
	applied []Number // the rules that had a hand in the answer
}

// identify finds out whose request it is, by what it brings: nothing of it is
// verified, and nothing is allowed for it.
func (x *exchange) identify() {
	x.mu.Lock()
	defer x.mu.Unlock()
	query := x.request.URL.Query().Get("token")
	switch {
	case x.surface == own:
	case x.step == stepInfo:
		x.subject = claimedSystem(query)
	case query != "":
		if x.pairing = x.pairings[digest(query)]; x.pairing != nil {
			x.subject = x.pairing.system
		}
	default:
		if leaf := certificateOf(x.request); leaf != nil {
			x.subject = leaf.Subject.CommonName
			x.pairing = x.pairings[serialKey(leaf)]
		}
	}
	x.subject += "|" + x.request.Method + " " + x.step
	x.n = x.counts[x.subject]
	remember(x.counts, x.subject, x.n+1)
}

// claimedSystem is the system that an integration token speaks of, "" when it
// cannot be read.
func claimedSystem(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > 16<<10 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	_ = json.Unmarshal(payload, &claims) // what cannot be read names nobody
	return claims.Subject
}

// digest keys what must not be kept itself.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// strike is Layer.strikes for this request.
func (x *exchange) strike(rule Number) (chance *rand.Rand, yes bool) {
	return x.strikes(rule, x.subject, x.n)
}

// exercise notes that a rule had a hand in the answer.
func (x *exchange) exercise(rule Number) {
	if slices.Contains(x.applied, rule) {
		return
	}
	x.applied = append(x.applied, rule)
	x.exercised[rule].Add(1)
}

// trip notes a client's mistake and returns the sentence about it.
func (x *exchange) trip(rule Number) string {
	x.exercise(rule)
	x.tripped[rule].Add(1)
	r, _ := Find(string(rule))
	x.answer.Header().Set(TripHeader, string(rule))
	x.answer.tripped = &r
	return string(rule) + ": " + r.Mistake
}

// journal keeps what a client tripped over.
func (x *exchange) journal() {
	r := x.answer.tripped
	if r == nil {
		return
	}
	who := ""
	if name, _, _ := strings.Cut(x.subject, "|"); name != "" {
		who = name + ": "
	}
	x.Registry.Journal().Append(btp.Entry{
		At: x.Registry.Now(), Kind: btp.EntryRefusal, Method: x.request.Method, Path: problem.Path(x.alias + x.request.URL.Path),
		Status: x.answer.status, Rule: string(r.Number), Source: r.Source, Detail: who + r.Mistake,
	})
}

// tokenOf is the token in a URL's query.
func tokenOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Query().Get("token")
}
