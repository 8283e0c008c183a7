package tenant

import (
	"context"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	noticeAudience  = "pairsim:deregistration"
	maxReleaseToken = 200 // bytes
	maxNoticeID     = 200
)

// notice is the body of what the registry sends to {callbackUrl}/deregistration
// (docs/wire.md, Tenants). What it is believed for stands in noticeClaims.
type notice struct {
	SystemID     string `json:"systemId"`
	ReleaseToken string `json:"releaseToken"` // a secret
}

func (n notice) validate() error {
	switch {
	case n.SystemID == "":
		return refuse(invalidRequest, "systemId: is required")
	case len(n.SystemID) > maxSystemID:
		return refuse(invalidRequest, "systemId: is longer than %d bytes", maxSystemID)
	case len(n.ReleaseToken) > maxReleaseToken:
		return refuse(invalidRequest, "releaseToken: is longer than %d bytes", maxReleaseToken)
	}
	return nil
}

// noticeClaims are what a tenant reads of the signed part of a notice.
type noticeClaims struct {
	jwt.RegisteredClaims
	Tenant string `json:"tenant"` // as the descriptor named it
}

// bearer is the signed token in an Authorization header (RFC 6750 §2.1).
func bearer(header string) (string, error) {
	scheme, jws, _ := strings.Cut(header, " ")
	switch jws = strings.TrimSpace(jws); {
	case header == "":
		return "", refuse(noticeInvalid, "the header Authorization is missing")
	case !strings.EqualFold(scheme, "Bearer"), len(jws) > maxToken, !isJWS(jws):
		return "", refuse(noticeInvalid, "the header Authorization holds no Bearer with a signed token of at most %d bytes", maxToken)
	}
	return jws, nil
}

// noticeDeregistration takes note that the registry has deregistered a system.
// Rows that hold a connection for it lose that; one that has none, or an unknown
// system, is nothing to refuse: the registry may repeat itself.
func (t *Tenant) noticeDeregistration(ctx context.Context, jws string, n notice) error {
	t.mu.Lock()
	epoch := t.epoch
	t.mu.Unlock()
	c, err := t.verifyCall(ctx, jws, noticeAudience)
	switch {
	case err != nil:
		return err
	case c.Subject != n.SystemID:
		return refuse(noticeMismatch, "the notice is signed for another system than the body's systemId %q", n.SystemID)
	case c.Tenant != t.cfg.ID:
		return refuse(noticeMismatch, "the notice is signed for tenant %q, this is %s", clip(c.Tenant, 63), t.cfg.ID)
	}
	changed, err := t.deregister(n, c.ID, epoch)
	if err != nil || changed == nil {
		return err
	}
	// Saved also when it is a repetition: the first answer may have been an error.
	if err := t.save(ctx); err != nil {
		return err
	}
	t.cfg.Logger.Info("system deregistered", "pairing", changed.ID, "system", changed.SystemID)
	return nil
}

// verifyCall checks what proves a call of the registry's, for audience, as an
// integration token is checked: with the published keys and the time of the
// configured registry.
func (t *Tenant) verifyCall(ctx context.Context, jws, audience string) (noticeClaims, error) {
	var c noticeClaims
	connector := t.connector.Traced(t.readClock)
	conf, err := connector.Configuration(ctx)
	if err != nil {
		return c, registryError(err)
	}
	keys, err := connector.JWKS(ctx, conf)
	if err != nil {
		return c, registryError(err)
	}
	if err := verifySigned(jws, keys, conf.Issuer, audience, t.now(), &c); err != nil {
		return c, &Refusal{Code: noticeInvalid, Detail: "the signed token is refused: " + refuseToken(err, c.RegisteredClaims).reason, Cause: err}
	}
	if c.ID == "" || len(c.ID) > maxNoticeID || c.Subject == "" {
		return c, refuse(noticeInvalid, "the signed token has no sub, or no jti of at most %d bytes", maxNoticeID)
	}
	return c, nil
}

// deregister ends every connection for the notice's system, and returns the row
// that keeps the release token; nil when there is none. It is refused while one
// of these rows is being paired or used.
func (t *Tenant) deregister(n notice, noticeID string, epoch int) (*Pairing, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, refuse(tenantClosed, "tenant %s is being stopped", t.cfg.ID)
	}
	if t.paused || t.epoch != epoch {
		return nil, refuse(tenantBusy, "tenant %s is being restored, or was since this notice came", t.cfg.ID)
	}
	ofSystem := func(r *row) bool { return r.SystemID == n.SystemID }
	keeper := t.newest(func(r *row) bool { return ofSystem(r) && r.NoticeID == noticeID })
	if keeper == nil { // the same notice again says nothing about rows paired since
		if r := t.engaged; r != nil && ofSystem(r) {
			return nil, refuse(tenantBusy, "tenant %s is busy with the %s", t.cfg.ID, t.busy)
		}
		for _, r := range t.state.Rows {
			if ofSystem(r) && r.Connection != nil && r.allows(deregister) {
				t.move(r, deregister)
				r.disconnect()
				r.UpdatedAt, r.NoticeID = t.now(), noticeID
			}
		}
		t.endArrangements()
		keeper = t.newest(func(r *row) bool { return ofSystem(r) && r.Status.Code == Deregistered })
	}
	if keeper == nil {
		return nil, nil
	}
	if n.ReleaseToken != "" {
		keeper.ReleaseToken, keeper.settled = n.ReleaseToken, nil
	}
	p := keeper.snapshot()
	return &p, nil
}
