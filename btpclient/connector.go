// Package btpclient is the registry as a tenant sees it. It declares its own
// wire structs, so that the two sides meet only over HTTP, and it knows neither
// products nor rules. Paths, keys and status codes follow the Kyma Connector
// Service and Application Registry (pairing-protocols §1, §3, §4) and our
// additions (docs/wire.md).
package btpclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultTimeout bounds one call, in real time.
const DefaultTimeout = 30 * time.Second

const (
	maxAnswer = 4 << 20 // bytes of one answer

	infoPath     = "/v1/applications/signingRequests/info"
	failurePath  = "/v1/applications/pairsim/pairing-failure"
	deletionPath = "/v1/applications/pairsim/extension-deletion"
)

// Config says where the registry is. Only its hosts are ever called.
type Config struct {
	RegistryURL     string         // base of the HTTP listener, with a path when an environment has one
	RegistryMTLSURL string         // base of the TLS listener; empty: any https URL on RegistryURL's host name
	RootCAs         *x509.CertPool // who may have signed the server certificate; nil: the system's
	// Transport carries calls without client certificate; nil: an own one with
	// RootCAs. A given one must trust the server itself, and stays the giver's.
	Transport http.RoundTripper
	// WrapTransport stands around each transport, for who wants to see every call;
	// nil: nothing does.
	WrapTransport func(http.RoundTripper) http.RoundTripper
	// DialContext opens connections of own transports; nil: the net package's.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	Timeout     time.Duration // of one call; 0: 30 seconds
	// Wait waits before a call that the registry put off comes again; nil: in real
	// time. The clock of an environment cannot be waited for: it may be frozen.
	Wait func(context.Context, time.Duration) error
}

// Call is one exchange with the registry, without anything secret: Path has no
// query. Status is 0 when no answer came; Time is the answer's Pairsim-Time,
// zero when missing.
type Call struct {
	Step, Method, Path string
	Status             int
	Time               time.Time
	// Began is when it was made, in the process's real time.
	Began time.Time
}

// Connector talks to one registry. It is safe for concurrent use.
type Connector struct {
	cfg        Config
	base, mtls *url.URL
	client     *http.Client
	hook       func(Call)
}

// New checks cfg. It makes no call.
func New(cfg Config) (*Connector, error) {
	c := &Connector{cfg: cfg, hook: func(Call) {}}
	var err error
	if c.base, err = parseBase(cfg.RegistryURL); err != nil {
		return nil, fmt.Errorf("registry URL: %w", err)
	}
	if cfg.RegistryMTLSURL != "" {
		if c.mtls, err = parseBase(cfg.RegistryMTLSURL); err != nil {
			return nil, fmt.Errorf("registry mTLS URL: %w", err)
		}
		if c.mtls.Scheme != "https" {
			return nil, fmt.Errorf("registry mTLS URL %s: must be https", cfg.RegistryMTLSURL)
		}
	}
	if c.cfg.Timeout <= 0 {
		c.cfg.Timeout = DefaultTimeout
	}
	if c.cfg.Wait == nil {
		c.cfg.Wait = wait
	}
	transport := cfg.Transport
	if transport == nil {
		transport = c.newTransport(nil)
	}
	c.client = c.newClient(transport)
	return c, nil
}

func parseBase(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil {
		return nil, err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%q: want http(s)://host[:port][/path]", text)
	}
	return u, nil
}

func (c *Connector) newTransport(cert *tls.Certificate) *http.Transport {
	conf := &tls.Config{RootCAs: c.cfg.RootCAs, MinVersion: tls.VersionTLS12}
	if cert != nil {
		// Sent whatever CAs the server names: it may know ours without listing it.
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	return &http.Transport{
		DialContext: c.cfg.DialContext, TLSClientConfig: conf, MaxIdleConnsPerHost: 2, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	}
}

// newClient follows no redirect: one could carry a token to another host.
func (c *Connector) newClient(t http.RoundTripper) *http.Client {
	if c.cfg.WrapTransport != nil {
		t = c.cfg.WrapTransport(t)
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Traced returns the same connector with every call reported to hook, also
// those that got no answer.
func (c *Connector) Traced(hook func(Call)) *Connector {
	traced := *c
	traced.hook = hook
	return &traced
}

// Close drops idle connections of an own transport.
func (c *Connector) Close() {
	if c.cfg.Transport == nil {
		c.client.CloseIdleConnections()
	}
}

// Info is the answer that accepts a token (pairing-protocols §1.4).
type Info struct {
	CSRURL string `json:"csrUrl"` // holds the follow-up token
	API    struct {
		EventsInfoURL   string `json:"eventsInfoUrl"`
		EventsURL       string `json:"eventsUrl"`
		MetadataURL     string `json:"metadataUrl"`
		InfoURL         string `json:"infoUrl"`
		CertificatesURL string `json:"certificatesUrl"`
	} `json:"api"`
	Certificate CertificateInfo `json:"certificate"`
}

// FollowUpToken is the second token of the pairing, "" when csrUrl has none.
func (i Info) FollowUpToken() string {
	u, err := url.Parse(i.CSRURL)
	if err != nil {
		return ""
	}
	return u.Query().Get("token")
}

// CertificateInfo says what to ask a certificate for: six attributes, comma
// separated, no blanks (pairing-protocols §1.4).
type CertificateInfo struct {
	Subject      string `json:"subject"`
	Extensions   string `json:"extensions"`
	KeyAlgorithm string `json:"key-algorithm"`
}

// SigningRequestInfo presents token at the configured registry, which spends
// it. systemType and tenantID announce who presents it (docs/wire.md, Headers).
func (c *Connector) SigningRequestInfo(ctx context.Context, token, systemType, tenantID string) (Info, error) {
	var info Info
	err := c.do(ctx, c.client, request{
		step: "info", method: http.MethodGet, url: c.base.String() + infoPath + "?token=" + url.QueryEscape(token),
		header: map[string]string{"Pairsim-System-Type": systemType, "Pairsim-Tenant": tenantID}, want: anySuccess, once: true,
	}, &info)
	if err == nil && (info.CSRURL == "" || info.API.InfoURL == "" || info.Certificate.Subject == "") {
		err = errors.New("the registry's info answer lacks csrUrl, api.infoUrl or certificate.subject")
	}
	return info, err
}

// Certificate is a signed client certificate: DER, leaf first, and its CA.
type Certificate struct {
	Chain [][]byte
	CA    []byte
}

// Sign sends a CSR (DER) to csrURL; the answer must be exactly 201.
func (c *Connector) Sign(ctx context.Context, csrURL string, csr []byte) (Certificate, error) {
	return c.sign(ctx, c.client, "certificate", csrURL, csr)
}

func (c *Connector) sign(ctx context.Context, client *http.Client, step, target string, csr []byte) (Certificate, error) {
	body := map[string]string{"csr": base64.StdEncoding.EncodeToString(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}))}
	var answer struct{ Crt, ClientCrt, CaCrt string }
	err := c.do(ctx, client, request{step: step, method: http.MethodPost, url: target, body: body, want: http.StatusCreated}, &answer)
	if err != nil {
		return Certificate{}, err
	}
	chain, err := decodeChain(answer.Crt)
	if err != nil {
		return Certificate{}, fmt.Errorf("the registry's crt: %w", err)
	}
	ca, err := decodeChain(answer.CaCrt)
	if err != nil {
		return Certificate{}, fmt.Errorf("the registry's caCrt: %w", err)
	}
	return Certificate{Chain: chain, CA: ca[0]}, nil
}

// decodeChain reads base64 of PEM (pairing-protocols §10.4, trap 3).
func decodeChain(text string) ([][]byte, error) {
	rest, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("not base64: %w", err)
	}
	var chain [][]byte
	for block, rest := pem.Decode(rest); block != nil && len(chain) < 10; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			chain = append(chain, block.Bytes)
		}
	}
	if len(chain) == 0 {
		return nil, errors.New("holds no PEM certificate")
	}
	return chain, nil
}

// ReportPairingFailure says with the follow-up token that the tenant gives up.
func (c *Connector) ReportPairingFailure(ctx context.Context, followUpToken, cause string) error {
	return c.do(ctx, c.client, request{
		step: "failure", method: http.MethodPost, url: c.base.String() + failurePath + "?token=" + url.QueryEscape(followUpToken),
		body: map[string]string{"cause": cause}, want: http.StatusNoContent,
	}, nil)
}

// ReportExtensionDeletion says with the release token of a deregistration that
// the tenant has deleted the extension too.
func (c *Connector) ReportExtensionDeletion(ctx context.Context, releaseToken string) error {
	return c.do(ctx, c.client, request{
		step: "deletion", method: http.MethodPost, url: c.base.String() + deletionPath + "?token=" + url.QueryEscape(releaseToken),
		want: http.StatusNoContent,
	}, nil)
}

// Session is the registry as the holder of a client certificate sees it.
type Session struct {
	c      *Connector
	client *http.Client
}

// Authenticated opens a session with cert. It makes no call; Close it.
func (c *Connector) Authenticated(cert tls.Certificate) *Session {
	return &Session{c: c, client: c.newClient(c.newTransport(&cert))}
}

// Traced returns the same session, on the same connections, with another hook.
func (s *Session) Traced(hook func(Call)) *Session {
	return &Session{c: s.c.Traced(hook), client: s.client}
}

// Close drops idle connections.
func (s *Session) Close() { s.client.CloseIdleConnections() }

func (s *Session) do(ctx context.Context, r request, answer any) error {
	return s.c.do(ctx, s.client, r, answer)
}

// ManagementInfo is what the holder of a certificate is (pairing-protocols §1.6).
type ManagementInfo struct {
	ClientIdentity struct {
		Application string `json:"application"`
		Group       string `json:"group"`
		Tenant      string `json:"tenant"`
	} `json:"clientIdentity"`
	URLs        URLs            `json:"urls"`
	Certificate CertificateInfo `json:"certificate"`
}

// URLs are where a paired tenant calls. RevokeCertURL is RevocationCertURL from
// 1.0 on; servers send both (pairing-protocols §1.6, key name trap).
type URLs struct {
	EventsInfoURL     string `json:"eventsInfoUrl"`
	EventsURL         string `json:"eventsUrl"`
	MetadataURL       string `json:"metadataUrl"`
	RenewCertURL      string `json:"renewCertUrl"`
	RevokeCertURL     string `json:"revokeCertUrl"`
	RevocationCertURL string `json:"revocationCertUrl"`
}

// Revocation is the revocation URL under whichever key it came.
func (u URLs) Revocation() string {
	if u.RevokeCertURL != "" {
		return u.RevokeCertURL
	}
	return u.RevocationCertURL
}

// ManagementInfo reads infoURL; the answer must be exactly 200.
func (s *Session) ManagementInfo(ctx context.Context, infoURL string) (ManagementInfo, error) {
	var info ManagementInfo
	err := s.do(ctx, request{step: "managementInfo", method: http.MethodGet, url: infoURL, want: http.StatusOK}, &info)
	return info, err
}

// Renew asks for a new certificate with a CSR (DER) of the same subject.
func (s *Session) Renew(ctx context.Context, renewURL string, csr []byte) (Certificate, error) {
	return s.c.sign(ctx, s.client, "renewal", renewURL, csr)
}

// Revoke revokes the certificate of the session: 201, also the second time.
func (s *Session) Revoke(ctx context.Context, revokeURL string) error {
	return s.do(ctx, request{step: "revocation", method: http.MethodPost, url: revokeURL, want: http.StatusCreated}, nil)
}

// ReportPairingFailure says with the certificate that the tenant gives up.
// infoURL is the management info URL, which stands beside the report's.
func (s *Session) ReportPairingFailure(ctx context.Context, infoURL, cause string) error {
	target, err := besideInfo(infoURL, failurePath)
	if err != nil {
		return err
	}
	return s.do(ctx, request{
		step: "failure", method: http.MethodPost, url: target, body: map[string]string{"cause": cause}, want: http.StatusNoContent,
	}, nil)
}

// ReportExtensionDeletion asks with the certificate whether the tenant may delete
// the extension. A registry that agrees is done with the certificate; one that
// objects changes nothing. infoURL is the management info URL.
func (s *Session) ReportExtensionDeletion(ctx context.Context, infoURL string) error {
	target, err := besideInfo(infoURL, deletionPath)
	if err != nil {
		return err
	}
	return s.do(ctx, request{step: "deletion", method: http.MethodPost, url: target, want: http.StatusNoContent}, nil)
}

func besideInfo(infoURL, path string) (string, error) {
	prefix, ok := strings.CutSuffix(infoURL, "/v1/applications/management/info")
	if !ok {
		return "", fmt.Errorf("management info URL %s has an unknown form", infoURL)
	}
	return prefix + path, nil
}

// Descriptor tells the registry about the tenant; it completes the pairing.
type Descriptor struct {
	TenantID               string   `json:"tenantId"`
	URL                    string   `json:"url"`
	CallbackURL            string   `json:"callbackUrl,omitempty"`
	CommunicationScenarios []string `json:"communicationScenarios"`
	// WakeAt is when, on the registry's clock, {CallbackURL}/wake is to be called;
	// zero: never.
	WakeAt time.Time `json:"wakeAt,omitzero"`
}

// PutTenant sends the descriptor beside metadataURL, as /{app}/v1/pairsim/tenant.
func (s *Session) PutTenant(ctx context.Context, metadataURL string, d Descriptor) error {
	prefix, ok := strings.CutSuffix(metadataURL, "/v1/metadata/services")
	if !ok {
		return fmt.Errorf("metadata URL %s has an unknown form", metadataURL)
	}
	if d.CommunicationScenarios == nil {
		d.CommunicationScenarios = []string{}
	}
	return s.do(ctx, request{
		step: "tenant", method: http.MethodPut, url: prefix + "/v1/pairsim/tenant", body: d, want: http.StatusNoContent,
	}, nil)
}

// anySuccess accepts every 2xx.
const anySuccess = 0

// request is one call to make. body is sent as JSON, a []byte as it is.
type request struct {
	step, method, url string
	header            map[string]string
	contentType       string
	body              any
	want              int
	once              bool // a GET that must not be repeated
}

// do makes one call at a host of the registry, and decodes the answer's JSON
// into answer unless that is nil. A call that the registry puts off comes again.
func (c *Connector) do(ctx context.Context, client *http.Client, r request, answer any) error {
	for try := 1; ; try++ {
		later, err := c.try(ctx, client, r, answer)
		if later == nil || try == maxTries {
			return err
		}
		if stopped := c.cfg.Wait(ctx, *later); stopped != nil {
			return errors.Join(err, stopped)
		}
	}
}

// try makes a call once. later is how long to wait before it is made again, nil
// when it is not to be.
func (c *Connector) try(ctx context.Context, client *http.Client, r request, answer any) (later *time.Duration, err error) {
	target, err := c.allowed(r.url)
	if err != nil {
		return nil, err
	}
	call := Call{Step: r.step, Method: r.method, Path: target.Path}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	req, err := newRequest(ctx, r, target)
	if err != nil {
		return nil, err
	}
	call.Began = time.Now()
	res, err := client.Do(req)
	if err != nil {
		c.hook(call)
		return nil, unreachable(call, err)
	}
	defer res.Body.Close()
	call.Status = res.StatusCode
	call.Time, _ = time.Parse(time.RFC3339Nano, res.Header.Get("Pairsim-Time"))
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	c.hook(call)
	switch {
	case err != nil:
		return nil, unreachable(call, err)
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("%s %s: the answer is larger than %d bytes", call.Method, call.Path, maxAnswer)
	case res.StatusCode != r.want && (r.want != anySuccess || res.StatusCode/100 != 2):
		return retryAfter(res, call.Time), refused(call, res.Header, body)
	case answer == nil:
		return nil, nil
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return nil, fmt.Errorf("%s %s: the answer is not the JSON expected: %w", call.Method, call.Path, err)
	}
	return nil, nil
}

func newRequest(ctx context.Context, r request, target *url.URL) (*http.Request, error) {
	var body io.Reader = http.NoBody
	if raw, ok := r.body.([]byte); ok {
		body = bytes.NewReader(raw)
	} else if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.step, err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return nil, errors.New(r.step + ": the request cannot be built") // err could hold the token
	}
	if r.once {
		// net/http repeats a GET whose kept-alive connection dies, unless it has a
		// body that cannot be had again; the token would be presented twice.
		req.Body, req.GetBody = io.NopCloser(strings.NewReader("")), nil
	}
	req.Header.Set("Accept", "application/json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	return req, nil
}

// allowed refuses every URL that is not the configured registry's: what a
// server or token names never leads a tenant elsewhere (design §5).
func (c *Connector) allowed(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("the registry named a URL that cannot be used")
	}
	switch {
	case sameHost(u, c.base), c.mtls != nil && sameHost(u, c.mtls):
	case c.mtls == nil && u.Scheme == "https" && strings.EqualFold(u.Hostname(), c.base.Hostname()):
	default:
		return nil, &ForeignHostError{Host: u.Scheme + "://" + u.Host, Path: u.Path}
	}
	return u, nil
}

func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}
