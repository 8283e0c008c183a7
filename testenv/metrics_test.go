package testenv

import (
	"net/http"
	"strings"
	"testing"
)

// TestMetricsTellOfAPairingAndItsRefusal: a test, or a dashboard, reads what became
// of the pairings.
func TestMetricsTellOfAPairingAndItsRefusal(t *testing.T) {
	t.Parallel()
	e := Start(t)
	system := e.RegisterSystem(t, "Web Shop", "SAP Commerce Cloud")
	token := e.IssueToken(t, system.ID)
	e.Pair(t, "commerce", token.Token)
	spent := ask(t, e.Client(), http.MethodGet, token.TokenURL, "")
	if spent.status != http.StatusForbidden {
		t.Fatalf("the token works twice: %d %s", spent.status, spent.body)
	}
	for _, base := range []string{e.HTTP(), e.MTLS(), e.Control()} {
		got := ask(t, e.Client(), http.MethodGet, base+"/metrics", "")
		for _, line := range []string{
			"pairsim_pairings_completed_total 1",
			`pairsim_refusals_total{code="` + spent.header.Get("Pairsim-Reason") + `"} 1`,
			`pairsim_requests_total{surface="connector",status="4xx"} 1`,
		} {
			if !strings.Contains(got.body, line+"\n") {
				t.Errorf("%s/metrics lacks %s", base, line)
			}
		}
		if t.Failed() {
			t.Fatal(got.body)
		}
	}
}
