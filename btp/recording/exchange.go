package recording

import (
	"github.com/pairsim/pairsim/internal/problem"
	"github.com/pairsim/pairsim/internal/redact"
	"github.com/pairsim/pairsim/internal/secret"
)

// Exchange is a request, or a call, and its answer without their secrets, as JSON
// (docs/wire.md, Control).
type Exchange struct {
	// Seq is the number of the entry in the journal.
	Seq     uint64  `json:"seq"`
	Request Request `json:"request"`
	// Response is nil where there was no answer.
	Response *Response `json:"response,omitempty"`
}

// Request is what was asked.
type Request struct {
	Method  string          `json:"method"`
	Path    string          `json:"path"`
	Query   string          `json:"query,omitempty"` // decoded: it is for people
	Headers []redact.Header `json:"headers"`
	Body    *Body           `json:"body,omitempty"`
}

// Response is what was answered.
type Response struct {
	Status  int             `json:"status"`
	Headers []redact.Header `json:"headers"`
	Body    *Body           `json:"body,omitempty"`
}

// Body is what of a body is shown.
type Body struct {
	MediaType string `json:"mediaType,omitempty"`
	// Size is in bytes, as the body stood on the wire.
	Size int64 `json:"size"`
	// Text is the body, laid out; Cut says that it is not all, Hidden why there is none.
	Text   string `json:"text,omitempty"`
	Cut    bool   `json:"cut,omitempty"`
	Hidden string `json:"hidden,omitempty"`
}

// Recording says whether anything is ever kept.
func (r *Recorder) Recording() bool { return r != nil }

// Find is what was said in the request or call with this number in the journal; false
// if it is not kept, or not any more.
func (r *Recorder) Find(number uint64) (Exchange, bool) {
	if r == nil {
		return Exchange{}, false
	}
	r.mu.Lock()
	kept, ok := r.kept[number]
	if !ok {
		r.mu.Unlock()
		return Exchange{}, false
	}
	r.mu.Unlock()
	kept.mu.Lock()
	m := kept.said // what has been heard so far stays as it is
	kept.mu.Unlock()
	e := Exchange{Seq: number, Request: Request{
		Method: secret.Mask(m.method), // anything, from a client without manners
		Path:   problem.Path(m.path), Query: redact.Query(m.query), Headers: redact.Show(m.request.header), Body: m.request.show(),
	}}
	if m.status != 0 {
		e.Response = &Response{Status: m.status, Headers: redact.Show(m.response.header), Body: m.response.show()}
	}
	return e, true
}

// show is the body without its secrets; nil if there is none.
func (p *part) show() *Body {
	size := max(p.read, p.declared)
	if size <= 0 {
		return nil
	}
	b := &Body{MediaType: redact.Text(p.media), Size: size}
	if p.read == 0 {
		b.Hidden = "nobody read it"
		return b
	}
	whole := size == int64(len(p.body))
	shown := redact.Body(p.media, p.encoding, p.body, whole)
	b.Text, b.Cut, b.Hidden = shown.Text, shown.Cut, shown.Hidden
	return b
}
