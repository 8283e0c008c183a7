package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

// EventBus are the use cases around event buses that an operator has; *eventmesh.Bus
// has them.
type EventBus interface {
	Overview(context.Context, btp.SubaccountID) (eventmesh.Overview, error)
	Messages(ctx context.Context, subaccount btp.SubaccountID, queue string, after uint64, limit int) (page []eventmesh.Message, more bool, err error)
	BusClients
}

type busClient struct {
	Instance  string     `json:"instance"`
	EmName    string     `json:"emname"`
	Namespace string     `json:"namespace"`
	Options   busOptions `json:"options"`
	Rules     struct {
		Topics busRule `json:"topicRules"`
		Queues busRule `json:"queueRules"`
	} `json:"rules"`
	Units int `json:"units,omitempty"`
}

type busOptions struct {
	Messaging     bool `json:"messaging"`
	MessagingREST bool `json:"messagingrest"`
	Management    bool `json:"management"`
}

type busRule struct {
	Publish   []string `json:"publishFilter"`
	Subscribe []string `json:"subscribeFilter"`
}

func ruleOf(publish, subscribe []string) busRule {
	return busRule{append([]string{}, publish...), append([]string{}, subscribe...)}
}

func busClientOf(c eventmesh.Client) busClient {
	shown := busClient{
		Instance: c.Instance, EmName: c.EmName, Namespace: c.Namespace, Units: c.Units,
		Options: busOptions{c.Messaging, c.MessagingREST, c.Management},
	}
	shown.Rules.Topics = ruleOf(c.PublishTopics, c.SubscribeTopics)
	shown.Rules.Queues = ruleOf(c.PublishQueues, c.SubscribeQueues)
	return shown
}

type queue struct {
	Name           string    `json:"name"`
	Instance       string    `json:"instance"`
	Topics         []string  `json:"topics"`
	Messages       int       `json:"messages"`
	Bytes          int       `json:"bytes"`
	Unacknowledged int       `json:"unacknowledged"`
	CreatedAt      time.Time `json:"createdAt"`
}

func queueOf(q eventmesh.Queue) queue {
	return queue{q.Name, q.Instance, append([]string{}, q.Topics...), q.Messages, q.Bytes, q.Unacknowledged(), q.CreatedAt.UTC()}
}

type pushSubscription struct {
	Name      string              `json:"name"`
	Instance  string              `json:"instance"`
	Queue     string              `json:"queue"`
	QoS       eventmesh.QoS       `json:"qos"`
	Endpoint  string              `json:"endpoint"`
	Handshake eventmesh.Handshake `json:"handshake"`
	State     string              `json:"state"`
	Attempts  int                 `json:"attempts"`
	Failure   string              `json:"failure,omitempty"`
	CreatedAt time.Time           `json:"createdAt"`
}

func pushSubscriptionOf(w eventmesh.Webhook) pushSubscription {
	state := "paused"
	if w.Runs() {
		state = "active"
	}
	return pushSubscription{w.Name, w.Instance, w.Queue, w.QoS, w.Endpoint, w.Handshake, state, w.Attempts, w.Failure, w.CreatedAt.UTC()}
}

func each[T, S any](list []T, shown func(T) S) []S {
	all := make([]S, len(list))
	for i, one := range list {
		all[i] = shown(one)
	}
	return all
}

func (s *server) showEventBus(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	o, err := s.EventBus.Overview(c.Request.Context(), subaccountID(c))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, gin.H{
		"clients": each(o.Clients, busClientOf), "queues": each(o.Queues, queueOf), "webhooks": each(o.Webhooks, pushSubscriptionOf),
	})
}

// queuedMessage is a message in a queue, without its body.
type queuedMessage struct {
	ID          string        `json:"id"`
	Topic       string        `json:"topic,omitempty"`
	ContentType string        `json:"contentType"`
	Bytes       int           `json:"bytes"`
	QoS         eventmesh.QoS `json:"qos"`
	State       string        `json:"state"`
	PublishedAt time.Time     `json:"publishedAt"`
	ExpiresAt   time.Time     `json:"expiresAt"`
}

func queuedMessageOf(m eventmesh.Message) queuedMessage {
	state := "waiting"
	if m.Taken {
		state = "taken"
	}
	return queuedMessage{m.ID, m.Topic, m.ContentType, m.Size, m.QoS, state, m.PublishedAt.UTC(), m.ExpiresAt.UTC()}
}

func (s *server) listMessages(c *gin.Context) error {
	q, err := ReadQuery(c, "queue", "limit", "cursor")
	if err != nil {
		return err
	}
	name := q.Text("queue")
	if name == "" {
		return btp.Errorf(btp.InvalidRequest, "queue: it is missing; name the queue whose messages are to be listed")
	}
	p, err := q.Page("messages", string(subaccountID(c)), name)
	if err != nil {
		return err
	}
	page, more, err := s.EventBus.Messages(c.Request.Context(), subaccountID(c), name, p.After, p.Limit)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, PageOf(page, more, p, func(m eventmesh.Message) uint64 { return m.Sequence }, queuedMessageOf))
}
