package btp

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// maxWaiting bounds the requests that faults keep waiting.
	maxWaiting = 1000
	// dueDelay is how long due work may wait in real time: its claim must outlive it.
	dueDelay = 5 * time.Second
	// glance is how often, in real time, a waiting request looks whether another
	// process has ended its delay.
	glance = 200 * time.Millisecond
)

// waits are the requests that faults keep waiting: for the clock, or to be released.
type waits struct {
	mu     sync.Mutex
	open   map[string]*waiting
	closed bool
	end    chan struct{} // closed with the landscape; nil until somebody waits
}

// waiting is a request that waits.
type waiting struct {
	held    *Hold // nil: for the clock
	once    sync.Once
	resumed chan struct{} // closed when its instant has come
	over    chan struct{} // closed when the request, or its next wait, has gone on
	ended   sync.Once
}

func (w *waiting) resume() { w.once.Do(func() { close(w.resumed) }) }
func (w *waiting) leave()  { w.ended.Do(func() { close(w.over) }) }

// postponed is due work that a fault puts off: it does not wait, for it would
// keep a claim and a place. left are the strikes that are still to come.
type postponed struct {
	by   time.Duration
	held bool // until it is released, rather than by a time
	left []strike
	// entry is journalled when it is on the list again.
	entry Entry
}

func (p *postponed) Error() string { return "put off by a fault" }

// resumed takes the strikes that were left when due work was put off.
func (x *Exchange) resumed() []strike {
	if x == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	left := x.pending
	x.pending = nil
	return left
}

// wait carries out a delay or a hold. Of due work it returns *postponed instead,
// but for a delay in real time. done is called when the step is over.
func (r *Registry) wait(ctx context.Context, point Point, about Reference, s strike, left []strike) (done func(), err error) {
	x := ExchangeOf(ctx)
	nothing := func() {}
	a, entry := s.action, r.strikeEntry(point, about, s)
	if a.Real > 0 {
		r.journal.Append(entry)
		d, late := a.Real, false
		if x != nil && x.due {
			d = min(d, dueDelay)
		}
		if faultPoints[point].Met == MetInCall && a.Real >= r.callTime {
			d, late = r.callTime, true
		}
		err := r.waitReal(ctx, x, d)
		if err == nil && late {
			err = Errorf(TenantNotTold, "the tenant's callback did not answer in time")
		}
		return nothing, err
	}
	switch {
	case x != nil && x.due:
		return nothing, &postponed{by: a.Virtual, held: a.Kind == FaultHold, left: append([]strike{}, left...), entry: entry}
	case a.Kind == FaultHold:
		return r.waitHeld(ctx, x, entry)
	}
	return r.waitVirtual(ctx, x, a.Virtual, entry)
}

// begin says that a request begins to wait; the channel is closed when the
// landscape ends.
func (r *Registry) begin(x *Exchange) (end <-chan struct{}) {
	if x != nil {
		x.End() // who waits for this request need not wait for this
		if x.Waits != nil {
			x.Waits()
		}
	}
	w := &r.waits
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.end == nil {
		w.end = make(chan struct{})
		if w.closed {
			close(w.end)
		}
	}
	return w.end
}

// EndWaits lets every request go that a fault keeps waiting, as refused: the
// landscape ends.
func (r *Registry) EndWaits() {
	w := &r.waits
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	if w.end != nil {
		close(w.end)
	}
}

var errEnded = Errorf(FaultInjected, "the registry ended while a fault kept the request waiting")

func (r *Registry) waitReal(ctx context.Context, x *Exchange, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.begin(x):
		return errEnded
	case <-ctx.Done():
		if x != nil && x.due && errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil // it has waited as long as it may
		}
		return ctx.Err()
	}
}

// waitVirtual waits for an instant of the clock, which is due work: so it comes
// in its turn while the clock is advanced.
func (r *Registry) waitVirtual(ctx context.Context, x *Exchange, d time.Duration, entry Entry) (done func(), err error) {
	end := r.begin(x)
	id := rand.Text()
	w := &waiting{resumed: make(chan struct{}), over: make(chan struct{})}
	if err := r.waits.put(id, w); err != nil {
		return w.leave, err
	}
	defer r.waits.drop(id)
	err = r.update(ctx, func(u *unit) error {
		u.entries = append(u.entries, entry)
		return u.schedule(u.now.Add(d), DueFaultDelay, id)
	})
	if err != nil {
		return w.leave, err
	}
	again := time.NewTicker(glance)
	defer again.Stop()
	for {
		select {
		case <-w.resumed:
			return r.leaveWith(x, w), nil
		case <-end:
			return w.leave, errEnded
		case <-ctx.Done():
			err := r.update(context.WithoutCancel(ctx), func(u *unit) error { return u.Due().Cancel(DueFaultDelay, id) })
			return w.leave, errors.Join(ctx.Err(), err)
		case <-again.C:
			there := false
			err := r.view(ctx, func(u *unit) (err error) {
				_, there, err = u.Due().Find(DueFaultDelay, id)
				return err
			})
			if err == nil && !there { // another process has ended it
				return r.leaveWith(x, w), nil
			}
		}
	}
}

// waitHeld waits until the request is released.
func (r *Registry) waitHeld(ctx context.Context, x *Exchange, entry Entry) (done func(), err error) {
	end := r.begin(x)
	hold := Hold{ID: HoldID(rand.Text()), Kind: HoldStep, Point: entry.Point, Subject: entry.About, Since: entry.At}
	w := &waiting{held: &hold, resumed: make(chan struct{}), over: make(chan struct{})}
	if err := r.waits.put(string(hold.ID), w); err != nil {
		return w.leave, err
	}
	defer r.waits.drop(string(hold.ID))
	r.journal.Append(entry)
	select {
	case <-w.resumed:
		return r.leaveWith(x, w), nil
	case <-end:
		return w.leave, errEnded
	case <-ctx.Done():
		return w.leave, ctx.Err()
	}
}

// heldRequests are requests that wait in this process.
type heldRequests struct{ *Registry }

func (h heldRequests) holds(context.Context) ([]Hold, error) {
	h.waits.mu.Lock()
	defer h.waits.mu.Unlock()
	var list []Hold
	for _, w := range h.waits.open {
		if w.held != nil {
			list = append(list, *w.held)
		}
	}
	slices.SortFunc(list, func(a, b Hold) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// release lets a request go, and waits a moment until it is over.
func (h heldRequests) release(ctx context.Context, id HoldID, about *Reference) (bool, error) {
	w := h.waits.find(string(id))
	if w == nil || w.held == nil {
		return false, nil
	}
	*about = w.held.Subject
	w.resume()
	moment := time.NewTimer(patience)
	defer moment.Stop()
	select {
	case <-w.over:
	case <-moment.C:
	case <-ctx.Done():
	}
	return true, nil
}

// leaveWith lets whoever advances the clock wait until the request is over, or
// without a request, its step.
func (r *Registry) leaveWith(x *Exchange, w *waiting) func() {
	if x == nil {
		return w.leave
	}
	x.whenOver(w.leave)
	return func() {}
}

func (w *waits) put(id string, one *waiting) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.open) >= maxWaiting {
		return Errorf(FaultInjected, "faults keep %d requests waiting already", maxWaiting)
	}
	if w.open == nil {
		w.open = map[string]*waiting{}
	}
	w.open[id] = one
	return nil
}

func (w *waits) drop(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, id)
}

func (w *waits) find(id string) *waiting {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open[id]
}

// delayIsOver prepares the end of a delay: the request goes on, and the clock
// waits for it. Nobody waits any more if its process has ended.
func (u *unit) delayIsOver(subject string) (*job, error) {
	w := u.r.waits.find(subject)
	if w == nil {
		return nil, nil
	}
	return &job{
		point: PointFaultDelay,
		call: func(ctx context.Context) error {
			w.resume()
			select {
			case <-w.over:
			case <-ctx.Done():
			}
			return nil
		},
		finish: func(*unit, error) error { return nil },
	}, nil
}
