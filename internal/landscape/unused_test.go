package landscape

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

// Shutdown alone takes such a connection for a busy one, for five seconds.
func TestCloseDoesNotWaitForUnusedConnections(t *testing.T) {
	cfg := Default()
	cfg.HTTP, cfg.MTLS, cfg.Control = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	l, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{l.HTTP, l.MTLS, l.Control} {
		_, address, _ := strings.Cut(base, "://")
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // nothing is said over it
	}
	call(t, "GET", l.HTTP+"/healthz", nil, 200) // the connections before it have been accepted
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}
