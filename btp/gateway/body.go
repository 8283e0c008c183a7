package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/pairsim/pairsim/btp"
)

// maxReplayed is the size of a request's body, in bytes, up to which it is kept
// until the call has ended, so that it can be sent once more. A larger one is
// streamed, and what answers it is final. The vendor keeps all of them.
const maxReplayed = 1 << 20

// body is a request's body.
type body struct {
	kept   []byte
	length int64 // -1: unknown
	// rest is what follows kept, nil if that is all.
	rest io.Reader
	// most is the bound of the whole; over says that rest has turned out to be larger.
	most int64
	over atomic.Bool
}

// Read reads from rest.
func (b *body) Read(into []byte) (int, error) {
	n, err := b.rest.Read(into)
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		b.over.Store(true)
	}
	return n, err
}

// readBody reads as much of the body of r as can be sent once more. It refuses
// with BodyTooLarge.
func readBody(w http.ResponseWriter, r *http.Request, most int64) (*body, error) {
	b := &body{most: most}
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return b, nil
	}
	if r.ContentLength > most {
		return nil, b.tooLarge()
	}
	from := http.MaxBytesReader(w, r.Body, most)
	if b.length = r.ContentLength; b.length > maxReplayed {
		b.rest = from
		return b, nil
	}
	var err error
	var over *http.MaxBytesError
	switch b.kept, err = io.ReadAll(io.LimitReader(from, maxReplayed+1)); {
	case errors.As(err, &over):
		return nil, b.tooLarge()
	case err != nil:
		return nil, btp.Errorf(btp.InvalidRequest, "the body ended early")
	case len(b.kept) > maxReplayed:
		b.rest = from
	default:
		b.length = int64(len(b.kept))
	}
	return b, nil
}

func (b *body) tooLarge() error {
	return btp.Errorf(btp.BodyTooLarge, "the body has more than %d bytes", b.most)
}

// replayable says whether the body can be sent more than once.
func (b *body) replayable() bool { return b.rest == nil }

// put makes the body that of req.
func (b *body) put(req *http.Request) {
	req.ContentLength, req.GetBody = b.length, nil
	switch {
	case b.rest != nil:
		req.Body = io.NopCloser(io.MultiReader(bytes.NewReader(b.kept), b))
	case len(b.kept) == 0:
		req.Body, req.ContentLength = http.NoBody, 0
	default:
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.kept)), nil }
		req.Body, _ = req.GetBody()
	}
}
