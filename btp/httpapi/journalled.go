package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/problem"
)

// Chronicle is what Journalled needs.
type Chronicle interface {
	Now() time.Time
	Journal() *btp.Journal
}

// Recorder is told which number the entry of a request has: it keeps what the request
// said. ctx is the request's.
type Recorder interface {
	Entered(ctx context.Context, number uint64)
}

// unstepped are the points of requests that take no step of a flow; the first
// that fits holds. A method of "" is any.
var unstepped = []struct {
	method, prefix string
	point          btp.Point
}{
	{"", "/control", btp.PointControl},
	{http.MethodPost, "/api/v1/tokens/inspection", btp.PointTokenInspect},
	{http.MethodPost, "/api/v1/globalAccounts", btp.PointAccountCreate},
	{http.MethodGet, "/api/v1/openapi.json", btp.PointDiscovery},
	{"", "/api/v1/", btp.PointRead},
	{"", "/oauth/token", btp.PointAccessToken},
	{"", "/uaa/", btp.PointAccessToken},
	{"", "/destination-configuration/", btp.PointDestinationShow},
	{"", "/", btp.PointDiscovery},
}

func reads(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

type unseen struct{}

// Unseen lets the journal be silent about what the request reads: a page that shows
// the journal would find itself in it.
func Unseen(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), unseen{}, true))
}

// notInJournal are requests that the journal is silent about: tenants are other
// parties, and who looks at the control listener or at the metrics should not find
// itself.
func notInJournal(r *http.Request) bool {
	path := r.URL.Path
	if reads(r) && r.Context().Value(unseen{}) != nil {
		return true
	}
	if strings.HasPrefix(path, "/control") {
		return reads(r) || strings.HasPrefix(path, "/control/verifications")
	}
	if path == "/metrics" {
		return reads(r)
	}
	return path == "/tenants" || strings.HasPrefix(path, "/tenants/")
}

// Journalled notes every request to the registry and its answer, and lets the
// steps on the way know which request they belong to. A query is left out: it
// may hold a token.
func Journalled(registry Chronicle, recorder Recorder) gin.HandlerFunc {
	return func(c *gin.Context) {
		if notInJournal(c.Request) {
			return // the rest of the chain comes anyway
		}
		exchange := btp.ExchangeOf(c.Request.Context()) // there already where faults are set
		if exchange == nil {
			exchange = &btp.Exchange{}
			c.Request = c.Request.WithContext(btp.WithExchange(c.Request.Context(), exchange))
		}
		exchange.Begin(registry.Journal().NextRequest())
		// What the server read of the request lies in one piece of memory, with the
		// token in it.
		e := btp.Entry{
			Kind: btp.EntryRequest, Request: exchange.Number(),
			Method: strings.Clone(c.Request.Method), Path: strings.Clone(problem.Path(c.Request.URL.Path)),
		}
		defer func() {
			p := recover()
			e.At = registry.Now()
			describeAnswer(&e, c, exchange, p)
			recorder.Entered(c.Request.Context(), registry.Journal().Append(e))
			if p != nil {
				panic(p)
			}
		}()
		c.Next()
	}
}

// describeAnswer says how the request of e was answered; p is what its handler
// panicked with, nil if it did not.
func describeAnswer(e *btp.Entry, c *gin.Context, exchange *btp.Exchange, p any) {
	status, refusal, detail := outcome(c, exchange, p)
	faults := exchange.Faults()
	e.Status, e.Faults, e.Detail = faults.Status(status), faults.Rules, detail
	e.Point, e.About = exchange.Last()
	admitted := e.Point == btp.PointAccess && refusal != btp.Forbidden && refusal != btp.Unauthenticated
	if (e.Point == "" || admitted) && refusal != btp.RouteNotFound && refusal != btp.MethodNotAllowed {
		e.Point = pointOf(c.Request)
	}
	if refusal != "" {
		e.Rule, e.Source = string(refusal), btp.SourceOf(refusal)
	}
}

// Outcome says how a request was answered: the status on the wire, 0 for no answer,
// and the code of the refusal, if it was refused. p is what its handler panicked
// with, nil if it did not.
func Outcome(c *gin.Context, p any) (status int, refusal btp.Code) {
	exchange := btp.ExchangeOf(c.Request.Context())
	status, refusal, _ = outcome(c, exchange, p)
	return exchange.Faults().Status(status), refusal
}

// outcome is Outcome without what faults do to the answer.
func outcome(c *gin.Context, exchange *btp.Exchange, p any) (status int, refusal btp.Code, detail string) {
	status = c.Writer.Status()
	switch err, _ := p.(error); {
	case p != nil && errors.Is(err, http.ErrAbortHandler):
		if !c.Writer.Written() {
			status = 0
		}
		return status, "", "the connection was cut"
	case p != nil:
		return http.StatusInternalServerError, btp.Internal, ""
	case !c.Writer.Written() && c.Request.Context().Err() != nil:
		return 0, "", "the client left before the answer"
	case status >= http.StatusBadRequest:
		if refusal = btp.Code(c.Writer.Header().Get("Pairsim-Reason")); refusal == "" {
			refusal = exchange.Refusal()
		}
	}
	return status, refusal, ""
}

func pointOf(r *http.Request) btp.Point {
	for _, row := range unstepped {
		if (row.method == "" || row.method == r.Method) && strings.HasPrefix(r.URL.Path, row.prefix) {
			return row.point
		}
	}
	return ""
}
