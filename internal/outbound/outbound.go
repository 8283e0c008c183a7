// Package outbound makes the calls that somebody else names the address of, such
// as specification URLs and the targets of the gateway. They go to loopback addresses, to the landscape's own
// hosts and to allowed hosts only, to link-local addresses never, and are
// bounded in time and size (design §9).
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Defaults of Config, and the most redirects of one call.
const (
	DefaultTimeout  = 20 * time.Second // pairing-protocols §3.2
	DefaultMaxBytes = 4 << 20
	maxRedirects    = 5
)

// Config says where calls may go and what bounds them.
type Config struct {
	// OwnHosts are the landscape's own names, AllowedHosts those that an
	// operator added: "host" for any port, or "host:port". They are compared
	// exactly, without case.
	OwnHosts, AllowedHosts []string
	// Listeners are where the landscape itself listens, "host:port" by the one under
	// which others reach it without TLS: behind a port mapping it does not reach
	// itself as others do.
	Listeners map[string]string
	// ForbiddenPorts are loopback ports that no call goes to: the control
	// listener is not for those who name addresses.
	ForbiddenPorts []uint16
	// RootCAs gives what is trusted for TLS, when the first call over TLS is made:
	// reading the system's CAs takes time. Nil: the system's.
	RootCAs func() *x509.CertPool
	// Timeout bounds a call with its redirects and body; 0: DefaultTimeout.
	Timeout time.Duration
	// MaxBytes bounds a body after decompression; 0: DefaultMaxBytes.
	MaxBytes int64
	// Observe is told of every call when it has ended: the status of the answer, 0
	// without one, and why it failed, which holds no credentials. Nil: nobody is.
	Observe func(ctx context.Context, call *http.Request, status int, failure error)
}

// Client makes bounded calls to permitted hosts. It is safe for concurrent use.
type Client struct {
	named     map[string]bool
	listeners map[string]string
	forbidden map[uint16]bool
	timeout   time.Duration
	maxBytes  int64
	roots     func() *x509.CertPool
	observe   func(context.Context, *http.Request, int, error)
	recorder  Recorder
	resolver  *net.Resolver // nil: the system's; replaced in tests
	http      *http.Client
}

// Observed is the same client, whose calls somebody else is told of.
func (c *Client) Observed(by func(ctx context.Context, call *http.Request, status int, failure error)) *Client {
	observed := *c
	observed.observe = by
	return &observed
}

// Recorder hears what calls and their answers say.
type Recorder interface {
	// Sending is told of a call before it is made, and returns what is sent in its
	// place: its body may be heard. Observers get its context.
	Sending(call *http.Request) *http.Request
	// Answered is told of the answer before anybody reads its body.
	Answered(call *http.Request, answer *http.Response)
}

type deaf struct{}

func (deaf) Sending(call *http.Request) *http.Request { return call }
func (deaf) Answered(*http.Request, *http.Response)   {}

// Recorded is the same client, whose calls somebody hears.
func (c *Client) Recorded(by Recorder) *Client {
	recorded := *c
	recorded.recorder = by
	return &recorded
}

// New makes a client.
func New(cfg Config) *Client {
	c := &Client{named: map[string]bool{}, forbidden: map[uint16]bool{}, timeout: cfg.Timeout, maxBytes: cfg.MaxBytes}
	c.observe = cfg.Observe
	if c.observe == nil {
		c.observe = func(context.Context, *http.Request, int, error) {}
	}
	c.roots = func() *x509.CertPool { return nil }
	c.recorder = deaf{}
	if cfg.RootCAs != nil {
		c.roots = sync.OnceValue(cfg.RootCAs)
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	if c.maxBytes == 0 {
		c.maxBytes = DefaultMaxBytes
	}
	for _, port := range cfg.ForbiddenPorts {
		c.forbidden[port] = true
	}
	for _, host := range append(append([]string{}, cfg.OwnHosts...), cfg.AllowedHosts...) {
		c.named[normal(host)] = true
	}
	c.listeners = map[string]string{}
	for host, listener := range cfg.Listeners {
		c.listeners[normal(host)] = listener
	}
	c.http = &http.Client{
		Timeout:       c.timeout,
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{ // no Proxy: a proxy would dial for us, unchecked
			DialContext:            c.dialPlain,
			DialTLSContext:         c.dialTLS(nil),
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}
	return c
}

// normal is a host as it is compared: lower case, without brackets and the root's dot.
func normal(host string) string {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if port == "" {
		return name
	}
	return net.JoinHostPort(name, port)
}

// StatusError is an answer other than 200.
type StatusError struct{ Code int }

func (e *StatusError) Error() string { return "the answer has status " + e.HTTPStatus() }

// HTTPStatus is the status as a status line has it, such as "404 Not Found".
func (e *StatusError) HTTPStatus() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Code, http.StatusText(e.Code)))
}

// fault is a failure whose text is fit to be shown: it holds neither the URL of
// the call, which may hold credentials, nor what the other side answered.
type fault string

func (f fault) Error() string { return string(f) }

// forbidden is a fault: the host is none that calls go to.
type forbidden string

func (f forbidden) Error() string { return string(f) }

// late is a fault: there was no answer in time.
type late string

func (l late) Error() string { return string(l) }

// IsForbidden says of an error of this package that no call goes to the host.
func IsForbidden(err error) bool {
	var f forbidden
	return errors.As(err, &f)
}

// IsLate says of an error of this package that time was up.
func IsLate(err error) bool {
	var l late
	return errors.As(err, &l)
}

// Fetch makes the call req and returns the body and content type of its answer,
// which must be 200: others are a *StatusError. Its errors hold no credentials.
func (c *Client) Fetch(ctx context.Context, req *http.Request) (body []byte, contentType string, err error) {
	status := 0
	req = c.recorder.Sending(req.WithContext(ctx))
	defer func() { c.observe(req.Context(), req, status, err) }()
	if err := checkURL(req.URL); err != nil {
		return nil, "", err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, "", c.describe(err)
	}
	defer res.Body.Close()
	c.recorder.Answered(req, res)
	if status = res.StatusCode; status != http.StatusOK {
		return nil, "", &StatusError{Code: res.StatusCode}
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, c.maxBytes+1))
	if err != nil {
		return nil, "", c.describe(err)
	}
	if int64(len(body)) > c.maxBytes {
		return nil, "", fault(fmt.Sprintf("the answer has more than %d bytes", c.maxBytes))
	}
	return body, res.Header.Get("Content-Type"), nil
}

// Tell makes the call req, whose answer must be a 2xx: others are a *StatusError.
// The body of the answer is not read, redirects are not followed. Its errors hold
// no credentials.
func (c *Client) Tell(ctx context.Context, req *http.Request) error {
	_, err := c.Ask(ctx, req)
	return err
}

// Ask is Tell, and returns the header of the answer.
func (c *Client) Ask(ctx context.Context, req *http.Request) (header http.Header, err error) {
	status := 0
	req = c.recorder.Sending(req.WithContext(ctx))
	defer func() { c.observe(req.Context(), req, status, err) }()
	if err := checkURL(req.URL); err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.describe(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing of it is read
	c.recorder.Answered(req, res)
	if status = res.StatusCode; status < 200 || status > 299 {
		return nil, &StatusError{Code: res.StatusCode}
	}
	return res.Header, nil
}

func checkURL(u *url.URL) error {
	if u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fault("it is not an absolute http or https URL")
	}
	return nil
}

// checkRedirect follows redirects of plain reads. Another host does not get what
// was meant for the first one.
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fault(fmt.Sprintf("there are more than %d redirects", maxRedirects))
	case via[0].Method != http.MethodGet:
		return fault("a redirect of " + via[0].Method + " is not followed")
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return fault("a redirect from https to http is not followed")
	}
	req.Header.Del("Referer") // it may hold a secret of the query
	if !strings.EqualFold(req.URL.Host, via[0].URL.Host) {
		req.Header = http.Header{}
	}
	return checkURL(req.URL)
}

// dialPlain is dial, to our own listener for what others reach it by.
func (c *Client) dialPlain(ctx context.Context, network, address string) (net.Conn, error) {
	if listener, own := c.listeners[normal(address)]; own {
		address = listener
	}
	return c.dial(ctx, network, address)
}

// dial connects to address, which is the host of a URL. The rules are checked on
// the address that the connection is made to, after the name is resolved, so
// that a name which resolves to something else the next time gains nothing.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fault("the host has the wrong form")
	}
	named := c.isNamed(address, host)
	dialer := net.Dialer{
		Resolver: c.resolver,
		Control:  func(_, connected string, _ syscall.RawConn) error { return c.permit(connected, named) },
	}
	return dialer.DialContext(ctx, network, address)
}

func (c *Client) isNamed(address, host string) bool {
	return c.named[normal(address)] || c.named[normal(host)]
}

func (c *Client) permit(connected string, named bool) error {
	if to, err := netip.ParseAddrPort(connected); err == nil && to.Addr().Unmap().IsLoopback() && c.forbidden[to.Port()] {
		return forbidden("the host is this machine's control listener, where no call goes")
	}
	return permit(connected, named)
}

// Permits says why no call goes to the host of u, as far as that is known now: a
// call checks again. A named host may be one that cannot be resolved yet.
func (c *Client) Permits(ctx context.Context, u *url.URL) error {
	if err := checkURL(u); err != nil {
		return err
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	address := net.JoinHostPort(host, port)
	if _, own := c.listeners[normal(address)]; own && u.Scheme == "http" {
		return nil
	}
	named := c.isNamed(address, host)
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	found, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		if named {
			return nil
		}
		return c.describe(err)
	}
	for _, ip := range found {
		if err = c.permit(net.JoinHostPort(ip.String(), port), named); err == nil {
			return nil
		}
	}
	return err
}

// dialTLS is dial, and then a handshake that verifies the host. own is shown to a
// server that asks for a certificate, whichever authorities it names: it may have
// been made by nobody that it knows. Nil: none.
func (c *Client) dialTLS(own *tls.Certificate) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fault("the host has the wrong form")
		}
		connection, err := c.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		cfg := &tls.Config{RootCAs: c.roots(), ServerName: host, MinVersion: tls.VersionTLS12}
		if own != nil {
			cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil }
		}
		secure := tls.Client(connection, cfg)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, connection.Close())
		}
		return secure, nil
	}
}

// permit says whether an IP address with port may be connected to, named telling
// whether its host name is on a list.
func permit(connected string, named bool) error {
	to, err := netip.ParseAddrPort(connected)
	if err != nil {
		return fault("the host has an unknown kind of address")
	}
	ip := to.Addr().Unmap()
	switch {
	case ip.IsLinkLocalUnicast(), ip.IsMulticast(), ip.IsUnspecified():
		return forbidden("the host has a link-local, multicast or unspecified address, where no call goes")
	case !named && !ip.IsLoopback():
		return forbidden("the host is neither loopback nor the landscape's own nor allowed (--allow-host)")
	}
	return nil
}

// describe makes an error of the HTTP client a fault.
func (c *Client) describe(err error) error {
	var own fault
	var refused forbidden
	var certificate *tls.CertificateVerificationError
	var lookup *net.DNSError
	var timeout net.Error
	var operation *net.OpError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, context.Canceled):
		return fault("the call was given up")
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return late("there was no complete answer within " + c.timeout.String())
	case errors.As(err, &certificate):
		return fault("the server's certificate is not trusted: " + certificate.Err.Error())
	case errors.As(err, &lookup):
		return fault("the host name cannot be resolved")
	case errors.As(err, &operation) && operation.Op == "remote error": // a TLS alert
		return fault("the server ends the connection: " + operation.Err.Error())
	case errors.As(err, &operation) && operation.Op == "dial":
		return fault("the host cannot be reached: " + operation.Err.Error())
	}
	return fault("the connection ended, or the answer is not proper HTTP")
}
