// Package stamp puts an environment's time on answers, so that nobody sees the
// machine's: net/http would fill in Date by it.
package stamp

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// Answers sets headers on every answer, by the time at which the answer begins:
// the call may have moved the clock.
func Answers(now func() time.Time, set func(http.Header, time.Time)) gin.HandlerFunc {
	return func(c *gin.Context) {
		w := &writer{c.Writer, func(h http.Header) { set(h, now()) }}
		w.stamp(w.Header()) // for handlers that never set a status
		c.Writer = w
		c.Next()
	}
}

// Date sets the header Date (RFC 9110 §6.6.1).
func Date(h http.Header, now time.Time) { h.Set("Date", now.UTC().Format(http.TimeFormat)) }

type writer struct {
	gin.ResponseWriter
	stamp func(http.Header)
}

func (w *writer) WriteHeader(status int) {
	if !w.Written() {
		w.stamp(w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
