package control_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
)

// TestJournalFilters reads the story of filled: 1 registered and 2 its token, 3
// refused, 4 a request, 5 the token's expiry.
func TestJournalFilters(t *testing.T) {
	h, registry, shop := filled(t)
	registry.Journal().Append(btp.Entry{At: start.Add(time.Hour), Kind: btp.EntryCall, Request: 9, Point: btp.PointDeregisterTell, Method: "POST", Path: "/callback/deregistration", Status: 204})
	for query, want := range map[string]string{
		"system=Web+Shop":           "1 2 5",
		"system=" + string(shop):    "1 2 5",
		"system=nobody":             "",
		"tenant=commerce":           "4",
		"formation=none":            "",
		"point=token.*":             "2",
		"point=*":                   "1 2 3 4 5 6",
		"rule=name-taken":           "3",
		"rule=token-expired":        "5",
		"source=e9d975a.md":         "3",
		"method=get":                "4",
		"path=/api/v1/systems/*":    "4",
		"path=/api/v1":              "",
		"pathPrefix=/api/v1":        "4",
		"status=404":                "4",
		"status=4xx":                "4",
		"status=2xx":                "6",
		"request=9":                 "6",
		"kind=call":                 "6",
		"from=2030-01-01T10:10:00Z": "5 6",
		"to=2030-01-01T10:10:00Z":   "1 2 3 4",
		"from=2030-01-01T11:00:00%2B01:00&to=2030-01-01T10:00:00.1Z": "1 2 3 4",
		"kind=decision&point=system.*":                               "1",
	} {
		w := call(h, "GET", "/control/journal?format=ndjson&"+query, "")
		var seqs []string
		for line := range strings.Lines(w.Body.String()) {
			var e struct{ Seq uint64 }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%s: %s", query, w.Body)
			}
			seqs = append(seqs, fmt.Sprint(e.Seq))
		}
		if got := strings.Join(seqs, " "); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	for query, want := range map[string]string{
		"kind=rumour": "there is no kind", "point=dance": "there is no point", "point=dance.*": "there is no point", "status=20": "status is",
		"from=yesterday": "from is \"yesterday\"; it must be an instant", "to=1": "to is", "request=x": "request is \"x\"; it must be a number",
		"after=-1": "after is", "path=v1": "a path begins with /", "format=png": "there is no format \"png\"; formats are json, events, ndjson, mermaid, svg",
		"limit=0": "limit", "color=red": "unknown query parameter", "from=2031-01-01T00:00:00Z&to=2030-01-01T00:00:00Z": "must be later",
		"system=" + strings.Repeat("s", 600): "system has 600 bytes",
	} {
		w := call(h, "GET", "/control/journal?"+query, "")
		if code := codeOf(t, w); w.Code != 400 || code != "invalid-request" || !strings.Contains(w.Body.String(), strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%s: got %d %s, want %q", query, w.Code, w.Body, want)
		}
	}
}

// Rule: journal-drawn
func TestJournalAsDiagrams(t *testing.T) {
	h, registry, shop := filled(t)
	// The clock was moved by a request, which is about no system.
	registry.Journal().Append(btp.Entry{At: start, Kind: btp.EntryDue, Request: 3, About: btp.Reference{System: shop}, Point: btp.PointTokenExpiry},
		btp.Entry{At: start, Kind: btp.EntryRequest, Request: 3, Method: "POST", Path: "/control/clock", Status: 200},
		btp.Entry{At: start, Kind: btp.EntryRequest, Request: 4, Method: "POST", Path: "/control/clock", Status: 200})
	ask := func(query string, header ...string) *httptest.ResponseRecorder {
		return call(h, "GET", "/control/journal?"+query, "", header...)
	}
	text := ask("system="+url.QueryEscape(string(shop)), "Accept", "text/vnd.mermaid").Body.String()
	if strings.Count(text, "P0->>P1: POST /control/clock") != 1 || !strings.Contains(text, "as Control") {
		t.Errorf("got\n%s\nwant the request that moved the clock, once", text)
	}
	if same := ask("format=mermaid&system=Web+Shop").Body.String(); strings.Contains(same, "more happened") || !strings.Contains(same, "Register System") {
		t.Errorf("by name: got\n%s", same)
	}
	if part := ask("format=mermaid&limit=1").Body.String(); !strings.Contains(part, "more happened behind entry 1") {
		t.Errorf("one entry: got\n%s", part)
	}
	if none := ask("format=mermaid&system=nobody").Body.String(); !strings.Contains(none, "nothing happened") {
		t.Errorf("nobody: got\n%s", none)
	}
	for query, accept := range map[string]string{"format=svg": "", "": "text/html;q=0.1, image/svg+xml"} {
		w := ask(query, "Accept", accept)
		if err := xml.Unmarshal(w.Body.Bytes(), new(struct {
			XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		})); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		if w.Header().Get("Content-Type") != "image/svg+xml" || w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: got headers %v", query, w.Header())
		}
	}
}

// The parts of a diagram name the entries that they were drawn from.
func TestJournalAsPartsOfADiagram(t *testing.T) {
	h, _, _ := filled(t)
	var parts struct {
		Participants []string
		Steps        []struct {
			Kind     string
			From, To int
			Lines    []string
			Seq      uint64
		}
	}
	w := call(h, "GET", "/control/journal?format=diagram", "")
	if err := json.Unmarshal(w.Body.Bytes(), &parts); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, s := range parts.Steps {
		kinds[s.Kind]++
		if s.Seq == 0 || len(s.Lines) == 0 || s.From >= len(parts.Participants) || s.To >= len(parts.Participants) {
			t.Errorf("got %+v among %v", s, parts.Participants)
		}
	}
	if kinds["request"] != 1 || kinds["failure"] != 1 || kinds["note"] == 0 || kinds["due"] != 1 || w.Header().Get("Content-Type") != "application/vnd.pairsim.diagram+json" {
		t.Errorf("got %v as %s:\n%s", kinds, w.Header().Get("Content-Type"), w.Body)
	}
}

// Rule: journal-verification
func TestVerifications(t *testing.T) {
	h, _, shop := filled(t)
	w := call(h, "POST", "/control/verifications", `{"match":{"method":"GET","path":"/api/v1/systems/8","status":"404"},"exactly":1}`)
	golden(t, "verification.json", indent(t, w.Body.Bytes()))
	for body, want := range map[string]string{
		`{"match":{}}`:             "true 1 [4]",
		`{"match":{},"exactly":2}`: "false 1 [4]",
		`{"match":{"kind":"decision","system":"Web Shop"},"exactly":2}`:                                        "true 2 [1 2]",
		`{"match":{"kind":"decision"},"atLeast":1,"atMost":2}`:                                                 "true 2 [1 2]",
		`{"match":{"kind":"decision"},"after":1,"exactly":1}`:                                                  "true 1 [2]",
		`{"match":{"kind":"due","from":"2030-01-01T10:10:00Z"}}`:                                               "true 1 [5]",
		`{"match":{"kind":"due"},"to":"2030-01-01T10:10:00Z","exactly":0}`:                                     "true 0 []",
		`{"match":{"kind":"decision","request":1},"exactly":0}`:                                                "true 0 []",
		`{"inOrder":[{"match":{"kind":"decision"}},{"match":{}},{"match":{"kind":"due"}}]}`:                    "true 3 [1 4 5]",
		`{"inOrder":[{"match":{"kind":"due"}},{"match":{"kind":"decision","system":"` + string(shop) + `"}}]}`: "false 1 [5]",
	} {
		var r struct {
			Met      bool
			Found    int
			Complete bool
			Entries  []uint64
		}
		w := call(h, "POST", "/control/verifications", body)
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != 200 || !r.Complete {
			t.Fatalf("%s: %d %s", body, w.Code, w.Body)
		}
		if got := fmt.Sprint(r.Met, r.Found, r.Entries); got != strings.Replace(want, " ", " ", 1) {
			t.Errorf("%s: got %s, want %s", body, got, want)
		}
	}
}

// Rule: journal-verification
func TestVerificationsThatCannotBe(t *testing.T) {
	h, registry, _ := filled(t)
	_, before := registry.Journal().Span()
	for body, want := range map[string]string{
		``:                                    "the body is empty",
		`{}`:                                  "neither match nor inOrder",
		`{"match":{"colour":"red"}}`:          `unknown field "colour"; fields are kind, system`,
		`{"match":{"status":404}}`:            "$.match.status is a number; it must be a string",
		`{"match":{"status":"ok"}}`:           `status is "ok"`,
		`{"match":{"from":"now"}}`:            `$.match.from is "now"; it must be an instant`,
		`{"match":{"request":0}}`:             "$.match.request is 0",
		`{"match":{},"exactly":-1}`:           "nothing happens -1 times",
		`{"match":{},"exactly":1,"atMost":2}`: "exactly says it all",
		`{"match":{},"after":-2}`:             "$.after is -2",
		`{"match":{},"to":"x"}`:               `$.to is "x"`,
		`{"inOrder":[{}]}`:                    "$.inOrder[0].match is missing",
		`{"inOrder":[{"match":{}},{"match":{"kind":"x"}}]}`:                      `inOrder[1]: there is no kind "x"`,
		`{"inOrder":[{"match":{}}],"exactly":1}`:                                 "goes without match",
		`{"inOrder":[` + strings.Repeat(`{"match":{}},`, 100) + `{"match":{}}]}`: "inOrder has 101 matches",
	} {
		w := call(h, "POST", "/control/verifications", body)
		var doc struct{ Detail string }
		_ = json.Unmarshal(w.Body.Bytes(), &doc)
		if code := codeOf(t, w); w.Code != 400 || code != "invalid-request" || !strings.Contains(doc.Detail, want) {
			t.Errorf("%s: got %d %s, want %q", body, w.Code, w.Body, want)
		}
	}
	if w := call(h, "POST", "/control/verifications?x=1", `{"match":{}}`); w.Code != 400 {
		t.Errorf("a query parameter: got %d %s", w.Code, w.Body)
	}
	if _, after := registry.Journal().Span(); after != before {
		t.Errorf("looking made %d entries", after-before)
	}
}

// A request that a dropped entry may have been is not counted as never made in silence.
//
// Rule: journal-verification
func TestVerificationSaysWhenEntriesAreGone(t *testing.T) {
	h, registry, _ := filled(t)
	for range btp.JournalCapacity {
		registry.Journal().Append(btp.Entry{At: start, Kind: btp.EntryDecision})
	}
	_, last := registry.Journal().Span()
	for body, want := range map[string]bool{
		`{"match":{},"exactly":0}`:                                   false,
		fmt.Sprintf(`{"match":{},"exactly":0,"after":%d}`, last-100): true,
	} {
		var got struct{ Met, Complete bool }
		w := call(h, "POST", "/control/verifications", body)
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(struct{ Met, Complete bool }{true, want}, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", body, diff)
		}
	}
}
