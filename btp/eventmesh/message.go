package eventmesh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// QoS says what becomes of a message that is not received: with AtMostOnce it is
// lost, with AtLeastOnce it is delivered again.
type QoS int

// The qualities of service.
const (
	AtMostOnce  QoS = 0
	AtLeastOnce QoS = 1
)

// Message is a message in a queue.
type Message struct {
	ID string `json:"-"`
	// Topic is what it was published to; "" for one sent to the queue itself.
	Topic       string    `json:"topic,omitempty"`
	ContentType string    `json:"contentType"`
	QoS         QoS       `json:"qos"`
	Body        []byte    `json:"body"`
	PublishedAt time.Time `json:"publishedAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
	// Taken says that somebody has it, and has not acknowledged it; Size are the bytes
	// of the body. Both are told where messages are listed.
	Taken bool `json:"-"`
	Size  int  `json:"-"`

	Sequence uint64 `json:"-"`
	queue    string // id
}

// Publication is what is published.
type Publication struct {
	ContentType string
	Body        []byte
	QoS         QoS
	// Expiry is how long it lives; 0: MaxExpiry.
	Expiry time.Duration
}

func (p *Publication) check() error {
	switch {
	case len(p.Body) == 0:
		return btp.Errorf(btp.MessageInvalid, "the body is empty: it is the message").WithVendor("message is null or empty")
	case len(p.Body) > MaxMessage:
		return btp.Errorf(btp.MessageTooLarge, "a message has at most %d bytes", MaxMessage)
	case p.Expiry < 0 || p.Expiry > MaxExpiry:
		return btp.Errorf(btp.MessageInvalid, "a message lives for 1 to %d milliseconds", MaxExpiry.Milliseconds())
	}
	return nil
}

func messageOf(o btp.Object) (m Message, err error) {
	err = json.Unmarshal(o.Document, &m)
	m.ID, m.Sequence, m.queue = o.ID, o.Sequence, o.Parent
	return m, err
}

func deleteMessage(s *btp.Step, id string) error {
	return errors.Join(s.Objects().Delete(btp.KindMessage, id), s.Due().Cancel(btp.DueMessageExpiry, id))
}

// Publish sends a message to a topic: every queue that subscribes to it has it. It
// refuses with TopicInvalid, MessageInvalid, MessageTooLarge, OutsideNamespace and,
// with AtLeastOnce, QueueFull when one of the queues cannot have it; then none has.
func (b *Bus) Publish(ctx context.Context, who btp.ServicePrincipal, topic string, p Publication) error {
	return b.change(ctx, btp.PointMessagePublish, who, MessagingREST, func(s *btp.Step, c *Client) error {
		if err := CheckTopic(topic); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		if !c.allows(c.PublishTopics, topic) {
			return btp.Errorf(btp.OutsideNamespace, "client %q does not publish to %q: its topics begin with %s/, unless the publishFilter of its topicRules says otherwise",
				c.EmName, topic, c.Namespace)
		}
		return send(s, c, topic, p, func(q *Queue) bool {
			return slices.ContainsFunc(q.Topics, func(pattern string) bool { return Matches(pattern, topic) })
		})
	})
}

// Send sends a message to a queue. It refuses as Publish, and with QueueNotFound.
func (b *Bus) Send(ctx context.Context, who btp.ServicePrincipal, queue string, p Publication) error {
	return b.change(ctx, btp.PointMessagePublish, who, MessagingREST, func(s *btp.Step, c *Client) error {
		if err := CheckQueueName(queue); err != nil {
			return err
		}
		if err := p.check(); err != nil {
			return err
		}
		if !c.allows(c.PublishQueues, queue) {
			return btp.Errorf(btp.OutsideNamespace, "client %q does not send to %q: its queues begin with %s/, unless the publishFilter of its queueRules says otherwise",
				c.EmName, queue, c.Namespace)
		}
		to, err := queueNamed(s, c.Subaccount, queue)
		if err != nil {
			return err
		}
		return send(s, c, "", p, func(q *Queue) bool { return q.ID == to.ID })
	})
}

// send puts a message into every queue of the bus that wants it.
func send(s *btp.Step, c *Client, topic string, p Publication, wants func(*Queue) bool) error {
	queues, err := queuesOf(s, c.Subaccount)
	if err != nil {
		return err
	}
	all := 0
	for _, q := range queues {
		all += q.Bytes
	}
	if p.Expiry == 0 {
		p.Expiry = MaxExpiry
	}
	m := Message{Topic: topic, ContentType: p.ContentType, QoS: p.QoS, Body: p.Body, PublishedAt: s.Now(), ExpiresAt: s.Now().Add(p.Expiry)}
	had := 0
	for i := range queues {
		q := &queues[i]
		if !wants(q) {
			continue
		}
		if full := q.fullFor(len(p.Body), all); full != nil {
			if p.QoS == AtMostOnce {
				continue
			}
			return full
		}
		if err := q.add(s, m); err != nil {
			return err
		}
		all += len(p.Body)
		had++
	}
	to := "topic " + topic
	if topic == "" {
		to = "a queue"
	}
	s.Decided(btp.PointMessagePublish, nil, "service-apis §6", fmt.Sprintf("client %s publishes to %s: %d queues have it", c.EmName, to, had))
	return nil
}

// fullFor says why a queue cannot have n bytes more, all being those of the bus.
func (q *Queue) fullFor(n, all int) error {
	switch {
	case q.Messages >= MaxQueueMessages:
		return btp.Errorf(btp.QueueFull, "queue %s has %d messages, which is the most", q.Name, MaxQueueMessages)
	case q.Bytes+n > MaxQueueBytes:
		return btp.Errorf(btp.QueueFull, "queue %s would have more than %d bytes of messages", q.Name, MaxQueueBytes)
	case all+n > MaxBusBytes:
		return btp.Errorf(btp.QueueFull, "the queues of the event bus would have more than %d bytes of messages", MaxBusBytes)
	}
	return nil
}

func (q *Queue) add(s *btp.Step, m Message) error {
	document, err := json.Marshal(m)
	if err != nil {
		return err
	}
	o := btp.Object{
		Kind: btp.KindMessage, ID: s.NewID(), Scope: string(q.Subaccount), Parent: q.ID, Sequence: s.NextSequence(), Document: document,
	}
	q.Messages++
	q.Bytes += len(m.Body)
	return errors.Join(s.Objects().Put(o), q.put(s), s.Schedule(m.ExpiresAt, btp.DueMessageExpiry, o.ID), wakeWebhooks(s, q.ID))
}

// remove takes a message out of the queue; the caller puts the queue.
func (q *Queue) remove(s *btp.Step, m *Message) error {
	q.Messages--
	q.Bytes -= len(m.Body)
	q.Taken = slices.DeleteFunc(q.Taken, func(t taken) bool { return t.Message == m.ID })
	return deleteMessage(s, m.ID)
}

// next is the oldest message that nobody has, or that by, a webhook, has; expired
// ones are removed on the way. Without a message ok is false. The caller takes or
// removes it, and puts the queue.
func (q *Queue) next(s *btp.Step, by string) (m Message, ok bool, err error) {
	for {
		o, ok, err := q.oldest(s, by)
		if err != nil || !ok {
			return m, false, err
		}
		if m, err = messageOf(o); err != nil || s.Now().Before(m.ExpiresAt) {
			return m, err == nil, err
		}
		if err := q.remove(s, &m); err != nil {
			return m, false, err
		}
	}
}

func (q *Queue) oldest(s *btp.Step, by string) (btp.Object, bool, error) {
	free := func(t taken) bool { return t.By == "" && !s.Now().Before(t.Until) }
	own := func(t taken) bool { return by != "" && t.By == by }
	for _, wanted := range []func(taken) bool{own, free} {
		if i := slices.IndexFunc(q.Taken, wanted); i >= 0 {
			return s.Objects().Find(btp.KindMessage, q.Taken[i].Message)
		}
	}
	list, err := s.Objects().List(btp.ObjectFilter{Kind: btp.KindMessage, Parent: q.ID, After: q.Head, Limit: 1})
	if err != nil || len(list) == 0 {
		return btp.Object{}, false, err
	}
	return list[0], true, nil
}

// take lets by, a webhook, or for a while a consumer, have the message.
func (q *Queue) take(m *Message, until time.Time, by string) {
	q.Head = max(q.Head, m.Sequence)
	t := taken{Message: m.ID, Sequence: m.Sequence, Until: until, By: by}
	i, there := slices.BinarySearchFunc(q.Taken, m.Sequence, func(t taken, n uint64) int {
		switch {
		case t.Sequence < n:
			return -1
		case t.Sequence > n:
			return 1
		}
		return 0
	})
	if there {
		q.Taken[i] = t
		return
	}
	q.Taken = slices.Insert(q.Taken, i, t)
}

// release lets others have what a webhook has, at once.
func (q *Queue) release(s *btp.Step, webhook string) {
	for i := range q.Taken {
		if q.Taken[i].By == webhook {
			q.Taken[i].By, q.Taken[i].Until = "", s.Now()
		}
	}
}

// Consume takes the oldest message out of a queue; ok is false when there is none.
// With AtLeastOnce it comes again unless it is acknowledged within AcknowledgeWithin;
// with AtMostOnce it is gone. It refuses with QueueNotFound, OutsideNamespace and
// TooManyUnacknowledged.
func (b *Bus) Consume(ctx context.Context, who btp.ServicePrincipal, queue string, qos QoS) (m Message, ok bool, err error) {
	err = b.change(ctx, btp.PointMessageConsume, who, MessagingREST, func(s *btp.Step, c *Client) error {
		q, err := c.consumable(s, queue)
		if err != nil {
			return err
		}
		if m, ok, err = q.next(s, ""); err != nil {
			return err
		}
		if ok {
			if err := q.consumed(s, &m, qos); err != nil {
				return err
			}
			s.Decided(btp.PointMessageConsume, nil, "service-apis §6", fmt.Sprintf("client %s consumes message %s of queue %s", c.EmName, m.ID, q.Name))
		}
		return q.put(s)
	})
	return m, ok, err
}

func (q *Queue) consumed(s *btp.Step, m *Message, qos QoS) error {
	if qos == AtMostOnce {
		q.Head = max(q.Head, m.Sequence)
		return q.remove(s, m)
	}
	again := slices.ContainsFunc(q.Taken, func(t taken) bool { return t.Message == m.ID })
	if !again && len(q.Taken) >= MaxUnacknowledged {
		return btp.Errorf(btp.TooManyUnacknowledged, "%d messages of queue %s are consumed and not acknowledged", MaxUnacknowledged, q.Name)
	}
	q.take(m, s.Now().Add(AcknowledgeWithin), "")
	return nil
}

// consumable finds a queue that the client may consume from.
func (c *Client) consumable(s *btp.Step, queue string) (Queue, error) {
	if err := CheckQueueName(queue); err != nil {
		return Queue{}, err
	}
	if !c.allows(c.SubscribeQueues, queue) {
		return Queue{}, btp.Errorf(btp.OutsideNamespace, "client %q does not consume from %q: its queues begin with %s/, unless the subscribeFilter of its queueRules says otherwise",
			c.EmName, clip(queue), c.Namespace)
	}
	return queueNamed(s, c.Subaccount, queue)
}

// Acknowledge ends the life of a message that was consumed with AtLeastOnce. It
// refuses with MessageNotFound.
func (b *Bus) Acknowledge(ctx context.Context, who btp.ServicePrincipal, queue, message string) error {
	return b.change(ctx, btp.PointMessageAcknowledge, who, MessagingREST, func(s *btp.Step, c *Client) error {
		q, err := c.consumable(s, queue)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(q.Taken, func(t taken) bool { return t.Message == message && t.By == "" }) {
			return btp.Errorf(btp.MessageNotFound, "no message %q of queue %s waits for an acknowledgement", clip(message), q.Name)
		}
		o, _, err := s.Objects().Find(btp.KindMessage, message)
		if err != nil {
			return err
		}
		m, err := messageOf(o)
		if err != nil {
			return err
		}
		s.Decided(btp.PointMessageAcknowledge, nil, "service-apis §6", fmt.Sprintf("client %s acknowledges message %s of queue %s", c.EmName, m.ID, q.Name))
		return errors.Join(q.remove(s, &m), q.put(s))
	})
}

// messageExpires ends the life of a message that nobody has acknowledged in time.
func messageExpires(s *btp.Step, id string) (*btp.Work, error) {
	_, ok, err := s.Objects().Find(btp.KindMessage, id)
	if err != nil || !ok {
		return nil, err
	}
	return &btp.Work{Point: btp.PointMessageExpiry, Finish: func(s *btp.Step, failure error) error {
		if failure != nil { // a fault; the message is not consumed any more all the same
			return s.Schedule(s.Now().Add(AcknowledgeWithin), btp.DueMessageExpiry, id)
		}
		o, ok, err := s.Objects().Find(btp.KindMessage, id)
		if err != nil || !ok {
			return err
		}
		m, err := messageOf(o)
		if err != nil {
			return err
		}
		queue, ok, err := s.Objects().Find(btp.KindQueue, m.queue)
		if err != nil || !ok {
			return errors.Join(err, deleteMessage(s, id))
		}
		q, err := queueOf(queue)
		if err != nil {
			return err
		}
		s.Decided(btp.PointMessageExpiry, nil, "service-apis §6", "message "+id+" of queue "+q.Name+" expires")
		return errors.Join(q.remove(s, &m), q.put(s))
	}}, nil
}
