package btpclient

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Subscription lets a subaccount's Kyma runtime listen to events of an application.
type Subscription struct {
	ID         string `json:"id"`
	Subaccount string `json:"subaccount"`
	// Source is the name of an application, Type and Version are the event's.
	Source  string `json:"source"`
	Type    string `json:"type"`
	Version string `json:"version"`
	// Sink is where events are posted to; Mode is structured or binary.
	Sink      string    `json:"sink"`
	Mode      string    `json:"mode"`
	CreatedAt time.Time `json:"createdAt"`
}

// NewSubscription asks for a subscription; the Mode "" is structured.
type NewSubscription struct {
	Source  string `json:"source"`
	Type    string `json:"type"`
	Version string `json:"version,omitempty"`
	Sink    string `json:"sink"`
	Mode    string `json:"mode,omitempty"`
}

// Delivery is an event on its way to a sink; State is waiting or dead.
type Delivery struct {
	Sequence     uint64    `json:"sequence"`
	Subscription string    `json:"subscription"`
	State        string    `json:"state"`
	EventID      string    `json:"eventId"`
	EventType    string    `json:"eventType"`
	Attempts     int       `json:"attempts"`
	Failure      string    `json:"failure,omitempty"`
	CreatedAt    time.Time `json:"createdAt"`
}

// Subscriptions lists the subscriptions of a subaccount's Kyma runtime.
func (o *Operator) Subscriptions(ctx context.Context, subaccount string) ([]Subscription, error) {
	var answer page[Subscription]
	err := o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/runtime/subscriptions", nil, nil, &answer)
	return answer.Items, err
}

// CreateSubscription lets a subaccount's Kyma runtime listen to events.
func (o *Operator) CreateSubscription(ctx context.Context, subaccount string, n NewSubscription, options ...CallOption) (s Subscription, err error) {
	err = o.do(ctx, http.MethodPost, subaccountPath(subaccount)+"/runtime/subscriptions", nil, n, &s, options...)
	return s, err
}

// DeleteSubscription ends a subscription, with all events that wait for it.
func (o *Operator) DeleteSubscription(ctx context.Context, subaccount, id string) error {
	if id == "" {
		return errors.New("a subscription is named by its id")
	}
	return o.do(ctx, http.MethodDelete, subaccountPath(subaccount)+"/runtime/subscriptions/"+url.PathEscape(id), nil, nil, nil)
}

// Deliveries goes through the events on their way to a subaccount's subscribers,
// oldest first; state "" is any.
func (o *Operator) Deliveries(ctx context.Context, subaccount, state string) iter.Seq2[Delivery, error] {
	query := url.Values{}
	if state != "" {
		query.Set("state", state)
	}
	return pages[Delivery](ctx, o.api, subaccountPath(subaccount)+"/runtime/deliveries", query)
}

// Redeliver lets an event that was given up be sent anew.
func (o *Operator) Redeliver(ctx context.Context, subaccount string, sequence uint64) (d Delivery, err error) {
	path := subaccountPath(subaccount) + "/runtime/deliveries/" + strconv.FormatUint(sequence, 10) + "/redelivery"
	err = o.do(ctx, http.MethodPost, path, nil, nil, &d)
	return d, err
}
