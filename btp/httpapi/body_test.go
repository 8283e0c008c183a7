package httpapi

import (
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

type sample struct {
	Name string   `json:"name"`
	List []string `json:"list"`
}

func decodeText(text string, into any) error {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("POST", "/", strings.NewReader(text))
	return DecodeBody(c, into)
}

// What is refused of a body, and how, internal/jsonbody says; here stands that it is told
// as it is.
//
// Rule: bodies-bounded, input-refused-precisely
func TestDecodeBody(t *testing.T) {
	var got sample
	if err := decodeText(` {"name":"é\n","list":["a","b"]} `, &got); err != nil {
		t.Fatal(err)
	}
	if want := (sample{"é\n", []string{"a", "b"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for text, detail := range map[string]string{
		``:                        "the body is empty; it must be a JSON object",
		` `:                       "the body is empty; it must be a JSON object",
		`{"list":["a",["b"]]}`:    "$.list[1] is a list; it must be a string",
		`{"Name":"x"}`:            `$ has an unknown field "Name"; fields are name, list`,
		`{"name":"x","name":"x"}`: "$.name stands there twice",
		`{"name":null}`:           "$.name is null; it must be a string",
		`{"name":"x"`:             "the JSON breaks off at byte 12",
		`{"name":"x"} {}`:         "there is something behind the JSON object, at byte 15",
		`{"name":"%s",}`:          `the body is not JSON: invalid character '}' looking for beginning of object key string, at byte 13`,
		"{\"name\":\"\xff\"}":     "the body is not UTF-8",
	} {
		err := decodeText(text, &sample{})
		if btp.CodeOf(err) != btp.InvalidRequest || !strings.HasSuffix(err.Error(), ": "+detail) {
			t.Errorf("%s: got %v, want invalid-request: %s", text, err, detail)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// Rule: input-refused-precisely
func TestBrokenBody(t *testing.T) {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("POST", "/", brokenReader{})
	if err := DecodeBody(c, &sample{}); btp.CodeOf(err) != btp.InvalidRequest || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("got %v, want invalid-request", err)
	}
}
