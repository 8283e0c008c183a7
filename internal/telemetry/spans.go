package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/pairsim/pairsim/internal/problem"
)

// Names of attributes. Those of HTTP are OpenTelemetry's semantic conventions, the
// others ours.
const (
	methodKey      = attribute.Key("http.request.method")
	routeKey       = attribute.Key("http.route")
	statusKey      = attribute.Key("http.response.status_code")
	pathKey        = attribute.Key("url.path")
	serverKey      = attribute.Key("server.address")
	errorKey       = attribute.Key("error.type")
	environmentKey = attribute.Key("pairsim.environment")
	timeKey        = attribute.Key("pairsim.time") // the environment's, RFC 3339
	systemKey      = attribute.Key("pairsim.system.id")
	formationKey   = attribute.Key("pairsim.formation.id")
	instanceKey    = attribute.Key("pairsim.instance.id")
	tenantKey      = attribute.Key("pairsim.tenant.id")
	nameKey        = attribute.Key("pairsim.name")   // the system's, or else the formation's or the instance's
	reasonKey      = attribute.Key("pairsim.reason") // docs/problems.md
	sourceKey      = attribute.Key("pairsim.source") // the document that it rests on
)

// Request is a request that somebody made of pairsim.
type Request struct {
	Method string
	// Route is the template of the path, "" if none matched; Path is what was asked for.
	Route, Path string
	Environment string
	Time        string
}

// Begin begins the span of a request, in the trace that its header names, if any.
func (t *Tracing) Begin(ctx context.Context, header http.Header, r Request) (context.Context, trace.Span) {
	ctx = t.propagator.Extract(ctx, propagation.HeaderCarrier(header))
	name := r.Method
	attributes := []attribute.KeyValue{methodKey.String(r.Method), pathKey.String(problem.Path(r.Path)), environmentKey.String(r.Environment)}
	if r.Route != "" {
		name += " " + r.Route
		attributes = append(attributes, routeKey.String(r.Route))
	}
	if r.Time != "" {
		attributes = append(attributes, timeKey.String(r.Time))
	}
	return t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
}

// Answered ends the span of a request: status is 0 without an answer, reason and source
// say why it was refused.
func Answered(span trace.Span, status int, reason, source string) {
	if status != 0 {
		span.SetAttributes(statusKey.Int(status))
	}
	if reason != "" {
		span.SetAttributes(reasonKey.String(reason), sourceKey.String(source))
	}
	if status == 0 || status >= http.StatusInternalServerError { // a server's span: a refusal is no failure of it
		span.SetStatus(codes.Error, reason)
	}
	span.End()
}

// About is what a step is about, by ids and a name; "" is not known.
type About struct{ System, Formation, Instance, Tenant, Name string }

// Step begins the span of a step of a flow; ended ends it, with the code of a refusal
// and the document that it rests on, if it was refused.
func (t *Tracing) Step(ctx context.Context, point string) (within context.Context, ended func(about About, reason, source string)) {
	ctx, span := t.tracer.Start(ctx, point)
	return ctx, func(about About, reason, source string) {
		for key, value := range map[attribute.Key]string{
			systemKey: about.System, formationKey: about.Formation, instanceKey: about.Instance, tenantKey: about.Tenant, nameKey: about.Name,
			reasonKey: reason, sourceKey: source,
		} {
			if value != "" {
				span.SetAttributes(key.String(value))
			}
		}
		if reason != "" {
			span.SetStatus(codes.Error, reason)
		}
		span.End()
	}
}

// Sending begins the span of a call, and lets the other side know its trace. What it
// returns is sent; Ended ends the span.
func (t *Tracing) Sending(call *http.Request) *http.Request {
	if t == nil {
		return call
	}
	ctx, _ := t.tracer.Start(call.Context(), call.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		methodKey.String(call.Method), serverKey.String(call.URL.Hostname()), pathKey.String(problem.Path(call.URL.Path)),
	))
	traced := call.WithContext(ctx)
	traced.Header = call.Header.Clone()
	if traced.Header == nil {
		traced.Header = http.Header{}
	}
	t.propagator.Inject(ctx, propagation.HeaderCarrier(traced.Header))
	return traced
}

// Ended ends the span of a call, of whose request ctx is: status is 0 without an answer.
func (t *Tracing) Ended(ctx context.Context, status int) {
	if t == nil {
		return
	}
	span := trace.SpanFromContext(ctx)
	switch {
	case status == 0:
		span.SetAttributes(errorKey.String("no answer"))
		span.SetStatus(codes.Error, "no answer")
	case status >= http.StatusBadRequest:
		span.SetStatus(codes.Error, http.StatusText(status))
	}
	if status != 0 {
		span.SetAttributes(statusKey.Int(status))
	}
	span.End()
}

// Transport is next, with a span for each call; next itself without tracing.
func (t *Tracing) Transport(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return transport{t, next}
}

type transport struct {
	tracing *Tracing
	next    http.RoundTripper
}

// RoundTrip is http.RoundTripper.
func (t transport) RoundTrip(call *http.Request) (*http.Response, error) {
	call = t.tracing.Sending(call)
	answer, err := t.next.RoundTrip(call)
	status := 0
	if err == nil {
		status = answer.StatusCode
	}
	t.tracing.Ended(call.Context(), status)
	return answer, err
}

// CloseIdleConnections lets http.Client close those of what carries the calls.
func (t transport) CloseIdleConnections() {
	if next, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}
