// Package tenanttest checks product data, for the simulators' own tests.
package tenanttest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/internal/tenant"
)

// CheckProduct fails t unless a tenant can be made of p, its OData metadata is
// well-formed EDMX with a key in each entity type, and its events are AsyncAPI 2
// whose examples fit. OpenAPI is the caller's to validate.
func CheckProduct(t *testing.T, p tenant.Product) {
	t.Helper()
	if _, err := tenant.New(tenant.Config{ID: p.ID, Product: p, RegistryURL: "http://registry.test", PublicURL: "http://tenants.test"}); err != nil {
		t.Error(err)
	}
	for _, a := range p.APIs {
		if a.OData {
			checkEDMX(t, a)
		}
	}
	checkAsyncAPI(t, p.Events)
}

func checkEDMX(t *testing.T, a tenant.API) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(a.Specification()))
	count := map[string]int{}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", a.Name, err)
		}
		if e, ok := token.(xml.StartElement); ok {
			count[e.Name.Local]++
		}
	}
	if n := count["EntityType"]; count["Edmx"] != 1 || n == 0 || count["Key"] != n || count["EntitySet"] != n {
		t.Errorf("%s: got elements %v, want one Edmx with a key and a set for each type", a.Name, count)
	}
}

func checkAsyncAPI(t *testing.T, e tenant.Events) {
	t.Helper()
	type schema struct {
		Type       string
		Properties map[string]json.RawMessage
	}
	var doc struct {
		AsyncAPI string `json:"asyncapi"`
		Info     struct{ Title, Version string }
		Channels map[string]struct {
			Subscribe struct {
				Message struct {
					Payload  schema
					Examples []struct{ Payload map[string]json.RawMessage }
				}
			}
		}
	}
	if err := json.Unmarshal(e.Specification, &doc); err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	if !strings.HasPrefix(doc.AsyncAPI, "2.") || doc.Info.Title != e.Name || doc.Info.Version == "" {
		t.Errorf("%s: got AsyncAPI %s, info %+v", e.Name, doc.AsyncAPI, doc.Info)
	}
	for name, channel := range doc.Channels {
		message := channel.Subscribe.Message
		if message.Payload.Type != "object" {
			t.Errorf("%s: payload is %q, want object", name, message.Payload.Type)
		}
		for _, example := range message.Examples {
			for key := range example.Payload {
				if message.Payload.Properties[key] == nil {
					t.Errorf("%s: the example's %s is not in its schema", name, key)
				}
			}
		}
	}
}
