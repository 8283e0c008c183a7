package faultwire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

const jws = "eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiIxIn0.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

// Rule: fault-actions
func TestGarble(t *testing.T) {
	t.Parallel()
	encoded := base64.StdEncoding.EncodeToString([]byte(`{"token":"` + jws + `","connectorURL":"https://pairsim.test/"}`))
	body := []byte(fmt.Sprintf(`{"token":%q,"tokenUrl":"https://pairsim.test/info?token=%s","encoded":%q}`, jws, jws, encoded))
	var got struct{ Token, TokenURL, Encoded string }
	if err := json.Unmarshal(Garble(body, btp.CorruptTokenSignature), &got); err != nil {
		t.Fatal(err)
	}
	inner, err := base64.StdEncoding.DecodeString(got.Encoded)
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"token": got.Token, "token URL": got.TokenURL, "encoded": string(inner)} {
		signed := jws[:strings.LastIndexByte(jws, '.')+1]
		if strings.Contains(text, jws) || !strings.Contains(text, signed) {
			t.Errorf("%s: got %s, want another signature of the same token", form, text)
		}
	}
	for _, test := range []struct {
		name, body string
		part       btp.Corruption
		want       string
	}{
		{"an object", `{"a":{"b":[1]}}`, btp.CorruptJSON, `{"a":{"b":[1]},`},
		{"a list with an end of line", "[1]\n", btp.CorruptJSON, "[1,"},
		{"no JSON", "tea", btp.CorruptJSON, "tea"},
		{"nothing", "", btp.CorruptJSON, ""},
		{"no token", `{"a":"b"}`, btp.CorruptTokenSignature, `{"a":"b"}`},
		{"no certificate", `{"crt":"AAAA"}`, btp.CorruptCertificate, `{"crt":"AAAA"}`},
	} {
		if got := string(Garble([]byte(test.body), test.part)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// Rule: fault-actions
func TestCutNeverSendsAll(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		length int
		action btp.FaultAction
		want   int
	}{
		{10, btp.FaultAction{Bytes: 3}, 3},
		{10, btp.FaultAction{Bytes: 10}, 9},
		{10, btp.FaultAction{Bytes: 99}, 9},
		{10, btp.FaultAction{Share: 0.5}, 5},
		{10, btp.FaultAction{}, 0},
		{0, btp.FaultAction{Bytes: 3}, 0},
	} {
		if got := Cut(test.length, test.action); got != test.want {
			t.Errorf("Cut(%d, %+v): got %d, want %d", test.length, test.action, got, test.want)
		}
	}
}

type rules bool

func (r rules) FaultsSet() bool { return bool(r) }

// TestWithoutRulesNothingIsTouched: the writer of the listener is passed on, and
// no exchange is made.
func TestWithoutRulesNothingIsTouched(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Handler(rules(false), http.HandlerFunc(func(given http.ResponseWriter, req *http.Request) {
		if given != http.ResponseWriter(w) || btp.ExchangeOf(req.Context()) != nil {
			t.Error("something stands between")
		}
	})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
}

// TestRequestsWithoutStrikesPass: where rules are set, but none strikes.
func TestRequestsWithoutStrikesPass(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusNoContent, http.StatusNotModified, http.StatusBadRequest} {
		w := httptest.NewRecorder()
		Handler(rules(true), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Set-Cookie", "a")
			w.Header().Add("Set-Cookie", "b")
			w.WriteHeader(status)
			if status != http.StatusNoContent && status != http.StatusNotModified {
				_, _ = w.Write([]byte("body"))
			}
		})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("x")))
		if w.Code != status || len(w.Header().Values("Set-Cookie")) != 2 || w.Header().Get(Header) != "" {
			t.Errorf("got %d %v", w.Code, w.Header())
		}
	}
}

// FuzzGarble: a body of any form is garbled without harm, and no token of it
// stays good.
//
// Rule: fault-actions
func FuzzGarble(f *testing.F) {
	f.Add([]byte(`{"token":"`+jws+`"}`), 0)
	f.Add([]byte(`{"clientCrt":"`+base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))+`"}`), 1)
	f.Fuzz(func(t *testing.T, body []byte, n int) {
		part := btp.Corruptions[((n%len(btp.Corruptions))+len(btp.Corruptions))%len(btp.Corruptions)]
		got := Garble(body, part)
		for _, token := range compactJWS.Regexp().FindAllString(string(body), -1) {
			if part == btp.CorruptTokenSignature && strings.Contains(string(got), token) {
				t.Errorf("the token %q is as good as before", token)
			}
		}
	})
}
