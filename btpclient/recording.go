package btpclient

import (
	"context"
	"net/http"
	"strconv"
)

// Recording is what a request or call of the journal said, and its answer, without
// their secrets.
type Recording struct {
	Seq     uint64          `json:"seq"`
	Request RecordedRequest `json:"request"`
	// Response is nil where there was no answer.
	Response *RecordedResponse `json:"response,omitempty"`
}

// RecordedRequest is what was asked. Query is decoded.
type RecordedRequest struct {
	Method  string        `json:"method"`
	Path    string        `json:"path"`
	Query   string        `json:"query,omitempty"`
	Headers []HeaderLine  `json:"headers"`
	Body    *RecordedBody `json:"body,omitempty"`
}

// RecordedResponse is what was answered.
type RecordedResponse struct {
	Status  int           `json:"status"`
	Headers []HeaderLine  `json:"headers"`
	Body    *RecordedBody `json:"body,omitempty"`
}

// HeaderLine is one line of a header.
type HeaderLine struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RecordedBody is what of a body is shown: Text, of which a part may be missing (Cut),
// or why there is none (Hidden). Size is in bytes, on the wire.
type RecordedBody struct {
	MediaType string `json:"mediaType,omitempty"`
	Size      int64  `json:"size"`
	Text      string `json:"text,omitempty"`
	Cut       bool   `json:"cut,omitempty"`
	Hidden    string `json:"hidden,omitempty"`
}

// Recording reads what the request or call with this Seq said.
func (c *Control) Recording(ctx context.Context, seq uint64) (r Recording, err error) {
	err = c.do(ctx, http.MethodGet, "/control/journal/"+strconv.FormatUint(seq, 10)+"/message", nil, nil, &r)
	return r, err
}
