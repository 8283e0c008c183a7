package eventsink_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventsink"
	"github.com/pairsim/pairsim/internal/outbound"
)

func delivery(contentType, data string) btp.Delivery {
	d := btp.Delivery{Attributes: map[string]string{
		"id": "4f1b", "source": "mp-web-shop", "type": "order.created.v1", "eventtypeversion": "v1", "time": "2030-01-01T10:00:00Z",
		"subject": "ü", "traceparent": "00-1",
	}, Data: []byte(data)}
	if contentType != "" {
		d.Attributes["datacontenttype"] = contentType
	}
	return d
}

// Rule: event-delivered
func TestDeliver(t *testing.T) {
	t.Parallel()
	const attributes = `"specversion":"1.0","id":"4f1b","source":"mp-web-shop","type":"order.created.v1","subject":"ü",`
	const extensions = `"eventtypeversion":"v1","traceparent":"00-1"}`
	for _, test := range []struct {
		name, contentType, data string
		mode                    btp.EventMode
		want                    string // content type and body
	}{
		{"JSON", "application/json", `{"a":1}`, btp.StructuredMode, `application/cloudevents+json ` + attributes +
			`"datacontenttype":"application/json","time":"2030-01-01T10:00:00Z","data":{"a":1},` + extensions},
		{"text", "text/plain", "hi", btp.StructuredMode, `application/cloudevents+json ` + attributes +
			`"datacontenttype":"text/plain","time":"2030-01-01T10:00:00Z","data":"hi",` + extensions},
		{"bytes", "image/png", "\xff\x00", btp.StructuredMode, `application/cloudevents+json ` + attributes +
			`"datacontenttype":"image/png","time":"2030-01-01T10:00:00Z","data_base64":"/wA=",` + extensions},
		{"JSON that is none", "application/json", "{", btp.StructuredMode, `application/cloudevents+json ` + attributes +
			`"datacontenttype":"application/json","time":"2030-01-01T10:00:00Z","data_base64":"ew==",` + extensions},
		{"no data", "", "", btp.StructuredMode, `application/cloudevents+json ` + attributes + `"time":"2030-01-01T10:00:00Z",` + extensions},
		{"JSON", "application/json", `{"a":1}`, btp.BinaryMode, `application/json {"a":1}`},
		{"bytes", "image/png", "\xff\x00", btp.BinaryMode, "image/png \xff\x00"},
	} {
		t.Run(test.name+" "+string(test.mode), func(t *testing.T) {
			var got string
			var header http.Header
			sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got, header = r.Header.Get("Content-Type")+" "+strings.TrimPrefix(string(body), "{"+`"x"`), r.Header
			}))
			defer sink.Close()
			d := eventsink.Deliverer{Client: outbound.New(outbound.Config{})}
			err := d.Deliver(t.Context(), btp.Subscription{Sink: sink.URL, Mode: test.mode}, delivery(test.contentType, test.data))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Replace(test.want, `json "spec`, `json {"spec`, 1)
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if test.mode == btp.BinaryMode && (header.Get("Ce-Type") != "order.created.v1" || header.Get("Ce-Eventtypeversion") != "v1" || header.Get("Ce-Specversion") != "1.0") {
				t.Errorf("got headers %v", header)
			}
		})
	}
}

func TestNotDelivered(t *testing.T) {
	t.Parallel()
	sink := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) }))
	defer sink.Close()
	down := httptest.NewServer(nil)
	down.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	d := eventsink.Deliverer{Client: outbound.New(outbound.Config{})}
	deliver := func(ctx context.Context, url string, what btp.Delivery) error {
		return d.Deliver(ctx, btp.Subscription{Sink: url, Mode: btp.StructuredMode}, what)
	}
	bad := delivery("", "")
	bad.Attributes["time"] = "noon"
	for name, err := range map[string]error{
		"418":               deliver(t.Context(), sink.URL, delivery("", "1")),
		"cannot be reached": deliver(t.Context(), down.URL, delivery("", "1")),
		"neither loopback":  deliver(t.Context(), "http://192.0.2.1/", delivery("", "1")),
		"cannot be sent":    deliver(t.Context(), sink.URL, bad),
	} {
		if btp.CodeOf(err) != btp.EventNotDelivered || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := deliver(cancelled, sink.URL, delivery("", "1")); !errors.Is(err, context.Canceled) {
		t.Errorf("of a process that ends: got %v", err)
	}
}

// TestBadSinks: whatever a subscriber does, a delivery ends, and says why.
func TestBadSinks(t *testing.T) {
	t.Parallel()
	handler := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the handshake, which is to fail
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	status := func(code int) string {
		return handler(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	}
	for name, test := range map[string]struct{ sink, want string }{
		"slow": {handler(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or its connection's end goes unnoticed
			<-r.Context().Done()
		}), "no complete answer within 50ms"},
		"answers 400":           {status(http.StatusBadRequest), "the sink answered 400 Bad Request"},
		"answers 429":           {status(http.StatusTooManyRequests), "the sink answered 429 Too Many Requests"},
		"answers 500":           {status(http.StatusInternalServerError), "the sink answered 500 Internal Server Error"},
		"redirects in a loop":   {handler(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusTemporaryRedirect) }), "a redirect of POST is not followed"},
		"breaks off":            {handler(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "could not be told"},
		"untrusted certificate": {untrusted.URL, "certificate"},
		"link-local":            {"http://169.254.169.254/", "link-local"},
	} {
		timeout := 10 * time.Second
		if name == "slow" {
			timeout = 50 * time.Millisecond
		}
		d := eventsink.Deliverer{Client: outbound.New(outbound.Config{Timeout: timeout})}
		for _, mode := range btp.EventModes {
			err := d.Deliver(t.Context(), btp.Subscription{Sink: test.sink, Mode: mode}, delivery("application/json", "1"))
			if btp.CodeOf(err) != btp.EventNotDelivered || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: got %v, want it not delivered, and %q", name, err, test.want)
			}
		}
	}
}

// sameData compares data as they are, or as JSON, which may be written otherwise.
func sameData(a, b []byte) bool {
	var x, y bytes.Buffer
	return bytes.Equal(a, b) || json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// FuzzDelivery: what any event holds comes to its subscriber as it was, in both
// modes, or is refused before it is sent.
//
// Rule: event-delivered
func FuzzDelivery(f *testing.F) {
	f.Add("4f1b", "order.created.v1", "application/json", "x", []byte(`{"orderCode":"1"}`))
	f.Add("1", "t", "text/plain", "ü\"<&>", []byte("\xff\x00"))
	f.Add("\n", "%zz", "a/b; c=d", "\r\n", []byte("{"))
	f.Add("1", "t", "", "", []byte(nil))
	sink := &wire{}
	d := eventsink.Deliverer{Client: sink}
	f.Fuzz(func(t *testing.T, id, kind, contentType, extension string, data []byte) {
		what := btp.Delivery{Attributes: map[string]string{"id": id, "source": "mp-shop", "type": kind}, Data: data}
		if contentType != "" {
			what.Attributes["datacontenttype"] = contentType
		}
		if extension != "" {
			what.Attributes["traceparent"] = extension
		}
		for _, mode := range btp.EventModes {
			*sink = wire{}
			err := d.Deliver(t.Context(), btp.Subscription{Sink: "http://sink.test/", Mode: mode}, what)
			if err != nil {
				if btp.CodeOf(err) != btp.EventNotDelivered {
					t.Fatalf("%s: got %v", mode, err)
				}
				continue
			}
			if sink.err != nil {
				t.Fatalf("%s: %+v comes as no event: %v", mode, what, sink.err)
			}
			// The SDK takes blanks at the ends of both away.
			e := sink.got
			if e.Source() != "mp-shop" || e.ID() != strings.TrimSpace(id) || e.Type() != strings.TrimSpace(kind) || !sameData(e.Data(), data) {
				t.Errorf("%s: %+v comes as %+v with %q", mode, what.Attributes, e.Context, e.Data())
			}
		}
	})
}

// wire is a client whose requests are written and read as on a connection.
type wire struct {
	got event.Event
	err error // what was read is no event
}

func (*wire) Permits(context.Context, *url.URL) error { return nil }

func (w *wire) Tell(ctx context.Context, req *http.Request) error {
	var connection bytes.Buffer
	if err := req.Write(&connection); err != nil {
		return err
	}
	read, err := http.ReadRequest(bufio.NewReader(&connection))
	if err != nil {
		return err // a server answers 400
	}
	e, err := binding.ToEvent(ctx, cehttp.NewMessageFromHttpRequest(read))
	if w.err = err; err == nil {
		w.got = *e
	}
	return nil
}

// Rule: event-sink-permitted
func TestCheckSink(t *testing.T) {
	t.Parallel()
	d := eventsink.Deliverer{Client: outbound.New(outbound.Config{AllowedHosts: []string{"sink.invalid"}, ForbiddenPorts: []uint16{8081}})}
	for sink, ok := range map[string]bool{
		"http://127.0.0.1:9000/events": true,
		"https://[::1]/":               true,
		"http://sink.invalid/":         true, // allowed, and not there yet
		"http://127.0.0.1:8081/":       false,
		"http://192.0.2.1/":            false,
		"http://169.254.169.254/":      false,
		"ftp://127.0.0.1/":             false,
		"http://%zz/":                  false,
	} {
		err := d.CheckSink(t.Context(), sink)
		if ok && err != nil || !ok && btp.CodeOf(err) != btp.SinkForbidden {
			t.Errorf("%s: got %v, want it allowed: %v", sink, err, ok)
		}
	}
}
