package steps

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	messages "github.com/cucumber/messages/go/v21"

	"github.com/pairsim/pairsim/btpclient"
)

// units are those in which scenarios tell time.
var units = map[string]time.Duration{
	"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour,
}

// clockSteps let time pass: all that is due on the way has happened afterwards.
func (w *world) clockSteps(d definitions) {
	d.Given(`^(\d+) (second|minute|hour|day)s? (?:has|have) passed$`, w.timePasses)
	d.Given(`^the clock is frozen$`, w.theClockIsFrozen)

	d.When(`^(\d+) (second|minute|hour|day)s? pass(?:es)?$`, w.timePasses)
	d.When(`^the clock is frozen$`, w.theClockIsFrozen)
	d.When(`^the clock runs again$`, w.theClockRunsAgain)
	d.When(`^the clock is set to (\d+) (second|minute|hour|day)s? (later|earlier)$`, w.theClockIsSet)

	d.Then(`^the clock (stands still|runs)$`, w.theClockIs)
	d.Then(`^the clock shows (\d+) (second|minute|hour|day)s? more$`, w.theClockShowsMore)
	d.Then(`^the journal tells in order that$`, w.theJournalTellsInOrder)
}

func (w *world) timePasses(ctx context.Context, n int, unit string) error {
	if err := w.noteTime(ctx); err != nil {
		return err
	}
	_, err := w.control.Advance(ctx, time.Duration(n)*units[unit])
	return err
}

// noteTime remembers what the clock shows before it moves.
func (w *world) noteTime(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	before, err := w.control.Clock(ctx)
	w.moved = before.Now
	return err
}

func (w *world) theClockIsFrozen(ctx context.Context) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.control.Freeze(ctx)
	return err
}

func (w *world) theClockRunsAgain(ctx context.Context) error {
	_, err := w.control.Resume(ctx)
	return err
}

func (w *world) theClockIsSet(ctx context.Context, n int, unit, where string) error {
	if err := w.noteTime(ctx); err != nil {
		return err
	}
	by := time.Duration(n) * units[unit]
	if where == "earlier" {
		by = -by
	}
	_, err := w.control.Set(ctx, w.moved.Add(by))
	w.controlled = ended(err)
	return nil
}

func (w *world) theClockIs(ctx context.Context, how string) error {
	state, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	if stands := how == "stands still"; state.Frozen != stands {
		return fmt.Errorf("the clock says that it is frozen: %v; want it to say that it %s", state.Frozen, how)
	}
	later, err := w.control.Clock(ctx)
	if err == nil && state.Frozen == later.Now.After(state.Now) {
		err = fmt.Errorf("the clock shows %s and then %s, and says that it is frozen: %v", state.Now, later.Now, state.Frozen)
	}
	return err
}

func (w *world) theClockShowsMore(ctx context.Context, n int, unit string) error {
	state, err := w.control.Clock(ctx)
	if want := w.moved.Add(time.Duration(n) * units[unit]); err == nil && !state.Now.Equal(want) {
		return fmt.Errorf("the clock shows %s, want %s", state.Now.Format(time.RFC3339), want.Format(time.RFC3339))
	}
	return err
}

// events are what the journal tells, by how a scenario says it of a name.
var events = map[string]btpclient.JournalFilter{
	`the token of "" expired`:           {EntryMatch: btpclient.EntryMatch{Kind: "due", Point: "due.token-expiry"}},
	`the tenant of "" was woken`:        {EntryMatch: btpclient.EntryMatch{Kind: "due", Point: "tenant.wake"}},
	`the certificate of "" was renewed`: {EntryMatch: btpclient.EntryMatch{Kind: "decision", Point: "certificate.renew"}},
	`the deregistration of "" ended`:    {EntryMatch: btpclient.EntryMatch{Kind: "transition", Point: "deregistration.complete"}},
}

// theJournalTellsInOrder takes a table of what happened, how long after the clock
// was moved, and wants the entries in that order.
func (w *world) theJournalTellsInOrder(ctx context.Context, table *messages.PickleTable) error {
	var last uint64
	for _, row := range table.Rows[1:] {
		what, after := row.Cells[0].Value, row.Cells[1].Value
		before, name, _ := strings.Cut(what, `"`)
		name, rest, _ := strings.Cut(name, `"`)
		filter, known := events[before+`""`+rest]
		count, unit, _ := strings.Cut(after, " ")
		n, err := strconv.Atoi(count)
		if !known || err != nil {
			return fmt.Errorf("the steps do not know %q after %q", what, after)
		}
		entries, err := w.journal(ctx, filter)
		if err != nil {
			return err
		}
		want := w.moved.Add(time.Duration(n) * units[strings.TrimSuffix(unit, "s")])
		found := false
		for _, e := range entries {
			if e.Subject.Name == name && e.At.Equal(want) && e.Seq > last {
				last, found = e.Seq, true
				break
			}
		}
		if !found {
			return fmt.Errorf("the journal does not tell, behind what was told before, that %s at %s; it tells %+v", what, want.Format(time.RFC3339), entries)
		}
	}
	return nil
}
