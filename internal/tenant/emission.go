package tenant

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/pairsim/pairsim/internal/records"
)

const (
	maxOutbox  = 1000 // events that wait to be sent; a further one is lost
	eventTries = 5
)

// Emission is an event that follows a change of the product's data.
type Emission struct {
	Collection string
	Operation  records.Operation
	// When tells whether this change has the event; nil: always.
	When          func(before, after records.Record) bool
	Type, Version string
	// Data is the event's payload, from the record as it is, or as it was before
	// it was deleted.
	Data func(records.Record) any
}

// waiting is an event to be sent.
type waiting struct {
	kind EventType
	data json.RawMessage
}

// emit queues the events of changes, while the tenant is paired. It never waits.
func (t *Tenant) emit(changes []records.Change) {
	if t.cfg.Product.Communication != nil {
		t.spread(changes)
	}
	var events []waiting
	for _, c := range changes {
		for _, e := range t.cfg.Product.Emissions {
			if e.Collection != c.Collection || e.Operation != c.Operation || e.When != nil && !e.When(c.Before, c.After) {
				continue
			}
			record := c.After
			if c.Operation == records.Deleted {
				record = c.Before
			}
			data, err := json.Marshal(e.Data(record))
			if err != nil {
				t.cfg.Logger.Error("event not made", "type", e.Type, "error", err)
				continue
			}
			events = append(events, waiting{EventType{e.Type, e.Version}, data})
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(events) == 0 || t.closed || t.connected() == nil {
		return
	}
	if room := max(maxOutbox-len(t.outbox), 0); len(events) > room {
		t.cfg.Logger.Warn("events lost: too many wait to be sent", "lost", len(events)-room)
		events = events[:room]
	}
	t.outbox = append(t.outbox, events...)
	if !t.sending {
		t.sending = true
		t.running.Add(1)
		go t.deliver()
	}
}

// deliver sends what waits, in its order, until nothing does.
func (t *Tenant) deliver() {
	defer t.running.Done()
	for {
		t.mu.Lock()
		if len(t.outbox) == 0 || t.closed {
			t.sending, t.outbox = false, nil
			t.mu.Unlock()
			return
		}
		next := t.outbox[0]
		t.outbox = t.outbox[1:]
		t.mu.Unlock()
		if err := t.sendRepeatedly(next); err != nil {
			t.cfg.Logger.Warn("event not sent", "type", next.kind.String(), "error", err)
		}
	}
}

// sendRepeatedly tries again while the registry cannot answer.
func (t *Tenant) sendRepeatedly(e waiting) error {
	for try := 1; ; try++ {
		_, err := t.SendEvent(t.life, e.kind.Type, e.kind.Version, e.data)
		if err == nil || try == eventTries || !transient(err) || errors.Is(err, context.Canceled) {
			return err
		}
		if err := t.cfg.Pause(t.life, try); err != nil {
			return err
		}
	}
}
