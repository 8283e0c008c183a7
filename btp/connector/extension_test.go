package connector_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

const extensionDeletion = "/v1/applications/pairsim/extension-deletion"

func TestExtensionIsDeletedByCertificate(t *testing.T) {
	a := newApplication(t)
	if w := a.call(http.MethodGet, services, ""); w.Code != http.StatusOK {
		t.Fatalf("before: got %d %s, want 200", w.Code, w.Body)
	}
	w := a.send(http.MethodPost, extensionDeletion, "")
	if w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Fatalf("got %d %s, want 204", w.Code, w.Body)
	}
	const refusal = "Certificate has been revoked."
	refused(t, a.call(http.MethodGet, services, ""), 403, btp.CertificateRevoked, refusal)
	refused(t, a.send(http.MethodGet, "/v1/applications/management/info", ""), 403, btp.CertificateRevoked, refusal)
	refused(t, a.send(http.MethodPost, extensionDeletion, ""), 403, btp.CertificateRevoked, refusal)
}

func TestExtensionIsDeletedByNobody(t *testing.T) {
	a := newApplication(t)
	a.chain = nil
	refused(t, a.send(http.MethodPost, extensionDeletion, ""), 403, btp.TokenMissing, "Token not provided.")
	refused(t, a.send(http.MethodPost, extensionDeletion+"?token=unknown", ""), 403, btp.ReleaseTokenInvalid, "Invalid token.")
}

// told keeps the notices that it is given.
type told struct{ notices []btp.Notice }

func (n *told) TellDeregistration(_ context.Context, notice btp.Notice) error {
	n.notices = append(n.notices, notice)
	return nil
}

// TestNameIsReleased frees the name of a deregistered Marketing Cloud system
// with the token of its notice, once.
//
// Rule: system-name-kept-by-tenant
func TestNameIsReleased(t *testing.T) {
	const marketing = "SAP Marketing Cloud"
	var notify told
	a := unpaired(t, &notify)
	a.pair("Campaigns", marketing)
	w := a.call(http.MethodPut, "/v1/pairsim/tenant", `{"tenantId":"m1","url":"http://127.0.0.1/m1","callbackUrl":"http://127.0.0.1/m1/callback"}`)
	if w.Code != http.StatusNoContent {
		t.Fatalf("descriptor: got %d %s", w.Code, w.Body)
	}
	if _, err := a.registry.Deregister(t.Context(), a.id); err != nil {
		t.Fatal(err)
	}
	if len(notify.notices) != 1 || notify.notices[0].ReleaseToken == "" {
		t.Fatalf("got notices %+v, want one with a release token", notify.notices)
	}
	refused(t, a.send(http.MethodPost, extensionDeletion, ""), 403, btp.CertificateUnknown, "no valid subject found")
	_, _, err := a.registry.Register(t.Context(), "default", "Campaigns", marketing, "https://x", "")
	if btp.CodeOf(err) != btp.NameTaken {
		t.Errorf("before the release: got %v, want name-taken", err)
	}
	a.chain = nil
	target := extensionDeletion + "?token=" + notify.notices[0].ReleaseToken
	if w := a.send(http.MethodPost, target, ""); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Fatalf("got %d %s, want 204", w.Code, w.Body)
	}
	refused(t, a.send(http.MethodPost, target, ""), 403, btp.ReleaseTokenInvalid, "Invalid token.")
	a.pair("Campaigns", marketing) // fails if the name is still taken
}
