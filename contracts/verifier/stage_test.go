package verifier_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/contracts/pactfile"
	"github.com/pairsim/pairsim/contracts/verifier"
)

func stage(t *testing.T, p verifier.Provider) *verifier.Stage {
	t.Helper()
	s, err := verifier.NewStage(p, "me")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func post(t *testing.T, url, body string) (int, string, http.Header) {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Header
}

// foreign is somebody's provider, with states and messages.
func foreign(t *testing.T) (*httptest.Server, *[]verifier.StateChange) {
	t.Helper()
	var changes []verifier.StateChange
	mux := http.NewServeMux()
	mux.HandleFunc("POST /states", func(w http.ResponseWriter, r *http.Request) {
		var c verifier.StateChange
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			t.Error(err)
		}
		changes = append(changes, c)
		switch c.State {
		case "unknown":
			http.Error(w, "there is no such state", http.StatusNotFound)
		case "certified":
			_, _ = io.WriteString(w, `{"clientCertificate":"no PEM","clientKey":"none"}`)
		case "client":
			_, _ = io.WriteString(w, `{"form":"client_id=made&scope=more"}`)
		case "silent":
			w.WriteHeader(http.StatusNoContent)
		default:
			_, _ = io.WriteString(w, `{"token":"`+c.State+`"}`)
		}
	})
	mux.HandleFunc("POST /messages", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Pact-Message-Metadata", "eyJxdWV1ZSI6Im9yZGVycyJ9")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"code":"42"}`)
	})
	mux.HandleFunc("/base/page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>"+r.URL.RawQuery)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server, &changes
}

func TestStage(t *testing.T) {
	t.Parallel()
	server, changes := foreign(t)
	s := stage(t, &verifier.Remote{Base: server.URL + "/base", StateURL: server.URL + "/states", MessageURL: server.URL + "/messages"})

	if code, text, _ := post(t, s.StateURL, `{"action":"setup","state":"a","params":{"n":"1"}}`); code != 200 || !strings.Contains(text, `"token":"a"`) {
		t.Errorf("got %d %s", code, text)
	}
	if c := (*changes)[0]; c.Consumer != "me" || c.Params["n"] != "1" || c.Action != "setup" {
		t.Errorf("the provider was told %+v", c)
	}
	code, text, header := post(t, s.URL+verifier.MessagePath, `{"description":"an order"}`)
	if code != 200 || text != `{"code":"42"}` || header.Get("Pact-Message-Metadata") != "eyJxdWV1ZSI6Im9yZGVycyJ9" {
		t.Errorf("got %d %s %v", code, text, header)
	}
	if e := s.Recorded(); e == nil || e.Values["token"] != "a" || e.Metadata["queue"] != "orders" {
		t.Errorf("recorded %+v", e)
	}
	if notes := s.Notes(); len(notes) != 0 {
		t.Errorf("all is well, and noted is %q", notes)
	}

	for _, test := range []struct{ path, body, want string }{
		{"/page?a=b", "", "the provider answered 200 with HTML"},
		{"/__states", `{"action":"setup","state":"unknown"}`, `the state "unknown" could not be set: ` + server.URL + "/states answered 404: there is no such state"},
		{"/__states", `{`, "is no JSON"},
		{"/__messages", `{`, "is no JSON"},
	} {
		if code, _, _ := post(t, s.URL+test.path, test.body); code >= 500 {
			t.Errorf("%s: got %d, which a verifier would try again", test.path, code)
		}
		if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], test.want) {
			t.Errorf("%s: noted is %q, want %q", test.path, notes, test.want)
		}
	}
	// A certificate is for https only, and must be one.
	for base, want := range map[string]string{server.URL: "is not https: give PROVIDER_MTLS_URL", "https://127.0.0.1:1": "are no certificate with its key"} {
		s := stage(t, &verifier.Remote{Base: base, StateURL: server.URL + "/states"})
		post(t, s.StateURL, `{"action":"setup","state":"certified"}`)
		code, _, _ := post(t, s.URL+"/page", "")
		if notes := strings.Join(s.Notes(), " "); code != http.StatusBadGateway || !strings.Contains(notes, want) && !strings.Contains(notes, "are no certificate") {
			t.Errorf("%s: got %d and %q, want %q", base, code, notes, want)
		}
	}
}

func TestNoStates(t *testing.T) {
	t.Parallel()
	server, changes := foreign(t)
	s := stage(t, &verifier.Remote{Base: server.URL, NoStates: true})
	if code, text, _ := post(t, s.StateURL, `{"action":"setup","state":"a"}`); code != 200 || len(*changes) != 0 {
		t.Errorf("got %d %s and %d changes", code, text, len(*changes))
	}
}

func TestCheckAddresses(t *testing.T) {
	t.Parallel()
	good := verifier.Remote{Base: "http://a", MTLS: "https://a:8443/x", StateURL: "http://b/s", MessageURL: "http://b/m"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []verifier.Remote{
		{},
		{Base: "a:80"},
		{Base: "http://a", MTLS: "ftp://a"},
		{Base: "http://a", StateURL: "http://%zz"},
		{Base: "http://a", MessageURL: "/messages"},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	r := verifier.Report{Provider: "btp", Results: []verifier.Result{
		{Consumer: "shop", Provider: "btp", Interaction: pactfile.Interaction{Description: "tea <hot>"}, Took: 1500 * time.Millisecond},
		{
			Consumer: "shop", Provider: "btp", Differences: []string{"status: expected 200 but was 418", "body: cold\nand bitter"},
			Interaction: pactfile.Interaction{
				Description: "coffee", Method: "GET", Path: "/coffee",
				States: []pactfile.State{{Name: "a pot", Params: map[string]any{"size": "1l", "age": "2h"}}},
			},
		},
		{Consumer: "bar", Provider: "btp", Interaction: pactfile.Interaction{Description: "milk", Message: true}, Differences: []string{"sour"}},
	}}
	var text bytes.Buffer
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "junit.xml")
	if err := r.Document().WriteJUnit(path); err != nil {
		t.Fatal(err)
	}
	junit, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const wantText = `shop → btp
  ok     tea <hot>
  FAILED coffee
           given a pot (age 2h, size 1l)
           when  GET /coffee
           status: expected 200 but was 418
           body: cold
             and bitter
bar → btp
  FAILED milk
           sour

btp: 3 interactions, 2 failed
`
	const wantJUnit = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="contracts" tests="3" failures="2" errors="0" skipped="0" time="1.500">
  <testsuite name="shop → btp" tests="2" failures="1" errors="0" skipped="0" time="1.500">
    <testcase classname="contracts.shop → btp" name="tea &lt;hot&gt;" time="1.500"></testcase>
    <testcase classname="contracts.shop → btp" name="coffee" time="0.000">
      <failure message="status: expected 200 but was 418">status: expected 200 but was 418&#xA;body: cold&#xA;and bitter</failure>
    </testcase>
  </testsuite>
  <testsuite name="bar → btp" tests="1" failures="1" errors="0" skipped="0" time="0.000">
    <testcase classname="contracts.bar → btp" name="milk" time="0.000">
      <failure message="sour">sour</failure>
    </testcase>
  </testsuite>
</testsuites>
`
	if text.String() != wantText {
		t.Errorf("got\n%s\nwant\n%s", &text, wantText)
	}
	if string(junit) != wantJUnit {
		t.Errorf("got\n%s\nwant\n%s", junit, wantJUnit)
	}
}

// A form gets the state's values in the fields that it has; what is no form stays.
func TestForms(t *testing.T) {
	t.Parallel()
	states, _ := foreign(t)
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	t.Cleanup(echo.Close)
	s := stage(t, &verifier.Remote{Base: echo.URL, StateURL: states.URL + "/states"})
	if status, text, _ := post(t, s.StateURL, `{"action":"setup","state":"client"}`); status != http.StatusOK {
		t.Fatalf("got %d %s", status, text)
	}
	const form, sent = "application/x-www-form-urlencoded", "client_id=example&grant_type=password"
	for kind, want := range map[string]string{form: "client_id=made&grant_type=password", "text/plain": sent} {
		res, err := http.Post(s.URL+"/oauth/token", kind, strings.NewReader(sent))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(text) != want {
			t.Errorf("%s: got %q (%v), want %q", kind, text, err, want)
		}
	}
}
