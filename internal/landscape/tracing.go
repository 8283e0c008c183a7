package landscape

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/httpapi"
	"github.com/pairsim/pairsim/internal/outbound"
	"github.com/pairsim/pairsim/internal/telemetry"
)

// traceRequest makes the span of a request on the public listeners.
func (e *environment) traceRequest(c *gin.Context) {
	switch c.FullPath() {
	case "/healthz", "/readyz", "/metrics":
		return // somebody looks every few seconds whether all is well
	}
	r := telemetry.Request{Method: c.Request.Method, Route: c.FullPath(), Path: c.Request.URL.Path, Environment: string(e.id)}
	if e.registry != nil {
		r.Time = e.registry.Now().Format(time.RFC3339Nano)
	}
	ctx, span := e.process.config.Tracing.Begin(c.Request.Context(), c.Request.Header, r)
	c.Request = c.Request.WithContext(ctx)
	var p any = http.ErrAbortHandler // what alone gets through e.recovered
	defer func() {
		status, refusal := httpapi.Outcome(c, p)
		telemetry.Answered(span, status, string(refusal), btp.SourceOf(refusal))
	}()
	c.Next()
	p = nil
}

// traceSteps is what a registry tells of its steps; nil without tracing.
func (l *Landscape) traceSteps() func(context.Context, btp.Point) (context.Context, func(btp.Reference, error)) {
	tracing := l.config.Tracing
	if tracing == nil {
		return nil
	}
	return func(ctx context.Context, point btp.Point) (context.Context, func(btp.Reference, error)) {
		within, ended := tracing.Step(ctx, string(point))
		return within, func(about btp.Reference, err error) {
			what := telemetry.About{
				System: string(about.System), Formation: string(about.Formation), Instance: about.Instance, Tenant: about.Tenant, Name: about.Name,
			}
			reason, source := "", ""
			if code := btp.CodeOf(err); err != nil {
				reason, source = string(code), btp.SourceOf(code)
			}
			ended(what, reason, source)
		}
	}
}

// observer is told of the calls that a client makes.
type observer = func(ctx context.Context, call *http.Request, status int, failure error)

// traced is a client that tells what it does, and makes a span of each call.
func (l *Landscape) traced(client *outbound.Client, tell observer, hear outbound.Recorder) *outbound.Client {
	tracing := l.config.Tracing
	if tracing == nil {
		return client.Observed(tell).Recorded(hear)
	}
	return client.Recorded(tracedCalls{hear, tracing}).Observed(func(ctx context.Context, call *http.Request, status int, failure error) {
		tracing.Ended(ctx, status)
		tell(ctx, call, status, failure)
	})
}

// tracedCalls makes the span of a call before anybody hears it.
type tracedCalls struct {
	outbound.Recorder
	tracing *telemetry.Tracing
}

// Sending is outbound.Recorder.
func (t tracedCalls) Sending(call *http.Request) *http.Request {
	return t.Recorder.Sending(t.tracing.Sending(call))
}
