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

// nameCertificates has a TLS listener that is reached from other machines show a
// certificate of the name by which it is called, as a container's, which it cannot know
// beforehand: the addresses that it hands out go by that name too. The authority is our
// own, and its keys are thrown away.
type nameCertificates struct {
	authority *pki.Authority
	own       *tls.Certificate // of the names that are known
	now       func() time.Time

	mu   sync.Mutex
	made map[string]*tls.Certificate
}

// of is a tls.Config's GetCertificate.
func (n *nameCertificates) of(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(hello.ServerName)
	if name == "" { // it was called by its address
		name, _, _ = net.SplitHostPort(hello.Conn.LocalAddr().String()) // a bound address has both
	}
	if strings.HasPrefix(name, "*") || n.own.Leaf.VerifyHostname(name) == nil {
		return n.own, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if made := n.made[name]; made != nil {
		return made, nil
	}
	if len(n.made) >= maxNames {
		return n.own, nil
	}
	certificate, err := n.authority.NewServerCertificate([]string{name}, n.now())
	if err != nil {
		return n.own, nil //nolint:nilerr // it is no name: the caller will not believe what it is shown
	}
	n.made[name] = &certificate
	return &certificate, nil
}

// beyondLoopback says whether other machines reach a listener.
func beyondLoopback(l net.Listener) bool {
	address, ok := l.Addr().(*net.TCPAddr)
	return ok && !address.IP.IsLoopback()
}
