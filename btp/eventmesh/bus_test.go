package eventmesh_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
)

var (
	sender   = eventmesh.Client{EmName: "s4hc", Namespace: "sap/S4HANAOD/s4hc"}
	receiver = eventmesh.Client{EmName: "ems-s4hc", Namespace: "sap/S4HANAOD/ems-s4hc", SubscribeTopics: []string{"${namespace}/*", "sap/S4HANAOD/s4hc/*"}}
)

const (
	inbox   = "sap/S4HANAOD/ems-s4hc/inbox"
	changed = "sap/S4HANAOD/s4hc/ce/sap/s4/beh/businesspartner/v1/BusinessPartner/Changed/v1"
)

// Rule: bus-names-unique
func TestNamesOfClientsAreUniqueInTheSubaccount(t *testing.T) {
	m := openNew(t)
	m.client(sender)
	put := func(c eventmesh.Client) error {
		if c.Subaccount == "" {
			c.Subaccount = "dev"
		}
		return m.step(func(s *btp.Step) error { return eventmesh.PutClient(s, c) })
	}
	wantCode(t, "same emname", put(eventmesh.Client{Instance: "other", EmName: "s4hc", Namespace: "a/b/c"}), btp.EmNameTaken)
	wantCode(t, "same namespace", put(eventmesh.Client{Instance: "other", EmName: "other", Namespace: sender.Namespace}), btp.NamespaceTaken)
	wantCode(t, "in another subaccount", put(eventmesh.Client{Subaccount: "test", Instance: "i3", EmName: "s4hc", Namespace: sender.Namespace}), "")
	wantCode(t, "its own again", put(eventmesh.Client{Instance: "instance-s4hc", EmName: "s4hc", Namespace: sender.Namespace}), "")
	for what, c := range map[string]eventmesh.Client{
		"no emname":           {EmName: "", Namespace: "a/b/c"},
		"emname with a blank": {EmName: "a b", Namespace: "a/b/c"},
		"long emname":         {EmName: strings.Repeat("a", 101), Namespace: "a/b/c"},
		"two segments":        {EmName: "a", Namespace: "a/b"},
		"four segments":       {EmName: "a", Namespace: "a/b/c/d"},
		"an empty segment":    {EmName: "a", Namespace: "a//c"},
		"long namespace":      {EmName: "a", Namespace: "aaaaaaaa/bbbbbbbb/ccccccc"},
	} {
		c.Instance = "bad"
		wantCode(t, what, put(c), btp.NameInvalid)
	}
	wantCode(t, "a filter that is none", put(eventmesh.Client{Instance: "bad", EmName: "a", Namespace: "a/b/c", PublishTopics: []string{"#/a"}}), btp.TopicInvalid)
	if got := m.objects(btp.KindBusClient); got != 2 {
		t.Errorf("got %d clients, want 2: refusals change nothing", got)
	}
}

// Rule: bus-own-namespace
func TestAClientManagesQueuesInItsNamespace(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	ctx := t.Context()
	if _, made, err := m.PutQueue(ctx, who, inbox, nil); err != nil || !made {
		t.Fatalf("got made %t, %v", made, err)
	}
	if q, made, err := m.PutQueue(ctx, who, inbox, []byte(`{"accessType":"NON_EXCLUSIVE"}`)); err != nil || made || len(q.Settings) == 0 {
		t.Errorf("again: got %+v, made %t, %v", q, made, err)
	}
	for name, want := range map[string]btp.Code{
		"sap/S4HANAOD/s4hc/q": btp.OutsideNamespace, "sap/S4HANAOD/ems-s4hc": btp.OutsideNamespace, "sap/S4HANAOD/ems-s4hc2/q": btp.OutsideNamespace,
		inbox + "/+": btp.NameInvalid, "": btp.NameInvalid,
	} {
		_, _, err := m.PutQueue(ctx, who, name, nil)
		wantCode(t, "queue "+name, err, want)
	}
	other := m.client(sender)
	_, err := m.Queue(ctx, other, inbox)
	wantCode(t, "another client looks", err, btp.OutsideNamespace)
	if list, err := m.Queues(ctx, other); err != nil || len(list) != 0 {
		t.Errorf("another client lists: got %v, %v", list, err)
	}
	wantCode(t, "another client deletes", m.DeleteQueue(ctx, other, inbox), btp.OutsideNamespace)
	wantCode(t, "an unknown queue", m.DeleteQueue(ctx, who, inbox+"2"), btp.QueueNotFound)
	if made, err := m.SubscribeQueue(ctx, who, inbox, "sap/S4HANAOD/s4hc/*"); err != nil || !made {
		t.Errorf("subscribe: got %t, %v", made, err)
	}
	if made, err := m.SubscribeQueue(ctx, who, inbox, "sap/S4HANAOD/s4hc/*"); err != nil || made {
		t.Errorf("subscribe again: got %t, %v", made, err)
	}
	_, err = m.SubscribeQueue(ctx, who, inbox, "sap/S4HANAOD/*/x")
	wantCode(t, "a topic of nobody's", err, btp.OutsideNamespace)
	_, err = m.SubscribeQueue(ctx, who, inbox, "a//b")
	wantCode(t, "no pattern", err, btp.TopicInvalid)
	for range 2 { // none is no error
		wantCode(t, "unsubscribe", m.UnsubscribeQueue(ctx, who, inbox, "sap/S4HANAOD/s4hc/*"), "")
	}
	if q, _ := m.Queue(ctx, who, inbox); len(q.Topics) != 0 {
		t.Errorf("got topics %q", q.Topics)
	}
}

func TestQueuesAreBounded(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	for n := range eventmesh.MaxQueues {
		m.queue(who, fmt.Sprintf("%s-%d", inbox, n))
	}
	_, _, err := m.PutQueue(t.Context(), who, inbox, nil)
	wantCode(t, "one queue more", err, btp.QueueLimit)
	for n := range eventmesh.MaxTopics {
		m.queue(who, inbox+"-0", fmt.Sprintf("%s/%d", receiver.Namespace, n))
	}
	_, err = m.SubscribeQueue(t.Context(), who, inbox+"-0", receiver.Namespace+"/more")
	wantCode(t, "one topic more", err, btp.QueueLimit)
}

// Rule: bus-queue-subscribes
func TestMessagesReachTheQueuesThatSubscribe(t *testing.T) {
	m := openNew(t)
	from, to := m.client(sender), m.client(receiver)
	m.queue(to, inbox, "sap/S4HANAOD/s4hc/ce/sap/s4/beh/+/v1/+/Changed/v1", "sap/S4HANAOD/s4hc/*") // once, though both match
	m.queue(to, inbox+"2", receiver.Namespace+"/*")
	for n := range 3 {
		m.publish(from, changed, fmt.Sprint(n))
	}
	for n := range 3 {
		if got, _ := m.got(to, inbox, eventmesh.AtMostOnce); got != fmt.Sprint(n) {
			t.Errorf("got %q, want %d: messages keep their order", got, n)
		}
	}
	for _, queue := range []string{inbox, inbox + "2"} {
		if got, _ := m.got(to, queue, eventmesh.AtMostOnce); got != "" {
			t.Errorf("queue %s: got %q, want nothing", queue, got)
		}
		if n, size, taken := m.depth(to, queue); n != 0 || size != 0 || taken != 0 {
			t.Errorf("queue %s is not empty: %d messages, %d bytes, %d taken", queue, n, size, taken)
		}
	}
}

// Rule: bus-own-namespace
func TestAClientPublishesInItsNamespaceOnly(t *testing.T) {
	m := openNew(t)
	from := m.client(sender)
	to := m.client(receiver)
	m.queue(to, inbox)
	ctx := t.Context()
	wantCode(t, "another namespace", m.Publish(ctx, from, receiver.Namespace+"/x", message("1")), btp.OutsideNamespace)
	wantCode(t, "another's queue", m.Send(ctx, from, inbox, message("1")), btp.OutsideNamespace)
	_, _, err := m.Consume(ctx, from, inbox, eventmesh.AtMostOnce)
	wantCode(t, "consume another's", err, btp.OutsideNamespace)
	wantCode(t, "a pattern is no topic", m.Publish(ctx, from, sender.Namespace+"/*", message("1")), btp.TopicInvalid)
	wantCode(t, "an unknown queue", m.Send(ctx, from, sender.Namespace+"/q", message("1")), btp.QueueNotFound)
	free := m.client(eventmesh.Client{
		EmName: "free", Namespace: "a/b/free", PublishTopics: []string{"sap/S4HANAOD/+/x"},
		PublishQueues: []string{"sap/S4HANAOD/ems-s4hc/*"}, SubscribeQueues: []string{"sap/S4HANAOD/ems-s4hc/*"},
	})
	wantCode(t, "a rule allows the topic", m.Publish(ctx, free, receiver.Namespace+"/x", message("1")), "")
	wantCode(t, "a rule allows the queue", m.Send(ctx, free, inbox, message("by rule")), "")
	if got, _ := m.got(free, inbox, eventmesh.AtMostOnce); got != "by rule" {
		t.Errorf("got %q", got)
	}
	wantCode(t, "and not its own", m.Publish(ctx, free, "a/b/free/x", message("1")), btp.OutsideNamespace)
}

// Rule: bus-descriptor
func TestChannelsAreOpenedByOptions(t *testing.T) {
	m := openNew(t)
	c := eventmesh.Client{Subaccount: "dev", Instance: "closed", EmName: "closed", Namespace: "a/b/c", Messaging: true}
	if err := m.step(func(s *btp.Step) error { return eventmesh.PutClient(s, c) }); err != nil {
		t.Fatal(err)
	}
	_, err := m.Queues(t.Context(), as(c))
	wantCode(t, "management", err, btp.ChannelNotEnabled)
	wantCode(t, "messagingrest", m.Publish(t.Context(), as(c), "a/b/c/d", message("1")), btp.ChannelNotEnabled)
	c.Instance = "gone"
	_, err = m.Queues(t.Context(), as(c))
	wantCode(t, "an instance without client", err, btp.Forbidden)
}

// Rule: bus-acknowledgement
func TestAMessageIsDeliveredAgainUntilItIsAcknowledged(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	m.publish(who, receiver.Namespace+"/x", "first")
	m.publish(who, receiver.Namespace+"/x", "second")
	ctx := t.Context()
	body, first := m.got(who, inbox, eventmesh.AtLeastOnce)
	if body != "first" {
		t.Fatalf("got %q", body)
	}
	if body, _ := m.got(who, inbox, eventmesh.AtMostOnce); body != "second" {
		t.Errorf("got %q, want the second: somebody has the first", body)
	}
	m.pass(eventmesh.AcknowledgeWithin - time.Nanosecond)
	if body, _ := m.got(who, inbox, eventmesh.AtLeastOnce); body != "" {
		t.Errorf("just before the end: got %q", body)
	}
	m.pass(time.Nanosecond)
	body, id := m.got(who, inbox, eventmesh.AtLeastOnce)
	if body != "first" || id != first {
		t.Errorf("after the end: got %q %s, want the first again", body, id)
	}
	if n, size, taken := m.depth(who, inbox); n != 1 || size != len("first") || taken != 1 {
		t.Errorf("got %d messages, %d bytes, %d taken", n, size, taken)
	}
	wantCode(t, "acknowledge", m.Acknowledge(ctx, who, inbox, id), "")
	wantCode(t, "acknowledge twice", m.Acknowledge(ctx, who, inbox, id), btp.MessageNotFound)
	wantCode(t, "acknowledge nothing", m.Acknowledge(ctx, who, inbox, "none"), btp.MessageNotFound)
	if n, size, taken := m.depth(who, inbox); n != 0 || size != 0 || taken != 0 {
		t.Errorf("got %d messages, %d bytes, %d taken", n, size, taken)
	}
}

func TestTooManyUnacknowledged(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	for n := range eventmesh.MaxUnacknowledged + 1 {
		m.publish(who, receiver.Namespace+"/x", fmt.Sprint(n))
	}
	for range eventmesh.MaxUnacknowledged {
		m.got(who, inbox, eventmesh.AtLeastOnce)
	}
	_, _, err := m.Consume(t.Context(), who, inbox, eventmesh.AtLeastOnce)
	wantCode(t, "one more", err, btp.TooManyUnacknowledged)
	m.pass(eventmesh.AcknowledgeWithin)
	if body, _ := m.got(who, inbox, eventmesh.AtLeastOnce); body != "0" {
		t.Errorf("got %q, want the first again", body)
	}
	if body, _ := m.got(who, inbox, eventmesh.AtLeastOnce); body != "1" {
		t.Errorf("got %q, want the second again", body)
	}
}

// Rule: bus-expiry
func TestMessagesExpire(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	short := message("short")
	short.Expiry = time.Millisecond
	if err := m.Publish(t.Context(), who, receiver.Namespace+"/x", short); err != nil {
		t.Fatal(err)
	}
	m.publish(who, receiver.Namespace+"/x", "long")
	_, id := m.got(who, inbox, eventmesh.AtLeastOnce) // one that somebody has expires, too
	m.pass(time.Millisecond)
	wantCode(t, "acknowledge what has expired", m.Acknowledge(t.Context(), who, inbox, id), btp.MessageNotFound)
	if n, size, taken := m.depth(who, inbox); n != 1 || size != len("long") || taken != 0 {
		t.Errorf("got %d messages, %d bytes, %d taken", n, size, taken)
	}
	m.pass(eventmesh.MaxExpiry - time.Millisecond)
	if n, _, _ := m.depth(who, inbox); n != 0 || m.objects(btp.KindMessage) != 0 {
		t.Errorf("%d messages outlive the longest expiry", n)
	}
}

func TestBadMessages(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	send := func(p eventmesh.Publication) error { return m.Send(t.Context(), who, inbox, p) }
	wantCode(t, "no body", send(message("")), btp.MessageInvalid)
	wantCode(t, "the largest", send(eventmesh.Publication{Body: bytes.Repeat([]byte{0xff}, eventmesh.MaxMessage)}), "")
	wantCode(t, "too large", send(eventmesh.Publication{Body: make([]byte, eventmesh.MaxMessage+1)}), btp.MessageTooLarge)
	late := message("x")
	late.Expiry = eventmesh.MaxExpiry + 1
	wantCode(t, "a later end than there is", send(late), btp.MessageInvalid)
	if n, _, _ := m.depth(who, inbox); n != 1 {
		t.Errorf("got %d messages: refusals change nothing", n)
	}
	if got, _ := m.got(who, inbox, eventmesh.AtMostOnce); len(got) != eventmesh.MaxMessage {
		t.Errorf("got %d bytes", len(got))
	}
}

func TestQueuesAreFull(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	m.queue(who, inbox+"2", receiver.Namespace+"/x")
	big := eventmesh.Publication{ContentType: "text/plain", Body: make([]byte, eventmesh.MaxMessage), QoS: eventmesh.AtLeastOnce}
	for range eventmesh.MaxQueueBytes / eventmesh.MaxMessage {
		if err := m.Send(t.Context(), who, inbox, big); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, "with at least once", m.Publish(t.Context(), who, receiver.Namespace+"/x", message("1")), btp.QueueFull)
	if n, _, _ := m.depth(who, inbox+"2"); n != 0 {
		t.Errorf("got %d messages in the other queue: a refused message reaches none", n)
	}
	lossy := message("lossy")
	lossy.QoS = eventmesh.AtMostOnce
	wantCode(t, "with at most once", m.Publish(t.Context(), who, receiver.Namespace+"/x", lossy), "")
	if got, _ := m.got(who, inbox+"2", eventmesh.AtMostOnce); got != "lossy" {
		t.Errorf("the other queue: got %q", got)
	}
	for range eventmesh.MaxBusBytes/eventmesh.MaxMessage - eventmesh.MaxQueueBytes/eventmesh.MaxMessage {
		if err := m.Send(t.Context(), who, inbox+"2", big); err != nil {
			t.Fatal(err)
		}
	}
	m.queue(who, inbox+"3")
	wantCode(t, "the bus is full", m.Send(t.Context(), who, inbox+"3", message("1")), btp.QueueFull)
}

func TestARemovedClientLeavesNothing(t *testing.T) {
	m := openNew(t)
	who, other := m.client(receiver), m.client(sender)
	m.queue(who, inbox, receiver.Namespace+"/*")
	m.queue(other, sender.Namespace+"/q", sender.Namespace+"/*")
	m.publish(who, receiver.Namespace+"/x", "1")
	m.publish(other, sender.Namespace+"/x", "2")
	if _, err := m.CreateWebhook(t.Context(), who, hook("h")); err != nil {
		t.Fatal(err)
	}
	remove := func() error {
		return m.step(func(s *btp.Step) error { return eventmesh.RemoveClient(s, "dev", who.Instance) })
	}
	for range 2 { // none is no error
		wantCode(t, "remove", remove(), "")
	}
	left := map[btp.ObjectKind]int{btp.KindBusClient: 1, btp.KindQueue: 1, btp.KindMessage: 1, btp.KindWebhook: 0} //nolint:exhaustive // what a bus is made of
	for kind, want := range left {
		if got := m.objects(kind); got != want {
			t.Errorf("%s: got %d, want %d", kind, got, want)
		}
	}
	m.pass(eventmesh.MaxExpiry) // nothing is left to do
	m.client(receiver)          // names are free again
}

func TestOverview(t *testing.T) {
	m := openNew(t)
	who := m.client(receiver)
	m.queue(who, inbox, receiver.Namespace+"/*")
	m.publish(who, receiver.Namespace+"/x", "first")
	m.publish(who, receiver.Namespace+"/x", "second")
	m.got(who, inbox, eventmesh.AtLeastOnce)
	h := hook("h")
	h.SecurityType, h.Security = eventmesh.BasicAuth, eventmesh.Security{User: "u", Password: "secret"}
	m.phone.answers(func(string) error { return refused })
	if _, err := m.CreateWebhook(t.Context(), who, h); err != nil {
		t.Fatal(err)
	}
	o, err := m.Overview(t.Context(), "dev")
	if err != nil || len(o.Clients) != 1 || len(o.Queues) != 1 || o.Queues[0].Messages != 2 || len(o.Webhooks) != 1 {
		t.Fatalf("got %+v, %v", o, err)
	}
	if strings.Contains(fmt.Sprintf("%+v", o), "secret") {
		t.Error("the overview has a password")
	}
	if o, err := m.Overview(t.Context(), "test"); err != nil || len(o.Clients)+len(o.Queues)+len(o.Webhooks) != 0 {
		t.Errorf("another subaccount: got %+v, %v", o, err)
	}
	_, err = m.Overview(t.Context(), "none")
	wantCode(t, "no subaccount", err, btp.SubaccountNotFound)
	page, more, err := m.Messages(t.Context(), "dev", inbox, 0, 1)
	if err != nil || !more || len(page) != 1 || !page[0].Taken || page[0].Size != 5 || page[0].Body != nil {
		t.Fatalf("got %+v, %t, %v", page, more, err)
	}
	page, more, err = m.Messages(t.Context(), "dev", inbox, page[0].Sequence, 1)
	if err != nil || more || len(page) != 1 || page[0].Taken {
		t.Errorf("got %+v, %t, %v", page, more, err)
	}
	_, _, err = m.Messages(t.Context(), "dev", inbox+"2", 0, 1)
	wantCode(t, "no queue", err, btp.QueueNotFound)
}
