package btp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/pairsim/pairsim/internal/secret"
)

// Presentation is a token as a tenant presents it.
type Presentation struct {
	// JWS is the compact token, as received.
	JWS string
	// SystemType is the product that the caller says it is; "" says nothing.
	SystemType string
	// Tenant announces a descriptor: Registered then waits for it.
	Tenant string
}

// Opened is an accepted token: what the tenant needs for its certificate request.
type Opened struct {
	System   System
	Subject  Subject
	FollowUp string
}

// OpenPairing redeems a token, in one atomic step: of any number of concurrent
// calls with one token exactly one is accepted. A refusal changes nothing.
// (SEED-000 step 8: single use; pairing-protocols §1.3: the follow-up token.)
func (r *Registry) OpenPairing(ctx context.Context, p Presentation) (Opened, error) {
	var about Reference
	var opened Opened
	err := r.stepOf(ctx, PointInfo, &about, r.presents(p), func(ctx context.Context) error {
		g, err := r.known(ctx)
		if err != nil {
			return err
		}
		claims, err := r.verify(ctx, g, p.JWS)
		if claims.Issuer == g.issuer {
			about.System, about.Tenant = claims.Subject, clip(p.Tenant)
		}
		if err != nil {
			return err
		}
		followUp, digest := newFollowUp()
		return r.update(ctx, func(u *unit) error {
			s, token, err := u.tokenOf(claims)
			if err != nil {
				return err
			}
			about.Name = s.Name
			if err := checkPresentation(p, s); err != nil {
				return err
			}
			if err := token.redeemable(u.now); err != nil {
				return err
			}
			if err := checkTenant(&s, p.Tenant); err != nil {
				return err
			}
			if err := u.redeem(&s, token, digest, p.Tenant); err != nil {
				return err
			}
			opened = Opened{System: s, Subject: subjectOf(&s), FollowUp: followUp}
			return nil
		})
	})
	return opened, err
}

// verify checks a compact token. Another process may have rotated the keys or
// moved the clock: what speaks against the token is read again before it counts.
func (r *Registry) verify(ctx context.Context, g *generation, jws string) (Claims, error) {
	if jws == "" {
		return Claims{}, Errorf(TokenMissing, "the call has no token").WithVendor("Token not provided.")
	}
	keys, now := *r.keys.Load(), r.Now()
	claims, err := r.tokens.Verify(jws, g.issuer, keys, now)
	switch CodeOf(err) { //nolint:exhaustive // the other refusals depend on nothing that may be stale
	case TokenForged:
		if reload := r.reloadKeys(ctx); reload != nil {
			return Claims{}, reload
		}
		if sameKeys(keys, *r.keys.Load()) {
			return claims, err
		}
	case TokenNotYetValid, TokenExpired:
		state, read := r.ReadClock(ctx)
		if read != nil {
			return Claims{}, read
		}
		now = state.Now
	default:
		return claims, err
	}
	return r.tokens.Verify(jws, g.issuer, *r.keys.Load(), now)
}

func sameKeys(a, b []SigningKey) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].ID != b[i].ID {
			return false
		}
	}
	return true
}

// tokenOf finds what a verified token speaks of.
func (u *unit) tokenOf(c Claims) (System, Token, error) {
	token, ok, err := u.Tokens().Find(c.ID)
	if err != nil {
		return System{}, Token{}, err
	}
	if !ok || token.System != c.Subject {
		return System{}, Token{}, Errorf(TokenUnknown, "the system that the token was issued for is gone")
	}
	if token.GlobalAccount != c.GlobalAccount {
		return System{}, Token{}, Errorf(TokenWrongAccount, "the token names global account %q; its system belongs to another", clip(string(c.GlobalAccount)))
	}
	if token.Type != c.SystemType {
		return System{}, Token{}, Errorf(TokenWrongType, "the token names type %q; its system is of type %s", clip(c.SystemType), token.Type)
	}
	s, err := u.Systems().Get(token.System)
	if CodeOf(err) == SystemNotFound {
		err = Errorf(TokenUnknown, "the system that the token was issued for is gone")
	}
	return s, token, err
}

func checkPresentation(p Presentation, s System) error {
	if p.SystemType != "" && p.SystemType != s.Type {
		return Errorf(TokenWrongType, "the token pairs a system of type %s; a tenant of %s presented it", s.Type, clip(p.SystemType))
	}
	return nil
}

// checkTenant: a system that was deregistered is registered again by the same
// tenant only (0c6f498.md). A client that describes no tenant is any (design §4).
func checkTenant(s *System, tenant string) error {
	if s.FormerTenant == "" || tenant == "" || tenant == s.FormerTenant {
		return nil
	}
	return Errorf(TenantMismatch, "system %q was registered with tenant %q before; %q is another", s.Name, clip(s.FormerTenant), clip(tenant))
}

// redeem spends the token and opens the attempt. The status moves when the attempt ends.
func (u *unit) redeem(s *System, token Token, followUp Digest, tenant string) error {
	if _, ok := u.r.edition.Move(s.Status, PairingCompleted); !ok {
		return statusForbids(u.r.edition, s, PairingCompleted)
	}
	token.State = TokenRedeemed
	attempt := Attempt{
		ID: AttemptID(u.env.newID()), System: s.ID, Token: token.ID, FollowUp: followUp, Tenant: clip(tenant),
		OpenedAt: u.now, Deadline: u.now.Add(u.r.policy.AttemptDeadline),
	}
	u.record(EntryDecision, PointInfo, s, "", "SEED-000 step 8", "token accepted; it is spent")
	return errors.Join(
		u.Tokens().Put(token),
		u.Due().Cancel(DueTokenExpiry, string(token.ID)),
		u.Attempts().Put(attempt),
		u.schedule(attempt.Deadline, DueAttemptDeadline, string(s.ID)),
	)
}

// SignCSR answers a certificate request that carries a follow-up token. A
// refused request leaves the token usable; the fifth fails the pairing
// (design §4 pairing attempt).
func (r *Registry) SignCSR(ctx context.Context, followUp, csr string) (SignedCertificate, error) {
	var about Reference
	var signed SignedCertificate
	err := r.stepOf(ctx, PointCSR, &about, r.followsUp(followUp), func(ctx context.Context) error {
		if followUp == "" {
			return Errorf(TokenMissing, "the call has no token").WithVendor("Token not provided.")
		}
		digest := digestOf(followUp)
		var s System
		var now time.Time
		err := r.view(ctx, func(u *unit) (err error) {
			_, s, err = u.attemptOf(digest)
			now = u.now
			return err
		})
		if err != nil {
			return err
		}
		about = s.Reference()
		g, err := r.known(ctx)
		if err != nil {
			return err
		}
		request, err := g.checkCSR(csr, &s)
		if err != nil {
			return errors.Join(err, r.rejectCSR(ctx, digest, err))
		}
		if signed, err = g.ca.Sign(request, now, r.policy.CertificateValidity); err != nil {
			return fmt.Errorf("sign certificate: %w", err)
		}
		return r.update(ctx, func(u *unit) error {
			a, s, err := u.attemptOf(digest)
			if err != nil {
				return err
			}
			a.FollowUp, a.Certificate = Digest{}, signed.Serial
			u.record(EntryDecision, PointCSR, &s, "", "Kyma Connector Service", "certificate "+string(signed.Serial))
			return errors.Join(u.Attempts().Put(a), u.keepCertificate(s.ID, signed))
		})
	})
	return signed, err
}

// attemptOf finds the open attempt of a follow-up token.
func (u *unit) attemptOf(digest Digest) (Attempt, System, error) {
	a, ok, err := u.Attempts().FindByFollowUp(digest)
	switch {
	case err != nil:
		return Attempt{}, System{}, err
	case !ok:
		return Attempt{}, System{}, Errorf(FollowUpInvalid, "no open pairing has this token: it is unknown, spent, or voided by a newer one")
	case !u.now.Before(a.Deadline):
		return Attempt{}, System{}, Errorf(FollowUpExpired, "the pairing had to complete by %s", a.Deadline.Format(time.RFC3339))
	}
	s, err := u.Systems().Get(a.System)
	return a, s, err
}

func (g *generation) checkCSR(csr string, s *System) (*x509.CertificateRequest, error) {
	request, err := g.ca.ParseCSR(csr)
	if err != nil {
		return nil, err
	}
	return request, g.ca.CheckSubject(request, subjectOf(s))
}

// rejectCSR counts a refused certificate request.
func (r *Registry) rejectCSR(ctx context.Context, digest Digest, cause error) error {
	if CodeOf(cause) == Internal {
		return nil
	}
	return r.update(ctx, func(u *unit) error {
		a, s, err := u.attemptOf(digest)
		if err != nil {
			return nil // closed in the meantime: nothing to count
		}
		a.RejectedCSRs++
		if r.policy.BurnOnRejectedCSR {
			return u.abandon(&s, PointCSR, CodeOf(cause), "the certificate request was refused")
		}
		if a.RejectedCSRs >= r.policy.RejectedCSRs {
			return u.fail(PointCSR, &s, fmt.Sprintf("%d certificate requests were refused; the last one: %v", a.RejectedCSRs, cause))
		}
		return u.Attempts().Put(a)
	})
}

func (u *unit) keepCertificate(system SystemID, c SignedCertificate) error {
	return errors.Join(
		u.Certificates().Put(Certificate{Serial: c.Serial, System: system, NotBefore: c.NotBefore, NotAfter: c.NotAfter}),
		// NotAfter is the last second of its validity (RFC 5280 §4.1.2.5).
		u.schedule(c.NotAfter.Add(time.Second), DueCertExpiry, string(c.Serial)),
	)
}

// certificateExpires is due work: an expired certificate is refused by its dates,
// so its record is no longer needed.
func (u *unit) certificateExpires(subject string) error {
	c, ok, err := u.Certificates().Find(Serial(subject))
	if err != nil || !ok {
		return err
	}
	s, err := u.Systems().Get(c.System)
	if err != nil {
		return err
	}
	u.record(EntryDue, PointCertExpiry, &s, string(CertificateExpired), "Kyma Connector Service", "certificate "+subject+" has expired")
	return u.Certificates().Delete(c.Serial)
}

// complete makes the system Registered. A client that has described no tenant yet
// is held to the former one when it does.
func (u *unit) complete(point Point, s *System) error {
	s.RegisteredAt, s.Failure = u.now, nil
	s.ExtensionDeleted = false // it may have been, in an attempt before this one
	u.completed++
	return errors.Join(u.move(point, s, PairingCompleted), u.dropAttempt(s.ID))
}

// fail ends the open attempt of s for good; what it was given is taken back.
func (u *unit) fail(point Point, s *System, cause string) error {
	t, err := TypeNamed(s.Type)
	if err != nil {
		return err
	}
	if err := errors.Join(u.closeAttempt(s), u.voidToken(s)); err != nil {
		return err
	}
	s.Failure = &Failure{Cause: cause, Step: point, Component: t.Component, At: u.now}
	if err := u.move(point, s, PairingFailed); err != nil {
		return err
	}
	return u.openSystemIncident(s)
}

// abandon ends the open attempt of s without fault: the token is spent and the
// system stays as it was, so that a new token can be made at once.
func (u *unit) abandon(s *System, point Point, rule Code, why string) error {
	if u.r.policy.AbandonedIsError {
		return u.fail(point, s, why)
	}
	kind := EntryDecision
	if point == PointAttemptDeadline {
		kind = EntryDue
	}
	u.record(kind, point, s, string(rule), "pairsim", why+"; the status stays "+statusText(u.r.edition, s.Status))
	return u.closeAttempt(s)
}

// attemptIsAbandoned is due work: the deadline of an open attempt has come.
func (u *unit) attemptIsAbandoned(subject string) error {
	_, ok, err := u.Attempts().FindBySystem(SystemID(subject))
	if err != nil || !ok {
		return err
	}
	s, err := u.Systems().Get(SystemID(subject))
	if err != nil {
		return err
	}
	return u.abandon(&s, PointAttemptDeadline, FollowUpExpired, "the pairing was not completed in time")
}

// closeAttempt ends an open attempt of s, if there is one, and takes back every
// certificate of s: a system with an open attempt was not paired before.
func (u *unit) closeAttempt(s *System) error {
	a, ok, err := u.Attempts().FindBySystem(s.ID)
	if err != nil || !ok {
		return err
	}
	if a.Certificate != "" {
		if err := u.revokeAll(PointRevocation, s); err != nil {
			return err
		}
	}
	return errors.Join(u.Attempts().Delete(a.ID), u.Due().Cancel(DueAttemptDeadline, string(s.ID)))
}

func (u *unit) dropAttempt(id SystemID) error {
	a, ok, err := u.Attempts().FindBySystem(id)
	if err != nil || !ok {
		return err
	}
	return errors.Join(u.Attempts().Delete(a.ID), u.Due().Cancel(DueAttemptDeadline, string(id)))
}

// SetDescriptor keeps what a tenant says of itself. Sent last, it completes the pairing.
func (r *Registry) SetDescriptor(ctx context.Context, caller Caller, d Descriptor) error {
	about := caller.reference()
	return r.step(ctx, PointDescriptor, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			present, err := u.callerBy(caller.Certificate.Serial)
			if err != nil {
				return err
			}
			s := present.System
			if err := checkTenant(&s, d.TenantID); err != nil {
				return err
			}
			if d.WakeAt.After(latestClock) {
				return Errorf(DescriptorInvalid, "wakeAt: %s at the latest", latestClock.Format(time.RFC3339))
			}
			s.Tenant, s.FormerTenant = &d, ""
			if err := u.scheduleWake(&s); err != nil {
				return err
			}
			_, open, err := u.Attempts().FindBySystem(s.ID)
			if err != nil {
				return err
			}
			if open { // the certificate was given in it: closing an attempt takes it back
				return u.complete(PointDescriptor, &s)
			}
			s.UpdatedAt = u.now
			return u.Systems().Put(s)
		})
	})
}

// ReportFailure is a tenant that gives up: with an open attempt the system goes
// to Error; after Registered it is only journalled (design §4 Registered).
// Exactly one of followUp and caller names the pairing.
func (r *Registry) ReportFailure(ctx context.Context, followUp string, caller *Caller, cause string) error {
	var about Reference
	return r.stepOf(ctx, PointFailureReport, &about, r.ofPairing(followUp, caller), func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			s, open, err := u.pairingOf(followUp, caller)
			if err != nil {
				return err
			}
			about = s.Reference()
			cause := "the tenant reports: " + secret.Mask(cause)
			if open {
				return u.fail(PointFailureReport, &s, cause)
			}
			u.record(EntryDecision, PointFailureReport, &s, "", "pairsim", cause)
			return nil
		})
	})
}

// pairingOf finds the system of a follow-up token or of a caller, and whether
// its pairing is still open.
func (u *unit) pairingOf(followUp string, caller *Caller) (System, bool, error) {
	if caller == nil {
		_, s, err := u.attemptOf(digestOf(followUp))
		return s, true, err
	}
	present, err := u.callerBy(caller.Certificate.Serial)
	if err != nil {
		return System{}, false, err
	}
	_, open, err := u.Attempts().FindBySystem(present.System.ID)
	return present.System, open, err
}
