package tenant

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/problem"
)

func call(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHTTPStory(t *testing.T) {
	f := newFake(t)
	var log bytes.Buffer
	tenant := newTenant(t, f, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	h := handlerOf(t, tenant)
	token := f.token(nil)
	var seen strings.Builder
	do := func(method, path, body string, want int, header ...string) *httptest.ResponseRecorder {
		t.Helper()
		w := call(h, method, path, body, header...)
		if w.Code != want {
			t.Fatalf("%s %s: got %d %s, want %d", method, path, w.Code, w.Body, want)
		}
		seen.WriteString(w.Body.String())
		return w
	}

	console := `"product":"SAP Commerce Cloud","console":{"path":"Backoffice","row":"destination target","field":"Token URL","disable":"Disable","enable":"Enable","delete":"Delete"}`
	want := `{"items":[{"id":"commerce",` + console + `,"connection":null}]}`
	if got := do("GET", "/tenants", "", 200).Body.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w := do("POST", "/tenants/commerce/pairings", `{"token":"`+token+`","description":"mine"}`, 201, "Prefer", "respond-async, wait=30")
	if got := w.Header().Get("Location"); got != "/tenants/commerce/pairings/1" {
		t.Errorf("Location: got %q", got)
	}
	var p Pairing
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status.Code != Registered || p.Description != "mine" || len(p.Calls) != 10 {
		t.Errorf("got %s, %v, want a registered row", w.Body, err)
	}
	do("GET", "/tenants/commerce/pairings/1", "", 200)
	do("GET", "/tenants/commerce/pairings", "", 200)
	do("POST", "/tenants/commerce/renewal", "", 200)
	if got := do("POST", "/tenants/commerce/revocation", "", 200).Body.String(); !strings.Contains(got, `"serial":"abc2"`) || !strings.Contains(got, `"revoked":true`) {
		t.Errorf("tenant after revocation: got %s", got)
	}
	do("POST", "/tenants/commerce/events", `{"type":"order.created","version":"v1","data":{"orderCode":"1"}}`, 202)
	if got := do("POST", "/tenants/commerce/pairings/1/disablement", "", 200).Body.String(); !strings.Contains(got, `"status":{"code":"disabled","label":"Disabled"}`) {
		t.Errorf("disabled: got %s", got)
	}
	if got := do("GET", "/tenants/commerce", "", 200).Body.String(); !strings.Contains(got, `"connection":{"pairing":"1","status":{"code":"disabled","label":"Disabled"},"systemId":"sys-1"`) {
		t.Errorf("tenant with a disabled row: got %s", got)
	}
	do("POST", "/tenants/commerce/events", `{"type":"order.created","version":"v1","data":{}}`, 409)
	do("POST", "/tenants/commerce/pairings/1/disablement", "", 409)
	do("POST", "/tenants/commerce/pairings/1/enablement", "", 200)
	if w := do("GET", "/tenants/commerce/specifications/odata", "", 200); w.Header().Get("Content-Type") != "application/xml" || w.Body.String() != "<x/>" {
		t.Errorf("specification: got %s %s", w.Header().Get("Content-Type"), w.Body)
	}

	tenant.mu.Lock()
	secrets := []string{token, "follow-up", base64.StdEncoding.EncodeToString(tenant.connected().Connection.Key)}
	for _, c := range tenant.state.Credentials {
		secrets = append(secrets, c.Secret)
	}
	tenant.mu.Unlock()
	if got := do("DELETE", "/tenants/commerce/pairings/1", "", 204).Body.Len(); got != 0 {
		t.Errorf("deleted with %d bytes", got)
	}
	do("GET", "/tenants/commerce/pairings/1", "", 404)
	for _, secret := range secrets {
		if strings.Contains(seen.String()+log.String(), secret) {
			t.Errorf("an answer or the log holds a secret: %.10s…", secret)
		}
	}
}

func TestHTTPProblems(t *testing.T) {
	f := newFake(t)
	h := handlerOf(t, newTenant(t, f, nil))
	tests := []struct {
		method, path, body string
		header             []string
		status             int
		code               Code
	}{
		{"GET", "/tenants/none", "", nil, 404, tenantNotFound},
		{"POST", "/tenants/none/pairings", `{"token":"x"}`, nil, 404, tenantNotFound},
		{"GET", "/nowhere", "", nil, 404, routeNotFound},
		{"DELETE", "/tenants/commerce", "", nil, 405, methodNotAllowed},
		{"GET", "/tenants/commerce/pairings/9", "", nil, 404, pairingNotFound},
		{"DELETE", "/tenants/commerce/pairings/9", "", nil, 404, pairingNotFound},
		{"POST", "/tenants/commerce/pairings/9/disablement", "", nil, 404, pairingNotFound},
		{"POST", "/tenants/commerce/pairings/9/enablement", "", nil, 404, pairingNotFound},
		{"GET", "/tenants/commerce/pairings/9/enablement", "", nil, 405, methodNotAllowed},
		{"POST", "/tenants/none/callback/deregistration", `{"systemId":"x"}`, nil, 404, tenantNotFound},
		{"POST", "/tenants/commerce/callback/deregistration", `{"systemId":"x"}`, nil, 401, noticeInvalid},
		{"GET", "/tenants/commerce/specifications/x", "", nil, 404, specificationNotFound},
		{"POST", "/tenants/commerce/pairings", `{}`, nil, 400, invalidRequest},
		{"POST", "/tenants/commerce/pairings", `null`, nil, 400, invalidRequest},
		{"POST", "/tenants/commerce/pairings", `{"token":1}`, nil, 400, invalidRequest},
		{"POST", "/tenants/commerce/pairings", `{"token":"a"} {}`, nil, 400, invalidRequest},
		{"POST", "/tenants/commerce/pairings", `{"tokn":"a"}`, nil, 400, invalidRequest},
		{"POST", "/tenants/commerce/pairings", `{"token":"a","description":"` + strings.Repeat("d", 300) + `"}`, nil, 400, invalidRequest},
		{"POST", "/tenants/commerce/pairings", `{"token":"` + strings.Repeat("a", 70_000) + `"}`, nil, 413, bodyTooLarge},
		{"POST", "/tenants/commerce/pairings", `{"token":"a"}`, []string{"Content-Type", "text/plain"}, 415, unsupportedMediaType},
		{"POST", "/tenants/commerce/events", `{"type":"x","version":"v1","data":{}}`, nil, 400, eventUnknown},
		{"POST", "/tenants/commerce/events", `{"type":"order.created","version":"v1","data":{}}`, nil, 409, tenantNotPaired},
		{"POST", "/tenants/commerce/renewal", "", nil, 409, tenantNotPaired},
		{"POST", "/tenants/commerce/revocation", "", nil, 409, tenantNotPaired},
	}
	for _, tt := range tests {
		w := call(h, tt.method, tt.path, tt.body, tt.header...)
		var p problem.Document
		_ = json.Unmarshal(w.Body.Bytes(), &p)
		if w.Code != tt.status || p.Status != tt.status || p.Type != problem.TypePrefix+string(tt.code) || p.Title == "" || p.Source != "pairsim" ||
			w.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s %s %.40s: got %d %s, want %d %s", tt.method, tt.path, tt.body, w.Code, w.Body, tt.status, tt.code)
		}
	}
}

// Every call with a body holds it against its shape before it looks at anything of it, and
// changes nothing.
//
// Rule: input-refused-precisely
func TestBodiesOfAnotherShape(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tenant := paired(t, f, nil)
	h := handlerOf(t, tenant)
	made := arrange(t, tenant, f, "m-1", messagingArrangement(f))
	topics := arrangements + made.ID + "/topics"
	read := func() (seen string) {
		for _, path := range []string{"/tenants/commerce", "/tenants/commerce/pairings", scenarios, arrangements + made.ID, topics, users} {
			seen += call(h, "GET", path, "").Body.String()
		}
		return seen
	}
	before := read()
	for _, tt := range []struct {
		method, path, body, detail string
		header                     []string
	}{
		{"POST", "/tenants/commerce/pairings", `{"Token":"a"}`, `$ has an unknown field "Token"; fields are token, description`, nil},
		{"POST", "/tenants/commerce/pairings", `{"token":"a","token":"a"}`, "$.token stands there twice", nil},
		{"POST", "/tenants/commerce/pairings", `{"token":"a","description":null}`, "$.description is null; it must be a string", nil},
		{"POST", "/tenants/commerce/pairings", `{"token":"a"} {}`, "there is something behind the JSON object, at byte 16", nil},
		{"POST", "/tenants/commerce/pairings", "{\"token\":\"\xff\"}", "the body is not UTF-8", nil},
		{"POST", "/tenants/commerce/events", `{"TYPE":"order.created"}`, `$ has an unknown field "TYPE"; fields are type, version, data`, nil},
		{"POST", "/tenants/commerce/events", `{"type":"order.created","version":"v1","data":1,"data":2}`, "$.data stands there twice", nil},
		{"POST", "/tenants/commerce/events", `{"type":null,"version":"v1","data":{}}`, "$.type is null; it must be a string", nil},
		{"POST", "/tenants/commerce/events", "{\"type\":\"order.created\",\"version\":\"v1\",\"data\":\"\xff\"}", "the body is not UTF-8", nil},
		{"POST", scenarios, `{"ID":"YY1_A"}`, `$ has an unknown field "ID"; fields are id, name, inboundAuthentication, outboundAuthentication, inboundServices, outboundServices`, nil},
		{"POST", scenarios, `{"id":"YY1_A","inboundServices":[{"api":"a","api":"b"}]}`, "$.inboundServices[0].api stands there twice", nil},
		{"POST", scenarios, `{"id":"YY1_A","outboundServices":[{"objects":null}]}`, "$.outboundServices[0].objects is null; it must be a list", nil},
		{"POST", scenarios, `{"id":"YY1_A","inboundAuthentication":["BasicAuthentication",null]}`, "$.inboundAuthentication[1] is null; it must be a string", nil},
		{"POST", topics, `{"topic":"sap/s4/beh/*","topic":"sap/s4/beh/*"}`, "$.topic stands there twice", nil},
		{"POST", topics, `{"Topic":"sap/s4/beh/*"}`, `$ has an unknown field "Topic"; fields are topic`, nil},
		{"PUT", users, `{"Items":[]}`, `$ has an unknown field "Items"; fields are items`, nil},
		{"PUT", users, `{"items":["ann@harbour.test"],"items":[]}`, "$.items stands there twice", nil},
		{"PUT", users, `{"items":[]}]`, "there is something behind the JSON object, at byte 13", nil},
		{"PUT", wireA + "m-2", `{"systemId":"sys-1","systemId":"sys-1"}`, "$.systemId stands there twice", f.signedCall(nil)},
		{"PUT", wireA + "m-2", `{"systemId":"sys-1","samlTrust":null}`, "$.samlTrust is null; it must be an object", f.signedCall(nil)},
		{
			"PUT", wireA + "m-2", `{"communicationArrangement":{"outboundServices":[{"isServiceActive":null}]}}`,
			"$.communicationArrangement.outboundServices[0].isServiceActive is null; it must be true or false", f.signedCall(nil),
		},
		{"DELETE", wireA + "m-1", `{"systemID":"sys-1"}`, `$ has an unknown field "systemID"; fields are systemId`, f.signedCall(nil)},
		{"POST", callback, `{"systemId":"sys-1","releaseToken":null}`, "$.releaseToken is null; it must be a string", []string{"Authorization", "Bearer " + f.notice(nil)}},
		{"POST", callback, `{"systemid":"sys-1"}`, `$ has an unknown field "systemid"; fields are systemId, releaseToken`, []string{"Authorization", "Bearer " + f.notice(nil)}},
	} {
		name := tt.method + " " + tt.path + " " + tt.body
		if doc := wantProblem(t, call(h, tt.method, tt.path, tt.body, tt.header...), invalidRequest, name); doc.Detail != tt.detail {
			t.Errorf("%s: got %q, want %q", name, doc.Detail, tt.detail)
		}
	}
	if after := read(); after != before {
		t.Errorf("refusals have changed\n%s\nto\n%s", before, after)
	}
}

type breaksOff struct{}

func (breaksOff) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// Rule: input-refused-precisely
func TestBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/tenants/commerce/pairings", breaksOff{})
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	Handler(newTenant(t, newFake(t), nil)).ServeHTTP(w, r)
	if doc := wantProblem(t, w, invalidRequest, "a body that breaks off"); doc.Detail != "the body broke off" {
		t.Errorf("got %q", doc.Detail)
	}
}

func TestSecondPairingIsAConflict(t *testing.T) {
	f := newFake(t)
	hold := make(chan struct{})
	f.held["GET /v1/applications/signingRequests/info"] = hold
	defer close(hold)
	h := handlerOf(t, newTenant(t, f, nil))
	body := `{"token":"` + f.token(nil) + `"}`
	if w := call(h, "POST", "/tenants/commerce/pairings", body); w.Code != 201 || !strings.Contains(w.Body.String(), `"code":"inProgress","label":"In Progress"`) {
		t.Errorf("first: got %d %s", w.Code, w.Body)
	}
	if w := call(h, "POST", "/tenants/commerce/pairings", body); w.Code != 409 || !strings.Contains(w.Body.String(), "pairing-in-progress") {
		t.Errorf("second: got %d %s", w.Code, w.Body)
	}
}

func TestPreferredWait(t *testing.T) {
	tests := map[string]int{"wait=5": 5, "respond-async, WAIT=\"7\"": 7, "wait=600": 60, "wait=-1": 0, "wait": 0, "wait=x": 0, "": 0}
	for header, want := range tests {
		if got := preferredWait([]string{header}); got != want {
			t.Errorf("%q: got %d, want %d", header, got, want)
		}
	}
}

// Every code has a paragraph in docs/problems.md, under its status.
func TestEveryCodeIsDescribed(t *testing.T) {
	doc, err := os.ReadFile("../../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string]Code{}
	for code, row := range problems {
		if heading := fmt.Sprintf("\n### `%s` · %d\n\n", code, row.status); !strings.Contains(string(doc), heading) {
			t.Errorf("docs/problems.md has no paragraph %q", strings.TrimSpace(heading))
		}
		if other, taken := titles[row.title]; taken {
			t.Errorf("codes %s and %s have the same title %q", code, other, row.title)
		}
		titles[row.title] = code
	}
}
