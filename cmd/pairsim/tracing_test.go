package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// traceCollector is an OpenTelemetry collector as far as OTLP/HTTP goes.
type traceCollector struct {
	*httptest.Server

	mu       sync.Mutex
	spans    []string // names
	services map[string]bool
	paths    map[string]bool
	bodies   []byte
}

func newTraceCollector(t *testing.T) *traceCollector {
	t.Helper()
	c := &traceCollector{services: map[string]bool{}, paths: map[string]bool{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body io.Reader = r.Body
		if r.Header.Get("Content-Encoding") == "gzip" {
			unzipped, err := gzip.NewReader(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			body = unzipped
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		var sent collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(text, &sent); err != nil {
			t.Error(err)
		}
		c.take(r.URL.Path, text, &sent)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *traceCollector) take(path string, text []byte, sent *collector.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths[path] = true
	c.bodies = append(c.bodies, text...)
	for _, of := range sent.GetResourceSpans() {
		for _, a := range of.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				c.services[a.GetValue().GetStringValue()] = true
			}
		}
		for _, scope := range of.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.spans = append(c.spans, span.GetName())
			}
		}
	}
}

func (c *traceCollector) has(span string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Contains("\n"+strings.Join(c.spans, "\n")+"\n", "\n"+span+"\n")
}

func succeeded(t *testing.T, r result) result {
	t.Helper()
	if r.code != exitDone {
		t.Fatal(r)
	}
	return r
}

// TestServeSendsTraces: a pairing reaches the collector, without the token, when the
// server stops at the latest.
func TestServeSendsTraces(t *testing.T) {
	t.Parallel()
	c := newTraceCollector(t)
	s := serveFor(t, "--otlp-endpoint", c.URL+"/otel/")
	succeeded(t, s.run(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud"))
	token := strings.TrimSpace(succeeded(t, s.run(t, "systems", "token", "Web Shop", "-o", "token")).out)
	succeeded(t, s.run(t, "tenants", "pair", "commerce", token))
	s.signal(t, syscall.SIGTERM)
	if code := s.wait(t); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	for _, span := range []string{"POST /tenants/:tenant/pairings", "pairing.info", "pairing.csr", "POST /v1/applications/certificates"} {
		if !c.has(span) {
			t.Errorf("no span %q arrived, but %q", span, c.spans)
		}
	}
	if !c.services["pairsim"] || !c.paths["/otel/v1/traces"] {
		t.Errorf("services %v, paths %v", c.services, c.paths)
	}
	if len(token) < 100 || bytes.Contains(c.bodies, []byte(token)) {
		t.Errorf("the token %.20s… is told", token)
	}
}

// TestExecSendsTraces where OpenTelemetry's own variables say, under the name they give.
func TestExecSendsTraces(t *testing.T) {
	t.Parallel()
	c := newTraceCollector(t)
	env := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_SERVICE_NAME=registry"}
	succeeded(t, pairsim(t, env, "", "exec", "--", binary, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud"))
	if !c.has("system.register") || !c.services["registry"] {
		t.Errorf("spans %q of %v arrived", c.spans, c.services)
	}
	quiet := newTraceCollector(t)
	env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + quiet.URL, "OTEL_SDK_DISABLED=true"}
	succeeded(t, pairsim(t, env, "", "exec", "--", binary, "systems", "list"))
	if len(quiet.spans) > 0 {
		t.Errorf("nobody wants spans, and %q arrived", quiet.spans)
	}
}

// TestACollectorThatIsAway disturbs nothing: it is said, and the server stops.
func TestACollectorThatIsAway(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	s := serveFor(t, "--otlp-endpoint", gone.URL)
	succeeded(t, s.run(t, "systems", "register", "Web Shop", "--type", "SAP Commerce Cloud"))
	s.signal(t, syscall.SIGTERM)
	if code := s.wait(t); code != exitDone || !strings.Contains(s.log.String(), "traces do") {
		t.Errorf("exit code %d, and the log says %s", code, s.log)
	}
}
