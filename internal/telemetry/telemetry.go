// Package telemetry makes OpenTelemetry traces of what pairsim does: of each request to
// it, each step of a flow within one, and each call that it makes, so that a pairing is
// one trace across tenants, registry and whoever else takes part. They go to a collector
// over OTLP/HTTP, when one is named (docs/configuration.md, Traces).
//
// Spans carry what the journal carries, and no more: no query, header or body.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config says where spans go.
type Config struct {
	// Endpoint is the base URL of an OTLP/HTTP collector, http or https, to whose path
	// /v1/traces is added; "" takes what the variables of OpenTelemetry say
	// (OTEL_EXPORTER_OTLP_ENDPOINT and those beside it).
	Endpoint string
	// Version is pairsim's.
	Version string
	// Getenv reads a variable, as os.Getenv does.
	Getenv func(string) string
	// Log is told of spans that did not arrive.
	Log *slog.Logger
}

// Tracing makes spans. A nil *Tracing makes none.
type Tracing struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	shutdown   func(context.Context) error
}

// ErrEndpoint is the cause of a refusal of Config.Endpoint.
var ErrEndpoint = errors.New("want http(s)://host[:port][/path]")

// Open makes spans for the collector of c; nil when none is named, or the variables say
// that nothing is to be traced. It makes no call: a collector may come later.
func Open(ctx context.Context, c Config) (*Tracing, error) {
	if !wanted(c) {
		return nil, nil //nolint:nilnil // nobody wants spans
	}
	var options []otlptracehttp.Option
	if c.Endpoint != "" {
		target, err := CheckEndpoint(c.Endpoint)
		if err != nil {
			return nil, err
		}
		options = append(options, otlptracehttp.WithEndpointURL(target.JoinPath("v1/traces").String()))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("OpenTelemetry: %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "pairsim"), attribute.String("service.version", c.Version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv()) // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
	if err != nil {
		return nil, errors.Join(fmt.Errorf("OpenTelemetry: %w", err), exporter.Shutdown(ctx))
	}
	otel.SetErrorHandler(&complaints{log: c.Log})
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return New(provider, provider.Shutdown), nil
}

// New makes spans of provider. shutdown sends what is waiting; nil: nothing waits.
func New(provider trace.TracerProvider, shutdown func(context.Context) error) *Tracing {
	if shutdown == nil {
		shutdown = func(context.Context) error { return nil }
	}
	return &Tracing{
		tracer:     provider.Tracer("github.com/pairsim/pairsim"),
		propagator: propagation.TraceContext{},
		shutdown:   shutdown,
	}
}

// wanted says whether there is a collector. The variables are those of OpenTelemetry's
// SDK configuration.
func wanted(c Config) bool {
	if strings.EqualFold(c.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if c.Endpoint != "" {
		return true
	}
	if exporter := c.Getenv("OTEL_TRACES_EXPORTER"); exporter != "" && exporter != "otlp" {
		return false
	}
	return c.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || c.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// CheckEndpoint reads a collector's base URL. It refuses with ErrEndpoint, without the
// URL, which may hold a password.
func CheckEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, ErrEndpoint
	}
	return u, nil
}

// Close sends what is waiting, until ctx ends.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.shutdown(ctx)
}

// complaints logs why spans did not arrive, the same reason once.
type complaints struct {
	log  *slog.Logger
	mu   sync.Mutex
	last string
}

// Handle is OpenTelemetry's ErrorHandler.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if text := err.Error(); text != c.last {
		c.last = text
		c.log.Warn("traces do not arrive", "error", text)
	}
}
