package btp

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// A job of the tests' own: its call is what a test says, for as long as it takes.

var dueTest = DueKind("test")

var testCalls sync.Map // subject → func(context.Context) error

func init() {
	dueKinds[dueTest] = struct {
		fire       func(u *unit, subject string) error
		prepare    func(u *unit, subject string) (*job, error)
		transition Transition
	}{prepare: func(_ *unit, subject string) (*job, error) {
		return &job{
			point: PointRemoveDone, about: Reference{Name: subject},
			call: func(ctx context.Context) error {
				call, _ := testCalls.Load(subject)
				return call.(func(context.Context) error)(context.WithoutCancel(ctx)) // its own limit is not what is tested
			},
			finish: func(u *unit, failure error) error {
				detail := "done"
				if failure != nil {
					detail = "failed"
				}
				u.record(EntryDue, PointRemoveDone, &System{Name: subject}, "", "test", detail)
				return nil
			},
		}, nil
	}}
}

// ScheduleCall lets call happen at an instant, as due work. subject names it among
// all tests.
func (r *Registry) ScheduleCall(ctx context.Context, at time.Time, subject string, call func(context.Context) error) error {
	testCalls.Store(subject, call)
	return r.update(ctx, func(u *unit) error { return u.schedule(at, dueTest, subject) })
}

// DueCall is the row of a scheduled call.
func (r *Registry) DueCall(ctx context.Context, subject string) (d Due, ok bool, err error) {
	err = r.view(ctx, func(u *unit) (err error) {
		d, ok, err = u.Due().Find(dueTest, subject)
		return err
	})
	return d, ok, err
}

// Suspension is a suspension that tests can make.
type Suspension = suspension

// NewSuspension makes one that ends at an instant; zero: by Release only.
func NewSuspension(until time.Time) *Suspension { return newSuspension(until) }

// Release ends a suspension.
func (s *suspension) Release(ctx context.Context) { s.release(ctx) }

// Suspend lets the work of ctx wait.
func (r *Registry) Suspend(ctx context.Context, s *Suspension) error { return r.suspend(ctx, s) }

// The bounds of jobs.
const (
	MaxJobs    = maxJobs
	ClaimLease = claimLease
)

// WhenAsleep calls do when a request waits in s.
func (r *Registry) WhenAsleep(s *Suspension, do func()) {
	go func() {
		for {
			r.sleepers.mu.Lock()
			_, there := r.sleepers.all[s]
			r.sleepers.mu.Unlock()
			if there {
				do()
				return
			}
			runtime.Gosched()
		}
	}()
}
