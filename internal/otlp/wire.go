package otlp

import (
	"encoding/json"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// The messages as protobuf. The types that are generated for them bring gRPC along.

// wire is a message on its way.
type wire []byte

func (w *wire) text(field protowire.Number, s string) {
	if s != "" {
		*w = protowire.AppendString(protowire.AppendTag(*w, field, protowire.BytesType), s)
	}
}

func (w *wire) bytes(field protowire.Number, b []byte) {
	if len(b) > 0 {
		w.nested(field, b)
	}
}

// nested writes an empty message, too: that one is there can say something.
func (w *wire) nested(field protowire.Number, m wire) {
	*w = protowire.AppendBytes(protowire.AppendTag(*w, field, protowire.BytesType), m)
}

func (w *wire) number(field protowire.Number, n uint32) {
	if n != 0 {
		w.varint(field, uint64(n))
	}
}

func (w *wire) varint(field protowire.Number, n uint64) {
	*w = protowire.AppendVarint(protowire.AppendTag(*w, field, protowire.VarintType), n)
}

func (w *wire) fixed64(field protowire.Number, n uint64) {
	*w = protowire.AppendFixed64(protowire.AppendTag(*w, field, protowire.Fixed64Type), n)
}

func (w *wire) fixed32(field protowire.Number, n uint32) {
	*w = protowire.AppendFixed32(protowire.AppendTag(*w, field, protowire.Fixed32Type), n)
}

func (w *wire) keyValues(field protowire.Number, list []keyValue) {
	for _, a := range list {
		var m wire
		m.text(1, a.Key)
		m.nested(2, a.Value.wire())
		w.nested(field, m)
	}
}

func (r exportRequest) wire() (w wire) {
	for _, of := range r.ResourceSpans {
		var about, m wire
		about.keyValues(1, of.Resource.Attributes)
		m.nested(1, about)
		for _, s := range of.ScopeSpans {
			m.nested(2, s.wire())
		}
		m.text(3, of.SchemaURL)
		w.nested(1, m)
	}
	return w
}

func (s scopeSpans) wire() (w wire) {
	var by wire
	by.text(1, s.Scope.Name)
	by.text(2, s.Scope.Version)
	by.keyValues(3, s.Scope.Attributes)
	w.nested(1, by)
	for _, one := range s.Spans {
		w.nested(2, one.wire())
	}
	w.text(3, s.SchemaURL)
	return w
}

func (s span) wire() (w wire) {
	w.bytes(1, s.TraceID)
	w.bytes(2, s.SpanID)
	w.text(3, s.TraceState)
	w.bytes(4, s.ParentSpanID)
	w.text(5, s.Name)
	w.number(6, s.Kind)
	w.fixed64(7, s.Start)
	w.fixed64(8, s.End)
	w.keyValues(9, s.Attributes)
	w.number(10, s.DroppedAttributes)
	for _, e := range s.Events {
		var m wire
		m.fixed64(1, e.Time)
		m.text(2, e.Name)
		m.keyValues(3, e.Attributes)
		m.number(4, e.Dropped)
		w.nested(11, m)
	}
	w.number(12, s.DroppedEvents)
	for _, l := range s.Links {
		var m wire
		m.bytes(1, l.TraceID)
		m.bytes(2, l.SpanID)
		m.text(3, l.TraceState)
		m.keyValues(4, l.Attributes)
		m.number(5, l.Dropped)
		m.fixed32(6, l.Flags)
		w.nested(13, m)
	}
	w.number(14, s.DroppedLinks)
	var m wire
	m.text(2, s.Status.Message)
	m.number(3, s.Status.Code)
	w.nested(15, m)
	w.fixed32(16, s.Flags)
	return w
}

func (v value) wire() (w wire) {
	switch {
	case v.Text != nil:
		w.nested(1, wire(*v.Text))
	case v.Bool != nil:
		w.varint(2, protowire.EncodeBool(*v.Bool))
	case v.Int != nil:
		w.varint(3, uint64(*v.Int)) //nolint:gosec // as protobuf writes negative ones
	case v.Double != nil:
		w.fixed64(4, math.Float64bits(*v.Double))
	case v.List != nil:
		var m wire
		for _, one := range v.List.Values {
			m.nested(1, one.wire())
		}
		w.nested(5, m)
	case v.Mapping != nil:
		var m wire
		m.keyValues(1, v.Mapping.Values)
		w.nested(6, m)
	case v.Bytes != nil:
		w.nested(7, *v.Bytes)
	}
	return w
}

// partialSuccess is what a collector says that it did not take.
type partialSuccess struct {
	Rejected json.Number `json:"rejectedSpans"` // in JSON a number, or a string of one
	Message  string      `json:"errorMessage"`
}

type exportResponse struct {
	PartialSuccess partialSuccess `json:"partialSuccess"`
}

// responseOf reads an answer, and passes over what it does not know.
func responseOf(answer wire) (r exportResponse, err error) {
	err = eachField(answer, func(field protowire.Number, of []byte, _ uint64) error {
		if field != 1 {
			return nil
		}
		return eachField(of, func(field protowire.Number, text []byte, number uint64) error {
			if field == 1 {
				r.PartialSuccess.Rejected = json.Number(strconv.FormatUint(number, 10))
			}
			if field == 2 {
				r.PartialSuccess.Message = string(text)
			}
			return nil
		})
	})
	return r, err
}

// eachField tells do of each field: its bytes, or its number.
func eachField(m wire, do func(field protowire.Number, of []byte, number uint64) error) error {
	for len(m) > 0 {
		field, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		var of []byte
		var number uint64
		switch kind {
		case protowire.BytesType:
			of, n = protowire.ConsumeBytes(m)
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(m)
		default:
			n = protowire.ConsumeFieldValue(field, kind, m)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		if err := do(field, of, number); err != nil {
			return err
		}
	}
	return nil
}
