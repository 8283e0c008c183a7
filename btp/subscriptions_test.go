package btp_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/sqlite"
)

// listener is a Deliverer that remembers what it was sent, and answers what the
// test wants.
type listener struct {
	mu     sync.Mutex
	got    []btp.Delivery
	answer func(btp.Delivery) error
	forbid string // no event may go to this sink
}

func (l *listener) CheckSink(_ context.Context, sink string) error {
	if sink == l.forbid {
		return btp.Errorf(btp.SinkForbidden, "no event may go there")
	}
	return nil
}

func (l *listener) Deliver(_ context.Context, _ btp.Subscription, d btp.Delivery) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, d)
	if l.answer == nil {
		return nil
	}
	return l.answer(d)
}

func (l *listener) ids() (ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range l.got {
		ids = append(ids, d.Attributes["id"])
	}
	return ids
}

func refused(btp.Delivery) error {
	return btp.Errorf(btp.EventNotDelivered, "the sink answered 503 Service Unavailable")
}

func order(application string) btp.NewSubscription {
	return btp.NewSubscription{Source: application, Type: "order.created", Version: "v1", Sink: "http://127.0.0.1:9/"}
}

// listening is a registry with a paired system, in the runtime of dev, to whose
// order.created somebody listens.
func listening(t *testing.T, l *listener, change ...func(*btp.Config)) (*registry, btp.System, btp.Caller, btp.Subscription) {
	t.Helper()
	r := open(t, append(change, func(c *btp.Config) { c.Deliverer = l })...)
	s, caller := r.registered("Web Shop", commerce, "tenant")
	r.formation("shops", s.ID)
	sub, err := r.CreateSubscription(t.Context(), "dev", order(s.ApplicationName), "")
	if err != nil {
		t.Fatal(err)
	}
	return r, s, caller, sub
}

func (r *registry) publish(c btp.Caller, id string) {
	r.t.Helper()
	e := btp.PublishedEvent{ID: id, Type: "order.created", Version: "v1", Data: []byte(`{"orderCode":"1"}`)}
	if err := r.AcceptEvent(r.t.Context(), btp.PointEventLegacy, c, e); err != nil {
		r.t.Fatalf("publish %s: %v", id, err)
	}
}

func (r *registry) deliveries(state btp.DeliveryState) []btp.Delivery {
	r.t.Helper()
	list, _, err := r.Deliveries(r.t.Context(), btp.DeliveryFilter{Subaccount: "dev", State: state})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func wantIDs(t *testing.T, when string, l *listener, want ...string) {
	t.Helper()
	if got := l.ids(); !slices.Equal(got, want) {
		t.Fatalf("%s: got events %q, want %q", when, got, want)
	}
}

// Rule: event-name-cleaned
func TestEventsAreNamedAsTheEditionDoes(t *testing.T) {
	t.Parallel()
	for edition, want := range map[string]string{"v1": "sap.kyma.custom.mpwebshop.order.created.v1", "v2": "order.created.v1"} {
		l := &listener{}
		r, _, caller, _ := listening(t, l, func(c *btp.Config) { c.Edition = edition })
		r.publish(caller, "1")
		r.advance(1)
		wantIDs(t, edition, l, "1")
		d := l.got[0]
		if d.Attributes["type"] != want || d.Attributes["source"] != "mp-web-shop" || d.Attributes["eventtypeversion"] != "v1" || string(d.Data) != `{"orderCode":"1"}` {
			t.Errorf("%s: got attributes %v, data %s; want the type %s", edition, d.Attributes, d.Data, want)
		}
	}
}

// Rule: event-name-cleaned, event-delivered
func TestEventsAreMatched(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		subscribed, published string // type and version
		want                  bool
	}{
		{"order.created v1", "order.created v1", true},
		{"order.created v1", "order.created v2", false},
		{"order.created v1", "order.changed v1", false},
		{"order.created v1", "order.created.v1", true}, // a CloudEvent without a version of its own
		{"order.created v1", "order.created.v1 v1", true},
		{"order.created v1", "sap.kyma.custom.mpwebshop.order.created.v1", true},
		{"order.created v1", "sap.kyma.custom.other.order.created.v1", false},
		{"order.created", "order.created", true},
		{"order.created", "order.created v1", false},
		{"Account.Root.Created v1", "AccountRoot.Created v1", true}, // folded
		{"order.payment*success v1", "order.paymentsuccess v1", true},
		{"order.created v1", "*** v1", false},
	} {
		l := &listener{}
		r, s, caller, sub := listening(t, l)
		if err := r.DeleteSubscription(t.Context(), "dev", sub.ID); err != nil {
			t.Fatal(err)
		}
		n := order(s.ApplicationName)
		n.Type, n.Version, _ = strings.Cut(test.subscribed, " ")
		if _, err := r.CreateSubscription(t.Context(), "dev", n, ""); err != nil {
			t.Fatal(err)
		}
		e := btp.PublishedEvent{ID: "1"}
		e.Type, e.Version, _ = strings.Cut(test.published, " ")
		if err := r.AcceptEvent(t.Context(), btp.PointEventCloudEvent, caller, e); err != nil {
			t.Fatal(err)
		}
		if got := len(r.deliveries("")) == 1; got != test.want {
			t.Errorf("%s for who wants %s: delivered %v, want %v", test.published, test.subscribed, got, test.want)
		}
	}
}

// Rule: event-retried
func TestEventsArriveInOrderAndAgain(t *testing.T) {
	t.Parallel()
	l := &listener{answer: refused}
	r, _, caller, _ := listening(t, l)
	for _, id := range []string{"1", "2", "3"} {
		r.publish(caller, id)
	}
	r.advance(time.Second - 1)
	wantIDs(t, "before the second attempt", l, "1")
	r.advance(1)
	wantIDs(t, "after a second", l, "1", "1")
	if d := r.deliveries(btp.DeliveryWaiting); len(d) != 3 || d[0].Attempts != 2 || d[0].Failure != "the sink answered 503 Service Unavailable" {
		t.Errorf("got deliveries %+v, want three, the first of them sent twice in vain", d)
	}
	l.mu.Lock()
	l.answer = nil
	l.mu.Unlock()
	r.publish(caller, "4")
	r.advance(2*time.Second - 1)
	wantIDs(t, "the next one comes after two seconds", l, "1", "1")
	r.advance(1)
	wantIDs(t, "when the sink is back", l, "1", "1", "1", "2", "3", "4")
	if d := r.deliveries(""); len(d) != 0 {
		t.Errorf("delivered events are still there: %+v", d)
	}
}

// Rule: event-retried
func TestEventsDie(t *testing.T) {
	t.Parallel()
	l := &listener{answer: func(d btp.Delivery) error {
		if d.Attributes["id"] == "good" {
			return nil
		}
		return refused(d)
	}}
	r, _, caller, sub := listening(t, l)
	r.publish(caller, "bad")
	r.publish(caller, "good")
	r.advance(127*time.Second - 1)
	wantIDs(t, "the last attempt is to come", l, slices.Repeat([]string{"bad"}, btp.MaxDeliveryAttempts-1)...)
	r.advance(1)
	wantIDs(t, "and then comes the next event", l, append(slices.Repeat([]string{"bad"}, btp.MaxDeliveryAttempts), "good")...)
	for n := range btp.MaxDeadDeliveries {
		r.publish(caller, fmt.Sprint(n))
		r.advance(127 * time.Second)
	}
	dead := r.deliveries(btp.DeliveryDead)
	if len(dead) != btp.MaxDeadDeliveries || dead[0].Attributes["id"] != "0" || dead[0].Attempts != btp.MaxDeliveryAttempts {
		t.Errorf("got %d dead deliveries, the first %+v; want the newest %d", len(dead), dead[0], btp.MaxDeadDeliveries)
	}
	contents := r.contents()
	if err := r.CheckContents(&contents); err != nil {
		t.Error(err)
	}
	if err := r.DeleteSubscription(t.Context(), "dev", sub.ID); err != nil {
		t.Fatal(err)
	}
	if d := r.deliveries(""); len(d) != 0 {
		t.Errorf("of a deleted subscription there still are %d deliveries", len(d))
	}
}

// Rule: event-needs-application
func TestDeregistrationEndsDeliveries(t *testing.T) {
	t.Parallel()
	l := &listener{answer: refused}
	r, s, caller, sub := listening(t, l, notifier(&telephone{}))
	r.publish(caller, "1")
	r.advance(1)
	f, _, err := r.Formations(t.Context(), btp.FormationFilter{GlobalAccount: "default"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ExcludeSystem(t.Context(), f[0].ID, s.ID, btp.Match{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Hour)
	wantIDs(t, "after the deregistration", l, "1")
	if d := r.deliveries(""); len(d) != 0 {
		t.Errorf("got deliveries %+v, want none", d)
	}
	err = r.AcceptEvent(t.Context(), btp.PointEventLegacy, caller, btp.PublishedEvent{ID: "2", Type: "order.created", Version: "v1"})
	if err == nil {
		t.Error("an event of a deregistered system is accepted")
	}
	if list, err := r.Subscriptions(t.Context(), "dev"); err != nil || len(list) != 1 || list[0].ID != sub.ID {
		t.Errorf("got subscriptions %+v, %v; want it to wait for the application", list, err)
	}
}

func TestSubscriberFallsBehind(t *testing.T) {
	t.Parallel()
	l := &listener{answer: refused}
	r, _, caller, _ := listening(t, l)
	for n := range btp.MaxWaitingDeliveries {
		r.publish(caller, fmt.Sprint(n))
	}
	e := btp.PublishedEvent{ID: "one more", Type: "order.created", Version: "v1"}
	wantCode(t, r.AcceptEvent(t.Context(), btp.PointEventLegacy, caller, e), btp.DeliveriesFull)
	if d := r.deliveries(""); len(d) != btp.MaxWaitingDeliveries {
		t.Errorf("got %d deliveries, want %d", len(d), btp.MaxWaitingDeliveries)
	}
}

// Rule: event-retried
func TestAFaultIsAFailedDelivery(t *testing.T) {
	t.Parallel()
	l := &listener{}
	r, s, caller, _ := listening(t, l)
	if _, err := r.AddFault(t.Context(), btp.FailAt(btp.PointEventDeliver, string(s.ID), "", 1)); err != nil {
		t.Fatal(err)
	}
	r.publish(caller, "1")
	r.advance(time.Second - 1)
	wantIDs(t, "struck", l)
	r.advance(1)
	wantIDs(t, "a second later", l, "1")
}

// Rule: event-subscribed
func TestListenedEvents(t *testing.T) {
	t.Parallel()
	r, s, caller, _ := listening(t, &listener{})
	second := order(s.ApplicationName)
	second.Sink, second.Mode = "http://127.0.0.1:10/", btp.BinaryMode
	other := order("mp-other")
	for _, n := range []btp.NewSubscription{second, other} {
		if _, err := r.CreateSubscription(t.Context(), "dev", n, ""); err != nil {
			t.Fatal(err)
		}
	}
	got, err := r.ListenedEvents(t.Context(), caller)
	if err != nil || !slices.Equal(got, []btp.ListenedEvent{{Type: "order.created", Version: "v1"}}) {
		t.Errorf("got %+v, %v; want order.created v1 once", got, err)
	}
}

func TestBadSubscriptions(t *testing.T) {
	t.Parallel()
	r, _, _, sub := listening(t, &listener{forbid: "http://10.0.0.1/"})
	n := order("mp-web-shop")
	n.Sink = "http://10.0.0.1/"
	if _, err := r.CreateSubscription(t.Context(), "dev", n, ""); btp.CodeOf(err) != btp.SinkForbidden {
		t.Errorf("a sink where no event may go: got %v, want %s", err, btp.SinkForbidden)
	}
	if list, err := r.Subscriptions(t.Context(), "dev"); err != nil || len(list) != 1 {
		t.Errorf("a refusal left %d subscriptions (%v), want the one before", len(list), err)
	}
	for name, change := range map[string]func(*btp.NewSubscription){
		"no application":              func(n *btp.NewSubscription) { n.Source = "" },
		"an application's other name": func(n *btp.NewSubscription) { n.Source = "Web Shop" },
		"no type":                     func(n *btp.NewSubscription) { n.Type = "" },
		"a type of dots":              func(n *btp.NewSubscription) { n.Type = "..." },
		"a long type":                 func(n *btp.NewSubscription) { n.Type = strings.Repeat("a", 254) },
		"a version with dots":         func(n *btp.NewSubscription) { n.Version = "1.0" },
		"no sink":                     func(n *btp.NewSubscription) { n.Sink = "" },
		"a sink that is a file":       func(n *btp.NewSubscription) { n.Sink = "file:///etc/passwd" },
		"a sink without a host":       func(n *btp.NewSubscription) { n.Sink = "http:///x" },
		"a sink with a password":      func(n *btp.NewSubscription) { n.Sink = "http://u:p@127.0.0.1/" },
		"a long sink":                 func(n *btp.NewSubscription) { n.Sink += strings.Repeat("a", 2048) },
		"a mode that is none":         func(n *btp.NewSubscription) { n.Mode = "batch" },
	} {
		n := order("mp-web-shop")
		change(&n)
		if _, err := r.CreateSubscription(t.Context(), "dev", n, ""); btp.CodeOf(err) != btp.InvalidRequest {
			t.Errorf("%s: got %v, want %s", name, err, btp.InvalidRequest)
		}
	}
	_, err := r.CreateSubscription(t.Context(), "cf", order("a"), "")
	if err == nil {
		t.Error("a subaccount without Kyma listens")
	}
	_, err = r.CreateSubscription(t.Context(), "nowhere", order("a"), "")
	wantCode(t, err, btp.SubaccountNotFound)
	wantCode(t, r.DeleteSubscription(t.Context(), "dev", "x"), btp.SubscriptionNotFound)
	for range btp.MaxSubscriptions - 1 {
		if _, err := r.CreateSubscription(t.Context(), "dev", order("a"), ""); err != nil {
			t.Fatal(err)
		}
	}
	_, err = r.CreateSubscription(t.Context(), "dev", order("a"), "")
	wantCode(t, err, btp.SubscriptionLimit)
	if err := r.DeleteSubscription(t.Context(), "dev", sub.ID); err != nil {
		t.Error(err)
	}
}

func TestSnapshotsWithBadDeliveries(t *testing.T) {
	t.Parallel()
	r, _, caller, _ := listening(t, &listener{answer: refused})
	r.publish(caller, "1")
	for path, change := range map[string]func(*btp.Contents){
		"$.subscriptions[0].subaccount": func(c *btp.Contents) { c.Subscriptions[0].Subaccount = "x" },
		"$.subscriptions[0]":            func(c *btp.Contents) { c.Subscriptions[0].Sink = "x" },
		"$.subscriptions[0].sequence":   func(c *btp.Contents) { c.Subscriptions[0].Sequence = 1 << 40 },
		"$.deliveries[0].subscription":  func(c *btp.Contents) { c.Deliveries[0].Subscription = "x" },
		"$.deliveries[0].state":         func(c *btp.Contents) { c.Deliveries[0].State = "lost" },
		"$.deliveries[0].attributes":    func(c *btp.Contents) { delete(c.Deliveries[0].Attributes, "id") },
		"$.deliveries[0].attempts":      func(c *btp.Contents) { c.Deliveries[0].Attempts = btp.MaxDeliveryAttempts },
	} {
		c := r.contents()
		change(&c)
		if err := r.CheckContents(&c); btp.CodeOf(err) != btp.SnapshotInvalid || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

func TestDeliveriesSurviveARestart(t *testing.T) {
	t.Parallel()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	on := func(c *btp.Config) { c.Store = store }
	r, _, caller, _ := listening(t, &listener{answer: refused}, on)
	r.publish(caller, "1")
	r.publish(caller, "2")
	r.advance(1)
	r.Close()
	l := &listener{}
	again := open(t, on, func(c *btp.Config) { c.Deliverer = l })
	again.advance(time.Second)
	wantIDs(t, "after a restart", l, "1", "2")
}
