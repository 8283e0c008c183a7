package steps

import (
	"context"
	"fmt"
	"sync"
)

// deregistrationSteps are how systems leave: deregistered, and in v2 removed.
func (w *world) deregistrationSteps(d definitions) {
	d.Given(`^the operator has deregistered the system "([^"]*)"$`, w.theOperatorHasDeregistered)
	d.Given(`^the operator has removed the system "([^"]*)"$`, w.theOperatorHasRemoved)

	d.When(`^the operator deregisters the system "([^"]*)"$`, w.theOperatorDeregisters)
	d.When(`^the operator deregisters the system "([^"]*)" (\d+) times at the same moment$`, w.theOperatorDeregistersAtOnce)
	d.When(`^the operator removes the system "([^"]*)"$`, w.theOperatorRemoves)

	d.Then(`^the other is refused because of one of (.+)$`, w.theOtherIsRefused)
}

func (w *world) theOperatorHasDeregistered(ctx context.Context, name string) error {
	if err := w.theOperatorDeregisters(ctx, name); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorDeregisters(ctx context.Context, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	w.present = s
	_, err = w.operator.Deregister(ctx, s.id)
	w.operated = ended(err)
	return nil
}

func (w *world) theOperatorDeregistersAtOnce(ctx context.Context, name string, n int) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	requests := make([]func() error, n)
	for i := range requests {
		requests[i] = func() error { _, err := w.operator.Deregister(ctx, s.id); return err }
	}
	w.atOnce(requests...)
	return nil
}

// atOnce makes requests that meet at the registry, and keeps how each ended.
func (w *world) atOnce(requests ...func() error) {
	w.presented = make([]error, len(requests))
	start := make(chan struct{})
	var done sync.WaitGroup
	for i, request := range requests {
		done.Go(func() {
			<-start
			w.presented[i] = request()
		})
	}
	close(start)
	done.Wait()
}

func (w *world) theOperatorHasRemoved(ctx context.Context, name string) error {
	if err := w.theOperatorRemoves(ctx, name); err != nil {
		return err
	}
	return w.operated.err
}

func (w *world) theOperatorRemoves(ctx context.Context, name string) error {
	s, err := w.named(name)
	if err != nil {
		return err
	}
	w.present = s
	_, err = w.operator.Remove(ctx, s.id)
	w.operated = ended(err)
	return nil
}

// theOtherIsRefused takes any of several reasons: which one depends on who came first.
func (w *world) theOtherIsRefused(reasons string) error {
	for _, err := range w.presented {
		if err == nil {
			continue
		}
		var last error
		for _, reason := range names(reasons) {
			if last = refusedBecauseOf("the other", err, reason); last == nil {
				break
			}
		}
		if last != nil {
			return fmt.Errorf("%w; or one of %s", last, reasons)
		}
	}
	return nil
}
