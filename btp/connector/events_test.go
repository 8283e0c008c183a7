package connector_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/pairsim/pairsim/btp"
)

const eventID = "4f1b0c1e-9c55-4f0b-9d8d-1f8f7a1a2b3c"

// legacy makes a legacy event; each pair replaces a member, "" drops it.
func legacy(changes ...string) string {
	members := map[string]string{
		"event-type": `"order.created"`, "event-type-version": `"v1"`, "event-id": `"` + eventID + `"`,
		"event-time": `"2030-01-01T10:00:00Z"`, "data": `{"orderCode":"1001"}`,
	}
	var list []string
	for i := 0; i < len(changes); i += 2 {
		members[changes[i]] = changes[i+1]
	}
	for _, key := range []string{"event-type", "event-type-version", "event-id", "event-time", "data"} {
		if members[key] != "" {
			list = append(list, `"`+key+`":`+members[key])
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

// accepted lists the events in the journal, newest last.
func (a *application) accepted(point btp.Point) []string {
	entries, _ := a.registry.Journal().Read(btp.JournalFilter{EntryMatch: btp.EntryMatch{Point: string(point), Kind: btp.EntryDecision}})
	details := []string{}
	for _, e := range entries {
		details = append(details, e.Detail)
	}
	return details
}

// Rule: event-legacy-checks
func TestPublishLegacy(t *testing.T) {
	a := newApplication(t)
	tests := []struct{ name, body string }{
		{"as documented", legacy()},
		{"data a list", legacy("data", "[]")},
		{"data zero", legacy("data", "0")},
		{"data false", legacy("data", "false")},
		{"data a blank", legacy("data", `" "`)},
		{"time with offset and fraction", legacy("event-time", `"2030-01-01T10:00:00.123+02:00"`)},
		{"version with an alphanumeric among others", legacy("event-type-version", `"--1"`)},
		{"event type of any shape", legacy("event-type", `"Account.Root Created!"`)},
		{"unknown member", strings.Replace(legacy(), "{", `{"x":1,`, 1)},
		{"of 65536 bytes", legacy() + strings.Repeat(" ", 65536-len(legacy()))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := a.call(http.MethodPost, "/v1/events", tt.body, "Content-Type", "text/plain")
			want := `{"event-id":"` + eventID + `","status":"","reason":""}`
			if w.Code != http.StatusOK || w.Body.String() != want {
				t.Errorf("got %d %s, want 200 %s", w.Code, w.Body, want)
			}
		})
	}
	if got := a.accepted(btp.PointEventLegacy); len(got) != len(tests) || got[0] != "order.created v1 id "+eventID {
		t.Errorf("got %d events in the journal, the first %q", len(got), got)
	}
}

// Rule: event-legacy-checks
func TestPublishLegacyGeneratesID(t *testing.T) {
	a := newApplication(t)
	seen := map[string]bool{}
	for _, id := range []string{"", `""`, "null"} {
		w := a.call(http.MethodPost, "/v1/events", legacy("event-id", id))
		var got map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if uuid.Validate(got["event-id"]) != nil || seen[got["event-id"]] {
			t.Errorf("event-id %q: got %d %s, want a new UUID", id, w.Code, w.Body)
		}
		seen[got["event-id"]] = true
	}
}

// Rule: event-legacy-checks
func TestPublishLegacyErrors(t *testing.T) {
	const missing, invalid = "missing_field", "invalid_field"
	field := func(name, kind string) string {
		message := map[string]string{missing: "Missing field", invalid: "Invalid field"}[kind]
		return `{"status":400,"type":"validation_violation","message":"` + message +
			`","details":[{"field":"` + name + `","type":"` + kind + `","message":"` + message + `"}]}`
	}
	const syntax = `{"status":400,"type":"bad_payload_syntax","message":"Bad payload syntax","moreInfo":`
	tests := []struct {
		name, body string
		status     int
		want       string // a body that ends in ":" is a prefix
	}{
		{
			"too large", legacy() + strings.Repeat(" ", 65537-len(legacy())), 413,
			`{"status":413,"type":"request_body_too_large","message":"Request body too large","moreInfo":"http: request body too large"}`,
		},
		{
			"too large comes before not JSON", strings.Repeat("x", 65537), 413,
			`{"status":413,"type":"request_body_too_large","message":"Request body too large","moreInfo":"http: request body too large"}`,
		},
		{"empty", "", 400, syntax + `"Bad payload syntax"}`},
		{"not JSON", "{", 400, syntax + `"unexpected end of JSON input"}`},
		{"two values", legacy() + legacy(), 400, syntax},
		{"a list", "[]", 400, syntax},
		{"type a number", legacy("event-type", "1"), 400, syntax},
		{"null", "null", 400, field("event-type", missing)},
		{"no event-type", legacy("event-type", ""), 400, field("event-type", missing)},
		{"empty event-type", legacy("event-type", `""`), 400, field("event-type", missing)},
		{"no event-type-version", legacy("event-type-version", ""), 400, field("event-type-version", missing)},
		{"empty event-type-version", legacy("event-type-version", `""`), 400, field("event-type-version", missing)},
		{"event-type-version without an alphanumeric", legacy("event-type-version", `"-."`), 400, field("event-type-version", invalid)},
		{"no event-time", legacy("event-time", ""), 400, field("event-time", missing)},
		{"empty event-time", legacy("event-time", `""`), 400, field("event-time", missing)},
		{"event-time not RFC 3339", legacy("event-time", `"2030-01-01 10:00:00"`), 400, field("event-time", invalid)},
		{"event-id not a UUID", legacy("event-id", `"1"`), 400, field("event-id", invalid)},
		{"event-id a UUID of another form", legacy("event-id", `"{`+eventID+`}"`), 400, field("event-id", invalid)},
		{"event-id without hyphens", legacy("event-id", `"`+strings.ReplaceAll(eventID, "-", "")+`"`), 400, field("event-id", invalid)},
		{"no data", legacy("data", ""), 400, field("data", missing)},
		{"data null", legacy("data", "null"), 400, field("data", missing)},
		{"data empty", legacy("data", `""`), 400, field("data", missing)},
		{"the first failure wins: type", legacy("event-type", "", "event-type-version", "", "data", ""), 400, field("event-type", missing)},
		{"the first failure wins: version", legacy("event-type-version", `"-"`, "event-time", "", "event-id", `"1"`), 400, field("event-type-version", invalid)},
		{"the first failure wins: time", legacy("event-time", `"1"`, "event-id", `"1"`), 400, field("event-time", invalid)},
		{"the first failure wins: id", legacy("event-id", `"1"`, "data", ""), 400, field("event-id", invalid)},
	}
	a := newApplication(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := a.call(http.MethodPost, "/v1/events", tt.body, "Content-Type", "application/json")
			if w.Code != tt.status || !(w.Body.String() == tt.want || tt.want == syntax && strings.HasPrefix(w.Body.String(), syntax)) {
				t.Errorf("got %d %s\nwant %d %s", w.Code, w.Body, tt.status, tt.want)
			}
			reason := map[int]string{400: "event-invalid", 413: "event-too-large"}[tt.status]
			if got := w.Header().Get("Pairsim-Reason"); got != reason {
				t.Errorf("got reason %q, want %q", got, reason)
			}
		})
	}
	if got := a.accepted(btp.PointEventLegacy); len(got) != 0 {
		t.Errorf("got accepted events %q, want none", got)
	}
}

const cloudEventJSON = `{"specversion":"1.0","id":"e1","source":"/shop","type":"sap.kyma.custom.shop.order.created.v1","eventtypeversion":"v1","data":{"a":1}}`

func binaryHeaders(changes ...string) []string {
	return append([]string{
		"Content-Type", "application/json", "ce-specversion", "1.0", "ce-id", "e1", "ce-source", "/shop",
		"ce-type", "sap.kyma.custom.shop.order.created.v1", "ce-eventtypeversion", "v1",
	}, changes...)
}

// Rule: event-cloudevent
func TestPublishCloudEvent(t *testing.T) {
	a := newApplication(t)
	tests := []struct {
		name, body string
		headers    []string
	}{
		{"structured", cloudEventJSON, []string{"Content-Type", "application/cloudevents+json"}},
		{"structured with charset", cloudEventJSON, []string{"Content-Type", `Application/CloudEvents+JSON; charset="UTF-8"`}},
		{
			"structured with optional attributes", strings.Replace(cloudEventJSON, "{", `{"time":"2030-01-01T10:00:00Z","datacontenttype":"application/json","n":1,"b":true,"subject":null,`, 1),
			[]string{"Content-Type", "application/cloudevents+json"},
		},
		{"structured with data_base64", strings.Replace(cloudEventJSON, `"data":{"a":1}`, `"data":null,"data_base64":"AA=="`, 1), []string{"Content-Type", "application/cloudevents+json"}},
		{"binary", `{"a":1}`, binaryHeaders()},
		{"binary without body", "", binaryHeaders("Content-Type", "")},
		{"binary of another type", "\xff", binaryHeaders("Content-Type", "image/png")},
		{"binary, escaped", "1", binaryHeaders("ce-type", "sap.kyma.custom.shop.order%2Ecreated.v1")},
		{"of 65536 bytes", strings.Repeat("x", 65536), binaryHeaders()},
	}
	for _, path := range []string{"/events", "/v2/events"} {
		for _, tt := range tests {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				w := a.call(http.MethodPost, path, tt.body, tt.headers...)
				if w.Code != http.StatusNoContent || w.Body.Len() != 0 {
					t.Errorf("got %d %s, want 204 without body", w.Code, w.Body)
				}
			})
		}
	}
	got := a.accepted(btp.PointEventCloudEvent)
	for _, event := range got {
		if event != "sap.kyma.custom.shop.order.created.v1 v1 id e1" {
			t.Errorf("got event %q in the journal", event)
		}
	}
	if len(got) != 2*len(tests) {
		t.Errorf("got %d events in the journal, want %d", len(got), 2*len(tests))
	}
}

// Rule: event-cloudevent
func TestPublishCloudEventErrors(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(cloudEventJSON, old, new, 1) }
	structured := []string{"Content-Type", "application/cloudevents+json"}
	tests := []struct {
		name, body string
		headers    []string
		status     int
		want       string
	}{
		{"too large", strings.Repeat("x", 65537), structured, 413, "Request body too large"},
		{"empty", "", structured, 400, "body: "},
		{"not JSON", "{", structured, 400, "body: "},
		{"not an object", "[]", structured, 400, "body: "},
		{"not UTF-8", with("e1", "\xff"), structured, 400, "body: it is not UTF-8"},
		{"no specversion", with(`"specversion":"1.0",`, ""), structured, 400, "specversion: "},
		{"specversion 0.3", with("1.0", "0.3"), structured, 400, "specversion: "},
		{"specversion a number", with(`"1.0"`, "1.0"), structured, 400, `"specversion": it has the wrong type`},
		{"no id", with(`"id":"e1",`, ""), structured, 400, "id: "},
		{"id a number", with(`"e1"`, "1"), structured, 400, `"id": it has the wrong type`},
		{"empty source", with("/shop", ""), structured, 400, "source: "},
		{"source not a URI reference", with("/shop", "%zz"), structured, 400, "source: "},
		{"no type", with(`"type":`, `"kind":`), structured, 400, "type: "},
		{"null type", with(`"type":"sap.kyma.custom.shop.order.created.v1"`, `"type":null`), structured, 400, "type: "},
		{"names count their case", with(`"type"`, `"Type"`), structured, 400, "type: "},
		{"time not RFC 3339", with("{", `{"time":"today",`), structured, 400, "time: "},
		{"datacontenttype not a media type", with("{", `{"datacontenttype":"/",`), structured, 400, "datacontenttype: "},
		{"extension an object", with("{", `{"ext":{},`), structured, 400, `"ext": it has the wrong type`},
		{"extension with a name of the wrong form", with("{", `{"my-ext":"1",`), structured, 400, `"my-ext": names of attributes`},
		{"data twice", with("{", `{"data_base64":"AA==",`), structured, 400, "data_base64: "},
		{"batch", "[" + cloudEventJSON + "]", []string{"Content-Type", "application/cloudevents-batch+json"}, 400, "content type: "},
		{"another charset", cloudEventJSON, []string{"Content-Type", "application/cloudevents+json;charset=latin1"}, 400, "content type: "},
		{"content type of the wrong form", cloudEventJSON, []string{"Content-Type", "a/b/c"}, 400, "content type: "},
		{"structured body without its content type", cloudEventJSON, []string{"Content-Type", "application/json"}, 400, "specversion: "},
		{"binary without id", "1", binaryHeaders("ce-id", ""), 400, "id: "},
		{"binary not UTF-8", "1", binaryHeaders("ce-x", "%ff"), 400, `"x": it is not UTF-8`},
	}
	a := newApplication(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := a.call(http.MethodPost, "/events", tt.body, tt.headers...)
			if w.Code != tt.status || !strings.HasPrefix(w.Body.String(), tt.want) {
				t.Errorf("got %d %s, want %d %s…", w.Code, w.Body, tt.status, tt.want)
			}
			if ct := w.Header().Get("Content-Type"); ct != "text/plain; charset=utf-8" {
				t.Errorf("got content type %q, want plain text", ct)
			}
			reason := map[int]string{400: "event-invalid", 413: "event-too-large"}[tt.status]
			if got := w.Header().Get("Pairsim-Reason"); got != reason {
				t.Errorf("got reason %q, want %q", got, reason)
			}
		})
	}
	if diff := cmp.Diff([]string{}, a.accepted(btp.PointEventCloudEvent)); diff != "" {
		t.Errorf("accepted events (-want +got):\n%s", diff)
	}
}

// TestEventsAfterDeregistration: the certificate is good for nothing any more, on
// every path.
//
// Rule: deregister-revokes-all
func TestEventsAfterDeregistration(t *testing.T) {
	for edition, want := range map[string]struct {
		status int
		reason btp.Code
		text   string
	}{
		"v1": {403, btp.CertificateUnknown, ""}, "v2": {403, btp.CertificateRevoked, ""},
	} {
		t.Run(edition, func(t *testing.T) {
			a := newApplicationOf(t, edition)
			a.get("/v1/events/subscribed") // the first call makes it Registered
			if _, err := a.registry.Deregister(t.Context(), a.id); err != nil {
				t.Fatal(err)
			}
			refused(t, a.call(http.MethodPost, "/v1/events", legacy()), want.status, want.reason, want.text)
			for _, path := range []string{"/events", "/v2/events"} {
				refused(t, a.call(http.MethodPost, path, cloudEventJSON, "Content-Type", "application/cloudevents+json"), want.status, want.reason, want.text)
			}
			refused(t, a.call(http.MethodGet, "/v1/events/subscribed", ""), want.status, want.reason, want.text)
			for _, point := range []btp.Point{btp.PointEventLegacy, btp.PointEventCloudEvent} {
				if got := a.accepted(point); len(got) != 0 {
					t.Errorf("accepted events %q, want none", got)
				}
			}
		})
	}
}

// Rule: event-subscribed
func TestSubscribed(t *testing.T) {
	a := newApplication(t)
	w := a.call(http.MethodGet, "/v1/events/subscribed", "")
	if want := `{"eventsInfo":[]}`; w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("got %d %s, want 200 %s", w.Code, w.Body, want)
	}
}

// Rule: certificate-own-application
func TestValidatorSuite(t *testing.T) {
	a := newApplication(t)
	publish := func(app, path string) *http.Response {
		return a.send(http.MethodPost, "/"+app+path, cloudEventJSON, "Content-Type", "application/cloudevents+json").Result()
	}
	first := a.name
	t.Run("TestGoodCert", func(t *testing.T) {
		if got := publish(a.name, "/events").StatusCode; got != 204 {
			t.Errorf("got %d, want 204", got)
		}
	})
	t.Run("TestBadCert", func(t *testing.T) {
		a.pair("Second Shop", "SAP Commerce Cloud")
		for _, path := range []string{"/events", "/v2/events", "/v1/events"} {
			w := a.send(http.MethodPost, "/"+first+path, legacy())
			refused(t, w, 403, btp.CertificateNotForApp, "no valid subject found")
		}
	})
	t.Run("unknown application", func(t *testing.T) {
		refused(t, a.send(http.MethodPost, "/nobody/v1/events", legacy()), 404, btp.SystemNotFound,
			"while getting application ClientIds: nobody not found in the cache. Please retry")
	})
	t.Run("no certificate", func(t *testing.T) {
		a.chain = nil
		refused(t, a.call(http.MethodPost, "/v1/events", legacy()), 403, btp.CertificateMissing, "")
	})
}

// FuzzLegacyEvent: the answer is 200, 400 or 413, and JSON.
//
// Rule: event-legacy-checks
func FuzzLegacyEvent(f *testing.F) {
	for _, seed := range []string{legacy(), legacy("event-id", ""), legacy("data", `""`), "null", "", "[", `{"event-type":1}`, `{"Event-Type":"a"}`} {
		f.Add([]byte(seed))
	}
	a := newApplication(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		w := a.call(http.MethodPost, "/v1/events", string(body))
		if w.Code != 200 && w.Code != 400 && w.Code != 413 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if (w.Code == 200) != (w.Header().Get("Pairsim-Reason") == "") {
			t.Errorf("got %d with reason %q", w.Code, w.Header().Get("Pairsim-Reason"))
		}
	})
}

// FuzzCloudEvent: the answer is 204, 400 or 413, in both modes.
//
// Rule: event-cloudevent
func FuzzCloudEvent(f *testing.F) {
	f.Add("application/cloudevents+json", "", []byte(cloudEventJSON))
	f.Add("application/cloudevents+json; charset=utf-8", "", []byte(`{"specversion":"1.0","data_base64":""}`))
	f.Add("application/json", "sap.kyma.custom.shop.order.created.v1", []byte(`{}`))
	f.Add("application/cloudevents-batch+json", "", []byte(`[]`))
	f.Add(";;", "%zz\x00", []byte("\xff"))
	a := newApplication(f)
	f.Fuzz(func(t *testing.T, contentType, attribute string, body []byte) {
		w := a.call(http.MethodPost, "/events", string(body), "Content-Type", contentType,
			"ce-specversion", "1.0", "ce-id", attribute, "ce-source", attribute, "ce-type", attribute)
		if w.Code != 204 && w.Code != 400 && w.Code != 413 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		if (w.Code == 204) != (w.Header().Get("Pairsim-Reason") == "") {
			t.Errorf("got %d with reason %q", w.Code, w.Header().Get("Pairsim-Reason"))
		}
	})
}
