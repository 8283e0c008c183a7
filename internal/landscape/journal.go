package landscape

import (
	"context"
	"net/http"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// noteCall journals a call that the registry made: to a tenant's callback, or for
// a specification.
func (l *Landscape) noteCall(ctx context.Context, call *http.Request, status int, failure error) {
	c := btp.OutboundCall{Method: call.Method, Path: problem.Path(call.URL.Path), Status: status}
	if failure != nil {
		c.Failure = failure.Error()
	}
	l.registry.NoteCall(ctx, c)
}
