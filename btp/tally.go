package btp

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Tally counts what has come to pass in this process, snapshots and resets or not.
type Tally struct {
	// PairingsCompleted counts systems that became Registered.
	PairingsCompleted uint64
	// Strikes counts, by point, how often a fault acted there.
	Strikes map[Point]uint64
}

// tally is safe for concurrent use.
type tally struct {
	completed atomic.Uint64

	mu      sync.Mutex
	strikes map[Point]uint64
}

func (t *tally) struck(point Point) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.strikes == nil {
		t.strikes = map[Point]uint64{}
	}
	t.strikes[point]++
}

// Tally tells the counts so far.
func (r *Registry) Tally() Tally {
	r.tally.mu.Lock()
	defer r.tally.mu.Unlock()
	return Tally{PairingsCompleted: r.tally.completed.Load(), Strikes: maps.Clone(r.tally.strikes)}
}
