package otlp_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

// everySpan has everything that a span can have. All are of one resource: the SDK's
// exporter sends those of several in any order.
func everySpan(about *resource.Resource) []sdktrace.ReadOnlySpan {
	state, err := trace.ParseTraceState("vendor=1")
	if err != nil {
		panic(err)
	}
	of := func(n byte, remote bool) trace.SpanContext {
		return trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1, n}, SpanID: trace.SpanID{2, n}, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: remote,
		})
	}
	attributes := []attribute.KeyValue{
		attribute.String("text", "a"), attribute.String("empty", ""), attribute.Bool("yes", true), attribute.Bool("no", false),
		attribute.Int("int", 7), attribute.Int64("negative", -7), attribute.Int("zero", 0), attribute.Float64("double", 1.5),
		attribute.Float64("none", 0), attribute.StringSlice("texts", []string{"a", ""}), attribute.BoolSlice("bools", []bool{true, false}),
		attribute.Int64Slice("ints", []int64{math.MinInt64, 0}), attribute.Float64Slice("doubles", []float64{0, 2}),
		attribute.ByteSlice("bytes", []byte{0, 255}), attribute.Slice("slice", attribute.IntValue(1), attribute.StringValue("b")),
		attribute.Map("map", attribute.Int("a", 1), attribute.Map("b", attribute.String("c", "d"))),
		{Key: "nothing"},
	}
	at := time.Unix(1_700_000_000, 123)
	stubs := tracetest.SpanStubs{
		{
			Name: "full", SpanContext: of(1, false), Parent: of(2, true), SpanKind: trace.SpanKindServer, StartTime: at, EndTime: at.Add(time.Second),
			Attributes: attributes, Events: []sdktrace.Event{{Name: "e", Time: at, Attributes: attributes[:1], DroppedAttributeCount: 1}, {}},
			Links:  []sdktrace.Link{{SpanContext: trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{9}, SpanID: trace.SpanID{9}, Remote: true}), Attributes: attributes[:1], DroppedAttributeCount: 2}},
			Status: sdktrace.Status{Code: codes.Error, Description: "refused"}, DroppedAttributes: 3, DroppedEvents: 4, DroppedLinks: -5,
			InstrumentationScope: instrumentation.Scope{Name: "s", Version: "1", SchemaURL: "https://schema.test/1", Attributes: attribute.NewSet(attributes[0])},
		},
		{Name: "bare", InstrumentationScope: instrumentation.Scope{Name: "other"}},
		{Name: "well", SpanContext: of(3, false), Parent: of(1, false), SpanKind: trace.SpanKindClient, Status: sdktrace.Status{Code: codes.Ok}, InstrumentationScope: instrumentation.Scope{Name: "other"}},
	}
	for i := range stubs {
		stubs[i].Resource = about
	}
	return stubs.Snapshots()
}

// TestAsTheSDK: collectors get of ours what they get of the SDK's own exporter, in
// protobuf and in JSON.
func TestAsTheSDK(t *testing.T) {
	about := resource.NewWithAttributes("https://schema.test/2", attribute.String("service.name", "pairsim"))
	for _, protocol := range []string{"http/protobuf", "http/json"} {
		t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
		theirs, ours := newRecorder(t, nil), newRecorder(t, nil)
		sdk, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(theirs.URL+"/v1/traces"))
		if err != nil {
			t.Fatal(err)
		}
		if err := sdk.ExportSpans(t.Context(), everySpan(about)); err != nil {
			t.Fatal(err)
		}
		mustExport(t, ours.URL, map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}) // says nothing of it
		e, _, err := newExporter(t, ours.URL, map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}, &pauses{})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.ExportSpans(t.Context(), everySpan(about)); err != nil {
			t.Fatal(err)
		}
		want, got := theirs.calls[0], ours.calls[1]
		if want, got := want.header.Get("Content-Type"), got.header.Get("Content-Type"); got != want {
			t.Errorf("%s: content type %q, want %q", protocol, got, want)
		}
		if protocol == "http/json" {
			if diff := cmp.Diff(jsonOf(t, want.body), jsonOf(t, got.body)); diff != "" {
				t.Errorf("JSON (-SDK +ours):\n%s", diff)
			}
			continue
		}
		var of, by collector.ExportTraceServiceRequest
		for m, body := range map[*collector.ExportTraceServiceRequest][]byte{&of: want.body, &by: got.body} {
			if err := proto.Unmarshal(body, m); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(&of, &by, protocmp.Transform()); diff != "" {
			t.Errorf("protobuf (-SDK +ours):\n%s", diff)
		}
	}
}

func jsonOf(t *testing.T, body []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestEveryResource is told once, with all that is of it.
func TestEveryResource(t *testing.T) {
	t.Parallel()
	c := newRecorder(t, nil)
	e, _, err := newExporter(t, c.URL, nil, &pauses{})
	if err != nil {
		t.Fatal(err)
	}
	one, other := resource.NewSchemaless(attribute.String("service.name", "one")), resource.NewSchemaless(attribute.String("service.name", "other"))
	mixed := slices.Concat(everySpan(one), everySpan(other), everySpan(one))
	if err := e.ExportSpans(t.Context(), mixed); err != nil {
		t.Fatal(err)
	}
	var r collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(c.calls[0].body, &r); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, of := range r.GetResourceSpans() {
		for _, by := range of.GetScopeSpans() {
			for _, s := range by.GetSpans() {
				told = append(told, of.GetResource().GetAttributes()[0].GetValue().GetStringValue()+"/"+by.GetScope().GetName()+"/"+s.GetName())
			}
		}
	}
	want := "one/s/full one/s/full one/other/bare one/other/well one/other/bare one/other/well other/s/full other/other/bare other/other/well"
	if got := strings.Join(told, " "); got != want {
		t.Errorf("told are\n%s\nwant\n%s", got, want)
	}
}

// TestAnotherProtocol: gRPC is not spoken, and that is said.
func TestAnotherProtocol(t *testing.T) {
	t.Parallel()
	c := newRecorder(t, nil)
	log := mustExport(t, c.URL, map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
	if !strings.Contains(log, "OTEL_EXPORTER_OTLP_PROTOCOL") || len(spansOf(t, c.calls[0].body)) != 1 {
		t.Errorf("the log says %s", log)
	}
}
