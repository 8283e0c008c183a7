package btp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
)

// Rule: deregister-pending-v1
func TestPendingSystemLeaves(t *testing.T) {
	t.Parallel()
	eachEdition(t, func(t *testing.T, id string) {
		r := open(t, edition(id))
		s, tok := r.register("Web Shop", commerce)
		if tok == nil {
			tok = r.issue(s.ID)
		}
		opened, err := r.present(tok.JWS)
		if err != nil {
			t.Fatal(err)
		}
		leave, other := r.Deregister, r.Remove
		want := btp.OperationNotInEdition
		if id == "v2" {
			leave, other, want = r.Remove, r.Deregister, btp.StatusForbids
		}
		_, err = other(t.Context(), s.ID)
		wantCode(t, err, want)
		if _, err := leave(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		r.gone(s.ID)
		_, err = r.SignCSR(t.Context(), opened.FollowUp, r.csr(opened.Subject))
		wantCode(t, err, btp.FollowUpInvalid)
		_, err = r.present(tok.JWS)
		wantCode(t, err, btp.TokenUnknown)
		_, err = leave(t.Context(), s.ID)
		wantCode(t, err, btp.SystemNotFound)
		r.advance(365 * 24 * time.Hour) // nothing of it is left to be due
	})
}

// Rule: remove-error-retry
func TestRemovalThatFails(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	s, _ := r.register("Web Shop", commerce)
	if _, err := r.AddFault(t.Context(), btp.FailAt(btp.PointRemoveDone, string(s.ID), "the link could not be destroyed", 2)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Remove(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		v, err := r.System(t.Context(), s.ID)
		if err != nil || v.Status != btp.RemoveError || v.Failure.Cause != "the link could not be destroyed" || v.Failure.Step != btp.PointRemoveDone {
			t.Fatalf("got %q, failure %+v (%v)", v.Status, v.Failure, err)
		}
		if got := r.openIncidents(); len(got) != 1 {
			t.Fatalf("open incidents %+v, want one", got)
		}
	}
	_, err := r.IssueToken(t.Context(), s.ID, infoURL, "")
	wantCode(t, err, btp.StatusForbids)
	if _, err := r.Remove(t.Context(), s.ID); err != nil { // and again, until it works
		t.Fatal(err)
	}
	r.gone(s.ID)
	if got := r.openIncidents(); len(got) != 0 {
		t.Errorf("open incidents %+v, want none", got)
	}
}

// Rule: remove-registered-refused
func TestRegisteredSystemIsNotRemoved(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	s, _ := r.registered("Web Shop", commerce, "commerce")
	_, err := r.Remove(t.Context(), s.ID)
	wantCode(t, err, btp.StatusForbids)
	if !strings.Contains(err.Error(), "deregister it first") {
		t.Errorf("the refusal %q does not say what to do first", err)
	}
}
