package eventsink_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
