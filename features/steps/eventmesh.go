package steps

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/pairsim/pairsim/btpclient"
)

// eventMeshSteps are applications that use the event bus of subaccount dev with the
// credentials of a binding.
func (w *world) eventMeshSteps(d definitions) {
	d.Given(`^the event bus has the clients "([^"]*)" and "([^"]*)"$`, w.theBusHasClients)
	d.Given(`^the queue "([^"]*)" of "([^"]*)" subscribes to the topics of "([^"]*)"$`, w.theQueueSubscribes)

	d.Given(`^"([^"]*)" has consumed "([^"]*)" from the queue "([^"]*)"$`, w.theClientOfTheBusConsumes)

	d.Then(`^"([^"]*)" consumes "([^"]*)" from the queue "([^"]*)"$`, w.theClientOfTheBusConsumes)
	d.Then(`^"([^"]*)" consumes nothing from the queue "([^"]*)"$`, w.theClientOfTheBusConsumesNothing)
}

// busClient is an application with a binding of SAP Event Mesh.
type busClient struct {
	token, messaging, management string
	// endpoint and form are how it gets a token, which is good for half a day.
	endpoint, form string
}

func busNamespace(emname string) string { return "sap/test/" + emname }

func (w *world) theBusHasClients(ctx context.Context, one, other string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	names := []string{one, other}
	_, err := w.operator.AssignEntitlement(ctx, "dev", btpclient.NewEntitlement{Service: "enterprise-messaging", Plan: "default", Quota: len(names)})
	if err != nil {
		return err
	}
	w.busClients = map[string]busClient{}
	for _, name := range names {
		if w.busClients[name], err = w.bindBus(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) bindBus(ctx context.Context, emname string) (c busClient, err error) {
	parameters := fmt.Sprintf(`{"emname":%q,"namespace":%q,"version":"1.1.0","options":{"management":true,"messagingrest":true},
		"rules":{"topicRules":{"subscribeFilter":["sap/test/*"]}}}`, emname, busNamespace(emname))
	i, err := w.operator.CreateInstance(ctx, "dev", btpclient.NewInstance{
		Name: emname, Offering: "enterprise-messaging", Plan: "default", Parameters: json.RawMessage(parameters),
	})
	if err != nil {
		return c, err
	}
	b, err := w.operator.Bind(ctx, i.ID, btpclient.NewBinding{Name: "app"})
	if err != nil {
		return c, err
	}
	type channel struct {
		OA2 struct{ ClientID, ClientSecret, TokenEndpoint string }
		URI string
	}
	var given struct{ Management, Messaging []channel }
	if err := json.Unmarshal(b.Credentials, &given); err != nil {
		return c, err
	}
	if len(given.Management) != 1 || len(given.Messaging) != 3 {
		return c, fmt.Errorf("the binding has %d management and %d messaging channels", len(given.Management), len(given.Messaging))
	}
	rest := given.Messaging[2]
	c = busClient{messaging: rest.URI + "/messagingrest/v1", management: given.Management[0].URI + "/hub/rest/api/v1/management/messaging"}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {rest.OA2.ClientID}, "client_secret": {rest.OA2.ClientSecret}}
	c.endpoint, c.form = rest.OA2.TokenEndpoint, form.Encode()
	return w.withToken(ctx, c)
}

// withToken is the client with a new token.
func (w *world) withToken(ctx context.Context, c busClient) (busClient, error) {
	c.token = ""
	status, body, err := w.callBus(ctx, c, http.MethodPost, c.endpoint, c.form, "application/x-www-form-urlencoded")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("asking for a token: got %d", status)
	}
	if err != nil {
		return c, err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	err = json.Unmarshal(body, &answer)
	c.token = answer.Token
	return c, err
}

func (w *world) callBus(ctx context.Context, c busClient, method, target, body, contentType string) (status int, answer []byte, err error) {
	header := []string{"Content-Type", contentType, "X-Qos", "1"}
	if c.token != "" {
		header = append(header, "Authorization", "Bearer "+c.token)
	}
	h, err := w.ask(ctx, method, target, body, header...)
	return h.status, h.body, err
}

func (w *world) theQueueSubscribes(ctx context.Context, queue, client, publisher string) error {
	for _, do := range []busAction{makingQueue(client, queue), subscribing(client, queue, publisher)} {
		if err := w.hasDone(ctx, "", client, do); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) consumeFromBus(ctx context.Context, client, queue string) (int, string, error) {
	c, err := w.withToken(ctx, w.busClients[client])
	if err != nil {
		return 0, "", err
	}
	status, body, err := w.callBus(ctx, c, http.MethodPost, c.messaging+queueOf(client, queue)+"/messages/consumption", "", "text/plain")
	return status, string(body), err
}

func (w *world) theClientOfTheBusConsumes(ctx context.Context, client, want, queue string) error {
	status, body, err := w.consumeFromBus(ctx, client, queue)
	if err == nil && (status != http.StatusOK || body != want) {
		err = fmt.Errorf("consumed %d %q", status, body)
	}
	return err
}

func (w *world) theClientOfTheBusConsumesNothing(ctx context.Context, client, queue string) error {
	status, body, err := w.consumeFromBus(ctx, client, queue)
	if err == nil && status != http.StatusNoContent {
		err = fmt.Errorf("consumed %d %q", status, body)
	}
	return err
}
