package eventmesh

import (
	"encoding/json"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/pattern"
)

// Client is a client of a subaccount's event bus: what a service instance makes of it.
type Client struct {
	Subaccount btp.SubaccountID `json:"-"`
	// Instance is the service instance that it belongs to.
	Instance string `json:"-"`
	// EmName and Namespace are each unique in the subaccount (d476ff0.md).
	EmName    string `json:"-"`
	Namespace string `json:"namespace"`
	// The filters of its rules: patterns in which ${namespace} stands for the client's.
	// An empty one allows what is in the client's own namespace.
	PublishTopics   []string `json:"publishTopics,omitempty"`
	SubscribeTopics []string `json:"subscribeTopics,omitempty"`
	PublishQueues   []string `json:"publishQueues,omitempty"`
	SubscribeQueues []string `json:"subscribeQueues,omitempty"`
	// Units are the resources of a messaging instance, 10 to 50; 0: nothing is said.
	Units int `json:"units,omitempty"`
	// Messaging, MessagingREST and Management are the channels that it may use.
	Messaging     bool `json:"messaging"`
	MessagingREST bool `json:"messagingrest"`
	Management    bool `json:"management"`
}

var (
	emNameRule    = pattern.New(`^[a-zA-Z0-9_\-]{1,100}$`)
	namespaceRule = pattern.New(`^[a-zA-Z0-9_.\-]+(/[a-zA-Z0-9_.\-]+){2}$`)
)

func (c *Client) check() error {
	switch {
	case !emNameRule.MatchString(c.EmName):
		return btp.Errorf(btp.NameInvalid, "emname: 1 to %d letters, digits, _ and -", MaxEmName)
	case len(c.Namespace) > MaxNamespace || !namespaceRule.MatchString(c.Namespace):
		return btp.Errorf(btp.NameInvalid, "namespace: three segments joined by /, with at most %d characters", MaxNamespace)
	}
	for _, filters := range [][]string{c.PublishTopics, c.SubscribeTopics, c.PublishQueues, c.SubscribeQueues} {
		if len(filters) > MaxFilters {
			return btp.Errorf(btp.InvalidRequest, "rules: a rule has at most %d filters", MaxFilters)
		}
		for _, f := range filters {
			if err := c.checkFilter(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// PutClient stores a client, in place of the one that its instance has already. It
// refuses with NameInvalid or TopicInvalid what breaks a rule, and with EmNameTaken
// or NamespaceTaken what another client of the subaccount has.
func PutClient(s *btp.Step, c Client) error {
	if err := c.check(); err != nil {
		return err
	}
	there, err := clientsOf(s, c.Subaccount)
	if err != nil {
		return err
	}
	o := btp.Object{Kind: btp.KindBusClient, Scope: string(c.Subaccount), Name: c.EmName, Parent: c.Instance}
	for _, other := range there {
		switch {
		case other.Instance == c.Instance:
			o.ID, o.Sequence = other.id, other.sequence
		case other.EmName == c.EmName:
			return btp.Errorf(btp.EmNameTaken, "emname %q is taken: another client of the event bus of subaccount %s has it", c.EmName, c.Subaccount)
		case other.Namespace == c.Namespace:
			return btp.Errorf(btp.NamespaceTaken, "namespace %q is taken: client %q of the event bus of subaccount %s has it", c.Namespace, other.EmName, c.Subaccount)
		}
	}
	if o.ID == "" {
		o.ID, o.Sequence = s.NewID(), s.NextSequence()
	}
	if o.Document, err = json.Marshal(c); err != nil {
		return err
	}
	return s.Objects().Put(o)
}

// RemoveClient deletes the client of an instance with its queues and all that is in
// them; none is no error.
func RemoveClient(s *btp.Step, subaccount btp.SubaccountID, instance string) error {
	queues, err := s.Objects().List(btp.ObjectFilter{Kind: btp.KindQueue, Scope: string(subaccount), Parent: instance})
	if err != nil {
		return err
	}
	for _, o := range queues {
		q, err := queueOf(o)
		if err != nil {
			return err
		}
		if err := q.drop(s); err != nil {
			return err
		}
	}
	c, ok, err := clientOf(s, instance)
	if err != nil || !ok || c.Subaccount != subaccount {
		return err
	}
	return s.Objects().Delete(btp.KindBusClient, c.id)
}

// storedClient is a client as the store has it.
type storedClient struct {
	Client
	id       string
	sequence uint64
}

func readClient(o btp.Object) (c storedClient, err error) {
	err = json.Unmarshal(o.Document, &c.Client)
	c.Subaccount, c.Instance, c.EmName, c.id, c.sequence = btp.SubaccountID(o.Scope), o.Parent, o.Name, o.ID, o.Sequence
	return c, err
}

func clientsOf(s *btp.Step, subaccount btp.SubaccountID) (list []storedClient, err error) {
	return list, each(s, btp.ObjectFilter{Kind: btp.KindBusClient, Scope: string(subaccount)}, func(o btp.Object) error {
		c, err := readClient(o)
		list = append(list, c)
		return err
	})
}

// clientOf is the client of an instance.
func clientOf(s *btp.Step, instance string) (c storedClient, ok bool, err error) {
	list, err := s.Objects().List(btp.ObjectFilter{Kind: btp.KindBusClient, Parent: instance, Limit: 1})
	if err != nil || len(list) == 0 {
		return c, false, err
	}
	c, err = readClient(list[0])
	return c, true, err
}

// each reads the objects that a filter selects.
func each(s *btp.Step, f btp.ObjectFilter, read func(btp.Object) error) error {
	list, err := s.Objects().List(f)
	for i := 0; i < len(list) && err == nil; i++ {
		err = read(list[i])
	}
	return err
}
