package btp_test

import (
	"testing"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/memory"
)

// TestLifecycleIsTheDocuments holds the table against sap-domain §4.1 and §4.2,
// written down a second time: every status with every event.
func TestLifecycleIsTheDocuments(t *testing.T) {
	type step struct {
		from btp.Status
		on   btp.Event
	}
	documents := map[*btp.Edition]map[step]btp.Status{
		btp.V1: {
			{btp.Pending, btp.TokenRequested}:             btp.Pending,
			{btp.Pending, btp.PairingCompleted}:           btp.Registered,
			{btp.Pending, btp.PairingFailed}:              btp.Failed,
			{btp.Pending, btp.DeregistrationRequested}:    btp.Deregistering,
			{btp.Registered, btp.DeregistrationRequested}: btp.Deregistering,
			{btp.Failed, btp.TokenRequested}:              btp.Pending,
			{btp.Deregistering, btp.DeregistrationDone}:   btp.Gone,
			{btp.Deregistering, btp.DeregistrationFailed}: btp.DeregisterError,
			{btp.Failed, btp.IncidentResolved}:            btp.Pending,
			{btp.DeregisterError, btp.IncidentResolved}:   btp.Gone,
		},
		btp.V2: {
			{btp.Pending, btp.TokenRequested}:                  btp.Pending,
			{btp.Pending, btp.PairingCompleted}:                btp.Registered,
			{btp.Pending, btp.PairingFailed}:                   btp.Failed,
			{btp.Pending, btp.RemovalRequested}:                btp.Removing,
			{btp.Registered, btp.DeregistrationRequested}:      btp.Deregistering,
			{btp.Failed, btp.RemovalRequested}:                 btp.Removing,
			{btp.Deregistering, btp.DeregistrationDone}:        btp.Pending,
			{btp.Deregistering, btp.DeregistrationFailed}:      btp.DeregisterError,
			{btp.DeregisterError, btp.DeregistrationRequested}: btp.Deregistering,
			{btp.Removing, btp.RemovalDone}:                    btp.Gone,
			{btp.Removing, btp.RemovalFailed}:                  btp.RemoveError,
			{btp.RemoveError, btp.RemovalRequested}:            btp.Removing,
			{btp.Failed, btp.IncidentResolved}:                 btp.Pending,
			{btp.DeregisterError, btp.IncidentResolved}:        btp.Pending,
			{btp.RemoveError, btp.IncidentResolved}:            btp.Gone,
		},
	}
	for _, e := range btp.Editions {
		for _, from := range btp.Statuses {
			for _, on := range btp.Events {
				want, allowed := documents[e][step{from, on}]
				got, ok := e.Move(from, on)
				if ok != allowed || got.To != want {
					t.Errorf("%s: %s in %s goes to %q (%v), want %q (%v)", e.ID, on, from, got.To, ok, want, allowed)
				}
				if ok && got.Source == "" {
					t.Errorf("%s: %s in %s names no document", e.ID, on, from)
				}
				if _, labelled := e.Labels[from]; ok && !labelled {
					t.Errorf("%s has moves from %s, but no label for it", e.ID, from)
				}
			}
		}
	}
}

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
