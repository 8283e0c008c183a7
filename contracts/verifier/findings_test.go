package verifier

import (
	"slices"
	"testing"
)

// Whatever the library says, only one interaction that it verified and found kept is a pass.
func TestReadFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		code       int
		want       []string
	}{
		{"kept", `{"result":true,"interactionResults":[{"result":"OK"}],"errors":[]}`, 0, nil},
		{"kept, but the library failed", `{"result":true,"interactionResults":[{"result":"OK"}]}`, 2, []string{"the Pact library ended with 2 and told no reason"}},
		{"no interaction", `{"result":true,"interactionResults":[]}`, 0, []string{"the Pact library ended with 0 and told no reason"}},
		{"nothing", `{}`, 0, []string{"the Pact library ended with 0 and told no reason"}},
		{
			"pending", `{"result":true,"interactionResults":[{"result":"Error"}],"pendingErrors":[{"mismatch":{"message":"x"}}]}`, 0,
			[]string{"the Pact library ended with 0 and told no reason"},
		},
		{
			"different", `{"result":false,"interactionResults":[{"result":"Error"}],"errors":[{"mismatch":{"type":"mismatches","mismatches":[
				{"type":"StatusMismatch","mismatch":"expected 201 but was 200"},
				{"type":"BodyMismatch","path":"$.id","mismatch":"Expected 7 to be text"},
				{"type":"HeaderMismatch","key":"Pairsim-Reason","mismatch":"missing"}]}}]}`, 1,
			[]string{"status: expected 201 but was 200", "body $.id: Expected 7 to be text", "header Pairsim-Reason: missing"},
		},
		{"an error", `{"errors":[{"mismatch":{"type":"error","message":"no answer"}}]}`, 1, []string{"no answer"}},
		{"of no kind", `{"errors":[{"mismatch":{"mismatches":[{"mismatch":"odd"}]}}]}`, 1, []string{"difference: odd"}},
	} {
		got, err := readFindings([]byte(test.text), test.code)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q (%v), want %q", test.name, got, err, test.want)
		}
	}
	if _, err := readFindings([]byte("<html>"), 0); err == nil {
		t.Error("what is no JSON was read")
	}
}
