package strict

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// wait is a call that was put off.
type wait struct {
	// until is the instant of the environment, realUntil the one of real time, at
	// which the call may come again. Either will do: a client cannot see the
	// environment's clock being moved, nor does a frozen one move while it waits.
	until, realUntil time.Time
	enforced, date   bool
}

// putOff answers a call with 503 and Retry-After before anything is done. The
// same call is never put off twice in a row by chance: a client may count its
// tries. It asks for a second at most, and for none while the environment's
// clock is frozen: no time passes there.
func (x *exchange) putOff() error {
	if !x.on[Busy] {
		return nil
	}
	r := x.request
	key := digest(x.subject + "|" + r.URL.Path + "|" + r.URL.RawQuery + "|" + strconv.FormatInt(r.ContentLength, 10))
	now, real := x.Registry.Now(), x.RealNow()
	x.mu.Lock()
	w, again := x.waiting[key]
	delete(x.waiting, key)
	x.mu.Unlock()
	if again {
		if !w.enforced || !now.Before(w.until) || !real.Before(w.realUntil) {
			return nil
		}
		text := x.trip(TooEarly)
		x.exercise(Busy)
		return x.tryLater(key, w, now, text)
	}
	if _, yes := x.strike(Busy); !yes {
		return nil
	}
	clock, err := x.Registry.ReadClock(r.Context())
	if err != nil {
		return err
	}
	x.exercise(Busy)
	w = wait{until: now.Add(time.Second), enforced: x.on[TooEarly] && !clock.Frozen}
	if clock.Frozen {
		w.until = now
	}
	if _, yes := x.strike(BusyUntilDate); yes {
		x.exercise(BusyUntilDate)
		w.date, w.until = true, w.until.Truncate(time.Second) // a date has no fractions
	}
	if w.enforced {
		x.exercise(TooEarly)
	}
	w.realUntil = real.Add(w.until.Sub(now))
	return x.tryLater(key, w, now, "the registry is busy; the call has done nothing")
}

func (x *exchange) tryLater(key string, w wait, now time.Time, text string) error {
	x.mu.Lock()
	remember(x.waiting, key, w)
	x.mu.Unlock()
	header := x.answer.Header()
	header.Set("Date", now.UTC().Format(http.TimeFormat)) // what a date of Retry-After is compared with
	if w.date {
		header.Set("Retry-After", w.until.UTC().Format(http.TimeFormat))
	} else {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(max(0, w.until.Sub(now).Seconds())))))
	}
	return btp.Errorf(btp.TryLater, "%s", text).WithVendor(text)
}
