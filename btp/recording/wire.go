package recording

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/pairsim/pairsim/btp"
)

// Wrap lets what goes through a handler be recorded, as it stands on the wire: what
// faults do to an answer, too.
func (r *Recorder) Wrap(next http.Handler) http.Handler {
	if r == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		m, ctx := r.begin(req)
		mine := req.WithContext(btp.WithExchange(ctx, &m.exchange))
		mine.Body = m.hear(&m.request, req.Body)
		answer := &writer{ResponseWriter: w, message: m, silent: req.Method == http.MethodHead}
		next.ServeHTTP(answer, mine)
		answer.begin(http.StatusOK) // a panic has no answer, or one that breaks off
	})
}

// hear is a body that is heard as it is read.
func (m *message) hear(side *part, body io.ReadCloser) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	return &ear{body, m, side}
}

type ear struct {
	io.ReadCloser
	message *message
	side    *part
}

// Read is io.Reader.
func (e *ear) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.message.heard(e.side, p[:n])
	return n, err
}

// writer is a response that is heard as it is written.
type writer struct {
	http.ResponseWriter
	message *message
	begun   bool
	silent  bool // HEAD: net/http drops the body
}

func (w *writer) begin(status int) {
	if w.begun || status < http.StatusOK && status != http.StatusSwitchingProtocols {
		return
	}
	w.begun = true
	w.message.answered(status, w.Header())
}

// WriteHeader is http.ResponseWriter.
func (w *writer) WriteHeader(status int) {
	w.begin(status)
	w.ResponseWriter.WriteHeader(status)
}

// Write is http.ResponseWriter.
func (w *writer) Write(b []byte) (int, error) {
	w.begin(http.StatusOK)
	if !w.silent {
		w.message.heard(&w.message.response, b)
	}
	return w.ResponseWriter.Write(b)
}

// Flush is http.Flusher, which gin expects.
func (w *writer) Flush() {
	w.begin(http.StatusOK)
	_ = http.NewResponseController(w.ResponseWriter).Flush() // not every writer can
}

// Hijack is http.Hijacker, which gin expects; what follows is not heard.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Sending is told of a call before it is made, and returns what is to be sent in its
// place; its context is for Entered.
func (r *Recorder) Sending(req *http.Request) *http.Request {
	if r == nil {
		return req
	}
	m, ctx := r.begin(req)
	mine := req.WithContext(ctx)
	mine.Body = m.hear(&m.request, req.Body)
	return mine
}

// Answered is told of the answer to what Sending returned, before its body is read.
func (r *Recorder) Answered(req *http.Request, res *http.Response) {
	m, _ := req.Context().Value(messageKey{}).(*message)
	if r == nil || m == nil || m.recorder != r {
		return
	}
	m.mu.Lock()
	m.response.declared = res.ContentLength
	m.mu.Unlock()
	m.answered(res.StatusCode, res.Header.Clone()) // the gateway passes it on changed
	if res.StatusCode != http.StatusSwitchingProtocols {
		res.Body = m.hear(&m.response, res.Body)
	}
}
