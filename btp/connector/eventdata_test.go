package connector

import (
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

const structuredType = "application/cloudevents+json; charset=utf-8"

func TestDataOfCloudEvents(t *testing.T) {
	t.Parallel()
	const head = `{"specversion":"1.0","id":"1","source":"s","type":"t"`
	for _, test := range []struct {
		name, contentType, body string
		data, dataType          string
		code                    btp.Code
	}{
		{"JSON", structuredType, head + `,"data":{"a": 1}}`, `{"a": 1}`, "", ""},
		{"a JSON string", structuredType, head + `,"datacontenttype":"application/json","data":"x"}`, `"x"`, "application/json", ""},
		{"text", structuredType, head + `,"datacontenttype":"text/plain","data":"x"}`, "x", "text/plain", ""},
		{"JSON that is said to be text", structuredType, head + `,"datacontenttype":"text/plain","data":{}}`, "{}", "text/plain", ""},
		{"base64", structuredType, head + `,"datacontenttype":"image/png","data_base64":"/wA="}`, "\xff\x00", "image/png", ""},
		{"base64 that is none", structuredType, head + `,"data_base64":"/w"}`, "", "", btp.EventInvalid},
		{"nothing", structuredType, head + `}`, "", "", ""},
		{"null", structuredType, head + `,"data":null}`, "", "", ""},
		{"binary mode", "text/plain", "{", "{", "text/plain", ""},
		{"binary mode without a type", "", "x", "x", "", ""},
	} {
		header := http.Header{"Ce-Specversion": {"1.0"}, "Ce-Id": {"1"}, "Ce-Source": {"s"}, "Ce-Type": {"t"}, "Ce-Datacontenttype": {"a/b"}}
		header.Set("Content-Type", test.contentType)
		e, err := parseCloudEvent(header, []byte(test.body))
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		data, err := eventData(header, []byte(test.body), e)
		if test.code != "" {
			if r, ok := err.(*eventRefusal); !ok || r.code != test.code { //nolint:errorlint // it is not wrapped
				t.Errorf("%s: got %v, want %s", test.name, err, test.code)
			}
			continue
		}
		if err != nil || string(data) != test.data || e["datacontenttype"] != test.dataType {
			t.Errorf("%s: got %q of type %q, %v; want %q of type %q", test.name, data, e["datacontenttype"], err, test.data, test.dataType)
		}
	}
}
