package extensibility

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

var update = flag.Bool("update", false, "rewrite testdata")

// full are parameters of plan api-access in which every key stands.
const full = `{
	"systemName": "DEMO",
	"communicationArrangement": {
		"communicationArrangementName": "0213_ARRANGEMENT",
		"scenarioId": "SAP_COM_0213",
		"inboundAuthentication": "OAuth2SAMLBearerAssertion",
		"outboundAuthentication": "OAuth2ClientCredentials",
		"communicationSystem": {
			"communicationSystemHostname": "default.com",
			"port": "443",
			"oAuthAuthEndpoint": "oauth.com/oauth/authorize",
			"oAuthTokenEndpoint": "oauth.com/oauth/token",
			"outboundCommunicationUser": {"username": "u", "password": "p"}
		},
		"outboundServices": [
			{"id": "SAP_COM_0215_0001_REST", "name": "", "urlPath": "", "isServiceActive": true, "attributes": [{"name": "n", "value": "v"}]}
		],
		"attributes": [{"name": "n", "value": "v"}]
	}
}`

// messagingFull is the same of plan messaging: the document's own example.
const messagingFull = `{
	"systemName": "DEV",
	"emClientId": "s4hc",
	"communicationArrangement": {
		"communicationArrangementName": "SAP_CLOUD_PLATFORM_XF_s4hc",
		"attributes": [
			{"name": "CHANNEL NAME", "value": "SAP_CP_XF_S4HC"},
			{"name": "DESCRIPTION", "value": "Integration with Enterprise Messaging for EM Client: s4hc"},
			{"name": "TOPIC SPACE", "value": "sap/S4HANAOD/s4hc"},
			{"name": "MQTT_QOS", "value": "1"},
			{"name": "RECONNECT ATTEMPTS", "value": "0"},
			{"name": "WAIT TIME", "value": "10"}
		]
	},
	"ems": {"parameters": {
		"emname": "s4hc", "namespace": "sap/S4HANAOD/s4hc",
		"rules": {"topicRules": {"inboundFilter": ["${namespace}/#"]}},
		"resources": {"units": "10"}
	}}
}`

// changed is a document in which the value at a path of keys and indexes is another
// one; nil takes the key away.
func changed(t *testing.T, document string, value any, path ...any) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal([]byte(document), &root); err != nil {
		t.Fatal(err)
	}
	at := root
	for _, step := range path[:len(path)-1] {
		switch key := step.(type) {
		case string:
			at = at.(map[string]any)[key]
		case int:
			at = at.([]any)[key]
		}
	}
	switch key := path[len(path)-1].(type) {
	case string:
		if value == nil {
			delete(at.(map[string]any), key)
		} else {
			at.(map[string]any)[key] = value
		}
	case int:
		at.([]any)[key] = value
	}
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestFullParametersAreTaken(t *testing.T) {
	t.Parallel()
	for plan, text := range map[string]string{APIAccess: full, Messaging: messagingFull} {
		if _, err := Parse(plan, []byte(text)); err != nil {
			t.Errorf("%s: %v", plan, err)
		}
	}
}

// TestEachRuleOfTheTables breaks one rule at a time of sap-domain §11 and §12.
//
// Rule: instance-parameters, messaging-parameters
func TestEachRuleOfTheTables(t *testing.T) {
	t.Parallel()
	const a, s, u = "communicationArrangement", "communicationSystem", "outboundCommunicationUser"
	long := func(n int) string { return strings.Repeat("x", n) }
	list := func(n int, item any) []any {
		all := make([]any, n)
		for i := range all {
			all[i] = item
		}
		return all
	}
	attribute := map[string]any{"name": "n", "value": "v"}
	for _, test := range []struct {
		plan  string
		value any
		path  []any
		at    string // of the finding
		tells string
	}{
		{APIAccess, nil, []any{"systemName"}, "$", "missing property 'systemName'"},
		{APIAccess, 7, []any{"systemName"}, "$.systemName", "want string"},
		{APIAccess, "", []any{"systemName"}, "$.systemName", "at least 1"},
		{APIAccess, long(256), []any{"systemName"}, "$.systemName", "at most 255"},
		{APIAccess, "x", []any{"emClientId"}, "$.emClientId", "no such key"},
		{APIAccess, nil, []any{a}, "$", "missing property 'communicationArrangement'"},
		{APIAccess, "x", []any{a}, "$.communicationArrangement", "want object"},
		{APIAccess, "x", []any{a, "communicationarrangementname"}, "$.communicationArrangement.communicationarrangementname", "no such key"},
		{APIAccess, nil, []any{a, "communicationArrangementName"}, "$.communicationArrangement", "missing property 'communicationArrangementName'"},
		{APIAccess, "", []any{a, "communicationArrangementName"}, "$.communicationArrangement.communicationArrangementName", "at least 1"},
		{APIAccess, "a b", []any{a, "communicationArrangementName"}, "$.communicationArrangement.communicationArrangementName", "letters, digits, underscores and hyphens"},
		{APIAccess, "ä", []any{a, "communicationArrangementName"}, "$.communicationArrangement.communicationArrangementName", "does not match"},
		{APIAccess, long(81), []any{a, "communicationArrangementName"}, "$.communicationArrangement.communicationArrangementName", "at most 80"},
		{APIAccess, nil, []any{a, "scenarioId"}, "$.communicationArrangement", "missing property 'scenarioId'"},
		{APIAccess, "sap_com_0213", []any{a, "scenarioId"}, "$.communicationArrangement.scenarioId", "does not match"},
		{APIAccess, "YY1-X", []any{a, "scenarioId"}, "$.communicationArrangement.scenarioId", "does not match"},
		{APIAccess, "SAP_COM_", []any{a, "scenarioId"}, "$.communicationArrangement.scenarioId", "no predefined scenario"},
		{APIAccess, "SAP_COM_02A3", []any{a, "scenarioId"}, "$.communicationArrangement.scenarioId", "no predefined scenario"},
		{APIAccess, "SAP_X_0213", []any{a, "scenarioId"}, "$.communicationArrangement.scenarioId", "no predefined scenario"},
		{APIAccess, "None", []any{a, "inboundAuthentication"}, "$.communicationArrangement.inboundAuthentication", "is none of"},
		{APIAccess, "NoAuthentication", []any{a, "inboundAuthentication"}, "$.communicationArrangement.inboundAuthentication", "is none of"},
		{APIAccess, "OAuth2SAMLBearerAssertion", []any{a, "outboundAuthentication"}, "$.communicationArrangement.outboundAuthentication", "is none of"},
		{APIAccess, true, []any{a, "outboundAuthentication"}, "$.communicationArrangement.outboundAuthentication", "want string"},
		{APIAccess, []any{}, []any{a, s}, "$.communicationArrangement.communicationSystem", "want object"},
		{APIAccess, nil, []any{a, s, "communicationSystemHostname"}, "$.communicationArrangement.communicationSystem", "missing property 'communicationSystemHostname'"},
		{APIAccess, "", []any{a, s, "communicationSystemHostname"}, "$.communicationArrangement.communicationSystem.communicationSystemHostname", "at least 1"},
		{APIAccess, "https://default.com", []any{a, s, "communicationSystemHostname"}, "$.communicationArrangement.communicationSystem.communicationSystemHostname", "without scheme and port"},
		{APIAccess, long(254), []any{a, s, "communicationSystemHostname"}, "$.communicationArrangement.communicationSystem.communicationSystemHostname", "at most 253"},
		{APIAccess, 443, []any{a, s, "port"}, "$.communicationArrangement.communicationSystem.port", "want string"},
		{APIAccess, "0", []any{a, s, "port"}, "$.communicationArrangement.communicationSystem.port", "1 to 65535"},
		{APIAccess, "65536", []any{a, s, "port"}, "$.communicationArrangement.communicationSystem.port", "1 to 65535"},
		{APIAccess, "99999", []any{a, s, "port"}, "$.communicationArrangement.communicationSystem.port", "1 to 65535"},
		{APIAccess, "0443", []any{a, s, "port"}, "$.communicationArrangement.communicationSystem.port", "1 to 65535"},
		{APIAccess, "-1", []any{a, s, "port"}, "$.communicationArrangement.communicationSystem.port", "1 to 65535"},
		{APIAccess, "https", []any{a, s, "port"}, "$.communicationArrangement.communicationSystem.port", "1 to 65535"},
		{APIAccess, "ftp://oauth.com/x", []any{a, s, "oAuthAuthEndpoint"}, "$.communicationArrangement.communicationSystem.oAuthAuthEndpoint", "does not match"},
		{APIAccess, 7, []any{a, s, "oAuthTokenEndpoint"}, "$.communicationArrangement.communicationSystem.oAuthTokenEndpoint", "want string"},
		{APIAccess, "", []any{a, s, "oAuthTokenEndpoint"}, "$.communicationArrangement.communicationSystem.oAuthTokenEndpoint", "does not match"},
		{APIAccess, "x", []any{a, s, u}, "$.communicationArrangement.communicationSystem.outboundCommunicationUser", "want object"},
		{APIAccess, nil, []any{a, s, u, "username"}, "$.communicationArrangement.communicationSystem.outboundCommunicationUser", "missing property 'username'"},
		{APIAccess, nil, []any{a, s, u, "password"}, "$.communicationArrangement.communicationSystem.outboundCommunicationUser", "missing property 'password'"},
		{APIAccess, "", []any{a, s, u, "password"}, "$.communicationArrangement.communicationSystem.outboundCommunicationUser.password", "at least 1"},
		{APIAccess, "x", []any{a, s, u, "certificate"}, "$.communicationArrangement.communicationSystem.outboundCommunicationUser.certificate", "no such key"},
		{APIAccess, map[string]any{}, []any{a, "outboundServices"}, "$.communicationArrangement.outboundServices", "want array"},
		{APIAccess, list(101, map[string]any{"id": "x"}), []any{a, "outboundServices"}, "$.communicationArrangement.outboundServices", "at most 100"},
		{APIAccess, map[string]any{"urlPath": "/x"}, []any{a, "outboundServices", 0}, "$.communicationArrangement.outboundServices[0]", "missing property 'id', or missing property 'name'"},
		{APIAccess, "", []any{a, "outboundServices", 0, "id"}, "$.communicationArrangement.outboundServices[0]", "both empty"},
		{APIAccess, "true", []any{a, "outboundServices", 0, "isServiceActive"}, "$.communicationArrangement.outboundServices[0].isServiceActive", "want boolean"},
		{APIAccess, 1, []any{a, "outboundServices", 0, "urlPath"}, "$.communicationArrangement.outboundServices[0].urlPath", "want string"},
		{APIAccess, nil, []any{a, "outboundServices", 0, "attributes", 0, "value"}, "$.communicationArrangement.outboundServices[0].attributes[0]", "missing property 'value'"},
		{APIAccess, nil, []any{a, "attributes", 0, "name"}, "$.communicationArrangement.attributes[0]", "missing property 'name'"},
		{APIAccess, nil, []any{a, "attributes", 0, "value"}, "$.communicationArrangement.attributes[0]", "missing property 'value'"},
		{APIAccess, 1, []any{a, "attributes", 0, "value"}, "$.communicationArrangement.attributes[0].value", "want string"},
		{APIAccess, list(2, attribute), []any{a, "attributes"}, "$.communicationArrangement.attributes[1].name", "is there already"},

		{Messaging, nil, []any{"systemName"}, "$", "missing property 'systemName'"},
		{Messaging, nil, []any{"emClientId"}, "$", "missing property 'emClientId'"},
		{Messaging, "s4hc", []any{"emclientId"}, "$.emclientId", "no such key"},
		{Messaging, "s4hcx", []any{"emClientId"}, "$.emClientId", "at most 4"},
		{Messaging, "", []any{"emClientId"}, "$.emClientId", "at least 1"},
		{Messaging, "s4-c", []any{"emClientId"}, "$.emClientId", "letters and digits"},
		{Messaging, "SAP_COM_0092", []any{a, "scenarioId"}, "$.communicationArrangement.scenarioId", "no such key"},
		{Messaging, long(81), []any{a, "communicationArrangementName"}, "$.communicationArrangement.communicationArrangementName", "at most 80"},
		{Messaging, "a b", []any{a, "communicationArrangementName"}, "$.communicationArrangement.communicationArrangementName", "does not match"},
		{Messaging, "Channel", []any{a, "attributes", 0, "name"}, "$.communicationArrangement.attributes[0].name", "CHANNEL NAME"},
		{Messaging, "DESCRIPTION", []any{a, "attributes", 0, "name"}, "$.communicationArrangement.attributes[1].name", "is there already"},
		{Messaging, "sap_cp", []any{a, "attributes", 0, "value"}, "$.communicationArrangement.attributes[0].value", "capital letters"},
		{Messaging, long(61), []any{a, "attributes", 1, "value"}, "$.communicationArrangement.attributes[1].value", "at most 60"},
		{Messaging, "a;b", []any{a, "attributes", 1, "value"}, "$.communicationArrangement.attributes[1].value", "blanks and colons"},
		{Messaging, "sap/S4HANAOD", []any{a, "attributes", 2, "value"}, "$.communicationArrangement.attributes[2].value", "exactly three segments"},
		{Messaging, "sap/S4HANAOD/s4hc/x", []any{a, "attributes", 2, "value"}, "$.communicationArrangement.attributes[2].value", "exactly three segments"},
		{Messaging, "sap//s4hc", []any{a, "attributes", 2, "value"}, "$.communicationArrangement.attributes[2].value", "exactly three segments"},
		{Messaging, "sap/S4HANAOD/123456789012", []any{a, "attributes", 2, "value"}, "$.communicationArrangement.attributes[2].value", "at most 24"},
		{Messaging, "2", []any{a, "attributes", 3, "value"}, "$.communicationArrangement.attributes[3].value", "0 or 1"},
		{Messaging, 1, []any{a, "attributes", 3, "value"}, "$.communicationArrangement.attributes[3].value", "want string"},
		{Messaging, "many", []any{a, "attributes", 4, "value"}, "$.communicationArrangement.attributes[4].value", "a number"},
		{Messaging, "1801", []any{a, "attributes", 5, "value"}, "$.communicationArrangement.attributes[5].value", "at most 1800"},
		{Messaging, "a b", []any{"ems", "parameters", "emname"}, "$.ems.parameters.emname", "does not match"},
		{Messaging, long(101), []any{"ems", "parameters", "emname"}, "$.ems.parameters.emname", "at most 100"},
		{Messaging, "sap/S4HANAOD", []any{"ems", "parameters", "namespace"}, "$.ems.parameters.namespace", "three segments"},
		{Messaging, "sap/S4HANAOD/123456789012", []any{"ems", "parameters", "namespace"}, "$.ems.parameters.namespace", "at most 24"},
		{Messaging, "sap/S4HANAOD/xxxx", []any{"ems", "parameters", "namespace"}, "$.ems.parameters.namespace", "want the topic space"},
		{Messaging, "${namespace}/#", []any{"ems", "parameters", "rules", "topicRules", "inboundFilter"}, "$.ems.parameters.rules.topicRules.inboundFilter", "want array"},
		{Messaging, "a b", []any{"ems", "parameters", "rules", "topicRules", "inboundFilter", 0}, "$.ems.parameters.rules.topicRules.inboundFilter[0]", "does not match"},
		{Messaging, "9", []any{"ems", "parameters", "resources", "units"}, "$.ems.parameters.resources.units", "10 to 50"},
		{Messaging, "51", []any{"ems", "parameters", "resources", "units"}, "$.ems.parameters.resources.units", "10 to 50"},
		{Messaging, 51, []any{"ems", "parameters", "resources", "units"}, "$.ems.parameters.resources.units", "at most 50"},
		{Messaging, 9, []any{"ems", "parameters", "resources", "units"}, "$.ems.parameters.resources.units", "at least 10"},
	} {
		document := full
		if test.plan == Messaging {
			document = messagingFull
		}
		_, err := Parse(test.plan, changed(t, document, test.value, test.path...))
		var refused *btp.Error
		if !errors.As(err, &refused) || refused.Code != btp.ParametersInvalid {
			t.Errorf("%s: %v = %v: got %v, want a refusal", test.plan, test.path, test.value, err)
			continue
		}
		found := false
		for _, f := range refused.Findings {
			found = found || f.Path == test.at && strings.Contains(f.Problem, test.tells)
		}
		if !found || !strings.Contains(refused.Detail, test.at) {
			t.Errorf("%s: %v = %v: got %v, want one at %s that tells %q", test.plan, test.path, test.value, refused.Findings, test.at, test.tells)
		}
	}
}

// TestOneDirectionAtLeast: no authentication at all is refused, one of the two will do.
//
// Rule: instance-authentication-needed
func TestOneDirectionAtLeast(t *testing.T) {
	t.Parallel()
	neither := changed(t, string(changed(t, full, nil, "communicationArrangement", "inboundAuthentication")), nil, "communicationArrangement", "outboundAuthentication")
	_, err := Parse(APIAccess, neither)
	if btp.CodeOf(err) != btp.ParametersInvalid || !strings.Contains(err.Error(), "$.communicationArrangement: missing property 'inboundAuthentication', or missing property 'outboundAuthentication'") {
		t.Errorf("neither direction: %v", err)
	}
	const rest = `"communicationArrangementName":"a","scenarioId":"YY1_X"`
	for _, one := range []string{`"inboundAuthentication":"BasicAuthentication"`, `"outboundAuthentication":"NoAuthentication"`} {
		if _, err := Parse(APIAccess, []byte(`{"systemName":"D","communicationArrangement":{`+rest+`,`+one+`}}`)); err != nil {
			t.Errorf("%s: %v", one, err)
		}
	}
	// What is for calls of the tenant needs that there are some.
	inboundOnly := changed(t, full, nil, "communicationArrangement", "outboundAuthentication")
	if _, err := Parse(APIAccess, inboundOnly); btp.CodeOf(err) != btp.ParametersInvalid ||
		!strings.Contains(err.Error(), atUser+": is for calls of the tenant") || !strings.Contains(err.Error(), ".outboundServices: are for calls") {
		t.Errorf("outbound settings without outbound communication: %v", err)
	}
}

// TestNameAloneForCertificates: where a certificate proves the user, the name will do
// (80a7613.md).
func TestNameAloneForCertificates(t *testing.T) {
	t.Parallel()
	nameOnly := changed(t, full, nil, "communicationArrangement", "communicationSystem", "outboundCommunicationUser", "password")
	for _, method := range []string{Basic, ClientCredentials, NoAuthentication, OAuth2mTLS, ClientCertificate} {
		_, err := Parse(APIAccess, changed(t, string(nameOnly), method, "communicationArrangement", "outboundAuthentication"))
		want := btp.ParametersInvalid
		if method == OAuth2mTLS || method == ClientCertificate {
			want = ""
		}
		if got := btp.CodeOf(err); got != want {
			t.Errorf("%s: got %q (%v), want %q", method, got, err, want)
		}
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{`{`: "is no JSON", `[]`: "got array, want object", `null`: "got null", ``: "missing properties 'systemName'"} {
		if _, err := Parse(APIAccess, []byte(text)); btp.CodeOf(err) != btp.ParametersInvalid || !strings.Contains(err.Error(), "$: "+want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// TestRefusalsQuoteNoPassword: whatever is wrong, the password is not told.
func TestRefusalsQuoteNoPassword(t *testing.T) {
	t.Parallel()
	const user = `"communicationSystem":{"communicationSystemHostname":"h","outboundCommunicationUser":%s}`
	for _, one := range []string{`{"username":"u","password":"Geheim-4711","Password":"Geheim-4711"}`, `{"password":"Geheim-4711"}`, `"Geheim-4711"`, `["Geheim-4711"]`} {
		text := `{"systemName":"D","communicationArrangement":{` + strings.ReplaceAll(user, "%s", one) + `}}`
		if _, err := Parse(APIAccess, []byte(text)); err == nil || strings.Contains(err.Error(), "Geheim") {
			t.Errorf("%s: %v", one, err)
		}
	}
}

// TestTwoKeysAreTheWholeDescriptor: {"systemName", "emClientId"} is the same as the full
// descriptor (2d50d91.md).
//
// Rule: messaging-defaults
func TestTwoKeysAreTheWholeDescriptor(t *testing.T) {
	t.Parallel()
	short, err := Parse(Messaging, []byte(`{"systemName":"DEV","emClientId":"s4hc"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(short, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const golden = "testdata/messaging-s4hc.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %s, want %s (%v)", got, want, err)
	}
	long, err := Parse(Messaging, []byte(messagingFull))
	if err != nil {
		t.Fatal(err)
	}
	if whole, err := json.MarshalIndent(long, "", "  "); err != nil || !bytes.Equal(append(whole, '\n'), got) {
		t.Errorf("the full descriptor is %s, the short one %s (%v)", whole, got, err)
	}
}

// TestWhatIsGivenStands: defaults are derived from what is given.
//
// Rule: messaging-defaults
func TestWhatIsGivenStands(t *testing.T) {
	t.Parallel()
	p, err := Parse(Messaging, []byte(`{"systemName":"DEV","emClientId":"ab12","communicationArrangement":{"attributes":[
		{"name":"TOPIC SPACE","value":"my/own/space"},{"name":"MQTT_QOS","value":"0"}]},"ems":{"parameters":{"resources":{"units":20}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	bus := p.EventMesh.Parameters
	if bus.Namespace != "my/own/space" || bus.EmName != "ab12" || bus.Resources.Units != "20" || p.attribute(mqttQoS) != "0" || p.attribute(channelName) != "SAP_CP_XF_AB12" {
		t.Errorf("got %+v and %+v", p.Arrangement, bus)
	}
	a, err := Parse(APIAccess, []byte(`{"systemName":"D","communicationArrangement":{"communicationArrangementName":"a","scenarioId":"SAP_COM_0204",
		"outboundAuthentication":"NoAuthentication","communicationSystem":{"communicationSystemHostname":"h"},"outboundServices":[{"name":"x"},{"name":"y","isServiceActive":false}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if s := a.Arrangement.Services; a.Arrangement.System.Port != "443" || !*s[0].Active || *s[1].Active {
		t.Errorf("got %+v", a.Arrangement)
	}
}

// TestMethodsByType: Marketing Cloud knows fewer methods than the descriptor
// (SEED-004); S/4HANA Cloud knows all.
//
// Rule: instance-marketing-authentication
func TestMethodsByType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		systemType, inbound, outbound string
		at                            string
	}{
		{"SAP Marketing Cloud", Basic, Basic, ""},
		{"SAP Marketing Cloud", SAMLBearer, ClientCredentials, ""},
		{"SAP Marketing Cloud", "", NoAuthentication, ""},
		{"SAP Marketing Cloud", ClientCertificate, "", "$.communicationArrangement.inboundAuthentication"},
		{"SAP Marketing Cloud", "", OAuth2mTLS, "$.communicationArrangement.outboundAuthentication"},
		{"SAP Marketing Cloud", "", ClientCertificate, "$.communicationArrangement.outboundAuthentication"},
		{"SAP S/4HANA Cloud", ClientCertificate, ClientCertificate, ""},
		{"SAP S/4HANA Cloud", SAMLBearer, OAuth2mTLS, ""},
	} {
		var found findings
		methodsOf[test.systemType].check(Arrangement{Inbound: test.inbound, Outbound: test.outbound}, test.systemType, &found)
		if test.at == "" && len(found) > 0 || test.at != "" && (len(found) != 1 || found[0].Path != test.at || !strings.Contains(found[0].Problem, test.systemType)) {
			t.Errorf("%s with %q and %q: got %v, want one at %q", test.systemType, test.inbound, test.outbound, found, test.at)
		}
	}
}

// TestSchemasAreFitForCatalogues: service-apis §4: a $schema, no external reference,
// below 64 kB.
//
// Rule: broker-catalog
func TestSchemasAreFitForCatalogues(t *testing.T) {
	t.Parallel()
	for _, plan := range (Offering{}).Description().Plans {
		var s map[string]any
		if err := json.Unmarshal(plan.CreateSchema, &s); err != nil || s["$schema"] == nil || len(plan.CreateSchema) >= 64<<10 || bytes.Contains(plan.CreateSchema, []byte(`"$ref"`)) {
			t.Errorf("%s: %v, %d bytes", plan.Name, err, len(plan.CreateSchema))
		}
		schemas[plan.Name]()
	}
}

// Rule: instance-parameters, messaging-parameters
func FuzzParse(f *testing.F) {
	for _, seed := range []string{full, messagingFull, `{"systemName":"DEV","emClientId":"s4hc"}`, `{`, `null`} {
		f.Add(APIAccess, []byte(seed))
		f.Add(Messaging, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, plan string, text []byte) {
		if plan != APIAccess && plan != Messaging {
			return
		}
		p, err := Parse(plan, text)
		if err != nil {
			if btp.CodeOf(err) != btp.ParametersInvalid {
				t.Fatalf("got %v", err)
			}
			return
		}
		// What was expanded once is complete.
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Parse(plan, again)
		if err != nil {
			t.Fatalf("expanded parameters are refused: %v", err)
		}
		if twice, _ := json.Marshal(q); !bytes.Equal(twice, again) {
			t.Fatalf("expanded twice: %s, once: %s", twice, again)
		}
	})
}
