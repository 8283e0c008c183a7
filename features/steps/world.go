package steps

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// Landscape is a running landscape, as its users reach it.
type Landscape interface {
	// HTTP, MTLS and Control are the base URLs of the listeners.
	HTTP() string
	MTLS() string
	Control() string
	// TLS trusts the TLS listener and presents the given certificates.
	TLS(certificates ...tls.Certificate) *tls.Config
}

// Guarded is a landscape whose control listener may ask for a key.
type Guarded interface {
	// ControlKey is "" where none is asked for.
	ControlKey() string
}

// Apart is a landscape that may not reach this process.
type Apart interface {
	// CannotCall says why nothing that listens here is called; nil: it is.
	CannotCall() error
}

// Settings are what a scenario wants of a landscape before it starts. The zero
// value is the default of everything.
type Settings struct {
	// Edition is v1 or v2; empty: the landscape's default.
	Edition string
	// BurntTokens: the first refused certificate request ends a pairing.
	BurntTokens bool
	// CollisionsStopSync: a runtime in which two applications would have one name
	// stays as it is.
	CollisionsStopSync bool
	// AbandonedAsError: an abandoned pairing moves its system to the error status.
	AbandonedAsError bool
	// StrictRevocation: a certificate that its client revoked is refused everywhere.
	StrictRevocation bool
	// Durations are how long transitions take on the landscape's clock:
	// deregistering, removing, synchronizing. One that is missing takes no time.
	Durations map[string]time.Duration
	// CallbackTimeout is how long, in real time, a tenant may take to be told
	// something; 0: the landscape's default.
	CallbackTimeout time.Duration
	// GatewayTimeout is how long, in real time, a call through the gateway may take;
	// 0: the landscape's default.
	GatewayTimeout time.Duration
	// Tenants are further tenants beside one of each product: id to product.
	Tenants map[string]string
	// NoTenantRenewal: tenants let their certificates end.
	NoTenantRenewal bool
	// Auth: the registry and the tenants ask for access tokens, with roles.
	Auth bool
	// OwnServer: the scenario is about a server and its environments; an environment
	// of a shared one will not do.
	OwnServer bool
	// TrustedProxy: what forwards from this machine to the plain listener is believed to
	// have seen the client's certificate.
	TrustedProxy bool
	// Strict is the seed of a strict registry, StrictOff its rules that are off; 0:
	// it is friendly.
	Strict    uint64
	StrictOff []string
}

// Start starts a landscape with one tenant of each product and a clock that
// stands still. Stop ends it; an error of stop fails the scenario, so it may also
// tell what was seen on the wire.
type Start func(context.Context, Settings) (l Landscape, stop func() error, err error)

// Definer takes step definitions: an expression, and a function of the context, if it
// wants one, of what the expression captures, as a string, an int or a uint64, and of the
// step's table, if it has one.
type Definer interface {
	Given(expression *regexp.Regexp, step any)
	When(expression *regexp.Regexp, step any)
	Then(expression *regexp.Regexp, step any)
}

// Define defines every step for one scenario, which gets a world of its own, and a
// landscape when a step first needs it. end ends the world; its error fails the scenario.
func Define(start Start, d Definer) (end func() error) {
	w := newWorld(start)
	w.define(compiled{d})
	return w.close
}

// compiled defines steps by expressions that are compiled once, not with every
// scenario: there are many of both.
type compiled struct{ d Definer }

func (c compiled) Given(pattern string, step any) { c.d.Given(expression(pattern), step) }
func (c compiled) When(pattern string, step any)  { c.d.When(expression(pattern), step) }
func (c compiled) Then(pattern string, step any)  { c.d.Then(expression(pattern), step) }

var expressions sync.Map // pattern → *regexp.Regexp

func expression(pattern string) *regexp.Regexp {
	known, ok := expressions.Load(pattern)
	if !ok {
		known, _ = expressions.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return known.(*regexp.Regexp)
}

// definitions takes step definitions, as Definer does, whose expressions are not
// compiled yet.
type definitions interface {
	Given(pattern string, step any)
	When(pattern string, step any)
	Then(pattern string, step any)
}

// define defines every step there is.
func (w *world) define(d definitions) {
	w.cockpitSteps(d)
	w.accountSteps(d)
	w.controlSteps(d)
	w.tokenSteps(d)
	w.tenantSteps(d)
	w.clientSteps(d)
	w.certificateSteps(d)
	w.clockSteps(d)
	w.transitionSteps(d)
	w.journalSteps(d)
	w.recordingSteps(d)
	w.verificationSteps(d)
	w.subaccountSteps(d)
	w.formationSteps(d)
	w.entitlementSteps(d)
	w.eventMeshSteps(d)
	w.busSteps(d)
	w.deregistrationSteps(d)
	w.landscapeSteps(d)
	w.callbackSteps(d)
	w.extensionSteps(d)
	w.faultSteps(d)
	w.incidentSteps(d)
	w.roleSteps(d)
	w.environmentSteps(d)
	w.strictnessSteps(d)
	w.seededSteps(d)
	w.productSteps(d)
	w.gatewaySteps(d)
	w.eventSteps(d)
	w.destinationSteps(d)
	w.keepingSteps(d)
	w.instanceSteps(d)
	w.bindingSteps(d)
	w.applicationSteps(d)
	w.communicationSteps(d)
	w.snapshotSteps(d)
	w.wireSteps(d)
	w.documentSteps(d)
	w.oddSteps(d)
	w.platformSteps(d)
	w.managedSteps(d)
	w.publicSteps(d)
	w.discoverySteps(d)
	w.trustSteps(d)
	w.headerSteps(d)
	w.webhookSteps(d)
	w.limitSteps(d)
}

// world is everything that one scenario knows. No scenario sees another's, even
// when they run at once.
type world struct {
	start     Start
	settings  Settings
	landscape Landscape
	operator  *btpclient.Operator
	control   *btpclient.Control
	tenants   *btpclient.Tenants
	// busClients are applications on the event bus, by emname; consumed is the message
	// that an operator has taken last.
	busClients map[string]busClient
	consumed   consumed
	web        *http.Client
	closers    []func() error // run last to first

	systems map[string]*system // by display name
	present *system            // the one that the operator turned to last

	registered outcome // the operator's latest registration
	operated   outcome // the operator's latest other request
	displayed  btpclient.IntegrationToken
	inspected  btpclient.TokenInspection
	types      []btpclient.SystemType
	// shown is the subaccount looked at last.
	shown          btpclient.Subaccount
	formationTypes []btpclient.FormationType
	said           string // what is shown of the request looked at last

	formations map[string]*formation       // by name
	deletion   btpclient.FormationDeletion // of the formation deleted last
	offered    []btpclient.ServiceOffering // to the subaccount looked at last
	// entitlement is the id of the one that was taken away last.
	entitlement string
	seen        []btpclient.RuntimeApplication // in the runtime looked at last

	subscriber *subscriber // the latest that listens
	events     []btpclient.RuntimeEvent
	client     *client // the one that the scenario speaks of
	called     outcome // a client's latest request
	presented  []error // of several requests at once

	tenant       string  // the one that the scenario speaks of
	administered outcome // its administrator's latest action
	shownFirst   string  // what its newest row showed when it was made
	published    outcome
	access       string // the access token of the tenants' administrator

	product *apiClient // the client of a product's API that the scenario speaks of

	incident  string  // the one that support resolved last
	supported outcome // its latest further request

	verified verified // what the latest test was told

	instances map[string]string // ids of service instances, by name
	binding   btpclient.Binding // the latest
	// marketplace are the services as a developer has seen them last.
	marketplace []btpclient.SubaccountOffering
	program     *program

	arranged arranged           // the arrangement that an administrator looked at last
	scenario btpclient.Scenario // and the communication scenario

	extension extension // the one that looks destinations up
	// keepers are applications of the destination service, by name; found is the latest
	// that has looked something up there.
	keepers map[string]keeper
	found   keeper

	snapshots snapshots
	wire      *wire    // the connector that knows the wire alone
	keySet    []string // ids of the registry's keys, as somebody has read them

	heard   heard    // the latest answer to somebody with a plain client
	manager platform // the program that orders services
	pages   pages
	tagged  map[string][]byte // answers by their tags
	// documentAt is where the latest OpenAPI document was read.
	documentAt string
	trust      *trust
	hook       *hook // the latest webhook
	// manifests are what the runtime was given of an application.
	manifests struct{ Items []manifest }

	moved      time.Time // what the clock showed before it moved last
	controlled outcome   // the latest request to the control listener
	// points are where something can go wrong, removed is the fault that was removed last,
	// clientSecrets are of the scenario's OAuth clients, by id.
	points        map[string]btpclient.FaultPoint
	removed       string
	clientSecrets map[string]string

	place    string              // the environment where the scenario is
	places   map[string]world    // the others as it left them; nil: it knows of none
	served   *btpclient.Control  // the server's own
	drawn    map[string][][]byte // answers by environment
	apis     map[string]*exposed // by name
	workload workload
}

// system is a system as the operator knows it.
type system struct {
	id, name, account string
	application       string                       // its name; "" until somebody asked
	tokens            []btpclient.IntegrationToken // first to newest
}

func newWorld(start Start) *world {
	return &world{start: start, systems: map[string]*system{}, formations: map[string]*formation{}, apis: map[string]*exposed{}, instances: map[string]string{}, program: &program{}}
}

// configure changes the settings of a landscape that has not been started yet.
func (w *world) configure(change func(*Settings)) error {
	if w.landscape != nil {
		return errors.New("this has to be said before anything happens in the landscape")
	}
	change(&w.settings)
	return nil
}

// open starts the landscape unless it runs.
func (w *world) open(ctx context.Context) error {
	if w.landscape != nil {
		return nil
	}
	l, err := w.launch(ctx)
	if err != nil {
		return err
	}
	transport := &http.Transport{TLSClientConfig: l.TLS(), MaxIdleConnsPerHost: 64}
	w.onClose(func() error { transport.CloseIdleConnections(); return nil })
	w.settle(l, &http.Client{Transport: transport})
	return nil
}

// settle makes a landscape the one in which everything happens.
func (w *world) settle(l Landscape, web *http.Client) {
	w.landscape, w.web = l, web
	w.operator = btpclient.NewOperator(l.HTTP(), w.web)
	w.control = btpclient.NewControl(l.Control(), w.web)
	if guarded, ok := l.(Guarded); ok {
		w.control = w.control.WithToken(guarded.ControlKey())
	}
	w.tenants = btpclient.NewTenants(l.HTTP(), w.web)
}

// launch starts a landscape that ends with the scenario.
func (w *world) launch(ctx context.Context) (Landscape, error) {
	l, stop, err := w.start(ctx, w.settings)
	if err != nil {
		return nil, fmt.Errorf("start the landscape: %w", err)
	}
	w.onClose(stop)
	return l, nil
}

func (w *world) onClose(do func() error) { w.closers = append(w.closers, do) }

func (w *world) close() error {
	var errs []error
	for _, do := range slices.Backward(w.closers) {
		errs = append(errs, do())
	}
	w.closers = nil
	return errors.Join(errs...)
}

// named finds a system that the scenario has registered.
func (w *world) named(name string) (*system, error) {
	if s := w.systems[name]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("the scenario has registered no system %q", name)
}

// look reads a system as the cockpit shows it now.
func (w *world) look(ctx context.Context, name string) (btpclient.System, error) {
	s, err := w.named(name)
	if err != nil {
		return btpclient.System{}, err
	}
	return w.operator.SystemNamed(ctx, s.account, name)
}

// outcome is how the latest request of somebody ended.
type outcome struct {
	asked bool
	err   error
}

// ended records the end of a request, for a Then to judge.
func ended(err error) outcome { return outcome{asked: true, err: err} }

func (o outcome) accepted(who string) error {
	if !o.asked {
		return fmt.Errorf("%s has asked for nothing yet", who)
	}
	if o.err != nil {
		return fmt.Errorf("%s got %w; want no refusal", who, o.err)
	}
	return nil
}

func (o outcome) refusedBecauseOf(who, reason string) error {
	if !o.asked {
		return fmt.Errorf("%s has asked for nothing yet", who)
	}
	return refusedBecauseOf(who, o.err, reason)
}

func refusedBecauseOf(who string, err error, reason string) error {
	got := btpclient.CodeOf(err)
	switch {
	case err == nil:
		return fmt.Errorf("%s was not refused; want a refusal because of %q", who, reason)
	case got == "":
		return fmt.Errorf("%s got no refusal with a reason but: %w; want one because of %q", who, err, reason)
	case got != reason:
		return fmt.Errorf("%s was refused because of %q, want %q; the answer was: %w", who, got, reason, err)
	}
	return nil
}
