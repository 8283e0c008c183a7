package conformance

import (
	"strings"
	"testing"
)

// TestContractRefuses proves that what is not checked cannot be documented.
func TestContractRefuses(t *testing.T) {
	const header = `"headers":{"X":{"schema":{"type":"string"}}}`
	tests := []struct{ name, response, want string }{
		{"right", header + `,"content":{"application/x+json":{"schema":{"type":"object"}}}`, ""},
		{"no body", header, ""},
		{"header of a number", strings.Replace(header, "string", "integer", 1), "headers/X is no string"},
		{"header without a schema", `"headers":{"X":{"content":{"text/plain":{"schema":{"type":"string"}}}}}`, "headers/X is no string"},
		{"body without a schema", `"content":{"application/json":{}}`, "content/application~1json is neither JSON nor a text"},
		{"body of text", `"content":{"text/plain":{"schema":{"type":"string"}}}`, ""},
		{"text that is an object", `"content":{"text/plain":{"schema":{"type":"object"}}}`, "content/text~1plain is neither JSON nor a text"},
		{"body of any type", `"content":{"*/*":{"schema":{"type":"string"}}}`, "is neither JSON nor a text"},
		{"sequence", `"content":{"application/x-ndjson":{"schema":{"type":"string"},"x-itemSchema":{"type":"object"}}}`, ""},
		{"sequence of anything", `"content":{"application/x-ndjson":{"schema":{"type":"string"}}}`, "no x-itemSchema"},
		{"items of a text", `"content":{"text/plain":{"schema":{"type":"string"},"x-itemSchema":{"type":"object"}}}`, "no items that can be cut"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			document := []byte(`{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"d",` +
				tt.response + `}}}}}}`)
			doc, err := load(document)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = newContract(doc, document); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
}
