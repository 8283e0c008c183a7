package openapitest

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/openapi/conformance"
)

func TestDocument(t *testing.T) {
	for name, api := range map[string]*conformance.API{"registry": Registry, "control": Control} {
		if _, err := api.Document(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMiddlewareCatches proves that wrong answers are seen, and right ones are not.
func TestMiddlewareCatches(t *testing.T) {
	const (
		list    = "/api/v1/globalAccounts"
		system  = "/api/v1/systems/7"
		account = `{"id":"default","displayName":"Default","subdomain":"default"}`
		row     = `"id":"7","name":"x","type":"y","globalAccount":"g","edition":"v1","status":{"code":"pending","label":""},"applicationName":"mp-x","createdAt":"2030-01-01T10:00:00Z","updatedAt":"2030-01-01T10:00:00Z","discovery":{"mode":"manual","label":"Manually added"}`
		full    = `{` + row + `,"services":[],"certificates":[],"formations":[],"entitlements":[]}`
		gone    = `{"type":"urn:pairsim:problem:system-not-found","title":"No","status":404,"next":"n","source":"s"}`
		now     = "2030-01-01T10:00:00.000000000Z"
		json    = "application/json"
		refusal = "application/problem+json"
		noTime  = "-"
	)
	tests := []struct {
		name, method, path, media, time string
		status                          int
		body                            string
		want                            string // a part of the report, "" for none
	}{
		{"right", "GET", list, json, now, 200, `{"items":[` + account + `]}`, ""},
		{"right system", "GET", system, json, now, 200, full, ""},
		{"right refusal", "GET", system, refusal, now, 404, gone, ""},
		{"right not modified", "GET", system, "", now, 304, "", ""},
		{"right media type with a parameter", "GET", list, json + "; charset=utf-8", now, 200, `{"items":[]}`, ""},
		{"not of the API", "GET", "/tenants", json, noTime, 418, `x`, ""},
		{"no such path", "GET", "/api/v1/nothing", refusal, now, 404, strings.Replace(gone, "system", "route", 1), ""},

		{"undocumented status", "GET", list, json, now, 418, `{}`, "status is not documented"},
		{"undocumented path", "GET", "/api/v1/nothing", json, now, 200, `{}`, "path or method is not documented"},
		{"undocumented method", "PUT", list, json, now, 200, `{}`, "path or method is not documented"},
		{"header missing", "GET", list, json, noTime, 200, `{"items":[]}`, "Pairsim-Time"},
		{"header wrong", "GET", list, json, "2030-01-01T10:00:00Z", 200, `{"items":[]}`, "Pairsim-Time"},
		{"entity tag missing", "GET", "/api/v1/systems/8", json, now, 200, full, "ETag"},
		{"entity tag missing on 304", "GET", "/api/v1/systems/8", "", now, 304, "", "ETag"},
		{"member missing", "GET", list, json, now, 200, `{"items":[{"id":"default","displayName":"x"}]}`, "subdomain"},
		{"member too many", "GET", list, json, now, 200, `{"items":[],"more":1}`, "more"},
		{"member of another type", "GET", list, json, now, 200, `{"items":7}`, "items"},
		{"unevaluated member", "GET", system, json, now, 200, strings.Replace(full, `"services"`, `"secret":1,"services"`, 1), "secret"},
		{"enum", "GET", system, json, now, 200, strings.Replace(full, "pending", "lost", 1), "code"},
		{"date", "GET", system, json, now, 200, strings.Replace(full, "2030-01-01T10:00:00Z", "yesterday", 1), "createdAt"},
		{"no JSON", "GET", list, json, now, 200, `oops`, "body"},
		{"content type", "GET", list, "text/html", now, 200, `{"items":[]}`, "Content-Type"},
		{"refusal as JSON", "GET", system, json, now, 404, gone, "Content-Type"},
		{"refusal with another status", "GET", system, refusal, now, 404, strings.Replace(gone, "404", "410", 1), "no problem document of this status"},

		{"content type missing", "GET", list, "", now, 200, `{"items":[]}`, "Content-Type"},
		{"success as a refusal", "GET", list, refusal, now, 200, `{"items":[]}`, "Content-Type"},
		{"refusal with a parameter", "GET", system, refusal + "; charset=utf-8", now, 404, gone, "content type"},
		{"refusal without a header", "GET", system, refusal, noTime, 404, gone, "Pairsim-Time"},
		{"refusal without a member", "GET", system, refusal, now, 404, strings.Replace(gone, `"next":"n",`, "", 1), "next"},
		{"header wrong on 304", "GET", system, "", "2030-01-01T10:00:00Z", 304, "", "Pairsim-Time"},
		{"body on 304", "GET", system, json, now, 304, full, "none is documented"},
		{"no body", "GET", list, json, now, 200, ``, "body"},
		{"more after the body", "GET", list, json, now, 200, `{"items":[]}{"items":[]}`, "body"},
		{"wrong behind references", "GET", list, json, now, 200, `{"items":[{"id":"-","displayName":"x","subdomain":"x"}]}`, "$/items/0/id: pattern"},
		{"several wrong", "GET", list, json, now, 200, `{"items":7,"more":1}`, "$/items: type; $: additionalProperties more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			wrap, err := Registry.Middleware(func(err error) { got = append(got, err.Error()) })
			if err != nil {
				t.Fatal(err)
			}
			h := wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.media != "" {
					w.Header().Set("Content-Type", tt.media)
				}
				if tt.time != noTime {
					w.Header().Set("Pairsim-Time", tt.time)
				}
				if tt.path == system {
					w.Header().Set("ETag", `W/"00"`)
				}
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("passed on %d %s", w.Code, w.Body)
			}
			if reports := strings.Join(got, "\n"); (reports == "") != (tt.want == "") || !strings.Contains(reports, tt.want) {
				t.Errorf("got report %q, want %q", reports, tt.want)
			}
		})
	}
}

func TestReportsQuoteNoBody(t *testing.T) {
	const secret = "QkVHSU4"
	tests := []struct{ name, method, path, body string }{
		{"pattern", "POST", "/api/v1/systems/7/tokens", `{"token":"SECRET","tokenUrl":"SECRET","encoded":"-SECRET"}`},
		{"format, enum and type", "POST", "/api/v1/tokens/inspection", `{"now":"SECRET","state":"SECRET","accepted":"SECRET","system":{"name":["SECRET"]}}`},
		{"const", "GET", "/.well-known/jwks.json", `{"keys":[{"use":"SECRET"}]}`},
		{"no JSON", "POST", "/api/v1/systems/7/tokens", `SECRET`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			wrap, err := Registry.Middleware(func(err error) { got += err.Error() })
			if err != nil {
				t.Fatal(err)
			}
			h := wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("Pairsim-Time", "2030-01-01T10:00:00.000000000Z")
				if tt.path == "/api/v1/systems/7/tokens" {
					w.WriteHeader(http.StatusCreated)
				}
				_, _ = w.Write([]byte(strings.ReplaceAll(tt.body, "SECRET", secret)))
			}))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(tt.method, tt.path, nil))
			if !strings.Contains(got, "body") || strings.Contains(got, secret) {
				t.Errorf("got report %q, want one of the body that does not quote it", got)
			}
		})
	}
}

func BenchmarkMiddleware(b *testing.B) {
	wrap, err := Registry.Middleware(func(err error) { b.Error(err) })
	if err != nil {
		b.Fatal(err)
	}
	h := wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Pairsim-Time", "2030-01-01T10:00:00.000000000Z")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"type":"urn:pairsim:problem:system-not-found","title":"No","status":404,"next":"n","source":"s"}`))
	}))
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/v1/systems/7", nil))
	}
}

// TestControlMiddlewareCatches is about what the registry's document does not have:
// texts, sequences, and which codes an answer may have. It is about requests, too.
func TestControlMiddlewareCatches(t *testing.T) {
	const (
		clock   = `{"now":"2030-01-01T10:00:00Z","frozen":true}`
		entry   = `{"seq":1,"at":"2030-01-01T10:00:00Z","kind":"request"}`
		json    = "application/json"
		lines   = "application/x-ndjson"
		events  = "text/event-stream"
		refusal = "application/problem+json"
		backing = `{"type":"urn:pairsim:problem:clock-backwards","title":"No","status":409,"next":"n","source":"s"}`
	)
	tests := []struct {
		name, method, path, sent, media string
		status                          int
		body, want                      string
	}{
		{"right", "POST", "/control/clock", `{"advance":"10m"}`, json, 200, clock, ""},
		{"right refusal", "POST", "/control/clock", `{"advance":"-10m"}`, refusal, 409, backing, ""},
		{"right refusal of a wrong request", "POST", "/control/clock?x=1", `{"stop":true}`, refusal, 400, strings.NewReplacer("clock-backwards", "invalid-request", "409", "400").Replace(backing), ""},
		{"right lines", "GET", "/control/journal?format=ndjson", "", lines, 200, entry + "\n" + entry + "\n", ""},
		{"no lines", "GET", "/control/journal?format=ndjson", "", lines, 200, "", ""},
		{"right events", "GET", "/control/journal", "", events, 200, "id: 1\ndata: " + entry + "\n\n: still here\n\n", ""},
		{"right picture", "GET", "/control/journal", "", "image/svg+xml", 200, "<svg ></svg>\n", ""},
		{"not of control", "GET", "/api/v1/systems", "", json, 418, `x`, ""},

		{"request with an unknown member", "POST", "/control/clock", `{"stop":true}`, json, 200, clock, "the request was accepted, and the body goes against its schema: $: additionalProperties stop"},
		{"request without JSON", "POST", "/control/clock", `stop`, json, 200, clock, "the request was accepted, and the body is no JSON"},
		{"unknown parameter", "GET", "/control/clock?zone=CET", "", json, 200, clock, `the query parameter "zone" was accepted`},
		{"wrong line", "GET", "/control/journal", "", lines, 200, entry + "\n{}\n", "item 1 of the body goes against its schema"},
		{"line that is cut", "GET", "/control/journal", "", lines, 200, entry[:20], "item 0 of the body is no JSON"},
		{"wrong event", "GET", "/control/journal", "", events, 200, "id: 1\ndata: {}\n\n", "item 0 of the body goes against its schema"},
		{"no picture", "GET", "/control/journal", "", "image/svg+xml", 200, "<html>", "the body goes against its schema: $: pattern"},
		{"code of another call", "POST", "/control/clock", `{"set":"x"}`, refusal, 409, strings.Replace(backing, "clock-backwards", "name-taken", 1), "$/type: enum"},
		{"code of another status", "POST", "/control/clock", `{"set":"x"}`, refusal, 400, strings.Replace(backing, "409", "400", 1), "$/type: enum"},
		{"undocumented path", "GET", "/control/nothing", "", json, 200, `{}`, "path or method is not documented"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			wrap, err := Control.Middleware(func(err error) { got = append(got, err.Error()) })
			if err != nil {
				t.Fatal(err)
			}
			h := wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if sent, err := io.ReadAll(r.Body); err != nil || string(sent) != tt.sent {
					t.Errorf("passed on the request %q, %v", sent, err)
				}
				w.Header().Set("Content-Type", tt.media)
				w.Header().Set("Pairsim-Time", "2030-01-01T10:00:00.000000000Z")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.sent)))
			if reports := strings.Join(got, "\n"); (reports == "") != (tt.want == "") || !strings.Contains(reports, tt.want) {
				t.Errorf("got report %q, want %q", reports, tt.want)
			}
		})
	}
}

// TestEventBusMiddlewareCatches is about what only the event bus has: names with a
// slash in one segment, messages of any type, refusals that are documented as default.
func TestEventBusMiddlewareCatches(t *testing.T) {
	const (
		queue   = "/hub/rest/api/v1/management/messaging/queues/a%2Fb%2Fc%2Finbox"
		consume = "/messagingrest/v1/queues/a%2Fb%2Fc%2Finbox/messages/consumption"
		json    = "application/json"
		topic   = `{"topicPattern":"a/b/c/*"}`
	)
	tests := []struct {
		name, method, path, media string
		headers                   http.Header
		status                    int
		body, want                string
	}{
		{"right", "PUT", queue + "/subscriptions/a%2Fb%2Fc%2F%2A", json, nil, 201, topic, ""},
		{"right message", "POST", consume, "text/plain", http.Header{"X-Message-Id": {"1"}}, 200, "anything", ""},
		{"right refusal by default", "POST", consume, json, http.Header{"Pairsim-Reason": {"internal"}}, 500, `{"message":"No"}`, ""},
		{"right refusal of a method", "PATCH", queue, json, http.Header{"Pairsim-Reason": {"method-not-allowed"}}, 405, `{"message":"No"}`, ""},
		{"wrong member", "PUT", queue + "/subscriptions/a%2Fb%2Fc%2F%2A", json, nil, 201, `{"topicPattern":7}`, "$/topicPattern: type"},
		{"message without its id", "POST", consume, "text/plain", nil, 200, "anything", "header x-message-id is missing"},
		{"refusal without a code", "POST", consume, json, nil, 500, `{"message":"No"}`, "header Pairsim-Reason is missing"},
		{"refusal with more", "POST", consume, json, http.Header{"Pairsim-Reason": {"internal"}}, 500, `{"message":"No","more":1}`, "more"},
		{"undocumented success", "POST", consume, json, nil, 202, topic, "the status is not documented"},
		{"undocumented method that is served", "PATCH", queue, json, nil, 200, topic, "path or method is not documented"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			wrap, err := EventBus.Middleware(func(err error) { got = append(got, err.Error()) })
			if err != nil {
				t.Fatal(err)
			}
			h := wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				maps.Copy(w.Header(), tt.headers)
				w.Header().Set("Content-Type", tt.media)
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(tt.method, tt.path, nil))
			if reports := strings.Join(got, "\n"); (reports == "") != (tt.want == "") || !strings.Contains(reports, tt.want) {
				t.Errorf("got report %q, want %q", reports, tt.want)
			}
		})
	}
}
