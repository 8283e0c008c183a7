// Package recording keeps for a while what the requests and calls of a journal said:
// the header and the beginning of the body, of both sides. What it shows of them has
// no secrets (internal/redact). It stands beside the journal, in memory, within bounds.
package recording

import (
	"context"
	"net/http"
	"strings"
	"sync"

	"github.com/pairsim/pairsim/internal/problem"
	"github.com/pairsim/pairsim/internal/redact"
	"github.com/pairsim/pairsim/internal/secret"
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
// Headers and queries are redacted as they are kept. Bodies are redacted when somebody
// asks: nobody does for most, and reading them costs more than the requests do. Until
// then they are in this package's memory alone.
type Recorder struct {
	mu    sync.Mutex
	kept  map[uint64]*message // by number of the journal's entry
	order []uint64            // of the numbers, oldest first
	bytes int
}

// message is a request and its answer. The recorder's lock guards it.
type message struct {
	recorder            *Recorder
	method, path, query string
	request, response   part
	// sent is what the header of the request is read from until it is entered.
	sent *http.Request
	// answer is the header of the answer.
	answer http.Header
	status int
	// entries are how many entries it is kept for: a fault carries a request out twice.
	entries int
	size    int
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

// begin is a message whose request is about to be read.
func (r *Recorder) begin(req *http.Request) *message {
	m := &message{recorder: r, sent: req}
	m.request.declared, m.response.declared = req.ContentLength, -1
	return m
}

// Entered says that a request, or a call, has got this number in the journal: from
// now on it is kept. ctx is that of the request or call.
func (r *Recorder) Entered(ctx context.Context, number uint64) {
	m, _ := ctx.Value(messageKey{}).(*message)
	if r == nil || m == nil || number == 0 || m.recorder != r {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.sent != nil {
		m.readRequest()
	}
	if m.status != 0 && m.response.header == nil {
		m.readAnswer()
	}
	if r.kept == nil {
		r.kept = map[uint64]*message{}
	}
	if r.kept[number] != nil {
		return
	}
	r.kept[number] = m
	r.order = append(r.order, number)
	if m.entries++; m.entries == 1 {
		r.bytes += m.size
	}
	r.drop()
}

// readRequest keeps what the request says beside its body, and lets go of the rest.
func (m *message) readRequest() {
	req := m.sent
	m.sent = nil
	m.method = strings.Clone(secret.Mask(req.Method)) // anything, from a client without manners
	m.path = strings.Clone(problem.Path(req.URL.Path))
	m.query = strings.Clone(redact.Query(req.URL.RawQuery))
	m.request.readHeader(req.Header)
	m.grow(overhead + len(m.path) + len(m.query) + sizeOf(m.request.header))
}

func (m *message) readAnswer() {
	m.response.readHeader(m.answer)
	m.answer = nil
	m.grow(sizeOf(m.response.header))
}

func (p *part) readHeader(h http.Header) {
	p.header = redact.Headers(h)
	for _, line := range p.header {
		switch line.Name {
		case "Content-Type":
			p.media = line.Value
		case "Content-Encoding":
			p.encoding = line.Value
		}
	}
}

func sizeOf(lines []redact.Header) (size int) {
	for _, line := range lines {
		size += len(line.Name) + len(line.Value)
	}
	return size
}

// grow counts further bytes of a message.
func (m *message) grow(n int) {
	m.size += n
	if m.entries > 0 {
		m.recorder.bytes += n
	}
}

// drop lets go of the oldest until the rest is within bounds; the newest stays.
func (r *Recorder) drop() {
	for len(r.order) > 1 && (len(r.order) > MostMessages || r.bytes > MostBytes) {
		number := r.order[0]
		r.order = r.order[1:]
		m := r.kept[number]
		delete(r.kept, number)
		if m.entries--; m.entries == 0 {
			r.bytes -= m.size
		}
	}
}

// heard keeps the beginning of what one side says.
func (m *message) heard(side *part, b []byte) {
	if len(b) == 0 {
		return
	}
	m.recorder.mu.Lock()
	defer m.recorder.mu.Unlock()
	side.read += int64(len(b))
	if more := min(len(b), BodyBytes-len(side.body)); more > 0 {
		side.body = append(side.body, b[:more]...)
		m.grow(more)
	}
	if m.entries > 0 {
		m.recorder.drop()
	}
}

// answered keeps what the answer says beside its body.
func (m *message) answered(status int, header http.Header) {
	m.recorder.mu.Lock()
	defer m.recorder.mu.Unlock()
	if m.status != 0 {
		return
	}
	m.status, m.answer = status, header
	if m.entries > 0 {
		m.readAnswer()
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
