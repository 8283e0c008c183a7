package tenant

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/pattern"
)

// Communication arrangements: the registry asks for one for a service instance of
// SAP S/4HANA Cloud Extensibility, and ends it (docs/wire.md, Communication
// arrangements). Rules of the parameters are those of 553a4c6.md and 2d50d91.md.

const (
	communicationAudience = "pairsim:communication"
	maxArrangements       = 100
	maxServices           = 100 // of a request
	maxAttributes         = 100
	maxValue              = 1024 // bytes of an attribute, a path, a password, an endpoint
	maxPEM                = 16 << 10
)

var (
	instancePattern    = pattern.New(`^[A-Za-z0-9._-]{1,100}$`)
	arrangementPattern = pattern.New(`^[a-zA-Z0-9_-]{1,80}$`)
	scenarioPattern    = pattern.New(`^[A-Z0-9_]{1,40}$`)
	hostPattern        = pattern.New(`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)$`)
)

// wantedArrangement is the body of the registry's request. It holds secrets.
type wantedArrangement struct {
	SystemID          string             `json:"systemId"`
	InstanceName      string             `json:"instanceName"`
	Arrangement       arrangementSpec    `json:"communicationArrangement"`
	SAMLTrust         *samlTrust         `json:"samlTrust,omitempty"`
	ClientCertificate *clientCertificate `json:"clientCertificate,omitempty"`
	EventBus          *eventBus          `json:"eventBus,omitempty"`
}

type arrangementSpec struct {
	Name             string               `json:"communicationArrangementName"`
	ScenarioID       string               `json:"scenarioId"`
	Inbound          Authentication       `json:"inboundAuthentication,omitempty"`
	Outbound         Authentication       `json:"outboundAuthentication,omitempty"`
	System           *communicationSystem `json:"communicationSystem,omitempty"`
	OutboundServices []wantedService      `json:"outboundServices,omitempty"`
	Attributes       []attribute          `json:"attributes,omitempty"`
}

type communicationSystem struct {
	Hostname      string        `json:"communicationSystemHostname"`
	Port          string        `json:"port,omitempty"`
	AuthEndpoint  string        `json:"oAuthAuthEndpoint,omitempty"`
	TokenEndpoint string        `json:"oAuthTokenEndpoint,omitempty"`
	User          *outboundUser `json:"outboundCommunicationUser,omitempty"`
}

type outboundUser struct {
	Username string `json:"username"`
	Password string `json:"password,omitempty"` // a secret
}

// wantedService says how one outbound service of the scenario is called, or that it is not.
type wantedService struct {
	ID         string      `json:"id,omitempty"`
	Name       string      `json:"name,omitempty"`
	URLPath    string      `json:"urlPath,omitempty"`
	Active     *bool       `json:"isServiceActive,omitempty"` // nil: it is
	Attributes []attribute `json:"attributes,omitempty"`
}

type attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type samlTrust struct {
	Issuer      string `json:"issuer"`
	Certificate string `json:"certificate"` // PEM
}

type clientCertificate struct {
	Certificate string `json:"certificate"` // PEM
}

type eventBus struct {
	TokenEndpoint string `json:"tokenEndpoint"`
	ClientID      string `json:"clientId"`
	ClientSecret  string `json:"clientSecret"` // a secret
	URI           string `json:"uri"`          // base of messagingrest/v1
	Namespace     string `json:"namespace"`
}

// madeArrangement is what the registry learns of an arrangement. It holds a secret.
type madeArrangement struct {
	ID              string            `json:"arrangementId"`
	URL             string            `json:"url"`
	UIURL           string            `json:"uiUrl"`
	User            *basicAnswer      `json:"communicationUser,omitempty"`
	TokenServiceURL string            `json:"tokenServiceUrl,omitempty"`
	InboundServices []inboundOfTenant `json:"inboundServices"`
}

type inboundOfTenant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Path string `json:"path,omitempty"` // below url; none: not simulated
}

// check tells what is wrong with the form of w. The rules that depend on the tenant
// come later.
func (w *wantedArrangement) check() error {
	s := &w.Arrangement
	switch {
	case w.SystemID == "" || len(w.SystemID) > maxSystemID:
		return refuse(invalidRequest, "systemId: has 1 to %d bytes", maxSystemID)
	case w.InstanceName == "" || len(w.InstanceName) > maxName:
		return refuse(invalidRequest, "instanceName: has 1 to %d bytes", maxName)
	case !arrangementPattern.MatchString(s.Name):
		return refuse(invalidRequest, "communicationArrangement.communicationArrangementName: has 1 to 80 letters, digits, underscores and hyphens")
	case !scenarioPattern.MatchString(s.ScenarioID):
		return refuse(invalidRequest, "communicationArrangement.scenarioId: has 1 to 40 capital letters, digits and underscores")
	case len(s.OutboundServices) > maxServices:
		return refuse(invalidRequest, "communicationArrangement.outboundServices: at most %d", maxServices)
	}
	if err := s.System.check(); err != nil {
		return err
	}
	for i := range s.OutboundServices {
		if err := s.OutboundServices[i].check(fmt.Sprintf("communicationArrangement.outboundServices[%d]", i)); err != nil {
			return err
		}
	}
	if err := checkAttributes("communicationArrangement.attributes", s.Attributes); err != nil {
		return err
	}
	return w.EventBus.check()
}

// checkTrust: with each inbound authentication comes what it is checked by, and
// nothing else.
func (w *wantedArrangement) checkTrust() error {
	saml, certificate := w.Arrangement.Inbound == OAuth2SAMLBearerAssertion, w.Arrangement.Inbound == ClientCertificateAuthentication
	switch {
	case saml != (w.SAMLTrust != nil):
		return refuse(invalidRequest, "samlTrust: stands with inboundAuthentication %s, and with no other", OAuth2SAMLBearerAssertion)
	case certificate != (w.ClientCertificate != nil):
		return refuse(invalidRequest, "clientCertificate: stands with inboundAuthentication %s, and with no other", ClientCertificateAuthentication)
	case saml && (w.SAMLTrust.Issuer == "" || len(w.SAMLTrust.Issuer) > maxValue):
		return refuse(invalidRequest, "samlTrust.issuer: has 1 to %d bytes", maxValue)
	}
	if saml {
		if _, err := certificateOf(w.SAMLTrust.Certificate); err != nil {
			return refuse(invalidRequest, "samlTrust.certificate: %v", err)
		}
	}
	if certificate {
		if _, err := certificateOf(w.ClientCertificate.Certificate); err != nil {
			return refuse(invalidRequest, "clientCertificate.certificate: %v", err)
		}
	}
	return nil
}

// certificateOf reads exactly one certificate in PEM.
func certificateOf(text string) (*x509.Certificate, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("is longer than %d bytes", maxPEM)
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, fmt.Errorf("is not one certificate in PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("cannot be read as a certificate")
	}
	return c, nil
}

func (s *communicationSystem) check() error {
	const path = "communicationArrangement.communicationSystem."
	if s == nil {
		return nil
	}
	switch {
	case len(s.Hostname) > maxName || !hostPattern.MatchString(s.Hostname):
		return refuse(invalidRequest, path+"communicationSystemHostname: is the host of the extension, a name or address without scheme, port and path")
	case len(s.AuthEndpoint) > maxValue, len(s.TokenEndpoint) > maxValue:
		return refuse(invalidRequest, path+"oAuthTokenEndpoint: endpoints have at most %d bytes", maxValue)
	}
	if n, err := strconv.Atoi(s.port()); err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != s.port() {
		return refuse(invalidRequest, path+"port: is a text with a number from 1 to 65535")
	}
	if s.TokenEndpoint != "" {
		if _, err := endpoint(s.TokenEndpoint); err != nil {
			return refuse(invalidRequest, path+"oAuthTokenEndpoint: %v", err)
		}
	}
	if u := s.User; u != nil && (u.Username == "" || len(u.Username) > maxName || strings.Contains(u.Username, ":") || len(u.Password) > maxValue) {
		return refuse(invalidRequest, path+"outboundCommunicationUser: username has 1 to %d bytes and no colon, password at most %d", maxName, maxValue)
	}
	return nil
}

func (s *communicationSystem) port() string {
	if s.Port == "" {
		return "443"
	}
	return s.Port
}

// base is where the extension is: over https, unless it is on this machine at a port
// other than 443, as one that somebody develops. A client certificate needs https.
func (s *communicationSystem) base(by Authentication) *url.URL {
	u := &url.URL{Scheme: "https", Host: s.Hostname}
	if s.port() != "443" {
		u.Host = net.JoinHostPort(strings.Trim(s.Hostname, "[]"), s.port())
		if loopback(u.Hostname()) && by != ClientCertificateAuthentication && by != OAuth2MTLS {
			u.Scheme = "http"
		}
	}
	return u
}

// endpoint is an OAuth endpoint, which stands without scheme in the documents'
// examples: oauth.com/oauth/token.
func endpoint(text string) (*url.URL, error) {
	if scheme, _, given := strings.Cut(text, "://"); !given {
		u, err := url.Parse("https://" + text)
		if err == nil && u.Port() != "" && u.Port() != "443" && loopback(u.Hostname()) {
			u.Scheme = "http"
		}
		if err != nil || u.Host == "" || u.User != nil {
			return nil, fmt.Errorf("is host[:port]/path, with https:// before it or nothing")
		}
		return u, nil
	} else if scheme != "https" && scheme != "http" {
		return nil, fmt.Errorf("is host[:port]/path, with https:// before it or nothing")
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("is host[:port]/path, with https:// before it or nothing; http:// leads to this machine only")
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func (s *wantedService) check(path string) error {
	switch {
	case s.ID == "" && s.Name == "":
		return refuse(invalidRequest, "%s: id or name is required", path)
	case len(s.ID) > maxName || len(s.Name) > maxName:
		return refuse(invalidRequest, "%s: id and name have at most %d bytes", path, maxName)
	case len(s.URLPath) > maxValue || s.URLPath != "" && !goodPath(s.URLPath):
		return refuse(invalidRequest, "%s.urlPath: is a path of at most %d bytes, with a query or without", path, maxValue)
	}
	return checkAttributes(path+".attributes", s.Attributes)
}

func goodPath(text string) bool {
	u, err := url.Parse("/" + strings.TrimPrefix(text, "/"))
	return err == nil && u.Host == "" && u.Fragment == "" && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

func (s *wantedService) active() bool { return s.Active == nil || *s.Active }

func checkAttributes(path string, list []attribute) error {
	if len(list) > maxAttributes {
		return refuse(invalidRequest, "%s: at most %d", path, maxAttributes)
	}
	seen := map[string]bool{}
	for i, a := range list {
		switch {
		case a.Name == "" || len(a.Name) > maxName || len(a.Value) > maxValue:
			return refuse(attributeInvalid, "%s[%d]: name has 1 to %d bytes, value at most %d", path, i, maxName, maxValue)
		case seen[a.Name]:
			return refuse(attributeInvalid, "%s[%d]: %q is there twice", path, i, clip(a.Name, 60))
		}
		seen[a.Name] = true
	}
	return nil
}

func (b *eventBus) check() error {
	if b == nil {
		return nil
	}
	for field, text := range map[string]string{"tokenEndpoint": b.TokenEndpoint, "uri": b.URI} {
		if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(text) > maxValue {
			return refuse(invalidRequest, "eventBus.%s: is an absolute URL", field)
		}
	}
	if b.ClientID == "" || b.ClientSecret == "" || b.Namespace == "" || len(b.ClientID)+len(b.ClientSecret)+len(b.Namespace) > 3*maxValue {
		return refuse(invalidRequest, "eventBus: clientId, clientSecret and namespace are required, of at most %d bytes", maxValue)
	}
	return nil
}

// fits tells why no arrangement as w can be made of scenario s; the order is that
// in which an administrator would find out (69889e4.md, b8855ef.md).
func (t *Tenant) fits(w *wantedArrangement, s ScenarioState) error {
	spec := &w.Arrangement
	if s.Eventing != (w.EventBus != nil) {
		return refuse(invalidRequest, "eventBus: stands with the scenario of plan messaging, and with no other; %s is asked for", s.ID)
	}
	if !s.Eventing && spec.Inbound == "" && spec.Outbound == "" {
		return refuse(invalidRequest, "communicationArrangement: inboundAuthentication or outboundAuthentication is required")
	}
	if err := t.supports(spec, s); err != nil {
		return err
	}
	if err := w.checkTrust(); err != nil {
		return err
	}
	if s.Eventing {
		_, err := channelOf(w)
		return err
	}
	return spec.configured(s)
}

func (t *Tenant) supports(spec *arrangementSpec, s ScenarioState) error {
	product := t.cfg.Product.Communication
	for _, way := range []struct {
		name             string
		wanted           Authentication
		scenario, system []Authentication
	}{
		{"inbound", spec.Inbound, s.Inbound, product.Inbound},
		{"outbound", spec.Outbound, s.Outbound, product.Outbound},
	} {
		switch {
		case way.wanted == "":
		case !slices.Contains(way.system, way.wanted):
			return refuse(authenticationNotSupported, "%s does not support %q for %s communication; it supports %s",
				t.cfg.Product.SystemType, clip(string(way.wanted), 60), way.name, words(way.system))
		case !slices.Contains(way.scenario, way.wanted):
			return refuse(authenticationNotSupported, "scenario %s does not support %s for %s communication; it supports %s",
				s.ID, way.wanted, way.name, words(way.scenario))
		}
	}
	return nil
}

// configured tells whether each outbound service of the scenario is either switched
// off or can be called.
func (spec *arrangementSpec) configured(s ScenarioState) error {
	if _, err := spec.chosen(s.Scenario); err != nil {
		return err
	}
	active := spec.activeServices(s.Scenario)
	if len(active) == 0 {
		return nil
	}
	ids := make([]string, len(active))
	for i, a := range active {
		ids[i] = a.ID
	}
	missing := ""
	switch system := spec.System; {
	case spec.Outbound == "":
		missing = "outboundAuthentication"
	case system == nil:
		missing = "communicationSystem"
	case spec.Outbound == BasicAuthentication && (system.User == nil || system.User.Password == ""):
		missing = "communicationSystem.outboundCommunicationUser with username and password"
	case spec.Outbound == OAuth2ClientCredentials && (system.User == nil || system.User.Password == ""):
		missing = "communicationSystem.outboundCommunicationUser with client id and secret"
	case spec.Outbound == OAuth2MTLS && system.User == nil:
		missing = "communicationSystem.outboundCommunicationUser with the client id"
	case (spec.Outbound == OAuth2ClientCredentials || spec.Outbound == OAuth2MTLS) && system.TokenEndpoint == "":
		missing = "communicationSystem.oAuthTokenEndpoint"
	default:
		return nil
	}
	return refuse(outboundServicesNotConfigured, "scenario %s has outbound services that are active (%s) and cannot be called without %s; "+
		"add it, or switch each off in outboundServices with isServiceActive false", s.ID, clip(strings.Join(ids, ", "), 300), missing)
}

// chosen is what of s each item of outboundServices is about, by its id or else its name.
func (spec *arrangementSpec) chosen(s Scenario) (map[string]wantedService, error) {
	chosen := map[string]wantedService{}
	for i, w := range spec.OutboundServices {
		at := slices.IndexFunc(s.OutboundServices, func(o OutboundService) bool {
			return w.ID != "" && o.ID == w.ID || w.ID == "" && o.Name == w.Name
		})
		if at < 0 {
			there := make([]string, len(s.OutboundServices))
			for j, o := range s.OutboundServices {
				there[j] = o.ID
			}
			wanted := w.ID
			if wanted == "" {
				wanted = w.Name
			}
			return nil, refuse(outboundServiceUnknown, "outboundServices[%d]: scenario %s has no outbound service %q; it has %s",
				i, s.ID, clip(wanted, 80), orNone(there))
		}
		id := s.OutboundServices[at].ID
		if _, twice := chosen[id]; twice {
			return nil, refuse(invalidRequest, "communicationArrangement.outboundServices[%d]: service %s is there twice", i, id)
		}
		chosen[id] = w
	}
	return chosen, nil
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// activeService is an outbound service that is called, and where.
type activeService struct {
	OutboundService
	path string
}

// activeServices are those of s that are not switched off. Each choice is known to
// be one of s.
func (spec *arrangementSpec) activeServices(s Scenario) []activeService {
	chosen, _ := spec.chosen(s)
	var active []activeService
	for _, o := range s.OutboundServices {
		w, told := chosen[o.ID]
		if !told || w.active() {
			active = append(active, activeService{o, w.URLPath})
		}
	}
	return active
}

// makeArrangement makes the communication arrangement for a service instance; made
// before with the same request it has a new password only, as the first answer may
// have been lost. So may the secret of the event bus's client be a new one.
func (t *Tenant) makeArrangement(ctx context.Context, instance string, w wantedArrangement) (made madeArrangement, created bool, err error) {
	if t.cfg.Product.Communication == nil {
		return made, false, t.noArrangements()
	}
	if !instancePattern.MatchString(instance) {
		return made, false, refuse(invalidRequest, "the instance's id has 1 to 100 letters, digits, dots, underscores and hyphens")
	}
	if err := w.check(); err != nil {
		return made, false, err
	}
	secret := ""
	err = t.amend(ctx, func(next *communication) error {
		if err := t.arrangeable(w.SystemID); err != nil {
			return err
		}
		list := slices.Clone(next.Arrangements)
		at := slices.IndexFunc(list, func(a arrangement) bool { return a.Instance == instance })
		if created = at < 0; created {
			a, err := t.newArrangement(next, instance, w)
			if err != nil {
				return err
			}
			list, at = append(list, a), len(list)
		} else if !list[at].Wanted.equals(w) {
			return refuse(arrangementExists, "there is an arrangement %s for this instance already, with other parameters; an instance is not changed: delete it and create another", list[at].Wanted.Arrangement.Name)
		}
		list[at].Wanted = w
		if a := &list[at]; a.User != "" {
			secret, a.Password = password()
		}
		next.Arrangements = list
		made = t.made(&list[at], secret)
		return nil
	})
	if err != nil {
		return madeArrangement{}, false, err
	}
	t.forgetToken(made.ID)
	t.cfg.Logger.Info("communication arrangement made", "arrangement", made.ID, "scenario", w.Arrangement.ScenarioID, "system", w.SystemID, "created", created)
	return made, created, nil
}

// equals compares all but the secret of the event bus's client.
func (w wantedArrangement) equals(other wantedArrangement) bool {
	return w.withoutBusSecret() == other.withoutBusSecret()
}

func (w wantedArrangement) withoutBusSecret() string {
	if w.EventBus != nil {
		bus := *w.EventBus
		bus.ClientSecret = ""
		w.EventBus = &bus
	}
	text, _ := json.Marshal(w) // texts and lists only
	return digestOf(string(text))
}

// arrangeable tells why there can be no arrangement for a system now. The caller
// holds t.mu.
func (t *Tenant) arrangeable(system string) error {
	if t.connectedTo(system) != nil {
		return nil
	}
	if r := t.newest(func(r *row) bool { return r.Status.Code == Disabled && r.SystemID == system }); r != nil {
		return refuse(extensionDisabled, "the %s %s of system %s is %s; enable it first", t.cfg.Product.Console.Row, r.ID, system, r.Status.Label)
	}
	return refuse(tenantNotPaired, "tenant %s is not paired as system %q", t.cfg.ID, clip(system, maxSystemID))
}

// newArrangement makes the arrangement of a new instance. The caller holds t.mu.
func (t *Tenant) newArrangement(next *communication, instance string, w wantedArrangement) (arrangement, error) {
	s, there := t.scenario(w.Arrangement.ScenarioID)
	switch {
	case !there:
		return arrangement{}, refuse(scenarioNotEnabled, "tenant %s has no communication scenario %s: a custom one is created in the tenant first", t.cfg.ID, w.Arrangement.ScenarioID)
	case !s.Enabled:
		return arrangement{}, refuse(scenarioNotEnabled, "communication scenario %s (%s) is not enabled in tenant %s", s.ID, s.Name, t.cfg.ID)
	}
	if err := t.fits(&w, s); err != nil {
		return arrangement{}, err
	}
	name := w.Arrangement.Name
	if other := next.by(func(a *arrangement) bool { return a.Wanted.Arrangement.Name == name }); other != nil {
		return arrangement{}, refuse(arrangementExists, "tenant %s has a communication arrangement named %s already, of instance %q; choose another communicationArrangementName",
			t.cfg.ID, name, clip(other.Wanted.InstanceName, 100))
	}
	if s.Eventing {
		wanted, _ := channelOf(&w) // fits has read it
		for i := range next.Arrangements {
			if c, err := channelOf(&next.Arrangements[i].Wanted); err == nil && c.name == wanted.name {
				return arrangement{}, refuse(channelTaken, "tenant %s has an event channel %s already, of arrangement %s; choose another CHANNEL NAME (or emClientId)",
					t.cfg.ID, c.name, next.Arrangements[i].Wanted.Arrangement.Name)
			}
		}
	}
	if len(next.Arrangements) == maxArrangements {
		return arrangement{}, refuse(invalidRequest, "tenant %s has %d communication arrangements, and can have no more", t.cfg.ID, maxArrangements)
	}
	next.LastID++
	a := arrangement{ID: strconv.Itoa(next.LastID), Instance: instance, Wanted: w, CreatedAt: t.now()}
	if w.Arrangement.Inbound != "" {
		text, _ := password()
		a.User = "COMM_" + text[:12]
	}
	return a, nil
}

// made is what the registry is told of a. The caller holds t.mu.
func (t *Tenant) made(a *arrangement, secret string) madeArrangement {
	m := madeArrangement{ID: a.ID, URL: t.base + "/api", UIURL: t.base, InboundServices: []inboundOfTenant{}}
	if a.User != "" {
		m.User = &basicAnswer{a.User, secret}
		m.InboundServices = t.inboundServices(a)
	}
	if a.inbound() == OAuth2SAMLBearerAssertion {
		m.TokenServiceURL = t.tokenServiceURL()
	}
	return m
}

func (t *Tenant) tokenServiceURL() string {
	return t.base + "/api" + t.cfg.Product.Communication.TokenPath
}

// inboundServices are what of the tenant's APIs a opens. The caller holds t.mu.
func (t *Tenant) inboundServices(a *arrangement) []inboundOfTenant {
	list := []inboundOfTenant{}
	s, _ := t.scenario(a.scenarioID())
	for _, in := range s.InboundServices {
		one := inboundOfTenant{ID: in.ID, Name: in.Name}
		for _, api := range t.cfg.Product.APIs {
			if api.Identifier == in.API && api.TargetURL == "" { // the tenant's own
				one.Path = api.Path
			}
		}
		list = append(list, one)
	}
	return list
}

// dropArrangement ends the arrangement of an instance, with its user and all that it
// had to send; one that is not there is nothing to refuse.
func (t *Tenant) dropArrangement(ctx context.Context, instance, system string) error {
	return t.amend(ctx, func(next *communication) error {
		a := next.by(func(a *arrangement) bool { return a.Instance == instance && a.Wanted.SystemID == system })
		if a == nil {
			return nil
		}
		t.cfg.Logger.Info("communication arrangement ended", "arrangement", a.ID, "system", system)
		next.Pending = withoutArrangement(next.Pending, a.ID)
		id := a.ID
		next.Arrangements = slices.DeleteFunc(slices.Clone(next.Arrangements), func(a arrangement) bool { return a.ID == id })
		return nil
	})
}

// trusts checks the client certificate of a call of the registry's that came over
// TLS: it is of the authority that the pairing with the system gave.
func (t *Tenant) trusts(chain []*x509.Certificate, system string) error {
	t.mu.Lock()
	r := t.newest(func(r *row) bool { return r.Connection != nil && r.SystemID == system })
	var authority [][]byte
	if r != nil {
		authority = r.Connection.Chain[1:]
	}
	t.mu.Unlock()
	if len(chain) == 0 {
		return refuse(noticeInvalid, "the call came over TLS without the registry's client certificate")
	}
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: t.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, der := range authority {
		if c, err := x509.ParseCertificate(der); err == nil {
			options.Roots.AddCert(c)
		}
	}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := chain[0].Verify(options); err != nil || chain[0].Subject.CommonName != registryName {
		return refuse(noticeInvalid, "the client certificate is not the registry's: it has to be issued to %s by the authority of the pairing", registryName)
	}
	return nil
}

// registryName is the common name of the registry's own client certificate.
const registryName = "pairsim-registry"

// calledAboutArrangements is who calls: the registry, about a system of this tenant.
func (t *Tenant) calledAboutArrangements(ctx context.Context, jws, system string) error {
	c, err := t.verifyCall(ctx, jws, communicationAudience)
	switch {
	case err != nil:
		return err
	case c.Subject != system:
		return refuse(noticeMismatch, "the call is signed for another system than the body's systemId %q", clip(system, maxSystemID))
	case c.Tenant != t.cfg.ID:
		return refuse(noticeMismatch, "the call is signed for tenant %q, this is %s", clip(c.Tenant, 63), t.cfg.ID)
	}
	return nil
}

// busRegistry is the registry as an arrangement's channel calls it.
func (t *Tenant) busRegistry() *btpclient.Connector { return t.connector.Traced(t.readClock) }
