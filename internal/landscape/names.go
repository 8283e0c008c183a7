package landscape

import (
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pairsim/pairsim/btp/pki"
)

// maxNames bounds the certificates that are made for who calls.
const maxNames = 100

// nameCertificates are what a TLS listener shows, made when they are first wanted.
type nameCertificates struct {
	authority *pki.Authority
	known     []string // the names of its own certificate
	now       func() time.Time

	mu    sync.Mutex
	first *tls.Certificate // its own, once made
	made  map[string]*tls.Certificate
}

// own is the certificate of the names that are known.
func (n *nameCertificates) own() (*tls.Certificate, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.first == nil {
		certificate, err := n.authority.NewServerCertificate(n.known, n.now())
		if err != nil {
			return nil, err
		}
		n.first = &certificate
	}
	return n.first, nil
}

// ofKnown is a tls.Config's GetCertificate, which knows no other names.
func (n *nameCertificates) ofKnown(*tls.ClientHelloInfo) (*tls.Certificate, error) { return n.own() }

// of is a tls.Config's GetCertificate. It has a listener that is reached from other
// machines show a certificate of the name by which it is called, as a container's, which
// it cannot know beforehand: the addresses that it hands out go by that name too. The
// authority is our own, and its keys are thrown away.
func (n *nameCertificates) of(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	own, err := n.own()
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(hello.ServerName)
	if name == "" { // it was called by its address
		name, _, _ = net.SplitHostPort(hello.Conn.LocalAddr().String()) // a bound address has both
	}
	if strings.HasPrefix(name, "*") || own.Leaf.VerifyHostname(name) == nil {
		return own, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if made := n.made[name]; made != nil {
		return made, nil
	}
	if len(n.made) >= maxNames {
		return own, nil
	}
	certificate, err := n.authority.NewServerCertificate([]string{name}, n.now())
	if err != nil {
		return own, nil //nolint:nilerr // it is no name: the caller will not believe what it is shown
	}
	if n.made == nil {
		n.made = map[string]*tls.Certificate{}
	}
	n.made[name] = &certificate
	return &certificate, nil
}

// beyondLoopback says whether other machines reach a listener.
func beyondLoopback(l net.Listener) bool {
	address, ok := l.Addr().(*net.TCPAddr)
	return ok && !address.IP.IsLoopback()
}
