package states

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/contracts/verifier"
)

// The texts of parameters, as pacts use them.
const (
	// Of row.
	PairedRow = "paired"
	Disabled  = "disabled"
	Deleted   = "deleted"
	// Of call.
	ForAnotherSystem = "for another system"
	// Of arrangement.
	OfTheInstance = "of the instance"
	OfTheName     = "of the name"
	OfTheChannel  = "of the channel"
	// Of assertion.
	NotAnAssertion = "none"
	// Of client and of token.
	Known        = "known"
	OfNoInstance = "of a deleted instance"
	Aged         = "expired"
	// Of destination.
	WithPassword  = "with user and password"
	WithAssertion = "with a SAML bearer assertion"
	// Of service.
	DestinationService = "destination"
	AnotherService     = "xsuaa"
	// Of messages.
	Waiting = "waiting"
	Taken   = "taken"
	// Of instance.
	Made  = "made"
	Bound = "bound"
)

// What pacts and states have to say alike.
const (
	// ContactsInstance is the service instance whose arrangement is asked for, OtherInstance
	// one that has taken something.
	ContactsInstance = "c0ffee1c-0000-4000-8000-000000000000"
	OtherInstance    = "c0ffee1c-0000-4000-8000-000000000001"
	// DestinationName is the destination of an application, Queue its queue.
	DestinationName = "pact"
	Namespace       = "sap/pact/app"
	Queue           = Namespace + "/contacts"
	// InstanceName is what the service instance of a state is called.
	InstanceName = "contacts"
	// UserName is a user of the subaccount.
	UserName = "eva@shop.test"
	// UserPassword is that user's.
	UserPassword = "Not-a-Secret-1"
)

const (
	// Extensibility is the technical name of SAP S/4HANA Cloud Extensibility.
	Extensibility = "s4-hana-cloud"
	eventMesh     = "enterprise-messaging"
)

// contacts are the parameters of an instance that opens the API of contacts.
func contacts(authentication string) json.RawMessage {
	return fmt.Appendf(nil, `{"systemName":%q,"communicationArrangement":{"communicationArrangementName":"CONTACTS","scenarioId":"SAP_COM_0207","inboundAuthentication":%q}}`,
		SystemName, authentication)
}

// entitled pairs SAP Marketing Cloud, and entitles the subaccount to a plan of it.
func (w *world) entitled(ctx context.Context, plan string) (btpclient.System, error) {
	_, s, err := w.paired(ctx, params{"tenant": "marketing"})
	if err == nil {
		_, err = w.env.Operator().AssignEntitlement(ctx, subaccount, btpclient.NewEntitlement{System: s.ID, Plan: plan})
	}
	return s, err
}

// instance creates a service instance, and waits until that has ended.
func (w *world) instance(ctx context.Context, n btpclient.NewInstance) (made btpclient.Instance, err error) {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	made, err = w.env.Operator().CreateInstance(ctx, subaccount, n)
	for err == nil && made.Operation.State == "in progress" {
		made, err = w.env.Operator().Instance(ctx, made.ID)
	}
	if err == nil && made.Operation.State != "succeeded" {
		err = fmt.Errorf("the creation of %s has failed: %s", n.Name, made.Operation.Description)
	}
	return made, err
}

func (w *world) bound(ctx context.Context, n btpclient.NewInstance, credentials any) (made btpclient.Instance, b btpclient.Binding, err error) {
	if made, err = w.instance(ctx, n); err != nil {
		return made, b, err
	}
	if b, err = w.env.Operator().Bind(ctx, made.ID, btpclient.NewBinding{Name: "app"}); err == nil && credentials != nil {
		err = json.Unmarshal(b.Credentials, credentials)
	}
	return made, b, err
}

// makeArrangement has the registry call the tenant, and keeps what proves the call.
func makeArrangement(ctx context.Context, w *world, p params) (map[string]any, error) {
	row, err := p.choice("row", PairedRow, Disabled, Deleted)
	if err != nil {
		return nil, err
	}
	proof, err := p.choice("call", Good, ForAnotherSystem, NotSigned)
	if err != nil {
		return nil, err
	}
	there, err := p.choice("arrangement", None, OfTheInstance, OfTheName, OfTheChannel)
	if err != nil {
		return nil, err
	}
	s, err := w.entitled(ctx, "api-access")
	if err != nil {
		return nil, err
	}
	jwt, err := w.keptCall(ctx)
	if err != nil {
		return nil, err
	}
	if there != None {
		if err := w.arrange(ctx, s.ID, jwt, there); err != nil {
			return nil, err
		}
	}
	values := map[string]any{"systemId": s.ID, "callToken": jwt}
	switch proof {
	case NotSigned:
		values["callToken"] = unsigned(jwt)
	case ForAnotherSystem:
		other, err := w.env.Operator().Register(ctx, "default", "Other", s.Type)
		if err != nil {
			return nil, err
		}
		values["systemId"] = other.ID
	}
	if row == PairedRow {
		return values, nil
	}
	rows, err := w.env.Tenants().Pairings(ctx, "marketing")
	if err != nil {
		return nil, err
	}
	if row == Disabled {
		_, err = w.env.Tenants().Disable(ctx, "marketing", rows[0].ID)
	} else {
		err = w.env.Tenants().Delete(ctx, "marketing", rows[0].ID)
	}
	return values, err
}

// keptCall is what proves a call of the registry's that its tenant has not got.
func (w *world) keptCall(ctx context.Context) (string, error) {
	w.keepCalls.Store(true)
	defer w.keepCalls.Store(false)
	_, err := w.env.Operator().CreateInstance(ctx, subaccount, btpclient.NewInstance{
		Name: "kept", Offering: Extensibility, Plan: "api-access", Parameters: contacts("BasicAuthentication"),
	})
	if err != nil {
		return "", err
	}
	kept, err := take(ctx, "call about an arrangement", w.calls)
	return strings.TrimPrefix(kept.authorization, "Bearer "), err
}

// arrange has the tenant make an arrangement, as the registry would.
func (w *world) arrange(ctx context.Context, system, jwt, which string) error {
	instance, spec := OtherInstance, map[string]any{
		"communicationArrangementName": "CONTACTS", "scenarioId": "SAP_COM_0207", "inboundAuthentication": "BasicAuthentication",
	}
	order := map[string]any{"systemId": system, "instanceName": "contacts", "communicationArrangement": spec}
	switch which {
	case OfTheInstance:
		instance = ContactsInstance
	case OfTheChannel:
		order["communicationArrangement"] = map[string]any{
			"communicationArrangementName": "OTHER", "scenarioId": "SAP_COM_0092",
			"attributes": []map[string]string{{"name": "CHANNEL NAME", "value": "S4HC"}, {"name": "TOPIC SPACE", "value": "sap/S4HANAOD/s4hc"}},
		}
		order["eventBus"] = map[string]any{
			"tokenEndpoint": w.env.HTTP() + "/oauth/token", "clientId": "other", "clientSecret": "Not-a-Secret", "uri": w.env.HTTP() + "/messagingrest/v1",
			"namespace": "sap/S4HANAOD/s4hc",
		}
	}
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	target := w.env.HTTP() + "/tenants/marketing/callback/communicationArrangements/" + instance
	_, err = w.call(ctx, http.MethodPut, target, bytes.NewReader(body), "Authorization", "Bearer "+jwt, "Content-Type", "application/json")
	return err
}

// call makes a call that must succeed; headers are names and values.
func (w *world) call(ctx context.Context, method, target string, body io.Reader, headers ...string) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	_, header, err := (&apiClient{w: w}).do(req)
	return header, err
}

// makeAssertion has the registry ask a tenant's token service for a token, and keeps
// the assertion that it would have shown.
func makeAssertion(ctx context.Context, w *world, p params) (map[string]any, error) {
	what, err := p.choice("assertion", Good, NotAnAssertion)
	if err != nil {
		return nil, err
	}
	if _, err := w.entitled(ctx, "api-access"); err != nil {
		return nil, err
	}
	_, err = w.instance(ctx, btpclient.NewInstance{
		Name: InstanceName, Offering: Extensibility, Plan: "api-access", Parameters: contacts("OAuth2SAMLBearerAssertion"),
	})
	if err != nil {
		return nil, err
	}
	if err := w.user(ctx); err != nil {
		return nil, err
	}
	w.keepCalls.Store(true)
	defer w.keepCalls.Store(false)
	if _, err := w.env.Operator().FindDestination(ctx, subaccount, InstanceName, UserName); err != nil {
		return nil, err
	}
	kept, err := take(ctx, "call of the token service", w.asked)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(kept.body))
	if err != nil {
		return nil, err
	}
	if what == NotAnAssertion {
		form.Set("assertion", "PGE-PC9hPg") // <a></a>
	}
	return map[string]any{
		"basic": kept.authorization, "clientId": form.Get("client_id"), "assertion": form.Get("assertion"), verifier.Form: form.Encode(),
	}, nil
}

func (w *world) user(ctx context.Context) error {
	_, err := w.env.Controls().CreateUser(ctx, btpclient.User{Subaccount: subaccount, Name: UserName, Email: UserName, Password: UserPassword})
	return err
}

// makeChannel gives a tenant a channel to the subaccount's event bus.
func makeChannel(ctx context.Context, w *world, p params) (map[string]any, error) {
	client, err := p.choice("client", Known, OfNoInstance)
	if err != nil {
		return nil, err
	}
	token, err := p.choice("token", Live, Aged)
	if err != nil {
		return nil, err
	}
	if _, err := w.entitled(ctx, "messaging"); err != nil {
		return nil, err
	}
	made, err := w.instance(ctx, btpclient.NewInstance{
		Name: "events", Offering: Extensibility, Plan: "messaging", Parameters: fmt.Appendf(nil, `{"systemName":%q,"emClientId":"s4hc"}`, SystemName),
	})
	if err != nil {
		return nil, err
	}
	ordered, err := take(ctx, "order of an arrangement", w.calls)
	if err != nil {
		return nil, err
	}
	var order struct {
		EventBus struct{ TokenEndpoint, ClientID, ClientSecret string }
	}
	if err := json.Unmarshal(ordered.body, &order); err != nil {
		return nil, err
	}
	bus := order.EventBus
	access, err := w.token(ctx, bus.ClientID, bus.ClientSecret, "", "")
	if err != nil {
		return nil, err
	}
	arrangements, err := w.env.Tenants().Arrangements(ctx, "marketing")
	if err != nil {
		return nil, err
	}
	if _, err := w.env.Tenants().BindTopic(ctx, "marketing", arrangements[0].ID, "sap/s4/beh/interaction/*"); err != nil {
		return nil, err
	}
	if client == OfNoInstance {
		if _, err := w.env.Operator().DeleteInstance(ctx, made.ID); err != nil {
			return nil, err
		}
	}
	if token == Aged {
		_, err = w.env.Controls().Advance(ctx, 13*time.Hour)
	}
	return map[string]any{
		"basic": basic(url.QueryEscape(bus.ClientID), url.QueryEscape(bus.ClientSecret)), "accessToken": access,
	}, err
}

// token gets an access token of a client or, when user is not "", of a user.
func (w *world) token(ctx context.Context, id, secret, user, password string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}}
	if user != "" {
		form.Set("grant_type", "password")
		form.Set("username", user)
		form.Set("password", password)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.env.HTTP()+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	body, _, err := (&apiClient{w: w}).do(req)
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err = json.Unmarshal(body, &answer)
	return answer.AccessToken, err
}

func formOf(id, secret string) string {
	return url.Values{"client_id": {id}, "client_secret": {secret}}.Encode()
}

// makeApplication binds an application to a service, with a destination to look up.
func makeApplication(ctx context.Context, w *world, p params) (map[string]any, error) {
	service, err := p.choice("service", DestinationService, AnotherService)
	if err != nil {
		return nil, err
	}
	with, err := p.choice("destination", None, WithPassword, WithAssertion)
	if err != nil {
		return nil, err
	}
	plan := map[string]string{DestinationService: "lite", AnotherService: "application"}[service]
	var client struct{ ClientID, ClientSecret string }
	if _, _, err := w.bound(ctx, btpclient.NewInstance{Name: "bound", Offering: service, Plan: plan}, &client); err != nil {
		return nil, err
	}
	if err := w.user(ctx); err != nil {
		return nil, err
	}
	properties := map[string]string{"Type": "HTTP", "ProxyType": "Internet", "URL": w.base + "/api"}
	switch with {
	case WithPassword:
		properties["Authentication"], properties["User"], properties["Password"] = "BasicAuthentication", "COMM_1", "Not-a-Secret"
	case WithAssertion:
		for name, value := range map[string]string{
			"Authentication": "OAuth2SAMLBearerAssertion", "audience": w.base, "clientKey": "COMM_1", "tokenServiceUser": "COMM_1",
			"tokenServicePassword": "Not-a-Secret", "tokenServiceURL": w.base + "/token", "tokenServiceURLType": "Dedicated",
			"authnContextClassRef": "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
			"nameIdFormat":         "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "userIdSource": "email",
		} {
			properties[name] = value
		}
	}
	if with != None {
		if err := w.env.Operator().PutDestination(ctx, subaccount, DestinationName, properties); err != nil {
			return nil, err
		}
	}
	values := map[string]any{"clientId": client.ClientID, "clientSecret": client.ClientSecret, verifier.Form: formOf(client.ClientID, client.ClientSecret)}
	if values["accessToken"], err = w.token(ctx, client.ClientID, client.ClientSecret, "", ""); err != nil {
		return nil, err
	}
	values["userToken"], err = w.token(ctx, client.ClientID, client.ClientSecret, UserName, UserPassword)
	return values, err
}

// makeQueue binds an application to the event bus, with a message in its queue.
func makeQueue(ctx context.Context, w *world, p params) (map[string]any, error) {
	messages, err := p.choice("messages", None, Waiting, Taken)
	if err != nil {
		return nil, err
	}
	if _, err := w.env.Operator().AssignEntitlement(ctx, subaccount, btpclient.NewEntitlement{Service: eventMesh, Plan: "default", Quota: 1}); err != nil {
		return nil, err
	}
	var credentials struct {
		Management []struct {
			OA2 struct{ ClientID, ClientSecret string }
		}
	}
	_, _, err = w.bound(ctx, btpclient.NewInstance{
		Name: "bus", Offering: eventMesh, Plan: "default", Parameters: fmt.Appendf(nil, `{"emname":"pact","namespace":%q,"version":"1.1.0",
			"options":{"management":true,"messagingrest":true},"rules":{"queueRules":{"publishFilter":["${namespace}/*"],"subscribeFilter":["${namespace}/*"]},
			"topicRules":{"subscribeFilter":["${namespace}/*","sap/S4HANAOD/s4hc/*"]}}}`, Namespace),
	}, &credentials)
	if err != nil {
		return nil, err
	}
	if len(credentials.Management) == 0 {
		return nil, fmt.Errorf("the binding has no management channel")
	}
	client := credentials.Management[0].OA2
	access, err := w.token(ctx, client.ClientID, client.ClientSecret, "", "")
	values := map[string]any{
		"clientId": client.ClientID, "clientSecret": client.ClientSecret, "accessToken": access, "messageId": "",
		verifier.Form: formOf(client.ClientID, client.ClientSecret),
	}
	if err != nil || messages == None {
		return values, err
	}
	queue, bearer := url.PathEscape(Queue), "Bearer "+access
	_, err = w.call(ctx, http.MethodPut, w.env.HTTP()+"/hub/rest/api/v1/management/messaging/queues/"+queue, strings.NewReader("{}"),
		"Authorization", bearer, "Content-Type", "application/json")
	if err != nil {
		return nil, err
	}
	at := w.env.HTTP() + "/messagingrest/v1/queues/" + queue + "/messages"
	_, err = w.call(ctx, http.MethodPost, at, strings.NewReader(contactChanged), "Authorization", bearer, "Content-Type", "application/cloudevents+json", "X-Qos", "1")
	if err != nil || messages == Waiting {
		return values, err
	}
	header, err := w.call(ctx, http.MethodPost, at+"/consumption", nil, "Authorization", bearer, "X-Qos", "1")
	values["messageId"] = header.Get("X-Message-Id")
	return values, err
}

// contactChanged is an event as SAP Marketing Cloud publishes it.
const contactChanged = `{"specversion":"1.0","id":"31109198-4d69-4ae0-972d-76117f3748c8","source":"/default/sap.s4.beh/marketing",` +
	`"type":"sap.s4.beh.contact.v1.Contact.Changed.v1","time":"2030-01-01T10:00:00Z","datacontenttype":"application/json",` +
	`"data":{"ContactID":"eva@shop.test","ContactOrigin":"EMAIL"}}`

// makeServices entitles a subaccount, and makes an instance in it.
func makeServices(ctx context.Context, w *world, p params) (map[string]any, error) {
	what, err := p.choice("instance", None, Made, Bound)
	if err != nil {
		return nil, err
	}
	service, err := p.choice("service", DestinationService, Extensibility)
	if err != nil {
		return nil, err
	}
	if _, err := w.entitled(ctx, "api-access"); err != nil {
		return nil, err
	}
	n := btpclient.NewInstance{Name: InstanceName, Offering: service, Plan: "lite"}
	if service == Extensibility {
		n.Plan, n.Parameters = "api-access", contacts("BasicAuthentication")
	}
	values := map[string]any{}
	var made btpclient.Instance
	var b btpclient.Binding
	switch what {
	case Made:
		made, err = w.instance(ctx, n)
	case Bound:
		made, b, err = w.bound(ctx, n, nil)
	}
	if made.ID != "" {
		values["instanceId"] = made.ID
	}
	if b.ID != "" {
		values["bindingId"] = b.ID
	}
	return values, err
}
