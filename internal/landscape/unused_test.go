package landscape

import (
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// wires are a listener for connections that a test makes.
type wires struct {
	made   chan net.Conn
	closed chan struct{}
}

func (w wires) Accept() (net.Conn, error) {
	select {
	case c := <-w.made:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w wires) Close() error   { close(w.closed); return nil }
func (w wires) Addr() net.Addr { return &net.TCPAddr{} }

// Shutdown alone takes such a connection for a busy one, for five seconds, here of the
// bubble's time.
func TestShutdownDoesNotWaitForUnusedConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Landscape{log: slog.New(slog.DiscardHandler), first: &environment{}}
		server := l.server(http.NotFoundHandler())
		on := wires{make(chan net.Conn), make(chan struct{})}
		go server.Serve(on) //nolint:errcheck // it ends with Shutdown
		for range 2 {
			ours, theirs := net.Pipe()
			defer ours.Close() //nolint:errcheck // nothing is said over it
			on.made <- theirs
		}
		synctest.Wait() // they have been accepted
		began := time.Now()
		if err := server.Shutdown(t.Context()); err != nil {
			t.Errorf("shut down: %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
