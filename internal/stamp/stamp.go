// Package stamp puts an environment's time on answers, so that nobody sees the
// machine's: net/http would fill in Date by it.
package stamp

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
)

// Answers sets headers on every answer, by the time at which the answer begins:
// the call may have moved the clock.
func Answers(now func() time.Time, set func(http.Header, time.Time)) gin.HandlerFunc {
	return func(c *gin.Context) {
		w := &writer{ResponseWriter: c.Writer, now: now, set: set}
		c.Writer = w
		c.Next()
		w.begin() // for handlers that never said a word
	}
}

// Date sets the header Date (RFC 9110 §6.6.1).
func Date(h http.Header, now time.Time) { h.Set("Date", secondOf(now).date) }

// Nanoseconds is an instant as RFC 3339 writes it, with all nine digits.
func Nanoseconds(now time.Time) string {
	text := make([]byte, 0, len("2006-01-02T15:04:05.000000000Z"))
	text = append(append(text, secondOf(now).start...), '.')
	nanoseconds := now.Nanosecond()
	for unit := int(time.Second / 10); unit > 0; unit /= 10 {
		text = append(text, byte('0'+nanoseconds/unit%10))
	}
	return string(append(text, 'Z'))
}

// second is one as Date has it, and as Nanoseconds begins: many answers share both.
type second struct {
	unix        int64
	date, start string
}

var latest atomic.Pointer[second]

func secondOf(now time.Time) *second {
	if s := latest.Load(); s != nil && s.unix == now.Unix() {
		return s
	}
	utc := now.UTC()
	s := &second{now.Unix(), utc.Format(http.TimeFormat), utc.Format("2006-01-02T15:04:05")}
	latest.Store(s)
	return s
}

type writer struct {
	gin.ResponseWriter
	now   func() time.Time
	set   func(http.Header, time.Time)
	begun bool
}

// begin stamps an answer that is about to be sent, unless it is stamped.
func (w *writer) begin() {
	if !w.begun && !w.Written() {
		w.begun = true
		w.set(w.Header(), w.now())
	}
}

// WriteHeader stamps again when the status changes: that is when a handler is done.
func (w *writer) WriteHeader(status int) {
	w.begun = false
	w.begin()
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) WriteHeaderNow() {
	w.begin()
	w.ResponseWriter.WriteHeaderNow()
}

func (w *writer) Write(p []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(p)
}

func (w *writer) WriteString(s string) (int, error) {
	w.begin()
	return w.ResponseWriter.WriteString(s)
}

func (w *writer) Flush() {
	w.begin()
	w.ResponseWriter.Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
