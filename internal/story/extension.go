package story

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// What the extension of the story stands on (SEED-004, step 3).
const (
	marketed        = "Campaigns"
	contactsOfAPI   = `{"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"CONTACTS","scenarioId":"SAP_COM_0207","inboundAuthentication":"BasicAuthentication"}}`
	eventsOfClient  = `{"systemName":"Campaigns","emClientId":"s4hc"}`
	receiver        = `{"emname":"extension","namespace":"acme/extension/app","version":"1.1.0","options":{"management":true,"messagingrest":true},"rules":{"queueRules":{"subscribeFilter":["${namespace}/*"]},"topicRules":{"subscribeFilter":["sap/S4HANAOD/s4hc/*"]}}}`
	contactTopics   = "sap/s4/beh/contact/*"
	contactQueue    = "acme/extension/app/contacts"
	contactChanged  = "sap.s4.beh.contact.v1.Contact.Changed.v1"
	contactSet      = "/sap/opu/odata/sap/API_MKT_CONTACT_SRV/ContactOriginData"
	extensibilityID = "s4-hana-cloud"
	eventMeshID     = "enterprise-messaging"
	// eventPatience is how long, in real time, the extension waits for its event.
	eventPatience = 20 * time.Second
)

// extension is the chapter about the second seed's end: an extension reads contacts of
// Marketing Cloud through its destination, and hears that one has changed.
func (t *teller) extension(ctx context.Context) error {
	t.heading("An extension of "+marketed, "SEED-004, steps 2 and 3")
	system, err := t.operator.SystemNamed(ctx, globalAccount, marketed)
	if err != nil {
		return err
	}
	t.step("2", "Entitlements: SAP S/4HANA Cloud Extensibility for %q, and SAP Event Mesh:", marketed)
	for _, e := range []btpclient.NewEntitlement{
		{System: system.ID, Plan: "api-access"}, {System: system.ID, Plan: "messaging"}, {Service: eventMeshID, Plan: "default"},
	} {
		if _, err := t.operator.AssignEntitlement(ctx, subaccount, e); err != nil {
			return err
		}
		t.wire("2", "operator", "registry", t.last, 1, e.Plan)
	}
	t.step("3", "Instances: APIs with Basic authentication, events, and the extension's own event client:")
	for _, i := range []btpclient.NewInstance{
		{Name: "contacts", Offering: extensibilityID, Plan: "api-access", Parameters: json.RawMessage(contactsOfAPI)},
		{Name: "events", Offering: extensibilityID, Plan: "messaging", Parameters: json.RawMessage(eventsOfClient)},
		{Name: "app", Offering: eventMeshID, Plan: "default", Parameters: json.RawMessage(receiver)},
	} {
		if err := t.instance(ctx, i); err != nil {
			return err
		}
	}
	bus, err := t.listen(ctx)
	if err != nil {
		return err
	}
	if err := t.changeContact(ctx); err != nil {
		return err
	}
	return t.hear(ctx, bus)
}

// instance creates a service instance, and shows what the tenant was asked.
func (t *teller) instance(ctx context.Context, n btpclient.NewInstance) error {
	made, err := t.operator.CreateInstance(ctx, subaccount, n)
	if err != nil {
		return err
	}
	t.wire("3", "operator", "registry", t.last, 1, n.Name)
	waiting, cancel := context.WithTimeout(ctx, eventPatience)
	defer cancel()
	for again := time.NewTicker(20 * time.Millisecond); made.Operation.State == "in progress"; {
		select {
		case <-waiting.Done():
			again.Stop()
			return errors.Join(fmt.Errorf("creation of %s has not ended", n.Name), waiting.Err())
		case <-again.C:
		}
		if made, err = t.operator.Instance(waiting, made.ID); err != nil {
			return err
		}
	}
	if err := expect("creation of "+n.Name, made.Operation.State, "succeeded"); err != nil {
		return fmt.Errorf("%w: %s", err, made.Operation.Description)
	}
	t.instances[n.Name] = made.ID
	if n.Offering != extensibilityID {
		return nil
	}
	about := btpclient.EntryMatch{Kind: "call", Point: "instance.create-arrangement", System: marketed}
	return t.journalled(ctx, about, func(e btpclient.JournalEntry) bool {
		if !strings.HasSuffix(e.Path, "/"+made.ID) {
			return false
		}
		t.wire("", "registry", "marketing", wireOf(e), 1, "arrangement")
		return true
	})
}

// eventBus is what a binding of SAP Event Mesh gives.
type eventBus struct{ base, token string }

// listen binds topics to the tenant's channel and subscribes a queue to them.
func (t *teller) listen(ctx context.Context) (bus eventBus, err error) {
	t.step("3", "In the tenant, the topics of contacts are bound to the channel; a queue takes them:")
	arranged, err := t.tenants.Arrangements(ctx, "marketing")
	if err != nil {
		return bus, err
	}
	for _, a := range arranged {
		if a.InstanceID == t.instances["events"] {
			if _, err := t.tenants.BindTopic(ctx, "marketing", a.ID, contactTopics); err != nil {
				return bus, err
			}
		}
	}
	t.wire("3", "admin", "marketing", t.last, 1, "topics bound")
	binding, err := t.operator.Bind(ctx, t.instances["app"], btpclient.NewBinding{})
	if err != nil {
		return bus, err
	}
	var credentials struct {
		Management []struct {
			OA2 struct{ ClientID, ClientSecret, TokenEndpoint string }
			URI string
		}
	}
	if err := json.Unmarshal(binding.Credentials, &credentials); err != nil || len(credentials.Management) == 0 {
		return bus, errors.Join(errors.New("the binding of SAP Event Mesh gives no management"), err)
	}
	m := credentials.Management[0]
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {m.OA2.ClientID}, "client_secret": {m.OA2.ClientSecret}}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if _, err := t.ask(ctx, http.MethodPost, m.OA2.TokenEndpoint, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode(), &token); err != nil {
		return bus, err
	}
	bus = eventBus{m.URI, token.AccessToken}
	queue := m.URI + "/hub/rest/api/v1/management/messaging/queues/" + url.PathEscape(contactQueue)
	topics := url.PathEscape("sap/S4HANAOD/s4hc/ce/" + contactTopics)
	for _, target := range []string{queue, queue + "/subscriptions/" + topics} {
		if _, err := t.ask(ctx, http.MethodPut, target, bus.header(), "", nil); err != nil {
			return bus, err
		}
	}
	t.wire("", "app", "event mesh", t.last, 1, "subscribed")
	return bus, nil
}

func (b eventBus) header() http.Header {
	return http.Header{"Authorization": {"Bearer " + b.token}, "X-Qos": {"1"}}
}

// changeContact looks the destination up, reads contacts with it, and moves one.
func (t *teller) changeContact(ctx context.Context) error {
	t.step("3", "The extension looks its destination up, reads contacts, and moves one to Ulm:")
	found, err := t.operator.FindDestination(ctx, subaccount, "contacts", "")
	if err != nil {
		return err
	}
	d := found.Configuration
	t.wire("", "app", "registry", t.last, 1, "with password")
	var signed http.Request
	signed.Header = http.Header{"Accept": {"application/json"}, "X-Csrf-Token": {"Fetch"}}
	signed.SetBasicAuth(d["User"], d["Password"])
	var answer struct {
		D struct {
			Results []struct {
				Metadata struct{ URI, ETag string } `json:"__metadata"`
			}
		}
	}
	read, err := t.ask(ctx, http.MethodGet, d["URL"]+contactSet+"?$format=json", signed.Header, "", &answer)
	if err != nil {
		return err
	}
	if len(answer.D.Results) == 0 {
		return errors.New("the tenant has no contacts")
	}
	t.wire("", "app", "marketing", t.last, 1, t.in(bold, count(len(answer.D.Results), "contact")))
	first := answer.D.Results[0].Metadata
	for _, c := range read.Cookies() {
		signed.AddCookie(c)
	}
	signed.Header.Set("X-Csrf-Token", read.Header.Get("X-Csrf-Token"))
	signed.Header.Set("If-Match", first.ETag)
	signed.Header.Set("Content-Type", "application/json")
	if _, err := t.ask(ctx, "MERGE", first.URI, signed.Header, `{"CityName":"Ulm"}`, nil); err != nil {
		return err
	}
	t.wire("", "app", "marketing", t.last, 1, "CSRF token")
	return nil
}

// hear takes the event that tells of the change from the queue.
func (t *teller) hear(ctx context.Context, bus eventBus) error {
	ctx, cancel := context.WithTimeout(ctx, eventPatience)
	defer cancel()
	at := bus.base + "/messagingrest/v1/queues/" + url.PathEscape(contactQueue) + "/messages"
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		var event struct{ Type string }
		res, err := t.ask(ctx, http.MethodPost, at+"/consumption", bus.header(), "", &event)
		if err != nil {
			return err
		}
		if res.StatusCode == http.StatusOK {
			t.wire("", "app", "event mesh", t.last, 1, "an event")
			if err := expect("event of the change", event.Type, contactChanged); err != nil {
				return err
			}
			id := url.PathEscape(res.Header.Get("X-Message-Id"))
			if _, err := t.ask(ctx, http.MethodPost, at+"/"+id+"/acknowledgement", bus.header(), "", nil); err != nil {
				return err
			}
			t.outcome("It hears %s, and acknowledges it.", event.Type)
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("the event of the change has not arrived"), ctx.Err())
		case <-again.C:
		}
	}
}

// ask makes a call that must succeed, and reads its answer, if there is one.
func (t *teller) ask(ctx context.Context, method, target string, header http.Header, body string, into any) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewBufferString(body))
	if err != nil {
		return nil, err
	}
	req.Header = header.Clone()
	res, err := t.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode >= http.StatusMultipleChoices:
		return nil, fmt.Errorf("%s %s answered %d", method, req.URL.Path, res.StatusCode)
	case into != nil && len(text) > 0:
		err = json.Unmarshal(text, into)
	}
	return res, err
}
