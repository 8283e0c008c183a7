// Package otlp sends spans of OpenTelemetry's SDK to a collector, by OTLP over HTTP as
// https://opentelemetry.io/docs/specs/otlp/ has it, with the variables of OpenTelemetry.
// The SDK's own exporter brings gRPC along, which nobody here speaks (ADR 44).
package otlp

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Config says where spans go.
type Config struct {
	// Target is the URL that they are sent to; "" takes what OpenTelemetry's variables say.
	Target string
	// Version is pairsim's.
	Version string
	// Getenv reads a variable, as os.Getenv does.
	Getenv func(string) string
	// Log is told of variables that cannot be meant.
	Log *slog.Logger
	// Wait waits before a batch is sent again, until ctx ends; nil: in real time.
	Wait func(context.Context, time.Duration) error
}

// Exporter is an sdktrace.SpanExporter.
type Exporter struct {
	settings
	agent  string
	client *http.Client
	wait   func(context.Context, time.Duration) error
	ended  context.Context //nolint:containedctx // Shutdown ends what is under way
	end    context.CancelFunc
}

var _ sdktrace.SpanExporter = (*Exporter)(nil)

// New makes no call.
func New(c Config) (*Exporter, error) {
	s, err := variables{c.Getenv, c.Log}.read(c.Target)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if s.tls != nil {
		transport.TLSClientConfig = s.tls
	}
	e := &Exporter{settings: s, agent: "pairsim/" + c.Version, client: &http.Client{Transport: transport, Timeout: s.timeout}, wait: c.Wait}
	if e.wait == nil {
		e.wait = wait
	}
	e.ended, e.end = context.WithCancel(context.Background())
	return e, nil
}

// Shutdown ends what is under way. The SDK has sent all before.
func (e *Exporter) Shutdown(context.Context) error {
	e.end()
	e.client.CloseIdleConnections()
	return nil
}

// How often a batch is sent that the collector does not take yet: as OpenTelemetry's own
// exporters do.
const (
	firstPause   = 5 * time.Second
	longestPause = 30 * time.Second
	longestWait  = time.Minute // over all
)

// ExportSpans sends a batch, again while the collector asks for that.
func (e *Exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 || e.ended.Err() != nil {
		return nil
	}
	body, err := e.body(requestOf(spans))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ended, cancel)()
	pause, waited := firstPause, time.Duration(0)
	for {
		err := e.send(ctx, body)
		var later *laterError
		if !errors.As(err, &later) {
			return err
		}
		next := max(later.after, time.Duration(float64(pause)*(0.5+rand.Float64()))) //nolint:gosec // no secret: so that not all come at once
		if waited += next; waited > longestWait {
			return fmt.Errorf("given up: %w", err)
		}
		if ended := e.wait(ctx, next); ended != nil {
			return fmt.Errorf("%w: %w", ended, err)
		}
		pause = min(pause*3/2, longestPause)
	}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (e *Exporter) body(r exportRequest) ([]byte, error) {
	body := []byte(r.wire())
	if e.json {
		var err error
		if body, err = json.Marshal(r); err != nil {
			return nil, err
		}
	}
	if !e.gzip {
		return body, nil
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	err := z.Close()
	return packed.Bytes(), err
}

// laterError says that the batch is to be sent again.
type laterError struct {
	error
	after time.Duration // at the earliest
}

func (l *laterError) Unwrap() error { return l.error }

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"

	maxAnswer = 1 << 20 // bytes
	maxTold   = 300
)

func (e *Exporter) send(ctx context.Context, body []byte) error {
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, e.target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	call.Header.Set("User-Agent", e.agent)
	for name, values := range e.header {
		call.Header[name] = values
	}
	call.Header.Set("Content-Type", protobufType)
	if e.json {
		call.Header.Set("Content-Type", jsonType)
	}
	if e.gzip {
		call.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := e.client.Do(call)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) && failed.Timeout() && ctx.Err() == nil {
			return &laterError{error: err}
		}
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it is only read
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &laterError{refused(answer, text), retryAfter(answer.Header)}
	}
	if answer.StatusCode/100 != 2 {
		return refused(answer, text)
	}
	return taken(answer.Header, text)
}

// refused tells the beginning of a text; of protobuf, a google.rpc.Status, what can be read.
func refused(answer *http.Response, text []byte) error {
	told := strings.TrimSpace(strings.ToValidUTF8(string(text[:min(len(text), maxTold)]), ""))
	if told == "" {
		return fmt.Errorf("the collector answered %s", answer.Status)
	}
	return fmt.Errorf("the collector answered %s: %q", answer.Status, told)
}

// retryAfter is seconds or a date (RFC 9110 §10.2.3).
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// taken says what a collector that took a batch did not take of it.
func taken(h http.Header, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if len(text) > maxAnswer {
		return fmt.Errorf("the collector's answer has more than %d bytes", maxAnswer)
	}
	var r exportResponse
	var err error
	switch media, _, _ := mime.ParseMediaType(h.Get("Content-Type")); media {
	case protobufType:
		r, err = responseOf(text)
	case jsonType:
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return fmt.Errorf("the collector's answer cannot be read: %w", err)
	}
	p := r.PartialSuccess
	if p.Rejected = cmp.Or(p.Rejected, "0"); p.Rejected != "0" || p.Message != "" {
		return fmt.Errorf("the collector did not take %s spans: %.*q", p.Rejected, maxTold, p.Message)
	}
	return nil
}
