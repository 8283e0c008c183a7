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
	maxFresh     = 1000 // that are not kept yet
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

var changeOf = map[records.Operation]string{records.Created: "Created", records.Updated: "Changed", records.Deleted: "Deleted"}

// spread makes deliveries of changes, as arrangements and topics are now. It never
// waits: they are kept, and sent, in the background.
func (t *Tenant) spread(list []records.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.paused {
		return
	}
	fresh := t.deliveriesOf(list)
	if room := max(maxFresh-len(t.fresh), 0); len(fresh) > room {
		t.cfg.Logger.Warn("changes that no extension is told of: too many wait", "lost", len(fresh)-room)
		fresh = fresh[:room]
	}
	begun := len(t.fresh) > 0
	t.fresh = append(t.fresh, fresh...)
	if !begun && len(t.fresh) > 0 {
		t.running.Add(1)
		go t.keepFresh(t.life)
	}
}

// keepFresh keeps new deliveries, and begins to send them.
func (t *Tenant) keepFresh(ctx context.Context) {
	defer t.running.Done()
	for {
		t.mu.Lock()
		fresh := slices.Clone(t.fresh)
		t.mu.Unlock()
		err := t.amend(ctx, func(next *communication) error {
			next.add(fresh, t.now())
			return nil
		})
		if err != nil {
			t.cfg.Logger.Error("changes that no extension is told of", "lost", len(fresh), "error", err)
		}
		t.startDue()
		t.mu.Lock()
		t.fresh = t.fresh[min(len(fresh), len(t.fresh)):]
		done := len(t.fresh) == 0
		t.mu.Unlock()
		if done {
			return
		}
	}
}

// add numbers fresh deliveries and lets them wait, within bounds.
func (c *communication) add(fresh []delivery, now time.Time) {
	c.Pending, c.Log = slices.Clone(c.Pending), slices.Clone(c.Log)
	waiting := map[string]int{}
	for _, d := range c.Pending {
		waiting[d.line()]++
	}
	for _, d := range fresh {
		if c.by(func(a *arrangement) bool { return a.ID == d.Arrangement }) == nil { // it has ended since
			continue
		}
		c.LastDelivery++
		d.ID = c.LastDelivery
		if waiting[d.line()] >= maxLine || len(c.Pending) >= maxPending {
			c.note(LogEntry{
				Delivery: d.ID, At: now, Arrangement: d.Arrangement, Service: d.Service, Topic: d.Topic, Outcome: Lost,
				Detail: fmt.Sprintf("%d of it wait to be sent already, %d in all", waiting[d.line()], len(c.Pending)),
			})
			continue
		}
		waiting[d.line()]++
		c.Pending = append(c.Pending, d)
	}
}

// deliveriesOf is what the arrangements in use send of changes. The caller holds t.mu.
func (t *Tenant) deliveriesOf(list []records.Change) []delivery {
	var fresh []delivery
	arrangements, objects := t.state.Communication.Arrangements, t.cfg.Product.Communication.Objects
	for _, c := range list {
		at := slices.IndexFunc(objects, func(o BusinessObject) bool { return o.Collection == c.Collection })
		for i := range arrangements {
			if a := &arrangements[i]; at >= 0 && t.working(a) {
				fresh = append(fresh, t.deliveriesFor(a, objects[at], c)...)
			}
		}
	}
	return fresh
}

func (c *communication) note(e LogEntry) {
	c.Log = append(c.Log, e)
	if extra := len(c.Log) - maxLog; extra > 0 {
		c.Log = slices.Clone(c.Log[extra:])
	}
}

// deliveriesFor is what a sends of one change. The caller holds t.mu.
func (t *Tenant) deliveriesFor(a *arrangement, object BusinessObject, c records.Change) []delivery {
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
