package keypool

import (
	"context"
	"crypto/rsa"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// newStub is a pool whose keys cost nothing. It counts those it has made.
func newStub(size int) (pool *Pool, made *int) {
	pool, made = New(size), new(int)
	var mu sync.Mutex
	pool.generate = func() (*rsa.PrivateKey, error) {
		mu.Lock()
		defer mu.Unlock()
		*made++
		return &rsa.PrivateKey{PublicKey: rsa.PublicKey{E: *made}}, nil
	}
	return pool, made
}

func TestTakeMakesARealKey(t *testing.T) {
	key, err := New(0).Take(t.Context())
	if err != nil || key.N.BitLen() != 2048 || key.Validate() != nil {
		t.Errorf("got %d bits, %v; want a valid key of 2048", key.N.BitLen(), err)
	}
}

func TestFillThenTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, made := newStub(2)
		ctx, stop := context.WithCancel(t.Context())
		filled := make(chan error, 1)
		go func() { filled <- pool.Fill(ctx, time.Second) }()

		for second, want := range []int{0, 1, 2, 2, 2} {
			synctest.Wait()
			if got := pool.Len(); got != want {
				t.Errorf("after %d s: got %d spare keys, want %d", second, got, want)
			}
			<-time.After(time.Second) // by the clock of the bubble, at once
		}
		stop()
		if err := <-filled; err != nil {
			t.Errorf("fill: %v", err)
		}
		for want := 1; want <= 3; want++ { // the third is made on demand
			if key, err := pool.Take(t.Context()); err != nil || key.E != want {
				t.Errorf("got key %v, %v; want %d", key, err, want)
			}
		}
		if *made != 3 {
			t.Errorf("made %d keys, want 3", *made)
		}
	})
}

func TestTakeEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pool, _ := newStub(1)
		release, quick := make(chan struct{}), pool.generate
		pool.generate = func() (*rsa.PrivateKey, error) { <-release; return quick() }
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("the client has gone")
		taken := make(chan error, 1)
		go func() { _, err := pool.Take(ctx); taken <- err }()
		synctest.Wait()
		cancel(gone)
		if err := <-taken; !errors.Is(err, gone) {
			t.Errorf("got %v, want %v", err, gone)
		}
		if _, err := pool.Take(ctx); !errors.Is(err, gone) {
			t.Errorf("after the end: got %v, want %v", err, gone)
		}
		close(release)
		synctest.Wait()
		if got := pool.Len(); got != 1 {
			t.Errorf("got %d spare keys, want the one that nobody waited for", got)
		}
	})
}

func TestFailure(t *testing.T) {
	broken := errors.New("no entropy")
	pool := New(1)
	pool.generate = func() (*rsa.PrivateKey, error) { return nil, broken }
	if _, err := pool.Take(t.Context()); !errors.Is(err, broken) {
		t.Errorf("take: got %v, want %v", err, broken)
	}
	ticks := make(chan time.Time, 1)
	ticks <- time.Time{}
	if err := pool.fill(t.Context(), ticks); !errors.Is(err, broken) {
		t.Errorf("fill: got %v, want %v", err, broken)
	}
}

// No key goes to two takers.
func TestEachKeyOnce(t *testing.T) {
	pool, _ := newStub(8)
	ctx, stop := context.WithCancel(t.Context())
	ticks, filled := make(chan time.Time), make(chan error, 1)
	go func() { filled <- pool.fill(ctx, ticks) }()
	var mu sync.Mutex
	seen := map[int]bool{}
	var takers sync.WaitGroup
	for range 16 {
		takers.Go(func() {
			for range 50 {
				select {
				case ticks <- time.Time{}:
				default:
				}
				key, err := pool.Take(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[key.E] {
					t.Errorf("key %d was handed out twice", key.E)
				}
				seen[key.E] = true
				mu.Unlock()
			}
		})
	}
	takers.Wait()
	stop()
	if err := <-filled; err != nil {
		t.Error(err)
	}
}
