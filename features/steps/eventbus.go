package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/pairsim/pairsim/btpclient"
)

// busSteps are what is done with the event bus of subaccount dev: by an application, over
// SAP Event Mesh's own API, or by an operator on the page Event Mesh, who acts as one of
// the bus's clients. What came of it is judged by what both see.
func (w *world) busSteps(d definitions) {
	const who = `^(?:an application|(the operator)), as "([^"]*)", `
	const queue = `the queue "([^"]*)"`
	has := func(pattern string, do any) { d.Given(who+`has `+pattern, do) }
	does := func(pattern string, do any) { d.When(who+pattern, do) }

	has(`made `+queue+`$`, withQueue(w.hasDone, makingQueue))
	has(`subscribed `+queue+` to the topics of "([^"]*)"$`, withTopics(w.hasDone, subscribing))
	has(`unsubscribed `+queue+` from the topics of "([^"]*)"$`, withTopics(w.hasDone, unsubscribing))
	has(`published "([^"]*)" in the namespace of "([^"]*)"$`, withTopics(w.hasDone, publishing))
	has(`paused the webhook$`, withWebhook(w.hasDone, pausing))
	d.Given(`^the operator, as "([^"]*)", has consumed a message of `+queue+`$`, w.theOperatorHasConsumed)
	d.Given(`^`+queue+` of "([^"]*)" has kept (\d+) messages?$`, func(ctx context.Context, queue, client string, n int) error {
		return w.theQueueHolds(ctx, queue, client, n, 0)
	})
	d.Given(`^the webhook has begun to agree$`, w.theWebhookAgrees)

	does(`removes `+queue+`$`, withQueue(w.does, removingQueue))
	does(`publishes "([^"]*)" in the namespace of "([^"]*)"$`, withTopics(w.does, publishing))
	does(`sends "([^"]*)" to the queue "([^"]*)" of "([^"]*)"$`, w.sends)
	does(`lets the webhook go on$`, withWebhook(w.does, goingOn))
	does(`has the webhook asked again$`, withWebhook(w.does, askingAgain))
	does(`removes the webhook$`, withWebhook(w.does, removingWebhook))
	d.When(`^the operator, as "([^"]*)", consumes a message of `+queue+`$`, w.theOperatorConsumes)
	d.When(`^the operator, as "([^"]*)", acknowledges the message$`, w.theOperatorAcknowledges)
	d.When(`^the operator, as "([^"]*)", lets a webhook that (agrees|refuses to be asked) listen to `+queue+`$`, w.theOperatorMakesWebhook)
	d.When(`^"([^"]*)" asks whether its queues can be managed$`, w.theClientAsksForReadiness)

	d.Then(`^the page Event Mesh shows the clients (.+)$`, w.thePageShowsClients)
	d.Then(`^the queues of "([^"]*)" are (.+)$`, w.theQueuesAre)
	d.Then(`^`+queue+` of "([^"]*)" holds (\d+) messages?, (\d+) of them taken$`, w.theQueueHolds)
	d.Then(`^`+queue+` of "([^"]*)" is subscribed to (?:the topics of ("[^"]*")|nothing)$`, w.theQueueIsSubscribedTo)
	d.Then(`^the operator has "([^"]*)"$`, w.theOperatorHasMessage)
	d.Then(`^the webhook is (active|paused), and its handshake (done|refused)$`, w.theWebhookIs)
	d.Then(`^"([^"]*)" has no webhook$`, w.thereIsNoWebhook)
}

// busAction is something that is done as a client of the event bus.
type busAction struct {
	// method, management or messaging, and body are the call of the API that the client's
	// binding opens. A body is JSON unless it is a message.
	method, management, messaging, body string
	message                             bool
	// onPage, page and named are what the page Event Mesh sends; a DELETE has it in the query.
	onPage, page string
	named        members
}

const webhookName = "hook"

func queueOf(client, queue string) string {
	return "/queues/" + url.PathEscape(queueName(client, queue))
}

func queueName(client, queue string) string { return busNamespace(client) + "/" + queue }

func topicsOf(publisher string) string { return busNamespace(publisher) + "/*" }

func makingQueue(client, queue string) busAction {
	return busAction{
		method: http.MethodPut, management: queueOf(client, queue), onPage: http.MethodPost, page: "/queues",
		named: members{"name": queueName(client, queue)},
	}
}

func removingQueue(client, queue string) busAction {
	return busAction{
		method: http.MethodDelete, management: queueOf(client, queue), onPage: http.MethodDelete, page: "/queues",
		named: members{"queue": queueName(client, queue)},
	}
}

func subscribing(client, queue, publisher string) busAction {
	return busAction{
		method: http.MethodPut, management: queueOf(client, queue) + "/subscriptions/" + url.PathEscape(topicsOf(publisher)),
		onPage: http.MethodPost, page: "/queueSubscriptions", named: members{"queue": queueName(client, queue), "topic": topicsOf(publisher)},
	}
}

func unsubscribing(client, queue, publisher string) busAction {
	c := subscribing(client, queue, publisher)
	c.method, c.onPage = http.MethodDelete, http.MethodDelete
	return c
}

func publishing(_, text, namespaceOf string) busAction {
	topic := busNamespace(namespaceOf) + "/contact/Changed/v1"
	return busAction{
		method: http.MethodPost, messaging: "/topics/" + url.PathEscape(topic) + "/messages", body: text, message: true,
		onPage: http.MethodPost, page: "/publications", named: members{"topic": topic, "contentType": "text/plain", "body": text},
	}
}

func sending(text, queue, client string) busAction {
	return busAction{
		method: http.MethodPost, messaging: queueOf(client, queue) + "/messages", body: text, message: true,
		onPage: http.MethodPost, page: "/publications", named: members{"queue": queueName(client, queue), "contentType": "text/plain", "body": text},
	}
}

func switching(action string) busAction {
	return busAction{
		method: http.MethodPut, messaging: "/subscriptions/" + webhookName + "/state", body: `{"action":"` + action + `"}`,
		onPage: http.MethodPut, page: "/webhooks/state", named: members{"webhook": webhookName, "action": action},
	}
}

func pausing() busAction { return switching("pause") }
func goingOn() busAction { return switching("resume") }

func askingAgain() busAction {
	return busAction{
		method: http.MethodPost, messaging: "/subscriptions/" + webhookName + "/handshake",
		onPage: http.MethodPost, page: "/webhooks/handshake", named: members{"webhook": webhookName},
	}
}

func removingWebhook() busAction {
	return busAction{
		method: http.MethodDelete, messaging: "/subscriptions/" + webhookName,
		onPage: http.MethodDelete, page: "/webhooks", named: members{"webhook": webhookName},
	}
}

// doing carries a call out, as an operator if there is one.
type doing func(ctx context.Context, operator, client string, c busAction) error

func withQueue(do doing, what func(client, queue string) busAction) func(ctx context.Context, operator, client, queue string) error {
	return func(ctx context.Context, operator, client, queue string) error {
		return do(ctx, operator, client, what(client, queue))
	}
}

func withTopics(do doing, what func(client, one, other string) busAction) func(ctx context.Context, operator, client, one, other string) error {
	return func(ctx context.Context, operator, client, one, other string) error {
		return do(ctx, operator, client, what(client, one, other))
	}
}

func withWebhook(do doing, what func() busAction) func(ctx context.Context, operator, client string) error {
	return func(ctx context.Context, operator, client string) error { return do(ctx, operator, client, what()) }
}

func (w *world) does(ctx context.Context, operator, client string, c busAction) error {
	if operator != "" {
		return w.onThePage(ctx, client, c, nil)
	}
	as, known := w.busClients[client]
	if !known {
		return fmt.Errorf("the scenario knows no client %q of the event bus with credentials", client)
	}
	address, kind := as.management+c.management, "application/json"
	if c.messaging != "" {
		address = as.messaging + c.messaging
	}
	if c.message {
		kind = "text/plain"
	}
	_, _, err := w.callBus(ctx, as, c.method, address, c.body, kind)
	return err
}

func (w *world) hasDone(ctx context.Context, operator, client string, c busAction) error {
	if err := w.does(ctx, operator, client, c); err != nil {
		return err
	}
	if w.heard.status/100 != 2 {
		return fmt.Errorf("%q is refused with %d: %.300s", client, w.heard.status, w.heard.body)
	}
	return nil
}

// onThePage does it as the client of that name.
func (w *world) onThePage(ctx context.Context, client string, c busAction, into any) error {
	bus, err := w.operator.EventBus(ctx, defaultSubaccount)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(bus.Clients, func(b btpclient.BusClient) bool { return b.EmName == client })
	if at < 0 {
		return fmt.Errorf("the event bus has no client %q", client)
	}
	path, sent := "/subaccounts/"+defaultSubaccount+"/eventBus/clients/"+bus.Clients[at].Instance+c.page, c.named
	if c.onPage == http.MethodDelete {
		query := url.Values{}
		for key, value := range c.named {
			query.Set(key, fmt.Sprint(value))
		}
		path, sent = path+"?"+query.Encode(), nil
	}
	return w.operate(ctx, c.onPage, path, sent, into)
}

func (w *world) sends(ctx context.Context, operator, as, text, queue, client string) error {
	return w.does(ctx, operator, as, sending(text, queue, client))
}

// consumed is a message that an operator has taken.
type consumed struct{ ID, Body, queue string }

func (w *world) theOperatorConsumes(ctx context.Context, client, queue string) error {
	w.consumed = consumed{queue: queueName(client, queue)}
	return w.onThePage(ctx, client, busAction{onPage: http.MethodPost, page: "/consumptions", named: members{"queue": w.consumed.queue}}, &w.consumed)
}

func (w *world) theOperatorHasConsumed(ctx context.Context, client, queue string) error {
	if err := w.theOperatorConsumes(ctx, client, queue); err != nil {
		return err
	}
	if w.consumed.ID == "" {
		return fmt.Errorf("the operator got no message, but %d", w.heard.status)
	}
	return nil
}

func (w *world) theOperatorHasMessage(text string) error {
	if w.consumed.Body != text {
		return fmt.Errorf("the operator has %q, want %q", w.consumed.Body, text)
	}
	return nil
}

func (w *world) theOperatorAcknowledges(ctx context.Context, client string) error {
	return w.onThePage(ctx, client, busAction{
		onPage: http.MethodPost, page: "/acknowledgements", named: members{"queue": w.consumed.queue, "message": w.consumed.ID},
	}, nil)
}

func (w *world) theOperatorMakesWebhook(ctx context.Context, client, how, queue string) error {
	at, err := w.hooked(ctx, how)
	if err != nil {
		return err
	}
	w.hook.client = client
	return w.onThePage(ctx, client, busAction{
		onPage: http.MethodPost, page: "/webhooks", named: members{"name": webhookName, "queue": queueName(client, queue), "endpoint": at},
	}, nil)
}

// hooked is the address of a webhook, which listens until the scenario ends.
func (w *world) hooked(ctx context.Context, how string) (string, error) {
	w.hook = &hook{agrees: how != "refuses to be asked", takes: how != "takes nothing"}
	var calls atomic.Int32
	return w.listen(ctx, &calls, w.hook.ServeHTTP)
}

func (w *world) theWebhookAgrees() error {
	w.hook.mu.Lock()
	defer w.hook.mu.Unlock()
	w.hook.agrees = true
	return nil
}

func (w *world) theClientAsksForReadiness(ctx context.Context, client string) error {
	return w.does(ctx, "", client, busAction{method: http.MethodGet, management: "/readinessCheck"})
}

// read is what a client is answered over its own API.
func (w *world) read(ctx context.Context, client string, c busAction, into any) error {
	c.method = http.MethodGet
	if err := w.hasDone(ctx, "", client, c); err != nil {
		return err
	}
	return json.Unmarshal(w.heard.body, into)
}

func (w *world) thePageShowsClients(ctx context.Context, list string) error {
	bus, err := w.operator.EventBus(ctx, defaultSubaccount)
	if err != nil {
		return err
	}
	var shown []string
	for _, c := range bus.Clients {
		shown = append(shown, c.EmName)
	}
	return sameNames("the page shows the clients", shown, list)
}

// theQueuesAre looks at the page and at the client's own list.
func (w *world) theQueuesAre(ctx context.Context, client, list string) error {
	bus, err := w.operator.EventBus(ctx, defaultSubaccount)
	if err != nil {
		return err
	}
	var own []struct{ Name string }
	if err := w.read(ctx, client, busAction{management: "/queues"}, &own); err != nil {
		return err
	}
	namespace := busNamespace(client) + "/"
	var onPage, listed []string
	for _, q := range bus.Queues {
		if name, of := strings.CutPrefix(q.Name, namespace); of {
			onPage = append(onPage, name)
		}
	}
	for _, q := range own {
		listed = append(listed, strings.TrimPrefix(q.Name, namespace))
	}
	return errors.Join(sameNames("the queues on the page", onPage, list), sameNames("the client's queues", listed, list))
}

// theQueueHolds looks at the page, at what it lists, and at what the client is told.
func (w *world) theQueueHolds(ctx context.Context, queue, client string, n, taken int) error {
	type count struct {
		Messages int `json:"messageCount"`
		Taken    int `json:"unacknowledgedMessageCount"`
	}
	want, name := count{n, taken}, queueName(client, queue)
	q, err := w.queueOnPage(ctx, name)
	if err != nil {
		return err
	}
	seen := map[string]count{"the page": {q.Messages, q.Unacknowledged}}
	var listed count
	for m, err := range w.operator.QueuedMessages(ctx, defaultSubaccount, name) {
		if err != nil {
			return err
		}
		listed.Messages++
		if m.State == "taken" {
			listed.Taken++
		}
	}
	seen["the list of messages"] = listed
	for what, path := range map[string]string{"the queue": "", "the statistics": "/statistics"} {
		var told count
		if err := w.read(ctx, client, busAction{management: queueOf(client, queue) + path}, &told); err != nil {
			return err
		}
		seen[what] = told
	}
	for what, got := range seen {
		if got != want {
			return fmt.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	return nil
}

func (w *world) queueOnPage(ctx context.Context, name string) (btpclient.Queue, error) {
	bus, err := w.operator.EventBus(ctx, defaultSubaccount)
	if err != nil {
		return btpclient.Queue{}, err
	}
	for _, q := range bus.Queues {
		if q.Name == name {
			return q, nil
		}
	}
	return btpclient.Queue{}, fmt.Errorf("the page shows %d queues, and none is %s", len(bus.Queues), name)
}

// theQueueIsSubscribedTo looks at the page, and at what the client is told.
func (w *world) theQueueIsSubscribedTo(ctx context.Context, queue, client, publisher string) error {
	q, err := w.queueOnPage(ctx, queueName(client, queue))
	if err != nil {
		return err
	}
	var own []struct{ TopicPattern string }
	if err := w.read(ctx, client, busAction{management: queueOf(client, queue) + "/subscriptions"}, &own); err != nil {
		return err
	}
	var told, want []string
	for _, s := range own {
		told = append(told, s.TopicPattern)
	}
	for _, of := range names(publisher) {
		want = append(want, topicsOf(of))
	}
	if !slices.Equal(q.Topics, want) && len(q.Topics)+len(want) > 0 || !slices.Equal(told, want) {
		return fmt.Errorf("the queue is subscribed to %q on the page, and to %q for its client; want %q", q.Topics, told, want)
	}
	return nil
}

// theWebhookIs looks at the page, and at what its client is told in its list and of it alone.
func (w *world) theWebhookIs(ctx context.Context, state, handshake string) error {
	type push struct{ Name, State, Handshake string }
	bus, err := w.operator.EventBus(ctx, defaultSubaccount)
	if err != nil {
		return err
	}
	var all []push
	for _, h := range bus.Webhooks {
		all = append(all, push{h.Name, h.State, h.Handshake})
	}
	var listed []push
	if err := w.read(ctx, w.hook.client, busAction{messaging: "/subscriptions"}, &listed); err != nil {
		return err
	}
	var alone push
	if err := w.read(ctx, w.hook.client, busAction{messaging: "/subscriptions/" + webhookName}, &alone); err != nil {
		return err
	}
	all = append(append(all, listed...), alone)
	want := push{webhookName, state, handshake}
	if !slices.Equal(all, []push{want, want, want}) {
		return fmt.Errorf("the page, the client's list and the webhook itself show %+v, want %+v", all, want)
	}
	return nil
}

func (w *world) thereIsNoWebhook(ctx context.Context, client string) error {
	bus, err := w.operator.EventBus(ctx, defaultSubaccount)
	if err != nil {
		return err
	}
	var listed []json.RawMessage
	if err := w.read(ctx, client, busAction{messaging: "/subscriptions"}, &listed); err != nil {
		return err
	}
	if n := len(bus.Webhooks) + len(listed); n > 0 {
		return fmt.Errorf("the page shows %d webhooks, and %q has %d", len(bus.Webhooks), client, len(listed))
	}
	return nil
}
