package tenant

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/pairsim/pairsim/internal/pattern"
)

// What the registry asks for in an arrangement, and the bounds of it. Rules of the
// parameters are those of 553a4c6.md and 2d50d91.md.

const (
	maxServices   = 100
	maxAttributes = 100
	maxValue      = 1024 // bytes of an attribute, a path, a password, an endpoint
	maxPEM        = 16 << 10
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
