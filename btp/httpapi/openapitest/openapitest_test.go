package openapitest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	if _, err := Document(); err != nil {
		t.Fatal(err)
	}
}

// TestMiddlewareCatches proves that wrong answers are seen, and right ones are not.
func TestMiddlewareCatches(t *testing.T) {
	const (
		list    = "/api/v1/globalAccounts"
		system  = "/api/v1/systems/7"
		account = `{"id":"default","displayName":"Default","subdomain":"default"}`
		row     = `"id":"7","name":"x","type":"y","globalAccount":"g","edition":"v1","status":{"code":"pending","label":""},"applicationName":"mp-x","createdAt":"2030-01-01T10:00:00Z","updatedAt":"2030-01-01T10:00:00Z"`
		full    = `{` + row + `,"services":[],"certificates":[]}`
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
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			wrap, err := Middleware(func(err error) { got = append(got, err.Error()) })
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

func BenchmarkMiddleware(b *testing.B) {
	wrap, err := Middleware(func(err error) { b.Error(err) })
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
