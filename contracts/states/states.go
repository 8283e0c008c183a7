// Package states brings our own registry and tenants into the states that pacts name,
// through testenv: each state is an environment of its own, made when it is asked for
// and gone at its teardown. Foreign sides have a state-change endpoint of their own;
// this one is its model (docs/guides/contracts-provider.md).
package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pairsim/pairsim/contracts/verifier"
	"github.com/pairsim/pairsim/testenv"
)

// The states, as pacts name them. Parameters are texts; each state says which it has.
const (
	// Environment is a registry, as it is.
	Environment = "a registry"
	// Token is a system with an integration token of the age tokenAge ("11m"; default
	// "0s"), which is (token) live, used, replaced or "of a deregistered system".
	// Gives token.
	Token = "a system with an integration token"
	// Pairing is a pairing whose integration token was accepted, age ago. Gives token,
	// the follow-up token, and csr: a certificateRequest that is good, "for another
	// subject" or "not a request".
	Pairing = "a pairing in progress"
	// Paired is a system in a status (Pending, Registered, Deregistered; default
	// Registered) whose client holds a certificate that is valid, "renewal blocked",
	// expired, revoked, "of another authority" or not presented (none). With a service it gives serviceId, with
	// formation yes it stands in a Kyma runtime, where a subscriber listens to
	// eventType (in edition v1 none that Marketing Cloud publishes, so edition may be
	// v2); with deliveries full as many events wait for it as may. Gives clientCertificate, clientKey, csr, tenantUrl, specificationUrl.
	Paired = "a system with a client certificate"
	// Gone is a system that was deregistered, and whose tenant keeps its row. Gives
	// releaseToken.
	Gone = "a deregistered system with a release token"
	// Runtime is an application in a Kyma runtime with the API "Orders", whose target
	// answers, refuses or is unreachable.
	Runtime = "an application in a Kyma runtime"
	// Tenant is a tenant (commerce, fsm, c4c or marketing) that is paired. Gives
	// systemId, noticeToken and releaseToken of a notice of deregistration that it has
	// not got yet: signed for deregistration or, with notice "for another tenant", for
	// that. Busy yes: it is just renewing its certificate.
	Tenant = "a paired tenant"
	// API is a tenant with the credentials of an api. Gives username, password, basic;
	// clientId, clientSecret, client; accessToken; csrfToken and cookie.
	API = "a tenant with an API"
	// Arrangement is a tenant of SAP Marketing Cloud that the registry calls about the
	// arrangement of ContactsInstance. Gives systemId and callToken, which proves the call:
	// good, "for another system" or "not signed by the registry" (call). Its row is paired,
	// disabled or deleted; an arrangement is there "of the instance", "of the name" or "of
	// the channel".
	Arrangement = "a tenant that is asked for an arrangement"
	// Assertion is a tenant with an arrangement that takes SAML assertions. Gives the
	// assertion of a user that the registry has not shown yet (good, or none that is
	// one), clientId, basic and form.
	Assertion = "a tenant that takes SAML assertions"
	// Channel is a messaging arrangement, whose client of the event bus is known or "of a
	// deleted instance". Gives basic, and accessToken, which is live or expired (token).
	Channel = "a channel of an event bus"
	// Application is one that is bound to the destination service or to another (service),
	// with the destination "pact" that has a user and password or a SAML bearer assertion.
	// Gives clientId, clientSecret, accessToken, and userToken of a user.
	Application = "an application with a service binding"
	// Mesh is an application of the event bus, in whose queue a message is waiting or was
	// taken (messages). Gives clientId, clientSecret, accessToken, messageId.
	Mesh = "an application of an event bus"
	// Services is a subaccount that is entitled to services, with an instance of a service
	// that is made or bound. Gives instanceId, bindingId.
	Services = "a subaccount with services"
)

// state makes what a state needs in a fresh environment.
type state struct {
	params []string
	make   func(context.Context, *world, params) (map[string]any, error)
}

var states = map[string]state{
	Environment: {nil, func(context.Context, *world, params) (map[string]any, error) { return nil, nil }},
	Token:       {[]string{"type", "token", "tokenAge"}, makeToken},
	Pairing:     {[]string{"type", "age", "certificateRequest"}, makePairing},
	Paired:      {[]string{"type", "status", "certificate", "service", "formation", "eventType", "deliveries", "edition"}, makePaired},
	Gone:        {[]string{"type"}, makeGone},
	Runtime:     {[]string{"target"}, makeRuntime},
	Tenant:      {[]string{"tenant", "notice", "busy"}, makeTenant},
	API:         {[]string{"tenant", "api"}, makeAPI},
	Arrangement: {[]string{"call", "row", "arrangement"}, makeArrangement},
	Assertion:   {[]string{"assertion"}, makeAssertion},
	Channel:     {[]string{"client", "token"}, makeChannel},
	Application: {[]string{"service", "destination"}, makeApplication},
	Mesh:        {[]string{"messages"}, makeQueue},
	Services:    {[]string{"instance", "service"}, makeServices},
}

// Names are the states that are known, sorted.
func Names() []string { return slices.Sorted(maps.Keys(states)) }

// Parameters are those that a state knows.
func Parameters(name string) []string { return states[name].params }

// params are the parameters of a state.
type params map[string]string

func (p params) or(name, otherwise string) string {
	if value, given := p[name]; given {
		return value
	}
	return otherwise
}

func (p params) duration(name string) (time.Duration, error) {
	d, err := time.ParseDuration(p.or(name, "0s"))
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s: %q is no duration as 11m", name, p[name])
	}
	return d, nil
}

// choice is one of a few values; the first is the default.
func (p params) choice(name string, values ...string) (string, error) {
	value := p.or(name, values[0])
	if !slices.Contains(values, value) {
		return "", fmt.Errorf("%s: %q is none of %s", name, value, strings.Join(values, ", "))
	}
	return value, nil
}

// States is a landscape with a state-change endpoint. One verifier at a time uses it.
type States struct {
	env  *testenv.Env
	side *http.Server // what clients of the registry have of their own
	base string       // of side

	changing sync.Mutex // held while a state is made or left
	mu       sync.Mutex // guards now, also while that is being made
	now      *world
}

// Start starts a landscape on loopback; Close ends it.
func Start(ctx context.Context) (*States, error) {
	env, err := testenv.New(ctx)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, env.Close())
	}
	s := &States{env: env, base: "http://" + listener.Addr().String()}
	s.side = &http.Server{Handler: http.HandlerFunc(s.serveSide), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.side.Serve(listener) }()
	return s, nil
}

// Close ends the landscape.
func (s *States) Close() error {
	s.changing.Lock()
	err := s.leave()
	s.changing.Unlock()
	return errors.Join(err, s.side.Close(), s.env.Close())
}

// Provider is our registry with its tenants, as a verifier sees it.
func (s *States) Provider() *verifier.Remote {
	return &verifier.Remote{Base: s.env.HTTP(), MTLS: s.env.MTLS(), Roots: s.env.TLS().RootCAs, States: s}
}

// CA is the PEM of who signed the TLS listener's certificate.
func (s *States) CA() []byte { return s.env.CA() }

// maxBody bounds a state change, in bytes.
const maxBody = 1 << 20

// ServeHTTP answers POST …/states and POST …/messages.
func (s *States) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "want POST with a body of at most 1 MiB", http.StatusBadRequest)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/messages") {
		s.serveMessage(r.Context(), w, body)
		return
	}
	var change verifier.StateChange
	if err := json.Unmarshal(body, &change); err != nil {
		http.Error(w, "the state change is not JSON: "+err.Error(), http.StatusBadRequest)
		return
	}
	values, err := s.change(change)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(values)
}

// change leaves the present state and, for a setup, makes another.
func (s *States) change(c verifier.StateChange) (map[string]any, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.leave(); err != nil {
		return nil, err
	}
	switch c.Action {
	case "teardown":
		return map[string]any{}, nil
	case "setup", "":
	default:
		return nil, fmt.Errorf("action %q: want setup or teardown", c.Action)
	}
	made, known := states[c.State]
	if !known {
		return nil, fmt.Errorf("there is no provider state %q; there are: %s", c.State, strings.Join(Names(), "; "))
	}
	p := params{}
	for name, value := range c.Params {
		text, ok := value.(string)
		if !ok || !slices.Contains(made.params, name) {
			return nil, fmt.Errorf("the state %q has no parameter %q with the value %v; it has the texts %s",
				c.State, name, value, strings.Join(made.params, ", "))
		}
		p[name] = text
	}
	// Not the request's: the environment outlives it.
	ctx, cancel := context.WithCancel(context.Background())
	w := &world{
		States: s, ctx: ctx, cancel: cancel, time: testenv.Epoch, notices: make(chan notice, 16), published: make(chan message, 16), delivered: make(chan message, 16),
		calls: make(chan message, 16), asked: make(chan message, 16),
	}
	var err error
	if w.env, err = s.env.Environment(ctx, testenv.WithPublicHandler(w.watch), testenv.WithEdition(p.or("edition", "v1"))); err != nil {
		cancel()
		return nil, fmt.Errorf("make an environment: %w", err)
	}
	s.enter(w)
	values, err := made.make(ctx, w, p)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the state %q could not be made: %w", c.State, err), s.leave())
	}
	if values == nil {
		values = map[string]any{}
	}
	values[verifier.BaseURL], values[verifier.MTLSURL] = w.env.HTTP(), w.env.MTLS()
	return values, nil
}

func (s *States) enter(w *world) (former *world) {
	s.mu.Lock()
	defer s.mu.Unlock()
	former, s.now = s.now, w
	return former
}

// leave ends the present state, if any. The caller holds s.changing.
func (s *States) leave() error {
	w := s.enter(nil)
	if w == nil {
		return nil
	}
	w.cancel()
	return errors.Join(w.close(), w.env.Close())
}

func (s *States) present() (*world, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		return nil, errors.New("no state is set")
	}
	return s.now, nil
}
