// Package jsonbody reads the JSON bodies of our own APIs, whose texts on what is wrong
// are one and the same. It knows no server and no codes.
package jsonbody

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"
)

// Decode reads a body into the struct, list or map that into points to. An error's text
// is for the sender: it names the place in the document and quotes no value, which could
// be a token. A json.RawMessage in it is an object, an Any is any value, that somebody
// else reads. It panics on a Go type that the walk does not know.
//
// The body is held against the shape of into before encoding/json fills it in: that alone
// would take keys in any case, the last of two equal ones, and null.
func Decode(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("the body is empty; it must be a JSON object")
	}
	if !utf8.Valid(body) {
		return errors.New("the body is not UTF-8")
	}
	s := shape{json.NewDecoder(bytes.NewReader(body))}
	s.dec.UseNumber()
	if err := s.value(reflect.TypeOf(into).Elem(), "$"); err != nil {
		return s.explain(err)
	}
	if _, err := s.dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("there is something behind the JSON object, at byte %d", s.dec.InputOffset()+1)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return s.explain(err)
	}
	return nil
}

// OrNull is a string, or null, which is as good as "".
type OrNull struct {
	Text string
	// There says that the field stands in the body.
	There bool
}

// UnmarshalJSON is called for null too.
func (o *OrNull) UnmarshalJSON(text []byte) error {
	o.There = true
	return json.Unmarshal(text, &o.Text)
}

// Any is any JSON value, null too; what is in it, somebody else reads.
type Any struct{ json.RawMessage }

// explain turns what the decoder says into words for the sender.
func (s shape) explain(err error) error {
	var syntax *json.SyntaxError
	var refused refusal
	switch {
	case errors.As(err, &refused):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the JSON breaks off at byte %d", s.dec.InputOffset()+1)
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON: %w, at byte %d", syntax, syntax.Offset)
	}
	return fmt.Errorf("the body is not the JSON that this call reads, at byte %d", s.dec.InputOffset()+1)
}

// refusal is what the walk says itself, as the sender is to read it.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }
