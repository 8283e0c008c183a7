package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pairsim/pairsim/internal/records"
)

// What a tenant sends by itself when business objects change: calls of outbound
// services, and events to an event bus. What fails is sent again, on the registry's
// clock: the registry wakes the tenant (docs/wire.md, Waking a tenant).

const (
	maxLine      = 200  // deliveries that wait of one service or channel
	maxPending   = 5000 // that wait in all
	maxChanged   = 1000 // changes that have not become deliveries yet
	maxLog       = 200
	maxCallTries = 10
	callTimeout  = 10 * time.Second // of real time
	longestPause = 1800 * time.Second
)

// delivery is one thing to send. Deliveries of a line are sent one after the other,
// in their order.
type delivery struct {
	ID          int             `json:"id"`
	Arrangement string          `json:"arrangement"`
	Service     string          `json:"service,omitempty"` // an outbound service; "": an event
	Topic       string          `json:"topic,omitempty"`   // of an event, in full
	Body        json.RawMessage `json:"body"`
	Tries       int             `json:"tries,omitempty"`
	NotBefore   time.Time       `json:"notBefore,omitzero"` // zero: at once
}

func (d delivery) line() string { return d.Arrangement + "/" + d.Service }

// Outcomes of a try.
const (
	Delivered = "delivered"
	Repeated  = "repeated" // it will be sent again
	GivenUp   = "givenUp"
	Lost      = "lost" // quality of service 0, or too much waits
)

// LogEntry is one try to send something. Nothing in it is secret.
type LogEntry struct {
	Delivery    int       `json:"delivery"`
	At          time.Time `json:"at"`
	Arrangement string    `json:"arrangement"`
	Service     string    `json:"service,omitempty"`
	Topic       string    `json:"topic,omitempty"`
	Try         int       `json:"try"`
	Outcome     string    `json:"outcome"`
	Status      int       `json:"status,omitempty"` // of the answer; 0: there was none
	Detail      string    `json:"detail,omitempty"`
	Again       time.Time `json:"again,omitzero"` // when it will be sent again
}

// tried is what came of one try.
type tried struct {
	status int
	detail string // "" when it was delivered
	final  string // an outcome that ends the delivery; "": see again
	again  time.Duration
}

// spread notes changes for outbound services and channels. It never waits.
func (t *Tenant) spread(list []records.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.paused || !slices.ContainsFunc(t.state.Communication.Arrangements, func(a arrangement) bool { return t.working(&a) }) {
		return
	}
	if room := max(maxChanged-len(t.changed), 0); len(list) > room {
		t.cfg.Logger.Warn("changes that no extension is told of: too many wait", "lost", len(list)-room)
		list = list[:room]
	}
	begun := len(t.changed) > 0
	t.changed = append(t.changed, list...)
	if !begun && len(t.changed) > 0 {
		t.running.Add(1)
		go t.deliverChanges(t.life)
	}
}

// deliverChanges makes deliveries of changes, keeps them, and begins to send them.
func (t *Tenant) deliverChanges(ctx context.Context) {
	defer t.running.Done()
	for {
		t.mu.Lock()
		list := slices.Clone(t.changed)
		t.mu.Unlock()
		err := t.amend(ctx, func(next *communication) error {
			t.addDeliveries(next, list)
			return nil
		})
		if err != nil {
			t.cfg.Logger.Error("changes that no extension is told of", "lost", len(list), "error", err)
		}
		t.startDue()
		t.mu.Lock()
		t.changed = t.changed[min(len(list), len(t.changed)):]
		done := len(t.changed) == 0
		t.mu.Unlock()
		if done {
			return
		}
	}
}

var changeOf = map[records.Operation]string{records.Created: "Created", records.Updated: "Changed", records.Deleted: "Deleted"}

// addDeliveries adds what list causes. The caller holds t.mu.
func (t *Tenant) addDeliveries(next *communication, list []records.Change) {
	next.Pending, next.Log = slices.Clone(next.Pending), slices.Clone(next.Log)
	waiting := map[string]int{}
	for _, d := range next.Pending {
		waiting[d.line()]++
	}
	for _, c := range list {
		at := slices.IndexFunc(t.cfg.Product.Communication.Objects, func(o BusinessObject) bool { return o.Collection == c.Collection })
		if at < 0 {
			continue
		}
		object := t.cfg.Product.Communication.Objects[at]
		for i := range next.Arrangements {
			if a := &next.Arrangements[i]; t.working(a) {
				for _, d := range t.deliveriesOf(a, object, c) {
					next.LastDelivery++
					d.ID = next.LastDelivery
					if waiting[d.line()] >= maxLine || len(next.Pending) >= maxPending {
						next.note(LogEntry{Delivery: d.ID, At: t.now(), Arrangement: a.ID, Service: d.Service, Topic: d.Topic,
							Outcome: Lost, Detail: fmt.Sprintf("%d of it wait to be sent already, %d in all", waiting[d.line()], len(next.Pending))})
						continue
					}
					waiting[d.line()]++
					next.Pending = append(next.Pending, d)
				}
			}
		}
	}
}

func (c *communication) note(e LogEntry) {
	c.Log = append(c.Log, e)
	if extra := len(c.Log) - maxLog; extra > 0 {
		c.Log = slices.Clone(c.Log[extra:])
	}
}

// deliveriesOf is what a sends of one change. The caller holds t.mu.
func (t *Tenant) deliveriesOf(a *arrangement, object BusinessObject, c records.Change) []delivery {
	change := changeOf[c.Operation]
	record := c.After
	if c.Operation == records.Deleted {
		record = c.Before
	}
	s, there := t.scenario(a.scenarioID())
	if !there {
		return nil
	}
	if s.Eventing {
		return t.eventOf(a, object, change, record)
	}
	var list []delivery
	for _, o := range a.Wanted.Arrangement.activeServices(s.Scenario) {
		if len(o.Objects) > 0 && !slices.Contains(o.Objects, object.Name) {
			continue
		}
		list = append(list, delivery{Arrangement: a.ID, Service: o.ID, Body: t.callBody(object, change, record, c.Operation == records.Deleted)})
	}
	return list
}

// startDue begins to send what is due, each line by itself.
func (t *Tenant) startDue() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.paused {
		return
	}
	for _, d := range t.state.Communication.Pending {
		line := d.line()
		if _, under := t.lines[line]; under {
			continue
		}
		if _, _, due := t.head(line); due {
			if t.lines == nil {
				t.lines = map[string]chan struct{}{}
			}
			done := make(chan struct{})
			t.lines[line] = done
			t.running.Add(1)
			go t.runLine(t.life, line, done)
		}
	}
}

// sendDue sends what is due, and returns when that has been tried or ctx ends.
func (t *Tenant) sendDue(ctx context.Context) {
	t.startDue()
	t.mu.Lock()
	var under []chan struct{}
	for _, done := range t.lines {
		under = append(under, done)
	}
	t.mu.Unlock()
	for _, done := range under {
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}

// head is the oldest delivery of a line with its arrangement, if it is due. The
// caller holds t.mu.
func (t *Tenant) head(line string) (d delivery, a arrangement, due bool) {
	for _, d := range t.state.Communication.Pending {
		if d.line() != line {
			continue
		}
		a := t.arrangementBy(func(a *arrangement) bool { return a.ID == d.Arrangement })
		if a == nil || !t.working(a) || d.NotBefore.After(t.now()) {
			return delivery{}, arrangement{}, false
		}
		return d, *a, true
	}
	return delivery{}, arrangement{}, false
}

// runLine sends the deliveries of a line until none is due.
func (t *Tenant) runLine(ctx context.Context, line string, done chan struct{}) {
	defer t.running.Done()
	for {
		t.mu.Lock()
		d, a, due := t.head(line)
		if !due || t.closed || t.paused || ctx.Err() != nil {
			delete(t.lines, line)
			close(done)
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
		result := t.try(ctx, &d, &a)
		if ctx.Err() != nil { // the process ends; it is tried again in the next one
			continue
		}
		if result.final == "" {
			t.askTime(ctx)
		}
		if err := t.record(ctx, d, result); err != nil {
			t.cfg.Logger.Error("delivery not recorded", "arrangement", d.Arrangement, "error", err)
			t.mu.Lock()
			delete(t.lines, line)
			close(done)
			t.mu.Unlock()
			return
		}
		if result.final == "" {
			if err := t.describeAgain(ctx, false); err != nil {
				t.cfg.Logger.Warn("the registry was not told when to wake this tenant", "error", err)
			}
		}
	}
}

func (t *Tenant) try(ctx context.Context, d *delivery, a *arrangement) tried {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if d.Service != "" {
		return t.callExtension(ctx, d, a)
	}
	return t.publishEvent(ctx, d, a)
}

// record ends a delivery or puts it back.
func (t *Tenant) record(ctx context.Context, d delivery, result tried) error {
	return t.amend(ctx, func(next *communication) error {
		at := slices.IndexFunc(next.Pending, func(p delivery) bool { return p.ID == d.ID })
		if at < 0 { // its arrangement has ended
			return nil
		}
		d.Tries++
		next.Pending, next.Log = slices.Clone(next.Pending), slices.Clone(next.Log)
		e := LogEntry{
			Delivery: d.ID, At: t.now(), Arrangement: d.Arrangement, Service: d.Service, Topic: d.Topic, Try: d.Tries,
			Outcome: result.final, Status: result.status, Detail: clip(result.detail, 300),
		}
		if result.final == "" {
			d.NotBefore = t.now().Add(result.again)
			e.Outcome, e.Again = Repeated, d.NotBefore
			next.Pending[at] = d
		} else {
			next.Pending = slices.Delete(next.Pending, at, at+1)
		}
		next.note(e)
		return nil
	})
}

// pauseAfter is how long a delivery waits after its try: first, doubled each time,
// at most half an hour.
func pauseAfter(try int, first time.Duration) time.Duration {
	if try > 20 {
		return longestPause
	}
	return min(first<<(try-1), longestPause)
}

// OutboundLog returns the newest tries to send something, newest first.
func (t *Tenant) OutboundLog() []LogEntry {
	t.mu.Lock()
	defer t.mu.Unlock()
	log := slices.Clone(t.state.Communication.Log)
	slices.Reverse(log)
	return log
}

func statusText(status int) string {
	return fmt.Sprintf("the answer was %d %s", status, http.StatusText(status))
}

var errNoAnswer = errors.New("there was no answer")
