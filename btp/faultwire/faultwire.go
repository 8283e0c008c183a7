// Package faultwire carries out, over HTTP, what faults do to answers: it closes
// connections, breaks bodies off, garbles them, answers in the registry's place
// and carries requests out twice (docs/faults.md). What is to be done is decided
// by the steps in btp, which leave it in the request's btp.Exchange.
package faultwire

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// Header names the rules that touched an answer.
const Header = "Pairsim-Fault"

// Rules says whether any rule is set; *btp.Registry does.
type Rules interface{ FaultsSet() bool }

// Handler wraps what a public listener serves. Without rules a request costs one
// look at that.
func Handler(rules Rules, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !rules.FaultsSet() {
			next.ServeHTTP(w, req)
			return
		}
		carryOut(w, req, next)
	})
}

func carryOut(w http.ResponseWriter, req *http.Request, next http.Handler) {
	body := &keptBody{ReadCloser: req.Body}
	given, faults := take(w, req, body, next, false)
	if faults.Duplicate {
		first := faults.Rules
		given, faults = take(w, req, &keptBody{ReadCloser: body.again()}, next, true)
		faults.Rules = union(first, faults.Rules)
	}
	send(w, req, given, faults)
}

func union(a, b []string) []string {
	for _, one := range b {
		if !slices.Contains(a, one) {
			a = append(a, one)
		}
	}
	return a
}

// take carries the request out once and keeps its answer.
func take(w http.ResponseWriter, req *http.Request, body io.ReadCloser, next http.Handler, again bool) (*answer, btp.WireFaults) {
	x := &btp.Exchange{Repeated: again, Waits: func() {
		// A request that is kept waiting outlives the listener's limits. What cannot
		// be changed stays as it is.
		c := http.NewResponseController(w)
		_, _ = c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})
	}}
	mine := req.WithContext(btp.WithExchange(req.Context(), x))
	mine.Body = body
	given := &answer{header: http.Header{}}
	next.ServeHTTP(given, mine)
	return given, x.Faults()
}

// keptBody keeps what is read of a body, for a second time.
type keptBody struct {
	io.ReadCloser
	read bytes.Buffer
}

func (b *keptBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Write(p[:n])
	return n, err
}

// again is the whole body once more.
func (b *keptBody) again() io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(b.read.Bytes()), b.ReadCloser), b.ReadCloser}
}

// answer is an answer before it is sent.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// Flush does nothing: the whole answer is kept.
func (a *answer) Flush() { a.WriteHeader(http.StatusOK) }

// send sends an answer as the faults will have it.
func send(w http.ResponseWriter, req *http.Request, a *answer, f btp.WireFaults) {
	if f.Drop {
		panic(http.ErrAbortHandler) // net/http closes the connection, or resets the stream
	}
	a.WriteHeader(http.StatusOK)
	switch {
	case f.Answer != nil:
		a = raw(f.Answer, a)
	case f.Problem != nil:
		a = document(f.Problem, a)
	}
	body := a.body.Bytes()
	for _, part := range f.Corrupt {
		body = Garble(body, part)
	}
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	if len(f.Rules) > 0 {
		h.Set(Header, strings.Join(f.Rules, ", "))
	}
	if a.status >= 200 && a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	if f.Truncate == nil || len(body) == 0 || req.Method == http.MethodHead {
		_, _ = w.Write(body) // whoever has gone does not read it
		return
	}
	_, _ = w.Write(body[:Cut(len(body), *f.Truncate)])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// raw is an answer that a rule gives. Of the registry's own the time stays.
func raw(given *btp.FaultAnswer, own *answer) *answer {
	a := &answer{header: http.Header{}, status: given.Status}
	keepTime(a, own)
	for name, value := range given.Headers {
		a.header.Set(name, value)
	}
	if given.Body != "" && a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	a.body.WriteString(given.Body)
	return a
}

func document(given *btp.FaultProblem, own *answer) *answer {
	a := &answer{header: http.Header{}}
	keepTime(a, own)
	d := problem.Document{
		Type: problem.TypePrefix + string(btp.FaultInjected), Title: given.Title, Status: given.Status, Detail: given.Detail,
		Next: btp.Explain(btp.FaultInjected).Next, Source: btp.SourceOf(btp.FaultInjected),
	}
	if d.Title == "" {
		d.Title = "A step was made to fail"
	}
	problem.Write(a, d)
	return a
}

func keepTime(a, own *answer) {
	const name = "Pairsim-Time"
	if at := own.header.Get(name); at != "" {
		a.header.Set(name, at)
	}
}

// Cut is how much of a body of so many bytes is sent: never all of it.
func Cut(length int, a btp.FaultAction) int {
	n := a.Bytes
	if a.Share > 0 {
		n = int(float64(length) * a.Share)
	}
	return max(0, min(n, length-1))
}
