// Package eventsink sends events to subscribers as CloudEvents 1.0 over HTTP.
// Where they may go is its client's decision.
package eventsink

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/cloudevent"
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
	mode := cloudevent.Structured
	if to.Mode == btp.BinaryMode {
		mode = cloudevent.Binary
	}
	return cloudevent.Event{Attributes: delivery.Attributes, Data: delivery.Data}.Request(ctx, to.Sink, mode)
}
