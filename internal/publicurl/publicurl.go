// Package publicurl decides which base URLs an answer hands out: the request's
// own host where that is known, else what was configured, so that the whole
// works behind port mappings, proxies and container networks (design §5).
package publicurl

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Book holds the base URLs of the two public listeners. It is safe for
// concurrent use and can be changed while running.
type Book struct {
	mu sync.RWMutex
	// configured by --public-url and --public-mtls-url; empty: derive.
	http, mtls string
	// the ports the listeners are bound to, for a request that came in on the other one.
	httpPort, mtlsPort string
	// names are those under which others reach the listeners themselves, at these ports.
	names []string
}

// New makes a book for listeners on these ports. Configured URLs may be empty. names
// are those under which the listeners themselves are reached, as in a container's
// network, beside what is configured.
func New(httpPort, mtlsPort, httpURL, mtlsURL string, names ...string) (*Book, error) {
	b := &Book{httpPort: httpPort, mtlsPort: mtlsPort, names: names}
	return b, b.Set(httpURL, mtlsURL)
}

// Set changes the configured URLs; an empty one is derived from then on.
func (b *Book) Set(httpURL, mtlsURL string) error {
	httpURL, err := base(httpURL, "http", "https")
	if err != nil {
		return err
	}
	if mtlsURL, err = base(mtlsURL, "https"); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.http, b.mtls = httpURL, mtlsURL
	return nil
}

// Configured returns what Set was told.
func (b *Book) Configured() (httpURL, mtlsURL string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.http, b.mtls
}

func base(text string, schemes ...string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("public URL %q: want scheme://host[:port]", text)
	}
	for _, s := range schemes {
		if u.Scheme == s {
			return strings.TrimSuffix(u.Scheme+"://"+u.Host+u.Path, "/"), nil
		}
	}
	return "", fmt.Errorf("public URL %q: scheme must be %s", text, strings.Join(schemes, " or "))
}

// HTTP is the base URL of the plain listener, as the sender of r reaches the
// environment that it asks.
func (b *Book) HTTP(r *http.Request) string { return b.plain(r) + Prefix(r) }

// MTLS is the base URL of the TLS listener, as the sender of r reaches the
// environment that it asks.
func (b *Book) MTLS(r *http.Request) string { return b.overTLS(r) + Prefix(r) }

func (b *Book) plain(r *http.Request) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if r.TLS == nil && known(r.Host) {
		return "http://" + r.Host
	}
	if b.http != "" && !b.direct(r) {
		return b.http
	}
	return "http://" + net.JoinHostPort(hostname(r), b.httpPort)
}

func (b *Book) overTLS(r *http.Request) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if r.TLS != nil && known(r.Host) {
		return "https://" + r.Host
	}
	if b.mtls != "" && !b.direct(r) {
		return b.mtls
	}
	return "https://" + net.JoinHostPort(hostname(r), b.mtlsPort)
}

// direct says whether a request was made to a listener itself, by one of its names:
// whoever made it reaches the other listener by that name too, and perhaps not what is
// configured for others.
func (b *Book) direct(r *http.Request) bool {
	port := b.httpPort
	if r.TLS != nil {
		port = b.mtlsPort
	}
	name, at, err := net.SplitHostPort(r.Host)
	return err == nil && at == port && slices.ContainsFunc(b.names, func(own string) bool { return strings.EqualFold(own, name) }) &&
		!names(b.http, r.Host) && !names(b.mtls, r.Host)
}

// names says whether a base URL is at this host and port.
func names(base, host string) bool {
	_, at, _ := strings.Cut(base, "://")
	at, _, _ = strings.Cut(at, "/")
	return strings.EqualFold(at, host)
}

// Listeners are the base URLs of the two public listeners, as the sender of r
// reaches them who may have asked a third. One that is off has none.
func (b *Book) Listeners(r *http.Request) (httpURL, mtlsURL string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	at := func(configured, scheme, port string) string {
		if configured != "" || port == "" {
			return configured
		}
		return scheme + "://" + net.JoinHostPort(hostname(r), port)
	}
	return at(b.http, "http", b.httpPort), at(b.mtls, "https", b.mtlsPort)
}

// InfoURL is the address that a token names: on the TLS listener, because
// Commerce Cloud and Cloud for Customer ask for https.
func (b *Book) InfoURL(r *http.Request) string {
	return b.MTLS(r) + "/v1/applications/signingRequests/info"
}

// known says whether a Host header is fit to be handed out again.
func known(host string) bool {
	return host != "" && len(host) <= 255 && !strings.ContainsAny(host, "/\\?#@ \"'<>")
}

func hostname(r *http.Request) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !known(host) {
		return "127.0.0.1"
	}
	return strings.Trim(host, "[]")
}
