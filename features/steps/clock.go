package steps

import (
	"context"
	"time"
)

// units are those in which scenarios tell time.
var units = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour,
}

// clockSteps let time pass: all that is due on the way has happened afterwards.
func (w *world) clockSteps(d definitions) {
	d.Given(`^(\d+) (second|minute|hour|day)s? (?:has|have) passed$`, w.timePasses)
	d.When(`^(\d+) (second|minute|hour|day)s? pass(?:es)?$`, w.timePasses)
}

func (w *world) timePasses(ctx context.Context, n int, unit string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	before, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	w.moved = before.Now
	_, err = w.control.Advance(ctx, time.Duration(n)*units[unit])
	return err
}
