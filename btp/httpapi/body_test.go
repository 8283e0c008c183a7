package httpapi

import (
	"encoding/json"
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

// sample has a field of every kind that bodies have.
type sample struct {
	Name   string   `json:"name"`
	Freeze *bool    `json:"freeze"`
	List   []string `json:"list"`
	Count  int      `json:"count"`
	Note   OrNull   `json:"note"`
	Inner  struct {
		Deep string `json:"deep"`
	} `json:"inner"`
	Raw json.RawMessage `json:"raw"`
}

func decodeText(text string, into any) error {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("POST", "/", strings.NewReader(text))
	return DecodeBody(c, into)
}

// Rule: bodies-bounded, input-refused-precisely
func TestDecodeBody(t *testing.T) {
	var got sample
	if err := decodeText(` {"name":"é\n","freeze":false,"list":["a","b"],"count":-7,"note":null,"inner":{"deep":"x"},"raw":{"a":[{}, 1e2]}} `, &got); err != nil {
		t.Fatal(err)
	}
	no := false
	want := sample{Name: "é\n", Freeze: &no, List: []string{"a", "b"}, Count: -7, Note: OrNull{There: true}}
	want.Inner.Deep, want.Raw = "x", json.RawMessage(`{"a":[{}, 1e2]}`)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for text, detail := range map[string]string{
		`{"inner":{"deep":1}}`:    "$.inner.deep is a number",
		`{"inner":{"x":1}}`:       `$.inner has an unknown field "x"`,
		`{"raw":[{}]}`:            "$.raw is a list; it must be an object",
		`{"raw":null}`:            "$.raw is null; it must be an object",
		`{"raw":{"a":[1,{}`:       "breaks off",
		`{"raw":{"a":]}}`:         "not JSON",
		`{"inner":null}`:          "$.inner is null",
		`{"count":"7"}`:           "$.count is a string; it must be a whole number",
		`{"count":1.5}`:           "$.count is a number; it must be a whole number",
		`{"count":1e2}`:           "$.count is a number; it must be a whole number",
		`{"count":1e99999}`:       "$.count is a number; it must be a whole number",
		`{"count":null}`:          "$.count is null",
		`{"note":7}`:              "$.note is a number; it must be a string or null",
		`{"note":{}}`:             "$.note is an object; it must be a string or null",
		`{"freeze":"yes"}`:        "$.freeze is a string; it must be true or false",
		`{"list":["a",["b"]]}`:    "$.list[1] is a list",
		`{"list":["a"`:            "breaks off",
		`{"list":["a",`:           "breaks off",
		`{"name":"\ud800"`:        "breaks off",
		`{"name" "x"}`:            "not JSON",
		`{"name":"x",}`:           "not JSON",
		`{name:"x"}`:              "not JSON",
		"{\"name\":\"a\x01b\"}":   "not JSON",
		`{"inner":{"deep":"x"}`:   "breaks off",
		`{"freeze":tru}`:          "not JSON",
		"\ufeff{}":                "not JSON",
		strings.Repeat("[", 9999): "$ is a list",
	} {
		err := decodeText(text, &sample{})
		if btp.CodeOf(err) != btp.InvalidRequest || !strings.Contains(err.Error(), detail) {
			t.Errorf("%.40s: got %v, want invalid-request …%s…", text, err, detail)
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

// FuzzDecodeBody holds the decoder against encoding/json: it refuses with a code
// of ours, or has read what the plain decoder reads.
//
// Rule: input-refused-precisely
func FuzzDecodeBody(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","freeze":true,"list":["a"],"inner":{"deep":"y"}}`, `{}`, `[]`, `null`, ``, `{"name":1}`, `{"name":"x"} x`,
		`{"name":"x","name":"y"}`, `{"list":[`, `{"inner":{"deep":{}}}`, "{\"name\":\"\xff\"}", `{"NAME":"x"}`, `{"freeze":null}`,
		`{"count":7}`, `{"count":1.5}`, `{"count":-0}`, `{"count":99999999999999999999}`, `{"note":null}`, `{"note":"x"}`, `{"note":[]}`,
		`{"name":"n","type":"t","subaccount":null,"systems":["a"],"draft":true}`, `{"point":"p","times":1e2}`, `{"reset":true}`,
		`{"raw":{"a":[{"b":null}],"a":1}}`, `{"raw":{}}`, `{"raw":{}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got sample
		if err := decodeText(string(body), &got); err != nil {
			switch code := btp.CodeOf(err); code {
			case btp.InvalidRequest, btp.BodyTooLarge:
			default:
				t.Errorf("refused with %s: %v", code, err)
			}
			return
		}
		var want sample
		if err := json.Unmarshal(body, &want); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v, %v", got, want, err)
		}
	})
}
