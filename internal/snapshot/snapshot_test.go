package snapshot

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/store/storetest"
	"github.com/pairsim/pairsim/internal/secret"
	"github.com/pairsim/pairsim/internal/tenant"
)

// TestNothingIsForgotten: whatever a store keeps, with every field filled, comes
// back out of the document that says it. A field that btp gains fails here, or
// does not compile.
//
// Rule: snapshot-restores-all
func TestNothingIsForgotten(t *testing.T) {
	s := memory.New()
	if err := s.Update(t.Context(), "default", storetest.Populate); err != nil {
		t.Fatal(err)
	}
	c := storetest.All(t, s, "default")
	// What a document leaves out: it belongs to a process, and to real time.
	for i := range c.Due {
		c.Due[i].ClaimedUntil, c.Due[i].Parked = time.Time{}, false
	}
	c.Environment.Generation, c.Environment.Clock.Ref = 0, time.Time{}
	left := []string{"btp.Due.ClaimedUntil", "btp.Due.Parked", "btp.Environment.Generation", "btp.Clock.Ref"}
	for _, name := range storetest.Missing(c) {
		if !slices.Contains(left, name) {
			t.Errorf("%s: storetest.Populate does not fill it", name)
		}
	}
	text, err := New(&c, []tenant.Snapshot{fullTenant()}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, d.Contents(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("contents (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff([]tenant.Snapshot{fullTenant()}, d.Tenants, compactly); diff != "" {
		t.Errorf("tenants (-before +after):\n%s", diff)
	}
	for _, name := range storetest.Missing(d) {
		if !slices.Contains([]string{"snapshot.due.ClaimedUntil", "snapshot.due.Parked", "secret.Text.Omitted"}, name) {
			t.Errorf("%s is empty in the document of everything", name)
		}
	}
	again, err := d.Encode()
	if err != nil || string(again) != string(text) {
		t.Errorf("the document of the document differs (%v)", err)
	}
}

// fullTenant has every field filled.
func fullTenant() tenant.Snapshot {
	at := time.Date(2030, 1, 1, 10, 0, 0, 5, time.UTC)
	return tenant.Snapshot{
		ID: "commerce", SystemType: "SAP Commerce Cloud", LastPairing: 1,
		Credentials: []tenant.SnapshotCredential{{API: "a", ID: "i", Password: secret.Text{Value: "p"}}},
		Pairings: []tenant.SnapshotPairing{{
			ID: "1", Description: "d", Status: "registered", Cause: "c", Reason: "r", Next: "n", SystemID: "s", ApplicationName: "mp-s",
			CreatedAt: at, UpdatedAt: at,
			Certificate: &tenant.SnapshotCertificate{Serial: "5", NotAfter: at, Revoked: true},
			Connection: &tenant.SnapshotConnection{
				Key: secret.Text{Value: "k"}, Chain: [][]byte{{1}}, InfoURL: "i",
				URLs: tenant.SnapshotURLs{EventsInfoURL: "1", EventsURL: "2", MetadataURL: "3", RenewCertURL: "4", RevokeCertURL: "5", RevocationCertURL: "6"},
			},
			ReleaseToken: secret.Text{Value: "t"}, NoticeID: "n", Callback: "c", Base: "b",
			Calls: []tenant.SnapshotCall{{Step: "s", Method: "GET", Path: "/", Status: 200}},
		}},
		Communication: &tenant.SnapshotCommunication{
			Custom: []tenant.SnapshotScenario{{
				ID: "YY1_A", Name: "a", Inbound: []string{"BasicAuthentication"}, Outbound: []string{"NoAuthentication"},
				InboundServices:  []tenant.SnapshotInboundService{{ID: "i", Name: "n", API: "a"}},
				OutboundServices: []tenant.SnapshotOutboundService{{ID: "o", Name: "n", Objects: []string{"Contact"}}},
			}},
			Enabled: []string{"YY1_A"}, Disabled: []string{"YY1_B"}, Users: []string{"jane@alpine.test"}, LastArrangement: 1,
			Arrangements: []tenant.SnapshotArrangement{{
				ID: "1", Instance: "i", Wanted: secret.Text{Value: "{}"}, User: "u", Password: secret.Text{Value: "p"}, Topics: []string{"t"}, CreatedAt: at,
			}},
			LastDelivery: 2,
			Pending: []tenant.SnapshotDelivery{{
				ID: 2, Arrangement: "1", Service: "s", Topic: "t", Body: json.RawMessage(`{"a":1}`), Tries: 1, NotBefore: at,
			}},
			Log: []tenant.SnapshotLogEntry{{
				Delivery: 2, At: at, Arrangement: "1", Service: "s", Topic: "t", Try: 1, Outcome: "repeated", Status: 503, Detail: "d", Again: at,
			}},
		},
		Data: json.RawMessage(`{"collections":{"Accounts":[{"ID":"1"}]},"latest":"2030-01-01T10:00:00Z","sequence":{}}`),
	}
}

// compactly compares JSON texts without their white space.
var compactly = cmp.Transformer("compactly", func(text json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return string(text)
	}
	return out.String()
})

// schemaNode is what a test looks at in a schema.
type schemaNode struct {
	Ref                  string `json:"$ref"`
	Type                 any
	Properties           map[string]schemaNode
	Required             []string
	AdditionalProperties json.RawMessage
	Items                *schemaNode
	Defs                 map[string]schemaNode `json:"$defs"`
}

// TestTheSchemaIsTheDocuments: every object of the document has its keys in the
// schema, the same ones are required, and secrets are marked in both.
func TestTheSchemaIsTheDocuments(t *testing.T) {
	var root schemaNode
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	compareSchema(t, root.Defs, root, reflect.TypeFor[Document](), "$")
}

func compareSchema(t *testing.T, defs map[string]schemaNode, n schemaNode, of reflect.Type, path string) {
	t.Helper()
	ref := n.Ref
	if ref != "" {
		n = defs[strings.TrimPrefix(ref, "#/$defs/")]
	}
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case of == reflect.TypeFor[secret.Text]():
		if ref != "#/$defs/secret" {
			t.Errorf("%s is a secret in the document and %s in the schema", path, ref)
		}
	case of == reflect.TypeFor[time.Time]():
		if ref != "#/$defs/instant" {
			t.Errorf("%s is an instant in the document and %s in the schema", path, ref)
		}
	case of.Kind() == reflect.Slice && of.Elem().Kind() != reflect.Uint8:
		if n.Items == nil {
			t.Errorf("%s is a list in the document only", path)
			return
		}
		compareSchema(t, defs, *n.Items, of.Elem(), path+"[]")
	case of.Kind() == reflect.Struct:
		compareObject(t, defs, n, of, path)
	}
}

func compareObject(t *testing.T, defs map[string]schemaNode, n schemaNode, of reflect.Type, path string) {
	t.Helper()
	var keys, required, have []string
	for i := range of.NumField() {
		name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		keys = append(keys, name)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
		compareSchema(t, defs, n.Properties[name], of.Field(i).Type, path+"."+name)
	}
	for name := range n.Properties {
		have = append(have, name)
	}
	wanted := append([]string{}, n.Required...)
	for _, list := range [][]string{keys, required, have, wanted} {
		slices.Sort(list)
	}
	if !slices.Equal(keys, have) {
		t.Errorf("%s: keys %v, in the schema %v", path, keys, have)
	}
	if !slices.Equal(required, wanted) {
		t.Errorf("%s: always there are %v, required in the schema %v", path, required, wanted)
	}
	if string(n.AdditionalProperties) != "false" {
		t.Errorf("%s: the schema takes further keys", path)
	}
}
