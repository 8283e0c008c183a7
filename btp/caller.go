package btp

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Caller is a system recognised by its client certificate.
type Caller struct {
	System      System
	Certificate Certificate
}

func (c Caller) reference() Reference { return c.System.Reference() }

// Subject is what the caller's certificate says.
func (c Caller) Subject() Subject { return subjectOf(&c.System) }

// Recognise tells who is behind a client certificate. Chain, validity and
// revocation are checked per request, on the environment's clock.
func (r *Registry) Recognise(ctx context.Context, chain []*x509.Certificate) (Caller, error) {
	var about Reference
	var c Caller
	err := r.stepOf(ctx, PointAuthentication, &about, r.calls(chain), func(ctx context.Context) (err error) {
		c, _, err = r.recognise(ctx, chain, &about)
		return err
	})
	return c, err
}

// recognise also says whether a call of c completes a pairing.
func (r *Registry) recognise(ctx context.Context, chain []*x509.Certificate, about *Reference) (c Caller, first bool, err error) {
	if len(chain) == 0 {
		return c, false, Errorf(CertificateMissing, "the call needs the client certificate of a pairing")
	}
	g, err := r.known(ctx)
	if err != nil {
		return c, false, err
	}
	serial, err := g.ca.Verify(chain, r.Now())
	if CodeOf(err) == CertificateExpired { // unless another process has moved the clock
		state, read := r.ReadClock(ctx)
		if read != nil {
			return c, false, read
		}
		serial, err = g.ca.Verify(chain, state.Now)
	}
	if err != nil {
		return c, false, err
	}
	err = r.view(ctx, func(u *unit) (err error) {
		if c, err = u.callerBy(serial); err != nil {
			return err
		}
		*about = c.reference()
		first, err = u.isFirstCall(c)
		return err
	})
	return c, first, err
}

// Authenticate is Recognise for a call that uses the pairing: the first one with
// a new certificate completes it, unless the tenant announced a descriptor
// (design §4 Registered).
func (r *Registry) Authenticate(ctx context.Context, chain []*x509.Certificate) (Caller, error) {
	var about Reference
	var c Caller
	var first bool
	err := r.stepOf(ctx, PointAuthentication, &about, r.calls(chain), func(ctx context.Context) (err error) {
		c, first, err = r.recognise(ctx, chain, &about)
		return err
	})
	if err != nil || !first {
		return c, err
	}
	about = c.reference()
	err = r.step(ctx, PointFirstCall, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			present, err := u.callerBy(c.Certificate.Serial)
			if err != nil {
				return err
			}
			if first, err := u.isFirstCall(present); err != nil || !first {
				return err
			}
			err = u.complete(PointFirstCall, &present.System)
			c = present
			return err
		})
	})
	return c, err
}

func (u *unit) callerBy(serial Serial) (Caller, error) {
	cert, ok, err := u.Certificates().Find(serial)
	if err != nil {
		return Caller{}, err
	}
	if !ok {
		return Caller{}, Errorf(CertificateUnknown, "no system has the certificate %s", serial)
	}
	if u.now.After(cert.NotAfter) { // another process may have moved the clock
		return Caller{}, Errorf(CertificateExpired, "certificate %s expired at %s", serial, cert.NotAfter.Format(time.RFC3339))
	}
	if cert.Revoked || cert.RenewalBlocked && u.r.policy.StrictRevocation {
		return Caller{}, Errorf(CertificateRevoked, "certificate %s has been revoked", serial)
	}
	s, err := u.Systems().Get(cert.System)
	return Caller{System: s, Certificate: cert}, err
}

// isFirstCall says whether c's call completes a pairing.
func (u *unit) isFirstCall(c Caller) (bool, error) {
	if c.System.Status != Pending {
		return false, nil
	}
	a, open, err := u.Attempts().FindBySystem(c.System.ID)
	return open && a.Certificate != "" && !a.awaitsDescriptor(), err
}

// CheckApplication refuses a path that names another application than the
// caller's (the work of Kyma's connectivity validator, pairing-protocols §4.5).
func (r *Registry) CheckApplication(ctx context.Context, c Caller, application string) error {
	if application == c.System.ApplicationName {
		return nil
	}
	about := c.reference()
	return r.step(ctx, PointAuthentication, &about, func(ctx context.Context) error {
		return r.view(ctx, func(u *unit) error {
			_, known, err := u.Systems().FindByApplicationName(application)
			if err != nil {
				return err
			}
			if !known {
				return Errorf(SystemNotFound, "there is no application %q", clip(application)).
					WithVendor(fmt.Sprintf("while getting application ClientIds: %s not found in the cache. Please retry", clip(application)))
			}
			return Errorf(CertificateNotForApp, "the certificate belongs to application %s", c.System.ApplicationName).
				WithVendor("no valid subject found")
		})
	})
}

// Renew issues a new certificate to a caller. A certificate that the client
// revoked is not renewed; the old one stays valid (pairing-protocols §1.7).
func (r *Registry) Renew(ctx context.Context, c Caller, csr string) (SignedCertificate, error) {
	about := c.reference()
	var signed SignedCertificate
	err := r.step(ctx, PointRenewal, &about, func(ctx context.Context) error {
		if c.Certificate.RenewalBlocked {
			return Errorf(CertificateRevoked, "the client has revoked certificate %s", c.Certificate.Serial).
				WithVendor("Certificate has been revoked.")
		}
		g, err := r.known(ctx)
		if err != nil {
			return err
		}
		request, err := g.checkCSR(csr, &c.System)
		if err != nil {
			return err
		}
		state, err := r.ReadClock(ctx)
		if err != nil {
			return err
		}
		if signed, err = g.ca.Sign(request, state.Now, r.policy.CertificateValidity); err != nil {
			return fmt.Errorf("sign certificate: %w", err)
		}
		return r.update(ctx, func(u *unit) error {
			present, err := u.callerBy(c.Certificate.Serial)
			if err != nil {
				return err
			}
			if present.Certificate.RenewalBlocked {
				return Errorf(CertificateRevoked, "the client has revoked certificate %s", c.Certificate.Serial).
					WithVendor("Certificate has been revoked.")
			}
			u.record(EntryDecision, PointRenewal, &present.System, "", "Kyma Connector Service", "certificate "+string(signed.Serial))
			if err := u.makeRoom(present); err != nil {
				return err
			}
			return u.keepCertificate(present.System.ID, signed)
		})
	})
	return signed, err
}

// maxCertificates is how many certificates of one system are kept.
const maxCertificates = 32

// makeRoom lets the oldest certificates of a system go that renews more often
// than they expire; the one in use stays.
func (u *unit) makeRoom(c Caller) error {
	all, err := u.Certificates().ListOf(c.System.ID)
	if err != nil {
		return err
	}
	for _, old := range all {
		if len(all) < maxCertificates {
			return nil
		}
		if old.Serial == c.Certificate.Serial {
			continue
		}
		all = all[1:]
		if err := errors.Join(u.Certificates().Delete(old.Serial), u.Due().Cancel(DueCertExpiry, string(old.Serial))); err != nil {
			return err
		}
	}
	return nil
}

// Revoke takes back the caller's own certificate. Doing it again changes nothing.
func (r *Registry) Revoke(ctx context.Context, c Caller) error {
	about := c.reference()
	return r.step(ctx, PointRevocation, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			present, err := u.callerBy(c.Certificate.Serial)
			if err != nil || present.Certificate.RenewalBlocked {
				return err
			}
			present.Certificate.RenewalBlocked = true
			u.record(EntryDecision, PointRevocation, &present.System, "", "Kyma Connector Service",
				"certificate "+string(c.Certificate.Serial)+" is not renewed any more")
			return u.Certificates().Put(present.Certificate)
		})
	})
}
