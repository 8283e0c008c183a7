package btp_test

import (
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
)

// Rule: status-words-v1, status-words-v2
func TestLabels(t *testing.T) {
	for _, test := range []struct {
		edition *btp.Edition
		status  btp.Status
		want    string
	}{
		{btp.V1, btp.Pending, "Pending"},
		{btp.V1, btp.Registered, "Registered"},
		{btp.V1, btp.Failed, "Error"},
		{btp.V1, btp.Deregistering, "Deregistering"},
		{btp.V1, btp.DeregisterError, "Deregister Error"},
		{btp.V2, btp.Pending, ""},
		{btp.V2, btp.Failed, "Error while Registering"},
		{btp.V2, btp.DeregisterError, "Error while Deregistering"},
		{btp.V2, btp.Removing, "Removing"},
		{btp.V2, btp.RemoveError, "Error while Removing"},
	} {
		if got := test.edition.Label(test.status); got != test.want {
			t.Errorf("%s %s is %q, want %q", test.edition.ID, test.status, got, test.want)
		}
	}
}

// Rule: token-display-makes-new, token-display-shows-present
func TestDisplayTokenByTypeAndEdition(t *testing.T) {
	for _, test := range []struct {
		edition, systemType string
		wantShown           btp.Code
	}{
		{"v1", commerce, btp.TokenShownOnce},
		{"v1", marketing, ""},
		{"v2", commerce, btp.TokenShownOnce},
		{"v2", marketing, ""},
	} {
		r := open(t, edition(test.edition))
		s, first := r.register("s", test.systemType)
		if (first != nil) != (test.edition == "v1") {
			t.Fatalf("%s: a token at registration: %v", test.edition, first != nil)
		}
		if first == nil {
			_, err := r.ShowToken(t.Context(), s.ID, infoURL)
			if test.wantShown == "" {
				wantCode(t, err, btp.TokenNotIssued)
			}
			first = r.issue(s.ID)
		}
		shown, err := r.ShowToken(t.Context(), s.ID, infoURL)
		wantCode(t, err, test.wantShown)
		if err == nil && shown.ID != first.ID {
			t.Errorf("%s %s: shown token %s, want the present one %s", test.edition, test.systemType, shown.ID, first.ID)
		}
	}
}

// Rule: edition-stays-with-environment
func TestEditionStaysWithItsData(t *testing.T) {
	kept := memory.New()
	store := func(c *btp.Config) { c.Store = kept }
	open(t, edition("v2"), store)
	for _, again := range []string{"", "v2", "latest"} {
		if got := open(t, edition(again), store).Edition(); got != btp.V2 {
			t.Errorf("opened again as %s, want v2", got.ID)
		}
	}
	_, err := btp.Open(t.Context(), config(edition("v1"), store))
	wantCode(t, err, btp.EditionMismatch)
}
