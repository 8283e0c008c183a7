package btp

import (
	"context"
	"errors"
	"sync"
	"time"
)

// suspension is work that waits inside this process: until an instant of the
// environment's clock, until it is released, or until the one of both that comes
// first. It is used once.
type suspension struct {
	// until is an instant of the environment's clock; zero: the clock does not end it.
	until time.Time

	once     sync.Once
	released chan struct{}
	// settled is closed when the work that waited is over, or waits again.
	settled chan struct{}
}

func newSuspension(until time.Time) *suspension {
	return &suspension{until: until, released: make(chan struct{}), settled: make(chan struct{})}
}

// release ends a suspension and waits a moment for what comes of it.
func (s *suspension) release(ctx context.Context) {
	s.letGo()
	s.wait(ctx)
}

func (s *suspension) letGo() { s.once.Do(func() { close(s.released) }) }

// wait gives the work that waited a moment to be over.
func (s *suspension) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-s.settled:
	case <-ctx.Done():
	}
}

const (
	// keepAlive is how often, in real time, the claim of a suspended job is renewed.
	keepAlive = claimLease / 4
	// lookAgain is how often, in real time, who waits for an instant looks at the
	// stored clock: another process may have moved it.
	lookAgain = 100 * time.Millisecond
)

// suspend lets the work that ctx belongs to wait. A job is done for now to whoever
// waits for it (advance, settle, awaitJob), keeps its claim, and gives its place
// back until it goes on. A request is waited for by an advance that passes its
// instant. Nothing may be held across it that others need. The error is that of a
// context that ends first, or of a job that has lost its claim.
func (r *Registry) suspend(ctx context.Context, s *suspension) error {
	if j, ok := ctx.Value(jobKey{}).(*job); ok {
		return r.suspendJob(ctx, j, s)
	}
	if ctx.Done() == nil {
		defer close(s.settled) // nobody tells when that is over
	} else {
		context.AfterFunc(ctx, func() { close(s.settled) })
	}
	r.sleepers.add(s)
	defer r.sleepers.remove(s)
	return r.sleep(ctx, s)
}

func (r *Registry) suspendJob(ctx context.Context, j *job, s *suspension) error {
	j.settle() // of an earlier suspension
	j.waited = s
	if err := r.renew(ctx, j, s); err != nil {
		return err
	}
	r.pause(j)
	placed := j.placed
	j.placed = false
	keep := func() error { return r.renew(ctx, j, s) }
	err := r.sleep(ctx, s, keep)
	if err == nil && placed {
		err = r.takePlace(ctx, j, keep)
		j.placed = err == nil
	}
	r.proceed(j)
	switch {
	case errors.Is(err, errClaimLost), CodeOf(err) == EnvironmentReplaced:
		return err
	case j.of.life.Err() != nil:
		r.letGo(j) // whoever comes next need not wait for the claim to end
		return context.Cause(j.of.life)
	}
	// The end of a call's own time is no reason to lose the claim.
	return errors.Join(err, r.renew(context.WithoutCancel(ctx), j, nil))
}

// sleep returns when s has ended, and does what keeps the sleeper alive meanwhile.
// What a generation has let wait does not go on in the next: it is refused with
// EnvironmentReplaced.
func (r *Registry) sleep(ctx context.Context, s *suspension, keep ...func() error) error {
	of, err := r.known(ctx)
	if err != nil {
		return err
	}
	kept := r.real()
	for {
		moved := r.moved.wait()
		pause := keepAlive
		state, err := r.ReadClock(ctx) // another process may have replaced everything
		if err != nil {
			return err
		}
		if !s.until.IsZero() {
			if !state.Now.Before(s.until) {
				return nil
			}
			pause = lookAgain
			if left := s.until.Sub(state.Now); !state.Frozen && left < pause {
				pause = left
			}
		}
		select { // a timer that nobody waits for any more is collected
		case <-s.released:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-of.life.Done():
			return context.Cause(of.life)
		case <-moved:
		case <-time.NewTimer(pause).C:
		}
		if r.real().Sub(kept) < keepAlive {
			continue
		}
		kept = r.real()
		for _, one := range keep {
			if err := one(); err != nil {
				return err
			}
		}
	}
}

// takePlace gets a place among the jobs again.
func (r *Registry) takePlace(ctx context.Context, j *job, keep func() error) error {
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	for {
		select {
		case r.jobs.places <- struct{}{}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-j.of.life.Done():
			return context.Cause(j.of.life)
		case <-beat.C:
			if err := keep(); err != nil {
				return err
			}
		}
	}
}

var errClaimLost = errors.New("another process is at the work")

// renew makes the claim of j last. While it is suspended its row is parked, or
// stands at the instant at which it goes on, where an advance stops.
func (r *Registry) renew(ctx context.Context, j *job, suspended *suspension) error {
	var until time.Time
	err := r.update(ctx, func(u *unit) error {
		d, ok, err := u.Due().Find(j.due.Kind, j.due.Subject)
		if err != nil {
			return err
		}
		if !ok || !d.ClaimedUntil.Equal(j.due.ClaimedUntil) {
			return errClaimLost
		}
		until = u.real.Add(claimLease)
		switch {
		case suspended == nil:
			return u.Due().Claim(d.Kind, d.Subject, until)
		case suspended.until.IsZero():
			return u.Due().Park(d.Kind, d.Subject, until)
		case !d.At.Equal(suspended.until):
			d.At = suspended.until
			if err := u.putDue(d); err != nil {
				return err
			}
		}
		return u.Due().Claim(d.Kind, d.Subject, until)
	})
	if errors.Is(err, errClaimLost) {
		j.cancel()
	}
	if err == nil {
		j.due.ClaimedUntil = until
	}
	return err
}

// letGo ends the claim of a job that this process does not end any more.
func (r *Registry) letGo(j *job) {
	ctx, cancel := context.WithTimeout(inGeneration(context.Background(), j.of.number), patience)
	defer cancel()
	err := r.update(ctx, func(u *unit) error {
		d, ok, err := u.Due().Find(j.due.Kind, j.due.Subject)
		if err != nil || !ok || !d.ClaimedUntil.Equal(j.due.ClaimedUntil) {
			return err
		}
		return u.Due().Claim(d.Kind, d.Subject, time.Time{})
	})
	if err != nil && CodeOf(err) != EnvironmentReplaced { // which has ended all claims
		r.log.Warn("a claim ends by itself", "kind", j.due.Kind, "subject", j.due.Subject, "error", err)
	}
}

// sleepers are the requests of this process that wait for an instant.
type sleepers struct {
	mu  sync.Mutex
	all map[*suspension]struct{}
}

func (l *sleepers) add(s *suspension) {
	if s.until.IsZero() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[*suspension]struct{}{}
	}
	l.all[s] = struct{}{}
}

func (l *sleepers) remove(s *suspension) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, s)
}

// next returns the earliest instant after now that anybody waits for, and who does.
func (l *sleepers) next(now time.Time) (at time.Time, who []*suspension) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for s := range l.all {
		switch {
		case !s.until.After(now):
		case len(who) == 0 || s.until.Before(at):
			at, who = s.until, []*suspension{s}
		case s.until.Equal(at):
			who = append(who, s)
		}
	}
	return at, who
}

// signal wakes all that wait for it.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) send() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
