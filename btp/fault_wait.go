package btp

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// maxWaiting bounds what faults keep waiting at a time.
	maxWaiting = 1000
	// dueDelay is how long due work may wait in real time: its claim must outlive it.
	dueDelay = 5 * time.Second
)

// waits are what faults keep waiting in this process: requests and due work.
type waits struct {
	mu    sync.Mutex
	open  map[*suspension]kept
	ended bool
}

// kept is what waits.
type kept struct {
	hold Hold // without ID: for an instant
	job  bool // due work, which ends with its process by itself
	of   *generation
}

// wait carries out a delay or a hold.
func (r *Registry) wait(ctx context.Context, point Point, about Reference, s strike) error {
	entry := r.strikeEntry(point, about, s)
	x := ExchangeOf(ctx)
	if x != nil && x.Waits != nil {
		x.Waits()
	}
	if s.action.Real > 0 {
		r.journal.Append(entry)
		return r.waitReal(ctx, point, s.action.Real)
	}
	hold := Hold{Kind: HoldStep, Point: point, Subject: about}
	var until time.Time
	var of *generation
	err := r.update(ctx, func(u *unit) error {
		hold.Since, of = u.now, u.of
		if s.action.Kind == FaultHold {
			hold.ID = HoldID(u.env.newID())
		} else {
			until = u.now.Add(s.action.Virtual)
		}
		return nil
	})
	if err != nil {
		return err
	}
	one, j := newSuspension(until), jobOf(ctx)
	if err := r.waits.begin(one, kept{hold, j != nil, of}); err != nil {
		return err
	}
	r.journal.Append(entry)
	err = r.suspend(ctx, one)
	if r.waits.done(one) {
		return errEnded
	}
	if j != nil {
		j.spent = 0 // its claim was renewed
	}
	return err
}

// jobOf is the job that a context belongs to, nil for a request.
func jobOf(ctx context.Context) *job {
	j, _ := ctx.Value(jobKey{}).(*job)
	return j
}

// waitReal waits in real time: due work as long as its claim allows, and in the
// place of a tenant's answer as long as a tenant may take.
func (r *Registry) waitReal(ctx context.Context, point Point, d time.Duration) error {
	late := faultPoints[point].Met == MetInCall && d >= r.callTime
	j := jobOf(ctx)
	switch {
	case late:
		d = r.callTime
	case j != nil:
		d = min(d, dueDelay-j.spent)
		j.spent += d
	}
	of, err := r.known(ctx)
	if err != nil {
		return err
	}
	one := newSuspension(time.Time{}) // only to be let go
	if err := r.waits.begin(one, kept{job: j != nil, of: of}); err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-one.released:
	case <-ctx.Done():
		err = ctx.Err()
	case <-of.life.Done():
		err = context.Cause(of.life)
	}
	switch {
	case r.waits.done(one):
		return errEnded
	case err == nil && late:
		return Errorf(TenantNotTold, "the tenant's callback did not answer in time")
	}
	return err
}

var errEnded = Errorf(FaultInjected, "the registry ended while a fault kept the request waiting")

// EndWaits lets every request go that a fault keeps waiting, as refused: the
// landscape ends. Due work that waits ends with Close.
func (r *Registry) EndWaits() {
	w := &r.waits
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	for one, k := range w.open {
		if !k.job {
			one.letGo()
		}
	}
}

func (w *waits) begin(one *suspension, k kept) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ended && !k.job:
		return errEnded
	case len(w.open) >= maxWaiting:
		return Errorf(FaultInjected, "faults keep %d steps waiting already", maxWaiting)
	case w.open == nil:
		w.open = map[*suspension]kept{}
	}
	w.open[one] = k
	return nil
}

// done says whether a request goes on only because the landscape ends.
func (w *waits) done(one *suspension) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	job := w.open[one].job
	delete(w.open, one)
	return w.ended && !job
}

// heldSteps are the steps that faults hold in this process.
type heldSteps struct{ *Registry }

func (h heldSteps) holds(context.Context) ([]Hold, error) {
	h.waits.mu.Lock()
	defer h.waits.mu.Unlock()
	var list []Hold
	present := h.generation.Load()
	for _, k := range h.waits.open {
		if k.hold.ID != "" && k.of == present {
			list = append(list, k.hold)
		}
	}
	slices.SortFunc(list, func(a, b Hold) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return list, nil
}

// release lets a step go, and waits a moment for what comes of it.
func (h heldSteps) release(ctx context.Context, id HoldID, about *Reference) (bool, error) {
	one, hold := h.waits.find(id, h.generation.Load())
	if one == nil {
		return false, nil
	}
	*about = hold.Subject
	one.release(ctx)
	return true, nil
}

func (w *waits) find(id HoldID, of *generation) (*suspension, Hold) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one, k := range w.open {
		if k.hold.ID != "" && k.hold.ID == id && k.of == of {
			return one, k.hold
		}
	}
	return nil, Hold{}
}
