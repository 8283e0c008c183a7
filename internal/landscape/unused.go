package landscape

import (
	"net"
	"net/http"
	"sync"
)

// unused are a server's connections that no request has come over yet. Clients
// open them ahead of need, browsers and net/http among them, and Shutdown would
// wait five seconds for each.
type unused struct {
	mu     sync.Mutex
	conns  map[net.Conn]bool
	closed bool
}

// follow is a server's ConnState.
func (u *unused) follow(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(u.conns, c)
	case u.closed:
		_ = c.Close() // nothing was said over it
	default:
		u.conns[c] = true
	}
}

func (u *unused) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for c := range u.conns {
		_ = c.Close() // nothing was said over it
	}
}
