package eventmesh

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Queue is a queue of a subaccount's event bus.
type Queue struct {
	ID         string           `json:"-"`
	Subaccount btp.SubaccountID `json:"-"`
	// Name is <namespace>/<queue> (e54e609.md).
	Name string `json:"-"`
	// Instance is the service instance whose client made it.
	Instance string `json:"-"`
	// Settings are what was given when it was put, a JSON object; they are kept and shown.
	Settings json.RawMessage `json:"settings,omitempty"`
	// Topics are the patterns of topics that it subscribes to.
	Topics []string `json:"topics,omitempty"`
	// Messages and Bytes are what is in it, taken or not.
	Messages  int       `json:"messages"`
	Bytes     int       `json:"bytes"`
	CreatedAt time.Time `json:"createdAt"`

	// Head is the sequence of the last message that was ever taken.
	Head uint64 `json:"head"`
	// Taken are the messages up to Head that are still there, in order.
	Taken []taken `json:"taken,omitempty"`

	sequence uint64
}

// taken is a message that somebody has, and has not acknowledged.
type taken struct {
	Message  string `json:"message"`
	Sequence uint64 `json:"sequence"`
	// Until is when it is consumed again; zero: By, a webhook, has it for good.
	Until time.Time `json:"until,omitzero"`
	By    string    `json:"by,omitempty"`
}

// Unacknowledged is how many of its messages somebody has.
func (q *Queue) Unacknowledged() int { return len(q.Taken) }

func queueOf(o btp.Object) (q Queue, err error) {
	err = json.Unmarshal(o.Document, &q)
	q.ID, q.Subaccount, q.Name, q.Instance, q.sequence = o.ID, btp.SubaccountID(o.Scope), o.Name, o.Parent, o.Sequence
	return q, err
}

func (q *Queue) put(s *btp.Step) error {
	document, err := json.Marshal(q)
	if err != nil {
		return err
	}
	return s.Objects().Put(btp.Object{
		Kind: btp.KindQueue, ID: q.ID, Scope: string(q.Subaccount), Name: q.Name, Parent: q.Instance, Sequence: q.sequence, Document: document,
	})
}

// drop deletes the queue with its messages and webhooks.
func (q *Queue) drop(s *btp.Step) error {
	err := each(s, btp.ObjectFilter{Kind: btp.KindMessage, Parent: q.ID}, func(o btp.Object) error { return deleteMessage(s, o.ID) })
	if err != nil {
		return err
	}
	err = each(s, btp.ObjectFilter{Kind: btp.KindWebhook, Parent: q.ID}, func(o btp.Object) error { return deleteWebhook(s, o.ID) })
	return errors.Join(err, s.Objects().Delete(btp.KindQueue, q.ID))
}

// queueNamed finds a queue of a bus, or refuses with QueueNotFound.
func queueNamed(s *btp.Step, subaccount btp.SubaccountID, name string) (Queue, error) {
	o, ok, err := s.Objects().FindByName(btp.KindQueue, string(subaccount), name)
	if err != nil {
		return Queue{}, err
	}
	if !ok {
		return Queue{}, btp.Errorf(btp.QueueNotFound, "the event bus has no queue %q", clip(name)).WithVendor("Queue does not exist")
	}
	return queueOf(o)
}

func queuesOf(s *btp.Step, subaccount btp.SubaccountID) (list []Queue, err error) {
	return list, each(s, btp.ObjectFilter{Kind: btp.KindQueue, Scope: string(subaccount)}, func(o btp.Object) error {
		q, err := queueOf(o)
		list = append(list, q)
		return err
	})
}

// Queues lists the queues in the caller's namespace, by name.
func (b *Bus) Queues(ctx context.Context, who btp.ServicePrincipal) (list []Queue, err error) {
	err = b.look(ctx, btp.PointQueueList, who, Management, func(s *btp.Step, c *Client) error {
		all, err := queuesOf(s, c.Subaccount)
		list = slices.DeleteFunc(all, func(q Queue) bool { return !c.owns(q.Name) })
		slices.SortFunc(list, func(a, b Queue) int { return cmp.Compare(a.Name, b.Name) })
		return err
	})
	return list, err
}

// Queue finds a queue in the caller's namespace. It refuses with QueueNotFound.
func (b *Bus) Queue(ctx context.Context, who btp.ServicePrincipal, name string) (q Queue, err error) {
	err = b.look(ctx, btp.PointQueueShow, who, Management, func(s *btp.Step, c *Client) (err error) {
		q, err = c.ownQueue(s, name)
		return err
	})
	return q, err
}

// owns says whether the name of a queue is in the client's namespace.
func (c *Client) owns(name string) bool { return covers(c.Namespace+"/#", name) && name != c.Namespace }

// ownQueue finds a queue that the client may manage: one in its own namespace.
func (c *Client) ownQueue(s *btp.Step, name string) (Queue, error) {
	if err := c.checkOwn(name); err != nil {
		return Queue{}, err
	}
	return queueNamed(s, c.Subaccount, name)
}

func (c *Client) checkOwn(name string) error {
	if err := CheckQueueName(name); err != nil {
		return err
	}
	if !c.owns(name) {
		return btp.Errorf(btp.OutsideNamespace, "a client manages queues in its own namespace only: their names begin with %s/", c.Namespace)
	}
	return nil
}

// PutQueue makes a queue, or changes the settings of the one that is there; made says
// which. It refuses with NameInvalid, OutsideNamespace or QueueLimit.
func (b *Bus) PutQueue(ctx context.Context, who btp.ServicePrincipal, name string, settings json.RawMessage) (q Queue, made bool, err error) {
	err = b.change(ctx, btp.PointQueuePut, who, Management, func(s *btp.Step, c *Client) error {
		var err error
		q, err = c.ownQueue(s, name)
		if made = btp.CodeOf(err) == btp.QueueNotFound; made {
			q, err = c.newQueue(s, name)
		}
		if err != nil {
			return err
		}
		if settings != nil {
			q.Settings = settings
		}
		if made {
			s.Decided(btp.PointQueuePut, nil, "e54e609.md", "queue "+clip(name)+" is made")
		}
		return q.put(s)
	})
	return q, made, err
}

func (c *Client) newQueue(s *btp.Step, name string) (Queue, error) {
	n, err := s.Objects().Count(btp.ObjectFilter{Kind: btp.KindQueue, Scope: string(c.Subaccount)})
	if err != nil {
		return Queue{}, err
	}
	if n >= MaxQueues {
		return Queue{}, btp.Errorf(btp.QueueLimit, "an event bus has at most %d queues", MaxQueues)
	}
	return Queue{
		ID: s.NewID(), Subaccount: c.Subaccount, Name: name, Instance: c.Instance, CreatedAt: s.Now(), sequence: s.NextSequence(),
	}, nil
}

// DeleteQueue deletes a queue with its messages and webhooks.
func (b *Bus) DeleteQueue(ctx context.Context, who btp.ServicePrincipal, name string) error {
	return b.change(ctx, btp.PointQueueDelete, who, Management, func(s *btp.Step, c *Client) error {
		q, err := c.ownQueue(s, name)
		if err != nil {
			return err
		}
		s.Decided(btp.PointQueueDelete, nil, "service-apis §6", "queue "+clip(name)+" is deleted")
		return q.drop(s)
	})
}

// SubscribeQueue lets a queue have what is published to topics of a pattern; made is
// false when it has already. It refuses with OutsideNamespace what the client's rules
// do not let it have, and with QueueLimit.
func (b *Bus) SubscribeQueue(ctx context.Context, who btp.ServicePrincipal, queue, pattern string) (made bool, err error) {
	err = b.change(ctx, btp.PointQueueSubscribe, who, Management, func(s *btp.Step, c *Client) error {
		if err := CheckPattern(pattern); err != nil {
			return err
		}
		q, err := c.ownQueue(s, queue)
		if err != nil {
			return err
		}
		if !c.allows(c.SubscribeTopics, pattern) {
			return btp.Errorf(btp.OutsideNamespace, "the subscribeFilter of the client's topicRules has no %q", clip(pattern))
		}
		if made = !slices.Contains(q.Topics, pattern); !made {
			return nil
		}
		if len(q.Topics) >= MaxTopics {
			return btp.Errorf(btp.QueueLimit, "a queue subscribes to at most %d patterns of topics", MaxTopics)
		}
		q.Topics = append(q.Topics, pattern)
		s.Decided(btp.PointQueueSubscribe, nil, "e54e609.md", "queue "+clip(queue)+" subscribes to "+pattern)
		return q.put(s)
	})
	return made, err
}

// UnsubscribeQueue ends a subscription to topics; none is no error.
func (b *Bus) UnsubscribeQueue(ctx context.Context, who btp.ServicePrincipal, queue, pattern string) error {
	return b.change(ctx, btp.PointQueueUnsubscribe, who, Management, func(s *btp.Step, c *Client) error {
		q, err := c.ownQueue(s, queue)
		if err != nil {
			return err
		}
		i := slices.Index(q.Topics, pattern)
		if i < 0 {
			return nil
		}
		q.Topics = slices.Delete(q.Topics, i, i+1)
		s.Decided(btp.PointQueueUnsubscribe, nil, "service-apis §6", "queue "+clip(queue)+" no longer subscribes to "+clip(pattern))
		return q.put(s)
	})
}
