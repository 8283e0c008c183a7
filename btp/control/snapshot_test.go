package control_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/snapshot"
)

// Rule: snapshot-restores-all
func TestSnapshotCalls(t *testing.T) {
	t.Parallel()
	h, _ := newControl(t)
	ask := func(method, path, mediaType, body string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		if mediaType != "" {
			req.Header.Set("Content-Type", mediaType)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w
	}
	document := ask("GET", "/control/snapshot", "", "").Body.String()
	for _, test := range []struct {
		method, path, mediaType, body string
		status                        int
		says                          string
	}{
		{"GET", "/control/snapshot", "", "", 200, `"schema": "urn:pairsim:snapshot:1"`},
		{"GET", "/control/snapshot?secrets=include", "", "", 200, "PRIVATE KEY"},
		{"GET", "/control/snapshot?secrets=omit", "", "", 200, `"secret": null`},
		{"GET", "/control/snapshot?secrets=some", "", "", 400, "include or omit"},
		{"GET", "/control/snapshot?x=1", "", "", 400, "unknown query parameter"},
		{"GET", "/control/snapshot/schema", "", "", 200, "json-schema.org"},
		{"PUT", "/control/snapshot", "application/json", document, 204, ""},
		{"PUT", "/control/snapshot", "", document, 204, ""},
		{"PUT", "/control/snapshot", "text/plain", document, 415, "unsupported-media-type"},
		{"PUT", "/control/snapshot?force=true", "", document, 400, "invalid-request"},
		{"PUT", "/control/snapshot", "", "", 422, `"findings":[{"path":"$","problem":"it breaks off at byte 0"}]`},
		{"PUT", "/control/snapshot", "", strings.Replace(document, `"eu10"`, `"moon"`, 1), 422, `"path":"$.subaccounts[0].region"`},
		{"PUT", "/control/snapshot", "", strings.Replace(document, `"edition": "v1"`, `"edition": "v2"`, 1), 409, "edition-mismatch"},
		{"PUT", "/control/snapshot", "", strings.Repeat(" ", snapshot.MaxSize+1), 413, "body-too-large"},
		{"POST", "/control/snapshot", "", document, 405, "method-not-allowed"},
		{"POST", "/control/reset", "", "", 204, ""},
		{"POST", "/control/reset", "application/json", "{}", 204, ""},
		{"POST", "/control/reset", "application/json", `{"seed":1}`, 400, "invalid-request"},
	} {
		got := ask(test.method, test.path, test.mediaType, test.body)
		if got.Code != test.status || !strings.Contains(got.Body.String(), test.says) {
			text := got.Body.String()
			t.Errorf("%s %s: got %d %.400s, want %d with %q", test.method, test.path, got.Code, text, test.status, test.says)
		}
	}
}
