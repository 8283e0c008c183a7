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
func Date(h http.Header, now time.Time) { h.Set("Date", dateOf(now)) }

// dated is an instant as Date has it, which many answers of a second share.
type dated struct {
	second int64
	text   string
}

var latest atomic.Pointer[dated]

func dateOf(now time.Time) string {
	if d := latest.Load(); d != nil && d.second == now.Unix() {
		return d.text
	}
	d := &dated{now.Unix(), now.UTC().Format(http.TimeFormat)}
	latest.Store(d)
	return d.text
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
