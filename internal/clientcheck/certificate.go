package clientcheck

import (
	"context"
	"net/http"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// certificateChecks are about a client that has paired: its certificate is renewed,
// expires, or is revoked, by itself or by the registry.
var certificateChecks = []Check{
	{
		ID: "C-18", Name: "renewal", Source: "pairing-protocols §1.7", renews: true,
		Does: "renews its certificate before the 90 days are over, and uses the new one from then on",
		Next: "POST a request with the same subject to renewCertUrl of management info, and put certificate and key in the place of the old ones together",
		do:   renewing,
	},
	{
		ID: "C-19", Name: "lost-renewal-answer", Source: "pairing-protocols §1.7, §10.3", renews: true,
		Does: "copes when the answer to a renewal is lost: the certificate that it has is good still",
		Next: "keep the old certificate and key until the answer with the new one has been read; then try again",
		do:   losingRenewal,
	},
	{
		ID: "C-20", Name: "expired-certificate", Source: "pairing-protocols §1.7 (it fails in the handshake)", renews: true,
		Does: "fails when its certificate has expired, and does not try again and again",
		Next: "end with another status than 0 and tell the user that the system must be paired again",
		do:   tooLate,
	},
	{
		ID: "C-21", Name: "deregistered", Source: "sap-domain §26 (12), pairing-protocols §1.6", renews: true,
		Does: "fails when its system was deregistered, which revokes its certificate, does not try again and again, and pairs with a new token",
		Next: "treat a refused certificate as final: end with another status than 0 and forget it; a new token pairs again",
		do:   deregistered,
	},
	{
		ID: "C-22", Name: "revocation", Source: "pairing-protocols §1.7 and §1.6 (revokeCertUrl)", revokes: true,
		Does: "revokes its certificate when it is asked to, and pairs again with a new token",
		Next: "POST without a body to revokeCertUrl of management info (revocationCertUrl in old versions), and compare the status with 201",
		do:   revoking,
	},
	{
		ID: "C-23", Name: "lost-revocation-answer", Source: "pairing-protocols §1.7 (revoking again changes nothing), §10.3", revokes: true,
		Does: "copes when the answer to a revocation is lost: asked again it revokes again, or has nothing left to revoke",
		Next: "keep certificate and key until the answer is there, and send the revocation again: it is idempotent",
		do:   losingRevocation,
	},
	{
		ID: "C-24", Name: "refused-revocation", Source: "RFC 9110 §15.6.4, pairing-protocols §1.7 (201)", revokes: true,
		Does: "fails when its revocation is not accepted, and does not send it again and again",
		Next: "say that the certificate is revoked only when the status is 201; end with another status than 0 otherwise",
		do: func(ctx context.Context, t *trial) error {
			if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
				return err
			}
			if err := t.goesWrong(ctx, revocation, down, always); err != nil {
				return err
			}
			return t.mustFail(ctx, t.client.Revoke, "its revocation was not accepted")
		},
	},
}

// down is the answer of a registry that does not work.
var down = btpclient.FaultAction{Kind: "fail", Answer: &btpclient.FaultAnswer{Status: http.StatusServiceUnavailable, Body: "Service Unavailable\n"}}

// The points of the journal at which a certificate is renewed and revoked.
const (
	renewal    = "certificate.renew"
	revocation = "certificate.revoke"
)

// Certificates are valid for 90 days (btp.DefaultPolicy), and are renewed in the
// last third.
const (
	renewalTime = 61 * 24 * time.Hour
	validity    = 90 * 24 * time.Hour
)

func renewing(ctx context.Context, t *trial) error {
	if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
		return err
	}
	for i := range 2 { // the second time only the new certificate is valid
		mark, err := t.mark(ctx)
		if err != nil {
			return err
		}
		if _, err := t.control.Advance(ctx, renewalTime); err != nil {
			return err
		}
		if _, err := t.renew(ctx); err != nil || t.timedOut {
			return err
		}
		entries, err := t.since(ctx, mark)
		if err != nil {
			return err
		}
		which := []string{"", "the second time, with the certificate that it got the first time, "}[i]
		switch {
		case t.ended.Status != 0:
			t.fault("%sit ended with status %d; %s", which, t.ended.Status, account(entries))
		case decisions(entries, renewal) == 0:
			t.fault("%sit ended with status 0, but has not renewed; %s", which, account(entries))
		}
		if len(t.wrong) > 0 {
			return nil
		}
	}
	return nil
}

func losingRenewal(ctx context.Context, t *trial) error {
	if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
		return err
	}
	if err := t.goesWrong(ctx, renewal, lost, once); err != nil {
		return err
	}
	if _, err := t.control.Advance(ctx, renewalTime); err != nil {
		return err
	}
	if _, err := t.renew(ctx); err != nil || t.timedOut { // it may fail
		return err
	}
	if struck, err := t.struck(ctx); err != nil || !struck {
		t.unmet = "the client did not renew"
		return err
	}
	for _, then := range []struct {
		after time.Duration
		what  string
	}{{time.Hour, "the next time"}, {validity - renewalTime, "when the first certificate had expired"}} {
		if _, err := t.control.Advance(ctx, then.after); err != nil {
			return err
		}
		entries, err := t.renew(ctx)
		if err != nil || t.timedOut {
			return err
		}
		if t.ended.Status != 0 {
			t.fault("%s it ended with status %d; %s", then.what, t.ended.Status, account(entries))
			return nil
		}
	}
	return nil
}

func tooLate(ctx context.Context, t *trial) error {
	if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
		return err
	}
	mark, err := t.mark(ctx)
	if err != nil {
		return err
	}
	if _, err := t.control.Advance(ctx, validity+time.Hour); err != nil {
		return err
	}
	entries, err := t.since(ctx, mark)
	if err != nil {
		return err
	}
	if decisions(entries, renewal) > 0 {
		t.unmet = "the client renews by itself, so that its certificate does not expire"
		return nil
	}
	return t.mustFail(ctx, t.client.Renew, "its certificate had expired")
}

// deregistered takes the client's system away, and lets it pair anew.
func deregistered(ctx context.Context, t *trial) error {
	if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
		return err
	}
	if _, err := t.operator.Deregister(ctx, t.system.ID); err != nil {
		return err
	}
	if err := t.mustFail(ctx, t.client.Renew, "its system was deregistered"); err != nil || len(t.wrong) > 0 {
		return err
	}
	return t.mustPairAgain(ctx, "its system was deregistered")
}

// mustPairAgain gives the client another system's token, whatever it kept.
func (t *trial) mustPairAgain(ctx context.Context, when string) error {
	if err := t.register(ctx, t.system.Name+" again", t.system.Type); err != nil {
		return err
	}
	before := len(t.wrong)
	err := t.mustPair(ctx)
	if len(t.wrong) > before {
		t.wrong[len(t.wrong)-1] = "when " + when + " it was given a new token: " + t.wrong[len(t.wrong)-1]
	}
	return err
}

func revoking(ctx context.Context, t *trial) error {
	if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
		return err
	}
	entries, err := t.run(ctx, t.client.Revoke)
	switch {
	case err != nil || t.timedOut:
		return err
	case t.ended.Status != 0:
		t.fault("it ended with status %d; %s", t.ended.Status, account(entries))
	case decisions(entries, revocation) == 0:
		t.fault("it ended with status 0, but has not revoked its certificate; %s", account(entries))
	}
	if len(t.wrong) > 0 {
		return nil
	}
	return t.mustPairAgain(ctx, "it had revoked its certificate")
}

func losingRevocation(ctx context.Context, t *trial) error {
	if err := t.mustPair(ctx); err != nil || len(t.wrong) > 0 {
		return err
	}
	if err := t.goesWrong(ctx, revocation, lost, once); err != nil {
		return err
	}
	if _, err := t.run(ctx, t.client.Revoke); err != nil || t.timedOut { // it may fail
		return err
	}
	if struck, err := t.struck(ctx); err != nil || !struck {
		t.unmet = "the client did not revoke"
		return err
	}
	entries, err := t.run(ctx, t.client.Revoke)
	if err == nil && !t.timedOut && t.ended.Status != 0 && called(entries) {
		t.fault("asked again it ended with status %d; %s", t.ended.Status, account(entries))
	}
	return err
}
