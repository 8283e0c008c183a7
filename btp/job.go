package btp

import (
	"context"
	"errors"
	"sync"
	"time"
)

// jobs carry out the due work that is more than a step: it is claimed in the
// store, does its call outside of any step, and ends in a step of its own. A
// process that dies on the way leaves the claim, which ends by itself.
type jobs struct {
	// whole is the life of work that no request waits for; every generation's is a
	// part of it. Close ends it.
	whole   context.Context //nolint:containedctx // see whole
	end     context.CancelFunc
	running sync.WaitGroup
	// places bounds the jobs that no request waits for: each may be a call.
	places chan struct{}
	mu     sync.Mutex
	open   map[dueKey]chan struct{}
}

type dueKey struct {
	kind    DueKind
	subject string
}

// job is claimed work.
type job struct {
	point Point
	about Reference
	// call does what cannot be undone, outside of any step; nil: nothing.
	call func(context.Context) error
	// then is the point behind a call that was made, where the work can still
	// fail; "" for none.
	then Point
	// finish ends the work in a step; failure is what the point came to.
	finish func(u *unit, failure error) error

	due Due // as claimed
	// of is the generation in which it was claimed, and with which it ends.
	of *generation
	// request is the number of the request that caused the work, 0 for none.
	request uint64
	// spent is the real time, of what the claim allows, that faults have let it wait.
	spent time.Duration
	// placed says that it has one of jobs.places.
	placed bool
	// cancel ends the job, whose claim is lost.
	cancel context.CancelFunc
	// rests is closed when the job is over, or suspended.
	rests chan struct{}
	// waited is the latest suspension.
	waited *suspension
}

// jobKey is under what a context holds the job that it belongs to.
type jobKey struct{}

// settle ends the waiting for what came of the latest suspension.
func (j *job) settle() {
	if j.waited != nil {
		close(j.waited.settled)
		j.waited = nil
	}
}

const (
	// maxJobs are under way at once, of those that no request waits for.
	maxJobs = 32
	// claimLease is real time: longer than any call may take. So long, too, waits the
	// work of a process that has died.
	claimLease = 8 * time.Second
	// callLimit ends a call, in real time, before its claim does: nobody else is to
	// make the same one meanwhile.
	callLimit = 6 * time.Second
	// patience is how long, in real time, a request waits for work that it caused.
	patience = 2 * time.Second
	// recheck is how often, in real time, work of another process is looked at.
	recheck = 10 * time.Millisecond
)

// claim prepares d and takes it for this process. Without a job it was done
// with, or busy says that another caller is at it.
func (u *unit) claim(d Due) (j *job, busy bool, err error) {
	if u.real.Before(d.ClaimedUntil) {
		return nil, true, nil
	}
	j, err = dueKinds[d.Kind].prepare(u, d.Subject)
	if err != nil {
		return nil, false, err
	}
	if j == nil {
		return nil, false, u.Due().Cancel(d.Kind, d.Subject)
	}
	j.due, j.of = d, u.of
	j.due.ClaimedUntil = u.real.Add(claimLease)
	return j, false, u.Due().Claim(d.Kind, d.Subject, j.due.ClaimedUntil)
}

// launch carries a claimed job out, as work of the request that ctx belongs to;
// the channel is closed when it is over, or suspended. Work of a generation that
// has ended meanwhile is not begun.
func (r *Registry) launch(by context.Context, j *job) <-chan struct{} {
	j.request = requestOf(by)
	ctx, cancel := context.WithCancel(causedBy(inGeneration(j.of.life, j.of.number), j.request))
	j.cancel = cancel
	rests := r.proceed(j)
	if !j.of.enter() {
		cancel()
		r.pause(j)
		return rests
	}
	r.jobs.running.Go(func() {
		defer func() {
			cancel()
			r.pause(j)
			j.settle()
			j.of.running.Done()
		}()
		err := r.carryOut(context.WithValue(ctx, jobKey{}, j), j)
		if err != nil && !errors.Is(err, errClaimLost) && j.of.life.Err() == nil && CodeOf(err) != EnvironmentReplaced {
			r.log.Error("due work failed; it is tried again", "point", j.point, "subject", j.due.Subject, "error", err)
		}
	})
	return rests
}

// proceed lets a job be waited for.
func (r *Registry) proceed(j *job) <-chan struct{} {
	r.jobs.mu.Lock()
	defer r.jobs.mu.Unlock()
	if r.jobs.open == nil {
		r.jobs.open = map[dueKey]chan struct{}{}
	}
	j.rests = make(chan struct{})
	r.jobs.open[dueKey{j.due.Kind, j.due.Subject}] = j.rests
	return j.rests
}

// pause tells everybody who waits for a job not to wait any more, and gives its
// place to another.
func (r *Registry) pause(j *job) {
	key := dueKey{j.due.Kind, j.due.Subject}
	r.jobs.mu.Lock()
	if r.jobs.open[key] == j.rests {
		delete(r.jobs.open, key)
	}
	r.jobs.mu.Unlock()
	close(j.rests)
	if j.placed {
		<-r.jobs.places
	}
}

// carryOut does the job's call, and ends it unless the claim was lost meanwhile.
func (r *Registry) carryOut(ctx context.Context, j *job) error {
	ctx = WithExchange(ctx, NewExchange(j.request))
	failure := r.step(ctx, j.point, &j.about, func(ctx context.Context) error {
		if j.call == nil {
			return nil
		}
		bounded, cancel := context.WithTimeout(ctx, callLimit-j.spent)
		defer cancel()
		return j.call(bounded)
	})
	if failure == nil && j.then != "" {
		j.point = j.then
		failure = r.step(ctx, j.point, &j.about, func(context.Context) error { return nil })
	}
	switch {
	case errors.Is(failure, errClaimLost):
		return failure
	case ctx.Err() != nil:
		return ctx.Err() // the process ends: whoever comes next does it again
	}
	return r.update(ctx, func(u *unit) error {
		present, ok, err := u.Due().Find(j.due.Kind, j.due.Subject)
		if err != nil || !ok || !present.ClaimedUntil.Equal(j.due.ClaimedUntil) {
			return err
		}
		if err := u.Due().Cancel(j.due.Kind, j.due.Subject); err != nil {
			return err
		}
		return j.finish(u, failure)
	})
}

// settle carries out at once the work that a request has just caused, if it is
// due, and waits for it a moment: a request that finds nothing in its way is
// answered with what came of it.
func (r *Registry) settle(ctx context.Context, kind DueKind, subject string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	var j *job
	var busy bool
	err := r.update(ctx, func(u *unit) error {
		j, busy = nil, false
		d, ok, err := u.Due().Find(kind, subject)
		if err != nil || !ok || d.waits() || u.now.Before(d.At) {
			return err
		}
		j, busy, err = u.claim(d)
		return err
	})
	switch {
	case CodeOf(err) == EnvironmentReplaced: // and the work with it
	case err != nil:
		r.log.ErrorContext(ctx, "due work is left to its own time", "kind", kind, "subject", subject, "error", err)
	case busy:
		_ = r.awaitJob(ctx, dueKey{kind, subject}) // patience has an end
	case j != nil:
		select {
		case <-r.launch(ctx, j):
		case <-ctx.Done():
		}
	}
}

// awaitJob waits until nobody is at the work any more, or whoever is waits for
// something else: released by a hand, or a later instant.
func (r *Registry) awaitJob(ctx context.Context, key dueKey) error {
	for {
		claimed := false
		err := r.view(ctx, func(u *unit) error {
			d, ok, err := u.Due().Find(key.kind, key.subject)
			claimed = ok && r.real().Before(d.ClaimedUntil) && !d.Parked && !u.now.Before(d.At)
			return err
		})
		if err != nil || !claimed {
			return err
		}
		r.jobs.mu.Lock()
		done := r.jobs.open[key] // nil, which never ends, where another process is at it
		r.jobs.mu.Unlock()
		again := time.NewTimer(recheck)
		select {
		case <-done:
		case <-again.C:
		case <-ctx.Done():
		}
		again.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Interrupt gives up the calls of work under way. Close waits for it, too.
func (r *Registry) Interrupt() { r.jobs.end() }

// Close gives up the work that no request waits for and waits until it has
// stopped. What was not ended is done by whoever opens the environment next.
func (r *Registry) Close() {
	r.jobs.end()
	r.jobs.running.Wait()
}
