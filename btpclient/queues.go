package btpclient

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// EventBus is what is on a subaccount's event bus.
type EventBus struct {
	Clients  []BusClient        `json:"clients"`
	Queues   []Queue            `json:"queues"`
	Webhooks []PushSubscription `json:"webhooks"`
}

// BusClient is a client of an event bus: a service instance of SAP Event Mesh, or of
// SAP S/4HANA Cloud Extensibility with the plan messaging.
type BusClient struct {
	Instance  string `json:"instance"`
	EmName    string `json:"emname"`
	Namespace string `json:"namespace"`
	Options   struct {
		Messaging     bool `json:"messaging"`
		MessagingREST bool `json:"messagingrest"`
		Management    bool `json:"management"`
	} `json:"options"`
	Rules struct {
		Topics BusRule `json:"topicRules"`
		Queues BusRule `json:"queueRules"`
	} `json:"rules"`
	Units int `json:"units,omitempty"`
}

// BusRule are the filters of a client's rule; an empty one allows what is in the
// client's namespace.
type BusRule struct {
	Publish   []string `json:"publishFilter"`
	Subscribe []string `json:"subscribeFilter"`
}

// Queue is a queue of an event bus.
type Queue struct {
	Name     string   `json:"name"`
	Instance string   `json:"instance"`
	Topics   []string `json:"topics"`
	Messages int      `json:"messages"`
	Bytes    int      `json:"bytes"`
	// Unacknowledged are those of the Messages that somebody has taken.
	Unacknowledged int       `json:"unacknowledged"`
	CreatedAt      time.Time `json:"createdAt"`
}

// PushSubscription has the messages of a queue sent to a webhook. Handshake is open,
// done, refused or exempt, State active or paused.
type PushSubscription struct {
	Name      string    `json:"name"`
	Instance  string    `json:"instance"`
	Queue     string    `json:"queue"`
	QoS       int       `json:"qos"`
	Endpoint  string    `json:"endpoint"`
	Handshake string    `json:"handshake"`
	State     string    `json:"state"`
	Attempts  int       `json:"attempts"`
	Failure   string    `json:"failure,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
}

// QueuedMessage is a message in a queue, without its body. State is waiting or taken.
type QueuedMessage struct {
	ID          string    `json:"id"`
	Topic       string    `json:"topic,omitempty"`
	ContentType string    `json:"contentType"`
	Bytes       int       `json:"bytes"`
	QoS         int       `json:"qos"`
	State       string    `json:"state"`
	PublishedAt time.Time `json:"publishedAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
}

// EventBus shows the event bus of a subaccount.
func (o *Operator) EventBus(ctx context.Context, subaccount string) (b EventBus, err error) {
	err = o.do(ctx, http.MethodGet, subaccountPath(subaccount)+"/eventBus", nil, nil, &b)
	return b, err
}

// QueuedMessages goes through what is in a queue, oldest first.
func (o *Operator) QueuedMessages(ctx context.Context, subaccount, queue string) iter.Seq2[QueuedMessage, error] {
	return pages[QueuedMessage](ctx, o.api, subaccountPath(subaccount)+"/eventBus/messages", url.Values{"queue": {queue}})
}
