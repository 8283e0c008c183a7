package problem

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	tests := []struct {
		name   string
		doc    Document
		status int
		body   string
	}{
		{
			"full",
			Document{Type: TypePrefix + "in-use", Title: "In use", Status: 409, Detail: "a > b", Instance: "/x", Next: "leave", Source: "domain §7.5"},
			409,
			`{"type":"urn:pairsim:problem:in-use","title":"In use","status":409,"detail":"a > b","instance":"/x","next":"leave","source":"domain §7.5"}` + "\n",
		},
		{
			"untyped, no error status",
			Document{Title: "Odd", Status: 200},
			500,
			`{"type":"about:blank","title":"Odd","status":500}` + "\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			Write(w, tt.doc)
			if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Content-Type") != ContentType {
				t.Errorf("got %d %s %s, want %d %s", w.Code, w.Header().Get("Content-Type"), w.Body, tt.status, tt.body)
			}
		})
	}
}

func TestPathTellsNoToken(t *testing.T) {
	secret := strings.Repeat("s", 88)
	for path, want := range map[string]string{
		"/api/v1/systems/0b9c6d1e-0000-8000-8000-000000000000": "/api/v1/systems/0b9c6d1e-0000-8000-8000-000000000000",
		"/v1/applications/certificates?token=" + secret:        "/v1/applications/certificates",
		"/api/v1/systems/" + secret:                            "/api/v1/systems/…",
		"/" + secret + "/v1/events":                            "/…/v1/events",
		strings.Repeat("/a", 50):                               strings.Repeat("/a", 11) + "/…",
		"/a\xffb":                                              "/a?b",
		"":                                                     "",
	} {
		if got := Path(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}
