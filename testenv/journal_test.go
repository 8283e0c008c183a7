package testenv_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/testenv"
)

// told is a test that is told of failures instead of failing.
type told struct {
	testing.TB
	text string
}

func (t *told) Errorf(format string, args ...any) { t.text += fmt.Sprintf(format, args...) }
func (t *told) Helper()                           {}

// Rule: journal-verification
func TestExpectations(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	mark := env.JournalMark(t)
	env.Pair(t, "commerce", shop.IntegrationToken.Token)

	info := testenv.Match{Method: "GET", Path: "/v1/applications/signingRequests/info"}
	csr := testenv.Match{Point: "pairing.csr", Status: "201"}
	descriptor := testenv.Match{Method: "PUT", Path: "/*/v1/pairsim/tenant", System: "Web Shop"}
	env.ExpectRequests(t, info, testenv.Exactly(1))
	env.ExpectRequests(t, testenv.Match{PathPrefix: "/v1/applications/"}, testenv.AtLeast(2), testenv.Since(mark))
	env.ExpectRequests(t, testenv.Match{Method: "POST", Path: "/api/v1/globalAccounts/default/systems"}, testenv.Exactly(0), testenv.Since(mark))
	env.ExpectRequests(t, testenv.Match{Status: "4xx"}, testenv.Exactly(0))
	env.ExpectRequests(t, testenv.Match{Kind: "transition", System: shop.ID}, testenv.Exactly(1))
	env.ExpectRequests(t, testenv.Match{Kind: "call", PathPrefix: "/tenants/commerce/specifications/"})
	env.ExpectInOrder(t, info, csr, testenv.Match{Kind: "transition"}, descriptor)

	spy := &told{TB: t}
	env.ExpectRequests(spy, testenv.Match{Method: "GET", Path: "/v1/applications/signingRequests/information"}, testenv.Exactly(1))
	for _, want := range []string{
		"expected exactly 1 request with method GET, path /v1/applications/signingRequests/information; found 0", "closest are:",
		`GET /v1/applications/signingRequests/info → 200: path is "/v1/applications/signingRequests/info", expected "/v1/applications/signingRequests/information"`,
	} {
		if !strings.Contains(spy.text, want) {
			t.Errorf("the failure is\n%s\nwant %q in it", spy.text, want)
		}
	}
	spy.text = ""
	env.ExpectInOrder(spy, descriptor, info)
	if want := `order is "entry`; !strings.Contains(spy.text, want) {
		t.Errorf("the failure is\n%s\nwant %q in it", spy.text, want)
	}
}

func TestALifeIsDrawn(t *testing.T) {
	env := testenv.Start(t)
	shop := env.RegisterSystem(t, "Web Shop", testenv.CommerceCloud)
	env.RegisterSystem(t, "Other", testenv.CommerceCloud)
	env.Pair(t, "commerce", shop.IntegrationToken.Token)
	if _, err := env.Operator().Deregister(t.Context(), shop.ID); err != nil {
		t.Fatal(err)
	}
	drawn, err := env.Controls().JournalDiagram(t.Context(), btpclient.JournalFilter{EntryMatch: testenv.Match{System: shop.ID}}, btpclient.Mermaid)
	if err != nil {
		t.Fatal(err)
	}
	text := string(drawn)
	at := -1
	for _, want := range []string{
		"as Operator", "as Registry", "as Tenant commerce", "P0->>P1: POST /api/v1/globalAccounts/default/systems", "P1-->>P0: 201",
		"P2->>P1: GET /v1/applications/signingRequests/info", "token accepted", "P1-->>P2: 200", "P2->>P1: POST /v1/applications/certificates",
		"P1->>P2: GET /tenants/commerce/specifications/", "Pending → Registered", "/deregistration", "Registered → Deregistering",
		"P1->>P2: POST /tenants/commerce/callback/deregistration", "P2-->>P1: 204", "gone", "P1-->>P0: 202",
	} {
		next := strings.Index(text[at+1:], want)
		if next < 0 {
			t.Fatalf("got\n%s\nwant %q behind what is before it", text, want)
		}
		at += 1 + next
	}
	if strings.Contains(text, "Other") {
		t.Errorf("got\n%s\nwant nothing of another system", text)
	}
}
