package jsonbody

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// sample has a field of every kind that bodies have.
type sample struct {
	Name   string   `json:"name"`
	Freeze *bool    `json:"freeze"`
	List   []string `json:"list"`
	Count  int      `json:"count"`
	Share  float64  `json:"share"`
	Note   OrNull   `json:"note"`
	Inner  struct {
		Deep string `json:"deep"`
	} `json:"inner"`
	Rows   []*row              `json:"rows"`
	Words  map[string]string   `json:"words"`
	Labels map[string][]string `json:"labels"`
	Raw    json.RawMessage     `json:"raw"`
	Data   Any                 `json:"data"`
	embedded
	Untold string `json:"-"`
	Bare   string
	hidden string
}

type row struct {
	ID string `json:"id,omitempty"`
}

type embedded struct {
	Kind string `json:"kind"`
}

// Rule: input-refused-precisely
func TestDecode(t *testing.T) {
	t.Parallel()
	no := false
	want := sample{
		Name: "é\n", Freeze: &no, List: []string{"a", "b"}, Count: -7, Share: 0.5, Note: OrNull{There: true}, Rows: []*row{{"1"}, {}},
		Words: map[string]string{"a": "b", "A": "c"}, Labels: map[string][]string{"a": {"b"}, "": {}}, Raw: json.RawMessage(`{"a":[{}, 1e2]}`),
		Data: Any{json.RawMessage(`[null, {"a":[]}]`)}, embedded: embedded{"k"}, Bare: "x",
	}
	want.Inner.Deep = "x"
	var got sample
	if err := Decode([]byte(` {"name":"é\n","freeze":false,"list":["a","b"],"count":-7,"share":5e-1,"note":null,"inner":{"deep":"x"},
		"rows":[{"id":"1"},{}],"words":{"a":"b","A":"c"},"labels":{"a":["b"],"":[]},"raw":{"a":[{}, 1e2]},"data":[null, {"a":[]}],"kind":"k","Bare":"x"} `), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, data := range []string{`null`, `"x"`, `1e2`, `true`, `{"a":null,"a":1}`, `[]`} {
		var got sample
		if err := Decode([]byte(`{"data":`+data+`}`), &got); err != nil || string(got.Data.RawMessage) != data {
			t.Errorf("%s: got %s, %v", data, got.Data.RawMessage, err)
		}
	}
	var list []map[string]string
	if err := Decode([]byte(`[{"a":"b"}]`), &list); err != nil || len(list) != 1 || list[0]["a"] != "b" {
		t.Errorf("got %v, %v", list, err)
	}
}

// Rule: input-refused-precisely
func TestRefusals(t *testing.T) {
	t.Parallel()
	const fields = "fields are name, freeze, list, count, share, note, inner, rows, words, labels, raw, data, kind, Bare"
	for text, want := range map[string]string{
		``:                                  "the body is empty; it must be a JSON object",
		" \r\n":                             "the body is empty; it must be a JSON object",
		`null`:                              "$ is null; it must be an object",
		`"x"`:                               "$ is a string; it must be an object",
		`{} {}`:                             "there is something behind the JSON object, at byte 5",
		`{}]`:                               "there is something behind the JSON object",
		`{"inner":{"deep":1}}`:              "$.inner.deep is a number; it must be a string",
		`{"inner":{"x":1}}`:                 `$.inner has an unknown field "x"; fields are deep`,
		`{"NAME":"x"}`:                      `$ has an unknown field "NAME"; ` + fields,
		`{"Name":"x","name":"y"}`:           `$ has an unknown field "Name"; ` + fields,
		`{"Untold":"x"}`:                    `$ has an unknown field "Untold"; ` + fields,
		`{"-":"x"}`:                         `$ has an unknown field "-"; ` + fields,
		`{"hidden":"x"}`:                    `$ has an unknown field "hidden"; ` + fields,
		`{"embedded":{}}`:                   `$ has an unknown field "embedded"; ` + fields,
		`{"bare":"x"}`:                      `$ has an unknown field "bare"; ` + fields,
		`{"name":"x","name":"x"}`:           "$.name stands there twice",
		`{"name":"x","na\u006de":1}`:        "$.name stands there twice",
		`{"kind":"x","kind":"x"}`:           "$.kind stands there twice",
		`{"rows":[{},{"id":"x","id":"x"}]}`: "$.rows[1].id stands there twice",
		`{"words":{"a":"b","a":"b"}}`:       `$.words."a" stands there twice`,
		`{"words":{"a":null}}`:              `$.words."a" is null; it must be a string`,
		`{"labels":{"a":"b"}}`:              `$.labels."a" is a string; it must be a list`,
		`{"labels":{"a":[7]}}`:              `$.labels."a"[0] is a number; it must be a string`,
		`{"labels":null}`:                   "$.labels is null; it must be an object",
		`{"name":null}`:                     "$.name is null; it must be a string",
		`{"freeze":null}`:                   "$.freeze is null; it must be true or false",
		`{"list":null}`:                     "$.list is null; it must be a list",
		`{"list":[null]}`:                   "$.list[0] is null; it must be a string",
		`{"rows":[null]}`:                   "$.rows[0] is null; it must be an object",
		`{"share":null}`:                    "$.share is null; it must be a number",
		`{"share":"1"}`:                     "$.share is a string; it must be a number",
		`{"share":1e999}`:                   "the body is not the JSON that this call reads",
		`{"raw":[{}]}`:                      "$.raw is a list; it must be an object",
		`{"raw":null}`:                      "$.raw is null; it must be an object",
		`{"raw":{"a":[1,{}`:                 "breaks off",
		`{"raw":{"a":]}}`:                   "not JSON",
		`{"data":[`:                         "breaks off",
		`{"data":}`:                         "not JSON",
		`{"inner":null}`:                    "$.inner is null",
		`{"count":"7"}`:                     "$.count is a string; it must be a whole number",
		`{"count":1.5}`:                     "$.count is a number; it must be a whole number",
		`{"count":1e2}`:                     "$.count is a number; it must be a whole number",
		`{"count":1e99999}`:                 "$.count is a number; it must be a whole number",
		`{"count":null}`:                    "$.count is null",
		`{"note":7}`:                        "$.note is a number; it must be a string or null",
		`{"note":{}}`:                       "$.note is an object; it must be a string or null",
		`{"freeze":"yes"}`:                  "$.freeze is a string; it must be true or false",
		`{"list":true}`:                     "$.list is a boolean; it must be a list",
		`{"list":["a",["b"]]}`:              "$.list[1] is a list",
		`{"list":["a"`:                      "breaks off",
		`{"list":["a",`:                     "breaks off",
		`{"name":"\ud800"`:                  "breaks off",
		`{"name" "x"}`:                      "not JSON",
		`{"name":"x",}`:                     "not JSON",
		`{name:"x"}`:                        "not JSON",
		"{\"name\":\"a\x01b\"}":             "not JSON",
		"{\"name\":\"\xff\"}":               "the body is not UTF-8",
		`{"inner":{"deep":"x"}`:             "breaks off",
		`{"freeze":tru}`:                    "not JSON",
		"\ufeff{}":                          "not JSON",
		strings.Repeat("[", 9999):           "$ is a list",
		`{"data":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + `}`: "exceeded max depth",
	} {
		if err := Decode([]byte(text), &sample{hidden: "x"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want …%s…", text, err, want)
		}
	}
}

// A body with a kind of value that the walk does not know is our own mistake.
func TestUnknownKind(t *testing.T) {
	t.Parallel()
	defer func() {
		if got, _ := recover().(string); !strings.Contains(got, "uint8") {
			t.Errorf("got %v, want a panic that names the type", got)
		}
	}()
	_ = Decode([]byte(`{"small":7}`), &struct {
		Small uint8 `json:"small"`
	}{})
}

// exact shows by what is left out of its JSON what was not in it.
type exact struct {
	Name  *string  `json:"name,omitzero"`
	Truth *bool    `json:"truth,omitzero"`
	Count *int     `json:"count,omitzero"`
	Share *float64 `json:"share,omitzero"`
	List  []string `json:"list,omitzero"`
	Inner *struct {
		Rows []exactRow `json:"rows,omitzero"`
	} `json:"inner,omitzero"`
	Words  map[string]string   `json:"words,omitzero"`
	Labels map[string][]string `json:"labels,omitzero"`
	Raw    json.RawMessage     `json:"raw,omitzero"`
	Data   Any                 `json:"data,omitzero"`
	exactRow
}

type exactRow struct {
	ID *string `json:"id,omitzero"`
}

// FuzzDecode holds Decode against encoding/json: what it accepts the plain decoder reads
// alike, and nothing of it is lost when it is written again. What it refuses is told
// shortly, in words that can be sent.
//
// Rule: input-refused-precisely
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","freeze":true,"list":["a"],"inner":{"deep":"y"}}`, `{}`, `[]`, `null`, ``, `{"name":1}`, `{"name":"x"} x`,
		`{"name":"x","name":"y"}`, `{"list":[`, `{"inner":{"deep":{}}}`, "{\"name\":\"\xff\"}", `{"NAME":"x"}`, `{"freeze":null}`,
		`{"count":7}`, `{"count":1.5}`, `{"count":-0}`, `{"count":99999999999999999999}`, `{"note":null}`, `{"note":"x"}`, `{"note":[]}`,
		`{"name":"n","type":"t","subaccount":null,"systems":["a"],"draft":true}`, `{"point":"p","times":1e2}`, `{"reset":true}`,
		`{"raw":{"a":[{"b":null}],"a":1}}`, `{"raw":{}}`, `{"raw":{}`, `{"share":1e999}`, `{"share":-0.0,"count":9007199254740993}`,
		`{"name":"\ud800","truth":false,"list":[],"inner":{"rows":[{"id":""},{}]},"words":{"":"<"},"labels":{"a":[]},"id":"\u2028"}`,
		`{"data":null}`, `{"data":[1,{"a":"\u0000"}]}`, `{"data":{"a":1,"a":2},"raw":{"<":"&"}}`, `{"words":{"a":"b","a":"c"}}`, `{"ID":"x"}`, `{"list":null}`, `{"list":[null]}`, `{"name":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		decodesLikeEncodingJSON[sample](t, body)
		decodesLikeEncodingJSON[exact](t, body)
		var got exact
		if Decode(body, &got) != nil {
			return
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if before, after := valueOf(t, body), valueOf(t, again); !reflect.DeepEqual(before, after) {
			t.Errorf("%s is read as %s", body, again)
		}
	})
}

func decodesLikeEncodingJSON[T any](t *testing.T, body []byte) {
	t.Helper()
	var got, want T
	if err := Decode(body, &got); err != nil {
		if text := err.Error(); len(text) > 2000 || !utf8.ValidString(text) {
			t.Errorf("refused in %d bytes: %q", len(text), text)
		}
		return
	}
	if err := json.Unmarshal(body, &want); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v, %v", got, want, err)
	}
}

// valueOf is what a text says, however it is written.
func valueOf(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
