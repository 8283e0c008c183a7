package otlp

import (
	"encoding/hex"
	"math"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// The messages of opentelemetry/proto/collector/trace/v1, as far as they are sent. The
// names are those of OTLP's JSON; wire.go has the numbers of its protobuf.

type exportRequest struct {
	ResourceSpans []*resourceSpans `json:"resourceSpans"`
}

type resourceSpans struct {
	Resource   attributes    `json:"resource"`
	ScopeSpans []*scopeSpans `json:"scopeSpans"`
	SchemaURL  string        `json:"schemaUrl,omitempty"`
}

// attributes are the message Resource, which has nothing else.
type attributes struct {
	Attributes []keyValue `json:"attributes,omitempty"`
}

type scopeSpans struct {
	Scope     scope  `json:"scope"`
	Spans     []span `json:"spans"`
	SchemaURL string `json:"schemaUrl,omitempty"`
}

type scope struct {
	Name       string     `json:"name,omitempty"`
	Version    string     `json:"version,omitempty"`
	Attributes []keyValue `json:"attributes,omitempty"`
}

type span struct {
	TraceID           id         `json:"traceId"`
	SpanID            id         `json:"spanId"`
	TraceState        string     `json:"traceState,omitempty"`
	ParentSpanID      id         `json:"parentSpanId,omitempty"`
	Name              string     `json:"name,omitempty"`
	Kind              uint32     `json:"kind,omitempty"`
	Start             uint64     `json:"startTimeUnixNano,string,omitempty"`
	End               uint64     `json:"endTimeUnixNano,string,omitempty"`
	Attributes        []keyValue `json:"attributes,omitempty"`
	DroppedAttributes uint32     `json:"droppedAttributesCount,omitempty"`
	Events            []event    `json:"events,omitempty"`
	DroppedEvents     uint32     `json:"droppedEventsCount,omitempty"`
	Links             []link     `json:"links,omitempty"`
	DroppedLinks      uint32     `json:"droppedLinksCount,omitempty"`
	Status            status     `json:"status"`
	Flags             uint32     `json:"flags"`
}

type event struct {
	Time       uint64     `json:"timeUnixNano,string,omitempty"`
	Name       string     `json:"name,omitempty"`
	Attributes []keyValue `json:"attributes,omitempty"`
	Dropped    uint32     `json:"droppedAttributesCount,omitempty"`
}

type link struct {
	TraceID    id         `json:"traceId"`
	SpanID     id         `json:"spanId"`
	TraceState string     `json:"traceState,omitempty"`
	Attributes []keyValue `json:"attributes,omitempty"`
	Dropped    uint32     `json:"droppedAttributesCount,omitempty"`
	Flags      uint32     `json:"flags"`
}

type status struct {
	Message string `json:"message,omitempty"`
	Code    uint32 `json:"code,omitempty"`
}

type keyValue struct {
	Key   string `json:"key"`
	Value value  `json:"value"`
}

// value has one field, or none: that is a value, too.
type value struct {
	Text    *string  `json:"stringValue,omitempty"`
	Bool    *bool    `json:"boolValue,omitempty"`
	Int     *int64   `json:"intValue,omitempty,string"`
	Double  *float64 `json:"doubleValue,omitempty"`
	List    *list    `json:"arrayValue,omitempty"`
	Mapping *mapping `json:"kvlistValue,omitempty"`
	Bytes   *[]byte  `json:"bytesValue,omitempty"`
}

type list struct {
	Values []value `json:"values"`
}

type mapping struct {
	Values []keyValue `json:"values"`
}

// id is written in hexadecimal in JSON, unlike other bytes.
type id []byte

// MarshalText is encoding.TextMarshaler.
func (i id) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, i), nil }

// requestOf sorts spans by what they are of, in the order in which that first comes.
func requestOf(spans []sdktrace.ReadOnlySpan) exportRequest {
	type place struct {
		resource attribute.Distinct
		scope    instrumentation.Scope
	}
	var r exportRequest
	resources, scopes := map[attribute.Distinct]*resourceSpans{}, map[place]*scopeSpans{}
	for _, s := range spans {
		from := s.Resource()
		of, known := resources[from.Equivalent()]
		if !known {
			of = &resourceSpans{Resource: attributes{keyValues(from.Attributes())}, SchemaURL: from.SchemaURL()}
			resources[from.Equivalent()], r.ResourceSpans = of, append(r.ResourceSpans, of)
		}
		by := s.InstrumentationScope()
		within, known := scopes[place{from.Equivalent(), by}]
		if !known {
			within = &scopeSpans{Scope: scope{by.Name, by.Version, keyValues(by.Attributes.ToSlice())}, SchemaURL: by.SchemaURL}
			scopes[place{from.Equivalent(), by}], of.ScopeSpans = within, append(of.ScopeSpans, within)
		}
		within.Spans = append(within.Spans, spanOf(s))
	}
	return r
}

func spanOf(s sdktrace.ReadOnlySpan) span {
	self, parent := s.SpanContext(), s.Parent()
	traceID, spanID, parentID := self.TraceID(), self.SpanID(), parent.SpanID()
	m := span{
		TraceID: traceID[:], SpanID: spanID[:], TraceState: self.TraceState().String(), Name: s.Name(),
		Kind:  uint32(max(0, s.SpanKind())), //nolint:gosec // five kinds, numbered as OTLP does
		Start: nanoseconds(s.StartTime()), End: nanoseconds(s.EndTime()), Attributes: keyValues(s.Attributes()),
		DroppedAttributes: count(s.DroppedAttributes()), DroppedEvents: count(s.DroppedEvents()), DroppedLinks: count(s.DroppedLinks()),
		Status: statusOf(s.Status()), Flags: flags(self.TraceFlags(), parent),
	}
	if parentID.IsValid() {
		m.ParentSpanID = parentID[:]
	}
	for _, e := range s.Events() {
		m.Events = append(m.Events, event{nanoseconds(e.Time), e.Name, keyValues(e.Attributes), count(e.DroppedAttributeCount)})
	}
	for _, l := range s.Links() {
		traceID, spanID := l.SpanContext.TraceID(), l.SpanContext.SpanID()
		m.Links = append(m.Links, link{
			traceID[:], spanID[:], l.SpanContext.TraceState().String(), keyValues(l.Attributes), count(l.DroppedAttributeCount),
			flags(l.SpanContext.TraceFlags(), l.SpanContext),
		})
	}
	return m
}

// statusOf: OTLP numbers what went well 1 and what did not 2, the SDK the other way round.
func statusOf(s sdktrace.Status) status {
	switch s.Code {
	case codes.Ok:
		return status{s.Description, 1}
	case codes.Error:
		return status{s.Description, 2}
	default:
		return status{s.Description, 0}
	}
}

// flags are W3C's, and whether the span that is referred to is another process's.
func flags(f trace.TraceFlags, of trace.SpanContext) uint32 {
	const known, remote = 0x100, 0x200
	if of.IsRemote() {
		return uint32(f) | known | remote
	}
	return uint32(f) | known
}

func nanoseconds(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) } //nolint:gosec // not negative

func count(n int) uint32 { return uint32(min(max(0, n), math.MaxUint32)) } //nolint:gosec // it fits

func keyValues(list []attribute.KeyValue) []keyValue {
	all := make([]keyValue, 0, len(list))
	for _, a := range list {
		all = append(all, keyValue{string(a.Key), valueOf(a.Value)})
	}
	return all
}

func valueOf(v attribute.Value) value {
	switch v.Type() {
	case attribute.BOOL:
		return value{Bool: new(v.AsBool())}
	case attribute.INT64:
		return value{Int: new(v.AsInt64())}
	case attribute.FLOAT64:
		return value{Double: new(v.AsFloat64())}
	case attribute.BYTESLICE:
		return value{Bytes: new(v.AsByteSlice())}
	case attribute.BOOLSLICE:
		return listOf(v.AsBoolSlice(), attribute.BoolValue)
	case attribute.INT64SLICE:
		return listOf(v.AsInt64Slice(), attribute.Int64Value)
	case attribute.FLOAT64SLICE:
		return listOf(v.AsFloat64Slice(), attribute.Float64Value)
	case attribute.STRINGSLICE:
		return listOf(v.AsStringSlice(), attribute.StringValue)
	case attribute.SLICE:
		return listOf(v.AsSlice(), func(v attribute.Value) attribute.Value { return v })
	case attribute.MAP:
		return value{Mapping: &mapping{keyValues(v.AsMap())}}
	case attribute.EMPTY:
		return value{}
	default:
		return value{Text: new(v.AsString())}
	}
}

func listOf[T any](of []T, as func(T) attribute.Value) value {
	l := list{Values: make([]value, 0, len(of))}
	for _, v := range of {
		l.Values = append(l.Values, valueOf(as(v)))
	}
	return value{List: &l}
}
