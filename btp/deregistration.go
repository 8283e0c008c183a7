package btp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pairsim/pairsim/internal/secret"
)

// DeregistrationAudience is the aud claim of what tells a tenant of its
// deregistration.
const DeregistrationAudience = "pairsim:deregistration"

// noticeValidity is how long such a notice is valid.
const noticeValidity = 5 * time.Minute

// Notice tells a tenant that its system is deregistered (docs/wire.md).
type Notice struct {
	// CallbackURL is the tenant's, as its descriptor says.
	CallbackURL string
	System      SystemID
	// JWT is signed with the environment's key; ReleaseToken, if any, is with what
	// the tenant frees the system's name. Both are secrets.
	JWT, ReleaseToken string
	// Faults are what goes wrong with the call on purpose.
	Faults WireFaults
}

// Notifier carries notices to tenants. It refuses with TenantNotTold.
type Notifier interface {
	TellDeregistration(context.Context, Notice) error
}

// Deregister takes the connectivity of a system down: the tenant is told, the
// certificates are revoked, the runtime is left. The row disappears or returns
// to the empty status, as the edition says (SEED-000 Results, 0c6f498.md). It
// refuses with SystemInUse while formations or entitlement configurations hold
// the system. The answer is the system as accepted: Deregistering.
func (r *Registry) Deregister(ctx context.Context, id SystemID) (System, error) {
	return r.leave(ctx, PointDeregister, id, DeregistrationRequested, DueDeregistration)
}

// Remove deletes the record of a system that is not registered (0c6f498.md). The
// answer is the system as accepted: Removing.
func (r *Registry) Remove(ctx context.Context, id SystemID) (System, error) {
	return r.leave(ctx, PointRemove, id, RemovalRequested, DueRemoval)
}

func (r *Registry) leave(ctx context.Context, point Point, id SystemID, on Event, kind DueKind) (System, error) {
	about := Reference{System: id}
	var s System
	err := r.step(ctx, point, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) (err error) {
			if s, err = u.system(id); err != nil {
				return err
			}
			about.Name = s.Name
			if err := u.mayLeave(s, on); err != nil {
				return err
			}
			if err := errors.Join(u.voidToken(&s), u.closeAttempt(&s), u.closeIncident(string(s.ID), "tried again by the operator")); err != nil {
				return err
			}
			s.Failure = nil
			if err := u.move(point, &s, on); err != nil {
				return err
			}
			return u.scheduleTransition(kind, string(s.ID))
		})
	})
	if err == nil {
		r.settle(ctx, kind, string(id))
	}
	return s, err
}

// mayLeave holds both guards of leaving: the status, and what holds the system.
func (u *unit) mayLeave(s System, on Event) error {
	if _, err := s.apply(u.r.edition, on); err != nil { // a copy
		return err
	}
	if on == RemovalRequested && s.AutoDiscovered() {
		return Errorf(SystemAutoDiscovered, "system %q is auto-discovered: only one that was added manually can be removed", s.Name)
	}
	return u.guard(s, on)
}

func inUse(code Code, s System, blockers []Blocker) *Error {
	const told = 10
	words := map[ObjectKind]string{}
	for _, g := range Guards {
		words[g.By] = g.Words
	}
	var names []string
	for i, b := range blockers {
		if i == told {
			names = append(names, fmt.Sprintf("and %d more", len(blockers)-told))
			break
		}
		names = append(names, fmt.Sprintf("%s %q (%s)", words[b.Kind], b.Name, b.ID))
	}
	err := Errorf(code, "system %q is still in use: %s", s.Name, strings.Join(names, ", "))
	err.Blockers = blockers
	return err
}

// deregistration prepares the end of a deregistration: tell the tenant, then
// revoke and leave (design §4 deregistering).
func (u *unit) deregistration(subject string) (*job, error) {
	s, err := u.leaving(subject, Deregistering)
	if err != nil || s == nil {
		return nil, err
	}
	j := &job{point: PointDeregisterDone, about: s.Reference()}
	var release string
	var digest Digest
	if s.tellable() {
		j.point, j.then = PointDeregisterTell, PointDeregisterDone
		release, digest = newFollowUp()
		r, tenant := u.r, *s
		j.call = func(ctx context.Context) error { return r.tellDeregistration(ctx, tenant, release) }
	}
	j.finish = func(u *unit, failure error) error {
		s, err := u.leaving(subject, Deregistering)
		if err != nil || s == nil {
			return err
		}
		if again, err := u.tryAgain(j, s, failure); again || err != nil {
			return err
		}
		if failure != nil {
			return u.failLeaving(j.point, s, DeregistrationFailed, failure)
		}
		return u.deregistered(PointDeregisterDone, s, DeregistrationDone, digest)
	}
	return j, nil
}

// leaving finds a system that still has a status, nil for any other.
func (u *unit) leaving(subject string, status Status) (*System, error) {
	s, err := u.Systems().Get(SystemID(subject))
	if CodeOf(err) == SystemNotFound || err == nil && s.Status != status {
		return nil, nil
	}
	return &s, err
}

// tellable says whether there is a tenant to tell.
func (s *System) tellable() bool {
	return s.Tenant != nil && s.Tenant.CallbackURL != "" && !s.ExtensionDeleted
}

func (r *Registry) tellDeregistration(ctx context.Context, s System, release string) error {
	if r.notify == nil {
		return Errorf(TenantNotTold, "this registry tells no tenants")
	}
	jwt, err := r.signForTenant(ctx, s, DeregistrationAudience)
	if err != nil {
		return err
	}
	return r.notify.TellDeregistration(ctx, Notice{
		CallbackURL: s.Tenant.CallbackURL, System: s.ID, JWT: jwt, ReleaseToken: release, Faults: ExchangeOf(ctx).Faults(),
	})
}

// signForTenant signs what proves to a tenant that the registry calls it.
func (r *Registry) signForTenant(ctx context.Context, s System, audience string) (string, error) {
	var id, keyID string
	var now time.Time
	err := r.update(ctx, func(u *unit) (err error) {
		id, now = u.env.newID(), u.now.Truncate(time.Second)
		keyID, err = u.activeKey()
		return err
	})
	if err != nil {
		return "", err
	}
	g, err := r.known(ctx)
	if err != nil {
		return "", err
	}
	key, err := r.key(ctx, keyID)
	if err != nil {
		return "", err
	}
	jwt, err := r.tokens.Sign(key, Claims{
		Issuer: g.issuer, Audience: audience, Subject: s.ID, ID: TokenID(id), Tenant: s.Tenant.TenantID,
		IssuedAt: now, ExpiresAt: now.Add(noticeValidity), GlobalAccount: s.GlobalAccount, SystemType: s.Type, Edition: r.edition.ID,
	})
	if err != nil {
		return "", fmt.Errorf("sign notice: %w", err)
	}
	return jwt, nil
}

// deregistered ends a deregistration: certificates are refused from now on, and
// the row goes where the edition says.
func (u *unit) deregistered(point Point, s *System, on Event, release Digest) error {
	if err := u.revokeAll(point, s); err != nil {
		return err
	}
	if err := u.keepName(s, release); err != nil {
		return err
	}
	if s.Tenant != nil {
		s.FormerTenant = s.Tenant.TenantID
	}
	s.Tenant, s.ExtensionDeleted, s.Failure, s.RegisteredAt = nil, false, nil, time.Time{}
	return u.move(point, s, on)
}

// revokeAll takes back every certificate of s.
func (u *unit) revokeAll(point Point, s *System) error {
	given, err := u.Certificates().ListOf(s.ID)
	if err != nil {
		return err
	}
	for _, c := range given {
		if c.Revoked {
			continue
		}
		c.Revoked = true
		if err := u.Certificates().Put(c); err != nil {
			return err
		}
		u.record(EntryDecision, point, s, "", "design §4 revocation", "certificate "+string(c.Serial)+" is revoked")
	}
	return nil
}

// keepName reserves the name of a system whose tenant still has its extension,
// where edition and type say so. Without a release token nobody could free it.
func (u *unit) keepName(s *System, release Digest) error {
	t, err := u.typeOf(s)
	if err != nil || release == (Digest{}) || !u.r.edition.NamesKeptByTenant || !t.Has(NameKeptByTenant) {
		return err
	}
	return u.Reservations().Put(Reservation{
		GlobalAccount: s.GlobalAccount, Name: s.Name, System: s.ID, TenantID: s.Tenant.TenantID, Release: release, CreatedAt: u.now,
	})
}

// failLeaving moves s to its error status; credentials stay as they are.
func (u *unit) failLeaving(point Point, s *System, on Event, failure error) error {
	t, err := u.typeOf(s)
	if err != nil {
		return err
	}
	s.Failure = &Failure{Cause: causeOf(failure), Step: point, Component: t.Component, At: u.now}
	if err := u.move(point, s, on); err != nil {
		return err
	}
	return u.openSystemIncident(s)
}

// causeOf is what may be told of a failure.
func causeOf(err error) string {
	var refused *Error
	if errors.As(err, &refused) && refused.Code != Internal {
		return secret.Mask(refused.Detail)
	}
	return "internal error"
}

// removal prepares the end of a removal.
func (u *unit) removal(subject string) (*job, error) {
	s, err := u.leaving(subject, Removing)
	if err != nil || s == nil {
		return nil, err
	}
	return &job{
		point: PointRemoveDone, about: s.Reference(),
		finish: func(u *unit, failure error) error {
			s, err := u.leaving(subject, Removing)
			if err != nil || s == nil {
				return err
			}
			if failure != nil {
				return u.failLeaving(PointRemoveDone, s, RemovalFailed, failure)
			}
			return u.move(PointRemoveDone, s, RemovalDone)
		},
	}, nil
}

// erase deletes a row and all that belongs to it. Its certificates and tokens
// are unknown from now on; its name is free unless it is reserved.
func (u *unit) erase(s *System) error {
	for {
		token, ok, err := u.Tokens().FindLatest(s.ID)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := u.dropToken(token.ID); err != nil {
			return err
		}
	}
	given, err := u.Certificates().ListOf(s.ID)
	if err != nil {
		return err
	}
	for _, c := range given {
		if err := errors.Join(u.Certificates().Delete(c.Serial), u.Due().Cancel(DueCertExpiry, string(c.Serial))); err != nil {
			return err
		}
	}
	services, err := u.Services().ListOf(s.ID)
	if err != nil {
		return err
	}
	for _, one := range services {
		if err := u.Services().Delete(s.ID, one.ID); err != nil {
			return err
		}
	}
	return errors.Join(
		u.dropAttempt(s.ID),
		u.Due().Cancel(DueDeregistration, string(s.ID)), u.Due().Cancel(DueRemoval, string(s.ID)),
		u.Due().Cancel(DueTenantWake, string(s.ID)),
		u.closeIncident(string(s.ID), "the system is gone"),
		u.Systems().Delete(s.ID),
	)
}

// DeleteExtension is a tenant that has deleted its side of a pairing: no
// certificate of it is good any more, and there is nobody left to tell of a
// deregistration. After the deregistration it frees the name (e9d975a.md@v1). It
// refuses with ExtensionInUse while service instances of the system exist.
// Exactly one of release, the token of the notice, and caller names the pairing.
func (r *Registry) DeleteExtension(ctx context.Context, release string, caller *Caller) error {
	var about Reference
	return r.stepOf(ctx, PointExtensionDeleted, &about, r.releases(release, caller), func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			if caller == nil {
				return u.releaseName(digestOf(release), &about)
			}
			present, err := u.callerBy(caller.Certificate.Serial)
			if err != nil {
				return err
			}
			about = present.reference()
			s := present.System
			// An instance stands on the tenant: it goes first (SEED-004).
			if err := u.noInstances(ObjectFilter{System: s.ID}, ExtensionInUse, fmt.Sprintf("system %q", s.Name)); err != nil {
				return err
			}
			if err := u.closeAttempt(&s); err != nil {
				return err
			}
			s.ExtensionDeleted, s.UpdatedAt = true, u.now
			u.record(EntryDecision, PointExtensionDeleted, &s, "", "e9d975a.md@v1", "the tenant deleted its extension; its certificates are revoked")
			return errors.Join(u.revokeAll(PointExtensionDeleted, &s), u.Systems().Put(s))
		})
	})
}

func (u *unit) releaseName(release Digest, about *Reference) error {
	kept, ok, err := u.Reservations().FindByRelease(release)
	if err != nil {
		return err
	}
	if !ok {
		return Errorf(ReleaseTokenInvalid, "no name is kept for this token")
	}
	*about = Reference{System: kept.System, Name: kept.Name, Tenant: kept.TenantID}
	u.entries = append(u.entries, Entry{
		At: u.now, Kind: EntryDecision, Point: PointExtensionDeleted, About: *about, Source: "e9d975a.md@v1",
		Detail: "the tenant deleted its extension; the name is free",
	})
	return u.Reservations().Delete(kept.GlobalAccount, kept.Name)
}
