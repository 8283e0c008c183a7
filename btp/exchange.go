package btp

import (
	"context"
	"sync"
	"sync/atomic"
)

// Exchange is one request to the registry and its answer. The steps that the
// request takes leave in it what they were and what they have to say to the
// answer, which only the listener can carry out. It is safe for concurrent use.
type Exchange struct {
	// generation is the one that the request has seen, plus one; 0: none yet.
	generation atomic.Uint64

	mu    sync.Mutex
	point Point
	about Reference
}

type exchangeKey struct{}

// WithExchange returns a context whose steps belong to x.
func WithExchange(ctx context.Context, x *Exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// ExchangeOf returns the exchange that ctx belongs to; nil for work that no
// request waits for.
func ExchangeOf(ctx context.Context) *Exchange {
	x, _ := ctx.Value(exchangeKey{}).(*Exchange)
	return x
}

// Note says which step the request has come to and whom it is about. The last
// step is the one that answers; what it does not know stays as it was.
func (x *Exchange) Note(point Point, about Reference) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if point != "" {
		x.point = point
	}
	if about != (Reference{}) {
		x.about = about
	}
}

// Last returns the step that answers and whom it is about.
func (x *Exchange) Last() (Point, Reference) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.point, x.about
}
