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
	// EventsAccepted counts events that tenants published, Deliveries what became of
	// sending them, by outcome.
	EventsAccepted uint64
	Deliveries     map[DeliveryOutcome]uint64
	// Strikes counts, by point, how often a fault acted there.
	Strikes map[Point]uint64
}

// DeliveryOutcome is what becomes of an event that is sent to a subscriber.
type DeliveryOutcome string

// The outcomes.
const (
	OutcomeDelivered DeliveryOutcome = "delivered"
	OutcomeFailed    DeliveryOutcome = "failed"  // an attempt in vain; it is sent again
	OutcomeDead      DeliveryOutcome = "dead"    // the last attempt in vain
	OutcomeDropped   DeliveryOutcome = "dropped" // its application has left the runtime
)

// eventTally counts events in one step, or in all.
type eventTally struct {
	accepted   uint64
	deliveries map[DeliveryOutcome]uint64
}

func (t *eventTally) ended(outcome DeliveryOutcome, n int) {
	if t.deliveries == nil {
		t.deliveries = map[DeliveryOutcome]uint64{}
	}
	t.deliveries[outcome] += uint64(n)
}

// tally is safe for concurrent use.
type tally struct {
	completed atomic.Uint64
	accepted  atomic.Uint64

	mu         sync.Mutex
	strikes    map[Point]uint64
	deliveries map[DeliveryOutcome]uint64
}

// add counts what a step did, once it is saved.
func (t *tally) add(completed uint64, events eventTally) {
	t.completed.Add(completed)
	t.accepted.Add(events.accepted)
	if events.deliveries == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deliveries == nil {
		t.deliveries = map[DeliveryOutcome]uint64{}
	}
	for outcome, n := range events.deliveries {
		t.deliveries[outcome] += n
	}
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
	return Tally{
		PairingsCompleted: r.tally.completed.Load(), EventsAccepted: r.tally.accepted.Load(),
		Deliveries: maps.Clone(r.tally.deliveries), Strikes: maps.Clone(r.tally.strikes),
	}
}
