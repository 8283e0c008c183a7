package eventmesh

import (
	"bytes"
	"cmp"
	"context"
	_ "embed" // of the schema
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/internal/schema"
)

//go:embed parameters.schema.json
var parametersSchema []byte

// parametersRules are read when the first parameters come.
var parametersRules = sync.OnceValue(func() *schema.Schema {
	compiled, err := schema.Compile(parametersSchema)
	if err != nil {
		panic(err) // a test reads it
	}
	return compiled
})

// Offering is SAP Event Mesh, offering enterprise-messaging, plan default: an
// instance is a client of its subaccount's event bus (5722fc4.md).
type Offering struct{}

var _ services.Offering = Offering{}

// Description is what the catalogue says.
func (Offering) Description() services.Description {
	return services.Description{
		ID: "7cd33bd6-5f0e-4a8d-9d0a-6d3b7d3f1a01", Name: Service, DisplayName: "SAP Event Mesh",
		Text: "Connect applications by events: queues, topics and webhooks on the event bus of the subaccount",
		Tags: []string{Service},
		Plans: []services.Plan{{
			ID: "5b7a9c1e-0f43-4f0c-8f5d-2c1b6f0e7a02", Name: "default", DisplayName: "default",
			Text: "A message client of the subaccount's event bus", NeedsEntitlement: true, CreateSchema: parametersSchema,
		}},
	}
}

// parameters are the service descriptor.
type parameters struct {
	EmName    string   `json:"emname"`
	Version   string   `json:"version"`
	Namespace string   `json:"namespace"`
	Options   *options `json:"options"`
	Rules     struct {
		QueueRules *rule `json:"queueRules,omitempty"`
		TopicRules *rule `json:"topicRules,omitempty"`
	} `json:"rules"`
	Resources *struct {
		Units string `json:"units,omitempty"`
	} `json:"resources,omitempty"`
	XSSecurity json.RawMessage `json:"xs-security,omitempty"`
}

type options struct {
	Management    bool `json:"management"`
	MessagingREST bool `json:"messagingrest"`
	Messaging     bool `json:"messaging"`
}

type rule struct {
	PublishFilter   []string `json:"publishFilter,omitempty"`
	SubscribeFilter []string `json:"subscribeFilter,omitempty"`
}

// Admit holds the parameters against the descriptor's rules, and makes the client: its
// names are taken from now on. It refuses with ParametersInvalid, EmNameTaken or
// NamespaceTaken.
func (Offering) Admit(s *btp.Step, i *services.Instance) error {
	p, err := readParameters(i.Parameters)
	if err != nil {
		return err
	}
	if i.Parameters, err = json.Marshal(p); err != nil {
		return err
	}
	return PutClient(s, p.client(i))
}

// readParameters holds parameters against the schema, and what it does not say, and
// fills in what they leave out (5722fc4.md).
func readParameters(text json.RawMessage) (p parameters, err error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = json.RawMessage(`{}`)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return p, invalid([]btp.Finding{{Path: "$", Problem: "it is no JSON"}})
	}
	var found []btp.Finding
	parametersRules().Judge(value, "$", func(path, problem string) { found = append(found, btp.Finding{Path: path, Problem: problem}) })
	if len(found) > 0 {
		return p, invalid(found)
	}
	p.Options = &options{Messaging: true}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, invalid([]btp.Finding{{Path: "$", Problem: "it is no service descriptor"}})
	}
	if found := p.filters(); len(found) > 0 {
		return p, invalid(found)
	}
	return p, nil
}

// filters tells which filters of the rules are no patterns.
func (p *parameters) filters() (found []btp.Finding) {
	c := Client{Namespace: p.Namespace}
	for name, r := range map[string]*rule{"queueRules": p.Rules.QueueRules, "topicRules": p.Rules.TopicRules} {
		if r == nil {
			continue
		}
		for kind, filters := range map[string][]string{"publishFilter": r.PublishFilter, "subscribeFilter": r.SubscribeFilter} {
			for n, filter := range filters {
				if err := c.checkFilter(filter); err != nil {
					text := strings.TrimPrefix(err.Error(), string(btp.CodeOf(err))+": ")
					found = append(found, btp.Finding{Path: fmt.Sprintf("$.rules.%s.%s[%d]", name, kind, n), Problem: text})
				}
			}
		}
	}
	return found
}

// invalid refuses with ParametersInvalid and all that was found.
func invalid(found []btp.Finding) error {
	slices.SortFunc(found, func(a, b btp.Finding) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Problem, b.Problem))
	})
	return services.InvalidParameters(found)
}

func (p *parameters) client(i *services.Instance) Client {
	c := Client{
		Subaccount: i.Subaccount, Instance: i.ID, EmName: p.EmName, Namespace: p.Namespace,
		Messaging: p.Options.Messaging, MessagingREST: p.Options.MessagingREST, Management: p.Options.Management,
	}
	if r := p.Rules.TopicRules; r != nil {
		c.PublishTopics, c.SubscribeTopics = r.PublishFilter, r.SubscribeFilter
	}
	if r := p.Rules.QueueRules; r != nil {
		c.PublishQueues, c.SubscribeQueues = r.PublishFilter, r.SubscribeFilter
	}
	if p.Resources != nil {
		c.Units, _ = strconv.Atoi(p.Resources.Units) // the schema has read it
	}
	return c
}

// Create does nothing: the bus is ours.
func (Offering) Create(context.Context, *btp.Registry, services.Instance) (json.RawMessage, error) {
	return nil, nil
}

// Created does nothing: Admit has made the client.
func (Offering) Created(*btp.Step, *services.Instance, json.RawMessage) error { return nil }

// Delete does nothing, as Create.
func (Offering) Delete(context.Context, *btp.Registry, services.Instance) error { return nil }

// Deleted takes the client away, with its queues and its clients of the token service.
func (Offering) Deleted(s *btp.Step, i *services.Instance) error {
	if err := s.DeleteServiceClients(i.ID, ""); err != nil {
		return err
	}
	return RemoveClient(s, i.Subaccount, i.ID)
}

// oa2 is how a client of a channel gets its tokens (service-apis §6).
type oa2 struct {
	ClientID      string `json:"clientid"`
	ClientSecret  string `json:"clientsecret"`
	TokenEndpoint string `json:"tokenendpoint"`
	GrantType     string `json:"granttype"`
}

type managementAccess struct {
	OA2 oa2    `json:"oa2"`
	URI string `json:"uri"`
}

type messagingAccess struct {
	OA2      oa2      `json:"oa2"`
	Protocol []string `json:"protocol"`
	Broker   struct {
		Type string `json:"type"`
	} `json:"broker"`
	URI string `json:"uri"`
}

// Bind makes the credentials of service-apis §6: each channel that is open, in the
// order in which clients that go by position expect them.
func (Offering) Bind(s *btp.Step, i services.Instance, b *services.Binding) error {
	if err := noParameters(b.Parameters); err != nil {
		return err
	}
	c, ok, err := clientOf(s, i.ID)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("service instance %s has no client of the event bus", i.ID)
	}
	app := i.ID + "!b1|" + Service + "!b1"
	client := btp.ServiceClient{
		ID: "sb-" + b.ID + "!b1|" + Service + "!b1", Subaccount: i.Subaccount, Service: Service, XSAppName: app, Instance: i.ID, Binding: b.ID,
	}
	secret, err := s.PutServiceClient(client)
	if err != nil {
		return err
	}
	access := oa2{client.ID, secret, "{{http}}/oauth/token", clientCredentials}
	var credentials struct {
		XSAppName  string             `json:"xsappname"`
		Instance   string             `json:"serviceinstanceid"`
		Namespace  string             `json:"namespace"`
		Management []managementAccess `json:"management,omitempty"`
		Messaging  []messagingAccess  `json:"messaging"`
	}
	credentials.XSAppName, credentials.Instance, credentials.Namespace = app, i.ID, c.Namespace
	if c.Management {
		credentials.Management = []managementAccess{{access, "{{http}}"}}
	}
	credentials.Messaging = []messagingAccess{}
	add := func(protocol, broker, uri string) {
		m := messagingAccess{OA2: access, Protocol: []string{protocol}, URI: uri}
		m.Broker.Type = broker
		credentials.Messaging = append(credentials.Messaging, m)
	}
	if c.Messaging {
		add("amqp10ws", "sapmgw", "wss://{{mtlsHost}}/protocols/amqp10ws")
		add("mqtt311ws", "sapmgw", "wss://{{mtlsHost}}/protocols/mqtt311ws")
	}
	if c.MessagingREST {
		add("httprest", "saprestmgw", "{{http}}")
	}
	b.Credentials, err = json.Marshal(credentials)
	return err
}

// noParameters refuses parameters of a binding: none are documented.
func noParameters(text json.RawMessage) error {
	var given map[string]json.RawMessage
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, &given); err != nil {
		return invalid([]btp.Finding{{Path: "$", Problem: "it is no JSON object"}})
	}
	var found []btp.Finding
	for key := range maps.Keys(given) {
		found = append(found, btp.Finding{Path: "$." + key, Problem: "there is no such key: a binding of this service has no parameters"})
	}
	if len(found) > 0 {
		return invalid(found)
	}
	return nil
}

// Unbind takes the binding's client of the token service away.
func (Offering) Unbind(s *btp.Step, i services.Instance, b services.Binding) error {
	return s.DeleteServiceClients(i.ID, b.ID)
}
