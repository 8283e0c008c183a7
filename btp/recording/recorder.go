// Package recording keeps for a while what the requests and calls of a journal said:
// the header and the beginning of the body, of both sides. What it shows of them has
// no secrets (internal/redact). It stands beside the journal, in memory, within bounds.
package recording

import (
	"context"
	"net/http"
	"sync"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/redact"
)

// Bounds of what is kept of an environment. The oldest is dropped.
const (
	MostBytes    = 4 << 20 // of headers and bodies
	MostMessages = 4096
	BodyBytes    = 8 << 10 // of one body; what is beyond is not kept
)

// overhead is about what a message takes beside its texts, in bytes.
const overhead = 400

// Recorder keeps the messages of one environment. It is safe for concurrent use; nil
// keeps nothing.
//
// Of headers only what may be shown is kept. Queries and bodies are redacted when
// somebody asks: nobody does for most, and reading them costs more than the requests
// do. Until then they are in this package's memory alone.
type Recorder struct {
	mu    sync.Mutex
	kept  map[uint64]*message // by number of the journal's entry
	order []uint64            // of the numbers, oldest first
	bytes int
}

// message is a request and its answer, as they are heard.
type message struct {
	recorder *Recorder
	// exchange saves the journal one of its own: a request costs one context.
	exchange btp.Exchange

	mu sync.Mutex // before the recorder's
	said
	// sent is what the header of the request is read from until it is entered, answer
	// that of the answer.
	sent    *http.Request
	answer  http.Header
	entered bool
	size    int // bytes that are not counted yet

	// The recorder's lock guards: for how many entries it is kept (a fault carries a
	// request out twice), and how many bytes are counted for it.
	entries, counted int
}

// said is what is kept.
type said struct {
	method, path, query string
	request, response   part
	status              int
}

// part is what one side said.
type part struct {
	header          []redact.Header
	media, encoding string
	body            []byte
	read            int64 // bytes that went by
	declared        int64 // bytes that were announced; -1: it was not said
}

type messageKey struct{}

// carrier is the context of a message.
type carrier struct {
	context.Context
	message *message
}

// Value is context.Context.
func (c *carrier) Value(key any) any {
	if key == (messageKey{}) {
		return c.message
	}
	return c.Context.Value(key)
}

// begin is a message whose request is about to be read, and its context.
func (r *Recorder) begin(req *http.Request) (*message, context.Context) {
	m := &message{recorder: r, sent: req}
	m.request.declared, m.response.declared = req.ContentLength, -1
	return m, &carrier{req.Context(), m}
}

// Entered says that a request, or a call, has got this number in the journal: from
// now on it is kept. ctx is that of the request or call.
func (r *Recorder) Entered(ctx context.Context, number uint64) {
	m, _ := ctx.Value(messageKey{}).(*message)
	if r == nil || m == nil || number == 0 || m.recorder != r {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sent != nil {
		m.readRequest()
	}
	if m.status != 0 && m.answer != nil {
		m.readAnswer()
	}
	m.entered = true
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = map[uint64]*message{}
	}
	if r.kept[number] != nil {
		return
	}
	r.kept[number] = m
	r.order = append(r.order, number)
	if m.entries++; m.entries == 1 {
		r.bytes += m.counted
	}
	r.count(m)
}

// readRequest keeps what the request says beside its body, and lets go of the rest.
func (m *message) readRequest() {
	req := m.sent
	m.sent = nil
	m.method, m.path, m.query = req.Method, req.URL.Path, req.URL.RawQuery
	m.request.readHeader(req.Header)
	m.size += overhead + len(m.path) + len(m.query) + sizeOf(m.request.header)
}

func (m *message) readAnswer() {
	m.response.readHeader(m.answer)
	m.answer = nil
	m.size += sizeOf(m.response.header)
}

func (p *part) readHeader(h http.Header) {
	p.header = redact.Keep(h)
	p.media, p.encoding = h.Get("Content-Type"), h.Get("Content-Encoding")
}

func sizeOf(lines []redact.Header) (size int) {
	for _, line := range lines {
		size += len(line.Name) + len(line.Value)
	}
	return size
}

// count counts what a message has grown by, and lets go of the oldest until the rest
// is within bounds; the newest stays.
func (r *Recorder) count(grown *message) {
	n := grown.size
	grown.size = 0
	grown.counted += n
	if grown.entries > 0 {
		r.bytes += n
	}
	for len(r.order) > 1 && (len(r.order) > MostMessages || r.bytes > MostBytes) {
		number := r.order[0]
		r.order = r.order[1:]
		m := r.kept[number]
		delete(r.kept, number)
		if m.entries--; m.entries == 0 {
			r.bytes -= m.counted
		}
	}
}

// heard keeps the beginning of what one side says.
func (m *message) heard(side *part, b []byte) {
	if len(b) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	side.read += int64(len(b))
	if more := min(len(b), BodyBytes-len(side.body)); more > 0 {
		side.body = append(side.body, b[:more]...)
		m.size += more
		m.recount()
	}
}

// recount counts at once what grows when it is kept already.
func (m *message) recount() {
	if m.entered {
		m.recorder.mu.Lock()
		m.recorder.count(m)
		m.recorder.mu.Unlock()
	}
}

// answered keeps what the answer says beside its body.
func (m *message) answered(status int, header http.Header) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.status != 0 {
		return
	}
	m.status, m.answer = status, header
	if m.entered {
		m.readAnswer()
		m.recount()
	}
}

// Clear lets go of everything.
func (r *Recorder) Clear() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.kept {
		m.entries = 0
	}
	r.kept, r.order, r.bytes = nil, nil, 0
}
