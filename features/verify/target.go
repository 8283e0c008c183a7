package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/features/steps"
)

// Target is what the scenarios are carried out against.
type Target struct {
	// HTTP, MTLS and Control are base URLs; "" for what is not there. Without Control
	// only scenarios of the wire can be carried out.
	HTTP, MTLS, Control string
	// ControlKey is what the control listener asks for; "" for nothing.
	ControlKey string
	// Apart says that the target cannot call what listens on a loopback address here, as
	// in a container.
	Apart bool
	// Roots are the authorities of its TLS; nil: the system's.
	Roots *x509.CertPool
	// TokenURL gives the token URLs of a foreign registry, each once; nil: systems are
	// registered over HTTP. It refuses with ErrNoTokenURL when it has no more.
	TokenURL func(context.Context) (string, error)
	// Foreign are the base URLs behind TokenURL, as far as they are known beforehand.
	Foreign []string

	silent *sync.Map // base URL → error, of foreign registries that gave no answer
}

// ErrNoTokenURL says that there are fewer token URLs than scenarios.
var ErrNoTokenURL = errors.New("no token URL is left for this scenario")

// notApplicable says why a scenario cannot be held against the target; it is
// neither passed nor failed.
type notApplicable struct{ why string }

func (n notApplicable) Error() string { return n.why }

// environmentTTL is how long, in real time, an environment lasts that is left behind.
const environmentTTL = 15 * time.Minute

// names counts the environments of this process; its own start makes them unlike
// another's.
var names atomic.Uint64

// start gives each scenario a landscape.
func (t Target) start(ctx context.Context, s steps.Settings) (steps.Landscape, func() error, error) {
	known := recordOf(ctx)
	if t.TokenURL != nil {
		l := &foreign{target: t}
		return l, func() error { l.drawInto(known); return nil }, nil
	}
	if t.Control == "" {
		if known != nil && slices.Contains(known.Tags, "@wire") {
			l := &plain{target: t}
			return l, func() error { l.drawInto(known); return nil }, nil
		}
		return nil, nil, notApplicable{"it needs the target's control (--control), to make an environment and to move its clock"}
	}
	if why := unmet(s); why != "" {
		return nil, nil, notApplicable{why}
	}
	return t.environment(ctx, s, known)
}

// unmet says what of a scenario's wishes cannot be asked of a server that runs.
func unmet(s steps.Settings) string {
	for why, wanted := range map[string]bool{
		"it needs a server of its own":                                   s.OwnServer,
		"it needs a server that trusts a proxy on this machine":          s.TrustedProxy,
		"it needs a server with --auth":                                  s.Auth,
		"it needs a server that waits for tenants for a moment only":     s.CallbackTimeout > 0,
		"it needs a server whose gateway waits for a moment only":        s.GatewayTimeout > 0,
		"it needs a server whose tenants let their certificates run out": s.NoTenantRenewal,
	} {
		if wanted {
			return why
		}
	}
	return ""
}

// environmentWithin is how long making and removing an environment may take.
const environmentWithin = time.Minute

// environment makes one on the target, removed with the scenario. A run that is
// interrupted meanwhile waits for the answer: the target would keep an environment of
// which nobody heard.
func (t Target) environment(ctx context.Context, s steps.Settings, known *record) (steps.Landscape, func() error, error) {
	transport := t.transport(nil)
	server := btpclient.NewControl(t.Control, &http.Client{Transport: transport}).WithToken(t.ControlKey)
	n, err := newEnvironment(s)
	if err != nil {
		return nil, nil, err
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), environmentWithin)
	defer cancel()
	made, err := server.CreateEnvironment(bounded, n)
	if err != nil {
		return nil, nil, fmt.Errorf("make an environment on the target: %w", err)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, nil, errors.Join(err, server.DeleteEnvironment(bounded, made.Name))
	}
	e := environment{t, made.URLs}
	own := btpclient.NewControl(e.Control(), &http.Client{Transport: transport}).WithToken(t.ControlKey)
	for transition, d := range s.Durations {
		if _, err := own.SetTransition(bounded, transition, btpclient.TransitionPolicy{After: d.String()}); err != nil {
			return nil, nil, errors.Join(err, server.DeleteEnvironment(bounded, made.Name))
		}
	}
	return e, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), environmentWithin)
		defer cancel()
		defer transport.CloseIdleConnections()
		if known != nil && known.failed() {
			known.diagram = drawn(ctx, e.Control(), t.ControlKey, transport)
		}
		return server.DeleteEnvironment(ctx, made.Name)
	}, nil
}

// newEnvironment asks for what a scenario wants: its clock stands still.
func newEnvironment(s steps.Settings) (btpclient.NewEnvironment, error) {
	seed := map[string]any{"clock": map[string]any{"frozen": true, "at": "2030-01-01T10:00:00Z"}}
	if len(s.Tenants) > 0 {
		tenants := []map[string]string{}
		for _, product := range []string{"commerce", "fsm", "c4c", "marketing"} {
			tenants = append(tenants, map[string]string{"id": product, "product": product})
		}
		for _, id := range slices.Sorted(maps.Keys(s.Tenants)) {
			tenants = append(tenants, map[string]string{"id": id, "product": s.Tenants[id]})
		}
		seed["tenants"] = tenants
	}
	if s.CollisionsStopSync {
		seed["policy"] = map[string]string{"nameCollision": "stop-sync"}
	}
	if s.Strict != 0 {
		seed["strict"] = map[string]any{"seed": s.Strict, "off": append([]string{}, s.StrictOff...)} // a list, also when it is empty
	}
	text, err := json.Marshal(seed)
	n := btpclient.NewEnvironment{
		Name: fmt.Sprintf("verify-%x-%d", started, names.Add(1)), Edition: s.Edition, Seed: text, TTL: environmentTTL,
	}
	if n.Edition == "" {
		n.Edition = "v1"
	}
	p := &btpclient.EnvironmentPolicy{}
	if s.BurntTokens {
		p.BurnOnRejectedCSR = &s.BurntTokens
	}
	if s.AbandonedAsError {
		p.Abandoned = "error"
	}
	if s.StrictRevocation {
		p.Revocation = "strict"
	}
	if *p != (btpclient.EnvironmentPolicy{}) {
		n.Policy = p
	}
	return n, err
}

// started tells the environments of two runs apart.
var started = uint32(time.Now().UnixMilli()) //nolint:gosec // a part of it will do

func (t Target) tls(certificates []tls.Certificate) *tls.Config {
	return &tls.Config{RootCAs: t.Roots, Certificates: certificates, MinVersion: tls.VersionTLS12}
}

func (t Target) transport(certificates []tls.Certificate) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = t.tls(certificates)
	return transport
}

// plain is the target's first environment, over its public listeners.
type plain struct {
	target Target
	calls
}

func (p *plain) HTTP() string                           { return p.target.HTTP }
func (p *plain) MTLS() string                           { return p.target.MTLS }
func (p *plain) Control() string                        { return "" }
func (p *plain) TLS(own ...tls.Certificate) *tls.Config { return p.target.tls(own) }

// foreign is a registry of which token URLs are known.
type foreign struct {
	target Target
	calls
}

var (
	_ steps.TokenSource = (*foreign)(nil)
	_ steps.Watching    = (*foreign)(nil)
	_ steps.Watching    = (*plain)(nil)
)

func (f *foreign) HTTP() string                           { return "" }
func (f *foreign) MTLS() string                           { return "" }
func (f *foreign) Control() string                        { return "" }
func (f *foreign) TLS(own ...tls.Certificate) *tls.Config { return f.target.tls(own) }

func (f *foreign) TokenURL(ctx context.Context) (string, error) {
	text, err := f.target.TokenURL(ctx)
	if errors.Is(err, ErrNoTokenURL) {
		return "", notApplicable{ErrNoTokenURL.Error()}
	}
	if err == nil {
		err = f.target.heard(ctx, text)
	}
	return text, err
}

// heard fails when the registry behind a token URL gives no answer. It is waited for
// once: each scenario would wait anew.
func (t Target) heard(ctx context.Context, tokenURL string) error {
	u, err := url.Parse(tokenURL)
	if err != nil {
		return errors.New("the token URL cannot be read") // it is a secret
	}
	base := u.Scheme + "://" + u.Host
	if err, known := t.silent.Load(base); known {
		return err.(error)
	}
	transport := t.transport(nil)
	defer transport.CloseIdleConnections()
	err = inTime(ctx, func(ctx context.Context) error { return answers(ctx, &http.Client{Transport: transport}, base) })
	if err != nil {
		err = fmt.Errorf("the registry at %s cannot be used: %w", base, err)
		t.silent.Store(base, err)
	}
	return err
}

var (
	_ steps.Guarded = environment{}
	_ steps.Apart   = environment{}
)

// environment is one that was made on the target.
type environment struct {
	target Target
	urls   btpclient.EnvironmentURLs
}

func (e environment) HTTP() string    { return e.urls.HTTP }
func (e environment) MTLS() string    { return e.urls.MTLS }
func (e environment) Control() string { return e.urls.Control }

// ControlKey is for the steps that ask the control listener.
func (e environment) ControlKey() string { return e.target.ControlKey }

// CannotCall is for the steps that play a part which the target calls.
func (e environment) CannotCall() error {
	if !e.target.Apart {
		return nil
	}
	return notApplicable{"it needs a target that can call this process"}
}

func (e environment) TLS(own ...tls.Certificate) *tls.Config { return e.target.tls(own) }

// TokenURLs gives these URLs, one after the other.
func TokenURLs(list []string) func(context.Context) (string, error) {
	var mu sync.Mutex
	return func(context.Context) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(list) == 0 {
			return "", ErrNoTokenURL
		}
		next := list[0]
		list = list[1:]
		return strings.TrimSpace(next), nil
	}
}
