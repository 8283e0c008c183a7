package btp

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// jobs carry out the due work that is more than a step: it is claimed in the
// store, does its call outside of any step, and ends in a step of its own. A
// process that dies on the way leaves the claim, which ends by itself.
type jobs struct {
	whole context.Context //nolint:containedctx // of work that no request waits for; ended by Close
	end   context.CancelFunc
	// life is the present generation's, which stop ends.
	life    context.Context //nolint:containedctx // as whole
	stop    context.CancelFunc
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

	due        Due // as claimed
	generation uint64
	// over is called when the job has ended; nil: nobody asked.
	over func()
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
	j.due, j.generation = d, u.env.Generation
	j.due.ClaimedUntil = u.real.Add(claimLease)
	return j, false, u.Due().Claim(d.Kind, d.Subject, j.due.ClaimedUntil)
}

// launch carries a claimed job out; the channel is closed when it is over.
func (r *Registry) launch(j *job) <-chan struct{} {
	key, done := dueKey{j.due.Kind, j.due.Subject}, make(chan struct{})
	r.jobs.mu.Lock()
	life := r.jobs.life
	r.jobs.open[key] = done
	r.jobs.mu.Unlock()
	r.jobs.running.Go(func() {
		defer func() {
			r.jobs.mu.Lock()
			if r.jobs.open[key] == done {
				delete(r.jobs.open, key)
			}
			r.jobs.mu.Unlock()
			close(done)
			if j.over != nil {
				j.over()
			}
		}()
		err := r.carryOut(inGeneration(life, j.generation), j)
		if err != nil && life.Err() == nil && CodeOf(err) != EnvironmentReplaced {
			r.log.Error("due work failed; it is tried again", "point", j.point, "subject", j.due.Subject, "error", err)
		}
	})
	return done
}

// carryOut does the job's call, and ends it unless the claim was lost meanwhile.
func (r *Registry) carryOut(ctx context.Context, j *job) error {
	failure := r.step(ctx, j.point, &j.about, func(ctx context.Context) error {
		if j.call == nil {
			return nil
		}
		bounded, cancel := context.WithTimeout(ctx, callLimit)
		defer cancel()
		return j.call(bounded)
	})
	if failure == nil && j.then != "" {
		j.point = j.then
		failure = r.step(ctx, j.point, &j.about, func(context.Context) error { return nil })
	}
	if ctx.Err() != nil {
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

// begin ends the jobs of the generation before, waits until they have stopped,
// and lets those of the new one run.
func (j *jobs) begin() {
	j.mu.Lock()
	stop := j.stop
	j.life, j.stop = context.WithCancel(j.whole)
	before := slices.Collect(maps.Values(j.open))
	j.mu.Unlock()
	stop()
	for _, done := range before {
		<-done
	}
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
		if err != nil || !ok || u.now.Before(d.At) {
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
		case <-r.launch(j):
		case <-ctx.Done():
		}
	}
}

// awaitJob waits until nobody is at the work any more.
func (r *Registry) awaitJob(ctx context.Context, key dueKey) error {
	for {
		claimed := false
		err := r.view(ctx, func(u *unit) error {
			d, ok, err := u.Due().Find(key.kind, key.subject)
			claimed = ok && r.real().Before(d.ClaimedUntil)
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

// Close gives up the work that no request waits for and waits until it has
// stopped. What was not ended is done by whoever opens the environment next.
func (r *Registry) Close() {
	r.jobs.end()
	r.jobs.running.Wait()
}
