package freeport

import (
	"net"
	"strconv"
	"testing"
)

// TestFreePorts: each is another, none is of those that the system gives out, and
// one can listen there.
func TestFreePorts(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		address := Address(t)
		_, text, _ := net.SplitHostPort(address) // it has both
		if port, err := strconv.Atoi(text); err != nil || seen[address] || port < first || port >= first+count {
			t.Errorf("got %s (%v), want another port from %d on", address, err, first)
		}
		seen[address] = true
		on, err := net.Listen("tcp", address)
		if err != nil {
			t.Error(err)
			continue
		}
		defer on.Close()
	}
}
