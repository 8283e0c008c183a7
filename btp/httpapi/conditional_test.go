package httpapi_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
)

// Rule: update-if-match
func TestIfMatch(t *testing.T) {
	atVersion1 := func(t *testing.T) *api {
		a := livedAPI(t, "v1")
		a.must(200, a.call("PATCH", "/api/v1/subaccounts/dev", `{"displayName":"Dev"}`))
		return a
	}
	for header, want := range map[string]string{
		`"1"`:                    "",
		`*`:                      "",
		` * `:                    "",
		`"7", "1"`:               "",
		`"7","1"`:                "",
		`W/"1", "1"`:             "",
		`"a,b", "1"`:             "",
		`"7"`:                    "precondition-failed",
		`W/"1"`:                  "precondition-failed",
		`"01"`:                   "precondition-failed",
		`"+1"`:                   "precondition-failed",
		`""`:                     "precondition-failed",
		`"18446744073709551616"`: "precondition-failed",
		``:                       "invalid-request",
		`1`:                      "invalid-request",
		`"1`:                     "invalid-request",
		`"1",`:                   "invalid-request",
		`,"1"`:                   "invalid-request",
		`"1" "2"`:                "invalid-request",
		`w/"1"`:                  "invalid-request",
		`"1", *`:                 "invalid-request",
		`"a b"`:                  "invalid-request",
		`'1'`:                    "invalid-request",
	} {
		t.Run(header, func(t *testing.T) {
			w := atVersion1(t).call("PATCH", "/api/v1/subaccounts/dev", `{"displayName":"Dev"}`, "If-Match", header)
			code := ""
			if w.Code != 200 {
				code, _ = refusal(t, w)
			}
			if code != want {
				t.Errorf("got %d %q, want %q", w.Code, code, want)
			}
		})
	}
	r := httptest.NewRequest("PATCH", "/api/v1/subaccounts/dev", strings.NewReader(`{"displayName":"x"}`))
	r.Header["If-Match"] = []string{`"7"`, `"1"`} // two lines are one list
	w := httptest.NewRecorder()
	if atVersion1(t).handler.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("two lines: got %d %s, want 200", w.Code, w.Body)
	}
}

// Rule: update-if-match
func FuzzIfMatch(f *testing.F) {
	for _, seed := range []string{`"1"`, `*`, `W/"1", "2"`, `"`, `"a,b"`, `,`, "\"\x00\""} {
		f.Add(seed)
	}
	landscape := lived()
	f.Fuzz(func(t *testing.T, header string) {
		a := newAPIOf(t, "v1", landscape, btp.DefaultPolicy())
		w := a.call("PATCH", "/api/v1/subaccounts/dev", `{"displayName":"Dev"}`, "If-Match", header)
		if w.Code != 200 && w.Code != 400 && w.Code != 412 {
			t.Errorf("%q: got %d %s", header, w.Code, w.Body)
		}
	})
}

// TestRepeatedCreates sends each create twice with one key.
//
// Rule: create-idempotency-key
func TestRepeatedCreates(t *testing.T) {
	tests := []struct{ name, target, body, another, same string }{
		{"global account", "/api/v1/globalAccounts", `{"subdomain":"x"}`, `{"subdomain":"y"}`, "id"},
		{"subaccount", "/api/v1/globalAccounts/default/subaccounts", `{"subdomain":"x","region":"eu10"}`, `{"subdomain":"y","region":"eu10"}`, "id"},
		{"system", "/api/v1/globalAccounts/default/systems", `{"name":"x","type":"` + commerce + `"}`, `{"name":"x","type":"` + marketing + `"}`, "id"},
		{"formation", formations, `{"name":"x","subaccount":"dev"}`, `{"name":"x","subaccount":"dev","systems":["shop"]}`, "id"},
		{"entitlement", "/api/v1/subaccounts/dev/entitlements", `{"system":"shop","plan":"messaging"}`, `{"system":"shop","plan":"api-access"}`, "id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := livedAPI(t, "v1")
			first := a.must(201, a.call("POST", tt.target, tt.body, "Idempotency-Key", "k"))
			again := a.must(201, a.call("POST", tt.target, tt.body, "Idempotency-Key", "k"))
			if first[tt.same] != again[tt.same] {
				t.Errorf("got %v, then %v; want the same", first[tt.same], again[tt.same])
			}
			w := a.call("POST", tt.target, tt.another, "Idempotency-Key", "k")
			if code, _ := refusal(t, w); w.Code != 422 || code != "idempotency-key-reused" {
				t.Errorf("another body: got %d %s, want 422 idempotency-key-reused", w.Code, w.Body)
			}
			for _, key := range []string{"", strings.Repeat("x", 256), "tab\t"} {
				if code, _ := refusal(t, a.call("POST", tt.target, tt.another, "Idempotency-Key", key)); code != "invalid-request" {
					t.Errorf("key %.10q: got %s, want invalid-request", key, code)
				}
			}
			r := httptest.NewRequest("POST", tt.target, strings.NewReader(tt.another))
			r.Header["Idempotency-Key"] = []string{"a", "b"}
			w = httptest.NewRecorder()
			if a.handler.ServeHTTP(w, r); w.Code != 400 {
				t.Errorf("two keys: got %d %s, want 400", w.Code, w.Body)
			}
		})
	}
}

// TestRepeatedTokens gets the same token again: signed anew, with the same claims.
//
// Rule: create-idempotency-key
func TestRepeatedTokens(t *testing.T) {
	a := livedAPI(t, "v1")
	claims := func(token any) any {
		t.Helper()
		body, _ := json.Marshal(map[string]any{"token": token})
		in := a.must(200, a.call("POST", "/api/v1/tokens/inspection", string(body)))
		if in["accepted"] != true {
			t.Errorf("the token is not accepted: %v", in["refusal"])
		}
		return in["claims"]
	}
	const register, body = "/api/v1/globalAccounts/default/systems", `{"name":"x","type":"` + commerce + `"}`
	var seen []any
	for range 2 {
		s := a.must(201, a.call("POST", register, body, "Idempotency-Key", "k"))
		seen = append(seen, claims(s["integrationToken"].(map[string]any)["token"]))
	}
	for range 2 {
		seen = append(seen, claims(a.must(201, a.call("POST", "/api/v1/systems/soon/tokens", "", "Idempotency-Key", "k"))["token"]))
	}
	if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
		t.Errorf("registered again: %s", diff)
	}
	if diff := cmp.Diff(seen[2], seen[3]); diff != "" {
		t.Errorf("asked for a token again: %s", diff)
	}
	w := a.call("POST", "/api/v1/systems/soon-too/tokens", "", "Idempotency-Key", "k")
	if code, _ := refusal(t, w); code != "idempotency-key-reused" {
		t.Errorf("token of another system: got %d %s", w.Code, w.Body)
	}
}
