package btpclient

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

const (
	maxTries = 5                // of a call that is put off
	maxWait  = 30 * time.Second // for it to come again; one that is put off for longer is refused
)

// retryAfter is how long a 503 asks to wait: nil for any other answer, one without
// a Retry-After that can be read, and one that asks for too long. Such an answer
// has done nothing, so even a call that must not be repeated comes again (RFC 9110
// §15.6.4). now is the time that the answer tells; a date is compared with that
// and never with our own clock, for the registry's may be frozen or years ahead.
func retryAfter(res *http.Response, now time.Time) *time.Duration {
	if res.StatusCode != http.StatusServiceUnavailable {
		return nil
	}
	text := res.Header.Get("Retry-After")
	var d time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		d = time.Duration(seconds) * time.Second
	} else {
		at, err := http.ParseTime(text)
		if err != nil {
			return nil
		}
		if now.IsZero() {
			now, _ = http.ParseTime(res.Header.Get("Date"))
		}
		if now.IsZero() {
			return nil
		}
		d = max(0, at.Sub(now))
	}
	if d > maxWait {
		return nil
	}
	return &d
}

// wait waits in real time.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
