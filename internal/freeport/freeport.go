// Package freeport finds ports for what must know its address before it listens, or
// comes back to it, in tests. The system itself gives out none of them: between two
// looks nobody gets one by chance.
package freeport

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Linux gives out ports from 32768 on, others from 49152.
const (
	first = 20_000
	count = 12_000
)

// found are the ports that this process has been told of.
var found sync.Map

// Find returns a port on which nobody listens, at any address of this machine. It
// returns none twice.
func Find() (int, error) {
	refused := errors.New("all have been given out")
	for range 100 {
		port := first + rand.IntN(count)
		if _, known := found.LoadOrStore(port, true); known {
			continue
		}
		on, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err == nil {
			return port, on.Close()
		}
		refused = err
	}
	return 0, errors.Join(errors.New("no port is free"), refused)
}

// Port is one that Find found.
func Port(t testing.TB) string {
	t.Helper()
	port, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// Address is a port of this machine alone.
func Address(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", Port(t))
}
