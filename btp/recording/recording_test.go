package recording_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp/recording"
	"github.com/pairsim/pairsim/internal/redact"
)

// served lets a handler answer one request, which is entered under a number when the
// handler is done, as the journal does it.
func served(r *recording.Recorder, number uint64, req *http.Request, handle http.HandlerFunc) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.Wrap(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		handle(w, req)
		r.Entered(req.Context(), number)
	})).ServeHTTP(w, req)
	return w
}

func asked(method, target, body string) *http.Request {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	return req
}

func echo(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(body)
}

func TestARequestAndItsAnswerAreKept(t *testing.T) {
	r := &recording.Recorder{}
	req := asked("POST", "/v1/certificates?token=hunter2&x=1", `{"password":"hunter2"}`)
	req.Header.Set("Authorization", "Basic aHVudGVyMg==")
	w := served(r, 7, req, echo)
	if w.Code != http.StatusCreated || w.Body.String() != `{"password":"hunter2"}` {
		t.Errorf("the client got %d %s", w.Code, w.Body)
	}
	got, kept := r.Find(7)
	body := &recording.Body{MediaType: "application/json", Size: 22, Text: "{\n  \"password\": \"***\"\n}"}
	want := recording.Exchange{
		Seq: 7,
		Request: recording.Request{
			Method: "POST", Path: "/v1/certificates", Query: "token=***&x=1", Body: body,
			Headers: []redact.Header{{Name: "Authorization", Value: "Basic ***"}, {Name: "Content-Type", Value: "application/json"}},
		},
		Response: &recording.Response{Status: 201, Body: body, Headers: []redact.Header{{Name: "Content-Type", Value: "application/json"}}},
	}
	if diff := cmp.Diff(want, got); !kept || diff != "" {
		t.Errorf("kept %t, -want +got:\n%s", kept, diff)
	}
	if _, kept := r.Find(8); kept {
		t.Error("nobody said number 8")
	}
	r.Clear()
	if _, kept := r.Find(7); kept {
		t.Error("it is kept beyond a reset")
	}
}

func TestAnswersOfEveryKind(t *testing.T) {
	const plain = "text/plain; charset=utf-8" // as net/http finds it
	for name, c := range map[string]struct {
		method string
		handle http.HandlerFunc
		status int
		body   *recording.Body
	}{
		"no word":      {"GET", func(http.ResponseWriter, *http.Request) {}, 200, nil},
		"a head":       {"HEAD", echo, 201, nil},
		"a hint first": {"GET", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(204) }, 204, nil},
		"a body alone": {"GET", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[1]")) }, 200, &recording.Body{MediaType: plain, Size: 3, Text: "[\n  1\n]"}},
		"in pieces": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("[1"))
			w.(http.Flusher).Flush()
			_, _ = w.Write([]byte("]"))
		}, 200, &recording.Body{MediaType: plain, Size: 3, Text: "[\n  1\n]"}},
		"a stream": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte("data: hunter2"))
		}, 200, &recording.Body{MediaType: "text/event-stream", Size: 13, Hidden: "it is neither JSON nor XML, nor a form or certificates"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recording.Recorder{}
			served(r, 1, asked(c.method, "/x", "{}"), c.handle)
			got, _ := r.Find(1)
			if got.Response == nil || got.Response.Status != c.status {
				t.Fatalf("got %+v", got.Response)
			}
			if diff := cmp.Diff(c.body, got.Response.Body); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What the wire does behind the journal's back is seen: a connection that is cut has no
// answer, and one entry's answer may be replaced after it was entered.
func TestTheWireIsWhatCounts(t *testing.T) {
	r := &recording.Recorder{}
	cut := r.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		r.Entered(req.Context(), 1)
		panic(http.ErrAbortHandler)
	}))
	func() {
		defer func() { _ = recover() }()
		cut.ServeHTTP(httptest.NewRecorder(), asked("GET", "/x", ""))
	}()
	if got, kept := r.Find(1); !kept || got.Response != nil {
		t.Errorf("a cut connection is kept (%t) with the answer %+v", kept, got.Response)
	}
	r.Wrap(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { // as a fault does it, twice
		r.Entered(req.Context(), 2)
		r.Entered(req.Context(), 3)
		http.Error(w, `{"a":1}`, http.StatusServiceUnavailable)
	})).ServeHTTP(httptest.NewRecorder(), asked("GET", "/x", ""))
	for _, number := range []uint64{2, 3} {
		if got, _ := r.Find(number); got.Response == nil || got.Response.Status != 503 || len(got.Response.Headers) == 0 || got.Response.Body.Text == "" {
			t.Errorf("entry %d: got %+v", number, got.Response)
		}
	}
}

func TestCallsAreKept(t *testing.T) {
	r := &recording.Recorder{}
	call, err := http.NewRequestWithContext(t.Context(), "POST", "http://tenant.test/callback", strings.NewReader(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	sent := r.Sending(call)
	if _, err := io.ReadAll(sent.Body); err != nil {
		t.Fatal(err)
	}
	res := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"b":2}`)), ContentLength: 7}
	r.Answered(sent, res)
	r.Entered(sent.Context(), 5)
	if got, _ := r.Find(5); got.Response == nil || got.Response.Body.Hidden != "nobody read it" {
		t.Errorf("before its body was read: %+v", got.Response)
	}
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	got, _ := r.Find(5)
	if got.Request.Body == nil || got.Request.Body.Text != "{\n  \"a\": 1\n}" || got.Response.Body.Text != "{\n  \"b\": 2\n}" {
		t.Errorf("got %+v, answered %+v", got.Request, got.Response)
	}
}

func TestNothingIsKeptBeyondTheBounds(t *testing.T) {
	r := &recording.Recorder{}
	big := `"` + strings.Repeat("a", 3*recording.BodyBytes) + `"`
	const n = 1000 // of 16 KiB each
	for i := range uint64(n) {
		served(r, i+1, asked("POST", "/x", big), echo)
	}
	kept := 0
	for i := range uint64(n) {
		if e, ok := r.Find(i + 1); ok {
			kept++
			if !e.Request.Body.Cut || e.Request.Body.Size != int64(len(big)) || len(e.Request.Body.Text) > recording.BodyBytes+10 {
				t.Fatalf("kept is %d bytes of %d, cut %t", len(e.Request.Body.Text), e.Request.Body.Size, e.Request.Body.Cut)
			}
		}
	}
	if most := recording.MostBytes / (2 * recording.BodyBytes); kept > most || kept < most/2 {
		t.Errorf("%d messages are kept, want nearly %d", kept, most)
	}
	if _, ok := r.Find(n); !ok {
		t.Error("the latest is dropped")
	}
	small := &recording.Recorder{}
	for i := range uint64(2 * recording.MostMessages) {
		served(small, i+1, asked("GET", "/x", ""), func(http.ResponseWriter, *http.Request) {})
	}
	if _, ok := small.Find(recording.MostMessages); ok {
		t.Errorf("more than %d messages are kept", recording.MostMessages)
	}
	if _, ok := small.Find(recording.MostMessages + 1); !ok {
		t.Errorf("fewer than %d messages are kept", recording.MostMessages)
	}
}

func TestWhoRecordsNothingPassesOn(t *testing.T) {
	var r *recording.Recorder
	if w := served(r, 1, asked("POST", "/x", "{}"), echo); w.Body.String() != "{}" {
		t.Errorf("got %s", w.Body)
	}
	req := asked("GET", "/x", "")
	if r.Sending(req) != req || r.Recording() {
		t.Error("it records")
	}
	r.Answered(req, nil)
	r.Clear()
	if _, kept := r.Find(1); kept {
		t.Error("something is kept")
	}
}

// Another environment's recorder hears nothing of a request that is passed on.
func TestARecorderKeepsItsOwnOnly(t *testing.T) {
	one, other := &recording.Recorder{}, &recording.Recorder{}
	one.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { other.Entered(req.Context(), 1) })).
		ServeHTTP(httptest.NewRecorder(), asked("GET", "/x", ""))
	other.Entered(context.Background(), 2)
	one.Entered(context.Background(), 2)
	for _, r := range []*recording.Recorder{one, other} {
		for _, number := range []uint64{1, 2} {
			if _, kept := r.Find(number); kept {
				t.Errorf("%d is kept", number)
			}
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	r := &recording.Recorder{}
	var all sync.WaitGroup
	for i := range uint64(16) {
		all.Go(func() {
			for j := range uint64(50) {
				number := i*50 + j + 1
				text := fmt.Sprintf(`{"n":%d}`, number)
				if w := served(r, number, asked("POST", "/x", text), echo); !bytes.Equal(w.Body.Bytes(), []byte(text)) {
					t.Errorf("got %s", w.Body)
				}
				if e, _ := r.Find(number); e.Response == nil || !strings.Contains(e.Response.Body.Text, fmt.Sprintf(": %d\n", number)) {
					t.Errorf("entry %d said %+v", number, e.Response)
				}
			}
		})
	}
	all.Wait()
}
