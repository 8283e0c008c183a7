// Package eventsink sends events to subscribers as CloudEvents 1.0 over HTTP.
// Where they may go is its client's decision.
package eventsink

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/pairsim/pairsim/btp"
)

// Client makes a call and refuses every answer but a 2xx. Its errors hold no
// credentials.
type Client interface {
	Tell(context.Context, *http.Request) error
	// Permits says why no call goes to the host of a URL, as far as that is known
	// before the call.
	Permits(context.Context, *url.URL) error
}

// Deliverer is btp.Deliverer over HTTP.
type Deliverer struct{ Client Client }

var _ btp.Deliverer = Deliverer{}

// CheckSink refuses with btp.SinkForbidden.
func (d Deliverer) CheckSink(ctx context.Context, sink string) error {
	u, err := url.Parse(sink)
	if err == nil {
		err = d.Client.Permits(ctx, u)
	}
	if err != nil {
		return btp.Errorf(btp.SinkForbidden, "sink: %w", err)
	}
	return nil
}

// Deliver posts the event in the form that the subscription wants. It refuses
// with btp.EventNotDelivered.
func (d Deliverer) Deliver(ctx context.Context, to btp.Subscription, delivery btp.Delivery) error {
	req, err := request(ctx, to, delivery)
	if err != nil {
		return btp.Errorf(btp.EventNotDelivered, "the event cannot be sent: %w", err)
	}
	err = d.Client.Tell(ctx, req)
	var answered interface{ HTTPStatus() string }
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled): // the process ends; nobody has failed
		return ctx.Err()
	case errors.As(err, &answered):
		return btp.Errorf(btp.EventNotDelivered, "the sink answered %s", answered.HTTPStatus())
	}
	return btp.Errorf(btp.EventNotDelivered, "the sink could not be told: %w", err)
}

func request(ctx context.Context, to btp.Subscription, delivery btp.Delivery) (*http.Request, error) {
	e, err := cloudEvent(delivery)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Sink, http.NoBody)
	if err != nil {
		return nil, err
	}
	mode := binding.WithForceStructured
	if to.Mode == btp.BinaryMode {
		mode = binding.WithForceBinary
	}
	return req, cehttp.WriteRequest(mode(ctx), binding.ToMessage(&e), req)
}

func cloudEvent(d btp.Delivery) (event.Event, error) {
	e := event.New(event.CloudEventsVersionV1)
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		if err := set(&e, name, d.Attributes[name]); err != nil {
			return e, err
		}
	}
	if len(d.Data) > 0 {
		e.DataEncoded = d.Data
		e.DataBase64 = !utf8.Valid(d.Data) || isJSON(e.DataContentType()) && !json.Valid(d.Data)
	}
	return e, e.Validate()
}

func set(e *event.Event, name, value string) error {
	switch name {
	case "id":
		return e.Context.SetID(value)
	case "source":
		return e.Context.SetSource(value)
	case "type":
		return e.Context.SetType(value)
	case "subject":
		return e.Context.SetSubject(value)
	case "dataschema":
		return e.Context.SetDataSchema(value)
	case "datacontenttype":
		return e.Context.SetDataContentType(value)
	case "time":
		at, err := time.Parse(time.RFC3339, value)
		return errors.Join(err, e.Context.SetTime(at))
	}
	return e.Context.SetExtension(name, value)
}

// isJSON says whether data of a content type stands as JSON in a structured event.
func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return contentType == "" || err == nil && (strings.HasSuffix(media, "/json") || strings.HasSuffix(media, "+json"))
}
