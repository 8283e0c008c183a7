package eventmesh_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/eventmesh"
	"github.com/pairsim/pairsim/btp/services"
)

// descriptor is the receiver's of 5722fc4.md.
const descriptor = `{"emname":"ems-s4hc","namespace":"sap/S4HANAOD/ems-s4hc","version":"1.1.0",
	"options":{"management":true,"messagingrest":true,"messaging":true},
	"rules":{"queueRules":{"subscribeFilter":["${namespace}/*"]},"topicRules":{"subscribeFilter":["${namespace}/*","sap/S4HANAOD/s4hc/*"]}}}`

// admit asks for an instance.
func (m *mesh) admit(id, parameters string) (services.Instance, error) {
	i := services.Instance{ID: id, Subaccount: "dev", Offering: eventmesh.Service, Plan: "default", Parameters: json.RawMessage(parameters)}
	err := m.step(func(s *btp.Step) error { return eventmesh.Offering{}.Admit(s, &i) })
	return i, err
}

func TestAnInstanceIsAClientOfTheBus(t *testing.T) {
	m := openNew(t)
	i, err := m.admit("i1", descriptor)
	if err != nil {
		t.Fatal(err)
	}
	o, err := m.Overview(t.Context(), "dev")
	want := eventmesh.Client{
		Subaccount: "dev", Instance: "i1", EmName: "ems-s4hc", Namespace: "sap/S4HANAOD/ems-s4hc",
		SubscribeTopics: []string{"${namespace}/*", "sap/S4HANAOD/s4hc/*"}, SubscribeQueues: []string{"${namespace}/*"},
		Messaging: true, MessagingREST: true, Management: true,
	}
	if err != nil || len(o.Clients) != 1 || !reflect.DeepEqual(o.Clients[0], want) {
		t.Errorf("got %+v, %v", o.Clients, err)
	}
	_, err = m.admit("i2", strings.ReplaceAll(descriptor, "sap/S4HANAOD/ems-s4hc", "a/b/c"))
	wantCode(t, "same emname", err, btp.EmNameTaken)
	_, err = m.admit("i2", strings.Replace(descriptor, `"emname":"ems-s4hc"`, `"emname":"other"`, 1))
	wantCode(t, "same namespace", err, btp.NamespaceTaken)
	if err := m.step(func(s *btp.Step) error { return eventmesh.Offering{}.Deleted(s, &i) }); err != nil {
		t.Fatal(err)
	}
	if n := m.objects(btp.KindBusClient) + m.objects(btp.KindServiceClient); n != 0 {
		t.Errorf("%d objects are left of a deleted instance", n)
	}
}

// Rule: bus-descriptor
func TestDefaultsOfTheDescriptor(t *testing.T) {
	m := openNew(t)
	i, err := m.admit("i1", `{"emname":"a","namespace":"a/b/c","version":"1.1.0","rules":{}}`)
	if err != nil {
		t.Fatal(err)
	}
	var kept struct {
		Options map[string]bool `json:"options"`
	}
	if err := json.Unmarshal(i.Parameters, &kept); err != nil || !reflect.DeepEqual(kept.Options, map[string]bool{"management": false, "messagingrest": false, "messaging": true}) {
		t.Errorf("got options %v, %v", kept.Options, err)
	}
	i, err = m.admit("i2", `{"emname":"b","namespace":"a/b/d","version":"1.1.0","rules":{},"options":{"management":true},"resources":{"units":"50"}}`)
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := m.Overview(t.Context(), "dev"); !o.Clients[1].Messaging || !o.Clients[1].Management || o.Clients[1].MessagingREST || o.Clients[1].Units != 50 {
		t.Errorf("got %+v", o.Clients[1])
	}
}

// TestBadDescriptors breaks every rule of the parameters, one by one.
//
// Rule: bus-descriptor
func TestBadDescriptors(t *testing.T) {
	m := openNew(t)
	good := func() map[string]any {
		var d map[string]any
		if err := json.Unmarshal([]byte(descriptor), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	rules := func(kind, filter string, value any) func(map[string]any) {
		return func(d map[string]any) { d["rules"] = map[string]any{kind: map[string]any{filter: value}} }
	}
	set := func(key string, value any) func(map[string]any) { return func(d map[string]any) { d[key] = value } }
	for _, test := range []struct {
		what   string
		change func(map[string]any)
		path   string
	}{
		{"no emname", func(d map[string]any) { delete(d, "emname") }, "$"},
		{"no namespace", func(d map[string]any) { delete(d, "namespace") }, "$"},
		{"no version", func(d map[string]any) { delete(d, "version") }, "$"},
		{"no rules", func(d map[string]any) { delete(d, "rules") }, "$"},
		{"an empty emname", set("emname", ""), "$.emname"},
		{"a long emname", set("emname", strings.Repeat("a", 101)), "$.emname"},
		{"a bad emname", set("emname", "a b"), "$.emname"},
		{"an emname with a line", set("emname", "a\n"), "$.emname"},
		{"emname a number", set("emname", 1), "$.emname"},
		{"another version", set("version", "1.0.0"), "$.version"},
		{"two segments", set("namespace", "a/b"), "$.namespace"},
		{"four segments", set("namespace", "a/b/c/d"), "$.namespace"},
		{"a long namespace", set("namespace", "aaaaaaaa/bbbbbbbb/ccccccc"), "$.namespace"},
		{"a bad namespace", set("namespace", "a/b/ü"), "$.namespace"},
		{"options a list", set("options", []any{}), "$.options"},
		{"an option a text", set("options", map[string]any{"management": "true"}), "$.options.management"},
		{"an unknown option", set("options", map[string]any{"amqp": true}), "$.options.amqp"},
		{"rules null", set("rules", nil), "$.rules"},
		{"an unknown rule", set("rules", map[string]any{"webhookRules": map[string]any{}}), "$.rules.webhookRules"},
		{"an unknown filter", rules("topicRules", "inboundFilter", []any{}), "$.rules.topicRules.inboundFilter"},
		{"a filter that is no list", rules("topicRules", "publishFilter", "a/*"), "$.rules.topicRules.publishFilter"},
		{"a filter that is no text", rules("topicRules", "publishFilter", []any{1}), "$.rules.topicRules.publishFilter[0]"},
		{"an empty filter", rules("topicRules", "publishFilter", []any{""}), "$.rules.topicRules.publishFilter[0]"},
		{"a filter that is no pattern", rules("queueRules", "subscribeFilter", []any{"${namespace}/*", "#/a"}), "$.rules.queueRules.subscribeFilter[1]"},
		{"a placeholder of nothing", rules("queueRules", "publishFilter", []any{"${name}/*"}), "$.rules.queueRules.publishFilter[0]"},
		{"the same filter twice", rules("queueRules", "publishFilter", []any{"a/*", "a/*"}), "$.rules.queueRules.publishFilter"},
		{"units a number", set("resources", map[string]any{"units": 10}), "$.resources.units"},
		{"too few units", set("resources", map[string]any{"units": "9"}), "$.resources.units"},
		{"too many units", set("resources", map[string]any{"units": "51"}), "$.resources.units"},
		{"an unknown key", set("emName", "a"), "$.emName"},
	} {
		d := good()
		test.change(d)
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.admit("bad", string(text))
		wantCode(t, test.what, err, btp.ParametersInvalid)
		var refused *btp.Error
		if errors.As(err, &refused) && (len(refused.Findings) != 1 || refused.Findings[0].Path != test.path) {
			t.Errorf("%s: got findings %v, want one at %s", test.what, refused.Findings, test.path)
		}
	}
	for _, text := range []string{"", "null", "[]", `"a"`, "{", `{"emname":`} {
		_, err := m.admit("bad", text)
		wantCode(t, "parameters "+text, err, btp.ParametersInvalid)
	}
	if n := m.objects(btp.KindBusClient); n != 0 {
		t.Errorf("got %d clients: refusals change nothing", n)
	}
}

func TestCredentialsOfABinding(t *testing.T) {
	m := openNew(t)
	i, err := m.admit("i1", descriptor)
	if err != nil {
		t.Fatal(err)
	}
	b := services.Binding{ID: "b1", Instance: i.ID, Subaccount: "dev"}
	bind := func(b *services.Binding) error {
		return m.step(func(s *btp.Step) error { return eventmesh.Offering{}.Bind(s, i, b) })
	}
	if err := bind(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Messaging []struct {
			OA2 struct {
				ClientSecret string `json:"clientsecret"`
			} `json:"oa2"`
		} `json:"messaging"`
	}
	if err := json.Unmarshal(b.Credentials, &got); err != nil || len(got.Messaging) != 3 {
		t.Fatalf("got %s, %v", b.Credentials, err)
	}
	secret := got.Messaging[2].OA2.ClientSecret
	want := strings.ReplaceAll(`{"xsappname":"i1!b1|enterprise-messaging!b1","serviceinstanceid":"i1","namespace":"sap/S4HANAOD/ems-s4hc",`+
		`"management":[{"oa2":OA2,"uri":"{{http}}"}],"messaging":[`+
		`{"oa2":OA2,"protocol":["amqp10ws"],"broker":{"type":"sapmgw"},"uri":"wss://{{mtlsHost}}/protocols/amqp10ws"},`+
		`{"oa2":OA2,"protocol":["mqtt311ws"],"broker":{"type":"sapmgw"},"uri":"wss://{{mtlsHost}}/protocols/mqtt311ws"},`+
		`{"oa2":OA2,"protocol":["httprest"],"broker":{"type":"saprestmgw"},"uri":"{{http}}"}]}`, "OA2",
		`{"clientid":"sb-b1!b1|enterprise-messaging!b1","clientsecret":"`+secret+`","tokenendpoint":"{{http}}/oauth/token","granttype":"client_credentials"}`)
	if string(b.Credentials) != want {
		t.Errorf("got\n%s\nwant\n%s", b.Credentials, want)
	}
	_, grant, err := m.Registry.AuthorizeClient(t.Context(), btp.TokenRequest{Client: "sb-b1!b1|enterprise-messaging!b1", Secret: secret})
	if err != nil || grant == nil || grant.Instance != "i1" || grant.Service != eventmesh.Service {
		t.Errorf("the credentials open %+v, %v", grant, err)
	}
	bad := services.Binding{ID: "b2", Instance: i.ID, Subaccount: "dev", Parameters: json.RawMessage(`{"a":1}`)}
	wantCode(t, "parameters of a binding", bind(&bad), btp.ParametersInvalid)
	if err := m.step(func(s *btp.Step) error { return eventmesh.Offering{}.Unbind(s, i, b) }); err != nil {
		t.Fatal(err)
	}
	_, _, err = m.Registry.AuthorizeClient(t.Context(), btp.TokenRequest{Client: "sb-b1!b1|enterprise-messaging!b1", Secret: secret})
	wantCode(t, "after unbinding", err, btp.Unauthenticated)
}

func TestChannelsThatAreClosedHaveNoCredentials(t *testing.T) {
	m := openNew(t)
	i, err := m.admit("i1", `{"emname":"a","namespace":"a/b/c","version":"1.1.0","rules":{},"options":{"messaging":false}}`)
	if err != nil {
		t.Fatal(err)
	}
	b := services.Binding{ID: "b1", Instance: i.ID, Subaccount: "dev"}
	if err := m.step(func(s *btp.Step) error { return eventmesh.Offering{}.Bind(s, i, &b) }); err != nil {
		t.Fatal(err)
	}
	if text := string(b.Credentials); strings.Contains(text, "oa2") || !strings.Contains(text, `"messaging":[]`) {
		t.Errorf("got %s", text)
	}
}

// FuzzDescriptors: whatever the parameters are, they are taken, or refused by code.
//
// Rule: bus-descriptor
func FuzzDescriptors(f *testing.F) {
	for _, seed := range []string{descriptor, "", "null", "{}", `{"emname":"a","namespace":"a/b/c","version":"1.1.0","rules":{"topicRules":{"publishFilter":["${namespace}${namespace}"]}}}`} {
		f.Add(seed)
	}
	m := openNew(f)
	f.Fuzz(func(t *testing.T, text string) {
		of := *m
		of.t = t
		_, err := of.admit("i1", text)
		if code := btp.CodeOf(err); err != nil && code != btp.ParametersInvalid {
			t.Errorf("%q: refused with %v", text, err)
		}
	})
}
