package landscape

import (
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/pairsim/pairsim/internal/telemetry"
)

// traces are the spans of a landscape that have ended.
type traces struct{ *tracetest.SpanRecorder }

func traced(t *testing.T) (traces, func(*Config)) {
	t.Helper()
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	t.Cleanup(func() { _ = provider.Shutdown(t.Context()) })
	return traces{recorder}, func(c *Config) { c.Tracing = telemetry.New(provider, nil) }
}

// find returns a span of a name and kind, once it has ended: that may be after the
// answer has been read.
func (s traces) find(t *testing.T, kind trace.SpanKind, name string) (found sdktrace.ReadOnlySpan) {
	t.Helper()
	until(t, "a span "+name+" of kind "+kind.String(), func() bool {
		for _, span := range s.Ended() {
			if span.SpanKind() == kind && span.Name() == name {
				found = span
			}
		}
		return found != nil
	})
	return found
}

// path leads from a span to its trace's first one.
func (s traces) path(of sdktrace.ReadOnlySpan) string {
	names := []string{of.Name()}
	for again := true; again; {
		again = false
		for _, span := range s.Ended() {
			if span.SpanContext().SpanID() == of.Parent().SpanID() && span.SpanContext().TraceID() == of.Parent().TraceID() {
				of, again = span, true
				names = append(names, of.Name())
				break
			}
		}
	}
	return strings.Join(names, " < ")
}

func attributeOf(span sdktrace.ReadOnlySpan, key string) string {
	for _, a := range span.Attributes() {
		if string(a.Key) == key {
			return a.Value.String()
		}
	}
	return ""
}

// A pairing is one trace: what the administrator asked of the tenant, what the tenant
// asked of the registry for it, over HTTP and mutual TLS, and the steps there.
func TestAPairingIsOneTrace(t *testing.T) {
	spans, tracing := traced(t)
	l := start(t, tracing)
	system := call(t, http.MethodPost, l.HTTP+"/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	token := system["integrationToken"].(map[string]any)
	call(t, http.MethodPost, l.HTTP+"/tenants/commerce/pairings", map[string]any{"token": token["encoded"]}, http.StatusCreated)

	spans.find(t, trace.SpanKindServer, "POST /tenants/:tenant/pairings")
	signed := spans.find(t, trace.SpanKindInternal, "pairing.csr")
	if got, want := spans.path(signed), "pairing.csr < POST /v1/applications/certificates < POST < POST /tenants/:tenant/pairings"; got != want {
		t.Errorf("the step stands in %s, want %s", got, want)
	}
	if attributeOf(signed, "pairsim.system.id") != system["id"] || attributeOf(signed, "pairsim.name") != "Web Shop" {
		t.Errorf("the step is about %v", signed.Attributes())
	}
	described := spans.find(t, trace.SpanKindServer, "PUT /:app/v1/pairsim/tenant")
	if described.SpanContext().TraceID() != signed.SpanContext().TraceID() {
		t.Error("a call over mutual TLS is in another trace")
	}
	if got := attributeOf(described, "pairsim.environment"); got != "default" {
		t.Errorf("environment: %q", got)
	}

	call(t, http.MethodPost, l.HTTP+"/tenants/commerce/pairings", map[string]any{"token": token["encoded"]}, http.StatusCreated) // and Failed: it is used
	secrets := []string{token["token"].(string), "token="}
	for _, span := range spans.Ended() {
		for _, a := range append(span.Attributes(), attribute.String("name", span.Name())) {
			for _, secret := range secrets {
				if strings.Contains(a.Value.String(), secret) {
					t.Errorf("%s has %s=%s", span.Name(), a.Key, a.Value.String())
				}
			}
		}
	}
}

// A refusal stands in the trace with its reason and the document that it rests on; the
// trace is the caller's, if the caller has one.
func TestARefusalIsTraced(t *testing.T) {
	spans, tracing := traced(t)
	l := start(t, tracing)
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	send(t, http.MethodGet, l.HTTP+"/v1/applications/signingRequests/info?token=sesame", "", "traceparent", parent)
	request := spans.find(t, trace.SpanKindServer, "GET /v1/applications/signingRequests/info")
	if got := request.SpanContext().TraceID().String(); got != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Errorf("the trace is %s, not the caller's", got)
	}
	for key, want := range map[string]string{
		"http.response.status_code": "403", "pairsim.reason": "token-malformed", "url.path": "/v1/applications/signingRequests/info",
	} {
		if got := attributeOf(request, key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	if attributeOf(request, "pairsim.source") == "" {
		t.Error("no document is named")
	}
	send(t, http.MethodGet, l.HTTP+"/healthz", "")
	for _, span := range spans.Ended() {
		if strings.Contains(span.Name(), "healthz") {
			t.Error("a look at its health is traced")
		}
	}
}

// What the registry calls is told the trace: here a tenant that is to leave.
func TestACallOfTheRegistryIsTraced(t *testing.T) {
	spans, tracing := traced(t)
	l := start(t, tracing)
	system := call(t, http.MethodPost, l.HTTP+"/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "Web Shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	call(t, http.MethodPost, l.HTTP+"/tenants/commerce/pairings",
		map[string]any{"token": system["integrationToken"].(map[string]any)["encoded"]}, http.StatusCreated)
	call(t, http.MethodPost, l.HTTP+"/api/v1/systems/"+system["id"].(string)+"/deregistration", nil, http.StatusAccepted)
	until(t, "the tenant is told", func() bool {
		for _, span := range spans.Ended() {
			if strings.HasSuffix(span.Name(), "/deregistration") && strings.HasPrefix(span.Name(), "POST /tenants/") {
				return span.Parent().IsRemote()
			}
		}
		return false
	})
}
