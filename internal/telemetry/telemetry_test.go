package telemetry_test

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/internal/telemetry"
)

// TestWhoWantsTraces: a flag, or OpenTelemetry's variables, which can forbid them, too.
func TestWhoWantsTraces(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint string
		env      map[string]string
		want     bool
	}{
		"nobody":                         {},
		"the flag":                       {endpoint: "http://127.0.0.1:1", want: true},
		"the general variable":           {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, want: true},
		"that of traces":                 {env: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, want: true},
		"an exporter that is otlp":       {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "otlp"}, want: true},
		"no exporter":                    {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}},
		"the flag wins over no exporter": {endpoint: "http://127.0.0.1:1", env: map[string]string{"OTEL_TRACES_EXPORTER": "none"}, want: true},
		"disabled":                       {endpoint: "http://127.0.0.1:1", env: map[string]string{"OTEL_SDK_DISABLED": "TRUE"}},
	} {
		tracing, err := telemetry.Open(t.Context(), telemetry.Config{
			Endpoint: test.endpoint, Getenv: func(name string) string { return test.env[name] }, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil || (tracing != nil) != test.want {
			t.Errorf("%s: got %v and %v, want traces: %v", name, tracing, err, test.want)
		}
		if err := tracing.Close(t.Context()); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
}

// TestCheckEndpoint: an address that is none is refused, and not told again.
func TestCheckEndpoint(t *testing.T) {
	for _, good := range []string{"http://localhost:4318", "https://otel.test/a/b"} {
		if _, err := telemetry.CheckEndpoint(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "localhost:4318", "grpc://otel.test:4317", "http://", "http://user:word@otel.test", "http://otel.test?key=word", "http://otel.test#a", "http://a b"} {
		if _, err := telemetry.CheckEndpoint(bad); !errors.Is(err, telemetry.ErrEndpoint) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}

// TestWithoutTracing: who traces nothing calls as before.
func TestWithoutTracing(t *testing.T) {
	var none *telemetry.Tracing
	call, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://registry.test/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if none.Sending(call) != call || none.Transport(http.DefaultTransport) != http.DefaultTransport {
		t.Error("a call is changed")
	}
	none.Ended(t.Context(), http.StatusOK)
}
