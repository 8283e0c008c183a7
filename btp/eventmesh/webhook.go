package eventmesh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Pusher calls webhooks. Its errors hold no credentials.
type Pusher interface {
	// CheckEndpoint refuses with SinkForbidden where no call may go to.
	CheckEndpoint(ctx context.Context, endpoint string) error
	// Greet asks the webhook whether it wants messages. It refuses with HandshakeRefused.
	Greet(ctx context.Context, w Webhook) error
	// Push sends a message once. It refuses with EventNotDelivered.
	Push(ctx context.Context, w Webhook, m Message) error
}

// Handshake says whether a webhook has said that it wants messages.
type Handshake string

// The states of a handshake.
const (
	HandshakeOpen    Handshake = "open" // asked, or to be asked again by hand
	HandshakeDone    Handshake = "done"
	HandshakeRefused Handshake = "refused"
	HandshakeExempt  Handshake = "exempt" // not asked for
)

// Webhook is a push subscription: it has the messages of a queue sent to an endpoint.
type Webhook struct {
	ID         string           `json:"-"`
	Subaccount btp.SubaccountID `json:"-"`
	// Name is unique in the subaccount.
	Name string `json:"-"`
	// Instance is the service instance whose client made it.
	Instance string `json:"instance"`
	// Queue is the name of the queue.
	Queue string `json:"queue"`
	QoS   QoS    `json:"qos"`
	// Endpoint is where messages are posted to: an absolute http or https URL.
	Endpoint string `json:"endpoint"`
	// DefaultContentType is that of messages without one; "" for none.
	DefaultContentType string    `json:"defaultContentType,omitempty"`
	Handshake          Handshake `json:"handshake"`
	Paused             bool      `json:"paused"`
	// SecurityType is that of Security, "" for none.
	SecurityType SecurityType `json:"securityType,omitempty"`
	Security     Security     `json:"-"`
	// Attempts is how often the present message was sent in vain, Failure why the last
	// call failed.
	Attempts  int       `json:"attempts,omitempty"`
	Failure   string    `json:"failure,omitempty"`
	CreatedAt time.Time `json:"createdAt"`

	queue    string // its id
	sequence uint64
}

// SecurityType is how a webhook knows the bus.
type SecurityType string

// The types (service-apis §6).
const (
	OAuth2    SecurityType = "oauth2"
	BasicAuth SecurityType = "basicAuth"
)

// Security are the credentials of calls to a webhook, of one of the types.
type Security struct {
	GrantType    string `json:"grantType,omitempty"`
	ClientID     string `json:"clientId,omitempty"`
	ClientSecret string `json:"clientSecret,omitempty"`
	TokenURL     string `json:"tokenUrl,omitempty"`
	User         string `json:"user,omitempty"`
	Password     string `json:"password,omitempty"`
}

// NewWebhook asks for a push subscription.
type NewWebhook struct {
	Name, Queue        string
	QoS                QoS
	Endpoint           string
	ExemptHandshake    bool
	DefaultContentType string
	SecurityType       SecurityType
	Security           Security
}

const (
	maxEndpoint   = 2048
	maxCredential = 4096
	// clientCredentials is the one grant by which tokens for webhooks are fetched.
	clientCredentials = "client_credentials"
)

func (n *NewWebhook) check() error {
	invalid := func(format string, args ...any) error { return btp.Errorf(btp.WebhookInvalid, format, args...) }
	switch {
	case CheckQueueName(n.Name) != nil:
		return invalid("name: letters, digits, - _ . and / only, at most %d characters", maxTopic)
	case CheckQueueName(n.Queue) != nil:
		return invalid("address: it is queue: and the name of a queue")
	case n.QoS != AtMostOnce && n.QoS != AtLeastOnce:
		return invalid("qos: it is 0 or 1")
	case !isURL(n.Endpoint):
		return invalid("pushConfig.endpoint: it is an absolute http or https URL of at most %d characters, without user, password and fragment", maxEndpoint)
	case len(n.DefaultContentType) > 200 || strings.ContainsAny(n.DefaultContentType, "\r\n"):
		return invalid("pushConfig.defaultContentType: at most 200 characters on one line")
	}
	for _, text := range []string{n.Security.ClientID, n.Security.ClientSecret, n.Security.User, n.Security.Password} {
		if len(text) > maxCredential {
			return invalid("pushConfig.securitySchema: a credential has at most %d characters", maxCredential)
		}
	}
	switch n.SecurityType {
	case "":
	case OAuth2:
		if n.Security.ClientID == "" || n.Security.ClientSecret == "" || !isURL(n.Security.TokenURL) || n.Security.GrantType != clientCredentials {
			return invalid("pushConfig.securitySchema: oauth2 needs grantType client_credentials, clientId, clientSecret and tokenUrl")
		}
	case BasicAuth:
		if n.Security.User == "" || n.Security.Password == "" {
			return invalid("pushConfig.securitySchema: basicAuth needs user and password")
		}
	default:
		return invalid("pushConfig.securitySchema.type: there are %s and %s", OAuth2, BasicAuth)
	}
	return nil
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && len(text) <= maxEndpoint && u.Hostname() != "" && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && u.Fragment == ""
}

// Runs says whether messages are sent to it.
func (w *Webhook) Runs() bool {
	return !w.Paused && (w.Handshake == HandshakeDone || w.Handshake == HandshakeExempt)
}

func webhookOf(o btp.Object) (w Webhook, err error) {
	err = json.Unmarshal(o.Document, &w)
	if err == nil && o.Secret != nil {
		err = json.Unmarshal(o.Secret, &w.Security)
	}
	w.ID, w.Subaccount, w.Name, w.queue, w.sequence = o.ID, btp.SubaccountID(o.Scope), o.Name, o.Parent, o.Sequence
	return w, err
}

func (w *Webhook) put(s *btp.Step) error {
	o := btp.Object{Kind: btp.KindWebhook, ID: w.ID, Scope: string(w.Subaccount), Name: w.Name, Parent: w.queue, Sequence: w.sequence}
	var err error
	if o.Document, err = json.Marshal(w); err != nil {
		return err
	}
	if w.SecurityType != "" {
		if o.Secret, err = json.Marshal(w.Security); err != nil {
			return err
		}
	}
	return s.Objects().Put(o)
}

func deleteWebhook(s *btp.Step, id string) error {
	return errors.Join(s.Objects().Delete(btp.KindWebhook, id), s.Due().Cancel(btp.DueWebhookPush, id), s.Due().Cancel(btp.DueWebhookHandshake, id))
}

func webhooksOf(s *btp.Step, f btp.ObjectFilter) (list []Webhook, err error) {
	f.Kind = btp.KindWebhook
	return list, each(s, f, func(o btp.Object) error {
		w, err := webhookOf(o)
		list = append(list, w)
		return err
	})
}

// ownWebhook finds a push subscription of the client, or refuses with WebhookNotFound.
func (c *Client) ownWebhook(s *btp.Step, name string) (Webhook, error) {
	o, ok, err := s.Objects().FindByName(btp.KindWebhook, string(c.Subaccount), name)
	if err != nil {
		return Webhook{}, err
	}
	var w Webhook
	if ok {
		w, err = webhookOf(o)
	}
	if err == nil && w.Instance != c.Instance {
		err = btp.Errorf(btp.WebhookNotFound, "client %q has no push subscription %q", c.EmName, clip(name))
	}
	return w, err
}

// Webhooks lists the push subscriptions of the caller's client in the order of creation.
func (b *Bus) Webhooks(ctx context.Context, who btp.ServicePrincipal) (list []Webhook, err error) {
	err = b.look(ctx, btp.PointWebhookList, who, MessagingREST, func(s *btp.Step, c *Client) error {
		all, err := webhooksOf(s, btp.ObjectFilter{Scope: string(c.Subaccount)})
		list = nil
		for _, w := range all {
			if w.Instance == c.Instance {
				list = append(list, w)
			}
		}
		return err
	})
	return list, err
}

// Webhook finds a push subscription. It refuses with WebhookNotFound.
func (b *Bus) Webhook(ctx context.Context, who btp.ServicePrincipal, name string) (w Webhook, err error) {
	err = b.look(ctx, btp.PointWebhookShow, who, MessagingREST, func(s *btp.Step, c *Client) (err error) {
		w, err = c.ownWebhook(s, name)
		return err
	})
	return w, err
}

// CreateWebhook makes a push subscription and, unless it is exempt, asks the webhook
// whether it wants messages. It refuses with WebhookInvalid, SinkForbidden, NameTaken,
// QueueNotFound, OutsideNamespace and WebhookLimit.
func (b *Bus) CreateWebhook(ctx context.Context, who btp.ServicePrincipal, n NewWebhook) (w Webhook, err error) {
	var about btp.Reference
	err = b.Registry.At(ctx, btp.PointWebhookCreate, &about, func(ctx context.Context) error {
		if err := n.check(); err != nil {
			return err
		}
		urls := []string{n.Endpoint}
		if n.SecurityType == OAuth2 {
			urls = append(urls, n.Security.TokenURL)
		}
		for _, u := range urls {
			if b.Pusher == nil {
				break
			}
			if err := b.Pusher.CheckEndpoint(ctx, u); err != nil {
				return err
			}
		}
		return b.Registry.Amend(ctx, func(s *btp.Step) error {
			return as(s, who, MessagingREST, func(s *btp.Step, c *Client) (err error) {
				w, err = c.newWebhook(s, n)
				return err
			})
		})
	})
	if err != nil || w.Handshake != HandshakeOpen {
		return w, err
	}
	return b.asked(ctx, w)
}

// asked waits a moment for what comes of the handshake.
func (b *Bus) asked(ctx context.Context, w Webhook) (Webhook, error) {
	b.Registry.Settle(ctx, btp.DueWebhookHandshake, w.ID)
	err := b.Registry.Amend(ctx, func(s *btp.Step) error {
		present, ok, err := webhookBy(s, w.ID)
		if err == nil && !ok {
			err = btp.Errorf(btp.WebhookNotFound, "push subscription %q was deleted meanwhile", w.Name)
		}
		w = present
		return err
	})
	return w, err
}

func (c *Client) newWebhook(s *btp.Step, n NewWebhook) (Webhook, error) {
	q, err := c.consumable(s, n.Queue)
	if err != nil {
		return Webhook{}, err
	}
	there, err := s.Objects().Count(btp.ObjectFilter{Kind: btp.KindWebhook, Scope: string(c.Subaccount)})
	if err != nil {
		return Webhook{}, err
	}
	if there >= MaxWebhooks {
		return Webhook{}, btp.Errorf(btp.WebhookLimit, "an event bus has at most %d push subscriptions", MaxWebhooks)
	}
	w := Webhook{
		ID: s.NewID(), Subaccount: c.Subaccount, Name: n.Name, Instance: c.Instance, Queue: q.Name, QoS: n.QoS, Endpoint: n.Endpoint,
		DefaultContentType: n.DefaultContentType, Handshake: HandshakeOpen, SecurityType: n.SecurityType, Security: n.Security,
		CreatedAt: s.Now(), queue: q.ID, sequence: s.NextSequence(),
	}
	next := btp.DueWebhookHandshake
	if n.ExemptHandshake {
		w.Handshake, next = HandshakeExempt, btp.DueWebhookPush
	}
	s.Decided(btp.PointWebhookCreate, nil, "service-apis §6", fmt.Sprintf("push subscription %s has the messages of queue %s", w.Name, w.Queue))
	return w, errors.Join(w.put(s), s.Schedule(s.Now(), next, w.ID))
}

// DeleteWebhook ends a push subscription; none is no error, for real clients delete
// before they create. What it had not delivered can be consumed.
func (b *Bus) DeleteWebhook(ctx context.Context, who btp.ServicePrincipal, name string) error {
	return b.change(ctx, btp.PointWebhookDelete, who, MessagingREST, func(s *btp.Step, c *Client) error {
		w, err := c.ownWebhook(s, name)
		switch {
		case btp.CodeOf(err) == btp.WebhookNotFound:
			return nil
		case err != nil:
			return err
		}
		s.Decided(btp.PointWebhookDelete, nil, "service-apis §6", "push subscription "+w.Name+" ends")
		return errors.Join(w.letGo(s), deleteWebhook(s, w.ID))
	})
}

// letGo gives the message back that the webhook has.
func (w *Webhook) letGo(s *btp.Step) error {
	q, ok, err := queueBy(s, w.queue)
	if err != nil || !ok {
		return err
	}
	q.release(s, w.ID)
	return q.put(s)
}

func queueBy(s *btp.Step, id string) (q Queue, ok bool, err error) {
	o, ok, err := s.Objects().Find(btp.KindQueue, id)
	if err != nil || !ok {
		return q, false, err
	}
	q, err = queueOf(o)
	return q, true, err
}

// PauseWebhook lets a push subscription rest, or go on: without a handshake it still
// has nothing sent. It refuses with WebhookNotFound.
func (b *Bus) PauseWebhook(ctx context.Context, who btp.ServicePrincipal, name string, pause bool) (w Webhook, err error) {
	err = b.change(ctx, btp.PointWebhookState, who, MessagingREST, func(s *btp.Step, c *Client) (err error) {
		if w, err = c.ownWebhook(s, name); err != nil || w.Paused == pause {
			return err
		}
		w.Paused, w.Attempts = pause, 0
		then := w.letGo
		verb := "rests"
		if !pause {
			verb = "goes on"
			then = func(s *btp.Step) error { return s.Schedule(s.Now(), btp.DueWebhookPush, w.ID) }
		}
		s.Decided(btp.PointWebhookState, nil, "service-apis §6", "push subscription "+w.Name+" "+verb)
		return errors.Join(w.put(s), then(s))
	})
	return w, err
}

// AskWebhook makes the handshake again, and waits a moment for what comes of it. It
// refuses with WebhookNotFound, and with HandshakeRefused when the webhook does not
// want messages.
func (b *Bus) AskWebhook(ctx context.Context, who btp.ServicePrincipal, name string) (w Webhook, err error) {
	err = b.change(ctx, btp.PointWebhookHandshake, who, MessagingREST, func(s *btp.Step, c *Client) (err error) {
		if w, err = c.ownWebhook(s, name); err != nil || w.Handshake == HandshakeExempt {
			return err
		}
		w.Handshake = HandshakeOpen
		return errors.Join(w.put(s), s.Schedule(s.Now(), btp.DueWebhookHandshake, w.ID))
	})
	if err != nil || w.Handshake == HandshakeExempt {
		return w, err
	}
	w, err = b.asked(ctx, w)
	if err == nil && w.Handshake == HandshakeRefused {
		err = btp.Errorf(btp.HandshakeRefused, "%s", w.Failure)
	}
	return w, err
}
