package otlp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/pairsim/pairsim/internal/otlp"
)

// call is what a collector was sent.
type call struct {
	path   string
	header http.Header
	body   []byte
}

// recorder is a collector that answers as it is told.
type recorder struct {
	*httptest.Server

	calls  []call
	answer func(w http.ResponseWriter, n int) // n counts from 1; nil: all is taken
}

func newRecorder(t *testing.T, answer func(w http.ResponseWriter, n int)) *recorder {
	t.Helper()
	c := &recorder{answer: answer}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// ServeHTTP is http.Handler.
func (c *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.calls = append(c.calls, call{r.URL.Path, r.Header, body})
	if c.answer != nil {
		c.answer(w, len(c.calls))
	}
}

// pauses are those that an exporter would have made.
type pauses struct {
	all  []time.Duration
	then func() error
}

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	p.all = append(p.all, d)
	if p.then != nil {
		return p.then()
	}
	return ctx.Err()
}

// newExporter sends to target with variables; what is logged stands in log.
func newExporter(t *testing.T, target string, variables map[string]string, p *pauses) (e *otlp.Exporter, log *bytes.Buffer, err error) {
	t.Helper()
	log = &bytes.Buffer{}
	e, err = otlp.New(otlp.Config{
		Target: target, Version: "1.2.3", Getenv: func(name string) string {
			return variables["OTEL_EXPORTER_OTLP_"+strings.TrimPrefix(name, "OTEL_EXPORTER_OTLP_")]
		},
		Log: slog.New(slog.NewTextHandler(log, nil)), Wait: p.wait,
	})
	return e, log, err
}

func mustExport(t *testing.T, target string, variables map[string]string) (log string) {
	t.Helper()
	e, said, err := newExporter(t, target, variables, &pauses{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.ExportSpans(t.Context(), oneSpan()); err != nil {
		t.Fatal(err)
	}
	return said.String()
}

func oneSpan() []sdktrace.ReadOnlySpan {
	return tracetest.SpanStubs{{Name: "pairing.csr"}}.Snapshots()
}

// TestWhere: the URL for traces is meant as it is, to the one for all signals the path is added.
func TestWhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		target    string
		variables map[string]string
		want      string
	}{
		"told":                     {"/told/v1/traces", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "/base"}, "/told/v1/traces"},
		"all signals":              {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, "/v1/traces"},
		"all signals, with a path": {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "/base/"}, "/base/v1/traces"},
		"traces": {"", map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "/base", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "/own/",
		}, "/own/"},
		"traces, without a path":         {"", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ""}, "/"},
		"the scheme says how to encrypt": {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_EXPORTER_OTLP_INSECURE": "false"}, "/v1/traces"},
	} {
		c := newRecorder(t, nil)
		for variable, value := range test.variables {
			if strings.HasSuffix(variable, "ENDPOINT") {
				test.variables[variable] = c.URL + value
			}
		}
		target := test.target
		if target != "" {
			target = c.URL + target
		}
		mustExport(t, target, test.variables)
		if len(c.calls) != 1 || c.calls[0].path != test.want {
			t.Errorf("%s: called were %v, want %s", name, c.calls, test.want)
		}
	}
}

func TestNoURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "collector:4318", "localhost", "grpc://otel.test:4317", "http://", "http://a b"} {
		if _, _, err := newExporter(t, "", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": bad}, &pauses{}); !errors.Is(err, otlp.ErrEndpoint) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

// TestHeaders: those for traces stand instead of those for all signals. What is none is
// logged without its value.
func TestHeaders(t *testing.T) {
	t.Parallel()
	c := newRecorder(t, nil)
	mustExport(t, c.URL, map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%2Cb, x-other = word ,Content-Type=text/plain"})
	log := mustExport(t, c.URL, map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS": "x-key=a", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "nothing,x-bad=%zz-secret,x-break=a%0Ab-secret,y y=secret,x-mine=1",
	})
	first, second := c.calls[0].header, c.calls[1].header
	if first.Get("X-Key") != "a,b" || first.Get("X-Other") != "word" || first.Get("Content-Type") != "application/x-protobuf" || first.Get("User-Agent") != "pairsim/1.2.3" {
		t.Errorf("sent were %v", first)
	}
	if second.Get("X-Key") != "" || second.Get("X-Mine") != "1" || second.Get("X-Bad") != "" || second.Get("X-Break") != "" {
		t.Errorf("sent were %v", second)
	}
	if n := strings.Count(log, "OTEL_EXPORTER_OTLP_TRACES_HEADERS"); n != 4 || strings.Contains(log, "secret") {
		t.Errorf("want four parts passed over, without their values: %s", log)
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	for _, variables := range []map[string]string{
		{"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"},
		{"OTEL_EXPORTER_OTLP_COMPRESSION": "none", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip"},
	} {
		c := newRecorder(t, nil)
		mustExport(t, c.URL, variables)
		if got := c.calls[0].header.Get("Content-Encoding"); got != "gzip" {
			t.Fatalf("content encoding %q", got)
		}
		z, err := gzip.NewReader(bytes.NewReader(c.calls[0].body))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if got := spansOf(t, body); len(got) != 1 || got[0].GetName() != "pairing.csr" {
			t.Errorf("sent were %v", got)
		}
	}
}

func spansOf(t *testing.T, body []byte) []*tracepb.Span {
	t.Helper()
	var r collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	return r.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()
}

// TestTLS: a collector whose authority is ours alone, and which asks who calls.
func TestTLS(t *testing.T) {
	t.Parallel()
	c := &recorder{}
	c.Server = httptest.NewUnstartedServer(c)
	c.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	c.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	c.StartTLS()
	t.Cleanup(c.Close)
	dir := t.TempDir()
	authority, key := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "key.pem")
	pair := c.TLS.Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{authority: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]string{
		"OTEL_EXPORTER_OTLP_CERTIFICATE": authority, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": authority, "OTEL_EXPORTER_OTLP_CLIENT_KEY": key,
	}
	mustExport(t, c.URL, all)
	mustExport(t, c.URL, map[string]string{
		"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE": authority, "OTEL_EXPORTER_OTLP_CERTIFICATE": key,
		"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": authority, "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": key,
		"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": key, "OTEL_EXPORTER_OTLP_CLIENT_KEY": key,
	})
	for name, variables := range map[string]map[string]string{
		"nothing":     {},
		"no client":   {"OTEL_EXPORTER_OTLP_CERTIFICATE": authority},
		"no key":      {"OTEL_EXPORTER_OTLP_CERTIFICATE": authority, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": authority},
		"another key": {"OTEL_EXPORTER_OTLP_CERTIFICATE": authority, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": authority, "OTEL_EXPORTER_OTLP_CLIENT_KEY": authority},
		"no PEM":      {"OTEL_EXPORTER_OTLP_CERTIFICATE": key},
		"no file":     {"OTEL_EXPORTER_OTLP_CERTIFICATE": filepath.Join(dir, "none.pem")},
	} {
		e, _, err := newExporter(t, c.URL, variables, &pauses{})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.ExportSpans(t.Context(), oneSpan()); err == nil {
			t.Errorf("%s: the collector took spans", name)
		}
	}
	if len(c.calls) != 2 {
		t.Errorf("%d batches arrived, want 2", len(c.calls))
	}
	if _, _, err := newExporter(t, "http://otel.test", all, &pauses{}); err == nil {
		t.Error("certificates are set, and nothing would be encrypted")
	}
}

// TestAgain: what a collector does not take yet is sent again, with growing pauses, or
// when it says so.
func TestAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		c := newRecorder(t, func(w http.ResponseWriter, n int) {
			switch n {
			case 1, 2:
				w.WriteHeader(status)
			case 3:
				w.Header().Set("Retry-After", "17")
				w.WriteHeader(status)
			case 4:
				w.Header().Set("Retry-After", time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat))
				w.WriteHeader(status)
			}
		})
		var p pauses
		e, _, err := newExporter(t, c.URL, nil, &p)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.ExportSpans(t.Context(), oneSpan()); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		within := func(d, least, most time.Duration) bool { return least <= d && d <= most }
		if len(p.all) != 4 || !within(p.all[0], 2500*time.Millisecond, 7500*time.Millisecond) || !within(p.all[1], 3750*time.Millisecond, 11250*time.Millisecond) ||
			p.all[2] != 17*time.Second || !within(p.all[3], 17*time.Second, 26*time.Second) {
			t.Errorf("%d: pauses were %v", status, p.all)
		}
		for _, one := range c.calls {
			if len(spansOf(t, one.body)) != 1 {
				t.Errorf("%d: what was sent again is another batch", status)
			}
		}
	}
}

// TestNotAgain: every other refusal is one, with what the collector says.
func TestNotAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound, http.StatusInternalServerError, http.StatusNotImplemented} {
		c := newRecorder(t, func(w http.ResponseWriter, _ int) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "no such tenant\n"+strings.Repeat("x", 2<<20))
		})
		var p pauses
		e, _, err := newExporter(t, c.URL, nil, &p)
		if err != nil {
			t.Fatal(err)
		}
		err = e.ExportSpans(t.Context(), oneSpan())
		if err == nil || len(c.calls) != 1 || len(p.all) != 0 || !strings.Contains(err.Error(), "no such tenant") || len(err.Error()) > 1000 {
			t.Errorf("%d: %d calls, and %v", status, len(c.calls), err)
		}
	}
}

// TestGivenUp: after a minute, or when nobody waits any more.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	busy := func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusServiceUnavailable) }
	c := newRecorder(t, busy)
	var p pauses
	e, _, err := newExporter(t, c.URL, nil, &p)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.ExportSpans(t.Context(), oneSpan()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("got %v", err)
	}
	var all time.Duration
	for _, d := range p.all {
		all += d
	}
	if all > time.Minute || len(c.calls) != len(p.all)+1 || len(c.calls) < 3 {
		t.Errorf("%d calls, with pauses of %v", len(c.calls), p.all)
	}

	c = newRecorder(t, func(w http.ResponseWriter, _ int) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	if e, _, err = newExporter(t, c.URL, nil, &pauses{}); err != nil {
		t.Fatal(err)
	}
	if err := e.ExportSpans(t.Context(), oneSpan()); err == nil || len(c.calls) != 1 {
		t.Errorf("an hour is waited for: %d calls, and %v", len(c.calls), err)
	}

	c = newRecorder(t, busy)
	if e, err = otlp.New(otlp.Config{Target: c.URL, Getenv: func(string) string { return "" }, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	c.answer = func(w http.ResponseWriter, n int) {
		busy(w, n)
		_ = e.Shutdown(context.Background())
	}
	if err := e.ExportSpans(t.Context(), oneSpan()); !errors.Is(err, context.Canceled) { // in real time, or it would take five seconds
		t.Errorf("shut down: %v", err)
	}
	if err := e.ExportSpans(t.Context(), oneSpan()); err != nil || len(c.calls) != 1 {
		t.Errorf("after the end: %v, %d calls", err, len(c.calls))
	}
}

// TestTimeout: an answer that does not come is one to wait for again.
func TestTimeout(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(over) })
	enough := errors.New("enough")
	p := pauses{then: func() error { return enough }}
	e, _, err := newExporter(t, hanging.URL, map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "60000", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "1"}, &p)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.ExportSpans(t.Context(), oneSpan()); !errors.Is(err, enough) || len(p.all) != 1 {
		t.Errorf("got %v after %v", err, p.all)
	}
	for _, bad := range []string{"10s", "-1", "99999999999"} {
		c := newRecorder(t, nil)
		if log := mustExport(t, c.URL, map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": bad}); !strings.Contains(log, "OTEL_EXPORTER_OTLP_TIMEOUT") {
			t.Errorf("%s: nobody is told: %s", bad, log)
		}
	}
}

// TestPartialSuccess: what a collector leaves out is told, in both of its languages.
func TestPartialSuccess(t *testing.T) {
	t.Parallel()
	some, err := proto.Marshal(&collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "too old"}})
	if err != nil {
		t.Fatal(err)
	}
	warning, err := proto.Marshal(&collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{ErrorMessage: "slow down"}})
	if err != nil {
		t.Fatal(err)
	}
	const protobuf, jsonType = "application/x-protobuf", "application/json; charset=utf-8"
	for name, test := range map[string]struct{ media, body, want string }{
		"some":             {protobuf, string(some), `3 spans: "too old"`},
		"a warning":        {protobuf, string(warning), `0 spans: "slow down"`},
		"unknown fields":   {protobuf, "\x10\x01\x1d\x00\x00\x00\x00" + string(some), `3 spans: "too old"`},
		"all":              {protobuf, "", ""},
		"all, said":        {protobuf, "\x0a\x00", ""},
		"broken":           {protobuf, "\x0a\xff", "cannot be read"},
		"some, in JSON":    {jsonType, `{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}`, `3 spans: "too old"`},
		"a number in JSON": {jsonType, `{"partialSuccess":{"rejectedSpans":3},"more":1}`, `3 spans: ""`},
		"all, in JSON":     {jsonType, `{"partialSuccess":{}}`, ""},
		"broken JSON":      {jsonType, `{`, "cannot be read"},
		"a text":           {"text/plain", "thanks", ""},
		"without end":      {protobuf, strings.Repeat("\x10\x01", 1<<20), "more than"},
	} {
		c := newRecorder(t, func(w http.ResponseWriter, _ int) {
			w.Header().Set("Content-Type", test.media)
			_, _ = io.WriteString(w, test.body)
		})
		e, _, err := newExporter(t, c.URL, nil, &pauses{})
		if err != nil {
			t.Fatal(err)
		}
		switch err := e.ExportSpans(t.Context(), oneSpan()); {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
		if len(c.calls) != 1 {
			t.Errorf("%s: sent %d times", name, len(c.calls))
		}
	}
}
