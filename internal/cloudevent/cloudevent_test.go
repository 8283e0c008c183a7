package cloudevent_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/pairsim/pairsim/internal/cloudevent"
)

const required = `"specversion":"1.0","id":"1","source":"/s","type":"t"`

// TestParse: the SDK takes and refuses the same, but for what the specification forbids.
func TestParse(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		``, `,"subject":"a"`, `,"subject":null`, `,"time":"2030-01-01T10:00:00.5+02:00"`, `,"datacontenttype":"text/plain","data":"a"`,
		`,"data":{"a":[1]}`, `,"data":"text"`, `,"data":null`, `,"data_base64":"AA=="`, `,"dataschema":"https://schema.test/"`, `,"ext":"a"`, `,"ext":7`, `,"ext":true`,
		`,"datacontenttype":"application/vnd.a+json; charset=utf-8","data":"[1]"`, `,"datacontenttype":"text/json; charset=utf-8","data":[1]`,
	} {
		body := `{` + required + good + `}`
		ours, err := cloudevent.Parse([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		var theirs event.Event
		if err := json.Unmarshal([]byte(body), &theirs); err != nil || theirs.Validate() != nil {
			t.Errorf("%s: the SDK refuses it: %v, %v", body, err, theirs.Validate())
		}
		if data := string(theirs.Data()); data != "null" && data != string(ours.Data) {
			t.Errorf("%s: the data are %q, of the SDK %q", body, ours.Data, data)
		}
	}
	if e, err := cloudevent.Parse([]byte(`{` + required + `,"datacontenttype":"application/vnd.a+json","data":[1]}`)); err != nil || string(e.Data) != "[1]" {
		t.Errorf("JSON of a type of its own: %v, %v", e, err) // the SDK knows none
	}
	for _, bad := range []string{
		`[]`, `null`, `1`, `{`, `{}`, `{` + required + `} 1`,
		`{"id":"1","source":"/s","type":"t"}`, `{"specversion":1.0,"id":"1","source":"/s","type":"t"}`, `{"specversion":"0.3","id":"1","source":"/s","type":"t"}`,
		`{"specversion":"1.0","source":"/s","type":"t"}`, `{"specversion":"1.0","id":"1","type":"t"}`, `{"specversion":"1.0","id":"1","source":"/s"}`,
		`{"specversion":"1.0","id":" ","source":"/s","type":"t"}`, `{"specversion":"1.0","id":1,"source":"/s","type":"t"}`,
		`{"specversion":"1.0","id":"1","source":"%zz","type":"t"}`, `{` + required + `,"time":"noon"}`, `{` + required + `,"datacontenttype":";;"}`,
		`{` + required + `,"dataschema":"/relative"}`, `{` + required + `,"a b":"c"}`, `{` + required + `,"ext":{}}`, `{` + required + `,"ext":[1]}`,
		`{` + required + `,"data_base64":"?"}`, `{` + required + `,"datacontenttype":"text/plain","data":1}`,
	} {
		if e, err := cloudevent.Parse([]byte(bad)); err == nil {
			t.Errorf("%s is taken: %v", bad, e)
		}
		var theirs event.Event
		if err := json.Unmarshal([]byte(bad), &theirs); err == nil && theirs.Validate() == nil && theirs.SpecVersion() == event.CloudEventsVersionV1 {
			t.Errorf("%s: the SDK takes it", bad)
		}
	}
	for _, wrong := range []string{`,"data":1,"data_base64":"AA=="`, `,"data_base64":7`, `,"Id":"2"`} { // the SDK takes these, or breaks
		if e, err := cloudevent.Parse([]byte(`{` + required + wrong + `}`)); err == nil {
			t.Errorf("%s is taken: %v", wrong, e)
		}
	}
}

// TestThereAndBack: what is written is read as it was, by the SDK, too.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", `{"a":"<&>"}`, `{`, "text", "\xff\x00"} {
		for _, contentType := range []string{"", "application/json", "text/plain; charset=utf-8", "application/vnd.a+json"} {
			for _, mode := range []string{cloudevent.Structured, cloudevent.Binary} {
				e := cloudevent.Event{Attributes: map[string]string{
					"id": "1 \"<&>", "source": "/a?b=c", "type": "t", "subject": "ü", "time": "2030-01-01T10:00:00.5Z", "dataschema": "https://schema.test/a", "traceparent": "00-1",
				}, Data: []byte(data)}
				if contentType != "" {
					e.Attributes["datacontenttype"] = contentType
				}
				req, err := e.Request(t.Context(), "http://sink.test/", mode)
				if err != nil {
					t.Fatal(err)
				}
				theirs, err := binding.ToEvent(t.Context(), cehttp.NewMessageFromHttpRequest(req))
				if err != nil || theirs.Validate() != nil {
					t.Fatalf("%s %q %s: the SDK refuses it: %v", mode, data, contentType, err)
				}
				if theirs.ID() != "1 \"<&>" || theirs.Subject() != "ü" || string(theirs.Data()) != data || theirs.Extensions()["traceparent"] != "00-1" ||
					theirs.Time().Nanosecond() != 5e8 || theirs.DataSchema() != "https://schema.test/a" || theirs.DataContentType() != contentType {
					t.Errorf("%s %q %s: the SDK reads %s", mode, data, contentType, theirs)
				}
				if again := read(t, req, mode); string(again.Data) != data || len(again.Attributes) != len(e.Attributes) || again.Attributes["id"] != e.Attributes["id"] {
					t.Errorf("%s %q: read again as %v", mode, data, again)
				}
			}
		}
	}
}

func read(t *testing.T, req *http.Request, mode string) cloudevent.Event {
	t.Helper()
	body, err := req.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	e, got, err := cloudevent.Read(req.Header, text)
	if err != nil || got != mode {
		t.Fatalf("read in %s mode: %v", got, err)
	}
	return e
}

// TestReadBinary: headers may be escaped; without a version there is no event.
func TestReadBinary(t *testing.T) {
	t.Parallel()
	header := http.Header{"Ce-Specversion": {"1.0"}, "Ce-Id": {"a%20%22"}, "Ce-Source": {"/s"}, "Ce-Type": {"100%"}}
	e, mode, err := cloudevent.Read(header, []byte("a"))
	if err != nil || mode != cloudevent.Binary || e.Attributes["id"] != `a "` || e.Attributes["type"] != "100%" || string(e.Data) != "a" {
		t.Errorf("got %v in %s mode, %v", e, mode, err)
	}
	for _, without := range []string{"Ce-Specversion", "Ce-Id", "Ce-Source", "Ce-Type"} {
		less := header.Clone()
		less.Del(without)
		if _, _, err := cloudevent.Read(less, nil); err == nil {
			t.Errorf("read without %s", without)
		}
	}
}

// FuzzParse: what is taken is written again, as something that the SDK takes.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{` + required + `,"data":{"a":1},"ext":true}`))
	f.Add([]byte(`{` + required + `,"datacontenttype":"a/b","data":"ü","time":"2030-01-01T10:00:00Z"}`))
	f.Add([]byte(`{` + required + `,"data_base64":"AA==","dataschema":"a:b"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := cloudevent.Parse(body)
		if err != nil {
			return
		}
		text, err := e.JSON()
		if err != nil {
			t.Fatalf("%s is taken, and not written: %v", body, err)
		}
		var theirs event.Event
		if err := json.Unmarshal(text, &theirs); err != nil || theirs.Validate() != nil {
			t.Errorf("%s: the SDK refuses it: %v, %v", text, err, theirs.Validate())
		}
		if again, err := cloudevent.Parse(text); err != nil || string(again.Data) != string(e.Data) || len(again.Attributes) != len(e.Attributes) {
			t.Errorf("%s is read as %v, %v, and was %v", text, again, err, e)
		}
	})
}
