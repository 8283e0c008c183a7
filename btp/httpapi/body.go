package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// MaxBody is the most bytes of a request body on our own APIs.
const MaxBody = 64 << 10

// DecodeBody reads the JSON object of a request into the struct that into points
// to. It refuses with BodyTooLarge, UnsupportedMediaType or InvalidRequest; the
// detail names the place in the document and never quotes a value, which could
// be a token.
func DecodeBody(c *gin.Context, into any) error { return DecodeLargeBody(c, MaxBody, into) }

// DecodeLargeBody is DecodeBody for a call whose body may have so many bytes. A
// json.RawMessage in it is an object that somebody else reads.
func DecodeLargeBody(c *gin.Context, most int64, into any) error {
	body, err := ReadBody(c, most)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return btp.Errorf(btp.InvalidRequest, "the body is empty; it must be a JSON object")
	}
	return decode(body, into)
}

// DecodeOptionalBody is DecodeBody for a call that needs no body.
func DecodeOptionalBody(c *gin.Context, into any) error {
	body, err := ReadBody(c, MaxBody)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	return decode(body, into)
}

// ReadBody reads a request body of JSON, of at most so many bytes. It refuses
// with BodyTooLarge, UnsupportedMediaType or InvalidRequest.
func ReadBody(c *gin.Context, most int64) ([]byte, error) {
	r := c.Request
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, r.Body, most))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, btp.Errorf(btp.BodyTooLarge, "a body has at most %d bytes", over.Limit)
	case err != nil:
		return nil, btp.Errorf(btp.InvalidRequest, "the body broke off")
	case len(body) == 0:
		return nil, nil
	}
	return body, checkMediaType(r.Header)
}

func checkMediaType(h http.Header) error {
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return btp.Errorf(btp.UnsupportedMediaType, "a body is not compressed; Content-Encoding is %.40q", coding)
	}
	given := h.Get("Content-Type")
	if given == "" {
		return nil
	}
	media, params, err := mime.ParseMediaType(given)
	if err != nil || media != "application/json" && !(strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")) {
		return btp.Errorf(btp.UnsupportedMediaType, "Content-Type is %.80q; a body is application/json", given)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return btp.Errorf(btp.UnsupportedMediaType, "JSON is UTF-8; the charset is %.40q", charset)
	}
	return nil
}

// decode holds body against the shape of into before encoding/json fills it in:
// that alone would take keys in any case, the last of two equal ones, and null.
func decode(body []byte, into any) error {
	if !utf8.Valid(body) {
		return btp.Errorf(btp.InvalidRequest, "the body is not UTF-8")
	}
	s := shape{json.NewDecoder(bytes.NewReader(body))}
	s.dec.UseNumber()
	if err := s.value(reflect.TypeOf(into).Elem(), "$"); err != nil {
		return s.explain(err)
	}
	if _, err := s.dec.Token(); !errors.Is(err, io.EOF) {
		return btp.Errorf(btp.InvalidRequest, "there is something behind the JSON object, at byte %d", s.dec.InputOffset()+1)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return s.explain(err)
	}
	return nil
}

// shape walks a JSON text along a Go type: structs of strings, booleans, whole
// numbers, and lists of these are nearly all that our bodies have; OrNull, numbers,
// objects of strings and json.RawMessage are the rest.
type shape struct{ dec *json.Decoder }

// explain turns what the decoder says into words for the sender.
func (s shape) explain(err error) error {
	var syntax *json.SyntaxError
	var refused *btp.Error
	switch {
	case errors.As(err, &refused):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return btp.Errorf(btp.InvalidRequest, "the JSON breaks off at byte %d", s.dec.InputOffset()+1)
	case errors.As(err, &syntax):
		return btp.Errorf(btp.InvalidRequest, "the body is not JSON: %s, at byte %d", syntax.Error(), syntax.Offset)
	}
	return btp.Errorf(btp.InvalidRequest, "the body is not the JSON that this call reads, at byte %d", s.dec.InputOffset()+1)
}

func (s shape) value(t reflect.Type, path string) error {
	token, err := s.dec.Token()
	if err != nil {
		return err
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[OrNull]() {
		if _, ok := token.(string); !ok && token != nil {
			return btp.Errorf(btp.InvalidRequest, "%s is %s; it must be a string or null", path, kindOf(token))
		}
		return nil
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		if token != json.Delim('{') {
			return btp.Errorf(btp.InvalidRequest, "%s is %s; it must be an object", path, kindOf(token))
		}
		return s.skip()
	}
	wrong := btp.Errorf(btp.InvalidRequest, "%s is %s; it must be %s", path, kindOf(token), kindNames[t.Kind()])
	switch t.Kind() {
	case reflect.Struct:
		if token != json.Delim('{') {
			return wrong
		}
		return s.object(t, path)
	case reflect.Slice:
		if token != json.Delim('[') {
			return wrong
		}
		for i := 0; s.dec.More(); i++ {
			if err := s.value(t.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		_, err = s.dec.Token()
		return err
	case reflect.String:
		if _, ok := token.(string); !ok {
			return wrong
		}
		return nil
	case reflect.Bool:
		if _, ok := token.(bool); !ok {
			return wrong
		}
		return nil
	case reflect.Float64:
		if _, ok := token.(json.Number); !ok {
			return wrong
		}
		return nil
	case reflect.Map: // of strings
		if token != json.Delim('{') {
			return wrong
		}
		return s.texts(path)
	case reflect.Int:
		number, _ := token.(json.Number)
		if _, err := strconv.ParseInt(string(number), 10, t.Bits()); err != nil {
			return wrong
		}
		return nil
	default:
		return fmt.Errorf("body type %s is not supported", t)
	}
}

// skip goes to the end of an object that has begun.
func (s shape) skip() error {
	for depth := 1; depth > 0; {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}

func (s shape) object(t reflect.Type, path string) error {
	seen := map[string]bool{}
	for s.dec.More() {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string) // the decoder takes nothing else here
		field, known := fieldNamed(t, name)
		switch {
		case !known:
			return btp.Errorf(btp.InvalidRequest, "%s has an unknown field %.60q; fields are %s", path, name, strings.Join(fieldsOf(t), ", "))
		case seen[name]:
			return btp.Errorf(btp.InvalidRequest, "%s.%s stands there twice", path, name)
		}
		seen[name] = true
		if err := s.value(field, path+"."+name); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return err
}

// texts is an object whose values are strings, under any names.
func (s shape) texts(path string) error {
	seen := map[string]bool{}
	for s.dec.More() {
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			return btp.Errorf(btp.InvalidRequest, "%s.%.60q stands there twice", path, name)
		}
		seen[name] = true
		if err := s.value(reflect.TypeFor[string](), fmt.Sprintf("%s.%.60q", path, name)); err != nil {
			return err
		}
	}
	_, err := s.dec.Token()
	return err
}

func fieldNamed(t reflect.Type, name string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if jsonName(t.Field(i)) == name {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}

func fieldsOf(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = jsonName(t.Field(i))
	}
	return names
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

var kindNames = map[reflect.Kind]string{ //nolint:exhaustive // bodies have no others
	reflect.Struct: "an object",
	reflect.Slice:  "a list",
	reflect.String: "a string",
	reflect.Bool:   "true or false",
	reflect.Int:    "a whole number",

	reflect.Float64: "a number",
	reflect.Map:     "an object",
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

func kindOf(token json.Token) string {
	switch token.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case json.Delim:
		if token == json.Delim('{') {
			return "an object"
		}
		return "a list"
	}
	return "a number"
}

// Respond answers with v as JSON.
func Respond(c *gin.Context, status int, v any) error {
	body, err := marshal(v)
	if err != nil {
		return err
	}
	c.Data(status, "application/json", body)
	return nil
}

func marshal(v any) ([]byte, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return body.Bytes(), nil
}
